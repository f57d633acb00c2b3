//! Every demo in every surrounding: outputs that are closed, full or that nobody reads, an input that is
//! closed, an environment that is empty or not UTF-8, a current directory that is gone. No demo panics. A
//! client whose output cannot be written ends, and a server goes on.

use crate::chapter::Chapter;
use crate::place::Place;
use crate::stage::{command, program};
use crate::support::{PATIENCE, watched};
use barewire::net;
use barewire::tls::{self, ClientOptions};
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::net::UdpSocket;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const DEMOS: [&str; 15] = [
    "agent_demo",
    "chapter",
    "cluster",
    "framing",
    "http_get",
    "http_server",
    "https_server",
    "nagle",
    "proxy",
    "tcp_echo",
    "tls_echo",
    "udp_echo",
    "wire",
    "ws_client",
    "ws_server",
];

/// What happens to a demo's stdout.
#[derive(Clone, Copy, PartialEq)]
enum Stdout {
    Works,
    IsFull,
    HasNoReader,
}

struct Surrounding {
    name: &'static str,
    /// How a shell starts the demo, which is `"$@"`.
    script: &'static str,
    stdout: Stdout,
}

const fn surrounding(name: &'static str, script: &'static str, stdout: Stdout) -> Surrounding {
    Surrounding {
        name,
        script,
        stdout,
    }
}

