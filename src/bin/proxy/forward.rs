//! A request that is put to the proxy whole, and its answer.
//!
//! ```text
//!   GET http://example.com/a HTTP/1.1        GET /a HTTP/1.1
//!   Host: whatever                     ──►   Host: example.com
//!   Proxy-Connection: keep-alive             Via: 1.1 barewire-8080
//!   body …                                   body, piece by piece
//! ```
//!
//! First the request goes, then the answer comes. A server that answers before it has all of the
//! request is heard: the rest is not sent.

use crate::Proxy;
use crate::fields::{add_via, forwards_left, passed_on};
use crate::refusal::Refusal;
use barewire::http::wire::{BodyLength, FieldList, Fields, Known, Scheme, Target, Uri};
use barewire::http::{
    self, ClientEvents, ClientRequest, ClientResponse, Error, Failure, Request, RequestOptions,
    Response,
};
use std::io::{BufRead, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All that is held of an answer's body.
const BUFFER_BYTES: usize = 64 * 1024;

/// Why there is no answer to pass on.
enum Trouble {
    /// The client is told.
    Refused(Refusal),
    /// The client's side of the connection is broken, or its request is.
    Client(Error),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Trouble {
        Trouble::Refused(refusal)
    }
}

/// Passes the request on and the answer back. Returns the status, or what was said in its place.
pub(crate) fn forward(
    proxy: &Proxy,
    mut req: Request<'_>,
    mut res: Response<'_>,
) -> Result<String, Failure> {
    match ask(proxy, &mut req, &mut res) {
        Ok(answer) => {
            let status = answer.status();
            pass_back(proxy, answer, res)?;
            Ok(status.to_string())
        }
        Err(Trouble::Client(error)) => Err(error.into()),
        Err(Trouble::Refused(refusal)) => {
            let said = refusal.to_string();
            refusal.answer(res)?;
            Ok(said)
        }
    }
}

fn ask(
    proxy: &Proxy,
    req: &mut Request<'_>,
    res: &mut Response<'_>,
) -> Result<ClientResponse, Trouble> {
    let uri = target(req)?;
    let (host, port) = (uri.host(), uri.port());
    if !proxy.allow.lets(host, port) {
        return Err(Refusal::not_listed(host, port).into());
    }
    let refuse = |e: Error| Trouble::Refused(Refusal::of(&e, uri.authority()));
    let options = request_options(proxy, req)?;
    let interim = Interim::default();
    let request = http::request(options).map_err(refuse)?;
    let mut request = request.on(interim.clone());
    if req.body_length() != BodyLength::Known(0) {
        send_body(req, &mut request, &refuse, || interim.relay(proxy, res))?;
    }
    let answer = request.end("").map_err(refuse)?;
    interim.relay(proxy, res).map_err(Trouble::Client)?;
    Ok(answer)
}

/// What the client asks for, if a proxy can be asked for it.
fn target(req: &Request<'_>) -> Result<Uri, Refusal> {
    if !matches!(req.target(), Target::Absolute { .. }) {
        let text =
            "this is a proxy: ask it for a whole URL, GET http://host/path (RFC 9112 §3.2.2)";
        return Err(Refusal::new(400, text));
    }
    let uri = Uri::parse(req.url()).map_err(|e| Refusal::new(400, e.to_string()))?;
    if uri.scheme() == Scheme::Https {
        let text = "https is asked for through a tunnel: CONNECT (RFC 9110 §9.3.6)";
        return Err(Refusal::new(501, text));
    }
    if let Some(Err(())) = forwards_left(req.method(), req.headers()) {
        let refusal = Refusal::new(405, "Max-Forwards has come to 0 here (RFC 9110 §7.6.2)");
        return Err(refusal.allowing("CONNECT, GET, HEAD, POST, PUT, DELETE, OPTIONS"));
    }
    Ok(uri)
}

fn request_options(proxy: &Proxy, req: &Request<'_>) -> Result<RequestOptions, Trouble> {
    let options = proxy.common.clone().url(req.url());
    let mut options = options.map_err(Trouble::Client)?.method(req.method());
    let target = req.target();
    let names_nothing =
        target.path() == "/" && target.query().is_none() && !req.url().ends_with('/');
    if req.method() == "OPTIONS" && names_nothing {
        // RFC 9112 §3.2.4: "then the last proxy on the request chain MUST send a request-target of
        // "*" when it forwards the request to the indicated origin server."
        options = options.path("*");
    }
    let fields = request_fields(proxy, req).map_err(Trouble::Client)?;
    for (name, value) in fields.view().iter() {
        options = options.append_header(name, value);
    }
    Ok(options)
}

// RFC 9112 §3.2.2: "A proxy that forwards such a request MUST generate a new Host field value based
// on the received request-target rather than forward the received Host field value."
fn request_fields(proxy: &Proxy, req: &Request<'_>) -> Result<FieldList, Error> {
    let (head, theirs) = (req.head(), req.headers());
    let mut drops = vec!["Host"];
    if !head.expects_continue() || req.body_length() == BodyLength::Known(0) {
        drops.push("Expect");
    }
    let mut fields = passed_on(theirs, theirs, &drops)?;
    if let Some(Ok(left)) = forwards_left(req.method(), theirs) {
        fields.set("Max-Forwards", left.to_string())?;
    }
    // RFC 9110 §10.1.4: "A sender of TE MUST also send a "TE" connection option within the
    // Connection header field"
    let mut codings = theirs.list("TE");
    if codings.any(|coding| coding.eq_ignore_ascii_case(b"trailers")) {
        fields.append("TE", "trailers")?;
        fields.append("Connection", "TE")?;
    }
    add_via(&mut fields, req.http_version(), &proxy.name)?;
    Ok(fields)
}

/// Sends what the client sends, as it comes. With an Expect, the server's 100 or its answer comes
/// first; reading from the client then sends it a 100.
fn send_body(
    req: &mut Request<'_>,
    request: &mut ClientRequest,
    refuse: &dyn Fn(Error) -> Trouble,
    mut relay: impl FnMut() -> Result<(), Error>,
) -> Result<(), Trouble> {
    request.write("").map_err(refuse)?;
    while !request.is_answered() {
        relay().map_err(Trouble::Client)?;
        let piece = req.fill_buf().map_err(|e| Trouble::Client(e.into()))?;
        if piece.is_empty() {
            break;
        }
        request.write(piece).map_err(refuse)?;
        let bytes = piece.len();
        req.consume(bytes);
    }
    let trailers = passed_on(req.trailers(), req.headers(), &[]);
    let trailers = trailers.map_err(|e| Trouble::Client(e.into()))?;
    for (name, value) in trailers.view().iter() {
        request.add_trailer(name, value).map_err(refuse)?;
    }
    Ok(())
}

fn pass_back(proxy: &Proxy, mut answer: ClientResponse, res: Response<'_>) -> Result<(), Failure> {
    let head = answer.headers();
    let drops: &[&str] = match answer.status() {
        204 => &["Content-Length"], // some send it all the same
        _ => &[],
    };
    let mut fields = passed_on(head, head, drops)?;
    add_via(&mut fields, answer.http_version(), &proxy.name)?;
    let mut res = res.write_head(answer.status(), fields.view().iter())?;
    if !fields.view().has(Known::ContentLength) {
        res.flush()?; // an endless answer may take its time before it says something
    }
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        // Not as the library's error, which would be taken for one of the client.
        let bytes = answer.read(&mut buffer).map_err(|e| e.to_string())?;
        if bytes == 0 {
            break;
        }
        res.write(&buffer[..bytes])?;
    }
    let trailers = passed_on(answer.trailers(), answer.headers(), &[])?;
    for (name, value) in trailers.view().iter() {
        res.add_trailer(name, &String::from_utf8_lossy(value))?;
    }
    Ok(res.end("")?)
}

