//! `make run`: each door of the chapter, tried with the commands that it prints.

mod export;
pub(crate) mod live;
mod site;
mod stopping;

use crate::place::Place;
use crate::stage::{Ended, Running, command, printed, refuses, run};
use crate::support::watched;
use std::collections::HashMap;
use std::net::TcpListener;

/// The chapter on ports that the system chose, and the lines that it prints for each door.
pub(crate) struct Chapter {
    running: Running,
    doors: HashMap<String, Vec<String>>,
    _place: Place,
}

impl Chapter {
    pub(crate) fn open(test: &str) -> Chapter {
        Chapter::open_with(test, &[])
    }

    /// Its standard input stays open.
    fn open_with(test: &str, more: &[&str]) -> Chapter {
        let place = Place::new(test);
        let path = place.path();
        let args = ["--any-port", "--unix", path.to_str().expect("text")];
        let command = command("chapter", &[&args, more].concat());
        let mut running = Running::spawn(command, b"", true);
        let page = running.line();
        assert_eq!(running.line(), "");
        assert!(running.line().starts_with("The network chapter of"));
        assert_eq!(running.line(), "");
        let doors = doors(&mut running);
        assert_eq!(
            page,
            format!("http://{}/chapter in a browser", doors["HTTP"][0])
        );
        Chapter {
            running,
            doors,
            _place: place,
        }
    }

    /// The address of a door stands at the beginning of its lines.
    pub(crate) fn address(&self, door: &str) -> &str {
        &self.doors[door][0]
    }

    /// The line to try that begins with `program`.
    fn tries(&self, door: &str, program: &str) -> String {
        let mut lines = self.doors[door][1..].iter();
        let line = lines.find_map(|line| line.strip_prefix(program));
        line.expect("a line to try").trim_start().to_owned()
    }
}

/// `  NAME  ADDRESS  LINE`, then lines that begin further to the right, up to an empty one.
fn doors(running: &mut Running) -> HashMap<String, Vec<String>> {
    let mut doors: HashMap<String, Vec<String>> = HashMap::new();
    let mut name = String::new();
    loop {
        let line = running.line();
        let Some(line) = line.strip_prefix("  ") else {
            return doors;
        };
        let mut rest = line.trim_start();
        if rest == line {
            let mut words = line.splitn(2, ' ');
            name = words.next().expect("a name").to_owned();
            rest = words.next().expect("an address").trim_start();
            let (address, line) = rest.split_once(' ').expect("a line to try");
            doors.insert(name.clone(), vec![address.to_owned()]);
            rest = line.trim_start();
        }
        let door = doors.get_mut(&name).expect("a door");
        door.push(rest.to_owned());
    }
}

const GREETED: &str = "\
client connected
欢迎光临《深入浅出Node.js》示例：
你好
client disconnected
";

#[test]
fn tcp_and_unix() {
    watched(|| {
        let mut chapter = Chapter::open("chapter-tcp");
        let address = chapter.tries("TCP", "tcp_echo client");
        assert_eq!(address, chapter.address("TCP"));
        assert_eq!(printed("tcp_echo", &["client", &address]), GREETED);
        assert_eq!(chapter.running.line(), "TCP: 连接断开");
        assert_eq!(
            printed("tcp_echo", &["client", chapter.address("Unix")]),
            GREETED
        );
        assert_eq!(chapter.running.line(), "Unix: 连接断开");
        assert!(
            chapter
                .address("Unix")
                .ends_with(&chapter.tries("Unix", "nc -U"))
        );
    });
}

#[test]
fn udp() {
    watched(|| {
        let mut chapter = Chapter::open("chapter-udp");
        let address = chapter.tries("UDP", "udp_echo client");
        printed("udp_echo", &["client", &address]);
        let line = chapter.running.line();
        assert!(
            line.starts_with("UDP: server got: 深入浅出Node.js from 127.0.0.1:"),
            "{line}"
        );
    });
}

#[test]
fn http() {
    watched(|| {
        let chapter = Chapter::open("chapter-http");
        let url = chapter.tries("HTTP", "curl -v");
        assert_eq!(printed("http_get", &[&url]), "Hello World\n");
        let door = chapter.address("HTTP");
        let old = printed("http_get", &["-s", "-i", &format!("http://{door}/try")]);
        let leads = format!("Location: http://{door}/chapter#s7-3\r\n");
        assert!(old.contains(" 302 ") && old.contains(&leads), "{old}");
    });
}

#[test]
fn websocket() {
    watched(|| {
        let chapter = Chapter::open("chapter-websocket");
        let url = chapter.tries("WebSocket", "ws_client");
        let Ended { code, err, .. } = run("ws_client", &[&url]); // its stdin is at its end
        assert_eq!(
            (code, err.as_str()),
            (Some(0), "ws_client: closed with 1000 \"\"\n")
        );
        let old = format!("http://{}/", chapter.address("WebSocket"));
        let leads = format!(
            "Location: http://{}/chapter#s7-4\r\n",
            chapter.address("HTTP")
        );
        let old = printed("http_get", &["-s", "-i", &old]);
        assert!(old.contains(" 302 ") && old.contains(&leads), "{old}");
    });
}

#[test]
fn tls_and_https() {
    watched(|| {
        let mut chapter = Chapter::open("chapter-tls");
        let line = chapter.tries("TLS", "tls_echo");
        let words = "client connected authorized\nwelcome!\n";
        assert_eq!(
            printed("tls_echo", &line.split(' ').collect::<Vec<_>>()),
            words
        );
        assert_eq!(chapter.running.line(), "TLS: server connected unauthorized");

        let line = chapter.tries("HTTPS", "http_get -v");
        let hello = printed("http_get", &line.split(' ').collect::<Vec<_>>());
        assert_eq!(hello, "hello world\n");
        assert_eq!(line, chapter.tries("HTTPS", "curl"));
    });
}

#[test]
fn a_door_that_cannot_be_opened_is_named() {
    watched(|| {
        let place = Place::new("chapter-shut");
        let path = place.path();
        let holder = TcpListener::bind("127.0.0.1:0").expect("a port");
        let taken = holder.local_addr().expect("an address").port().to_string();
        let args = [
            "--ports-from",
            &taken,
            "--unix",
            path.to_str().expect("text"),
        ];
        let Ended { code, out, err } = run("chapter", &args);
        assert_eq!((code, out.as_str()), (Some(1), ""));
        let why =
            format!("chapter: cannot open the door of TCP: cannot listen on \"127.0.0.1:{taken}\"");
        assert!(
            err.starts_with(&why) && err.contains("--ports-from 20000"),
            "{err}"
        );

        std::fs::write(&path, "no socket").expect("a file");
        let Ended { code, out, err } = run(
            "chapter",
            &["--any-port", "--unix", path.to_str().expect("text")],
        );
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(
            err.starts_with("chapter: cannot open the door of Unix: ")
                && err.contains("--unix PATH"),
            "{err}"
        );
    });
}

#[test]
fn usage() {
    watched(|| {
        assert!(printed("chapter", &["--help"]).starts_with("usage: chapter "));
        refuses("chapter", &["--loud"], "there is no option --loud");
        refuses("chapter", &["--unix"], "--unix needs a value");
        for text in ["0", "65535", "all"] {
            let args = ["--ports-from", text];
            let out = run("chapter", &args);
            assert_eq!(out.code, Some(2), "{out:?}");
            assert!(
                out.err.contains("--ports-from takes a port from 1 to "),
                "{out:?}"
            );
        }
    });
}
