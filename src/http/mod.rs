//! HTTP/1.1: the server, the client and the agent of the book's third section.
//!
//! Whole programs: [`counter`](crate::cookbook::counter), [`json_body`](crate::cookbook::json_body),
//! [`login`](crate::cookbook::login), [`download`](crate::cookbook::download), [`cancel`](crate::cookbook::cancel),
//! [`upload`](crate::cookbook::upload), [`server_sent_events`](crate::cookbook::server_sent_events),
//! [`reverse_proxy`](crate::cookbook::reverse_proxy), [`request_log`](crate::cookbook::request_log),
//! [`metrics`](crate::cookbook::metrics), [`error_pages`](crate::cookbook::error_pages),
//! [`server_in_a_test`](crate::cookbook::server_in_a_test).
//!
//! # The problem
//!
//! A connection carries bytes. A handler wants a request, and wants to answer it at its own time, as a
//! whole or in pieces. The peer between them may send anything, as slowly as it likes, and may stop
//! reading.
//!
//! ```text
//!  > GET / HTTP/1.1             < HTTP/1.1 200 OK
//!  > Host: 127.0.0.1:1337       < Content-Type: text/plain
//!  > Accept: */*                < Date: Sat, 07 May 2022 01:26:03 GMT
//!  >                            < Connection: keep-alive
//!                               < Keep-Alive: timeout=5
//!                               < Transfer-Encoding: chunked
//!                               <
//!                               < c
//!                               < Hello World
//!                               < 0
//!                               <
//! ```
//!
//! # The rules
//!
//! **One thread, two buffers.** The thread that accepted a connection serves it. It decodes a request's
//! head in the read buffer, and the request borrows from that buffer. It encodes responses one behind
//! another in the response queue. In the steady state a request allocates nothing.
//!
//! **No response waits behind a wait.** While whole requests are already in the read buffer, their
//! responses are coalesced and leave in one write. Before the thread waits for anything, it sends all
//! responses that are pending:
//!
//! | what happens | what is sent |
//! |---|---|
//! | the read buffer holds no whole request | all pending responses |
//! | a handler reads a body that is not here yet | all pending responses, and a 100 if the client waits for it |
//! | [`Response::write`], [`Response::flush`] | all pending responses, the head, and the data; what [`Response::compress`] keeps back, only with `flush` |
//! | [`Response::end`] | all of it; nothing yet if it is small (at most 16 KiB) and more bytes came behind the request or its chunked body has not ended, because the next response may leave with it |
//! | a handler blocks (on data, on a lock, on another server) | after one to two milliseconds, all pending responses: one clock thread checks |
//!
//! **Strict, both ways.** A request that breaks a rule gets a response that names the rule, and the
//! connection ends, because nobody knows where the next request would begin. What a handler sends is
//! checked as hard: a field with a line break, a body longer than declared, a second head never reach
//! the wire. One refusal is a redirect: a browser that asks for `/photo[1].txt` gets a 301 to `/photo%5B1%5D.txt`
//! (RFC 9112 §3.2). In absolute-form, which browsers send to proxies only, such a target gets a 400.
//!
//! **Everything has an end.** The limits and deadlines of [`Config`] are on from the start, except the two
//! that are marked:
//!
//! | the peer | what happens |
//! |---|---|
//! | sends an endless start line, field section, chunk extension, trailer section | 414, 431, 413, 431 |
//! | sends a head slowly | 408 after `head_timeout` (10 s) |
//! | opens a connection and sends nothing, or empty lines (four at most) | closed after `head_timeout` (10 s), without a 408: no request has begun |
//! | sends a fifth empty line before a request | 400 |
//! | sends a body or reads a response slower than `min_bytes_per_second` (256), or not at all | 408, or cut, after `stall_timeout` (30 s) |
//! | sends nothing between two requests, or empty lines (four at most) | closed after `keep_alive_timeout` (5 s), as `Keep-Alive` announced |
//! | declares a body larger than `collected_body_bytes` (10 MiB) | 413 if the handler collects it; a handler that streams a body sets its own limit |
//! | fills, with others, `total_collected_bytes` (256 MiB) | 503 |
//! | sends `max_requests_per_connection` requests (off) | `Connection: close` |
//! | opens connections until all clients have `max_connections` (10,000) | further ones wait in the kernel's backlog |
//! | opens `max_connections_per_address` connections (off) | further ones are closed at once |
//! | sends a body that the handler does not read | it is dropped up to `discard_bytes` (256 KiB); if there is more, the connection is closed after the response |
//! | still sends after the last response | dropped for `linger_timeout` (2 s) or `linger_bytes` (12 MiB), so that the response arrives |
//!
//! **An idle connection is small**: 12.7 KiB, of which 8 are its stack. After a second without traffic it gives
//! back what an exchange needed: a larger read buffer, pending responses, a body. What is above 2 KiB it
//! gives back at once, unless two exchanges since the last such second needed it. See
//! [`net::costs`](crate::net::costs).
//!
//! **Stopping is clean.** [`Handle::shutdown`](crate::net::Handle::shutdown) ends accepting at once, and
//! connections whose responses are complete, too: those that are idle, that wait for the rest of a head, that drop
//! the rest of a request body, or that linger. A request that has reached a handler gets its whole response, with
//! `Connection: close`; a stream or a long poll must look at [`Response::is_stopping`] and end, or it is cut at the
//! deadline. A request that has not reached one gets no byte of a response, and its client may send it
//! again. A deadline ends the rest, and the report counts the connections that were cut.
//!
//! **A restart loses no request** if other processes [share](crate::net::Listener::shared) the listening socket.
//! [`Shutdown::restart`](crate::net::Shutdown::restart) ends the connections one after the other; one that is busy
//! meanwhile ends with its next response, which has `Connection: close`. A connection that is accepted within the
//! last quarter of a second brings its first request, and is answered in the same way.
//!
//! # The client
//!
//! The same bytes from the other side, with the same machine in the other role:
//!
//! ```text
//!   request(options) ──► five sockets busy? wait in the queue ──► connect, or reuse one
//!                                                                │
//!      end(body) ◄──── write(piece) … ◄──── 100? ◄──── head ◄────┘
//!         │                 └─ an early refusal is here: send no more
//!         ▼
//!   1xx … ──► the response's head ──► its body, read as it comes ──► the socket is free again
//! ```
//!
//! - **A cut body is an error**, never a short success. If the framing is broken, the error names the rule.
//!   Bytes behind a response close the connection, because they would be taken for the next response. A response
//!   that is here before the first request is refused (RFC 9112 §9.2).
//! - **Strict, as the server is, but for what the RFCs ask of a client**: a folded field value is one value
//!   (RFC 9112 §5.2), a blank before the colon of a field is dropped (§5.1), and a status outside 100 to 599 is
//!   handed to the caller, which treats it as a 5xx (RFC 9110 §15, [`wire::status_class`]).
//! - **Compressed content is decompressed piece by piece**, if [`RequestOptions::decompress`] asks for it: limits
//!   count what comes out. A stream that is damaged or ends early is an error.
//! - **Nothing is sent twice.** There is one silent retry, and only where [`pool::Attempt`] says that it is
//!   safe. Where it is not, the error says why.
//! - **A redirect drops what depends on a part that it drops**: the trailers of a dropped body, the connection
//!   option of a dropped field, the credentials of the old URL. The table is in `wire/semantics/redirect.rs`.
//! - **Nothing waits for ever.** Each phase has its deadline ([`Timeouts`]), and a deadline over all phases can
//!   be set.
//! - **A body that is not needed is not waited for.** The client follows a redirect, or reports a refused tunnel
//!   or WebSocket ([`Refusal`]), within a second, even if the body is long, slow or without an end. The refusal
//!   keeps what has come of the body by then, and the connection is closed.
//! - **Five sockets an origin** ([`Agent`], [`pool`]); other requests wait in a queue. A response holds its
//!   socket until its body has been read to the end. If it is dropped before that, the connection is closed.
//!
//! Redirects, proxies and timings are options, see [`RequestOptions`]. A [`Connector`] opens connections;
//! [`https`](crate::https) adds one for TLS.
//!
//! # Which file to read first
//!
//! [`wire`] is the protocol without sockets. `server/request_loop.rs` is the life of a connection. Its two
//! directions are `server/exchange/request_body.rs` with `body_reader.rs`, and
//! `server/exchange/response_queue.rs`, which also flushes pending responses when a handler blocks.
//! `server/request_loop/waiting.rs` is where the thread waits, `server/request_loop/failing.rs` what a failing
//! handler costs. `server/request.rs` and `server/response.rs` are the public types, in the book's words, and `files/`
//! serves files with it. Of the client, `client/exchange.rs` is one request and its response, `client/request.rs`
//! what comes before it, and `client/agent.rs` the threads that wait for a socket.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | a limit or deadline, or its default | `server/config.rs` for the server's, `wire/limits.rs` for those of a head (its places stand in [`wire`]); the tables above and in `limits.md`, which `tests/rows/docs/defaults.rs` compares with the code |
//! | which targets get a 301 to the encoded target | `wire/messages/target.rs`; `send_to_encoded_target` in `server/events.rs` makes the response |
//! | what is refused, its status and its words | a line of `rules!` in `wire/error.rs`, and the decoder that sees it |
//! | a start line, a field line, a target | `wire/messages/start_line.rs`, `section.rs`, `target.rs` |
//! | a date, an entity tag, a precondition, a range, a redirect, a credential, the fields that a proxy drops | in `wire/semantics/`: `date.rs`, `etag.rs`, `precondition.rs`, `range.rs`, `redirect.rs`, `auth.rs`, `forwarding.rs` |
//! | the `Date` of responses, formatted anew when a response begins in another second | `server/exchange/draft.rs` |
//! | how the length of a received body is found | `wire/messages/body.rs`; the chunked coding: `chunked.rs` |
//! | whether a response is sent with Content-Length or chunked | `is_streamed` in `server/exchange/draft.rs` (is the length given?), `response_framing` in `wire/connection/server.rs` |
//! | whether a connection persists | `is_persistent` in `wire/messages/head.rs`, the table in `wire/connection.rs` |
//! | what may follow what on a connection | the table in `wire/connection.rs` |
//! | which bytes belong to which class | the table in `wire/grammar/class.rs` |
//! | what a handler can ask or send | `server/request.rs`, `server/response.rs` |
//! | which types a field's value may have; what can be passed for the fields of a head | `field_values.rs`; `head_fields.rs` |
//! | an event | `server/events.rs`: the method and both tables. A kind of request: `dispatch` there. Another event: where it happens (`server/mod.rs`, `server/request_loop.rs`, `server/request_loop/failing.rs`). Tests: `tests/rows/http/h07_events.rs`, `panics.rs` |
//! | what a log can say of each request | [`Summary`]: `server/summary.rs`; when: `report_finish` in `server/request_loop.rs`; what is counted for it: `server/exchange/connection/sending.rs`. Tests: `tests/rows/http/h07_finish.rs`, `h07_summary.rs` |
//! | who the client is behind a proxy | `server/trusted_proxies.rs`; the grammar of the fields: `wire/semantics/forwarded.rs`. Tests: `tests/rows/http/forwarded.rs`, `fixtures/http/forwarded.txt` |
//! | a rule for one method on the whole server | a match on [`Request::method`] in the handler; what a method means for the framing: `wire/connection/server.rs` |
//! | what a handler's Connection and Keep-Alive may say | `encode_consistent` and `encode_undecided` in `wire/messages/outgoing.rs` |
//! | what a compressed response is, and when its pieces leave | `server/exchange/compression.rs`, `server/exchange/connection/compressing.rs`; who gets it: `server/response/compress.rs`. How a client undoes it: `client/exchange/content.rs` |
//! | what is sent for HEAD, 204, 205, 304 | `response_framing` in `wire/connection/server.rs` |
//! | how long a handler waits for more of a body | [`Request::fill_buf_within`], [`ClientResponse::fill_buf_within`]: `fill_within` in `body_reader.rs` |
//! | what a form or a query is read as; which Content-Type a form has; how a cookie is found | `wire/uri/params.rs`; `server/form.rs`; `server/cookie.rs` |
//! | how a long poll sees that its client has left; what a handler then may do | [`Response::client_left`], `server/exchange/connection.rs`; `send_fallback_response` in `server/request_loop/failing.rs` |
//! | to serve or ask over a stream of your own | implement [`net::Stream`](crate::net::Stream) or [`net::Layer`](crate::net::Layer); `Server::serve` (such a connection has no slot), [`RequestOptions::create_connection`] |
//! | what an upgrade hands over | `upgraded.rs`, `server/request.rs` |
//! | which side a handler's failure blames, and its status | the table of [`Failure`]; `Error::of` in `error.rs`, `is_in_response` in `wire/error.rs`, `server/request_loop/failing.rs` |
//! | what a handler refuses with | `refuse.rs`, `handler_refusal.rs`; what follows: `server/request_loop/failing.rs` |
//! | what a panic costs | the table in `server/events.rs`, and `server/request_loop/failing.rs` |
//! | what an idle connection keeps | `server/request_loop/waiting.rs` |
//! | when a response leaves, and with what | `server/exchange/connection/sending.rs`, `server/exchange/response_queue.rs` |
//! | how a body is read, on both sides | `body_reader.rs` |
//! | where a request's body comes from; how it is collected | `server/exchange/request_body.rs`, `server/exchange/request_body/collect.rs` |
//! | which file is served, and which part of it | `files/` |
//! | what a refused tunnel or a refused WebSocket reports | `refusal.rs` |
//! | anything of the client | the map in `client/mod.rs` |
//!
//! # Exercises
//!
//! 1. `printf 'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /poll HTTP/1.1\r\nHost: a\r\n\r\n' | nc 127.0.0.1 1337`:
//!    the first answer comes at once although the second takes its time. Which file sends it? Take
//!    that away and see which test fails.
//! 2. Let a server accept, read nothing and say nothing. Which of [`Timeouts`] ends a GET, which a
//!    large PUT, and which a name that is not answered for?
//! 3. Answer `PUT /upload` with a 307 before reading the body. When may the connection live on, and
//!    when must it end? (RFC 9110 §10.1.1, RFC 9112 §9.3)

mod body_reader;
mod client;
pub(crate) mod error;
mod field_values;
pub mod files;
mod handler_refusal;
mod head_fields;
mod refusal;
mod refuse;
mod server;
mod upgraded;
pub mod wire;

pub use client::pool;
pub use client::{
    Agent, ClientEvents, ClientRequest, ClientResponse, ClientSummary, Connected, Connector,
    NextRequest, Origin, Phase, Proxy, RequestHandle, RequestOptions, Timeouts, Timings, get,
    request,
};
pub use error::{Error, Failure, Handled};
pub use field_values::FieldValues;
pub use files::Files;
pub use handler_refusal::HandlerRefusal;
pub use head_fields::HeadFields;
pub use refusal::Refusal;
pub use refuse::{refuse, refuse_with};
pub use server::{
    Config, IntoHandled, Request, Response, Server, ServerEvents, Status, Summary, TrustedProxies,
    create_server, create_server_with,
};
pub use upgraded::Upgraded;
pub use wire::Params;
