//! What was agreed in the handshake, and who the peer is.

use super::super::error::Error;
use super::{Shaken, Tls};
use rustls::{CipherSuite, Connection, HandshakeKind, ProtocolVersion};
use std::fmt;

/// Whether the peer is who it should be.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::tls) enum Judgement {
    Authorized,
    /// It was not asked for a certificate.
    NotAsked,
    /// It is not, and whoever asked for that goes on nevertheless.
    Refused(Error),
}

pub(super) struct Info {
    protocol: &'static str,
    cipher: &'static str,
    alpn: Option<String>,
    servername: Option<String>,
    is_session_reused: bool,
    peer_certificates: Vec<Vec<u8>>,
    judgement: Judgement,
}

impl Info {
    pub(super) fn of(shaken: &Shaken, judgement: Judgement) -> Info {
        let connection = &shaken.connection;
        let alpn = connection.alpn_protocol();
        let chain = connection.peer_certificates().unwrap_or_default();
        Info {
            protocol: connection.protocol_version().map_or("", version),
            cipher: connection
                .negotiated_cipher_suite()
                .map_or("", |it| suite(it.suite())),
            alpn: alpn.map(|name| String::from_utf8_lossy(name).into_owned()),
            servername: shaken.servername.clone().or_else(|| asked(connection)),
            is_session_reused: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            peer_certificates: chain.iter().map(|der| der.to_vec()).collect(),
            judgement,
        }
    }
}

/// The name that the client asked for; the server is told of it.
fn asked(connection: &Connection) -> Option<String> {
    match connection {
        Connection::Server(server) => server.server_name().map(str::to_owned),
        Connection::Client(_) => None,
    }
}

fn version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        other => other.as_str().unwrap_or(""),
    }
}

/// The name in IANA's registry, from which rustls departs where TLS 1.3 does.
fn suite(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or(""),
    }
}

/// What was agreed.
impl Tls {
    /// The protocol's version, `TLSv1.3` or `TLSv1.2`.
    pub fn protocol(&self) -> &'static str {
        self.info.protocol
    }

    /// The cipher suite by its name in IANA's registry: `TLS_AES_128_GCM_SHA256`.
    pub fn cipher(&self) -> &'static str {
        self.info.cipher
    }

    /// The protocol above TLS that both sides agreed on (ALPN, RFC 7301), if they did.
    pub fn alpn_protocol(&self) -> Option<&str> {
        self.info.alpn.as_deref()
    }

    /// The host that the client asked for (SNI, RFC 6066 §3), if it named one.
    pub fn servername(&self) -> Option<&str> {
        self.info.servername.as_deref()
    }

    /// Whether an earlier session went on, and the peer's certificate was shown then.
    pub fn is_session_reused(&self) -> bool {
        self.info.is_session_reused
    }

    /// The peer's certificates as it sent them (DER), its own first. Empty: it showed none.
    pub fn peer_certificates(&self) -> &[Vec<u8>] {
        &self.info.peer_certificates
    }

    /// Whether the peer has shown who it is, and is who it should be.
    pub fn authorized(&self) -> bool {
        self.info.judgement == Judgement::Authorized
    }

    /// Why the peer is not [`authorized`](Tls::authorized); `None`, too, if it was not asked.
    pub fn authorization_error(&self) -> Option<&Error> {
        match &self.info.judgement {
            Judgement::Refused(why) => Some(why),
            Judgement::Authorized | Judgement::NotAsked => None,
        }
    }
}

impl fmt::Debug for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Info")
            .field("protocol", &self.protocol)
            .field("cipher", &self.cipher)
            .field("servername", &self.servername)
            .field("judgement", &self.judgement)
            .finish_non_exhaustive()
    }
}
