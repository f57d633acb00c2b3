//! A whole request (absolute-form), and its response.
//!
//! ```text
//!   GET http://example.com/a HTTP/1.1        GET /a HTTP/1.1
//!   Host: whatever                     ──►   Host: example.com
//!   Proxy-Connection: keep-alive             Via: 1.1 barewire-8080
//!   body …                                   body, piece by piece
//! ```
//!
//! The request is forwarded first, then the response. If the server responds before it has all of the
//! request, the rest is not sent, and the client's connection is closed after the response. If the client
//! leaves, the request is given up: its place among the connections to the server is free at once.

use crate::policy::Proxy;
use crate::refusal::Refusal;
use barewire::http::wire::{
    FieldList, Fields, Known, Scheme, Target, Uri, end_to_end, forwarded_request,
    forwarded_response, max_forwards,
};
use barewire::http::{
    self, ClientEvents, ClientRequest, ClientResponse, Error, Failure, Request, RequestOptions,
    Response, Status,
};
use std::io::{self, BufRead, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the proxy waits on one silent connection before it checks the other one.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Forwards the request and its response. Returns the text for the log.
pub(crate) fn forward(
    proxy: &Proxy,
    mut req: Request<'_>,
    mut res: Response<'_>,
) -> Result<String, Failure> {
    let answer = match send(proxy, &mut req, &mut res) {
        Ok(answer) => answer,
        Err(failure) => return Refusal::answer_or(failure, res),
    };
    let status = answer.status();
    let is_whole = req.at_end().unwrap_or(false);
    send_back(proxy, answer, res, !is_whole)?;
    Ok(format!("{status:03}"))
}

/// A [`Refusal`] is for the client to read; any other failure is of the client's connection.
fn send(
    proxy: &Proxy,
    req: &mut Request<'_>,
    res: &mut Response<'_>,
) -> Result<ClientResponse, Failure> {
    let uri = target(req)?;
    let (host, port) = (uri.host(), uri.port());
    if !proxy.allow.allows(host, port) {
        return Err(Refusal::not_listed(host, port).into());
    }
    let refuse = |e: Error| Refusal::of(&e, uri.authority());
    let options = request_options(proxy, req)?;
    let interim = Interim {
        name: proxy.name.as_str().into(),
        waiting: Arc::default(),
    };
    let request = http::request(options).map_err(refuse)?;
    let mut request = request.on(interim.clone());
    if !req.at_end()? {
        send_body(req, &mut request, &refuse, &interim, res)?;
    }
    let answer = request.end_while("", || interim.is_wanted(res));
    let answer = answer.map_err(refuse)?;
    interim.relay(res)?;
    Ok(answer)
}

/// The URL of the request, if a proxy can forward it.
fn target(req: &Request<'_>) -> Result<Uri, Refusal> {
    if !matches!(req.target(), Target::Absolute { .. }) {
        let text = "this is a proxy: send it a whole URL, GET http://host/path (RFC 9112 §3.2.2)";
        return Err(Refusal::new(400, text));
    }
    let uri = Uri::parse(req.url()).map_err(|e| Refusal::new(400, e.to_string()))?;
    if uri.scheme() == Scheme::Https {
        let text = "https needs a tunnel: CONNECT (RFC 9110 §9.3.6)";
        return Err(Refusal::new(501, text));
    }
    if max_forwards(req.method(), req.headers()) == Some(0) {
        let refusal = Refusal::new(405, "Max-Forwards is 0 here (RFC 9110 §7.6.2)");
        return Err(refusal.allowing("CONNECT, GET, HEAD, POST, PUT, DELETE, OPTIONS"));
    }
    Ok(uri)
}

fn request_options(proxy: &Proxy, req: &Request<'_>) -> Result<RequestOptions, Failure> {
    let options = proxy.common.clone().url(req.url());
    let mut options = options?.method(req.method());
    let target = req.target();
    let names_nothing =
        target.path() == "/" && target.query().is_none() && !req.url().ends_with('/');
    if req.method() == "OPTIONS" && names_nothing {
        // RFC 9112 §3.2.4: "then the last proxy on the request chain MUST send a request-target of
        // "*" when it forwards the request to the indicated origin server."
        options = options.path("*");
    }
    for (name, value) in forwarded_request(&req.head(), &proxy.name)?.view().iter() {
        options = options.append_header(name, value);
    }
    Ok(options)
}

/// Forwards the client's body as it arrives, until the server responds. With an Expect, the server's 100 or
/// its response comes first; then the first read from the client sends the client a 100.
fn send_body(
    req: &mut Request<'_>,
    request: &mut ClientRequest,
    refuse: &dyn Fn(Error) -> Refusal,
    interim: &Interim,
    res: &mut Response<'_>,
) -> Result<(), Failure> {
    let mut wait = match request.get_header("Expect") {
        Some(_) => None, // the server's 100 first
        None => Some(POLL_INTERVAL),
    };
    while !req.at_end()? && !request.poll_early_response().map_err(refuse)? {
        interim.relay(res)?;
        let piece = match wait.replace(POLL_INTERVAL) {
            Some(wait) => req.fill_buf_within(wait)?,
            None => None,
        };
        // No piece: the server gets the head, and may respond to it.
        let piece = piece.unwrap_or_default();
        let written = request.write_while(piece, || interim.is_wanted(res));
        written.map_err(refuse)?;
        let bytes = piece.len();
        req.consume(bytes);
    }
    let trailers = end_to_end(req.trailers(), req.headers(), &[])?;
    for (name, value) in trailers.view().iter() {
        request.add_trailer(name, value).map_err(refuse)?;
    }
    Ok(())
}

/// Sends the server's response. `last`: the client's connection serves no other request.
fn send_back(
    proxy: &Proxy,
    mut answer: ClientResponse,
    res: Response<'_>,
    last: bool,
) -> Result<(), Failure> {
    let head = answer.headers();
    let (status, version) = (answer.status(), answer.http_version());
    let mut fields = forwarded_response(status, version, head, &proxy.name)?;
    if last {
        fields.append("Connection", "close")?;
    }
    let mut res = res.write_head(Status::forwarded(answer.status()), fields.view().iter())?;
    // RFC 9110 §15.3.6: "a server MUST NOT generate content in a 205 response."
    if status == 205 {
        return res.end(""); // without the trailers, too: they stand behind a chunked body
    }
    if !fields.view().has(Known::ContentLength) {
        res.flush()?; // the first byte of an endless response may come much later
    }
    loop {
        // As a text: an error of the library would be taken for one of the client.
        let piece = answer.fill_buf_within(POLL_INTERVAL);
        let bytes = match piece.map_err(|e| e.to_string())? {
            Some([]) => break,
            Some(piece) => {
                res.write(piece)?;
                piece.len()
            }
            None if res.client_left() => {
                let gone = io::Error::new(ErrorKind::ConnectionAborted, "the client has left");
                return Err(gone.into());
            }
            None => 0,
        };
        answer.consume(bytes);
    }
    let trailers = end_to_end(answer.trailers(), answer.headers(), &[])?;
    for (name, value) in trailers.view().iter() {
        res.add_trailer(name, value)?;
    }
    res.end("")
}

/// The 1xx responses of the server, for the client.
///
/// The library calls `information` when one has come, but the events of a request must not borrow the client's
/// response. So `information` keeps the 1xx, and `is_wanted`, which the library calls while it waits, sends them. (A
/// 100 is sent when the client's body is read.)
// RFC 9110 §15.2: "A proxy MUST forward 1xx responses unless the proxy itself requested the
// generation of the 1xx response."
#[derive(Clone)]
struct Interim {
    /// The proxy's, for Via.
    name: Arc<str>,
    waiting: Arc<Mutex<Vec<(u16, FieldList)>>>,
}

impl ClientEvents for Interim {
    fn information(&mut self, status: u16, fields: Fields<'_>) {
        // The library speaks 1.1 to servers, whose interim responses are of 1.1.
        if let Ok(fields) = forwarded_response(status, "1.1", fields, &self.name) {
            self.lock().push((status, fields));
        }
    }
}

impl Interim {
    fn lock(&self) -> MutexGuard<'_, Vec<(u16, FieldList)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Relays what has come; whether the client is still there.
    fn is_wanted(&self, res: &mut Response<'_>) -> bool {
        self.relay(res).is_ok() && !res.client_left()
    }

    fn relay(&self, res: &mut Response<'_>) -> Result<(), Error> {
        let waiting = std::mem::take(&mut *self.lock());
        for (status, fields) in waiting {
            res.write_information(status, fields.view().iter())?;
        }
        Ok(())
    }
}
