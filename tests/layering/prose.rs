//! What is asked of the text of a file: its length, no `unsafe`, and how it cites.

use crate::Breach;
use crate::outline::Outline;
use crate::tokens::{Kind, Token};

const MOST_LINES: usize = 450;

/// The RFCs that are in force; what they replaced is not cited.
const CURRENT: [&str; 30] = [
    "768", "791", "1951", "1952", "3986", "4648", "5280", "6066", "6265", "6454", "6455", "6585",
    "6750", "6761", "7239", "7301", "7468", "7617", "7692", "8200", "8297", "8305", "8422", "8446",
    "8701", "9110", "9112", "9293", "9525", "9844",
];

/// What a handshake of TLS 1.2 looks like, and who may cite it: whoever reads one.
const TLS_1_2: (&str, [&str; 2]) = ("5246", ["crate::tls::wire", "crate::trace"]);

pub(crate) fn check(file: &Outline<'_>, source: &str) -> Vec<Breach> {
    let mut found = citations(&file.comments);
    found.extend(mentions(file));
    let lines = source.lines().count();
    if lines > MOST_LINES {
        let what = format!("is the last of {lines} lines, but a file has {MOST_LINES} at most");
        found.push((lines, what));
    }
    let used = file.code.iter().filter(|token| token.text == "unsafe");
    found.extend(used.map(|token| (token.line, "is unsafe: the house has none".into())));
    if file.module().len() == 1 && !forbids_unsafe(file) {
        found.push((1, "starts a crate and lacks #![forbid(unsafe_code)]".into()));
    }
    let found = found.into_iter();
    found
        .map(|(line, what)| Breach::new(file, line, what))
        .collect()
}

fn forbids_unsafe(file: &Outline<'_>) -> bool {
    let texts: Vec<&str> = file.code.iter().map(|token| token.text).collect();
    let forbid = ["#", "!", "[", "forbid", "("];
    let mut starts = (0..texts.len()).filter(|&at| texts[at..].starts_with(&forbid));
    starts.any(|at| texts[at..file.partner[at + 4]].contains(&"unsafe_code"))
}

/// `// RFC 6455 §5.5.2: "…"`, which may run over several lines.
fn citations(comments: &[Token<'_>]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, first) in comments.iter().enumerate() {
        let Some(citation) = first.text.strip_prefix("// RFC ") else {
            continue;
        };
        let form = "cites, but not in the one form, // RFC 6455 §5.5.2: \"…\"";
        match quotation(citation) {
            None => found.push((first.line, form.into())),
            Some(opened) if !is_closed(opened, &comments[at..]) => {
                found.push((
                    first.line,
                    format!("{form}: its last line ends with the quote"),
                ));
            }
            Some(_) => {}
        }
    }
    found
}

/// What follows `6455 §5.5.2: "`.
fn quotation(citation: &str) -> Option<&str> {
    let (source, quotation) = citation.split_once(": \"")?;
    let (number, section) = source.split_once(" §")?;
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
    (is_part(number) && section.split('.').all(is_part)).then_some(quotation)
}

/// Whether the quotation ends on its own line or one of the comment lines right below.
fn is_closed(opened: &str, comments: &[Token<'_>]) -> bool {
    let below = (comments[0].line..).zip(comments).skip(1);
    let mut goes_on = below.take_while(|(line, comment)| {
        let starts_another = comment.text.starts_with("// RFC ");
        comment.line == *line && comment.text.starts_with("// ") && !starts_another
    });
    opened.ends_with('"') || goes_on.any(|(_, comment)| comment.text.ends_with('"'))
}

/// `RFC 9112 §6.3` wherever it is said, in comments, docs and the texts of errors.
fn mentions(file: &Outline<'_>) -> Vec<(usize, String)> {
    let module = file.module().join("::");
    let (tls_1_2, readers) = TLS_1_2;
    let reads_it = readers.iter().any(|reader| module.starts_with(reader));
    let literals = file.code.iter().filter(|token| token.kind == Kind::Literal);
    let mut found = Vec::new();
    for token in literals.chain(&file.comments) {
        for (at, rfc) in token.text.match_indices("RFC") {
            let line = token.line + token.text[..at].matches('\n').count();
            let cited = cited(&token.text[at + rfc.len()..]);
            let old = cited
                .filter(|number| !(CURRENT.contains(number) || *number == tls_1_2 && reads_it));
            found.extend(old.map(|rfc| (line, format!("cites RFC {rfc}, not in force here"))));
        }
    }
    found
}

/// The number in ` 9112 §6.3` or ` 9112, Section 6.3`. A number alone is no citation:
/// history may be told.
fn cited(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let (number, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let rest = rest.trim_start_matches([',', ' ']);
    let mut words = ["§", "section", "Section"].iter();
    let section = words.any(|word| rest.starts_with(word));
    (section && !number.is_empty()).then_some(number)
}
