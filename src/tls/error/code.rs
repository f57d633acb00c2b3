//! The names of what can go wrong.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident $node:literal;)+) => {
        /// What went wrong, by the name that Node has for it where it has one. [`Display`](fmt::Display)
        /// and [`as_str`](Code::as_str) write it as Node does: `UNABLE_TO_VERIFY_LEAF_SIGNATURE`.
        ///
        /// ```
        /// use barewire::tls::Code;
        ///
        /// /// Whether to ask the user to trust the server's certificate.
        /// fn is_unknown_issuer(code: Code) -> bool {
        ///     matches!(
        ///         code,
        ///         Code::UnableToVerifyLeafSignature | Code::DepthZeroSelfSignedCert | Code::SelfSignedCertInChain
        ///     )
        /// }
        /// assert!(is_unknown_issuer(Code::DepthZeroSelfSignedCert));
        /// assert_eq!(Code::CertHasExpired.as_str(), "CERT_HAS_EXPIRED");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])+ $name),+ }

        impl Code {
            /// Its name, as Node's `error.code`.
            pub fn as_str(self) -> &'static str { match self { $(Code::$name => $node),+ } }

            #[cfg(test)]
            const ALL: &[Code] = &[$(Code::$name),+];
        }
    };
}

codes! {
    /// No CA that we trust has issued the certificate, and it came alone.
    UnableToVerifyLeafSignature "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
    /// No CA that we trust has issued the last certificate of the chain.
    UnableToGetIssuerCertLocally "UNABLE_TO_GET_ISSUER_CERT_LOCALLY";
    /// The peer sent no certificate.
    UnableToGetIssuerCert "UNABLE_TO_GET_ISSUER_CERT";
    /// The peer's certificate is issued by itself.
    DepthZeroSelfSignedCert "DEPTH_ZERO_SELF_SIGNED_CERT";
    /// The chain ends in a root that we do not trust.
    SelfSignedCertInChain "SELF_SIGNED_CERT_IN_CHAIN";
    /// A certificate has expired.
    CertHasExpired "CERT_HAS_EXPIRED";
    /// A certificate is not valid yet.
    CertNotYetValid "CERT_NOT_YET_VALID";
    /// A certificate was not signed by the issuer that it names, or was changed since.
    CertSignatureFailure "CERT_SIGNATURE_FAILURE";
    /// A certificate is not meant for this: a CA's as a server's, a server's as a client's.
    InvalidPurpose "INVALID_PURPOSE";
    /// A certificate breaks a rule that has no code of its own.
    CertRejected "CERT_REJECTED";
    /// The certificate is for other names.
    CertAltnameInvalid "ERR_TLS_CERT_ALTNAME_INVALID";
    /// The certificate is not the one of [`fingerprint256`](super::super::ClientOptions::fingerprint256).
    CertFingerprint "ERR_TLS_CERT_FINGERPRINT";
    /// A certificate of X.509 version 1.
    UnsupportedX509Version "ERR_OSSL_X509_UNSUPPORTED_VERSION";
    /// An RSA key of less than 2048 bits.
    KeyTooSmall "ERR_SSL_EE_KEY_TOO_SMALL";
    /// A PEM text without the section that is needed.
    NoStartLine "ERR_OSSL_PEM_NO_START_LINE";
    /// A PEM text or a certificate that cannot be read.
    BadPem "ERR_OSSL_PEM_BAD_END_LINE";
    /// A private key that needs a passphrase.
    MissingPassphrase "ERR_MISSING_PASSPHRASE";
    /// A private key of a kind that is not known here.
    UnsupportedKey "ERR_OSSL_UNSUPPORTED";
    /// The private key belongs to another certificate.
    KeyValuesMismatch "ERR_OSSL_X509_KEY_VALUES_MISMATCH";
    /// An option with a value that cannot be.
    InvalidArgument "ERR_INVALID_ARG_VALUE";
    /// The server required a certificate and the client sent none.
    PeerDidNotReturnACertificate "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE";
    /// The peer spoke HTTP without TLS.
    HttpRequest "ERR_SSL_HTTP_REQUEST";
    /// The peer spoke a protocol that is not TLS.
    WrongVersionNumber "ERR_SSL_WRONG_VERSION_NUMBER";
    /// There is no version of TLS that both speak.
    UnsupportedProtocol "ERR_SSL_UNSUPPORTED_PROTOCOL";
    /// There is no cipher suite, key exchange or signature that both can do.
    NoSharedCipher "ERR_SSL_NO_SHARED_CIPHER";
    /// There is no protocol (ALPN) that both speak.
    NoApplicationProtocol "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL";
    /// The handshake took too long.
    HandshakeTimeout "ERR_TLS_HANDSHAKE_TIMEOUT";
    /// The connection ended in the handshake.
    ConnectionReset "ECONNRESET";
    /// The peer broke the rules of TLS, or somebody changed its bytes.
    Protocol "EPROTO";
    /// The peer's alert: no CA that it trusts has issued our certificate.
    AlertUnknownCa "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA";
    /// The peer's alert: it requires a certificate.
    AlertCertificateRequired "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED";
    /// The peer's alert: our certificate is bad, or not for the name that it asked for.
    AlertBadCertificate "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE";
    /// The peer's alert: our certificate is of a kind that it does not accept.
    AlertUnsupportedCertificate "ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE";
    /// The peer's alert: our certificate has expired or is not valid yet.
    AlertCertificateExpired "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED";
    /// The peer's alert: something about our certificate.
    AlertCertificateUnknown "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN";
    /// The peer's alert: it has no algorithm in common with us.
    AlertHandshakeFailure "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE";
    /// The peer's alert: it does not speak our versions.
    AlertProtocolVersion "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION";
    /// The peer's alert: it knows no such server name.
    AlertUnrecognizedName "ERR_SSL_TLSV1_UNRECOGNIZED_NAME";
    /// The peer's alert: another one, which the message names.
    Alert "ERR_SSL_ALERT";
    /// No program listens at that address.
    ConnectionRefused "ECONNREFUSED";
    /// The operating system reported another error, which the message names.
    Io "EIO";
}

