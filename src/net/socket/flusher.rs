//! The flush thread: it writes what is queued, and calls `drain`. It is started when bytes are left
//! over and ends when none are, so a socket whose peer reads has none.

use super::queue::Step;
use super::turn::Turn;
use super::writing::{Guard, PIECE_BYTES, break_off};
use super::{Inner, Socket, lock};
use std::io::{self, IoSlice};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;

/// In bytes. The thread calls [`drain`](crate::net::SocketEvents::drain), which is not ours.
const STACK_BYTES: usize = 512 * 1024;

/// Starts it, with the write turn.
pub(super) fn start(inner: &Arc<Inner>) -> io::Result<()> {
    let own = Arc::clone(inner);
    let builder = thread::Builder::new().name("barewire flusher".to_owned());
    let Err(e) = builder.stack_size(STACK_BYTES).spawn(move || flush(&own)) else {
        return Ok(());
    };
    // Not as it is: the system's word for "no thread" is that of a timeout.
    let error = || io::Error::other(format!("no thread could be started for the writer: {e}"));
    break_off(inner, Some(error()));
    let mut state = inner.writing.lock();
    state.queue.turn_lost();
    inner.writing.notify(&state);
    Err(error())
}

fn flush(inner: &Arc<Inner>) {
    let turn = Turn::new(inner);
    let mut batch = Vec::new();
    loop {
        let mut state = inner.writing.lock();
        match state.queue.next_step() {
            Step::Write => {
                batch.clear();
                state.queue.take_batch(&mut batch);
                write_batch(&turn, state, &batch);
            }
            Step::SendEnd => drop(turn.send_end(state, true)),
            Step::Drain => {
                turn.was_given_back(&state);
                drop(state);
                return call_drain(inner);
            }
            Step::Leave => return turn.was_given_back(&state),
        }
    }
}

/// Writes all of it, unless the connection breaks.
fn write_batch<'a>(turn: &Turn<'a>, mut state: Guard<'a>, mut batch: &[u8]) {
    while !batch.is_empty() && !state.queue.is_broken() {
        let piece = &batch[..batch.len().min(PIECE_BYTES)];
        let wrote;
        (state, wrote) = turn.write(state, &[IoSlice::new(piece)]);
        match wrote {
            Ok(wrote) => batch = &batch[wrote.bytes..],
            Err(e) => {
                drop(state);
                return drop(e); // it may be the stream's own: not under the lock
            }
        }
        state.queue.batch_left(batch.len());
    }
}

/// Calls `drain` as often as it is due. The caller has claimed it from the queue.
pub(super) fn call_drain(inner: &Arc<Inner>) {
    let mut is_due = true;
    while is_due {
        let events = lock(&inner.events).clone();
        let socket = Socket {
            inner: Arc::clone(inner),
        };
        // What the events and the socket drop is dropped in here, too: it is not ours.
        let call = move || events.iter().for_each(|events| events.drain(&socket));
        if panic::catch_unwind(AssertUnwindSafe(call)).is_err() {
            break_off(inner, Some(io::Error::other("drain panicked")));
        }
        let mut state = inner.writing.lock();
        is_due = state.queue.drain_returned();
        inner.writing.notify(&state);
    }
}
