//! What an intermediary (a proxy, a gateway) does to a message before it forwards it (RFC 9110 §7.6).
//!
//! ```text
//!   received                              forwarded
//!   Connection: close, X-Mine
//!   X-Mine: 1                             (named by Connection)
//!   Keep-Alive: timeout=5                 (of one hop)
//!   Accept: */*                      ──►  Accept: */*
//!                                         Via: 1.1 proxy-name
//! ```

use super::super::grammar;
use super::super::messages::{BodyLength, FieldList, Fields, RequestHead};
use super::super::misuse::Misuse;

/// Fields of one hop, whether or not Connection names them.
// RFC 9110 §7.6.1: "intermediaries SHOULD remove or replace fields that are known to require
// removal before forwarding, whether or not they appear as a connection-option"
const HOP_BY_HOP: [&str; 9] = [
    "Connection",
    "Proxy-Connection",
    "Keep-Alive",
    "TE",
    "Transfer-Encoding",
    "Upgrade",
    // RFC 9110 §11.7.2: "the Proxy-Authorization header field applies only to the next inbound
    // proxy that demanded authentication using the Proxy-Authenticate header field."
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
];

/// The fields that an intermediary forwards: `fields` without those of this hop, and without those in
/// `drop`. The Connection field is that of the `head`, also for trailers.
///
/// ```
/// use barewire::http::wire::{FieldList, end_to_end};
///
/// let mut fields = FieldList::new();
/// fields.append("Connection", "X-Mine")?;
/// fields.append("X-Mine", "1")?;
/// fields.append("Accept", "*/*")?;
/// let forwarded = end_to_end(fields.view(), fields.view(), &["Host"])?;
/// assert_eq!(forwarded.view().len(), 1);
/// assert_eq!(forwarded.view().get_str("Accept"), Some("*/*"));
/// # Ok::<(), barewire::http::wire::Misuse>(())
/// ```
///
/// # Errors
/// A field that was received and cannot be sent.
// RFC 9110 §7.6.1: "Intermediaries MUST parse a received Connection header field before a message
// is forwarded and, for each connection-option in this field, remove any header or trailer field(s)
// from the message with the same name as the connection-option, and then remove the Connection
// header field itself"
pub fn end_to_end(
    fields: Fields<'_>,
    head: Fields<'_>,
    drop: &[&str],
) -> Result<FieldList, Misuse> {
    let options: Vec<&[u8]> = head.list("Connection").collect();
    let mut list = FieldList::new();
    for (name, value) in fields.iter() {
        let is = |other: &&str| name.eq_ignore_ascii_case(other);
        let is_option = |option: &&[u8]| name.as_bytes().eq_ignore_ascii_case(option);
        if !options.iter().any(is_option) && !HOP_BY_HOP.iter().any(is) && !drop.iter().any(is) {
            list.append(name, value)?;
        }
    }
    Ok(list)
}

/// The fields of a request that an intermediary of this name forwards: those of [`end_to_end`], and of these:
///
/// | field | |
/// |---|---|
/// | Host | left out: the next request has that of its own target |
/// | Expect | 100-continue, in a request with content; left out otherwise |
/// | Max-Forwards | one less; a request with 0 is not forwarded: see [`max_forwards`] |
/// | TE | `trailers`, with its Connection option; left out otherwise |
/// | Via | added |
///
/// ```
/// use barewire::http::wire::{Limits, RequestDecoder, forwarded_request};
///
/// let bytes = b"GET http://a/ HTTP/1.0\r\nHost: b\r\nAccept: */*\r\n\r\n";
/// let mut decoder = RequestDecoder::new(Limits::default());
/// decoder.decode(bytes)?.expect("it is whole");
/// let fields = forwarded_request(&decoder.head(bytes), "proxy")?;
/// let fields: Vec<_> = fields.view().iter().collect();
/// assert_eq!(fields, [("Accept", &b"*/*"[..]), ("Via", b"1.0 proxy")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As for [`end_to_end`].
// RFC 9112 §3.2.2: "A proxy that forwards such a request MUST generate a new Host field value based
// on the received request-target rather than forward the received Host field value."
pub fn forwarded_request(head: &RequestHead<'_>, name: &str) -> Result<FieldList, Misuse> {
    let received = head.fields();
    let has_content = head.body_length() != BodyLength::Known(0);
    let drop: &[&str] = match head.expects_continue() && has_content {
        true => &["Host"],
        false => &["Host", "Expect"],
    };
    let mut fields = end_to_end(received, received, drop)?;
    if let Some(left) = max_forwards(head.method().as_str(), received) {
        fields.set("Max-Forwards", left.saturating_sub(1).to_string())?;
    }
    // RFC 9110 §10.1.4: "A sender of TE MUST also send a "TE" connection option within the
    // Connection header field"
    let mut codings = received.list("TE");
    if codings.any(|coding| coding.eq_ignore_ascii_case(b"trailers")) {
        fields.append("TE", "trailers")?;
        fields.append("Connection", "TE")?;
    }
    let version = head.version().as_str().trim_start_matches("HTTP/");
    append_via(&mut fields, version, name)?;
    Ok(fields)
}

