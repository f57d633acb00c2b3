//! Preconditions: is the client's copy still valid, is the state that it saw still current? (RFC 9110 §13)
//!
//! ```text
//!                          holds, or absent        fails
//!   1  If-Match                  3                  412
//!   2  If-Unmodified-Since       3                  412      only without If-Match
//!   3  If-None-Match           Proceed     GET, HEAD 304, others 412
//!   4  If-Modified-Since       Proceed              304      GET and HEAD without If-None-Match
//!   5  If-Range            Range counts      Range ignored   only GET with Range: `if_range`
//! ```
//!
//! A server evaluates preconditions after every other check and just before it performs the method
//! (RFC 9110 §13.2.1): only if the response would be a 2xx or a 412 without them, and never for CONNECT,
//! OPTIONS or TRACE.

use super::date::{DateError, HttpDate};
use super::etag::{EntityTag, EntityTags};

/// The conditions of a request (RFC 9110 §13.1).
///
/// Each value is the whole field. If the field was repeated, its lines are joined with `", "`: tags then
/// make a longer list, two dates are no date.
#[derive(Clone, Copy, Debug, Default)]
pub struct Preconditions<'a> {
    /// The method is GET or HEAD.
    pub get_or_head: bool,
    /// RFC 9110 §13.1.1.
    pub if_match: Option<&'a [u8]>,
    /// RFC 9110 §13.1.4.
    pub if_unmodified_since: Option<&'a [u8]>,
    /// RFC 9110 §13.1.2.
    pub if_none_match: Option<&'a [u8]>,
    /// RFC 9110 §13.1.3.
    pub if_modified_since: Option<&'a [u8]>,
}

/// The validators of the representation that the server has now (RFC 9110 §8.8).
#[derive(Clone, Copy, Debug, Default)]
pub struct Current<'a> {
    /// The value of its `ETag` field.
    pub etag: Option<EntityTag<'a>>,
    /// The value of its `Last-Modified` field.
    pub last_modified: Option<HttpDate>,
}

/// What to do with the request (RFC 9110 §13.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Perform the method.
    Proceed,
    /// Answer 304 with the fields a cache needs, and no content.
    NotModified,
    /// Do not perform the method; answer 412.
    PreconditionFailed,
}

impl Outcome {
    /// The status that ends the request here (RFC 9110 §13.2.2); `None` to proceed.
    pub fn status(self) -> Option<u16> {
        match self {
            Outcome::Proceed => None,
            Outcome::NotModified => Some(304),
            Outcome::PreconditionFailed => Some(412),
        }
    }
}

impl Preconditions<'_> {
    /// Evaluates all preconditions in their order (RFC 9110 §13.2.2). `current` is `None` if the resource
    /// has no representation now; `now` decides the century of two-digit years.
    // RFC 9110 §13.2.2: "A recipient cache or origin server MUST evaluate the request
    // preconditions defined by this specification in the following order"
    pub fn evaluate(&self, current: Option<Current<'_>>, now: HttpDate) -> Outcome {
        let modified = current.and_then(|current| current.last_modified);
        let same_state = match (self.if_match, self.if_unmodified_since) {
            // RFC 9110 §13.1.1: "An origin server MUST use the strong comparison function when
            // comparing entity tags for If-Match"
            (Some(tags), _) => matches_one(tags, current, EntityTag::strong_eq),
            // RFC 9110 §13.1.4: "A recipient MUST ignore If-Unmodified-Since if the request
            // contains an If-Match header field"
            (None, Some(date)) => if_unmodified_since(date, modified, now),
            (None, None) => true,
        };
        if !same_state {
            return Outcome::PreconditionFailed;
        }
        let new_to_client = match (self.if_none_match, self.if_modified_since) {
            // RFC 9110 §13.1.2: "A recipient MUST use the weak comparison function when comparing
            // entity tags for If-None-Match"
            (Some(tags), _) => !matches_one(tags, current, EntityTag::weak_eq),
            // RFC 9110 §13.2.2: "When the method is GET or HEAD, If-None-Match is not present,
            // and If-Modified-Since is present, evaluate the If-Modified-Since precondition"
            (None, Some(date)) if self.get_or_head => if_modified_since(date, modified, now),
            _ => true,
        };
        match new_to_client {
            true => Outcome::Proceed,
            // RFC 9110 §13.2.2: "if false for GET/HEAD, respond 304 (Not Modified)"
            false if self.get_or_head => Outcome::NotModified,
            // RFC 9110 §13.2.2: "if false for other methods, respond 412 (Precondition Failed)"
            false => Outcome::PreconditionFailed,
        }
    }
}

