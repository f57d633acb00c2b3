//! What the HTTP door answers below `/chapter`: the page, and what it asks for.

use crate::door;
use crate::exchange::{self, Exchange};
use crate::guard::{self, FIELDS, refuse};
use crate::json::{Object, list};
use crate::live::Live;
use crate::sources;
use barewire::http::wire::{Current, EntityTag, HttpDate, Outcome, Preconditions};
use barewire::http::{Failure, Handled, Request, Response};
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::SystemTime;

macro_rules! assets {
    ($($name:literal)*) => {
        /// The files of `page/`; a test finds those that are missing.
        pub(crate) const ASSETS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("page/", $name)))),*];
    };
}

assets! {
    "favicon.svg"
}

pub(crate) struct Site {
    live: Live,
}

impl Site {
    pub(crate) fn new() -> Site {
        Site { live: Live::new() }
    }

    /// Whether this path is one of the page.
    pub(crate) fn has(path: &str) -> bool {
        path == "/chapter" || path.starts_with("/chapter/")
    }

    pub(crate) fn serve(&self, req: Request<'_>, mut res: Response<'_>) -> Handled {
        guard::check_host(&req)?;
        if req.path() == "/chapter/live" {
            return self.live.serve(req, res);
        }
        let (kind, body) = content(&req)?;
        match req.method() {
            "GET" | "HEAD" => {}
            "OPTIONS" => {
                return res
                    .write_head(204, [("Allow", "GET, HEAD, OPTIONS")])?
                    .end("");
            }
            // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405 response
            // containing a list of the target resource's currently supported methods."
            _ => {
                return Err(refuse(
                    405,
                    "this can only be read (RFC 9110 §15.5.6)",
                    Some("GET, HEAD, OPTIONS"),
                ));
            }
        }
        let tag = tag(&body);
        for (name, value) in FIELDS {
            res.set_header(name, value)?;
        }
        res.set_header("ETag", tag.as_str())?;
        if is_known(&req, &tag) {
            return res.write_head(304, ())?.end("");
        }
        res.set_header("Content-Type", kind)?;
        res.end(body.as_bytes())
    }
}

/// What is at a path: its type and its text.
fn content(req: &Request<'_>) -> Result<(&'static str, Cow<'static, str>), Failure> {
    const JSON: &str = "application/json";
    let name = match req.path() {
        "/chapter" => "index.html",
        path => path.trim_start_matches("/chapter/"),
    };
    let made = match name {
        "exchanges.json" => exchanges(),
        "source" => {
            let params = req
                .query_params()
                .map_err(|error| refuse(400, &error.to_string(), None))?;
            let rule = params.get("rule");
            sources::places(
                rule.ok_or_else(|| refuse(400, "rule=RFC… is missing (RFC 9110 §15.5.1)", None))?,
            )
        }
        _ => {
            let mut assets = ASSETS.iter();
            let Some((_, text)) = assets.find(|(is, _)| *is == name) else {
                return Err(refuse(
                    404,
                    "there is nothing here (RFC 9110 §15.5.5)",
                    None,
                ));
            };
            return Ok((kind(name), Cow::Borrowed(text)));
        }
    };
    Ok((JSON, Cow::Owned(made)))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    }
}

/// The text names its version itself.
fn tag(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("\"{:x}\"", hasher.finish())
}

fn is_known(req: &Request<'_>, tag: &str) -> bool {
    let known: Vec<&[u8]> = req.headers().get_all("If-None-Match").collect();
    let known = known.join(&b", "[..]);
    let preconditions = Preconditions {
        get_or_head: true,
        if_none_match: Some(&known)
            .filter(|known| !known.is_empty())
            .map(|known| &known[..]),
        ..Preconditions::default()
    };
    let current = Current {
        etag: EntityTag::decode(tag.as_bytes()),
        last_modified: None,
    };
    HttpDate::from_system_time(SystemTime::now())
        .is_some_and(|now| preconditions.evaluate(Some(current), now) == Outcome::NotModified)
}

/// The catalogue, in the order of the page.
pub(crate) fn exchanges() -> String {
    list(exchange::all().map(|exchange| {
        let about = Object::new()
            .text("id", exchange.id)
            .text("section", exchange.section);
        let about = about
            .text("door", exchange.door)
            .raw("cuts", exchange.has_cuts);
        about.raw("commands", list(commands(exchange))).end()
    }))
}

fn commands(exchange: &Exchange) -> impl Iterator<Item = String> {
    exchange.commands.iter().map(|line| {
        let text = door::with_addresses(line);
        let tool = text.split(' ').next().unwrap_or_default();
        Object::new().text("text", &text).text("tool", tool).end()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn every_file_of_the_page_is_served() {
        let mut there = BTreeSet::new();
        for folder in ["", "text/"] {
            for entry in fs::read_dir(format!("src/bin/chapter/page/{folder}"))
                .into_iter()
                .flatten()
            {
                let entry = entry.unwrap();
                if entry.path().is_file() {
                    there.insert(format!("{folder}{}", entry.file_name().to_str().unwrap()));
                }
            }
        }
        let here: BTreeSet<String> = ASSETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(here, there, "the list of site.rs");
    }
}
