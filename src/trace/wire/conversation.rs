//! The conversation: both directions of one connection, explained while it goes on.
//!
//! ```text
//!            requests             │            responses
//!  ┌▶ Head ──▶ Body ─┬▶ Head …    │   ┌▶ Head ──▶ Body ─┬▶ Head …
//!  │                 │            │   └─ a 1xx          └▶ behind the end
//!  │                 ▼            │        │
//!  └─ declined ──── Held          │        │ 101, or 2xx to CONNECT
//!                    │ switched   │        ▼
//!                    ▼            │   frames, or opaque
//!            frames, or opaque    │
//!
//!  the first byte is that of a record ──▶ Tls, both directions
//!  any ── a rule is broken ──▶ Refused: the rest has no meaning
//! ```

use super::exchange::{Exchanges, MOST_UNANSWERED, Meaning, Next, request_length};
use super::framing::Framed;
use super::http::{Body, Coding, Good, request, response};
use super::labels::Label;
use super::protocol::Protocol;
use super::side::{Found, Now, Side, Stage};
use super::span::{Direction, Explained, Note};
use super::step::Refusal;
use super::tls::Records;
use super::websocket::Frames;
use crate::http::wire::{
    BodyDecoder, BodyLength, Error, Limits, RequestDecoder, ResponseDecoder, Rule,
};
use crate::websocket::wire::Role;
use std::fmt;
use std::time::Duration;

/// The most bytes that are kept behind a request that may switch protocols, until its response has come.
const MOST_HELD: usize = 256 * 1024;

/// Explains what passes over one connection: HTTP/1.1 and what it switches to, or TLS as far as it can be read without
/// a key.
///
/// It keeps the bytes of a head, of a control frame or of a line that has not come whole: no more than the
/// [`Limits`], whatever the peers send; of TLS a record and a handshake message. Bodies and payloads are explained in
/// pieces, as they come.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction};
/// use std::time::Duration;
///
/// let mut conversation = Conversation::new();
/// let mut seen = String::new();
/// for piece in [&b"HEAD / HT"[..], b"TP/1.1\r\nHost: a", b"\r\n\r\n"] {
///     for explained in conversation.receive(Direction::FromClient, Duration::ZERO, piece) {
///         seen += &explained.to_string();
///     }
/// }
/// assert!(seen.contains("http.request.method            HEAD"));
/// ```
pub struct Conversation {
    limits: Limits,
    client: Side,
    server: Side,
    requests: RequestDecoder,
    responses: ResponseDecoder,
    exchanges: Exchanges,
    /// Whether another request may follow the one that came last.
    persists: bool,
    /// Whether the first byte is to say what this connection carries.
    detects: bool,
}

/// The spans that are finished with the bytes that have just come: see [`Conversation::receive`].
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction};
/// use std::time::Duration;
///
/// let mut conversation = Conversation::new();
/// let spans = conversation.receive(Direction::FromServer, Duration::ZERO, b"HTTP/1.1 200");
/// assert_eq!(spans.count(), 0); // the head is not complete
/// ```
#[derive(Debug)]
#[must_use = "the bytes are explained while this is iterated over"]
pub struct Spans<'c> {
    conversation: &'c mut Conversation,
}

impl Iterator for Spans<'_> {
    type Item = Explained;

    fn next(&mut self) -> Option<Explained> {
        self.conversation.next()
    }
}

/// Bytes that wait here may hold secrets: none is printed.
impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation")
            .field("from_client", &self.client.offset)
            .field("from_server", &self.server.offset)
            .finish_non_exhaustive()
    }
}

impl Default for Conversation {
    fn default() -> Conversation {
        Conversation::new()
    }
}

impl Conversation {
    /// At the first byte of a connection.
    pub fn new() -> Conversation {
        Conversation::with_limits(Limits::default())
    }

    /// The same, for heads and chunk extensions of at most this size: a longer one is refused, as a server with
    /// these limits refuses it.
    pub fn with_limits(limits: Limits) -> Conversation {
        Conversation {
            limits,
            client: Side::new(Direction::FromClient),
            server: Side::new(Direction::FromServer),
            requests: RequestDecoder::new(limits),
            responses: ResponseDecoder::new(limits),
            exchanges: Exchanges::default(),
            persists: true,
            detects: true,
        }
    }

