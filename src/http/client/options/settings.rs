//! What the options hold, and what a request makes of them: an origin, the fields, the request-target.

use crate::http::client::agent::Agent;
use crate::http::client::deadlines::Timeouts;
use crate::http::client::encoded_head::EncodedHead;
use crate::http::client::origin::{Connector, Origin, direct};
use crate::http::client::proxy::Proxy;
use crate::http::client::summary::{Asked, OnFinish};
use crate::http::error::Error;
use crate::http::wire::{
    FieldList, Judged, Known, Limits, Method, Misuse, RequestOut, Scheme, Target, Uri, Version,
    basic,
};
use crate::net::{Family, Observer};
use std::fmt;
use std::mem;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

#[derive(Clone)]
pub(in crate::http::client) struct Settings {
    /// The scheme of the URL, if one was given.
    pub(super) url_scheme: Option<Scheme>,
    pub(super) host: String,
    pub(super) hostname: Option<String>,
    /// `None`: the scheme's.
    pub(super) port: Option<u16>,
    pub(super) family: Option<Family>,
    pub(super) local_address: Option<IpAddr>,
    pub(super) socket_path: Option<PathBuf>,
    pub(in crate::http::client) method: String,
    pub(super) path: String,
    /// The fragment of the URL: it is never sent, and a redirect inherits it.
    fragment: Option<String>,
    pub(super) fields: FieldList,
    pub(super) auth: Option<Credentials>,
    pub(super) set_host: bool,
    pub(in crate::http::client) decompress: bool,
    pub(super) version: Version,
    pub(in crate::http::client) limits: Limits,
    pub(in crate::http::client) timeouts: Timeouts,
    pub(in crate::http::client) max_redirects: u32,
    pub(in crate::http::client) agent: Option<Agent>,
    pub(super) connector: Arc<dyn Connector>,
    pub(super) on_finish: Option<Arc<OnFinish>>,
    pub(super) tap: Option<Arc<dyn Observer>>,
    pub(super) proxy: Option<Proxy>,
    /// The way through the proxy. It is made once, so that it is the same one for all requests.
    pub(super) through_proxy: Option<Arc<dyn Connector>>,
    /// The connector for URLs of the other scheme, and its way through the proxy.
    pub(super) other: Option<Ways>,
    /// The first thing that was wrong.
    pub(super) misuse: Option<Misuse>,
    pub(super) prepared: OnceLock<Arc<Prepared>>,
}

/// A connector, and its way through the proxy.
pub(super) type Ways = (Arc<dyn Connector>, Option<Arc<dyn Connector>>);

/// User and password.
#[derive(Clone)]
pub(super) struct Credentials {
    user: String,
    password: String,
    /// They came with the URL, and the next URL replaces them.
    of_url: bool,
}

impl Credentials {
    /// From `user:password`.
    pub(super) fn given(text: &str) -> Credentials {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Credentials {
            user: user.to_owned(),
            password: password.to_owned(),
            of_url: false,
        }
    }
}

/// What all requests with the same settings share.
pub(in crate::http::client) struct Prepared {
    pub(in crate::http::client) origin: Origin,
    pub(in crate::http::client) fields: FieldList,
    /// The request-target, if it is not the path.
    absolute_form: Option<String>,
    /// The request-target, once it and the method were found to be valid.
    target: OnceLock<Judged>,
    /// The head of a request without a body, once one was sent.
    pub(in crate::http::client) head: OnceLock<EncodedHead>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            url_scheme: None,
            host: "localhost".to_owned(),
            hostname: None,
            port: None,
            family: None,
            local_address: None,
            socket_path: None,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            fragment: None,
            fields: FieldList::new(),
            auth: None,
            set_host: true,
            decompress: false,
            version: Version::Http11,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            max_redirects: 0,
            agent: Some(Agent::global().clone()),
            connector: direct(),
            on_finish: None,
            tap: None,
            proxy: None,
            through_proxy: None,
            other: None,
            misuse: None,
            prepared: OnceLock::new(),
        }
    }
}

/// What a request asks for.
impl Settings {
    /// Made once, and shared by the clones of the options.
    #[inline]
    pub(in crate::http::client) fn prepared(&self) -> Result<&Prepared, Error> {
        match self.prepared.get() {
            Some(prepared) => Ok(prepared),
            None => self.prepare_first(),
        }
    }

