//! The command line.

use crate::given::Given;

pub(crate) const USAGE: &str = "\
usage: ws_server [--listen HOST:PORT] [--max-message BYTES] [--max-connections N] [--show-bytes]
                 [--tls CERT KEY]

/         a page that talks with this server; a WebSocket here is echoed
/echo     every message comes back
/hello    every message is answered with yakexi: the book's worked example
/chat     every message goes to all that are connected here
/updates  every message is answered with its number: for the loop of 50 ms

--listen           where; 127.0.0.1:12010, the book's port
--max-message      the longest message that is taken; 16777216 (16 MiB), beyond it Close 1009
--max-connections  beyond it newcomers wait in the kernel's queue; 10000
--show-bytes       print what comes (<) and what leaves (>)
--tls              with this certificate and key: wss: and https:";

pub(crate) struct Options {
    pub(crate) listen: String,
    pub(crate) message_bytes: usize,
    pub(crate) max_connections: usize,
    pub(crate) show_bytes: bool,
    pub(crate) tls: Option<Given>,
}

impl Options {
    /// `None`: help was asked for.
    pub(crate) fn from_args(
        mut args: impl Iterator<Item = String>,
    ) -> Result<Option<Options>, String> {
        let mut options = Options {
            listen: "127.0.0.1:12010".into(), // the book's
            message_bytes: 16 * 1024 * 1024,
            max_connections: 10_000,
            show_bytes: false,
            tls: None,
        };
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--listen" => options.listen = value()?,
                "--max-message" => options.message_bytes = number(&flag, &value()?)?,
                "--max-connections" => options.max_connections = number(&flag, &value()?)?,
                "--tls" => options.tls = Some(Given::new(value()?, value()?)),
                "--show-bytes" => options.show_bytes = true,
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("there is no {flag}")),
            }
        }
        match options.max_connections {
            0 => Err("--max-connections must be at least 1".into()),
            _ => Ok(Some(options)),
        }
    }
}

fn number(flag: &str, text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| format!("{flag} takes a whole number, not {text:?}"))
}
