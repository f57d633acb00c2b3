//! The book's rows W01 to W05, as far as bytes go.

use super::handshakes::{NONCE, checked, offered};
use barewire::http::wire::FieldList;
use barewire::websocket::wire::{
    Close, CloseCode, Connection, Data, Limits, Opening, Phase, Received, Role, Rule, accept,
    refuse,
};

const REQUEST: &[u8] = b"GET /updates HTTP/1.1\r\n\
    Host: 127.0.0.1:12010\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// The notes' handshake: the sample key, `chat, superchat`, and `chat` chosen.
#[test]
fn row_w01_the_handshake_of_the_book() {
    assert_eq!(
        &accept(b"dGhlIHNhbXBsZSBub25jZQ=="),
        b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    let mut response = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
    offered(REQUEST, |offer| {
        let (offer, mut fields) = (offer.expect("the book's request"), FieldList::new());
        let protocol = offer.choose(&["chat"]);
        offer.answer(protocol, None, &mut fields).expect("offered");
        fields.encode(&mut response);
    });
    response.extend_from_slice(b"\r\n");
    assert_eq!(
        response,
        b"HTTP/1.1 101 Switching Protocols\r\n\
          Upgrade: websocket\r\n\
          Connection: Upgrade\r\n\
          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
          Sec-WebSocket-Protocol: chat\r\n\r\n"
    );
    let asked = Opening::new(NONCE)
        .protocol("chat")
        .and_then(|o| o.protocol("superchat"));
    let chosen = checked(&asked.expect("tokens"), &response);
    assert_eq!(chosen, Ok(Some("chat".to_owned())));
}

#[test]
fn row_w01_another_version_is_refused_with_ours() {
    let request = String::from_utf8(REQUEST.to_vec()).expect("ASCII");
    let request = request.replace("Version: 13", "Version: 8");
    let error = offered(request.as_bytes(), |offer| offer.expect_err("version 8"));
    let mut fields = FieldList::new();
    assert_eq!(
        (error.rule(), refuse(&error, &mut fields)),
        (Rule::VersionUnknown, 426)
    );
    assert_eq!(fields.view().get_str("Sec-WebSocket-Version"), Some("13"));
    assert_eq!(fields.view().get_str("Upgrade"), Some("websocket"));
}

/// The header of a frame, bit by bit, as the notes list them.
#[test]
fn row_w02_the_bits_of_a_frame() {
    use barewire::websocket::wire::{Header, Opcode};
    let decode = |bytes: &[u8]| Header::decode(bytes).map(|decoded| decoded.map(|(h, _)| h));
    let (fin, rsv, opcode, mask, length) = (0b1000_0000, 0b0100_0000, 2, 0b1000_0000, 5);
    let header = decode(&[fin | rsv | opcode, mask | length, 1, 2, 3, 4]);
    let expected = Header {
        fin: true,
        rsv: 0b100,
        opcode: Opcode::Binary,
        length: 5,
        key: Some([1, 2, 3, 4]),
    };
    assert_eq!(header, Ok(Some(expected)));
    for (bytes, length) in [
        (&b"\x82\x7d"[..], 125),
        (b"\x82\x7e\x00\x7e", 126),
        (b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 65_536),
    ] {
        assert_eq!(
            decode(bytes).map(|header| header.map(|h| h.length)),
            Ok(Some(length))
        );
    }
}

/// The worked example, both ends, every byte.
#[test]
fn row_w03_hello_world_and_yakexi() {
    let mut client = Connection::new(Role::Client, Limits::default());
    let mut server = Connection::new(Role::Server, Limits::default());
    let (mut up, mut down) = (Vec::new(), Vec::new());

    let key = || [0x37, 0xfa, 0x21, 0x3d];
    client
        .sender()
        .send(Data::Text("hello world!"), key, &mut up)
        .expect("open");
    assert_eq!(up[..6], [0x81, 0x8c, 0x37, 0xfa, 0x21, 0x3d]);
    assert_eq!(up[6..], *b"_\x9fMQX\xdaVRE\x96E\x1c");
    let received = server.receive(&mut &mut up[..]);
    assert_eq!(
        received,
        Ok(Some(Received::Message(Data::Text("hello world!"))))
    );

    let no_key = || unreachable!("a server masks nothing");
    server
        .sender()
        .send(Data::Text("yakexi"), no_key, &mut down)
        .expect("open");
    assert_eq!(down, [0x81, 0x06, 0x79, 0x61, 0x6b, 0x65, 0x78, 0x69]);
    let received = client.receive(&mut &mut down[..]);
    assert_eq!(received, Ok(Some(Received::Message(Data::Text("yakexi")))));
}

#[test]
fn row_w04_clients_mask_and_servers_do_not() {
    for (role, frame, rule) in [
        (Role::Server, &b"\x81\x01a"[..], Rule::MaskMissing),
        (
            Role::Client,
            b"\x81\x81\x00\x00\x00\x00a",
            Rule::MaskForbidden,
        ),
    ] {
        let mut connection = Connection::new(role, Limits::default());
        let error = connection
            .receive(&mut &mut frame.to_vec()[..])
            .expect_err("refused");
        assert_eq!((error.rule(), error.close_code()), (rule, Some(1002)));
        assert_eq!(connection.phase(), Phase::Failed);
    }
}

/// One message as one frame and as many, a ping between, a heartbeat, and the end.
#[test]
fn row_w05_the_life_of_a_connection() {
    let mut client = Connection::new(Role::Client, Limits::default());
    let mut server = Connection::new(Role::Server, Limits::default());
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let key = || [1, 2, 3, 4];

    let parts = ["深入", "浅出", "Node.js"];
    for (at, part) in parts.into_iter().enumerate() {
        let last = at + 1 == parts.len();
        client
            .sender()
            .send_part(Data::Text(part), last, key, &mut up)
            .expect("open");
        if at == 0 {
            client
                .sender()
                .ping(b"still there?", key, &mut up)
                .expect("open");
        }
    }
    let mut bytes = &mut up[..];
    let first = server.receive(&mut bytes);
    assert_eq!(first, Ok(Some(Received::Ping(b"still there?"))));
    server.sender().append_pending_control(key, &mut down);
    let second = server.receive(&mut bytes);
    let whole = Data::Text("深入浅出Node.js");
    assert_eq!(second, Ok(Some(Received::Message(whole))));
    assert_eq!(server.receive(&mut bytes), Ok(None));

    let bye = Close::new(CloseCode::GOING_AWAY, "再见").expect("short");
    server.sender().close(bye, key, &mut down).expect("open");
    let mut bytes = &mut down[..];
    let pong = client.receive(&mut bytes);
    assert_eq!(pong, Ok(Some(Received::Pong(b"still there?"))));
    assert_eq!(client.receive(&mut bytes), Ok(Some(Received::Close(bye))));
    up.clear();
    client.sender().append_pending_control(key, &mut up);
    let answered = server.receive(&mut &mut up[..]);
    assert!(matches!(answered, Ok(Some(Received::Close(close))) if close.number() == 1001));
    assert_eq!(
        (client.phase(), server.phase()),
        (Phase::Closed, Phase::Closed)
    );
}
