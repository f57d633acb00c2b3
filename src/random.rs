//! The one source of unpredictable bytes: the operating system's, through the TLS provider.

use rustls::crypto::{SecureRandom, ring};
use std::cell::RefCell;
use std::sync::LazyLock;

/// How many masking keys are fetched in one call.
const KEYS: usize = 64;

static SYSTEM: LazyLock<&'static dyn SecureRandom> =
    LazyLock::new(|| ring::default_provider().secure_random);

/// Fills `bytes` with random bytes.
///
/// # Panics
/// The operating system returns none.
pub(crate) fn fill(bytes: &mut [u8]) {
    let filled = SYSTEM.fill(bytes);
    filled.expect("the operating system gives random bytes");
}

/// A masking key. A system call for each key would cost more than the frame, so every thread fetches 64 keys
/// at a time.
// RFC 6455 §10.3: "Clients MUST choose a new masking key for each frame, using an algorithm that
// cannot be predicted by end applications that provide data"
#[inline]
pub(crate) fn mask_key() -> [u8; 4] {
    thread_local! {
        // On the heap, and only in threads that mask: a server's thread needs no page for it.
        static KEPT: RefCell<Vec<[u8; 4]>> = const { RefCell::new(Vec::new()) };
    }
    KEPT.with_borrow_mut(|keys| keys.pop().unwrap_or_else(|| fetch(keys)))
}

/// Returns one key and puts the others into `keys`.
#[cold]
fn fetch(keys: &mut Vec<[u8; 4]>) -> [u8; 4] {
    let mut fresh = [[0; 4]; KEYS];
    fill(fresh.as_flattened_mut());
    let [key, kept @ ..] = fresh;
    keys.extend(kept);
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::thread;

    #[test]
    fn keys_do_not_repeat() {
        let many = || (0..500).map(|_| mask_key()).collect::<Vec<_>>();
        let other = thread::spawn(many).join().expect("keys");
        let keys: HashSet<_> = many().into_iter().chain(other).collect();
        // Two of 1000 random keys are equal once in 8,600 runs; 16 are never.
        assert!(keys.len() > 1000 - 16, "{} different keys", keys.len());
    }

    #[test]
    fn every_byte_is_filled() {
        let mut seen = [0; 32];
        for _ in 0..64 {
            let mut bytes = [0; 32];
            fill(&mut bytes);
            seen.iter_mut()
                .zip(bytes)
                .for_each(|(all, byte)| *all |= byte);
        }
        assert!(seen.iter().all(|&byte| byte != 0), "{seen:?}");
    }
}
