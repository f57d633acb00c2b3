//! Messages in a stream of bytes (the book's 7.1: sticky packets).

mod carry;
mod delimiter;
mod error;
mod fixed;
mod header;
mod matcher;
mod message;

pub use delimiter::{Delimiter, DelimiterDecoder, DelimiterEncoder};
pub use error::{Error, Refusal};
pub use fixed::{Fixed, FixedDecoder, Padding};
pub use header::{Header, Header16, Header32, HeaderDecoder, HeaderEncoder, Packet};
pub use message::{Decode, Encode, Framer, Message};
