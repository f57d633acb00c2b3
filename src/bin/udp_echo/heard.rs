//! What the book's server prints.

use barewire::udp::RemoteInfo;

pub(crate) fn tell(msg: &[u8], rinfo: &RemoteInfo) {
    println!("server got: {} from {rinfo}", shown(msg));
}

/// Any bytes as one line: what is no UTF-8 as `�`, what would move the cursor escaped.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let escaped = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    String::from_utf8_lossy(bytes)
        .chars()
        .map(escaped)
        .collect()
}
