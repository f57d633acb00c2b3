//! The memory that the bodies which are being collected may take, all together.
//!
//! A connection [charges](Charge) what its buffers of a collected body take before it reads into them,
//! and gives the charge back when the request has ended and the buffers have shrunk. One atomic
//! addition for each time that a buffer grows, one for the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all connections of a server have charged.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    charged: AtomicUsize,
}

/// One connection's part of it; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Charge {
    pub(crate) fn new(budget: Arc<Budget>) -> Charge {
        Charge { budget, bytes: 0 }
    }

    /// Charges `bytes` where less was charged; `false`: all charges together would exceed `total`.
    pub(crate) fn raise_to(&mut self, bytes: usize, total: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return true;
        }
        let charged = &self.budget.charged;
        let before = charged.fetch_add(more, Ordering::Relaxed);
        if before.saturating_add(more) > total {
            charged.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        self.bytes = bytes;
        true
    }

    /// Gives all of it back.
    pub(crate) fn clear(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes > 0 {
            self.budget.charged.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charged(budget: &Budget) -> usize {
        budget.charged.load(Ordering::Relaxed)
    }

    #[test]
    fn fault_e12_all_charges_together_stay_within_the_total() {
        let budget = Arc::new(Budget::default());
        let [mut one, mut other] = [(); 2].map(|()| Charge::new(budget.clone()));
        assert!(one.raise_to(60, 100));
        assert!(one.raise_to(50, 100), "less is charged already");
        assert!(!other.raise_to(41, 100));
        assert_eq!(charged(&budget), 60, "a refusal charges nothing");
        assert!(other.raise_to(40, 100));
        assert!(!one.raise_to(61, 100));
        one.clear();
        assert!(other.raise_to(100, 100));
        drop(one);
        drop(other);
        assert_eq!(charged(&budget), 0);
    }

    #[test]
    fn a_total_without_limit_is_no_overflow() {
        let budget = Arc::new(Budget::default());
        let mut one = Charge::new(budget);
        assert!(one.raise_to(usize::MAX, usize::MAX));
        assert!(one.raise_to(usize::MAX, usize::MAX));
    }
}
