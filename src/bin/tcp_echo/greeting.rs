//! The book's first server: a greeting, then 你好 to whatever arrives.

use crate::demo::log;
use barewire::net::{Socket, SocketEvents};
use std::io;

pub(crate) fn greet(socket: &Socket) -> io::Result<()> {
    socket.write("欢迎光临《深入浅出Node.js》示例：\n");
    socket.run(Polite)
}

struct Polite;

impl SocketEvents for Polite {
    fn data(&self, socket: &Socket, _chunk: &[u8]) {
        socket.write("你好");
    }

    fn end(&self, _socket: &Socket) {
        log!("连接断开");
    }
}
