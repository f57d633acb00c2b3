//! UDP.

#[path = "../udp_echo/heard.rs"]
mod heard;

use barewire::net::Addr;
use barewire::udp::{self, Events, Family, RemoteInfo, Socket};
use std::io;

pub(crate) fn open(listen: &str) -> io::Result<Addr> {
    let socket = udp::create_socket(Family::Udp4).bind(listen)?;
    Ok(socket.start(Heard)?.address().into())
}

struct Heard;

impl Events for Heard {
    fn message(&self, _socket: &Socket, msg: &[u8], rinfo: &RemoteInfo) {
        heard::tell(msg, rinfo);
    }
}
