//! Where a 3xx response sends the client, and what the next request is (RFC 9110 §15.4).
//!
//! | status | to POST | to HEAD | to other methods | the body |
//! |---|---|---|---|---|
//! | 301, 302 | GET | HEAD | the same | kept, but not from POST to GET |
//! | 303 | GET | HEAD | GET | dropped |
//! | 307, 308 | POST | HEAD | the same | kept |
//! | others | | | | not followed |
//!
//! These are not followed either: a response without Location, a response to CONNECT (the proxy sends it,
//! and it would lead the tunnel elsewhere), a URI of a scheme that is neither http nor https (`myapp://signed-in`). The
//! caller gets such a response as it is. The client adds two rules: a redirect that keeps a body which was
//! streamed is not followed, because the body is gone; from `http:` to `https:` it needs a connector for TLS,
//! and is an error without one.
//!
//! The other fields are sent again, since the caller has set them:
//!
//! | field | the same origin | another origin | the body is dropped |
//! |---|---|---|---|
//! | Host, Authorization, Cookie, Origin, Referer | sent again | dropped; the client makes a Host | |
//! | Proxy-Authorization | sent again | dropped; the client sends its proxy's own again | |
//! | Content-Type and all of `Content-`, Digest, Expect, Last-Modified, Trailer, Transfer-Encoding | sent again | sent again | dropped, with the trailers |
//! | Connection | sent again, with the fields that it names | the same | the same |
//! | all others: Accept, If-Match, Range, TE, Upgrade, X-Api-Key … | sent again | sent again | sent again |
//!
//! A Location that is no URI reference is refused: a space, a bracket, `|`, `^`, a byte above 0x7F. Browsers
//! encode such bytes, each in its own way; RFC 9110 §10.2.2 allows that and does not ask for it. Programs that
//! repair one text differently follow it to different places.
//!
//! When a redirect leads to another origin, the fields meant for the first origin are dropped. They stay
//! dropped if a later redirect leads back:
//!
//! ```text
//!   http://a/    Authorization: Basic …    302 Location: http://b/
//!   http://b/                              302 Location: http://a/
//!   http://a/                              200
//! ```

use super::method::Method;
use crate::http::wire::uri::{Uri, UriReason};
use crate::http::wire::{Error, FieldList, Fields, Rule};

/// Fields that are dropped if the origin changes.
// RFC 9110 §15.4: "Origin-specific header fields (if any), including (but not limited to) Host"
// RFC 9110 §15.4: "Header fields specific to the client's proxy configuration, including (but not
// limited to) Proxy-Authorization"
// RFC 9110 §15.4: "Resource-specific header fields, including (but not limited to) Referer, Origin,
// Authorization, and Cookie."
const OF_THE_ORIGIN: [&str; 6] = [
    "Authorization",
    "Cookie",
    "Host",
    "Origin",
    "Proxy-Authorization",
    "Referer",
];

/// Fields that are dropped with the body, in addition to all that start with `Content-`.
// RFC 9110 §15.4: "If the request method has been changed to GET or HEAD, remove content-specific
// header fields, including (but not limited to) Content-Encoding, Content-Language,
// Content-Location, Content-Type, Content-Length, Digest, Last-Modified."
const OF_THE_BODY: [&str; 6] = [
    "Digest",
    "Expect",
    "Last-Modified",
    "Repr-Digest",
    "Trailer",
    "Transfer-Encoding",
];

/// The request that follows a redirect.
///
/// ```
/// use barewire::http::wire::{FieldList, Method, Redirect, Uri};
///
/// let mut answer = FieldList::new();
/// answer.append("Location", "https://example.com/done")?;
/// let from = Uri::parse("http://example.com/form#top")?;
/// let post = Method::new("POST").unwrap();
///
/// let next = Redirect::follow(303, post, answer.view(), &from)?.unwrap();
/// assert_eq!(next.method.as_str(), "GET");
/// assert_eq!(next.uri.to_string(), "https://example.com/done#top");
/// assert!(!next.keep_body && !next.same_origin);
///
/// let mut request = FieldList::new();
/// request.append("Accept", "*/*")?;
/// request.append("Cookie", "id=7")?;
/// request.append("Content-Type", "text/plain")?;
/// next.prune(&mut request);
/// assert_eq!(request.view().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect<'m> {
    /// Its method.
    pub method: Method<'m>,
    /// Whether it has the same body again. A caller that cannot send the body twice cannot follow.
    pub keep_body: bool,
    /// The URI that it asks for. It has no userinfo: credentials are in fields, see
    /// [`prune`](Self::prune).
    pub uri: Uri,
    /// Whether the origin is the same as before.
    pub same_origin: bool,
}

