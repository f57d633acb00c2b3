//! What a file is, by the ending of its name (RFC 9110 §8.3).
//!
//! The table is small on purpose: what a web page is made of, and what people link to. Text
//! is taken to be UTF-8.

use std::path::Path;

/// The value of `Content-Type` for a file of this name.
pub(super) fn media_type(name: &Path) -> &'static str {
    let ending = name.extension().and_then(|ending| ending.to_str());
    let ending = ending.unwrap_or_default().to_ascii_lowercase();
    let known = TABLE.iter().find(|(endings, _)| {
        let mut endings = endings.split(' ');
        endings.any(|known| known == ending)
    });
    // RFC 9110 §8.3: "the recipient MAY either assume a media type of "application/octet-stream""
    known.map_or("application/octet-stream", |(_, media_type)| media_type)
}

const TABLE: &[(&str, &str)] = &[
    ("html htm", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js mjs", "text/javascript; charset=utf-8"),
    ("txt text log", "text/plain; charset=utf-8"),
    ("md", "text/markdown; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("json map", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("xml", "text/xml; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("ico", "image/vnd.microsoft.icon"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("ttf", "font/ttf"),
    ("otf", "font/otf"),
    ("mp3", "audio/mpeg"),
    ("ogg oga", "audio/ogg"),
    ("wav", "audio/wav"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
    ("wasm", "application/wasm"),
    ("pdf", "application/pdf"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_the_last_ending_in_any_case() {
        for (name, expected) in [
            ("a.html", "text/html; charset=utf-8"),
            ("b/A.HTM", "text/html; charset=utf-8"),
            ("a.html.png", "image/png"),
            ("a.tar.gz", "application/gzip"),
            ("深入.json", "application/json"),
            ("Makefile", "application/octet-stream"),
            (".html", "application/octet-stream"), // a name, and no ending
            ("a.html ", "application/octet-stream"),
            ("a.", "application/octet-stream"),
            ("a.exe", "application/octet-stream"),
        ] {
            assert_eq!(media_type(Path::new(name)), expected, "{name}");
        }
    }
}
