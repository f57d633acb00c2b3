//! Which hosts are reached without the proxy: the list of `no_proxy`.
//!
//! The table of the entries is at `Proxy::no_proxy`. `::ffff:10.0.0.1` is `10.0.0.1`, and an entry for an address
//! does not cover a name that has it.
//!
//! These are the rules of curl and of Go, each where the other has none. They differ in one point: for Go,
//! `.example.com` is not `example.com`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Clone, Default)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Clone)]
struct Entry {
    hosts: Hosts,
    /// `None`: any.
    port: Option<u16>,
}

#[derive(Clone)]
enum Hosts {
    All,
    /// In lower case, without dots at its ends. `itself`: the name as well as those below it.
    Names {
        name: String,
        itself: bool,
    },
    /// The addresses whose first bits are these.
    Network {
        ip: IpAddr,
        bits: u32,
    },
}

impl NoProxy {
    pub(super) fn parse(list: &str) -> NoProxy {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        NoProxy(entries.filter_map(Entry::parse).collect())
    }

    /// `host`: without brackets.
    pub(super) fn includes(&self, host: &str, port: u16) -> bool {
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let address = host.split('%').next().unwrap_or_default(); // a zone is of this machine
        let ip = address.parse().ok().map(|ip: IpAddr| ip.to_canonical());
        self.0.iter().any(|entry| {
            entry.port.is_none_or(|only| only == port) && entry.hosts.include(&name, ip)
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Entry> {
        if let Some(hosts) = Hosts::parse(text) {
            return Some(Entry { hosts, port: None });
        }
        let (host, port) = text.rsplit_once(':')?;
        // RFC 3986 §3.2.2: "A host identified by an Internet Protocol literal address, version 6 [RFC3513]
        // or later, is distinguished by enclosing the IP literal within square brackets ("[" and "]")."
        if host.contains(':') && !host.starts_with('[') {
            return None;
        }
        let is_number = port.bytes().all(|b| b.is_ascii_digit());
        Some(Entry {
            hosts: Hosts::parse(host)?,
            port: Some(port.parse().ok().filter(|_| is_number)?),
        })
    }
}

impl Hosts {
    fn parse(text: &str) -> Option<Hosts> {
        if text == "*" {
            return Some(Hosts::All);
        }
        if let Some((ip, bits)) = text.split_once('/') {
            return network(address(ip)?, length(bits)?);
        }
        if let Some(ip) = address(text) {
            return network(ip, if ip.is_ipv4() { 32 } else { 128 });
        }
        let (below, itself) = match text.strip_prefix("*.") {
            Some(below) => (below, false),
            None => (text.strip_prefix('.').unwrap_or(text), true),
        };
        let name = below.strip_suffix('.').unwrap_or(below);
        let is_name = !name.is_empty() && !name.contains([':', '/', '*', '[', ']']);
        is_name.then(|| Hosts::Names {
            name: name.to_ascii_lowercase(),
            itself,
        })
    }

    /// `ip`: the host, if it is an address. Otherwise it is `name`.
    fn include(&self, name: &str, ip: Option<IpAddr>) -> bool {
        match (self, ip) {
            (Hosts::All, _) => true,
            (Hosts::Names { name: of, itself }, None) => match name.strip_suffix(of.as_str()) {
                Some("") => *itself,
                Some(below) => below.ends_with('.'),
                None => false,
            },
            (Hosts::Network { ip: of, bits }, Some(ip)) => masked(ip, *bits) == masked(*of, *bits),
            _ => false,
        }
    }
}

fn address(text: &str) -> Option<IpAddr> {
    let inside = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    match inside {
        Some(inside) => inside.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

/// The length of a network: `8`, not `+8`, `08` or `008`.
fn length(bits: &str) -> Option<u32> {
    let is_number = bits.bytes().all(|b| b.is_ascii_digit());
    let is_plain = is_number && (bits == "0" || !bits.starts_with('0'));
    bits.parse().ok().filter(|_| is_plain)
}

fn network(ip: IpAddr, bits: u32) -> Option<Hosts> {
    let (canonical, most) = (ip.to_canonical(), if ip.is_ipv4() { 32 } else { 128 });
    if bits > most {
        return None;
    }
    Some(match canonical.is_ipv4() && ip.is_ipv6() {
        true if bits >= 96 => Hosts::Network {
            ip: canonical,
            bits: bits - 96,
        },
        _ => Hosts::Network { ip, bits },
    })
}

/// The address with its first `bits` bits, the others zero.
fn masked(ip: IpAddr, bits: u32) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX
                .checked_shl(32u32.saturating_sub(bits))
                .unwrap_or(0);
            Ipv4Addr::from_bits(ip.to_bits() & mask).into()
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX
                .checked_shl(128u32.saturating_sub(bits))
                .unwrap_or(0);
            Ipv6Addr::from_bits(ip.to_bits() & mask).into()
        }
    }
}
