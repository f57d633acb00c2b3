//! What was negotiated in the handshake, and who the peer is.

use super::super::error::Error;
use super::super::provider::fingerprint;
use super::super::verify::Verdict;
use super::super::wire::Certificate;
use super::Tls;
use rustls::{CipherSuite, Connection, HandshakeKind, ProtocolVersion};

pub(super) struct Info {
    protocol: &'static str,
    cipher: &'static str,
    alpn: Option<String>,
    servername: Option<String>,
    is_session_reused: bool,
    peer_certificates: Vec<Vec<u8>>,
    verdict: Verdict,
}

impl Info {
    /// `servername` is the host that a client has asked for. A server finds it in the connection.
    pub(super) fn new(
        connection: &Connection,
        servername: Option<String>,
        verdict: Verdict,
    ) -> Info {
        let servername = match connection {
            Connection::Server(server) => server.server_name().map(str::to_owned),
            Connection::Client(_) => servername,
        };
        let alpn = connection.alpn_protocol();
        let chain = connection.peer_certificates().unwrap_or_default();
        Info {
            protocol: connection.protocol_version().map_or("", version),
            cipher: connection
                .negotiated_cipher_suite()
                .map_or("", |it| suite(it.suite())),
            alpn: alpn.map(|name| String::from_utf8_lossy(name).into_owned()),
            servername,
            is_session_reused: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            peer_certificates: chain.iter().map(|der| der.to_vec()).collect(),
            verdict,
        }
    }
}

fn version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        other => other.as_str().unwrap_or(""),
    }
}

/// The name in IANA's registry. rustls has other names for the suites of TLS 1.3.
fn suite(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or(""),
    }
}

/// What was negotiated.
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

    /// Whether an earlier session was resumed. The peer sent its certificate in that session.
    pub fn is_session_reused(&self) -> bool {
        self.info.is_session_reused
    }

    /// The peer's certificates as it sent them (DER), its own first. Empty: it sent none.
    pub fn peer_certificates(&self) -> &[Vec<u8>] {
        &self.info.peer_certificates
    }

    /// What the peer's own certificate says; `None` if it sent none (or one that cannot be read,
    /// which is accepted only if no certificate is required). Nothing of it is verified here: see
    /// [`authorized`](Tls::authorized).
    pub fn peer_certificate(&self) -> Option<Certificate<'_>> {
        Certificate::decode(self.peer_certificates().first()?).ok()
    }

    /// The SHA-256 of the peer's own certificate, in the form of
    /// [`fingerprint256`](crate::tls::ClientOptions::fingerprint256): `AB:CD:…`
    pub fn peer_fingerprint256(&self) -> Option<String> {
        self.peer_certificates().first().map(|der| fingerprint(der))
    }

    /// Whether the peer has proved who it is, and is the one that it should be.
    pub fn authorized(&self) -> bool {
        self.info.verdict == Verdict::Authorized
    }

    /// Why the peer is not [`authorized`](Tls::authorized); also `None` if it was not asked for a
    /// certificate.
    pub fn authorization_error(&self) -> Option<&Error> {
        match &self.info.verdict {
            Verdict::Unauthorized(why) => Some(why),
            Verdict::Authorized | Verdict::NotRequested => None,
        }
    }
}
