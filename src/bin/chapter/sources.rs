//! Where in `src/` a rule is obeyed: the lines around each citation.
//!
//! A citation stands above the lines that obey it, as `// RFC 9112 §7.1: "…"`. A rule that no line cites is looked for where
//! a comment or an error names its section, and then in the nearest section above or below it.

use crate::json::{Object, list, quoted};
use std::sync::LazyLock;

/// How many lines are shown, and how many of them stand above the citation.
const LINES: usize = 10;
const ABOVE: usize = 2;
/// A section may be cited in many places.
const MOST_PLACES: usize = 5;

macro_rules! sources {
    ($($path:literal)+) => {
        /// The files that cite an RFC, but for those of the chapter itself; a test finds those that are missing.
        const SOURCES: &[(&str, &str)] =
            &[$((concat!("src/", $path), include_str!(concat!("../../", $path)))),+];
    };
}

sources! {
    "bin/demo/url.rs" "bin/http_get/heads.rs" "bin/http_get/transfer.rs"
    "bin/http_server/routes.rs" "bin/proxy/allow.rs" "bin/proxy/forward.rs" "bin/proxy/options.rs"
    "bin/proxy/refusal.rs" "http/client/connection.rs" "http/client/exchange.rs"
    "http/client/exchange/receiving.rs" "http/client/exchange/sending.rs" "http/client/options.rs"
    "http/client/options/settings.rs" "http/client/pool/decision.rs" "http/client/pool/limits.rs"
    "http/client/pool/mod.rs" "http/client/pool/retry.rs" "http/client/proxy/no_proxy.rs"
    "http/client/request.rs" "http/client/response.rs" "http/files/body.rs"
    "http/files/media_type.rs" "http/files/mod.rs" "http/files/parts.rs" "http/files/path.rs"
    "http/files/refusal.rs" "http/files/select.rs" "http/files/stamp.rs" "http/server/cookie.rs"
    "http/server/events.rs" "http/server/exchange/connection/sending.rs" "http/server/form.rs"
    "http/server/request.rs" "http/server/request_loop/waiting.rs" "http/wire/connection/client.rs"
    "http/wire/connection/server.rs" "http/wire/error.rs" "http/wire/grammar.rs"
    "http/wire/messages/body.rs" "http/wire/messages/chunked.rs" "http/wire/messages/field_list.rs"
    "http/wire/messages/head.rs" "http/wire/messages/message.rs" "http/wire/messages/outgoing.rs"
    "http/wire/messages/section.rs" "http/wire/messages/start_line.rs"
    "http/wire/messages/target.rs" "http/wire/semantics/auth.rs" "http/wire/semantics/date.rs"
    "http/wire/semantics/etag.rs" "http/wire/semantics/forwarding.rs"
    "http/wire/semantics/precondition.rs" "http/wire/semantics/range.rs"
    "http/wire/semantics/redirect.rs" "http/wire/semantics/status.rs" "http/wire/uri/absolute.rs"
    "http/wire/uri/authority.rs" "http/wire/uri/origin.rs" "http/wire/uri/percent.rs"
    "http/wire/uri/reference.rs" "http/wire/uri/resolve.rs" "https/alpn.rs" "net/linger.rs"
    "net/reach/connect_schedule.rs" "net/reach/race.rs" "net/reach/resolve.rs" "net/tunnel.rs"
    "random.rs" "text/base.rs" "tls/client_context.rs" "tls/error/alert.rs"
    "tls/error/certificate.rs" "tls/error/handshake.rs" "tls/pem/mod.rs" "tls/pem/sections.rs"
    "tls/provider.rs" "tls/sni.rs" "tls/stream/first_flight.rs" "tls/stream/handshake.rs"
    "tls/stream/write_queue.rs" "tls/wire/alt_names.rs" "tls/wire/dates.rs" "tls/wire/extensions.rs"
    "tls/wire/hello.rs" "tls/wire/names.rs" "tls/wire/record.rs" "tls/wire/x509.rs"
    "trace/wire/capture/assembly.rs" "trace/wire/capture/checksum.rs"
    "trace/wire/capture/connections.rs" "trace/wire/capture/writer.rs" "trace/wire/http/head.rs"
    "trace/wire/secrets.rs" "trace/wire/tls/codes.rs" "trace/wire/tls/record.rs"
    "udp/receive_buffer.rs" "udp/request.rs" "udp/send.rs" "websocket/connect.rs"
    "websocket/ending.rs" "websocket/outgoing/closing.rs" "websocket/outgoing/pings.rs"
    "websocket/queue.rs" "websocket/wire/close.rs" "websocket/wire/connection/frames.rs"
    "websocket/wire/connection/role.rs" "websocket/wire/connection/send.rs"
    "websocket/wire/connection/state.rs" "websocket/wire/extensions.rs" "websocket/wire/frame.rs"
    "websocket/wire/handshake.rs" "websocket/wire/handshake/offer.rs"
    "websocket/wire/handshake/opening.rs" "websocket/wire/handshake/origin.rs"
    "websocket/wire/mask.rs"
}

/// A line that names a section.
#[derive(Clone, Copy)]
struct Place {
    rfc: &'static str,
    section: &'static str,
    file: &'static str,
    text: &'static str,
    /// Counted from 0.
    line: usize,
}

static PLACES: LazyLock<Vec<Place>> = LazyLock::new(|| {
    let mut places = Vec::new();
    for &(file, text) in SOURCES {
        for (line, content) in text.lines().enumerate() {
            places.extend(named(content).map(|(rfc, section)| Place {
                rfc,
                section,
                file,
                text,
                line,
            }));
        }
    }
    places
});

