//! Entity tags: an opaque name for one state of a representation (RFC 9110 §8.8.3).
//!
//! ```text
//!   ETag: "xyzzy"                          strong: the same bytes
//!   ETag: W/"xyzzy"                        weak: equivalent for the reader
//!   If-None-Match: W/"a", "b,c" , "d"      a list; a tag may hold a comma
//!   If-Match: *                            any state, if there is one
//! ```
//!
//! Nothing between the quotes is unescaped, split or folded: two tags match byte for byte, or they do not
//! match.

/// One entity tag (RFC 9110 §8.8.3), borrowed from the field's bytes.
///
/// It has no `==`: choose the comparison, [`strong_eq`](Self::strong_eq) or
/// [`weak_eq`](Self::weak_eq).
#[derive(Clone, Copy, Debug)]
pub struct EntityTag<'a> {
    weak: bool,
    opaque: &'a [u8],
}

impl<'a> EntityTag<'a> {
    /// A strong tag (RFC 9110 §8.8.3); `None` for a byte that a tag must not hold.
    pub fn strong(opaque: &'a [u8]) -> Option<EntityTag<'a>> {
        opaque.iter().all(is_etagc).then_some(EntityTag {
            weak: false,
            opaque,
        })
    }

    /// A weak tag (RFC 9110 §8.8.3); `None` for a byte that a tag must not hold.
    pub fn weak(opaque: &'a [u8]) -> Option<EntityTag<'a>> {
        Some(EntityTag {
            weak: true,
            ..Self::strong(opaque)?
        })
    }

    /// The whole value of an `ETag` field (RFC 9110 §8.8.3); `None` if it is not one tag.
    pub fn decode(value: &'a [u8]) -> Option<EntityTag<'a>> {
        match split(value)? {
            (tag, []) => Some(tag),
            _ => None,
        }
    }

    /// Appends the tag as a field holds it (RFC 9110 §8.8.3).
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.weak { b"W/\"" } else { b"\"" });
        out.extend_from_slice(self.opaque);
        out.push(b'"');
    }

    /// Marked as weak (RFC 9110 §8.8.1).
    pub fn is_weak(self) -> bool {
        self.weak
    }

    /// The bytes between the quotes (RFC 9110 §8.8.3).
    pub fn opaque(self) -> &'a [u8] {
        self.opaque
    }

    /// Strong comparison (RFC 9110 §8.8.3.2), for ranges and for `If-Match`.
    pub fn strong_eq(self, other: EntityTag<'_>) -> bool {
        // RFC 9110 §8.8.3.2: "two entity tags are equivalent if both are not weak and their
        // opaque-tags match character-by-character."
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Weak comparison (RFC 9110 §8.8.3.2), for `If-None-Match`.
    pub fn weak_eq(self, other: EntityTag<'_>) -> bool {
        // RFC 9110 §8.8.3.2: "two entity tags are equivalent if their opaque-tags match
        // character-by-character, regardless of either or both being tagged as "weak"."
        self.opaque == other.opaque
    }
}

/// What `If-Match` and `If-None-Match` hold (RFC 9110 §13.1.1, §13.1.2).
#[derive(Clone, Copy, Debug)]
pub enum EntityTags<'a> {
    /// `*`: any current representation.
    Any,
    /// The tags listed, perhaps none.
    Listed(TagList<'a>),
}

impl<'a> EntityTags<'a> {
    /// A whole field value, repeated lines joined by commas; `None` if any part of it is wrong.
    pub fn decode(value: &'a [u8]) -> Option<EntityTags<'a>> {
        // RFC 9110 §13.1.1: "a list value containing "*" and other values (including other
        // instances of "*") is syntactically invalid"
        if value == b"*" {
            return Some(EntityTags::Any);
        }
        let mut rest = value;
        while let Some(member) = next_member(&mut rest) {
            member?;
        }
        Some(EntityTags::Listed(TagList { rest: value }))
    }
}

/// The tags of a list in their order (RFC 9110 §13.1.1); all were checked when it was decoded.
#[derive(Clone, Copy, Debug)]
pub struct TagList<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for TagList<'a> {
    type Item = EntityTag<'a>;

