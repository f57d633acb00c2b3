//! The loop that turns reads into events.

use super::events::{OnData, SocketEvents};
use super::idle::IdleNotice;
use super::limit::Limit;
use super::queue::SendQueue;
use super::reading::{self, Limits};
use super::{Inner, Socket};
use crate::net::cause::Cause;
use crate::net::guarded::guarded;
use crate::net::lock::lock;
use crate::net::stream::is_timeout;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

impl Socket {
    /// Reads on this thread and calls `events`, until both directions have ended and
    /// [`close`](SocketEvents::close) has been called. [`SocketEvents`] has the order.
    ///
    /// # Errors
    /// What `events` were given as `error`. [`ErrorKind::AlreadyExists`] if it runs or has run
    /// already, whatever the events.
    pub fn run(&self, events: impl SocketEvents) -> io::Result<()> {
        let events: Arc<dyn SocketEvents> = Arc::new(events);
        let running = Running::begin(self)?;
        if self.inner.outgoing {
            events.connect(self);
        }
        running.listen(Arc::clone(&events));
        let mut idle = IdleNotice::default();
        let read = read_to_end(self, &*events, &mut idle);
        match &read {
            Ok(()) => finish(self, &*events, &mut idle),
            Err(_) => self.destroy(),
        }
        let error = read.err().or(self.inner.final_error());
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

/// From `connect` to `close`.
struct Running<'a>(&'a Socket);

impl<'a> Running<'a> {
    fn begin(socket: &'a Socket) -> io::Result<Running<'a>> {
        if socket.inner.has_run.swap(true, Ordering::Relaxed) {
            let text = "a socket's events run once";
            return Err(io::Error::new(ErrorKind::AlreadyExists, text));
        }
        Ok(Running(socket))
    }

    /// From now on the flush thread finds the events, and calls `drain`. If the queue has emptied
    /// before, this thread does.
    fn listen(&self, events: Arc<dyn SocketEvents>) {
        let inner = &self.0.inner;
        *lock(&inner.events) = Some(events);
        let is_due = inner.writing.lock().queue.listen();
        if is_due {
            inner.call_drain();
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.destroy();
        }
        let events = lock(&self.0.inner.events).take();
        drop(events); // not ours, and so not under the lock
    }
}

fn read_to_end(
    socket: &Socket,
    events: &dyn SocketEvents,
    idle: &mut IdleNotice,
) -> io::Result<()> {
    let inner = &socket.inner;
    let mut buf = reading::buffer();
    let mut text = String::new();
    loop {
        match inner.read_some(&mut buf, read_limits(inner, idle)) {
            _ if inner.is_destroyed() => return Ok(()),
            Ok([]) => {
                give_rest(socket, &mut text, events);
                events.end(socket);
                return Ok(());
            }
            Ok(chunk) => give(socket, chunk, &mut text, events),
            Err(e) if is_timeout(&e) => check_idle(socket, events, idle),
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

/// The peer has ended; now we. What breaks here is the final error.
fn finish(socket: &Socket, events: &dyn SocketEvents, idle: &mut IdleNotice) {
    let inner = &socket.inner;
    let mut wait_until = |is_done: fn(&SendQueue<Cause>) -> bool| {
        let is_over = |queue: &SendQueue<_>| queue.is_broken() || is_done(queue);
        while !inner.wait(idle.next_wait(&inner.activity), is_over).1 {
            check_idle(socket, events, idle);
        }
    };
    if inner.settings.allow_half_open {
        wait_until(SendQueue::is_end_asked);
    }
    let _ = socket.end();
    wait_until(SendQueue::is_end_sent);
}

/// A socket with an idle notice is its owner's to end; others are cut by the server's limit.
fn read_limits(inner: &Inner, idle: &mut IdleNotice) -> Limits {
    let read = Limit::from(idle.next_wait(&inner.activity));
    let idle = match read {
        Limit::NONE => inner.reading.idle_timeout(),
        _ => Limit::NONE,
    };
    Limits { read, idle }
}

fn check_idle(socket: &Socket, events: &dyn SocketEvents, idle: &mut IdleNotice) {
    if idle.is_due(&socket.inner.activity) {
        events.timeout(socket);
    }
}

impl Inner {
    /// Calls `drain` as often as it is due. The caller has claimed it from the queue.
    pub(super) fn call_drain(self: &Arc<Inner>) {
        let mut is_due = true;
        while is_due {
            let events = lock(&self.events).clone();
            let socket = Socket {
                inner: Arc::clone(self),
            };
            // What the events and the socket drop is dropped in here, too: it is the user's.
            let call = move || events.iter().for_each(|events| events.drain(&socket));
            if guarded(call).is_err() {
                self.break_off(Some(Cause::new(ErrorKind::Other, "drain panicked")));
            }
            let mut state = self.writing.lock();
            is_due = state.queue.drain_returned();
            self.writing.notify(&state);
        }
    }
}