/// Whether `Range` counts if `If-Range` has this value (RFC 9110 §13.1.5). Call it for a GET with a
/// `Range` only. A value that is neither a tag nor a date does not match.
///
/// A date matches if it is the exact `Last-Modified` and its second is over at `now`. Only the client
/// knows, from the `Date` of the response, whether it got its copy *within* that second; then it must not
/// send this field.
pub fn if_range(value: &[u8], current: Current<'_>, now: HttpDate) -> bool {
    // RFC 9110 §13.1.5: "A valid entity-tag can be distinguished from a valid HTTP-date by
    // examining the first three characters for a DQUOTE."
    if value.iter().take(3).any(|&c| c == b'"') {
        let given = EntityTag::decode(value);
        // RFC 9110 §13.1.5: "exactly matches the ETag field value for the selected representation
        // using the strong comparison function"
        return given
            .zip(current.etag)
            .is_some_and(|(given, etag)| given.strong_eq(etag));
    }
    let Ok(given) = HttpDate::decode(value, now) else {
        return false;
    };
    // RFC 9110 §13.1.5: "If the HTTP-date validator provided is not a strong validator in the
    // sense defined by Section 8.8.2.2, the condition is false."
    let strong = given < now;
    // RFC 9110 §13.1.5: "Note that the If-Range comparison is by exact match, including when the
    // validator is an HTTP-date"
    strong && current.last_modified == Some(given)
}

/// Whether the field names the current representation: If-Match is true then, If-None-Match false.
fn matches_one<'a>(
    value: &'a [u8],
    current: Option<Current<'_>>,
    same: fn(EntityTag<'a>, EntityTag<'_>) -> bool,
) -> bool {
    let Some(current) = current else {
        return false;
    };
    match (EntityTags::decode(value), current.etag) {
        // RFC 9110 §13.1.1: "If the field value is "*", the condition is true if the origin
        // server has a current representation for the target resource."
        // RFC 9110 §13.1.2: "If the field value is "*", the condition is false if the origin
        // server has a current representation for the target resource."
        (Some(EntityTags::Any), _) => true,
        (Some(EntityTags::Listed(mut tags)), Some(etag)) => tags.any(|tag| same(tag, etag)),
        // RFC 9110 §13.1.1: "Otherwise, the condition is false."
        // RFC 9110 §13.1.2: "Otherwise, the condition is true."
        _ => false,
    }
}

fn if_unmodified_since(value: &[u8], modified: Option<HttpDate>, now: HttpDate) -> bool {
    // RFC 9110 §13.1.4: "If the selected representation's last modification date is earlier than
    // or equal to the date provided in the field value, the condition is true."
    modified_after(value, modified, now) != Some(true)
}

fn if_modified_since(value: &[u8], modified: Option<HttpDate>, now: HttpDate) -> bool {
    // RFC 9110 §13.1.3: "If the selected representation's last modification date is earlier or
    // equal to the date provided in the field value, the condition is false."
    modified_after(value, modified, now) != Some(false)
}

