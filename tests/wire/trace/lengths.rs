//! Which of the eight rules of RFC 9112 §6.3 says how long a body is, and the numbers of the exchanges.

use super::play::{
    CLIENT, Leaf, Passes, SERVER, answers, asks, both_end, leaves, notes, refused, texts,
};
use barewire::http::wire::Rule;
use barewire::trace::wire::Label;

fn ends(mut script: Vec<Passes>) -> Vec<Leaf> {
    script.extend(both_end());
    leaves(&script)
}

/// The rules that chose a length in an exchange, the client's first.
fn chosen(request: &str, response: &str) -> (Vec<&'static str>, Option<&'static str>) {
    let found = ends(vec![asks(request), answers(response)]);
    let all = found.iter().flat_map(|leaf| &leaf.notes);
    let rules = all.map(|note| note.label.key());
    let refused = found.iter().find(|leaf| leaf.label == Label::Refused);
    (
        rules
            .filter_map(|key| key.strip_prefix("http.length."))
            .collect(),
        refused.map(|leaf| leaf.rule),
    )
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LENGTH: &str = "Content-Length: 2\r\n\r\nok";

#[test]
fn all_eight_rules() {
    let ok = format!("HTTP/1.1 200 OK\r\n{LENGTH}");
    // 1: "Any response to a HEAD request and any response with a 1xx (Informational), 204 (No Content), or 304"
    for (request, response) in [
        (
            "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
        ),
        (GET, "HTTP/1.1 204 No Content\r\n\r\n"),
        (
            GET,
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        ),
    ] {
        assert_eq!(chosen(request, response), (vec!["7", "1"], None));
    }
    let interim = format!("HTTP/1.1 103 Early Hints\r\n\r\n{ok}");
    assert_eq!(chosen(GET, &interim), (vec!["7", "1", "6"], None));
    // 2: "Any 2xx (Successful) response to a CONNECT request"
    let connect = "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n";
    let agrees = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(chosen(connect, agrees), (vec!["7", "2"], None));
    // 3: both fields. "ought to be handled as an error"
    let both = "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n";
    let refuses = Some(Rule::LengthWithCoding.section());
    assert_eq!(
        chosen(&format!("POST / HTTP/1.1\r\nHost: a\r\n{both}"), ""),
        (vec![], refuses)
    );
    assert_eq!(
        chosen(GET, &format!("HTTP/1.1 200 OK\r\n{both}")).1,
        refuses
    );
    // 4: Transfer-Encoding, and chunked is the final coding
    let chunked = "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let post = format!("POST / HTTP/1.1\r\nHost: a\r\n{chunked}");
    let response = format!("HTTP/1.1 200 OK\r\n{chunked}");
    assert_eq!(chosen(&post, &response), (vec!["4", "4"], None));
    // 4: not the final coding: until close in a response, refused in a request
    let not_final = "Transfer-Encoding: chunked, gzip\r\n\r\n";
    let post = format!("POST / HTTP/1.1\r\nHost: a\r\n{not_final}");
    assert!(chosen(&post, "").1.is_some());
    // 5: an invalid Content-Length
    for invalid in ["x", "1, 2", "-1"] {
        let post = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {invalid}\r\n\r\n");
        assert!(chosen(&post, "").1.is_some());
        let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {invalid}\r\n\r\n");
        assert!(chosen(GET, &response).1.is_some());
    }
    // 6: a valid one
    let post = format!("POST / HTTP/1.1\r\nHost: a\r\n{LENGTH}");
    assert_eq!(chosen(&post, &ok), (vec!["6", "6"], None));
    // 7: a request without either; 8: a response without either
    assert_eq!(
        chosen(GET, "HTTP/1.1 200 OK\r\n\r\nall"),
        (vec!["7", "8"], None)
    );
}

/// A watcher of a response whose coding it does not know could only read until close; the client of this crate refuses
/// it, and so its watcher does.
#[test]
fn a_coding_of_a_response_that_is_not_chunked() {
    for codings in ["chunked, gzip", "chunked, chunked", "gzip"] {
        let response = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {codings}\r\n\r\nmore");
        let found = ends(vec![asks(GET), answers(response)]);
        let says = refused(&found).map(|(says, _)| says);
        assert_eq!(
            says.as_deref(),
            Some(Rule::CodingUnknown.says()),
            "{codings}"
        );
    }
}

/// The last leaf of what was cut says so: RFC 9112 §8, or RFC 6455 §7.1.5 for frames.
#[test]
fn a_peer_that_leaves_in_the_middle() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\n";
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    for (asked, rest) in [
        (format!("{head}X: y"), "X: y"),
        (format!("{head}X: y\r\n"), ""),
        ("POS".to_owned(), "POS"),
        (format!("{head}Content-Length: 3\r\n\r\nok"), ""),
        (format!("{chunked}5\r\nhel"), ""),
        (format!("{chunked}5"), "5"),
        (format!("{chunked}2\r\nok\r"), "\r"),
        (format!("{chunked}0\r\nX: y\r\n"), "X: y\r\n"),
    ] {
        let found = ends(vec![asks(asked.clone())]);
        let expected = Some((Rule::MessageTruncated.says().to_owned(), "RFC 9112 §8"));
        assert_eq!(refused(&found), expected, "{asked}");
        assert_eq!(texts(&found, Label::Refused).concat(), rest, "{asked}");
    }
}