    #[cold]
    fn prepare_first(&self) -> Result<&Prepared, Error> {
        let prepared = Arc::new(self.prepare()?);
        Ok(self.prepared.get_or_init(|| prepared))
    }

    /// Checks that there is a head, the first time.
    pub(in crate::http::client) fn check_head(&self, prepared: &Prepared) -> Result<(), Error> {
        if prepared.target.get().is_none() {
            let method = Method::new(&self.method).ok_or(Misuse::Method)?;
            let judged = Judged::of_whole(method, self.target(prepared).as_bytes());
            let _ = prepared.target.set(judged.map_err(|_| Misuse::Target)?); // by this thread or another
        }
        Ok(())
    }

    /// The request-target, as it is sent.
    fn target<'a>(&'a self, prepared: &'a Prepared) -> &'a str {
        prepared.absolute_form.as_ref().unwrap_or(&self.path)
    }

    /// The head of the request, with these fields. It was [checked](Self::check_head).
    pub(in crate::http::client) fn head<'a>(
        &'a self,
        prepared: &'a Prepared,
        fields: &'a FieldList,
    ) -> Result<RequestOut<'a>, Error> {
        let method = Method::new(&self.method).ok_or(Misuse::Method)?;
        let judged = prepared.target.get().ok_or(Misuse::Target)?;
        let target = judged.target(self.target(prepared).as_bytes());
        Ok(RequestOut::new(method, target, fields).version(self.version))
    }

    /// The URL of the request, to resolve a redirect against; a tunnel has none.
    pub(in crate::http::client) fn uri(&self) -> Result<Option<Uri>, Error> {
        let prepared = self.prepared()?;
        let base = || {
            let (scheme, authority) = (self.scheme(), prepared.origin.authority());
            format!("{}://{authority}", scheme.as_str())
        };
        let mut text = match self.path.as_str() {
            _ if self.method == "CONNECT" => return Ok(None),
            "*" => base(),
            path if path.starts_with('/') => base() + path,
            absolute => absolute.to_owned(),
        };
        if let Some(fragment) = &self.fragment {
            text = text + "#" + fragment;
        }
        Ok(Some(parse(&text)?))
    }

    /// Keeps the first thing that was wrong with a field.
    pub(super) fn was_wrong(&mut self, set: Result<(), Error>) {
        let misuse = set.err().map(|error| match error {
            Error::Misuse(misuse) => misuse,
            _ => Misuse::FieldValue, // a type of the caller's could not be turned into a value
        });
        self.misuse = self.misuse.or(misuse);
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.connector.scheme()
    }

    /// Sets everything that comes from a URL: no part of the URL before stays.
    pub(super) fn set_uri(&mut self, uri: &Uri) {
        self.url_scheme = Some(uri.scheme());
        self.hostname = Some(uri.unbracketed_host().to_owned());
        self.port = Some(uri.port());
        self.set_path(&uri.path_and_query(), uri.fragment());
        self.auth.take_if(|auth| auth.of_url);
        if let Some((user, password)) = uri.userinfo() {
            self.auth = Some(Credentials {
                user: user.to_owned(),
                password: password.to_owned(),
                of_url: true,
            });
        }
    }

    pub(super) fn set_path(&mut self, path: &str, fragment: Option<&str>) {
        self.path = path.to_owned();
        self.fragment = fragment.map(str::to_owned);
    }

    /// Takes the connector that speaks the scheme of this URL.
    ///
    /// # Errors
    /// None of the connectors does.
    pub(super) fn speak_scheme_of(&mut self, uri: &Uri) -> Result<(), Error> {
        if uri.scheme() == self.scheme() {
            return Ok(());
        }
        match &mut self.other {
            Some((connector, through_proxy)) if connector.scheme() == uri.scheme() => {
                mem::swap(&mut self.connector, connector);
                mem::swap(&mut self.through_proxy, through_proxy);
                Ok(())
            }
            _ => Err(other_scheme(&uri, uri.scheme())),
        }
    }
}

impl Asked for Settings {
    fn method(&self) -> &str {
        &self.method
    }

    fn on_finish(&self) -> Option<&OnFinish> {
        self.on_finish.as_deref()
    }

    fn url(&self) -> Option<String> {
        let uri = self.uri().ok()??;
        Some(uri.to_string())
    }
}

