//! From what passed to a pcap file.

use super::file::NANOSECONDS;
use super::ip::{LONGEST_PACKET, TCP, UDP, ip_bytes, packet};
use super::packet::{ACK, FIN, PSH, RST, SYN};
use crate::trace::wire::Direction;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Writes what passed over connections as a pcap file, which Wireshark and tcpdump open: see [the page](super) for
/// what its packets are.
///
/// Each call writes its packets with one `write_all` (large bytes: with one for each 256 KiB), so the file is whole
/// after each call, also if the program is killed. Put a [`BufWriter`](io::BufWriter) below it if that is not needed.
///
/// ```
/// use barewire::trace::wire::Direction::{FromClient, FromServer};
/// use barewire::trace::wire::capture::Writer;
/// use std::time::Duration;
///
/// let (client, server) = ("127.0.0.1:50000".parse()?, "127.0.0.1:1337".parse()?);
/// let since_1970 = Duration::from_secs(1_800_000_000);
/// let mut file = Vec::new();
/// let mut writer = Writer::new(&mut file)?;
/// writer.begins(0, since_1970, client, server)?; // SYN, SYN ACK, ACK
/// writer.bytes(0, FromClient, since_1970, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
/// writer.ends(0, FromServer, since_1970)?; // FIN
/// assert_eq!(file[..4], 0xa1b2_3c4d_u32.to_le_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// All methods fail with the errors of `out`, after which the file may end inside a packet. They fail with
/// [`ErrorKind::InvalidInput`] and write nothing if they are called for a conversation that has not begun, or for a direction of it
/// that has ended; for a time after the year 2106; for a datagram that no IP packet can carry.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    conversations: BTreeMap<u64, OpenConnection>,
    packets: Vec<u8>,
}

/// The two sides of a connection: client, server.
#[derive(Debug)]
struct OpenConnection([Side; 2]);

#[derive(Clone, Copy, Debug)]
struct Side {
    addr: SocketAddr,
    /// Its next sequence number, not wrapped. SYN and FIN count.
    next: u64,
    /// Up to where the peer has acknowledged it.
    acknowledged: u64,
    ended: bool,
}

/// LINKTYPE_RAW: a packet begins with its IP header.
const LINK_TYPE: u32 = 101;
const TCP_BYTES: usize = 20;
const UDP_BYTES: usize = 8;

/// Of a SYN: the window is counted in units of 2¹⁴ bytes, so it is never full. Then the largest segment.
const SYN_OPTIONS: [u8; 6] = [3, 3, 14, NO_OPERATION, 2, 4];

/// An option of one byte, so that the next one is aligned. The other one of one byte, 0, ends the options.
const NO_OPERATION: u8 = 1;

/// A direction that has sent this much without an acknowledgement gets one.
const MOST_UNACKNOWLEDGED: u64 = 256 * 1024;

/// Packets are written when there are this many bytes of them.
const MOST_WAITING: usize = 256 * 1024;

/// A pair of addresses for a connection that has none, such as a Unix socket or a pipe: `127.0.0.1` with a port of its
/// own, and `127.0.0.2:1337`. The client of conversations whose numbers are less than 3 million apart differs.
///
/// ```
/// use barewire::trace::wire::capture::invented;
///
/// let (client, server) = invented(3);
/// assert_eq!((client.to_string(), server.to_string()), ("127.1.0.0:49155".into(), "127.0.0.2:1337".into()));
/// ```
pub fn invented(conversation: u64) -> (SocketAddr, SocketAddr) {
    let port = 49_152 + (conversation % 16_384) as u16;
    let [_, _, high, low] = ((conversation / 16_384) as u32).to_be_bytes();
    let client = Ipv4Addr::new(127, 1, high, low);
    let server = Ipv4Addr::new(127, 0, 0, 2);
    ((client, port).into(), (server, 1337).into())
}

impl<W: Write> Writer<W> {
    /// Writes the header of the file.
    ///
    /// # Errors
    /// As said [above](Writer#errors).
    pub fn new(mut out: W) -> io::Result<Writer<W>> {
        let mut header = Vec::with_capacity(24);
        header.extend(NANOSECONDS.to_le_bytes());
        header.extend([2_u16, 4].map(u16::to_le_bytes).as_flattened());
        let longest = 256 * 1024; // what tcpdump writes
        header.extend(
            [0, 0, longest, LINK_TYPE]
                .map(u32::to_le_bytes)
                .as_flattened(),
        );
        out.write_all(&header)?;
        Ok(Writer {
            out,
            conversations: BTreeMap::new(),
            packets: Vec::new(),
        })
    }

