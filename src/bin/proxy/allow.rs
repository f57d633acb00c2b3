//! Which hosts can be reached: those of a list, and no others.
//!
//! The host is compared *as it is asked for*. `localhost` is on the default list; a name whose address
//! is 127.0.0.1 is not. If such a name were listed, the owner of the name would decide what is reached
//! on this machine. So it is refused after it has been looked up ([`may_lead_to`]). So is the opposite: a
//! name such as `a.localhost` that the resolver looks up in the network, and that leads elsewhere.

// RFC 9110 §9.3.6: "Proxies that support CONNECT SHOULD restrict its use to a limited set of known
// ports or a configurable list of safe request targets."

use crate::demo::whole_number;
use std::net::IpAddr;

pub(crate) struct Allow(Vec<Entry>);

pub(crate) struct Entry {
    hosts: Hosts,
    /// `None`: any.
    port: Option<u16>,
}

enum Hosts {
    All,
    Loopback,
    /// Lower-case, an IPv6 address without its brackets.
    One(String),
    /// `.example.com`, lower-case.
    Below(String),
}

impl Allow {
    /// What was listed. Without a list: loopback, if the proxy listens there, since other machines must
    /// not reach what listens on this machine's loopback.
    pub(crate) fn new(listed: Vec<Entry>, listens_at: Option<IpAddr>) -> Allow {
        let is_local = listens_at.is_some_and(|ip| ip.is_loopback());
        match listed.is_empty() && is_local {
            true => Allow(vec![Entry {
                hosts: Hosts::Loopback,
                port: None,
            }]),
            false => Allow(listed),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn allows(&self, host: &str, port: u16) -> bool {
        let host = unbracketed(host).to_ascii_lowercase();
        self.0.iter().any(|entry| {
            let has_port = entry.port.is_none_or(|only| only == port);
            has_port && entry.hosts.include(&host)
        })
    }
}

impl Hosts {
    fn include(&self, host: &str) -> bool {
        match self {
            Hosts::All => true,
            Hosts::Loopback => is_loopback_name(host),
            Hosts::One(name) => host == name,
            Hosts::Below(tail) => host.len() > tail.len() && host.ends_with(tail.as_str()),
        }
    }
}

impl Entry {
    /// `HOST`, `HOST:PORT`, `[::1]:PORT`, `*.example.com`, `*`
    pub(crate) fn parse(text: &str) -> Result<Entry, String> {
        let mistake = || format!("--allow takes HOST or HOST:PORT, not {text:?}");
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(whole_number(port).ok_or_else(mistake)?))
            }
            _ => (text, None),
        };
        let host = unbracketed(host).to_ascii_lowercase();
        let hosts = match host.strip_prefix('*') {
            Some("") => Hosts::All,
            Some(tail) if tail.starts_with('.') => Hosts::Below(tail.to_owned()),
            None if !host.is_empty() && !host.contains(['/', '@', '*']) => Hosts::One(host),
            _ => return Err(mistake()),
        };
        Ok(Entry { hosts, port })
    }
}

fn unbracketed(host: &str) -> &str {
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host)
}

