//! Rows with the indexes that their lists need: by name, by time of change, by exact value, by word. A write touches only its own entries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::search::{Index, Searchable};

/// Beyond this share of the table a list walks the names instead of collecting and sorting what changed.
const NARROW_SHARE: usize = 16;

/// Where a row is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shelf {
    Live,
    Blocked,
    Deleted,
}

pub(crate) trait Row: Searchable {
    fn id(&self) -> i64;
    fn name(&self) -> &str;
    /// Seconds since the epoch.
    fn updated_at(&self) -> i64;
    fn shelf(&self) -> Shelf;
    /// Names each value by which the row can be found exactly, or that may have to be unique.
    fn exact(&self, note: &mut dyn FnMut(&str, String));
}

pub(crate) struct Table<T> {
    rows: BTreeMap<i64, Arc<T>>,
    names: BTreeMap<Shelf, BTreeMap<(String, i64), i64>>,
    updated: BTreeSet<(i64, i64)>,
    exact: BTreeSet<(String, String, i64)>,
    words: BTreeSet<(String, i64)>,
    pub(crate) index: Index<T>,
}

/// What a list asks for.
pub(crate) struct Wanted<'a, T> {
    pub(crate) shelf: Shelf,
    pub(crate) exact: Vec<(&'static str, String)>,
    /// The first second that counts.
    pub(crate) since: Option<i64>,
    pub(crate) keep: Option<&'a dyn Fn(&T) -> bool>,
}

impl<T: Row> Table<T> {
    /// An empty table whose search index lags behind by so many seconds.
    pub(crate) fn new(search_lag_s: u32) -> Self {
        Self {
            rows: BTreeMap::new(),
            names: BTreeMap::new(),
            updated: BTreeSet::new(),
            exact: BTreeSet::new(),
            words: BTreeSet::new(),
            index: Index::new(search_lag_s),
        }
    }

