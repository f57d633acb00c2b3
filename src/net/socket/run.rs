//! The loop that turns reads into events.

use super::events::{OnData, SocketEvents};
use super::{Socket, lock, outbox};
use crate::net::stream::is_timeout;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

impl Socket {
    /// Reads on this thread and calls `events`, until both directions have ended and
    /// [`close`](SocketEvents::close) has been called. The order is told at [`SocketEvents`].
    ///
    /// # Errors
    /// What `events` were told as `error`. [`ErrorKind::AlreadyExists`] if it runs or has run
    /// already, whatever the events.
    pub fn run(&self, events: impl SocketEvents) -> io::Result<()> {
        let events: Arc<dyn SocketEvents> = Arc::new(events);
        let _running = Running::begin(self, Arc::clone(&events))?;
        if self.inner.outgoing {
            events.connect(self);
        }
        if let Some(events) = outbox::take_drain(&self.inner) {
            events.drain(self);
        }
        let read = read_to_end(self, &*events);
        match &read {
            Ok(()) => finish(self, &*events),
            Err(_) => self.destroy(),
        }
        let error = read.err().or(outbox::last_words(&self.inner));
        if let Some(error) = &error {
            events.error(self, error);
        }
        events.close(self, error.is_some());
        error.map_or(Ok(()), Err)
    }

    /// [`run`](Socket::run) with a closure, where only `data` matters.
    ///
    /// # Errors
    /// As for [`run`](Socket::run).
    pub fn on_data<F>(&self, data: F) -> io::Result<()>
    where
        F: Fn(&Socket, &[u8]) + Send + Sync + 'static,
    {
        self.run(OnData(data))
    }
}

/// The events are with the socket for as long as the loop runs, so that its writer finds them.
struct Running<'a>(&'a Socket);

impl<'a> Running<'a> {
    fn begin(socket: &'a Socket, events: Arc<dyn SocketEvents>) -> io::Result<Running<'a>> {
        if socket.inner.has_run.swap(true, Ordering::Relaxed) {
            let text = "a socket's events run once";
            return Err(io::Error::new(ErrorKind::AlreadyExists, text));
        }
        *lock(&socket.inner.events) = Some(events);
        Ok(Running(socket))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.destroy();
        }
        let events = lock(&self.0.inner.events).take();
        drop(events);
    }
}

fn read_to_end(socket: &Socket, events: &dyn SocketEvents) -> io::Result<()> {
    let mut buf = Buffer::default();
    let mut text = String::new();
    let mut idle = Idle::default();
    loop {
        idle.set_timeout(socket)?;
        match buf.fill(socket) {
            _ if outbox::is_destroyed(&socket.inner) => return Ok(()),
            Ok([]) => {
                give_rest(socket, &mut text, events);
                events.end(socket);
                return Ok(());
            }
            Ok(chunk) => give(socket, chunk, &mut text, events),
            Err(e) if is_timeout(&e) => idle.look(socket, events),
            Err(e) => return Err(e),
        }
    }
}

fn give(socket: &Socket, chunk: &[u8], text: &mut String, events: &dyn SocketEvents) {
    text.clear();
    let decoded = lock(&socket.inner.decoder)
        .as_mut()
        .map(|decoder| decoder.decode(chunk, text));
    match decoded {
        None => events.data(socket, chunk),
        Some(_) if text.is_empty() => {} // not a whole character yet
        Some(_) => events.text(socket, text),
    }
}

fn give_rest(socket: &Socket, text: &mut String, events: &dyn SocketEvents) {
    text.clear();
    if let Some(decoder) = lock(&socket.inner.decoder).as_mut() {
        let _ = decoder.finish(text); // it replaces what is bad
    }
    if !text.is_empty() {
        events.text(socket, text);
    }
}

/// The peer has ended; now we. What breaks here is among the last words.
fn finish(socket: &Socket, events: &dyn SocketEvents) {
    if socket.inner.settings.allow_half_open {
        let mut idle = Idle::default();
        while !outbox::end_asked(&socket.inner, idle.next_wait(socket)) {
            idle.look(socket, events);
        }
    }
    let _ = socket.end();
    let _ = outbox::flush(&socket.inner);
}

/// The `timeout` event: once for each stretch without a byte.
#[derive(Default)]
struct Idle {
    /// The stream's read timeout, once we have set it.
    set: Option<Option<Duration>>,
    /// A write has begun a new stretch: so much of it is left.
    left: Option<Duration>,
    /// The stretch that has been told.
    told: Option<u64>,
}

impl Idle {
    /// How long to wait before [`look`](Idle::look)ing.
    fn next_wait(&mut self, socket: &Socket) -> Option<Duration> {
        self.left.take().or(socket.inner.activity.limit())
    }

    fn set_timeout(&mut self, socket: &Socket) -> io::Result<()> {
        let wait = Some(self.next_wait(socket));
        if self.set != wait {
            self.set = wait;
            socket.inner.stream.set_read_timeout(wait.flatten())?;
        }
        Ok(())
    }

    fn look(&mut self, socket: &Socket, events: &dyn SocketEvents) {
        let activity = &socket.inner.activity;
        let stretch = Some(activity.last());
        match activity.left() {
            Some(Duration::ZERO) if self.told != stretch => {
                self.told = stretch;
                events.timeout(socket);
            }
            Some(Duration::ZERO) | None => {}
            left => self.left = left,
        }
    }
}

const FIRST: usize = 1024;
const LARGEST: usize = 64 * 1024;

/// A read buffer that begins small and doubles whenever a read fills it.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    was_filled: bool,
}

impl Buffer {
    /// What one read brings; nothing at the end.
    pub(super) fn fill(&mut self, socket: &Socket) -> io::Result<&[u8]> {
        if self.was_filled || self.bytes.is_empty() {
            let len = (self.bytes.len() * 2).clamp(FIRST, LARGEST);
            self.bytes.resize(len, 0);
        }
        let n = socket.read(&mut self.bytes)?;
        self.was_filled = n == self.bytes.len();
        Ok(&self.bytes[..n])
    }
}