/// The label and the exchange of every leaf with one of these labels.
fn exchanges(found: &[Leaf], labels: &[Label]) -> Vec<(bool, Label, Option<u64>)> {
    let leaves = found.iter().filter(|leaf| labels.contains(&leaf.label));
    leaves
        .map(|leaf| (leaf.from == SERVER, leaf.label, leaf.exchange))
        .collect()
}

#[test]
fn the_number_of_the_exchange() {
    use Label::{BehindEnd, BodyData, EmptyLines, End, Method, Payload, Refused, Status, Tunnel};
    let ok = format!("HTTP/1.1 200 OK\r\n{LENGTH}");
    let numbers = |script: Vec<Passes>| {
        let found = ends(script);
        let labels = [
            BehindEnd, BodyData, EmptyLines, End, Method, Payload, Refused, Status, Tunnel,
        ];
        let all = exchanges(&found, &labels).into_iter();
        let all = all.map(|(by_server, label, exchange)| {
            let exchange = exchange.map_or("-".to_owned(), |number| number.to_string());
            let key = label.key().rsplit('.').next().unwrap_or_default();
            format!("{}{key} {exchange}", if by_server { "<" } else { ">" })
        });
        all.collect::<Vec<_>>().join(", ")
    };
    // In a pipeline with a HEAD and an interim response.
    let head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    let none = "HTTP/1.1 204 x\r\n\r\n";
    assert_eq!(
        numbers(vec![
            asks([GET, head, GET].concat()),
            answers(["HTTP/1.1 103 x\r\n\r\n", &ok, none, &ok].concat()),
        ]),
        ">method 0, >method 1, >method 2, >end -, \
         <status 0, <status 0, <data 0, <status 1, <status 2, <data 2, <end -"
    );
    // The body of a request comes after its response, and a response without a request has none.
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(
        numbers(vec![
            asks(post),
            answers(&ok[..]),
            asks("hi"),
            asks(GET),
            answers([&ok[..], &ok].concat())
        ]),
        ">method 0, >data 0, >method 1, >end -, <status 0, <data 0, <status 1, <data 1, <status -, <refused -, <end -"
    );
    // A request that is refused, and one that is answered before it is complete, are exchanges.
    let bad = "HTTP/1.1 400 x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
    assert_eq!(
        numbers(vec![
            asks([GET, "GET / HTTP/1.1\r\nBad Name: a\r\n\r\n"].concat()),
            answers([&ok, bad].concat())
        ]),
        ">method 0, >method 1, >refused 1, >end -, <status 0, <data 0, <status 1, <data 1, <end -"
    );
    assert_eq!(
        numbers(vec![
            asks("GET / HT"),
            answers(bad),
            asks("TP/1.1\r\nHost: a\r\n\r\n")
        ]),
        ">method 0, >end -, <status 0, <data 0, <end -"
    );
    // Behind the last message, and behind a switch, is no exchange.
    let close = "\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nmore";
    assert_eq!(
        numbers(vec![asks(close), answers(&ok[..])]),
        ">empty_lines 0, >method 0, >behind -, >end -, <status 0, <data 0, <end -"
    );
    let connect = "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\nearly";
    assert_eq!(
        numbers(vec![asks(connect), answers("HTTP/1.1 200 OK\r\n\r\nlate")]),
        ">method 0, >data -, >end -, <status 0, <data -, <end -"
    );
    let (request, response) = crate::websocket::handshakes::samples();
    assert_eq!(
        numbers(vec![
            asks(request),
            answers(response),
            asks(b"\x88\x80\0\0\0\0"),
            answers(b"\x81\x02ok\x88\x00")
        ]),
        ">method 0, >end -, <status 0, <payload -, <end -"
    );
    let found = ends(vec![asks(GET), answers("HTTP/1.1 200 OK\r\n\r\n")]);
    assert_eq!(
        (notes(&found, Label::Length8).len(), found[0].from),
        (1, CLIENT)
    );
}
