//! Which frame may follow which: the states of a connection, and the table of their changes.
//!
//! A connection carries two streams of frames, and each has a state of its own. The same rules hold in both
//! directions, so there is one table. A peer that breaks it gets an [`Error`](super::super::Error), a caller a
//! [`Misuse`](super::super::Misuse).
//!
//! ```text
//!   Whole, Control                 Middle, Control
//!       ┌──┐                           ┌──┐
//!       │  ▼                           │  ▼
//!       Idle ───────── First ───────▶ Message          a message in several frames
//!        │ ▲                           │  │
//!        │ └─────────── Last ──────────┘  │
//!        │                                │
//!        └──── Close ──▶ Closed ◀─ Close ─┘            nothing follows
//!
//!       Idle, Message ── Fail ──▶ Failed               a rule was broken, or the bytes ended
//! ```
//!
//! Both states together are the connection's [`Phase`]:
//!
//! | it sent \ it received | Idle, Message | Closed | Failed |
//! |---|---|---|---|
//! | **Idle, Message** | Open | CloseReceived | Failed |
//! | **Closed** | CloseSent | Closed | Failed |
//! | **Failed** | Failed | Failed | Failed |
//!
//! `fixtures/websocket/states.txt` is both as tables.

/// The state of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Between two messages.
    Idle,
    /// Inside a message: its last frame has not passed.
    Message,
    /// A Close frame has passed: nothing follows.
    Closed,
    /// A rule was broken, or the bytes ended without a Close frame.
    Failed,
}

/// What changes a state: a frame, by its place in a message, or the end of all frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A message in one frame.
    Whole,
    /// The first frame of several.
    First,
    /// A continuation that is not the last.
    Middle,
    /// The last frame of several.
    Last,
    /// A ping or a pong.
    Control,
    /// A Close frame.
    Close,
    /// The end, without one.
    Fail,
}

/// The state after `event`; `None`: it must not happen in this state.
// RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of
// another message unless an extension has been negotiated that can interpret the interleaving."
// RFC 6455 §5.4: "Control frames (see Section 5.5) MAY be injected in the middle of a fragmented
// message."
// RFC 6455 §5.5.1: "The application MUST NOT send any more data frames after sending a Close frame."
#[inline]
pub fn step(state: State, event: Event) -> Option<State> {
    Some(match (state, event) {
        (State::Idle, Event::Whole) => State::Idle,
        (State::Idle, Event::First) => State::Message,
        (State::Message, Event::Middle) => State::Message,
        (State::Message, Event::Last) => State::Idle,
        (State::Idle, Event::Control) => State::Idle,
        (State::Message, Event::Control) => State::Message,
        (State::Idle | State::Message, Event::Close) => State::Closed,
        (State::Idle | State::Message, Event::Fail) => State::Failed,
        _ => return None,
    })
}

/// The state of the whole connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Messages go both ways.
    Open,
    /// We have sent a Close frame. What the peer has sent before it saw that still comes.
    CloseSent,
    /// The peer has sent a Close frame, and waits for ours.
    CloseReceived,
    /// Both have sent one: the closing handshake is complete.
    Closed,
    /// There was no closing handshake, or a rule was broken.
    Failed,
}

/// The phase of a connection with these two states.
// RFC 6455 §5.5.1: "After both sending and receiving a Close message, an endpoint considers the
// WebSocket connection closed and MUST close the underlying TCP connection."
pub fn phase(received: State, sent: State) -> Phase {
    match (received, sent) {
        (State::Failed, _) | (_, State::Failed) => Phase::Failed,
        (State::Closed, State::Closed) => Phase::Closed,
        (State::Closed, _) => Phase::CloseReceived,
        (_, State::Closed) => Phase::CloseSent,
        (State::Idle | State::Message, State::Idle | State::Message) => Phase::Open,
    }
}
