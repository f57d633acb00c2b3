//! A response that refuses what a client needs before it can go on: a tunnel, a WebSocket.

use super::wire::FieldList;
use std::fmt;

/// How many characters of the body are shown.
const SHOWN_CHARS: usize = 200;

/// The response of a server that has not opened a WebSocket, or of a proxy that has not opened a tunnel.
///
/// It comes in [`http::Error::Refused`](crate::http::Error::Refused) and in
/// [`websocket::Error::Refused`](crate::websocket::Error::Refused). Displayed, it is one line without control
/// characters.
///
/// ```
/// use barewire::{http, websocket};
///
/// fn handler(_req: http::Request, _res: http::Response) -> http::Handled {
///     Err(http::refuse(403, "members only"))
/// }
///
/// let handle = http::create_server(handler).listen("127.0.0.1:0")?;
/// let url = format!("ws://{}/", handle.local_addr());
/// let Err(websocket::Error::Refused(refusal)) = websocket::connect(&url) else {
///     panic!("it is refused");
/// };
/// assert_eq!((refusal.status, refusal.header("Content-Type")), (403, Some("text/plain; charset=utf-8")));
/// assert_eq!(refusal.to_string(), "the server refused the WebSocket: 403 Forbidden: members only");
/// # handle.shutdown(std::time::Duration::ZERO);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// The status: 403, 404, 407, 426 …
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// The fields: `Location`, `WWW-Authenticate`, `Proxy-Authenticate`, `Retry-After` …
    pub fields: FieldList,
    /// The beginning of the body, 4 KiB at most, and only what came within half a second: often it says
    /// why.
    pub body: Vec<u8>,
    /// What was refused, as the beginning of a sentence.
    what: String,
}

impl Refusal {
    pub(crate) fn new(
        what: String,
        (status, reason): (u16, String),
        fields: FieldList,
        body: Vec<u8>,
    ) -> Refusal {
        Refusal {
            status,
            reason,
            fields,
            body,
            what,
        }
    }

    /// The first value of this name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.fields.view().get_str(name)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = format!("{} {}", self.status, self.reason);
        let head = format!("{}: {status}", self.what);
        f.write_str(&one_line(head.trim_end(), usize::MAX))?;
        let body = String::from_utf8_lossy(&self.body);
        // Many bodies begin with the text of the status line.
        let why = why(body.trim());
        let why = why.strip_prefix(status.trim_end()).unwrap_or(why);
        match one_line(why.trim_start_matches([':', ' ']), SHOWN_CHARS) {
            line if line.is_empty() => Ok(()),
            line => write!(f, ": {line}"),
        }
    }
}

impl std::error::Error for Refusal {}

/// The line with the reason: the first, or the title of an HTML page, whose first line is only its DOCTYPE.
fn why(body: &str) -> &str {
    let text = match body.starts_with('<') {
        true => title(body).unwrap_or(body),
        false => body,
    };
    text.trim().lines().next().unwrap_or_default()
}

fn title(page: &str) -> Option<&str> {
    let lower = page.to_ascii_lowercase(); // each byte stays in its place
    let from = lower.find("<title>")? + "<title>".len();
    let length = lower[from..].find("</title>")?;
    Some(&page[from..from + length])
}

fn one_line(text: &str, most: usize) -> String {
    let shown = text.chars().filter(|c| !c.is_control());
    shown.take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_printable_line() {
        let shown = |reason: &str, body: &[u8]| {
            let head = (404, reason.to_owned());
            Refusal::new("no".to_owned(), head, FieldList::new(), body.to_vec()).to_string()
        };
        assert_eq!(shown("", b""), "no: 404");
        assert_eq!(
            shown("Not Found", b"\r\n why\nmore"),
            "no: 404 Not Found: why"
        );
        assert_eq!(shown("\x1b[m", "\u{7}§ 5\n".as_bytes()), "no: 404 [m: § 5");
        assert_eq!(
            shown("", &[b'a'; 4096]).len(),
            "no: 404: ".len() + SHOWN_CHARS
        );
        assert_eq!(shown("", b"\xff"), "no: 404: \u{fffd}");
    }

    /// squid, tinyproxy, privoxy and most servers refuse with a page.
    #[test]
    fn fault_c06_a_refusal_says_why_and_says_it_once() {
        let shown = |body: &str| {
            let head = (403, "Forbidden".to_owned());
            let body = body.as_bytes().to_vec();
            Refusal::new("no".to_owned(), head, FieldList::new(), body).to_string()
        };
        let cases = [
            (
                "<!DOCTYPE html PUBLIC \"-//W3C//DTD\">\n<html><head>\n<title>not this §</title>",
                "not this §",
            ),
            (
                "<HTML><Title>\r\n  in a line\n of its own\n</TITLE>",
                "in a line",
            ),
            ("<html>\n<title>without an end", "<html>"),
            ("<html>\n<h1>none</h1>", "<html>"),
            ("İ <title>no page</title>", "İ <title>no page</title>"),
            (
                "<İ><title>its letter grows in lower case</title>",
                "its letter grows in lower case",
            ),
        ];
        for (body, why) in cases {
            assert_eq!(shown(body), format!("no: 403 Forbidden: {why}"), "{body}");
        }
        for body in [
            "<title></title>",
            "403 Forbidden",
            "<title>403 Forbidden</title>",
        ] {
            assert_eq!(shown(body), "no: 403 Forbidden", "{body}");
        }
        let ours = shown("403 Forbidden: the request must have a key\n");
        assert_eq!(ours, "no: 403 Forbidden: the request must have a key");
    }
}
