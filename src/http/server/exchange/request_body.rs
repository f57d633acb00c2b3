//! The body of the current request, read as it comes.
//!
//! ```text
//!   the connection's read buffer         the body buffer: only where more must be read
//!  ┌──────────┬───────────────────┐     ┌───────────────────────────────────┐
//!  │ head     │ head_tail         │ ──▶ │ body bytes … │ next request …     │
//!  └──────────┴───────────────────┘     └───────────────────────────────────┘
//!    borrowed    head_tail_at ▲
//! ```
//!
//! The handler borrows the head from the read buffer, so this buffer cannot grow meanwhile. What the
//! connection receives while a handler runs goes into the body buffer, or straight into the handler's
//! own ([`BodyReader`] decides). [`BodyState`] is what a connection keeps from one body to the next,
//! [`RequestBody`] is one body.

mod collect;

use super::budget::{Budget, Charge};
use super::connection::ServerConnection;
use crate::http::body_reader::{BodyReader, BodySource};
use crate::http::error::Error;
use crate::http::wire::{self, BodyLength, Rule, Step};
use crate::net::{Pace, ReadBuffer, is_timeout};
use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

const FIRST_BUFFER_BYTES: usize = 16 * 1024;
/// A reader that keeps up with a fast peer copies what is still in the processor's cache; with a quarter of this it falls
/// behind, and a gigabyte costs it 1.5 times the processor time. Only full reads lead here, and a row of small ones back.
const MAX_BUFFER_BYTES: usize = 1024 * 1024;
/// Memory up to this size is kept for the next request.
const KEPT_BYTES: usize = 64 * 1024;

/// What a connection keeps from one body to the next. Most requests have none: they see that here, and go no further.
#[derive(Debug)]
pub(crate) struct BodyState {
    /// The request has no body, and nothing is left of one before it: what follows is as new.
    is_unused: bool,
    budget: Arc<Budget>,
    /// None before the first body, and when the connection has been quiet since.
    memory: Option<Box<BodyMemory>>,
}

/// What the bodies of a connection need.
#[derive(Debug)]
struct BodyMemory {
    reader: BodyReader,
    /// How much of the head's tail is decoded.
    head_tail_at: usize,
    buffer: ReadBuffer,
    collected: Vec<u8>,
    /// What this body takes of the memory for all collected bodies.
    charge: Charge,
    pace: Pace,
    /// How many bytes were read behind the head's tail.
    received: u64,
}

static NO_BODY: BodyReader = BodyReader::of_requests();

impl BodyState {
    pub(crate) fn new(budget: Arc<Budget>) -> BodyState {
        BodyState {
            is_unused: true,
            budget,
            memory: None,
        }
    }

    /// The body of a next request. Most requests have none, and touch nothing here.
    #[inline]
    pub(crate) fn restart(
        &mut self,
        length: BodyLength,
        connection: &mut ServerConnection,
    ) -> Result<(), wire::Error> {
        match self.is_unused && length == BodyLength::Known(0) {
            true => connection.machine.receive_end(),
            false => self.restart_used(length, connection),
        }
    }

    #[inline(never)]
    fn restart_used(
        &mut self,
        length: BodyLength,
        connection: &mut ServerConnection,
    ) -> Result<(), wire::Error> {
        self.is_unused = length == BodyLength::Known(0);
        let limits = connection.config.limits;
        let memory = self.memory(|| connection.config.pace());
        memory.reader.restart(length, limits);
        memory.pace.restart();
        memory.received = 0;
        memory.head_tail_at = 0;
        memory.buffer.clear();
        if memory.reader.has_ended() {
            connection.machine.receive_end()
        } else {
            Ok(())
        }
    }

    #[inline]
    fn memory(&mut self, pace: impl FnOnce() -> Pace) -> &mut BodyMemory {
        let budget = &self.budget;
        self.memory
            .get_or_insert_with(|| BodyMemory::new(pace(), budget))
    }

    /// Whether the request has no body, so that nothing here has changed.
    #[inline]
    pub(crate) fn is_unused(&self) -> bool {
        self.is_unused
    }

    pub(crate) fn reader(&self) -> &BodyReader {
        self.memory
            .as_ref()
            .map_or(&NO_BODY, |memory| &memory.reader)
    }

