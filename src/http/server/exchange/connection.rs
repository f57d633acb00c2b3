//! What a request and its response share while a handler runs: the state machine, the response queue and
//! the head of the response.
//!
//! This file has the state and the receiving direction. [`sending`] has the other, [`compressing`] what is compressed
//! on its way there.

mod compressing;
mod sending;

use super::draft::ResponseDraft;
use super::response_queue::ResponseQueue;
use crate::http::server::config::Config;
use crate::http::wire::{self, Connection, RequestHead, Role, State};
use crate::net::{Pipe, Slot, Stream, Tcp, Unix};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many bytes one check for the peer's close reads at once.
const CHECK_BYTES: usize = 512;
/// If a peer sends more than this behind a request, a FIN behind these bytes is not looked for: it cannot be seen
/// without keeping all of them.
const MAX_READ_AHEAD_BYTES: usize = 64 * 1024;

/// Whether an error of the protocol that a connection was handed over to blames the peer.
pub(crate) type BlamesPeer = fn(&(dyn std::error::Error + 'static)) -> bool;

/// The state of one connection beside its buffers. What few requests need comes last: see `RequestLoop`.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ServerConnection {
    pub(crate) machine: Connection,
    pub(crate) config: Arc<Config>,
    pub(crate) queue: Arc<ResponseQueue>,
    /// The place among the server's connections; it leaves with an upgraded stream.
    pub(crate) slot: Option<Slot>,
    /// Set when the stream belongs to another protocol.
    pub(crate) handed_over: Option<BlamesPeer>,
    /// [`check_peer_closed`](Self::check_peer_closed) has returned `true` in this exchange.
    pub(crate) peer_closed: bool,
    /// The read timeout that the stream has.
    read_timeout: Duration,
    /// The body is larger than what is read and dropped for a handler that leaves it unread.
    pub(crate) body_is_large: bool,
    /// Bytes came behind the current request: its response may leave together with the next. Before the
    /// end of a body has come, this is a guess.
    pub(crate) pipelined: bool,
    /// Whether somebody wants to know when the head of a response was sent that is sent in pieces.
    pub(crate) is_timed: bool,
    /// What has broken the receiving direction.
    pub(crate) read_failure: Option<io::ErrorKind>,
    /// Of this exchange: how many bytes were encoded, all that is sent for it.
    bytes_out: u64,
    pub(crate) draft: ResponseDraft,
    pub(crate) first_byte: Option<Instant>,
    buffers: Option<Box<RareBuffers>>,
}

/// What few exchanges need.
#[derive(Debug, Default)]
struct RareBuffers {
    /// What was read to check whether the peer has closed: the rest of the current request, and what is
    /// behind it.
    read_ahead: Vec<u8>,
    /// What follows the data of a large last piece; the memory is kept.
    after_data: Vec<u8>,
}

impl ServerConnection {
    pub(crate) fn new(
        config: Arc<Config>,
        queue: Arc<ResponseQueue>,
        slot: Option<Slot>,
    ) -> ServerConnection {
        ServerConnection {
            config,
            queue,
            read_timeout: Duration::ZERO,
            machine: Connection::new(Role::Server),
            draft: ResponseDraft::default(),
            slot,
            handed_over: None,
            read_failure: None,
            peer_closed: false,
            body_is_large: false,
            pipelined: false,
            bytes_out: 0,
            is_timed: false,
            first_byte: None,
            buffers: None,
        }
    }

    pub(crate) fn stream(&self) -> &dyn Stream {
        self.queue.stream().as_ref()
    }

    /// Starts an exchange.
    #[inline]
    pub(crate) fn request(&mut self, head: &RequestHead<'_>) -> Result<(), wire::Error> {
        self.restart_response();
        self.peer_closed = false;
        self.machine.receive_request(head)
    }

    /// Nothing is sent yet in this exchange.
    #[inline]
    pub(crate) fn restart_response(&mut self) {
        self.draft.restart();
        self.bytes_out = 0;
        self.first_byte = None;
    }

    /// Whether the connection has failed in one of its directions: nothing more can be read, or nothing sent.
    pub(crate) fn is_broken(&self) -> bool {
        self.machine.requests() == State::Failed || self.is_lost()
    }

    /// Whether no response can be sent any more.
    pub(crate) fn is_lost(&self) -> bool {
        self.read_failure.is_some() || self.queue.flush().is_err()
    }

    /// Whether the peer has closed, as far as that can be seen without sending anything. What has come is kept for
    /// the body of this request and for the next request.
    pub(crate) fn check_peer_closed(&mut self) -> bool {
        let receives = matches!(self.machine.requests(), State::Done | State::Body);
        let is_closed = receives && self.sees_end();
        self.peer_closed |= is_closed;
        is_closed
    }

    fn sees_end(&mut self) -> bool {
        let mut bytes = [0; CHECK_BYTES];
        while self.read_ahead().len() <= MAX_READ_AHEAD_BYTES {
            match self.stream().try_read(&mut bytes) {
                Ok(Some(n @ 1..)) => self.read_ahead_mut().extend_from_slice(&bytes[..n]),
                Ok(None) => return false,
                Ok(Some(_)) => return !self.is_half_closed(),
                Err(error) => return error.kind() != io::ErrorKind::Interrupted,
            }
        }
        self.refuses_writes()
    }

    /// What was read to check whether the peer has closed.
    #[inline]
    pub(crate) fn read_ahead(&self) -> &[u8] {
        let buffers = self.buffers.as_ref();
        buffers.map_or(&[], |buffers| &buffers.read_ahead)
    }

    #[cold]
    pub(crate) fn read_ahead_mut(&mut self) -> &mut Vec<u8> {
        &mut self.buffers.get_or_insert_default().read_ahead
    }

    /// Moves what was read ahead to the front of `into`; returns how many bytes.
    pub(crate) fn take_read_ahead(&mut self, into: &mut [u8]) -> usize {
        let bytes = self.read_ahead().len().min(into.len());
        if bytes > 0 {
            let read_ahead = self.read_ahead_mut();
            into[..bytes].copy_from_slice(&read_ahead[..bytes]);
            read_ahead.drain(..bytes);
        }
        bytes
    }

    /// Whether a peer that has ended its sending direction still receives. Over TCP a FIN counts as the end of
    /// both directions, since it looks the same. A Unix socket or a pipe knows the state of the other end.
    fn is_half_closed(&self) -> bool {
        let stream = self.stream().as_any();
        (stream.is::<Unix>() || stream.is::<Pipe>()) && !self.refuses_writes()
    }

    /// Whether the stream takes no more bytes. A write of none of them shows it: to a Unix socket or a pipe once the
    /// other end has closed, over TCP once it has sent a reset.
    fn refuses_writes(&self) -> bool {
        let stream = self.stream().as_any();
        let knows = stream.is::<Unix>() || stream.is::<Pipe>() || stream.is::<Tcp>();
        knows && self.stream().try_write(&[]).is_err()
    }

    /// Sets the stream's read timeout, if it has another one.
    #[inline]
    pub(crate) fn set_read_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        if timeout != self.read_timeout {
            self.stream().set_read_timeout(Some(timeout))?;
            self.read_timeout = timeout;
        }
        Ok(())
    }

    /// Sets it, if the stream has a longer one.
    #[inline]
    pub(crate) fn limit_read_timeout(&mut self, most: Duration) -> io::Result<()> {
        self.set_read_timeout(most.min(self.read_timeout))
    }

    /// The memory that is kept for the next exchange beside the queue's, in bytes: the large part of it.
    #[inline]
    pub(crate) fn kept_bytes(&self) -> usize {
        let kept =
            |buffers: &RareBuffers| buffers.read_ahead.capacity() + buffers.after_data.capacity();
        self.buffers.as_deref().map_or(0, kept)
    }

    /// Gives that memory back, when the connection is idle.
    pub(crate) fn shrink(&mut self) {
        self.queue.shrink();
        self.draft = ResponseDraft::default();
        if self.read_ahead().is_empty() {
            self.buffers = None;
        } else if let Some(buffers) = &mut self.buffers {
            buffers.after_data = Vec::new();
        }
    }
}
