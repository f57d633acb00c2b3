//! Which addresses a socket of a [`Family`] can use.

use crate::net::{self, Family};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

impl Family {
    /// `address` as a socket of this family uses it.
    pub(super) fn reach(self, address: SocketAddr) -> io::Result<SocketAddr> {
        match (self, address) {
            (Family::V6, SocketAddr::V4(v4)) => Ok((v4.ip().to_ipv6_mapped(), v4.port()).into()),
            (Family::V4, SocketAddr::V6(_)) => Err(no_address(
                self,
                &address,
                "create a socket with Family::V6",
            )),
            _ => Ok(address),
        }
    }

    /// Looks a host up, unless it is an address already. An address of this family is preferred.
    pub(super) fn resolve(self, host: &str, port: u16) -> io::Result<SocketAddr> {
        let found = net::local(host, port);
        let found =
            found.map_err(|e| io::Error::new(e.kind(), format!("no host {host:?}: {e}")))?;
        self.prefer(host, found)
    }

    fn prefer(self, host: &str, found: Vec<SocketAddr>) -> io::Result<SocketAddr> {
        let ours = found.iter().find(|found| Family::of(found.ip()) == self);
        match ours.or(found.first()) {
            Some(address) => self.reach(*address),
            None => Err(no_address(self, &host, "it has no address at all")),
        }
    }
}

fn no_address(family: Family, what: &dyn fmt::Display, advice: &str) -> io::Error {
    invalid(format!("{what} is no {family} address: {advice}"))
}

pub(super) fn invalid(text: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, text)
}

/// Where a socket can be bound:
///
/// | given | bound to |
/// |---|---|
/// | `41234` | that port of all interfaces |
/// | `(41234, "localhost")`, the order of the book | that port of that host's address |
/// | `"127.0.0.1:41234"`, `"[::1]:41234"`, `"[fe80::1%eth0]:41234"` | that port of that address |
/// | a [`SocketAddr`] | that |
///
/// With port 0 the system chooses a free one.
///
/// ```
/// use barewire::udp::{self, Family};
///
/// let all = udp::create_socket(Family::V4).bind(0)?;
/// let here = udp::create_socket(Family::V4).bind((0, "localhost"))?;
/// assert!(all.local_addr().ip().is_unspecified() && here.local_addr().ip().is_loopback());
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Place {
    /// The addresses to try, in order; those of another family are ignored.
    ///
    /// # Errors
    /// The name cannot be looked up, or is not a name.
    fn candidates(&self, family: Family) -> io::Result<Vec<SocketAddr>>;
}

impl Place for u16 {
    fn candidates(&self, family: Family) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![(family.unspecified(), *self).into()])
    }
}

impl Place for SocketAddr {
    fn candidates(&self, _family: Family) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![*self])
    }
}

impl Place for &str {
    fn candidates(&self, _family: Family) -> io::Result<Vec<SocketAddr>> {
        net::local_pair(self)
    }
}

impl Place for (u16, &str) {
    fn candidates(&self, _family: Family) -> io::Result<Vec<SocketAddr>> {
        net::local(self.1, self.0)
    }
}

/// The candidates that a socket of this family can be bound to.
pub(super) fn places(family: Family, place: &impl Place) -> io::Result<Vec<SocketAddr>> {
    let all = place.candidates(family)?;
    let fits = |address: &&SocketAddr| Family::of(address.ip()) == family;
    let fitting: Vec<_> = all.iter().filter(fits).copied().collect();
    match (fitting.is_empty(), all.first()) {
        (true, Some(other)) => Err(no_address(
            family,
            other,
            "create a socket of the other family",
        )),
        (true, None) => Err(no_address(family, &"nothing", "the name has no address")),
        (false, _) => Ok(fitting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[test]
    fn a_host_with_both_families_gives_the_socket_its_own() {
        let both = vec![at("[::1]:9"), at("127.0.0.1:9")];
        let prefer = |family: Family| family.prefer("both", both.clone()).unwrap();
        assert_eq!(prefer(Family::V4), at("127.0.0.1:9"));
        assert_eq!(prefer(Family::V6), at("[::1]:9"));
    }

    #[test]
    fn ipv6_reaches_ipv4_but_ipv4_not_ipv6() {
        let mapped = Family::V6.resolve("127.0.0.1", 9).unwrap();
        assert_eq!(mapped, at("[::ffff:127.0.0.1]:9"));
        let e = Family::V4.resolve("::1", 9).unwrap_err();
        let why = "[::1]:9 is no IPv4 address: create a socket with Family::V6";
        assert_eq!(
            (e.kind(), e.to_string().as_str()),
            (ErrorKind::InvalidInput, why)
        );
        assert!(Family::V4.prefer("nowhere", vec![]).is_err());
    }

    #[test]
    fn fault_e02_e13_zones_and_ports() {
        let six = |place: &dyn Place| place.candidates(Family::V6).unwrap();
        assert_eq!(six(&"[fe80::1%lo]:9"), [at("[fe80::1%1]:9")]);
        assert_eq!(six(&(9, "fe80::1%lo")), [at("[fe80::1%1]:9")]);
        let to = Family::V6.resolve("fe80::1%lo", 9).unwrap();
        assert_eq!(to, at("[fe80::1%1]:9"));
        for wrong in ["127.0.0.1:+9", "127.0.0.1:", "::1:9", "[fe80::1%nosuch0]:9"] {
            assert!(wrong.candidates(Family::V4).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_place_has_four_spellings() {
        let four = |place: &dyn Place| place.candidates(Family::V4).unwrap();
        assert_eq!(four(&41234), [at("0.0.0.0:41234")]);
        assert_eq!(four(&(41234, "127.0.0.1")), [at("127.0.0.1:41234")]);
        assert_eq!(four(&"127.0.0.1:0"), [at("127.0.0.1:0")]);
        assert_eq!(four(&at("127.0.0.1:0")), [at("127.0.0.1:0")]);
        assert_eq!(41234.candidates(Family::V6).unwrap(), [at("[::]:41234")]);
        assert!("127.0.0.1".candidates(Family::V4).is_err());
        let e = places(Family::V4, &"[::1]:0").unwrap_err();
        assert_eq!(e.kind(), ErrorKind::InvalidInput);
    }
}
