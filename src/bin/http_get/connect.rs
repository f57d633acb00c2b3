//! How http_get connects: as the library does by default, with a `*` line for each step.

use crate::transcript::{Connection, Phase, Transcript};
use barewire::http::{ClientEvents, Connected, Connector, Origin};
use barewire::net::{self, Stream, Unix};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

#[derive(Clone)]
pub(crate) struct Verbose(pub(crate) Arc<Transcript>);

impl Connector for Verbose {
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        let connected = match to.socket_path() {
            Some(path) => self.unix(path, to, deadline),
            None => self.tcp(to, deadline),
        };
        connected.inspect_err(|e| self.0.note(format_args!("{to}: {e}")))
    }

    fn key(&self) -> Option<&str> {
        Some("verbose")
    }
}

impl Verbose {
    fn tcp(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        let (Verbose(transcript), began) = (self, Instant::now());
        transcript.set_phase(Phase::Resolving);
        let addresses = net::resolve(to.host(), to.port(), to.family(), deadline)?;
        let resolve = began.elapsed();
        transcript.set_phase(Phase::Connecting);
        for address in &addresses {
            transcript.note(format_args!("  Trying {address}..."));
        }
        let tcp = net::race(&addresses, deadline)?;
        let connect = began.elapsed() - resolve;
        tcp.set_no_delay(true)?;
        transcript.note("TCP_NODELAY set");
        let ip = tcp.peer_addr()?.ip().map(|address| address.ip());
        let ip = ip.map_or_else(String::new, |ip| ip.to_string());
        let connected = self.connected(tcp, to, &ip);
        Ok(Connected {
            resolve,
            connect,
            ..connected
        })
    }

    fn unix(&self, path: &Path, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        let (Verbose(transcript), began) = (self, Instant::now());
        transcript.set_phase(Phase::Connecting);
        transcript.note(format_args!("  Trying {}...", path.display()));
        let unix = Unix::connect_until(path, deadline)?;
        let connect = began.elapsed();
        let connected = self.connected(unix, to, &path.display().to_string());
        Ok(Connected {
            connect,
            ..connected
        })
    }

    fn connected(&self, stream: impl Stream + 'static, to: &Origin, address: &str) -> Connected {
        let (host, port, number) = (to.host(), to.port(), self.0.open(to.host()));
        self.0.note(format_args!(
            "Connected to {host} ({address}) port {port} (#{number})"
        ));
        Connected::new(stream)
    }
}

/// Prints when a request reuses a connection.
pub(crate) struct Reuse(pub(crate) Arc<Transcript>);

impl ClientEvents for Reuse {
    fn socket(&mut self, stream: &dyn Stream, reused: bool) {
        let Some(tapped) = stream.tapped() else {
            return;
        };
        let connection = self.0.begin_request(tapped.number());
        if reused && let Some(Connection { number, host, .. }) = connection.as_deref() {
            self.0.note(format_args!(
                "Re-using existing connection! (#{number}) with host {host}"
            ));
        }
    }
}
