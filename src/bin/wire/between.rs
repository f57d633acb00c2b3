//! A go-between: what a client sends goes to the server, what the server sends comes back, and all of it is explained.
//!
//! ```text
//!   client ───────────────► wire ───────────────► server          the client's connection is explained
//!   client ═══ TLS ═══════► wire ───────────────► server          its records, and what is in them
//!   client ───────────────► wire ═══ TLS ═══════► server          the records on the way to the server, and what is in them
//!   client ═══ TLS ═══════► wire ═══ TLS ═══════► server          both: two conversations, of which the first has the text
//! ```
//!
//! No byte is changed. A FIN is passed on when the bytes before it are; a connection that is cut on one side is cut on
//! the other. (Whether the peer sees a RST or a FIN then is the system's choice.)

use crate::demo::{self, err, read_file};
use crate::options::{Listen, Options};
use barewire::net::{self, Addr, ConnectOptions, Listener, Observer, Service, Slot, Stream};
use barewire::net::{TapEvent, Tapped};
use barewire::tls::{self, ClientContext, ClientOptions, Secured, ServerContext, ServerOptions};
use barewire::trace::Recorder;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Further clients wait until one of them has left.
const MOST_CONNECTIONS: usize = 1000;
/// A connection without a byte in either direction is cut after this time.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3600);

struct Between {
    to: String,
    /// The tap is on this connection, too.
    connect: ConnectOptions,
    to_tls: Option<ClientContext>,
}

pub(crate) fn serve(listen: &Listen, options: &Options) -> io::Result<u8> {
    let tap = options.recorder(listen.save.as_deref())?;
    let recorder = tap.clone();
    let to_tls = listen.to_tls.as_deref().map(trusting).transpose()?;
    let is_tls = listen.tls.as_ref();
    let mut connect = ConnectOptions::default();
    let mut accept = net::Options {
        max_connections: MOST_CONNECTIONS,
        ..net::Options::default()
    };
    match (is_tls, &to_tls) {
        (None, Some(_)) => connect = connect.tap(tap),
        (Some(_), Some(_)) => {
            connect = connect.tap(records_for(&tap));
            accept.tap = Some(Arc::new(tap));
        }
        (_, None) => accept.tap = Some(Arc::new(tap)),
    }
    let between = Between {
        to: listen.to.clone(),
        connect,
        to_tls,
    };
    let context = is_tls.map(identified_by).transpose()?;
    let listener = Listener::bind(&listen.at)?;
    let handle = match context {
        Some(context) => {
            let secured = Secured::new(context, between);
            listener.serve(accept, secured.on_error(|error, _| err!("{error}")))?
        }
        None => listener.serve(accept, between)?,
    };
    demo::wait(&handle, listen.stop_at_eof)?;
    recorder.finish()?;
    Ok(0)
}

/// The text is that of the client's connection.
fn records_for(tap: &Recorder) -> impl Observer + use<> {
    let tap = tap.clone();
    move |connection: &Tapped, event: TapEvent<'_>| {
        if !connection.is_plaintext() {
            tap.passed(connection, event);
        }
    }
}

fn identified_by((cert, key): &(String, String)) -> io::Result<ServerContext> {
    let options = ServerOptions::new();
    let options = options.cert(read_file(cert)?).key(read_file(key)?);
    Ok(ServerContext::new(&options)?)
}

fn trusting(ca: &str) -> io::Result<ClientContext> {
    Ok(ClientContext::new(
        &ClientOptions::new().ca(read_file(ca)?),
    )?)
}

impl Service for Between {
    fn listening(&self, address: &Addr) {
        err!("listening on {address}");
    }

    fn accept_error(&self, error: &io::Error) {
        err!("{error}");
    }

    fn connection(&self, client: Arc<dyn Stream>, _slot: Slot) {
        let passed = match self.server() {
            Ok(server) => net::tunnel(Arc::clone(&client), server, b"", IDLE_TIMEOUT).map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = passed {
            err!("{error}");
        }
        drop(client); // closed when its user can read why
    }
}

impl Between {
    fn server(&self) -> io::Result<Arc<dyn Stream>> {
        let socket = match &self.to_tls {
            Some(context) => tls::connect_with(&self.to, context, &self.connect)?,
            None => net::connect_with(&self.to, &self.connect)?,
        };
        Ok(Arc::clone(socket.stream()))
    }
}
