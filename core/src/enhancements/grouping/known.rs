//! The rules of projects that were read before, with the index and the memo of their segments.

use std::sync::Arc;

use super::OwnRules;
use crate::known::Known;

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

/// At most 512 projects, which have 50,000 rules together.
static KNOWN: Known<(Form, Box<str>), Arc<OwnRules>> = Known::new(512, 50_000);

/// Returns the rules of a text, from the table or from `make`.
pub(super) fn get_or_make<E>(
    form: Form,
    text: &str,
    make: impl FnOnce() -> Result<OwnRules, E>,
) -> Result<Arc<OwnRules>, E> {
    let key = (form, Box::from(text));
    if let Some(known) = KNOWN.get(&key) {
        return Ok(known);
    }
    let made = Arc::new(make()?);
    KNOWN.put(key, made.clone(), made.stored.rules.len());
    Ok(made)
}

/// Clears the table. Configs that are in use keep their rules.
pub(super) fn clear() {
    KNOWN.clear();
}
