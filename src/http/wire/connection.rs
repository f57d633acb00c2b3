//! One connection, both roles: what may come and what may be sent, in which order.
//!
//! A connection carries two streams of messages, requests one way and responses the
//! other. Each has a state of its own; what is legal depends on both.
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
//! The machine is two tables, [`request_step`] and [`response_step`], and a struct
//! that remembers what later steps need: was it HEAD, which version, is the client
//! waiting for a 100, how many bytes of the declared length are still to be sent.
//! It owns no bytes and knows no socket: heads come in decoded, heads go out
//! appended to a `Vec`. This is the only file that asks which role we play.
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

use super::body::BodyLength;
use super::chunked;
use super::error::{Error, Rule};
use super::fields::{FieldList, Known};
use super::message::{RequestHead, ResponseHead};
use super::method::Method;
use super::misuse::Misuse;
use super::outgoing::{self, RequestOut, ResponseOut};
use super::start_line::Version;

/// Which end of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends requests.
    Client,
    /// Sends responses.
    Server,
}

/// Where one direction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing has been said in this exchange.
    Idle,
    /// Responses only: a request is here, its final answer is not.
    Waiting,
    /// A head has passed, its body has not ended.
    Body,
    /// The message is complete.
    Done,
    /// This direction has ended for good.
    Closed,
    /// The bytes belong to another protocol now.
    Switched,
    /// A rule was broken: nothing can be known about the bytes that follow.
    Failed,
}

/// What moves a state.
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

/// Where `event` leads the stream of requests; `None`: it must not happen there.
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

/// Where `event` leads the stream of responses; `None`: it must not happen there.
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

/// How the body that we are sending is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    /// No body may follow, or (HEAD) it is counted and not sent.
    Nothing {
        counted: Option<u64>,
        head: bool,
    },
    Known {
        left: u64,
    },
    Chunked,
    UntilClose,
}

/// The 100 that a client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Continue {
    NotAsked,
    Awaited,
    Settled,
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
    awaited: Continue,
    sending: Sending,
}

