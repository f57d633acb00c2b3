//! How http_get reaches a server: as the library does it by itself, and telling about it.

use crate::tap::Tap;
use crate::transcript::{Phase, Transcript};
use barewire::http::{ClientEvents, Connected, Connector, Origin};
use barewire::net::{self, Stream, Unix};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Clone)]
pub(crate) struct Narrated(pub(crate) Arc<Transcript>);

impl Connector for Narrated {
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        let connected = match to.socket_path() {
            Some(path) => self.unix(path, to, deadline),
            None => self.tcp(to, deadline),
        };
        connected.inspect_err(|e| self.0.note(format_args!("{to}: {e}")))
    }

    fn key(&self) -> Option<&str> {
        Some("narrated")
    }
}

impl Narrated {
    fn tcp(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        let Narrated(transcript) = self;
        let began = Instant::now();
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
        let at = tcp.peer_addr()?.ip().map(|address| address.ip());
        let at = at.map_or_else(String::new, |ip| ip.to_string());
        Ok(self.listen_to(Arc::new(tcp), resolve, connect, to, &at))
    }

    fn unix(&self, path: &Path, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        let (Narrated(transcript), began) = (self, Instant::now());
        transcript.set_phase(Phase::Connecting);
        transcript.note(format_args!("  Trying {}...", path.display()));
        let unix = Arc::new(Unix::connect_until(path, deadline)?);
        let (connect, at) = (began.elapsed(), path.display().to_string());
        Ok(self.listen_to(unix, Duration::ZERO, connect, to, &at))
    }

    fn listen_to(
        &self,
        stream: Arc<dyn Stream>,
        resolve: Duration,
        connect: Duration,
        to: &Origin,
        at: &str,
    ) -> Connected {
        let tap = Tap::new(stream, to.host(), &self.0);
        let (host, port, number) = (to.host(), to.port(), tap.number());
        self.0.note(format_args!(
            "Connected to {host} ({at}) port {port} (#{number})"
        ));
        tap.begin();
        Connected {
            stream: tap,
            resolve,
            connect,
            secure: Duration::ZERO,
        }
    }
}

/// Which connection a request gets.
pub(crate) struct Telling(pub(crate) Arc<Transcript>);

impl ClientEvents for Telling {
    fn socket(&mut self, stream: &dyn Stream, reused: bool) {
        let Some(tap) = stream.as_any().downcast_ref::<Tap>() else {
            return;
        };
        tap.begin();
        if reused {
            let (number, host) = (tap.number(), tap.host());
            self.0.note(format_args!(
                "Re-using existing connection! (#{number}) with host {host}"
            ));
        }
    }
}
