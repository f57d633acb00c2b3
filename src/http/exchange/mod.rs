//! One connection's exchanges: what a request and its response are made of, below the server that
//! drives them.
//!
//! ```text
//!      Request ────────┐        ┌──────── Response          what the handler holds
//!         │            ▼        ▼             │
//!         ▼              Link                 ▼
//!     Incoming     machine · outbox        Answer           what they share
//!         │              │
//!         ▼              ▼
//!       Pace           Outbox ── Pace                       what waits for the peer
//! ```
//!
//! [`Incoming`] is the body as it comes, `Answer` the head that is being put together,
//! [`Outbox`] the bytes that wait to be sent, [`Link`] what ties them to the connection's machine.

mod answer;
mod incoming;
mod link;
mod outbox;

pub(crate) use incoming::Incoming;
pub(crate) use link::Link;
pub(crate) use outbox::Outbox;
