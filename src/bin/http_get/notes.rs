//! A response as the book's client prints it.
//!
//! ```text
//! STATUS: 200
//! HEADERS: {"date":"Mon, 07 May 2022 07:46:01 GMT","connection":"close","content-length":"12"}
//! Hello World
//! ```

use barewire::http::ClientResponse;

/// The two lines before the body.
pub(crate) fn head(answer: &ClientResponse) -> String {
    let fields = answer.headers().iter();
    let fields = fields.map(|(name, value)| (name, String::from_utf8_lossy(value).into_owned()));
    format!(
        "STATUS: {:03}\nHEADERS: {}\n",
        answer.status(),
        json(fields)
    )
}

/// What Node's `JSON.stringify(res.headers)` returns: names in lower case, values of one name joined, and
/// those of Set-Cookie, which contain commas, in a list.
fn json<'a>(fields: impl Iterator<Item = (&'a str, String)>) -> String {
    let mut joined: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in fields {
        let name = name.to_ascii_lowercase();
        match joined.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => joined.push((name, vec![value])),
        }
    }
    let members = joined.iter().map(|(name, values)| {
        let value = match name.as_str() {
            "set-cookie" => format!(
                "[{}]",
                values.iter().map(quoted).collect::<Vec<_>>().join(",")
            ),
            _ => quoted(values.join(", ")),
        };
        format!("{}:{value}", quoted(name))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn quoted(text: impl AsRef<str>) -> String {
    let mut out = String::from('"');
    for c in text.as_ref().chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out += &format!("\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_as_node_shows_them() {
        let fields = [
            ("Date", "today"),
            ("Set-Cookie", "a=1"),
            ("VARY", "A"),
            ("vary", "B"),
            ("set-cookie", "b=\"2\""),
            ("X", "\u{1b}\\§"),
        ];
        let fields = fields.map(|(name, value)| (name, value.to_owned()));
        let expected =
            r#"{"date":"today","set-cookie":["a=1","b=\"2\""],"vary":"A, B","x":"\u001b\\§"}"#;
        assert_eq!(json(fields.into_iter()), expected);
        assert_eq!(json(std::iter::empty()), "{}");
    }
}
