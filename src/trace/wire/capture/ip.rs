//! A packet record: its header, an IP header, and what it carries.

use super::checksum::Checksum;
use std::net::{IpAddr, SocketAddr};

pub(super) const LONGEST_PACKET: usize = 65_535;
const IPV4_BYTES: usize = 20;
const IPV6_BYTES: usize = 40;

/// How long the IP header of a packet between such addresses is.
pub(super) fn ip_bytes(addr: SocketAddr) -> usize {
    if addr.is_ipv4() {
        IPV4_BYTES
    } else {
        IPV6_BYTES
    }
}

/// Over the pseudo-header, the header with a zero for the checksum, and the bytes.
pub(super) fn transport_checksum(
    ends: [SocketAddr; 2],
    protocol: u8,
    header: &[u8],
    bytes: &[u8],
) -> [u8; 2] {
    let length = (header.len() + bytes.len()) as u16;
    let mut sum = Checksum::default();
    for end in ends {
        sum = match end.ip() {
            IpAddr::V4(ip) => sum.add(&ip.octets()),
            IpAddr::V6(ip) => sum.add(&ip.octets()),
        };
    }
    sum = sum.add(&[0, protocol]).add(&length.to_be_bytes());
    sum.add(header).add(bytes).finish()
}

/// Appends a packet record.
pub(super) fn packet(
    ends: [SocketAddr; 2],
    protocol: u8,
    header: &[u8],
    bytes: &[u8],
    [seconds, nanoseconds]: [u32; 2],
    out: &mut Vec<u8>,
) {
    let behind_ip = header.len() + bytes.len();
    let length = (ip_bytes(ends[0]) + behind_ip) as u32;
    out.reserve(16 + length as usize);
    out.extend(
        [seconds, nanoseconds, length, length]
            .map(u32::to_le_bytes)
            .as_flattened(),
    );
    match (ends[0].ip(), ends[1].ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut ip = [0; IPV4_BYTES];
            ip[0] = 0x45; // version 4, five words
            ip[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            ip[6] = 0x40; // do not fragment
            ip[8..10].copy_from_slice(&[64, protocol]);
            ip[12..16].copy_from_slice(&from.octets());
            ip[16..].copy_from_slice(&to.octets());
            let checksum = Checksum::default().add(&ip).finish();
            ip[10..12].copy_from_slice(&checksum);
            out.extend(ip);
        }
        (from, to) => {
            let mut ip = [0; IPV6_BYTES];
            ip[0] = 0x60; // version 6
            ip[4..6].copy_from_slice(&(behind_ip as u16).to_be_bytes());
            ip[6..8].copy_from_slice(&[protocol, 64]);
            for (at, end) in [(8, from), (24, to)] {
                if let IpAddr::V6(end) = end {
                    ip[at..at + 16].copy_from_slice(&end.octets());
                }
            }
            out.extend(ip);
        }
    }
    out.extend_from_slice(header);
    out.extend_from_slice(bytes);
}
