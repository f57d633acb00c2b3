//! One connection, both roles: what may be received and sent, in which order.
//!
//! # The problem
//!
//! A connection carries two streams of messages: requests in one direction, responses in the other. Each
//! has its own state, and what is legal depends on both. A server that sends one response too many, or a
//! client that takes one for the answer to its next request, mixes up everything that follows.
//!
//! # The states
//!
//! ```text
//!  requests
//!
//!  Idle ── Request ──▶ Body ── End ──▶ Done ── Switch ──▶ Switched
//!                      │  ▲
//!                      └──┘ Data
//!
//!  responses            Informational
//!                       ┌──┐
//!                       │  ▼
//!  Idle ── Request ──▶ Waiting ── Switch ──▶ Switched
//!   │                    │ Response
//!   │                    ▼
//!   └── Response ─────▶ Body ── End ──▶ Done
//!      (an answer to    │  ▲
//!       no request)     └──┘ Data
//!
//!  both: Idle, Done, Closed ── Close ──▶ Closed     any state ── Fail ──▶ Failed
//!  both Done, and the connection persistent: next_exchange() makes both Idle
//! ```
//!
//! `fixtures/http/states.txt` is the same as a table.
//!
//! # The rules
//!
//! - The machine is two tables, [`request_step`] and [`response_step`], and a struct with what later steps
//!   need: was it HEAD, which version, does the client wait for a 100, how many bytes of the declared
//!   length are not sent yet.
//! - It owns no bytes and knows no socket. The caller passes decoded heads in, and heads to be sent are
//!   appended to a `Vec`.
//! - This is the only file that asks which role we have. What only a server or only a client does is in
//!   `connection/server.rs` and `connection/client.rs`: read this file first. What may follow a head that was sent is
//!   in `connection/sending.rs`. Most responses are sent on the shorter way of `connection/plain.rs`.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | what may follow what | an arm of the two tables, the diagram above, `fixtures/http/states.txt` |
//! | a state or an event | the same, and `tests/wire/machine/` (all pairs are tested) |
//! | how a response is framed | `response_framing` in `connection/server.rs`, and what `send_plain` in `connection/plain.rs` takes; a request: `send_request` in `connection/client.rs` |
//! | when a connection persists | `persistent` in this file and in `connection/`; what a head says: `is_persistent` in `messages/head.rs` |
//! | 100-continue, Upgrade, CONNECT | `continue_awaited`, `upgrade_offered`, `protocols_offered`, `connect` |
//!
//! # Exercises
//!
//! 1. A client may pipeline: send a second request before the first response. Which state would each
//!    exchange need, and why does this client not do it (RFC 9112 §9.3.2)?
//! 2. Take the arm `(State::Done, Event::Switch)` out of `request_step`. Which tests fail?
//!
//! # An exchange
//!
//! ```
//! use barewire::http::wire::{Connection, FieldList, Limits, RequestDecoder, ResponseOut, Role};
//!
//! let bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
//! let mut decoder = RequestDecoder::new(Limits::default());
//! decoder.decode(bytes).unwrap();
//!
//! let mut connection = Connection::new(Role::Server);
//! connection.receive_request(&decoder.head(bytes)).unwrap();
//! connection.receive_end().unwrap();
//!
//! let mut out = Vec::new();
//! let fields = FieldList::new();
//! connection.send_response(&ResponseOut::new(200, &fields), &mut out).unwrap();
//! connection.begin_data(5, &mut out).unwrap();
//! out.extend_from_slice(b"hello");
//! connection.end_data(&mut out);
//! connection.send_end(&FieldList::new(), &mut out).unwrap();
//! assert!(out.ends_with(b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
//! assert!(connection.next_exchange());
//! ```

mod client;
mod plain;
mod sending;
mod server;

use super::error::{Error, Rule};
use super::messages::{BodyLength, FieldList, Version, chunked};
use super::misuse::Misuse;
pub(crate) use plain::Plain;
use sending::{Framing, Sending};
pub(crate) use server::Asks;
use std::mem;

/// Which end of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends requests.
    Client,
    /// Sends responses.
    Server,
}

