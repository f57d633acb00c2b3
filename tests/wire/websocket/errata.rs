//! Errata of the notes about handshakes. (E01 to E03 and E06 are tested beside the code.)

use super::handshakes::{NONCE, checked, offered};
use barewire::http::wire::{FieldList, Limits, ResponseDecoder};
use barewire::text::Encoding;
use barewire::websocket::wire::{
    Connection, Data, Limits as Frames, Opening, Received, Role, Rule,
};

/// The value of the key field that a handshake with this nonce has.
fn key(nonce: [u8; 16]) -> Vec<u8> {
    let mut fields = FieldList::new();
    let made = Opening::new(nonce).ask(&mut fields);
    made.expect("no other field");
    fields
        .view()
        .get("Sec-WebSocket-Key")
        .expect("a key")
        .to_vec()
}

/// The notes' key is `13-` and the time in milliseconds. That has 16 bytes, so no server can see the mistake,
/// but anyone who knows the time knows the key. Here the bytes are an argument, and the key has all of them.
#[test]
fn erratum_e04_a_key_is_sixteen_random_bytes() {
    let notes = *b"13-1651886763000";
    let text = String::from_utf8(key(notes)).expect("base64");
    let mut bytes = Vec::new();
    Encoding::Base64.encode(&text, &mut bytes).expect("base64");
    assert_eq!(bytes, notes);
    for at in 0..16 {
        let mut other = notes;
        other[at] ^= 1;
        assert_ne!(key(other), key(notes), "byte {at}");
    }
}

/// The notes compute the expected value and compare it with nothing.
#[test]
fn erratum_e05_the_accept_is_compared() {
    let response = |accept: &str| {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
    };
    let opening = Opening::new(NONCE);
    let good = response("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(checked(&opening, good.as_bytes()), Ok(None));
    let bad = response("s3pPLMBiTxaQ9kYGzzhZRbK+xOp=");
    let error = checked(&opening, bad.as_bytes()).expect_err("another");
    assert_eq!(error.rule(), Rule::AcceptWrong);
}

/// The notes drop `upgradeHead`: the bytes behind the response, which are the first frames.
#[test]
fn erratum_e05_the_bytes_behind_the_response_are_the_first_frames() {
    let opening = Opening::new(NONCE);
    let mut read = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\
        \x81\x05early"
        .to_vec();
    let mut decoder = ResponseDecoder::new(Limits::default());
    let head = decoder
        .decode(&read)
        .expect("a good head")
        .expect("a whole head");
    assert_eq!(
        opening.check(&decoder.head(&read[..head])),
        Ok(Default::default())
    );

    let mut connection = Connection::new(Role::Client, Frames::default());
    let received = connection.receive(&mut &mut read[head..]);
    assert_eq!(received, Ok(Some(Received::Message(Data::Text("early")))));
}

/// And the same the other way: frames behind the request.
#[test]
fn erratum_e05_the_bytes_behind_the_request_are_the_first_frames() {
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n\
        \x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    offered(request, |offer| assert!(offer.is_ok()));
    let mut frames = request[request.len() - 11..].to_vec();
    let mut connection = Connection::new(Role::Server, Frames::default());
    let received = connection.receive(&mut &mut frames[..]);
    assert_eq!(received, Ok(Some(Received::Message(Data::Text("Hello")))));
}

/// One of the notes' servers answers with the hash of the key alone.
#[test]
fn erratum_e06_the_hash_of_the_key_alone_is_refused() {
    let alone = "hHLtf2V1k8aDQZfNjw3Ia1hCwt0=";
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {alone}\r\n\r\n"
    );
    let error = checked(&Opening::new(NONCE), response.as_bytes()).expect_err("refused");
    assert_eq!(error.rule(), Rule::AcceptWrong);
}

/// The notes' server always names a subprotocol, also one that was not offered.
#[test]
fn erratum_e46_a_subprotocol_that_was_not_offered() {
    let response = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
        Sec-WebSocket-Protocol: chat\r\n\r\n";
    let error = checked(&Opening::new(NONCE), response).expect_err("not asked for");
    assert_eq!(error.rule(), Rule::ProtocolNotAsked);
}
