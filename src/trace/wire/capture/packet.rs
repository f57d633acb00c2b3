//! From a packet to what it carries: link layer, IP, TCP and UDP.

use super::ip::{TCP, UDP};
use crate::trace::wire::event::Notice;
use std::net::{IpAddr, SocketAddr};

/// What a packet carries, if it is one of TCP or UDP.
#[derive(Debug)]
pub(super) struct Carried<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    /// `None` for a datagram.
    pub(super) tcp: Option<Tcp>,
    /// What was captured of its bytes.
    pub(super) bytes: &'a [u8],
    /// How many there were.
    pub(super) length: u64,
}

/// The header of a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tcp {
    pub(super) sequence: u32,
    pub(super) acknowledgment: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
}

/// The flags of a segment.
pub(super) const FIN: u8 = 0x01;
pub(super) const SYN: u8 = 0x02;
pub(super) const RST: u8 = 0x04;
pub(super) const PSH: u8 = 0x08;
pub(super) const ACK: u8 = 0x10;

const NULL: u16 = 0;
const ETHERNET: u16 = 1;
const LOOP: u16 = 108;
const LINUX_SLL: u16 = 113;
const LINUX_SLL2: u16 = 276;
/// LINKTYPE_RAW, as two systems count it, LINKTYPE_RAW itself, LINKTYPE_IPV4 and LINKTYPE_IPV6.
const RAW: [u16; 5] = [12, 14, 101, 228, 229];

/// AF_INET; AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS.
const FAMILIES: [u32; 5] = [2, 10, 24, 28, 30];
const VLAN_TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
/// Hop-by-hop options, routing, destination options, mobility, HIP, Shim6.
const EXTENSIONS: [u8; 6] = [0, 43, 60, 135, 139, 140];

pub(super) fn is_known(link: u16) -> bool {
    matches!(link, NULL | ETHERNET | LOOP | LINUX_SLL | LINUX_SLL2) || RAW.contains(&link)
}

/// Some bytes of a packet: those that were captured, and how many there were.
#[derive(Clone, Copy)]
struct Part<'a> {
    bytes: &'a [u8],
    length: usize,
}

/// What is behind an IP header.
struct Behind<'a> {
    protocol: u8,
    from: IpAddr,
    to: IpAddr,
    part: Part<'a>,
}

/// What a packet of this link type carries, which was `length` bytes long on the wire. `None` if it is neither TCP
/// nor UDP.
pub(super) fn carried(
    link: u16,
    bytes: &[u8],
    length: usize,
) -> Result<Option<Carried<'_>>, Notice> {
    if !is_known(link) {
        return Err(Notice::LinkTypeUnknown(link));
    }
    let Some(ip) = network(link, bytes)? else {
        return Ok(None);
    };
    let ip = Part {
        bytes: ip,
        length: length - (bytes.len() - ip.len()),
    };
    let Behind {
        protocol,
        from,
        to,
        part,
    } = match ip.bytes.first().map(|first| first >> 4) {
        Some(4) => ipv4(ip)?,
        Some(6) => ipv6(ip)?,
        _ => return Err(Notice::BadPacket),
    };
    let (tcp, header, length) = match protocol {
        TCP => {
            let (tcp, header) = segment(part.bytes)?;
            (Some(tcp), header, part.length)
        }
        UDP => match u16_at(part.bytes, 4)?.into() {
            0 => (None, 8, part.length), // a jumbogram
            length => (None, 8, length),
        },
        _ => return Ok(None),
    };
    if length > part.length {
        return Err(Notice::BadPacket);
    }
    let inside = part.within(header, length)?;
    Ok(Some(Carried {
        from: SocketAddr::new(from, u16_at(part.bytes, 0)?),
        to: SocketAddr::new(to, u16_at(part.bytes, 2)?),
        tcp,
        bytes: inside.bytes,
        length: inside.length as u64,
    }))
}

