//! Whether the page that opens a connection comes from the server itself.
//!
//! ```text
//!   Origin: http://www.example.com            Host: www.example.com:80, over TCP
//!           scheme   host          port 80    host              port    http
//! ```

use crate::http::wire::{Scheme, Uri};

/// Whether an `Origin` is that of the server that has this scheme and authority. `null` is never.
// RFC 6454 §5: "If the two origins are scheme/host/port triples, the two origins are the same if, and only
// if, they have identical schemes, hosts, and ports."
pub(super) fn is_same(origin: &[u8], scheme: Scheme, authority: &str) -> bool {
    let theirs = str::from_utf8(origin).ok().and_then(serialized);
    let ours = serialized(&format!("{}://{authority}", scheme.as_str()));
    let (Some(theirs), Some(ours)) = (theirs, ours) else {
        return false;
    };
    theirs.origin() == ours.origin()
}

/// A scheme, a host and a port, and nothing else.
// RFC 6454 §7.1: "serialized-origin   = scheme "://" host [ ":" port ]"
fn serialized(origin: &str) -> Option<Uri> {
    let (_, authority) = origin.split_once("://")?;
    match authority.contains(['/', '?', '#', '@']) {
        true => None,
        false => Uri::parse(origin).ok(),
    }
}
