//! The book's servers and clients, for two terminals: its words go to stdout, and what each read
//! returned to stderr.

use crate::demo::{self, err, log, out, peer_left, printable, write_err};
use crate::framings::{Codec, Framing, Received};
use barewire::net::{self, Addr, ServerEvents, Socket};
use std::io;

/// The book's message.
pub(crate) const MESSAGE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// How often it is sent.
pub(crate) const TIMES: usize = 18;

pub(crate) fn serve(framing: Framing, listen: &str, stop_at_eof: bool) -> io::Result<()> {
    let server = net::create_server_with(Server { framing });
    demo::wait(&server.listen_on(demo::listener(listen)?)?, stop_at_eof)
}

struct Server {
    framing: Framing,
}

impl ServerEvents for Server {
    fn listening(&self, address: &Addr) {
        match (self.framing, address.port()) {
            (Framing::Ring, Some(port)) => log!("tcp_server listening on {port}"),
            (Framing::Ring, None) => log!("tcp_server listening on {address}"),
            _ => log!("server bound"),
        }
        err!("listening on {address}");
    }

    fn connection(&self, socket: Socket) -> io::Result<()> {
        let ring = self.framing == Framing::Ring;
        let done = self.converse(&socket);
        match &done {
            Err(error) if ring => log!("error:客户端异常断开: {error}"),
            Err(error) if peer_left(error) => {}
            Err(error) => err!("{error}"),
            Ok(()) if !ring => log!("连接断开"),
            Ok(()) => {}
        }
        if ring {
            log!("client disconnected");
        }
        done
    }
}

impl Server {
    fn converse(&self, socket: &Socket) -> io::Result<()> {
        let mut codec = self.framing.codec();
        each_message(&mut codec, socket, |codec, message| {
            match self.framing {
                Framing::None | Framing::Fixed => {}
                Framing::Delimiter => log!("{}", printable(&message.body)),
                Framing::Header => log!("{message}"),
                Framing::Ring => log!("recv data: {}", printable(&message.body)),
            }
            let mut reply = Vec::new();
            match self.framing {
                Framing::None => reply.extend_from_slice("你好".as_bytes()),
                Framing::Ring => {}
                _ => (codec.frame)(&message.body, message.serial, &mut reply)?,
            }
            socket.write_all(reply)
        })
    }
}

pub(crate) fn talk(framing: Framing, to: &str) -> io::Result<()> {
    let socket = net::connect(to)?;
    if framing != Framing::Ring {
        out!("client connected");
    }
    let mut codec = framing.codec();
    for _ in 0..TIMES {
        let mut wire = Vec::new();
        (codec.frame)(MESSAGE.as_bytes(), None, &mut wire)?;
        socket.write_all(wire)?;
    }
    socket.end()?;
    each_message(&mut codec, &socket, |_, message| {
        match framing {
            Framing::None => out!("{} -------客户端data-----", printable(&message.body)),
            _ => out!("{}", printable(&message.body)),
        }
        Ok(())
    })?;
    match framing {
        Framing::Ring => out!("disconnect from server"),
        _ => out!("client disconnected"),
    }
    Ok(())
}

/// Reads until the peer's end.
fn each_message(
    codec: &mut Codec,
    socket: &Socket,
    mut received: impl FnMut(&mut Codec, &Received) -> io::Result<()>,
) -> io::Result<()> {
    let mut reads = 0;
    while let (bytes @ 1.., messages) = (codec.read)(socket)? {
        reads += 1;
        write_err(format_args!("read {reads}: {bytes} bytes\n"));
        for message in &messages {
            received(codec, message)?;
        }
    }
    Ok(())
}
