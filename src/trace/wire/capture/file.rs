//! From the bytes of a file to packets: pcap and pcapng.

use super::error::{Broken, Error, Rule};
use super::interface::{Interface, Order, Resolution};
use super::limits::Limits;
use super::packet::is_known;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::ops::Range;
use std::time::Duration;

/// The packets of a capture, one after the other.
#[derive(Debug)]
pub(super) struct File<R> {
    input: BufReader<R>,
    limits: Limits,
    format: Format,
    /// The record or block that was read last, and where in the file it begins.
    block: Vec<u8>,
    at: u64,
    /// Of the packet that was read last.
    time: Duration,
}

/// A packet as it was captured.
#[derive(Debug)]
pub(super) struct Packet<'a> {
    pub(super) link: u16,
    pub(super) time: Duration,
    pub(super) bytes: &'a [u8],
    /// How long it was on the wire.
    pub(super) length: usize,
}

#[derive(Debug)]
enum Format {
    /// Nothing has been read.
    Unknown,
    Pcap {
        order: Order,
        interface: Interface,
    },
    Pcapng {
        order: Order,
        interfaces: Vec<Interface>,
    },
}

/// A packet in the block that was read last.
#[derive(Debug)]
struct Found {
    interface: Interface,
    units: Option<u64>,
    bytes: Range<usize>,
    length: u32,
}

const PCAP_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
pub(super) const NANOSECONDS: u32 = 0xa1b2_3c4d;
const MODIFIED: u32 = 0xa1b2_cd34;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// A block has its type and its length, fields, and its length again.
const BLOCK_HEADER: usize = 8;
const BLOCK_TRAILER: usize = 4;

/// Options of an interface.
const END_OF_OPTIONS: u16 = 0;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

impl<R: Read> File<R> {
    pub(super) fn new(input: R, limits: Limits) -> File<R> {
        File {
            input: BufReader::with_capacity(64 * 1024, input),
            limits,
            format: Format::Unknown,
            block: Vec::new(),
            at: 0,
            time: Duration::ZERO,
        }
    }