impl Code {
    /// Whether the peer's certificate was not accepted: it is missing, not trusted, outside its dates, for other names
    /// or purposes, or too weak. (Our own certificate may have the same faults: then the message names the option. The
    /// `Alert…` codes are what the peer says, of our certificate or of something else.)
    ///
    /// ```
    /// # use barewire::tls::{self, ClientOptions, ServerOptions};
    /// # let options = ServerOptions::new()
    /// #     .cert(std::fs::read("fixtures/tls/server.crt")?)
    /// #     .key(std::fs::read("fixtures/tls/server.key")?);
    /// # let server = tls::create_server(&options, |socket| socket.pipe(&socket).map(drop))?;
    /// # let server = server.listen("127.0.0.1:0")?;
    /// # let address = format!("localhost:{}", server.local_addr().port().unwrap());
    /// match tls::connect(&address, &ClientOptions::new()) {
    ///     Err(error) if error.code().is_certificate() => println!("do you trust it? {error}"),
    ///     Err(error) => println!("no TLS: {error}"),
    ///     Ok(_) => println!("connected"),
    /// }
    /// # let error = tls::connect(&address, &ClientOptions::new()).unwrap_err();
    /// # assert!(error.code().is_certificate());
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_certificate(self) -> bool {
        use Code::*;
        matches!(
            self,
            UnableToVerifyLeafSignature
                | UnableToGetIssuerCertLocally
                | UnableToGetIssuerCert
                | DepthZeroSelfSignedCert
                | SelfSignedCertInChain
                | CertHasExpired
                | CertNotYetValid
                | CertSignatureFailure
                | InvalidPurpose
                | CertRejected
                | CertAltnameInvalid
                | CertFingerprint
                | UnsupportedX509Version
                | KeyTooSmall
                | PeerDidNotReturnACertificate
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each code that Node writes about the certificate of a peer, and no other.
    #[test]
    fn the_codes_of_certificates() {
        let of_certificates = |code: &&Code| {
            let name = code.as_str();
            let begins = [
                "UNABLE_TO_",
                "DEPTH_ZERO_",
                "SELF_SIGNED_",
                "CERT_",
                "INVALID_PURPOSE",
                "ERR_TLS_CERT_",
                "ERR_OSSL_X509_UNSUPPORTED_",
                "ERR_SSL_EE_KEY_",
                "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
            ];
            begins.iter().any(|begin| name.starts_with(begin))
        };
        let expected: Vec<_> = Code::ALL.iter().filter(of_certificates).collect();
        let found: Vec<_> = Code::ALL
            .iter()
            .filter(|code| code.is_certificate())
            .collect();
        assert_eq!(found, expected);
        assert_eq!(found.len(), 15);
    }
}