const SURROUNDINGS: [Surrounding; 14] = [
    surrounding("stdout closed", r#"exec "$@" >&-"#, Stdout::Works), // std opens /dev/null
    surrounding("stdout full", r#"exec "$@" >/dev/full"#, Stdout::IsFull),
    surrounding("no reader", r#"exec "$@""#, Stdout::HasNoReader),
    surrounding(
        "no reader, SIGPIPE ignored",
        r#"trap "" PIPE; exec "$@""#,
        Stdout::HasNoReader,
    ),
    surrounding("stderr closed", r#"exec "$@" 2>&-"#, Stdout::Works),
    surrounding("stderr full", r#"exec "$@" 2>/dev/full"#, Stdout::Works),
    surrounding("both closed", r#"exec "$@" >&- 2>&-"#, Stdout::Works),
    surrounding(
        "both full",
        r#"exec "$@" >/dev/full 2>/dev/full"#,
        Stdout::IsFull,
    ),
    surrounding(
        "both without a reader",
        r#"exec "$@" 2>&1"#,
        Stdout::HasNoReader,
    ),
    surrounding("stdin closed", r#"exec "$@" <&-"#, Stdout::Works),
    surrounding("all closed", r#"exec "$@" <&- >&- 2>&-"#, Stdout::Works),
    surrounding("no environment", r#"exec env -i "$@""#, Stdout::Works),
    surrounding(
        "no directory",
        r#"d=$(mktemp -d) && cd "$d" && rmdir "$d" && exec "$@""#,
        Stdout::Works,
    ),
    surrounding("a plain one", r#"exec "$@""#, Stdout::Works),
];

impl Surrounding {
    /// The demo in it. Its environment has values that are not UTF-8, unless it has none.
    fn command(&self, demo: &str, args: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", self.script, "sh", program(demo)])
            .args(args);
        for name in [
            "TERM",
            "HOME",
            "COLUMNS",
            "LANG",
            "http_proxy",
            "no_proxy",
            "RUST_BACKTRACE",
        ] {
            command.env(name, OsStr::from_bytes(b"\xff\xfe"));
        }
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        match self.stdout {
            Stdout::HasNoReader => {
                let (reader, writer) = io::pipe().expect("a pipe");
                drop(reader);
                command.stdout(writer)
            }
            _ => command.stdout(Stdio::piped()),
        };
        command
    }

    /// The exit code of a demo that printed something on stdout and found nothing wrong otherwise.
    fn code(&self, demo: &str) -> i32 {
        match (self.stdout, demo) {
            (Stdout::Works, _) => 0,
            (_, "http_get") => 23, // curl's
            (Stdout::IsFull, _) => 1,
            (Stdout::HasNoReader, _) => 141,
        }
    }
}

/// Runs `test` for every surrounding, each on a thread of its own.
fn everywhere(test: impl Fn(&Surrounding) + Sync) {
    thread::scope(|scope| {
        for surrounding in &SURROUNDINGS {
            let test = &test;
            scope.spawn(move || test(surrounding));
        }
    });
}

/// The exit code and stderr of a demo that ends by itself.
fn end(mut command: Command, input: &str) -> (Option<i32>, String) {
    let mut child = command.spawn().expect("a program");
    let mut stdin = child.stdin.take().expect("a pipe");
    let _ = stdin.write_all(input.as_bytes()); // it may have closed its input
    drop(stdin);
    let ended = child.wait_with_output().expect("it is ours");
    let err = String::from_utf8_lossy(&ended.stderr).into_owned();
    (ended.status.code(), err)
}

#[test]
fn fault_e04_the_help_is_printed_or_cannot_be() {
    watched(|| {
        everywhere(|it| {
            for demo in DEMOS {
                let code = match it.stdout {
                    Stdout::Works => 0,
                    Stdout::IsFull => 1,
                    Stdout::HasNoReader => 141,
                };
                let (ended, err) = end(it.command(demo, &["--help"]), "");
                assert_eq!(ended, Some(code), "{demo}, {}: {err}", it.name);
                let full =
                    format!("{demo}: standard output: No space left on device (os error 28)\n");
                assert!(err.is_empty() || err == full, "{demo}, {}: {err}", it.name);
            }
        });
    });
}

#[test]
fn fault_e04_a_mistake_is_reported_or_cannot_be() {
    watched(|| {
        everywhere(|it| {
            let is_about_stderr = it.script.contains("2>");
            for demo in DEMOS.into_iter().filter(|_| is_about_stderr) {
                let (ended, err) = end(it.command(demo, &["--no-such-option"]), "");
                assert_eq!(ended, Some(2), "{demo}, {}: {err}", it.name);
            }
        });
    });
}

#[test]
fn fault_e04_a_client_without_an_output_ends() {
    watched(|| {
        let chapter = Chapter::open("surroundings");
        let (tcp, udp) = (chapter.address("TCP"), chapter.address("UDP"));
        let http = format!("http://{}/", chapter.address("HTTP"));
        let websocket = format!("ws://{}/echo", chapter.address("WebSocket"));
        let tls = chapter.address("TLS").replace("127.0.0.1", "localhost");
        let https =
            format!("https://{}/", chapter.address("HTTPS")).replace("127.0.0.1", "localhost");
        let folder = env!("CARGO_MANIFEST_DIR");
        let (ca, file) = (
            format!("{folder}/fixtures/tls/ca.crt"),
            format!("{folder}/Cargo.toml"),
        );
        let clients: [(&str, &[&str]); 17] = [
            ("http_get", &[&http]),
            (
                "http_get",
                &["-o", "/dev/null", "-w", "%{http_code}", &http],
            ),
            ("http_get", &["-i", "--cacert", &ca, &https]),
            ("ws_client", &[&websocket]),
            ("tcp_echo", &["client", tcp]),
            ("tls_echo", &["--connect", &tls, "--ca", &ca]),
            ("udp_echo", &["client", udp]),
            ("udp_echo", &["request", "--timeout", "20", "one"]),
            ("framing", &["none"]),
            ("framing", &["fin"]),
            ("framing", &["udp"]),
            ("framing", &["file", &file]),
            ("framing", &["client", "none", tcp]),
            ("agent_demo", &["--ms", "1"]),
            ("nagle", &[]),
            ("wire", &["--vectors", "9112 §7.1"]),
            ("wire", &["--vectors", "9112 §7.1", "--json"]),
        ];
        everywhere(|it| {
            for (demo, args) in clients {
                let (ended, err) = end(it.command(demo, args), "hello\n");
                let has_input = !it.script.contains("<&-");
                let code = if demo == "ws_client" && !has_input {
                    0
                } else {
                    it.code(demo)
                };
                let what = format!("{demo} {args:?}, {}: {err}", it.name);
                assert_eq!(ended, Some(code), "{what}");
                assert!(!err.contains("panicked"), "{what}");
                let is_told = err.contains("standard output: ");
                assert!(!is_told || code == 1 || code == 23, "{what}");
            }
        });
    });
}

/// A server, until it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Tries until it succeeds: the server is starting.
fn insist<T>(mut attempt: impl FnMut() -> io::Result<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match attempt() {
            Ok(done) => return done,
            Err(e) if Instant::now() > deadline => panic!("{e}"),
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn dial(path: &Path) -> UnixStream {
    let stream = insist(|| UnixStream::connect(path));
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// The response to a request, at least its first bytes.
fn ask_http(path: &Path) {
    let mut stream = dial(path);
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(request).expect("a server that reads");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("a response");
    assert!(all.starts_with(b"HTTP/1.1 "), "{}", all.escape_ascii());
}

/// A conversation that the client ends.
fn ask_tcp(path: &Path) {
    let mut stream = dial(path);
    stream.write_all(b"hello\n").expect("a server that reads");
    stream
        .shutdown(std::net::Shutdown::Write)
        .expect("a stream");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("an end");
    assert!(
        String::from_utf8_lossy(&all).contains("你好"),
        "{}",
        all.escape_ascii()
    );
}

/// A conversation with the server at a path.
type Ask = fn(&Path);

/// A handshake, and a word.
fn ask_tls(path: &Path) {
    let ca = std::fs::read("fixtures/tls/ca.crt").expect("a file");
    let options = ClientOptions::new().ca(ca).servername("localhost");
    let address = format!("unix:{}", path.display());
    let socket: net::Socket = insist(|| Ok(tls::connect(&address, &options)?));
    socket
        .write_all("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("a server that reads");
    assert!(socket.read(&mut [0; 100]).expect("an answer") > 0);
}

#[test]
fn fault_e04_a_server_without_an_output_goes_on() {
    watched(|| {
        let (_site, port) = crate::client::hello();
        let site = format!("127.0.0.1:{port}");
        let servers: [(&str, &[&str], Ask); 9] = [
            ("http_server", &["--listen", "{}"], ask_http),
            ("https_server", &["{}"], ask_tls),
            ("ws_server", &["--explain", "--listen", "{}"], ask_http),
            ("proxy", &["--allow", "*", "--listen", "{}"], ask_http),
            ("tcp_echo", &["server", "--listen", "{}"], ask_tcp),
            ("tls_echo", &["--listen", "{}"], ask_tls),
            ("framing", &["server", "none", "--listen", "{}"], ask_tcp),
            ("wire", &["--listen", "{}", "--to", &site], ask_http),
            // The last: when it is killed, its workers still have the path for a moment.
            ("cluster", &["--workers", "2", "--listen", "{}"], ask_http),
        ];
        everywhere(|it| {
            let place = Place::new(&it.name.replace(' ', "-"));
            let path = place.path();
            let address = place.address();
            for (demo, args, ask) in &servers {
                let args: Vec<&str> = args
                    .iter()
                    .map(|arg| if *arg == "{}" { &address } else { *arg })
                    .collect();
                let child = it.command(demo, &args).spawn().expect("a program");
                let mut server = Server(child);
                for _ in 0..3 {
                    ask(&path);
                }
                let ended = server.0.try_wait().expect("it is ours");
                assert_eq!(ended, None, "{demo}, {}", it.name);
                drop(server);
                let _ = std::fs::remove_file(&path);
            }
            let unix = path.to_str().expect("text");
            let mut chapter = Server(
                it.command("chapter", &["--any-port", "--unix", unix])
                    .spawn()
                    .expect("a program"),
            );
            for _ in 0..3 {
                ask_tcp(&path);
            }
            assert_eq!(
                chapter.0.try_wait().expect("it is ours"),
                None,
                "chapter, {}",
                it.name
            );
        });
    });
}

/// A loopback address that no other process uses, so that no port there is taken. A server whose output is
/// lost cannot say which port the system has chosen.
fn own_address(port: u16) -> String {
    let [.., a, b, c] = std::process::id().to_be_bytes();
    format!("127.{}.{b}.{c}:{port}", 100 + a % 100)
}

#[test]
fn fault_e04_the_udp_server_without_an_output_goes_on() {
    watched(|| {
        everywhere(|it| {
            let number = SURROUNDINGS
                .iter()
                .position(|other| other.name == it.name)
                .expect("one of them");
            let address = own_address(42_000 + number as u16);
            let args = ["server", "--echo", "--listen", &address];
            let mut server = Server(it.command("udp_echo", &args).spawn().expect("a program"));
            let client = UdpSocket::bind("127.0.0.1:0").expect("a port");
            client.connect(&address).expect("an address");
            client
                .set_read_timeout(Some(Duration::from_millis(50)))
                .expect("a timeout");
            for _ in 0..3 {
                insist(|| {
                    client.send(b"hello")?;
                    client.recv(&mut [0; 10])
                });
            }
            assert_eq!(
                server.0.try_wait().expect("it is ours"),
                None,
                "{}",
                it.name
            );
        });
    });
}

/// As after Ctrl-S on a terminal, or before `| sleep 1000`: the pipes of both outputs are full.
#[test]
fn fault_e04_a_server_whose_output_is_not_read_goes_on() {
    watched(|| {
        let address = own_address(41_999);
        let mut command = command("udp_echo", &["server", "--echo", "--listen", &address]);
        let (reader, writer) = io::pipe().expect("a pipe");
        let stderr = writer.try_clone().expect("a pipe");
        command.stdin(Stdio::null()).stdout(writer).stderr(stderr);
        let _server = Server(command.spawn().expect("a program"));
        drop(command);
        let client = UdpSocket::bind("127.0.0.1:0").expect("a port");
        client.connect(&address).expect("an address");
        let timeout = Some(Duration::from_millis(50));
        client.set_read_timeout(timeout).expect("a timeout");
        let ask = |text: &[u8]| {
            insist(|| {
                client.send(text)?;
                client.recv(&mut [0; 65536])
            })
        };
        for _ in 0..10 {
            ask(&[b'x'; 30_000]); // a pipe has room for two
        }
        ask(b"still here");
        drop(reader);
    });
}

#[test]
fn fault_e04_arguments_that_are_not_utf8_are_refused() {
    watched(|| {
        for demo in DEMOS {
            for arg in [&b"--\xff"[..], b"\xff", b"-o\xff"] {
                let mut command = command(demo, &[]);
                command.arg(OsStr::from_bytes(arg)).stdin(Stdio::null());
                let ended = command.output().expect("a program");
                let err = String::from_utf8_lossy(&ended.stderr);
                assert_eq!(ended.status.code(), Some(2), "{demo}: {err}");
                let why = format!("{demo}: the argument \"");
                assert!(
                    err.starts_with(&why) && err.contains("\" is not UTF-8"),
                    "{err}"
                );
            }
        }
    });
}
