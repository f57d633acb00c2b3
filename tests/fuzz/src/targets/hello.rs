//! The first flight of TLS: first bytes, records, handshake messages, both hellos.
//!
//! - Who is calling is told in time, and no byte behind that changes it.
//! - The same message comes, or the same refusal at the same byte, however the bytes are cut, and
//!   whatever records the message lies in.
//! - A hello that is written again from what was read of it says the same.

use crate::input::Input;
use barewire::tls::wire::{
    ClientHello, ContentType, Error, Extension, FirstBytes, HandshakeDecoder, RecordHeader,
    ServerHello,
};

pub(crate) fn run(input: &Input<'_>) {
    first(input.bytes);
    record(input.bytes);
    let whole = decoded([input.bytes]);
    for pieces in input.ways() {
        let mut length = 0;
        let reads = pieces.iter().map(|piece| {
            length += piece.len();
            &input.bytes[..length]
        });
        assert_eq!(decoded(reads), whole);
    }
    if let Ok(Some((used, message))) = whole {
        assert!(used <= input.bytes.len() && message.len() <= HandshakeDecoder::MAX);
        in_other_records(&message);
        client(&message);
        server(&message);
    }
}

fn first(bytes: &[u8]) {
    let mut told = None;
    for end in 0..=bytes.len().min(FirstBytes::ENOUGH + 1) {
        let now = FirstBytes::of(&bytes[..end]);
        assert!(told.is_none() || now == told, "changed by {end} bytes");
        assert!(now.is_some() || end < FirstBytes::ENOUGH);
        told = now;
    }
    let record = RecordHeader::decode(bytes);
    match FirstBytes::of(bytes) {
        Some(FirstBytes::PlainHttp | FirstBytes::Ssl2) => assert!(record.is_err()),
        Some(FirstBytes::Tls) => assert!((20..=23).contains(&bytes[0])),
        _ => {}
    }
}

fn record(bytes: &[u8]) {
    let whole = RecordHeader::decode(bytes);
    for end in 0..=bytes.len().min(RecordHeader::LENGTH) {
        let now = RecordHeader::decode(&bytes[..end]).map_err(|error| error.rule());
        assert!(now == Ok(None) || now == whole.map_err(|error| error.rule()));
    }
    if let Ok(Some((header, used))) = whole {
        let RecordHeader {
            content_type,
            legacy_version,
            length,
        } = header;
        let again = [
            &[content_type as u8][..],
            &legacy_version.to_be_bytes(),
            &length.to_be_bytes(),
        ];
        assert_eq!(again.concat(), &bytes[..used]);
        assert!(length > 0 || content_type == ContentType::ApplicationData);
    }
}

type Decoded = Result<Option<(usize, Vec<u8>)>, (String, usize)>;

/// What comes of the bytes that there are after each read.
fn decoded<'b>(reads: impl IntoIterator<Item = &'b [u8]>) -> Decoded {
    let mut decoder = HandshakeDecoder::new();
    for bytes in reads {
        let used = decoder.decode(bytes);
        let used = used.map_err(|error| (error.rule().name().to_owned(), error.at()))?;
        if let Some(used) = used {
            return Ok(Some((used, decoder.message().to_vec())));
        }
        assert!(decoder.message().len() <= bytes.len());
    }
    Ok(None)
}

fn in_other_records(message: &[u8]) {
    let length = 1 + message.len() / 3;
    let records: Vec<u8> = message.chunks(length).flat_map(as_record).collect();
    let whole = Some((records.len(), message.to_vec()));
    assert_eq!(decoded([&records[..]]), Ok(whole));
}

fn as_record(content: &[u8]) -> Vec<u8> {
    [
        &[22, 3, 1][..],
        &(content.len() as u16).to_be_bytes(),
        content,
    ]
    .concat()
}

// ---- hellos -----------------------------------------------------------------------------------

fn behind(bytes: usize, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    [&length[length.len() - bytes..], content].concat()
}

fn message(kind: u8, fields: &[&[u8]]) -> Vec<u8> {
    [&[kind], &behind(3, &fields.concat())[..]].concat()
}

fn extensions<'a>(all: impl Iterator<Item = Extension<'a>>) -> Vec<u8> {
    let one = |it: Extension<'_>| [&it.kind.to_be_bytes(), &behind(2, it.data)[..]].concat();
    behind(2, &all.flat_map(one).collect::<Vec<u8>>())
}

fn client(bytes: &[u8]) {
    let Ok(hello) = ClientHello::decode(bytes) else {
        return;
    };
    let suites: Vec<u8> = hello.cipher_suites().flat_map(u16::to_be_bytes).collect();
    let again = message(
        1,
        &[
            &hello.legacy_version().to_be_bytes(),
            hello.random(),
            &behind(1, hello.session_id()),
            &behind(2, &suites),
            &[1, 0],
            &extensions(hello.extensions()),
        ],
    );
    let same = ClientHello::decode(&again).expect("as it was read");
    assert!(same.extensions().eq(hello.extensions()));
    assert!(same.cipher_suites().eq(hello.cipher_suites()));
    assert_eq!(same.server_name(), hello.server_name());
    assert!(same.alpn().eq(hello.alpn()) && hello.alpn().all(|name| !name.is_empty()));
    assert!(same.supported_versions().eq(hello.supported_versions()));
    assert!(same.key_share_groups().eq(hello.key_share_groups()));
    let host = hello.server_name().unwrap_or("a");
    assert!(host.bytes().all(|byte| byte.is_ascii_graphic()), "{host}");
    refused_when_cut(bytes, |bytes| ClientHello::decode(bytes).err());
}

fn server(bytes: &[u8]) {
    let Ok(hello) = ServerHello::decode(bytes) else {
        return;
    };
    let versions = [bytes[4], bytes[5]];
    let again = message(
        2,
        &[
            &versions,
            hello.random(),
            &behind(1, hello.session_id()),
            &hello.cipher_suite().to_be_bytes(),
            &[0],
            &extensions(hello.extensions()),
        ],
    );
    let same = ServerHello::decode(&again).expect("as it was read");
    assert_eq!(
        (same.version(), same.session_id(), same.random()),
        (hello.version(), hello.session_id(), hello.random())
    );
    assert!(same.extensions().eq(hello.extensions()));
    refused_when_cut(bytes, |bytes| ServerHello::decode(bytes).err());
}

/// A message knows its length: less is refused, and more.
fn refused_when_cut(bytes: &[u8], refusal: impl Fn(&[u8]) -> Option<Error>) {
    for end in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        assert!(refusal(&bytes[..end]).is_some(), "{end} bytes");
    }
    assert!(refusal(&[bytes, &[0]].concat()).is_some(), "a byte more");
}
