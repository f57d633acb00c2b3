//! The yield before a blocking read, and whether it pays.
//!
//! A thread has answered, and is about to wait for its peer. If it lets the other threads run first, the peer's next
//! bytes are often here afterwards: then the read does not sleep, and no wake-up follows. If they are not here, the thread has
//! been scheduled once more for nothing.
//!
//! ```text
//!   pays           write ─ yield ─ others run ─ read: the bytes are here
//!   does not pay   write ─ yield ─ others run ─ read: sleeps ─ others run ─ woken ─ … ─ the next wait
//!                                             ▲ a trial begins                        ▲ and ends
//! ```
//!
//! The kernel does not say whether a read has slept, and a system call to find out would cost more than it saves. So each
//! thread makes a trial of every [`TRIAL_EVERY`]th wait. If other threads have begun [`TRIALS_OF_A_SLEEP`] trials during one, they
//! have answered about 64 requests meanwhile: the read has slept. Where fewer connections are busy, this number is
//! not reached, a trial counts as paid, and a yield does pay. The threads begin their trials at different waits.
//!
//! All threads share one score of their trials, because they share the processors. While less than one trial in 16
//! pays, the trials alone yield. `tests/bench/README.md` shows what that gains, from 1 to 4,000 connections.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;

/// How many waits of its thread one trial stands for.
const TRIAL_EVERY: u32 = 32;
/// A read has slept if other threads have begun this many trials during its own.
const TRIALS_OF_A_SLEEP: usize = 2;
/// The score when all trials pay.
const ALL_PAY: u32 = 1 << 16;
/// A yield costs as much as it saves when about this part of the trials counts as paid. It is small, because a trial counts
/// as unpaid, too, if its thread had to wait for a processor between its read and its next wait.
const ENOUGH_PAY: u32 = ALL_PAY / 16;
/// The score is of about this many trials.
const SCORED_TRIALS: u32 = 64;

/// How many threads have waited.
static THREADS: AtomicU32 = AtomicU32::new(0);
/// How many trials all threads have begun.
static TRIALS: AtomicUsize = AtomicUsize::new(0);
/// The part of the last trials that has paid. If two threads store it at once, one trial is not counted.
static SCORE: AtomicU32 = AtomicU32::new(ALL_PAY);

thread_local! {
    static WAITS: Waits = const { Waits::new() };
    /// How many trials all threads had begun when this one began its last.
    static TRIAL: Cell<usize> = const { Cell::new(0) };
}

/// Called by a thread that has just sent something and is about to wait for the peer: lets the other threads run first, if
/// that pays.
#[inline]
pub(crate) fn yield_before_read() {
    match WAITS.with(|waits| waits.next(|| THREADS.fetch_add(1, Ordering::Relaxed))) {
        Wait::Usual => {}
        Wait::BeginsTrial => return begin_trial(),
        Wait::EndsTrial => end_trial(),
    }
    if pays(SCORE.load(Ordering::Relaxed)) {
        thread::yield_now();
    }
}

#[cold]
fn begin_trial() {
    thread::yield_now();
    let before = TRIALS.fetch_add(1, Ordering::Relaxed);
    TRIAL.set(before.wrapping_add(1));
}

#[cold]
fn end_trial() {
    let others = TRIALS.load(Ordering::Relaxed).wrapping_sub(TRIAL.get());
    let score = scored(SCORE.load(Ordering::Relaxed), has_paid(others));
    SCORE.store(score, Ordering::Relaxed);
}

/// Counts the waits of one thread.
#[derive(Debug)]
struct Waits {
    /// The wait in which the next trial begins: 1 is the next one. 0 before the first wait.
    left: Cell<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Usual,
    BeginsTrial,
    /// It follows the one in which a trial began.
    EndsTrial,
}

impl Waits {
    const fn new() -> Waits {
        Waits { left: Cell::new(0) }
    }

