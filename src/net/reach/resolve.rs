//! From a host's name to its addresses, by a deadline.
//!
//! [`blocking_calls`](super::blocking_calls) asks the system; this file says what may be asked, and in which
//! order the addresses are returned.

use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Instant;

use super::blocking_calls::BlockingCalls;
use super::call_queue::Limits;
use super::family::Family;
use super::literal;

/// How many look-ups may be under way at a time, those included whose caller has left. A name whose
/// servers never answer must not take all of them.
const LIMITS: Limits = Limits {
    total: 64,
    per_key: 16,
};

/// No name is longer, in bytes.
const LONGEST_NAME: usize = 255;

/// The key is the name.
static LOOKUPS: BlockingCalls<String> = BlockingCalls::new("look-up", LIMITS);

/// The addresses of `host`, each once, in the order in which to try them: the system's order, but
/// the two families alternate (RFC 8305 §4). At least one; only those of `family`, if one is
/// named.
///
/// An IP address (`127.0.0.1`, `::1`, `[::1]`, `fe80::1%eth0`) is its own answer, whatever the time; its
/// zone is the number or the name of an interface. Any other
/// name is looked up by the system, on a thread of its own. The system answers when it has asked
/// for both families, so nothing is tried while one of them is still missing (RFC 8305 §3 would
/// allow it).
///
/// If the system has no thread, the caller's thread asks. Then the look-up ends when the system ends
/// it, perhaps after `deadline`, and an error names the thread that was missing.
///
/// ```
/// use barewire::net::{Family, resolve};
/// use std::time::{Duration, Instant};
///
/// let deadline = Instant::now() + Duration::from_secs(5);
/// assert_eq!(resolve("[::1]", 8124, None, deadline)?, ["[::1]:8124".parse().unwrap()]);
///
/// let error = resolve("127.0.0.1", 8124, Some(Family::V6), deadline).unwrap_err();
/// assert_eq!(error.to_string(), r#""127.0.0.1": no IPv6 address found"#);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// All of them name the host.
/// - [`ErrorKind::InvalidInput`]: it cannot be a name.
/// - [`ErrorKind::NotFound`]: it has no address, or none of that family; or this machine has no such zone.
/// - [`ErrorKind::TimedOut`]: the look-up took longer than there was time, or 64 others (16 of the
///   same name) were under way for as long. One whose caller has left counts until the system
///   gives it up, since nothing can stop it.
/// - The system's error when it finds nothing; its text has the reason, its kind does not.
pub fn resolve(
    host: &str,
    port: u16,
    family: Option<Family>,
    deadline: Instant,
) -> io::Result<Vec<SocketAddr>> {
    addresses(host, port, deadline)
        .and_then(|found| in_order(found, family))
        .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", shown(host))))
}

fn addresses(host: &str, port: u16, deadline: Instant) -> io::Result<Vec<SocketAddr>> {
    if let Some(address) = literal::address(host, port)? {
        return Ok(vec![address]);
    }
    check_name(host)?;
    let (key, name) = (host.to_ascii_lowercase(), host.to_owned());
    let ask_the_system = move || Ok((name.as_str(), port).to_socket_addrs()?.collect());
    LOOKUPS.make(key, deadline, ask_the_system)
}

/// Quoted, and no longer than a name may be.
fn shown(host: &str) -> String {
    let start: String = host.chars().take(LONGEST_NAME).collect();
    format!("{start:?}")
}

fn check_name(name: &str) -> io::Result<()> {
    let wrong = |c: char| c.is_control() || c.is_whitespace();
    if name.len() > LONGEST_NAME {
        let (most, got) = (LONGEST_NAME, name.len());
        let why = format!("a name has {most} bytes at most, not {got}");
        return Err(invalid(why));
    }
    if name.contains(wrong) {
        return Err(invalid("a name has no blanks or control characters"));
    }
    if name.contains(':') {
        let why = "no IPv6 address, and a name has no colon (nor a port)";
        return Err(invalid(why));
    }
    Ok(())
}

fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why.into())
}

