//! Bytes of a peer on the user's terminal.

/// Any bytes as one line: what is not UTF-8 becomes `�`, and control characters, which could move
/// the cursor, are escaped.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let mut line = String::new();
    for c in String::from_utf8_lossy(bytes).chars() {
        match c.is_control() {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line
}