    /// A TCP connection is open. An earlier one of this number is forgotten.
    ///
    /// # Errors
    /// As said [above](Writer#errors).
    pub fn begins(
        &mut self,
        conversation: u64,
        time: Duration,
        client: SocketAddr,
        server: SocketAddr,
    ) -> io::Result<()> {
        let sides = one_family(client, server).map(|addr| Side {
            addr,
            next: 0,
            acknowledged: 0,
            ended: false,
        });
        let mut begun = OpenConnection(sides);
        let stamp = stamp(time)?;
        for (from, flags) in [
            (Direction::FromClient, SYN),
            (Direction::FromServer, SYN | ACK),
            (Direction::FromClient, ACK),
        ] {
            begun.segment(from, flags, &[], stamp, &mut self.packets);
        }
        self.conversations.insert(conversation, begun);
        self.write()
    }

    /// Some bytes have passed. They are as many segments as they need.
    ///
    /// # Errors
    /// As said [above](Writer#errors).
    pub fn bytes(
        &mut self,
        conversation: u64,
        from: Direction,
        time: Duration,
        bytes: &[u8],
    ) -> io::Result<()> {
        let stamp = stamp(time)?;
        let open = open(&mut self.conversations, conversation, from)?;
        let mut pieces = bytes.chunks(open.most_in_a_segment()).peekable();
        while let Some(piece) = pieces.next() {
            let push = if pieces.peek().is_none() { PSH } else { 0 };
            open.segment(from, ACK | push, piece, stamp, &mut self.packets);
            let sender = open.0[from.index()];
            if sender.next - sender.acknowledged >= MOST_UNACKNOWLEDGED {
                open.segment(from.other(), ACK, &[], stamp, &mut self.packets);
            }
            if self.packets.len() >= MOST_WAITING {
                let written = self.out.write_all(&self.packets);
                self.packets.clear();
                written?;
            }
        }
        self.write()
    }

    /// A direction has ended with a FIN. When both have, the conversation is over.
    ///
    /// # Errors
    /// As said [above](Writer#errors).
    pub fn ends(&mut self, conversation: u64, from: Direction, time: Duration) -> io::Result<()> {
        let stamp = stamp(time)?;
        let open = open(&mut self.conversations, conversation, from)?;
        open.segment(from, FIN | ACK, &[], stamp, &mut self.packets);
        open.segment(from.other(), ACK, &[], stamp, &mut self.packets);
        open.0[from.index()].ended = true;
        if open.0[from.other().index()].ended {
            self.conversations.remove(&conversation);
        }
        self.write()
    }

    /// One side has cut the connection with a RST. The conversation is over.
    ///
    /// # Errors
    /// As said [above](Writer#errors).
    pub fn resets(&mut self, conversation: u64, from: Direction, time: Duration) -> io::Result<()> {
        let stamp = stamp(time)?;
        let Some(mut open) = self.conversations.remove(&conversation) else {
            return Err(invalid("the conversation has not begun, or is over"));
        };
        open.segment(from, RST | ACK, &[], stamp, &mut self.packets);
        self.write()
    }

    /// A UDP datagram has passed. It needs no conversation that begins.
    ///
    /// # Errors
    /// As said [above](Writer#errors).
    pub fn datagram(
        &mut self,
        client: SocketAddr,
        server: SocketAddr,
        from: Direction,
        time: Duration,
        bytes: &[u8],
    ) -> io::Result<()> {
        let mut ends = one_family(client, server);
        if from == Direction::FromServer {
            ends.reverse();
        }
        if ip_bytes(ends[0]) + UDP_BYTES + bytes.len() > LONGEST_PACKET {
            return Err(invalid("the datagram is longer than an IP packet"));
        }
        let length = (UDP_BYTES + bytes.len()) as u16;
        let numbers = [ends[0].port(), ends[1].port(), length, 0];
        let mut header = numbers.map(u16::to_be_bytes).concat();
        packet(
            ends,
            UDP,
            &mut header,
            6,
            bytes,
            stamp(time)?,
            &mut self.packets,
        );
        self.write()
    }

