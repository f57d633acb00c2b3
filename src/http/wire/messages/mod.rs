//! RFC 9112: messages as bytes.

mod body;
pub(super) mod chunked;
mod field_list;
mod fields;
mod keep_alive;
mod message;
pub(super) mod outgoing;
mod section;
mod start_line;
mod target;

pub use body::{BodyDecoder, BodyLength, Step};
pub use chunked::{ChunkedDecoder, encode_chunk, encode_last, encode_size, is_forbidden_trailer};
pub use field_list::FieldList;
pub use fields::{Fields, Known};
pub use keep_alive::KeepAlive;
pub use message::{RequestDecoder, RequestHead, ResponseDecoder, ResponseHead};
pub use outgoing::{RequestOut, ResponseOut};
pub use start_line::Version;
pub use target::Target;
