//! The writer: the thread that writes what is queued, and tells when that is done.

use super::{Guard, Pen, Waits, break_off, break_with, lay_down, send, set_waits};
use crate::net::socket::{Inner, Socket, SocketEvents};
use crate::net::stream::is_timeout;
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;

/// It calls [`drain`](crate::net::SocketEvents::drain), which is not ours.
const STACK: usize = 512 * 1024;

/// Hands the pen to a new thread.
pub(super) fn start(inner: &Arc<Inner>, mut state: Guard<'_>) -> io::Result<()> {
    state.pen = Pen::Caller;
    drop(state);
    let own = Arc::clone(inner);
    let builder = thread::Builder::new().name("barewire writer".to_owned());
    let Err(e) = builder.stack_size(STACK).spawn(move || work(&own)) else {
        return Ok(());
    };
    // Not as it is: the system's word for "no thread" is that of a timeout.
    let error = || io::Error::other(format!("no thread could be started for the writer: {e}"));
    let mut state = inner.outbox.lock();
    state.pen = Pen::Down;
    break_with(inner, state, Some(error()));
    Err(error())
}

fn work(inner: &Arc<Inner>) {
    let mut state = inner.outbox.lock();
    state.pen = Pen::Writer(thread::current().id());
    loop {
        state = empty_queue(inner, state);
        let Some(events) = state.take_drain(inner) else {
            let _ = lay_down(inner, state);
            return;
        };
        drop(state);
        tell_drain(inner, &*events);
        state = inner.outbox.lock();
    }
}

/// Writes until nothing is queued or nothing can be written. Called with the pen, by the writer.
pub(super) fn empty_queue<'a>(inner: &'a Arc<Inner>, mut state: Guard<'a>) -> Guard<'a> {
    let mut batch = Vec::new();
    while !state.queue.is_empty() && !state.broken {
        set_waits(inner, &mut state, Waits::Stall);
        mem::swap(&mut batch, &mut state.queue);
        state.in_hand = batch.len();
        state = write_out(inner, state, &batch);
        batch.clear();
    }
    state
}

fn write_out<'a>(inner: &'a Arc<Inner>, mut state: Guard<'a>, mut batch: &[u8]) -> Guard<'a> {
    while !batch.is_empty() && !state.broken {
        let sent;
        (state, sent) = send(inner, state, &[IoSlice::new(batch)]);
        match sent {
            Ok(0) => state.fail(ErrorKind::WriteZero.into()),
            Ok(n) => batch = &batch[n..],
            Err(e) if is_timeout(&e) && Arc::strong_count(inner) == 1 => state.fail(e),
            Err(_) => {} // noted
        }
        state.in_hand = batch.len();
    }
    state.in_hand = 0;
    state
}

fn tell_drain(inner: &Arc<Inner>, events: &dyn SocketEvents) {
    let socket = Socket {
        inner: Arc::clone(inner),
    };
    if panic::catch_unwind(AssertUnwindSafe(|| events.drain(&socket))).is_err() {
        break_off(inner, Some(io::Error::other("drain panicked")));
    }
}
