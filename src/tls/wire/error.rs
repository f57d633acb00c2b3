//! What a peer did wrong, where, and which sentence of which standard says so.
//!
//! Every refusal of a decoder is one [`Rule`]. It knows the alert that TLS answers with, the section
//! it comes from and a sentence that a person can act on.

use crate::wire::{rule_error, rules, show_hex};

rules! {
    /// One thing a peer must not send; the name is what `fixtures/tls/` calls it.
    pub enum Rule;
    /// The alert that ends the connection (RFC 8446 §6.2): 50 is `decode_error`.
    pub fn alert -> u8;

    RecordTypeUnknown 10 "RFC 8446 §5" "a record starts with its type: 20 change_cipher_spec, 21 alert, 22 handshake, 23 application_data";
    RecordTooLong 22 "RFC 8446 §5.1" "a record holds at most 16384 bytes, a sealed one at most 256 more";
    RecordEmpty 10 "RFC 8446 §5.1" "only application data may come in empty records";
    RecordUnexpected 10 "RFC 8446 §5" "a handshake begins with handshake records";
    MessageTooLong 50 "RFC 8446 §4" "a handshake message is longer than this decoder reads";
    MessageUnexpected 10 "RFC 8446 §4" "another handshake message is expected here: a hello is the first of its side";
    MessageTruncated 50 "RFC 8446 §6.2" "a field is longer than the structure that contains it";
    MessageTrailing 50 "RFC 8446 §6.2" "bytes are left behind the last field";
    VectorLength 50 "RFC 8446 §3.4" "a list has a length that is not allowed";
    CompressionOffered 47 "RFC 8446 §4.1.2" "the only compression method is none, which is 0";
    TooManyExtensions 50 "RFC 8446 §4.2" "there are more extensions than this decoder reads";
    ExtensionRepeated 47 "RFC 8446 §4.2" "an extension must not occur twice";
    PreSharedKeyNotLast 47 "RFC 8446 §4.2.11" "pre_shared_key must be the last extension";
    ServerNameRepeated 47 "RFC 6066 §3" "there is one server name of each type";
    ServerNameInvalid 47 "RFC 6066 §3" "a server name is a DNS name in ASCII, no address and without a dot at its end";
    ProtocolNameEmpty 50 "RFC 7301 §3.1" "a protocol name must not be empty";

    CertificateTooLong 42 "RFC 8446 §4.4.2" "a certificate is longer than this decoder reads";
    DerTruncated 42 "X.690 §8.1.3" "an element is longer than the one that contains it";
    DerLengthInvalid 42 "X.690 §10.1" "a length is definite and written in as few bytes as possible";
    DerTagInvalid 42 "X.690 §8.1.2" "a tag of a certificate is one byte";
    DerTrailing 42 "X.690 §8.1" "bytes are left behind the last element";
    DerIntegerInvalid 42 "X.690 §8.3.2" "an integer is written in as few bytes as possible, at least one";
    DerBooleanInvalid 42 "X.690 §11.1" "a boolean is one byte, 00 or ff";
    DerBitsInvalid 42 "X.690 §8.6.2" "a key is a bit string of whole bytes";
    DerOidInvalid 42 "X.690 §8.19.2" "an object identifier is a list of numbers, each in as few bytes as possible";
    CertificateShape 42 "RFC 5280 §4.1" "a certificate has these fields, with these tags, in this order";
    VersionInvalid 42 "RFC 5280 §4.1.2.1" "the version is 1, 2 or 3, and 1 is not written";
    SerialInvalid 42 "RFC 5280 §4.1.2.2" "a serial number has at most 20 bytes";
    SignatureAlgorithms 42 "RFC 5280 §4.1.1.2" "the signature's algorithm is named twice, in the same bytes";
    TimeInvalid 42 "RFC 5280 §4.1.2.5" "a time is YYMMDDHHMMSSZ, or YYYYMMDDHHMMSSZ as GeneralizedTime, and exists";
    NameInvalid 42 "RFC 5280 §4.1.2.4" "a name is made of texts, each in the characters of its type";
    KeyInvalid 42 "RFC 5280 §4.1.2.7" "a public key has the form of its algorithm";
    ExtensionsNotAllowed 42 "RFC 5280 §4.1.2.9" "extensions belong to version 3, unique identifiers to 2 and 3";
    TooManyCertificateExtensions 42 "RFC 5280 §4.2" "there are more extensions in a certificate than this decoder reads";
    CertificateExtensionRepeated 42 "RFC 5280 §4.2" "an extension must not occur twice in a certificate";
    AltNameInvalid 42 "RFC 5280 §4.2.1.6" "subjectAltName is a list of at least one name; a DNS name is ASCII, an address has 4 or 16 bytes";
}

rule_error! {
    /// The peer broke a [`Rule`]: which, at what byte, and the bytes found there.
    pub struct Error {
        rule: Rule,
        /// The offset, in bytes, from the start of what was being decoded: a record, a handshake
        /// message with its header, a certificate.
        at: usize,
        /// Up to 8 bytes found there; empty at the end.
        got: [u8; 8],
    }
    pub(super) fn new;
    show = show_hex;
}

impl Error {
    /// As [`Rule::alert`].
    pub fn alert(&self) -> u8 {
        self.rule.alert()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_the_rule_the_place_and_the_bytes() {
        let shown = |rule, input: &[u8], at| Error::new(rule, input, at).to_string();
        let text = shown(Rule::RecordTypeUnknown, b"GET / HTTP/1.1", 0);
        let end = "23 application_data (RFC 8446 §5); at byte 0: 47 45 54 20 2f 20 48 54";
        assert!(text.ends_with(end), "{text}");
        let text = shown(Rule::DerTruncated, &[0x30], 1);
        assert!(
            text.ends_with("(X.690 §8.1.3); at byte 1: the end"),
            "{text}"
        );
    }
}
