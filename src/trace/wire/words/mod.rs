//! The words of spans, in English and in Chinese.
//!
//! # The problem
//!
//! A reader who meets a span asks four things: what is it, what does this value mean, what does its rule demand, and
//! why was it refused? Each is answered by a table, in the reader's language. A program reads keys and needs none of
//! them.
//!
//! # The tables
//!
//! | what | English | Chinese | asked by |
//! |---|---|---|---|
//! | what it is: `method` | the column of [`Label`] | `LABELS` | [`Label::words`] |
//! | what a value means: `GET`, `101` | `meanings.rs` | `MEANINGS` | [`Label::meaning_in`] |
//! | a value that is itself words: `5 bytes`, the sentence of a broken rule | the value | `VALUES`, `REFUSALS` | [`Label::value_in`] |
//! | what a section demands: `RFC 9112 §6.3` | `rules.rs`, `rules_tls.rs`, `deflate.rs` | beside it | [`rule_sentence`] |
//!
//! Chinese stands in a file for each protocol: `http.rs`, `deflate.rs`, `websocket.rs`, `tls.rs`, `x509.rs`, and `transport.rs` for
//! what lies below them; `phrases.rs` has what renderings say between the spans. A value in `VALUES` is a pattern: `#` is a number, `*` any text.
//!
//! # The rules
//!
//! 1. What has no Chinese line is shown in English; the tests at the end of this file find it.
//! 2. A token of a protocol is never translated: `GET`, `chunked`, `Sec-WebSocket-Key`.
//! 3. A sentence ends with a full stop; words and meanings, which stand beside a value, do not.
//! 4. A sentence stands here once. The page of the chapter, `wire --lang` and what is exported all take it from here.

//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | the Chinese of a label, a value, a refusal | its row in the file of its protocol |
//! | what a section demands, in either language | its row in `rules.rs`, `rules_tls.rs` or `deflate.rs` |
//! | another language | a variant of [`Language`]; a column of each table here, and of `Rules` in `rows.rs` |

mod deflate;
mod http;
mod phrases;
mod rows;
mod rules;
mod rules_tls;
mod tls;
mod transport;
mod websocket;
mod x509;

use super::labels::Label;
use super::meanings::MEANINGS as MEANINGS_IN_ENGLISH;
use rows::{Labels, Rules, Values};
use std::borrow::Cow;

const LABELS: &[Labels] = &[
    transport::LABELS,
    http::LABELS,
    deflate::LABELS,
    websocket::LABELS,
    tls::LABELS,
    x509::LABELS,
];
const MEANINGS: &[Values] = &[http::MEANINGS, deflate::MEANINGS, websocket::MEANINGS];
const VALUES: &[Values] = &[
    transport::VALUES,
    http::VALUES,
    deflate::VALUES,
    websocket::VALUES,
    tls::VALUES,
    x509::VALUES,
];
const RULES: &[Rules] = &[rules::RULES, rules_tls::RULES, deflate::RULES];

/// A number, and any text, in the pattern of a value.
const HOLES: [char; 2] = ['#', '*'];

/// A language that spans are explained in.
///
/// ```
/// use barewire::trace::wire::{Label, Language, rule_sentence};
///
/// let language = Language::of_tag("zh-CN").unwrap();
/// assert_eq!(Label::ChunkSize.words(language), "分块数据的大小，十六进制");
/// assert_eq!(Label::Method.meaning_in("GET", language), Some("获取目标所指的内容"));
/// assert_eq!(Label::Length6.value_in("5 bytes", language), "5 字节");
/// let demands = rule_sentence("RFC 6455 §5.1", language);
/// assert_eq!(demands, Some("客户端给发往服务器的每一帧加掩码，服务器从不加掩码。"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// `en`
    #[default]
    English,
    /// `zh`: Chinese as it is written in mainland China.
    Chinese,
}

impl Language {
    /// Every language there is.
    pub const ALL: &'static [Language] = &[Language::English, Language::Chinese];

    /// The tag for programs: `en`, `zh`.
    pub fn key(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh",
        }
    }

    /// The language of a tag as browsers send it and documents carry it: `zh-CN`, `en`. Only its first part counts,
    /// in upper or lower case. `None` is a language that has no words here.
    ///
    /// ```
    /// use barewire::trace::wire::Language;
    ///
    /// assert_eq!(Language::of_tag("zh-Hans-CN"), Some(Language::Chinese));
    /// assert_eq!(Language::of_tag("EN"), Some(Language::English));
    /// assert_eq!(Language::of_tag("de"), None);
    /// ```
    pub fn of_tag(tag: &str) -> Option<Language> {
        let first = tag.split(['-', '_']).next()?;
        let mut all = Language::ALL.iter().copied();
        all.find(|language| first.eq_ignore_ascii_case(language.key()))
    }
}

