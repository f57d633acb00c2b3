//! The command line.

pub(crate) const USAGE: &str = "\
usage: tcp_echo server [--listen HOST:PORT | --listen unix:/PATH] [--pipe]
       tcp_echo client [HOST:PORT | unix:/PATH]

server  greets, and answers 你好 to whatever comes; listens on 127.0.0.1:8124
        --pipe  says Echo server, and sends everything back; listens on 127.0.0.1:1337
client  says world! to a server (127.0.0.1:8124), prints what comes, and ends

The book's path is unix:/tmp/echo.sock. Others to talk with: nc, nc -U, telnet, socat.";

pub(crate) enum Mode {
    Help,
    Server { listen: String, pipe: bool },
    Client { to: String },
}

impl Mode {
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
        match args.next().as_deref() {
            Some("server") => server(args),
            Some("client") => client(args),
            Some("--help" | "-h") => Ok(Mode::Help),
            Some(other) => Err(format!("there is no {other:?}")),
            None => Err("say what it shall be".into()),
        }
    }
}

fn server(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
    let (mut listen, mut pipe) = (None, false);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--listen" => listen = Some(args.next().ok_or("--listen needs a value")?),
            "--pipe" => pipe = true,
            "--help" | "-h" => return Ok(Mode::Help),
            _ => return Err(format!("server has no {arg:?}")),
        }
    }
    let port = if pipe { 1337 } else { 8124 }; // the book's
    let listen = listen.unwrap_or_else(|| format!("127.0.0.1:{port}"));
    Ok(Mode::Server { listen, pipe })
}

fn client(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
    let to = args.next().unwrap_or_else(|| "127.0.0.1:8124".into());
    match args.next() {
        _ if to == "--help" || to == "-h" => Ok(Mode::Help),
        _ if to.starts_with('-') => Err(format!("client has no {to:?}")),
        Some(more) => Err(format!("client has no {more:?}")),
        None => Ok(Mode::Client { to }),
    }
}
