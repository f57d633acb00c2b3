//! All files together: what a path that one of them writes stands for.

use std::collections::BTreeMap;

use crate::Tree;
use crate::outline::{Name, Outline, Path};

/// What each name in a module means. One name may have several meanings, since functions
/// have `use` lines of their own.
type Scope = BTreeMap<String, Vec<Path>>;

#[derive(Debug)]
pub(crate) struct House<'a> {
    pub(crate) files: Vec<Outline<'a>>,
    scopes: BTreeMap<Path, Scope>,
    test_modules: Vec<Path>,
}

/// No honest path goes through as many aliases; a circle of them ends here.
const MOST_STOPS: usize = 500;

impl<'a> House<'a> {
    pub(crate) fn new(tree: &'a Tree) -> Self {
        let outline = |(file, source): &'a (String, String)| Outline::new(file, source);
        let files: Vec<_> = tree.files.iter().map(outline).collect();
        let mut scopes = BTreeMap::<Path, Scope>::new();
        for (module, name, path) in files.iter().flat_map(|file| &file.aliases) {
            let scope = scopes.entry(module.clone()).or_default();
            scope.entry(name.clone()).or_default().push(path.clone());
        }
        let test_modules = files.iter().flat_map(|file| file.test_modules.clone());
        let test_modules = test_modules.collect();
        House {
            files,
            scopes,
            test_modules,
        }
    }

    /// Whether a name stands in test code, be it in a file of its own.
    pub(crate) fn is_test(&self, file: &Outline<'_>, name: &Name) -> bool {
        file.is_test(name.at.start) || self.is_test_module(&name.module)
    }

    /// Whether a module is test code, in a file of its own.
    pub(crate) fn is_test_module(&self, module: &[String]) -> bool {
        let mut test_modules = self.test_modules.iter();
        test_modules.any(|tests| module.starts_with(tests))
    }

    /// Every absolute path that a name passes through: what it says first, then where
    /// aliases, re-exports and globs lead from there.
    pub(crate) fn resolve(&self, name: &Name) -> Vec<Path> {
        let mut stops = Vec::new();
        let mut ahead = self.absolute(&name.module, &name.path, true);
        while !ahead.is_empty() && stops.len() < MOST_STOPS {
            let stop = ahead.remove(0);
            if !stops.contains(&stop) {
                ahead.extend(self.follow(&stop));
                stops.push(stop);
            }
        }
        stops
    }

    /// The items that a name stands for in the end, where they are defined.
    pub(crate) fn items(&self, name: &Name) -> Vec<Path> {
        let mut stops = self.resolve(name);
        stops.retain(|stop| self.follow(stop).iter().all(|next| next == stop));
        stops.retain(|stop| stop.last().is_some_and(|last| last != "*"));
        stops
    }

    /// What `path` may say in `module`. With `globs`, its first name may come from one.
    fn absolute(&self, module: &[String], path: &[String], globs: bool) -> Vec<Path> {
        let (head, rest) = (path[0].as_str(), &path[1..]);
        let from_glob = globs && self.knows(module, "*");
        match head {
            "" => vec![external(rest)],
            "crate" => vec![[&module[..1], rest].concat()],
            "self" | "super" => vec![climb(module, path)],
            "Self" => vec![],
            _ if self.knows(module, head) => vec![[module, path].concat()],
            _ if self.knows(&[], head) => {
                let meant = |meant: &Path| external(&[&meant[1..], rest].concat());
                self.meanings(&[], head).iter().map(meant).collect()
            }
            _ if from_glob => vec![external(path), [module, path].concat()],
            _ => vec![external(path)],
        }
    }

    fn meanings(&self, module: &[String], name: &str) -> &[Path] {
        let meanings = self.scopes.get(module).and_then(|scope| scope.get(name));
        meanings.map_or(&[], Vec::as_slice)
    }

    fn knows(&self, module: &[String], name: &str) -> bool {
        !self.meanings(module, name).is_empty()
    }

    /// One step from an absolute path: its first name that is no module may be an alias
    /// in the module it is looked for in, or come from a glob there.
    fn follow(&self, stop: &[String]) -> Vec<Path> {
        let is_module = |depth: &usize| self.scopes.contains_key(&stop[..*depth]);
        let depth = (1..stop.len()).take_while(is_module).last();
        let Some(depth) = depth else { return vec![] };
        let (module, name, tail) = (&stop[..depth], stop[depth].as_str(), &stop[depth + 1..]);
        let leads_to = |name: &str| self.leads_to(module, name);
        let mut found = match name {
            "*" => self.scopes[module]
                .keys()
                .flat_map(|name| leads_to(name))
                .collect(),
            _ if self.knows(module, name) => leads_to(name),
            _ => leads_to("*"),
        };
        for path in &mut found {
            if let Some(glob) = path.last_mut().filter(|last| *last == "*") {
                *glob = name.into();
            }
            path.extend_from_slice(tail);
        }
        found
    }

    /// What a name in `module` means. What a module re-exports *from* a package is its own
    /// affair: who names it knows the module only. A whole package handed on is still the
    /// package. The file of another demo, loaded by `#[path]`, is none.
    fn leads_to(&self, module: &[String], name: &str) -> Vec<Path> {
        let mut found = Vec::new();
        for meant in self.meanings(module, name) {
            match meant[0] == name {
                true => found.push(external(meant)), // `use rustls;` means the crate, not itself
                false => found.extend(self.absolute(module, meant, name != "*")),
            }
        }
        let ours = [module[0].as_str(), "crate", "std"];
        found.retain(|path| {
            let root = path[0].as_str();
            path.len() == 1 || ours.contains(&root) || root.starts_with("bin/")
        });
        found
    }
}

/// The path of another crate; `core` and `alloc` are `std` by other names.
fn external(path: &[String]) -> Path {
    let mut path = path.to_vec();
    if matches!(path[0].as_str(), "core" | "alloc") {
        path[0] = "std".into();
    }
    path
}

/// `self::` stays, each `super::` goes one up.
fn climb(mut module: &[String], mut path: &[String]) -> Path {
    while let Some(head @ ("self" | "super")) = path.first().map(String::as_str) {
        if head == "super" {
            module = &module[..module.len().max(2) - 1];
        }
        path = &path[1..];
    }
    [module, path].concat()
}
