//! The rows of the tables.

use crate::trace::wire::labels::Label;

/// The Chinese words of some labels.
pub(super) type Labels = &'static [(Label, &'static str)];
/// Some values of labels in English, and what is said of them in Chinese.
pub(super) type Values = &'static [(Label, &'static str, &'static str)];
/// Some sections, and what each demands: in English, in Chinese.
pub(super) type Rules = &'static [(&'static str, &'static str, &'static str)];
