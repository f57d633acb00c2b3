//! The command line.

use barewire::udp::Fates;
use std::time::Duration;

pub(crate) const USAGE: &str = "\
usage: udp_echo server [--listen ADDRESS:PORT] [--echo]
       udp_echo client [HOST:PORT] [TEXT]
       udp_echo request [--sent FATES] [--received FATES] [--timeout MS] [TEXT ...]

server   prints what arrives, and with --echo sends it back; listens on 0.0.0.0:41234,
         as the book does: everyone who reaches this machine reaches it
client   sends TEXT (深入浅出Node.js) to HOST:PORT (localhost:41234)
request  asks a server in this process over a socket that fails on purpose, and asks again
         FATES is what becomes of each datagram: . passes  x dropped  2 passes twice  ~ held back";

pub(crate) enum Mode {
    Help,
    Server {
        listen: String,
        echo: bool,
    },
    Client {
        host: String,
        port: u16,
        text: String,
    },
    Request(Network),
}

pub(crate) struct Network {
    pub(crate) sent: Fates,
    pub(crate) received: Fates,
    pub(crate) timeout: Duration,
    pub(crate) questions: Vec<String>,
}

impl Mode {
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
        match args.next().as_deref() {
            Some("server") => server(args),
            Some("client") => client(args),
            Some("request") => request(args),
            Some("--help" | "-h") => Ok(Mode::Help),
            Some(other) => Err(format!("there is no {other:?}")),
            None => Err("say what it shall be".into()),
        }
    }
}

fn server(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
    let (mut listen, mut echo) = ("0.0.0.0:41234".to_owned(), false);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--listen" => listen = value(&arg, &mut args)?,
            "--echo" => echo = true,
            "--help" | "-h" => return Ok(Mode::Help),
            _ => return Err(format!("server has no {arg:?}")),
        }
    }
    Ok(Mode::Server { listen, echo })
}

fn client(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
    let to = args.next().unwrap_or_else(|| "localhost:41234".into());
    let text = args.next().unwrap_or_else(|| "深入浅出Node.js".into());
    if to == "--help" || to == "-h" {
        return Ok(Mode::Help);
    }
    if let Some(more) = args.next() {
        return Err(format!("one TEXT is sent; quote it, or what is {more:?}?"));
    }
    let split = to
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = split.ok_or_else(|| format!("{to:?} is not HOST:PORT"))?;
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    Ok(Mode::Client { host, port, text })
}

fn request(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
    let (mut sent, mut received, mut timeout) = ("x".to_owned(), "2~".to_owned(), 300);
    let mut questions = Vec::new();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--sent" => sent = value(&arg, &mut args)?,
            "--received" => received = value(&arg, &mut args)?,
            "--timeout" => {
                let ms = value(&arg, &mut args)?;
                let number = ms.parse();
                timeout = number.map_err(|_| format!("{ms:?} is no number of milliseconds"))?;
            }
            "--help" | "-h" => return Ok(Mode::Help),
            flag if flag.starts_with("--") => return Err(format!("request has no {flag:?}")),
            _ => questions.push(arg),
        }
    }
    if questions.is_empty() {
        questions = ["one", "two", "three"].map(str::to_owned).into();
    }
    let fates = |script: &str| Fates::script(script).map_err(|e| e.to_string());
    Ok(Mode::Request(Network {
        sent: fates(&sent)?,
        received: fates(&received)?,
        timeout: Duration::from_millis(timeout),
        questions,
    }))
}

fn value(flag: &str, args: &mut impl Iterator<Item = String>) -> Result<String, String> {
    args.next().ok_or_else(|| format!("{flag} needs a value"))
}
