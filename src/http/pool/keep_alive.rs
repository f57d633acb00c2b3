//! How long a server says that it keeps an idle connection: the field `Keep-Alive`.
//!
//! ```text
//!   Keep-Alive: timeout=5, max=100
//!               │          └ it answers this many requests more on this connection
//!               └ it closes after so many seconds of silence
//! ```
//!
//! No RFC in force defines it: RFC 9110 §7.6.1 only lists it among the fields that an intermediary
//! takes out, and points to RFC 2068 of 1997. But most servers send it, ours too. So it is taken
//! for a hint that can only shorten what we keep anyway: what cannot be read is left out, and a
//! hint that was misread costs a connection, never a request.

use crate::http::wire::grammar;
use crate::http::wire::{Fields, Known};
use std::time::Duration;

/// What a response says about keeping its connection; the default: nothing.
///
/// ```
/// use barewire::http::pool::KeepAlive;
/// use barewire::http::wire::FieldList;
/// use std::time::Duration;
///
/// let mut fields = FieldList::new();
/// fields.append("Keep-Alive", "timeout=3, max=100")?;
/// let told = KeepAlive::of(fields.view());
/// let limit = told.idle_limit(Duration::from_secs(4), Duration::from_secs(1));
/// assert_eq!(limit, Duration::from_secs(2));
/// # Ok::<(), barewire::http::wire::Misuse>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepAlive {
    /// After how much silence the server closes; whole seconds.
    pub timeout: Option<Duration>,
    /// How many requests more it answers on this connection.
    pub max: Option<u64>,
}

impl KeepAlive {
    /// What these fields say; of several values the smallest.
    pub fn of(fields: Fields<'_>) -> KeepAlive {
        let values = fields.known(Known::KeepAlive);
        let mut told = KeepAlive::default();
        for (name, number) in values.flat_map(grammar::list).filter_map(parameter) {
            if name.eq_ignore_ascii_case(b"timeout") {
                let timeout = Duration::from_secs(number);
                told.timeout = Some(told.timeout.map_or(timeout, |least| least.min(timeout)));
            } else if name.eq_ignore_ascii_case(b"max") {
                told.max = Some(told.max.map_or(number, |least| least.min(number)));
            }
        }
        told
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

/// `name=digits`; anything else is some extension.
fn parameter(element: &[u8]) -> Option<(&[u8], u64)> {
    let equals = element.iter().position(|&c| c == b'=')?;
    let (name, value) = (&element[..equals], &element[equals + 1..]);
    let number = grammar::decimal(grammar::trim_ows(value))?;
    Some((grammar::trim_ows(name), number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::FieldList;

    fn told(values: &[&str]) -> KeepAlive {
        let mut fields = FieldList::new();
        for value in values {
            fields.append("keep-alive", value).unwrap();
        }
        KeepAlive::of(fields.view())
    }

    #[test]
    fn what_can_be_read_is_read() {
        let rows: [(&[&str], Option<u64>, Option<u64>); 12] = [
            (&[], None, None),
            (&["timeout=5"], Some(5), None),
            (&["timeout=5, max=100"], Some(5), Some(100)),
            (&["max=7,timeout=15"], Some(15), Some(7)),
            (&["TimeOut = 5 ,, MAX =\t3"], Some(5), Some(3)),
            (&["timeout=9, timeout=3, timeout=5"], Some(3), None),
            (&["timeout=5", "max=2", "max=1"], Some(5), Some(1)),
            (&["115"], None, None),
            (&["timeout=, max=-1"], None, None),
            (&["timeout=5s, max=0x10"], None, None),
            (&["timeout=18446744073709551616"], None, None),
            (&["idle=5, timeouts=5, Xmax=5"], None, None),
        ];
        for (values, timeout, max) in rows {
            let timeout = timeout.map(Duration::from_secs);
            assert_eq!(told(values), KeepAlive { timeout, max }, "{values:?}");
        }
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
            let limit = told(&[value]).idle_limit(ours, margin);
            assert_eq!(limit, Duration::from_secs(seconds), "{value:?}");
        }
    }
}
