//! The hosts that a certificate is for: subjectAltName (RFC 5280 §4.2.1.6).
//!
//! ```text
//!   30 11                            SEQUENCE of names, 17 bytes:
//!      82 09 "localhost"             [2] a DNS name, in ASCII
//!      87 04 7f 00 00 01             [7] an address: 4 bytes, or 16 of IPv6
//! ```
//!
//! Names of other kinds (mail addresses, URIs) are ignored.

use std::fmt;

use super::der::{Der, Element};
use super::error::{Error, Rule};

const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

/// A host that a certificate is for. Displayed as by OpenSSL and Node, `DNS:localhost` and
/// `IP Address:127.0.0.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AltName<'a> {
    /// A DNS name, or a pattern such as `*.test.com`.
    Dns(&'a str),
    /// The four bytes of an IPv4 address, or the sixteen of an IPv6 address.
    Ip(&'a [u8]),
}

/// The names of a certificate, which may have none.
#[derive(Clone, Copy, Debug)]
pub(super) struct AltNames<'a>(Option<&'a [u8]>);

impl<'a> AltNames<'a> {
    pub(super) const NONE: AltNames<'static> = AltNames(None);

    /// Decodes the SEQUENCE.
    // RFC 5280 §4.2.1.6: "If the subjectAltName extension is present, the sequence MUST contain at
    // least one entry."
    pub(super) fn decode(list: Element<'a>) -> Result<AltNames<'a>, Error> {
        let mut names = list.inside();
        if names.is_empty() {
            return Err(list.refuse(Rule::AltNameInvalid));
        }
        while !names.is_empty() {
            decode(names.any()?)?;
        }
        Ok(AltNames(Some(list.content())))
    }

    pub(super) fn iter(self) -> impl Iterator<Item = AltName<'a>> + use<'a> {
        let mut names = Der::new(self.0.unwrap_or_default());
        let elements = std::iter::from_fn(move || names.any().ok());
        elements.filter_map(|element| decode(element).ok().flatten())
    }
}

/// One name; `None` if it is not of a host.
pub(crate) fn decode(element: Element<'_>) -> Result<Option<AltName<'_>>, Error> {
    let content = element.content();
    let name = match element.tag {
        DNS_NAME => dns(content).map(AltName::Dns),
        IP_ADDRESS => matches!(content.len(), 4 | 16).then_some(AltName::Ip(content)),
        _ => return Ok(None),
    };
    let name = name.ok_or_else(|| element.refuse(Rule::AltNameInvalid))?;
    Ok(Some(name))
}

/// Visible ASCII: a line break in a name would forge the lines of what is printed.
fn dns(content: &[u8]) -> Option<&str> {
    let visible = !content.is_empty() && content.iter().all(u8::is_ascii_graphic);
    str::from_utf8(content).ok().filter(|_| visible)
}

impl fmt::Display for AltName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AltName::Dns(name) => write!(f, "DNS:{name}"),
            AltName::Ip([a, b, c, d]) => write!(f, "IP Address:{a}.{b}.{c}.{d}"),
            AltName::Ip(bytes) => {
                let mut before = "IP Address:";
                let (groups, _) = bytes.as_chunks();
                groups.iter().try_for_each(|group| {
                    let before = std::mem::replace(&mut before, ":");
                    write!(f, "{before}{:X}", u16::from_be_bytes(*group))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(list: &[u8]) -> Result<Vec<String>, Rule> {
        let bytes = [&[0x30, list.len() as u8], list].concat();
        let names = AltNames::decode(Der::new(&bytes).any().unwrap());
        let shown = names.map(|names| names.iter().map(|name| name.to_string()).collect());
        shown.map_err(|error| error.rule())
    }

    #[test]
    fn names_of_hosts_are_decoded_and_others_ignored() {
        let list = b"\x82\x01a\x81\x03x@y\x87\x04\x7f\0\0\x01\x86\x01u\x82\x03*.b";
        assert_eq!(
            shown(list).unwrap(),
            ["DNS:a", "IP Address:127.0.0.1", "DNS:*.b"]
        );
        assert_eq!(shown(b"\x81\x03x@y").unwrap(), [""; 0]);
    }

    #[test]
    fn an_invalid_name_is_refused() {
        for list in [
            &b""[..],
            b"\x82\x00",
            b"\x82\x01 ",
            b"\x82\x02a\n",
            b"\x82\x02\xc3\xa9",
            b"\x82\x02a\0",
            b"\x87\x05\x7f\0\0\x01\0",
            b"\x87\x08\x7f\0\0\x01\xff\0\0\0",
        ] {
            assert_eq!(shown(list), Err(Rule::AltNameInvalid), "{list:02x?}");
        }
    }
}
