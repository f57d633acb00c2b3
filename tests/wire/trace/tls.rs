//! TLS: the cases of `fixtures/tls/`, and the handshakes that rustls makes in memory, whole and damaged.

use super::play::{
    CLIENT, Leaf, Passes, SERVER, answers, asks, both_end, leaves, notes, played, refused,
};
use crate::support::Random;
use crate::tls::{broken, certificates, format};
use barewire::http::wire::Limits;
use barewire::tls::wire::{Certificate, Rule};
use barewire::trace::wire::{Conversation, Direction, Label, Note};
use rustls::crypto::ring::{self, kx_group};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

/// A record whose first byte makes the connection TLS, whatever the other side says.
const WARNING: &[u8] = &[21, 3, 3, 0, 2, 1, 90];

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = (content.len() as u16).to_be_bytes();
    [&[kind, 3, 3, high, low], content].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (body.len() as u32).to_be_bytes();
    [&[kind], &length[..], body].concat()
}

fn values(leaves: &[Leaf], from: Direction, label: Label) -> Vec<&str> {
    let leaves = leaves
        .iter()
        .filter(|leaf| leaf.from == from && leaf.label == label);
    leaves.map(|leaf| leaf.value.as_str()).collect()
}

fn rules(leaves: &[Leaf], label: Label) -> Vec<&Note> {
    let notes = leaves.iter().flat_map(|leaf| &leaf.notes);
    notes.filter(|note| note.label == label).collect()
}

/// The hello of a case of `hellos.txt`.
fn hello(name: &str) -> Vec<u8> {
    let mut cases = format::cases("hellos.txt").into_iter();
    cases.find(|case| case.name == name).expect(name).input()
}

#[test]
fn a_hello_is_explained_down_to_its_numbers() {
    let mut conversation = Conversation::new();
    let mut seen = String::new();
    for explained in conversation.receive(CLIENT, Duration::ZERO, &hello("a ClientHello")) {
        seen += &explained.to_string();
    }
    let expected = "\
> tls.record.type                22 handshake             RFC 8446 §5.1
> tls.record.version             0x0301 TLS 1.0           RFC 8446 §5.1
> tls.record.length              196                      RFC 8446 §5.1
> tls.handshake.type             1 client_hello           RFC 8446 §4
> tls.handshake.length           192                      RFC 8446 §4
> tls.hello.version              0x0303 TLS 1.2           RFC 8446 §4.1.2
> tls.hello.random               cb 34 ec b1 e7 81 63 ba 1c 38 c6 da cb 19 6a 6d \
ff a2 1a 8d 99 12 ec 18 a2 ef 62 83 02 4d ec e7 RFC 8446 §4.1.2
> tls.hello.cipher_suite         0x1301 TLS_AES_128_GCM_SHA256 RFC 8446 §B.4
> tls.hello.cipher_suite         0x1303 TLS_CHACHA20_POLY1305_SHA256 RFC 8446 §B.4
> tls.hello.cipher_suite         0x1302 TLS_AES_256_GCM_SHA384 RFC 8446 §B.4
> tls.hello.compression          0 null                   RFC 8446 §4.1.2
> tls.extension.type             0 server_name            RFC 8446 §4.2
> tls.server_name.type           0 host_name              RFC 6066 §3
> tls.server_name                server                   RFC 6066 §3
> tls.extension.type             65281 renegotiation_info RFC 8446 §4.2
";
    let (head, rest) = seen.split_at(expected.len().min(seen.len()));
    assert_eq!(head, expected);
    assert!(
        rest.contains(
            "> tls.supported_version          0x0304 TLS 1.3           RFC 8446 §4.2.1\n"
        )
    );
    assert!(
        rest.contains(
            "> tls.psk.mode                   1 psk_dhe_ke             RFC 8446 §4.2.9\n"
        )
    );
}

