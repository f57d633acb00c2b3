//! What a reference means, relative to a URI (RFC 3986 §5.2).
//!
//! ```text
//!   from http://a/b/c/d;p?q
//!
//!   //g/h     http://g/h             another host
//!   /g        http://a/g             another path
//!   ../g      http://a/b/g           another path, relative to this one
//!   ?y        http://a/b/c/d;p?y     another query
//!   #s        http://a/b/c/d;p?q#s   another place in the same
//! ```

use super::absolute::Uri;
use super::error::{UriError, UriReason};
use super::reference::Reference;

impl Uri {
    /// The URI that `reference` means in a document or response from this one.
    ///
    /// # Errors
    /// The first rule that the reference breaks; [`UriReason::Scheme`] for a URI that is neither
    /// `http` nor `https`.
    pub fn join(&self, reference: &str) -> Result<Uri, UriError> {
        let r = Reference::decode(reference)?;
        let (path, query) = match (&r.authority, r.path) {
            (Some(_), path) => (remove_dot_segments(path), r.query),
            (None, "") => (self.path.clone(), r.query.or(self.query())),
            (None, path) if path.starts_with('/') => (remove_dot_segments(path), r.query),
            (None, path) => {
                check_first_segment(path)?;
                (remove_dot_segments(&merge(&self.path, path)), r.query)
            }
        };
        let (query, fragment) = (query.map(str::to_owned), r.fragment.map(str::to_owned));
        let mut uri = match r.authority {
            Some(authority) => Uri::root(r.scheme.unwrap_or(self.scheme), authority),
            None => self.clone(),
        };
        (uri.path, uri.query, uri.fragment) = (path, query, fragment);
        Ok(uri)
    }
}

// RFC 3986 §4.2: "A path segment that contains a colon character (e.g., "this:that") cannot be used
// as the first segment of a relative-path reference, as it would be mistaken for a scheme name."
fn check_first_segment(path: &str) -> Result<(), UriError> {
    let first = path.split('/').next().unwrap_or(path);
    match first.find(':') {
        Some(at) => Err(UriError::new(UriReason::FirstSegment, path, at)),
        None => Ok(()),
    }
}

/// RFC 3986 §5.2.3: the path replaces everything after the last slash.
fn merge(base: &str, path: &str) -> String {
    let folder = base.rfind('/').map_or("/", |slash| &base[..=slash]);
    format!("{folder}{path}")
}

/// RFC 3986 §5.2.4, for a path that is empty or starts with a slash: removes `.`, and `..` with the
/// segment before it.
// RFC 3986 §5.4.2: "Note that the ".." syntax cannot be used to change the authority component of a
// URI."
fn remove_dot_segments(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(segments) = rest.strip_prefix('/') {
        let (segment, behind) = segments.split_at(segments.find('/').unwrap_or(segments.len()));
        if segment == ".." {
            out.truncate(out.rfind('/').unwrap_or(0));
        }
        if !matches!(segment, "." | "..") {
            out.push('/');
            out.push_str(segment);
        } else if behind.is_empty() {
            out.push('/');
        }
        rest = behind;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_segments() {
        for (path, left) in [
            ("", ""),
            ("/", "/"),
            ("/a/b/c/./../../g", "/a/g"), // the example of RFC 3986 §5.2.4
            ("/.", "/"),
            ("/..", "/"),
            ("/../..", "/"),
            ("/a/..", "/"),
            ("/a/.", "/a/"),
            ("/a/../", "/"),
            ("//", "//"),
            ("/a//../b", "/a/b"),
            ("/..//a", "//a"),
            ("/.../a", "/.../a"),
            ("/%2e%2e/a", "/%2e%2e/a"),
        ] {
            assert_eq!(remove_dot_segments(path), left, "{path}");
        }
    }

    #[test]
    fn merged_with_an_empty_path() {
        let base = Uri::parse("http://a?q").unwrap();
        assert_eq!(base.join("g").unwrap().to_string(), "http://a/g");
        assert_eq!(base.join("").unwrap().to_string(), "http://a?q");
    }

    #[test]
    fn userinfo_goes_with_the_host_that_it_was_given_for() {
        let base = Uri::parse("http://u:p@a/b").unwrap();
        assert_eq!(base.join("/c").unwrap().userinfo(), Some(("u", "p")));
        assert_eq!(base.join("//a/c").unwrap().userinfo(), None);
    }
}
