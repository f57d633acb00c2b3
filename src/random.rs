//! The one source of bytes that nobody can foresee: the system's, through the TLS provider.

use rustls::crypto::{SecureRandom, ring};
use std::cell::RefCell;
use std::sync::LazyLock;

/// How many bytes of masking keys are fetched at once.
const KEPT_BYTES: usize = 256;
const KEY_BYTES: usize = 4;

static SYSTEM: LazyLock<&'static dyn SecureRandom> =
    LazyLock::new(|| ring::default_provider().secure_random);

/// Fills `bytes`.
///
/// # Panics
/// The system gives none, without which nothing may go on that needs them.
pub(crate) fn fill(bytes: &mut [u8]) {
    let filled = SYSTEM.fill(bytes);
    filled.expect("the operating system gives random bytes");
}

/// A masking key. A system call for each would cost more than the frame, so every thread fetches 64
/// at a time.
// RFC 6455 §10.3: "Clients MUST choose a new masking key for each frame, using an algorithm that
// cannot be predicted by end applications that provide data"
#[inline]
pub(crate) fn mask_key() -> [u8; KEY_BYTES] {
    thread_local! {
        static KEPT: RefCell<Kept> = const { RefCell::new(Kept { bytes: [0; KEPT_BYTES], left: 0 }) };
    }
    KEPT.with_borrow_mut(Kept::next)
}

/// Keys to come.
struct Kept {
    bytes: [u8; KEPT_BYTES],
    left: usize,
}

impl Kept {
    #[inline]
    fn next(&mut self) -> [u8; KEY_BYTES] {
        if self.left == 0 {
            fill(&mut self.bytes);
            self.left = KEPT_BYTES / KEY_BYTES;
        }
        self.left -= 1;
        let (keys, _) = self.bytes.as_chunks();
        keys[self.left]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::thread;

    #[test]
    fn no_key_comes_twice() {
        let many = || (0..500).map(|_| mask_key()).collect::<Vec<_>>();
        let other = thread::spawn(many).join().expect("keys");
        let keys: HashSet<_> = many().into_iter().chain(other).collect();
        // Of 1000 random keys two are equal once in 8,600 times; 16 times in no lifetime.
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