/// What the decoders say of a hello is what its leaves say; what they refuse is refused by the same rule.
#[test]
fn hellos() {
    for case in format::cases("hellos.txt") {
        // A hello is not the only record that may come first, or in the middle.
        if case.error() == Some(Rule::RecordUnexpected) {
            continue;
        }
        let of_server = case.find("from") == Some("server");
        let script = match of_server {
            true => [asks(WARNING), answers(case.input())],
            false => [answers(WARNING), asks(case.input())],
        };
        let found = leaves(&[&script[..], &both_end()].concat());
        let from = if of_server { SERVER } else { CLIENT };
        let expected = case
            .error()
            .map(|rule| (rule.says().to_owned(), rule.section()));
        assert_eq!(refused(&found), expected, "{}", case.place);
        if expected.is_some() {
            continue;
        }
        let numbers = |label| {
            let number = |text: &&str| {
                let first = text.split(' ').next().unwrap_or_default();
                first.strip_prefix("0x").map_or_else(
                    || format!("{:04x}", first.parse::<u16>().expect("a number")),
                    str::to_owned,
                )
            };
            let all: Vec<_> = values(&found, from, label).iter().map(number).collect();
            if all.is_empty() {
                "-".to_owned()
            } else {
                all.join(" ")
            }
        };
        let place = &case.place;
        assert_eq!(
            numbers(Label::TlsExtensionType),
            case.get("extensions"),
            "{place}"
        );
        let retry = case.find("retry") == Some("yes");
        assert_eq!(
            rules(&found, Label::TlsRetry).len(),
            usize::from(retry),
            "{place}"
        );
        let suites = if of_server { "suite" } else { "suites" };
        assert_eq!(numbers(Label::TlsCipherSuite), case.get(suites), "{place}");
        if !of_server {
            let names = values(&found, from, Label::TlsServerName).join(" ");
            assert_eq!(names, case.get("host").replace('-', ""), "{place}");
            assert_eq!(
                numbers(Label::TlsSupportedVersion),
                case.get("versions"),
                "{place}"
            );
        }
    }
}

/// The extensions of RFC 8446 §4.2 that no client here sends, and a value without a meaning.
#[test]
fn extensions() {
    let name = b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01a";
    let authorities = [&[0, 16, 0, 14][..], name].concat();
    let keys = [&[0, 8, 0, 2, 1, 2, 0, 0, 0, 9, 0, 33, 32][..], &[7; 32]].concat();
    #[rustfmt::skip]
    let extensions: [(u16, &[u8], Label, &str); 13] = [
        (0x2a2a, b"", Label::TlsExtensionType, "10794"),
        (1, &[2], Label::TlsFragmentLength, "2 1024"),
        (5, &[1, 0, 0, 0, 0], Label::TlsStatusType, "1 ocsp"),
        (13, &[0, 2, 4, 3], Label::TlsScheme, "0x0403 ecdsa_secp256r1_sha256"),
        (42, b"", Label::TlsExtensionType, "42 early_data"),
        (44, &[0, 2, 7, 8], Label::TlsCookie, "07 08"),
        (47, &authorities, Label::X509NameValue, "a"),
        (48, &[0, 7, 3, 0x55, 0x1d, 0x25, 0, 1, 9], Label::TlsOidFilter, "2.5.29.37 extKeyUsage"),
        (49, b"", Label::TlsExtensionType, "49 post_handshake_auth"),
        (50, &[0, 3, 4, 3, 5], Label::TlsExtensionData, "00 03 04 03 05"), // not of its form
        (51, &[0, 5, 0x0a, 0x0a, 0, 1, 0], Label::TlsGroup, "0x0a0a"),
        (65281, &[0], Label::TlsExtensionData, "00"),
        (41, &keys, Label::TlsPskAge, "9"),
    ];
    let length = |bytes: &[u8]| (bytes.len() as u16).to_be_bytes();
    let one = |(kind, data, ..): &(u16, &[u8], Label, &str)| {
        [&kind.to_be_bytes()[..], &length(data), data].concat()
    };
    let all: Vec<u8> = extensions.iter().flat_map(one).collect();
    let start = [&[3, 3][..], &[7; 32], &[0, 0, 4, 0x1a, 0x1a, 0x13, 1, 1, 0]].concat();
    let hello = message(1, &[&start[..], &length(&all), &all].concat());
    let found = leaves(&[asks(record(22, &hello))]);
    assert_eq!(refused(&found), None);
    for (kind, _, label, value) in extensions {
        assert!(
            values(&found, CLIENT, label).contains(&value),
            "{kind}: {found:#?}"
        );
    }
    assert_eq!(rules(&found, Label::TlsGrease).len(), 3);
    let found = leaves(&behind_hello(8, b"\0\x09\0\x10\0\x05\0\x03\x02h2"));
    assert_eq!(values(&found, SERVER, Label::TlsProtocol), ["h2"]);
    assert_eq!(
        handshake_types(&found, SERVER),
        "server_hello encrypted_extensions"
    );
}

