//! What a capture file must keep, and the error that names the broken rule and its place.

use crate::wire::{from_causes, rule_error, rules, show_hex};
use std::{fmt, io};

rules! {
    /// A rule of the two file formats, or a limit of [`Limits`](super::Limits); `fixtures/captures/` uses the
    /// same names.
    pub enum Rule;

    MagicUnknown "draft-ietf-opsawg-pcap §4" "a capture begins with a magic number of pcap or pcapng";
    MagicModified "draft-ietf-opsawg-pcap §4" "the modified pcap with magic number a1b2cd34 is not read here";
    VersionUnknown "draft-ietf-opsawg-pcap §4" "the version read here is 2 of pcap and 1 of pcapng";
    LinkTypeUnknown "draft-ietf-opsawg-pcap §4" "packets of this link type are not read here";
    Truncated "draft-ietf-opsawg-pcap §5" "the file ends inside a header, a packet or a block";
    RecordTooLong "draft-ietf-opsawg-pcap §5" "the packet or block is longer than Limits::record_bytes";
    BlockLength "draft-ietf-opsawg-pcapng §3.1" "the length of a block is a multiple of 4 and room for its fields";
    BlockLengthsDiffer "draft-ietf-opsawg-pcapng §3.1" "a block ends with the length that it begins with";
    OptionLength "draft-ietf-opsawg-pcapng §3.5" "an option lies inside its block and has the length of its value";
    ByteOrderUnknown "draft-ietf-opsawg-pcapng §4.1" "a section has the byte-order magic 1a2b3c4d";
    InterfacesTooMany "draft-ietf-opsawg-pcapng §4.2" "a section has more interfaces than Limits::interfaces";
    InterfaceUnknown "draft-ietf-opsawg-pcapng §4.3" "a packet belongs to an interface that was described before it";
    PacketLength "draft-ietf-opsawg-pcapng §4.3" "a packet lies inside its block";
}

rule_error! {
    /// The file broke a [`Rule`]: which, at what byte, and the bytes found there.
    ///
    /// ```
    /// use barewire::trace::wire::capture::{Error, Reader, Rule};
    ///
    /// let mut reader = Reader::new(&b"GET / HTTP/1.1\r\n"[..]);
    /// let Some(Err(Error::Broken(broken))) = reader.next() else { panic!() };
    /// assert_eq!((broken.rule(), broken.at()), (Rule::MagicUnknown, 0));
    /// assert_eq!(broken.got(), b"GET / HTTP/1.1\r\n");
    /// ```
    pub struct Broken {
        rule: Rule,
        /// The offset in bytes from the start of the file.
        at: u64,
        /// Up to 16 bytes of what stood there; empty where the file ends.
        got: [u8; 16],
    }
    pub(super) fn new;
    show = show_hex;
}

impl Broken {
    /// The same, in a block that begins at this offset of the file.
    pub(super) fn behind(mut self, offset: u64) -> Broken {
        self.at += offset;
        self
    }
}

/// Why a [`Reader`](super::Reader) cannot read on. It is its last item.
///
/// ```
/// use barewire::trace::wire::capture::{Error, Reader};
///
/// let error = Reader::new(&b"\x1f\x8b\x08"[..]).next().unwrap().unwrap_err();
/// assert!(matches!(error, Error::Broken(_)));
/// assert_eq!(
///     error.to_string(),
///     "a capture begins with a magic number of pcap or pcapng (draft-ietf-opsawg-pcap §4); at byte 0: 1f 8b 08"
/// );
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file is no capture, is damaged, or exceeds a limit.
    Broken(Broken),
    /// The input could not be read.
    Io(io::Error),
}

from_causes!(Error: Broken(Broken), Io(io::Error));

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Broken(broken) => broken.fmt(f),
            Error::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Broken(broken) => Some(broken),
            Error::Io(error) => Some(error),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match error {
            Error::Broken(broken) => io::Error::new(io::ErrorKind::InvalidData, broken),
            Error::Io(error) => error,
        }
    }
}
