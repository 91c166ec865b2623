//! Replaces operators by marks, because their characters would be taken for brackets.
//!
//! Each mark is a character that names hardly ever have. If a name has one, it is replaced by the
//! operator at the end, as in Sentry.
//!
//! | text | mark |
//! | --- | --- |
//! | `operator<<`, `operator<` | `operator⟨⟨`, `operator⟨` |
//! | `operator()` | `operator◯` |
//! | `operator->`, and ` -> ` before the type of a result | `operator⟿`, ` ⟿ ` |
//! | `` `anonymous namespace' `` | `〔anonymousnamespace〕` |

use std::borrow::Cow;

use memchr::memchr2;

use super::edit::Edit;

/// The arrow before the type of a result.
pub(super) const ARROW: &str = "⟿";

/// An anonymous namespace.
pub(super) const ANONYMOUS: &str = "〔anonymousnamespace〕";

pub(super) fn put_aside(name: &str) -> Cow<'_, str> {
    const NAMESPACE: &str = "`anonymous namespace'";
    // Most names have neither an operator nor an arrow.
    if memchr2(b'`', b'-', name.as_bytes()).is_none() && !name.contains("operator") {
        return name.into();
    }
    let mut edit = Edit::new(name);
    for (at, byte) in name.bytes().enumerate() {
        // The byte after "operator", or at the start of a namespace, is rare in names.
        if !matches!(byte, b'<' | b'(' | b'-' | b'`') || at < edit.end() {
            continue;
        }
        let operator = |edit: &Edit<'_>| edit.before(at).ends_with("operator");
        let rest = &name[at..];
        let (part, mark) = if byte == b'`' && rest.starts_with(NAMESPACE) {
            (at..at + NAMESPACE.len(), ANONYMOUS)
        } else if rest.starts_with("-> ") && edit.before(at).ends_with(' ') {
            // Including its spaces, which the next arrow cannot share.
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
