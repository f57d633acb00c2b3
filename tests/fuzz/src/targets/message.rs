//! A whole WebSocket connection, in either role.
//!
//! - The same things come, and the same error, however the bytes are cut.
//! - After an error nothing comes, and nothing comes after a Close.
//! - No message is longer than the limit; in parts, each message is the same.
//! - What we send (echoes, whole or in parts, and what is owed) is right for the peer: it receives
//!   just that, and no error.

use crate::input::Input;
use barewire::websocket::wire::{
    Agreement, Connection, Data, Error, Limits, Phase, Received, Receiver, Role, Rule,
};

const LIMITS: [usize; 4] = [16, 125, 1000, usize::MAX];
const NO_LIMIT: Limits = Limits {
    message_bytes: usize::MAX,
};

/// What came: a letter for its kind, and its payload.
type Came = (char, Vec<u8>);

#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    came: Vec<Came>,
    error: Option<Error>,
    phase: Phase,
    sent: Vec<u8>,
}

pub(crate) fn run(input: &Input<'_>) {
    let role = [Role::Server, Role::Client][input.choice(0, 2)];
    let limit = LIMITS[input.choice(1, LIMITS.len())];
    let ends = input.choice(2, 2) == 1;
    let limits = Limits {
        message_bytes: limit,
    };
    let agreed = [None, None, Some((false, 15)), Some((true, 9))][input.choice(3, 4)];
    let agreed = agreed.map(|(no_takeover, bits)| Agreement {
        server_no_context_takeover: no_takeover,
        client_no_context_takeover: no_takeover,
        server_max_window_bits: bits,
        client_max_window_bits: bits,
    });
    let begin = || {
        let connection = Connection::new(role, limits);
        match &agreed {
            Some(agreed) => connection.with_deflate(agreed),
            None => connection,
        }
    };
    let whole = outcome(begin(), ends, [input.bytes]);
    for pieces in input.ways() {
        assert_eq!(outcome(begin(), ends, pieces), whole);
    }
    for (kind, payload) in &whole.came {
        let most = if "tb".contains(*kind) { limit } else { 125 };
        assert!(payload.len() <= most, "{kind} of {}", payload.len());
    }
    if limit == usize::MAX {
        in_parts(input, || begin().split().0.in_parts(), &whole, ends);
    }
    echoed(role, &whole);
}

fn outcome<'p>(
    mut connection: Connection,
    ends: bool,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Outcome {
    let (mut came, mut error, mut sent) = (Vec::new(), None, Vec::new());
    let mut keys = 0u32;
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut bytes = &mut piece[..];
        loop {
            let one = match connection.receive(&mut bytes) {
                Ok(Some(received)) => owned(&received),
                Ok(None) => break,
                Err(refused) => {
                    assert_eq!(error, None, "an error is told once");
                    error = Some(refused);
                    continue;
                }
            };
            assert_eq!(error, None, "something came behind an error");
            assert!(!came.iter().any(|(kind, _)| *kind == 'c'), "or a Close");
            echo(&mut connection, &one, &mut keys, &mut sent);
            came.push(one);
        }
        assert!(bytes.is_empty(), "all bytes are taken");
    }
    if ends && error.is_none() {
        error = connection.end().err();
        assert_eq!(connection.end(), Ok(()), "an end is told once");
    }
    connection
        .sender()
        .append_pending_control(|| next(&mut keys), &mut sent);
    assert!(!connection.sender().has_pending_control());
    Outcome {
        came,
        error,
        phase: connection.phase(),
        sent,
    }
}

fn owned(received: &Received<'_>) -> Came {
    match received {
        Received::Message(data) => (kind(data), data.bytes().to_vec()),
        Received::Part { .. } => unreachable!("not asked for parts"),
        Received::Ping(payload) => ('p', payload.to_vec()),
        Received::Pong(payload) => ('o', payload.to_vec()),
        Received::Close(close) => {
            let mut payload = Vec::new();
            close.encode(&mut payload);
            ('c', payload)
        }
    }
}

fn kind(data: &Data<'_>) -> char {
    match data {
        Data::Text(_) => 't',
        Data::Binary(_) => 'b',
    }
}

fn next(keys: &mut u32) -> [u8; 4] {
    *keys = keys.wrapping_add(0x9e37_79b9);
    keys.to_be_bytes()
}

/// Sends back what came: a text in two parts with what is owed between them, all else at once.
fn echo(connection: &mut Connection, (kind, payload): &Came, keys: &mut u32, sent: &mut Vec<u8>) {
    let sender = connection.sender();
    let done = match kind {
        't' => {
            let text = str::from_utf8(payload).expect("a text is UTF-8");
            let (one, other) = text.split_at(text.floor_char_boundary(text.len() / 2));
            sender
                .send_part(Data::Text(one), false, || next(keys), sent)
                .and_then(|()| {
                    sender.append_pending_control(|| next(keys), sent);
                    sender.send_part(Data::Text(other), true, || next(keys), sent)
                })
        }
        'b' => sender.send(Data::Binary(payload), || next(keys), sent),
        _ => {
            sender.append_pending_control(|| next(keys), sent);
            Ok(())
        }
    };
    done.expect("the peer had not closed, so we may send");
}

/// The peer receives what we echoed, the pongs and the Close that we owed, and nothing else.
fn echoed(role: Role, whole: &Outcome) {
    let peer = match role {
        Role::Server => Role::Client,
        Role::Client => Role::Server,
    };
    let mut sent = whole.sent.clone();
    let mut bytes = &mut sent[..];
    let mut receiver = Receiver::new(peer, NO_LIMIT);
    let mut came = Vec::new();
    while let Some(received) = receiver.receive(&mut bytes).expect("what we send is right") {
        came.push(owned(&received));
    }
    let mut expected = Vec::new();
    for (kind, payload) in &whole.came {
        match kind {
            't' | 'b' => expected.push((*kind, payload.clone())),
            'p' => expected.push(('o', payload.clone())),
            'c' => expected.push(('c', payload[..payload.len().min(2)].to_vec())),
            _ => {}
        }
    }
    if let Some(error) = whole.error
        && let Some(code) = error.close_code().filter(|code| *code != 1006)
    {
        let reason = error.rule().says().as_bytes();
        expected.push(('c', [&code.to_be_bytes(), reason].concat()));
    }
    assert_eq!(came, expected);
}

/// A message that is given out in parts is the same, and each part but the last has something.
fn in_parts(input: &Input<'_>, begin: impl Fn() -> Receiver, whole: &Outcome, ends: bool) {
    for pieces in input.ways() {
        let mut receiver = begin();
        let (mut came, mut message, mut error) = (Vec::new(), Vec::new(), None);
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut bytes = &mut piece[..];
            loop {
                match receiver.receive(&mut bytes) {
                    Ok(Some(Received::Part { data, last })) => {
                        assert!(last || !data.bytes().is_empty(), "an empty part");
                        message.extend_from_slice(data.bytes());
                        if last {
                            came.push((kind(&data), std::mem::take(&mut message)));
                        }
                    }
                    Ok(Some(other)) => came.push(owned(&other)),
                    Ok(None) => break,
                    Err(refused) => error = Some(refused),
                }
            }
        }
        if ends && error.is_none() {
            error = receiver.end().err();
        }
        assert_eq!((&came, error), (&whole.came, whole.error), "in parts");
    }
    let rule = whole.error.map(|error| error.rule());
    assert_ne!(rule, Some(Rule::MessageTooBig), "there is no limit");
}
