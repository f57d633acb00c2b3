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
//! What the book prints goes to stdout, word for word; where the server listens, and what went
//! wrong, to stderr.
#![forbid(unsafe_code)]

mod greeting;
mod options;

use barewire::net::{self, Addr, ServerEvents, Socket, SocketEvents};
use barewire::text::Encoding;
use greeting::greet;
use options::{Mode, USAGE};
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    match Mode::from_args(args.map(|arg| arg.to_string_lossy().into_owned())) {
        Ok(Mode::Help) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Mode::Server { listen, pipe }) => serve(&listen, pipe),
        Ok(Mode::Client { to }) => talk(&to),
        Err(why) => {
            eprintln!("tcp_echo: {why}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn serve(listen: &str, pipe: bool) -> ExitCode {
    let Ok(handle) = net::create_server_with(Server { pipe }).listen(listen) else {
        return ExitCode::FAILURE; // the event `error` has said why
    };
    handle.wait();
    ExitCode::SUCCESS
}

struct Server {
    pipe: bool,
}

impl ServerEvents for Server {
    fn listening(&self, address: &Addr) {
        println!("server bound");
        eprintln!("tcp_echo: listening on {address}");
    }

    fn connection(&self, socket: Socket) -> io::Result<()> {
        let done = match self.pipe {
            true => echo(&socket),
            false => greet(&socket),
        };
        done.inspect_err(|e| self.error(e))
    }

    fn error(&self, error: &io::Error) {
        eprintln!("tcp_echo: {error}");
    }
}

/// The book's echo server is a pipe from a socket to itself.
fn echo(socket: &Socket) -> io::Result<()> {
    socket.write_all("Echo server\r\n")?;
    socket.pipe(socket).map(drop)
}

fn talk(to: &str) -> ExitCode {
    let talked = net::connect(to).and_then(|socket| {
        socket.set_encoding(Encoding::Utf8); // no character is cut
        socket.run(Client::default())
    });
    match talked {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("tcp_echo: {e}");
            ExitCode::FAILURE
        }
    }
}

/// The book's client. It ends when the first data comes, and prints what still comes until the
/// server has ended, too: so it looks the same whether greeting and answer stick together or not.
#[derive(Default)]
struct Client {
    in_line: AtomicBool,
}

impl SocketEvents for Client {
    fn connect(&self, socket: &Socket) {
        println!("client connected");
        socket.write("world!\r\n");
    }

    fn text(&self, socket: &Socket, text: &str) {
        print!("{text}");
        let _ = io::stdout().flush();
        self.in_line.store(!text.ends_with('\n'), Ordering::Relaxed);
        let _ = socket.end(); // a connection that broke is told by `run`
    }

    fn end(&self, _socket: &Socket) {
        if self.in_line.load(Ordering::Relaxed) {
            println!();
        }
        println!("client disconnected");
    }
}
