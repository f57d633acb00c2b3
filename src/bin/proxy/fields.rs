//! What of a message's fields is for the next hop, and what was for us alone.

use barewire::http::wire::{FieldList, Fields, Misuse, grammar};

/// Fields of one hop, whether or not Connection names them.
// RFC 9110 §7.6.1: "intermediaries SHOULD remove or replace fields that are known to require
// removal before forwarding, whether or not they appear as a connection-option"
const OF_ONE_HOP: [&str; 9] = [
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

/// The fields that are passed on: without those of this hop, and without those that `drops` names.
// RFC 9110 §7.6.1: "Intermediaries MUST parse a received Connection header field before a message
// is forwarded and, for each connection-option in this field, remove any header or trailer field(s)
// from the message with the same name as the connection-option, and then remove the Connection
// header field itself"
pub(crate) fn passed_on(
    fields: Fields<'_>,
    connection: Fields<'_>,
    drops: &[&str],
) -> Result<FieldList, Misuse> {
    let mut list = FieldList::new();
    for (name, value) in fields.iter() {
        let is = |other: &&str| name.eq_ignore_ascii_case(other);
        let mut options = connection.list("Connection");
        let is_option = options.any(|option| name.as_bytes().eq_ignore_ascii_case(option));
        if !is_option && !OF_ONE_HOP.iter().any(is) && !drops.iter().any(is) {
            list.append(name, value)?;
        }
    }
    Ok(list)
}

/// Says that the message came through here, behind those that it came through before.
// RFC 9110 §7.6.3: "A proxy MUST send an appropriate Via header field, as described below, in each
// message that it forwards."
pub(crate) fn add_via(fields: &mut FieldList, version: &str, name: &str) -> Result<(), Misuse> {
    fields.append("Via", format!("{version} {name}"))
}

/// Whether the message came through a proxy of this name.
pub(crate) fn came_through(fields: Fields<'_>, name: &str) -> bool {
    fields.list("Via").any(|member| {
        let mut words = member.split(|&byte| byte == b' ' || byte == b'\t');
        let mut words = words.by_ref().filter(|word| !word.is_empty());
        words
            .nth(1)
            .is_some_and(|by| by.eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// What Max-Forwards is to be from here on; `Some(Err(()))`: this request is for us.
// RFC 9110 §7.6.2: "If the received value is zero (0), the intermediary MUST NOT forward the
// request; instead, the intermediary MUST respond as the final recipient."
pub(crate) fn forwards_left(method: &str, fields: Fields<'_>) -> Option<Result<u64, ()>> {
    if method != "TRACE" && method != "OPTIONS" {
        return None;
    }
    let left = fields.get("Max-Forwards").and_then(grammar::decimal)?;
    Some(left.checked_sub(1).ok_or(()))
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
    fn what_is_of_this_hop_stays_here() {
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
        let passed = passed_on(all.view(), all.view(), &["host"]).unwrap();
        let kept = list(&[("Accept", "*/*"), ("Set-Cookie", "a"), ("Set-Cookie", "b")]);
        assert_eq!(format!("{passed:?}"), format!("{kept:?}"));
    }

    #[test]
    fn trailers_go_by_the_connection_field_of_the_head() {
        let (head, trailers) = (
            list(&[("Connection", "X-Sum")]),
            list(&[("X-Sum", "1"), ("Y", "2")]),
        );
        let passed = passed_on(trailers.view(), head.view(), &[]).unwrap();
        assert_eq!(passed.view().len(), 1);
        assert_eq!(passed.view().get_str("Y"), Some("2"));
    }

    #[test]
    fn a_loop_is_seen_wherever_it_closed() {
        for (via, seen) in [
            ("1.1 me", true),
            ("1.0 fred, 1.1 ME (a comment)", true),
            ("HTTP/1.1   me", true),
            ("1.1 me:8080", false),
            ("1.1 you", false),
            ("me", false),
            ("", false),
        ] {
            assert_eq!(
                came_through(list(&[("Via", via)]).view(), "me"),
                seen,
                "{via}"
            );
        }
        let twice = list(&[("Via", "1.1 you"), ("Via", "1.1 me")]);
        assert!(came_through(twice.view(), "me"));
    }

    #[test]
    fn forwards_are_counted_for_two_methods() {
        let left = |method, value| forwards_left(method, list(&[("Max-Forwards", value)]).view());
        assert_eq!(left("OPTIONS", "2"), Some(Ok(1)));
        assert_eq!(left("TRACE", "0"), Some(Err(())));
        assert_eq!(left("GET", "0"), None);
        assert_eq!(left("OPTIONS", "many"), None);
    }
}
