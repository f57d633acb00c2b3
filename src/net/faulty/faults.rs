//! The faults, and how they are asked for.

use crate::setters::setters;
use std::io::{self, ErrorKind};
use std::str::FromStr;
use std::time::Duration;

/// No delay is longer.
const LONGEST_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a [`Faulty`](super::Faulty) stream does wrong. `Faults::default()` is nothing; add what
/// you want, in Rust or, for a command line, as text:
///
/// ```
/// use barewire::net::Faults;
/// use std::time::Duration;
///
/// let faults = Faults::default()
///     .split_reads([50, 250])
///     .delay_reads(Duration::from_millis(5))
///     .short_writes(3)
///     .reset_after_writing(100);
/// let text = "split-reads=50,250; delay-reads=5ms; short-writes=3; reset-after-writing=100";
/// assert_eq!(text.parse::<Faults>()?, faults);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub(super) splits: Splits,
    pub(super) read_delay: Duration,
    pub(super) write_delay: Duration,
    pub(super) short_writes: Option<usize>,
    pub(super) reset_after_reading: Option<u64>,
    pub(super) reset_after_writing: Option<u64>,
    pub(super) end_after: Option<u64>,
}

impl Faults {
    setters! {
        /// Each read returns exactly one of these pieces: it reads until the piece is whole, or the stream has
        /// ended. A reader with less room gets the piece in several reads, none of which reaches into the next
        /// piece.
        pub fn split_reads(self, splits: impl Into<Splits>) => self.splits = splits.into();

        /// A piece that is whole is returned `d` later; a day at most.
        pub fn delay_reads(self, d: Duration) => self.read_delay = d.min(LONGEST_DELAY);

        /// Each write begins `d` later; a day at most.
        pub fn delay_writes(self, d: Duration) => self.write_delay = d.min(LONGEST_DELAY);

        /// Each write takes `most` bytes at most, and at least one.
        pub fn short_writes(self, most: usize) => self.short_writes = Some(most.max(1));

        /// The connection is reset as soon as exactly `bytes` bytes were read from it.
        pub fn reset_after_reading(self, bytes: u64) => self.reset_after_reading = Some(bytes);

        /// The connection is reset as soon as exactly `bytes` bytes were written to it.
        pub fn reset_after_writing(self, bytes: u64) => self.reset_after_writing = Some(bytes);

        /// A FIN too early: after `bytes` bytes the reader finds the end, whatever the peer sends. Writing goes
        /// on.
        pub fn end_after(self, bytes: u64) => self.end_after = Some(bytes);
    }

    pub(super) fn most_to_read(&self) -> u64 {
        let limits = [self.end_after, self.reset_after_reading];
        limits.into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    /// How many bytes the next write takes, after `written` bytes.
    pub(super) fn most_to_write(&self, written: u64) -> usize {
        let left = self.reset_after_writing.map(|limit| limit - written);
        let left = left.and_then(|left| usize::try_from(left).ok());
        let limits = [left, self.short_writes];
        limits.into_iter().flatten().min().unwrap_or(usize::MAX)
    }
}

/// The names are those of the methods.
impl FromStr for Faults {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Faults> {
        let mut faults = Faults::default();
        for fault in text.split(';').map(str::trim).filter(|it| !it.is_empty()) {
            let (name, value) = fault.split_once('=').unwrap_or((fault, ""));
            faults = faults.with(name.trim(), value.trim())?;
        }
        Ok(faults)
    }
}

impl Faults {
    fn with(self, name: &str, value: &str) -> io::Result<Faults> {
        Ok(match name {
            "split-reads" => self.split_reads(value.parse::<Splits>()?),
            "delay-reads" => self.delay_reads(time(value)?),
            "delay-writes" => self.delay_writes(time(value)?),
            "short-writes" => self.short_writes(size(value)?),
            "reset-after-reading" => self.reset_after_reading(number(value)?),
            "reset-after-writing" => self.reset_after_writing(number(value)?),
            "end-after" => self.end_after(number(value)?),
            _ => {
                let known = "split-reads, delay-reads, delay-writes, short-writes, \
                             reset-after-reading, reset-after-writing, end-after";
                return Err(invalid(format!("no fault {name:?}; there are {known}")));
            }
        })
    }
}

/// Where to cut what is read: the sizes of the pieces, in bytes. A size of 0 counts as 1, since
/// a read of nothing would be the end.
///
/// As text `50,250`: one piece of 50 and one of 250, then bytes as they come; `1,2,...`: 1 and 2
/// alternately, to the end.
///
/// ```
/// use barewire::net::{Faults, Splits};
///
/// let alternately = Splits::from([1, 2]).repeated();
/// assert_eq!("1,2,...".parse::<Splits>()?, alternately);
/// let faults = Faults::default().split_reads(alternately);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splits {
    sizes: Vec<usize>,
    repeated: bool,
}

