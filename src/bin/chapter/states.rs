//! The states of the two sides, moved by the spans as they pass.
//!
//! | machine | of the client | of the server | moved by |
//! |---|---|---|---|
//! | `http` | the requests' | the responses' | [`request_step`], [`response_step`]: a pair for each exchange |
//! | `websocket` | its phase | its phase | [`step`] for each direction, [`phase`] for both |
//! | `tls` | RFC 8446 §A.1 | RFC 8446 §A.2 | the messages that are not sealed; the end of the handshake, where a tap sees it |
//!
//! The steps are the tables that serve and ask for real. A step that a table does not have is none here: the spans name
//! the rule that was broken.

use crate::json::Object;
use barewire::http::wire::{Event, State, request_step, response_step};
use barewire::trace::wire::{Direction, Explained, Label, Layer, Span};
use barewire::websocket::wire::{self as websocket, phase, step};
use std::collections::BTreeMap;
use std::time::Duration;

/// The machines of one conversation.
#[derive(Default)]
pub(crate) struct Machines {
    exchanges: BTreeMap<u64, Exchange>,
    websocket: Option<WebSocket>,
    tls: Option<[&'static str; 2]>,
}

struct Exchange {
    requests: State,
    responses: State,
    /// What is still to come of each body.
    bodies: [Body; 2],
    is_connect: bool,
}

/// A body that is coming, as a head has announced it.
#[derive(Clone, Copy, PartialEq)]
enum Body {
    None,
    Known(u64),
    Chunked,
    UntilClose,
}

/// Frames of the client and of the server.
struct WebSocket([websocket::State; 2]);

/// A machine that has moved, and the states of its two sides.
pub(crate) struct Moved {
    machine: &'static str,
    sides: [String; 2],
    exchange: Option<u64>,
}

impl Moved {
    pub(crate) fn message(&self, run: u64, conversation: u64, time: Duration) -> String {
        let [client, server] = &self.sides;
        let state = Object::new().text("kind", "state").raw("run", run);
        let state = state.raw("conversation", conversation).time(time);
        let state = state
            .text("machine", self.machine)
            .text("client", client)
            .text("server", server);
        match self.exchange {
            Some(exchange) => state.raw("exchange", exchange).end(),
            None => state.end(),
        }
    }
}

fn index(from: Direction) -> usize {
    match from {
        Direction::FromClient => 0,
        Direction::FromServer => 1,
    }
}

impl Machines {
    /// A span has passed: what moves, in order.
    pub(crate) fn pass(&mut self, explained: &Explained) -> Vec<Moved> {
        let mut moved = Vec::new();
        if explained.layer == Layer::Tls {
            self.is_sealed(explained.from, &mut moved);
        }
        match explained.layer {
            Layer::Tcp | Layer::Tls => {}
            _ => return moved,
        }
        if let Some(websocket) = &mut self.websocket {
            websocket.pass(explained, &mut moved);
            return moved;
        }
        self.tls(explained, &mut moved);
        if self.tls.is_none() || explained.layer == Layer::Tls {
            self.http(explained, &mut moved);
        }
        moved
    }

    /// A tap at this side has seen that the handshake of TLS is over.
    pub(crate) fn handshake_over(&mut self, side: Direction) -> Vec<Moved> {
        let mut moved = Vec::new();
        self.is_sealed(side, &mut moved);
        moved
    }

    fn is_sealed(&mut self, side: Direction, moved: &mut Vec<Moved>) {
        let mut states = self.tls.unwrap_or(["START"; 2]);
        states[index(side)] = "CONNECTED";
        self.tls_is(states, moved);
    }

