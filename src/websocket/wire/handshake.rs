//! The opening handshake: one HTTP request and one response, then frames (RFC 6455 §4).
//!
//! ```text
//!  > GET /chat HTTP/1.1                            < HTTP/1.1 101 Switching Protocols
//!  > Host: server.example.com                      < Upgrade: websocket
//!  > Upgrade: websocket                            < Connection: Upgrade
//!  > Connection: Upgrade                           < Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
//!  > Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==   < Sec-WebSocket-Protocol: chat
//!  > Sec-WebSocket-Version: 13                     <
//!  > Sec-WebSocket-Protocol: chat, superchat       81 05 48 65 6c 6c 6f …
//!  >
//! ```
//!
//! ```text
//!   key       dGhlIHNhbXBsZSBub25jZQ==                16 random bytes in base64
//!   + GUID    258EAFA5-E914-47DA-95CA-C5AB0DC85B11    the same in every handshake
//!   SHA-1     b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea
//!   accept    s3pPLMBiTxaQ9kYGzzhZRbK+xOo=            that, in base64
//! ```
//!
//! The answer proves that the server knows this protocol, and that it answers *this* request: a page
//! cannot make another kind of server take its frames, and a cache cannot answer for it. The hash keeps
//! nothing secret, so the strength of SHA-1 does not matter (§10.8).
//!
//! Where the notes are wrong (their errata are numbered E01 and on):
//!
//! * E04: their key is base64 of `13-` and the time of day, which has 16 bytes and can be guessed.
//! * E05: their client computes the accept value and compares it with nothing; and it drops the bytes behind
//!   the response, which are the first frames.
//! * E06: one of their texts hashes the key without the GUID.
//! * E46: their server names a subprotocol that the client may not have offered, which a client must not
//!   accept.

mod offer;
mod opening;
mod origin;

pub use offer::{Offer, refuse};
pub use opening::{Agreed, Opening};

use super::error::{Error, Rule};
use super::misuse::Misuse;
use crate::http::wire::{FieldList, Fields, Known};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use sha1_smol::Sha1;

/// The same in every handshake (RFC 6455 §1.3).
pub(crate) const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The most subprotocols that one request may offer.
const MAX_PROTOCOLS: usize = 64;

/// Strict, except that the last digit may have bits that belong to no byte: the RFC's own example of a key
/// (§4.1) has such a digit.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key`.
///
/// ```
/// use barewire::websocket::wire::accept;
///
/// assert_eq!(&accept(b"dGhlIHNhbXBsZSBub25jZQ=="), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
// RFC 6455 §4.2.2: "The value of this header field is constructed by concatenating /key/, defined
// above in step 4 in Section 4.2.2, with the string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", taking
// the SHA-1 hash of this concatenated value to obtain a 20-byte value and base64-encoding (see
// Section 4 of [RFC4648]) this 20-byte hash."
pub fn accept(key: &[u8]) -> [u8; 28] {
    encoded(&hash(key))
}

/// The SHA-1 of a `Sec-WebSocket-Key` and the [`GUID`].
pub(crate) fn hash(key: &[u8]) -> [u8; 20] {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    hash.digest().bytes()
}

/// The bytes in base64, which must be exactly `N` digits.
fn encoded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut digits = [0; N];
    let length = BASE64.encode_slice(bytes, &mut digits);
    debug_assert_eq!(length.ok(), Some(N));
    digits
}

/// Whether these are 16 bytes in base64.
fn is_key(value: &[u8]) -> bool {
    nonce(value).is_some()
}

/// The 16 bytes of a `Sec-WebSocket-Key`.
pub(crate) fn nonce(key: &[u8]) -> Option<[u8; 16]> {
    let mut bytes = [0; 18];
    let length = BASE64.decode_slice(key, &mut bytes);
    (length == Ok(16)).then(|| bytes.first_chunk().copied())?
}

