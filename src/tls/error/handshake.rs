//! What ended a handshake or a connection, in a sentence, and what can be done about it.

use super::super::wire::is_http_request;
use super::{Code, Error};
use rustls::{AlertDescription, PeerIncompatible};
use std::io::{self, ErrorKind};

/// Why a handshake has failed.
#[derive(Debug)]
pub(in crate::tls) enum Failure {
    /// The deadline has passed.
    Timeout,
    /// The peer ended the connection below in the middle.
    Ended,
    /// The peer sent more bytes than this limit.
    TooLong(usize),
    /// The peer does not speak TLS. `answered`: it speaks HTTP, or a hook answers it.
    Plain { first: Vec<u8>, answered: bool },
    /// The client speaks no version from TLS 1.2 on, but at most this one; `None`: its hello has the form
    /// of SSL 2.
    OldVersion(Option<u16>),
    /// The peer's certificate was rejected, and an alert was sent.
    Rejected(Error),
    /// One side broke the handshake off; if it was ours, an alert was sent.
    Tls(rustls::Error),
    /// The stream below is broken.
    Io(io::Error),
}

/// Which side we are on.
#[derive(Clone, Copy)]
pub(in crate::tls) enum Side<'a> {
    /// A client that asked for this host.
    Client(&'a str),
    Server,
}

impl Failure {
    pub(in crate::tls) fn explain(self, side: Side<'_>) -> Error {
        match self {
            Failure::Timeout => {
                let text = "the TLS handshake was not done in time: the peer is silent, or very slow \
                            (handshake_timeout)";
                Error::new(Code::HandshakeTimeout, text)
            }
            Failure::Ended => ended(side),
            Failure::TooLong(limit) => {
                let text = format!("the peer's handshake is longer than {limit} bytes");
                Error::new(Code::Protocol, text)
            }
            Failure::Plain { first, .. } => plain(&first, side),
            Failure::OldVersion(version) => old_version(version),
            Failure::Rejected(why) => why,
            Failure::Tls(why) => explain(&why),
            Failure::Io(error) => match error.kind() {
                ErrorKind::ConnectionReset
                | ErrorKind::BrokenPipe
                | ErrorKind::ConnectionAborted => ended(side),
                _ => Error::from(error),
            },
        }
    }
}

/// The client speaks no version that this server speaks.
fn old_version(version: Option<u16>) -> Error {
    let version = match version {
        Some(0x0300) => "SSL 3.0",
        Some(0x0301) => "TLS 1.0",
        Some(0x0302) => "TLS 1.1",
        Some(_) => "a version before TLS 1.0",
        None => "SSL 2, or begins as it does",
    };
    let text = format!(
        "the client speaks {version}, and here it is TLS 1.2 and 1.3 (RFC 8996): the client must be \
         updated, or configured to speak TLS 1.2"
    );
    Error::new(Code::UnsupportedProtocol, text)
}

fn ended(side: Side<'_>) -> Error {
    let text = match side {
        Side::Client(host) => format!(
            "{host:?} ended the connection within the TLS handshake: is that a TLS port, and is the \
             server well?"
        ),
        Side::Server => {
            "the client ended the connection within the TLS handshake, without an alert: \
                         it was a port scan, it gave up, or it does not accept our certificate"
                .to_owned()
        }
    };
    Error::new(Code::ConnectionReset, text)
}

/// The peer speaks another protocol than TLS.
fn plain(first: &[u8], side: Side<'_>) -> Error {
    let quoted = first[..first.len().min(16)].escape_ascii();
    let (code, text) = match side {
        Side::Client(host) if first.starts_with(b"HTTP/") => {
            let text = format!(
                "{host:?} answers in plain HTTP: it is no TLS port, use http: or the port of https:"
            );
            (Code::HttpRequest, text)
        }
        Side::Client(host) => {
            let text =
                format!("{host:?} does not speak TLS, but says \"{quoted}\": is it the port?");
            (Code::WrongVersionNumber, text)
        }
        Side::Server if is_http_request(first) => {
            let text =
                format!("the client speaks plain HTTP (\"{quoted}…\") to a TLS port: use https:");
            (Code::HttpRequest, text)
        }
        Side::Server => {
            let text = format!("the client does not speak TLS, but says \"{quoted}\"");
            (Code::WrongVersionNumber, text)
        }
    };
    Error::new(code, text)
}