    fn tls_is(&mut self, states: [&'static str; 2], moved: &mut Vec<Moved>) {
        if self.tls != Some(states) {
            self.tls = Some(states);
            let sides = states.map(str::to_owned);
            moved.push(Moved {
                machine: "tls",
                sides,
                exchange: None,
            });
        }
    }

    fn tls(&mut self, explained: &Explained, moved: &mut Vec<Moved>) {
        for leaf in explained.span.leaves() {
            let name = leaf.value.rsplit(' ').next().unwrap_or_default(); // behind its number
            let [client, server] = match (leaf.label, name) {
                (Label::TlsMessageType, "client_hello") => ["WAIT_SH", "RECVD_CH"],
                (Label::TlsMessageType, "server_hello") => ["WAIT_EE", "NEGOTIATED"],
                // TLS 1.2 shows it: the server waits for the client's second flight.
                (Label::TlsMessageType, "server_hello_done") => ["WAIT_FINISHED", "WAIT_FLIGHT2"],
                (Label::TlsAlertDescription, _) => ["FAILED"; 2],
                _ => continue,
            };
            // A side that is through stays so: an alert is a close_notify of TLS 1.2 then, and a message is explained
            // late, as the tap of the other side has seen it.
            let states = match self.tls.unwrap_or(["START"; 2]) {
                ["CONNECTED", "CONNECTED"] => continue,
                ["CONNECTED", _] => ["CONNECTED", server],
                [_, "CONNECTED"] => [client, "CONNECTED"],
                _ => [client, server],
            };
            self.tls_is(states, moved);
        }
    }

    fn http(&mut self, explained: &Explained, moved: &mut Vec<Moved>) {
        let label = explained.span.label;
        let last = self.exchanges.keys().next_back().copied();
        let Some(number) = explained.exchange.or(last) else {
            return;
        };
        let begins = matches!(label, Label::Request | Label::Response | Label::Refused);
        if !self.exchanges.contains_key(&number) && !begins {
            return;
        }
        let exchange = self.exchanges.entry(number).or_insert_with(Exchange::new);
        let mut all = Steps {
            exchange,
            number,
            moved,
        };
        let from = explained.from;
        match label {
            Label::Request => all.head(from, &explained.span, Event::Request),
            Label::Response => all.head(
                from,
                &explained.span,
                response_event(explained, all.exchange),
            ),
            Label::End => all.ends(from),
            _ => all.body(from, explained),
        }
        if all.exchange.responses == State::Switched && is_websocket(explained) {
            let open = WebSocket([websocket::State::Idle; 2]);
            open.push(moved);
            self.websocket = Some(open);
        }
    }
}

/// Which event a response head is.
fn response_event(explained: &Explained, exchange: &Exchange) -> Event {
    let mut leaves = explained.span.leaves();
    let status = leaves
        .find(|leaf| leaf.label == Label::Status)
        .map_or("", |leaf| &leaf.value);
    match status {
        "101" => Event::Switch,
        _ if status.starts_with('1') => Event::Informational,
        _ if status.starts_with('2') && exchange.is_connect => Event::Switch,
        _ => Event::Response,
    }
}

/// Whether a head of a response accepts a WebSocket.
fn is_websocket(explained: &Explained) -> bool {
    let mut leaves = explained.span.leaves();
    leaves.any(|leaf| {
        leaf.label == Label::FieldName && leaf.value.eq_ignore_ascii_case("Sec-WebSocket-Accept")
    })
}

impl Exchange {
    fn new() -> Exchange {
        Exchange {
            requests: State::Idle,
            responses: State::Idle,
            bodies: [Body::None; 2],
            is_connect: false,
        }
    }
}

/// The steps of one exchange.
struct Steps<'m> {
    exchange: &'m mut Exchange,
    number: u64,
    moved: &'m mut Vec<Moved>,
}

impl Steps<'_> {
    fn head(&mut self, from: Direction, head: &Span, event: Event) {
        let body = body(head);
        if body == Body::None {
            return; // the good part of a head that is refused
        }
        let mut leaves = head.leaves();
        self.exchange.is_connect |=
            leaves.any(|leaf| leaf.label == Label::Method && leaf.value == "CONNECT");
        self.step(from, event);
        if event == Event::Switch {
            self.step(Direction::FromClient, Event::Switch);
        }
        if matches!(event, Event::Request | Event::Response) {
            self.exchange.bodies[index(from)] = body;
            if body == Body::Known(0) {
                self.step(from, Event::End);
            }
        }
    }

