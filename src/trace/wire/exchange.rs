//! Which response answers which request.
//!
//! A request makes an exchange; the next response belongs to the oldest exchange that has none. The machine of
//! `http::wire` says what may come: a 1xx before the response, no body to HEAD, a tunnel after CONNECT, another
//! protocol after a 101.

use super::labels::Label;
use super::span::Note;
use super::step::Refusal;
use crate::http::wire::{
    BodyLength, Connection, FieldList, Known, RequestHead, ResponseHead, Role, State,
};
use crate::websocket::wire::Rule::ExtensionNotAsked;
use crate::websocket::wire::{Agreement, Offer, Opening};
use std::collections::VecDeque;

/// A peer that sends more requests than this without a response is not followed further.
pub(super) const MOST_UNANSWERED: usize = 1000;

/// One request and its responses.
#[derive(Debug)]
pub(super) struct Exchange {
    number: u64,
    connection: Connection,
    is_connect: bool,
    may_switch: bool,
    opening: Option<Opening>,
    /// The client can use extensions, which change the frames.
    offers_extensions: bool,
}

/// What a response head means for the connection.
#[derive(Debug)]
pub(super) enum Meaning {
    /// Another head follows.
    Interim,
    /// Its body follows.
    Final(BodyLength, Note),
    /// The bytes that follow belong to a tunnel, or to another protocol.
    Switched(Next),
}

/// What follows a head that switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    WebSocket(Option<Agreement>),
    Tunnel,
    Other,
}

/// The exchanges that are not complete, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    open: VecDeque<Exchange>,
    /// The number of the next one.
    next: u64,
}

impl Exchanges {
    /// The number of the request that is coming.
    pub(super) fn coming(&self) -> u64 {
        self.next
    }

    /// The number of the request that is answered next.
    pub(super) fn answered(&self) -> Option<u64> {
        self.open.front().map(|first| first.number)
    }

    /// A request has passed; returns a note if it offers a WebSocket.
    pub(super) fn request(&mut self, head: &RequestHead<'_>) -> Option<Note> {
        let mut connection = Connection::new(Role::Client);
        let passed = connection.request_passed(head);
        debug_assert!(passed.is_ok());
        let is_websocket = |protocol: &[u8]| protocol.eq_ignore_ascii_case(b"websocket");
        let wants_websocket = head.fields().list("Upgrade").any(is_websocket);
        let offer = wants_websocket.then(|| Offer::read(head));
        let note = match &offer {
            Some(Ok(_)) => Some(Note::new(Label::Offer, "")),
            Some(Err(error)) => Some(Refusal::websocket(error, None).note(Label::OfferRefused)),
            None => None,
        };
        let offer = offer.and_then(Result::ok);
        self.open.push_back(Exchange {
            number: self.next,
            connection,
            is_connect: head.method().is_connect(),
            may_switch: head.method().is_connect() || head.offers_upgrade(),
            opening: offer.as_ref().map(Opening::of),
            offers_extensions: offer.is_some_and(|offer| !offer.extensions().is_empty()),
        });
        self.next += 1;
        note
    }

    /// The request that came last has ended. Returns whether its response decides whose bytes follow.
    pub(super) fn request_ended(&mut self) -> bool {
        let Some(last) = self.open.back_mut() else {
            return false;
        };
        let ended = last.connection.send_end(&FieldList::new(), &mut Vec::new());
        debug_assert!(ended.is_ok());
        last.may_switch && last.connection.responses() == State::Waiting
    }

    /// What came behind the last exchange is no request: a server may answer it all the same. Returns its number.
    pub(super) fn bad_request(&mut self, is_head: bool) -> u64 {
        self.early(is_head);
        self.next += 1;
        self.next - 1
    }

