//! One file, outlined: its modules, its aliases, its test code and every path it writes.

use std::ops::Range;

use crate::tokens::{Kind, Token, tokens};

/// A path in segments. As written it may open with `crate`, `self`, `super` or an empty
/// segment (`use ::std`: what follows is absolute); a glob ends in `*`.
pub(crate) type Path = Vec<String>;

pub(crate) fn path(text: &str) -> Path {
    text.split("::").map(String::from).collect()
}

/// A path that the file writes, and where.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) path: Path,
    /// The module it is written in: its `self::`.
    pub(crate) module: Path,
    pub(crate) line: usize,
    /// Its tokens; of a `use`, the last of its branch.
    pub(crate) at: Range<usize>,
    /// Written by a `use`, an `extern crate` or a `#[path]`.
    pub(crate) import: bool,
}

impl Name {
    /// More than a name that an import or a declaration brought in.
    pub(crate) fn is_path(&self) -> bool {
        self.import || self.path.len() > 1
    }
}

#[derive(Debug, Default)]
pub(crate) struct Outline<'a> {
    pub(crate) file: &'a str,
    pub(crate) code: Vec<Token<'a>>,
    pub(crate) comments: Vec<Token<'a>>,
    /// For each bracket the index of its partner, for all else its own.
    pub(crate) partner: Vec<usize>,
    /// The file's module, then its inline modules, an inner one after its outer one.
    modules: Vec<(Range<usize>, Path)>,
    /// The code under a `#[cfg(test)]`, and the files that a `mod x;` there loads.
    tests: Vec<Range<usize>>,
    pub(crate) test_modules: Vec<Path>,
    pub(crate) names: Vec<Name>,
    /// In a module a name means a path. An item means itself; `*` is for all names that a
    /// glob may bring; and what `extern crate` brings to all modules is in the empty one.
    pub(crate) aliases: Vec<(Path, String, Path)>,
    /// Source that comes from a place this test does not read.
    pub(crate) unseen: Vec<(usize, String)>,
}

/// `src/net/mod.rs` is `crate::net`; each file or folder in `src/bin` is a crate of its own.
pub(crate) fn module_of(file: &str) -> Option<Path> {
    let inner = file.strip_prefix("src/")?.strip_suffix(".rs")?;
    let folder = inner.strip_suffix("/mod").or(inner.strip_suffix("/main"));
    let segments = path(&folder.unwrap_or(inner).replace('/', "::"));
    Some(match &segments[..] {
        [lib] if lib == "lib" => path("crate"),
        [bin, name, rest @ ..] if bin == "bin" => [&[format!("bin/{name}")], rest].concat(),
        _ => [path("crate"), segments].concat(),
    })
}

impl<'a> Outline<'a> {
    pub(crate) fn new(file: &'a str, source: &'a str) -> Self {
        let all = tokens(source).into_iter();
        let (comments, code): (Vec<_>, Vec<_>) = all.partition(|it| it.kind == Kind::Comment);
        let module = module_of(file).expect("the path of a file in src/");
        let mut outline = Outline {
            file,
            comments,
            partner: partners(&code),
            modules: vec![(0..code.len(), module.clone())],
            code,
            ..Outline::default()
        };
        (2..=module.len()).for_each(|depth| outline.item(&module[..depth]));
        outline.walk();
        outline
    }

    /// The module that the file is.
    pub(crate) fn module(&self) -> &[String] {
        &self.modules[0].1
    }

