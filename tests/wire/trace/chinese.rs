//! The renderings in Chinese: nothing is left in English, and a character takes two columns.

use super::paper::{columns, rendered};
use super::rendered::{fixtures, spans, yakexi};
use barewire::trace::wire::render::{Hex, Html, Text};
use barewire::trace::wire::{Label, Language, Span};

const CHINESE: Language = Language::Chinese;

/// A sentence that is broken is broken where a reader of Chinese expects it.
#[test]
fn no_line_is_wider_than_asked_or_begins_with_a_comma() {
    for script in fixtures() {
        let spans = spans(&script);
        for width in [60, 80] {
            let hex = rendered(Hex::new(width, false).language(CHINESE), &spans);
            for line in hex.lines() {
                assert!(columns(line) <= width, "{width}: {line}");
                let begin = line.trim_start_matches(' ').chars().next();
                assert!(!begin.is_some_and(|c| "，。：；、）".contains(c)), "{hex}");
            }
        }
    }
}

/// Text has its rule in one column, also behind characters that take two.
#[test]
fn the_rules_stand_below_one_another() {
    let text = rendered(Text::new().language(CHINESE), &spans(&yakexi()));
    // The line above a message may cite a rule, too.
    let rows = text.lines().filter(|line| !line.contains(" ms  "));
    let rules = rows.filter_map(|line| {
        line.rsplit_once(" RFC ")
            .filter(|(_, rule)| rule.contains('§'))
    });
    let ends: Vec<usize> = rules.map(|(before, _)| columns(before)).collect();
    assert!(
        ends.len() > 50 && ends.iter().all(|end| *end == ends[0]),
        "{text}"
    );
    assert!(text.lines().all(|line| columns(line) <= 80), "{text}");
}

#[test]
fn the_books_hello_world_is_explained_in_chinese() {
    let spans = spans(&yakexi());
    let text = rendered(Text::new().language(CHINESE), &spans);
    let page = rendered(Html::new("一课").language(CHINESE), &spans);
    for shown in [&text, &page] {
        for says in [
            "客户端：请求 1",
            "请求方法：获取目标所指的内容",
            "掩码键",
            "服务器：对请求 1 的响应",
        ] {
            assert!(shown.contains(says), "{says}: {shown}");
        }
    }
    assert!(page.starts_with("<!doctype html>\n<html lang=\"zh\">"));
}

/// The values that are words of ours, not bytes of the wire.
fn is_words(label: Label) -> bool {
    use Label::*;
    matches!(
        label,
        Refused
            | OfferRefused
            | X509Refused
            | Unexplained
            | Gap
            | MessageFrames
            | TagStrength
            | Length1
            | Length2
            | Length4
            | Length6
            | Length7
            | Length8
    )
}

#[test]
fn each_value_that_is_words_is_translated() {
    let mut seen = 0;
    let mut check = |label: Label, value: &str| {
        if is_words(label) && !value.is_empty() {
            seen += 1;
            let chinese = label.value_in(value, CHINESE);
            assert!(!chinese.is_ascii(), "{}: {value}", label.key());
        }
    };
    let mut all = |leaf: &Span| {
        check(leaf.label, &leaf.value);
        leaf.notes
            .iter()
            .for_each(|note| check(note.label, &note.value));
    };
    for script in fixtures() {
        for explained in spans(&script) {
            explained.span.leaves().for_each(&mut all);
        }
    }
    assert!(seen > 500, "{seen}");
}
