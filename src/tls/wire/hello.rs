//! The two hellos, the only messages of TLS 1.3 that are not encrypted (RFC 8446 §4.1.2, §4.1.3).
//!
//! ```text
//!   ClientHello                               ServerHello
//!   01  00 00 c0                              02  00 00 56      type, length
//!   03 03                                     03 03             version: always "1.2"
//!   cb 34 ec … e7                             a6 af 06 … 28     32 random bytes
//!   00                                        00                session id; the server repeats it
//!   00 06  13 01 13 03 13 02                  13 01             cipher suites; the one chosen
//!   01 00                                     00                compression: none
//!   00 91                                     00 2e             extensions:
//!      00 00  00 0b  00 09 00 00 06 server       00 33  00 24  00 1d 00 20 c9 82 …
//!      00 2b  00 03  02 03 04                    00 2b  00 02  03 04
//!      …
//! ```
//!
//! The version field always names TLS 1.2: too many servers ended the connection when they saw a higher
//! number there. So the real version is in an extension, and the hellos of TLS 1.3 look like those of TLS
//! 1.2 that resume a session.

use super::error::{Error, Rule};
use super::extensions::{ClientExtensions, Extension, Extensions};
use super::presentation::{Numbers, Reader};

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const TLS13: u16 = 0x0304;

/// The random bytes of a ServerHello that is a HelloRetryRequest: the SHA-256 of that word.
const RETRY: [u8; 32] = *b"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\
    \xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";

/// The offers of a client; borrowed from its message.
///
/// ```
/// use barewire::tls::wire::{ClientHello, HandshakeDecoder};
///
/// # let mut hello = b"\x16\x03\x01\0\x3b\x01\0\0\x37\x03\x03".to_vec();
/// # hello.extend([7; 32]);
/// # hello.extend(b"\0\0\x02\x13\x01\x01\0\0\x0c\0\0\0\x08\0\x06\0\0\x03a.b");
/// // `hello` is what has come from the client.
/// let mut decoder = HandshakeDecoder::new();
/// assert_eq!(decoder.decode(&hello[..20])?, None);
/// assert_eq!(decoder.decode(&hello)?, Some(hello.len()));
///
/// let hello = ClientHello::decode(decoder.message())?;
/// assert_eq!(hello.server_name(), Some("a.b"));
/// assert!(hello.cipher_suites().eq([0x1301])); // TLS_AES_128_GCM_SHA256
/// # Ok::<(), barewire::tls::wire::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ClientHello<'a> {
    legacy_version: u16,
    random: [u8; 32],
    session_id: &'a [u8],
    cipher_suites: Numbers<'a>,
    extensions: ClientExtensions<'a>,
}

impl<'a> ClientHello<'a> {
    /// A whole message with its header, as [`HandshakeDecoder`](super::HandshakeDecoder) gives it.
    ///
    /// # Errors
    /// Another message, a list with a wrong length, bytes left over, and an extension that breaks a rule.
    pub fn decode(message: &'a [u8]) -> Result<ClientHello<'a>, Error> {
        let mut body = body(message, CLIENT_HELLO)?;
        let legacy_version = body.u16()?;
        let random = body.array()?;
        let session_id = body.vector8(0, 32)?.rest();
        let cipher_suites = body.vector16(2)?.numbers()?;
        let compression = body;
        let methods = body.vector8(1, 255)?.rest();
        let extensions = ClientExtensions::decode(extensions(body)?)?;
        // RFC 8446 §4.1.2: "For every TLS 1.3 ClientHello, this vector MUST contain exactly one
        // byte, set to zero"
        let only_none = methods == [0];
        let is_13 = extensions.versions().any(|version| version == TLS13);
        if !methods.contains(&0) || is_13 && !only_none {
            return Err(compression.refuse(Rule::CompressionOffered));
        }
        Ok(ClientHello {
            legacy_version,
            random,
            session_id,
            cipher_suites,
            extensions,
        })
    }

    /// 0x0303, which is the number of TLS 1.2, unless the client is older than that.
    pub fn legacy_version(&self) -> u16 {
        self.legacy_version
    }

    /// 32 random bytes, new in every hello.
    pub fn random(&self) -> &[u8; 32] {
        &self.random
    }

    /// At most 32 bytes. In TLS 1.3 they mean nothing: a client invents them to look like TLS 1.2.
    pub fn session_id(&self) -> &'a [u8] {
        self.session_id
    }

