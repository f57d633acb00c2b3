//! Where a server demo listens, and when it ends.
//!
//! `--listen stdin` takes the socket that a service manager or a parent has made this process's standard input.
//! `--stop-at-eof` ends the server when standard input ends: Ctrl-D in a terminal, or the end of a pipe. A parent that
//! holds the other end of the pipe so takes its server along, however it ends itself.

use super::Args;
use super::print::err;
use barewire::net::{Handle, Listener, Report};
use std::io;
use std::time::Duration;

/// How long the connections have to finish.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// The listener of an address, or of standard input.
pub(crate) fn listener(address: &str) -> io::Result<Listener> {
    match address {
        "stdin" => Listener::from_stdin(),
        _ => Listener::bind(address),
    }
}

/// Whether the server ends with standard input. To be read before `--listen`.
pub(crate) fn stop_at_eof(args: &mut Args<'_>) -> Result<bool, String> {
    let is_socket = args.typed("--listen").is_some_and(|at| at == ["stdin"]);
    match args.has("--stop-at-eof") {
        true if is_socket => Err("with --listen stdin, standard input has no end".to_owned()),
        stop => Ok(stop),
    }
}

/// Waits until the server has ended.
pub(crate) fn wait(handle: &Handle, stop_at_eof: bool) -> io::Result<()> {
    if stop_at_eof {
        read_to_eof()?;
        shut_down(handle, DEADLINE);
    }
    handle.wait();
    Ok(())
}

/// Stops the server. Its connections have this time to finish.
pub(crate) fn shut_down(handle: &Handle, deadline: Duration) {
    report_cut(&handle.shutdown(deadline));
}

/// Prints how many connections a server has cut at the end.
pub(crate) fn report_cut(report: &Report) {
    if report.cut > 0 {
        err!(
            "{} connections did not finish within {DEADLINE:?}, and were cut",
            report.cut
        );
    }
}

/// Waits for the end of standard input. What comes before it is dropped.
pub(crate) fn read_to_eof() -> io::Result<()> {
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
}
