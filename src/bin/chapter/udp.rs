//! UDP.

#[path = "../udp_echo/message.rs"]
mod message;

use barewire::net::Addr;
use barewire::udp::{self, Events, Family, RemoteInfo, Socket};
use std::io;

pub(crate) fn open(listen: &str) -> io::Result<Addr> {
    let socket = udp::create_socket(Family::Udp4).bind(listen)?;
    Ok(socket.start(Printing)?.address().into())
}

struct Printing;

impl Events for Printing {
    fn message(&self, _socket: &Socket, msg: &[u8], rinfo: &RemoteInfo) {
        message::print(msg, rinfo);
    }
}
