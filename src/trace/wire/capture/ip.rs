//! A packet record: its header, an IP header, and what it carries.

use super::checksum::Checksum;
use std::net::{IpAddr, SocketAddr};

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;

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

/// Appends a packet record. `header` is what is behind that of IP: its checksum is written into it.
pub(super) fn packet(
    ends: [SocketAddr; 2],
    protocol: u8,
    header: &mut [u8],
    bytes: &[u8],
    [seconds, nanoseconds]: [u32; 2],
    out: &mut Vec<u8>,
) {
    let addresses = ends.map(|end| match end.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    });
    let addresses = addresses.concat();
    let behind_ip = header.len() + bytes.len();
    let [high, low] = (behind_ip as u16).to_be_bytes();
    let sum = Checksum::default()
        .add(&addresses)
        .add(&[0, protocol, high, low]);
    let sum = match sum.add(header).add(bytes).finish() {
        [0, 0] if protocol == UDP => [0xff, 0xff], // zero would say that there is none: RFC 768
        sum => sum,
    };
    let sum_at = if protocol == TCP { 16 } else { 6 };
    header[sum_at..sum_at + 2].copy_from_slice(&sum);
    let length = (ip_bytes(ends[0]) + behind_ip) as u32;
    out.reserve(16 + length as usize);
    out.extend(
        [seconds, nanoseconds, length, length]
            .map(u32::to_le_bytes)
            .as_flattened(),
    );
    if ends[0].is_ipv4() {
        let [high, low] = (length as u16).to_be_bytes();
        // Version 4, five words; do not fragment; 64 hops at most.
        let mut ip = [0x45, 0, high, low, 0, 0, 0x40, 0, 64, protocol, 0, 0];
        let sum = Checksum::default().add(&ip).add(&addresses).finish();
        ip[10..].copy_from_slice(&sum);
        out.extend(ip);
    } else {
        out.extend([0x60, 0, 0, 0, high, low, protocol, 64]);
    }
    out.extend(addresses);
    out.extend_from_slice(header);
    out.extend_from_slice(bytes);
}