/// The 1xx of a server on their way to the client.
///
/// The library tells of them while it waits for the answer, on this very thread, but what it tells
/// must not borrow the response: so they are kept, and go on before whatever is sent next. (A 100 goes
/// on when the body is read that it asks for.)
// RFC 9110 §15.2: "A proxy MUST forward 1xx responses unless the proxy itself requested the
// generation of the 1xx response."
#[derive(Clone, Default)]
struct Interim(Arc<Mutex<Vec<(u16, FieldList)>>>);

impl ClientEvents for Interim {
    fn information(&mut self, status: u16, fields: Fields<'_>) {
        if let Ok(fields) = passed_on(fields, fields, &[]) {
            self.lock().push((status, fields));
        }
    }
}

impl Interim {
    fn lock(&self) -> MutexGuard<'_, Vec<(u16, FieldList)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn relay(&self, proxy: &Proxy, res: &mut Response<'_>) -> Result<(), Error> {
        let waiting = std::mem::take(&mut *self.lock());
        for (status, mut fields) in waiting {
            add_via(&mut fields, "1.1", &proxy.name)?;
            let lines = fields.view();
            let text = |(name, value)| Some((name, str::from_utf8(value).ok()?));
            res.write_information(status, lines.iter().filter_map(text))?;
        }
        Ok(())
    }
}
