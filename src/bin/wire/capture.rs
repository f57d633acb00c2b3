//! A capture, packet by packet: what can be read is explained, also of a broken file.

use crate::demo::{err, named};
use crate::options::{Options, Style};
use crate::output::Shared;
use barewire::trace::wire::capture::{Event, Reader};
use barewire::trace::wire::{Explainer, Layer, Protocol};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) fn explain(path: &str, options: &Options) -> io::Result<u8> {
    let input: Box<dyn Read> = match path {
        "-" => Box::new(io::stdin().lock()),
        path => Box::new(File::open(path).map_err(|error| named(path, &error))?),
    };
    if let Style::Html(page) = &options.style
        && fs::canonicalize(page)
            .is_ok_and(|page| fs::canonicalize(path).is_ok_and(|it| it == page))
    {
        let text = format!("{page} is the capture: --html takes another file");
        return Err(io::Error::new(ErrorKind::InvalidInput, text));
    }
    let out = options.output()?;
    let mut watched = Watched {
        explainer: options.explainer(out.clone()),
        protocol: options.protocol.clone(),
        time: Duration::ZERO,
        datagram: None,
    };
    let mut explained = Ok(());
    for event in Reader::new(Live { input, out }) {
        explained = match event {
            Ok(event) => watched.passes(event),
            Err(error) => Err(named(path, &error.into())),
        };
        if explained.is_err() {
            break;
        }
    }
    watched.explainer.finish()?;
    explained.map(|()| 0)
}

struct Watched {
    explainer: Explainer,
    protocol: Protocol,
    /// Of the last bytes.
    time: Duration,
    /// Whose datagram they are, if they are one.
    datagram: Option<u64>,
}

impl Watched {
    fn passes(&mut self, event: Event) -> io::Result<()> {
        let explainer = &mut self.explainer;
        match event {
            Event::Begins {
                conversation,
                time,
                client,
                server,
            } => {
                let about = between(client, server);
                explainer.begins(conversation, time, &about, self.protocol.clone())
            }
            Event::Bytes {
                conversation,
                from,
                time,
                bytes,
            } => {
                (self.time, self.datagram) = (time, None);
                explainer.bytes(conversation, Layer::Tcp, from, time, &bytes)
            }
            Event::Gap {
                conversation,
                length,
                ..
            } if self.datagram == Some(conversation) => {
                let text = format!("{length} more bytes of it are not in the capture");
                explainer.event(conversation, self.time, &text)
            }
            Event::Gap {
                conversation,
                from,
                length,
            } => explainer.gap(conversation, from, self.time, length),
            Event::Ends {
                conversation,
                from,
                time,
                reset,
            } => {
                if reset {
                    explainer.event(conversation, time, "cut by a RST")?;
                }
                explainer.ends(conversation, from, time)
            }
            Event::Datagram {
                conversation,
                client,
                server,
                from,
                time,
                bytes,
            } => {
                (self.time, self.datagram) = (time, Some(conversation));
                explainer.event(conversation, time, &between(client, server))?;
                explainer.datagram(conversation, from, time, &bytes)
            }
            Event::Notice {
                conversation: Some(conversation),
                time,
                notice,
            } => explainer.event(conversation, time, &notice.to_string()),
            Event::Notice { notice, .. } => {
                err!("{notice}");
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn between(client: SocketAddr, server: SocketAddr) -> String {
    format!("client {client} connects to server {server}")
}

/// An input whose next bytes may be long in coming: what came before them is shown first.
struct Live<R> {
    input: R,
    out: Shared,
}

impl<R: Read> Read for Live<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.out.flush()?;
        self.input.read(buf)
    }
}
