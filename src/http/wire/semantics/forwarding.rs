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
use super::super::messages::{FieldList, Fields};
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
    // proxy that demanded authentication using the Proxy-Authenticate field."
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
