//! Which response belongs to which request, and where the bytes go that belong to none.

use super::play::{
    CLIENT, Leaf, Passes, SERVER, answers, asks, both_end, leaves, notes, refused, texts,
};
use crate::support::watched;
use crate::websocket::handshakes;
use barewire::http::wire::Rule;
use barewire::trace::wire::{Conversation, Label, Protocol};
use std::time::Duration;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The labels of what a side has sent, those that only separate left out.
fn labels(leaves: &[Leaf], from: barewire::trace::wire::Direction) -> Vec<&'static str> {
    let leaves = leaves
        .iter()
        .filter(|leaf| leaf.from == from && !leaf.label.separates());
    leaves.map(|leaf| leaf.label.key()).collect()
}

#[test]
fn a_pipeline_is_answered_in_order() {
    let head = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    let asked = asks([GET, head, GET].concat());
    let headless = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    let found = leaves(&[asked, answers([OK, headless, OK].concat())]);
    assert_eq!(refused(&found), None);
    assert_eq!(texts(&found, Label::BodyData), ["ok", "ok"]);
    assert_eq!(notes(&found, Label::Length1), ["0 bytes"]);
    assert_eq!(notes(&found, Label::Length6), ["2 bytes", "2 bytes"]);
    assert_eq!(notes(&found, Label::Length7).len(), 3);
}

#[test]
fn interim_responses_come_before_the_response() {
    let post = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let script = [asks(post), answers(interim), asks("hi"), answers(OK)];
    let found = leaves(&script);
    assert_eq!(refused(&found), None);
    assert_eq!(texts(&found, Label::Status), ["100", "103", "200"]);
    assert_eq!(texts(&found, Label::BodyData), ["hi", "ok"]);
}

#[test]
fn a_response_may_come_before_the_body_has_ended() {
    let post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nhe";
    let found = leaves(&[asks(post), answers(OK), asks("re"), asks(GET), answers(OK)]);
    assert_eq!(refused(&found), None);
    assert_eq!(texts(&found, Label::BodyData), ["here", "ok", "ok"]);
    // A second response must wait for the second request.
    let found = leaves(&[asks(post), answers(OK), answers(OK)]);
    let rule = Rule::UnexpectedMessage;
    assert_eq!(refused(&found), Some((rule.says().into(), rule.section())));
}

#[test]
fn a_response_that_answers_nothing_is_refused() {
    let rule = Rule::UnexpectedMessage;
    let expected = Some((rule.says().to_owned(), rule.section()));
    assert_eq!(refused(&leaves(&[answers(OK)])), expected);
    assert_eq!(
        refused(&leaves(&[asks(GET), answers([OK, OK].concat())])),
        expected
    );
}

#[test]
fn a_bad_request_and_one_that_is_not_complete_are_answered() {
    let bad = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";
    for asked in [
        &b"GET / HTTP/1.1\r\nBad Name: a\r\n\r\nmore"[..],
        b"GET / HTTP/1.1\r\nHost:",
    ] {
        let found = leaves(&[asks(asked), answers(bad), answers("behind")]);
        assert_eq!(texts(&found, Label::Status), ["400"]);
        assert_eq!(texts(&found, Label::BodyData), ["no"]);
        assert_eq!(texts(&found, Label::BehindEnd), ["behind"]);
    }
    let head = b"HEAD / HTTP/1.1\r\nBad Name: a\r\n\r\n";
    let headless = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n";
    let found = leaves(&[asks(head), answers(headless)]);
    assert_eq!(notes(&found, Label::Length1), ["0 bytes"]);
}

