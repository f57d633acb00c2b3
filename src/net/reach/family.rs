//! The two versions of IP.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which version of IP: of the addresses that [`resolve`](super::resolve()) looks for, of a connection
/// ([`ConnectOptions::family`](crate::net::ConnectOptions::family)), of a socket of
/// [`udp`](crate::udp::create_socket).
///
/// The book's `"udp4"` is `Family::V4` here. The [`Display`](fmt::Display) form is what Node's
/// `rinfo.family` says: `IPv4`, `IPv6`.
///
/// ```
/// use barewire::{net, udp};
///
/// let socket = udp::create_socket(net::Family::V4).bind("127.0.0.1:0")?;
/// assert_eq!(net::Family::of(socket.local_addr().ip()), socket.family());
/// assert_eq!(socket.family().to_string(), "IPv4");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4: `127.0.0.1`.
    #[doc(alias = "udp4")]
    V4,
    /// IPv6: `::1`. A UDP socket that is bound to `::` also receives over IPv4, from addresses like
    /// `::ffff:127.0.0.1`, unless the system is configured otherwise.
    #[doc(alias = "udp6")]
    V6,
}

impl Family {
    /// The family that an address belongs to.
    pub fn of(address: IpAddr) -> Family {
        match address {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }

    /// The address that stands for all interfaces: `0.0.0.0` or `::`.
    pub fn unspecified(self) -> IpAddr {
        match self {
            Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        })
    }
}
