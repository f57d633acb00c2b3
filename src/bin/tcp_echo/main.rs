//! The book's TCP server and client.
//!
//! ```text
//! $ tcp_echo server                $ tcp_echo client
//! server bound                     client connected
//!                                  欢迎光临《深入浅出Node.js》示例：
//!                                  你好
//! 连接断开                         client disconnected
//! ```
//!
//! What the book prints goes to stdout, word for word. The listening address and the errors go to
//! stderr.
#![forbid(unsafe_code)]

#[path = "../demo/mod.rs"]
mod demo;
mod greeting;

use barewire::net::{self, Addr, ServerEvents, Socket, SocketEvents};
use barewire::text::Encoding;
use demo::{Args, PeerOutput, Run, err, log, no_command, out, peer_left};
use greeting::greet;
use std::io;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

const HELP: &str = include_str!("help.txt");

fn main() -> ExitCode {
    demo::run_command(HELP, read)
}

fn read(words: &[&str], args: &mut Args<'_>) -> Result<Run, String> {
    match words {
        ["server"] => {
            let pipe = args.has("--pipe");
            let default = if pipe {
                "127.0.0.1:1337"
            } else {
                "127.0.0.1:8124"
            }; // the book's
            let stop_at_eof = demo::stop_at_eof(args)?;
            let listen = args.value_or("--listen", default);
            Ok(Box::new(move || serve(&listen, pipe, stop_at_eof)))
        }
        ["client"] => Ok(Box::new(|| talk("127.0.0.1:8124"))),
        ["client", to] => {
            let to = to.to_string();
            Ok(Box::new(move || talk(&to)))
        }
        _ => Err(no_command(words)),
    }
}

fn serve(listen: &str, pipe: bool, stop_at_eof: bool) -> io::Result<()> {
    let listener = demo::listener(listen)?;
    let server = net::create_server_with(Server { pipe });
    demo::wait(&server.listen_on(listener)?, stop_at_eof)
}

struct Server {
    pipe: bool,
}

impl ServerEvents for Server {
    fn listening(&self, address: &Addr) {
        log!("server bound");
        err!("listening on {address}");
    }

    fn connection(&self, socket: Socket) -> io::Result<()> {
        let done = match self.pipe {
            true => echo(&socket),
            false => greet(&socket),
        };
        if let Err(error) = &done
            && !peer_left(error)
        {
            self.error(error);
        }
        done
    }

    fn error(&self, error: &io::Error) {
        err!("{error}");
    }
}

/// The book's echo server is a pipe from a socket to itself.
fn echo(socket: &Socket) -> io::Result<()> {
    socket.write_all("Echo server\r\n")?;
    socket.pipe(socket).map(drop)
}

fn talk(to: &str) -> io::Result<()> {
    let socket = net::connect(to)?;
    socket.set_encoding(Encoding::Utf8); // no character is cut
    let printed = Printed {
        output: PeerOutput::new(),
        is_in_line: false,
    };
    socket.run(Client {
        printed: Mutex::new(printed),
    })
}

/// The book's client. It half-closes at the first data and prints what still arrives until the
/// server's end: so its output is the same whether greeting and answer stick together or not.
struct Client {
    printed: Mutex<Printed>,
}

struct Printed {
    output: PeerOutput,
    is_in_line: bool,
}

impl SocketEvents for Client {
    fn connect(&self, socket: &Socket) {
        out!("client connected");
        socket.write("world!\r\n");
    }

    fn text(&self, socket: &Socket, text: &str) {
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        printed.output.print(text.as_bytes());
        printed.is_in_line = !text.ends_with('\n');
        let _ = socket.end(); // `run` returns the error of a broken connection
    }

    fn end(&self, _socket: &Socket) {
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        printed.output.print_end();
        if printed.is_in_line {
            out!("");
        }
        out!("client disconnected");
    }
}