impl Splits {
    /// After the last size the first comes again. Without this, bytes come as they come then.
    pub fn repeated(mut self) -> Splits {
        self.repeated = true;
        self
    }

    /// The size of a piece, counted from 0; `None`: as it comes.
    pub(super) fn size(&self, piece: usize) -> Option<usize> {
        let piece = match self.repeated {
            true => piece.checked_rem(self.sizes.len())?,
            false => piece,
        };
        self.sizes.get(piece).copied()
    }
}

impl From<Vec<usize>> for Splits {
    fn from(sizes: Vec<usize>) -> Splits {
        Splits {
            sizes: sizes.into_iter().map(|size| size.max(1)).collect(),
            repeated: false,
        }
    }
}

impl<const N: usize> From<[usize; N]> for Splits {
    fn from(sizes: [usize; N]) -> Splits {
        Splits::from(sizes.to_vec())
    }
}

impl FromStr for Splits {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Splits> {
        let repeated = text.strip_suffix(",...");
        let sizes = repeated.unwrap_or(text).split(',');
        let sizes: Vec<usize> = sizes.map(str::trim).map(size).collect::<io::Result<_>>()?;
        Ok(Splits {
            sizes,
            repeated: repeated.is_some(),
        })
    }
}

fn size(text: &str) -> io::Result<usize> {
    let size = usize::try_from(number(text)?).ok();
    let why = || invalid(format!("{text:?} is no size: it must be at least 1"));
    size.filter(|size| *size > 0).ok_or_else(why)
}

fn number(text: &str) -> io::Result<u64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()); // no sign
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| invalid(format!("{text:?} is no number of bytes")))
}

fn time(text: &str) -> io::Result<Duration> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let count = text[..text.len() - unit.len()].parse().ok();
    let time = match unit {
        "us" => count.map(Duration::from_micros),
        "ms" => count.map(Duration::from_millis),
        "s" => count.map(Duration::from_secs),
        _ => None,
    };
    time.ok_or_else(|| invalid(format!("{text:?} is no time; these are: 100us, 5ms, 2s")))
}

fn invalid(why: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_text() {
        let parse = |text: &str| text.parse::<Splits>().unwrap();
        assert_eq!(parse("50,250"), Splits::from([50, 250]));
        assert_eq!(parse("1,..."), Splits::from([1]).repeated());
        assert_eq!(parse("1, 2,..."), Splits::from([1, 2]).repeated());
    }

    #[test]
    fn splits_once_and_for_ever() {
        let sizes = |splits: &Splits| (0..5).map(|n| splits.size(n)).collect::<Vec<_>>();
        let once = Splits::from([3, 0]);
        assert_eq!(sizes(&once), [Some(3), Some(1), None, None, None]);
        let again = [Some(3), Some(1), Some(3), Some(1), Some(3)];
        assert_eq!(sizes(&once.repeated()), again);
        assert_eq!(sizes(&Splits::default().repeated()), [None; 5]);
    }

    #[test]
    fn every_fault_has_its_name() {
        let all = "split-reads=1,...;delay-reads=1us;delay-writes=2s;short-writes=4;\
                   reset-after-reading=5;reset-after-writing=6;end-after=0;";
        let expected = Faults::default()
            .split_reads(Splits::from([1]).repeated())
            .delay_reads(Duration::from_micros(1))
            .delay_writes(Duration::from_secs(2))
            .short_writes(4)
            .reset_after_reading(5)
            .reset_after_writing(6)
            .end_after(0);
        assert_eq!(all.parse::<Faults>().unwrap(), expected);
        assert_eq!("".parse::<Faults>().unwrap(), Faults::default());
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (text, why) in [
            ("split=50", "no fault \"split\"; there are split-reads,"),
            ("split-reads", "\"\" is no number"),
            ("split-reads=50,,250", "\"\" is no number"),
            ("split-reads=...", "\"...\" is no number"),
            ("split-reads=50,0", "\"0\" is no size"),
            ("short-writes=0", "\"0\" is no size"),
            ("short-writes=+1", "\"+1\" is no number"),
            ("end-after=18446744073709551616", "is no number"),
            ("delay-reads=5", "\"5\" is no time"),
            ("delay-reads=ms", "\"ms\" is no time"),
            ("delay-writes=5 ms", "\"5 ms\" is no time"),
        ] {
            let error = text.parse::<Faults>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn no_delay_is_too_long_for_the_clock() {
        let faults = "delay-reads=18446744073709551615s".parse::<Faults>();
        assert_eq!(faults.unwrap().read_delay, LONGEST_DELAY);
    }
}
