//! The command line.

pub(crate) const USAGE: &str = "\
usage: ws_client [--echo | --updates] ws://HOST:PORT/PATH
       ws_client --autobahn ws://HOST:PORT [--agent NAME]

           sends each line of stdin, prints what comes; at the end of stdin it closes
--echo     says hello, then sends everything back
--updates  sends every 50 ms, but only while nothing of it waits to be sent; prints what comes
--autobahn is tested by the fuzzing server of the Autobahn|Testsuite, case by case";

pub(crate) enum Mode {
    Help,
    Lines(String),
    Echo(String),
    Updates(String),
    Autobahn { url: String, name: String },
}

impl Mode {
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
        let mode = args.next().ok_or("say where to connect")?;
        let mode = match mode.as_str() {
            "--help" | "-h" => Mode::Help,
            "--echo" => Mode::Echo(url(args.next())?),
            "--updates" => Mode::Updates(url(args.next())?),
            "--autobahn" => Mode::Autobahn {
                url: url(args.next())?,
                name: agent(&mut args)?,
            },
            flag if flag.starts_with('-') => return Err(format!("there is no {flag}")),
            _ => Mode::Lines(url(Some(mode))?),
        };
        match args.next() {
            Some(more) => Err(format!("there is no {more:?}")),
            None => Ok(mode),
        }
    }
}

fn agent(args: &mut impl Iterator<Item = String>) -> Result<String, String> {
    match args.next().as_deref() {
        None => Ok("barewire".into()),
        Some("--agent") => args.next().ok_or("--agent needs a value".into()),
        Some(other) => Err(format!("there is no {other:?}")),
    }
}

fn url(text: Option<String>) -> Result<String, String> {
    Ok(encoded(&text.ok_or("say where to connect")?))
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
