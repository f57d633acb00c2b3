//! HTTP/1.1: the server, the client and the agent of the book's third section.
//!
//! # The problem
//!
//! A connection carries bytes. A handler wants a request, and wants to answer it when it likes,
//! in pieces if it likes. Between them stands a peer who may send anything, as slowly as it likes,
//! and may stop reading.
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
//! **One thread, two buffers.** A connection is served by the thread that accepted it. A head is
//! decoded in place and the request borrows from the read buffer; answers are encoded behind one
//! another in the response queue. In the steady state no request allocates.
//!
//! **Nothing is withheld.** Answers to pipelined requests leave in one write *while whole requests
//! are already here*. Whatever waits is sent before we wait for anything ourselves:
//!
//! | what happens | what is sent |
//! |---|---|
//! | nothing more to decode | all answers so far |
//! | a handler reads a body that is not here yet | all answers so far, and a 100 if the client waits for it |
//! | [`Response::write`], [`Response::flush`] | all answers so far, the head, and the data |
//! | [`Response::end`] | everything; nothing yet while more has come behind the request: the answers may leave together |
//! | a handler that waits for something of its own | after a millisecond or two, all answers so far |
//!
//! **Strict, both ways.** What breaks a rule is refused with the rule's name and the connection
//! ends, because nobody knows where the next request would begin. What a handler says is checked as
//! hard: a field with a line break, a body longer than declared, a second head never reach the wire.
//!
//! **Everything has an end.** Each limit and deadline of [`Config`] is on from the start:
//!
//! | a peer that … | meets |
//! |---|---|
//! | sends an endless start line, field section, chunk extension, trailer | 414, 431, 413, 431 |
//! | sends a head slowly | 408 after 10 s |
//! | sends a body, or takes an answer, slower than 256 bytes a second, or not at all | the end after 30 s |
//! | says nothing between two requests | the end after 5 s, as told in `Keep-Alive` |
//! | declares a huge body | 413 when it is collected; a streamed body is the handler's |
//! | with others, sends bodies of 256 MiB to be collected at once | 503 |
//! | opens thousands of connections | closed at once, above [`Config::max_connections_per_address`] (off by default) |
//! | still sends when it has been refused | 2 s or 8 MiB of patience, so that the answer arrives |
//!
//! **An idle connection is small.** It costs its thread and its buffers:
//!
//! | what | memory | when it is given back |
//! |---|---|---|
//! | the stack: two pages that are touched; 512 KiB are only reserved | 8 KiB | with the thread |
//! | the connection, its read buffer and what the allocator keeps for the thread | about 4 KiB | with the thread |
//! | what an exchange needs: a larger read buffer, the responses, fields, a body | as large as it was | after a second of quiet; above 2 KiB at once, unless two exchanges since the last quiet second needed it |
//!
//! **Stopping is clean.** [`Handle::shutdown`](crate::net::Handle::shutdown) ends accepting at once
//! and idle connections too; running requests finish and are told `Connection: close`; a deadline
//! ends the rest, and the caller is told what was cut.
//!
//! # The client
//!
//! The other side of the same bytes, with the same machine in the other role:
//!
//! ```text
//!   request(options) ──► five sockets busy? wait in line ──► connect, or use one again
//!                                                                │
//!      end(body) ◄──── write(piece) … ◄──── 100? ◄──── head ◄────┘
//!         │                 └─ an answer is here already: send no more
//!         ▼
//!   1xx … ──► the answer's head ──► its body, read as it comes ──► the socket is free again
//! ```
//!
//! - **No answer is believed too early.** A body that is cut is an error and never a short success;
//!   where the framing is broken the rule is named; what comes behind an answer costs the
//!   connection, because it would be taken for the next one.
//! - **Nothing is sent twice.** One silent retry, and only where [`pool::Attempt`] says that it is
//!   safe.
//! - **Nobody waits for ever.** Each phase has its deadline ([`Timeouts`]), and one over all of them
//!   if you ask for it.
//! - **Five sockets an origin, the rest in line** ([`Agent`], [`pool`]). An answer holds its socket
//!   until its body has been read to the end; dropped before that, it costs the connection.
//!
//! Redirects, proxies and timings are there when asked for, see [`RequestOptions`]; how to connect is
//! a [`Connector`]'s business, and TLS is one: see [`https`](crate::https).
//!
//! # Which file to read first
//!
//! [`wire`] is the protocol without sockets. Here, `server/serve.rs` is the life of a connection;
//! `server/exchange/incoming.rs` and `exchange/response_queue.rs` are its two directions; the second also
//! keeps the promise of the first table's last row. `server/waits.rs` is where it waits, `server/failures.rs`
//! what a failing handler costs. `request.rs` and `response.rs` are the face, in the
//! book's words; `files/` serves files with it. Of the client, `client/exchange.rs` is one request and
//! its answer, `client/call.rs` what leads there, and `agent.rs` the threads that wait for a socket.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | a limit or deadline, or its default | `config.rs`, `wire/limits.rs` |
//! | what is refused, its status and its words | a line of `rules!` in `wire/error.rs`, and the decoder that sees it |
//! | a start line, a field line, a target, a date | `wire/start_line.rs`, `section.rs`, `target.rs`, `date.rs` |
//! | how the length of a body is found | `wire/body.rs`; the chunked coding: `chunked.rs` |
//! | what may follow what on a connection | the table in `wire/connection.rs` |
//! | which bytes belong to which class | the tables in `wire/grammar.rs` |
//! | what a handler can ask or say | `request.rs`, `response.rs` |
//! | an event | `server/events.rs`, and where it is raised in `serve.rs` |
//! | what a panic costs | the table in `server/events.rs`, and `failures.rs` |
//! | what an idle connection keeps | `server/waits.rs` |
//! | when an answer leaves, and with what | `exchange/response_queue.rs`, `link.rs` |
//! | how a body is read, or collected | `exchange/incoming.rs`, `incoming/collect.rs` |
//! | which file is served, and which part of it | `files/` |
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

mod client;
pub(crate) mod error;
pub mod files;
mod server;
mod upgraded;
pub mod wire;

pub use client::pool;
pub use client::{
    Agent, ClientEvents, ClientRequest, ClientResponse, Connected, Connector, Origin, Proxy,
    RequestOptions, Timeouts, Timings, get, request,
};
pub use error::{Error, Failure};
pub use files::Files;
pub use server::{
    Config, Events, FieldValues, Handled, Outcome, Request, Response, Server, Status,
    create_server, create_server_with,
};
pub use upgraded::Upgraded;
