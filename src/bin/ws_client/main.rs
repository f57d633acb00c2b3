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
use demo::{Args, ClientFiles, Recording, Standard};
use dial::Dial;
use std::process::ExitCode;

const HELP: &str = include_str!("help.txt");

type Run = fn(&Dial) -> Result<(), Error>;

fn main() -> ExitCode {
    demo::run(HELP, read, |(run, mut dial, recording)| {
        dial.recorder = recording.recorder(Standard::Err)?;
        let done = run(&dial);
        let recorded = dial.recorder.map_or(Ok(()), |recorder| recorder.finish());
        done.and(recorded.map_err(Error::from))
    })
}

fn read(args: &mut Args<'_>) -> Result<(Run, Dial, Recording), String> {
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
        files: ClientFiles::of(args, "--cacert", false),
        proxy: args.value("-x").or_else(|| args.value("--proxy")),
        insecure: args.has("-k"),
        deflate: demo::deflate(args),
        recorder: None,
    };
    let recording = Recording::of(args)?;
    Ok((run, dial, recording))
}
