//! The files of `page/`, compiled in.

macro_rules! assets {
    ($($name:literal)*) => {
        const ASSETS: &[(&str, &str)] = &[$(($name, include_str!(concat!("page/", $name)))),*];
    };
}

// A test finds those that are missing.
assets! {
    "index.html" "page.css" "favicon.svg" "main.js" "words.js" "live.js" "blocks.js" "figures.js" "states.js"
    "draw.js" "beside.js" "details.js" "player.js" "predict.js" "editor.js" "frame.js" "tree.js" "vectors.js"
    "text/en-page.js" "text/en-errata.js" "text/en-http.js" "text/en-tcp.js" "text/en-tls.js" "text/en-udp.js"
    "text/en-websocket.js"
    "text/zh-page.js" "text/zh-errata.js" "text/zh-http.js" "text/zh-tcp.js" "text/zh-tls.js" "text/zh-udp.js"
    "text/zh-websocket.js"
}

/// The text of a file.
pub(crate) fn text(name: &str) -> Option<&'static str> {
    let mut assets = ASSETS.iter();
    assets.find(|(is, _)| *is == name).map(|(_, text)| *text)
}

/// The modules, with their texts: `main.js`, `text/en-page.js` …
pub(crate) fn modules() -> impl Iterator<Item = (&'static str, &'static str)> {
    let assets = ASSETS.iter().copied();
    assets.filter(|(name, _)| name.ends_with(".js"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn every_file_of_the_page_is_compiled_in() {
        let mut there = BTreeSet::new();
        for folder in ["", "text/"] {
            for entry in fs::read_dir(format!("src/bin/chapter/page/{folder}")).unwrap() {
                let entry = entry.unwrap();
                if entry.path().is_file() {
                    there.insert(format!("{folder}{}", entry.file_name().to_str().unwrap()));
                }
            }
        }
        let here: BTreeSet<String> = ASSETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(here, there, "the list of assets.rs");
    }
}
