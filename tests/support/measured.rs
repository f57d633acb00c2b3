//! What a process has: for tests that are alone in theirs.

use super::PATIENCE;
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

/// The process, as the system sees it.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) descriptors: usize,
    /// Those of the library: the test harness has its own.
    pub(crate) threads: usize,
    /// Memory in use, in bytes.
    pub(crate) resident: usize,
}

impl Measured {
    pub(crate) fn now() -> Measured {
        Measured {
            descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
            threads: our_threads(),
            resident: resident(),
        }
    }

    /// Waits until there are no more descriptors and threads than these: who has said goodbye
    /// may still be on its way out.
    #[track_caller]
    pub(crate) fn come_back(&self) -> Measured {
        let began = Instant::now();
        loop {
            let now = Measured::now();
            if now.descriptors <= self.descriptors && now.threads <= self.threads {
                return now;
            }
            assert!(began.elapsed() < PATIENCE, "before: {self}; left: {now}");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Repeats `round` until one leaves the process less than `limit` bytes larger than the round before.
///
/// What is freed stays with the allocator, in one arena or another, so a single round may grow although nothing
/// leaks. A leak grows in every round: after five of them it is reported.
#[track_caller]
pub(crate) fn assert_no_growth(limit: usize, mut round: impl FnMut()) {
    const ROUNDS: usize = 5;
    round();
    let mut sizes = vec![resident()];
    for _ in 0..ROUNDS {
        round();
        let (before, after) = (sizes[sizes.len() - 1], resident());
        sizes.push(after);
        if after.saturating_sub(before) < limit {
            return;
        }
    }
    panic!("bytes after each round: {sizes:?}");
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fds, threads, kib) = (self.descriptors, self.threads, self.resident / 1024);
        write!(f, "{fds} descriptors, {threads} threads, {kib} KiB")
    }
}

/// How the names of the library's threads begin.
const OURS: [&str; 2] = ["barewire", "websocket"];

fn our_threads() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let names = threads.map(|thread| {
        let name = thread.unwrap().path().join("comm");
        std::fs::read_to_string(name).unwrap_or_default() // it may just have ended
    });
    // A thread that runs a test has the test's path as its name.
    let ours =
        |name: &String| !name.contains("::") && OURS.iter().any(|ours| name.starts_with(ours));
    names.filter(ours).count()
}

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.expect("a figure").parse::<usize>().unwrap() * 1024
}
