//! The Keep-Alive field: how long a server keeps an idle connection.
//!
//! ```text
//!   Keep-Alive: timeout=5, max=100
//!               │          └ how many more requests this connection may carry
//!               └ after how many idle seconds the server closes it
//! ```
//!
//! No current RFC defines the field; RFC 9110 §7.6.1 only lists it among those that a proxy does not
//! forward. Nearly every server sends it. A client that obeys it closes first, instead of sending a
//! request on a connection that the server is closing. So it is a hint: it can only shorten the client's
//! own idle timeout, and a value that cannot be parsed is ignored.

use super::fields::{Fields, Known};
use crate::http::wire::grammar;
use std::time::Duration;

/// The hint in a response; by default there is none.
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
    /// The server's idle timeout: whole seconds, 136 years at most, so that it can be added to a point in
    /// time.
    pub timeout: Option<Duration>,
    /// How many more requests the server answers.
    pub max: Option<u64>,
}

impl KeepAlive {
    /// The hint in these fields; of several values the smallest.
    pub fn of(fields: Fields<'_>) -> KeepAlive {
        let mut hint = KeepAlive::default();
        if !fields.has(Known::KeepAlive) {
            return hint;
        }
        for value in fields.known(Known::KeepAlive) {
            for element in grammar::list(value) {
                hint.note(element);
            }
        }
        hint
    }

    /// Notes an element `name=digits`; anything else is ignored.
    #[inline(always)]
    fn note(&mut self, element: &[u8]) {
        let Some(equals) = element.iter().position(|&c| c == b'=') else {
            return;
        };
        let name = grammar::trim_ows(&element[..equals]);
        let number = grammar::trim_ows(&element[equals + 1..]);
        if grammar::is_word(name, b"timeout") {
            let seconds = grammar::decimal(number).map(|it| it.min(u32::MAX.into()));
            self.timeout = smaller(self.timeout, seconds.map(Duration::from_secs));
        } else if grammar::is_word(name, b"max") {
            self.max = smaller(self.max, grammar::decimal(number));
        }
    }

    /// How long the connection may be idle: `ours`, or the server's timeout less `margin` if that is
    /// shorter. Zero means that it is not used again, as after `max=0`.
    pub fn idle_limit(self, ours: Duration, margin: Duration) -> Duration {
        match (self.timeout, self.max) {
            (_, Some(0)) => Duration::ZERO,
            (Some(theirs), _) => theirs.saturating_sub(margin).min(ours),
            (None, _) => ours,
        }
    }
}

/// The smaller one, where there are both.
fn smaller<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
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

    fn hint(value: &str) -> KeepAlive {
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
            let limit = hint(value).idle_limit(ours, margin);
            assert_eq!(limit, Duration::from_secs(seconds), "{value:?}");
        }
    }
}