/// `localhost`, a name below it, or a loopback address.
fn is_loopback_name(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Whether this host, as it was asked for, may have this address: the names of this machine's loopback lead
/// to loopback addresses, and no other name leads to this machine.
// RFC 6761 §6.3: "Users may assume that IPv4 and IPv6 address queries for localhost names will always
// resolve to the respective IP loopback address."
pub(crate) fn may_lead_to(host: &str, ip: IpAddr) -> bool {
    let ip = ip.to_canonical(); // ::ffff:127.0.0.1 is 127.0.0.1
    match is_loopback_name(unbracketed(host)) {
        true => ip.is_loopback(),
        false => !ip.is_loopback() && !ip.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(list: &[&str]) -> Allow {
        let entries = list.iter().map(|text| Entry::parse(text).unwrap());
        Allow::new(entries.collect(), None)
    }

    fn unlisted(listens_at: &str) -> Allow {
        Allow::new(Vec::new(), listens_at.parse().ok())
    }

    #[test]
    fn the_default_list_holds_only_if_no_other_machine_reaches_the_proxy() {
        assert!(unlisted("127.0.0.1").allows("localhost", 80));
        assert!(unlisted("::1").allows("localhost", 80));
        assert!(!unlisted("0.0.0.0").allows("localhost", 80));
        assert!(!unlisted("no address").allows("localhost", 80));
        let list = |at: &str| {
            let listed = ["a", "b:81"].map(|text| Entry::parse(text).unwrap());
            Allow::new(listed.into(), at.parse().ok())
        };
        assert!(list("0.0.0.0").allows("a", 80) && !list("127.0.0.1").allows("localhost", 80));
    }

    #[test]
    fn the_default_list_is_this_machine_by_its_own_names() {
        let usual = unlisted("127.0.0.1");
        for host in [
            "localhost",
            "LocalHost",
            "a.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
        ] {
            assert!(usual.allows(host, 80), "{host}");
        }
        for host in [
            "example.com",
            "localhost.example.com",
            "notlocalhost",
            "127.0.0.1.example.com",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0.0.0.0",
            "[::]",
            "[::ffff:127.0.0.1]",
            "localhost.",
            "",
        ] {
            assert!(!usual.allows(host, 80), "{host}");
        }
    }

    #[test]
    fn a_list_of_hosts_and_ports() {
        let list = allow(&[
            "Example.com:80",
            "*.example.org",
            "[2001:db8::1]:443",
            "::2",
        ]);
        for (host, port) in [
            ("example.com", 80),
            ("EXAMPLE.COM", 80),
            ("a.example.org", 1),
            ("a.b.example.org", 2),
            ("[2001:DB8::1]", 443),
            ("[::2]", 9),
        ] {
            assert!(list.allows(host, port), "{host}:{port}");
        }
        for (host, port) in [
            ("example.com", 443),
            ("www.example.com", 80),
            ("example.org", 80),
            ("badexample.org", 80),
            (".example.org", 80),
            ("[2001:db8::1]", 80),
            ("localhost", 80),
        ] {
            assert!(!list.allows(host, port), "{host}:{port}");
        }
        assert!(allow(&["*"]).allows("anything", 1) && !allow(&["*:80"]).allows("anything", 1));
        assert!(!allow(&[]).allows("localhost", 80));
    }

    #[test]
    fn entries_that_are_mistakes() {
        for text in [
            "", ":80", "a:", "a:http", "a:65536", "http://a", "*a", "a*", "u@a",
        ] {
            assert!(Entry::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn fault_c13_a_name_leads_to_this_machine_if_it_says_so_and_only_then() {
        for (host, ip, may) in [
            ("localhost", "127.0.0.1", true),
            ("localhost", "::1", true),
            ("localhost", "::ffff:127.0.0.1", true),
            ("LocalHost", "127.8.8.8", true),
            ("localhost", "192.0.2.1", false),
            ("evil.localhost", "127.0.0.1", true),
            ("evil.localhost", "192.0.2.1", false),
            ("EVIL.localhost", "2001:db8::1", false),
            ("evil.localhost", "::ffff:192.0.2.1", false),
            ("evil.localhost", "10.0.0.1", false),
            ("evil.localhost", "169.254.169.254", false),
            ("evil.localhost", "0.0.0.0", false),
            ("127.0.0.1", "192.0.2.1", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("[::1]", "::1", true),
            ("example.com", "192.0.2.1", true),
            ("example.com", "10.0.0.1", true), // a listed host of the inner network is meant
            ("example.com", "127.0.0.1", false),
            ("example.com", "::1", false),
            ("example.com", "::ffff:127.0.0.1", false),
            ("example.com", "0.0.0.0", false),
            ("0.0.0.0", "0.0.0.0", false),
            ("2130706433", "127.0.0.1", false),
        ] {
            assert_eq!(may_lead_to(host, ip.parse().unwrap()), may, "{host} {ip}");
        }
    }
}
