//! A bar for long transfers.
//!
//! ```text
//! [===========>                  ]  38%  389.1 MiB of 1.0 GiB   1.9 GiB/s  1 s left
//! ```

use crate::demo::{can_draw, write_err};
use std::time::{Duration, Instant};

/// A shorter transfer shows no bar.
const SHORT: Duration = Duration::from_millis(500);
const INTERVAL: Duration = Duration::from_millis(100);
const WIDTH: usize = 30;
/// Erases the line. What is written next does not wrap: a terminal that is narrow shows its beginning.
const BEGIN: &str = "\r\x1b[K\x1b[?7l";
const END: &str = "\x1b[?7h";

pub(crate) struct Progress {
    on: bool,
    total: Option<u64>,
    done: u64,
    began: Instant,
    drawn: Option<Instant>,
}

impl Progress {
    /// A bar on standard error, if that is a terminal that can draw one and the bar is `wanted`.
    pub(crate) fn new(total: Option<u64>, wanted: bool) -> Progress {
        Progress {
            on: wanted && can_draw(),
            total,
            done: 0,
            began: Instant::now(),
            drawn: None,
        }
    }

    /// Counts `bytes` more; returns how many there are.
    pub(crate) fn add(&mut self, bytes: usize) -> u64 {
        self.done += bytes as u64;
        let last = self.drawn.map(|drawn| drawn + INTERVAL);
        if self.on && Instant::now() >= last.unwrap_or(self.began + SHORT) {
            self.draw(Instant::now());
        }
        self.done
    }

    fn draw(&mut self, now: Instant) {
        self.drawn = Some(now);
        let line = line(self.done, self.total, now - self.began);
        write_err(format_args!("{BEGIN}{line}{END}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            self.draw(Instant::now());
            write_err(format_args!("\n"));
        }
    }
}

fn line(done: u64, total: Option<u64>, time: Duration) -> String {
    let rate = (done as f64 / time.as_secs_f64().max(0.001)) as u64;
    let speed = size(rate);
    let Some(total) = total.filter(|&total| total > 0) else {
        return format!("{}  {speed}/s", size(done));
    };
    let share = (done as f64 / total as f64).min(1.0);
    let full = (share * WIDTH as f64) as usize;
    let bar = match full {
        WIDTH => "=".repeat(WIDTH),
        _ => format!("{}>{}", "=".repeat(full), " ".repeat(WIDTH - full - 1)),
    };
    let left = total.saturating_sub(done) / rate.max(1);
    let (percent, done, total) = ((share * 100.0) as u32, size(done), size(total));
    format!("[{bar}] {percent:3}%  {done} of {total}  {speed}/s  {left} s left")
}

fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < units.len() {
        size /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{size:.1} {}", units[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_bar_with_an_end_and_one_without() {
        assert_eq!(
            line(256 << 20, Some(1 << 30), SECOND),
            "[=======>                      ]  25%  256.0 MiB of 1.0 GiB  256.0 MiB/s  3 s left"
        );
        assert_eq!(
            line(1024, Some(1024), SECOND),
            "[==============================] 100%  1.0 KiB of 1.0 KiB  1.0 KiB/s  0 s left"
        );
        assert_eq!(line(999, None, SECOND), "999 B  999 B/s");
    }

    #[test]
    fn more_than_was_announced_and_no_time_at_all() {
        assert!(line(9, Some(3), Duration::ZERO).contains("100%"));
        assert!(line(0, Some(0), Duration::ZERO).starts_with("0 B"));
        assert!(line(u64::MAX, Some(1), SECOND).contains("TiB"));
    }
}
