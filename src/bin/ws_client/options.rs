//! The command line.

use crate::dial::Dial;

pub(crate) const USAGE: &str = "\
usage: ws_client [--echo | --updates] [-k | --cacert FILE] URL
       ws_client --autobahn [--agent NAME] [-k | --cacert FILE] URL

URL        ws://HOST:PORT/PATH, or wss: for TLS
           sends each line of stdin, prints what comes; at the end of stdin it closes
--echo     says hello, then sends everything back
--updates  sends every 50 ms, but only while nothing of it waits to be sent; prints what comes
--autobahn is tested by the fuzzing server of the Autobahn|Testsuite, case by case
--cacert   who may vouch for the server; the public authorities
-k         whoever it is: only for a test";

pub(crate) enum Mode {
    Help,
    Lines,
    Echo,
    Updates,
    Autobahn { name: String },
}

impl Mode {
    pub(crate) fn from_args(
        mut args: impl Iterator<Item = String>,
    ) -> Result<(Mode, Dial), String> {
        let (mut mode, mut dial) = (Mode::Lines, Dial::default());
        let mut agent = None;
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--help" | "-h" => return Ok((Mode::Help, dial)),
                "--echo" => mode = Mode::Echo,
                "--updates" => mode = Mode::Updates,
                "--autobahn" => {
                    mode = Mode::Autobahn {
                        name: "barewire".into(),
                    }
                }
                "--agent" => agent = Some(value()?),
                "--cacert" => dial.cacert = Some(value()?),
                "-k" => dial.insecure = true,
                flag if flag.starts_with('-') => return Err(format!("there is no {flag}")),
                url if dial.url.is_empty() => dial.url = encoded(url),
                more => return Err(format!("there is no {more:?}")),
            }
        }
        match (&mut mode, agent) {
            _ if dial.url.is_empty() => return Err("say where to connect".into()),
            (Mode::Autobahn { name }, Some(agent)) => *name = agent,
            (_, Some(_)) => return Err("--agent is for --autobahn".into()),
            _ => {}
        }
        Ok((mode, dial))
    }
}

/// People type what a URL must not have: it is sent percent-encoded, as a browser does.
// RFC 3986 §2.1: "A percent-encoding mechanism is used to represent a data octet in a component when
// that octet's corresponding character is outside the allowed set"
fn encoded(typed: &str) -> String {
    let mut url = String::new();
    for byte in typed.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b) => {
                url.push(char::from(b));
            }
            b => url.push_str(&format!("%{b:02X}")),
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_must_not_have_is_percent_encoded() {
        assert_eq!(encoded("ws://a:1/x^y?q=月"), "ws://a:1/x%5Ey?q=%E6%9C%88");
        assert_eq!(encoded("ws://[::1]:1/a%20b#c"), "ws://[::1]:1/a%20b#c");
    }
}
