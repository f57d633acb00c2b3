//! W03: the book's worked example. `hello world!` comes masked, `yakexi` is answered.

use super::stage::{Peer, serving};
use crate::support::watched;

#[test]
fn row_w03_hello_world_and_yakexi() {
    watched(|| {
        let site = serving(|ws| {
            ws.on_message(|socket, data| {
                assert_eq!(data.text(), Some("hello world!"));
                socket.send("yakexi").expect("open");
            });
        });
        let mut peer = Peer::open(&site);
        peer.send(b"\x81\x8c\x37\xfa\x21\x3d\x5f\x9f\x4d\x51\x58\xda\x56\x52\x45\x96\x45\x1c");
        peer.expect(b"\x81\x06\x79\x61\x6b\x65\x78\x69");
    });
}
