//! Who may be reached: a list, and nothing beside it.
//!
//! What is compared is the host *as it is asked for*. `localhost` is on the usual list; a name that
//! merely leads to 127.0.0.1 is not, and if somebody lists it, whoever controls the name decides what
//! of this machine is reached. So such a name is refused after it has been looked up
//! ([`may_lead_to`]).

// RFC 9110 §9.3.6: "Proxies that support CONNECT SHOULD restrict its use to a limited set of known
// ports or a configurable list of safe request targets."

use std::net::IpAddr;

#[derive(Clone)]
pub(crate) struct Allow(Vec<Entry>);

#[derive(Clone)]
pub(crate) struct Entry {
    hosts: Hosts,
    /// `None`: any.
    port: Option<u16>,
}

#[derive(Clone)]
enum Hosts {
    All,
    Loopback,
    /// Lower-case, an IPv6 address without its brackets.
    One(String),
    /// `.example.com`, lower-case.
    Below(String),
}

impl Allow {
    pub(crate) fn these(entries: Vec<Entry>) -> Allow {
        Allow(entries)
    }

    pub(crate) fn loopback() -> Allow {
        let hosts = Hosts::Loopback;
        Allow(vec![Entry { hosts, port: None }])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn lets(&self, host: &str, port: u16) -> bool {
        let host = unbracketed(host).to_ascii_lowercase();
        self.0.iter().any(|entry| {
            let has_port = entry.port.is_none_or(|only| only == port);
            has_port && entry.hosts.have(&host)
        })
    }
}

impl Hosts {
    fn have(&self, host: &str) -> bool {
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
        let wrong = || format!("--allow takes HOST or HOST:PORT, not {text:?}");
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(port.parse().map_err(|_| wrong())?))
            }
            _ => (text, None),
        };
        let host = unbracketed(host).to_ascii_lowercase();
        let hosts = match host.strip_prefix('*') {
            Some("") => Hosts::All,
            Some(tail) if tail.starts_with('.') => Hosts::Below(tail.to_owned()),
            None if !host.is_empty() && !host.contains(['/', '@', '*']) => Hosts::One(host),
            _ => return Err(wrong()),
        };
        Ok(Entry { hosts, port })
    }
}

pub(crate) fn unbracketed(host: &str) -> &str {
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

/// Whether this host, as it was asked for, may turn out to be this address: only what says that it
/// is this machine may be.
pub(crate) fn may_lead_to(host: &str, ip: IpAddr) -> bool {
    let ip = ip.to_canonical(); // ::ffff:127.0.0.1 is 127.0.0.1
    let here = ip.is_loopback() || ip.is_unspecified();
    !here || is_loopback_name(unbracketed(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(list: &[&str]) -> Allow {
        let entries = list.iter().map(|text| Entry::parse(text).unwrap());
        Allow::these(entries.collect())
    }

    #[test]
    fn the_usual_list_is_this_machine_by_its_own_names() {
        let usual = Allow::loopback();
        for host in [
            "localhost",
            "LocalHost",
            "a.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
        ] {
            assert!(usual.lets(host, 80), "{host}");
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
            assert!(!usual.lets(host, 80), "{host}");
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
            assert!(list.lets(host, port), "{host}:{port}");
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
            assert!(!list.lets(host, port), "{host}:{port}");
        }
        assert!(allow(&["*"]).lets("anything", 1) && !allow(&["*:80"]).lets("anything", 1));
        assert!(!allow(&[]).lets("localhost", 80));
    }

    #[test]
    fn entries_that_are_none() {
        for text in [
            "", ":80", "a:", "a:http", "a:65536", "http://a", "*a", "a*", "u@a",
        ] {
            assert!(Entry::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_name_that_leads_here_is_another_matter() {
        for (host, ip, may) in [
            ("localhost", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("[::1]", "::1", true),
            ("example.com", "192.0.2.1", true),
            ("example.com", "10.0.0.1", true), // whoever lists an inner host means it
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
