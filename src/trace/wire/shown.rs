//! Bytes as values: text that prints, or hexadecimal digits.

/// Of a long value the first bytes are shown.
pub(super) const SHOWN: usize = 1024;

/// Bytes as text: control characters are escaped, and so is every byte if they are not UTF-8.
pub(super) fn shown(bytes: &[u8]) -> String {
    let more = if bytes.len() > SHOWN { "…" } else { "" };
    let Some(text) = utf8(bytes, SHOWN) else {
        let first = &bytes[..bytes.len().min(SHOWN)];
        return format!("{}{more}", first.escape_ascii());
    };
    // U+0080 to U+009F begin with C2.
    if !text
        .bytes()
        .any(|byte| matches!(byte, 0..b' ' | 0x7f | 0xc2))
    {
        return text.to_owned() + more;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out + more
}

/// The first `most` bytes, if they are text. A character that this cuts is left out.
pub(super) fn utf8(bytes: &[u8], most: usize) -> Option<&str> {
    let first = &bytes[..bytes.len().min(most)];
    match str::from_utf8(first) {
        Ok(text) => Some(text),
        Err(error) if first.len() < bytes.len() && error.error_len().is_none() => {
            str::from_utf8(&first[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

/// Characters that move the cursor, change the direction of the text around them, or cannot be seen.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Adds the text; what cannot be printed is escaped.
pub(super) fn push(out: &mut String, text: &str) {
    for c in text.chars() {
        match is_unprintable(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
}

/// The text, printable.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push(&mut out, text);
    out
}

/// Bytes in hexadecimal, the first 32 of them.
pub(super) fn hex(bytes: &[u8]) -> String {
    const MOST: usize = 32;
    let digits: Vec<String> = bytes
        .iter()
        .take(MOST)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let more = if bytes.len() > MOST { " …" } else { "" };
    digits.join(" ") + more
}