impl Connection {
    /// A fresh connection, seen from this end.
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
            awaited: Continue::NotAsked,
            sending: Sending::Nothing {
                counted: None,
                head: false,
            },
        }
    }

    /// Where the stream of requests stands.
    pub fn requests(&self) -> State {
        self.requests
    }

    /// Where the stream of responses stands.
    pub fn responses(&self) -> State {
        self.responses
    }

    /// The version of the request at hand.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Whether the connection is to go on after this exchange, as far as is known now.
    pub fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// This exchange is the last one; a head that is sent from now on says so.
    pub fn close_after(&mut self) {
        self.persistent = false;
    }

    /// Whether the client still waits for a 100 or a final answer before it sends its body.
    pub fn continue_awaited(&self) -> bool {
        self.awaited == Continue::Awaited
    }

    /// Both messages are complete and the connection goes on: ready for the next exchange.
    /// `false`: it has to end.
    #[inline]
    pub fn next_exchange(&mut self) -> bool {
        let complete =
            self.requests == State::Done && self.responses == State::Done && self.persistent;
        if complete {
            // Nothing of this exchange may colour the next: an answer to HEAD has no body, the
            // answer to a bad request behind it has one.
            *self = Connection::new(self.role);
        }
        complete
    }

    fn step(&mut self, event: Event, server_speaks: bool) -> Option<()> {
        if server_speaks {
            self.responses = response_step(self.responses, event)?;
        } else {
            self.requests = request_step(self.requests, event)?;
        }
        Some(())
    }

    fn received(&mut self, event: Event) -> Result<(), Error> {
        self.step(event, self.role == Role::Client)
            .ok_or_else(|| Error::whole(Rule::UnexpectedMessage))
    }

    fn sent(&mut self, event: Event) -> Result<(), Misuse> {
        let ours = if self.role == Role::Server {
            self.responses
        } else {
            self.requests
        };
        self.step(event, self.role == Role::Server)
            .ok_or(match (ours, event) {
                (State::Done, _) => Misuse::Ended,
                (State::Body, Event::Response | Event::Informational | Event::Switch) => {
                    Misuse::HeadSent
                }
                _ => Misuse::State,
            })
    }

    // ---- what both roles receive and send -------------------------------------------------

    /// The body that is being received has ended, or there was none.
    ///
    /// # Errors
    /// [`Rule::UnexpectedMessage`] where no body was on its way.
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
    /// [`Rule::MessageTruncated`] where a message was on its way.
    pub fn receive_close(&mut self) -> Result<(), Error> {
        self.persistent = false;
        let truncated = Error::whole(Rule::MessageTruncated);
        self.step(Event::Close, self.role == Role::Client)
            .ok_or(truncated)
    }

    /// Announces `length` bytes of body, which the caller appends or writes next, followed by
    /// [`end_data`](Self::end_data). `false`: this is the answer to a HEAD, leave them out.
    ///
    /// # Errors
    /// A [`Misuse`] where the body is longer than declared, or there must be none.
    #[inline]
    pub fn begin_data(&mut self, length: usize, out: &mut Vec<u8>) -> Result<bool, Misuse> {
        let n = length as u64;
        match &mut self.sending {
            Sending::Known { left } if n <= *left => *left -= n,
            Sending::Nothing {
                counted: Some(left),
                ..
            } if n <= *left => *left -= n,
            Sending::Known { .. }
            | Sending::Nothing {
                counted: Some(_), ..
            } => {
                return Err(Misuse::BodyTooLong);
            }
            Sending::Nothing { head: false, .. } if n > 0 => return Err(Misuse::BodyNotAllowed),
            Sending::Chunked | Sending::UntilClose | Sending::Nothing { .. } => {}
        }
        self.sent(Event::Data)?;
        if self.sending == Sending::Chunked && length > 0 {
            chunked::encode_size(length, out);
        }
        Ok(!matches!(self.sending, Sending::Nothing { .. }))
    }

    /// What follows the bytes of one [`begin_data`](Self::begin_data) on the wire.
    #[inline]
    pub fn data_end(&self) -> &'static [u8] {
        if self.sending == Sending::Chunked {
            b"\r\n"
        } else {
            b""
        }
    }

    /// The bytes announced last are on their way: appends [`data_end`](Self::data_end).
    #[inline]
    pub fn end_data(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.data_end());
    }

    /// Ends the message that is being sent. Trailer fields need the chunked coding.
    ///
    /// # Errors
    /// [`Misuse::BodyTooShort`] where the declared length is not reached: nothing more can be
    /// sent on this connection then.
    #[inline]
    pub fn send_end(&mut self, trailers: &FieldList, out: &mut Vec<u8>) -> Result<(), Misuse> {
        if !trailers.view().is_empty() {
            self.check_trailers(trailers)?;
        }
        if matches!(self.sending, Sending::Known { left } if left > 0) {
            self.persistent = false;
            return Err(Misuse::BodyTooShort);
        }
        self.sent(Event::End)?;
        match self.sending {
            Sending::Chunked => chunked::encode_last(trailers, out),
            Sending::UntilClose => self.persistent = false,
            Sending::Nothing { .. } | Sending::Known { .. } => {}
        }
        Ok(())
    }

    fn check_trailers(&self, trailers: &FieldList) -> Result<(), Misuse> {
        if trailers
            .view()
            .iter()
            .any(|(name, _)| chunked::is_forbidden_trailer(name.as_bytes()))
        {
            return Err(Misuse::Trailer);
        }
        match self.sending {
            Sending::Chunked | Sending::Nothing { head: true, .. } => Ok(()),
            _ => Err(Misuse::TrailerWithoutChunked),
        }
    }

    // ---- server -----------------------------------------------------------------------------

    /// A request head has come.
    ///
    /// # Errors
    /// [`Rule::UnexpectedMessage`] where the exchange before it is not complete.
    #[inline]
    pub fn receive_request(&mut self, head: &RequestHead<'_>) -> Result<(), Error> {
        self.received(Event::Request)?;
        self.responses = response_step(self.responses, Event::Request)
            .ok_or_else(|| Error::whole(Rule::UnexpectedMessage))?;
        self.request_facts(head.method(), head.version());
        self.upgrade_offered = head.offers_upgrade();
        self.persistent &= head.is_persistent();
        self.awaited = if head.expects_continue() {
            Continue::Awaited
        } else {
            Continue::NotAsked
        };
        Ok(())
    }

    #[inline]
    fn request_facts(&mut self, method: Method<'_>, version: Version) {
        self.version = version;
        self.head_only = method.is_head();
        self.connect = method.is_connect();
    }

    /// Body bytes came without a 100: the client did not wait for one.
    // RFC 9110 §10.1.1: "A server MAY omit sending a 100 (Continue) response if it has already
    // received some or all of the content for the corresponding request"
    pub fn settle_continue(&mut self) {
        if self.awaited == Continue::Awaited {
            self.awaited = Continue::Settled;
        }
    }

    /// Appends a 1xx other than 101; to HTTP/1.0 nothing is sent.
    ///
    /// # Errors
    /// [`Misuse::Status`], [`Misuse::Framing`], or [`Misuse::HeadSent`] once the final head has
    /// been sent.
    pub fn send_informational(
        &mut self,
        status: u16,
        fields: &FieldList,
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        if !matches!(status, 100 | 102..=199) {
            return Err(Misuse::Status);
        }
        outgoing::check_unframed(fields)?;
        self.sent(Event::Informational)?;
        if status == 100 {
            self.settle_continue();
        }
        // RFC 9110 §15.2: "a server MUST NOT send a 1xx response to an HTTP/1.0 client."
        if self.version == Version::Http11 {
            outgoing::encode_informational(status, fields, out);
        }
        Ok(())
    }

    /// Appends the head of the final response, with the Connection and framing fields it needs.
    ///
    /// # Errors
    /// A [`Misuse`] where status, fields and body contradict each other; nothing is appended then.
    pub fn send_response(
        &mut self,
        head: &ResponseOut<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        if !matches!(head.status, 200..=599) || (self.connect && self.tunnels(head.status)) {
            return Err(Misuse::Status);
        }
        let sending = self.response_framing(head)?;
        self.sent(Event::Response)?;
        // RFC 9110 §10.1.1: the client may send the body or not, so what follows cannot be told apart
        if self.requests == State::Idle
            || self.awaited == Continue::Awaited
            || sending == Sending::UntilClose
        {
            self.persistent = false;
        }
        if outgoing::says_close(head.fields) {
            self.persistent = false;
        }
        self.sending = sending;
        let framing = match sending {
            _ if matches!(head.status, 204 | 304) => None,
            Sending::Chunked => Some(BodyLength::Chunked),
            Sending::Known { left } => Some(BodyLength::Known(left)),
            Sending::Nothing {
                counted: Some(n), ..
            } => Some(BodyLength::Known(n)),
            // RFC 9110 §9.3.2: "The server SHOULD send the same header fields in response to a HEAD
            // request as it would have sent if the request method had been GET."
            Sending::Nothing {
                counted: None,
                head: true,
            } if self.version == Version::Http11 => Some(BodyLength::Chunked),
            Sending::Nothing { .. } | Sending::UntilClose => None,
        };
        outgoing::encode_response(head, self.persistent, framing, out);
        Ok(())
    }

    fn tunnels(&self, status: u16) -> bool {
        matches!(status, 200..=299)
    }

    /// How a final response to the request at hand is framed (RFC 9112 §6).
    fn response_framing(&self, head: &ResponseOut<'_>) -> Result<Sending, Misuse> {
        let declared = outgoing::declared_length(head.fields)?;
        let chunked = outgoing::declares_chunked(head.fields)?;
        if declared.is_some()
            && (chunked || head.length.is_some_and(|length| declared != Some(length)))
        {
            let long = head.length > declared;
            return Err(match (chunked, long) {
                (true, _) => Misuse::Framing,
                (false, true) => Misuse::BodyTooLong,
                (false, false) => Misuse::BodyTooShort,
            });
        }
        // RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any response with a
        // status code of 1xx (Informational) or 204 (No Content)."
        // RFC 9112 §6.1: "A server MUST NOT send a Transfer-Encoding header field in any response
        // with a status code of 1xx (Informational) or 204 (No Content)."
        if head.status == 204 && (declared.is_some() || chunked) {
            return Err(Misuse::Framing);
        }
        let length = declared.or(head.length.filter(|_| !chunked));
        Ok(match length {
            _ if matches!(head.status, 204 | 304) => {
                if !self.head_only && head.length.is_some_and(|length| length > 0) {
                    return Err(Misuse::BodyNotAllowed);
                }
                Sending::Nothing {
                    counted: None,
                    head: self.head_only,
                }
            }
            _ if self.head_only => Sending::Nothing {
                counted: length,
                head: true,
            },
            Some(left) => Sending::Known { left },
            // RFC 9112 §6.1: "A server MUST NOT send a response containing Transfer-Encoding unless
            // the corresponding request indicates HTTP/1.1 (or later minor revisions)."
            None if self.version == Version::Http10 => Sending::UntilClose,
            None => Sending::Chunked,
        })
    }

    /// Appends the head that hands the connection to another protocol: a 101 with the given
    /// fields, or to CONNECT a 200.
    ///
    /// # Errors
    /// [`Misuse::Switch`] where the client did not ask, or its request has not been read to the end.
    pub fn send_switch(&mut self, fields: &FieldList, out: &mut Vec<u8>) -> Result<(), Misuse> {
        if self.requests != State::Done || !(self.connect || self.upgrade_offered) {
            return Err(Misuse::Switch);
        }
        outgoing::check_unframed(fields)?;
        self.sent(Event::Switch)?;
        self.requests = State::Switched;
        let status = if self.connect { 200 } else { 101 };
        outgoing::encode_switch(status, fields, out);
        Ok(())
    }

    // ---- client -----------------------------------------------------------------------------

    /// Appends a request head, with the framing fields it needs.
    ///
    /// # Errors
    /// A [`Misuse`] where its fields contradict each other, or the exchange before it is not complete.
    pub fn send_request(&mut self, head: &RequestOut<'_>, out: &mut Vec<u8>) -> Result<(), Misuse> {
        let declared = outgoing::declared_length(head.fields)?;
        let chunked = outgoing::declares_chunked(head.fields)?;
        if (declared.is_some()
            && (chunked || head.length.is_some_and(|length| declared != Some(length))))
            || head.fields.view().known(Known::Host).count() > 1
        {
            return Err(Misuse::Framing);
        }
        self.sent(Event::Request)?;
        self.responses = response_step(self.responses, Event::Request).ok_or(Misuse::State)?;
        self.request_facts(head.method, Version::Http11);
        self.upgrade_offered = head.fields.view().has(Known::Upgrade);
        let expects = head.fields.view().has(Known::Expect);
        self.awaited = if expects {
            Continue::Awaited
        } else {
            Continue::NotAsked
        };
        self.persistent &= !outgoing::says_close(head.fields);
        self.sending = match declared.or(head.length) {
            _ if chunked => Sending::Chunked,
            Some(left) => Sending::Known { left },
            None if head.streams => Sending::Chunked,
            None => Sending::Known { left: 0 },
        };
        outgoing::encode_request(head, self.sending == Sending::Chunked, out);
        Ok(())
    }

    /// A response head has come: how its body is framed, `None` for a 1xx, after which another head follows.
    ///
    /// # Errors
    /// The rule that its framing breaks, or [`Rule::UnexpectedMessage`] where no request waits for it.
    pub fn receive_response(
        &mut self,
        head: &ResponseHead<'_>,
    ) -> Result<Option<BodyLength>, Error> {
        // RFC 9112 §9.2: "If a client receives data on a connection that doesn't have outstanding
        // requests, the client MUST NOT consider that data to be a valid response"
        if self.responses != State::Waiting {
            return Err(Error::whole(Rule::UnexpectedMessage));
        }
        let status = head.status();
        if status == 101 || (self.connect && self.tunnels(status)) {
            if status == 101 && !self.upgrade_offered {
                return Err(Error::whole(Rule::UnexpectedMessage));
            }
            self.received(Event::Switch)?;
            self.requests = request_step(self.requests, Event::Switch)
                .ok_or_else(|| Error::whole(Rule::UnexpectedMessage))?;
            return Ok(Some(BodyLength::Known(0)));
        }
        if status < 200 {
            self.settle_continue();
            self.received(Event::Informational)?;
            return Ok(None);
        }
        let method = if self.head_only { "HEAD" } else { "GET" };
        let length = head.body_length(Method::from_token(method.as_bytes()))?;
        self.received(Event::Response)?;
        self.persistent &= head.is_persistent() && length != BodyLength::UntilClose;
        self.awaited = Continue::Settled;
        Ok(Some(length))
    }
}
