//! What a request and its response are made of.
//!
//! ```text
//!      Request ────────┐        ┌──────── Response      what the handler has
//!         │            ▼        ▼
//!         ▼         ServerConnection                    shared, in a RefCell
//!    RequestBody    machine · ResponseDraft · queue
//!         │                              │
//!         ▼                              ▼
//!    BodyReader · Pace             ResponseQueue · Pace    where the thread waits for the peer
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `request_body.rs` | the body of a request as it comes; `request_body/collect.rs`: in one piece |
//! | `draft.rs` | status and fields of a response, and the cached `Date` |
//! | `connection.rs` | the state that both share; `connection/sending.rs`: what a response sends |
//! | `compression.rs` | a response in gzip; `connection/compressing.rs` sends it |
//! | `response_queue.rs` | the bytes that are not sent yet, and the threads that want to send them |
//! | `budget.rs` | the memory of all collected bodies |

mod budget;
mod compression;
mod connection;
mod draft;
mod request_body;
mod response_queue;

pub(crate) use budget::Budget;
pub(crate) use compression::Compression;
pub(crate) use connection::{BlamesPeer, ServerConnection};
pub(crate) use draft::ResponseDraft;
pub(crate) use request_body::{BodyState, RequestBody};
pub(crate) use response_queue::ResponseQueue;
