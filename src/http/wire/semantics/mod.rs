//! RFC 9110: what methods, status codes and fields mean, whatever carries them.

mod auth;
mod date;
mod etag;
mod forwarding;
mod method;
mod precondition;
mod range;
mod redirect;
mod status;

pub use auth::{basic, decode_basic};
pub use date::{DateError, HttpDate};
pub use etag::{EntityTag, EntityTags, TagList};
pub use forwarding::{came_through, end_to_end, max_forwards};
pub use method::Method;
pub use precondition::{Current, Outcome, Preconditions, if_range};
pub use range::{ByteRange, Ranges, Selection, encode_unsatisfied};
pub use redirect::Redirect;
pub use status::reason_phrase;