    pub(crate) fn is_test(&self, at: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&at))
    }

    pub(crate) fn text(&self, at: usize) -> &'a str {
        self.code.get(at).map_or("", |token| token.text)
    }

    /// From `at` over whole brackets to the first of `signs` or the end of the bracket around.
    pub(crate) fn forward(&self, mut at: usize, signs: &[&str]) -> usize {
        while at < self.code.len() && self.partner[at] >= at && !signs.contains(&self.text(at)) {
            at = self.partner[at] + 1;
        }
        at
    }

    fn before(&self, at: usize) -> &'a str {
        at.checked_sub(1).map_or("", |at| self.text(at))
    }

    fn is_word(&self, at: usize) -> bool {
        let token = self.code.get(at);
        token.is_some_and(|token| token.kind == Kind::Word)
    }

    /// A segment of a path: the word without the `r#` of a raw identifier.
    fn segment(&self, at: usize) -> String {
        self.text(at).trim_start_matches("r#").into()
    }

    /// The module around a token, and where it ends.
    fn around(&self, at: usize) -> (&[String], usize) {
        let mut inner = self.modules.iter().rev();
        let inner = inner.find(|(range, _)| range.contains(&at));
        inner.map_or((self.module(), at), |(range, module)| (module, range.end))
    }

    fn child(&self, at: usize) -> Path {
        [self.around(at).0, &[self.segment(at)]].concat()
    }

    /// Each step reads one declaration or one path and says where the next one starts.
    fn walk(&mut self) {
        let (mut at, mut path_attribute) = (0, None);
        while at < self.code.len() {
            let (next, named) = (self.text(at + 1), self.is_word(at + 1));
            at = match self.text(at) {
                "#" => self.attribute(at, &mut path_attribute),
                "mod" if named => self.module_declared(at + 1, path_attribute.take()),
                "use" if next != "<" => self.use_tree(at + 1, &[]),
                "extern" if next == "crate" => self.extern_crate(at + 2),
                "struct" | "enum" | "trait" | "type" if named => self.type_declared(at + 1),
                "pub" if self.is_visibility(at + 1) => self.partner[at + 1] + 1,
                "include" if next == "!" => self.not_seen(at, "include! brings code"),
                _ => self.inline_path(at),
            };
        }
    }

    /// Notes `#[cfg(test)]` and `#[path = "…"]`; the paths inside are read like any others.
    fn attribute(&mut self, at: usize, path_attribute: &mut Option<&'a str>) -> usize {
        let inner = self.text(at + 1) == "!";
        let open = at + 1 + usize::from(inner);
        let end = self.partner.get(open).copied().unwrap_or(open);
        let words: Vec<&str> = (open..end).map(|at| self.text(at)).collect();
        let test = |opening: &[&str]| words.starts_with(opening);
        if test(&["[", "cfg", "(", "test"]) || test(&["[", "cfg", "(", "all", "(", "test"]) {
            let item = self.forward(end + 1, &[";", "{"]);
            let item_end = self.partner.get(item).map_or(item, |end| end + 1);
            let covered = if inner { self.around(at).1 } else { item_end };
            self.tests.push(at..covered);
        }
        if let Some(words) = words.windows(3).find(|words| words[..2] == ["path", "="]) {
            *path_attribute = Some(words[2].trim_matches('"'));
        }
        open
    }

    /// `mod x { … }` opens a module here; `#[path] mod x;` names the file that it loads.
    fn module_declared(&mut self, at: usize, path_attribute: Option<&str>) -> usize {
        let child = self.child(at);
        if self.text(at + 1) == "{" {
            let inside = at + 2..self.partner[at + 1];
            self.modules.push((inside, child.clone()));
        } else if self.is_test(at) {
            self.test_modules.push(child.clone());
        }
        let loaded = path_attribute.map(|wanted| beside(self.file, wanted).unwrap_or_default());
        match loaded.as_deref().map(|loaded| (loaded, module_of(loaded))) {
            None | Some((SHARED, _)) => self.item(&child),
            Some((_, Some(loaded))) => {
                self.import(at, [path(""), loaded].concat(), self.segment(at));
            }
            Some((_, None)) => return self.not_seen(at, "#[path] loads a file"),
        }
        at + 2
    }

    fn not_seen(&mut self, at: usize, what: &str) -> usize {
        self.unseen.push((self.code[at].line, what.into()));
        at + 1
    }

    fn extern_crate(&mut self, at: usize) -> usize {
        let (module, _) = self.around(at);
        let (root, in_root) = (module[0].clone(), module.len() == 1);
        let own = self.text(at) == "self";
        let meant = vec![String::new(), if own { root } else { self.segment(at) }];
        let renamed = self.text(at + 1) == "as";
        let called = if renamed { at + 2 } else { at };
        if in_root {
            let everywhere = (vec![], self.segment(called), meant.clone());
            self.aliases.push(everywhere);
        }
        self.import(at, meant, self.segment(called));
        called + 1
    }

    /// `type Clock = std::time::Instant;` is one more way to call it `Clock`.
    fn type_declared(&mut self, at: usize) -> usize {
        let equals = self.forward(at, &["=", ";", "{"]);
        let is_alias = self.before(at) == "type" && self.text(equals) == "=";
        match self.path_at(equals + 1) {
            Some((path, _)) if is_alias => self.alias(at, self.segment(at), path),
            _ => self.item(&self.child(at)),
        }
        at + 1
    }

    /// `pub(super)` and the like say who may look in, not what is needed.
    fn is_visibility(&self, at: usize) -> bool {
        let narrow = matches!(self.text(at + 1), "crate" | "self" | "super");
        self.text(at) == "(" && (self.text(at + 1) == "in" || narrow && self.text(at + 2) == ")")
    }

    /// Reads one branch of a `use` that stands behind `prefix`; returns where it ends.
    fn use_tree(&mut self, mut at: usize, prefix: &[String]) -> usize {
        let mut path = prefix.to_vec();
        while at < self.code.len() {
            match self.text(at) {
                "{" => {
                    let end = self.partner[at];
                    while at + 1 < end {
                        at = self.use_tree(at + 1, &path);
                    }
                    return end + 1;
                }
                "as" => {
                    self.import(at - 1, path, self.segment(at + 1));
                    return at + 2;
                }
                "::" if path.is_empty() => path.push(String::new()),
                "::" | "$" => {}
                "self" if !path.is_empty() => {}
                _ => path.push(self.segment(at)),
            }
            at += 1;
            if matches!(self.text(at), "," | "}" | ";") {
                let called = path.last().cloned().unwrap_or_default();
                self.import(at - 1, path, called);
                break;
            }
        }
        at
    }

    fn import(&mut self, at: usize, path: Path, called: String) {
        self.alias(at, called, path.clone());
        self.written(at..at + 1, path, true);
    }

    fn alias(&mut self, at: usize, name: String, path: Path) {
        self.aliases.push((self.around(at).0.to_vec(), name, path));
    }

    fn item(&mut self, item: &[String]) {
        if let Some((name, module)) = item.split_last() {
            let itself = [&path(""), item].concat();
            self.aliases.push((module.to_vec(), name.clone(), itself));
        }
    }

    fn written(&mut self, at: Range<usize>, path: Path, import: bool) {
        let module = self.around(at.start).0.to_vec();
        let line = self.code[at.start].line;
        let name = Name {
            path,
            module,
            line,
            at,
            import,
        };
        self.names.push(name);
    }

    fn inline_path(&mut self, at: usize) -> usize {
        let Some((path, end)) = self.path_at(at) else {
            return at + 1;
        };
        self.written(at..end, path, false);
        end
    }

    /// The path that starts at `at`, and where it ends.
    fn path_at(&self, at: usize) -> Option<(Path, usize)> {
        let (before, word) = (self.before(at), self.text(at));
        let filled_in = before == "$" && word != "crate";
        if !self.is_word(at) || KEYWORDS.contains(&word) || filled_in {
            return None;
        }
        let mut path = vec![self.segment(at)];
        let end = self.segments(at + 1, &mut path);
        if before == "<" && self.text(end) == ">" && (at < 2 || self.text(at - 2) != "::") {
            self.segments(end + 1, &mut path); // `<Instant>::now` is `Instant::now`
        }
        Some((path, end))
    }

    fn segments(&self, mut at: usize, path: &mut Path) -> usize {
        while self.text(at) == "::" && self.is_word(at + 1) {
            path.push(self.segment(at + 1));
            at += 2;
        }
        at
    }
}

/// Words that no path starts with.
const KEYWORDS: [&str; 33] = [
    "as", "async", "await", "break", "const", "continue", "dyn", "else", "enum", "extern", "fn",
    "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref",
    "return", "static", "struct", "trait", "type", "unsafe", "use", "where", "while", "yield",
];

fn partners(code: &[Token<'_>]) -> Vec<usize> {
    let mut partner: Vec<usize> = (0..code.len()).collect();
    let mut open = Vec::new();
    for (at, token) in code.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => open.push(at),
            ")" | "]" | "}" => {
                let other = open.pop().unwrap_or(at);
                (partner[at], partner[other]) = (other, at);
            }
            _ => {}
        }
    }
    partner
}

/// What `wire --vectors` has from the tests, which read every case: so it does not panic.
const SHARED: &str = "tests/wire/cases/mod.rs";

/// The file that `#[path = "wanted"]` in `file` loads.
fn beside(file: &str, wanted: &str) -> Option<String> {
    let (folder, _) = file.rsplit_once('/')?;
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in wanted.split('/') {
        match part {
            ".." => drop(parts.pop()?),
            "." => {}
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
