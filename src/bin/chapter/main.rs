//! The whole chapter, served by one program: `make run`.
//!
//! ```text
//!   http://127.0.0.1:1337/chapter     the chapter in a browser
//!
//!   TCP        127.0.0.1:8124         nc 127.0.0.1 8124
//!   Unix       unix:/tmp/echo.sock    nc -U /tmp/echo.sock
//!   UDP        127.0.0.1:41234        nc -u 127.0.0.1 41234
//!   HTTP       127.0.0.1:1337         curl -v http://127.0.0.1:1337/
//!   …
//! ```
//!
//! Each door serves what the demo of its protocol serves, and prints what that prints, behind its name. The HTTP door
//! serves the page of the chapter, too:
//!
//! | file | is |
//! |---|---|
//! | `door.rs`, `servers.rs` | the doors, and the servers behind them |
//! | `site.rs`, `assets.rs`, `catalogue.rs`, `page/` | what the HTTP door answers below `/chapter` |
//! | `guard.rs` | which requests may use it |
//! | `live.rs` | the WebSocket of a page that is open: commands in, messages out |
//! | `exchange/` | the exchanges, and the stage on which they play |
//! | `run.rs`, `log.rs` | a run: its threads; what passes in it |
//! | `spans.rs`, `states.rs` | what is explained, as messages |
//! | `words.rs` | the words of spans, in two languages |
//! | `sources.rs` | the lines of `src/` that obey a rule |
//! | `export.rs` | a run as one file |
//! | `json.rs` | commands and messages |
#![forbid(unsafe_code)]

mod assets;
mod catalogue;
#[path = "../tls_echo/certificates.rs"]
mod certificates;
#[path = "../demo/mod.rs"]
mod demo;
mod door;
mod exchange;
mod export;
mod guard;
mod http_server;
mod json;
mod live;
mod log;
mod order;
mod run;
mod servers;
mod site;
mod sources;
mod spans;
mod states;
mod words;

use demo::{Args, err, log, out};
use door::{Door, Open};
use std::path::Path;
use std::process::ExitCode;
use std::thread;

const HELP: &str = include_str!("help.txt");

struct Options {
    ports: Ports,
    unix: String,
    /// Play everything into this folder, and end.
    export: Option<String>,
    stop_at_eof: bool,
}

enum Ports {
    Book,
    From(u16),
    Any,
}

macro_rules! doors {
    ($($name:literal $port:expr, $open:ident, $tries:expr;)+) => {
        /// All listen on 127.0.0.1, so only this machine can connect.
        const DOORS: &[Door] = &[$(Door {
            name: $name,
            port: $port,
            open: servers::$open,
            tries: &$tries,
        }),+];
    };
}

doors! {
    "TCP" Some(8124), tcp, ["nc 127.0.0.1 {tcp.port}", "tcp_echo client {tcp}"];
    "Unix" None, tcp, ["nc -U {unix.path}"];
    "UDP" Some(41234), udp, ["nc -u 127.0.0.1 {udp.port}", "udp_echo client {udp}"];
    "HTTP" Some(1337), http, ["curl -v http://{http}/"];
    "WebSocket" Some(12010), websocket, ["ws_client ws://{websocket}/hello"];
    "TLS" Some(8000), tls, [
        "openssl s_client -connect {tls} -CAfile fixtures/tls/ca.crt",
        "tls_echo --connect localhost:{tls.port} --ca fixtures/tls/ca.crt"
    ];
    "HTTPS" Some(8443), https, [
        "curl --cacert fixtures/tls/ca.crt https://localhost:{https.port}/",
        "http_get -v --cacert fixtures/tls/ca.crt https://localhost:{https.port}/"
    ];
}

fn main() -> ExitCode {
    demo::run(HELP, read, run)
}

fn run(options: Options) -> Result<(), String> {
    let mut doors = Vec::new();
    let served = open_all(&options, &mut doors).and_then(|()| match &options.export {
        Some(folder) => export_to(folder),
        None => serve(options.stop_at_eof),
    });
    // Also after an error: the file of the Unix socket goes with its server.
    served.and(door::close_all(&doors).map_err(|e| e.to_string()))
}

fn serve(stop_at_eof: bool) -> Result<(), String> {
    let page = door::address("http").unwrap_or_default();
    log!("http://{page}/chapter in a browser\n");
    let opened: String = DOORS.iter().map(Door::invitation).collect();
    let ends = match stop_at_eof {
        true => "Ctrl-D",
        false => "Ctrl-C",
    };
    log!(
        "The network chapter of 《深入浅出Node.js》. {ends} ends it. Run a demo of ours with \
         `cargo run --release --bin NAME -- …`.\n\n{opened}"
    );
    match stop_at_eof {
        true => demo::read_to_eof().map_err(|e| e.to_string()),
        false => loop {
            thread::park(); // the servers have threads of their own
        },
    }
}

fn read(args: &mut Args<'_>) -> Result<Options, String> {
    let unix = args.value("--unix").map_or_else(unix_default, Ok)?;
    let ports = DOORS.iter().filter_map(|door| door.port).count();
    let last = 65535 - (ports as u16 - 1); // the others need the ports behind it
    let ports = match args.number("--ports-from") {
        Ok(Some(first)) if (1..=last).contains(&first) => Ports::From(first),
        Ok(None) if args.has("--any-port") => Ports::Any,
        Ok(None) => Ports::Book,
        _ => return Err(format!("--ports-from takes a port from 1 to {last}")),
    };
    Ok(Options {
        ports,
        unix,
        export: args.value("--export"),
        stop_at_eof: demo::stop_at_eof(args)?,
    })
}

fn unix_default() -> Result<String, String> {
    let path = std::env::temp_dir().join("echo.sock").into_os_string();
    let text = path.into_string();
    text.map_err(|path| format!("{path:?} is not UTF-8: --unix PATH takes another one"))
}

impl Options {
    /// Where a door listens. `number` is its place among the doors that have a port.
    fn listen(&self, number: u16, port: u16) -> String {
        let port = match self.ports {
            Ports::Book => port,
            Ports::From(first) => first + number,
            Ports::Any => 0,
        };
        format!("127.0.0.1:{port}")
    }
}

fn export_to(folder: &str) -> Result<(), String> {
    let report = |name: &str, why: Option<&str>| match why {
        None => out!("{folder}/{name}"),
        Some(why) => err!("{folder}/{name}: {why}"),
    };
    match export::all(Path::new(folder), report) {
        Ok(true) => Ok(()),
        Ok(false) => Err("not every exchange went well".to_owned()),
        Err(error) => Err(format!("{folder}: {error}")),
    }
}

/// Opens all, or returns the error of the first that cannot be opened.
fn open_all(options: &Options, doors: &mut Vec<Open>) -> Result<(), String> {
    let (mut addresses, mut number) = (Vec::new(), 0);
    for door in DOORS {
        let listen = match door.port {
            Some(port) => options.listen(number, port),
            None => format!("unix:{}", options.unix),
        };
        number += u16::from(door.port.is_some());
        let open = door.open_at(&listen)?;
        addresses.push((door.name.to_lowercase(), open.address().to_string()));
        doors.push(open);
    }
    door::all_open(addresses);
    Ok(())
}
