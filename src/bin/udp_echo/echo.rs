//! Which datagrams `--echo` sends back.
//!
//! An echo that arrives at another echo server is sent back, and the two servers never stop: one datagram with a
//! false source is enough (CVE-2024-2169; inetd's echo had the fault in 1996). RFC 862 does not mention it. UDP
//! shows no difference between a client and a server, so:
//!
//! | a datagram from | is not sent back, since |
//! |---|---|
//! | our own port, at whatever address | it is this server itself, or another one like it |
//! | a port below 1024 | a server has it, and may answer an echo with an error or with an echo |
//! | port 0, a multicast or broadcast address, 0.0.0.0 | no answer can arrive at its sender |
//! | an address and port that sent 500 and goes on with more than 100 a second | the echo of an echo comes faster than a user types; one that is dropped ends the circle |

use crate::bucket::Bucket;
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The limit on the table of sources: a flood with false sources could fill the memory.
const MOST_SOURCES: usize = 1000;
const FIRST_UNPRIVILEGED: u16 = 1024;

#[derive(Default)]
pub(crate) struct Echo {
    sources: Mutex<HashMap<SocketAddr, Bucket>>,
}

/// Why a datagram is not sent back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    OurPort,
    ServersPort,
    NoSender,
    TooMany,
}

impl Echo {
    pub(crate) fn check(
        &self,
        from: SocketAddr,
        our_port: u16,
        now: Instant,
    ) -> Result<(), Unanswered> {
        match from.port() {
            _ if !can_send(from.ip()) => Err(Unanswered::NoSender),
            0 => Err(Unanswered::NoSender),
            port if port == our_port => Err(Unanswered::OurPort),
            port if port < FIRST_UNPRIVILEGED => Err(Unanswered::ServersPort),
            _ if !self.count(from, now) => Err(Unanswered::TooMany),
            _ => Ok(()),
        }
    }

    /// Whether its sender may have one more.
    fn count(&self, from: SocketAddr, now: Instant) -> bool {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= MOST_SOURCES && !sources.contains_key(&from) {
            sources.retain(|_, bucket| !bucket.is_full(now)); // as if they had never sent
        }
        if sources.len() >= MOST_SOURCES && !sources.contains_key(&from) {
            return false;
        }
        let bucket = sources.entry(from).or_insert_with(|| Bucket::full(now));
        bucket.take(now)
    }
}

fn can_send(ip: IpAddr) -> bool {
    let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !(ip.is_unspecified() || ip.is_multicast() || is_broadcast)
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unanswered::OurPort => "it has the port of this server, and echoes would circle",
            Unanswered::ServersPort => "a port below 1024 is a server's, and echoes could circle",
            Unanswered::NoSender => "that is no sender's address",
            Unanswered::TooMany => "it sends more than 100 a second, as echoes that circle do",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::MOST;
    use std::time::Duration;

    #[test]
    fn fault_e07_who_gets_no_echo() {
        let (echo, now) = (Echo::default(), Instant::now());
        for (from, checked) in [
            ("127.0.0.1:41234", Err(Unanswered::OurPort)),
            ("192.0.2.7:41234", Err(Unanswered::OurPort)),
            ("[::1]:41234", Err(Unanswered::OurPort)),
            ("192.0.2.7:7", Err(Unanswered::ServersPort)),
            ("192.0.2.7:53", Err(Unanswered::ServersPort)),
            ("192.0.2.7:1023", Err(Unanswered::ServersPort)),
            ("192.0.2.7:0", Err(Unanswered::NoSender)),
            ("0.0.0.0:5000", Err(Unanswered::NoSender)),
            ("[::]:5000", Err(Unanswered::NoSender)),
            ("224.0.0.1:5000", Err(Unanswered::NoSender)),
            ("[ff02::1]:5000", Err(Unanswered::NoSender)),
            ("255.255.255.255:5000", Err(Unanswered::NoSender)),
            ("192.0.2.7:1024", Ok(())),
            ("127.0.0.1:41235", Ok(())),
            ("[fe80::1]:5000", Ok(())),
        ] {
            let from = from.parse().expect("an address");
            assert_eq!(echo.check(from, 41234, now), checked, "{from}");
        }
    }

    #[test]
    fn fault_e07_a_circle_ends() {
        let (echo, now) = (Echo::default(), Instant::now());
        let from = |port| SocketAddr::from(([192, 0, 2, 7], port));
        let answered = (0..10_000).filter(|_| echo.check(from(5000), 1, now).is_ok());
        assert_eq!(answered.count(), MOST as usize);
        assert_eq!(echo.check(from(5001), 1, now), Ok(()), "others get theirs");
        let later = now + Duration::from_secs(1);
        let answered = (0..10_000).filter(|_| echo.check(from(5000), 1, later).is_ok());
        assert_eq!(answered.count(), 100);
    }

    #[test]
    fn fault_e07_false_sources_do_not_fill_the_memory() {
        let (echo, now) = (Echo::default(), Instant::now());
        let from = |number: u16| SocketAddr::from(([192, 0, 2, 7], 2000 + number));
        for number in 0..5000 {
            let _ = echo.check(from(number), 1, now);
        }
        let kept = |echo: &Echo| echo.sources.lock().expect("no panic").len();
        assert_eq!(kept(&echo), MOST_SOURCES);
        let later = now + Duration::from_secs(1);
        assert_eq!(echo.check(from(5000), 1, later), Ok(()));
        assert_eq!(kept(&echo), 1, "those that have been silent are forgotten");
    }
}
