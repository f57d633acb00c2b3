//! What the HTTP door answers below `/chapter`: the page, and what it asks for.

use crate::assets;
use crate::catalogue;
use crate::exchange::{resource, vectors};
use crate::guard::{self, FIELDS, refuse};
use crate::live::Live;
use crate::sources;
use crate::words;
use barewire::http::{Failure, Handled, Request, Response};
use barewire::trace::wire::Language;
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

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
        match req.path() {
            "/chapter/live" => return self.live.serve(req, res),
            resource::PATH => return resource::serve(&req, res),
            _ => {}
        }
        // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405 response
        // containing a list of the target resource's currently supported methods."
        if !matches!(req.method(), "GET" | "HEAD") {
            let why = "this can only be read (RFC 9110 §15.5.6)";
            return Err(refuse(405, why, Some("GET, HEAD")));
        }
        let (kind, body) = content(&req)?;
        for (name, value) in FIELDS {
            res.set_header(name, value)?;
        }
        let tag = tag(&body);
        res.set_header("ETag", tag.as_str())?;
        if let Some(status) = resource::precondition(&req, &tag) {
            return res.write_head(status, ())?.end("");
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
        "exchanges.json" => catalogue::json(),
        "vectors.json" => vectors::json(),
        "words.en.json" => words::json(Language::English),
        "words.zh.json" => words::json(Language::Chinese),
        "source" => {
            let params = req.query_params();
            let params = params.map_err(|error| refuse(400, &error.to_string(), None))?;
            let why = "rule=RFC… is missing (RFC 9110 §15.5.1)";
            let rule = params.get("rule").ok_or_else(|| refuse(400, why, None))?;
            sources::places(rule)
        }
        _ => {
            let why = "there is nothing here (RFC 9110 §15.5.5)";
            let text = assets::text(name).ok_or_else(|| refuse(404, why, None))?;
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
