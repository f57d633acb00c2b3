//! One of the cookies that a client sends.

use crate::http::wire::{Fields, grammar};

/// The value of the first pair of this name. Clients that speak HTTP/2 to a proxy may have several Cookie fields.
// RFC 6265 §4.2.1: "cookie-string = cookie-pair *( ";" SP cookie-pair )"
pub(super) fn find<'a>(fields: &Fields<'a>, name: &str) -> Option<&'a str> {
    let mut pairs = fields
        .get_all("Cookie")
        .flat_map(|value| value.split(|&byte| byte == b';'));
    let value = pairs.find_map(|pair| {
        let value = grammar::trim_ows(pair).strip_prefix(name.as_bytes())?;
        value.strip_prefix(b"=")
    })?;
    std::str::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::FieldList;

    #[test]
    fn the_first_pair_of_the_name_counts() {
        let mut fields = FieldList::new();
        for line in [
            "a=1; ab=2; b=x=y; e=; A=3; q=\"4\"",
            "c=5;d=6 ; a=7",
            "none; =8",
        ] {
            fields.append("Cookie", line).unwrap();
        }
        fields.append("Cookie", b"l=\xff").unwrap();
        for (name, value) in [
            ("a", Some("1")),
            ("A", Some("3")), // names are compared byte by byte
            ("ab", Some("2")),
            ("b", Some("x=y")),
            ("e", Some("")),
            ("q", Some("\"4\"")),
            ("c", Some("5")),
            ("d", Some("6")),
            ("none", None),
            ("x", None),
            ("l", None),
            ("a=1; ab", None),
        ] {
            assert_eq!(find(&fields.view(), name), value, "{name}");
        }
    }
}
