//! WebSocket as bytes and rules (RFC 6455): no socket, no thread, no lock, no clock, no randomness.
//!
//! So far its parts: headers of frames, masks, close codes, and what may be wrong with them.

mod close;
mod error;
mod frame;
mod limits;
mod mask;
mod misuse;

pub use close::{ABNORMAL, Close, CloseCode, NO_STATUS, REASON_MAX};
pub use error::{Error, Rule};
pub use frame::{CONTROL_MAX, Header, Opcode};
pub use limits::Limits;
pub use mask::Mask;
pub use misuse::Misuse;
