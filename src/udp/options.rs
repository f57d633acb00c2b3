//! One to many, and how far: broadcast, multicast, time to live.
//!
//! ```text
//!   127.0.0.1         unicast     one receiver
//!   239.255.41.234    multicast   whoever joined the group, on this interface
//!   192.168.1.255     broadcast   everyone on this network; IPv6 has none
//! ```
//!
//! The standard library has no call to choose the interface that multicast leaves by. Over IPv4 a
//! socket that is *bound* to an interface's address sends by it (Linux); over IPv6 the zone of the
//! destination says so (`SocketAddrV6::scope_id`); otherwise the routing table decides.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::family::Family;
use super::socket::Socket;

/// Every one of these fails with [`is_closed`](super::is_closed) on a closed socket.
impl Socket {
    /// Whether this socket may send to broadcast addresses; off from the start, so that nobody
    /// does by accident.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) for IPv6, which has multicast only.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.only(Family::Udp4, "IPv6 has no broadcast: join a group")?;
        self.using(|socket| socket.set_broadcast(on))
    }

    /// Joins a group: from now on what is sent to `group` and this socket's port arrives here, if
    /// it comes in by the interface that has the address `interface` (`0.0.0.0`: the system's
    /// choice). The socket must be bound to `0.0.0.0` or to the group's address. (Bound to `0.0.0.0`
    /// it also hears, on Linux, the groups that other sockets of this machine have joined.)
    ///
    /// # Errors
    /// The address is none of a group ([`InvalidInput`](ErrorKind::InvalidInput)), was joined
    /// before, or no interface has that address.
    pub fn join_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        check_group(group.is_multicast(), &group, "224.0.0.0 to 239.255.255.255")?;
        self.using(|socket| socket.join_multicast_v4(&group, &interface))
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// It was not joined on this interface.
    pub fn leave_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.using(|socket| socket.leave_multicast_v4(&group, &interface))
    }

    /// Joins a group of IPv6 on the interface with this index (0: the system's choice).
    ///
    /// # Errors
    /// As for [`join_v4`](Socket::join_v4).
    pub fn join_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        check_group(group.is_multicast(), &group, "ff00::/8")?;
        self.using(|socket| socket.join_multicast_v6(&group, interface))
    }

    /// Leaves a group of IPv6.
    ///
    /// # Errors
    /// It was not joined on this interface.
    pub fn leave_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.using(|socket| socket.leave_multicast_v6(&group, interface))
    }

    /// How far a datagram may go: each router on its way takes one off. Not for multicast, which
    /// has a number of its own.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) for 0; [`Unsupported`](ErrorKind::Unsupported) for IPv6: the standard library has no call for it.
    pub fn set_ttl(&self, hops: u8) -> io::Result<()> {
        self.only(
            Family::Udp4,
            "the standard library sets no hop limit for IPv6",
        )?;
        self.using(|socket| socket.set_ttl(hops.into()))
    }

    /// The same for multicast: 0 stays in this machine, 1 (the default) on this network.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) for IPv6, as [`set_ttl`](Socket::set_ttl).
    pub fn set_multicast_ttl(&self, hops: u8) -> io::Result<()> {
        self.only(
            Family::Udp4,
            "the standard library sets no hop limit for IPv6",
        )?;
        self.using(|socket| socket.set_multicast_ttl_v4(hops.into()))
    }

    /// Whether groups joined on this same machine hear what this socket sends to them; on from the
    /// start. (Linux looks at the sender's setting, and not at all on the loopback interface.)
    ///
    /// # Errors
    /// The system refused, which it has no reason to.
    pub fn set_multicast_loopback(&self, on: bool) -> io::Result<()> {
        self.using(|socket| match self.family() {
            Family::Udp4 => socket.set_multicast_loop_v4(on),
            Family::Udp6 => socket.set_multicast_loop_v6(on),
        })
    }

    fn only(&self, family: Family, why: &str) -> io::Result<()> {
        match self.family() == family {
            true => Ok(()),
            false => Err(io::Error::new(ErrorKind::Unsupported, why)),
        }
    }
}

fn check_group(is_one: bool, group: &dyn std::fmt::Display, groups: &str) -> io::Result<()> {
    let why = || format!("{group} is no group; those are {groups}");
    match is_one {
        true => Ok(()),
        false => Err(io::Error::new(ErrorKind::InvalidInput, why())),
    }
}