impl<'m> Redirect<'m> {
    /// The request after a response with this status and these fields to a request with this method for
    /// `target`; `None`: the response is the last. The caller limits the number of redirects, which may
    /// lead in a circle.
    ///
    /// # Errors
    /// [`Rule::LocationRepeated`] for several Location fields, [`Rule::LocationInvalid`] for one
    /// that is no URI reference, [`Rule::TargetUserinfo`] for one that brings credentials along.
    // RFC 9110 §15.4: "A client SHOULD detect and intervene in cyclical redirections"
    pub fn follow(
        status: u16,
        method: Method<'m>,
        fields: Fields<'_>,
        target: &Uri,
    ) -> Result<Option<Redirect<'m>>, Error> {
        let Some((method, keep_body)) = next_method(status, method) else {
            return Ok(None);
        };
        let Some(uri) = location(fields, target).map_err(Error::in_response)? else {
            return Ok(None);
        };
        Ok(Some(Redirect {
            method,
            keep_body,
            same_origin: uri.origin() == target.origin(),
            uri,
        }))
    }

    /// Whether the field of this name must not be copied from the last request to the next.
    pub fn drops(&self, name: &str) -> bool {
        let is = |other: &&str| name.eq_ignore_ascii_case(other);
        let of_content = name
            .get(..8)
            .is_some_and(|start| start.eq_ignore_ascii_case("Content-"));
        (!self.same_origin && OF_THE_ORIGIN.iter().any(is))
            || (!self.keep_body && (of_content || OF_THE_BODY.iter().any(is)))
    }

    /// Removes from the last request's fields what the next one must not have. That includes Host if the
    /// origin changes: set the new one. A connection option (RFC 9110 §7.6.1) that names a removed field is
    /// removed, too; the others stay, and so do the fields that they name.
    // RFC 9110 §15.4: "Consider removing header fields that were not automatically generated by
    // the implementation (i.e., those present in the request because they were added by the calling
    // context) where there are security implications; this includes but is not limited to
    // Authorization and Cookie."
    pub fn prune(&self, fields: &mut FieldList) {
        let names = fields.view().iter().map(|(name, _)| name);
        let dropped: Vec<String> = names
            .filter(|name| self.drops(name))
            .map(str::to_owned)
            .collect();
        for name in &dropped {
            fields.remove(name);
        }
        remove_options(&dropped, fields);
    }
}

/// Removes the connection options of these names.
// RFC 9110 §7.8: "A sender of Upgrade MUST also send an "Upgrade" connection option in the Connection
// header field"
// RFC 9110 §10.1.4: "A sender of TE MUST also send a "TE" connection option within the Connection
// header field"
fn remove_options(names: &[String], fields: &mut FieldList) {
    let stays = |option: &&[u8]| {
        let is = |name: &String| name.as_bytes().eq_ignore_ascii_case(option);
        !names.iter().any(is)
    };
    if fields
        .view()
        .list("Connection")
        .all(|option| stays(&option))
    {
        return;
    }
    let options: Vec<&[u8]> = fields.view().list("Connection").filter(stays).collect();
    let options = options.join(&b", "[..]);
    fields.remove("Connection");
    if !options.is_empty() {
        let _ = fields.append("Connection", options); // they were sent before
    }
}

/// The next method, and whether the body is sent again.
fn next_method(status: u16, method: Method<'_>) -> Option<(Method<'_>, bool)> {
    let get = Method::from_token(b"GET");
    match (status, method.as_str()) {
        (_, "CONNECT") => None,
        // RFC 9110 §15.4.2: "For historical reasons, a user agent MAY change the request method
        // from POST to GET for the subsequent request."
        (301 | 302, "POST") => Some((get, false)),
        // RFC 9110 §15.4.4: "A user agent can perform a retrieval request targeting that URI (a GET
        // or HEAD request if using HTTP)"
        (303, "HEAD") => Some((method, false)),
        (303, _) => Some((get, false)),
        // RFC 9110 §15.4.8: "the user agent MUST NOT change the request method if it performs an
        // automatic redirection to that URI."
        (301 | 302 | 307 | 308, _) => Some((method, true)),
        _ => None,
    }
}

