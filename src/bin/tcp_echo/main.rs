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

use barewire::net::{self, Addr, Listener, ServerEvents, Socket, SocketEvents};
use barewire::text::Encoding;
use demo::{Args, Run, no_command};
use greeting::greet;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

const HELP: &str = include_str!("help.txt");

fn main() -> ExitCode {
    demo::run(HELP, read, |run| run())
}

fn read(args: &mut Args<'_>) -> Result<Run, String> {
    let words = args.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["server"] => {
            let pipe = args.has("--pipe");
            let default = if pipe {
                "127.0.0.1:1337"
            } else {
                "127.0.0.1:8124"
            }; // the book's
            let listen = args.value_or("--listen", default);
            Ok(Box::new(move || serve(&listen, pipe)))
        }
        ["client"] => Ok(Box::new(|| talk("127.0.0.1:8124"))),
        ["client", to] => {
            let to = to.to_owned();
            Ok(Box::new(move || talk(&to)))
        }
        _ => Err(no_command(&words)),
    }
}

fn serve(listen: &str, pipe: bool) -> io::Result<()> {
    let listener = Listener::bind(listen)?;
    let server = net::create_server_with(Server { pipe });
    server.listen_on(listener)?.wait();
    Ok(())
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

fn talk(to: &str) -> io::Result<()> {
    let socket = net::connect(to)?;
    socket.set_encoding(Encoding::Utf8); // no character is cut
    socket.run(Client::default())
}

/// The book's client. It half-closes at the first data and prints what still arrives until the
/// server's end: so its output is the same whether greeting and answer stick together or not.
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
        let _ = socket.end(); // `run` returns the error of a broken connection
    }

    fn end(&self, _socket: &Socket) {
        if self.in_line.load(Ordering::Relaxed) {
            println!();
        }
        println!("client disconnected");
    }
}