    /// At the first byte of a connection that carries this.
    pub fn of(protocol: Protocol) -> Conversation {
        let mut conversation = Conversation::new();
        conversation.detects = matches!(protocol, Protocol::Detected);
        for side in [&mut conversation.client, &mut conversation.server] {
            side.stage = match &protocol {
                Protocol::Detected | Protocol::Http => Stage::Head,
                Protocol::Tls | Protocol::TlsWith(_) => Stage::Tls(Records::from(side.from)),
                Protocol::Framed(framing) => Stage::Framed(Framed::new(framing.clone())),
                Protocol::Bytes => Stage::Opaque(Label::Bytes),
            };
        }
        conversation
    }

    /// Shows the credentials of `Authorization` and `Proxy-Authorization`, the values of cookies, passwords in URIs,
    /// and `access_token` in a query. They are hidden unless this is called, also in bytes that are refused.
    /// Content, messages and datagrams are never hidden.
    #[must_use]
    pub fn show_secrets(mut self) -> Conversation {
        self.client.shows_secrets = true;
        self.server.shows_secrets = true;
        self
    }

    /// Some bytes have passed, at this `time`: since the connection began or since 1970, for it is only returned in
    /// [`Explained::time`]. Returns the spans that are finished with them, in the order of their bytes. Take them all
    /// before the next call: a span that is not taken comes with the next ones, and its bytes are kept until then.
    pub fn receive(&mut self, from: Direction, time: Duration, bytes: &[u8]) -> Spans<'_> {
        self.detect(bytes);
        self.side(from).receive(time, bytes);
        Spans { conversation: self }
    }

    /// A direction has ended: no more bytes come from there. What was not complete is refused. The last span of
    /// each direction is [`Label::End`], or the rule that the end breaks; it has no bytes.
    pub fn end(&mut self, from: Direction, time: Duration) -> Spans<'_> {
        self.side(from).end(time);
        if from == Direction::FromServer {
            self.release();
        }
        Spans { conversation: self }
    }

    /// The first byte of the connection says whether it is TLS.
    fn detect(&mut self, bytes: &[u8]) {
        let Some(first) = bytes.first().filter(|_| self.detects) else {
            return;
        };
        self.detects = false;
        // The types of a record. No message of HTTP begins with one of them.
        if matches!(first, 20..=23) {
            let sides = [&mut self.client, &mut self.server].into_iter();
            for side in sides.filter(|side| matches!(side.stage, Stage::Head)) {
                side.stage = Stage::Tls(Records::from(side.from));
            }
        }
    }

    /// Some bytes have passed that nobody has kept: how many. They are a leaf ([`Label::Gap`]) without bytes. If they are
    /// content, and something of it is still to come, the message goes on behind them. Otherwise nothing more is
    /// known of this direction, nor of responses whose requests are missing.
    ///
    /// ```
    /// use barewire::trace::wire::{Conversation, Direction::FromServer, Label};
    /// use std::time::Duration;
    ///
    /// # use barewire::trace::wire::Direction::FromClient;
    /// # let mut conversation = Conversation::new();
    /// # let _ = conversation.receive(FromClient, Duration::ZERO, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").count();
    /// let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    /// assert_eq!(conversation.receive(FromServer, Duration::ZERO, head).count(), 1);
    /// let gap = conversation.gap(FromServer, Duration::ZERO, 999).next().unwrap();
    /// assert_eq!((gap.span.label, gap.span.value.as_str()), (Label::Gap, "999 bytes"));
    /// let last = conversation.receive(FromServer, Duration::ZERO, b"!").next().unwrap();
    /// assert_eq!(last.span.label, Label::BodyData);
    /// ```
    pub fn gap(&mut self, from: Direction, time: Duration, length: u64) -> Spans<'_> {
        self.side(from).miss(time, length);
        Spans { conversation: self }
    }

    fn side(&mut self, from: Direction) -> &mut Side {
        match from {
            Direction::FromClient => &mut self.client,
            Direction::FromServer => &mut self.server,
        }
    }

    fn next(&mut self) -> Option<Explained> {
        loop {
            let derived = self.client.take_derived();
            if let Some(derived) = derived.or_else(|| self.server.take_derived()) {
                return Some(derived);
            }
            if let (Stage::Tls(client), Stage::Tls(server)) =
                (&mut self.client.stage, &self.server.stage)
            {
                client.follow(server);
            }
            let (found, client) = match self.client.stage {
                Stage::Head => self.request(),
                Stage::Held => self.held(),
                _ => self.client.step(),
            };
            if client == Now::MessageEnded {
                self.request_ended();
            }
            if found.is_some() {
                return found;
            }
            let (found, server) = match self.server.stage {
                Stage::Head => self.response(),
                _ => self.server.step(),
            };
            if server == Now::MessageEnded {
                self.response_ended();
            }
            if found.is_some() || (client, server) == (Now::Waits, Now::Waits) {
                return found;
            }
        }
    }

    /// The head of a request.
    fn request(&mut self) -> Found {
        let bytes = self.client.bytes();
        let (length, unencoded) = match self.requests.decode(bytes) {
            Ok(Some(length)) => (length, None),
            Ok(None) => {
                let none = self.client.no_head(self.requests.is_idle());
                return none
                    .unwrap_or_else(|| self.bad_request(&Error::whole(Rule::MessageTruncated)));
            }
            // The server redirects the client to the encoded target, and the connection goes on behind the head.
            Err(error) if error.rule() == Rule::TargetUnencoded => {
                let at = self.client.offset + error.at() as u64;
                let note = Refusal::http(&error, Some(at)).note(Label::Refused);
                (self.requests.head_length(), Some(note))
            }
            Err(error) => return self.bad_request(&error),
        };
        let mut brush = self.client.brush();
        brush.bytes = &bytes[..length];
        let head = self.requests.head(brush.bytes);
        let (number, mut notes) = (self.exchanges.coming(), vec![request_length(&head)]);
        notes.extend(self.exchanges.request(&head));
        notes.extend(unencoded);
        request(&mut brush, &self.requests, Some(&head), Good::All(notes));
        self.persists = head.is_persistent();
        let (body, coding) = (head.body_length(), Coding::of(head.fields()));
        let painted = brush.finish();
        self.client.exchange = Some(number);
        self.requests.restart();
        let found = painted.map(|painted| self.client.explained(painted));
        match body {
            BodyLength::Known(0) => (found, Now::MessageEnded),
            body => {
                let decoder = BodyDecoder::new(body, self.limits);
                self.client.stage = Stage::Body(Body::new(decoder, coding));
                (found, Now::GoesOn)
            }
        }
    }

    /// The bytes are no request.
    fn bad_request(&mut self, error: &Error) -> Found {
        let bytes = self.client.bytes();
        let (broken, refusal) = self.client.locate(error, self.requests.places(bytes).end);
        let mut brush = self.client.brush();
        request(&mut brush, &self.requests, None, Good::Before(broken));
        let painted = brush.finish();
        let number = self.exchanges.bad_request(self.requests.is_head(bytes));
        self.client.exchange = Some(number);
        self.client.stage = Stage::Refused(refusal);
        (painted.map(|good| self.client.explained(good)), Now::GoesOn)
    }

    fn request_ended(&mut self) {
        let may_switch = self.exchanges.request_ended();
        self.exchanges.forget();
        self.client.exchange = None;
        self.client.stage = if may_switch {
            Stage::Held
        } else if self.exchanges.len() >= MOST_UNANSWERED {
            Stage::Unexplained(format!("{MOST_UNANSWERED} requests have no response yet"))
        } else {
            Stage::behind_message(self.persists)
        };
    }

    /// Bytes behind a request that may switch protocols.
    fn held(&mut self) -> Found {
        let length = self.client.bytes().len();
        if length > MOST_HELD {
            let why = "no response has said yet which protocol they belong to";
            self.client.stage = Stage::Unexplained(why.into());
            return (None, Now::GoesOn);
        }
        (self.client.end_mark(None), Now::Waits)
    }

    /// The request was answered without a switch: what is held belongs to the next one.
    fn release(&mut self) {
        if let Stage::Held = self.client.stage {
            self.client.stage = Stage::behind_message(self.persists);
        }
    }

    /// The head of a response.
    fn response(&mut self) -> Found {
        let bytes = self.server.bytes();
        let length = match self.responses.decode(bytes) {
            Ok(Some(length)) => length,
            Ok(None) => {
                let none = self.server.no_head(self.responses.is_idle());
                return none
                    .unwrap_or_else(|| self.bad_response(&Error::whole(Rule::MessageTruncated)));
            }
            Err(error) => return self.bad_response(&error),
        };
        if self.exchanges.are_answered() && matches!(self.client.stage, Stage::Unexplained(_)) {
            let why = "what they answer is not known".to_owned();
            self.server.stage = Stage::Unexplained(why);
            return (None, Now::GoesOn);
        }
        let asking = self.client.bytes();
        let has_begun = matches!(self.client.stage, Stage::Head) && !self.requests.is_idle();
        if self.exchanges.are_answered() && has_begun && !asking.is_empty() {
            self.exchanges.early(self.requests.is_head(asking));
        }
        let mut brush = self.server.brush();
        brush.bytes = &bytes[..length];
        let head = self.responses.head(brush.bytes);
        let key = self.exchanges.key().map(<[u8]>::to_vec);
        let number = self.exchanges.answered();
        let meaning = match self.exchanges.response(&head) {
            Ok(meaning) => meaning,
            Err(refusal) => return self.refuse_response(length, refusal),
        };
        let note = match &meaning {
            Meaning::Final(_, length) => length.clone(),
            Meaning::Switched(Next::Tunnel) => Note::new(Label::Length2, "0 bytes"),
            Meaning::Interim | Meaning::Switched(_) => Note::new(Label::Length1, "0 bytes"),
        };
        response(
            &mut brush,
            &self.responses,
            Good::All(vec![note]),
            key.as_deref(),
        );
        let (painted, coding) = (brush.finish(), Coding::of(head.fields()));
        self.server.exchange = number;
        self.responses.restart();
        let found = painted.map(|painted| self.server.explained(painted));
        (found, self.follow(meaning, coding))
    }

    /// What follows a response head.
    fn follow(&mut self, meaning: Meaning, coding: Coding) -> Now {
        match meaning {
            Meaning::Interim => {}
            Meaning::Final(length, _) => {
                self.release();
                if length == BodyLength::Known(0) {
                    return Now::MessageEnded;
                }
                let decoder = BodyDecoder::of_response(length, self.limits);
                self.server.stage = Stage::Body(Body::new(decoder, coding));
            }
            Meaning::Switched(next) => {
                let stage = |from, role| match next {
                    Next::WebSocket(agreed) => {
                        let frames = Frames::received_by(role);
                        Stage::Frames(match agreed {
                            Some(agreed) => frames.with_deflate(&agreed, from),
                            None => frames,
                        })
                    }
                    Next::Tunnel => Stage::Opaque(Label::Tunnel),
                    Next::Other => Stage::Opaque(Label::Switched),
                };
                self.exchanges = Exchanges::default();
                (self.client.exchange, self.server.exchange) = (None, None);
                self.client.stage = stage(Direction::FromClient, Role::Server);
                self.server.stage = stage(Direction::FromServer, Role::Client);
            }
        }
        Now::GoesOn
    }

    /// The bytes are no response.
    fn bad_response(&mut self, error: &Error) -> Found {
        let end = self.responses.places(self.server.bytes()).end;
        let (broken, refusal) = self.server.locate(error, end);
        self.refuse_response(broken, refusal)
    }

    fn refuse_response(&mut self, broken: usize, refusal: Refusal) -> Found {
        let mut brush = self.server.brush();
        let key = self.exchanges.key();
        response(&mut brush, &self.responses, Good::Before(broken), key);
        let painted = brush.finish();
        self.server.exchange = self.exchanges.answered();
        self.server.stage = Stage::Refused(refusal);
        (painted.map(|good| self.server.explained(good)), Now::GoesOn)
    }

    fn response_ended(&mut self) {
        self.server.exchange = None;
        self.server.stage = Stage::behind_message(self.exchanges.response_ended());
    }
}
