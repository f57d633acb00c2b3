//! The server process: one server of each kind, so that `/proc` tells what all of them hold.

use crate::http::routes::Routes as HttpRoutes;
use crate::websocket::routes::Routes as WebSocketRoutes;
use barewire::http::{Handled, Request, Response};
use barewire::net::{self, Addr, Handle, Socket, SocketEvents};
use barewire::tls::{self, ServerOptions};
use barewire::udp::{self, Family, RemoteInfo};
use barewire::websocket::{Acceptor, Writer};
use barewire::{http, https};
use rustix::process::{Gid, Resource, Rlimit, Signal, Uid};
use rustix::process::{getrlimit, set_parent_process_death_signal, setrlimit};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};
use std::io;
use std::thread;
use std::time::Duration;

const CERT: &[u8] = include_bytes!("../../../fixtures/tls/server.crt");
const KEY: &[u8] = include_bytes!("../../../fixtures/tls/server.key");
const LISTEN: &str = "127.0.0.1:0";
const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// Serves until stdin ends. Prints the addresses, and then a line for each line that comes:
///
/// - `descriptors N`, `threads N`: no more from now on. Without a number: as at the start.
/// - anything else: the number of connections.
pub(crate) fn serve(user: Option<u32>) -> io::Result<()> {
    if let Some(user) = user {
        become_user(user);
    }
    // After that: a new user clears it.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let handles = start()?;
    let udp = udp::create_socket(Family::V4)
        .bind(LISTEN)?
        .start(UdpEcho)?;
    let addresses: String = handles
        .iter()
        .map(|h| format!("{} ", h.local_addr()))
        .collect();
    println!("{addresses}{}", Addr::from(udp.local_addr()));
    let limits = [Resource::Nofile, Resource::Nproc].map(|which| (which, getrlimit(which)));
    for line in io::stdin().lines() {
        let line = line?;
        let (what, most) = line.split_once(' ').unwrap_or((&line, ""));
        match what {
            "descriptors" => limit(limits[0], most.parse().ok())?,
            "threads" => limit(limits[1], most.parse().ok())?,
            _ => {}
        }
        println!("{}", handles.iter().map(Handle::connections).sum::<usize>());
    }
    Ok(())
}

/// A process may always lower its own limits, and raise them again.
fn limit((which, start): (Resource, Rlimit), most: Option<u64>) -> io::Result<()> {
    let current = most.or(start.current);
    Ok(setrlimit(which, Rlimit { current, ..start })?)
}

/// Limits on threads do not hold for root. This is the only thread so far; the others inherit.
fn become_user(user: u32) {
    let became = set_thread_groups(&[])
        .and_then(|()| set_thread_gid(Gid::from_raw(user)))
        .and_then(|()| set_thread_uid(Uid::from_raw(user)));
    if let Err(error) = became {
        eprintln!("soak server: stays root: {error}");
    }
}

/// In the order of [`NAMES`](crate::addresses::NAMES).
fn start() -> io::Result<[Handle; 6]> {
    let options = ServerOptions::new().cert(CERT).key(KEY);
    let echo = |socket: Socket| socket.pipe(&socket).map(drop);
    let routes = HttpRoutes::new(None).map_err(io::Error::other)?;
    let stats = routes.stats();
    let http = http::create_server(move |req, res| routes.serve(req, res)).listen(LISTEN)?;
    let _ = stats.set(http.clone());
    let ws = WebSocketRoutes::new(MESSAGE_BYTES, None);
    let wss = WebSocketRoutes::new(MESSAGE_BYTES, None);
    Ok([
        net::create_server(echo).listen(LISTEN)?,
        net::create_server(|socket| socket.run(TcpEcho)).listen(LISTEN)?,
        http,
        http::create_server(move |req, res| match req.path() {
            "/two" => two_writers(req, res),
            _ => ws.serve(req, res),
        })
        .listen(LISTEN)?,
        tls::create_server(&options, echo)?.listen(LISTEN)?,
        https::create_server(&options, move |req, res| wss.serve(req, res))?.listen(LISTEN)?,
    ])
}

/// Two threads send large messages at once, while a third reads and answers pings.
fn two_writers(req: Request<'_>, res: Response<'_>) -> Handled {
    let Some(ws) = Acceptor::new().accept(req, res)? else {
        return Ok(());
    };
    let sends = |writer: Writer| {
        while writer.send(&[b'r'; 100_000][..]).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            let writer = ws.writer();
            // While threads have run out, there are fewer.
            let _ = thread::Builder::new().spawn_scoped(scope, move || sends(writer));
        }
        ws.on_message(|_, _| {});
    });
    Ok(())
}

struct TcpEcho;

impl SocketEvents for TcpEcho {
    fn data(&self, socket: &Socket, chunk: &[u8]) {
        socket.write(chunk);
    }
}

struct UdpEcho;

impl udp::SocketEvents for UdpEcho {
    fn message(&self, socket: &udp::Socket, message: &[u8], from: &RemoteInfo) {
        let _ = socket.send_to(message, from.socket_addr()); // lost, if it fails: it is UDP
    }
}
