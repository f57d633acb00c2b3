//! The words of spans, as the page fetches them: `/chapter/words.en.json`, `/chapter/words.zh.json`.
//!
//! ```text
//!   {"labels":   {"http.request.method": "请求方法", …},
//!    "meanings": {"http.request.method": {"GET": "获取目标所指的内容", …},        what a value means; of
//!                 "refused": {"text is UTF-8": "文本是 UTF-8", …}, …},           our own words, the translation
//!    "values":   {"tcp.gap": {"# bytes": "# 字节"}, …},                          # is a number, * any text
//!    "rules":    {"RFC 9112 §7.1": "每个分块依次是……", …}}
//! ```
//!
//! The sentence of a broken rule stands below `refused`, also for the notes that a certificate or an offer is refused.
//! A name of a field is in lower case.

use crate::json::{Object, quoted};
use barewire::trace::wire::{Label, Language};
use std::collections::BTreeMap;

type Words = BTreeMap<&'static str, &'static str>;

/// The words of a language.
pub(crate) fn json(language: Language) -> String {
    let labels = Label::ALL.iter();
    let labels = labels.map(|label| (label.key(), label.words(language)));
    let (mut meanings, mut values) = (BTreeMap::new(), BTreeMap::new());
    for (label, value, words) in language.meanings().chain(language.values()) {
        let is_pattern = label != Label::Refused && value.contains(['#', '*']);
        let table: &mut BTreeMap<_, Words> = match is_pattern {
            true => &mut values,
            false => &mut meanings,
        };
        table.entry(label.key()).or_default().insert(value, words);
    }
    Object::new()
        .raw("labels", object(labels))
        .raw("meanings", tables(meanings))
        .raw("values", tables(values))
        .raw("rules", object(language.rules()))
        .end()
}

fn tables(tables: BTreeMap<&'static str, Words>) -> String {
    let written = tables.into_iter();
    let written = written.map(|(name, words)| format!("{}:{}", quoted(name), object(words)));
    format!("{{{}}}", written.collect::<Vec<_>>().join(","))
}

fn object(words: impl IntoIterator<Item = (&'static str, &'static str)>) -> String {
    let written = words.into_iter();
    let written = written.map(|(name, words)| format!("{}:{}", quoted(name), quoted(words)));
    format!("{{{}}}", written.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Value, read};

    /// Of the 250 KB of the whole page.
    const MOST_BYTES: usize = 60 * 1024;

    fn of(language: Language) -> Value {
        let text = json(language);
        assert!(
            text.len() <= MOST_BYTES,
            "{language:?}: {} bytes",
            text.len()
        );
        read(&text).unwrap()
    }

    fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
        let found = path.iter().try_fold(value, |value, name| value.get(name))?;
        found.text()
    }

    #[test]
    fn the_page_finds_each_label_and_each_rule() {
        for &language in Language::ALL {
            let words = of(language);
            for label in Label::ALL {
                let found = at(&words, &["labels", label.key()]);
                assert_eq!(found, Some(label.words(language)));
                let rule = label.section();
                assert!(
                    rule.is_empty() || at(&words, &["rules", rule]).is_some(),
                    "{rule}"
                );
            }
        }
    }

    #[test]
    fn the_page_finds_what_a_value_means() {
        let (english, chinese) = (of(Language::English), of(Language::Chinese));
        let get = ["meanings", "http.request.method", "GET"];
        assert_eq!(at(&english, &get), Some("asks for what the target names"));
        assert_eq!(at(&chinese, &get), Some("获取目标所指的内容"));
        let refused = ["meanings", "refused", "text is UTF-8"];
        assert_eq!(at(&english, &refused), None);
        assert_eq!(at(&chinese, &refused), Some("文本是 UTF-8"));
        assert_eq!(
            at(&chinese, &["values", "tcp.gap", "# bytes"]),
            Some("# 字节")
        );
    }
}
