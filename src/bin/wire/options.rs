//! The command line.

use crate::demo::Args;
use crate::only::Only;
use barewire::framing::{Delimiter, Fixed, Header16, Padding, Prefix};
use barewire::trace::wire::{Framing, Language, Protocol};

pub(crate) const HELP: &str = include_str!("help.txt");
const ONE_OF: &str = "takes one of FILE, --listen, --vectors and --replay";

/// What is explained, and how it is shown.
pub(crate) struct Options {
    pub(crate) shows: Shows,
    pub(crate) style: Style,
    pub(crate) language: Language,
    pub(crate) protocol: Protocol,
    pub(crate) only: Only,
    pub(crate) show_secrets: bool,
}

pub(crate) enum Shows {
    Between(Listen),
    Capture(String),
    Replay { file: String, to: String },
    Vectors(String),
}

/// `--listen` and what goes with it.
pub(crate) struct Listen {
    pub(crate) at: String,
    pub(crate) to: String,
    pub(crate) save: Option<String>,
    /// Certificate and key.
    pub(crate) tls: Option<(String, String)>,
    /// What signs the server's certificate.
    pub(crate) to_tls: Option<String>,
    pub(crate) stop_at_eof: bool,
}

pub(crate) enum Style {
    Text,
    Hex,
    Json,
    /// A page, in this file.
    Html(String),
}

impl Options {
    fn of(shows: Shows) -> Options {
        Options {
            shows,
            style: Style::Text,
            language: Language::English,
            protocol: Protocol::Detected,
            only: Only::default(),
            show_secrets: false,
        }
    }

    pub(crate) fn read(args: &mut Args<'_>) -> Result<Options, String> {
        let words = args.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (listen, replay, to) = (
            args.value("--listen"),
            args.value("--replay"),
            args.value("--to"),
        );
        let vectors = args.has("--vectors");
        let shows = match (listen, replay, to, vectors, &words[..]) {
            (Some(at), None, Some(to), false, []) => Shows::Between(Listen {
                at,
                to,
                save: args.value("--save"),
                tls: args.pair("--tls"),
                to_tls: args.value("--to-tls"),
                stop_at_eof: args.has("--stop-at-eof"),
            }),
            (None, Some(file), Some(to), false, []) => {
                return Ok(Options::of(Shows::Replay { file, to }));
            }
            (Some(_), None, None, false, _) => return Err("--listen needs --to".to_owned()),
            (None, Some(_), None, false, _) => return Err("--replay needs --to".to_owned()),
            (None, None, Some(_), ..) => return Err("--to needs --listen or --replay".to_owned()),
            (None, None, None, true, _) => Shows::Vectors(words.join(" ")),
            (None, None, None, false, [path]) => Shows::Capture((*path).to_owned()),
            _ => return Err(ONE_OF.to_owned()),
        };
        let protocol = args.parsed("--as", protocol)?.unwrap_or_default();
        let language = args.parsed("--lang", language)?.unwrap_or_default();
        Ok(Options {
            style: style(args)?,
            language,
            protocol,
            only: Only::parse(&args.all("--only"))?,
            show_secrets: args.has("--show-secrets"),
            ..Options::of(shows)
        })
    }
}

fn style(args: &mut Args<'_>) -> Result<Style, String> {
    let plain = [
        ("--text", Style::Text),
        ("--hex", Style::Hex),
        ("--json", Style::Json),
    ];
    let mut typed: Vec<_> = plain
        .into_iter()
        .filter(|(name, _)| args.has(name))
        .collect();
    typed.extend(
        args.value("--html")
            .map(|file| ("--html", Style::Html(file))),
    );
    match (typed.pop(), typed.pop()) {
        (Some((one, _)), Some((other, _))) => Err(format!("{other} or {one}, not both")),
        (found, _) => Ok(found.map_or(Style::Text, |(_, style)| style)),
    }
}

fn language(tag: &str) -> Result<Language, String> {
    Language::of_tag(tag).ok_or_else(|| format!("takes en or zh, not {tag:?}"))
}

/// The framings are those of the demo `framing`.
fn protocol(name: &str) -> Result<Protocol, String> {
    Ok(match name {
        "http" => Protocol::Http,
        "bytes" => Protocol::Bytes,
        "fixed" => Protocol::Framed(Framing::of(Fixed::<128>::new(Padding::Strip))),
        "delimiter" => Protocol::Framed(Framing::of(Delimiter::CRLF)),
        "header" => Protocol::Framed(Framing::of(Header16::new())),
        "ring" => Protocol::Framed(Framing::of(Prefix::new())),
        _ => {
            return Err(format!(
                "takes http, bytes, fixed, delimiter, header or ring, not {name:?}"
            ));
        }
    })
}
