//! The rules of projects that were read before, with the index and the memo of their segments.

use std::sync::Arc;

use super::OwnRules;
use crate::known::Known;

/// The form of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One rule per line.
    Text,
    /// The stored form.
    Stored,
    /// The stored form, without the family `other`.
    StoredWithoutOther,
}

/// At most 512 projects, which have 50,000 rules together.
///
/// The key is the text alone, so that a search needs no copy of it. A text that is read in two
/// forms in turns is found again in none, which programs have no reason to do.
static KNOWN: Known<Box<str>, (Form, Arc<OwnRules>)> = Known::new(512, 50_000);

/// Returns the rules of a text, from the table or from `make`.
pub(super) fn get_or_make<E>(
    form: Form,
    text: &str,
    make: impl FnOnce() -> Result<OwnRules, E>,
) -> Result<Arc<OwnRules>, E> {
    match KNOWN.get(text) {
        Some((known, rules)) if known == form => return Ok(rules),
        _ => {}
    }
    let made = Arc::new(make()?);
    let value = (form, made.clone());
    KNOWN.put(text.into(), value, made.stored.rules.len());
    Ok(made)
}

/// Clears the table. Configs that are in use keep their rules.
pub(super) fn clear() {
    KNOWN.clear();
}

#[cfg(test)]
mod tests {
    use crate::enhancements::grouping::{ConfigError, EnhancementsConfig};
    use crate::enhancements::OtherFamily;

    #[test]
    fn a_text_is_read_again_in_another_form() {
        let config = EnhancementsConfig::from_text("family:other +app", &[]).unwrap();
        let stored = config.to_base64().unwrap();
        let read = |other| {
            let config = EnhancementsConfig::from_base64(&stored, &[], other).unwrap();
            config.own().to_text().unwrap()
        };
        let forms = [OtherFamily::Read, OtherFamily::Ignore];
        let expected = forms.map(|other| {
            EnhancementsConfig::forget_all();
            read(other)
        });
        assert_ne!(expected[0], expected[1]);
        for _ in 0..2 {
            assert_eq!(forms.map(read), expected);
            let as_text = EnhancementsConfig::from_text(&stored, &[]);
            assert!(matches!(as_text, Err(ConfigError::Text(_))));
        }
    }
}
