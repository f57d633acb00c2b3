//! Any messages, cut into any frames, with control frames between, the stream cut anywhere: the same
//! messages are received, in both roles. And damaged bytes give the same error however they are cut.

use super::frames::{Came, owned};
use crate::support::Random;
use barewire::websocket::wire::{
    Close, CloseCode, Connection, Data, Header, Limits, Mask, Opcode, Role, Rule, Sender,
};

impl Random {
    fn key(&mut self) -> [u8; 4] {
        (self.next() as u32).to_ne_bytes()
    }

    /// A length: mostly small, sometimes around an edge of the forms.
    fn length(&mut self) -> usize {
        let most = [3, 20, 127, 300, 70_000][self.below(5)];
        match self.below(20) {
            0 => [0, 125, 126, 127, 65_535, 65_536][self.below(6)],
            _ => self.below(most),
        }
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    fn text(&mut self, length: usize) -> String {
        const LETTERS: [char; 8] = [
            'a',
            '\0',
            '\u{7f}',
            'é',
            '月',
            '\u{ffff}',
            '\u{1f600}',
            '\u{10ffff}',
        ];
        (0..length / 2).map(|_| LETTERS[self.below(8)]).collect()
    }
}

/// Frames of a peer in this role, and what must be received.
struct Stream {
    role: Role,
    bytes: Vec<u8>,
    came: Vec<Came>,
}

impl Stream {
    fn frame(&mut self, random: &mut Random, fin: bool, opcode: Opcode, payload: &[u8]) {
        let key = match self.role {
            Role::Client => Some(random.key()),
            Role::Server => None,
        };
        let header = Header {
            fin,
            rsv: 0,
            opcode,
            length: payload.len() as u64,
            key,
        };
        header.encode(&mut self.bytes);
        match key {
            Some(key) => Mask::new(key).append(payload, &mut self.bytes),
            None => self.bytes.extend_from_slice(payload),
        }
    }

    fn control(&mut self, random: &mut Random) {
        let length = random.below(126);
        let payload = random.bytes(length);
        let (opcode, name) = match random.one_in(2) {
            true => (Opcode::Ping, "ping"),
            false => (Opcode::Pong, "pong"),
        };
        self.frame(random, true, opcode, &payload);
        self.came.push((name, payload));
    }

    /// A message, cut into frames anywhere, also inside a character.
    fn message(&mut self, random: &mut Random) {
        let length = random.length();
        let (mut opcode, name, payload) = match random.one_in(2) {
            true => (Opcode::Text, "text", random.text(length).into_bytes()),
            false => (Opcode::Binary, "binary", random.bytes(length)),
        };
        let mut rest = &payload[..];
        let parts = if random.one_in(2) {
            1
        } else {
            1 + random.below(6)
        };
        for part in 1..=parts {
            let last = part == parts;
            let length = if last {
                rest.len()
            } else {
                random.below(rest.len() + 1)
            };
            let (frame, behind) = rest.split_at(length);
            self.frame(random, last, opcode, frame);
            (rest, opcode) = (behind, Opcode::Continuation);
            if !last && random.one_in(3) {
                self.control(random);
            }
        }
        self.came.push((name, payload));
    }