/// The URI that the Location field means; `None` if there is none, or it has another scheme.
fn location(fields: Fields<'_>, target: &Uri) -> Result<Option<Uri>, Error> {
    let mut values = fields.get_all("Location");
    let Some(value) = values.next() else {
        return Ok(None);
    };
    // RFC 9110 §10.2.2: "The field value consists of a single URI-reference."
    if values.next().is_some() {
        return Err(Error::new(Rule::LocationRepeated, value, 0));
    }
    let invalid = |at| Error::new(Rule::LocationInvalid, value, at);
    // RFC 9110 §10.2.2: "This specification does not mandate or define such processing, but does allow
    // it for the sake of robustness."
    let reference = std::str::from_utf8(value).map_err(|error| invalid(error.valid_up_to()))?;
    match target.without_userinfo().join(reference) {
        // RFC 9110 §4.2.4: "Before making use of an "http" or "https" URI reference received from
        // an untrusted source, a recipient SHOULD parse for userinfo and treat its presence as an
        // error"
        Ok(uri) if uri.userinfo().is_some() => Err(Error::new(Rule::TargetUserinfo, value, 0)),
        // RFC 9110 §10.2.2: "If the Location value provided in a 3xx (Redirection) response does
        // not have a fragment component, a user agent MUST process the redirection as if the value
        // inherits the fragment component of the URI reference used to generate the target URI"
        Ok(uri) => Ok(Some(uri.or_fragment_of(target))),
        Err(error) if error.reason() == UriReason::Scheme => Ok(None),
        Err(error) => Err(invalid(error.at())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[(&str, &[u8])]) -> FieldList {
        let mut list = FieldList::new();
        for (name, value) in lines {
            list.append(name, value).unwrap();
        }
        list
    }

    /// What follows a request for `http://a/b/c?q#f`.
    fn follow<'m>(
        status: u16,
        method: &'m str,
        location: &str,
    ) -> Result<Option<Redirect<'m>>, Error> {
        let from = Uri::parse("http://user:pass@a/b/c?q#f").unwrap();
        let answer = fields(&[("location", location.as_bytes())]);
        let method = Method::new(method).unwrap();
        Redirect::follow(status, method, answer.view(), &from)
    }

    #[test]
    fn the_table() {
        const TABLE: &[(u16, &str, &str)] = &[
            (301, "GET", "GET +"),
            (301, "HEAD", "HEAD +"),
            (301, "POST", "GET -"),
            (301, "PUT", "PUT +"),
            (302, "POST", "GET -"),
            (302, "PATCH", "PATCH +"),
            (302, "post", "post +"), // methods are case-sensitive
            (303, "GET", "GET -"),
            (303, "HEAD", "HEAD -"),
            (303, "POST", "GET -"),
            (303, "DELETE", "GET -"),
            (307, "POST", "POST +"),
            (307, "GET", "GET +"),
            (308, "POST", "POST +"),
            (308, "OPTIONS", "OPTIONS +"),
        ];
        for &(status, method, expected) in TABLE {
            let next = follow(status, method, "/").unwrap().unwrap();
            let body = if next.keep_body { "+" } else { "-" };
            assert_eq!(
                format!("{} {body}", next.method),
                expected,
                "{status} {method}"
            );
        }
        for status in (100..600).filter(|status| ![301, 302, 303, 307, 308].contains(status)) {
            assert_eq!(follow(status, "GET", "/"), Ok(None), "{status}");
        }
        for status in [301, 302, 303, 307, 308] {
            assert_eq!(follow(status, "CONNECT", "/"), Ok(None), "{status}");
        }
    }

    #[test]
    fn destinations() {
        for (location, uri, same_origin) in [
            ("/d", "http://a/d#f", true),
            // RFC 9110 §17.11: "it ought to ensure that redirects to other sites include a (possibly
            // empty) fragment component in order to block that inheritance."
            ("d#", "http://a/b/d#", true),
            ("?r", "http://a/b/c?r#f", true),
            ("", "http://a/b/c?q#f", true),
            ("#g", "http://a/b/c?q#g", true),
            ("http://A:80/d", "http://a/d#f", true),
            ("http://a:81/d", "http://a:81/d#f", false),
            ("https://a/d", "https://a/d#f", false),
            ("//b", "http://b#f", false),
        ] {
            let next = follow(302, "GET", location).unwrap().unwrap();
            let found = (next.uri.to_string(), next.same_origin);
            assert_eq!(found, (uri.to_string(), same_origin), "{location}");
            assert_eq!(next.uri.userinfo(), None, "{location}");
        }
    }

    #[test]
    fn fragments_as_in_the_rfc() {
        // RFC 9110 §10.2.2: "preserving the original fragment identifier."
        for (from, location, to) in [
            (
                "http://www.example.org/~tim",
                "/People.html#tim",
                "http://www.example.org/People.html#tim",
            ),
            (
                "http://www.example.org/index.html#larry",
                "http://www.example.net/index.html",
                "http://www.example.net/index.html#larry",
            ),
        ] {
            let answer = fields(&[("Location", location.as_bytes())]);
            let (get, from) = (Method::new("GET").unwrap(), Uri::parse(from).unwrap());
            let next = Redirect::follow(301, get, answer.view(), &from).unwrap();
            assert_eq!(next.unwrap().uri.to_string(), to);
        }
    }

    #[test]
    fn what_is_not_followed() {
        for location in [
            "myapp://signed-in?code=1",
            "mailto:a@b",
            "ftp://a/",
            "javascript:1",
        ] {
            assert_eq!(follow(302, "GET", location), Ok(None), "{location}");
        }
        let (get, from) = (Method::new("GET").unwrap(), Uri::parse("http://a").unwrap());
        let answer = fields(&[("Content-Location", b"/d")]);
        assert_eq!(Redirect::follow(302, get, answer.view(), &from), Ok(None));
    }

    #[test]
    fn what_a_peer_must_not_send() {
        for (location, rule, at) in [
            ("/two words", Rule::LocationInvalid, 4),
            ("/ü", Rule::LocationInvalid, 1),
            ("/%", Rule::LocationInvalid, 1),
            ("http:d", Rule::LocationInvalid, 5),
            ("http:///d", Rule::LocationInvalid, 7),
            ("http://a:99999/", Rule::LocationInvalid, 9),
            ("1:2", Rule::LocationInvalid, 1),
            ("\\\\b", Rule::LocationInvalid, 0),
            ("/a, /b", Rule::LocationInvalid, 3),
            ("http://a@b/", Rule::TargetUserinfo, 0),
            ("//user:pass@a/", Rule::TargetUserinfo, 0),
            ("//@a/", Rule::TargetUserinfo, 0),
        ] {
            let error = follow(302, "GET", location).unwrap_err();
            assert_eq!((error.rule(), error.at()), (rule, at), "{location}");
        }
        let (get, from) = (Method::new("GET").unwrap(), Uri::parse("http://a").unwrap());
        let twice = fields(&[("Location", b"/d"), ("location", b"/d")]);
        let error = Redirect::follow(302, get, twice.view(), &from).unwrap_err();
        assert_eq!(error.rule(), Rule::LocationRepeated);
        let latin1 = fields(&[("Location", b"/caf\xe9")]);
        let error = Redirect::follow(302, get, latin1.view(), &from).unwrap_err();
        assert_eq!((error.rule(), error.at()), (Rule::LocationInvalid, 4));
    }

    #[test]
    fn fields_that_stay_behind() {
        const SENT: [(&str, &[u8]); 10] = [
            ("Host", b"a"),
            ("Accept", b"*/*"),
            ("AUTHORIZATION", b"Basic Og=="),
            ("cookie", b"a=b"),
            ("Cookie", b"c=d"),
            ("Proxy-Authorization", b"Basic Og=="),
            ("Content-Type", b"text/plain"),
            ("content-encoding", b"gzip"),
            ("Transfer-Encoding", b"chunked"),
            ("Contents", b"kept"),
        ];
        for (status, location, left) in [
            (307, "/d", 10),
            (307, "//b/", 5),
            (303, "/d", 7),
            (303, "https://a/", 2),
        ] {
            let mut sent = fields(&SENT);
            let next = follow(status, "POST", location).unwrap().unwrap();
            next.prune(&mut sent);
            assert_eq!(sent.view().len(), left, "{status} {location}: {sent:?}");
            assert!(sent.view().contains("Accept") && sent.view().contains("Contents"));
        }
    }
}
