//! The failures of a transfer, with curl's exit codes.

use crate::transcript::{Phase, Transcript};
use barewire::http::Error;
use barewire::http::wire::Rule;
use barewire::tls::{self, Code};
use std::io::{self, ErrorKind};

#[derive(Debug)]
pub(crate) enum Failure {
    /// With its exit code.
    Own(u8, String),
    /// How far the request had come decides the exit code.
    Library(Error),
}

impl Failure {
    pub(crate) fn new(code: u8, text: impl Into<String>) -> Failure {
        Failure::Own(code, text.into())
    }

    /// The exit code and the text.
    pub(crate) fn report(self, transcript: &Transcript) -> (u8, String) {
        match self {
            Failure::Own(code, text) => (code, text),
            Failure::Library(error) => (code(&error, transcript), error.to_string()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Library(error)
    }
}

fn code(error: &Error, transcript: &Transcript) -> u8 {
    let phase = transcript.state().phase;
    match error {
        Error::Misuse(_) => 2,
        Error::Peer(error) => match (error.rule(), phase) {
            (Rule::MessageTruncated, Phase::Body) => 18,
            (Rule::MessageTruncated, Phase::Head) => 56,
            (Rule::MessageTruncated, _) => 52,
            (Rule::ContentCodingUnknown | Rule::ContentCodingInvalid, _) => 61,
            (_, Phase::Body) => 56,
            _ => 8,
        },
        Error::Io(error) => io_code(error, transcript),
        Error::Content(_) => 61,
        _ => 56,
    }
}

fn io_code(error: &io::Error, transcript: &Transcript) -> u8 {
    let phase = transcript.state().phase;
    if error.kind() == ErrorKind::TimedOut {
        return 28;
    }
    if let Some(error) = tls::Error::of(error) {
        return tls_code(error.code(), phase);
    }
    match phase {
        Phase::Start => 2,
        Phase::Resolving => 6,
        Phase::Connecting => 7,
        _ if error.kind() == ErrorKind::InvalidInput => 1, // a redirect to https
        // Too many redirects, or too many 1xx.
        _ if error.kind() == ErrorKind::InvalidData => match transcript.state().status {
            300..=399 => 47,
            _ => 8,
        },
        Phase::Securing => 35,
        _ => 56,
    }
}

/// 60: the certificate is not trusted. 35: any other failure of the handshake.
fn tls_code(code: Code, phase: Phase) -> u8 {
    match code {
        Code::HandshakeTimeout => 28,
        Code::UnableToVerifyLeafSignature
        | Code::UnableToGetIssuerCertLocally
        | Code::UnableToGetIssuerCert
        | Code::DepthZeroSelfSignedCert
        | Code::SelfSignedCertInChain
        | Code::CertHasExpired
        | Code::CertNotYetValid
        | Code::CertSignatureFailure
        | Code::InvalidPurpose
        | Code::CertRejected
        | Code::CertAltnameInvalid
        | Code::UnsupportedX509Version
        | Code::KeyTooSmall => 60,
        _ if phase == Phase::Securing => 35,
        _ => 56,
    }
}
