//! The numbers of TLS and the object identifiers of certificates that have a name here. Others are shown as what
//! they are.

use crate::tls::wire::{dotted, type_name};

/// Numbers with names, and how a number is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Codes {
    /// `22 handshake`
    Decimal(&'static [(u16, &'static str)]),
    /// `0x1301 TLS_AES_128_GCM_SHA256`
    Hex(&'static [(u16, &'static str)]),
}

impl Codes {
    /// The number and its name.
    pub(super) fn text(self, number: u16) -> String {
        let written = match self {
            Codes::Decimal(_) => number.to_string(),
            Codes::Hex(_) => format!("{number:#06x}"),
        };
        match self.name(number) {
            "" => written,
            name => format!("{written} {name}"),
        }
    }

    /// The name; empty if there is none.
    pub(super) fn name(self, number: u16) -> &'static str {
        let (Codes::Decimal(all) | Codes::Hex(all)) = self;
        let known = all.iter().find(|(known, _)| *known == number);
        known.map_or("", |(_, name)| name)
    }
}

/// Numbers of two bytes that peers send so that others keep skipping what they do not know: `0a0a`, `1a1a` … `fafa`.
// RFC 8701 §2: "This document reserves a number of TLS protocol values, referred to as GREASE values."
pub(super) fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

#[rustfmt::skip]
pub(super) const RECORDS: Codes = Codes::Decimal(&[
    (20, "change_cipher_spec"), (21, "alert"), (22, "handshake"), (23, "application_data"),
]);

#[rustfmt::skip]
pub(super) const MESSAGES: Codes = Codes::Decimal(&[
    (0, "hello_request"), (1, "client_hello"), (2, "server_hello"), (4, "new_session_ticket"),
    (5, "end_of_early_data"), (8, "encrypted_extensions"), (11, "certificate"), (12, "server_key_exchange"),
    (13, "certificate_request"), (14, "server_hello_done"), (15, "certificate_verify"),
    (16, "client_key_exchange"), (20, "finished"), (22, "certificate_status"), (24, "key_update"),
    (25, "compressed_certificate"), (254, "message_hash"),
]);

pub(super) const LEVELS: Codes = Codes::Decimal(&[(1, "warning"), (2, "fatal")]);

