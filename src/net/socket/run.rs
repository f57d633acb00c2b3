//! The loop that turns reads into events.

use super::events::{OnData, SocketEvents};
use super::limit::Limit;
use super::queue::Queue;
use super::{Inner, Socket, flusher, lock, reading, waiting};
use crate::net::stream::is_timeout;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

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
        let error = read.err().or(waiting::final_error(&self.inner));
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
            flusher::call_drain(inner);
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
    let mut buf = reading::buffer();
    let mut text = String::new();
    loop {
        match reading::read_some(&socket.inner, &mut buf, idle.read_limits(&socket.inner)) {
            _ if reading::is_destroyed(&socket.inner) => return Ok(()),
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

/// The peer has ended; now we. What breaks here is the final error.
fn finish(socket: &Socket, events: &dyn SocketEvents, idle: &mut IdleNotice) {
    let inner = &socket.inner;
    let mut wait_until = |is_done: fn(&Queue<io::Error>) -> bool| {
        let is_over = |queue: &Queue<_>| queue.is_broken() || is_done(queue);
        while !waiting::until(inner, idle.next_wait(inner), is_over) {
            idle.look(socket, events);
        }
    };
    if inner.settings.allow_half_open {
        wait_until(Queue::is_end_asked);
    }
    let _ = socket.end();
    wait_until(Queue::is_end_sent);
}

/// The `timeout` event: once for each stretch without a byte.
#[derive(Default)]
struct IdleNotice {
    /// How long to wait before the next [`look`](IdleNotice::look), if that is not the whole limit.
    left: Option<Duration>,
    /// The stretch that `timeout` was called for, and how long we wait in it for another to begin.
    notified: Option<(u64, Duration)>,
}

/// A new stretch may begin unseen, by a write of another thread. It is looked for this often at most.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

impl IdleNotice {
    fn next_wait(&mut self, inner: &Inner) -> Option<Duration> {
        self.left.take().or(inner.activity.limit())
    }

    /// A socket with an idle notice is its owner's to end; others are cut by the server's limit.
    fn read_limits(&mut self, inner: &Inner) -> reading::Limits {
        let read = Limit::from(self.next_wait(inner));
        let idle = match read {
            Limit::NONE => inner.reading.idle_timeout(),
            _ => Limit::NONE,
        };
        reading::Limits { read, idle }
    }

    fn look(&mut self, socket: &Socket, events: &dyn SocketEvents) {
        let activity = &socket.inner.activity;
        let (Some(limit), Some(left)) = (activity.limit(), activity.left()) else {
            return;
        };
        let stretch = activity.last();
        if !left.is_zero() {
            self.left = Some(left);
            return;
        }
        let interval = match self.notified {
            // Nothing has moved since, so there is less and less reason to look.
            Some((same, before)) if same == stretch => before.saturating_mul(2),
            _ => limit,
        };
        let is_new = self.notified.is_none_or(|(before, _)| before != stretch);
        let interval = interval.min(limit.max(LOOK_INTERVAL));
        self.notified = Some((stretch, interval));
        self.left = Some(interval);
        if is_new {
            events.timeout(socket);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::pipe;

    struct Counts(std::sync::atomic::AtomicUsize);

    impl SocketEvents for Counts {
        fn timeout(&self, _socket: &Socket) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// `timeout` is called once for a stretch, however short; then there is nothing to do but to look,
    /// less and less often, whether another thread has written.
    #[test]
    fn fault_a27_a_timeout_of_zero_keeps_nobody_busy() {
        let (here, _there) = pipe();
        let socket = Socket::new(Arc::new(here));
        let (events, mut idle) = (Counts(0.into()), IdleNotice::default());
        socket.set_timeout(Some(Duration::ZERO));
        let mut waited = Duration::ZERO;
        for _ in 0..100 {
            waited += idle.next_wait(&socket.inner).unwrap();
            thread::sleep(Duration::from_micros(2));
            idle.look(&socket, &events);
        }
        assert_eq!(events.0.load(Ordering::Relaxed), 1);
        assert!(waited > Duration::from_secs(60), "{waited:?}");
        socket.write("a new stretch");
        idle.next_wait(&socket.inner).unwrap();
        thread::sleep(Duration::from_micros(2));
        idle.look(&socket, &events);
        assert_eq!(events.0.load(Ordering::Relaxed), 2);
    }
}
