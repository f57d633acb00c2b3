//! What ended a handshake or a connection, in words, and what can be done about it.

use super::code::Code;
use super::error::Error;
use super::stream::Failure;
use rustls::{AlertDescription, PeerIncompatible};
use std::io::ErrorKind;

/// Which side we are on.
#[derive(Clone, Copy)]
pub(super) enum Side<'a> {
    /// With the host that was asked for.
    Client(&'a str),
    Server,
}

/// Why a handshake has failed.
pub(super) fn failed(failure: Failure, side: Side<'_>) -> Error {
    match failure {
        Failure::Timeout => {
            let text = "the TLS handshake was not done in time: the peer says nothing, or is very \
                        slow (handshake_timeout)";
            Error::new(Code::HandshakeTimeout, text)
        }
        Failure::Ended => ended(side),
        Failure::TooLong => Error::new(Code::Protocol, Failure::TooLong.to_string()),
        Failure::Plain(first) => plain(&first, side),
        Failure::Tls(why) => explain(&why),
        Failure::Io(error) if is_an_end(error.kind()) => ended(side),
        Failure::Io(error) => Error::from(error),
    }
}

fn is_an_end(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
    )
}

fn ended(side: Side<'_>) -> Error {
    let text = match side {
        Side::Client(host) => format!(
            "{host:?} ended the connection within the TLS handshake: is that a TLS port, and is the \
             server well?"
        ),
        Side::Server => "the client ended the connection within the TLS handshake, without an \
                         alert: it was a probe, it gave up, or our certificate did not please it"
            .to_owned(),
    };
    Error::new(Code::ConnectionReset, text)
}

/// Something else than TLS.
fn plain(first: &[u8], side: Side<'_>) -> Error {
    let seen = first[..first.len().min(16)].escape_ascii();
    match side {
        Side::Client(host) if first.starts_with(b"HTTP/") => {
            let text = format!(
                "{host:?} answers in plain HTTP: it is no TLS port, use http: or the port of https:"
            );
            Error::new(Code::HttpRequest, text)
        }
        Side::Client(host) => {
            let text = format!("{host:?} does not speak TLS, but says \"{seen}\": is it the port?");
            Error::new(Code::WrongVersionNumber, text)
        }
        Side::Server if is_http(first) => {
            let text =
                format!("the client speaks plain HTTP (\"{seen}…\") to a TLS port: use https:");
            Error::new(Code::HttpRequest, text)
        }
        Side::Server => {
            let text = format!("the client does not speak TLS, but says \"{seen}\"");
            Error::new(Code::WrongVersionNumber, text)
        }
    }
}

/// A method and a blank, or the beginning of one: no TLS has a capital letter first.
pub(super) fn is_http(first: &[u8]) -> bool {
    let method = first.split(|byte| *byte == b' ').next();
    method.is_some_and(|method| {
        (1..=16).contains(&method.len()) && method.iter().all(u8::is_ascii_uppercase)
    })
}

/// What rustls says, as people can use it.
pub(super) fn explain(why: &rustls::Error) -> Error {
    match why {
        rustls::Error::AlertReceived(alert) => received(*alert),
        rustls::Error::NoCertificatesPresented => {
            let text = "the client has no certificate, and this server requires one; to let it in \
                        and look afterwards, ServerOptions::reject_unauthorized(false)";
            Error::new(Code::PeerDidNotReturnACertificate, text)
        }
        rustls::Error::NoApplicationProtocol => {
            let text = "client and server have no protocol in common (ALPN): compare the `alpn` of \
                        both";
            Error::new(Code::NoApplicationProtocol, text)
        }
        rustls::Error::PeerIncompatible(why) => incompatible(why),
        why => {
            let text = format!("the peer's bytes are not as TLS makes them: {why}");
            Error::new(Code::Protocol, text)
        }
    }
}

fn incompatible(why: &PeerIncompatible) -> Error {
    use PeerIncompatible::*;
    match why {
        Tls12NotOffered
        | Tls12NotOfferedOrEnabled
        | SupportedVersionsExtensionRequired
        | ServerDoesNotSupportTls12Or13
        | ServerTlsVersionIsDisabledByOurConfig => {
            let text = format!(
                "there is no version of TLS that both sides speak ({why:?}): here it is 1.2 and 1.3, \
                 or 1.3 alone with min_version"
            );
            Error::new(Code::UnsupportedProtocol, text)
        }
        why => {
            let text = format!(
                "the peer can do nothing of what is safe today ({why:?}): a cipher suite with ECDHE \
                 and an AEAD, X25519 or P-256, a signature that fits the certificate"
            );
            Error::new(Code::NoSharedCipher, text)
        }
    }
}

/// An alert: the other side's word for what it has against us.
// RFC 8446 §6.2: "Whenever an implementation encounters a fatal error condition, it SHOULD send an
// appropriate fatal alert and MUST close the connection without sending or receiving any
// additional data."
fn received(alert: AlertDescription) -> Error {
    use AlertDescription as A;
    let (code, what) = match alert {
        A::UnknownCA => (
            Code::AlertUnknownCa,
            "it does not trust who issued our certificate: give it the CA (`ca`), or send the \
             intermediates behind our certificate (`cert`)",
        ),
        A::CertificateRequired => (
            Code::AlertCertificateRequired,
            "it requires a certificate of ours: pass cert and key",
        ),
        A::BadCertificate => (
            Code::AlertBadCertificate,
            "our certificate is broken, or not for the name that it was asked for",
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
            "it does not like our certificate; often that means that it does not trust the CA",
        ),
        A::HandshakeFailure => (
            Code::AlertHandshakeFailure,
            "it can do nothing of what we can, or it requires a certificate (TLS 1.2): pass cert and \
             key",
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
    let text = format!("the peer ended the connection with the alert {alert:?}: {what}");
    Error::new(code, text)
}
