//! One connection's exchanges: what a request and its response are made of, below the server that
//! drives them.
//!
//! ```text
//!      Request ────────┐        ┌──────── Response          what the handler holds
//!         │            ▼        ▼             │
//!         ▼        ServerConnection           ▼
//!    RequestBody   machine · queue         Answer           what they share
//!         │              │
//!         ▼              ▼
//!       Pace        ResponseQueue ── Pace                   what waits for the peer
//! ```
//!
//! [`RequestBody`] is the body as it comes, `Answer` the head that is being put together,
//! [`ResponseQueue`] the bytes that are not sent yet, [`ServerConnection`] what ties them to the connection's machine.
//! [`Budget`] is what the collected bodies of all connections share.

mod budget;
mod connection;
mod draft;
mod request_body;
mod response_queue;

pub(crate) use budget::{Budget, Charge};
pub(crate) use connection::ServerConnection;
pub(crate) use request_body::{BodyState, RequestBody};
pub(crate) use response_queue::ResponseQueue;