/// The state of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing has been sent in this exchange.
    Idle,
    /// Responses only: a request has arrived, its final response has not been sent.
    Waiting,
    /// A head has passed, its body has not ended.
    Body,
    /// The message is complete.
    Done,
    /// This direction has ended for good.
    Closed,
    /// The bytes belong to another protocol now.
    Switched,
    /// A rule was broken: the bytes that follow have no meaning.
    Failed,
}

/// What changes a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The head of a request.
    Request,
    /// A 1xx other than 101.
    Informational,
    /// The head of a final response.
    Response,
    /// A 101, or a 2xx to CONNECT.
    Switch,
    /// A piece of a body.
    Data,
    /// The end of a message.
    End,
    /// The end of the connection in this direction.
    Close,
    /// A broken rule.
    Fail,
}

/// The state of the requests after `event`; `None`: it must not happen in this state.
#[inline(always)]
pub fn request_step(state: State, event: Event) -> Option<State> {
    Some(match (state, event) {
        (State::Idle, Event::Request) => State::Body,
        (State::Body, Event::Data) => State::Body,
        (State::Body, Event::End) => State::Done,
        (State::Done, Event::Switch) => State::Switched,
        (State::Idle | State::Done | State::Closed, Event::Close) => State::Closed,
        (_, Event::Fail) => State::Failed,
        _ => return None,
    })
}

/// The state of the responses after `event`; `None`: it must not happen in this state.
#[inline(always)]
pub fn response_step(state: State, event: Event) -> Option<State> {
    Some(match (state, event) {
        (State::Idle, Event::Request) => State::Waiting,
        (State::Waiting, Event::Informational) => State::Waiting,
        (State::Waiting, Event::Response) => State::Body,
        (State::Waiting, Event::Switch) => State::Switched,
        (State::Idle, Event::Response) => State::Body,
        (State::Body, Event::Data) => State::Body,
        (State::Body, Event::End) => State::Done,
        (State::Idle | State::Done | State::Closed, Event::Close) => State::Closed,
        (_, Event::Fail) => State::Failed,
        _ => return None,
    })
}

/// The state of one connection.
#[derive(Clone, Debug)]
pub struct Connection {
    role: Role,
    requests: State,
    responses: State,
    persistent: bool,
    version: Version,
    head_only: bool,
    connect: bool,
    upgrade_offered: bool,
    /// A client's: the protocols, each with a comma behind it.
    protocols_offered: Vec<u8>,
    continue_awaited: bool,
    sending: Sending,
    /// What was added to the fields of the final head.
    added: Option<Added>,
}

/// What a connection adds to the head of a response.
#[derive(Clone, Copy, Debug)]
struct Added {
    kept_alive: Option<Version>,
    framing: Option<BodyLength>,
}

impl Connection {
    /// A new connection, in this role.
    pub fn new(role: Role) -> Connection {
        Connection {
            role,
            requests: State::Idle,
            responses: State::Idle,
            persistent: true,
            version: Version::Http11,
            head_only: false,
            connect: false,
            upgrade_offered: false,
            protocols_offered: Vec::new(),
            continue_awaited: false,
            sending: Sending::NOTHING,
            added: None,
        }
    }

    /// The state of the requests.
    pub fn requests(&self) -> State {
        self.requests
    }

    /// The state of the responses.
    pub fn responses(&self) -> State {
        self.responses
    }

    /// The version of the current request.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Whether the connection persists after this exchange, as far as is known now.
    pub fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// Makes this exchange the last one; a head that is sent after this call says `close`.
    pub fn close_after(&mut self) {
        self.persistent = false;
    }

    /// Whether the client still waits for a 100 or a final response before it sends its body.
    pub fn continue_awaited(&self) -> bool {
        self.continue_awaited
    }

    /// If both messages are complete and the connection persists, makes it ready for the next exchange.
    /// `false`: the connection must end.
    #[inline]
    pub fn next_exchange(&mut self) -> bool {
        let complete =
            self.requests == State::Done && self.responses == State::Done && self.persistent;
        if complete {
            // Nothing of this exchange may affect the next: a response to HEAD has no body, but the
            // response to a bad request after it has one.
            let mut protocols_offered = mem::take(&mut self.protocols_offered);
            protocols_offered.clear();
            *self = Connection {
                protocols_offered,
                ..Connection::new(self.role)
            };
        }
        complete
    }

