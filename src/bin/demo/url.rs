//! URLs as users type them.

/// Users type characters that a URL must not have. They are sent percent-encoded, as by a browser.
// RFC 3986 §2.1: "A percent-encoding mechanism is used to represent a data octet in a component when
// that octet's corresponding character is outside the allowed set"
pub(crate) fn encoded(typed: &str) -> String {
    let mut url = String::new();
    for b in typed.bytes() {
        match b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b) {
            true => url.push(char::from(b)),
            false => url.push_str(&format!("%{b:02X}")),
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_must_not_have_is_percent_encoded() {
        assert_eq!(encoded("ws://a:1/x^y?q=月"), "ws://a:1/x%5Ey?q=%E6%9C%88");
        assert_eq!(encoded("ws://[::1]:1/a%20b#c"), "ws://[::1]:1/a%20b#c");
    }
}
