//! A test in which a deadline must not come shows nothing if its machine stands still until it comes.

use super::watched;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many times a test is tried that this machine hinders.
const TRIES: usize = 5;

/// A thread that does nothing else sleeps for this long, again and again.
const TICK: Duration = Duration::from_millis(5);

/// As [`watched`], for a test in which no thread may have to wait for a core for longer than `most`: where a peer is
/// slow, but not so slow that it is cut. If it fails and a thread beside it had to wait longer, it is tried again. What
/// fails on a quiet machine fails at once.
pub(crate) fn steady(most: Duration, test: impl Fn() + Send + 'static) {
    watched(move || {
        for _ in 1..TRIES {
            let (result, waited) = beside_a_clock(&test);
            match result {
                Ok(()) => return,
                Err(panic) if waited <= most => resume_unwind(panic),
                Err(_) => eprintln!("a thread had to wait for {waited:?}: once more"),
            }
        }
        test();
    });
}

/// Runs the test; how it ended, and how late the clock beside it was at worst.
fn beside_a_clock(test: &impl Fn()) -> (thread::Result<()>, Duration) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let clock = scope.spawn(|| {
            let mut worst = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                let began = Instant::now();
                thread::sleep(TICK);
                worst = worst.max(began.elapsed().saturating_sub(TICK));
            }
            worst
        });
        let result = catch_unwind(AssertUnwindSafe(test));
        is_over.store(true, Ordering::Relaxed);
        (result, clock.join().expect("it has no reason to panic"))
    })
}
