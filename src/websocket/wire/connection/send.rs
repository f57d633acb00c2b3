//! The half that sends: messages in, bytes out, and the control frames that answer the peer.
//!
//! ```text
//!   send("yakexi")            81 06 79 61 6b 65 78 69
//!
//!   received(Ping("a")) ──▶ pending: a pong with "a"
//!   received(Ping("b")) ──▶ pending: a pong with "b"       only the newest
//!   append_pending_control()  8a 01 62
//! ```
//!
//! The reading thread calls [`received`](Sender::received), which only notes the pending frame. The thread that
//! writes appends it. So a reader never waits for a peer that does not read. If the pending frames are
//! appended after each frame that was received, each ping is answered.
//!
//! Every frame of a client has a key of its own (RFC 6455 §5.3), so each call takes a function `key`. It is
//! called once for each frame of a client, and never for a server.

use super::super::close::{Close, CloseCode};
use super::super::error::Error;
use super::super::frame::{CONTROL_MAX, Header, Opcode};
use super::super::mask::Mask;
use super::super::message::{Kind, Payload};
use super::super::misuse::Misuse;
use super::frames::{COMPRESSED, Kept};
use super::receive::Received;
use super::role::Role;
use super::state::{Event, State, step};
use std::mem;

/// Encodes the frames that are sent to the peer.
#[derive(Clone, Debug)]
pub struct Sender {
    role: Role,
    state: State,
    /// Whether messages may be compressed.
    deflates: bool,
    /// The kind of the message in parts, and whether it is compressed.
    kind: Kind,
    is_compressed: bool,
    /// The payload of the newest ping, and whether its pong is pending.
    pong: Vec<u8>,
    pong_pending: bool,
    close: Option<Close<'static>>,
}

impl Sender {
    /// At the start of a connection, seen from this end.
    pub fn new(role: Role) -> Sender {
        Sender {
            role,
            state: State::Idle,
            deflates: false,
            kind: Kind::Binary,
            is_compressed: false,
            pong: Vec::new(),
            pong_pending: false,
            close: None,
        }
    }

    /// Messages may be [compressed](Payload::is_compressed), as was agreed on in the handshake.
    #[must_use]
    pub fn with_deflate(self) -> Sender {
        Sender {
            deflates: true,
            ..self
        }
    }

    /// A sender of the same connection that has sent nothing.
    pub(crate) fn another(&self) -> Sender {
        Sender {
            deflates: self.deflates,
            ..Sender::new(self.role)
        }
    }

    /// Which end of the connection this is.
    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// The state of our direction.
    pub fn state(&self) -> State {
        self.state
    }

    // ---- messages ---------------------------------------------------------------------------

