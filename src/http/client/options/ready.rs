//! The options as they are used: an origin, the fields, and what is wrong with them.

use super::{Inner, Ready, RequestOptions};
use crate::http::client::agent::Agent;
use crate::http::client::clock::Timeouts;
use crate::http::client::connector::Connector;
use crate::http::client::origin::Origin;
use crate::http::error::Error;
use crate::http::wire::{
    FieldList, Known, Limits, Method, Misuse, RequestOut, Scheme, Target, Uri, basic,
};
use std::fmt;
use std::io;
use std::net::Ipv6Addr;
use std::sync::Arc;

/// What comes out of them.
impl RequestOptions {
    /// The options as they are used: made once, and shared by the clones.
    pub(in crate::http::client) fn ready(&self) -> Result<Arc<Ready>, Error> {
        if let Some(ready) = self.inner.ready.get() {
            return Ok(Arc::clone(ready));
        }
        let ready = Arc::new(self.inner.make_ready()?);
        Ok(Arc::clone(self.inner.ready.get_or_init(|| ready)))
    }

    /// Where the request goes.
    pub(in crate::http) fn origin(&self) -> Result<Arc<Origin>, Error> {
        Ok(Arc::clone(&self.ready()?.origin))
    }

    pub(in crate::http::client) fn method_name(&self) -> &str {
        &self.inner.method
    }

    pub(in crate::http::client) fn timeouts_ref(&self) -> &Timeouts {
        &self.inner.timeouts
    }

    pub(in crate::http::client) fn limits_of(&self) -> Limits {
        self.inner.limits
    }

    pub(crate) fn agent_of(&self) -> Option<&Agent> {
        self.inner.agent.as_ref()
    }

    pub(in crate::http::client) fn redirects(&self) -> u32 {
        self.inner.redirects
    }

    /// The head of the request, with these fields.
    pub(in crate::http::client) fn head<'a>(
        &'a self,
        ready: &'a Ready,
        fields: &'a FieldList,
    ) -> Result<RequestOut<'a>, Error> {
        let method = Method::new(&self.inner.method).ok_or(Misuse::Method)?;
        let target = ready.absolute.as_ref().unwrap_or(&self.inner.path);
        let target = Target::decode(method, target.as_bytes()).map_err(|_| Misuse::Target)?;
        Ok(RequestOut::new(method, target, fields).version(self.inner.version))
    }

    /// The URL that these options stand for, to resolve a redirect against; a tunnel has none.
    pub(in crate::http::client) fn uri(&self) -> Result<Option<Uri>, Error> {
        let (ready, scheme) = (self.ready()?, self.scheme().as_str());
        let authority = ready.origin.authority();
        let text = match self.inner.path.as_str() {
            _ if self.inner.method == "CONNECT" => return Ok(None),
            "*" => format!("{scheme}://{authority}"),
            path if path.starts_with('/') => format!("{scheme}://{authority}{path}"),
            absolute => absolute.to_owned(),
        };
        let uri = Uri::parse(&text).map_err(|e| invalid(e.to_string()))?;
        Ok(Some(uri))
    }

    /// What the connector speaks.
    pub(crate) fn scheme(&self) -> Scheme {
        self.inner.connector.scheme()
    }

    /// The way there, without what a proxy adds to it.
    pub(crate) fn connector(&self) -> &Arc<dyn Connector> {
        &self.inner.connector
    }

    pub(super) fn check_scheme(&self, uri: &Uri) -> Result<(), Error> {
        match uri.scheme() == self.scheme() {
            true => Ok(()),
            false => Err(other_scheme(&uri, uri.scheme())),
        }
    }

    /// The same options for another URL, method and set of fields.
    pub(in crate::http::client) fn redirected(
        &self,
        uri: &Uri,
        method: &str,
        fields: FieldList,
    ) -> Result<RequestOptions, Error> {
        // RFC 9110 §4.2.2: "Resources made available via the "https" scheme have no shared identity
        // with the "http" scheme."
        self.check_scheme(uri).map_err(|e| {
            invalid(format!(
                "the answer leads elsewhere, and was not followed: {e}"
            ))
        })?;
        Ok(self.clone().change(|it| {
            it.set_uri(uri);
            it.method = method.to_owned();
            it.fields = fields;
            it.auth = None; // it is among the fields, if it may go there
        }))
    }
}

impl Inner {
    fn make_ready(&self) -> Result<Ready, Error> {
        if let Some(misuse) = self.fault {
            return Err(misuse.into());
        }
        let scheme = self.connector.scheme();
        if let Some(asked) = self.asked.filter(|asked| *asked != scheme) {
            return Err(other_scheme(
                &format_args!("an {}: URL", asked.as_str()),
                asked,
            ));
        }
        let origin = self.make_origin()?;
        let absolute = match self.path.as_str() {
            _ if !origin.connector().asks_a_proxy() => None,
            // RFC 9112 §3.2.4: "If a proxy receives an OPTIONS request with an absolute-form of
            // request-target in which the URI has an empty path and no query component, then the
            // last proxy on the request chain MUST send a request-target of "*""
            "*" => Some(format!("http://{}", self.host_field(&origin))),
            path if path.starts_with('/') => {
                Some(format!("http://{}{path}", self.host_field(&origin)))
            }
            _ => None,
        };
        Ok(Ready {
            fields: self.make_fields(&origin)?,
            origin: Arc::new(origin),
            absolute,
        })
    }

