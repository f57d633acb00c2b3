//! The demo `udp_echo`, word for word.

use super::{next_text, socket};
use crate::support::watched;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_udp_echo"));
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = demo(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// A running server, and what it prints.
struct Server {
    process: Child,
    prints: BufReader<ChildStdout>,
}

impl Server {
    fn start(args: &[&str]) -> Server {
        Server::spawn(demo(args))
    }

    fn spawn(mut command: Command) -> Server {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let prints = BufReader::new(process.stdout.take().unwrap());
        Server { process, prints }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.prints.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The number at the end of a line.
fn port(line: &str) -> u16 {
    line.trim_end().rsplit_once(':').unwrap().1.parse().unwrap()
}

#[test]
fn row_u01_the_demo_prints_the_books_words() {
    watched(|| {
        let mut server = Server::start(&["server", "--listen", "127.0.0.1:0", "--echo"]);
        let listening = server.line();
        let to = port(&listening);
        assert_eq!(listening, format!("server listening 127.0.0.1:{to}\n"));

        let to = format!("localhost:{to}");
        let (code, prints, errors) = run(&["client", &to]);
        let sent = "client sent: 19 bytes\n";
        assert_eq!(
            (code, prints.as_str(), errors.as_str()),
            (Some(0), sent, "")
        );
        let got = server.line();
        let from = port(&got);
        assert_eq!(
            got,
            format!("server got: 深入浅出Node.js from 127.0.0.1:{from}\n")
        );
    });
}

#[test]
fn row_u01_the_demo_shows_any_bytes_and_echoes_them() {
    watched(|| {
        let mut server = Server::start(&["server", "--listen", "127.0.0.1:0", "--echo"]);
        let (to, client) = (port(&server.line()), socket());
        let from = client.local_addr().port();
        for (message, shown) in [
            (&b"\xe6\xb7\xb1\xff!"[..], "深\u{fffd}!"),
            (
                b"\x1b[2J\r\nserver got: a lie\0",
                r"\u{1b}[2J\r\nserver got: a lie\u{0}",
            ),
            (b"", ""),
        ] {
            client
                .send(message, 0, message.len(), to, "127.0.0.1")
                .unwrap();
            assert_eq!(
                server.line(),
                format!("server got: {shown} from 127.0.0.1:{from}\n")
            );
            assert_eq!(super::next(&client).0, message);
        }
    });
}

/// A client at the server's own port might be another server: it gets no echo. (The server itself cannot
/// be made to send to itself without a raw socket; `udp_echo/echo.rs` has a test of each source.)
#[test]
fn fault_e07_the_servers_own_port_gets_no_echo() {
    watched(|| {
        let mut server = Server::start(&["server", "--listen", "127.77.7.1:0", "--echo"]);
        let to = port(&server.line());
        let twin = std::net::UdpSocket::bind(("127.77.7.2", to)).unwrap();
        twin.send_to(b"circle", ("127.77.7.1", to)).unwrap();
        let got = format!("server got: circle from 127.77.7.2:{to}\n");
        assert_eq!(server.line(), got);
        // A datagram behind it is answered: what was to come to the twin has come.
        let client = socket();
        client.send(b"hi", 0, 2, to, "127.77.7.1").unwrap();
        assert_eq!(super::next(&client).0, b"hi");
        twin.set_nonblocking(true).unwrap();
        let nothing = twin.recv(&mut [0; 10]).unwrap_err();
        assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    });
}

/// A peer that sends back what comes, as another echo server does: the circle ends, and few lines are
/// printed.
#[test]
fn fault_e07_two_echo_servers_do_not_circle_for_ever() {
    watched(|| {
        let mut server = Server::start(&["server", "--listen", "127.0.0.1:0", "--echo"]);
        let to = port(&server.line());
        let twin = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        twin.connect(("127.0.0.1", to)).unwrap();
        twin.set_read_timeout(Some(std::time::Duration::from_secs(1)))
            .unwrap();
        let (mut buf, mut rounds) = ([0; 10], 0);
        twin.send(b"circle").unwrap();
        while let Ok(bytes) = twin.recv(&mut buf) {
            rounds += 1;
            assert!(rounds < 20_000, "it circles for ever");
            twin.send(&buf[..bytes]).unwrap();
        }
        assert!(rounds > 0, "the first is sent back");
    });
}

/// No further datagram comes, whose line would say it.
#[test]
fn fault_e07_lines_that_were_left_out_are_counted_after_the_last_one() {
    watched(|| {
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" 2>&1"]);
        command.arg(env!("CARGO_BIN_EXE_udp_echo"));
        command.args(["server", "--listen", "127.0.0.1:0", "--echo"]);
        let mut server = Server::spawn(command);
        let to = port(&server.line());
        for _ in 0..5 {
            let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            client.connect(("127.0.0.1", to)).unwrap();
            let timeout = std::time::Duration::from_secs(5);
            client.set_read_timeout(Some(timeout)).unwrap();
            for _ in 0..300 {
                client.send(b"x").unwrap();
                client.recv(&mut [0; 1]).unwrap();
            }
        }
        // 1500, of which a slow machine prints more than a fast one.
        let mut lines = 0;
        while lines < 1500 {
            let line = server.line();
            lines += match line.strip_prefix("udp_echo: ") {
                Some(count) => count
                    .split_once(" lines were left out")
                    .unwrap()
                    .0
                    .parse()
                    .unwrap(),
                None => 1,
            };
            assert_ne!(line, "", "it has ended");
        }
        assert_eq!(lines, 1500);
    });
}

#[test]
fn fault_e09_a_broadcast_address_and_a_missing_host_in_words_of_the_command_line() {
    watched(|| {
        for (args, why) in [
            (
                &["client", "127.255.255.255:9"][..],
                "cannot send to 127.255.255.255:9: Permission denied (os error 13): it is a \
                 broadcast address, or a firewall forbids it",
            ),
            (
                &["server", "--listen", ":22010"],
                "cannot listen on \":22010\": the name of the host is empty",
            ),
        ] {
            let (code, prints, errors) = run(args);
            assert_eq!((code, prints.as_str()), (Some(1), ""), "{args:?}");
            assert_eq!(errors, format!("udp_echo: {why}\n"));
        }
    });
}

#[test]
fn row_u02_the_demo_sends_another_text_elsewhere() {
    watched(|| {
        let server = socket();
        let to = format!("127.0.0.1:{}", server.local_addr().port());
        let (code, prints, _) = run(&["client", &to, "你好"]);
        assert_eq!((code, prints.as_str()), (Some(0), "client sent: 6 bytes\n"));
        assert_eq!(next_text(&server), "你好");
    });
}

#[test]
fn row_u06_the_demo_shows_loss() {
    watched(|| {
        let args = [
            "request",
            "--sent",
            "x",
            "--received",
            "2~",
            "--timeout",
            "1500",
        ];
        let (code, prints, errors) = run(&args);
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        let all = "  sent      Q 1 one      dropped
  sent      Q 1 one      passes
  received  A 1 ONE      duplicated
answer to try 2: ONE
  sent      Q 2 two      passes
  received  A 2 TWO      delayed
  sent      Q 2 two      passes
  received  A 2 TWO      passes
answer to try 2: TWO
  sent      Q 3 three    passes
  received  A 3 THREE    passes
answer to try 1: THREE
the server received 4 questions and handled 3
";
        assert_eq!(prints, all);
    });
}

#[test]
fn row_u06_the_demo_gives_up() {
    watched(|| {
        let (code, prints, errors) = run(&["request", "--sent", "xxxx", "--timeout", "1", "hi"]);
        assert_eq!(code, Some(1));
        let sent = "  sent      Q 1 hi       dropped\n".repeat(4);
        let received = "the server received 0 questions and handled 0\n";
        assert_eq!(prints, sent + received);
        assert!(
            errors.starts_with("udp_echo: no answer from 127.0.0.1:"),
            "{errors}"
        );
        assert!(errors.contains(" to 4 tries in "), "{errors}");
    });
}

#[test]
fn row_u01_the_demo_refuses_what_it_does_not_know() {
    watched(|| {
        for (args, why) in [
            (&[][..], "a command is missing"),
            (&["nothing"], "there is no command \"nothing\""),
            (&["server", "--listen"], "--listen needs a value"),
            (&["server", "9"], "there is no command \"server 9\""),
            (&["client", "localhost"], "\"localhost\" is not HOST:PORT"),
            (
                &["client", "a:9", "b", "c"],
                "there is no command \"client a:9 b c\"",
            ),
            (
                &["request", "--sent", "?"],
                "--sent '?' is no fault; the faults are",
            ),
            (
                &["request", "--timeout", "-1"],
                "--timeout takes a whole number, not \"-1\"",
            ),
            (&["request", "--drop"], "there is no option --drop"),
        ] {
            let (code, prints, errors) = run(args);
            assert_eq!((code, prints.as_str()), (Some(2), ""), "{args:?}");
            assert!(errors.starts_with(&format!("udp_echo: {why}")), "{errors}");
            assert!(errors.contains("\nusage: udp_echo server "), "{errors}");
        }
        let holder = socket();
        let used = holder.local_addr().to_string();
        let (code, _, errors) = run(&["server", "--listen", &used]);
        assert_eq!(code, Some(1));
        assert!(
            errors.starts_with(&format!("udp_echo: cannot bind UDP {used}: ")),
            "{errors}"
        );
        holder.close();
    });
}

#[test]
fn row_u01_the_demo_helps() {
    watched(|| {
        for args in [
            &["--help"][..],
            &["server", "-h"],
            &["client", "--help"],
            &["request", "--help"],
        ] {
            let (code, prints, errors) = run(args);
            assert_eq!((code, errors.as_str()), (Some(0), ""));
            assert!(prints.starts_with("usage: udp_echo server "), "{prints}");
        }
    });
}
