//! From what passed to a pcap file.

use super::file::NANOSECONDS;
use super::ip::{LONGEST_PACKET, TCP, UDP, ip_bytes, packet};
use super::packet::{ACK, FIN, PSH, RST, SYN};
use crate::trace::wire::event::{Event, Notice, What};
use crate::trace::wire::layer::{Direction, Layer};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Writes what passed over connections as a pcap file, which Wireshark and tcpdump open: see [the page](super) for
/// what its packets are.
///
/// Each event's packets are written with one `write_all` (large bytes: with one for each 256 KiB), so the file is whole
/// after each call, also if the program is killed. Put a [`BufWriter`](io::BufWriter) below it if that is not needed.
/// The header of the file leaves with the first packet, or at the [end](Self::finish).
///
/// ```
/// use barewire::trace::wire::Direction::{FromClient, FromServer};
/// use barewire::trace::wire::{Event, What, capture::Writer};
/// use std::time::Duration;
///
/// let (client, server) = ("127.0.0.1:50000".parse()?, "127.0.0.1:1337".parse()?);
/// let since_1970 = Duration::from_secs(1_800_000_000);
/// let mut file = Vec::new();
/// let mut writer = Writer::new(&mut file);
/// for (from, what) in [
///     (FromClient, What::begins(client, server)), // SYN, SYN ACK, ACK
///     (FromClient, What::bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")),
///     (FromServer, What::Ends { reset: false }), // FIN
/// ] {
///     writer.event(&Event::new(0, from, since_1970, what))?;
/// }
/// assert_eq!(file[..4], 0xa1b2_3c4d_u32.to_le_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    conversations: BTreeMap<u64, OpenConnection>,
    /// What is not written yet: between two calls nothing, or the header of the file.
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
    /// A capture without packets yet.
    pub fn new(out: W) -> Writer<W> {
        let mut header = Vec::with_capacity(24);
        header.extend(NANOSECONDS.to_le_bytes());
        header.extend([2_u16, 4].map(u16::to_le_bytes).as_flattened());
        let longest = 256 * 1024; // what tcpdump writes
        let fields = [0, 0, longest, LINK_TYPE];
        header.extend(fields.map(u32::to_le_bytes).as_flattened());
        Writer {
            out,
            conversations: BTreeMap::new(),
            packets: header,
        }
    }

    /// Writes what has passed over TCP or UDP. What belongs to no open conversation, or to a direction that has ended,
    /// is passed over, as are notices and what TLS carries.
    ///
    /// # Errors
    /// Those of `out`, after which the file may end inside a packet. [`ErrorKind::InvalidInput`], and nothing is
    /// written: a time after the year 2106, or a datagram that no IP packet can carry.
    pub fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        use Direction::{FromClient, FromServer};
        let Some(number) = event.conversation else {
            return Ok(());
        };
        let (from, to, stamp) = (event.from, event.from.other(), stamp(event.time)?);
        let (out, packets) = (&mut self.out, &mut self.packets);
        match &event.what {
            What::Datagram {
                client,
                server,
                bytes,
                ..
            } => {
                datagram(one_family(*client, *server), from, stamp, bytes, packets)?;
                return write(out, packets);
            }
            What::Begins { client, server, .. } => {
                let begun = OpenConnection::between(*client, *server);
                self.conversations.insert(number, begun);
            }
            _ => {}
        }
        let Some(open) = self.conversations.get_mut(&number) else {
            return Ok(());
        };
        let goes_on = !open.0[from.index()].ended;
        match &event.what {
            What::Begins { .. } => {
                let opening = [
                    (FromClient, SYN),
                    (FromServer, SYN | ACK),
                    (FromClient, ACK),
                ];
                for (from, flags) in opening {
                    open.segment(from, flags, &[], stamp, packets);
                }
            }
            What::Bytes(Layer::Tcp, bytes) if goes_on => {
                let mut pieces = bytes.chunks(open.most_in_a_segment()).peekable();
                while let Some(piece) = pieces.next() {
                    let push = if pieces.peek().is_none() { PSH } else { 0 };
                    open.segment(from, ACK | push, piece, stamp, packets);
                    let sender = open.0[from.index()];
                    if sender.next - sender.acknowledged >= MOST_UNACKNOWLEDGED {
                        open.segment(to, ACK, &[], stamp, packets);
                    }
                    if packets.len() >= MOST_WAITING {
                        write(out, packets)?;
                    }
                }
            }
            What::Gap(length) if goes_on => open.0[from.index()].next += length,
            What::Ends { reset: false } if goes_on => {
                open.segment(from, FIN | ACK, &[], stamp, packets);
                open.segment(to, ACK, &[], stamp, packets);
                open.0[from.index()].ended = true;
                if open.0[to.index()].ended {
                    self.conversations.remove(&number);
                }
            }
            What::Ends { reset: true }
            | What::Cut
            | What::Closed
            | What::Notice(Notice::TooSlow) => {
                open.segment(from, RST | ACK, &[], stamp, packets);
                self.conversations.remove(&number);
            }
            _ => return Ok(()),
        }
        write(out, packets)
    }

    /// Writes the header of the file, if nothing has passed, and flushes.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(&mut self) -> io::Result<()> {
        write(&mut self.out, &mut self.packets)?;
        self.out.flush()
    }
}

