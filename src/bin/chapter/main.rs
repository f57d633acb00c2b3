//! The whole chapter, served by one program: `make run`.
//!
//! ```text
//!   TCP        127.0.0.1:8124         nc 127.0.0.1 8124
//!   Unix       unix:/tmp/echo.sock    nc -U /tmp/echo.sock
//!   UDP        127.0.0.1:41234        nc -u 127.0.0.1 41234
//!   HTTP       127.0.0.1:1337         curl -v http://127.0.0.1:1337/
//!   …
//! ```
//!
//! Behind each door is what the demo of its protocol serves; what that prints stands below.
#![forbid(unsafe_code)]

#[path = "../tls_echo/certificates.rs"]
mod certificates;
mod door;
mod http;
mod https;
mod options;
mod tcp;
mod tls;
mod udp;
mod websocket;

use door::{Door, Place};
use options::{Options, USAGE};
use std::process::ExitCode;
use std::thread;

/// Everybody on this machine may come in, and nobody else.
const DOORS: &[Door] = &[
    Door {
        name: "TCP",
        place: Place::Port(8124),
        open: tcp::open,
        tries: &["nc 127.0.0.1 {port}", "tcp_echo client {address}"],
    },
    Door {
        name: "Unix",
        place: Place::Path,
        open: tcp::open,
        tries: &["nc -U {path}"],
    },
    Door {
        name: "UDP",
        place: Place::Port(41234),
        open: udp::open,
        tries: &["nc -u 127.0.0.1 {port}", "udp_echo client {address}"],
    },
    Door {
        name: "HTTP",
        place: Place::Port(1337),
        open: http::open,
        tries: &["curl -v http://{address}/", "a page: http://{address}/try"],
    },
    Door {
        name: "WebSocket",
        place: Place::Port(12010),
        open: websocket::open,
        tries: &[
            "ws_client ws://{address}/hello",
            "a page: http://{address}/",
        ],
    },
    Door {
        name: "TLS",
        place: Place::Port(8000),
        open: tls::open,
        tries: &[
            "openssl s_client -connect {address} -CAfile fixtures/tls/ca.crt",
            "tls_echo --connect localhost:{port} --ca fixtures/tls/ca.crt",
        ],
    },
    Door {
        name: "HTTPS",
        place: Place::Port(8443),
        open: https::open,
        tries: &[
            "curl --cacert fixtures/tls/ca.crt https://localhost:{port}/",
            "http_get -v --cacert fixtures/tls/ca.crt https://localhost:{port}/",
        ],
    },
];

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    match Options::from_args(args.map(|arg| arg.to_string_lossy().into_owned())) {
        Ok(Some(options)) => match open_all(&options) {
            Ok(()) => wait(),
            Err(why) => {
                eprintln!("chapter: {why}");
                ExitCode::FAILURE
            }
        },
        Ok(None) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("chapter: {why}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// All of them, or none: with the first that cannot be opened the program ends.
fn open_all(options: &Options) -> Result<(), String> {
    let mut opened = String::new();
    for (number, door) in (0..).zip(DOORS) {
        let address = door.open_at(&options.listen(number, &door.place))?;
        opened += &door.invitation(&address);
    }
    println!(
        "The network chapter of 《深入浅出Node.js》. Ctrl-C ends it. Ours to try are run by `cargo run --bin NAME -- …`.\n\n{opened}"
    );
    Ok(())
}

/// The doors have threads of their own.
fn wait() -> ! {
    loop {
        thread::park();
    }
}
