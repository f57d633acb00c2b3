//! From the bytes of a file to packets: pcap and pcapng.

use super::error::{Broken, Error, Rule};
use super::interface::{Interface, Order};
use super::limits::Limits;
use super::packet::is_known;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::time::Duration;

/// The packets of a capture, one after the other.
#[derive(Debug)]
pub(super) struct File<R> {
    input: BufReader<R>,
    limits: Limits,
    /// `None`: nothing has been read.
    format: Option<Format>,
    /// Of the file, or of the section.
    order: Order,
    interfaces: Vec<Interface>,
    /// The record or block that was read last, and where in the file it begins.
    block: Vec<u8>,
    at: u64,
    /// Of the packet that was read last.
    time: Duration,
}

/// A packet as it was captured.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) link: u16,
    pub(super) time: Duration,
    /// Where its bytes lie in the block that was read last.
    place: Range<usize>,
    /// How long it was on the wire.
    pub(super) length: usize,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Pcap,
    Pcapng,
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
            format: None,
            order: Order::Big,
            interfaces: Vec::new(),
            block: Vec::new(),
            at: 0,
            time: Duration::ZERO,
        }
    }

    /// The next packet; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, Error> {
        let format = match self.format {
            Some(format) => format,
            None => self.start()?,
        };
        self.format = Some(format);
        loop {
            self.restart();
            self.fill(1)?;
            if self.block.is_empty() {
                return Ok(None);
            }
            let found = match format {
                Format::Pcap => Some(self.record()?),
                Format::Pcapng => self.block()?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// The bytes of the packet that was read last.
    pub(super) fn bytes(&self, packet: &Packet) -> &[u8] {
        &self.block[packet.place.clone()]
    }

    /// Reads the magic number; of pcap the whole header.
    fn start(&mut self) -> Result<Format, Error> {
        self.fill(4)?;
        if self.block.len() < 4 {
            return Err(self.broken(Rule::MagicUnknown, 0));
        }
        if self.block == SECTION_HEADER.to_be_bytes() {
            return Ok(Format::Pcapng);
        }
        let number = |number| Order::in_which(&self.block[..4], number);
        let (order, a_second) = match (number(MICROSECONDS), number(NANOSECONDS)) {
            (Some(order), _) => (order, 1_000_000),
            (_, Some(order)) => (order, 1_000_000_000),
            _ if number(MODIFIED).is_some() => return Err(self.broken(Rule::MagicModified, 0)),
            _ => {
                self.fill(16)?; // for the error to show
                return Err(self.broken(Rule::MagicUnknown, 0));
            }
        };
        self.order = order;
        self.whole(PCAP_HEADER)?;
        if self.u16(4) != 2 {
            return Err(self.broken(Rule::VersionUnknown, 4));
        }
        // The upper half speaks of the check sequence behind each frame, which no IP packet reaches.
        let link = self.u32(20) as u16;
        if !is_known(link) {
            return Err(self.broken(Rule::LinkTypeUnknown, 20));
        }
        self.interfaces.push(Interface {
            link,
            snaplen: self.u32(16),
            a_second,
            offset: 0,
        });
        Ok(Format::Pcap)
    }

    /// A packet record of pcap.
    fn record(&mut self) -> Result<Packet, Error> {
        self.whole(RECORD_HEADER)?;
        let [seconds, fraction, captured, length] = [0, 4, 8, 12].map(|at| self.u32(at));
        let end = RECORD_HEADER.saturating_add(captured as usize);
        if end > self.limits.record_bytes {
            return Err(self.broken(Rule::RecordTooLong, 8));
        }
        self.whole(end)?;
        let interface = self.described(0, 0)?;
        let units = u128::from(seconds) * interface.a_second + u128::from(fraction);
        self.time = interface.time(units);
        Ok(self.packet(interface, RECORD_HEADER..end, length))
    }

    /// A block of pcapng. `None` if it has no packet.
    fn block(&mut self) -> Result<Option<Packet>, Error> {
        self.whole(BLOCK_HEADER + BLOCK_TRAILER)?;
        let kind = self.u32(0);
        // The same number in both orders.
        if kind == SECTION_HEADER {
            let order = Order::in_which(&self.block[8..12], BYTE_ORDER);
            self.order = order.ok_or_else(|| self.broken(Rule::ByteOrderUnknown, 8))?;
        }
        let length = self.u32(4) as usize;
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
        if self.u32(end) as usize != length {
            return Err(self.broken(Rule::BlockLengthsDiffer, end));
        }
        match kind {
            SECTION_HEADER if self.u16(12) != 1 => Err(self.broken(Rule::VersionUnknown, 12)),
            SECTION_HEADER => {
                self.interfaces.clear();
                Ok(None)
            }
            INTERFACE => self.interface(end).map(|()| None),
            SIMPLE_PACKET => {
                // Of the first interface, without a time.
                let (interface, length) = (self.described(0, 0)?, self.u32(8));
                let captured = match interface.snaplen {
                    0 => length,
                    snaplen => length.min(snaplen),
                };
                let place = self.place(12, captured, end, 8)?;
                Ok(Some(self.packet(interface, place, length)))
            }
            ENHANCED_PACKET | OBSOLETE_PACKET => {
                let number = match kind {
                    OBSOLETE_PACKET => self.u16(8).into(),
                    _ => self.u32(8),
                };
                let interface = self.described(number as usize, 8)?;
                let place = self.place(28, self.u32(20), end, 20)?;
                let units = u128::from(self.u32(12)) << 32 | u128::from(self.u32(16));
                self.time = interface.time(units);
                Ok(Some(self.packet(interface, place, self.u32(24))))
            }
            _ => Ok(None),
        }
    }

    fn interface(&mut self, end: usize) -> Result<(), Error> {
        let mut described = Interface {
            link: self.u16(8),
            snaplen: self.u32(12),
            a_second: 1_000_000,
            offset: 0,
        };
        let mut at = 16;
        while at + 4 <= end {
            let (code, length) = (self.u16(at), self.u16(at + 2));
            let value = at + 4..at + 4 + usize::from(length);
            let has_length = match code {
                IF_TSRESOL => length == 1,
                IF_TSOFFSET => length == 8,
                _ => true,
            };
            if value.end > end || !has_length {
                return Err(self.broken(Rule::OptionLength, at + 2));
            }
            let next = value.end.next_multiple_of(4);
            match (code, &self.block[value]) {
                (END_OF_OPTIONS, _) => break,
                // More than 10³⁸ units a second: none of their times is a nanosecond.
                (IF_TSRESOL, &[exponent @ ..0x80]) => {
                    described.a_second = 10_u128.saturating_pow(exponent.into());
                }
                (IF_TSRESOL, &[exponent, ..]) => described.a_second = 1 << (exponent & 0x7f),
                (IF_TSOFFSET, value) => described.offset = self.order.number(value) as i64,
                _ => {}
            }
            at = next;
        }
        if self.interfaces.len() >= self.limits.interfaces {
            return Err(self.broken(Rule::InterfacesTooMany, 0));
        }
        self.interfaces.push(described);
        Ok(())
    }

    fn described(&self, interface: usize, at: usize) -> Result<Interface, Error> {
        let known = self.interfaces.get(interface).copied();
        known.ok_or_else(|| self.broken(Rule::InterfaceUnknown, at))
    }

    /// Where the captured bytes of a packet lie: before the end of its block. Their length stands `at` this place.
    fn place(
        &self,
        start: usize,
        captured: u32,
        end: usize,
        at: usize,
    ) -> Result<Range<usize>, Error> {
        let place = start..start.saturating_add(captured as usize);
        match place.end > end {
            true => Err(self.broken(Rule::PacketLength, at)),
            false => Ok(place),
        }
    }

    fn packet(&self, interface: Interface, place: Range<usize>, length: u32) -> Packet {
        Packet {
            link: interface.link,
            time: self.time,
            length: place.len().max(length as usize),
            place,
        }
    }

    fn u16(&self, at: usize) -> u16 {
        self.order.number(&self.block[at..at + 2]) as u16
    }

    fn u32(&self, at: usize) -> u32 {
        self.order.number(&self.block[at..at + 4]) as u32
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
        let missing = length.saturating_sub(self.block.len());
        let mut input = self.input.by_ref().take(missing as u64);
        input.read_to_end(&mut self.block).map(drop)
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
