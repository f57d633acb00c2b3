//! The memory in which an exchange stands.

use super::Exchange;
use std::cell::Cell;
use std::ops::{Deref, DerefMut};

thread_local! {
    static KEPT: Cell<Option<Box<Option<Exchange>>>> = const { Cell::new(None) };
}

/// An exchange on the heap: its request, its response and their caller move it half a dozen times. Its thread keeps the
/// memory of its last exchange for its next one.
#[derive(Debug)]
pub(in crate::http::client) struct KeptExchange(Option<Box<Option<Exchange>>>);

impl KeptExchange {
    pub(in crate::http::client) fn new(exchange: Exchange) -> KeptExchange {
        let kept = KEPT.try_with(Cell::take).unwrap_or_default(); // none where the thread is ending
        let mut memory = kept.unwrap_or_default();
        *memory = Some(exchange);
        KeptExchange(Some(memory))
    }
}

impl Drop for KeptExchange {
    /// The exchange is dropped: its memory stays with this thread.
    fn drop(&mut self) {
        if let Some(mut memory) = self.0.take() {
            *memory = None;
            let _ = KEPT.try_with(|kept| kept.set(Some(memory))); // or the thread is ending
        }
    }
}

impl Deref for KeptExchange {
    type Target = Exchange;

    #[inline]
    fn deref(&self) -> &Exchange {
        let exchange = self.0.as_deref().and_then(Option::as_ref);
        exchange.expect("it is here until the drop")
    }
}

impl DerefMut for KeptExchange {
    #[inline]
    fn deref_mut(&mut self) -> &mut Exchange {
        let exchange = self.0.as_deref_mut().and_then(Option::as_mut);
        exchange.expect("it is here until the drop")
    }
}
