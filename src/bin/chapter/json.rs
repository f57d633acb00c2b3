//! JSON, as far as the page and this program exchange it: a strict reader of one command, and a writer of objects.
//!
//! A command has at most 64 KiB, since a longer message closes the WebSocket. What is written can stand in a
//! `<script>`, too: `<` is escaped, and so is what ends a line of JavaScript.

use std::fmt::{Display, Write as _};
use std::time::Duration;

/// More than a command needs: tests read spans with it.
const DEEPEST: usize = 32;
/// Each name is compared with those before it.
const MOST_MEMBERS: usize = 1024;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    /// A member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(members) => members.iter().find(|(is, _)| is == name).map(|(_, v)| v),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number that JavaScript can hold.
    pub(crate) fn number(&self) -> Option<u64> {
        match self {
            Value::Number(n) if n.fract() == 0.0 && (0.0..=9e15).contains(n) => Some(*n as u64),
            _ => None,
        }
    }

    pub(crate) fn flag(&self) -> Option<bool> {
        match self {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The items; what is no list has none.
    pub(crate) fn items(&self) -> &[Value] {
        match self {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The bytes of a text of hexadecimal digits.
    pub(crate) fn hex(&self) -> Option<Vec<u8>> {
        let digits = self.text()?.as_bytes();
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let (pairs, []) = digits.as_chunks::<2>() else {
            return None;
        };
        pairs
            .iter()
            .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?))
            .collect()
    }
}

/// Reads a whole text as one value.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, rest: text };
    let value = reader.value(0)?;
    reader.expect("").and_then(|()| match reader.rest {
        "" => Ok(value),
        _ => Err(reader.error("the end")),
    })
}

struct Reader<'t> {
    text: &'t str,
    rest: &'t str,
}

impl Reader<'_> {
    fn error(&self, expected: &str) -> String {
        let at = self.text.len() - self.rest.len();
        format!("JSON: expected {expected} at byte {at}")
    }

    /// Takes this behind blanks, if it is next.
    fn takes(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let behind = self.rest.strip_prefix(token);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        match self.takes(token) {
            true => Ok(()),
            false => Err(self.error(token)),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err(self.error("fewer values inside one another"));
        }
        let (mut items, mut members) = (Vec::new(), Vec::<(String, Value)>::new());
        let words = [
            ("null", Value::Null),
            ("true", Value::Flag(true)),
            ("false", Value::Flag(false)),
        ];
        if self.takes("\"") {
            return Ok(Value::Text(self.string()?));
        } else if self.takes("[") {
            self.items("]", |reader| {
                items.push(reader.value(depth + 1)?);
                Ok(())
            })?;
            return Ok(Value::List(items));
        } else if self.takes("{") {
            self.items("}", |reader| {
                reader.expect("\"")?;
                let name = reader.string()?;
                if members.len() == MOST_MEMBERS || members.iter().any(|(is, _)| *is == name) {
                    return Err(reader.error("fewer members, a name once"));
                }
                reader.expect(":")?;
                members.push((name, reader.value(depth + 1)?));
                Ok(())
            })?;
            return Ok(Value::Object(members));
        }
        let word = words.into_iter().find(|(word, _)| self.takes(word));
        word.map_or_else(|| self.number(), |(_, value)| Ok(value))
    }

    /// What stands between commas, up to this end.
    fn items(
        &mut self,
        end: &str,
        mut item: impl FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        if self.takes(end) {
            return Ok(());
        }
        loop {
            item(self)?;
            if !self.takes(",") {
                return self.expect(end);
            }
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let behind = self.rest.trim_start_matches(is_part);
        let number = &self.rest[..self.rest.len() - behind.len()];
        let digits = number.strip_prefix('-').unwrap_or(number);
        let is_json = match digits.as_bytes() {
            [b'0', b'0'..=b'9', ..] => false,
            [b'0'..=b'9', ..] => {
                !digits.ends_with('.') && !digits.contains(".e") && !digits.contains(".E")
            }
            _ => false,
        };
        let value = number
            .parse()
            .ok()
            .filter(|n: &f64| is_json && n.is_finite());
        let value = value.ok_or_else(|| self.error("a value"))?;
        self.rest = behind;
        Ok(Value::Number(value))
    }

    /// The next character of a text.
    fn character(&mut self) -> Result<char, String> {
        let mut chars = self.rest.chars();
        let next = chars.next().filter(|c| *c >= ' ');
        let next = next.ok_or_else(|| self.error("the end of the text"))?;
        self.rest = chars.as_str();
        Ok(next)
    }

    /// The reader is behind its first quote.
    fn string(&mut self) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.character()? {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        Ok(match self.character()? {
            sign @ ('"' | '\\' | '/') => sign,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let mut units = vec![self.unit()?];
                if let (0xd800..=0xdbff, Some(low)) = (units[0], self.rest.strip_prefix("\\u")) {
                    self.rest = low;
                    units.push(self.unit()?);
                }
                let text = String::from_utf16(&units).map_err(|_| self.error("a character"))?;
                text.chars().next().unwrap_or_default()
            }
            _ => return Err(self.error("an escape")),
        })
    }

    fn unit(&mut self) -> Result<u16, String> {
        let (digits, rest) = self.rest.split_at_checked(4).unwrap_or_default();
        let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        let unit = u16::from_str_radix(digits, 16).ok().filter(|_| is_hex);
        self.rest = rest;
        unit.ok_or_else(|| self.error("four digits"))
    }
}

/// An object that is being written, member by member.
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Object {
        Object("{".to_owned())
    }

    pub(crate) fn text(self, name: &str, text: &str) -> Object {
        self.raw(name, quoted(text))
    }

    /// A member that is JSON already: a number, an object, a list.
    pub(crate) fn raw(mut self, name: &str, json: impl Display) -> Object {
        let comma = if self.0.len() > 1 { "," } else { "" };
        let _ = write!(self.0, "{comma}\"{name}\":{json}");
        self
    }

    /// Seconds, and their millionths.
    pub(crate) fn time(self, time: Duration) -> Object {
        self.raw(
            "time",
            format_args!("{}.{:06}", time.as_secs(), time.subsec_micros()),
        )
    }

    pub(crate) fn hex(self, bytes: &[u8]) -> Object {
        let mut hex = String::with_capacity(2 * bytes.len());
        for byte in bytes {
            let _ = write!(hex, "{byte:02x}");
        }
        self.text("hex", &hex)
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A list of what is JSON already.
pub(crate) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

/// A text with its quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // `</script>` and `<!--` would end or change the script that holds it, U+2028 a line of it.
            '<' | '\u{2028}' | '\u{2029}' | '\u{7f}' | ..' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
