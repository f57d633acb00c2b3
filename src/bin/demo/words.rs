//! The library's errors name its own options (`ClientOptions::ca`). A demo replaces them by the options of its
//! command line (`--cacert FILE`).

use std::sync::OnceLock;

/// An option of the library, its names on the command line, which of their values it is, and what the
/// help calls that.
const OPTIONS: [(&str, &[&str], usize, &str); 7] = [
    (
        "ClientOptions::ca",
        &["--cacert", "--ca", "--to-tls"],
        0,
        "FILE",
    ),
    ("ClientOptions::cert", &["--cert"], 0, "FILE"),
    ("ClientOptions::key", &["--key"], 0, "FILE"),
    ("ClientOptions::servername", &["--servername"], 0, "NAME"),
    ("ServerOptions::cert", &["--tls"], 0, "CERT"),
    ("ServerOptions::key", &["--tls"], 1, "KEY"),
    ("ServerOptions::ca", &["--client-ca"], 0, "CA"),
];

/// Advice that no demo has an option for, or that is for the author of a program, from its first words to
/// its last, and what stands there instead.
const ADVICE: [(&str, &str, &str); 8] = [
    (
        ", or with ClientOptions::fingerprint256(",
        "the right one",
        "",
    ),
    (
        ", name one with ClientOptions::servername",
        "servername",
        "",
    ),
    (
        "; to accept it and check afterwards, ServerOptions",
        "(false)",
        "; without --client-ca it accepts every client",
    ),
    (", behind its own in `cert`", "`cert`", ", behind its own"),
    (
        ": compare the `alpn` of both",
        "both",
        ": a demo offers http/1.1",
    ),
    (
        "; if it is a broadcast address, call set_broadcast(",
        "first",
        ": it is a broadcast address, or a firewall forbids it",
    ),
    (": use https::", "request", ": ask for that URL itself"),
    (
        ": is that the name of a file?",
        "Pass the contents of the file",
        ": is that the name of the file that was meant?",
    ),
];

/// An option of the library, and what to say in its place.
struct Name {
    library: &'static str,
    /// `--cacert FILE`
    option: String,
    /// `ca.crt (--cacert)`, if it was typed.
    file: Option<String>,
}

static NAMES: OnceLock<Vec<Name>> = OnceLock::new();

/// Keeps the names of this demo's options. `typed` returns the values of an option, none if it was not
/// typed, or `None` if this demo has no such option.
pub(crate) fn keep_names(typed: impl Fn(&str) -> Option<Vec<String>>) {
    let _ = NAMES.set(names(typed)); // a demo reads one command line
}

fn names(typed: impl Fn(&str) -> Option<Vec<String>>) -> Vec<Name> {
    let of = |(library, names, at, what): (&'static str, &[&str], usize, &str)| {
        let mut names = names.iter();
        let (name, values) = names.find_map(|name| Some((name, typed(name)?)))?;
        Some(Name {
            library,
            option: format!("{name} {what}"),
            file: values.get(at).map(|file| format!("{file} ({name})")),
        })
    };
    OPTIONS.into_iter().filter_map(of).collect()
}

/// The text of an error, with the names of the command line.
pub(crate) fn of_the_command_line(text: &str) -> String {
    renamed(text, NAMES.get().map_or(&[], Vec::as_slice))
}

fn renamed(text: &str, names: &[Name]) -> String {
    let mut text = text.to_owned();
    for (first, last, instead) in ADVICE {
        let has_option = names.iter().any(|name| first.ends_with(name.library));
        let start = text.find(first).filter(|_| !has_option);
        if let Some(start) = start
            && let Some(end) = text[start..].find(last)
        {
            text.replace_range(start..start + end + last.len(), instead);
        }
    }
    for name in names {
        let has_k = !name.option.starts_with("--to-tls"); // wire has none
        if text.contains("with ClientOptions::ca") && name.library == "ClientOptions::ca" && has_k {
            text += "\n  -k skips the check, which is for a test";
        }
        if let Some(file) = &name.file {
            for before in ["in", "of"] {
                let (library, typed) = (name.library, file.as_str());
                text = text.replace(&format!("{before} {library}"), &format!("{before} {typed}"));
            }
        }
        text = text.replace(name.library, &name.option);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A demo with these options, of which the first was typed.
    fn demo(option: &str) -> Vec<Name> {
        names(|name| match name {
            name if name == option => Some(vec!["a.pem".to_owned(), "b.pem".to_owned()]),
            "--ca" | "--cert" | "--key" | "--tls" => Some(Vec::new()),
            _ => None,
        })
    }

    #[test]
    fn fault_e09_errors_speak_of_the_options_that_were_typed() {
        for (option, text, plain) in [
            (
                "--ca",
                "no PEM in ClientOptions::ca, or",
                "no PEM in a.pem (--ca), or",
            ),
            (
                "--ca",
                "line 14 of ClientOptions::ca: a",
                "line 14 of a.pem (--ca): a",
            ),
            (
                "--tls",
                "the key in ServerOptions::key",
                "the key in b.pem (--tls)",
            ),
            (
                "",
                "pass it with ClientOptions::ca, or with ClientOptions::fingerprint256(\"A:B\") once \
                 you know that it is the right one",
                "pass it with --ca FILE\n  -k skips the check, which is for a test",
            ),
            (
                "",
                "Connect to one of these, name one with ClientOptions::servername, or have",
                "Connect to one of these, or have",
            ),
            (
                "--servername",
                "name one with ClientOptions::servername",
                "name one with --servername NAME",
            ),
            ("", "no such file", "no such file"),
        ] {
            assert_eq!(renamed(text, &demo(option)), plain);
        }
    }
}
