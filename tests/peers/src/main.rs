//! What barewire is compared with, and the load for all of them: `compare.py` starts each as a process of its own.
//!
//! ```text
//! barewire-peers bare    LISTEN [--tls] [--yield]   a blocking loop, HTTP and WebSocket
//! barewire-peers hyper   LISTEN [--tls]
//! barewire-peers tungstenite | fastwebsockets  LISTEN
//! barewire-peers load    PORT SECONDS …             see `load/mod.rs`
//! barewire-peers client  bare | barewire | ureq  PORT IN_FLIGHT SECONDS
//! ```

mod agents;
mod args;
mod bare;
mod certificates;
mod load;
mod websockets;
mod with_hyper;

use args::Args;
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

/// What every server answers to `GET /`.
const HELLO: &str = "Hello World\n";
/// The length of `GET /big`.
const BIG_BYTES: usize = 1 << 30;
/// What it is made of.
static BLOCK: [u8; 256 * 1024] = [b'x'; 256 * 1024];

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let mut args = Args::of_this_process();
    let outcome = match args.word().as_str() {
        "bare" => bare::serve(&mut args),
        "hyper" => with_hyper::serve(&mut args),
        "tungstenite" => websockets::serve_tungstenite(&mut args),
        "fastwebsockets" => websockets::serve_fastwebsockets(&mut args),
        "load" => load::run(&mut args),
        "client" => agents::run(&mut args),
        other => Err(format!("there is no role {other:?}; the source lists them").into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The line that `compare.py` waits for.
fn announce(listens_on: SocketAddr) {
    println!("listening on {listens_on}");
}