/// The errors of rustls, for people.
pub(in crate::tls) fn explain(why: &rustls::Error) -> Error {
    let (code, text) = match why {
        rustls::Error::AlertReceived(alert) => return explain_alert(*alert),
        rustls::Error::PeerIncompatible(why) => return explain_incompatible(why),
        rustls::Error::NoCertificatesPresented => (
            Code::PeerDidNotReturnACertificate,
            "the client has no certificate, and this server requires one; to accept it and check \
             afterwards, ServerOptions::reject_unauthorized(false)",
        ),
        rustls::Error::NoApplicationProtocol => (
            Code::NoApplicationProtocol,
            "client and server have no protocol in common (ALPN): compare the `alpn` of both",
        ),
        why => {
            let text = format!("the peer's bytes break the rules of TLS: {why}");
            return Error::new(Code::Protocol, text);
        }
    };
    Error::new(code, text)
}

fn explain_incompatible(why: &PeerIncompatible) -> Error {
    use PeerIncompatible::*;
    let (code, text) = match why {
        Tls12NotOffered
        | Tls12NotOfferedOrEnabled
        | SupportedVersionsExtensionRequired
        | ServerDoesNotSupportTls12Or13
        | ServerTlsVersionIsDisabledByOurConfig => {
            let text = format!(
                "there is no version of TLS that both sides speak ({why:?}): here it is 1.2 and 1.3, \
                 or 1.3 alone with min_version"
            );
            (Code::UnsupportedProtocol, text)
        }
        why => {
            let text = format!(
                "the peer has no algorithm in common with us that is safe today ({why:?}): a cipher \
                 suite with ECDHE and an AEAD, X25519 or P-256, a signature that fits the certificate"
            );
            (Code::NoSharedCipher, text)
        }
    };
    Error::new(code, text)
}

/// An alert: why the peer ended the connection.
// RFC 8446 §6.2: "Whenever an implementation encounters a fatal error condition, it SHOULD send an
// appropriate fatal alert and MUST close the connection without sending or receiving any
// additional data."
fn explain_alert(alert: AlertDescription) -> Error {
    use AlertDescription as A;
    let (code, why) = match alert {
        A::UnknownCA => (
            Code::AlertUnknownCa,
            "it does not trust the CA that issued our certificate: give it the CA (`ca`), or send the \
             intermediates behind our certificate (`cert`)",
        ),
        A::CertificateRequired => (
            Code::AlertCertificateRequired,
            "it requires a certificate of ours: pass cert and key",
        ),
        A::BadCertificate => (
            Code::AlertBadCertificate,
            "our certificate is broken, or not for the name that it asked for",
        ),
        A::UnsupportedCertificate => (
            Code::AlertUnsupportedCertificate,
            "our certificate is not meant for this (extendedKeyUsage: serverAuth, clientAuth)",
        ),
        A::CertificateExpired => (
            Code::AlertCertificateExpired,
            "our certificate has expired or is not valid yet, by its clock",
        ),
        A::CertificateUnknown => (
            Code::AlertCertificateUnknown,
            "it does not accept our certificate; often that means that it does not trust the CA",
        ),
        A::HandshakeFailure => (
            Code::AlertHandshakeFailure,
            "it has no algorithm in common with us, or it requires a certificate (TLS 1.2): pass cert \
             and key",
        ),
        A::ProtocolVersion => (
            Code::AlertProtocolVersion,
            "it does not speak the versions that we speak (min_version, on either side)",
        ),
        A::UnrecognisedName => (
            Code::AlertUnrecognizedName,
            "it has no certificate for the name that was asked for (servername)",
        ),
        A::NoApplicationProtocol => (
            Code::NoApplicationProtocol,
            "it speaks none of the protocols that we offer (alpn)",
        ),
        _ => (Code::Alert, "it gives no further reason"),
    };
    let text = format!("the peer ended the connection with the alert {alert:?}: {why}");
    Error::new(code, text)
}
