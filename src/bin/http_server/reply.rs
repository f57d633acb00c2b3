//! A response in one piece.

use barewire::http::{Handled, Response};

pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// A response of text.
pub(crate) fn text(res: Response<'_>, status: u16, text: &str) -> Handled {
    send(res, status, TEXT, text.as_bytes())
}

pub(crate) fn send(mut res: Response<'_>, status: u16, content_type: &str, body: &[u8]) -> Handled {
    res.set_status(status)?
        .set_header("Content-Type", content_type)?;
    res.end(body)
}
