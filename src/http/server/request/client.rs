//! Who has asked, and with which URL: also behind proxies that are trusted.

use super::Request;
use crate::http::error::Error;
use crate::http::server::trusted_proxies::{TrustedProxies, ip_of};
use crate::http::wire::Scheme;
use std::borrow::Cow;
use std::cell::Ref;
use std::net::IpAddr;

impl<'a> Request<'a> {
    /// The client's IP address: the peer's, or the one that a trusted proxy names. `None` if nobody knows it: the
    /// proxy hides it, or the client is at a Unix socket.
    ///
    /// Which proxies are trusted, and how the client is found behind several, says
    /// [`TrustedProxies`](crate::http::TrustedProxies). Without that setting no field is read. An IPv4 address is one
    /// also where the listener is an IPv6 socket that shows it as `::ffff:192.0.2.43`.
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(req: http::Request, res: http::Response) -> http::Handled {
    ///     let Some(ip) = req.client_ip()? else {
    ///         return Err(http::refuse(403, "who are you?"));
    ///     };
    ///     res.end(format!("hello {ip}\n"))
    /// }
    ///
    /// let proxies = http::TrustedProxies::forwarded(["pipe"])?; // the peer of `answer_to`
    /// let server = http::create_server(handler).trusted_proxies(Some(proxies));
    /// let answer = |fields: &str| server.answer_to(format!("GET / HTTP/1.0\r\n{fields}\r\n").as_bytes());
    /// assert!(answer("Forwarded: for=192.0.2.43\r\n").ends_with(b"\r\n\r\nhello 192.0.2.43\n"));
    /// assert!(answer("Forwarded: for=_hidden\r\n").starts_with(b"HTTP/1.1 403 "));
    /// assert!(answer("Forwarded: for=2001:db8::1\r\n").starts_with(b"HTTP/1.1 400 ")); // it needs quotes
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// With status 400 if the field of a trusted proxy is broken.
    pub fn client_ip(&self) -> Result<Option<IpAddr>, Error> {
        let peer = self.stream().peer_addr()?;
        match self.trusted_proxies() {
            Some(proxies) => proxies.client_ip(self.headers(), &peer),
            None => Ok(ip_of(&peer)),
        }
    }

    /// The scheme of the URL that the client has asked for: what a trusted proxy says; if none does, `https` where
    /// this connection is encrypted, else `http`. See [`client_ip`](Self::client_ip).
    ///
    /// # Errors
    /// As [`client_ip`](Self::client_ip).
    pub fn client_scheme(&self) -> Result<Scheme, Error> {
        let said = match self.trusted_proxies() {
            Some(proxies) => proxies.scheme(self.headers(), &self.stream().peer_addr()?)?,
            None => None,
        };
        Ok(said.unwrap_or(match self.stream().is_encrypted() {
            true => Scheme::Https,
            false => Scheme::Http,
        }))
    }

    /// The host, and perhaps the port, of the URL that the client has asked for: what a trusted proxy says; if none
    /// does, [`host`](Self::host). See [`client_ip`](Self::client_ip).
    ///
    /// # Errors
    /// As [`client_ip`](Self::client_ip).
    pub fn client_host(&self) -> Result<Cow<'a, str>, Error> {
        let said = match self.trusted_proxies() {
            Some(proxies) => proxies.host(self.headers(), &self.stream().peer_addr()?)?,
            None => None,
        };
        Ok(said.unwrap_or(Cow::Borrowed(self.host())))
    }

    fn trusted_proxies(&self) -> Option<Ref<'a, TrustedProxies>> {
        Ref::filter_map(self.body.connection().borrow(), |it| {
            it.config.trusted_proxies.as_ref()
        })
        .ok()
    }
}
