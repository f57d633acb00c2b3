//! Addresses as people write them: `127.0.0.1:80`, `[::1]:80`, `[fe80::1%eth0]:80`, `localhost:80`.
//!
//! ```text
//!   [fe80::1%eth0]:8124
//!    │       │     port: digits, 65535 at most
//!    │       zone: the number or the name of an interface of this machine
//!    address
//! ```

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};

/// An IP address, with a port and perhaps a zone; `None` if the host is a name. An IPv6 address may stand in
/// brackets.
///
/// # Errors
/// The host is empty, there is no IPv6 address in the brackets, or no such zone on this machine.
pub(super) fn address(host: &str, port: u16) -> io::Result<Option<SocketAddr>> {
    if host.is_empty() {
        return Err(invalid("the name of the host is empty"));
    }
    let inside = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let bare = inside.unwrap_or(host);
    let (address, zone) = match bare.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (bare, None),
    };
    match (address.parse(), zone) {
        (Ok(IpAddr::V6(ip)), Some(zone)) => Ok(Some(in_zone(ip, port, number(zone)?))),
        (Ok(ip @ IpAddr::V6(_)), None) => Ok(Some((ip, port).into())),
        (Ok(ip @ IpAddr::V4(_)), None) if inside.is_none() => Ok(Some((ip, port).into())),
        _ if inside.is_some() => Err(invalid("there is no IPv6 address in the brackets")),
        _ => Ok(None),
    }
}

fn in_zone(ip: Ipv6Addr, port: u16, zone: u32) -> SocketAddr {
    SocketAddrV6::new(ip, port, 0, zone).into()
}

/// The number of a zone. The system resolves a name without the network, since it knows its interfaces.
fn number(zone: &str) -> io::Result<u32> {
    let none = || {
        let what = format!("this machine has no network interface {zone:?}");
        io::Error::new(ErrorKind::NotFound, what)
    };
    if zone.is_empty() || zone.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(invalid("a zone is the number or the name of an interface"));
    }
    if zone.bytes().all(|b| b.is_ascii_digit()) {
        return zone.parse().map_err(|_| none());
    }
    // The zone of any link-local address serves. Our error says more than the system's.
    let found = (format!("fe80::%{zone}"), 0).to_socket_addrs();
    let mut zones = found.into_iter().flatten().filter_map(|found| match found {
        SocketAddr::V6(found) => Some(found.scope_id()),
        SocketAddr::V4(_) => None,
    });
    zones.find(|&number| number != 0).ok_or_else(none)
}

/// The host and the port of `host:port`; an IPv6 address stands in brackets.
pub(in crate::net) fn split(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let is_host = !host.contains(':') || host.ends_with(']');
    is_host.then_some((host, self::port(port)?))
}

/// A port: one to five digits, and no sign.
fn port(text: &str) -> Option<u16> {
    let is_port = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_port)
}

/// The addresses of a host, without a deadline: those to bind, where a name is one of this machine.
pub(crate) fn local(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match address(host, port)? {
        Some(address) => Ok(vec![address]),
        None if host.contains(':') => {
            Err(invalid("an IPv6 address with a port stands in brackets"))
        }
        None => Ok((host, port).to_socket_addrs()?.collect()),
    }
}

/// The same for `host:port`.
pub(crate) fn local_pair(text: &str) -> io::Result<Vec<SocketAddr>> {
    let (host, port) = split(text).ok_or_else(|| invalid("it is no host:port"))?;
    local(host, port)
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of the loopback interface is 1 on Linux.
    #[test]
    fn fault_e02_a_zone_is_a_number_or_a_name() {
        for (host, expected) in [
            ("fe80::1%lo", "[fe80::1%1]:80"),
            ("[fe80::1%lo]", "[fe80::1%1]:80"),
            ("[fe80::1%1]", "[fe80::1%1]:80"),
            ("fe80::1%7", "[fe80::1%7]:80"),
            ("[::1%lo]", "[::1%1]:80"), // not link-local
            ("ff02::1%lo", "[ff02::1%1]:80"),
            ("fe80::1%0", "[fe80::1]:80"), // no zone
            ("::1", "[::1]:80"),
        ] {
            let found = address(host, 80).unwrap().expect("an address");
            assert_eq!(found.to_string(), expected, "{host}");
        }
        for (host, kind) in [
            ("fe80::1%nosuch0", ErrorKind::NotFound),
            ("fe80::1%../lo", ErrorKind::NotFound),
            ("fe80::1%4294967296", ErrorKind::NotFound),
            ("fe80::1%+1", ErrorKind::NotFound),
            ("fe80::1%25lo", ErrorKind::NotFound), // as in a URL of RFC 6874
            ("fe80::1%lo%lo", ErrorKind::NotFound),
            ("fe80::1%", ErrorKind::InvalidInput),
            ("fe80::1%l o", ErrorKind::InvalidInput),
            ("fe80::1%lo\0", ErrorKind::InvalidInput),
            ("[127.0.0.1%lo]", ErrorKind::InvalidInput),
            ("[localhost%lo]", ErrorKind::InvalidInput),
            ("[127.0.0.1]", ErrorKind::InvalidInput),
            ("[]", ErrorKind::InvalidInput),
            ("", ErrorKind::InvalidInput),
        ] {
            let error = address(host, 80).unwrap_err();
            assert_eq!(error.kind(), kind, "{host}: {error}");
        }
        assert_eq!(address("localhost", 80).unwrap(), None);
    }

    #[test]
    fn fault_e09_a_missing_host_is_not_looked_up() {
        for found in [local("", 80), local_pair(":80")] {
            let error = found.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert_eq!(error.to_string(), "the name of the host is empty");
        }
    }

    #[test]
    fn fault_e13_a_port_is_digits() {
        for (text, expected) in [
            ("127.0.0.1:80", ("127.0.0.1", 80)),
            ("localhost:0", ("localhost", 0)),
            ("[::1]:65535", ("[::1]", 65535)),
            ("[fe80::1%eth0]:00080", ("[fe80::1%eth0]", 80)),
        ] {
            assert_eq!(split(text), Some(expected));
        }
        for text in [
            "",
            ":",
            "localhost",
            "8124",
            "::1:80",
            "a:",
            "a:+80",
            "a:-1",
            "a: 80",
            "a:80 ",
            "a:65536",
            "a:000080",
            "a:0x50",
            "a:8_0",
            "a:\u{0663}\u{0660}",
            "a:\u{ff18}\u{ff10}",
            "a:80:90",
            "[::1]:+80",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
