//! Running code that is not ours: a panic in it ends that call and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The code panicked. The panic hook has printed it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panicked;

/// Runs a user's code. Its panic ends here, and so does one in the drop of the panic's payload, which is
/// the user's, too.
///
/// # Errors
/// It panicked.
pub(crate) fn guarded<R>(theirs: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(theirs)).map_err(|payload| {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(payload);
        }
        Panicked
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;

    /// As many panics as it holds, one for each drop.
    struct Bomb(u32);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 > 0 {
                panic_any(Bomb(self.0 - 1));
            }
        }
    }

    #[test]
    fn fault_a09_a_payload_may_panic_too() {
        assert_eq!(guarded(|| 7).ok(), Some(7));
        assert!(guarded(|| panic!("on purpose")).is_err());
        for panics in 0..3 {
            assert!(guarded(|| panic_any(Bomb(panics))).is_err());
        }
    }
}