/// The places of a rule such as `RFC 9112 §7.1`, as JSON: those that quote it first.
pub(crate) fn places(rule: &str) -> String {
    let mut found = find(rule);
    found.sort_by_key(|place| quote(place.text, place.line).is_none()); // it is stable
    list(found.iter().take(MOST_PLACES).map(Place::json))
}

/// The places whose section is the nearest to that of the rule.
fn find(rule: &str) -> Vec<Place> {
    let Some((rfc, section)) = rule
        .strip_prefix("RFC ")
        .and_then(|rule| rule.split_once(" §"))
    else {
        return Vec::new();
    };
    let near = |place: &Place| distance(section, place.section).filter(|_| place.rfc == rfc);
    let nearest = PLACES.iter().filter_map(near).min();
    let mut found: Vec<Place> = PLACES
        .iter()
        .filter(|place| near(place) == nearest)
        .copied()
        .collect();
    if nearest.is_none() {
        found.clear();
    }
    found.dedup_by_key(|place| (place.file, place.line)); // a line may name it twice
    found
}

/// The RFCs and sections that a line names.
fn named(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split("RFC ").skip(1).filter_map(|rest| {
        let (rfc, rest) = rest.split_once(" §")?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let section = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        let is_number = rfc.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some((rfc, section.trim_end_matches('.')))
    })
}

/// How many steps lead from one section to the other, if one holds the other: from 7.1 to 7.1.2 it is one.
fn distance(one: &str, other: &str) -> Option<usize> {
    let parts = |section: &str| section.split('.').count();
    let holds = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    (holds(one, other) || holds(other, one)).then(|| parts(one).abs_diff(parts(other)))
}

/// The sentence that a citation at this line quotes. It may run over several lines.
fn quote(text: &str, line: usize) -> Option<String> {
    let mut lines = text
        .lines()
        .skip(line)
        .map_while(|line| line.trim_start().strip_prefix("// "));
    let (_, begin) = lines.next()?.split_once(": \"")?;
    let mut quote = begin.to_owned();
    while !quote.ends_with('"') {
        quote += " ";
        quote += lines.next()?;
    }
    quote.pop();
    Some(quote)
}

impl Place {
    fn json(&self) -> String {
        let first = self.line.saturating_sub(ABOVE);
        let lines = self.text.lines().skip(first).take(LINES);
        let place = Object::new()
            .text("file", self.file)
            .raw("line", self.line + 1);
        let quote = quote(self.text, self.line).unwrap_or_default();
        let place = place.text("quote", &quote).raw("first", first + 1);
        place.raw("lines", list(lines.map(quoted))).end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn cites(text: &str) -> bool {
        let mut lines = text.lines().map(str::trim_start);
        lines
            .any(|line| line.starts_with("// RFC ") && line.contains(" §") && line.contains(": \""))
    }

    fn collect(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|is| is == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let is_ours = path.starts_with("src/bin/chapter");
                if cites(&text) && !is_ours {
                    found.push(path.to_str().unwrap().to_owned());
                }
            }
        }
    }

    #[test]
    fn every_file_that_cites_an_rfc_is_here() {
        let mut there = Vec::new();
        collect(Path::new("src"), &mut there);
        let here: Vec<&str> = SOURCES.iter().map(|(file, _)| *file).collect();
        let missing: Vec<_> = there
            .iter()
            .filter(|file| !here.contains(&file.as_str()))
            .collect();
        let too_many: Vec<_> = here
            .iter()
            .filter(|file| !there.contains(&(**file).to_owned()))
            .collect();
        assert!(
            missing.is_empty() && too_many.is_empty(),
            "missing {missing:?}, too many {too_many:?}"
        );
    }

    #[test]
    fn a_section_is_found_exactly_or_near() {
        let chunked = find("RFC 9112 §7.1");
        assert!(!chunked.is_empty());
        for place in &chunked {
            let line = place.text.lines().nth(place.line).unwrap();
            assert!(line.contains("RFC 9112 §7.1"), "{line}");
        }
        assert_eq!(distance("7.1", "7.1"), Some(0));
        assert_eq!(distance("7.1", "7"), Some(1));
        assert_eq!(distance("7", "7.1.2"), Some(2));
        assert_eq!(distance("7.1", "7.10"), None);
        assert_eq!(distance("7.1", "7.2"), None);
        assert!(!find("RFC 9112 §7.1.99").is_empty(), "its parent");
        assert!(
            find(&["RFC 1", "§1"].join(" ")).is_empty()
                && find("").is_empty()
                && find(" §").is_empty()
        );
    }

    #[test]
    fn a_place_has_its_sentence_and_ten_lines() {
        let json = places("RFC 6455 §10.2");
        assert!(
            json.contains("src/websocket/wire/handshake/offer.rs"),
            "{json}"
        );
        let place = find("RFC 6455 §10.2")[0];
        let quote = quote(place.text, place.line).unwrap();
        assert!(
            quote.starts_with("If the origin indicated is unacceptable"),
            "{}",
            quote
        );
        let read = crate::json::read(&place.json()).unwrap();
        assert_eq!(read.get("lines").unwrap().items().len(), LINES);
    }

    /// Words of the glossary and the tables of the explainer: nearly all rules lead somewhere.
    #[test]
    fn most_rules_of_the_labels_lead_to_a_line() {
        use barewire::trace::wire::Label;
        let rules: std::collections::BTreeSet<&str> = Label::ALL
            .iter()
            .map(|label| label.section())
            .filter(|rule| !rule.is_empty())
            .collect();
        let lost: Vec<_> = rules.iter().filter(|rule| find(rule).is_empty()).collect();
        assert!(
            lost.len() * 3 <= rules.len(),
            "{} of {}: {lost:?}",
            lost.len(),
            rules.len()
        );
    }
}