    pub(crate) fn get(&self, id: i64) -> Option<&Arc<T>> {
        self.rows.get(&id)
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Arc<T>> {
        self.rows.values()
    }

    pub(crate) fn count(&self, of: Shelf) -> usize {
        self.names.get(&of).map_or(0, BTreeMap::len)
    }

    /// Stores the row; searches see it after the lag.
    pub(crate) fn put(&mut self, now: i64, row: T) -> Arc<T> {
        let row = self.store(row);
        self.index.later(now, row.id(), Some(Arc::clone(&row)));
        row
    }

    /// Stores a row that was there long ago: searches see it at once.
    pub(crate) fn load(&mut self, row: T) -> Arc<T> {
        let row = self.store(row);
        self.index.at_once(row.id(), Some(Arc::clone(&row)));
        row
    }

    pub(crate) fn remove(&mut self, now: i64, id: i64) -> Option<Arc<T>> {
        let row = self.rows.remove(&id)?;
        self.forget(&row);
        self.index.later(now, id, None);
        Some(row)
    }

    /// Everyone with exactly this value.
    pub(crate) fn holders(&self, field: &str, value: &str) -> impl Iterator<Item = i64> {
        let from = (field.to_owned(), value.to_owned(), i64::MIN);
        let to = (field.to_owned(), value.to_owned(), i64::MAX);
        self.exact.range(from..=to).map(|(_, _, id)| *id)
    }

    /// Whether someone other than this row has the value.
    pub(crate) fn other_holder(&self, field: &str, value: &str, own: i64) -> Option<i64> {
        self.holders(field, value).find(|id| *id != own)
    }

    /// A page of rows in alphabetical order as it is at this moment, and whether more follow.
    pub(crate) fn page(&self, wanted: &Wanted<'_, T>, skipped: usize, rows: usize) -> (Vec<Arc<T>>, bool) {
        let mut page = match self.narrowed(wanted) {
            Some(ids) => self.sorted(ids, wanted, skipped, rows),
            None => self.walked(wanted, skipped, rows),
        };
        let more = page.len() > rows;
        page.truncate(rows);
        (page, more)
    }

    /// Live rows with, for every word of the term, a word in their name that begins with it.
    pub(crate) fn by_words(&self, term: &str) -> Vec<Arc<T>> {
        let asked: Vec<String> = words(term).collect();
        let Some(first) = asked.first() else { return Vec::new() };
        let begins = self.words.range((first.clone(), i64::MIN)..).take_while(|(word, _)| word.starts_with(first.as_str()));
        let ids: BTreeSet<i64> = begins.map(|(_, id)| *id).collect();
        let found = ids.iter().filter_map(|id| self.rows.get(id)).filter(|row| row.shelf() == Shelf::Live);
        let all = |row: &&Arc<T>| asked.iter().all(|word| words(row.name()).any(|own| own.starts_with(word.as_str())));
        let mut found: Vec<Arc<T>> = found.filter(all).cloned().collect();
        found.sort_by_cached_key(|row| (row.name().to_lowercase(), row.id()));
        found
    }

    /// The ids that an index names, if one narrows the list well.
    fn narrowed(&self, wanted: &Wanted<'_, T>) -> Option<Vec<i64>> {
        if let Some((field, value)) = wanted.exact.first() {
            return Some(self.holders(field, value).collect());
        }
        let most = self.rows.len() / NARROW_SHARE + 1;
        let changed: Vec<i64> = self.updated.range((wanted.since?, i64::MIN)..).map(|(_, id)| *id).take(most + 1).collect();
        (changed.len() <= most).then_some(changed)
    }

    fn sorted(&self, ids: Vec<i64>, wanted: &Wanted<'_, T>, skipped: usize, rows: usize) -> Vec<Arc<T>> {
        let found = ids.into_iter().filter_map(|id| self.rows.get(&id)).filter(|row| self.fits(row, wanted));
        let mut found: Vec<&Arc<T>> = found.collect();
        found.sort_by_cached_key(|row| (row.name().to_lowercase(), row.id()));
        found.into_iter().skip(skipped).take(rows + 1).cloned().collect()
    }

    fn walked(&self, wanted: &Wanted<'_, T>, skipped: usize, rows: usize) -> Vec<Arc<T>> {
        let names = self.names.get(&wanted.shelf).into_iter().flatten();
        let names = names.filter(|(_, updated_at)| wanted.since.is_none_or(|since| **updated_at >= since));
        match wanted.keep {
            None => names.skip(skipped).take(rows + 1).filter_map(|((_, id), _)| self.rows.get(id)).cloned().collect(),
            Some(keep) => {
                let kept = names.filter_map(|((_, id), _)| self.rows.get(id)).filter(|row| keep(row));
                kept.skip(skipped).take(rows + 1).cloned().collect()
            }
        }
    }

    fn fits(&self, row: &T, wanted: &Wanted<'_, T>) -> bool {
        row.shelf() == wanted.shelf
            && wanted.since.is_none_or(|since| row.updated_at() >= since)
            && wanted.exact.iter().all(|(field, value)| self.exact.contains(&((*field).to_owned(), value.clone(), row.id())))
            && wanted.keep.is_none_or(|keep| keep(row))
    }

    fn store(&mut self, row: T) -> Arc<T> {
        if let Some(old) = self.rows.remove(&row.id()) {
            self.forget(&old);
        }
        let id = row.id();
        self.names.entry(row.shelf()).or_default().insert((row.name().to_lowercase(), id), row.updated_at());
        self.updated.insert((row.updated_at(), id));
        self.words.extend(words(row.name()).map(|word| (word, id)));
        let exact = &mut self.exact;
        row.exact(&mut |field, value| {
            exact.insert((field.to_owned(), value, id));
        });
        let row = Arc::new(row);
        self.rows.insert(id, Arc::clone(&row));
        row
    }

    fn forget(&mut self, row: &T) {
        let id = row.id();
        if let Some(names) = self.names.get_mut(&row.shelf()) {
            names.remove(&(row.name().to_lowercase(), id));
        }
        self.updated.remove(&(row.updated_at(), id));
        for word in words(row.name()) {
            self.words.remove(&(word, id));
        }
        let exact = &mut self.exact;
        row.exact(&mut |field, value| {
            exact.remove(&(field.to_owned(), value, id));
        });
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().map(str::to_lowercase)
}
