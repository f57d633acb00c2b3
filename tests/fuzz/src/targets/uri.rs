//! URIs, references, targets, queries and percent-encoding.
//!
//! - An accepted URI is printed as an accepted URI with the same meaning.
//! - The server accepts every URI that the client accepts, in both forms.
//! - A resolved reference is such a URI, too; a redirect carries no user.
//! - A target has one form. Percent-encoding is decoded to what was encoded.

use crate::input::Input;
use barewire::http::wire::{
    FieldList, Limits, Method, Params, Query, Redirect, RequestDecoder, Target, Uri, UriError,
    percent_decode, percent_encode_component,
};

pub(crate) fn run(input: &Input<'_>) {
    target(input);
    encoded(input.bytes);
    let Ok(text) = str::from_utf8(input.bytes) else {
        return;
    };
    percent(text);
    query(text);
    let (base, reference) = text.split_once('\n').unwrap_or((text, ""));
    match Uri::parse(base) {
        Err(error) => blamed(base, &error),
        Ok(base) => {
            good(&base);
            match base.join(reference) {
                Err(error) => assert!(error.at() <= reference.len()),
                Ok(joined) => good(&joined),
            }
            redirected(input, &base, reference);
        }
    }
}

fn blamed(text: &str, error: &UriError) {
    let at = error.at();
    assert!(at <= text.len(), "{error}");
    assert_eq!(error.got(), text[at..].chars().next(), "{error}");
}

fn good(uri: &Uri) {
    let printed = uri.to_string();
    let again = Uri::parse(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"));
    assert_eq!(again.to_string(), printed);
    assert_eq!(again.origin(), uri.origin());
    assert_eq!(again.path_and_query(), uri.path_and_query());
    assert_eq!(again.fragment(), uri.fragment());
    assert_eq!(uri.userinfo().is_none(), again == *uri, "{printed}");
    let itself = uri.join(&printed).expect("itself");
    assert_eq!(itself.origin(), uri.origin());
    accepted(uri, &uri.origin_form());
    accepted(uri, &uri.absolute_form());
}

fn accepted(uri: &Uri, form: &Target<'_>) {
    let mut request = b"GET ".to_vec();
    form.encode(&mut request);
    request.extend(format!(" HTTP/1.1\r\nHost: {}\r\n\r\n", uri.authority()).bytes());
    let mut decoder = RequestDecoder::new(Limits::default());
    let length = decoder.decode(&request);
    assert_eq!(length, Ok(Some(request.len())), "{uri}");
    let head = decoder.head(&request);
    assert_eq!((head.target(), head.authority()), (*form, uri.authority()));
}

fn redirected(input: &Input<'_>, from: &Uri, reference: &str) {
    let status = [301, 302, 303, 307, 308, 304][input.choice(0, 6)];
    let method = ["GET", "HEAD", "POST", "PUT", "CONNECT"][input.choice(1, 5)];
    let mut fields = FieldList::new();
    if fields.append("Location", reference).is_err() {
        return;
    }
    let method = Method::new(method).expect("a token");
    if let Ok(Some(next)) = Redirect::follow(status, method, fields.view(), from) {
        good(&next.uri);
        assert_eq!(next.uri.userinfo(), None);
        assert_eq!(next.same_origin, next.uri.origin() == from.origin());
    }
}

fn target(input: &Input<'_>) {
    let method = ["GET", "CONNECT", "OPTIONS"][input.choice(0, 3)];
    let method = Method::new(method).expect("a token");
    let Ok(target) = Target::decode(method, input.bytes) else {
        return;
    };
    let mut again = Vec::new();
    target.encode(&mut again);
    assert_eq!(Target::decode(method, &again), Ok(target));
    // Only a port may be written in another way: 080 is 80.
    let ported = matches!(target, Target::Authority { .. });
    assert!(ported || again == input.bytes, "{target:?}");
}

fn percent(text: &str) {
    match percent_decode(text) {
        Err(error) => blamed(text, &error),
        Ok(bytes) => {
            let mut encoded = String::new();
            percent_encode_component(&bytes, &mut encoded);
            assert_eq!(percent_decode(&encoded), Ok(bytes));
        }
    }
}

/// An encoded text is one component, and decodes to what was encoded.
fn encoded(bytes: &[u8]) {
    let mut text = String::new();
    percent_encode_component(bytes, &mut text);
    assert!(!text.contains(['/', '?', '#', '&', '=', '+', ' ', '@', ':']));
    assert_eq!(percent_decode(&text).as_deref(), Ok(bytes));
}

/// The pairs of a query, written into another query, are the same pairs. A form differs in its `+` alone.
fn query(text: &str) {
    let form = Params::parse(text);
    let spaced: Result<Vec<(String, String)>, UriError> =
        Query::pairs(&text.replace('+', "%20")).collect();
    assert_eq!(form.is_ok(), spaced.is_ok());
    if let (Ok(form), Ok(spaced)) = (form, spaced) {
        let spaced = spaced.iter().map(|(name, value)| (&**name, &**value));
        assert!(form.iter().eq(spaced));
        assert!(form.iter().all(|(name, _)| form.contains(name)));
    }
    let pairs: Result<Vec<(String, String)>, UriError> = Query::pairs(text).collect();
    let Ok(pairs) = pairs else { return };
    let add = |query: Query, (name, value): &(String, String)| query.add(name, value);
    let query = pairs.iter().fold(Query::new(), add);
    let again: Result<Vec<(String, String)>, UriError> = Query::pairs(query.as_str()).collect();
    assert_eq!(again, Ok(pairs));
}
