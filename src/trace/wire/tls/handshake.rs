//! Handshake messages that are not sealed: the hellos, and those of TLS 1.2.
//!
//! ```text
//!   ClientHello, ServerHello            judged by the decoders of `tls/wire`
//!   Certificate … CertificateStatus     TLS 1.2 in the clear; read with the same reader, field by field
//!   any other                           its bytes
//! ```
//!
//! What a key exchange looks like depends on the version and the cipher suite. If they are not known, the message is its
//! bytes.

use super::certificate;
use super::codes::{self, MESSAGES};
use super::extensions::{Place, authority, extensions};
use super::fields::{Fields, Read};
use crate::tls::wire::{ClientHello, Error, Reader, ServerHello};
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::Brush;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const TLS_1_2: u16 = 0x0303;

/// What the messages of a direction have said so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Handshake {
    pub(super) is_client: bool,
    /// How many hellos have come.
    pub(super) hellos: u8,
    /// Whether the server has asked for another hello.
    pub(super) retry: bool,
    /// The server's choices.
    pub(super) version: u16,
    pub(super) cipher_suite: u16,
}

impl Handshake {
    /// Whether a second hello follows, in the clear.
    pub(super) fn waits_for_second_hello(&self) -> bool {
        self.retry && self.hellos == 1
    }

    /// Paints a whole message, which is all bytes of the brush.
    pub(super) fn message(&mut self, brush: &mut Brush<'_>) -> Read {
        let judged = self.judge(brush.bytes);
        let reader = Reader::new(brush.bytes);
        let mut fields = Fields { brush, reader };
        let painted = fields.group(Label::TlsMessage, |fields| {
            let kind = fields.code(1, Label::TlsMessageType, MESSAGES)?;
            fields.number(3, Label::TlsMessageLength)?;
            self.body(fields, MESSAGES.name(kind))?;
            fields.reader.finish()
        });
        judged.and(painted)
    }

    /// The first message of each side is its hello. The chapter's decoder says whether a hello is good.
    fn judge(&mut self, message: &[u8]) -> Result<(), Error> {
        let kind = message.first().copied().unwrap_or_default();
        match (self.is_client, self.hellos, kind) {
            (true, 0, _) | (true, _, CLIENT_HELLO) => drop(ClientHello::decode(message)?),
            (false, 0, _) | (false, _, SERVER_HELLO) => {
                let hello = ServerHello::decode(message)?;
                self.retry = hello.is_hello_retry_request();
                self.version = hello.version();
                self.cipher_suite = hello.cipher_suite();
            }
            _ => return Ok(()),
        }
        self.hellos = self.hellos.saturating_add(1);
        Ok(())
    }

    fn body(&self, fields: &mut Fields<'_, '_>, name: &str) -> Read {
        use Label::*;
        match name {
            "hello_request" | "server_hello_done" => Ok(()),
            "client_hello" => client_hello(fields),
            "server_hello" => server_hello(fields, self.retry),
            "encrypted_extensions" => extensions(fields, Place::ServerHello),
            "certificate" => {
                fields.list(3, 0, |fields| fields.vector(3, 1, certificate::certificate))
            }
            "certificate_status" => {
                fields.code(1, TlsStatusType, codes::STATUS_TYPES)?;
                fields.opaque(3, 1, TlsStatusResponse)
            }
            "finished" => fields.rest(TlsVerifyData),
            "client_key_exchange" if self.exchange("ECDHE") => fields.opaque(1, 1, TlsKey),
            "client_key_exchange" if self.exchange("DHE") => fields.opaque(2, 1, TlsKey),
            "client_key_exchange" if self.exchange("RSA") => {
                fields.opaque(2, 0, TlsPremasterSecret)
            }
            // Older versions do not say how a signature was made, or not in this way.
            _ if self.version < TLS_1_2 => fields.rest(TlsMessageData),
            "new_session_ticket" => {
                fields.number(4, TlsTicketLifetime)?;
                fields.opaque(2, 0, TlsTicket)
            }
            "server_key_exchange" if self.exchange("ECDHE") => {
                fields.code(1, TlsCurveType, codes::CURVE_TYPES)?;
                fields.code(2, TlsGroup, codes::GROUPS)?;
                fields.opaque(1, 1, TlsKey)?;
                signed(fields)
            }
            "server_key_exchange" if self.exchange("DHE") => {
                fields.opaque(2, 1, TlsDhParameter)?;
                fields.opaque(2, 1, TlsDhParameter)?;
                fields.opaque(2, 1, TlsKey)?;
                signed(fields)
            }
            "certificate_request" => {
                fields.codes(1, 1, TlsCertificateType, codes::CERTIFICATE_TYPES)?;
                fields.codes(2, 2, TlsScheme, codes::SCHEMES)?;
                fields.list(2, 0, authority)
            }
            "certificate_verify" => signed(fields),
            _ => fields.rest(TlsMessageData),
        }
    }

    /// Whether keys are exchanged in this way: the word behind `TLS_` in the name of the cipher suite.
    fn exchange(&self, way: &str) -> bool {
        let name = codes::CIPHER_SUITES.name(self.cipher_suite);
        name.split('_').nth(1) == Some(way)
    }
}

fn client_hello(fields: &mut Fields<'_, '_>) -> Read {
    use Label::*;
    fields.code(2, TlsVersion, codes::VERSIONS)?;
    fields.bytes(32, TlsRandom)?;
    fields.opaque(1, 0, TlsSessionId)?;
    fields.codes(2, 2, TlsCipherSuite, codes::CIPHER_SUITES)?;
    fields.codes(1, 1, TlsCompression, codes::COMPRESSIONS)?;
    extensions(fields, Place::ClientHello)
}

fn server_hello(fields: &mut Fields<'_, '_>, is_retry: bool) -> Read {
    use Label::*;
    fields.code(2, TlsVersion, codes::VERSIONS)?;
    fields.bytes(32, TlsRandom)?;
    if is_retry {
        fields.brush.note(TlsRetry, "HelloRetryRequest");
    }
    fields.opaque(1, 0, TlsSessionId)?;
    fields.code(2, TlsCipherSuite, codes::CIPHER_SUITES)?;
    fields.code(1, TlsCompression, codes::COMPRESSIONS)?;
    let place = match is_retry {
        true => Place::HelloRetryRequest,
        false => Place::ServerHello,
    };
    extensions(fields, place)
}

/// A signature and how it was made.
fn signed(fields: &mut Fields<'_, '_>) -> Read {
    fields.code(2, Label::TlsScheme, codes::SCHEMES)?;
    fields.opaque(2, 0, Label::TlsSignature)
}