/// The fields of a response that an intermediary of this name forwards: those of [`end_to_end`], Via, and no
/// Content-Length in a 1xx, 204 or 205, where some servers send it. A 205 goes without the content that was
/// received, too: that is left to the caller. `version`: the response's, `"1.1"` or `"1.0"`.
///
/// ```
/// use barewire::http::wire::{FieldList, forwarded_response};
///
/// let mut received = FieldList::new();
/// received.append("Content-Length", "0")?;
/// received.append("ETag", "\"a\"")?;
/// let fields = forwarded_response(204, "1.1", received.view(), "proxy")?;
/// let fields: Vec<_> = fields.view().iter().collect();
/// assert_eq!(fields, [("ETag", &b"\"a\""[..]), ("Via", b"1.1 proxy")]);
/// # Ok::<(), barewire::http::wire::Misuse>(())
/// ```
///
/// # Errors
/// As for [`end_to_end`].
pub fn forwarded_response(
    status: u16,
    version: &str,
    fields: Fields<'_>,
    name: &str,
) -> Result<FieldList, Misuse> {
    // RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any response with a status
    // code of 1xx (Informational) or 204 (No Content)."
    // RFC 9110 §15.3.6: "a server MUST NOT generate content in a 205 response."
    let drop: &[&str] = match status {
        100..200 | 204 | 205 => &["Content-Length"],
        _ => &[],
    };
    let mut fields = end_to_end(fields, fields, drop)?;
    append_via(&mut fields, version, name)?;
    Ok(fields)
}

// RFC 9110 §7.6.3: "A proxy MUST send an appropriate Via header field, as described below, in each
// message that it forwards."
fn append_via(fields: &mut FieldList, version: &str, name: &str) -> Result<(), Misuse> {
    fields.append("Via", format!("{version} {name}"))
}

