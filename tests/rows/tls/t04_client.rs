//! T04: the book's client and server, over TCP.

use super::stage::{asking, client, client_context, client_with, pem, says, server};
use crate::support::watched;
use barewire::net::{self, ConnectOptions, Handle, Listener, Service, Slot, Stream};
use barewire::tls::{self, ClientOptions, Code, Error, Secured, ServerContext, Tls};
use std::io::Read;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

fn welcoming() -> Handle {
    let options = asking().reject_unauthorized(false);
    let server = tls::create_server(&options, |socket| {
        let authorized = Tls::of(&**socket.stream()).unwrap().authorized();
        let word = if authorized { "" } else { "un" };
        socket.write_all(format!("{word}authorized\nwelcome!\n"))?;
        socket.pipe(&socket).map(drop)
    });
    server.unwrap().listen("127.0.0.1:0").unwrap()
}

fn address(handle: &Handle) -> String {
    format!("localhost:{}", handle.local_addr().port().unwrap())
}

fn conversation(to: &str, options: &ClientOptions) -> String {
    let mut socket = tls::connect(to, options).unwrap();
    socket.write_all("echo").unwrap();
    socket.end().unwrap();
    let mut received = String::new();
    socket.read_to_string(&mut received).unwrap();
    received
}

#[test]
fn row_t04_a_client_with_a_certificate_and_one_without() {
    watched(|| {
        let handle = welcoming();
        let to = address(&handle);
        assert_eq!(
            conversation(&to, &client_with("client")),
            "authorized\nwelcome!\necho"
        );
        assert_eq!(conversation(&to, &client()), "unauthorized\nwelcome!\necho");
        handle.shutdown(Duration::from_secs(5));
    });
}

#[test]
fn row_t04_servername_may_differ_from_the_host() {
    watched(|| {
        let handle = welcoming();
        let to = handle.local_addr().to_string();
        for options in [client(), client().servername("dev.test.com")] {
            let socket = tls::connect(&to, &options).unwrap();
            assert!(Tls::of(&**socket.stream()).unwrap().authorized());
        }
        let error = tls::connect(&to, &client().servername("other.test.com")).unwrap_err();
        assert_eq!(error.code(), Code::CertAltnameInvalid);
        handle.shutdown(Duration::from_secs(5));
    });
}

#[test]
fn row_t04_the_roots_of_browsers_are_trusted_unless_ca_is_set() {
    watched(|| {
        let handle = welcoming();
        let to = address(&handle);
        let error = tls::connect(&to, &ClientOptions::new()).unwrap_err();
        assert_eq!(error.code(), Code::UnableToVerifyLeafSignature);
        let both = ClientOptions::new().extra_ca(pem("ca.crt"));
        assert!(tls::connect(&to, &both).is_ok());
        let two = ClientOptions::new()
            .ca(pem("unknown-ca.crt"))
            .ca(pem("ca.crt"));
        assert!(tls::connect(&to, &two).is_ok());
        handle.shutdown(Duration::from_secs(5));
    });
}

#[test]
fn row_t04_a_refused_connection_has_the_error_of_net() {
    watched(|| {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = free.local_addr().unwrap().to_string();
        drop(free);
        let error = tls::connect(&to, &client()).unwrap_err();
        assert_eq!(error.code(), Code::ConnectionRefused);
        says(&error, &[&to]);
    });
}

#[test]
fn row_t04_a_silent_server_is_waited_for_until_the_timeout() {
    watched(|| {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = silent.local_addr().unwrap().to_string();
        let hurried = client().handshake_timeout(Duration::from_millis(20));
        let error = tls::connect(&to, &hurried).unwrap_err();
        assert_eq!(error.code(), Code::HandshakeTimeout);
        let context = client_context(&client());
        let options = ConnectOptions {
            timeout: Duration::from_millis(20),
            ..ConnectOptions::default()
        };
        let error = tls::connect_with(&to, &context, &options).unwrap_err();
        assert_eq!(error.code(), Code::HandshakeTimeout);
        assert_eq!(
            std::io::Error::from(error).kind(),
            std::io::ErrorKind::TimedOut
        );
        assert_eq!(context.handshakes().failed, 1);
    });
}

#[test]
fn row_t04_a_handshake_ends_with_the_server() {
    watched(|| {
        let log = crate::support::Log::default();
        let codes = log.clone();
        let server = tls::create_server(&server("server"), |_| unreachable!()).unwrap();
        let server = server.on_error(move |error, _| codes.note(error.code()));
        let handle = server.listen("127.0.0.1:0").unwrap();
        let _silent = net::connect(&handle.local_addr().to_string()).unwrap();
        let began = std::time::Instant::now();
        while handle.connections() == 0 {
            assert!(began.elapsed() < crate::support::PATIENCE);
            std::thread::yield_now();
        }
        let report = handle.shutdown(crate::support::PATIENCE);
        assert_eq!((report.drained, report.cut), (1, 0));
        assert_eq!(log.all(), ["ECONNRESET"]);
    });
}

/// A server that is stopped when a connection has come, and before its handshake begins.
struct StoppedFirst<S>(S, Arc<OnceLock<Handle>>);

impl<S: Service> Service for StoppedFirst<S> {
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
        self.1.wait().stop();
        self.0.connection(stream, slot);
    }
}

#[test]
fn row_t04_a_handshake_that_begins_with_the_stop_ends_with_it() {
    watched(|| {
        let path = std::env::temp_dir().join(format!("barewire-t04-{}.sock", std::process::id()));
        for address in ["127.0.0.1:0", &format!("unix:{}", path.display())] {
            let log = crate::support::Log::default();
            let codes = log.clone();
            let below = net::create_server(|_| unreachable!());
            let (options, service) = below.into_service();
            let context = ServerContext::new(&server("server")).unwrap();
            let secured =
                Secured::new(context, service).on_error(move |error, _| codes.note(error.code()));
            let running = Arc::new(OnceLock::new());
            let service = StoppedFirst(secured, Arc::clone(&running));
            let handle = Listener::bind(address)
                .unwrap()
                .serve(options, service)
                .unwrap();
            running.set(handle.clone()).unwrap();
            let _silent = net::connect(&handle.local_addr().to_string()).unwrap();
            handle.wait();
            assert_eq!(log.all(), ["ECONNRESET"], "{address}");
        }
    });
}

#[test]
fn row_t04_a_port_in_use_calls_the_error_event() {
    struct Events(crate::support::Log);
    impl net::ServerEvents for Events {
        fn listening(&self, _address: &net::Addr) {
            self.0.note("listening");
        }
        fn connection(&self, _socket: net::Socket) -> std::io::Result<()> {
            Ok(())
        }
        fn error(&self, _error: &std::io::Error) {
            self.0.note("error");
        }
        fn close(&self) {
            self.0.note("close");
        }
    }
    watched(|| {
        let log = crate::support::Log::default();
        let make = || {
            let events = Events(log.clone());
            tls::create_server_with(&server("server"), events).unwrap()
        };
        let handle = make().listen("127.0.0.1:0").unwrap();
        let taken = make().listen(&handle.local_addr().to_string());
        assert!(Error::of(&taken.unwrap_err()).is_none());
        handle.shutdown(Duration::from_secs(5));
        assert_eq!(log.all(), ["listening", "error", "close"]);
    });
}