    /// Appends a message in one frame: [`Data`](super::super::Data), or a compressed [`Payload`].
    ///
    /// # Errors
    /// [`Misuse::Unfinished`], [`Misuse::Closed`] or [`Misuse::Compression`]; nothing is appended then.
    #[inline(always)] // no call for each message
    pub fn send<'d>(
        &mut self,
        message: impl Into<Payload<'d>>,
        key: impl FnOnce() -> [u8; 4],
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        let message = message.into();
        let bits = self.bits(&message)?;
        let opcode = opcode(message.kind);
        self.frame(Event::Whole, opcode, bits, message.bytes, key, out)
    }

    /// Appends the next part of a message as a frame: the first part begins the message, the last one ends it.
    /// Other messages have to wait until then; pings, pongs and Close frames may come between.
    ///
    /// # Errors
    /// [`Misuse::Kind`], [`Misuse::Closed`] or [`Misuse::Compression`]; nothing is appended then.
    pub fn send_part<'d>(
        &mut self,
        part: impl Into<Payload<'d>>,
        last: bool,
        key: impl FnOnce() -> [u8; 4],
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        let part = part.into();
        out.reserve(Header::MAX + part.bytes.len());
        let mask = self.begin_part(part, last, key, out)?;
        append(part.bytes, mask, out);
        Ok(())
    }

    /// As [`send_part`](Self::send_part), but only the header is appended. The caller writes the bytes of
    /// the part behind it, masked if there is a mask. So a server writes a long message without copying it.
    ///
    /// # Errors
    /// As [`send_part`](Self::send_part).
    pub fn begin_part<'d>(
        &mut self,
        part: impl Into<Payload<'d>>,
        last: bool,
        key: impl FnOnce() -> [u8; 4],
        out: &mut Vec<u8>,
    ) -> Result<Option<Mask>, Misuse> {
        let part = part.into();
        let continues = self.state == State::Message;
        if continues && part.kind != self.kind {
            return Err(Misuse::Kind);
        }
        if continues && part.is_compressed != self.is_compressed {
            return Err(Misuse::Compression);
        }
        let (event, opcode) = match (continues, last) {
            (false, true) => (Event::Whole, opcode(part.kind)),
            (false, false) => (Event::First, opcode(part.kind)),
            (true, false) => (Event::Middle, Opcode::Continuation),
            (true, true) => (Event::Last, Opcode::Continuation),
        };
        let bits = match continues {
            true => 0,
            false => self.bits(&part)?,
        };
        let mask = self.header(event, opcode, bits, part.bytes.len(), key, out)?;
        (self.kind, self.is_compressed) = (part.kind, part.is_compressed);
        Ok(mask)
    }

    /// The reserved bits of a message's first frame.
    // RFC 7692 §6.1: "An endpoint MUST set the "Per-Message Compressed" bit of the first fragment"
    #[inline]
    fn bits(&self, payload: &Payload<'_>) -> Result<u8, Misuse> {
        match payload.is_compressed {
            false => Ok(0),
            true if self.deflates => Ok(COMPRESSED),
            true => Err(Misuse::Compression),
        }
    }

    // ---- control frames ---------------------------------------------------------------------

    /// Appends a ping; the peer answers with the same bytes.
    ///
    /// # Errors
    /// [`Misuse::ControlTooLong`] or [`Misuse::Closed`]; nothing is appended then.
    pub fn ping(
        &mut self,
        payload: &[u8],
        key: impl FnOnce() -> [u8; 4],
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        self.control(Opcode::Ping, payload, key, out)
    }

    /// Appends a pong that answers nothing: a sign of life. The answer to a ping is pending until
    /// [`append_pending_control`](Self::append_pending_control).
    ///
    /// # Errors
    /// [`Misuse::ControlTooLong`] or [`Misuse::Closed`]; nothing is appended then.
    pub fn pong(
        &mut self,
        payload: &[u8],
        key: impl FnOnce() -> [u8; 4],
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        self.control(Opcode::Pong, payload, key, out)
    }

    /// Appends a Close frame: the last frame of this side, also inside a message.
    ///
    /// # Errors
    /// [`Misuse::Closed`]; nothing is appended then.
    pub fn close(
        &mut self,
        close: Close<'_>,
        key: impl FnOnce() -> [u8; 4],
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        let mut payload = Kept::<CONTROL_MAX>::EMPTY;
        if let Some(code) = close.code() {
            payload.push(&code.number().to_be_bytes());
            payload.push(close.reason().as_bytes());
        }
        self.frame(Event::Close, Opcode::Close, 0, payload.bytes(), key, out)
    }

    fn control(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        key: impl FnOnce() -> [u8; 4],
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        match payload.len() > CONTROL_MAX {
            true => Err(Misuse::ControlTooLong),
            false => self.frame(Event::Control, opcode, 0, payload, key, out),
        }
    }

    // ---- pending control frames -------------------------------------------------------------

    /// A frame was received: its answer, if it has one, is pending from now on.
    // RFC 6455 §5.5.3: "If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in
    // response to previous Ping frame(s), the endpoint MAY elect to send a Pong frame for only the
    // most recently processed Ping frame."
    // RFC 6455 §5.5.1: "If an endpoint receives a Close frame and did not previously send a Close
    // frame, the endpoint MUST send a Close frame in response."
    #[inline]
    pub fn received(&mut self, received: &Received<'_>) {
        match received {
            Received::Ping(payload) => {
                self.pong.clear();
                self.pong.extend_from_slice(payload);
                self.pong_pending = true;
            }
            Received::Close(close) => self.close = Some(close.answer()),
            Received::Message(_) | Received::Part { .. } | Received::Pong(_) => {}
        }
    }

    /// The peer broke a rule: a Close frame that names it is pending; none is if the bytes have ended.
    // RFC 6455 §7.1.7: "the endpoint SHOULD send a Close frame with an appropriate status code
    // (Section 7.4) before proceeding to _Close the WebSocket Connection_"
    #[cold]
    pub fn fail(&mut self, error: &Error) {
        let code = CloseCode::new(error.close_code().unwrap_or_default());
        match code.and_then(|code| Close::new(code, error.rule().says())) {
            Ok(close) => self.close = Some(close),
            Err(_) => self.state = step(self.state, Event::Fail).unwrap_or(self.state),
        }
    }

    /// Whether [`append_pending_control`](Self::append_pending_control) has something to append.
    #[inline]
    pub fn has_pending_control(&self) -> bool {
        let open = matches!(self.state, State::Idle | State::Message);
        open && (self.pong_pending || self.close.is_some())
    }

    /// Appends the pending frames: a pong for the newest ping, a Close frame. Nothing follows a Close
    /// frame.
    pub fn append_pending_control(&mut self, mut key: impl FnMut() -> [u8; 4], out: &mut Vec<u8>) {
        if !self.has_pending_control() {
            return;
        }
        if mem::take(&mut self.pong_pending) {
            let payload = mem::take(&mut self.pong);
            // Both frames are short enough, and nothing is pending after a Close frame: no error is possible.
            let _ = self.control(Opcode::Pong, &payload, &mut key, out);
            self.pong = payload; // for the next
        }
        if let Some(close) = self.close.take() {
            let _ = self.close(close, &mut key, out);
        }
    }

    // ---- frames -----------------------------------------------------------------------------

    #[inline(always)] // no call for each message
    fn frame(
        &mut self,
        event: Event,
        opcode: Opcode,
        rsv: u8,
        payload: &[u8],
        key: impl FnOnce() -> [u8; 4],
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        out.reserve(Header::MAX + payload.len());
        let mask = self.header(event, opcode, rsv, payload.len(), key, out)?;
        append(payload, mask, out);
        Ok(())
    }

    // RFC 6455 §5.3: "When preparing a masked frame, the client MUST pick a fresh masking key from
    // the set of allowed 32-bit values."
    #[inline(always)]
    fn header(
        &mut self,
        event: Event,
        opcode: Opcode,
        rsv: u8,
        length: usize,
        key: impl FnOnce() -> [u8; 4],
        out: &mut Vec<u8>,
    ) -> Result<Option<Mask>, Misuse> {
        self.state = step(self.state, event).ok_or(match self.state {
            State::Idle | State::Message => Misuse::Unfinished,
            State::Closed | State::Failed => Misuse::Closed,
        })?;
        let key = self.role.masks().then(key);
        let header = Header {
            fin: !matches!(event, Event::First | Event::Middle),
            rsv,
            opcode,
            length: length as u64,
            key,
        };
        header.encode(out);
        Ok(key.map(Mask::new))
    }
}

#[inline]
fn opcode(kind: Kind) -> Opcode {
    match kind {
        Kind::Text => Opcode::Text,
        Kind::Binary => Opcode::Binary,
    }
}

#[inline]
fn append(payload: &[u8], mask: Option<Mask>, out: &mut Vec<u8>) {
    match mask {
        Some(mut mask) => mask.append(payload, out),
        None => out.extend_from_slice(payload),
    }
}