/// Whether a field is a list with this token in it.
fn has_token(fields: Fields<'_>, name: &str, token: &[u8]) -> bool {
    let mut tokens = fields.list(name);
    tokens.any(|other| other.eq_ignore_ascii_case(token))
}

/// The value of a field that may be there once.
fn one<'a>(fields: Fields<'a>, name: &str, repeated: Rule) -> Result<Option<&'a [u8]>, Error> {
    let mut values = fields.get_all(name);
    let first = values.next();
    match values.next() {
        Some(second) => Err(Error::new(repeated, second, 0)),
        None => Ok(first),
    }
}

/// The error about a field: its value is what was found.
fn refused(fields: Fields<'_>, name: &str, rule: Rule) -> Error {
    Error::new(rule, fields.get(name).unwrap_or_default(), 0)
}

/// Of the fields that a caller has set before, these would contradict those of the handshake. `Keep-Alive` is one of
/// them: the handshake's Connection does not name it, and a head that switches is sent without it.
// RFC 9110 §7.6.1: "When a field aside from Connection is used to supply control information for or about
// the current connection, the sender MUST list the corresponding field name within the Connection header
// field."
fn check_others(fields: Fields<'_>) -> Result<(), Misuse> {
    use Known::{Connection, ContentLength, KeepAlive, TransferEncoding, Upgrade};
    const OURS: &str = "sec-websocket-";
    let is_ours = |name: &str| {
        let start = name.get(..OURS.len());
        let known = Known::of(name.as_bytes());
        matches!(
            known,
            Connection | ContentLength | KeepAlive | TransferEncoding | Upgrade
        ) || start.is_some_and(|start| start.eq_ignore_ascii_case(OURS))
    };
    match fields.iter().any(|(name, _)| is_ours(name)) {
        true => Err(Misuse::HandshakeField),
        false => Ok(()),
    }
}

/// Sets a field to a value that is known to be good.
fn set(fields: &mut FieldList, name: &str, value: &[u8]) {
    let set = fields.set(name, value);
    debug_assert!(set.is_ok(), "{name}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_of_the_rfc() {
        assert_eq!(encoded(b"the sample nonce"), *b"dGhlIHNhbXBsZSBub25jZQ==");
        let hash = Sha1::from(b"dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        assert_eq!(
            hash.digest().to_string(),
            "b37a4f2cc0624f1690f64606cf385945b2bec4ea"
        );
    }

    #[test]
    fn a_key_is_sixteen_bytes_in_base64() {
        for good in [
            "dGhlIHNhbXBsZSBub25jZQ==",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            "AQIDBAUGBwgJCgsMDQ4PEC==", // the example in RFC 6455 §4.1
            "+/+/+/+/+/+/+/+/+/+/+w==",
        ] {
            assert!(is_key(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "dGhlIHNhbXBsZSBub25jZQ",    // padding left out
            "dGhlIHNhbXBsZSBub25jZQ=",   // half of it
            "dGhlIHNhbXBsZSBub25j",      // 15 bytes
            "dGhlIHNhbXBsZSBub25jZWU=",  // 17
            "dGhlIHNhbXBsZSBub25jZWVl",  // 18
            "dGhlIHNhbXBsZSBub25jZQ===", // too much of it
            "dGhlIHNhbXBs ZSBub25jZQ==", // a blank
            "dGhlIHNhbXBsZSBub25jZ_==",  // another alphabet
            "!!!!!!!!!!!!!!!!!!!!!!==",  // none
            "the sample nonce",          // the bytes themselves
            "==dGhlIHNhbXBsZSBub25jZQ",
        ] {
            assert!(!is_key(bad.as_bytes()), "{bad}");
        }
    }

    /// One of the notes' texts leaves the GUID out; the other has it.
    #[test]
    fn erratum_e06_the_key_is_not_hashed_alone() {
        let key = b"dGhlIHNhbXBsZSBub25jZQ==";
        let alone: [u8; 28] = encoded(&Sha1::from(key).digest().bytes());
        assert_ne!(alone, accept(key));
        assert_eq!(accept(key), *b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
