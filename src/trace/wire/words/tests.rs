//! What has no Chinese line, and a line that nothing has.

use super::*;
use crate::{
    deflate as deflate_wire, http::wire as http_wire, tls::wire as tls_wire,
    websocket::wire as websocket_wire,
};
use std::collections::BTreeSet;

/// The names that stand in `tables` and not in `here`, or the reverse, or twice.
#[track_caller]
fn assert_same(
    what: &str,
    here: impl Iterator<Item = String>,
    tables: impl Iterator<Item = String>,
) {
    let mut lines = BTreeSet::new();
    let twice: Vec<_> = tables.filter(|name| !lines.insert(name.clone())).collect();
    let here: BTreeSet<_> = here.collect();
    let without: Vec<_> = here.difference(&lines).collect();
    let unused: Vec<_> = lines.difference(&here).collect();
    assert!(
        twice.is_empty() && without.is_empty() && unused.is_empty(),
        "{what}\n  without a line: {without:?}\n  with two lines: {twice:?}\n  lines of nothing: {unused:?}"
    );
}

#[test]
fn each_label_has_its_chinese_words() {
    let tables = LABELS.iter().flat_map(|rows| rows.iter());
    assert_same(
        "`LABELS` in `words/`",
        Label::ALL.iter().map(|label| label.key().into()),
        tables.map(|(label, _)| label.key().into()),
    );
}

#[test]
fn each_meaning_has_its_chinese_words() {
    let name = |(label, value, _): &(Label, &str, &str)| format!("{} {value}", label.key());
    let tables = MEANINGS.iter().flat_map(|rows| rows.iter());
    let english = MEANINGS_IN_ENGLISH.iter();
    assert_same(
        "`MEANINGS` in `words/`",
        english.map(name),
        tables.map(name),
    );
}

#[test]
fn each_refusal_has_its_chinese_sentence() {
    fn all<'a, R: Copy + 'a>(
        rules: impl Iterator<Item = &'a R>,
        name: impl Fn(R) -> &'static str,
    ) -> impl Iterator<Item = String> {
        rules.map(move |rule| name(*rule).to_owned())
    }
    let http = http_wire::Rule::name;
    let lines = http::REFUSALS.iter().map(|(rule, _)| rule);
    let table = all(http_wire::Rule::ALL.iter(), http);
    assert_same("`REFUSALS` in `words/http.rs`", table, all(lines, http));
    let websocket = websocket_wire::Rule::name;
    let lines = websocket::REFUSALS.iter().map(|(rule, _)| rule);
    let table = all(websocket_wire::Rule::ALL.iter(), websocket);
    assert_same(
        "`REFUSALS` in `words/websocket.rs`",
        table,
        all(lines, websocket),
    );
    let tls = tls_wire::Rule::name;
    let lines = tls::REFUSALS.iter().map(|(rule, _)| rule);
    let table = all(tls_wire::Rule::ALL.iter(), tls);
    assert_same("`REFUSALS` in `words/tls.rs`", table, all(lines, tls));
    let deflate = deflate_wire::Rule::name;
    let lines = deflate::REFUSALS.iter().map(|(rule, _)| rule);
    let table = all(deflate_wire::Rule::ALL.iter(), deflate);
    assert_same(
        "`REFUSALS` in `words/deflate.rs`",
        table,
        all(lines, deflate),
    );
}

/// The sections that a source names in its code: of the fields, and of the few rules that no decoder has a name for.
fn sections_in(source: &str) -> BTreeSet<String> {
    let code = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let mut found = BTreeSet::new();
    for line in code {
        for text in line.split('"').skip(1).step_by(2) {
            if text.starts_with("RFC ") && text.contains(" §") {
                found.insert(text.to_owned());
            }
        }
    }
    found
}

#[test]
fn each_section_has_its_sentence() {
    let mut cited = BTreeSet::new();
    cited.extend(Label::ALL.iter().map(|label| label.section().to_owned()));
    cited.extend(
        http_wire::Rule::ALL
            .iter()
            .map(|rule| rule.section().to_owned()),
    );
    cited.extend(
        websocket_wire::Rule::ALL
            .iter()
            .map(|rule| rule.section().to_owned()),
    );
    cited.extend(
        tls_wire::Rule::ALL
            .iter()
            .map(|rule| rule.section().to_owned()),
    );
    cited.extend(
        deflate_wire::Rule::ALL
            .iter()
            .map(|rule| rule.section().to_owned()),
    );
    cited.extend(sections_in(include_str!("../http/values.rs")));
    cited.extend(sections_in(include_str!("../tls/record.rs")));
    cited.remove("");
    let sentences = Language::English
        .rules()
        .map(|(section, _)| section.to_owned());
    assert_same("`RULES` in `words/`", cited.into_iter(), sentences);
}

#[test]
fn a_translated_value_keeps_its_numbers_and_its_text() {
    let all = "the stream ended inside a message: 7 of its 12 bytes had arrived";
    let chinese = Label::RefusedAt.value_in(all, Language::Chinese);
    assert_eq!(
        chinese,
        "流在消息中间结束了：到达了 7 字节，整条消息有 12 字节"
    );
    let found = Label::RefusedAt.value_in("byte 3 of the message: 0b #*", Language::Chinese);
    assert_eq!(found, "消息的字节 3：0b #*");
    assert_eq!(
        Label::Gap.value_in("many bytes", Language::Chinese),
        "many bytes"
    );
    assert_eq!(Label::Gap.value_in("5 bytes", Language::English), "5 bytes");
    for (label, pattern, chinese) in Language::Chinese
        .values()
        .filter(|row| row.0 != Label::Refused)
    {
        let holes = |text: &str| {
            text.chars()
                .filter(|c| HOLES.contains(c))
                .collect::<String>()
        };
        assert_eq!(holes(pattern), holes(chinese), "{}: {pattern}", label.key());
    }
}

/// No sentence is left half translated, and none has a full stop in one language only.
#[test]
fn the_sentences_of_both_languages_have_one_form() {
    for (section, english) in Language::English.rules() {
        let chinese = rule_sentence(section, Language::Chinese).unwrap();
        assert!(
            english.ends_with('.') && !english.ends_with(".."),
            "{section}: {english}"
        );
        assert!(chinese.ends_with('。'), "{section}: {chinese}");
    }
    let sentences = refusals().map(|(_, chinese)| chinese);
    let words = LABELS
        .iter()
        .flat_map(|rows| rows.iter().map(|(_, words)| *words));
    let meanings = Language::Chinese.meanings().map(|(.., words)| words);
    for text in sentences.chain(words).chain(meanings) {
        assert!(!text.ends_with(['。', '.']), "{text}");
        assert!(
            !text.contains([',', ';', '?', '(']) || text.is_ascii() || is_code(text),
            "{text}"
        );
    }
}

/// ASCII punctuation belongs to a token of a protocol, never to a Chinese sentence.
fn is_code(text: &str) -> bool {
    let chinese = |c: char| c >= '\u{2e80}';
    let mut neighbours = text.chars().zip(text.chars().skip(1));
    !neighbours.any(|(a, b)| chinese(a) && matches!(b, ',' | ';' | '?' | '('))
}
