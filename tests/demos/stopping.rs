//! How servers end and where they listen: `--stop-at-eof`, `--listen stdin`.

use crate::place::Place;
use crate::stage::{Running, command, refuses, run};
use crate::support::watched;
use barewire::net::{self, Listener};
use std::io::Read;
use std::process::{Child, Command, Stdio};

const PORT: &str = "127.0.0.1:0";

/// Its words, and its other options.
const SERVERS: [(&str, &[&str]); 8] = [
    ("tcp_echo", &["server", "--listen", PORT]),
    ("tls_echo", &["--listen", PORT]),
    ("udp_echo", &["server", "--listen", PORT]),
    ("http_server", &["--listen", PORT]),
    ("https_server", &[PORT]),
    ("ws_server", &["--listen", PORT]),
    ("proxy", &["--listen", PORT]),
    ("framing", &["server", "header", "--listen", PORT]),
];

#[test]
fn every_server_ends_at_the_end_of_its_input() {
    watched(|| {
        for (demo, args) in SERVERS {
            let ended = run(demo, &[args, &["--stop-at-eof"]].concat());
            assert_eq!(ended.code, Some(0), "{demo}: {}", ended.err);
        }
    });
}

/// An idle client does not hold up the end, the log has its line, and the socket file goes with the server.
#[test]
fn a_server_at_a_path_ends_and_leaves_no_file() {
    watched(|| {
        let place = Place::new("stop-at-eof");
        let address = place.address();
        let args = ["--listen", &address, "--stop-at-eof", "--log"];
        let server = Running::spawn(command("http_server", &args), b"typed\n", true);
        let client = loop {
            match net::connect(&address) {
                Ok(client) => break client,
                Err(_) => std::thread::sleep(std::time::Duration::from_millis(1)),
            }
        };
        client
            .write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .expect("a server");
        assert!(client.read(&mut [0; 1024]).expect("an answer") > 0);
        let ended = server.end_input();
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
        let line = "] \"GET / HTTP/1.1\" 200 ";
        assert!(ended.out.contains(line), "{}", ended.out);
        (&client)
            .read_to_end(&mut Vec::new())
            .expect("the server's end");
        assert!(!place.path().exists());
    });
}

/// A server whose standard input is that listener's socket, until it is dropped.
struct OnStdin(Child);

impl OnStdin {
    fn start(mut command: Command, listener: &Listener) -> OnStdin {
        let socket = Stdio::from(listener.try_clone_fd().expect("a descriptor"));
        command
            .stdin(socket)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        OnStdin(command.spawn().expect("a program"))
    }
}

impl Drop for OnStdin {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_listens_on_the_socket_that_is_its_standard_input() {
    watched(|| {
        let place = Place::new("stdin");
        for address in [PORT, &place.address()] {
            let listener = Listener::bind(address).expect("a place");
            let address = listener.local_addr().expect("an address").to_string();
            let echo = ["server", "--pipe", "--listen", "stdin"];
            let servers = [(); 2].map(|()| OnStdin::start(command("tcp_echo", &echo), &listener));
            let greet = || {
                let socket = net::connect(&address).expect("a listening socket");
                let mut greeting = [0; 13];
                (&socket).read_exact(&mut greeting).expect("a greeting");
                assert_eq!(&greeting, b"Echo server\r\n");
            };
            (0..5).for_each(|_| greet());
            let [killed, _other] = servers;
            drop(killed);
            (0..5).for_each(|_| greet());
        }
    });
}

#[test]
fn a_standard_input_that_is_no_socket() {
    watched(|| {
        let ended = run("http_server", &["--listen", "stdin"]);
        assert_eq!(ended.code, Some(1));
        let why = "http_server: standard input is no listening socket of TCP or of a Unix path: ";
        assert!(ended.err.starts_with(why), "{}", ended.err);
        let both = ["server", "--listen", "stdin", "--stop-at-eof"];
        refuses(
            "tcp_echo",
            &both,
            "with --listen stdin, standard input has no end",
        );
    });
}

/// What was recorded is written when the server has ended.
#[test]
fn a_go_between_ends_with_its_input_and_its_capture_is_whole() {
    watched(|| {
        let (_site, port) = crate::client::hello();
        let place = Place::new("between-ends");
        let (address, to) = (place.address(), format!("127.0.0.1:{port}"));
        let file = place.path().with_extension("pcap");
        let file = file.to_str().expect("text");
        let args = [
            "--listen",
            &address,
            "--to",
            &to,
            "--stop-at-eof",
            "--save",
            file,
            "--json",
        ];
        let between = Running::spawn(command("wire", &args), b"", true);
        between.address();
        let path = place.path();
        let path = path.to_str().expect("text");
        let got = run("http_get", &["--unix-socket", path, "http://localhost/"]);
        assert_eq!(got.out, "Hello World\n", "{}", got.err);
        let ended = between.end_input();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert!(!place.path().exists());
        let saved = run("wire", &[file, "--json"]).out;
        for explained in [saved, ended.out] {
            assert_eq!(explained.matches("\"200\"").count(), 1, "{explained}");
            assert_eq!(
                explained.matches("\"label\":\"end\"").count(),
                2,
                "{explained}"
            );
        }
    });
}
