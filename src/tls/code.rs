//! The names of what can go wrong.

use std::fmt;

/// What went wrong, by the name that Node has for it where it has one. [`Display`](fmt::Display)
/// and [`as_str`](Code::as_str) write it as there: `UNABLE_TO_VERIFY_LEAF_SIGNATURE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// Nobody we trust has issued the certificate, and it came alone.
    UnableToVerifyLeafSignature,
    /// Nobody we trust has issued the last certificate of the chain.
    UnableToGetIssuerCertLocally,
    /// The peer showed no certificate.
    UnableToGetIssuerCert,
    /// The peer's certificate is issued by itself.
    DepthZeroSelfSignedCert,
    /// The chain ends in a root that we do not trust.
    SelfSignedCertInChain,
    /// A certificate's time is over.
    CertHasExpired,
    /// A certificate's time has not come.
    CertNotYetValid,
    /// A certificate was not signed by whom it names, or was changed since.
    CertSignatureFailure,
    /// A certificate is not meant for this: a CA's as a server's, a server's as a client's.
    InvalidPurpose,
    /// A certificate breaks a rule that has no name of its own here.
    CertRejected,
    /// The certificate is for other names.
    CertAltnameInvalid,
    /// It is not the certificate whose fingerprint was given.
    CertFingerprint,
    /// A certificate of X.509 version 1.
    UnsupportedX509Version,
    /// An RSA key of less than 2048 bits.
    KeyTooSmall,
    /// A PEM text in which what was asked for is not.
    NoStartLine,
    /// A PEM text or a certificate that cannot be read.
    BadPem,
    /// A private key that needs a passphrase.
    MissingPassphrase,
    /// A private key of a kind that is not known here.
    UnsupportedKey,
    /// The private key belongs to another certificate.
    KeyValuesMismatch,
    /// An option that cannot be.
    InvalidArgument,
    /// The server required a certificate and the client showed none.
    PeerDidNotReturnACertificate,
    /// The peer spoke HTTP without TLS.
    HttpRequest,
    /// The peer spoke something else than TLS.
    WrongVersionNumber,
    /// There is no version of TLS that both speak.
    UnsupportedProtocol,
    /// There is no cipher suite, key exchange or signature that both can do.
    NoSharedCipher,
    /// There is no protocol (ALPN) that both speak.
    NoApplicationProtocol,
    /// The handshake took too long.
    HandshakeTimeout,
    /// The connection ended in the handshake.
    ConnectionReset,
    /// The peer broke the rules of TLS, or somebody changed its bytes.
    Protocol,
    /// The peer ended it: our certificate is issued by nobody that it trusts.
    AlertUnknownCa,
    /// The peer ended it: it requires a certificate.
    AlertCertificateRequired,
    /// The peer ended it: our certificate is bad, or not for the name that it asked for.
    AlertBadCertificate,
    /// The peer ended it: our certificate is of a kind that it does not take.
    AlertUnsupportedCertificate,
    /// The peer ended it: our certificate's time is over or has not come.
    AlertCertificateExpired,
    /// The peer ended it: something about our certificate.
    AlertCertificateUnknown,
    /// The peer ended it: it can do nothing of what we can.
    AlertHandshakeFailure,
    /// The peer ended it: it does not speak our versions.
    AlertProtocolVersion,
    /// The peer ended it: it knows no such server name.
    AlertUnrecognizedName,
    /// The peer ended it with another alert, which the message names.
    Alert,
    /// Nobody listens there.
    ConnectionRefused,
    /// The system had something else against it, which the message tells.
    Io,
}

impl Code {
    /// Its name, as Node's `error.code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::UnableToVerifyLeafSignature => "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            Code::UnableToGetIssuerCertLocally => "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            Code::UnableToGetIssuerCert => "UNABLE_TO_GET_ISSUER_CERT",
            Code::DepthZeroSelfSignedCert => "DEPTH_ZERO_SELF_SIGNED_CERT",
            Code::SelfSignedCertInChain => "SELF_SIGNED_CERT_IN_CHAIN",
            Code::CertHasExpired => "CERT_HAS_EXPIRED",
            Code::CertNotYetValid => "CERT_NOT_YET_VALID",
            Code::CertSignatureFailure => "CERT_SIGNATURE_FAILURE",
            Code::InvalidPurpose => "INVALID_PURPOSE",
            Code::CertRejected => "CERT_REJECTED",
            Code::CertAltnameInvalid => "ERR_TLS_CERT_ALTNAME_INVALID",
            Code::CertFingerprint => "ERR_TLS_CERT_FINGERPRINT",
            Code::UnsupportedX509Version => "ERR_OSSL_X509_UNSUPPORTED_VERSION",
            Code::KeyTooSmall => "ERR_SSL_EE_KEY_TOO_SMALL",
            Code::NoStartLine => "ERR_OSSL_PEM_NO_START_LINE",
            Code::BadPem => "ERR_OSSL_PEM_BAD_END_LINE",
            Code::MissingPassphrase => "ERR_MISSING_PASSPHRASE",
            Code::UnsupportedKey => "ERR_OSSL_UNSUPPORTED",
            Code::KeyValuesMismatch => "ERR_OSSL_X509_KEY_VALUES_MISMATCH",
            Code::InvalidArgument => "ERR_INVALID_ARG_VALUE",
            Code::PeerDidNotReturnACertificate => "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
            Code::HttpRequest => "ERR_SSL_HTTP_REQUEST",
            Code::WrongVersionNumber => "ERR_SSL_WRONG_VERSION_NUMBER",
            Code::UnsupportedProtocol => "ERR_SSL_UNSUPPORTED_PROTOCOL",
            Code::NoSharedCipher => "ERR_SSL_NO_SHARED_CIPHER",
            Code::NoApplicationProtocol => "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
            Code::HandshakeTimeout => "ERR_TLS_HANDSHAKE_TIMEOUT",
            Code::ConnectionReset => "ECONNRESET",
            Code::Protocol => "EPROTO",
            Code::AlertUnknownCa => "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
            Code::AlertCertificateRequired => "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
            Code::AlertBadCertificate => "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
            Code::AlertUnsupportedCertificate => "ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
            Code::AlertCertificateExpired => "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
            Code::AlertCertificateUnknown => "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN",
            Code::AlertHandshakeFailure => "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
            Code::AlertProtocolVersion => "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
            Code::AlertUnrecognizedName => "ERR_SSL_TLSV1_UNRECOGNIZED_NAME",
            Code::Alert => "ERR_SSL_ALERT",
            Code::ConnectionRefused => "ECONNREFUSED",
            Code::Io => "EIO",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