impl Label {
    /// What it is, in a language.
    ///
    /// ```
    /// use barewire::trace::wire::{Label, Language};
    ///
    /// assert_eq!(Label::HeadEnd.words(Language::English), "empty line: the head ends");
    /// assert_eq!(Label::HeadEnd.words(Language::Chinese), "空行：报文头到此结束");
    /// ```
    pub fn words(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english(),
            Language::Chinese => chinese(self).unwrap_or(self.english()),
        }
    }

    /// [`Label::meaning`] in a language: what this value means, for a reader who does not know it.
    ///
    /// ```
    /// use barewire::trace::wire::{Label, Language};
    ///
    /// assert_eq!(Label::CloseCode.meaning_in("1001", Language::Chinese), Some("发送方要离开"));
    /// ```
    pub fn meaning_in(self, value: &str, language: Language) -> Option<&'static str> {
        let english = self.meaning(value)?;
        match language {
            Language::English => Some(english),
            Language::Chinese => Some(chinese_meaning(self, value).unwrap_or(english)),
        }
    }

    /// The value in a language. A value of a [`Span`](super::Span) or a [`Note`](super::Note) is bytes, or words of
    /// ours: the sentence of a broken rule, `5 bytes`. Words are translated; bytes never are.
    ///
    /// ```
    /// use barewire::trace::wire::{Label, Language};
    ///
    /// let says = "an HTTP/1.1 request must have a Host field";
    /// assert_eq!(Label::Refused.value_in(says, Language::Chinese), "HTTP/1.1 请求必须有 Host 字段");
    /// assert_eq!(Label::BodyData.value_in("5 bytes", Language::Chinese), "5 bytes");
    /// ```
    pub fn value_in(self, value: &str, language: Language) -> Cow<'_, str> {
        match language {
            Language::English => value.into(),
            Language::Chinese => in_chinese(self, value).unwrap_or(value.into()),
        }
    }
}

/// What a section demands, in one sentence. `rule` is the rule of a [`Span`](super::Span) or a
/// [`Note`](super::Note).
///
/// ```
/// use barewire::trace::wire::{Language, rule_sentence};
///
/// let demands = rule_sentence("RFC 9112 §7.1", Language::English);
/// assert!(demands.unwrap().starts_with("Each chunk is its size in hexadecimal"));
/// assert_eq!(rule_sentence("", Language::English), None);
/// ```
pub fn rule_sentence(rule: &str, language: Language) -> Option<&'static str> {
    let (_, says) = language.rules().find(|(section, _)| *section == rule)?;
    Some(says)
}

impl Language {
    /// What stands between words and what explains them.
    pub(super) fn colon(self) -> &'static str {
        match self {
            Language::English => ": ",
            Language::Chinese => "：",
        }
    }
}

/// All words at once, for a program that shows spans itself.
impl Language {
    /// The values that have a meaning: whose, which, and what they mean.
    ///
    /// ```
    /// use barewire::trace::wire::{Label, Language};
    ///
    /// let mut statuses = Language::English.meanings().filter(|row| row.0 == Label::Status);
    /// let (_, status, means) = statuses.next().unwrap();
    /// assert!(status == "100" && means.contains("is to send the body"));
    /// ```
    pub fn meanings(self) -> impl Iterator<Item = (Label, &'static str, &'static str)> {
        let rows = MEANINGS_IN_ENGLISH.iter();
        rows.map(move |&(label, value, english)| {
            let words = label.meaning_in(value, self);
            (label, value, words.unwrap_or(english))
        })
    }

    /// The values that are words, with their translation; none in English, which they are in. In both, `#` stands
    /// for a number and `*` for any text. The sentences of broken rules are those of [`Label::Refused`], also where
    /// another label has them, and have neither.
    ///
    /// ```
    /// use barewire::trace::wire::{Label, Language};
    ///
    /// let gap = Language::Chinese.values().find(|row| row.0 == Label::Gap);
    /// assert_eq!(gap, Some((Label::Gap, "# bytes", "# 字节")));
    /// ```
    pub fn values(self) -> impl Iterator<Item = (Label, &'static str, &'static str)> {
        let is_english = self == Language::English;
        let patterns = VALUES.iter().flat_map(|rows| rows.iter().copied());
        let sentences = refusals().map(|(english, chinese)| (Label::Refused, english, chinese));
        sentences.chain(patterns).skip_while(move |_| is_english)
    }

