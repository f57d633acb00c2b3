//! The HTTP client: options, a request, its response.
//!
//! # The problem
//!
//! A caller has a request and wants its response. Between them stand a name to resolve, a connection to
//! open or to reuse, five sockets for ten requests, a server that may respond before it has read the
//! request, or stop reading, or stop sending, and a connection that may close in the moment of use.
//!
//! # The life of a request
//!
//! ```text
//!  RequestOptions ──► request() ──► ClientRequest ──► end() ─────────────► ClientResponse
//!  options.rs                        request.rs        │                    response.rs
//!                                                      │ acquire              │ fill, read
//!                                                      ▼                      ▼
//!            ┌─────────────────────── Exchange: one request, one response ──────────────────────┐
//!            │  sending.rs   head, body ─────► receiving.rs   1xx, final head ─────► body.rs    │
//!            └──┬─────────────────────────────────────────────────────────────────────────┬─────┘
//!       opens or│reuses                                                        gives back or│closes
//!               ▼                                                                          ▼
//!  agent.rs   lock ──► pool/ decides: a connection, the right to open one, or a position in the queue
//!               │
//!               └► opening.rs ──► origin.rs   resolve, connect, TLS ──► net
//!                                 proxy.rs    … by way of a proxy: absolute-form, or CONNECT
//!
//!  handle.rs  another thread cancels the request in each of these places, and sees how far it has come
//! ```
//!
//! # The files
//!
//! Each file names only files that stand below it in this table.
//!
//! | file | what | who calls it |
//! |---|---|---|
//! | [`request.rs`](request) | [`ClientRequest`]: head and body; `request/fields.rs` has its fields, `request/head.rs` encodes its head, `request/retrying.rs` decides on the one retry, `request/failed.rs` repeats the error of a piece, `request/redirects.rs` follows redirects | the caller |
//! | [`options.rs`](options) | [`RequestOptions`]: the book's options; `options/settings.rs` makes origin, fields and target of them | the caller, `request.rs` |
//! | [`events.rs`](events) | [`ClientEvents`]: the book's events | `request.rs` |
//! | [`next_request.rs`](next_request) | [`NextRequest`]: what a caller who watches redirects sees of the next one | `events.rs`, `request.rs` |
//! | [`proxy.rs`](proxy) | [`Proxy`]: which requests go through it; the tunnel. `proxy/no_proxy.rs`: the hosts that are reached without it | `options.rs`, as a connector |
//! | [`response.rs`](response) | [`ClientResponse`]: head, body, text, upgrade | the caller |
//! | [`exchange.rs`](exchange) | one request and its response on one connection; its three parts are in `exchange/` | `request.rs`, `response.rs`, `proxy.rs` |
//! | [`summary.rs`](summary) | [`ClientSummary`]: what is known of a request when it is over; [`RequestOptions::on_finish`] gets it | `exchange.rs`, `request.rs` |
//! | [`response_buffer.rs`](response_buffer) | the memory of one response | `exchange.rs` |
//! | [`encoded_head.rs`](encoded_head) | the head of requests without a body, encoded once; `options/settings.rs` keeps it | `request.rs`, `exchange.rs` |
//! | [`agent.rs`](agent) | [`Agent`]: the lock around the pool (`agent/state.rs` is what it guards), the threads that wait, idle connections that expire | `request.rs` |
//! | [`opening.rs`](opening) | opens a connection: on the caller's thread, or on its own where the request can be cancelled | `agent.rs`, `request.rs` |
//! | [`connection.rs`](connection) | one connection: reads and writes with timeouts | `opening.rs`, `exchange.rs` |
//! | [`origin.rs`](origin) | [`Origin`], [`Connector`]: where a connection leads and how it is opened; plain TCP and Unix sockets | `opening.rs`, `pool/` by equality |
//! | [`progress.rs`](progress) | which step of opening a connection goes on, what cuts it, and the error of its deadline | `opening.rs`; `origin.rs` and `proxy.rs` report to it |
//! | [`deadlines.rs`](deadlines) | [`Timeouts`]: one deadline for each phase, one for all | all that wait |
//! | [`pool/`](pool) | which request gets which connection; no socket, no lock, no clock | `agent.rs`; `deadlines.rs` its error |
//! | [`wanted.rs`](wanted) | asks the caller, while a request waits, whether it still wants the response | all that wait |
//! | [`handle.rs`](handle) | [`RequestHandle`]: cancels a request from another thread | `deadlines.rs`, for all that wait |
//! | [`timings.rs`](timings) | [`Timings`]: how long each phase took; [`Phase`]: which one it is | `opening.rs`, `handle.rs`, `request.rs` |
//!
//! Read `exchange.rs` first, then its three parts, then `request.rs`. For the agent, read [`pool`] before
//! `agent.rs`.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | an option | a field of `Settings` in `options/settings.rs`, its default there, its setter and the table in `options.rs`; a row in `tests/rows/client/a01_options.rs` |
//! | what an option does to the request's bytes | `prepare`, `make_fields`, `host_field` in `options/settings.rs`; `request/head.rs` for what depends on the body |
//! | a deadline, or its default | `Timeouts` in `deadlines.rs`; the default of the queue's: `pool/limits.rs`, and `begin` of its phase in `exchange/`, `opening.rs` or `agent.rs`; `tests/rows/client/deadlines.rs` |
//! | when a request is retried | `pool/retry.rs`; which errors count as a lost connection: `may_retry` in `request/retrying.rs`; what the error says then: `explained` there |
//! | which redirects are followed, with which method and fields | [`wire::Redirect`](super::wire::Redirect); how many, who is asked before, and the next request: `request/redirects.rs`; what the caller may change of it: `next_request.rs` |
//! | which requests go through a proxy, and what it gets | `proxy.rs`, `proxy/no_proxy.rs` with `fixtures/client/no_proxy.txt`, `make_origin` in `options/settings.rs`; the absolute-form: `prepare` in `options/settings.rs` |
//! | an event | `events.rs`, and its call in `request.rs` (`open`, `with_exchange`, `run`) |
//! | what a log gets of a request | `summary.rs`; who finds the end and reports it: `report` in `exchange.rs` (`finish`, `switch`, `give_up`, `receive`, the drop) and `ended` in `request.rs`; `tests/rows/client/finished.rs` |
//! | what makes two requests share connections | `Origin` in `origin.rs`: a field, its part in `eq`, and in the hash; for a connector, its `key` |
//! | how many connections, how long they are idle, who waits | `pool/limits.rs`, `pool/mod.rs` (rule 1, the picture, the example) and `tests/wire/pool`. The number five stands in prose, too: `grep -rni "five" src README.md tests` finds it, also in `bin/agent_demo` and `tests/demos/client` |
//! | how a connection is opened | a [`Connector`]; plain TCP is in `origin.rs` |
//! | when an early response is noticed | `send_parts` and `POLL_INTERVAL` in `exchange/sending.rs`, `WRITE_TIMEOUT` in `connection.rs` |
//! | after which early response nothing more is sent | `whole_head` in `exchange/receiving.rs`, `stop_if_whole` in `exchange/sending.rs`; `tests/rows/client/early.rs` and `echoing.rs` |
//! | how a body is read | [`body_reader.rs`](super::body_reader), and the client's part of it in `exchange/body.rs` |
//! | when a request is cancelled, and what becomes of its connection | `handle.rs`; `left` in `deadlines.rs` finds it, `opening.rs` and `wait` in `agent.rs` are woken, `release` in `exchange.rs` keeps a connection that goes back from being aborted, `leave_unused` there keeps one on which nothing was sent; what is cut while a connection is opened: `progress.rs`; `tests/rows/client/cancelled.rs` |
//! | when the caller is asked whether it still wants the response | `wanted.rs`, and its `check` in `agent.rs`, `opening.rs` and `exchange/` |
//! | what becomes of a body that the caller does not read (a redirect's, a refusal's), and how long it is waited for | `abandon` and `excerpt` in `exchange/body.rs`; `refusal` in `response.rs` |
//! | when a connection goes back to the agent | `finish` in `exchange.rs` |
//!
//! # Exercises
//!
//! 1. Send a body of 64 MiB to a server that responds 413 after the head and then reads nothing. Which
//!    call notices the response, and after how long at most? Why must the connection be closed?
//! 2. A handler sends `Connection: close` with every response. How many connections do ten requests open
//!    that run at once, and how many of them are ever idle? Which line of `finish` decides?
//! 3. Make `Origin::eq` ignore `local_address`. Which test fails, and what would a user have seen?

