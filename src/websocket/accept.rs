//! The server's side of the opening handshake: a request becomes a [`WebSocket`].

use super::config::Config;
use super::error::Error;
use super::socket::WebSocket;
use super::summary::{OnFinish, Summary};
use super::wire::{self, Agreement, Offer, Role, refuse};
use crate::http::wire::{FieldList, reason_phrase};
use crate::http::{self, Request, Response, Upgraded};
use std::sync::Arc;

type OriginFilter = dyn Fn(Option<&str>) -> bool + Send + Sync;

/// Which pages may connect: those for which one of the rules holds. Without a rule, all may.
#[derive(Default)]
struct Origins {
    same: bool,
    allowed: Option<Box<OriginFilter>>,
}

/// The stream, the subprotocol, and how messages are compressed.
type Opened = (Upgraded, Option<String>, Option<Agreement>);

/// Whether a request asks for a WebSocket. One port serves these and plain requests.
///
/// ```
/// use barewire::{http, websocket};
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     if !websocket::is_asked_for(&req) {
///         res.end("a page\n")?;
///     } else if let Some(ws) = websocket::accept(req, res)? {
///         ws.send("hello")?;
///     }
///     Ok(())
/// }
/// # let server = http::create_server(handler);
/// # let answer = server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
/// # assert!(answer.ends_with(b"a page\n"));
/// ```
pub fn is_asked_for(request: &Request<'_>) -> bool {
    let mut offers = request.headers().list("Upgrade");
    offers.any(|offer| offer.eq_ignore_ascii_case(b"websocket"))
}

/// Answers a handshake: with 101, and returns the connection; or with a refusal that names the broken rule, and
/// returns `None`.
///
/// A handler may first answer otherwise, since it has the request and the response. A request that does not
/// ask for a WebSocket is refused with 426: a port that serves pages, too, asks [`is_asked_for`] first.
///
/// The fields that were set before ([`set_header`](Response::set_header)) are sent with the 101 or with the
/// refusal: a `Set-Cookie`, for example.
///
/// ```
/// use barewire::{http, websocket};
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     if req.path() != "/chat" {
///         res.write_head(404, [("Content-Type", "text/plain")])?.end("not here\n")?;
///         return Ok(());
///     }
///     let Some(mut ws) = websocket::accept(req, res)? else {
///         return Ok(()); // refused, and the response is sent
///     };
///     let writer = ws.writer(); // to answer while the message is borrowed
///     while let Some(message) = ws.receive()? {
///         writer.send(message)?;
///     }
///     Ok(())
/// }
///
/// let server = http::create_server(handler);
/// # let answer = server.answer_to(b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n\r\n");
/// # assert!(answer.starts_with(b"HTTP/1.1 426 Upgrade Required\r\n"));
/// ```
///
/// # Errors
/// The connection broke, or the handler has sent a part of another response. [`Misuse::HandshakeField`]: a field
/// that was set before contradicts the handshake, which makes `Connection`, `Upgrade` and `Sec-WebSocket-*`
/// itself and has no `Keep-Alive` and no content; a status, a trailer or a head that was written before are an
/// error, too.
/// Nothing is sent then, and the client gets the server's 500.
///
/// [`Misuse::HandshakeField`]: wire::Misuse::HandshakeField
pub fn accept(request: Request<'_>, response: Response<'_>) -> Result<Option<WebSocket>, Error> {
    Acceptor::new().accept(request, response)
}

/// [`accept`] with settings: subprotocols, origins, limits. One `Acceptor` serves all connections.
///
/// ```
/// use barewire::http;
/// use barewire::websocket::{self, Acceptor, Config, ConnectOptions};
/// use std::sync::LazyLock;
/// use std::time::Duration;
///
/// static CHAT: LazyLock<Acceptor> = LazyLock::new(|| {
///     let config = Config { heartbeat_interval: Some(Duration::from_secs(10)), ..Config::default() };
///     Acceptor::new().protocols(["chat.v2", "chat.v1"]).same_origin().config(config)
/// });
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     if let Some(ws) = CHAT.accept(req, res)? {
///         match ws.protocol() {
///             Some(protocol) => ws.send(format!("we speak {protocol}"))?,
///             None => ws.send("no subprotocol")?,
///         }
///     }
///     Ok(())
/// }
///
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let options = ConnectOptions::new().protocols(["chat.v1"]);
/// let mut ws = websocket::connect_with(&format!("ws://{}/", server.local_addr()), &options)?;
/// assert_eq!(ws.receive()?.unwrap(), "we speak chat.v1");
/// # drop(ws);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Acceptor {
    protocols: Vec<String>,
    origins: Origins,
    config: Arc<Config>,
    on_finish: Option<Arc<OnFinish>>,
}

impl Acceptor {
    /// Any origin, no subprotocol, the limits and deadlines of [`Config`].
    pub fn new() -> Acceptor {
        Acceptor::default()
    }

    /// The subprotocols of this server. The first one that the client offers and that is among them is chosen;
    /// if there is none, the connection has no subprotocol.
    pub fn protocols<S: Into<String>>(mut self, ours: impl IntoIterator<Item = S>) -> Acceptor {
        self.protocols = ours.into_iter().map(Into::into).collect();
        self
    }

    /// Only pages of this server may connect, and programs that are no browser; all other pages get a 403. The
    /// `Origin` must have the scheme, the host and the port of the request: `https` over TLS, else `http`; the
    /// host and port of its `Host`. An `Origin: null` is no page of this server.
    ///
    /// A browser always sends the true origin of its page, so this keeps other sites from using a visitor's
    /// cookies. A request without `Origin` is accepted: it comes from no browser.
    ///
    /// Behind a proxy that ends TLS, the request is plain `http` here, and the pages are of `https`. There, trust the
    /// proxy to say so ([`TrustedProxies`](crate::http::TrustedProxies)), or name the pages in
    /// [`origins`](Self::origins). A site that makes its own name resolve to this server (DNS
    /// rebinding) has the same origin: a server that trusts every client that can reach it checks the `Host`, too.
    ///
    /// ```
    /// use barewire::http;
    /// use barewire::websocket::Acceptor;
    ///
    /// fn handler(chat: &Acceptor, req: http::Request, res: http::Response) -> http::Handled {
    ///     if let Some(ws) = chat.accept(req, res)? {
    ///         ws.on_message(|socket, data| drop(socket.send(data)));
    ///     }
    ///     Ok(())
    /// }
    ///
    /// let chat = Acceptor::new().same_origin();
    /// let server = http::create_server(move |req, res| handler(&chat, req, res));
    /// # let head = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    /// #     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    /// # let answer = |origin| server.answer_to(format!("{head}Origin: {origin}\r\n\r\n").as_bytes());
    /// # assert!(answer("http://a").starts_with(b"HTTP/1.1 101 "));
    /// # assert!(answer("http://b").starts_with(b"HTTP/1.1 403 "));
    /// ```
    pub fn same_origin(mut self) -> Acceptor {
        self.origins.same = true;
        self
    }

    /// Which origins may connect; the others get a 403. A browser always sends the true origin of its page.
    /// Another program may send any, or none (`None`). With [`same_origin`](Self::same_origin), one of the two
    /// rules is enough.
    pub fn origins(
        mut self,
        allowed: impl Fn(Option<&str>) -> bool + Send + Sync + 'static,
    ) -> Acceptor {
        self.origins.allowed = Some(Box::new(allowed));
        self
    }

    /// Limits and deadlines of the connections.
    pub fn config(mut self, config: Config) -> Acceptor {
        self.config = Arc::new(config);
        self
    }

    /// Calls `on_finish` once for each connection, with its [`Summary`], when it is over: both Close frames have passed
    /// and TCP has ended, or the connection was cut. A handshake that was refused is none.
    ///
    /// It runs on the thread that finds the end, without a lock: mostly the reading thread, before `onclose`; else the one that
    /// has cut the connection, which may be the clock of all connections. So it must not wait. If it panics, nothing else
    /// changes. It costs a look at the clock at each end, and a count a message.
    pub fn on_finish(
        mut self,
        on_finish: impl Fn(&Summary<'_>) + Send + Sync + 'static,
    ) -> Acceptor {
        self.on_finish = Some(Arc::new(on_finish));
        self
    }

    /// As [`accept`].
    ///
    /// # Errors
    /// As there.
    pub fn accept(
        &self,
        request: Request<'_>,
        response: Response<'_>,
    ) -> Result<Option<WebSocket>, Error> {
        let Some((upgraded, protocol, deflate)) = self.shake_hands(request, response)? else {
            return Ok(None);
        };
        let config = Arc::clone(&self.config);
        let on_finish = self.on_finish.as_ref();
        WebSocket::open(upgraded, Role::Server, config, on_finish, protocol, deflate).map(Some)
    }

    /// `None`: refused. It is not inlined, so that its stack is free again while
    /// the thread waits for messages: ten thousand stacks are memory, too.
    #[inline(never)]
    fn shake_hands(
        &self,
        request: Request<'_>,
        mut response: Response<'_>,
    ) -> Result<Option<Opened>, Error> {
        let head = request.head();
        let judged = Offer::read(&head).and_then(|offer| self.judge(offer, &request));
        let offer = match judged {
            Ok(offer) => offer,
            Err(error) => {
                write_refusal(&error, response)?;
                return Ok(None);
            }
        };
        let ours: Vec<&str> = self.protocols.iter().map(String::as_str).collect();
        let protocol = offer.choose(&ours);
        let deflate = self.config.deflate.as_ref();
        let deflate =
            response.change_fields(|fields| offer.answer(protocol, deflate, fields))??;
        let upgraded = request.switch(response, blames_peer)?;
        Ok(Some((upgraded, protocol.map(str::to_owned), deflate)))
    }

    fn judge<'a>(&self, offer: Offer<'a>, request: &Request<'_>) -> Result<Offer<'a>, wire::Error> {
        let Origins { same, allowed } = &self.origins;
        let origin = offer.origin().map(String::from_utf8_lossy);
        // A proxy may have asked with another host and without TLS. If it does not say so in a form that can be read,
        // no origin is known to be the same.
        let is_same = || match (&origin, request.client_scheme(), request.client_host()) {
            (None, ..) => true,
            (_, Ok(scheme), Ok(host)) => offer.is_same_origin(scheme, &host),
            _ => false,
        };
        let may_connect = match allowed {
            None => !same || is_same(),
            Some(allowed) => (*same && is_same()) || allowed(origin.as_deref()),
        };
        match may_connect {
            true => Ok(offer),
            false => Err(offer.forbidden()),
        }
    }
}

/// An error of a WebSocket is no failure of the handler that returns it, unless the handler has misused it.
fn blames_peer(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(Error::Peer(_) | Error::Io(_)))
}

/// The response that refuses a handshake.
#[cold]
#[inline(never)]
fn write_refusal(error: &wire::Error, response: Response<'_>) -> Result<(), http::Error> {
    let mut fields = FieldList::new();
    let status = refuse(error, &mut fields);
    fields.set("Content-Type", "text/plain; charset=utf-8")?;
    let body = format!("{status} {}: {error}\n", reason_phrase(status));
    fields.set("Content-Length", body.len().to_string())?;
    Ok(response
        .write_head(status, fields.view().iter())?
        .end(body)?)
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acceptor")
            .field("protocols", &self.protocols)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
