//! The cases of frames: the same is received however the bytes are cut.

use super::format::{self, Case};
use barewire::websocket::wire::{
    Agreement, Connection, Data, Error, Header, Limits, Received, Receiver, Role, Rule,
};

/// Inputs up to this length are cut in two at every place, longer ones near their ends.
const CUT_EVERYWHERE: usize = 2048;

/// What was received: its name, and its payload.
pub(crate) type Came = (&'static str, Vec<u8>);

/// What was received from some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    came: Vec<Came>,
    error: Option<Error>,
    pending: Vec<u8>,
}

#[test]
fn frames() {
    run("frames.txt");
}

#[test]
fn messages() {
    run("messages.txt");
}

#[test]
fn compressed() {
    run("deflate.txt");
}

#[test]
fn close() {
    run("close.txt");
}

fn run(file: &str) {
    let cases = format::cases(file);
    println!("{file}: {} cases", cases.len());
    for case in &cases {
        check(case);
    }
}

/// A case, its bytes read.
struct Read<'c> {
    case: &'c Case,
    role: Role,
    limits: Limits,
    agreed: Option<Agreement>,
    input: Vec<u8>,
    end: bool,
}

/// `yes no window 15 9`
fn agreed(case: &Case) -> Option<Agreement> {
    let line = case.find("agreed")?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let [server, client, "window", of_server, of_client] = words[..] else {
        panic!("{}: {line}", case.place);
    };
    Some(Agreement {
        server_no_context_takeover: server == "no",
        client_no_context_takeover: client == "no",
        server_max_window_bits: of_server.parse().expect("a number"),
        client_max_window_bits: of_client.parse().expect("a number"),
    })
}

fn check(case: &Case) {
    case.only(&[
        "to", "in", "limit", "end", "received", "error", "within", "pending", "agreed",
    ]);
    let bytes = |text: String| {
        format::bytes(&text).unwrap_or_else(|| panic!("{}: bad bytes: {text}", case.place))
    };
    let mut limits = Limits::default();
    if let Some(limit) = case.find("limit") {
        limits.message_bytes = limit.parse().expect("a number");
    }
    let read = Read {
        case,
        role: match case.find("to").as_deref() {
            Some("client") => Role::Client,
            None => Role::Server,
            Some(other) => panic!("{}: neither server nor client: {other}", case.place),
        },
        limits,
        agreed: agreed(case),
        input: case.all("in").into_iter().flat_map(bytes).collect(),
        end: case.find("end").is_some(),
    };
    let whole = read.outcome([&read.input[..]]);
    assert_eq!(
        whole.error.map(|error| error.rule()),
        case.error(),
        "{}: {:?}",
        case.place,
        whole.error
    );
    let came: Vec<Came> = case
        .all("received")
        .iter()
        .map(|line| came(case, line))
        .collect();
    assert_eq!(whole.came, came, "{}", case.place);
    if let Some(pending) = case.find("pending") {
        assert_eq!(whole.pending, bytes(pending), "{}: pending", case.place);
    }
    in_pieces(&read, &whole);
    with_bytes_behind(&read, &whole);
    in_parts(&read, &whole);
    encoded_again(&read);
}

/// `text "Hello"`
fn came(case: &Case, line: &str) -> Came {
    let (name, payload) = line.split_once(' ').unwrap_or((line, ""));
    let names = ["text", "binary", "ping", "pong", "close"];
    let name = names.into_iter().find(|other| *other == name);
    let payload = format::bytes(payload);
    name.zip(payload)
        .unwrap_or_else(|| panic!("{}: {line}", case.place))
}

/// Byte by byte, and cut in two. An error names the same place, and is returned in time.
fn in_pieces(read: &Read<'_>, whole: &Outcome) {
    let place = &read.case.place;
    let input = &read.input[..];
    assert_eq!(
        read.outcome(input.chunks(1)),
        *whole,
        "{place}: byte by byte"
    );
    let length = input.len();
    let cuts = (1..length).filter(|&at| length < CUT_EVERYWHERE || at < 32 || at + 32 > length);
    for at in cuts {
        let cut = read.outcome([&input[..at], &input[at..]]);
        assert_eq!(cut, *whole, "{place}: cut at {at}");
    }
    if let Some(within) = read.case.find("within") {
        let in_time = read.outcome(input[..within.parse().expect("a number")].chunks(1));
        assert_eq!(in_time.error, whole.error, "{place}: returned in time");
    }
}