mod agent;
mod connection;
mod deadlines;
mod encoded_head;
mod events;
mod exchange;
mod handle;
mod next_request;
mod opening;
mod options;
mod origin;
pub mod pool;
mod progress;
mod proxy;
mod request;
mod response;
mod response_buffer;
mod summary;
mod timings;
mod wanted;

pub use agent::Agent;
pub use deadlines::Timeouts;
pub use events::ClientEvents;
pub use handle::RequestHandle;
pub use next_request::NextRequest;
pub use options::RequestOptions;
pub use origin::{Connected, Connector, Origin};
pub use proxy::Proxy;
pub use request::ClientRequest;
pub use response::ClientResponse;
pub use summary::ClientSummary;
pub use timings::{Phase, Timings};

use super::error::Error;

/// A request with these options. Nothing is sent yet.
///
/// ```
/// use barewire::http::{self, RequestOptions};
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("Hello World\n")
/// }
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
///
/// let options = RequestOptions::new()
///     .hostname("127.0.0.1")
///     .port(server.local_addr().port().unwrap())
///     .path("/");
/// let req = http::request(options)?;
/// let mut res = req.end("")?;
/// println!("STATUS: {}", res.status());
/// println!("HEADERS: {:?}", res.headers());
/// while let Some(chunk) = res.read_text()? {
///     println!("{chunk}");
/// }
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
///
/// # Errors
/// A wrong option.
pub fn request(options: impl Into<RequestOptions>) -> Result<ClientRequest, Error> {
    ClientRequest::new(options.into())
}

/// Sends `GET` for an `http:` URL, and waits for the head of the response. Any status is a response, a 404 or a
/// redirect, too; an error means that there is none.
///
/// ```
/// use barewire::http;
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("Hello World\n")
/// }
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let port = server.local_addr().port().unwrap();
///
/// let mut res = http::get(&format!("http://127.0.0.1:{port}/"))?;
/// assert_eq!(res.status(), 200);
/// assert_eq!(res.header("Content-Length"), Some("12"));
/// assert_eq!(res.collect()?, b"Hello World\n");
///
/// let error = http::get("https://localhost/").unwrap_err(); // without TLS: https::get has it
/// assert!(error.to_string().ends_with("use https::request or https::get"));
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
///
/// More than a URL (a method, fields, a timeout, redirects, a proxy) goes into [`RequestOptions`] and
/// [`request`]. [`https::get`](crate::https::get) takes URLs of both schemes.
///
/// # Errors
/// As [`RequestOptions::url`] and [`ClientRequest::end`].
pub fn get(url: &str) -> Result<ClientResponse, Error> {
    request(RequestOptions::new().url(url)?)?.end("")
}