    /// Inlined with its event, a step is one comparison.
    #[inline(always)]
    fn step(&mut self, event: Event, server_speaks: bool) -> Option<()> {
        if server_speaks {
            self.responses = response_step(self.responses, event)?;
        } else {
            self.requests = request_step(self.requests, event)?;
        }
        Some(())
    }

    #[inline(always)]
    fn received(&mut self, event: Event) -> Result<(), Error> {
        self.step(event, self.role == Role::Client)
            .ok_or_else(|| Error::whole(Rule::UnexpectedMessage))
    }

    #[inline(always)]
    fn sent(&mut self, event: Event) -> Result<(), Misuse> {
        self.step(event, self.role == Role::Server)
            .ok_or_else(|| self.misuse(event))
    }

    /// Why this must not be sent now.
    #[cold]
    fn misuse(&self, event: Event) -> Misuse {
        let ours = match self.role {
            Role::Server => self.responses,
            Role::Client => self.requests,
        };
        match (ours, event) {
            (State::Done, _) => Misuse::Ended,
            (State::Body, Event::Response | Event::Informational | Event::Switch) => {
                Misuse::HeadSent
            }
            _ => Misuse::State,
        }
    }

    // ---- what both roles receive and send -------------------------------------------------

    /// The body that is being received has ended, or there was none.
    ///
    /// # Errors
    /// [`Rule::UnexpectedMessage`] if no body was being received.
    #[inline]
    pub fn receive_end(&mut self) -> Result<(), Error> {
        self.received(Event::End)
    }

    /// The peer broke a rule: nothing more can be received.
    pub fn fail(&mut self) {
        self.persistent = false;
        match self.role {
            Role::Server => self.requests = State::Failed,
            Role::Client => self.responses = State::Failed,
        }
    }

    /// The peer's end of the stream.
    ///
    /// # Errors
    /// [`Rule::MessageTruncated`] if a message was being received.
    pub fn receive_close(&mut self) -> Result<(), Error> {
        self.persistent = false;
        let truncated = Error::whole(Rule::MessageTruncated);
        self.step(Event::Close, self.role == Role::Client)
            .ok_or(truncated)
    }

    /// Announces `length` bytes of body, which the caller appends or writes next, followed by
    /// [`end_data`](Self::end_data). `false`: the caller leaves both out, because this is the response to a
    /// HEAD, or there are no bytes.
    ///
    /// # Errors
    /// A [`Misuse`] if the body is longer than declared, or there must be none.
    #[inline]
    pub fn begin_data(&mut self, length: usize, out: &mut Vec<u8>) -> Result<bool, Misuse> {
        self.sending.check(length)?;
        self.sent(Event::Data)?;
        self.sending = self.sending.after(length);
        // A chunk of no bytes would be the last one (RFC 9112 §7.1).
        let goes = length > 0 && self.sending.sends_body();
        if goes && self.sending.framing == Framing::Chunked {
            chunked::encode_size(length, out);
        }
        Ok(goes)
    }

    /// What follows the bytes of one [`begin_data`](Self::begin_data) on the wire.
    #[inline]
    pub fn data_end(&self) -> &'static [u8] {
        if self.sending.framing == Framing::Chunked {
            b"\r\n"
        } else {
            b""
        }
    }

    /// Appends [`data_end`](Self::data_end), after the announced bytes.
    #[inline]
    pub fn end_data(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.data_end());
    }

    /// Ends the message that is being sent. Trailer fields need the chunked coding.
    ///
    /// # Errors
    /// [`Misuse::BodyTooShort`] if the declared length is not reached: nothing more can be sent on this
    /// connection then.
    #[inline]
    pub fn send_end(&mut self, trailers: &FieldList, out: &mut Vec<u8>) -> Result<(), Misuse> {
        if let Err(misuse) = self.sending.check_end(self.version, trailers) {
            self.persistent &= misuse != Misuse::BodyTooShort;
            return Err(misuse);
        }
        self.sent(Event::End)?;
        match self.sending.framing {
            Framing::Chunked => chunked::encode_last(trailers, out),
            Framing::UntilClose => self.persistent = false,
            _ => {}
        }
        Ok(())
    }
}