/// With more bytes behind, the same is received; and then those are received too, unless the peer has closed or
/// was refused.
fn with_bytes_behind(read: &Read<'_>, whole: &Outcome) {
    if read.end {
        return;
    }
    let ping: &[u8] = match read.role {
        Role::Server => b"\x89\x81\x00\x00\x00\x00!",
        Role::Client => b"\x89\x01!",
    };
    let behind = read.outcome([&[&read.input[..], ping].concat()[..]]);
    let mut expected = whole.came.clone();
    let closed = matches!(expected.last(), Some(("close", _)));
    if whole.error.is_none() && !closed {
        expected.push(("ping", b"!".to_vec()));
    }
    assert_eq!(
        (behind.came, behind.error),
        (expected, whole.error),
        "{}",
        read.case.place
    );
}

/// A message that is received in parts is the same.
fn in_parts(read: &Read<'_>, whole: &Outcome) {
    if whole
        .error
        .is_some_and(|error| error.rule() == Rule::MessageTooBig)
    {
        return;
    }
    for size in [1, 2, 3, 7, read.input.len().max(1)] {
        let mut receiver = Receiver::new(read.role, read.limits).in_parts();
        if let Some(agreed) = &read.agreed {
            receiver = receiver.with_deflate(agreed);
        }
        let (mut came, mut message) = (Vec::new(), Vec::new());
        let mut error = None;
        for piece in read.input.chunks(size) {
            let mut piece = piece.to_vec();
            let mut bytes = &mut piece[..];
            while error.is_none() {
                match receiver.receive(&mut bytes) {
                    Ok(Some(Received::Part { data, last })) => {
                        message.extend_from_slice(data.bytes());
                        if last {
                            came.push((name(&data), std::mem::take(&mut message)));
                        }
                    }
                    Ok(Some(other)) => came.push(owned(&other)),
                    Ok(None) => break,
                    Err(refused) => error = Some(refused),
                }
            }
        }
        if read.end && error.is_none() {
            error = receiver.end().err();
        }
        let place = &read.case.place;
        assert_eq!(
            (came, error),
            (whole.came.clone(), whole.error),
            "{place}: parts, {size}"
        );
    }
}

/// A good header has one form.
fn encoded_again(read: &Read<'_>) {
    let mut rest = &read.input[..];
    while let Ok(Some((header, length))) = Header::decode(rest) {
        let mut again = Vec::new();
        header.encode(&mut again);
        assert_eq!(again, rest[..length], "{}", read.case.place);
        let payload = usize::try_from(header.length).unwrap_or(usize::MAX);
        rest = &rest[length..];
        rest = &rest[payload.min(rest.len())..];
    }
}

impl Read<'_> {
    fn outcome<'p>(&self, pieces: impl IntoIterator<Item = &'p [u8]>) -> Outcome {
        let mut connection = Connection::new(self.role, self.limits);
        if let Some(agreed) = &self.agreed {
            connection = connection.with_deflate(agreed);
        }
        let (mut came, mut error) = (Vec::new(), None);
        for piece in pieces {
            // Bytes are taken from where they lie, and what is left there is of no use.
            let mut piece = piece.to_vec();
            let mut bytes = &mut piece[..];
            loop {
                match connection.receive(&mut bytes) {
                    Ok(Some(received)) => came.push(owned(&received)),
                    Ok(None) => break,
                    Err(refused) => {
                        assert_eq!(error, None, "{}: returned twice", self.case.place);
                        error = Some(refused);
                    }
                }
            }
            assert!(bytes.is_empty(), "{}: bytes are left", self.case.place);
        }
        if self.end && error.is_none() {
            error = connection.end().err();
        }
        let mut pending = Vec::new();
        connection
            .sender()
            .append_pending_control(|| [0; 4], &mut pending);
        Outcome {
            came,
            error,
            pending,
        }
    }
}

fn name(data: &Data<'_>) -> &'static str {
    match data {
        Data::Text(_) => "text",
        Data::Binary(_) => "binary",
    }
}

pub(crate) fn owned(received: &Received<'_>) -> Came {
    match received {
        Received::Message(data) => (name(data), data.bytes().to_vec()),
        Received::Ping(payload) => ("ping", payload.to_vec()),
        Received::Pong(payload) => ("pong", payload.to_vec()),
        Received::Close(close) => {
            let mut payload = Vec::new();
            close.encode(&mut payload);
            ("close", payload)
        }
        Received::Part { .. } => panic!("not asked for parts"),
    }
}