    /// How many bytes of the head's tail belong to the body.
    pub(crate) fn head_tail_used(&self) -> usize {
        self.memory.as_ref().map_or(0, |memory| memory.head_tail_at)
    }

    /// How many bytes of the body have come, its framing included.
    pub(crate) fn bytes_in(&self) -> u64 {
        self.memory.as_ref().map_or(0, |memory| memory.bytes_in())
    }

    /// What was received behind the end of the body.
    pub(crate) fn pipelined(&self) -> &[u8] {
        self.memory
            .as_ref()
            .map_or(&[], |memory| memory.buffer.unread())
    }

    /// The request has ended, and what came behind its body has been taken.
    pub(crate) fn end(&mut self) {
        if let Some(memory) = &mut self.memory {
            memory.shrink_to(KEPT_BYTES);
        }
    }

    /// The memory that is kept for the next body, in bytes: the large part of it.
    #[inline]
    pub(crate) fn kept_bytes(&self) -> usize {
        let kept = |memory: &BodyMemory| memory.buffer.size() + memory.collected.capacity();
        self.memory.as_deref().map_or(0, kept)
    }

    /// Gives that memory back, when the connection has nothing to do.
    pub(crate) fn shrink(&mut self) {
        self.memory = None;
    }
}

impl BodyMemory {
    #[cold]
    fn new(pace: Pace, budget: &Arc<Budget>) -> Box<BodyMemory> {
        Box::new(BodyMemory {
            reader: BodyReader::of_requests(),
            head_tail_at: 0,
            buffer: ReadBuffer::new(FIRST_BUFFER_BYTES, MAX_BUFFER_BYTES),
            collected: Vec::new(),
            charge: Charge::new(budget.clone()),
            pace,
            received: 0,
        })
    }

    fn bytes_in(&self) -> u64 {
        let (decoded, content) = (self.head_tail_at as u64, self.reader.content() as u64);
        if self.received == 0 {
            return decoded + content; // which is in the head's tail
        }
        let pipelined = match self.reader.has_ended() {
            true => self.buffer.unread().len() as u64 - content,
            false => 0,
        };
        decoded + self.received - pipelined
    }

    /// Gives back what is larger.
    fn shrink_to(&mut self, bytes: usize) {
        if self.buffer.size() > bytes {
            self.buffer = ReadBuffer::new(FIRST_BUFFER_BYTES, MAX_BUFFER_BYTES);
        }
        if self.collected.capacity() > bytes {
            self.collected = Vec::new();
        }
        self.charge.clear();
    }
}

/// The body of one request: its state, and where its bytes come from.
#[derive(Debug)]
pub(crate) struct RequestBody<'a> {
    state: &'a mut BodyState,
    /// What was read behind the head.
    head_tail: &'a [u8],
    connection: &'a RefCell<ServerConnection>,
}