    fn make_origin(&self) -> Result<Origin, Error> {
        let port = self.port.unwrap_or(self.connector.scheme().default_port());
        let (host, port) = match &self.hostname {
            Some(name) => (name.as_str(), port),
            None => split_port(&self.host, port)?,
        };
        let host = bare_host(host).ok_or_else(|| invalid(format!("{host:?} is no host")))?;
        let direct = self
            .proxy
            .as_ref()
            .is_none_or(|proxy| proxy.leaves_out(host));
        let through = self.through.as_ref().filter(|_| !direct);
        let connector = Arc::clone(through.unwrap_or(&self.connector));
        Ok(Origin::new(
            host,
            port,
            self.family,
            self.local_address,
            self.socket_path.clone(),
            connector,
        ))
    }

    // RFC 9112 §3.2: "A client MUST send a Host header field (Section 7.2 of [HTTP]) in all HTTP/1.1
    // request messages."
    fn make_fields(&self, origin: &Origin) -> Result<FieldList, Error> {
        let mut fields = FieldList::new();
        let theirs = self.fields.view();
        if self.set_host && !theirs.has(Known::Host) {
            fields.append("Host", self.host_field(origin))?;
        }
        for (name, value) in theirs.iter() {
            fields.append(name, value)?;
        }
        if let (Some(auth), false) = (&self.auth, theirs.contains("Authorization")) {
            let (user, password) = auth.split_once(':').unwrap_or((auth, ""));
            fields.append("Authorization", basic(user, password)?)?;
        }
        if let Some(proxy) = &self.proxy
            && origin.connector().asks_a_proxy()
            && let Some(credentials) = proxy.credentials()
        {
            fields.append("Proxy-Authorization", credentials)?;
        }
        // RFC 9112 §9.6: "A client that sends a "close" connection option MUST NOT send further
        // requests on that connection (after the one containing the "close")"
        if self.agent.is_none() && !theirs.has(Known::Connection) {
            fields.append("Connection", "close")?;
        }
        Ok(fields)
    }

    // RFC 9112 §3.2: "If the target URI includes an authority component, then a client MUST send a
    // field value for Host that is identical to that authority component"
    fn host_field(&self, origin: &Origin) -> String {
        let method = Method::new(&self.method);
        match method.map(|method| Target::decode(method, self.path.as_bytes())) {
            Some(Ok(Target::Authority { .. })) => self.path.clone(),
            Some(Ok(Target::Absolute { authority, .. })) => authority.to_owned(),
            _ if origin.port() == origin.scheme().default_port() => origin.bracketed_host(),
            _ => origin.authority(), // the port is left out where it says nothing
        }
    }
}

/// A name, an IPv4 address, or an IPv6 address without its brackets (a zone such as `%eth0` may
/// follow it); `None` for anything else.
// RFC 3986 §3.2.2: "reg-name    = *( unreserved / pct-encoded / sub-delims )"
fn bare_host(host: &str) -> Option<&str> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&b);
    let inside = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let bare = inside.unwrap_or(host);
    if inside.is_none() && !bare.contains(':') {
        return (!bare.is_empty() && bare.bytes().all(is_name)).then_some(bare);
    }
    let (address, zone) = bare.split_once('%').unwrap_or((bare, "any"));
    let is_address = address.parse::<Ipv6Addr>().is_ok();
    (is_address && !zone.is_empty() && zone.bytes().all(is_name)).then_some(bare)
}

/// `name:port`, `[::1]:port`, or without a port.
fn split_port(host: &str, port: u16) -> Result<(&str, u16), Error> {
    match host.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => {
            let digits = Some(digits).filter(|it| it.bytes().all(|b| b.is_ascii_digit()));
            let port = digits.and_then(|digits| digits.parse().ok());
            port.map(|port| (name, port))
                .ok_or_else(|| invalid(format!("{host:?} has no such port")))
        }
        _ => Ok((host, port)),
    }
}

/// What the URL asks for is not what the connector speaks.
fn other_scheme(what: &dyn fmt::Display, theirs: Scheme) -> Error {
    invalid(match theirs {
        Scheme::Https => {
            format!("{what} needs TLS, and these options are for plain http: use https::request")
        }
        Scheme::Http => {
            format!("{what} has no TLS, and these options are for https: use http::request")
        }
    })
}

pub(in crate::http::client) fn invalid(text: String) -> Error {
    io::Error::new(io::ErrorKind::InvalidInput, text).into()
}