/// A ServerHello of TLS 1.2, and a message behind it.
fn behind_hello(kind: u8, body: &[u8]) -> Vec<Passes> {
    let hello = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0]].concat();
    let messages = [message(2, &hello), message(kind, body)].concat();
    let records: Vec<u8> = messages
        .chunks(1 << 14)
        .flat_map(|part| record(22, part))
        .collect();
    vec![asks(WARNING), answers(records)]
}

fn with_certificate(der: &[u8]) -> Vec<Leaf> {
    let length = |bytes: &[u8]| (bytes.len() as u32).to_be_bytes()[1..].to_vec();
    let one = [length(der), der.to_vec()].concat();
    leaves(&behind_hello(11, &[length(&one), one].concat()))
}

#[test]
fn certificates() {
    for case in format::cases("certificates.txt") {
        let der = &certificates::pem(&case.name)[0];
        let found = with_certificate(der);
        let one = |label| values(&found, SERVER, label).join(", ");
        let says = Certificate::decode(der).expect(&case.place);
        assert_eq!(one(Label::X509Serial), case.get("serial"), "{}", case.place);
        assert_eq!(
            one(Label::X509NotBefore),
            case.get("not_before"),
            "{}",
            case.place
        );
        assert_eq!(
            one(Label::X509NotAfter),
            case.get("not_after"),
            "{}",
            case.place
        );
        if let Some(names) = case.find("names") {
            assert_eq!(
                one(Label::X509AltName)
                    .split(", ")
                    .take(9)
                    .collect::<Vec<_>>(),
                names.split(", ").take(9).collect::<Vec<_>>(),
                "{}",
                case.place
            );
        }
        assert_eq!(
            notes(&found, Label::X509IssuerName),
            [case.get("issuer")],
            "{}",
            case.place
        );
        assert_eq!(
            notes(&found, Label::X509SubjectName),
            [case.get("subject")],
            "{}",
            case.place
        );
        let kind = notes(&found, Label::X509KeyKind);
        assert_eq!(kind, [says.public_key().to_string()], "{}", case.place);
    }
}

#[test]
fn a_certificate_that_breaks_a_rule_is_one_leaf() {
    for (rule, der) in broken::cases() {
        if der.len() > 60_000 {
            continue; // the message is too long before
        }
        let found = with_certificate(&der);
        assert_eq!(refused(&found), None, "{rule}");
        let notes = rules(&found, Label::X509Refused);
        assert_eq!(notes.len(), 1, "{rule}");
        assert_eq!(
            (notes[0].value.as_str(), notes[0].rule),
            (rule.says(), rule.section())
        );
    }
}

#[test]
fn what_breaks_the_order_of_records_is_refused() {
    let hello = hello("a ServerHello");
    let (start, rest) = hello[5..].split_at(40);
    let cut = [record(22, start), record(21, &[1, 90]), record(22, rest)].concat();
    for (bytes, section, good) in [
        (cut, "RFC 8446 §5.1", 5),
        (
            [&hello[..], &record(20, &[2])].concat(),
            "RFC 8446 §5",
            hello.len() + 5,
        ),
        (
            [&hello[..], &record(21, &[1])].concat(),
            "RFC 8446 §6",
            hello.len() + 5,
        ),
        (
            [&hello[..], &record(20, b"")].concat(),
            "RFC 8446 §5.1",
            hello.len(),
        ),
        (
            [&hello[..], b"HTTP/1.1 400 "].concat(),
            "RFC 8446 §5",
            hello.len(),
        ),
        (
            [&hello[..], &record(23, b"sealed")[..8]].concat(),
            "RFC 8446 §6.1",
            hello.len(),
        ),
        (hello[..40].to_vec(), "RFC 8446 §6.1", 0),
        (record(22, start), "RFC 8446 §6.1", 5),
        (record(23, b"sealed"), "RFC 8446 §5", 0),
        (record(22, &[2, 1, 0, 0]), "RFC 8446 §4", 5),
        (record(22, &message(14, b"")), "RFC 8446 §4", 5),
    ] {
        let found = leaves(&[&[asks(WARNING), answers(bytes)][..], &both_end()].concat());
        let leaf = found
            .iter()
            .find(|leaf| leaf.label == Label::Refused)
            .expect("refused");
        assert_eq!(
            (leaf.rule, leaf.range.start),
            (section, good as u64),
            "{leaf:?}"
        );
    }
    // A message that is not of its form, in the clear.
    let found = leaves(&behind_hello(14, b"x"));
    assert_eq!(refused(&found).expect("refused").1, "RFC 8446 §6.2");
}

