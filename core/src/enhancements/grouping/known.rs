//! The table of project rules that this process has read.
//!
//! Sentry reads the rules of a project again for every event of the project. The table maps a rule
//! text to the rules, so that the index and the memo of their segments are reused. The table is
//! bounded by the number of projects and by the total number of rules.
//!
//! No thread waits for the table. If the lock is held, the caller reads the rules without it,
//! also in a child if the lock was held at the fork.

use std::sync::{Arc, Mutex, TryLockError};

use lru::LruCache;

use super::OwnRules;

/// The maximum number of projects.
const MAX_PROJECTS: usize = 512;

/// The maximum number of rules of all projects.
const MAX_RULES: usize = 50_000;

/// The form of a text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// One rule per line.
    Text,
    /// The stored form.
    Stored,
    /// The stored form, without the family `other`.
    StoredWithoutOther,
}

struct Known {
    projects: LruCache<(Form, Box<str>), Arc<OwnRules>>,
    rules: usize,
}

static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

/// Calls `f` with the table, unless another thread holds its lock.
fn with<R>(f: impl FnOnce(&mut Known) -> R) -> Option<R> {
    let mut table = match KNOWN.try_lock() {
        Ok(table) => table,
        // Code that runs under the lock leaves the table consistent, even if it panics.
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    Some(f(table.get_or_insert_with(|| Known {
        projects: LruCache::unbounded(),
        rules: 0,
    })))
}

/// Returns the rules of a text, from the table or from `make`.
pub(super) fn get_or_make<E>(
    form: Form,
    text: &str,
    make: impl FnOnce() -> Result<OwnRules, E>,
) -> Result<Arc<OwnRules>, E> {
    let key = (form, Box::from(text));
    if let Some(known) = with(|table| table.projects.get(&key).cloned()).flatten() {
        return Ok(known);
    }
    let made = Arc::new(make()?);
    let count = made.stored.rules.len();
    if count <= MAX_RULES {
        with(|table| {
            if let Some(before) = table.projects.put(key, made.clone()) {
                table.rules -= before.stored.rules.len();
            }
            table.rules += count;
            while table.projects.len() > MAX_PROJECTS || table.rules > MAX_RULES {
                let Some((_, oldest)) = table.projects.pop_lru() else {
                    break;
                };
                table.rules -= oldest.stored.rules.len();
            }
        });
    }
    Ok(made)
}

/// Clears the table. Configs that are in use keep their rules.
pub(super) fn clear() {
    if let Ok(mut table) = KNOWN.try_lock() {
        *table = None;
    }
}
