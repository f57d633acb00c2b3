//! Rust source to tokens: just enough to tell a name from a comment, a string and a lifetime.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or keyword (or a number: nothing here depends on the difference).
    Word,
    /// A string or character of any sort, with its quotes.
    Literal,
    Comment,
    /// A sign or a lifetime.
    Other,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    /// As written, so that a variable called `r#use` is never taken for the keyword.
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

/// The signs of several characters that matter here; any other is one character.
const SIGNS: [&str; 8] = ["..=", "::", "==", "!=", "=>", "->", "<=", ">="];

pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let (mut found, mut rest, mut line) = (Vec::new(), source, 1);
    while let Some(first) = rest.chars().next() {
        let (kind, len) = next(rest, first);
        let (text, after) = rest.split_at(len);
        if !first.is_whitespace() {
            let text = text.trim_end();
            found.push(Token { kind, text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    found
}

/// What stands at the start of `rest`, and its length in bytes.
fn next(rest: &str, first: char) -> (Kind, usize) {
    if rest.starts_with("//") {
        (Kind::Comment, rest.find('\n').unwrap_or(rest.len()))
    } else if rest.starts_with("/*") {
        (Kind::Comment, block_comment(rest))
    } else if let Some(len) = string(rest).or_else(|| character(rest)) {
        (Kind::Literal, len)
    } else if is_word(first) {
        (Kind::Word, word(rest))
    } else if first == '\'' {
        (Kind::Other, 1 + word(&rest[1..]))
    } else {
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
        (
            Kind::Other,
            sign.map_or(first.len_utf8(), |sign| sign.len()),
        )
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn word(rest: &str) -> usize {
    let raw = if rest.starts_with("r#") { 2 } else { 0 };
    let len = rest[raw..].find(|c| !is_word(c));
    len.map_or(rest.len(), |len| raw + len)
}

/// Block comments nest: `/* /* */ */` is one.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// `"…"` behind any of its prefixes, raw or with escapes.
fn string(rest: &str) -> Option<usize> {
    let (prefix, body) = rest.split_at(rest.find(|c: char| !c.is_ascii_alphabetic())?);
    let hashes = body.bytes().take_while(|&b| b == b'#').count();
    let text = body[hashes..].strip_prefix('"')?;
    let open = rest.len() - text.len();
    match prefix {
        "r" | "br" | "cr" => {
            let close = format!("\"{}", "#".repeat(hashes));
            let len = text.find(&close).map(|end| open + end + close.len());
            Some(len.unwrap_or(rest.len()))
        }
        "" | "b" | "c" => Some(open + quoted(text, '"')),
        _ => None,
    }
}

/// `'x'`, `b'x'`, `'\''`; a lifetime has no second quote there.
fn character(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('\'')?;
    let first = body.chars().next()?;
    let closed = first == '\\' || body[first.len_utf8()..].starts_with('\'');
    closed.then(|| rest.len() - body.len() + quoted(body, '\''))
}

/// The length up to and with the closing quote; a backslash hides what follows it.
fn quoted(body: &str, quote: char) -> usize {
    let mut hidden = false;
    for (at, c) in body.char_indices() {
        if c == quote && !hidden {
            return at + 1;
        }
        hidden = c == '\\' && !hidden;
    }
    body.len()
}
