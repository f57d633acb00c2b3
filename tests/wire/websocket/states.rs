//! The machine: its table is that of `fixtures/websocket/states.txt`, and both halves of a connection keep to
//! it, in every state and with every event.

use super::format;
use barewire::websocket::wire::{
    Close, CloseCode, Connection, Data, Event, Header, Limits, Misuse, Opcode, Phase, Receiver,
    Role, Rule, Sender, State, phase, step,
};

const STATES: [State; 4] = [State::Idle, State::Message, State::Closed, State::Failed];
const EVENTS: [Event; 7] = [
    Event::Whole,
    Event::First,
    Event::Middle,
    Event::Last,
    Event::Control,
    Event::Close,
    Event::Fail,
];

#[test]
fn every_state_and_event_is_as_the_table_says() {
    let table = tables().remove(0);
    compare(
        &table,
        &EVENTS.map(|event| format!("{event:?}")),
        |state, at| step(state, EVENTS[at]).map_or("-".to_string(), |state| format!("{state:?}")),
    );
}

#[test]
fn every_phase_is_as_the_table_says() {
    let table = tables().remove(1);
    compare(
        &table,
        &STATES.map(|state| format!("{state:?}")),
        |sent, at| format!("{:?}", phase(STATES[at], sent)),
    );
}