/// The IP packet in a frame of the link layer, with the padding behind it.
fn network(link: u16, bytes: &[u8]) -> Result<Option<&[u8]>, Notice> {
    let (kind_at, mut at) = match link {
        ETHERNET => (12, 14),
        LINUX_SLL => (14, 16),
        LINUX_SLL2 => (0, 20),
        NULL | LOOP => {
            // In the byte order of the system that has captured it.
            let family = array(bytes, 0)?;
            let orders = [u32::from_be_bytes(family), u32::from_le_bytes(family)];
            let is_ip = orders.iter().any(|family| FAMILIES.contains(family));
            return Ok(is_ip.then(|| &bytes[4..]));
        }
        _ => return Ok(Some(bytes)),
    };
    let mut kind = u16_at(bytes, kind_at)?;
    while VLAN_TAGS.contains(&kind) {
        kind = u16_at(bytes, at + 2)?;
        at += 4;
    }
    match kind {
        IPV4 | IPV6 => bytes.get(at..).map(Some).ok_or(Notice::BadPacket),
        _ => Ok(None),
    }
}

fn ipv4(Part { bytes: ip, length }: Part<'_>) -> Result<Behind<'_>, Notice> {
    let header = usize::from(ip[0] & 0x0f) * 4;
    let total = match u16_at(ip, 2)?.into() {
        0 => length, // the network card was to cut it into packets and count them
        total => total,
    };
    let fragment = u16_at(ip, 6)?;
    let behind = Behind {
        protocol: array::<1>(ip, 9)?[0],
        from: array::<4>(ip, 12)?.into(),
        to: array::<4>(ip, 16)?.into(),
        part: Part { bytes: ip, length }.within(header, total)?,
    };
    // More fragments follow, or this is not the first one.
    match fragment & 0x3fff {
        _ if header < 20 => Err(Notice::BadPacket),
        0 => Ok(behind),
        _ => Err(Notice::Fragment),
    }
}

fn ipv6(Part { bytes: ip, length }: Part<'_>) -> Result<Behind<'_>, Notice> {
    let total = match usize::from(u16_at(ip, 4)?) {
        0 => length,
        payload => 40 + payload,
    };
    let (from, to) = (array::<16>(ip, 8)?.into(), array::<16>(ip, 24)?.into());
    let mut protocol = ip[6];
    let mut at = 40;
    loop {
        let extension = match protocol {
            // A fragment that is the whole packet.
            FRAGMENT if u16_at(ip, at + 2)? & 0xfff9 == 0 => 8,
            FRAGMENT => return Err(Notice::Fragment),
            AUTHENTICATION => (usize::from(array::<2>(ip, at)?[1]) + 2) * 4,
            it if EXTENSIONS.contains(&it) => (usize::from(array::<2>(ip, at)?[1]) + 1) * 8,
            _ => break,
        };
        protocol = array::<1>(ip, at)?[0];
        at += extension;
    }
    let part = Part { bytes: ip, length }.within(at, total)?;
    Ok(Behind {
        protocol,
        from,
        to,
        part,
    })
}

/// What the header of a segment says, and how long it is.
fn segment(bytes: &[u8]) -> Result<(Tcp, usize), Notice> {
    let [offset, flags] = array(bytes, 12)?;
    let header = usize::from(offset >> 4) * 4;
    if header < 20 {
        return Err(Notice::BadPacket);
    }
    let flag = |bit: u8| flags & bit != 0;
    let acknowledgment = u32::from_be_bytes(array(bytes, 8)?);
    let tcp = Tcp {
        sequence: u32::from_be_bytes(array(bytes, 4)?),
        acknowledgment: flag(ACK).then_some(acknowledgment),
        syn: flag(SYN),
        fin: flag(FIN),
        rst: flag(RST),
    };
    Ok((tcp, header))
}

impl<'a> Part<'a> {
    /// What is between a header and the end of what is in it.
    fn within(self, header: usize, end: usize) -> Result<Part<'a>, Notice> {
        let bytes = self.bytes.get(header..end.min(self.bytes.len()));
        let bytes = bytes.ok_or(Notice::BadPacket)?;
        let length = end - header;
        Ok(Part { bytes, length })
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Notice> {
    let chunk = bytes.get(at..).and_then(<[u8]>::first_chunk);
    chunk.copied().ok_or(Notice::BadPacket)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Notice> {
    array(bytes, at).map(u16::from_be_bytes)
}
