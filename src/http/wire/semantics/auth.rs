//! The Basic scheme: a user and a password in every request (RFC 7617).
//!
//! ```text
//!   user-id    password
//!   Aladdin  : open sesame           joined by a colon, so the user-id can hold none
//!   QWxhZGRpbjpvcGVuIHNlc2FtZQ==     Base64: everyone can decode it
//!
//!   Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==          to a server
//!   Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==    to a proxy
//! ```
//!
//! Base64 hides nothing: without TLS everyone on the path reads the password (RFC 7617 §4). Base64 only
//! makes any byte fit into a field.

use crate::http::wire::Misuse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The value of an `Authorization` or `Proxy-Authorization` field. The text is encoded as UTF-8 and not
/// normalised (RFC 7617 §2.1 expects Normalization Form C).
///
/// # Errors
/// [`Misuse::Credentials`] for a colon in the user-id, or a control character in either.
///
/// ```
/// # use barewire::http::wire::basic;
/// let value = basic("Aladdin", "open sesame")?;
/// assert_eq!(value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// # Ok::<(), barewire::http::wire::Misuse>(())
/// ```
pub fn basic(user: &str, password: &str) -> Result<String, Misuse> {
    // RFC 7617 §2: "The user-id and password MUST NOT contain any control characters"
    // RFC 7617 §2: "a user-id containing a colon character is invalid"
    if user.contains(':') || has_control(user) || has_control(password) {
        return Err(Misuse::Credentials);
    }
    let mut value = String::from("Basic ");
    STANDARD.encode_string(format!("{user}:{password}"), &mut value);
    Ok(value)
}

/// User and password from the value of such a field; `None` for another scheme, or for a value that
/// [`basic`] would not make. Compare the password in a time that does not depend on it.
///
/// ```
/// # use barewire::http::wire::decode_basic;
/// let (user, password) = decode_basic(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").unwrap();
/// assert_eq!((user.as_str(), password.as_str()), ("Aladdin", "open sesame"));
/// ```
pub fn decode_basic(value: &[u8]) -> Option<(String, String)> {
    let (scheme, rest) = value.split_at_checked(5)?;
    // RFC 7617 §2: "Note that both scheme and parameter names are matched case-insensitively."
    if !scheme.eq_ignore_ascii_case(b"Basic") {
        return None;
    }
    // RFC 9110 §11.4: "credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]"
    let spaces = rest.iter().take_while(|&&c| c == b' ').count();
    if spaces == 0 {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(&rest[spaces..]).ok()?).ok()?;
    // RFC 7617 §2: "text after the first colon is part of the password"
    let (user, password) = text.split_once(':')?;
    (!has_control(&text)).then(|| (user.to_owned(), password.to_owned()))
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The samples of RFC 7617 §2 and §2.1, and the edges.
    const PAIRS: &[(&str, &str, &str)] = &[
        (
            "Aladdin",
            "open sesame",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ),
        ("test", "123£", "Basic dGVzdDoxMjPCow=="),
        ("", "", "Basic Og=="),
        ("a", "b:c:", "Basic YTpiOmM6"),
        ("深入", "浅出", "Basic 5rex5YWlOua1heWHug=="),
    ];

    #[test]
    fn there_and_back() {
        for &(user, password, value) in PAIRS {
            assert_eq!(basic(user, password).as_deref(), Ok(value));
            let decoded = decode_basic(value.as_bytes()).expect(value);
            assert_eq!(decoded, (user.to_string(), password.to_string()));
        }
    }

    #[test]
    fn what_a_pair_cannot_hold() {
        for (user, password) in [
            ("a:b", "c"),
            ("a\n", "b"),
            ("a", "b\r\nX: y"),
            ("a\0", ""),
            ("", "\x7f"),
        ] {
            assert_eq!(basic(user, password), Err(Misuse::Credentials), "{user:?}");
        }
    }

    #[test]
    fn values() {
        for good in ["basic Og==", "BASIC   Og=="] {
            assert!(decode_basic(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "",
            "Basic",
            "Basic ",
            "BasicOg==",
            "Basic\tOg==",
            "Bearer Og==",
            "Basic Og",    // padding left out
            "Basic Oh==",  // bits that mean nothing are not zero
            "Basic Og== ", // a field's value has no blank at its end
            "Basic Og==, Basic Og==",
            "Basic YQ==", // no colon
            "Basic _zo=", // another alphabet
            "Basic /zo=", // not UTF-8
            "Basic YQo6", // a line feed
            "Basic realm=\"a\"",
        ] {
            assert_eq!(decode_basic(bad.as_bytes()), None, "{bad}");
        }
    }
}