    fn body(&mut self, from: Direction, explained: &Explained) {
        for leaf in explained.span.leaves() {
            let length = leaf.range.end - leaf.range.start;
            match leaf.label {
                Label::BodyData | Label::ChunkData if length > 0 => self.data(from, length),
                Label::ChunkedEnd => self.step(from, Event::End),
                Label::Refused => self.step(from, Event::Fail),
                _ => {}
            }
        }
    }

    fn data(&mut self, from: Direction, length: u64) {
        self.step(from, Event::Data);
        if let Body::Known(left) = &mut self.exchange.bodies[index(from)] {
            *left = left.saturating_sub(length);
            if *left == 0 {
                self.step(from, Event::End);
            }
        }
    }

    fn ends(&mut self, from: Direction) {
        let body = self.exchange.bodies[index(from)];
        let state = [self.exchange.requests, self.exchange.responses][index(from)];
        if body == Body::UntilClose && state == State::Body {
            self.step(from, Event::End);
        }
        self.step(from, Event::Close);
    }

    /// The step of a table, if it has one.
    fn step(&mut self, from: Direction, event: Event) {
        let Exchange {
            requests,
            responses,
            ..
        } = self.exchange;
        let before = (*requests, *responses);
        if from == Direction::FromClient {
            *requests = request_step(*requests, event).unwrap_or(*requests);
        }
        // A request moves both: a response is awaited.
        if from == Direction::FromServer || event == Event::Request {
            *responses = response_step(*responses, event).unwrap_or(*responses);
        }
        if before != (*requests, *responses) {
            let sides = [*requests, *responses].map(|state| format!("{state:?}"));
            let exchange = Some(self.number);
            self.moved.push(Moved {
                machine: "http",
                sides,
                exchange,
            });
        }
    }
}

/// The body that a head announces: its last leaf has a note of the rule that decides.
fn body(head: &Span) -> Body {
    let mut notes = head.leaves().flat_map(|leaf| &leaf.notes);
    let says = notes.find_map(|note| match note.label {
        Label::Length1 | Label::Length2 | Label::Length6 | Label::Length7 => {
            Some(Body::Known(note.value.split(' ').next()?.parse().ok()?))
        }
        Label::Length4 => Some(Body::Chunked),
        Label::Length8 => Some(Body::UntilClose),
        _ => None,
    });
    says.unwrap_or(Body::None)
}

impl WebSocket {
    fn pass(&mut self, explained: &Explained, moved: &mut Vec<Moved>) {
        let mut leaves = explained.span.leaves();
        let event = match explained.span.label {
            Label::Frame => leaves.find_map(|leaf| match leaf.label {
                Label::FrameFirst => Some(frame(&leaf.value)),
                Label::Refused => Some(websocket::Event::Fail),
                _ => None,
            }),
            Label::Refused | Label::End => Some(websocket::Event::Fail),
            _ => None,
        };
        let state = &mut self.0[index(explained.from)];
        if let Some(next) = event.and_then(|event| step(*state, event)) {
            let before = self.phases();
            self.0[index(explained.from)] = next;
            if self.phases() != before {
                self.push(moved);
            }
        }
    }

    /// As each side sees it.
    fn phases(&self) -> [websocket::Phase; 2] {
        let [client, server] = self.0;
        [phase(server, client), phase(client, server)]
    }

    fn push(&self, moved: &mut Vec<Moved>) {
        let sides = self.phases().map(|phase| format!("{phase:?}"));
        moved.push(Moved {
            machine: "websocket",
            sides,
            exchange: None,
        });
    }
}

/// The first byte of a frame, as the explainer says it: `FIN Text`.
fn frame(says: &str) -> websocket::Event {
    let (fin, opcode) = match says.strip_prefix("FIN ") {
        Some(opcode) => (true, opcode),
        None => (false, says),
    };
    match (fin, opcode) {
        (_, "Close") => websocket::Event::Close,
        (_, "Ping" | "Pong") => websocket::Event::Control,
        (true, "Continuation") => websocket::Event::Last,
        (false, "Continuation") => websocket::Event::Middle,
        (true, _) => websocket::Event::Whole,
        (false, _) => websocket::Event::First,
    }
}

#[cfg(test)]
mod tests;
