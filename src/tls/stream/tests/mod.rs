//! Both roles against one another, over pipes and over TCP.

mod both_directions;
mod ending;
mod established;
mod half_close;
mod model;
mod refused;
mod through;
mod timeouts;
mod write_turn;

use super::super::error::handshake::Failure;
use super::super::verify::Verdict;
use super::handshake::MAX_BYTES;
use super::*;
use crate::net::{Tcp, pipe, pipe_with_capacity};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use rustls::{SupportedProtocolVersion, version};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Instant;
use through::through;

/// Far longer than any of these tests takes.
/// Some of these tests make hundreds of handshakes, in a build that is not optimized.
const PATIENCE: Duration = Duration::from_secs(120);

const VERSIONS: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];

/// Runs a test that could hang, and fails it if it does.
fn within(test: impl FnOnce() + Send + 'static) {
    run(Box::new(test)); // one copy of what follows, not one for each test
}

fn run(test: Box<dyn FnOnce() + Send>) {
    let (done, is_done) = mpsc::channel();
    let test = thread::spawn(move || {
        test();
        done.send(()).unwrap();
    });
    if is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        panic!("still not done after {PATIENCE:?}");
    }
    if let Err(panic) = test.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Whether a thread is in a write that may block.
fn is_writing(tls: &Tls) -> bool {
    tls.state().queue.holder() == Some(Blocking::Yes)
}

fn soon() -> Instant {
    Instant::now() + PATIENCE
}

const CA: &[u8] = include_bytes!("../../../../fixtures/tls/ca.crt");
const SERVER: &[u8] = include_bytes!("../../../../fixtures/tls/server.crt");
const SERVER_KEY: &[u8] = include_bytes!("../../../../fixtures/tls/server.key");

fn server_of(version: &'static SupportedProtocolVersion) -> Connection {
    let chain = vec![CertificateDer::from_pem_slice(SERVER).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(SERVER_KEY).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    ServerConnection::new(Arc::new(config)).unwrap().into()
}

fn client_of(version: &'static SupportedProtocolVersion) -> Connection {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(CA).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name);
    connection.unwrap().into()
}

/// A handshake that is done, or the failure.
fn handshake(
    below: Arc<dyn Stream>,
    connection: Connection,
    deadline: Instant,
) -> Result<Box<Handshake>, Failure> {
    let mut handshake = Handshake::new(below, connection, deadline);
    handshake.run().map(|()| handshake)
}

/// A client and a server that have made their handshake over these streams.
fn meet(
    here: Arc<dyn Stream>,
    there: Arc<dyn Stream>,
    version: &'static SupportedProtocolVersion,
) -> (Arc<Tls>, Arc<Tls>) {
    let served = thread::spawn(move || handshake(there, server_of(version), soon()));
    let client = handshake(here, client_of(version), soon()).unwrap();
    let server = served.join().unwrap().unwrap();
    let finished = |done: Box<Handshake>| Arc::from(done.finish(Verdict::Authorized));
    (finished(client), finished(server))
}

fn met() -> (Arc<Tls>, Arc<Tls>) {
    let (here, there) = pipe();
    meet(Arc::new(here), Arc::new(there), &version::TLS13)
}

fn met_over_tcp() -> (Arc<Tls>, Arc<Tls>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let there = listener.accept().unwrap().0;
    let (here, there) = (Tcp::from(here), Tcp::from(there));
    meet(Arc::new(here), Arc::new(there), &version::TLS13)
}
