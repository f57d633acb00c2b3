//! Extensions, with which TLS has grown for twenty years (RFC 8446 §4.2).
//!
//! ```text
//!   00 00  00 0b   00 09  00  00 06 "server"      server_name (RFC 6066 §3): a list of a type and a name
//!   00 10  00 0b   00 09  08 "http/1.1"           ALPN (RFC 7301 §3.1): a list of names
//!   00 2b  00 03   02  03 04                      supported_versions: a list of numbers
//!   00 33  00 26   00 24  00 1d  00 20 99 38 …    key_share: a list of a group and a key
//!   type   length  data, whose form depends on the type
//! ```
//!
//! A receiver skips a type that it does not know by its length. Clients make sure that servers do: they
//! also send types that mean nothing (`1a 1a`, `2a 2a` …).

use super::error::{Error, Rule};
use super::presentation::{Numbers, Reader};

const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const PRE_SHARED_KEY: u16 = 41;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;

const HOST_NAME: u8 = 0;

/// The most extensions that are read; browsers send about twenty.
const MAX_EXTENSIONS: usize = 64;

/// One extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// IANA's number: 0 is server_name.
    pub kind: u16,
    /// Its form depends on the kind.
    pub data: &'a [u8],
}

/// A list of extensions, each of which occurs once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extensions<'a>(Reader<'a>);

impl Default for Extensions<'_> {
    fn default() -> Self {
        Extensions(Reader::new(&[]))
    }
}

impl<'a> Extensions<'a> {
    pub(super) fn decode(list: Reader<'a>) -> Result<Extensions<'a>, Error> {
        let (mut rest, mut seen) = (list, Vec::new());
        while !rest.is_empty() {
            let start = rest;
            let (kind, _) = one(&mut rest)?;
            // RFC 8446 §4.2: "There MUST NOT be more than one extension of the same type in a given
            // extension block."
            if seen.contains(&kind) {
                return Err(start.refuse(Rule::ExtensionRepeated));
            }
            if seen.len() == MAX_EXTENSIONS {
                return Err(start.refuse(Rule::TooManyExtensions));
            }
            seen.push(kind);
        }
        Ok(Extensions(list))
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        self.parts().map(|(kind, part)| Extension {
            kind,
            data: part.rest(),
        })
    }

    /// In a ServerHello: the version that the server has chosen.
    pub(super) fn chosen_version(self) -> Result<Option<u16>, Error> {
        let Some(mut data) = self.find(SUPPORTED_VERSIONS) else {
            return Ok(None);
        };
        let version = data.u16()?;
        data.finish()?;
        Ok(Some(version))
    }

    fn parts(self) -> impl Iterator<Item = (u16, Reader<'a>)> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || one(&mut rest).ok())
    }

    fn find(self, kind: u16) -> Option<Reader<'a>> {
        let mut all = self.parts();
        let found = all.find(|(other, _)| *other == kind);
        found.map(|(_, data)| data)
    }
}

fn one<'a>(list: &mut Reader<'a>) -> Result<(u16, Reader<'a>), Error> {
    Ok((list.u16()?, list.vector16(0)?))
}

/// The extensions of a client that are read here. They are decoded at once, so that reading them later
/// cannot fail.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientExtensions<'a> {
    pub(super) all: Extensions<'a>,
    pub(super) server_name: Option<&'a str>,
    alpn: Reader<'a>,
    versions: Numbers<'a>,
    key_shares: Reader<'a>,
}

impl<'a> ClientExtensions<'a> {
    pub(super) fn decode(all: Extensions<'a>) -> Result<ClientExtensions<'a>, Error> {
        let empty = Reader::new(&[]);
        let mut found = ClientExtensions {
            all,
            server_name: None,
            alpn: empty,
            versions: Numbers::default(),
            key_shares: empty,
        };
        let mut last = None;
        for (kind, mut data) in all.parts() {
            // RFC 8446 §4.2.11: "The "pre_shared_key" extension MUST be the last extension in the
            // ClientHello"
            if last == Some(PRE_SHARED_KEY) {
                return Err(data.refuse(Rule::PreSharedKeyNotLast));
            }
            last = Some(kind);
            match kind {
                SERVER_NAME => found.server_name = server_name(&mut data)?,
                ALPN => found.alpn = protocol_names(&mut data)?,
                SUPPORTED_VERSIONS => found.versions = data.vector8(2, 254)?.numbers()?,
                KEY_SHARE => found.key_shares = key_shares(&mut data)?,
                _ => continue,
            }
            data.finish()?;
        }
        Ok(found)
    }

    pub(super) fn alpn(self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut names = self.alpn;
        std::iter::from_fn(move || names.vector8(1, 255).ok().map(|name| name.rest()))
    }

    pub(super) fn versions(self) -> impl Iterator<Item = u16> + use<'a> {
        self.versions.iter()
    }

    pub(super) fn key_share_groups(self) -> impl Iterator<Item = u16> + use<'a> {
        let mut shares = self.key_shares;
        std::iter::from_fn(move || key_share(&mut shares).ok())
    }
}

/// The one host name of the list; no other type of name was ever defined.
// RFC 6066 §3: "The ServerNameList MUST NOT contain more than one name of the same name_type."
fn server_name<'a>(data: &mut Reader<'a>) -> Result<Option<&'a str>, Error> {
    let (mut list, mut found) = (data.vector16(1)?, None);
    while !list.is_empty() {
        let start = list;
        if list.u8()? != HOST_NAME {
            return Err(start.refuse(Rule::ServerNameInvalid));
        }
        let name = list.vector16(1)?;
        if found.is_some() {
            return Err(start.refuse(Rule::ServerNameRepeated));
        }
        let host = host_name(name.rest());
        found = Some(host.ok_or_else(|| name.refuse(Rule::ServerNameInvalid))?);
    }
    Ok(found)
}

// RFC 6066 §3: "Literal IPv4 and IPv6 addresses are not permitted in "HostName"."
fn host_name(name: &[u8]) -> Option<&str> {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let last = name.rsplit(|byte| *byte == b'.').next()?;
    let address = last.iter().all(u8::is_ascii_digit);
    let valid = name.len() <= 253 && name.iter().all(letter) && !last.is_empty() && !address;
    str::from_utf8(name).ok().filter(|_| valid)
}

// RFC 7301 §3.1: "Empty strings MUST NOT be included and byte strings MUST NOT be truncated."
fn protocol_names<'a>(data: &mut Reader<'a>) -> Result<Reader<'a>, Error> {
    let list = data.vector16(2)?;
    let mut names = list;
    while !names.is_empty() {
        let start = names;
        if names.vector8(0, 255)?.is_empty() {
            return Err(start.refuse(Rule::ProtocolNameEmpty));
        }
    }
    Ok(list)
}

fn key_shares<'a>(data: &mut Reader<'a>) -> Result<Reader<'a>, Error> {
    let list = data.vector16(0)?;
    let mut shares = list;
    while !shares.is_empty() {
        key_share(&mut shares)?;
    }
    Ok(list)
}

/// The group of a share; its key is skipped.
fn key_share(shares: &mut Reader<'_>) -> Result<u16, Error> {
    let group = shares.u16()?;
    shares.vector16(1)?;
    Ok(group)
}
