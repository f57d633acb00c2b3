//! Secrets are hidden, wherever in the bytes of a head they stand: "sesame" is one here.

use crate::websocket::handshakes;
use barewire::trace::wire::{Conversation, Direction, Explained, Protocol};
use std::time::Duration;

const SERVER: Direction = Direction::FromServer;
const CLIENT: Direction = Direction::FromClient;

/// All that is said about these bytes, in pieces of this size.
fn said(mut conversation: Conversation, script: &[(Direction, &[u8])], piece: usize) -> String {
    let mut all: Vec<Explained> = Vec::new();
    for (from, bytes) in script {
        for piece in bytes.chunks(piece) {
            all.extend(conversation.receive(*from, Duration::ZERO, piece));
        }
        all.extend(conversation.end(*from, Duration::ZERO));
    }
    let bytes: Vec<u8> = all.iter().flat_map(|one| one.bytes.clone()).collect();
    let lines: String = all.iter().map(ToString::to_string).collect();
    format!("{all:?}\n{lines}\n{}", String::from_utf8_lossy(&bytes))
}

/// In one piece, in pieces, and byte by byte; with `show_secrets` it is shown.
fn assert_hidden(script: &[(Direction, &[u8])]) {
    for piece in [1, 5, 10_000] {
        let hidden = said(Conversation::new(), script, piece);
        assert!(!hidden.contains("sesame"), "in pieces of {piece}: {hidden}");
    }
    let shown = said(Conversation::new().show_secrets(), script, 10_000);
    assert!(shown.contains("sesame"), "{shown}");
}

#[test]
fn in_a_request_that_is_refused() {
    for lines in [
        "Authorization: Basic sesame\r\nBad Name: a\r\n\r\n",
        "Bad Name: a\r\nAuthorization: Basic sesame\r\n\r\n",
        "Bad Name: a\r\nX: y\r\nproxy-authorization:sesame\r\n\r\nGET / HTTP/1.1\r\nCookie: sesame\r\n",
        "Cookie : a=sesame\r\n\r\n",
        "Cookie: a=\x01sesame\r\n\r\n",
        "Cookie: a=b\r\n sesame\r\n\r\n",
        "Cookie: sesame",
        "Cookie\x00: sesame\r\n\r\n",
        " Cookie: sesame\r\n\r\n",
        "Content-Length: x\r\nCookie: sesame\r\n\r\n",
        "Host: a\r\nCookie: sesame\r\n\r\n",
    ] {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}");
        assert_hidden(&[(CLIENT, head.as_bytes())]);
    }
    for head in [
        "GET /?access_token=sesame HTTP/1.1\r\nHost: a\r\nBad Name: a\r\n\r\n",
        "GET /?access_token=sesame\x01 HTTP/1.1\r\n",
        "GET http://a:sesame@b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\r\nCookie: sesame\r\n\r\n",
        "\x00GET /\r\nCookie: sesame\r\n\r\n",
    ] {
        assert_hidden(&[(CLIENT, head.as_bytes())]);
    }
}

#[test]
fn in_a_response_that_is_refused() {
    let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for lines in [
        "Bad Name: a\r\nSet-Cookie: sesame\r\n\r\n",
        "Set-Cookie: a=b\r\n sesame\x01\r\n\r\n",
        "Set-Cookie: a=b;\r\n c\x01sesame\r\n\r\n",
        "Set-Cookie: a\r\n sesame",
        "Transfer-Encoding: chunked\r\n\r\nx\r\nSet-Cookie: sesame\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: sesame\r\n\r\n",
    ] {
        let response = format!("HTTP/1.1 200 OK\r\n{lines}");
        assert_hidden(&[(CLIENT, get), (SERVER, response.as_bytes())]);
    }
}

// RFC 3986 §3.2.1: "Applications should not render as clear text any data after the first colon (":") character found
// within a userinfo subcomponent"
#[test]
fn in_a_uri() {
    let close = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /x HTTP/1.1\r\nCookie: sesame\r\n\r\n";
    assert_hidden(&[(CLIENT, close)]); // behind the last message
    let get = b"GET /?a=b&access_token=sesame&c HTTP/1.1\r\nHost: a\r\nReferer: http://a:sesame@b/\r\n\r\n";
    let response = b"HTTP/1.1 302 x\r\nLocation: https://a/#access_token=sesame\r\nLink: <ftp://u:sesame@h>\r\n\
        Content-Length: 0\r\n\r\n";
    assert_hidden(&[(CLIENT, get), (SERVER, response)]);
    let many = format!(
        "GET /?access_token=sesame{} HTTP/1.1\r\nHost: a\r\n\r\n",
        "&a".repeat(99)
    );
    assert_hidden(&[(CLIENT, many.as_bytes())]);
}

/// Content, messages and known data are what the reader wants to see; a key of a WebSocket is no secret.
#[test]
fn what_is_not_hidden() {
    let post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\n\r\nCookie: sesame";
    assert!(said(Conversation::new(), &[(CLIENT, post)], 99).contains("Cookie: sesame"));
    let known = Conversation::of(Protocol::Bytes);
    assert!(said(known, &[(CLIENT, b"Cookie: sesame")], 99).contains("Cookie: sesame"));
    let (request, _) = handshakes::samples();
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    assert!(said(Conversation::new(), &[(CLIENT, &request)], 999).contains(key));
    let port = b"GET / HTTP/1.1\r\nHost: a\r\nReferer: http://a:80/\r\n\r\n";
    assert!(said(Conversation::new(), &[(CLIENT, port)], 99).contains("http://a:80/"));
}
