//! From the path of a request to the names of a file, or to a refusal.
//!
//! ```text
//!   /a%20b/c.txt      ["a b", "c.txt"]
//!   /docs/            ["docs"], and it must be a directory
//!   /%2e%2e/secret    refused, and so is every other way to say it
//! ```
//!
//! Nothing is repaired: clients remove dot segments before they send a path (RFC 3986 §5.2.4). A path that
//! still has one was written to leave the directory.

use super::refusal::Rule;
use crate::http::wire::percent_decode;
use std::path::PathBuf;

/// What a path names, below the root.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Each name checked; no `..`, no root, no prefix.
    pub(super) names: PathBuf,
    /// The path ends with a slash: only a directory will do.
    pub(super) directory: bool,
}

/// Takes apart a path that is empty or starts with a slash.
pub(super) fn decode(path: &str, dot_files: bool) -> Result<Wanted, Rule> {
    let mut names = PathBuf::new();
    let below = path.strip_prefix('/').unwrap_or(path);
    let (list, directory) = match below.strip_suffix('/') {
        Some(list) => (list, true),
        None => (below, path == "/"),
    };
    if !below.is_empty() {
        // RFC 3986 §7.3: "Applications must split the URI into its components and subcomponents
        // prior to decoding the octets"
        for segment in list.split('/') {
            names.push(name(segment, dot_files)?);
        }
    }
    Ok(Wanted { names, directory })
}

fn name(segment: &str, dot_files: bool) -> Result<String, Rule> {
    let bytes = percent_decode(segment).map_err(|_| Rule::Percent)?;
    let name = String::from_utf8(bytes).map_err(|_| Rule::NotUtf8)?;
    // RFC 3986 §7.3: "Security checks of the data within a URI should be applied after decoding
    // the octets."
    match broken_rule(&name, dot_files) {
        None => Ok(name),
        Some(rule) => Err(rule),
    }
}

fn broken_rule(name: &str, dot_files: bool) -> Option<Rule> {
    Some(match name {
        "" => Rule::EmptyName,
        // RFC 9110 §17.3: "an origin server needs to avoid accessing names that have a special
        // significance to the system"
        "." | ".." => Rule::DotSegment,
        _ if name.contains(['/', '\\']) => Rule::Separator,
        // RFC 3986 §7.3: "the "%00" percent-encoding (NUL) may require special handling and should
        // be rejected"
        _ if name.contains(char::is_control) => Rule::Control,
        _ if name.starts_with('.') && !dot_files => Rule::DotFile,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names joined with `|`, a `|` at the end for a directory, or why not.
    fn read(path: &str, dot_files: bool) -> String {
        match decode(path, dot_files) {
            Ok(Wanted { names, directory }) => {
                let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
                names.join("|") + if directory { "|" } else { "" }
            }
            Err(rule) => format!("{rule:?}"),
        }
    }

    #[test]
    fn names() {
        for (path, names) in [
            ("", ""),
            ("/", "|"),
            ("/a", "a"),
            ("/a/", "a|"),
            ("/a/b.txt", "a|b.txt"),
            ("/a%20b/%E6%B7%B1%e5%85%A5", "a b|深入"),
            ("/a+b&c=d;e:f@g~h,i!(j)*'$", "a+b&c=d;e:f@g~h,i!(j)*'$"),
            ("/100%25", "100%"),
            ("/%252e%252e/a", "%2e%2e|a"), // decoded once: an odd name, and no way up
            ("/a..b/c.", "a..b|c."),
            ("/\u{ff0e}\u{ff0e}/a", "\u{ff0e}\u{ff0e}|a"), // full-width dots are no dots
        ] {
            assert_eq!(read(path, false), names, "{path}");
        }
    }

    /// A refusal, and the paths that get it.
    const REFUSED: &str = "\
DotSegment /.. /../ /../a /a/../b /a/.. /. /./a /a/./b /%2e%2e/a /%2E./a /.%2e /a/%2e%2e/%2e%2e/b /%2e
EmptyName // //a /a//b /a// /// //evil.example
Separator /..%2fa /%2e%2e%2fa /a%2fb /a%2F /%2f /..%5ca /a%5cb /%5c /..\\a /a\\..\\b /c:%5ca
Control /%00 /a%00.txt /a%0d%0ab /%7f /a%0a /%c2%85 /%1b
NotUtf8 /%ff /%c0%ae%c0%ae/a /%e0%80%ae /%f0%80%80%ae /%ed%a0%80 /a%c0%afb /%80
Percent /% /%2 /a% /%g0 /%2g /%+1 /%%32e /%u002e
DotFile /.git/config /.htaccess /a/.env /... /.../a /..; /..;/a /%2egit /..%20 /.a/";

    #[test]
    fn refused() {
        for line in REFUSED.lines() {
            let (refusal, paths) = line.split_once(' ').unwrap();
            for path in paths.split(' ') {
                assert_eq!(read(path, false), refusal, "{path}");
            }
        }
    }

    #[test]
    fn dot_files_where_they_are_wanted() {
        assert_eq!(read("/.well-known/a", true), ".well-known|a");
        for path in ["/.", "/..", "/%2e%2e", "/a/%2e./b"] {
            assert_eq!(read(path, true), "DotSegment", "{path}");
        }
    }
}