    /// The sections that have a sentence, and the sentence.
    ///
    /// ```
    /// use barewire::trace::wire::Language;
    ///
    /// assert!(Language::Chinese.rules().any(|(section, _)| section == "RFC 9112 §6.3"));
    /// ```
    pub fn rules(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let rows = RULES.iter().flat_map(|rows| rows.iter());
        rows.map(move |&(section, english, chinese)| match self {
            Language::English => (section, english),
            Language::Chinese => (section, chinese),
        })
    }
}

fn chinese(label: Label) -> Option<&'static str> {
    let mut rows = LABELS.iter().flat_map(|rows| rows.iter());
    rows.find(|(of, _)| *of == label).map(|(_, words)| *words)
}

fn chinese_meaning(label: Label, value: &str) -> Option<&'static str> {
    let mut rows = MEANINGS.iter().flat_map(|rows| rows.iter());
    let is_it = |(of, is, _): &&(Label, &str, _)| *of == label && is.eq_ignore_ascii_case(value);
    rows.find(is_it).map(|(.., words)| *words)
}

/// The sentence of each rule that a decoder refuses with, in English and in Chinese.
fn refusals() -> impl Iterator<Item = (&'static str, &'static str)> {
    let http = http::REFUSALS
        .iter()
        .map(|(rule, chinese)| (rule.says(), *chinese));
    let websocket = websocket::REFUSALS
        .iter()
        .map(|(rule, chinese)| (rule.says(), *chinese));
    let tls = tls::REFUSALS
        .iter()
        .map(|(rule, chinese)| (rule.says(), *chinese));
    let deflate = deflate::REFUSALS
        .iter()
        .map(|(rule, chinese)| (rule.says(), *chinese));
    http.chain(websocket).chain(tls).chain(deflate)
}

fn in_chinese(label: Label, value: &str) -> Option<Cow<'static, str>> {
    use Label::{OfferRefused, Refused, X509Refused};
    if matches!(label, Refused | OfferRefused | X509Refused)
        && let Some((_, chinese)) = refusals().find(|(english, _)| *english == value)
    {
        return Some(chinese.into());
    }
    let rows = VALUES.iter().flat_map(|rows| rows.iter());
    let mut rows = rows.filter(|(of, ..)| *of == label);
    rows.find_map(|(_, pattern, chinese)| Some(filled(chinese, holes(pattern, value)?).into()))
}

/// What a rendering says between the spans, in a language: an event, the line above a message.
pub(super) fn phrase(english: &str, language: Language) -> Cow<'_, str> {
    let mut rows = match language {
        Language::English => [].iter(),
        Language::Chinese => phrases::PHRASES.iter(),
    };
    let found = rows.find_map(|(pattern, chinese)| Some(filled(chinese, holes(pattern, english)?)));
    found.map_or(english.into(), Cow::Owned)
}

/// What stands in the holes of a pattern, if the value is of it.
fn holes<'v>(mut pattern: &str, mut value: &'v str) -> Option<Vec<&'v str>> {
    let mut found = Vec::new();
    while let Some(at) = pattern.find(HOLES) {
        value = value.strip_prefix(&pattern[..at])?;
        let is_number = pattern[at..].starts_with('#');
        pattern = &pattern[at + 1..];
        let next = pattern.split(HOLES).next().unwrap_or_default();
        let end = match is_number {
            true => value
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(value.len()),
            false if next.is_empty() => value.len(),
            false => value.find(next)?,
        };
        let (hole, rest) = value.split_at_checked(end).filter(|_| end > 0)?;
        found.push(hole);
        value = rest;
    }
    (value == pattern).then_some(found)
}

fn filled(pattern: &str, holes: Vec<&str>) -> String {
    let (mut out, mut holes) = (String::new(), holes.into_iter());
    for part in pattern.split_inclusive(HOLES) {
        out += part.trim_end_matches(HOLES);
        if part.ends_with(HOLES) {
            out += holes.next().unwrap_or_default();
        }
    }
    out
}

#[cfg(test)]
mod tests;
