//! The "shared UTF-16 decoder" of the Encoding Standard, step by step as it is written there, low byte
//! first.

/// The text, with one U+FFFD for each error.
pub(crate) fn utf16le(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut lead_byte, mut leading_surrogate) = (None, None::<u32>);
    let mut queue = bytes.iter().copied();
    let mut restored = None;
    loop {
        let unit = match restored.take() {
            Some(unit) => unit,
            None => match (queue.next(), lead_byte) {
                (None, None) if leading_surrogate.is_none() => return text,
                (None, _) => return text + "\u{FFFD}",
                (Some(byte), None) => {
                    lead_byte = Some(byte);
                    continue;
                }
                (Some(byte), Some(lead)) => {
                    lead_byte = None;
                    u32::from(byte) << 8 | u32::from(lead)
                }
            },
        };
        match (leading_surrogate.take(), unit) {
            (Some(leading), 0xDC00..=0xDFFF) => {
                let scalar = 0x1_0000 + ((leading - 0xD800) << 10) + (unit - 0xDC00);
                text.push(char::from_u32(scalar).unwrap());
            }
            (Some(_), _) => {
                restored = Some(unit);
                text.push('\u{FFFD}');
            }
            (None, 0xD800..=0xDBFF) => leading_surrogate = Some(unit),
            (None, 0xDC00..=0xDFFF) => text.push('\u{FFFD}'),
            (None, _) => text.push(char::from_u32(unit).unwrap()),
        }
    }
}