/// The lines before the broken one are explained; it and the rest are one leaf.
#[test]
fn refused_bytes_end_in_a_leaf_with_the_rule() {
    let bytes = b"GET /a HTTP/1.1\r\nHost: a\r\nX : y\r\nCookie: c\r\n\r\nmore";
    let found = leaves(&[asks(bytes)]);
    let last = found.last().expect("a leaf");
    assert_eq!((last.label, last.rule), (Label::Refused, "RFC 9112 §5.1"));
    assert_eq!(last.value, Rule::SpaceBeforeColon.says());
    assert_eq!(last.text(), "X : y\r\nCookie: c\r\n\r\nmore");
    assert_eq!(texts(&found, Label::TargetPath), [] as [&str; 0]);
    assert_eq!(texts(&found, Label::Target), ["/a"]);
    assert_eq!(texts(&found, Label::HostName), ["a"]);

    // A head that breaks a rule as a whole is refused at its empty line.
    let found = leaves(&[asks(b"GET / HTTP/1.1\r\nX: y\r\n\r\n")]);
    let last = found.last().expect("a leaf");
    assert_eq!(
        (last.text().as_str(), last.value.as_str()),
        ("\r\n", Rule::HostMissing.says())
    );
}

#[test]
fn rubbish_and_http_0_9() {
    for (bytes, rule) in [
        (&b"GET /\r\n"[..], Rule::VersionInvalid),
        (b"\0\0\0\0", Rule::MethodInvalid),
        (b"\r\n\r\n\r\n\r\n\r\n", Rule::EmptyLines),
    ] {
        let found = leaves(&[asks(bytes)]);
        let says = refused(&found).map(|(says, _)| says);
        assert_eq!(
            says.as_deref(),
            Some(rule.says()),
            "{}",
            bytes.escape_ascii()
        );
    }
    let found = leaves(&[asks(GET), answers("hello"), Passes::End(SERVER)]);
    assert_eq!(
        refused(&found).expect("refused").0,
        Rule::VersionInvalid.says()
    );
}

/// What is known to be HTTP is read as HTTP.
#[test]
fn a_tls_handshake_on_an_http_connection_is_refused() {
    let mut conversation = Conversation::of(Protocol::Http);
    let hello = b"\x16\x03\x01\x02\x00";
    let mut found = conversation.receive(CLIENT, Duration::ZERO, hello);
    assert_eq!(
        found.next().expect("refused").span.value,
        Rule::TlsHandshake.says()
    );
}

/// The server redirects it, and the connection goes on.
#[test]
fn an_unencoded_target_is_followed_by_another_request() {
    let moved = b"HTTP/1.1 301 Moved Permanently\r\nLocation: /a%5B\r\nContent-Length: 0\r\n\r\n";
    let asked = b"GET /a[ HTTP/1.1\r\nHost: a\r\n\r\n";
    let found = leaves(&[asks(asked), answers(moved), asks(GET), answers(OK)]);
    assert_eq!(refused(&found), None);
    assert_eq!(
        notes(&found, Label::Refused),
        [Rule::TargetUnencoded.says()]
    );
    assert_eq!(texts(&found, Label::Method), ["GET", "GET"]);
}

#[test]
fn what_follows_connect_belongs_to_a_tunnel_if_the_server_agrees() {
    let connect = b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
    let agrees = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    let found = leaves(&[
        asks(connect),
        asks("early"),
        answers(agrees),
        answers("late"),
        asks("r"),
    ]);
    assert_eq!(refused(&found), None);
    assert_eq!(notes(&found, Label::Length2).len(), 1);
    assert_eq!(texts(&found, Label::Tunnel), ["earlyr", "late"]);

    let declines = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let found = leaves(&[
        asks([&connect[..], GET].concat()),
        answers([declines, OK].concat()),
    ]);
    assert_eq!(refused(&found), None);
    assert_eq!(texts(&found, Label::Status), ["403", "200"]);
    assert_eq!(texts(&found, Label::Method), ["CONNECT", "GET"]);
}

