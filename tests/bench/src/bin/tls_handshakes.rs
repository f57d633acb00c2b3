//! Handshakes a second, full and resumed, beside a server of rustls alone; and whether they really
//! were resumed, as both ends have counted.
//!
//! One client at a time over TCP on this machine, so both ends' work is in a figure. The client is
//! rustls in either case, and checks nothing that costs one server more than the other.

use barewire::net::{Stream, Tcp};
use barewire::tls::{Handshakes, ServerContext, ServerOptions};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

const ROUNDS: usize = 7;
const HANDSHAKES: usize = 500;
const CERT: &[u8] = include_bytes!("../../../../fixtures/tls/server.crt");
const KEY: &[u8] = include_bytes!("../../../../fixtures/tls/server.key");
const CA: &[u8] = include_bytes!("../../../../fixtures/tls/ca.crt");

fn main() {
    let context = ServerContext::new(&ServerOptions::new().cert(CERT).key(KEY)).expect("a pair");
    let ours = ours(context.clone());
    let theirs = theirs();
    for (kind, resume) in [("full", false), ("resumed", true)] {
        // A client each: sessions are kept by the name of the server.
        let (client_of_ours, client_of_theirs) = (client(resume), client(resume));
        let before = context.handshakes();
        let (mut rates, mut ratios, mut resumed) = (Vec::new(), Vec::new(), 0);
        for _ in 0..ROUNDS {
            let (one, known) = rate(ours, &client_of_ours);
            let (two, _) = rate(theirs, &client_of_theirs);
            rates.push(one);
            ratios.push(one / two);
            resumed += known;
        }
        println!(
            "{kind:8} {:.0}/s   x{:.2} of rustls alone   resumed: {resumed} of {} for the client, {} for the server",
            median(rates),
            median(ratios),
            ROUNDS * HANDSHAKES,
            so_far(&context.handshakes(), &before),
        );
    }
}

fn so_far(now: &Handshakes, before: &Handshakes) -> u64 {
    now.resumed - before.resumed
}

/// Handshakes a second, and how many of them went on with a session.
fn rate(server: SocketAddr, client: &Arc<ClientConfig>) -> (f64, usize) {
    let began = Instant::now();
    let resumed = (0..HANDSHAKES)
        .filter(|_| shake(server, client) == Some(HandshakeKind::Resumed))
        .count();
    (HANDSHAKES as f64 / began.elapsed().as_secs_f64(), resumed)
}

/// A handshake and a byte: with that the tickets come.
fn shake(server: SocketAddr, client: &Arc<ClientConfig>) -> Option<HandshakeKind> {
    let tcp = TcpStream::connect(server).expect("a listener");
    tcp.set_nodelay(true).expect("a socket");
    let name = ServerName::try_from("localhost").expect("a name");
    let tls = ClientConnection::new(Arc::clone(client), name).expect("a configuration");
    let mut tls = StreamOwned::new(tls, tcp);
    tls.read_exact(&mut [0]).expect("a byte");
    tls.conn.handshake_kind()
}

fn client(resume: bool) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(CA).expect("PEM");
    roots.add(ca).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    if !resume {
        config.resumption = Resumption::disabled();
    }
    Arc::new(config)
}

fn ours(context: ServerContext) -> SocketAddr {
    serve(move |tcp| {
        let tls = context.accept(Arc::new(Tcp::from(tcp))).expect("a client");
        tls.write(b"!").expect("room");
    })
}

fn theirs() -> SocketAddr {
    let cert = CertificateDer::from_pem_slice(CERT).expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("PEM");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .expect("a pair");
    config.ticketer = rustls::crypto::ring::Ticketer::new().expect("randomness");
    let config = Arc::new(config);
    serve(move |tcp| {
        let tls = ServerConnection::new(Arc::clone(&config)).expect("a configuration");
        let mut tls = StreamOwned::new(tls, tcp);
        tls.write_all(b"!").expect("room");
        tls.conn.send_close_notify();
        let _ = tls.flush();
    })
}

/// Serves one after the other, on a thread of its own that ends with the program.
fn serve(each: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            tcp.set_nodelay(true).expect("a socket");
            each(tcp);
        }
    });
    address
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}
