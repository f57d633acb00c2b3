//! Is a peer's first flight TLS, and of a version that is spoken here? That is decided before rustls gets
//! the bytes: rustls refuses an old ClientHello for the first extension that it lacks, and so reports
//! another reason than its version.

use super::super::error::handshake::Failure;
use super::super::wire::{
    ClientHello, ContentType, FirstBytes, HandshakeDecoder, RecordHeader, is_http_request,
};

/// A ClientHello of this `legacy_version` may negotiate TLS 1.2 or 1.3.
const TLS_1_2: u16 = 0x0303;
const CLIENT_HELLO: u8 = 1;

/// Judges the first flight as it comes in.
#[derive(Debug, Default)]
pub(super) struct FirstFlight {
    judged: bool,
    /// A client that does not speak TLS gets its answer from a hook.
    pub(super) plain_is_answered: bool,
    decoder: HandshakeDecoder,
}

impl FirstFlight {
    /// `bytes` are all bytes that have come so far. True: rustls may have them. False: there are too few.
    pub(super) fn is_tls(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        if !self.judged {
            self.judged = match FirstBytes::of(bytes) {
                None => false,
                Some(FirstBytes::Tls) => self.version_is_known(bytes)?,
                Some(FirstBytes::Ssl2) => return Err(Failure::OldVersion(None)),
                Some(FirstBytes::PlainHttp | FirstBytes::Other) => {
                    let first = bytes.to_vec();
                    let is_http = is_http_request(&first) || first.starts_with(b"HTTP/");
                    let answered = is_http || self.plain_is_answered;
                    return Err(Failure::Plain { first, answered });
                }
            };
        }
        Ok(self.judged)
    }

    /// False: there are too few bytes. What breaks another rule is left to rustls.
    // RFC 8446 §D.2: "If the "supported_versions" extension is absent and the server only supports versions
    // greater than ClientHello.legacy_version, the server MUST abort the handshake with a
    // "protocol_version" alert."
    fn version_is_known(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        let fragment = match RecordHeader::decode(bytes) {
            Ok(Some((header, used))) if header.content_type == ContentType::Handshake => {
                let rest = &bytes[used..];
                &rest[..rest.len().min(header.length.into())]
            }
            Ok(None) => return Ok(false),
            Ok(Some(_)) | Err(_) => return Ok(true),
        };
        match *fragment {
            [] => return Ok(false),
            [CLIENT_HELLO, _, _, _, major, minor, ..] => {
                if u16::from_be_bytes([major, minor]) >= TLS_1_2 {
                    return Ok(true); // no other bytes are decoded here
                }
            }
            [CLIENT_HELLO, ..] => {}
            _ => return Ok(true),
        }
        match self.decoder.decode(bytes) {
            Ok(None) => return Ok(false),
            Ok(Some(_)) => {}
            Err(_) => return Ok(true),
        }
        match ClientHello::decode(self.decoder.message()) {
            Ok(hello) if is_too_old(&hello) => {
                Err(Failure::OldVersion(Some(hello.legacy_version())))
            }
            _ => Ok(true),
        }
    }
}

fn is_too_old(hello: &ClientHello<'_>) -> bool {
    let mut newer = hello.supported_versions();
    hello.legacy_version() < TLS_1_2 && !newer.any(|version| version >= TLS_1_2)
}
