//! Small files in memory. The least recently used are evicted.

use super::stamp::Stamp;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What an entry costs beside its bytes and its two copies of the path, rounded up.
const ENTRY_BYTES: u64 = 256;

/// The bytes of some files, each with the [`Stamp`] it had when they were read.
#[derive(Debug)]
pub(super) struct Cache {
    entries: Mutex<Entries>,
    pub(super) most_bytes: u64,
    pub(super) most_file_bytes: u64,
}

#[derive(Debug, Default)]
struct Entries {
    by_path: HashMap<PathBuf, Entry>,
    /// The paths by their last use: the first is evicted next.
    order: BTreeMap<u64, PathBuf>,
    uses: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Entry {
    stamp: Stamp,
    bytes: Arc<[u8]>,
    last_use: u64,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache {
            entries: Mutex::default(),
            most_bytes: 16 * 1024 * 1024,
            most_file_bytes: 64 * 1024,
        }
    }
}

impl Cache {
    /// Whether a file of this size may be kept at all.
    pub(super) fn takes(&self, path: &Path, size: u64) -> bool {
        size <= self.most_file_bytes && cost(path, size) <= self.most_bytes
    }

    /// The bytes of the file, if it still has the stamp that they were read under.
    pub(super) fn get(&self, path: &Path, stamp: &Stamp) -> Option<Arc<[u8]>> {
        let mut entries = self.lock();
        if entries.by_path.get(path)?.stamp != *stamp {
            entries.remove(path);
            return None;
        }
        entries.touch(path)
    }

    /// Keeps the bytes of a file; others are evicted where they leave no room.
    pub(super) fn put(&self, path: &Path, stamp: Stamp, bytes: Arc<[u8]>) {
        let cost = cost(path, bytes.len() as u64);
        let mut entries = self.lock();
        entries.remove(path);
        while entries.bytes + cost > self.most_bytes {
            if !entries.remove_oldest() {
                return;
            }
        }
        entries.insert(path, stamp, bytes);
    }

    /// How many bytes are kept, bookkeeping included.
    pub(super) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// How many files are kept.
    pub(super) fn files(&self) -> usize {
        self.lock().by_path.len()
    }

    /// No code outside this file runs under the lock.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(path: &Path, size: u64) -> u64 {
    let names = 2 * path.as_os_str().len() as u64;
    size.saturating_add(names + ENTRY_BYTES)
}

impl Entries {
    fn touch(&mut self, path: &Path) -> Option<Arc<[u8]>> {
        self.uses += 1;
        let entry = self.by_path.get_mut(path)?;
        let path = self.order.remove(&entry.last_use)?;
        entry.last_use = self.uses;
        self.order.insert(self.uses, path);
        Some(Arc::clone(&entry.bytes))
    }

    fn insert(&mut self, path: &Path, stamp: Stamp, bytes: Arc<[u8]>) {
        self.uses += 1;
        self.bytes += cost(path, bytes.len() as u64);
        let entry = Entry {
            stamp,
            bytes,
            last_use: self.uses,
        };
        self.order.insert(self.uses, path.to_owned());
        self.by_path.insert(path.to_owned(), entry);
    }

    fn remove(&mut self, path: &Path) {
        if let Some(entry) = self.by_path.remove(path) {
            self.order.remove(&entry.last_use);
            self.bytes -= cost(path, entry.bytes.len() as u64);
        }
    }

    /// `false`: there is none.
    fn remove_oldest(&mut self) -> bool {
        let oldest = self.order.first_key_value().map(|(_, path)| path.clone());
        if let Some(path) = &oldest {
            self.remove(path);
        }
        oldest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn stamp() -> Stamp {
        Stamp::of(&fs::metadata("/").unwrap())
    }

    fn put(cache: &Cache, name: &str, size: usize) {
        cache.put(Path::new(name), stamp(), vec![b'x'; size].into());
    }

    fn has(cache: &Cache, name: &str) -> bool {
        cache.get(Path::new(name), &stamp()).is_some()
    }

    /// Room for three files of 100 bytes with names of one letter.
    fn small() -> Cache {
        Cache {
            most_bytes: 3 * (100 + 2 + ENTRY_BYTES),
            most_file_bytes: 100,
            ..Cache::default()
        }
    }

    #[test]
    fn the_least_recently_used_goes() {
        let cache = small();
        for name in ["a", "b", "c"] {
            put(&cache, name, 100);
        }
        assert!(has(&cache, "a"));
        put(&cache, "d", 100);
        assert_eq!(
            ["a", "b", "c", "d"].map(|name| has(&cache, name)),
            [true, false, true, true]
        );
        assert_eq!((cache.files(), cache.bytes()), (3, cache.most_bytes));
    }

    #[test]
    fn the_limit_holds_whatever_comes() {
        let cache = small();
        for turn in 0..2_000usize {
            put(&cache, &"n".repeat(turn * 7 % 300), turn * 31 % 400);
            let entries = cache.lock();
            let counted = entries.by_path.iter();
            let counted = counted.map(|(path, entry)| cost(path, entry.bytes.len() as u64));
            assert_eq!(counted.sum::<u64>(), entries.bytes);
            assert!(entries.bytes <= cache.most_bytes);
            assert_eq!(entries.order.len(), entries.by_path.len());
        }
        put(&cache, "larger than everything", 2_000);
        assert!(!has(&cache, "larger than everything"));
        assert!(!cache.takes(Path::new("a"), 101) && cache.takes(Path::new("a"), 100));
        assert!(!cache.takes(Path::new("a"), u64::MAX));
    }

    #[test]
    fn another_stamp_is_another_file() {
        let cache = small();
        put(&cache, "a", 100);
        let other = Stamp::of(&fs::metadata(std::env::temp_dir()).unwrap());
        assert!(cache.get(Path::new("a"), &other).is_none());
        assert_eq!(
            (cache.files(), cache.bytes()),
            (0, 0),
            "what is stale is not kept"
        );
    }
    #[test]
    fn a_poisoned_lock_costs_nothing() {
        let cache = small();
        put(&cache, "a", 100);
        let holder = std::thread::scope(|scope| {
            let poison = || {
                let _held = cache.lock();
                panic!("on purpose");
            };
            scope.spawn(poison).join()
        });
        assert!(holder.is_err() && cache.entries.is_poisoned());
        assert!(has(&cache, "a") && cache.files() == 1);
    }
}
