//! TLS as bytes and rules, as far as it can be read without a key: no socket, no thread, no lock, no
//! clock, no randomness, and no cryptography.
//!
//! # The problem
//!
//! Almost everything of a TLS connection is sealed, and rustls seals it. But most failures in practice come
//! before the first sealed record: a browser that speaks HTTP to the port, a client that does not name the
//! host, a certificate for another host, or one that has expired. All of these can be read, by a person
//! with this chapter and by these decoders.
//!
//! # The bytes on the wire
//!
//! The first bytes of a connection (RFC 8448, the first example):
//!
//! ```text
//!   16 03 01 00 c4                                   record: handshake, 196 bytes
//!     01 00 00 c0                                    message: ClientHello, 192 bytes
//!       03 03                                        "TLS 1.2", in every version
//!       cb 34 ec b1 e7 81 63 ba 1c 38 c6 da cb …     32 random bytes
//!       00                                           no session id
//!       00 06  13 01  13 03  13 02                   three cipher suites
//!       01 00                                        no compression
//!       00 91                                        extensions, 145 bytes:
//!         00 00  00 0b  00 09 00 00 06 73 65 72 76 65 72      the host: "server"
//!         00 2b  00 03  02 03 04                              TLS 1.3, really
//!         00 33  00 26  00 24 00 1d 00 20 99 38 1d e5 …       a key, for x25519
//!         …
//! ```
//!
//! and the first of a certificate:
//!
//! ```text
//!   30 82 02 31                                      a sequence, 561 bytes:
//!     30 82 01 d6                                    what is signed, 470 bytes:
//!       a0 03  02 01 02                              version 3
//!       02 14  00 fe ff 4a cc 8e 58 aa 28 …          serial number
//!       30 0a  06 08 2a 86 48 ce 3d 04 03 02         signed with ECDSA and SHA-256
//!       30 40  31 0b 30 09 06 03 55 04 06 13 …       the issuer: C=CN, …
//!       30 20  17 0d 32 30 30 31 30 31 …             from "200101000000Z", until …
//!       …
//! ```
//!
//! # The rules
//!
//! 1. A length is valid only within the structure that contains it. Nothing is allocated by it.
//! 2. If there are two encodings of a value, one of them is refused.
//! 3. Everything that can be many has a limit: bytes of a message, extensions, bytes of a certificate.
//! 4. An unknown element is skipped by its length; a known one is decoded to its end.
//! 5. To decode a certificate is not to trust it: signatures are checked by rustls, in `verify.rs`.
//!
//! # What one builds with it
//!
//! All of it is public on purpose: a proxy that routes by the host in a hello, a tool that explains why a handshake
//! fails, a program that warns before a certificate expires. Nothing here verifies: that is what [`tls`](super) does.
//!
//! | for | there is |
//! |---|---|
//! | what a peer speaks, from its first bytes | [`FirstBytes`] |
//! | records and handshake messages | [`RecordHeader`], [`ContentType`], [`HandshakeDecoder`] |
//! | hellos | [`ClientHello`], [`ServerHello`], [`Extension`] |
//! | certificates | [`Certificate`], with [`Name`], [`AltName`], [`Time`] and [`PublicKey`] |
//! | what went wrong | [`Error`] with its [`Rule`]: it names the alert |
//!
//! The names are covered by semantic versioning as those of the [door](super) are. A [`Rule`] may be added in any version,
//! and sentences may change: a program decides by the rule of an [`Error`], not by its text.
//!
//! A proxy that decides by the host, before any key is agreed on:
//!
//! ```
//! use barewire::tls::wire::{ClientHello, ContentType, FirstBytes, HandshakeDecoder, RecordHeader};
//!
//! /// The host that a client asks for; `None`: its hello is not complete yet.
//! fn host(bytes: &[u8]) -> Result<Option<String>, Box<dyn std::error::Error>> {
//!     match FirstBytes::of(bytes) {
//!         None => return Ok(None),
//!         Some(FirstBytes::Tls) => {}
//!         Some(other) => return Err(format!("this is not TLS: {other:?}").into()),
//!     }
//!     let mut decoder = HandshakeDecoder::new();
//!     if decoder.decode(bytes)?.is_none() {
//!         return Ok(None);
//!     }
//!     let hello = ClientHello::decode(decoder.message())?;
//!     Ok(Some(hello.server_name().unwrap_or("the default").to_owned()))
//! }
//!
//! # let mut hello = b"\x16\x03\x01\0\x3b\x01\0\0\x37\x03\x03".to_vec();
//! # hello.extend([7; 32]);
//! # hello.extend(b"\0\0\x02\x13\x01\x01\0\0\x0c\0\0\0\x08\0\x06\0\0\x03a.b");
//! // `hello` is what has come from a client.
//! assert_eq!(host(&hello[..20])?, None);
//! assert_eq!(host(&hello)?.as_deref(), Some("a.b"));
//! assert!(host(b"GET / HTTP/1.1\r\n").is_err());
//!
//! let (record, _) = RecordHeader::decode(&hello)?.unwrap();
//! assert_eq!(record.content_type, ContentType::Handshake);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which file to read first
//!
//! [`first_bytes`] recognizes the peer's protocol. [`record`], [`handshake`] and [`hello`] are the three
//! layers of the first flight, with [`presentation`] for the lists of TLS and [`extensions`] for what has
//! been added since. [`der`] and [`x509`] are a certificate; [`names`], [`dates`], [`alt_names`] and
//! [`public_key`] its parts. [`error`](mod@error) is the table of rules.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | a rule | its row in [`error`](mod@error), the check in the decoder, and a case that breaks it: of a hello in `fixtures/tls/hellos.txt`, of a certificate in `tests/wire/tls/broken.rs`. A test finds a rule without a case |
//! | a limit | the constant where it is checked (`MAX` of [`HandshakeDecoder`] and [`Certificate`], `MAX_EXTENSIONS` in [`extensions`] and in [`x509`]), its row in [`error`](mod@error), the case that breaks it |
//! | an extension that is decoded | [`extensions`]: its number, `ClientExtensions::decode`; a method of [`ClientHello`] in [`hello`]; `KEYS` and `client` in `tests/wire/tls/hellos.rs`, and a line in the cases of `fixtures/tls/hellos.txt` |
//! | a field of a certificate | [`x509`]; `tests/certs.sh`, which writes `fixtures/tls/certificates.txt`, and `tests/wire/tls/certificates.rs`, which compares |
//! | how any of it is explained, byte by byte | `trace/wire/tls`, which reads with [`presentation`] and [`der`] |
//! | a type of key or of name | the tables at the top of [`public_key`] and [`names`] |
//!
//! # Two exercises
//!
//! 1. `openssl s_client -connect localhost:8124 -servername a.example` talks to the echo server of
//!    7.1. Print the bytes, and read them with the drawing above. What does a person on the way learn?
//! 2. Find out which extension names the signature algorithms, and show them as numbers. Which function
//!    must know the form, and which test proves that a list of odd length is refused?

mod alt_names;
mod dates;
mod der;
mod error;
mod extensions;
mod first_bytes;
mod handshake;
mod hello;
mod names;
mod presentation;
mod public_key;
mod record;
mod x509;

pub use alt_names::AltName;
pub(crate) use alt_names::decode as alt_name;
pub use dates::Time;
pub(crate) use der::{Der, Element, tag};
pub use error::{Error, Rule};
pub use extensions::Extension;
pub use first_bytes::FirstBytes;
pub(super) use first_bytes::is_http_request;
pub use handshake::HandshakeDecoder;
pub use hello::{ClientHello, ServerHello};
pub use names::Name;
pub(crate) use names::{dotted, text, type_name};
pub(crate) use presentation::Reader;
pub use public_key::PublicKey;
pub use record::{ContentType, RecordHeader};
pub use x509::Certificate;
