//! The memory in which an exchange stands, with that of its response.

use super::Exchange;
use crate::http::client::agent::PooledConnection;
use crate::http::client::deadlines::{Deadlines, Timeouts};
use crate::http::client::timings::Timings;
use crate::http::wire::Limits;
use std::cell::Cell;
use std::ops::{Deref, DerefMut};

thread_local! {
    static KEPT: Cell<Option<Box<Exchange>>> = const { Cell::new(None) };
}

/// An exchange on the heap: its request, its response and their caller move it half a dozen times. The thread that drops
/// it keeps its memory for the next one, so that a client that sends one request after another allocates nothing.
#[derive(Debug)]
pub(in crate::http::client) struct KeptExchange(Option<Box<Exchange>>);

impl KeptExchange {
    /// An exchange on this connection, in the memory that this thread has kept, or in new memory.
    pub(in crate::http::client) fn new(
        pooled: PooledConnection,
        limits: Limits,
        deadlines: Deadlines,
        timeouts: &Timeouts,
        timings: &Timings,
    ) -> KeptExchange {
        let kept = KEPT.try_with(Cell::take).unwrap_or_default(); // none where the thread is ending
        let mut exchange = match kept {
            Some(kept) if *kept.buffer.limits() == limits => kept,
            _ => Box::new(Exchange::unused(limits, timeouts, timings)),
        };
        exchange.start(pooled, deadlines, timeouts, timings);
        KeptExchange(Some(exchange))
    }
}

impl Drop for KeptExchange {
    /// The memory stays with this thread, unless it is large.
    fn drop(&mut self) {
        if let Some(mut exchange) = self.0.take() {
            exchange.leave();
            if exchange.buffer.is_small() {
                let _ = KEPT.try_with(|kept| kept.set(Some(exchange))); // or the thread is ending
            }
        }
    }
}

impl Deref for KeptExchange {
    type Target = Exchange;

    #[inline]
    fn deref(&self) -> &Exchange {
        self.0.as_deref().expect("it is here until the drop")
    }
}

impl DerefMut for KeptExchange {
    #[inline]
    fn deref_mut(&mut self) -> &mut Exchange {
        self.0.as_deref_mut().expect("it is here until the drop")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client::connection::ClientConnection;
    use crate::http::client::response_buffer::{FIRST_BYTES, MAX_KEPT_BYTES};
    use crate::http::client::timings::Phase;
    use crate::net;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    fn exchange(timeouts: &Timeouts) -> KeptExchange {
        let connection = ClientConnection::boxed(Arc::new(net::pipe().0));
        KeptExchange::new(
            PooledConnection::without_agent(connection),
            Limits::default(),
            Deadlines::start(None, Instant::now()),
            timeouts,
            &Timings::start(),
        )
    }

    #[test]
    fn memory_is_kept_for_the_next_exchange_unless_it_is_large() {
        let mut first = exchange(&Timeouts::default());
        first.buffer.bytes.room();
        drop(first);
        let mut kept = exchange(&Timeouts::default());
        assert!(kept.buffer.bytes.size() == FIRST_BYTES && kept.buffer.bytes.is_empty());

        kept.buffer.out.reserve(MAX_KEPT_BYTES + 1);
        drop(kept);
        assert!(KEPT.take().is_none());
    }

    /// What the memory is compared by is its `Debug`, which has every field.
    #[test]
    fn nothing_of_an_exchange_is_left_for_the_next_one() {
        let shown = |exchange: &Exchange| {
            let all = format!("{exchange:#?}");
            let lines = all
                .lines()
                .filter(|line| !line.contains("tv_") && !line.contains("Pipe"));
            lines.collect::<Vec<_>>().join("\n")
        };
        let new = shown(&exchange(&Timeouts::default()));
        KEPT.take();

        let others = Timeouts {
            stall: Duration::from_secs(1),
            ..Timeouts::default()
        };
        let mut used = exchange(&others);
        // Every field is named: who adds one says here what is left of it.
        let Exchange {
            pooled: _,
            ending: _,
            finishing: _,
            timings: _,
            buffer,
            decompressor: _,
            deadlines,
            timeouts: _,
            pace,
            clock,
            polled,
            received,
            sent,
            answered,
            stopped,
            unsent,
            rest,
            interim,
            continued,
            first_byte,
            last_byte,
        } = &mut *used;
        buffer.out.push(1);
        deadlines.begin(Phase::Body, Some(Duration::ZERO));
        let _ = pace.waited(Duration::from_millis(1), 0);
        (*received, *sent, *interim) = (1, 2, 3);
        (*answered, *stopped, *continued, *unsent) = (true, true, true, true);
        *rest = (b"rest".to_vec(), 1);
        for time in [clock, polled, first_byte, last_byte] {
            *time = Some(Instant::now());
        }
        drop(used);
        assert_eq!(shown(&exchange(&Timeouts::default())), new);
    }
}
