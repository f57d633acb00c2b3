//! Every case of `fixtures/http/` and `fixtures/websocket/`, as a conversation.

use super::play::{Leaf, answers, both_end, leaves_within, notes, refused, texts};
use crate::cases::scripts;
use crate::http::all_cases;
use crate::http::format::{Case, Kind};
use crate::websocket::{FRAMES, format};
use barewire::http::wire::Limits;
use barewire::trace::wire::{Label, Layer};
use barewire::websocket::wire::Rule;

/// The head in front of the body would not pass.
fn has_small_section(case: &Case) -> bool {
    let Limits {
        field_section_bytes,
        fields,
        ..
    } = case.limits;
    matches!(case.kind, Kind::Chunked) && (field_section_bytes < 100 || fields < 3)
}

#[test]
fn http() {
    let mut refusals = 0;
    for case in all_cases() {
        // A client that begins so speaks TLS, unless the caller knows better.
        let is_tls = case.input.first() == Some(&22) && matches!(case.kind, Kind::Request);
        if has_small_section(&case) || is_tls {
            continue;
        }
        let mut script = scripts::of_http(&case);
        let open = script.clone();
        script.extend(both_end());
        let found = leaves_within(case.limits, &script);
        let refusal = refused(&found);
        match &case.expect {
            Err(rule) => {
                let is_redirect = rule.name() == "TargetUnencoded";
                let expected = (rule.says().to_owned(), rule.section());
                assert!(
                    is_redirect || refusal == Some(expected),
                    "{}: {refusal:?}",
                    case.place
                );
                refusals += 1;
            }
            Ok(expected) => {
                let found = leaves_within(case.limits, &open);
                if expected.rest.is_empty() {
                    assert_eq!(refused(&found), None, "{}", case.place);
                    let content = [Label::BodyData, Label::ChunkData];
                    let content: String = content
                        .iter()
                        .flat_map(|label| texts(&found, *label))
                        .collect();
                    let sent = String::from_utf8_lossy(&expected.content);
                    assert!(expected.open || content == sent, "{}", case.place);
                }
                for (_, method) in expected.says.iter().filter(|(key, _)| *key == "method") {
                    assert!(
                        texts(&found, Label::Method).contains(method),
                        "{}",
                        case.place
                    );
                }
                if let Some(expected) = &expected.fields {
                    let found = fields(&found);
                    let first = &found[..expected.len().min(found.len())];
                    assert_eq!(first, expected, "{}", case.place);
                }
            }
        }
    }
    assert!(refusals > 300, "{refusals}");
}

/// Name and value of each field line, put together from its leaves.
fn fields(leaves: &[Leaf]) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    let mut in_value = false;
    for leaf in leaves
        .iter()
        .filter(|leaf| leaf.from == leaves[leaves.len() - 1].from)
    {
        match (leaf.label, fields.last_mut()) {
            (Label::FieldName, _) => fields.push((leaf.text(), Vec::new())),
            (Label::FieldColon, _) => {
                assert_eq!(leaf.bytes, b":");
                in_value = true;
            }
            (Label::LineEnd, Some((_, value))) if in_value => {
                *value = value.trim_ascii().to_vec();
                in_value = false;
            }
            (Label::Fold, Some((_, value))) => value.push(b' '),
            (_, Some((_, value))) if in_value => value.extend_from_slice(&leaf.bytes),
            _ => {}
        }
    }
    fields
}

/// A chunked body is framed alike in a response, where some odd trailer lines are read.
#[test]
fn chunked_responses() {
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunked = all_cases().filter(|case| matches!(case.kind, Kind::Chunked));
    for case in chunked.filter(|case| !has_small_section(case)) {
        let body = answers([&head[..], &case.input].concat());
        let mut script = vec![scripts::asked("GET"), body];
        script.extend(both_end());
        let refusal = refused(&leaves_within(case.limits, &script));
        if let Err(rule) = &case.expect {
            let expected = (rule.says().to_owned(), rule.section());
            let is_trailer = case.place.contains("trailers.txt");
            assert!(
                is_trailer || refusal == Some(expected),
                "{}: {refusal:?}",
                case.place
            );
        }
    }
}

#[test]
fn websocket_frames() {
    let cases = FRAMES.iter().flat_map(|file| format::cases(file));
    for case in cases {
        let script = scripts::of_frames(&case);
        let found = leaves_within(Limits::default(), &script);
        let refusal = refused(&found).map(|(says, _)| says);
        let inside = |leaf: &&Leaf| (leaf.layer, leaf.label) == (Layer::Compressed, Label::Refused);
        let inside = found.iter().find(inside).map(|leaf| leaf.value.clone());
        match case.error() {
            // A watcher does not know the receiver's limit.
            Some(Rule::MessageTooBig) => {}
            Some(Rule::CompressedInvalid) => assert!(inside.is_some(), "{}", case.place),
            Some(rule @ (Rule::CompressedCut | Rule::TextNotUtf8 | Rule::TextCut))
                if case.find("agreed").is_some() =>
            {
                assert_eq!(inside.as_deref(), Some(rule.says()), "{}", case.place);
            }
            Some(rule) => assert_eq!(refusal.as_deref(), Some(rule.says()), "{}", case.place),
            None => {
                assert_eq!(inside, None, "{}", case.place);
                let only_the_end = refusal.as_deref() == Some(Rule::ClosedAbnormally.says());
                assert!(
                    refusal.is_none() || only_the_end,
                    "{}: {refusal:?}",
                    case.place
                );
            }
        }
    }
}

#[test]
fn websocket_handshakes() {
    for case in format::cases("requests.txt") {
        let found = leaves_within(Limits::default(), &scripts::of_request(&case));
        let says = notes(&found, Label::OfferRefused);
        match case.error() {
            // Whether the request offers a WebSocket at all is what these are about.
            Some(Rule::UpgradeMissing) => assert!(says.is_empty(), "{}", case.place),
            Some(Rule::OriginForbidden) | None => {
                assert_eq!(
                    (says.len(), notes(&found, Label::Offer).len()),
                    (0, 1),
                    "{}",
                    case.place
                );
            }
            Some(rule) => assert_eq!(says, [rule.says()], "{}", case.place),
        }
    }
    for case in format::cases("responses.txt") {
        let found = leaves_within(Limits::default(), &scripts::of_response(&case));
        let Some(rule) = case.error() else {
            assert_eq!(refused(&found), None, "{}", case.place);
            continue;
        };
        // Some of them break a rule of HTTP first. Behind an extension that is not known here, nothing is explained.
        let is_refused = refused(&found).is_some();
        let is_foreign = rule == Rule::ExtensionNotAsked && case.find("asks").is_some();
        let passes = rule == Rule::StatusNot101 || is_foreign;
        assert!(is_refused != passes, "{}", case.place);
    }
}