fn write(out: &mut impl Write, packets: &mut Vec<u8>) -> io::Result<()> {
    let written = out.write_all(packets);
    packets.clear();
    written
}

fn datagram(
    mut ends: [SocketAddr; 2],
    from: Direction,
    stamp: [u32; 2],
    bytes: &[u8],
    packets: &mut Vec<u8>,
) -> io::Result<()> {
    if from == Direction::FromServer {
        ends.reverse();
    }
    if ip_bytes(ends[0]) + UDP_BYTES + bytes.len() > LONGEST_PACKET {
        return Err(invalid("the datagram is longer than an IP packet"));
    }
    let length = (UDP_BYTES + bytes.len()) as u16;
    let numbers = [ends[0].port(), ends[1].port(), length, 0];
    let mut header = numbers.map(u16::to_be_bytes).concat();
    packet(ends, UDP, &mut header, bytes, stamp, packets);
    Ok(())
}

impl OpenConnection {
    fn between(client: SocketAddr, server: SocketAddr) -> OpenConnection {
        OpenConnection(one_family(client, server).map(|addr| Side {
            addr,
            next: 0,
            acknowledged: 0,
            ended: false,
        }))
    }

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
        packet(ends, TCP, &mut header, bytes, stamp, out);
        let counted = u64::from(flags & (SYN | FIN) != 0);
        self.0[from.index()].next += bytes.len() as u64 + counted;
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
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
    use crate::trace::wire::capture::Reader;

    /// As after 4 GiB of a direction.
    #[test]
    fn sequence_numbers_wrap() {
        let (mut file, (client, server)) = (Vec::new(), invented(0));
        let mut writer = Writer::new(&mut file);
        let event = |from, what| Event::new(0, from, Duration::ZERO, what);
        let begins = event(Direction::FromClient, What::begins(client, server));
        writer.event(&begins).unwrap();
        let far = (1 << 32) - 10;
        let sides = &mut writer.conversations.get_mut(&0).unwrap().0;
        (sides[1].next, sides[1].acknowledged) = (far, far);
        let mut sent = Vec::new();
        for n in 0..100 {
            sent.extend([n; 7]);
            let answer = event(Direction::FromServer, What::bytes(vec![n; 7]));
            writer.event(&answer).unwrap();
            let ok = event(Direction::FromClient, What::bytes(b"ok"));
            writer.event(&ok).unwrap();
        }
        let (mut came, mut gaps) = (Vec::new(), 0);
        // Without the handshake, which was before.
        let opening = 24 + 3 * 16 + 2 * 48 + 40;
        let file = [&file[..24], &file[opening..]].concat();
        for event in Reader::new(&file[..]) {
            let event = event.unwrap();
            match event.what {
                What::Bytes(_, bytes) if event.from == Direction::FromServer => {
                    came.extend_from_slice(&bytes)
                }
                What::Gap(_) => gaps += 1,
                _ => {}
            }
        }
        assert!(came == sent && gaps == 0);
    }
}