    fn next(&mut self) -> Option<EntityTag<'a>> {
        next_member(&mut self.rest)?
    }
}

/// Removes the next tag from a list: `None` at its end, `Some(None)` for a member that is no tag.
fn next_member<'a>(rest: &mut &'a [u8]) -> Option<Option<EntityTag<'a>>> {
    // RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list
    // elements"
    let member = skip(rest, b" \t,");
    if member.is_empty() {
        return None;
    }
    let Some((tag, after)) = split(member) else {
        return Some(None);
    };
    *rest = skip(after, b" \t");
    // RFC 9110 §5.6.1.2: "#element => [ element ] *( OWS "," OWS [ element ] )"
    Some(matches!(rest, [] | [b',', ..]).then_some(tag))
}

fn skip<'a>(bytes: &'a [u8], these: &[u8]) -> &'a [u8] {
    let start = bytes.iter().take_while(|byte| these.contains(byte)).count();
    &bytes[start..]
}

/// The tag at the start of `bytes`, and what follows it.
fn split(bytes: &[u8]) -> Option<(EntityTag<'_>, &[u8])> {
    // RFC 9110 §8.8.3: "weak = %s"W/""
    let (weak, quoted) = match bytes.strip_prefix(b"W/") {
        Some(quoted) => (true, quoted),
        None => (false, bytes),
    };
    let opened = quoted.strip_prefix(b"\"")?;
    let (opaque, closed) = opened.split_at(opened.iter().take_while(|c| is_etagc(c)).count());
    Some((EntityTag { weak, opaque }, closed.strip_prefix(b"\"")?))
}

fn is_etagc(byte: &u8) -> bool {
    // RFC 9110 §8.8.3: "VCHAR except double quotes, plus obs-text"
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..=0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(value: &str) -> EntityTag<'_> {
        EntityTag::decode(value.as_bytes()).unwrap()
    }

    #[test]
    fn comparison_table() {
        // Table 3 of RFC 9110 §8.8.3.2: two tags, strong comparison, weak comparison
        for (one, two, strong, weak) in [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ] {
            for (a, b) in [(tag(one), tag(two)), (tag(two), tag(one))] {
                assert_eq!(
                    (a.strong_eq(b), a.weak_eq(b)),
                    (strong, weak),
                    "{one} {two}"
                );
            }
        }
    }

    #[test]
    fn tags() {
        for good in [
            &b"\"xyzzy\""[..],
            b"W/\"xyzzy\"",
            b"\"\"",
            b"\"a,b\\\"",
            b"\"\xff!\"",
        ] {
            let mut out = Vec::new();
            EntityTag::decode(good).unwrap().encode(&mut out);
            assert_eq!(out, good);
        }
        for bad in [
            "", "xyzzy", "\"a", "a\"", "w/\"a\"", "W\"a\"", "W/ \"a\"", "\"a b\"", "\"a\"\"",
            "\"\x7f\"", " \"a\"", "*",
        ] {
            assert!(EntityTag::decode(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(EntityTag::strong(b"a\"b").is_none() && EntityTag::weak(b"\r\n").is_none());
    }

    #[test]
    fn lists() {
        for (value, members) in [
            ("", 0),
            (" , ,", 0),
            ("\"xyzzy\"", 1),
            ("\"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\"", 3),
            (",W/\"a,b\"\t,,\"\" ,", 2),
        ] {
            match EntityTags::decode(value.as_bytes()) {
                Some(EntityTags::Listed(list)) => assert_eq!(list.count(), members, "{value}"),
                other => panic!("{value}: {other:?}"),
            }
        }
        assert!(matches!(EntityTags::decode(b"*"), Some(EntityTags::Any)));
        for bad in [
            "*, \"a\"",
            "\"a\", *",
            "*,*",
            "\"a\" \"b\"",
            "\"a\"\"b\"",
            "\"a\", b",
            "\"a\", \"",
        ] {
            assert!(EntityTags::decode(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
