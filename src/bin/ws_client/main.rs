//! A WebSocket client for the terminal.
//!
//! ```text
//! $ ws_client ws://127.0.0.1:12010/hello
//! hello world!
//! yakexi
//! ```
//!
//! Messages go to stdout, a line each; how the connection ended goes to stderr.
#![forbid(unsafe_code)]

mod autobahn;
#[path = "../demo/mod.rs"]
mod demo;
mod dial;
mod talk;

use barewire::websocket::Error;
use demo::Args;
use dial::Dial;
use std::process::ExitCode;

const HELP: &str = "\
usage: ws_client [--echo | --updates] [-k | --cacert FILE] URL
       ws_client --autobahn [--agent NAME] [-k | --cacert FILE] URL

Sends each line of stdin as a message and prints each message that arrives; closes at the end of
stdin. URL is ws://HOST:PORT/PATH, or wss: for TLS.

  --echo         send hello, then each message back
  --updates      send every 50 ms, but only while no earlier update is still in the send queue
  --autobahn     run the cases of the fuzzing server of the Autobahn|Testsuite
  --agent NAME   our name in its report (barewire)
  --cacert FILE  certificates to trust instead of the public authorities
  -k             accept any certificate, which is for a test
";

type Run = fn(&Dial) -> Result<(), Error>;

fn main() -> ExitCode {
    demo::run(HELP, read, |(run, dial)| run(&dial))
}

fn read(args: &mut Args<'_>) -> Result<(Run, Dial), String> {
    let (echo, updates) = (args.has("--echo"), args.has("--updates"));
    let (run, agent): (Run, _) = match args.has("--autobahn") {
        true => (autobahn::run, args.value("--agent")),
        false if updates => (talk::updates, None),
        false if echo => (talk::echo, None),
        false => (talk::lines, None),
    };
    let dial = Dial {
        url: demo::encoded(&args.word().ok_or("a URL is missing")?),
        agent: agent.unwrap_or_else(|| "barewire".into()),
        cacert: args.value("--cacert"),
        insecure: args.has("-k"),
    };
    Ok((run, dial))
}