    /// The head that is coming is answered before it is complete.
    pub(super) fn early(&mut self, is_head: bool) {
        let mut exchange = Exchange::without_request(self.next);
        exchange.connection.bad_request_passed(is_head);
        self.open.push_back(exchange);
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether no response is awaited.
    pub(super) fn are_answered(&self) -> bool {
        let mut responses = self.open.iter().map(|it| it.connection.responses());
        !responses.any(|state| state == State::Waiting)
    }

    /// The Sec-WebSocket-Key of the request that is answered next.
    pub(super) fn key(&self) -> Option<&[u8]> {
        let opening = self.open.front()?.opening.as_ref();
        opening.map(Opening::key)
    }

    /// A response head has passed.
    ///
    /// # Errors
    /// The rule that its framing or its handshake breaks, or that it answers nothing.
    pub(super) fn response(&mut self, head: &ResponseHead<'_>) -> Result<Meaning, Refusal> {
        let mut nothing = Exchange::without_request(self.next);
        let exchange = self.open.front_mut().unwrap_or(&mut nothing);
        exchange.response(head)
    }

    /// The final response of the oldest exchange has ended. Returns whether the connection persists.
    pub(super) fn response_ended(&mut self) -> bool {
        let Some(first) = self.open.front_mut() else {
            return false;
        };
        let ended = first.connection.receive_end();
        debug_assert!(ended.is_ok());
        let persists = first.connection.is_persistent();
        self.forget();
        persists
    }

    /// Forgets the oldest exchange if both its messages are complete.
    pub(super) fn forget(&mut self) {
        let complete = |first: &Exchange| {
            let requests = first.connection.requests();
            let responses = first.connection.responses();
            responses == State::Done && matches!(requests, State::Done | State::Failed)
        };
        if self.open.front().is_some_and(complete) {
            self.open.pop_front();
        }
    }
}

impl Exchange {
    fn without_request(number: u64) -> Exchange {
        Exchange {
            number,
            connection: Connection::new(Role::Client),
            is_connect: false,
            may_switch: false,
            opening: None,
            offers_extensions: false,
        }
    }

    fn response(&mut self, head: &ResponseHead<'_>) -> Result<Meaning, Refusal> {
        let received = self.connection.receive_response(head);
        let Some(length) = received.map_err(|error| Refusal::http(&error, None))? else {
            return Ok(Meaning::Interim);
        };
        if self.connection.responses() != State::Switched {
            let chosen = response_length(self.connection.answers_head_only(), head, length);
            return Ok(Meaning::Final(length, chosen));
        }
        Ok(Meaning::Switched(match &self.opening {
            _ if self.is_connect => Next::Tunnel,
            Some(opening) => match opening.check(head) {
                Ok(agreed) => Next::WebSocket(agreed.deflate),
                // An extension that is not known here.
                Err(error) if self.offers_extensions && error.rule() == ExtensionNotAsked => {
                    Next::Other
                }
                Err(error) => return Err(Refusal::websocket(&error, None)),
            },
            None => Next::Other,
        }))
    }
}

/// Which rule of RFC 9112 §6.3 has chosen the length of a request.
pub(super) fn request_length(head: &RequestHead<'_>) -> Note {
    let rule = match head.body_length() {
        BodyLength::Known(_) if head.fields().has(Known::ContentLength) => Label::Length6,
        BodyLength::Known(_) => Label::Length7,
        BodyLength::Chunked | BodyLength::UntilClose => Label::Length4,
    };
    Note::new(rule, says(head.body_length()))
}

fn response_length(is_head: bool, head: &ResponseHead<'_>, length: BodyLength) -> Note {
    let rule = match (length, head.status()) {
        (_, 100..=199 | 204 | 304) => Label::Length1,
        _ if is_head => Label::Length1,
        (BodyLength::Known(_), _) => Label::Length6,
        (BodyLength::Chunked, _) => Label::Length4,
        (BodyLength::UntilClose, _) => Label::Length8,
    };
    Note::new(rule, says(length))
}

fn says(length: BodyLength) -> String {
    match length {
        BodyLength::Known(bytes) => format!("{bytes} bytes"),
        BodyLength::Chunked => "chunked".into(),
        BodyLength::UntilClose => "until close".into(),
    }
}
