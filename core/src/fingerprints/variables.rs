//! Variables: parts of a fingerprint and of a title that the event fills in.

use crate::functions::is_space;

/// Finds a variable at the front of a text: its length and its name.
///
/// It is what `\{\{\s*(\S+)\s*\}\}` matches there. The name reaches as far as it can, so
/// `{{a}},{{b}}` is one variable.
pub(super) fn variable_at(text: &str) -> Option<(usize, &str)> {
    let inside = text.strip_prefix("{{")?.trim_start_matches(is_space);
    let run = &inside[..inside.find(is_space).unwrap_or(inside.len())];
    let after = inside[run.len()..].trim_start_matches(is_space);
    let (name, after) = match after.strip_prefix("}}") {
        Some(after) if !run.is_empty() => (run, after),
        _ => {
            let at = run.rfind("}}").filter(|&at| at > 0)?;
            (&run[..at], &inside[at + 2..])
        }
    };
    Some((text.len() - after.len(), name))
}