/// The same leaves if the messages are cut into other records, but for those that are cut themselves.
#[test]
fn a_message_may_lie_in_several_records() {
    let hello = hello("a ClientHello");
    let whole = leaves(&[asks(hello.clone())]);
    for length in [1, 3, 50, 100, 195] {
        let records: Vec<u8> = hello[5..]
            .chunks(length)
            .flat_map(|part| record(22, part))
            .collect();
        let mut found = leaves(&[asks(records)]);
        found.retain(|leaf| leaf.value != "(continued)" && !leaf.label.key().contains("record"));
        let said = |leaves: &[Leaf]| -> Vec<(Label, String)> {
            let all = leaves
                .iter()
                .filter(|leaf| !leaf.label.key().contains("record"));
            all.map(|leaf| (leaf.label, leaf.value.clone())).collect()
        };
        assert_eq!(said(&found), said(&whole), "in records of {length}");
    }
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format::folder().join(name)).expect(name)
}

fn identity(name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let certificates = CertificateDer::pem_slice_iter(&file(&format!("{name}.crt")))
        .flatten()
        .collect();
    let key = PrivateKeyDer::from_pem_slice(&file(&format!("{name}.key"))).expect(name);
    (certificates, key)
}

fn roots() -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(&file("ca.crt")).expect("a CA"))
        .expect("a CA");
    Arc::new(roots)
}

struct Stage {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Stage {
    fn new(
        version: &'static rustls::SupportedProtocolVersion,
        asks_client: bool,
        change: impl FnOnce(&mut ServerConfig),
    ) -> Stage {
        let mut provider = ring::default_provider();
        provider.kx_groups = vec![kx_group::X25519, kx_group::SECP384R1];
        let provider = Arc::new(provider);
        let client = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_root_certificates(roots());
        let (chain, key) = identity("client");
        let mut client = client
            .with_client_auth_cert(chain, key)
            .expect("an identity");
        client.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut provider = ring::default_provider();
        if asks_client {
            provider.kx_groups = vec![kx_group::SECP384R1]; // in TLS 1.3 this takes another hello
        }
        let provider = Arc::new(provider);
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .expect("a version");
        let verifier = WebPkiClientVerifier::builder_with_provider(roots(), provider);
        let server = match asks_client {
            true => server.with_client_cert_verifier(verifier.build().expect("a verifier")),
            false => server.with_no_client_auth(),
        };
        let (chain, key) = identity("server");
        let mut server = server.with_single_cert(chain, key).expect("an identity");
        change(&mut server);
        Stage {
            client: Arc::new(client),
            server: Arc::new(server),
        }
    }