#[test]
fn an_upgrade_is_followed_into_frames_or_declined() {
    let (request, response) = handshakes::samples();
    let masked = b"\x81\x8c\x37\xfa\x21\x3d_\x9fMQX\xdaVRE\x96E\x1c";
    let early = asks([&request[..], masked].concat());
    let found = leaves(&[early, answers([&response[..], b"\x81\x06yakexi"].concat())]);
    assert_eq!(refused(&found), None);
    assert_eq!(texts(&found, Label::Payload).len(), 2);
    assert_eq!(
        notes(&found, Label::AcceptBase64),
        ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]
    );
    let hash = "b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea";
    assert_eq!(notes(&found, Label::AcceptHash), [hash]);

    let found = leaves(&[
        asks([&request[..], GET].concat()),
        answers([OK, OK].concat()),
    ]);
    assert_eq!(refused(&found), None);
    assert_eq!(texts(&found, Label::Method), ["GET", "GET"]);

    let h2c = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";
    let agrees = b"HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nPRI";
    let found = leaves(&[asks(h2c), answers(agrees), asks("SM")]);
    assert_eq!(texts(&found, Label::Switched), ["SM", "PRI"]);
}

#[test]
fn behind_the_last_message_nothing_is_a_message() {
    let close = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let found = leaves(&[asks([&close[..], GET].concat()), answers([OK, OK].concat())]);
    assert_eq!(texts(&found, Label::BehindEnd).len(), 2);
    let frames = handshakes::samples();
    let closed = [&frames.1[..], b"\x88\x02\x03\xe8\x81\x01a"].concat();
    let found = leaves(&[asks(frames.0), answers(closed)]);
    assert_eq!(texts(&found, Label::BehindClose), ["\u{fffd}\u{1}a"]);
}

/// The end of a direction is a leaf without bytes, which says whether something was cut.
#[test]
fn every_direction_ends() {
    let until_close = b"HTTP/1.1 200 OK\r\n\r\nto the end";
    let mut script = vec![asks(GET), answers(until_close)];
    script.extend(both_end());
    let found = leaves(&script);
    assert_eq!(
        (refused(&found), texts(&found, Label::End).len()),
        (None, 2)
    );
    assert_eq!(labels(&found, SERVER).last(), Some(&"end"));
    assert_eq!(notes(&found, Label::Length8), ["until close"]);

    for cut in [&OK[..OK.len() - 1], &OK[..20]] {
        let found = leaves(&[asks(GET), answers(cut), Passes::End(SERVER)]);
        let says = refused(&found).map(|(says, _)| says);
        assert_eq!(says.as_deref(), Some(Rule::MessageTruncated.says()));
    }
}

/// The end of the client comes first: then it is not known yet that it breaks a rule.
#[test]
fn a_client_may_end_before_the_switch_that_it_asked_for() {
    watched(|| {
        let frames = handshakes::samples();
        let script = [asks(frames.0), Passes::End(CLIENT), answers(frames.1)];
        let found = leaves(&script);
        assert_eq!(labels(&found, CLIENT).last(), Some(&"end"));
        assert_eq!(texts(&found, Label::Status), ["101"]);
    });
}

/// A capture may be wrong.
#[test]
fn bytes_behind_the_end_of_their_direction_are_not_explained() {
    for first in [&GET[..20], GET, b"\r\n\r", b""] {
        let found = leaves(&[asks(first), Passes::End(CLIENT), asks(GET), answers(OK)]);
        let by_client: Vec<_> = found
            .into_iter()
            .filter(|leaf| leaf.from == CLIENT)
            .collect();
        let late = texts(&by_client, Label::Unexplained);
        assert_eq!(late.concat().as_bytes(), GET);
    }
}

/// Nobody waits for a thousand responses.
#[test]
fn a_client_that_never_gets_a_response_is_not_followed_for_ever() {
    let found = leaves(&[asks(GET.repeat(1200))]);
    let follows = found.last().expect("a leaf");
    assert_eq!(follows.label, Label::Unexplained);
    assert_eq!(texts(&found, Label::Method).len(), 1000);
}