#[rustfmt::skip]
pub(super) const ALERTS: Codes = Codes::Decimal(&[
    (0, "close_notify"), (10, "unexpected_message"), (20, "bad_record_mac"), (22, "record_overflow"),
    (40, "handshake_failure"), (42, "bad_certificate"), (43, "unsupported_certificate"),
    (44, "certificate_revoked"), (45, "certificate_expired"), (46, "certificate_unknown"),
    (47, "illegal_parameter"), (48, "unknown_ca"), (49, "access_denied"), (50, "decode_error"),
    (51, "decrypt_error"), (70, "protocol_version"), (71, "insufficient_security"), (80, "internal_error"),
    (86, "inappropriate_fallback"), (90, "user_canceled"), (100, "no_renegotiation"),
    (109, "missing_extension"), (110, "unsupported_extension"), (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"), (115, "unknown_psk_identity"), (116, "certificate_required"),
    (120, "no_application_protocol"),
]);

#[rustfmt::skip]
pub(super) const VERSIONS: Codes = Codes::Hex(&[
    (0x0300, "SSL 3.0"), (0x0301, "TLS 1.0"), (0x0302, "TLS 1.1"), (0x0303, "TLS 1.2"), (0x0304, "TLS 1.3"),
]);

#[rustfmt::skip]
pub(super) const CIPHER_SUITES: Codes = Codes::Hex(&[
    (0x1301, "TLS_AES_128_GCM_SHA256"), (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"), (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"), (0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
    (0x5600, "TLS_FALLBACK_SCSV"), (0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"), (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"), (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"), (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"), (0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"), (0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"), (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"), (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"), (0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"), (0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"), (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
]);

pub(super) const COMPRESSIONS: Codes = Codes::Decimal(&[(0, "null"), (1, "DEFLATE")]);

#[rustfmt::skip]
pub(super) const EXTENSIONS: Codes = Codes::Decimal(&[
    (0, "server_name"), (1, "max_fragment_length"), (5, "status_request"), (10, "supported_groups"),
    (11, "ec_point_formats"), (13, "signature_algorithms"), (14, "use_srtp"), (15, "heartbeat"),
    (16, "application_layer_protocol_negotiation"), (17, "status_request_v2"),
    (18, "signed_certificate_timestamp"), (19, "client_certificate_type"), (20, "server_certificate_type"),
    (21, "padding"), (22, "encrypt_then_mac"), (23, "extended_master_secret"), (27, "compress_certificate"),
    (28, "record_size_limit"), (34, "delegated_credential"), (35, "session_ticket"), (41, "pre_shared_key"),
    (42, "early_data"), (43, "supported_versions"), (44, "cookie"), (45, "psk_key_exchange_modes"),
    (47, "certificate_authorities"), (48, "oid_filters"), (49, "post_handshake_auth"),
    (50, "signature_algorithms_cert"), (51, "key_share"), (57, "quic_transport_parameters"),
    (65037, "encrypted_client_hello"), (65281, "renegotiation_info"),
]);

#[rustfmt::skip]
pub(super) const GROUPS: Codes = Codes::Hex(&[
    (0x0017, "secp256r1"), (0x0018, "secp384r1"), (0x0019, "secp521r1"), (0x001d, "x25519"), (0x001e, "x448"),
    (0x0100, "ffdhe2048"), (0x0101, "ffdhe3072"), (0x0102, "ffdhe4096"), (0x0103, "ffdhe6144"),
    (0x0104, "ffdhe8192"), (0x11eb, "SecP256r1MLKEM768"), (0x11ec, "X25519MLKEM768"),
    (0x11ed, "SecP384r1MLKEM1024"),
]);

#[rustfmt::skip]
pub(super) const SCHEMES: Codes = Codes::Hex(&[
    (0x0201, "rsa_pkcs1_sha1"), (0x0203, "ecdsa_sha1"), (0x0401, "rsa_pkcs1_sha256"),
    (0x0403, "ecdsa_secp256r1_sha256"), (0x0501, "rsa_pkcs1_sha384"), (0x0503, "ecdsa_secp384r1_sha384"),
    (0x0601, "rsa_pkcs1_sha512"), (0x0603, "ecdsa_secp521r1_sha512"), (0x0804, "rsa_pss_rsae_sha256"),
    (0x0805, "rsa_pss_rsae_sha384"), (0x0806, "rsa_pss_rsae_sha512"), (0x0807, "ed25519"), (0x0808, "ed448"),
    (0x0809, "rsa_pss_pss_sha256"), (0x080a, "rsa_pss_pss_sha384"), (0x080b, "rsa_pss_pss_sha512"),
]);

pub(super) const NAME_TYPES: Codes = Codes::Decimal(&[(0, "host_name")]);
pub(super) const STATUS_TYPES: Codes = Codes::Decimal(&[(1, "ocsp")]);
pub(super) const PSK_MODES: Codes = Codes::Decimal(&[(0, "psk_ke"), (1, "psk_dhe_ke")]);
pub(super) const CURVE_TYPES: Codes = Codes::Decimal(&[(3, "named_curve")]);
pub(super) const FRAGMENT_LENGTHS: Codes =
    Codes::Decimal(&[(1, "512"), (2, "1024"), (3, "2048"), (4, "4096")]);
#[rustfmt::skip]
pub(super) const POINT_FORMATS: Codes = Codes::Decimal(&[
    (0, "uncompressed"), (1, "ansiX962_compressed_prime"), (2, "ansiX962_compressed_char2"),
]);
pub(super) const CERTIFICATE_TYPES: Codes =
    Codes::Decimal(&[(1, "rsa_sign"), (2, "dss_sign"), (64, "ecdsa_sign")]);

#[rustfmt::skip]
const OIDS: [(&str, &str); 40] = [
    ("1.2.840.10045.2.1", "id-ecPublicKey"), ("1.2.840.113549.1.1.1", "rsaEncryption"),
    ("1.2.840.113549.1.1.10", "rsassaPss"), ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"), ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"), ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"), ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"), ("1.3.101.112", "Ed25519"), ("1.3.101.113", "Ed448"),
    ("1.2.840.10045.3.1.7", "secp256r1"), ("1.3.132.0.34", "secp384r1"), ("1.3.132.0.35", "secp521r1"),
    ("1.3.132.0.10", "secp256k1"), ("2.5.29.14", "subjectKeyIdentifier"), ("2.5.29.15", "keyUsage"),
    ("2.5.29.16", "privateKeyUsagePeriod"), ("2.5.29.17", "subjectAltName"), ("2.5.29.18", "issuerAltName"),
    ("2.5.29.19", "basicConstraints"), ("2.5.29.30", "nameConstraints"), ("2.5.29.31", "cRLDistributionPoints"),
    ("2.5.29.32", "certificatePolicies"), ("2.5.29.33", "policyMappings"),
    ("2.5.29.35", "authorityKeyIdentifier"), ("2.5.29.36", "policyConstraints"), ("2.5.29.37", "extKeyUsage"),
    ("2.5.29.46", "freshestCRL"), ("2.5.29.54", "inhibitAnyPolicy"), ("1.3.6.1.5.5.7.1.1", "authorityInfoAccess"),
    ("1.3.6.1.5.5.7.1.11", "subjectInfoAccess"), ("1.3.6.1.5.5.7.3.1", "serverAuth"),
    ("1.3.6.1.5.5.7.3.2", "clientAuth"), ("1.3.6.1.5.5.7.3.3", "codeSigning"),
    ("1.3.6.1.5.5.7.3.4", "emailProtection"), ("1.3.6.1.5.5.7.3.8", "timeStamping"),
    ("1.3.6.1.5.5.7.3.9", "OCSPSigning"),
];

/// `2.5.29.17 subjectAltName`
pub(super) fn oid_text(oid: &[u8]) -> String {
    let number = dotted(oid);
    let known = OIDS.iter().find(|(known, _)| *known == number);
    match known.map(|(_, name)| *name).or_else(|| type_name(oid)) {
        Some(name) => format!("{number} {name}"),
        None => number,
    }
}
