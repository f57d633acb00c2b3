//! Requests, as a server reads them.
//!
//! - The same request, or the same refusal at the same byte, however the bytes are cut, and whether
//!   or not the content is taken past the decoder.
//! - A decoder never consumes more than there is; it reads the next message as a new decoder does.
//! - One framing: a length or the chunked coding, once, never both.
//! - The plain rules (`tests/wire/http/oracle.rs`) take the same heads, and httparse takes all of them
//!   with the same method, target, fields and end.
//! - A request that is taken can be sent, and is read as the same one.
//! - Our answer to it is read by a client as what it is.

use crate::encode;
use crate::format::{Case, Expected, Kind};
use crate::input::Input;
use crate::oracle;
use crate::reader::{Message, Progress, Reader};
use barewire::http::wire::{
    BodyLength, Connection, FieldList, Limits, RequestDecoder, ResponseOut, Role,
};

const SMALL: Limits = Limits {
    start_line_bytes: 40,
    field_section_bytes: 120,
    fields: 4,
    chunk_extension_bytes: 12,
};

pub(crate) fn run(input: &Input<'_>) {
    let limits = [Limits::default(), SMALL][input.choice(0, 2)];
    let whole = read(limits, false, [input.bytes]);
    for past in [false, true] {
        for pieces in input.ways() {
            assert_eq!(
                read(limits, past, pieces),
                whole,
                "past the decoder: {past}"
            );
        }
    }
    same_as_the_others(input.bytes);
    let Ok(Some(message)) = whole else {
        return;
    };
    assert!(message.length <= input.bytes.len());
    behind(limits, input.bytes, &message);
    framed_once(&message);
    if limits == Limits::default() {
        sent_again(message);
        answered(input);
    }
}

fn read<'p>(limits: Limits, past: bool, pieces: impl IntoIterator<Item = &'p [u8]>) -> Progress {
    let mut reader = Reader::new(&Kind::Request, limits, past);
    for piece in pieces {
        match reader.receive(piece) {
            Ok(None) => {}
            outcome => return outcome,
        }
    }
    Ok(None)
}

fn behind(limits: Limits, bytes: &[u8], message: &Message) {
    let mut reader = Reader::new(&Kind::Request, limits, false);
    let first = reader.receive(bytes);
    assert_eq!(first.as_ref(), Ok(&Some(message.clone())));
    reader.restart();
    let next = reader.receive(b"");
    assert_eq!(next, read(limits, false, [&bytes[message.length..]]));
}

fn framed_once(message: &Message) {
    let values = |wanted: &str| -> Vec<&[u8]> {
        let fields = message.fields.iter();
        let named = fields.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        named.map(|(_, value)| &value[..]).collect()
    };
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    match (&lengths[..], &codings[..], message.body) {
        ([], [], BodyLength::Known(0)) => {}
        ([length], [], BodyLength::Known(bytes)) => {
            let length = str::from_utf8(length).expect("digits");
            assert!(length.bytes().all(|byte| byte.is_ascii_digit()));
            assert_eq!(length.parse(), Ok(bytes));
            assert_eq!(message.content.len() as u64, bytes);
        }
        ([], [..], BodyLength::Chunked) => {
            let codings = codings.join(&b","[..]).to_ascii_lowercase();
            let mut words = codings.split(|byte| b", \t".contains(byte));
            assert!(words.all(|word| word.is_empty() || word == b"chunked"));
            assert_eq!(message.version, "HTTP/1.1");
        }
        other => panic!("{other:?}"),
    }
}

/// The slow rules and the decoder of another crate accept the same heads.
fn same_as_the_others(bytes: &[u8]) {
    let limits = Limits {
        fields: usize::MAX,
        ..Limits::default()
    };
    // So every head is complete.
    let bytes = [bytes, b"\r\n\r\n\r\n\r\n"].concat();
    let mut decoder = RequestDecoder::new(limits);
    let decoded = decoder.decode(&bytes);
    let length = decoded.ok().flatten();
    assert_eq!(length, oracle::request_head(&bytes), "{decoded:?}");
    if let Some(length) = length {
        let head = decoder.head(&bytes[..length]);
        // httparse knows no minor version above 1.
        let line = bytes.windows(9).find(|part| part.starts_with(b" HTTP/1."));
        if line.is_some_and(|part| part[8] < b'2') {
            as_httparse(&bytes, length, &head);
        }
    }
}

fn as_httparse(bytes: &[u8], length: usize, head: &barewire::http::wire::RequestHead<'_>) {
    let mut fields = vec![httparse::EMPTY_HEADER; head.fields().len()];
    let mut theirs = httparse::Request::new(&mut fields);
    let parsed = theirs.parse(bytes);
    assert_eq!(parsed, Ok(httparse::Status::Complete(length)));
    assert_eq!(theirs.method, Some(head.method().as_str()));
    assert_eq!(theirs.path, Some(head.target_str()));
    let minor = u8::from(head.version().as_str() == "HTTP/1.1");
    assert_eq!(theirs.version, Some(minor));
    let theirs = theirs.headers.iter().map(|field| (field.name, field.value));
    assert!(theirs.eq(head.fields().iter()));
}

fn sent_again(message: Message) {
    // A sender names the host in a field.
    let hosts = message.fields.iter();
    let mut hosts = hosts.filter(|(name, _)| name.eq_ignore_ascii_case("host"));
    if hosts.next().is_none() {
        return;
    }
    let found = encode::check(&case(Kind::Request), &message);
    assert!(found.is_empty(), "{message:#?}: {found:#?}");
}

/// The case of a message that is sent again: only its kind counts.
pub(crate) fn case(kind: Kind) -> Case {
    Case {
        place: String::new(),
        rfc: String::new(),
        kind,
        limits: Limits::default(),
        input: Vec::new(),
        close: false,
        expect: Ok(Expected::default()),
    }
}

/// Answers with a status and a body that are chosen by the input.
fn answered(input: &Input<'_>) {
    let mut decoder = RequestDecoder::new(Limits::default());
    let Ok(Some(length)) = decoder.decode(input.bytes) else {
        unreachable!("a whole request begins with a head");
    };
    let head = decoder.head(&input.bytes[..length]);
    let mut connection = Connection::new(Role::Server);
    connection.receive_request(&head).expect("the first");
    connection.receive_end().expect("its body has been read");

    let status = [200, 204, 304, 404, 205, 500][input.choice(1, 6)];
    let content: &[u8] = [&b""[..], b"hello"][input.choice(2, 2)];
    let known = input.choice(3, 2) == 0;
    let fields = FieldList::new();
    let mut out = Vec::new();
    let answer = ResponseOut::new(status, &fields);
    let answer = if known {
        answer.length(content.len() as u64)
    } else {
        answer
    };
    if connection.send_response(&answer, &mut out).is_err() {
        assert!(out.is_empty(), "refused, yet appended");
        return;
    }
    let goes = connection.begin_data(content.len(), &mut out);
    if goes == Ok(true) {
        out.extend_from_slice(content);
        connection.end_data(&mut out);
    }
    connection
        .send_end(&FieldList::new(), &mut out)
        .expect("all of it was sent");
    let method = head.method().as_str().to_owned();
    let mut reader = Reader::new(&Kind::Response(method), Limits::default(), false);
    let received = match reader.receive(&out) {
        Ok(None) => reader.close(),
        received => received,
    };
    let received = received.expect("our answers are right").expect("and whole");
    let content = if goes == Ok(true) { content } else { b"" };
    assert_eq!((received.status, &received.content[..]), (status, content));
    assert_eq!(received.length, out.len());
    assert_eq!(received.persistent, connection.is_persistent());
}