/// Whether the representation changed after the date in `value`; `None` if the field must be ignored. A
/// date before 1970 is valid, and every representation is newer.
fn modified_after(value: &[u8], modified: Option<HttpDate>, now: HttpDate) -> Option<bool> {
    // RFC 9110 §13.1.4: "A recipient MUST ignore the If-Unmodified-Since header field if the
    // resource does not have a modification date available."
    let modified = modified?;
    match HttpDate::decode(value, now) {
        Ok(date) => Some(modified > date),
        Err(DateError::BeforeEpoch) => Some(true),
        // RFC 9110 §13.1.4: "A recipient MUST ignore the If-Unmodified-Since header field if the
        // received field value is not a valid HTTP-date (including when the field value appears
        // to be a list of dates)."
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "Sat, 29 Oct 1994 19:43:30 GMT";
    const NOW: &str = "Sat, 29 Oct 1994 19:43:31 GMT"; // when it was last modified
    const NEW: &str = "Sat, 29 Oct 1994 19:43:32 GMT";

    /// The fields by their initials => the answer to a GET, to a PUT, and to a PUT where nothing
    /// is. What is there has the tag `"a"`.
    const TABLE: &str = r#"none => go go go
IM: "a" => go go 412
IM: "x", "a" => go go 412
IM: * => go go 412
IM: W/"a" => 412 412 412
IM: a => 412 412 412
INM: W/"a" => 304 412 go
INM: * => 304 412 go
INM: "x" => go go go
INM: "a", oops => go go go
IUS: OLD => 412 412 go
IUS: NOW => go go go
IUS: OLD, OLD => go go go
IUS: Sat, 29 Oct 1960 19:43:30 GMT => 412 412 go
IMS: OLD => go go go
IMS: NOW => 304 go go
IMS: NEW, NEW => go go go
IMS: Sat, 29 Oct 1960 19:43:30 GMT => go go go
IM: "a" & IUS: OLD => go go 412
IM: "x" & INM: "a" => 412 412 412
IM: "a" & INM: "a" => 304 412 412
INM: "x" & IMS: NEW => go go go
IUS: OLD & IMS: NEW => 412 412 go"#;

    fn date(text: &str) -> HttpDate {
        HttpDate::decode(text.as_bytes(), HttpDate::MAX).unwrap()
    }

    fn current(etag: &str) -> Current<'_> {
        Current {
            etag: EntityTag::decode(etag.as_bytes()),
            last_modified: Some(date(NOW)),
        }
    }

    fn preconditions(fields: &str) -> Preconditions<'_> {
        let mut found = Preconditions::default();
        for (name, value) in fields.split(" & ").filter_map(|f| f.split_once(": ")) {
            let field = match name {
                "IM" => &mut found.if_match,
                "IUS" => &mut found.if_unmodified_since,
                "INM" => &mut found.if_none_match,
                _ => &mut found.if_modified_since,
            };
            *field = Some(value.as_bytes());
        }
        found
    }

    #[test]
    fn table() {
        let table = TABLE
            .replace("OLD", OLD)
            .replace("NOW", NOW)
            .replace("NEW", NEW);
        for row in table.lines() {
            let (fields, expected) = row.split_once(" => ").unwrap();
            let put = preconditions(fields);
            let mut get = put;
            get.get_or_head = true;
            let there = Some(current("\"a\""));
            let answers = [(get, there), (put, there), (put, None)].map(|(request, current)| {
                let status = request.evaluate(current, date(NEW)).status();
                status.map_or("go".into(), |status| status.to_string())
            });
            assert_eq!(answers.join(" "), expected, "{fields}");
        }
    }

    #[test]
    fn ranges_of_a_copy() {
        let holds = |value: &str, etag, now| if_range(value.as_bytes(), current(etag), date(now));
        assert!(holds("\"a\"", "\"a\"", NEW));
        assert!(!holds("\"b\"", "\"a\"", NEW));
        assert!(!holds("W/\"a\"", "W/\"a\"", NEW));
        assert!(!holds("\"a\", \"a\"", "\"a\"", NEW));
        assert!(holds(NOW, "", NEW));
        assert!(
            !holds(NOW, "", NOW),
            "it may still change within this second"
        );
        assert!(!holds(OLD, "", NEW) && !holds(NEW, "", NEW) && !holds("a", "", NEW));
    }
}
