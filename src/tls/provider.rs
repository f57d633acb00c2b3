//! The cryptography below: which algorithms are used, and in which order of preference.

use super::error::{Code, Error};
use super::options::Version;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion, version};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// A server uses the first of each list that the client has, too (`ignore_client_order` in
/// `server_context.rs`); a client only offers this order.
static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    let mut provider = ring::default_provider();
    // AES-128 is strong enough, and a third faster than AES-256. (Of the key exchanges X25519 is
    // first already.)
    provider
        .cipher_suites
        .sort_by_key(|suite| !is_aes_128(suite));
    Arc::new(provider)
});

fn is_aes_128(suite: &SupportedCipherSuite) -> bool {
    let name = suite.suite().as_str();
    name.is_some_and(|name| name.contains("AES_128_GCM"))
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::clone(&PROVIDER)
}

/// This version and the later ones.
pub(super) fn versions(min: Version) -> &'static [&'static SupportedProtocolVersion] {
    static FROM_12: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];
    match min {
        Version::Tls12 => &FROM_12,
        Version::Tls13 => &FROM_12[..1],
    }
}

/// The protocol names of the option `alpn`, or `default` if there are none.
// RFC 7301 §3.1: "Empty strings MUST NOT be included and byte strings MUST NOT be truncated."
pub(super) fn protocols(names: &[Vec<u8>], default: Option<&str>) -> Result<Vec<Vec<u8>>, Error> {
    if names.is_empty() {
        return Ok(default
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect());
    }
    if let Some(wrong) = names.iter().find(|name| !(1..=255).contains(&name.len())) {
        let text = format!(
            "alpn: a name has 1 to 255 bytes, and one has {}",
            wrong.len()
        );
        return Err(Error::new(Code::InvalidArgument, text));
    }
    let all: usize = names.iter().map(|name| 1 + name.len()).sum();
    if all > MAX_ALPN_BYTES {
        let text =
            format!("alpn: all names together have {MAX_ALPN_BYTES} bytes at most, not {all}");
        return Err(Error::new(Code::InvalidArgument, text));
    }
    Ok(names.to_vec())
}

/// The names must fit into a ClientHello, which has a few other extensions.
const MAX_ALPN_BYTES: usize = 8 * 1024;

/// The option `handshake_timeout`.
pub(super) fn check_timeout(timeout: Duration) -> Result<(), Error> {
    match timeout.is_zero() {
        false => Ok(()),
        true => {
            let text = "handshake_timeout: no handshake is done in no time";
            Err(Error::new(Code::InvalidArgument, text))
        }
    }
}

/// The provider refuses a configuration: it never does.
pub(super) fn unusable(error: rustls::Error) -> Error {
    Error::new(Code::InvalidArgument, error.to_string())
}

/// SHA-256, taken from a cipher suite that uses it.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let suite = ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let suite = suite.tls13().expect("a suite of TLS 1.3");
    let hash = suite.common.hash_provider.hash(bytes);
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// The SHA-256 of a certificate, as OpenSSL and Node write it: `AB:CD:…`
pub(super) fn fingerprint(der: &[u8]) -> String {
    let bytes = sha256(der).map(|byte| format!("{byte:02X}"));
    bytes.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faster_cipher_and_key_exchange_are_preferred() {
        let provider = provider();
        assert!(is_aes_128(&provider.cipher_suites[0]));
        assert!(provider.cipher_suites[0].tls13().is_some());
        assert_eq!(provider.kx_groups[0].name(), rustls::NamedGroup::X25519);
        let all = ring::default_provider().cipher_suites.len();
        assert_eq!(provider.cipher_suites.len(), all);
    }

    /// No cipher suite encrypts to the public key of a certificate: each agrees on keys that live as long
    /// as the connection (in TLS 1.3 all suites do), and seals data with an AEAD.
    #[test]
    fn erratum_e32_public_keys_authenticate_and_ephemeral_keys_agree() {
        for suite in &provider().cipher_suites {
            let name = suite.suite().as_str().unwrap();
            let ephemeral = suite.tls13().is_some() || name.starts_with("TLS_ECDHE_");
            let sealed = name.contains("_GCM_") || name.contains("_CHACHA20_POLY1305_");
            assert!(ephemeral && sealed, "{name}");
        }
    }

    #[test]
    fn sha256_is_sha256() {
        // FIPS 180-4, of "abc"
        let hash = sha256(b"abc");
        assert_eq!(hash[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(hash[28..], [0xf2, 0x00, 0x15, 0xad]);
    }
}