fn tables() -> Vec<Vec<Vec<String>>> {
    let path = format::folder().join("states.txt");
    let text = std::fs::read_to_string(path).expect("the tables");
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    let words = rows.map(|row| {
        row.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    let words: Vec<_> = words.collect();
    let tables = words
        .split(|row| row.is_empty())
        .filter(|rows| !rows.is_empty());
    tables.map(<[Vec<String>]>::to_vec).collect()
}

fn compare(table: &[Vec<String>], columns: &[String], cell: impl Fn(State, usize) -> String) {
    assert_eq!(table[0][1..], *columns);
    assert_eq!(table.len(), STATES.len() + 1);
    for (row, state) in table[1..].iter().zip(STATES) {
        assert_eq!(row[0], format!("{state:?}"));
        assert_eq!(row.len(), columns.len() + 1);
        for (at, expected) in row[1..].iter().enumerate() {
            assert_eq!(cell(state, at), *expected, "{state:?}, {}", columns[at]);
        }
    }
}

/// An unmasked frame that is this event.
fn frame(event: Event) -> Vec<u8> {
    let (fin, opcode) = match event {
        Event::Whole => (true, Opcode::Text),
        Event::First => (false, Opcode::Text),
        Event::Middle => (false, Opcode::Continuation),
        Event::Last => (true, Opcode::Continuation),
        Event::Control => (true, Opcode::Ping),
        Event::Close => (true, Opcode::Close),
        Event::Fail => return b"\x83\x00".to_vec(),
    };
    let mut bytes = Vec::new();
    let header = Header {
        fin,
        rsv: 0,
        opcode,
        length: 0,
        key: None,
    };
    header.encode(&mut bytes);
    bytes
}

/// The events that lead from the start to a state.
fn way_to(state: State) -> Vec<Event> {
    match state {
        State::Idle => vec![],
        State::Message => vec![Event::First],
        State::Closed => vec![Event::Close],
        State::Failed => vec![Event::Fail],
    }
}

#[test]
fn a_receiver_keeps_to_the_table() {
    for (state, event) in STATES.iter().flat_map(|&s| EVENTS.map(|e| (s, e))) {
        let mut receiver = Receiver::new(Role::Client, Limits::default());
        for before in way_to(state) {
            let _ = receiver.receive(&mut &mut frame(before)[..]);
        }
        assert_eq!(receiver.state(), state);
        let mut bytes = frame(event);
        let received = receiver.receive(&mut &mut bytes[..]);
        let gone = matches!(state, State::Closed | State::Failed);
        let rule = match (step(state, event), event) {
            _ if gone => None, // what comes now is dropped
            (_, Event::Fail) => Some(Rule::OpcodeReserved),
            (Some(_), _) => None,
            (None, Event::Middle | Event::Last) => Some(Rule::ContinuationOfNothing),
            (None, _) => Some(Rule::MessageInterrupted),
        };
        assert_eq!(
            received.err().map(|error| error.rule()),
            rule,
            "{state:?}, {event:?}"
        );
        let follows = step(state, event).unwrap_or(if gone { state } else { State::Failed });
        assert_eq!(receiver.state(), follows, "{state:?}, {event:?}");
    }
}

/// Sends what this event stands for; `Fail`: the peer is gone.
fn send_event(sender: &mut Sender, event: Event, out: &mut Vec<u8>) -> Result<(), Misuse> {
    let key = || [0; 4];
    let text = Data::Text("");
    match event {
        Event::Whole => sender.send(text, key, out),
        Event::First => match sender.state() {
            State::Message => sender.send(text, key, out), // a first part goes on with it instead
            _ => sender.send_part(text, false, key, out),
        },
        Event::Middle => sender.send_part(text, false, key, out),
        Event::Last => sender.send_part(text, true, key, out),
        Event::Control => sender.ping(b"", key, out),
        Event::Close => sender.close(Close::EMPTY, key, out),
        Event::Fail => {
            let mut receiver = Receiver::new(Role::Server, Limits::default());
            sender.fail(&receiver.end().expect_err("no Close frame"));
            Ok(())
        }
    }
}

#[test]
fn a_sender_keeps_to_the_table() {
    for (state, event) in STATES.iter().flat_map(|&s| EVENTS.map(|e| (s, e))) {
        let (mut sender, mut out) = (Sender::new(Role::Server), Vec::new());
        for before in way_to(state) {
            send_event(&mut sender, before, &mut out).expect("the way there");
        }
        assert_eq!(sender.state(), state);
        out.clear();
        let done = send_event(&mut sender, event, &mut out);
        // Without a message a part is the first one: Middle and Last cannot be said there.
        let said = match (state, event) {
            (State::Idle, Event::Middle) => Event::First,
            (State::Idle, Event::Last) => Event::Whole,
            _ => event,
        };
        let misuse = match (step(state, said), state) {
            _ if event == Event::Fail => None,
            (Some(_), _) => None,
            (None, State::Closed | State::Failed) => Some(Misuse::Closed),
            (None, _) => Some(Misuse::Unfinished),
        };
        assert_eq!(done.err(), misuse, "{state:?}, {event:?}");
        assert_eq!(
            sender.state(),
            step(state, said).unwrap_or(state),
            "{state:?}, {event:?}"
        );
        assert_eq!(out.is_empty(), misuse.is_some() || event == Event::Fail);
    }
}

/// Passes all bytes in `from` to `to`, and appends its pending control frames to `back`.
fn pass(from: &mut Vec<u8>, to: &mut Connection, back: &mut Vec<u8>) {
    let mut bytes = &mut from[..];
    while let Some(_received) = to.receive(&mut bytes).expect("good frames") {}
    to.sender().append_pending_control(|| [1, 2, 3, 4], back);
    from.clear();
}

#[test]
fn the_closing_handshake_by_either_side_and_by_both() {
    let ends = || [Role::Client, Role::Server].map(|role| Connection::new(role, Limits::default()));
    let close = Close::new(CloseCode::NORMAL, "bye").expect("short");
    for closes_first in [0, 1] {
        let mut ends = ends();
        let [mut there, mut back] = [Vec::new(), Vec::new()];
        let key = || [9; 4];
        ends[closes_first]
            .sender()
            .close(close, key, &mut there)
            .expect("open");
        assert_eq!(ends[closes_first].phase(), Phase::CloseSent);
        pass(&mut there, &mut ends[1 - closes_first], &mut back);
        assert_eq!(ends[1 - closes_first].phase(), Phase::Closed);
        pass(&mut back, &mut ends[closes_first], &mut there);
        assert_eq!(ends[closes_first].phase(), Phase::Closed);
        assert!(
            there.is_empty(),
            "a Close that answers ours is not answered"
        );
    }

    let [mut client, mut server] = ends();
    let [mut up, mut down] = [Vec::new(), Vec::new()];
    client
        .sender()
        .close(close, || [9; 4], &mut up)
        .expect("open");
    server
        .sender()
        .close(close, || [9; 4], &mut down)
        .expect("open");
    let mut nothing = Vec::new();
    pass(&mut up, &mut server, &mut nothing);
    pass(&mut down, &mut client, &mut nothing);
    assert_eq!(
        (client.phase(), server.phase()),
        (Phase::Closed, Phase::Closed)
    );
    assert!(nothing.is_empty());
}

/// After our Close frame, messages of the peer are received, and its pings are not answered.
#[test]
fn what_comes_after_our_close() {
    let mut connection = Connection::new(Role::Server, Limits::default());
    let mut out = Vec::new();
    let no_key = || unreachable!("a server masks nothing");
    let going = Close::new(CloseCode::GOING_AWAY, "").expect("short");
    connection
        .sender()
        .close(going, no_key, &mut out)
        .expect("open");
    let mut up = b"\x81\x81\0\0\0\0a\x89\x80\0\0\0\0\x88\x80\0\0\0\0".to_vec();
    pass(&mut up, &mut connection, &mut out);
    assert_eq!(out, b"\x88\x02\x03\xe9");
    assert_eq!(
        (connection.phase(), connection.end()),
        (Phase::Closed, Ok(()))
    );
}

#[test]
fn the_connection_is_lost() {
    let mut connection = Connection::new(Role::Client, Limits::default());
    let error = connection.end().expect_err("no Close frame came");
    assert_eq!(
        (error.rule(), error.close_code()),
        (Rule::ClosedAbnormally, Some(1006))
    );
    assert_eq!(connection.phase(), Phase::Failed);
    let mut out = Vec::new();
    let sent = connection
        .sender()
        .send(Data::Text("a"), || [0; 4], &mut out);
    assert_eq!(
        (sent, connection.sender().has_pending_control(), out),
        (Err(Misuse::Closed), false, vec![])
    );
    assert_eq!(connection.end(), Ok(()), "the error is returned once");
}
