//! Of a flood, the first lines are printed, and how many others there were.

use crate::bucket::Bucket;
use crate::demo::err;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long lines are left out before that is printed, unless another line is printed before.
const REPORT_AFTER: Duration = Duration::from_secs(1);

pub(crate) struct Lines {
    printed: Mutex<Printed>,
    is_leaving_out: Condvar,
}

struct Printed {
    bucket: Bucket,
    left_out: u64,
}

impl Lines {
    pub(crate) fn new(now: Instant) -> Lines {
        let printed = Printed {
            bucket: Bucket::full(now),
            left_out: 0,
        };
        Lines {
            printed: Mutex::new(printed),
            is_leaving_out: Condvar::new(),
        }
    }

    /// Prints one of the lines about messages, unless there were too many.
    pub(crate) fn print(&self, now: Instant, print: impl FnOnce()) {
        let mut printed = self.lock();
        if printed.bucket.take(now) {
            printed.report();
            print();
            return;
        }
        printed.left_out += 1;
        if printed.left_out == 1 {
            self.is_leaving_out.notify_one();
        }
    }

    /// The thread that reports lines which no further line would report.
    pub(crate) fn report(&self) -> ! {
        loop {
            let idle = |printed: &mut Printed| printed.left_out == 0;
            let waited = self.is_leaving_out.wait_while(self.lock(), idle);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            thread::sleep(REPORT_AFTER);
            let mut printed = self.lock();
            if printed.left_out > 0 && printed.bucket.take(Instant::now()) {
                printed.report();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Printed> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Printed {
    fn report(&mut self) {
        match std::mem::take(&mut self.left_out) {
            0 => {}
            left_out => err!("{left_out} lines were left out, since messages came too fast"),
        }
    }
}
