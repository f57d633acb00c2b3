//! The messages of a run on the page of the chapter, as far as a test looks at them.

use std::collections::HashMap;

/// From the first message to `done`.
pub(crate) struct Played(pub(crate) Vec<String>);

impl Played {
    /// `ok`, or why not.
    pub(crate) fn outcome(&self) -> &str {
        let done = self.0.last().expect("a message");
        match value(done, "outcome") {
            "failed" => value(done, "why"),
            outcome => outcome,
        }
    }

    pub(crate) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &str> {
        let messages = self.0.iter().map(String::as_str);
        messages.filter(move |message| value(message, "kind") == kind)
    }

    /// The values of the events with this key.
    pub(crate) fn of(&self, key: &str) -> impl Iterator<Item = &str> {
        let events = self.of_kind("event");
        let events = events.filter(move |event| value(event, "key") == key);
        events.filter_map(|event| Some(event.split_once("\"values\":")?.1))
    }

    /// Whether a span has this label.
    pub(crate) fn has(&self, label: &str) -> bool {
        let label = format!("\"label\":\"{label}\"");
        self.of_kind("span").any(|span| span.contains(&label))
    }

    /// The sizes of what `from` has sent over a connection, in the pieces that were seen at this side.
    pub(crate) fn blocks(&self, conversation: u32, seen: &str, from: &str) -> Vec<usize> {
        let layers = ["tcp", "udp"].into_iter();
        let blocks = layers.flat_map(|layer| self.blocks_in(layer, conversation, seen, from));
        blocks.collect()
    }

    /// As [`blocks`](Self::blocks), of one layer.
    pub(crate) fn blocks_in(
        &self,
        layer: &str,
        conversation: u32,
        seen: &str,
        from: &str,
    ) -> impl Iterator<Item = usize> {
        let conversation = conversation.to_string();
        let expected = [&*conversation, layer, seen, from].map(str::to_owned);
        let names = ["conversation", "layer", "seen", "from"];
        let blocks = self.of_kind("block");
        let blocks = blocks.filter(move |block| names.map(|name| value(block, name)) == expected);
        blocks.map(|block| value(block, "hex").len() / 2)
    }

    /// The spans of each direction of a connection: each begins where the one before it ends.
    #[track_caller]
    pub(crate) fn spans_tile(&self) {
        let mut ends = HashMap::new();
        for span in self.of_kind("span") {
            let direction = ["conversation", "layer", "from"].map(|name| value(span, name));
            if !["tcp", "tls"].contains(&direction[1]) {
                continue; // a datagram and a message begin at 0
            }
            let (_, of_span) = span.split_once("\"span\":").expect("a span");
            let [at, length] = ["at", "length"].map(|name| value(of_span, name).parse::<u64>());
            let end = ends.entry(direction).or_insert(0);
            assert_eq!(at, Ok(*end), "{span}");
            *end += length.expect("a number");
        }
    }
}

/// The first member of this name, a text or a number. (What tests look at has no escapes.)
pub(crate) fn value<'m>(message: &'m str, name: &str) -> &'m str {
    let Some((_, rest)) = message.split_once(&format!("\"{name}\":")) else {
        return "";
    };
    match rest.strip_prefix('"') {
        Some(text) => text.split('"').next().unwrap_or_default(),
        None => rest.split([',', '}']).next().unwrap_or_default(),
    }
}
