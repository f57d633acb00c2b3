//! A handshake of TLS 1.2, written by hand: it shows certificates in the clear, and needs no key.
//!
//! ```text
//!   client                                server
//!   ClientHello ─────────────────────────►
//!      ◄──────────────────────  ServerHello
//!      ◄──────────────────────  Certificate
//!      ◄────────────────  ServerKeyExchange     its signature is no signature
//!      ◄──────────────────  ServerHelloDone
//! ```

/// The type of a record that carries handshake messages.
const HANDSHAKE: u8 = 22;
/// What both sides do: ECDHE and AES-128-GCM, with a key of P-256 and with an RSA key.
const SUITES: [[u8; 2]; 2] = [[0xc0, 0x2b], [0xc0, 0x2f]];
/// Signatures: ECDSA and RSA-PSS, with SHA-256.
const SCHEMES: [[u8; 2]; 2] = [[4, 3], [8, 4]];

/// A ClientHello that asks for this host and offers TLS 1.2, and nothing newer.
pub(super) fn client_hello(host: &str) -> Vec<u8> {
    let name = [&[0][..], &block(2, host.as_bytes())].concat();
    let extensions = [
        extension(0, &block(2, &name)),              // server_name
        extension(10, &block(2, &[0, 29, 0, 23])),   // supported_groups: x25519, secp256r1
        extension(11, &block(1, &[0])),              // ec_point_formats: uncompressed
        extension(13, &block(2, &SCHEMES.concat())), // signature_algorithms
        extension(23, &[]),                          // extended_master_secret
        extension(0xff01, &block(1, &[])),           // renegotiation_info
    ];
    let random = [0x42; 32];
    message(
        1,
        &[
            &[3, 3][..],
            &random,
            &block(1, &[]), // no session
            &block(2, &SUITES.concat()),
            &block(1, &[0]), // no compression
            &block(2, &extensions.concat()),
        ],
    )
}

/// What a server sends, up to ServerHelloDone, with this certificate and without its key.
pub(super) fn server_flight(certificate: &[u8], has_rsa: bool) -> Vec<u8> {
    let (suite, scheme) = (SUITES[usize::from(has_rsa)], SCHEMES[usize::from(has_rsa)]);
    let (random, share) = ([0x53; 32], [9; 32]);
    [
        message(2, &[&[3, 3][..], &random, &block(1, &[]), &suite, &[0]]),
        message(11, &[&block(3, &block(3, certificate))]),
        // ServerKeyExchange: a named curve, x25519
        message(
            12,
            &[
                &[3, 0, 29][..],
                &block(1, &share),
                &scheme,
                &block(2, &[0; 70]),
            ],
        ),
        message(14, &[]),
    ]
    .concat()
}

/// A handshake message in a record of its own.
fn message(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let message = [&[kind][..], &block(3, &parts.concat())].concat();
    [&[HANDSHAKE, 3, 3][..], &block(2, &message)].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &block(2, content)].concat()
}

/// The bytes behind their length, which has `width` bytes.
fn block(width: usize, bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_be_bytes();
    [&length[8 - width..], bytes].concat()
}
