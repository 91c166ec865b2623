//! Operators put aside, so that they do not upset the pairing of brackets.
//!
//! Each is written with a character that names hardly ever have. A name that does have one
//! gets the operator instead, as in Sentry.
//!
//! | text | put aside |
//! | --- | --- |
//! | `operator<<`, `operator<` | `operator⟨⟨`, `operator⟨` |
//! | `operator()` | `operator◯` |
//! | `operator->`, and ` -> ` before the type of a result | `operator⟿`, ` ⟿ ` |
//! | `` `anonymous namespace' `` | `〔anonymousnamespace〕` |

use std::borrow::Cow;

use super::edit::Edit;

/// The arrow before the type of a result.
pub(super) const ARROW: &str = "⟿";

/// An anonymous namespace.
pub(super) const ANONYMOUS: &str = "〔anonymousnamespace〕";

pub(super) fn put_aside(name: &str) -> Cow<'_, str> {
    const NAMESPACE: &str = "`anonymous namespace'";
    let mut edit = Edit::new(name);
    for (at, byte) in name.bytes().enumerate() {
        // What follows "operator", or begins a namespace: rare bytes in a name.
        if !matches!(byte, b'<' | b'(' | b'-' | b'`') || at < edit.end() {
            continue;
        }
        let operator = |edit: &Edit<'_>| edit.before(at).ends_with("operator");
        let rest = &name[at..];
        let (part, mark) = if byte == b'`' && rest.starts_with(NAMESPACE) {
            (at..at + NAMESPACE.len(), ANONYMOUS)
        } else if rest.starts_with("-> ") && edit.before(at).ends_with(' ') {
            // With its spaces, which the next arrow cannot have as well.
            (at - 1..at + 3, " ⟿ ")
        } else if rest.starts_with("->") && operator(&edit) {
            (at..at + 2, ARROW)
        } else if rest.starts_with("<<") && operator(&edit) {
            (at..at + 2, "⟨⟨")
        } else if rest.starts_with('<') && operator(&edit) {
            (at..at + 1, "⟨")
        } else if rest.starts_with("()") && operator(&edit) {
            (at..at + 2, "◯")
        } else {
            continue;
        };
        edit.replace(part).push_str(mark);
    }
    edit.finish()
}

pub(super) fn put_back(name: &str) -> Cow<'_, str> {
    let mut name = Cow::Borrowed(name);
    if !name.is_ascii() {
        for (mark, text) in [
            ("⟨", "<"),
            ("◯", "()"),
            (ARROW, "->"),
            (ANONYMOUS, "`anonymous namespace'"),
        ] {
            if name.contains(mark) {
                name = name.replace(mark, text).into();
            }
        }
    }
    name
}
