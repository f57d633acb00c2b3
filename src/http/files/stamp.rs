//! Which state of a file this is: for `ETag` and `Last-Modified`, and for what is kept in memory.
//!
//! The timestamps of a file system have a granularity. Two changes within it leave the same
//! time, and perhaps the same size:
//!
//! ```text
//!   granularity  │         │         │         │
//!   writes            1 2
//!   timestamp         └─┴─ the same
//!   reads              A       B                 A saw the first state, B the second
//! ```
//!
//! `A` and `B` must not get the same tag. So a timestamp identifies the state only after its granularity
//! has passed for certain: then a further change would have another time. Until then each response has a
//! tag that no other has.

use crate::http::wire::HttpDate;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longer than the granularity of a file system whose times have fractions of a second.
const FINE_GRANULARITY: Duration = Duration::from_millis(100);
/// The granularity of the coarsest file systems, whose times have no fractions.
const COARSE_GRANULARITY: Duration = Duration::from_secs(2);

/// The state of a file, as its metadata say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    /// When its bytes changed, as far as is known; a program may set this.
    modified: Option<SystemTime>,
    /// When anything of it changed, in seconds and nanoseconds since 1970; no program can set this.
    changed: (i64, i64),
    /// Device and number: another file under the same name has another.
    file: (u64, u64),
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            size: metadata.size(),
            modified: metadata.modified().ok(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            file: (metadata.dev(), metadata.ino()),
        }
    }

    /// How many bytes the file has.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Whether its bytes changed before those of the other file did.
    pub(super) fn is_older_than(&self, other: &Stamp) -> bool {
        self.modified < other.modified
    }

    /// Whether any later change leaves another stamp.
    pub(super) fn is_unambiguous(&self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let changed = u64::try_from(seconds)
            .ok()
            .zip(u32::try_from(nanoseconds).ok())
            .map(|(seconds, nanoseconds)| UNIX_EPOCH + Duration::new(seconds, nanoseconds));
        let times = [self.modified, changed];
        times
            .iter()
            .all(|time| time.is_some_and(|time| has_passed(time, now)))
    }

    /// The validators of a response at the time `now`.
    pub(super) fn validators(&self, now: SystemTime) -> Validators {
        let mut etag = format!("\"{:x}", self.size);
        if let Some(modified) = self.modified {
            push_time(modified, &mut etag);
        }
        // RFC 9110 §8.8.1: "A strong validator is unique across all versions of all
        // representations associated with a particular resource over time."
        if !self
            .modified
            .is_some_and(|modified| has_passed(modified, now))
        {
            push_time(now, &mut etag);
        }
        etag.push('"');
        Validators {
            etag,
            is_gzip: false,
            // RFC 9110 §8.8.2.1: "MUST NOT generate a Last-Modified date that is later than the
            // server's time of message origination"
            last_modified: self
                .modified
                .and_then(|modified| HttpDate::from_system_time(modified.min(now))),
        }
    }
}

/// Whether the granularity of `time` has passed.
fn has_passed(time: SystemTime, now: SystemTime) -> bool {
    let fraction = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.subsec_nanos(),
        Err(before) => before.duration().subsec_nanos(),
    };
    let granularity = if fraction == 0 {
        COARSE_GRANULARITY
    } else {
        FINE_GRANULARITY
    };
    now.duration_since(time).is_ok_and(|age| age >= granularity)
}

/// Appends `-seconds.nanoseconds`, in hexadecimal.
fn push_time(time: SystemTime, etag: &mut String) {
    let (sign, since) = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => ("-", since),
        Err(before) => ("--", before.duration()),
    };
    let text = format!("{sign}{:x}.{:x}", since.as_secs(), since.subsec_nanos());
    etag.push_str(&text);
}

/// The validators of a response (RFC 9110 §8.8).
#[derive(Debug)]
pub(super) struct Validators {
    etag: String,
    is_gzip: bool,
    last_modified: Option<HttpDate>,
}

impl Validators {
    /// Of the same file in gzip. Its tag would be that of the plain file if both had one size and one time.
    // RFC 9110 §8.8.3.3: "Content codings are a property of the representation data, so a strong entity tag for a
    // content-encoded representation has to be distinct from the entity tag of an unencoded representation"
    pub(super) fn of_gzip(mut self) -> Validators {
        self.etag.insert_str(self.etag.len() - 1, "-gzip");
        self.is_gzip = true;
        self
    }

    /// Whether they are those of the file in gzip.
    pub(super) fn is_gzip(&self) -> bool {
        self.is_gzip
    }

    /// The value of `ETag`: always strong.
    pub(super) fn etag(&self) -> &str {
        &self.etag
    }

    /// `Last-Modified`; `None` before 1970.
    pub(super) fn last_modified(&self) -> Option<HttpDate> {
        self.last_modified
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(milliseconds)
    }

    fn modified(time: SystemTime) -> Stamp {
        Stamp {
            size: 0x3e8,
            modified: Some(time),
            changed: (0, 0),
            file: (0, 0),
        }
    }

    #[test]
    fn a_tag_names_one_state() {
        let stamp = modified(at(1_500));
        let tag = |now| stamp.validators(at(now)).etag;
        assert_eq!(tag(1_600), "\"3e8-1.1dcd6500\"");
        assert_eq!(tag(1_600), tag(9_999));
        assert_ne!(tag(1_599), tag(1_600));
        assert_ne!(tag(1_598), tag(1_599));
        assert_ne!(tag(1_600), modified(at(1_501)).validators(at(9_999)).etag);
    }

    #[test]
    fn a_time_without_a_fraction_may_come_from_a_coarse_clock() {
        assert!(!has_passed(at(4_000), at(5_999)) && has_passed(at(4_000), at(6_000)));
        assert!(!has_passed(at(4_001), at(4_100)) && has_passed(at(4_001), at(4_101)));
        assert!(!has_passed(at(4_001), at(4_000)), "it is in the future");
    }

    #[test]
    fn what_is_kept_needs_both_times() {
        let mut stamp = modified(at(1_500));
        stamp.changed = (5, 1);
        assert!(!stamp.is_unambiguous(at(5_100)) && stamp.is_unambiguous(at(5_101)));
        stamp.changed = (-5, 1);
        assert!(!stamp.is_unambiguous(at(5_101)));
    }

    #[test]
    fn last_modified_is_never_in_the_future() {
        let date = |time, now| {
            modified(time)
                .validators(now)
                .last_modified
                .map(HttpDate::unix_seconds)
        };
        assert_eq!(date(at(9_999), at(5_500)), Some(5));
        assert_eq!(date(at(2_999), at(5_500)), Some(2));
        let before = UNIX_EPOCH - Duration::from_millis(1_500);
        assert_eq!(date(before, at(5_500)), None);
        assert_eq!(
            modified(before).validators(at(0)).etag,
            "\"3e8--1.1dcd6500\""
        );
    }
}
