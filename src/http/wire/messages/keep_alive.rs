//! How long a server says that it keeps an idle connection.
//!
//! ```text
//!   Keep-Alive: timeout=5, max=100
//!               │          └ so many requests more on this connection
//!               └ it is closed after so many seconds of silence
//! ```
//!
//! No RFC in force defines the field; RFC 9110 §7.6.1 only names it among those that are not passed
//! on. Nearly every server sends it, and a client that listens closes first, instead of sending a
//! request into a connection that is just being closed. So it is a hint: it can shorten what the
//! client would have done, and what cannot be read says nothing.

use super::fields::{Fields, Known};
use crate::http::wire::grammar;
use std::time::Duration;

/// What a response says about its connection; by default nothing.
///
/// ```
/// use barewire::http::wire::{FieldList, KeepAlive};
/// use std::time::Duration;
///
/// let mut fields = FieldList::new();
/// fields.append("Keep-Alive", "timeout=5, max=100")?;
/// let hint = KeepAlive::of(fields.view());
/// assert_eq!(hint.timeout, Some(Duration::from_secs(5)));
/// assert_eq!(hint.max, Some(100));
/// # Ok::<(), barewire::http::wire::Misuse>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepAlive {
    /// The silence after which the server closes; whole seconds, 136 years at most, so that a
    /// point in time can be moved by it.
    pub timeout: Option<Duration>,
    /// How many requests more the server answers.
    pub max: Option<u64>,
}

impl KeepAlive {
    /// The hint in these fields; of several the smallest.
    pub fn of(fields: Fields<'_>) -> KeepAlive {
        let values = fields.known(Known::KeepAlive);
        let mut hint = KeepAlive::default();
        for (name, number) in values.flat_map(grammar::list).filter_map(parameter) {
            if name.eq_ignore_ascii_case(b"timeout") {
                let seconds = number.min(u32::MAX.into());
                hint.timeout = least(hint.timeout, Duration::from_secs(seconds));
            } else if name.eq_ignore_ascii_case(b"max") {
                hint.max = least(hint.max, number);
            }
        }
        hint
    }

    /// How long its connection may be idle: as long as we would have it, or until a margin before the
    /// server closes it, if that is sooner. Zero: it is not used again, as where nothing more will be
    /// answered (`max=0`).
    pub fn idle_limit(self, ours: Duration, margin: Duration) -> Duration {
        match (self.timeout, self.max) {
            (_, Some(0)) => Duration::ZERO,
            (Some(theirs), _) => theirs.saturating_sub(margin).min(ours),
            (None, _) => ours,
        }
    }
}

fn least<T: Ord>(so_far: Option<T>, new: T) -> Option<T> {
    Some(match so_far {
        Some(old) => old.min(new),
        None => new,
    })
}

/// `name=digits`; whatever else there is has no meaning here.
fn parameter(element: &[u8]) -> Option<(&[u8], u64)> {
    let equals = element.iter().position(|&c| c == b'=')?;
    let number = grammar::decimal(grammar::trim_ows(&element[equals + 1..]))?;
    Some((grammar::trim_ows(&element[..equals]), number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::FieldList;

    #[test]
    fn hints() {
        for (values, timeout, max) in [
            (&[][..], None, None),
            (&["timeout=5"], Some(5), None),
            (&["timeout=5, max=100"], Some(5), Some(100)),
            (&["MAX=7,,TimeOut = 15"], Some(15), Some(7)),
            (&["timeout=9, timeout=3", "timeout=5"], Some(3), None),
            (&["timeout=0, max=0"], Some(0), Some(0)),
            (&["115"], None, None),
            (&["timeout=-1, max=+1"], None, None),
            (&["timeout=5s, max=0x10, idle=5"], None, None),
            (&["timeout=, =5, timeouts=5"], None, None),
            (&["timeout=18446744073709551615"], Some(4_294_967_295), None),
            (&["timeout=18446744073709551616"], None, None),
        ] {
            let mut fields = FieldList::new();
            for value in values {
                fields.append("keep-alive", value).unwrap();
            }
            let timeout = timeout.map(Duration::from_secs);
            let hint = KeepAlive::of(fields.view());
            assert_eq!(hint, KeepAlive { timeout, max }, "{values:?}");
        }
    }

    fn told(value: &str) -> KeepAlive {
        let mut fields = FieldList::new();
        fields.append("Keep-Alive", value).unwrap();
        KeepAlive::of(fields.view())
    }

    #[test]
    fn row_a06_the_servers_timeout_less_a_margin_and_never_more_than_ours() {
        let (ours, margin) = (Duration::from_secs(4), Duration::from_secs(1));
        let rows = [
            ("", 4),
            ("timeout=0", 0),
            ("timeout=1", 0),
            ("timeout=2", 1),
            ("timeout=5", 4),
            ("timeout=600", 4),
            ("timeout=18446744073709551615", 4),
            ("timeout=3, max=1", 2),
            ("timeout=3, max=0", 0),
            ("max=0", 0),
        ];
        for (value, seconds) in rows {
            let limit = told(value).idle_limit(ours, margin);
            assert_eq!(limit, Duration::from_secs(seconds), "{value:?}");
        }
    }
}
