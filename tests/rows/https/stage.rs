//! What the rows share: certificates, a server on a free port, and clients that trust it.

use crate::support::{Client, PATIENCE};
use crate::websocket::stage as websockets;
use barewire::http::{self, RequestOptions, ServerEvents};
use barewire::net::{Handle, Listener, Stream, Tcp};
use barewire::tls::{ClientContext, ClientOptions, ServerContext, ServerOptions};
use barewire::websocket::{Acceptor, ConnectOptions, WebSocket};
use barewire::{https, tls};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A file of `fixtures/tls/`.
pub(crate) fn pem(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A server of this name: `server`, `other`, `expired` …
pub(crate) fn identity(name: &str) -> ServerOptions {
    ServerOptions::new()
        .cert(pem(&format!("{name}.crt")))
        .key(pem(&format!("{name}.key")))
}

/// A client that trusts our CA, and no other.
pub(crate) fn trusting() -> ClientOptions {
    ClientOptions::new().ca(pem("ca.crt"))
}

/// The same, with a certificate of its own.
pub(crate) fn known() -> ClientOptions {
    trusting().cert(pem("client.crt")).key(pem("client.key"))
}

/// An agent with a pool of its own.
pub(crate) fn agent() -> https::Agent {
    https::Agent::new(&trusting()).expect("good options")
}

/// A server that calls `serve` with each WebSocket.
pub(crate) fn accepting(
    acceptor: Acceptor,
    serve: impl Fn(WebSocket) + Send + Sync + 'static,
) -> Site {
    Site::new(websockets::server(acceptor, serve))
}

/// A WebSocket to that server.
pub(crate) fn open(site: &Site) -> WebSocket {
    let options = ConnectOptions::new().request_options(&agent().options());
    let url = site.url("/").replace("https:", "wss:");
    https::websocket_with(&url, &options).expect("a WebSocket")
}

/// A server over TLS on a free port of 127.0.0.1.
pub(crate) struct Site {
    pub(crate) handle: Handle,
}

impl Site {
    pub(crate) fn new(server: http::Server<impl ServerEvents>) -> Site {
        Site::with(identity("server"), server)
    }

    pub(crate) fn with(options: ServerOptions, server: http::Server<impl ServerEvents>) -> Site {
        let server = https::create_server_with(&options, server).expect("good options");
        Site::of(server)
    }

    pub(crate) fn of(server: https::Server<impl ServerEvents>) -> Site {
        let handle = server.listen("127.0.0.1:0").expect("a port");
        Site { handle }
    }

    pub(crate) fn port(&self) -> u16 {
        self.handle.local_addr().port().expect("a port")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port())
    }

    /// `GET /` to this server, by this agent.
    pub(crate) fn options(&self, agent: &https::Agent) -> RequestOptions {
        let options = agent.options().hostname("127.0.0.1");
        options.port(self.port()).timeout(PATIENCE)
    }

    /// A connection without TLS.
    pub(crate) fn tcp(&self) -> Arc<Tcp> {
        tcp(self.port())
    }

    /// A connection under TLS on which a test sends raw HTTP.
    pub(crate) fn client(&self) -> Client {
        Client::over(self.tls(&trusting()).expect("a handshake"))
    }

    pub(crate) fn tls(&self, options: &ClientOptions) -> Result<Arc<tls::Tls>, tls::Error> {
        let context = ClientContext::new(options)?;
        let deadline = Instant::now() + PATIENCE;
        let tls = context.connect(self.tcp(), "localhost", deadline)?;
        Ok(Arc::new(tls))
    }
}

impl Drop for Site {
    /// Cuts what a failed test has left open.
    fn drop(&mut self) {
        self.handle.shutdown(Duration::ZERO);
    }
}

pub(crate) fn tcp(port: u16) -> Arc<Tcp> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let tcp = Tcp::connect(address, Some(PATIENCE)).expect("a server");
    tcp.set_no_delay(true).expect("an option");
    Arc::new(tcp)
}

/// A server that runs a closure on each connection.
pub(crate) fn playing(play: impl Fn(Arc<dyn Stream>) + Send + Sync + 'static) -> Handle {
    struct Play<F>(F);
    impl<F: Fn(Arc<dyn Stream>) + Send + Sync + 'static> barewire::net::Service for Play<F> {
        fn connection(&self, stream: Arc<dyn Stream>, _slot: barewire::net::Slot) {
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            (self.0)(stream);
        }
    }
    let listener = Listener::bind("127.0.0.1:0").expect("a port");
    let served = listener.serve(barewire::net::Options::default(), Play(play));
    served.expect("a thread")
}

/// The same under TLS.
pub(crate) fn playing_tls(play: impl Fn(tls::Tls) + Send + Sync + 'static) -> Handle {
    let context = ServerContext::new(&identity("server")).expect("good options");
    playing(move |stream| {
        if let Ok(tls) = context.accept(stream) {
            tls.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            play(tls);
        }
    })
}