impl<'a> RequestBody<'a> {
    pub(crate) fn new(
        state: &'a mut BodyState,
        head_tail: &'a [u8],
        connection: &'a RefCell<ServerConnection>,
    ) -> RequestBody<'a> {
        RequestBody {
            state,
            head_tail,
            connection,
        }
    }

    pub(crate) fn reader(&self) -> &BodyReader {
        self.state.reader()
    }

    pub(crate) fn connection(&self) -> &'a RefCell<ServerConnection> {
        self.connection
    }

    #[inline]
    fn memory(&mut self) -> &mut BodyMemory {
        let connection = self.connection;
        let pace = || connection.borrow().config.pace();
        self.state.memory(pace)
    }

    /// The bytes behind the body: the connection switches to another protocol.
    pub(crate) fn take_pipelined(&mut self) -> Vec<u8> {
        let mut bytes = self.head_tail[self.state.head_tail_used()..].to_vec();
        bytes.extend_from_slice(self.state.pipelined());
        if let Some(memory) = &mut self.state.memory {
            memory.reader = BodyReader::of_requests();
            memory.shrink_to(0);
        }
        bytes
    }

    /// Waits for some bytes of the body, as long as the peer keeps its pace, or until `until`. First
    /// everything that is pending is sent.
    fn read_within_pace(
        &mut self,
        into: &mut [u8],
        until: Option<Instant>,
    ) -> Result<Option<usize>, Error> {
        let connection = self.connection;
        connection.borrow_mut().before_body()?;
        let read_ahead = connection.borrow_mut().take_read_ahead(into);
        if read_ahead > 0 {
            let memory = self.memory();
            memory.pace.went(read_ahead);
            memory.received += read_ahead as u64;
            return Ok(Some(read_ahead));
        }
        let left = self.left(until);
        connection.borrow_mut().limit_read_timeout(left)?;
        loop {
            let start = Instant::now();
            let read = connection.borrow().stream().read(into);
            let bytes = match read {
                // The server stops: no fault of the client's, and no reason for a 400.
                Ok(0) if connection.borrow().queue.is_ending() => {
                    self.give_up();
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                Ok(0) => return Ok(Some(0)),
                Ok(bytes) => bytes,
                Err(error) if is_timeout(&error) => 0,
                Err(error) => {
                    connection.borrow_mut().read_failure = Some(error.kind());
                    if connection.borrow().queue.is_ending() {
                        self.give_up();
                        return Err(error.into());
                    }
                    let truncated = self.fail(wire::Error::whole(Rule::MessageTruncated));
                    // TLS that ends without close_notify is the same fault of the client as a FIN without TLS.
                    if error.kind() == io::ErrorKind::UnexpectedEof {
                        return Err(truncated);
                    }
                    return Err(error.into());
                }
            };
            if self.memory().pace.waited(start.elapsed(), bytes).is_err() {
                return Err(self.fail(wire::Error::whole(Rule::RequestTimeout)));
            }
            if bytes > 0 {
                self.memory().received += bytes as u64;
                return Ok(Some(bytes));
            }
            if until.is_some_and(|until| until <= Instant::now()) {
                return Ok(None);
            }
            // The peer has sent nothing: the next read waits until its time is over.
            let left = self.left(until);
            connection.borrow_mut().set_read_timeout(left)?;
        }
    }

    /// How long to wait for the peer from now on.
    fn left(&mut self, until: Option<Instant>) -> Duration {
        let left = self.memory().pace.left();
        match until {
            Some(until) => left.min(until.saturating_duration_since(Instant::now())),
            None => left,
        }
    }

    fn is_in_head_tail(&self) -> bool {
        self.state.head_tail_used() < self.head_tail.len()
    }
}

impl BodySource for RequestBody<'_> {
    const IS_RESPONSE: bool = false;

    fn parts(&mut self) -> (&mut BodyReader, &[u8]) {
        let (is_in_head_tail, head_tail) = (self.is_in_head_tail(), self.head_tail);
        let memory = self.memory();
        let input = match is_in_head_tail {
            true => &head_tail[memory.head_tail_at..],
            false => memory.buffer.unread(),
        };
        (&mut memory.reader, input)
    }

    fn advance(&mut self, bytes: usize) {
        match self.is_in_head_tail() {
            true => self.memory().head_tail_at += bytes,
            false => _ = self.memory().buffer.consume(bytes),
        }
    }

    fn receive(
        &mut self,
        into: Option<&mut [u8]>,
        until: Option<Instant>,
    ) -> Result<Option<usize>, Error> {
        if let Some(into) = into {
            return self.read_within_pace(into, until);
        }
        let taken = ReadBuffer::new(FIRST_BUFFER_BYTES, MAX_BUFFER_BYTES);
        let mut buffer = std::mem::replace(&mut self.memory().buffer, taken);
        let received = self.read_within_pace(buffer.room(), until);
        let bytes = received.as_ref().map_or(0, |bytes| bytes.unwrap_or(0));
        buffer.filled(bytes);
        buffer.shrink_behind(bytes);
        self.memory().buffer = buffer;
        received
    }

    fn decoded(&mut self, step: Step) -> Result<(), Error> {
        let (_, input) = self.parts();
        let behind = input.len() - step.data;
        let mut connection = self.connection.borrow_mut();
        connection.machine.clear_continue_awaited();
        if step.ended {
            connection.pipelined = behind > 0;
            connection.machine.receive_end()?;
        }
        Ok(())
    }

    fn give_up(&mut self) {
        self.connection.borrow_mut().machine.fail();
    }
}