    /// A connection: a handshake, two words and their echoes, the end.
    fn connection(&self) -> Vec<Passes> {
        let name = "localhost".try_into().expect("a name");
        let mut client = ClientConnection::new(self.client.clone(), name).expect("a client");
        let mut server = ServerConnection::new(self.server.clone()).expect("a server");
        let mut script = Vec::new();
        for word in ["", "hello world!", "yakexi"] {
            client.writer().write_all(word.as_bytes()).expect("written");
            while client.wants_write() || server.wants_write() {
                let (mut sent, mut bytes) = (Vec::new(), [0; 100]);
                client.write_tls(&mut sent).expect("in memory");
                server.read_tls(&mut &sent[..]).expect("in memory");
                server.process_new_packets().expect("good");
                script.push(asks(sent));
                let read = server.reader().read(&mut bytes).unwrap_or_default();
                server.writer().write_all(&bytes[..read]).expect("written");
                let mut sent = Vec::new();
                while server.wants_write() {
                    server.write_tls(&mut sent).expect("in memory");
                }
                let mut all = &sent[..];
                while !all.is_empty() {
                    client.read_tls(&mut all).expect("in memory");
                    client.process_new_packets().expect("good");
                }
                script.push(answers(sent));
            }
        }
        script.extend(both_end());
        script
    }
}

fn handshake_types(leaves: &[Leaf], from: Direction) -> String {
    let names = values(leaves, from, Label::TlsMessageType);
    let names = names.iter().filter_map(|text| text.split(' ').nth(1));
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn handshakes_of_tls_1_3() {
    let stage = Stage::new(&TLS13, false, |_| {});
    for resumed in [false, true] {
        let found = leaves(&stage.connection());
        assert_eq!(refused(&found), None);
        assert_eq!(handshake_types(&found, CLIENT), "client_hello");
        assert_eq!(handshake_types(&found, SERVER), "server_hello");
        assert_eq!(
            values(&found, CLIENT, Label::TlsPskBinder).len(),
            usize::from(resumed)
        );
        assert_eq!(
            values(&found, SERVER, Label::TlsPskSelected).len(),
            usize::from(resumed)
        );
        assert_eq!(values(&found, CLIENT, Label::TlsProtocol), ["http/1.1"]);
        assert_eq!(values(&found, SERVER, Label::TlsGroup), ["0x001d x25519"]);
        assert!(values(&found, SERVER, Label::TlsSealed).len() > 2);
    }
    let found = leaves(&Stage::new(&TLS13, true, |_| {}).connection());
    assert_eq!(refused(&found), None);
    assert_eq!(handshake_types(&found, CLIENT), "client_hello client_hello");
    assert_eq!(handshake_types(&found, SERVER), "server_hello server_hello");
    assert_eq!(notes(&found, Label::TlsRetry).len(), 1);
    assert_eq!(
        values(&found, SERVER, Label::TlsGroup),
        ["0x0018 secp384r1"; 2]
    );
}

#[test]
fn handshakes_of_tls_1_2() {
    let stage = Stage::new(&TLS12, true, |server| {
        server.max_fragment_size = Some(300);
        server.ticketer = ring::Ticketer::new().expect("a ticketer");
    });
    let found = leaves(&stage.connection());
    assert_eq!(refused(&found), None);
    let client = "client_hello certificate client_key_exchange certificate_verify";
    assert_eq!(handshake_types(&found, CLIENT), client);
    let server = "server_hello certificate server_key_exchange certificate_request \
        server_hello_done new_session_ticket";
    assert_eq!(handshake_types(&found, SERVER), server);
    assert_eq!(
        values(&found, SERVER, Label::TlsCurveType),
        ["3 named_curve"]
    );
    for from in [CLIENT, SERVER] {
        assert_eq!(values(&found, from, Label::TlsChangeCipherSpec), ["1"]);
        assert!(
            values(&found, from, Label::TlsSealed).len() >= 2,
            "Finished, and the data"
        );
    }
    let names = values(&found, SERVER, Label::X509AltName);
    assert_eq!(names[0], "DNS:localhost");
    let found = leaves(&stage.connection());
    assert_eq!(refused(&found), None);
    assert_eq!(handshake_types(&found, CLIENT), "client_hello");
    assert_eq!(
        handshake_types(&found, SERVER),
        "server_hello new_session_ticket"
    );
}

#[test]
fn damaged_handshakes() {
    let mut random = Random::new(0x715);
    let stages = [(&TLS13, false), (&TLS13, true), (&TLS12, true)];
    let scripts = stages.map(|(version, asks)| Stage::new(version, asks, |_| {}).connection());
    for round in 0..150 {
        let mut script = scripts[round % scripts.len()].clone();
        for _ in 0..1 + random.below(3) {
            let at = random.below(script.len().min(4));
            if let Passes::Bytes(_, bytes) = &mut script[at]
                && !bytes.is_empty()
            {
                let place = random.below(bytes.len().min(2000));
                match random.below(3) {
                    0 => drop(bytes.remove(place)),
                    _ => bytes[place] = random.below(256) as u8,
                }
            }
        }
        let whole = played(Limits::default(), &script, |bytes| bytes.len());
        let pieces = played(Limits::default(), &script, |_| 1 + random.below(300));
        assert_eq!(pieces, whole, "{script:?}");
    }
}

/// A message of 64 KiB in records of one byte, which come byte by byte; and messages without a body.
#[test]
fn the_work_is_linear() {
    let mut conversation = Conversation::new();
    let body = vec![0; (1 << 16) - 4];
    let bytes = [message(14, b"").repeat(4000), message(99, &body)].concat();
    let hello = [
        record(22, &hello("a ServerHello")[5..]),
        record(22, &bytes[..16_000]),
    ]
    .concat();
    let first = conversation.receive(SERVER, Duration::ZERO, &hello).count();
    assert_eq!(first, 2);
    let rest: Vec<u8> = bytes[16_000..]
        .chunks(1)
        .flat_map(|part| record(22, part))
        .collect();
    let mut found = 0;
    for byte in rest.chunks(1) {
        found += conversation.receive(SERVER, Duration::ZERO, byte).count();
    }
    assert_eq!(found, bytes.len() - 16_000);
}