/// Preparing it.
impl Settings {
    fn prepare(&self) -> Result<Prepared, Error> {
        if let Some(misuse) = self.misuse {
            return Err(misuse.into());
        }
        let scheme = self.scheme();
        if let Some(other) = self.url_scheme.filter(|asked| *asked != scheme) {
            let what = format!("an {}: URL", other.as_str());
            return Err(other_scheme(&what, other));
        }
        let origin = self.make_origin()?;
        let base = || format!("http://{}", self.host_field(&origin));
        let absolute_form = match self.path.as_str() {
            _ if !origin.connector().uses_absolute_form() => None,
            // RFC 9112 §3.2.4: "If a proxy receives an OPTIONS request with an absolute-form of
            // request-target in which the URI has an empty path and no query component, then the
            // last proxy on the request chain MUST send a request-target of "*""
            "*" => Some(base()),
            path if path.starts_with('/') => Some(base() + path),
            _ => None,
        };
        Ok(Prepared {
            fields: self.make_fields(&origin)?,
            origin,
            absolute_form,
            target: OnceLock::new(),
            head: OnceLock::new(),
        })
    }

    fn make_origin(&self) -> Result<Origin, Error> {
        let port = self.port.unwrap_or(self.scheme().default_port());
        let (host, port) = match &self.hostname {
            Some(name) => (name.as_str(), port),
            None => split_port(&self.host, port)?,
        };
        let is_no_host = || Error::invalid_input(format!("{host:?} is no host"));
        let host = bare_host(host).ok_or_else(is_no_host)?;
        let is_local = self.socket_path.is_some();
        let has_proxy = |proxy: &Proxy| !is_local && !proxy.excludes(host, port);
        let connector = match &self.through_proxy {
            Some(through) if self.proxy.as_ref().is_some_and(has_proxy) => through,
            _ => &self.connector,
        };
        Ok(Origin::new(
            host,
            port,
            self.family,
            self.local_address,
            self.socket_path.clone(),
            Arc::clone(connector),
            self.tap.clone(),
        ))
    }

    // RFC 9112 §3.2: "A client MUST send a Host header field (Section 7.2 of [HTTP]) in all HTTP/1.1
    // request messages."
    fn make_fields(&self, origin: &Origin) -> Result<FieldList, Error> {
        let mut fields = FieldList::new();
        let given = self.fields.view();
        if self.set_host && !given.has(Known::Host) {
            fields.append("Host", self.host_field(origin))?;
        }
        for (name, value) in given.iter() {
            fields.append(name, value)?;
        }
        if let (Some(auth), false) = (&self.auth, given.contains("Authorization")) {
            fields.append("Authorization", basic(&auth.user, &auth.password)?)?;
        }
        if let Some(proxy) = &self.proxy
            && origin.connector().uses_absolute_form()
            && !given.contains("Proxy-Authorization")
            && let Some(credentials) = proxy.credentials()
        {
            fields.append("Proxy-Authorization", credentials)?;
        }
        // The part that a Range asks for could not be decompressed.
        let (range, own) = ("Range", "Accept-Encoding");
        if self.decompress && !given.contains(range) && !given.contains(own) {
            fields.append(own, "gzip")?;
        }
        // RFC 9112 §9.6: "A client that sends a "close" connection option MUST NOT send further
        // requests on that connection (after the one containing the "close")"
        if self.agent.is_none() && !given.has(Known::Connection) {
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
            _ => origin.authority(), // with the port, which is not the scheme's
        }
    }
}

pub(super) fn parse(url: &str) -> Result<Uri, Error> {
    Uri::parse(url).map_err(|e| Error::invalid_input(e.to_string()))
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
                .ok_or_else(|| Error::invalid_input(format!("{host:?} has no such port")))
        }
        _ => Ok((host, port)),
    }
}

/// The URL has a scheme that the connector does not speak.
fn other_scheme(what: &dyn fmt::Display, scheme: Scheme) -> Error {
    Error::invalid_input(match scheme {
        Scheme::Https => {
            format!(
                "{what} needs TLS, and these options are for plain http: \
                 use https::request or https::get"
            )
        }
        Scheme::Http => {
            format!("{what} has no TLS, and these options are for https: use http::request")
        }
    })
}
