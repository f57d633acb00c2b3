//! What a handler refuses its request with.

use super::head_fields::HeadFields;
use super::wire::{FieldList, Fields, Known, Misuse};
use std::fmt;

/// A status that a handler refuses its request with, and why: see [`refuse`](crate::http::refuse).
///
/// It comes in [`http::Error::Handler`](crate::http::Error::Handler), to
/// [`ServerEvents::client_error`](crate::http::ServerEvents::client_error). Displayed, it is the sentence that says
/// why, in one line: control characters are escaped.
///
/// ```
/// use barewire::http;
///
/// let failure = http::refuse(404, "no such counter");
/// match failure.downcast_ref::<http::Error>() {
///     Some(http::Error::Handler(refusal)) => {
///         assert_eq!((refusal.status(), refusal.why()), (404, "no such counter"));
///     }
///     _ => unreachable!("404 is a status to refuse with"),
/// }
/// ```
#[derive(Clone, Debug)]
pub struct HandlerRefusal(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    status: u16,
    why: String,
    fields: FieldList,
}

impl HandlerRefusal {
    #[cold]
    pub(in crate::http) fn new<Pair>(
        status: u16,
        why: String,
        fields: impl HeadFields<Pair>,
    ) -> Result<HandlerRefusal, Misuse> {
        if !matches!(status, 400..=599) {
            return Err(Misuse::Status);
        }
        let mut list = FieldList::new();
        fields.each(|name, value| list.append(name, value))?;
        // Whoever writes the response knows its length.
        if list.view().has(Known::ContentLength) || list.view().has(Known::TransferEncoding) {
            return Err(Misuse::Framing);
        }
        Ok(HandlerRefusal(Box::new(Parts {
            status,
            why,
            fields: list,
        })))
    }

    /// The status, from 400 to 599.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// Why, as the handler wrote it.
    pub fn why(&self) -> &str {
        &self.0.why
    }

    /// The fields that the response begins with, such as `Allow` or `Retry-After`.
    pub fn headers(&self) -> Fields<'_> {
        self.0.fields.view()
    }

    pub(in crate::http) fn fields(&self) -> &FieldList {
        &self.0.fields
    }
}

impl fmt::Display for HandlerRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.why();
        while let Some(at) = rest.find(char::is_control) {
            f.write_str(&rest[..at])?;
            let mut behind = rest[at..].chars();
            behind
                .next()
                .map_or(Ok(()), |c| write!(f, "{}", c.escape_default()))?;
            rest = behind.as_str();
        }
        f.write_str(rest)
    }
}

impl std::error::Error for HandlerRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_in_one_line() {
        for (why, shown) in [
            ("", ""),
            ("深 \"x\" \\", "深 \"x\" \\"),
            ("a\r\nb\0", "a\\r\\nb\\u{0}"),
            ("\u{1b}[2J\u{85}", "\\u{1b}[2J\\u{85}"),
        ] {
            let refusal = HandlerRefusal::new(400, why.to_owned(), ()).unwrap();
            assert_eq!((refusal.why(), &*refusal.to_string()), (why, shown));
        }
    }

    #[test]
    fn what_cannot_be_sent_cannot_be_made() {
        let made = |status, name, value| {
            let made = HandlerRefusal::new(status, String::new(), [(name, value)]);
            made.map(|refusal| refusal.headers().get_str(name) == Some(value))
        };
        for status in [0, 99, 100, 200, 399, 600, u16::MAX] {
            assert_eq!(made(status, "A", "b"), Err(Misuse::Status), "{status}");
        }
        assert_eq!(made(400, "a b", "c"), Err(Misuse::FieldName));
        assert_eq!(made(400, "A", "b\n"), Err(Misuse::FieldValue));
        assert_eq!(made(400, "content-length", "1"), Err(Misuse::Framing));
        assert_eq!(
            made(400, "Transfer-Encoding", "chunked"),
            Err(Misuse::Framing)
        );
        for status in [400, 418, 499, 503, 599] {
            assert_eq!(made(status, "Retry-After", "1"), Ok(true), "{status}");
        }
    }
}
