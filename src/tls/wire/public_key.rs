//! The public key of a certificate: its kind and its length (RFC 5280 §4.1.2.7).
//!
//! ```text
//!   SEQUENCE
//!     algorithm    SEQUENCE
//!       type         OBJECT IDENTIFIER    RSA, elliptic curve, Ed25519 …
//!       parameters   NULL for RSA, the curve for an elliptic curve, nothing for Ed25519
//!     key          BIT STRING
//!       RSA          SEQUENCE of two INTEGERs: the modulus, whose length is the key's, and the exponent
//!       a curve      a point: 04, x, y
//! ```

use std::fmt;

use super::der::{Element, magnitude, tag};
use super::error::{Error, Rule};

const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const ED25519: &[u8] = b"\x2b\x65\x70";
const ED448: &[u8] = b"\x2b\x65\x71";

/// The known curves: object identifier, name, bits.
const CURVES: [(&[u8], &str, usize); 4] = [
    (b"\x2a\x86\x48\xce\x3d\x03\x01\x07", "P-256", 256),
    (b"\x2b\x81\x04\x00\x22", "P-384", 384),
    (b"\x2b\x81\x04\x00\x23", "P-521", 521),
    (b"\x2b\x81\x04\x00\x0a", "secp256k1", 256),
];

/// The kind and the length of a public key. Displayed as `RSA (2048 bit)`, `EC P-256`, `Ed25519`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicKey {
    /// RSA. The notes make keys of 1024 bits, which are refused today (E33): at least 2048.
    Rsa {
        /// The bits of the modulus.
        bits: usize,
    },
    /// A point on one of the known curves.
    Ec {
        /// `P-256`.
        curve: &'static str,
        /// The bits of the field.
        bits: usize,
    },
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// Another kind.
    Other,
}

impl PublicKey {
    /// Its length as it is usually given; 0 if the kind is not known.
    pub fn bits(&self) -> usize {
        match *self {
            PublicKey::Rsa { bits } | PublicKey::Ec { bits, .. } => bits,
            PublicKey::Ed25519 => 256,
            PublicKey::Ed448 => 456,
            PublicKey::Other => 0,
        }
    }

    /// Decodes a SubjectPublicKeyInfo.
    pub(super) fn decode(info: Element<'_>) -> Result<PublicKey, Error> {
        let mut inside = info.inside();
        let mut algorithm = inside.expect(tag::SEQUENCE)?.inside();
        let key = inside.expect(tag::BIT_STRING)?;
        inside.finish()?;
        match algorithm.expect(tag::OID)?.oid()? {
            RSA | RSA_PSS => rsa(key),
            EC => Ok(curve(algorithm.optional(tag::OID)?)),
            ED25519 => Ok(PublicKey::Ed25519),
            ED448 => Ok(PublicKey::Ed448),
            _ => Ok(PublicKey::Other),
        }
    }
}

fn rsa(key: Element<'_>) -> Result<PublicKey, Error> {
    let mut bits = key.bits()?;
    let mut inside = bits.expect(tag::SEQUENCE)?.inside();
    bits.finish()?;
    let modulus = inside.expect(tag::INTEGER)?;
    inside.expect(tag::INTEGER)?.integer()?;
    inside.finish()?;
    match modulus.integer()? {
        [0x80..=0xff, ..] | [0] => Err(modulus.refuse(Rule::KeyInvalid)), // negative, or zero
        integer => {
            let bytes = magnitude(integer);
            let unused = bytes.first().map_or(0, |first| first.leading_zeros());
            let bits = bytes.len() * 8 - unused as usize;
            Ok(PublicKey::Rsa { bits })
        }
    }
}

fn curve(named: Option<Element<'_>>) -> PublicKey {
    let named = named.map(|named| named.content());
    let known = CURVES.iter().find(|(oid, ..)| named == Some(*oid));
    known.map_or(PublicKey::Other, |&(_, curve, bits)| PublicKey::Ec {
        curve,
        bits,
    })
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PublicKey::Rsa { bits } => write!(f, "RSA ({bits} bit)"),
            PublicKey::Ec { curve, .. } => write!(f, "EC {curve}"),
            PublicKey::Ed25519 => f.write_str("Ed25519"),
            PublicKey::Ed448 => f.write_str("Ed448"),
            PublicKey::Other => f.write_str("a key of another kind"),
        }
    }
}
