//! What the renderings write, and what holds for whatever strangers send.

use super::play::Passes;
use barewire::trace::wire::render::{Hex, Html, Json, Rendering, Text};
use barewire::trace::wire::{Conversation, Explained};
use std::time::Duration;

pub(crate) fn spans(mut conversation: Conversation, script: &[Passes]) -> Vec<Explained> {
    let spans = script.iter().flat_map(|passes| match passes {
        Passes::Bytes(from, bytes) => conversation
            .receive(*from, Duration::ZERO, bytes)
            .collect::<Vec<_>>(),
        Passes::End(from) => conversation.end(*from, Duration::ZERO).collect(),
    });
    spans.collect()
}

pub(crate) fn rendered(mut rendering: impl Rendering, spans: &[Explained]) -> String {
    let mut out = String::new();
    for explained in spans {
        rendering.explained(0, explained, &mut out);
    }
    rendering.finish(&mut out);
    out
}

/// Nothing moves the cursor, turns the direction of the text, or becomes HTML, and no line is wider than it may be.
pub(crate) fn check(spans: &[Explained], width: usize) {
    let lines: String = spans.iter().map(Explained::to_string).collect();
    assert_printable(&lines);
    assert_printable(&rendered(Text::new(), spans));
    check_hex(spans, width);
    assert_printable(&rendered(Json::new(), spans));
    let page = rendered(Html::new("<'&\""), spans);
    assert_printable(&page);
    assert_eq!(
        page.matches("<span").count(),
        page.matches("</span>").count()
    );
    assert!(!page.contains("<script") && !page.contains("\" onfocus"));
}

pub(crate) fn check_hex(spans: &[Explained], width: usize) {
    let hex = rendered(Hex::new(width, false), spans);
    assert_printable(&hex);
    let widest = hex.lines().map(columns).max().unwrap_or_default();
    assert!(widest <= width, "{widest} of {width}: {hex}");
}

/// As many columns as a terminal may take.
pub(crate) fn columns(line: &str) -> usize {
    let columns = |c| if c < '\u{1100}' || c == '…' { 1 } else { 2 };
    line.chars().map(columns).sum()
}

fn assert_printable(text: &str) {
    let is_bad = |c: char| {
        c != '\n' && c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    assert!(!text.contains(is_bad), "{text:?}");
}
