//! How much of a message a decoder reads before it refuses the message.

/// Limits of one message, each in the unit of its name. They count bytes as they arrive, so a peer that
/// sends an endless line costs at most the limit of a line.
///
/// ```
/// use barewire::http::wire::Limits;
///
/// let small = Limits { field_section_bytes: 8 * 1024, ..Limits::default() };
/// assert_eq!(small.start_line_bytes, 16 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The start line with its CRLF. 16 KiB; above it 414 (RFC 9112 §3 asks for 8,000 at least).
    pub start_line_bytes: usize,
    /// The field section, or the trailer section, with its empty line. 64 KiB; above it 431.
    pub field_section_bytes: usize,
    /// Field lines in a section. 100; above it 431.
    pub fields: usize,
    /// All chunk extensions of a message together. 16 KiB; above it 413.
    pub chunk_extension_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            start_line_bytes: 16 * 1024,
            field_section_bytes: 64 * 1024,
            fields: 100,
            chunk_extension_bytes: 16 * 1024,
        }
    }
}