    /// Returns `out`.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn write(&mut self) -> io::Result<()> {
        let written = self.out.write_all(&self.packets);
        self.packets.clear();
        written
    }
}

impl OpenConnection {
    fn most_in_a_segment(&self) -> usize {
        LONGEST_PACKET - ip_bytes(self.0[0].addr) - TCP_BYTES
    }

    /// Appends one segment and counts it.
    fn segment(
        &mut self,
        from: Direction,
        flags: u8,
        bytes: &[u8],
        stamp: [u32; 2],
        out: &mut Vec<u8>,
    ) {
        let most = self.most_in_a_segment() as u16;
        let sender = self.0[from.index()];
        let receiver = &mut self.0[from.other().index()];
        let ends = [sender.addr, receiver.addr];
        receiver.acknowledged = receiver.next;
        let mut header = ends.map(|end| end.port().to_be_bytes()).concat();
        // RFC 9293 §3.4: "all arithmetic dealing with sequence numbers must be performed modulo 2^32."
        header.extend((sender.next as u32).to_be_bytes());
        header.extend((receiver.next as u32).to_be_bytes());
        let words = if flags & SYN == 0 { 5 } else { 7 };
        header.extend([words << 4, flags, 0xff, 0xff, 0, 0, 0, 0]); // the largest window
        if flags & SYN != 0 {
            header.extend(SYN_OPTIONS);
            header.extend(most.to_be_bytes());
        }
        packet(ends, TCP, &mut header, 16, bytes, stamp, out);
        let counted = u64::from(flags & (SYN | FIN) != 0);
        self.0[from.index()].next += bytes.len() as u64 + counted;
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}

/// The conversation, if this direction of it has begun and not ended.
fn open(
    conversations: &mut BTreeMap<u64, OpenConnection>,
    number: u64,
    from: Direction,
) -> io::Result<&mut OpenConnection> {
    match conversations.get_mut(&number) {
        None => Err(invalid("the conversation has not begun, or is over")),
        Some(it) if it.0[from.index()].ended => Err(invalid("this direction has ended")),
        Some(it) => Ok(it),
    }
}

/// Seconds and nanoseconds, as a record has them.
fn stamp(time: Duration) -> io::Result<[u32; 2]> {
    match u32::try_from(time.as_secs()) {
        Ok(seconds) => Ok([seconds, time.subsec_nanos()]),
        Err(_) => Err(invalid("a pcap file has no time after the year 2106")),
    }
}

/// Both addresses as IPv4, if that is what they are; else both as IPv6.
fn one_family(client: SocketAddr, server: SocketAddr) -> [SocketAddr; 2] {
    let plain = [client, server].map(|addr| (addr.ip().to_canonical(), addr.port()).into());
    if plain.iter().all(SocketAddr::is_ipv4) {
        return plain;
    }
    plain.map(|addr| match addr.ip() {
        IpAddr::V4(ip) => (ip.to_ipv6_mapped(), addr.port()).into(),
        IpAddr::V6(_) => addr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::wire::capture::{Event, Reader};

    /// As after 4 GiB of a direction.
    #[test]
    fn sequence_numbers_wrap() {
        let mut file = Vec::new();
        let mut writer = Writer::new(&mut file).unwrap();
        let (client, server) = invented(0);
        writer.begins(0, Duration::ZERO, client, server).unwrap();
        let far = (1 << 32) - 10;
        let sides = &mut writer.conversations.get_mut(&0).unwrap().0;
        (sides[1].next, sides[1].acknowledged) = (far, far);
        let mut sent = Vec::new();
        for n in 0..100 {
            sent.extend([n; 7]);
            writer
                .bytes(0, Direction::FromServer, Duration::ZERO, &[n; 7])
                .unwrap();
            writer
                .bytes(0, Direction::FromClient, Duration::ZERO, b"ok")
                .unwrap();
        }
        let mut came = Vec::new();
        let mut numbers = Vec::new();
        // Without the handshake, which was before.
        let opening = 24 + 3 * 16 + 2 * 48 + 40;
        let file = [&file[..24], &file[opening..]].concat();
        for event in Reader::new(&file[..]) {
            match event.unwrap() {
                Event::Bytes {
                    from: Direction::FromServer,
                    bytes,
                    ..
                } => came.extend(bytes),
                Event::Gap { .. } => numbers.push(0),
                _ => {}
            }
        }
        assert!(came == sent && numbers.is_empty());
    }
}
