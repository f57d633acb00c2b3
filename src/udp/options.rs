//! One to many, and how far: broadcast, multicast, time to live.
//!
//! ```text
//!   127.0.0.1         unicast     one receiver
//!   239.255.41.234    multicast   sockets that have joined the group, on this interface
//!   192.168.1.255     broadcast   every host of this network; IPv6 has none
//! ```
//!
//! The standard library has no call to choose the interface by which multicast leaves. Over IPv4 a
//! socket that is *bound* to an interface's address sends by that interface (Linux). Over IPv6 the zone
//! of the destination (`SocketAddrV6::scope_id`) decides. Otherwise the routing table decides.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::family::invalid;
use super::socket::Socket;
use crate::net::Family;

/// How a socket refuses what the standard library cannot set.
const NO_HOP_LIMIT: &str = "the standard library sets no hop limit for IPv6";

/// On a closed socket each of these fails with [`is_closed`](super::is_closed).
impl Socket {
    /// Whether this socket may send to broadcast addresses; off by default, against accidents.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) for IPv6, which has multicast only.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.require_ipv4("IPv6 has no broadcast: join a group")?;
        self.using(|socket| socket.set_broadcast(on))
    }

    /// Joins a group: from now on the socket receives datagrams to `group` and its port that arrive at
    /// the interface with the address `interface` (`0.0.0.0`: the system chooses it). The socket must be
    /// bound to `0.0.0.0` or to the group's address. (On Linux, a socket bound to `0.0.0.0` also
    /// receives from the groups that other sockets of this machine have joined.)
    ///
    /// # Errors
    /// `group` is not a multicast address ([`InvalidInput`](ErrorKind::InvalidInput)) or was joined
    /// before; or no interface has that address.
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

    /// The time to live: how many routers may forward a datagram. Multicast has a value of its own.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) for 0; [`Unsupported`](ErrorKind::Unsupported) for IPv6: the standard library has no call for it.
    pub fn set_ttl(&self, hops: u8) -> io::Result<()> {
        self.require_ipv4(NO_HOP_LIMIT)?;
        self.using(|socket| socket.set_ttl(hops.into()))
    }

    /// The same for multicast: with 0 a datagram stays on this machine, with 1 (the default) on this
    /// network.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) for IPv6, as [`set_ttl`](Socket::set_ttl).
    pub fn set_multicast_ttl(&self, hops: u8) -> io::Result<()> {
        self.require_ipv4(NO_HOP_LIMIT)?;
        self.using(|socket| socket.set_multicast_ttl_v4(hops.into()))
    }

    /// Whether sockets of this machine receive what this socket sends to their groups; on by default.
    /// (Linux uses the sender's setting, and ignores it on the loopback interface.)
    ///
    /// # Errors
    /// The system refused, which it has no reason to.
    pub fn set_multicast_loopback(&self, on: bool) -> io::Result<()> {
        self.using(|socket| match self.family() {
            Family::V4 => socket.set_multicast_loop_v4(on),
            Family::V6 => socket.set_multicast_loop_v6(on),
        })
    }

    fn require_ipv4(&self, why: &str) -> io::Result<()> {
        match self.family() {
            Family::V4 => Ok(()),
            Family::V6 => Err(io::Error::new(ErrorKind::Unsupported, why)),
        }
    }
}

fn check_group(is_group: bool, group: &dyn fmt::Display, groups: &str) -> io::Result<()> {
    match is_group {
        true => Ok(()),
        false => Err(invalid(format!(
            "{group} is no multicast group; those are {groups}"
        ))),
    }
}
