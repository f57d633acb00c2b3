use super::{bind, next, next_text, socket, socket_at, unless_lacking};
use crate::support::watched;
use barewire::udp::{self, Family, Socket};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Every host of the loopback network.
const BROADCAST: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);

/// Sends to `there`, then a marker to the socket itself. If the first message has arrived, it is received
/// before the marker.
fn is_received(by: &Socket, from: &Socket, there: SocketAddr) -> bool {
    from.send_to(b"to all", there).unwrap();
    let itself = (from.local_addr().ip(), by.local_addr().port()).into();
    from.send_to(b"to you", itself).unwrap();
    let received = next_text(by);
    if received == "to all" {
        assert_eq!(next_text(by), "to you");
    }
    received == "to all"
}

#[test]
fn row_u05_broadcast_has_to_be_allowed() {
    watched(|| {
        let (all, client) = (socket_at("0.0.0.0:0"), socket());
        let everyone: SocketAddr = (BROADCAST, all.local_addr().port()).into();
        let allowed = |on| {
            client.set_broadcast(on).unwrap();
            client.send_to(b"to all", everyone)
        };
        if unless_lacking("broadcast on 127.0.0.1", allowed(true)).is_none() {
            return;
        }
        let (received, rinfo) = next(&all);
        assert_eq!(
            (received, rinfo.socket_addr()),
            (b"to all".to_vec(), client.local_addr())
        );

        let e = allowed(false).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::PermissionDenied);
        assert!(
            e.to_string().contains("call set_broadcast(true) first"),
            "{e}"
        );
    });
}

#[test]
fn row_u05_multicast_join_and_leave() {
    watched(|| {
        let (member, client) = (socket_at("0.0.0.0:0"), socket());
        let (group, here) = (Ipv4Addr::new(239, 255, 41, 234), Ipv4Addr::LOCALHOST);
        let there = (group, member.local_addr().port()).into();
        if unless_lacking("multicast", client.send_to(b"nobody joined", there)).is_none() {
            return;
        }
        assert!(!is_received(&member, &client, there));
        if unless_lacking("multicast on 127.0.0.1", member.join_v4(group, here)).is_none() {
            return;
        }
        assert!(is_received(&member, &client, there));
        member.leave_v4(group, here).unwrap();
        assert!(!is_received(&member, &client, there));

        assert!(member.leave_v4(group, here).is_err());
        let e = member
            .join_v4(Ipv4Addr::new(192, 0, 2, 1), here)
            .unwrap_err();
        let why = "192.0.2.1 is no multicast group; those are 224.0.0.0 to 239.255.255.255";
        assert_eq!(
            (e.kind(), e.to_string().as_str()),
            (ErrorKind::InvalidInput, why)
        );
    });
}

/// The loopback interface brings everything back, so this needs another one. Nothing leaves the
/// machine: the time to live is 0.
#[test]
fn row_u05_multicast_loopback_and_ttl() {
    watched(|| {
        let (member, client) = (socket_at("0.0.0.0:0"), socket_at("0.0.0.0:0"));
        let (group, any) = (Ipv4Addr::new(239, 255, 41, 235), Ipv4Addr::UNSPECIFIED);
        let there = (group, member.local_addr().port()).into();
        client.set_multicast_ttl(0).unwrap();
        client.set_ttl(1).unwrap();
        let what = "interface for multicast but loopback";
        let joined = unless_lacking(what, member.join_v4(group, any));
        let sent = joined.and_then(|()| unless_lacking(what, client.send_to(b"1", there)));
        if sent.is_none() {
            return;
        }
        assert_eq!(next_text(&member), "1");
        client.set_multicast_loopback(false).unwrap();
        client.send_to(b"2", there).unwrap();
        client.set_multicast_loopback(true).unwrap();
        client.send_to(b"3", there).unwrap();
        assert_eq!(next_text(&member), "3");
    });
}

/// An interface with IPv6 other than loopback, and its number.
fn interface() -> Option<u32> {
    let table = std::fs::read_to_string("/proc/net/if_inet6").ok()?;
    let mut rows = table
        .lines()
        .map(|row| row.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row.last() != Some(&"lo"))?;
    u32::from_str_radix(row.get(1)?, 16).ok()
}

/// `ff01:` is a group inside one interface: nothing leaves the machine.
#[test]
fn row_u05_multicast_over_ipv6() {
    watched(|| {
        let Some(index) = interface() else {
            eprintln!("NOT TESTED: this system has no interface with IPv6 but loopback");
            return;
        };
        let group: Ipv6Addr = "ff01::4:1234".parse().unwrap();
        let (member, client) = (socket_at("[::]:0"), socket_at("[::]:0"));
        let there = SocketAddrV6::new(group, member.local_addr().port(), 0, index).into();
        if unless_lacking("IPv6 multicast", member.join_v6(group, index)).is_none()
            || unless_lacking("IPv6 multicast", client.send_to(b"1", there)).is_none()
        {
            return;
        }
        let (received, rinfo) = next(&member);
        assert_eq!((received, rinfo.family()), (b"1".to_vec(), Family::V6));
        client.set_multicast_loopback(false).unwrap();
        client.send_to(b"2", there).unwrap();
        client.set_multicast_loopback(true).unwrap();
        client.send_to(b"3", there).unwrap();
        assert_eq!(next_text(&member), "3");
        member.leave_v6(group, index).unwrap();
        assert!(member.leave_v6(group, index).is_err());
        assert!(member.join_v6(Ipv6Addr::LOCALHOST, 0).is_err());
    });
}

#[test]
fn row_u05_what_ipv6_lacks_is_unsupported() {
    watched(|| {
        if unless_lacking("IPv6", bind("[::1]:0")).is_none() {
            return;
        }
        let socket = udp::create_socket(Family::V6).bind("[::1]:0").unwrap();
        for refused in [
            socket.set_broadcast(true),
            socket.set_ttl(1),
            socket.set_multicast_ttl(1),
        ] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
        }
    });
}