    fn close(&mut self, random: &mut Random) {
        let code = CloseCode::new(3000 + random.below(2000) as u16).expect("in range");
        let length = random.below(20);
        let reason = random.text(length);
        let mut payload = Vec::new();
        Close::new(code, &reason)
            .expect("short")
            .encode(&mut payload);
        self.frame(random, true, Opcode::Close, &payload);
        self.came.push(("close", payload));
    }
}

fn stream(random: &mut Random, role: Role) -> Stream {
    let (bytes, came) = (Vec::new(), Vec::new());
    let mut stream = Stream { role, bytes, came };
    for _ in 0..random.below(8) {
        match random.one_in(4) {
            true => stream.control(random),
            false => stream.message(random),
        }
    }
    if random.one_in(2) {
        stream.close(random);
    }
    stream
}

/// Frames of a client, any and in any order, up to a few thousand bytes.
pub(crate) fn frames_to_server(random: &mut Random) -> Vec<u8> {
    let mut bytes = stream(random, Role::Client).bytes;
    bytes.truncate(2000);
    bytes
}

fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

/// What is received from bytes in pieces of random sizes, up to `most`.
fn received(
    random: &mut Random,
    role: Role,
    bytes: &[u8],
    most: usize,
) -> (Vec<Came>, Option<Rule>) {
    let mut connection = Connection::new(role, Limits::default());
    let (mut came, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at((1 + random.below(most)).min(rest.len()));
        let mut piece = piece.to_vec();
        let mut bytes = &mut piece[..];
        loop {
            match connection.receive(&mut bytes) {
                Ok(Some(received)) => came.push(owned(&received)),
                Ok(None) => break,
                Err(error) => return (came, Some(error.rule())),
            }
        }
        rest = behind;
    }
    (came, None)
}

#[test]
fn the_same_messages_come_however_they_are_cut() {
    the_same_messages_come(100);
}

#[test]
#[ignore = "takes a second unoptimized; .ci/run runs it"]
fn the_same_messages_come_in_more_rounds() {
    the_same_messages_come(400);
}

fn the_same_messages_come(rounds: usize) {
    let mut random = Random::new(0x6455);
    for round in 0..rounds {
        for role in [Role::Client, Role::Server] {
            let sent = stream(&mut random, role);
            for most in [1, 7, 200, 9000, usize::MAX >> 33] {
                if most < 200 && sent.bytes.len() > 20_000 {
                    continue;
                }
                let came = received(&mut random, other(role), &sent.bytes, most);
                assert_eq!(came.1, None, "round {round}, up to {most}");
                assert!(came.0 == sent.came, "round {round}, up to {most}");
            }
        }
    }
}

/// A few bytes changed, put in, left out or doubled.
pub(crate) fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..1 + random.below(3) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(6)).min(bytes.len());
        match random.below(4) {
            0 if at < bytes.len() => bytes[at] = random.next() as u8,
            1 => drop(bytes.drain(at..end)),
            2 => bytes.insert(at, [0, 0x7e, 0x7f, 0x80, 0x88, 0xfe, 0xff][random.below(7)]),
            _ => {
                let doubled = bytes[at..end].to_vec();
                bytes.splice(at..at, doubled);
            }
        }
    }
}

#[test]
fn damaged_bytes_give_the_same_error_however_they_are_cut() {
    damaged_bytes_give_the_same_error(1000);
}

#[test]
#[ignore = "takes 4 s unoptimized; .ci/run runs it"]
fn damaged_bytes_give_the_same_error_in_more_rounds() {
    damaged_bytes_give_the_same_error(6000);
}

fn damaged_bytes_give_the_same_error(rounds: usize) {
    let mut random = Random::new(0xbad_f4a3e);
    let (mut good, mut bad) = (0, 0);
    for _ in 0..rounds {
        let role = if random.one_in(2) {
            Role::Client
        } else {
            Role::Server
        };
        let mut bytes = stream(&mut random, role).bytes;
        bytes.truncate(2000);
        damage(&mut random, &mut bytes);
        let whole = received(&mut random, other(role), &bytes, usize::MAX >> 33);
        for most in [1, 5, 300] {
            let pieces = received(&mut random, other(role), &bytes, most);
            assert_eq!(pieces, whole, "up to {most}: {}", bytes.escape_ascii());
        }
        *if whole.1.is_none() {
            &mut good
        } else {
            &mut bad
        } += 1;
    }
    println!("{good} went through, {bad} were refused");
    assert!(good > rounds / 12 && bad > rounds / 12);
}

/// Two connections: what one sends, the other receives.
#[test]
fn what_is_sent_is_received() {
    let mut random = Random::new(0x5e4d);
    for role in [Role::Client, Role::Server] {
        let (mut sender, mut bytes, mut sent) = (Sender::new(role), Vec::new(), Vec::new());
        let mut keys = Random::new(1);
        for _ in 0..500 {
            let length = random.below(300);
            let parts: Vec<String> = (0..1 + random.below(4))
                .map(|_| random.text(length))
                .collect();
            let whole = parts.concat();
            if parts.len() == 1 {
                sender
                    .send(Data::Text(&whole), || keys.key(), &mut bytes)
                    .expect("open");
            }
            for (at, part) in parts.iter().enumerate().filter(|_| parts.len() > 1) {
                let last = at + 1 == parts.len();
                let part = Data::Text(part);
                sender
                    .send_part(part, last, || keys.key(), &mut bytes)
                    .expect("open");
            }
            sent.push(("text", whole.into_bytes()));
        }
        let came = received(&mut random, other(role), &bytes, 4096);
        assert!(came == (sent, None), "{role:?}");
    }
}