    /// The client's cipher suites, the preferred one first, by IANA's numbers.
    pub fn cipher_suites(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.cipher_suites.iter()
    }

    /// All extensions, in order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        self.extensions.all.iter()
    }

    /// The host that the client asks for (RFC 6066 §3, SNI). Every machine on the way can read it.
    pub fn server_name(&self) -> Option<&'a str> {
        self.extensions.server_name
    }

    /// The protocols above TLS that the client offers (RFC 7301, ALPN), the preferred one first:
    /// `http/1.1`.
    pub fn alpn(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.extensions.alpn()
    }

    /// The versions that the client speaks, the preferred one first: 0x0304 is TLS 1.3. Empty for a client
    /// that is too old for this extension (RFC 8446 §4.2.1).
    pub fn supported_versions(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.extensions.versions()
    }

    /// The groups for which the client has sent a key already (RFC 8446 §4.2.8): 0x001d is x25519,
    /// 0x0017 P-256. Empty if it sends no key shares.
    pub fn key_share_groups(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.extensions.key_share_groups()
    }
}

/// The choices of a server; borrowed from its message.
#[derive(Clone, Copy, Debug)]
pub struct ServerHello<'a> {
    legacy_version: u16,
    random: [u8; 32],
    session_id: &'a [u8],
    cipher_suite: u16,
    extensions: Extensions<'a>,
    version: Option<u16>,
}

impl<'a> ServerHello<'a> {
    /// A whole message with its header, as [`HandshakeDecoder`](super::HandshakeDecoder) gives it.
    ///
    /// # Errors
    /// Another message, a list with a wrong length, and bytes left over.
    pub fn decode(message: &'a [u8]) -> Result<ServerHello<'a>, Error> {
        let mut body = body(message, SERVER_HELLO)?;
        let legacy_version = body.u16()?;
        let random = body.array()?;
        let session_id = body.vector8(0, 32)?.rest();
        let cipher_suite = body.u16()?;
        let compression = body;
        if body.u8()? != 0 {
            return Err(compression.refuse(Rule::CompressionOffered));
        }
        let extensions = extensions(body)?;
        Ok(ServerHello {
            legacy_version,
            random,
            session_id,
            cipher_suite,
            extensions,
            version: extensions.chosen_version()?,
        })
    }

    /// The version that is spoken from here on: 0x0304 is TLS 1.3, 0x0303 is TLS 1.2.
    pub fn version(&self) -> u16 {
        self.version.unwrap_or(self.legacy_version)
    }

    /// 32 random bytes, new in every hello.
    pub fn random(&self) -> &[u8; 32] {
        &self.random
    }

    /// In TLS 1.3, what the client sent.
    pub fn session_id(&self) -> &'a [u8] {
        self.session_id
    }

    /// The cipher suite of the connection, by IANA's number.
    pub fn cipher_suite(&self) -> u16 {
        self.cipher_suite
    }

    /// The extensions that are not encrypted, in order. TLS 1.3 encrypts the others.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        self.extensions.iter()
    }

    /// Whether it asks for another ClientHello, with a key share of another group.
    pub fn is_hello_retry_request(&self) -> bool {
        self.random == RETRY
    }
}

/// The body of a message of this type.
fn body(message: &[u8], kind: u8) -> Result<Reader<'_>, Error> {
    let mut reader = Reader::new(message);
    if reader.u8()? != kind {
        return Err(Error::new(Rule::MessageUnexpected, message, 0));
    }
    let length = reader.u24()?;
    let body = reader.part(length)?;
    reader.finish()?;
    Ok(body)
}

/// The last field of a hello. Very old hellos do not have it.
// RFC 8446 §4.1.2: "The presence of extensions can be detected by determining whether there are
// bytes following the compression_methods"
fn extensions(mut body: Reader<'_>) -> Result<Extensions<'_>, Error> {
    if body.is_empty() {
        return Ok(Extensions::default());
    }
    let list = body.vector16(0)?;
    body.finish()?;
    Extensions::decode(list)
}