    /// `number`: which thread this is. Threads with neighbouring numbers begin their trials one after the other.
    #[inline]
    fn next(&self, number: impl FnOnce() -> u32) -> Wait {
        match self.left.get() {
            left @ 2..TRIAL_EVERY => {
                self.left.set(left - 1);
                Wait::Usual
            }
            TRIAL_EVERY => {
                self.left.set(TRIAL_EVERY - 1);
                Wait::EndsTrial
            }
            left => self.first_or_last(left, number),
        }
    }

    #[cold]
    fn first_or_last(&self, left: u32, number: impl FnOnce() -> u32) -> Wait {
        let left = match left {
            0 => 1 + number() % TRIAL_EVERY,
            left => left,
        };
        match left {
            1 => {
                self.left.set(TRIAL_EVERY);
                Wait::BeginsTrial
            }
            left => {
                self.left.set(left - 1);
                Wait::Usual
            }
        }
    }
}

/// `others`: how many trials other threads have begun during one.
fn has_paid(others: usize) -> bool {
    others < TRIALS_OF_A_SLEEP
}

/// The score after one more trial.
fn scored(score: u32, paid: bool) -> u32 {
    let older = score - score.div_ceil(SCORED_TRIALS);
    match paid {
        true => older + ALL_PAY / SCORED_TRIALS,
        false => older,
    }
}

#[inline]
fn pays(score: u32) -> bool {
    score >= ENOUGH_PAY
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The score after these trials, again and again.
    fn score_after(trials: &[bool], times: usize, mut score: u32) -> u32 {
        for paid in trials.repeat(times) {
            score = scored(score, paid);
            assert!(score <= ALL_PAY);
        }
        score
    }

    /// The kinds of the first waits of a thread.
    fn waits(number: u32, many: usize) -> Vec<Wait> {
        let waits = Waits::new();
        (0..many).map(|_| waits.next(|| number)).collect()
    }

    #[test]
    fn one_wait_of_each_thread_in_32_is_a_trial_and_the_next_wait_ends_it() {
        for number in 0..100 {
            let first = number as usize % TRIAL_EVERY as usize;
            for (at, wait) in waits(number, 200).into_iter().enumerate() {
                let expected = match at.checked_sub(first).map(|at| at % 32) {
                    Some(0) => Wait::BeginsTrial,
                    Some(1) => Wait::EndsTrial,
                    _ => Wait::Usual,
                };
                assert_eq!(wait, expected, "wait {at} of thread {number}");
            }
        }
    }

    #[test]
    fn a_trial_during_which_others_have_answered_64_requests_has_not_paid() {
        assert_eq!(TRIALS_OF_A_SLEEP * TRIAL_EVERY as usize, 64);
        for (others, paid) in [(0, true), (1, true), (2, false), (100, false)] {
            assert_eq!(has_paid(others), paid, "{others}");
        }
    }

    #[test]
    fn a_yield_pays_until_trials_say_otherwise_and_again_when_they_do() {
        assert!(pays(score_after(&[true], 1000, ALL_PAY)));
        assert!(pays(score_after(&[false], 10, ALL_PAY)));
        let none_pays = score_after(&[false], 1000, ALL_PAY);
        assert_eq!(none_pays, 0);
        assert!(!pays(score_after(&[true], 3, none_pays)));
        assert!(pays(score_after(&[true], 100, none_pays)));
    }

    #[test]
    fn one_trial_in_ten_is_enough_and_one_in_thirty_is_not() {
        let one_in = |number| {
            let mut trials = vec![false; number];
            trials[0] = true;
            trials
        };
        for before in [0, ALL_PAY] {
            assert!(pays(score_after(&one_in(10), 500, before)));
            assert!(!pays(score_after(&one_in(30), 500, before)));
        }
    }

    #[test]
    fn a_thread_counts_its_trials() {
        let thread = thread::spawn(|| {
            let before = TRIALS.load(Ordering::Relaxed);
            let mut trials = Vec::new();
            for _ in 0..3 * TRIAL_EVERY {
                yield_before_read();
                trials.push(TRIAL.get());
            }
            trials.retain(|&trial| trial > before);
            trials.dedup();
            assert_eq!(trials.len(), 3);
            assert!(trials.is_sorted());
        });
        thread.join().expect("its assertions hold");
    }
}
