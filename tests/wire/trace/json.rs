//! A strict reader of one JSON object (RFC 8259), as small as the lines that it checks.

/// The members of an object, the values as they are written.
pub(crate) fn members(text: &str) -> Vec<(String, String)> {
    let mut rest = text;
    let members = object(&mut rest);
    assert_eq!(rest, "", "behind the object: {text}");
    members
}

pub(crate) fn number(members: &[(String, String)], name: &str) -> u64 {
    text(members, name)
        .parse()
        .unwrap_or_else(|_| panic!("{name}: {members:?}"))
}

/// A number or a string without escapes.
pub(crate) fn text<'m>(members: &'m [(String, String)], name: &str) -> &'m str {
    let mut found = members.iter().filter(|(member, _)| member == name);
    let (_, value) = found
        .next()
        .unwrap_or_else(|| panic!("{name}: {members:?}"));
    assert!(found.next().is_none(), "{name} twice: {members:?}");
    value.trim_matches('"')
}

fn object(rest: &mut &str) -> Vec<(String, String)> {
    let mut members = Vec::new();
    take(rest, "{");
    loop {
        let name = value(rest);
        take(rest, ":");
        members.push((name.trim_matches('"').to_owned(), value(rest).to_owned()));
        match rest.strip_prefix(',') {
            Some(behind) => *rest = behind,
            None => break,
        }
    }
    take(rest, "}");
    members
}

/// Takes a value, and returns it as it is written.
fn value<'t>(rest: &mut &'t str) -> &'t str {
    let all = *rest;
    match all.as_bytes() {
        [b'"', ..] => string(rest),
        [b'{', ..] => drop(object(rest)),
        [b'[', ..] => {
            take(rest, "[");
            value(rest);
            while rest.starts_with(',') {
                take(rest, ",");
                value(rest);
            }
            take(rest, "]");
        }
        _ => {
            let end = all.find([',', '}', ']']).expect("an end");
            let (whole, part) = all[..end].split_once('.').unwrap_or((&all[..end], "0"));
            let is_number =
                |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let has_zero = whole.len() > 1 && whole.starts_with('0');
            assert!(is_number(whole) && is_number(part) && !has_zero, "{all}");
            *rest = &all[end..];
        }
    }
    &all[..all.len() - rest.len()]
}

fn string(rest: &mut &str) {
    take(rest, "\"");
    loop {
        let mut chars = rest.chars();
        match chars.next().expect("a closing quote") {
            '"' => break *rest = chars.as_str(),
            '\\' => match chars.next() {
                Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => {}
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    assert!(u16::from_str_radix(&digits, 16).is_ok(), "{digits}");
                }
                other => panic!("\\{other:?}"),
            },
            c => assert!(c >= ' ', "{c:?} is not escaped"),
        }
        *rest = chars.as_str();
    }
}

fn take(rest: &mut &str, expected: &str) {
    *rest = rest
        .strip_prefix(expected)
        .unwrap_or_else(|| panic!("{expected} expected: {rest}"));
}