/// Whether Via says that the message came through an intermediary of this name. If it is our own name,
/// the message goes in a circle.
// RFC 9110 §7.6.3: "Via = #( received-protocol RWS received-by [ RWS comment ] )"
pub fn came_through(fields: Fields<'_>, name: &str) -> bool {
    fields.list("Via").any(|member| {
        let mut words = member.split(|&byte| byte == b' ' || byte == b'\t');
        let received_by = words.by_ref().filter(|word| !word.is_empty()).nth(1);
        received_by.is_some_and(|by| by.eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// How often this request may still be forwarded; `None`: without a limit. At 0 the intermediary answers
/// itself; else it forwards the request with a number that is one less.
// RFC 9110 §7.6.2: "If the received value is zero (0), the intermediary MUST NOT forward the
// request; instead, the intermediary MUST respond as the final recipient."
pub fn max_forwards(method: &str, fields: Fields<'_>) -> Option<u64> {
    match method {
        "TRACE" | "OPTIONS" => fields.get("Max-Forwards").and_then(grammar::decimal),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Limits, RequestDecoder};
    use super::*;

    fn list(lines: &[(&str, &str)]) -> FieldList {
        let mut list = FieldList::new();
        for (name, value) in lines {
            list.append(name, value).unwrap();
        }
        list
    }

    #[test]
    fn fields_of_one_hop_are_not_forwarded() {
        let all = list(&[
            ("Host", "a"),
            ("Connection", "close, X-Mine"),
            ("connection", "x-too"),
            ("X-Mine", "1"),
            ("x-mine", "2"),
            ("X-Too", "3"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"),
            ("Proxy-Authorization", "Basic Og=="),
            ("TE", "trailers"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "h2c"),
            ("Accept", "*/*"),
            ("Set-Cookie", "a"),
            ("Set-Cookie", "b"),
        ]);
        let forwarded = end_to_end(all.view(), all.view(), &["host"]).unwrap();
        let kept = list(&[("Accept", "*/*"), ("Set-Cookie", "a"), ("Set-Cookie", "b")]);
        assert_eq!(format!("{forwarded:?}"), format!("{kept:?}"));
    }

    #[test]
    fn trailers_go_by_the_connection_field_of_the_head() {
        let (head, trailers) = (
            list(&[("Connection", "X-Sum")]),
            list(&[("X-Sum", "1"), ("Y", "2")]),
        );
        let forwarded = end_to_end(trailers.view(), head.view(), &[]).unwrap();
        assert_eq!(forwarded.view().len(), 1);
        assert_eq!(forwarded.view().get_str("Y"), Some("2"));
    }

    fn forwarded(head: &str) -> Vec<String> {
        let mut decoder = RequestDecoder::new(Limits::default());
        decoder.decode(head.as_bytes()).unwrap().expect("a head");
        let fields = forwarded_request(&decoder.head(head.as_bytes()), "me").unwrap();
        let lines = fields.view();
        let lines = lines
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.escape_ascii()));
        lines.collect()
    }

    #[test]
    fn a_request_is_forwarded_with_what_the_next_server_needs() {
        let get = "GET http://a/ HTTP/1.1\r\nHost: b\r\n";
        let post = "POST http://a/ HTTP/1.0\r\nContent-Length: 1\r\n";
        for (head, fields) in [
            (
                format!("{get}Cookie: c\r\nVia: 1.0 fred\r\n"),
                "Cookie: c|Via: 1.0 fred|Via: 1.1 me",
            ),
            (format!("{get}Expect: 100-continue\r\n"), "Via: 1.1 me"),
            (
                format!("{get}TE: gzip, Trailers\r\nConnection: TE\r\n"),
                "TE: trailers|Connection: TE|Via: 1.1 me",
            ),
            (
                format!("{get}TE: gzip\r\nConnection: TE\r\n"),
                "Via: 1.1 me",
            ),
            (
                format!("{get}Max-Forwards: 7\r\n"),
                "Max-Forwards: 7|Via: 1.1 me",
            ),
            (post.to_owned(), "Content-Length: 1|Via: 1.0 me"),
            (
                format!(
                    "{}Expect: 100-continue\r\n",
                    post.replace("1.0", "1.1\r\nHost: a")
                ),
                "Content-Length: 1|Expect: 100-continue|Via: 1.1 me",
            ),
            (
                "OPTIONS http://a HTTP/1.1\r\nHost: a\r\nMax-Forwards: 7\r\n".to_owned(),
                "Max-Forwards: 6|Via: 1.1 me",
            ),
        ] {
            assert_eq!(forwarded(&format!("{head}\r\n")).join("|"), fields);
        }
    }

    #[test]
    fn a_response_is_forwarded_with_via() {
        let received = list(&[
            ("Content-Length", "0"),
            ("Connection", "X"),
            ("X", "1"),
            ("Y", "2"),
        ]);
        for (status, lines) in [(200, 3), (204, 2), (205, 2), (103, 2), (304, 3)] {
            let fields = forwarded_response(status, "1.0", received.view(), "me").unwrap();
            assert_eq!(fields.view().len(), lines, "{status}");
            assert_eq!(fields.view().get_str("Via"), Some("1.0 me"));
        }
    }

    #[test]
    fn a_circle_is_found_wherever_it_closes() {
        for (via, found) in [
            ("1.1 me", true),
            ("1.0 fred, 1.1 ME (a comment)", true),
            ("HTTP/1.1   me", true),
            ("1.1 me:8080", false),
            ("1.1 you", false),
            ("me", false),
            ("", false),
        ] {
            let fields = list(&[("Via", via)]);
            assert_eq!(came_through(fields.view(), "me"), found, "{via}");
        }
        let twice = list(&[("Via", "1.1 you"), ("Via", "1.1 me")]);
        assert!(came_through(twice.view(), "me"));
    }

    #[test]
    fn forwards_are_counted_for_two_methods() {
        let left = |method, value| max_forwards(method, list(&[("Max-Forwards", value)]).view());
        assert_eq!(left("OPTIONS", "2"), Some(2));
        assert_eq!(left("TRACE", "0"), Some(0));
        assert_eq!(left("GET", "0"), None);
        assert_eq!(left("OPTIONS", "many"), None);
    }
}