fn in_order(found: Vec<SocketAddr>, family: Option<Family>) -> io::Result<Vec<SocketAddr>> {
    let wanted =
        |address: &SocketAddr| family.is_none_or(|family| family == Family::of(address.ip()));
    let ordered = interleave(found.into_iter().filter(wanted));
    match (ordered.is_empty(), family) {
        (false, _) => Ok(ordered),
        (true, None) => Err(not_found("no address found".into())),
        (true, Some(family)) => Err(not_found(format!("no {family} address found"))),
    }
}

fn not_found(what: String) -> io::Error {
    io::Error::new(ErrorKind::NotFound, what)
}

/// Each address once; the first one's family and the other alternate, while there are both.
// RFC 8305 §4: "Whichever address family is first in the list should be followed by an address of
// the other address family"
fn interleave(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut seen = HashSet::new();
    let unique: Vec<_> = addresses.filter(|address| seen.insert(*address)).collect();
    let like_first = |address: &SocketAddr| Family::of(address.ip()) == Family::of(unique[0].ip());
    let (one, other): (Vec<_>, Vec<_>) = unique.iter().copied().partition(like_first);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut ordered = Vec::with_capacity(unique.len());
    while ordered.len() < unique.len() {
        ordered.extend(one.next());
        ordered.extend(other.next());
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tests::{PATIENCE, within};

    fn patient() -> Instant {
        Instant::now() + PATIENCE
    }

    #[test]
    fn an_ip_address_is_its_own_answer_though_there_is_no_time() {
        let past = Instant::now();
        for (host, expected) in [
            ("127.0.0.1", "127.0.0.1:80"),
            ("::1", "[::1]:80"),
            ("[::1]", "[::1]:80"),
            ("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]:80"),
            ("fe80::1%lo", "[fe80::1%1]:80"),
        ] {
            let found = resolve(host, 80, None, past).unwrap();
            assert_eq!(found, [expected.parse().unwrap()], "{host}");
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        let long = "x".repeat(1_000_000);
        for (host, why) in [
            ("", "empty"),
            ("a\0b", "control"),
            ("a b", "blanks"),
            ("a\r\n", "control"),
            ("localhost:80", "nor a port"),
            ("::1::", "no IPv6 address"),
            ("[localhost]", "brackets"),
            ("[127.0.0.1]", "brackets"),
            ("[]", "brackets"),
            ("[fe80::1%]", "a zone is"),
            ("localhost%lo:80", "nor a port"),
            (&long, "255 bytes at most, not 1000000"),
        ] {
            let error = resolve(host, 80, None, patient()).unwrap_err();
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
            assert!(text.contains(why) && text.len() < 350, "{text}");
        }
    }

    #[test]
    fn row_n03_localhost_is_looked_up_by_the_system() {
        within(PATIENCE, || {
            let found = resolve("localhost", 8124, None, patient()).unwrap();
            assert!(!found.is_empty());
            for address in found {
                assert!(address.ip().is_loopback() && address.port() == 8124);
            }
        });
    }

    #[test]
    fn row_n09_the_two_families_take_turns() {
        let address = |name: &str| -> SocketAddr {
            let (family, number) = name.split_at(1);
            match family {
                "4" => format!("10.0.0.{number}:1"),
                _ => format!("[fd00::{number}]:1"),
            }
            .parse()
            .unwrap()
        };
        for (found, family, expected) in [
            ("61 62 41 42", None, "61 41 62 42"),
            ("41 42 61 62", None, "41 61 42 62"),
            ("61 62 63 41", None, "61 41 62 63"),
            ("41 61 62 63", None, "41 61 62 63"),
            ("61 62", None, "61 62"),
            ("41", None, "41"),
            ("41 41 61 41 61 42", None, "41 61 42"),
            ("61 41 62 42", Some(Family::V4), "41 42"),
            ("41 61 42 62", Some(Family::V6), "61 62"),
        ] {
            let list = |names: &str| names.split(' ').map(address).collect::<Vec<_>>();
            assert_eq!(in_order(list(found), family).unwrap(), list(expected));
        }
    }

    #[test]
    fn no_address_is_an_error() {
        let error = in_order(Vec::new(), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.to_string(), "no address found");
    }
}