    /// The next packet; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Packet<'_>>, Error> {
        if let Format::Unknown = self.format {
            self.start()?;
        }
        let found = loop {
            self.restart();
            self.fill(1)?;
            if self.block.is_empty() {
                return Ok(None);
            }
            let found = match self.format {
                Format::Pcapng { order, .. } => self.block(order)?,
                Format::Pcap { order, interface } => Some(self.record(order, interface)?),
                Format::Unknown => return Ok(None),
            };
            if let Some(found) = found {
                break found;
            }
        };
        if let Some(units) = found.units {
            self.time = found.interface.time(units);
        }
        let bytes = &self.block[found.bytes];
        Ok(Some(Packet {
            link: found.interface.link,
            time: self.time,
            length: bytes.len().max(found.length as usize),
            bytes,
        }))
    }

    /// Reads the magic number; of pcap the whole header.
    fn start(&mut self) -> Result<(), Error> {
        self.fill(4)?;
        if self.block.len() < 4 {
            return Err(self.broken(Rule::MagicUnknown, 0));
        }
        if self.block == SECTION_HEADER.to_be_bytes() {
            self.format = Format::Pcapng {
                order: Order::Big, // the section will say
                interfaces: Vec::new(),
            };
            return Ok(());
        }
        let number = |number| Order::in_which(&self.block, number);
        let (order, digits) = match (number(MICROSECONDS), number(NANOSECONDS)) {
            (Some(order), _) => (order, 6),
            (_, Some(order)) => (order, 9),
            _ if number(MODIFIED).is_some() => return Err(self.broken(Rule::MagicModified, 0)),
            _ => {
                self.fill(16)?; // for the error to show
                return Err(self.broken(Rule::MagicUnknown, 0));
            }
        };
        self.whole(PCAP_HEADER)?;
        if order.u16(&self.block, 4) != 2 {
            return Err(self.broken(Rule::VersionUnknown, 4));
        }
        // The upper half speaks of the check sequence behind each frame, which no IP packet reaches.
        let link = order.u32(&self.block, 20) as u16;
        if !is_known(link) {
            return Err(self.broken(Rule::LinkTypeUnknown, 20));
        }
        let snaplen = order.u32(&self.block, 16);
        let interface = Interface::new(link, snaplen, Resolution::Ten(digits));
        self.format = Format::Pcap { order, interface };
        Ok(())
    }

    /// A packet record of pcap.
    fn record(&mut self, order: Order, interface: Interface) -> Result<Found, Error> {
        self.whole(RECORD_HEADER)?;
        let word = |at| order.u32(&self.block, at);
        let (seconds, fraction, captured, length) = (word(0), word(4), word(8), word(12));
        let end = RECORD_HEADER.saturating_add(captured as usize);
        if end > self.limits.record_bytes {
            return Err(self.broken(Rule::RecordTooLong, 8));
        }
        self.whole(end)?;
        let a_second = match interface.resolution {
            Resolution::Ten(6) => 1_000_000,
            _ => 1_000_000_000,
        };
        Ok(Found {
            interface,
            units: Some(u64::from(seconds) * a_second + u64::from(fraction)),
            bytes: RECORD_HEADER..end,
            length,
        })
    }

    /// A block of pcapng. `None` if it has no packet.
    fn block(&mut self, order: Order) -> Result<Option<Found>, Error> {
        self.whole(BLOCK_HEADER + BLOCK_TRAILER)?;
        let kind = order.u32(&self.block, 0);
        let order = match kind {
            SECTION_HEADER => match Order::in_which(&self.block[8..], BYTE_ORDER) {
                Some(order) => order,
                None => return Err(self.broken(Rule::ByteOrderUnknown, 8)),
            },
            _ => order,
        };
        let length = order.u32(&self.block, 4) as usize;
        if length > self.limits.record_bytes {
            return Err(self.broken(Rule::RecordTooLong, 4));
        }
        let fields = match kind {
            SECTION_HEADER => 16,
            INTERFACE => 8,
            SIMPLE_PACKET => 4,
            ENHANCED_PACKET | OBSOLETE_PACKET => 20,
            _ => 0,
        };
        if !length.is_multiple_of(4) || length < BLOCK_HEADER + fields + BLOCK_TRAILER {
            return Err(self.broken(Rule::BlockLength, 4));
        }
        self.whole(length)?;
        let end = length - BLOCK_TRAILER;
        if order.u32(&self.block, end) as usize != length {
            return Err(self.broken(Rule::BlockLengthsDiffer, end));
        }
        match kind {
            SECTION_HEADER => self.section(order)?,
            INTERFACE => self.interface(order, end)?,
            SIMPLE_PACKET => return self.simple_packet(order, end).map(Some),
            ENHANCED_PACKET | OBSOLETE_PACKET => return self.packet(kind, order, end).map(Some),
            _ => {}
        }
        Ok(None)
    }

    /// A section has a byte order and interfaces of its own.
    fn section(&mut self, order: Order) -> Result<(), Error> {
        if order.u16(&self.block, 12) != 1 {
            return Err(self.broken(Rule::VersionUnknown, 12));
        }
        let interfaces = Vec::new();
        self.format = Format::Pcapng { order, interfaces };
        Ok(())
    }

    fn interface(&mut self, order: Order, end: usize) -> Result<(), Error> {
        let (link, snaplen) = (order.u16(&self.block, 8), order.u32(&self.block, 12));
        let mut described = Interface::new(link, snaplen, Resolution::Ten(6));
        let mut at = 16;
        while at + 4 <= end {
            let (code, length) = (order.u16(&self.block, at), order.u16(&self.block, at + 2));
            let value = at + 4..at + 4 + usize::from(length);
            if value.end > end {
                return Err(self.broken(Rule::OptionLength, at + 2));
            }
            match (code, length) {
                (END_OF_OPTIONS, _) => break,
                (IF_TSRESOL, 1) => {
                    let exponent = self.block[value.start];
                    described.resolution = match exponent & 0x80 {
                        0 => Resolution::Ten(exponent),
                        _ => Resolution::Two(exponent & 0x7f),
                    };
                }
                (IF_TSOFFSET, 8) => described.offset = order.u64(&self.block, value.start) as i64,
                (IF_TSRESOL | IF_TSOFFSET, _) => {
                    return Err(self.broken(Rule::OptionLength, at + 2));
                }
                _ => {}
            }
            at = value.end.next_multiple_of(4);
        }
        let most = self.limits.interfaces;
        match &mut self.format {
            Format::Pcapng { interfaces, .. } if interfaces.len() < most => {
                interfaces.push(described);
                Ok(())
            }
            _ => Err(self.broken(Rule::InterfacesTooMany, 0)),
        }
    }

    /// An enhanced packet, or the obsolete one, which differs in its first field.
    fn packet(&self, kind: u32, order: Order, end: usize) -> Result<Found, Error> {
        let word = |at| order.u32(&self.block, at);
        let interface = match kind {
            OBSOLETE_PACKET => order.u16(&self.block, 8).into(),
            _ => word(8),
        };
        let interface = self.described(interface as usize, 8)?;
        let bytes = 28..28_usize.saturating_add(word(20) as usize);
        if bytes.end > end {
            return Err(self.broken(Rule::PacketLength, 20));
        }
        Ok(Found {
            interface,
            units: Some(u64::from(word(12)) << 32 | u64::from(word(16))),
            bytes,
            length: word(24),
        })
    }

    /// A packet of the first interface, without a time.
    fn simple_packet(&self, order: Order, end: usize) -> Result<Found, Error> {
        let interface = self.described(0, 0)?;
        let length = order.u32(&self.block, 8);
        let captured = match interface.snaplen {
            0 => length,
            snaplen => length.min(snaplen),
        };
        let bytes = 12..12_usize.saturating_add(captured as usize);
        if bytes.end > end {
            return Err(self.broken(Rule::PacketLength, 8));
        }
        Ok(Found {
            interface,
            units: None,
            bytes,
            length,
        })
    }

    fn described(&self, interface: usize, at: usize) -> Result<Interface, Error> {
        let known = match &self.format {
            Format::Pcapng { interfaces, .. } => interfaces.get(interface),
            _ => None,
        };
        let unknown = || self.broken(Rule::InterfaceUnknown, at);
        known.copied().ok_or_else(unknown)
    }

    /// Behind the last block.
    fn restart(&mut self) {
        // The magic number of pcapng is the type of its first block, which has not been read yet.
        if self.block.len() > 4 {
            self.at += self.block.len() as u64;
            self.block.clear();
        }
    }

    /// Reads until the block has this length. A length that is declared costs nothing until its bytes come.
    fn fill(&mut self, length: usize) -> io::Result<()> {
        while self.block.len() < length {
            let here = match self.input.fill_buf() {
                Ok([]) => break,
                Ok(here) => &here[..here.len().min(length - self.block.len())],
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.block.extend_from_slice(here);
            let read = here.len();
            self.input.consume(read);
        }
        Ok(())
    }

    /// The same; the file must not end before.
    fn whole(&mut self, length: usize) -> Result<(), Error> {
        self.fill(length)?;
        match self.block.len() < length {
            true => Err(self.broken(Rule::Truncated, self.block.len())),
            false => Ok(()),
        }
    }

    #[cold]
    fn broken(&self, rule: Rule, at: usize) -> Error {
        Broken::new(rule, &self.block, at).behind(self.at).into()
    }
}
