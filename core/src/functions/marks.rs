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

/// The arrow before the type of a result.
pub(super) const ARROW: &str = "⟿";

/// An anonymous namespace.
pub(super) const ANONYMOUS: &str = "〔anonymousnamespace〕";

pub(super) fn put_aside(name: &str) -> Cow<'_, str> {
    let mut name = Cow::Borrowed(name);
    if name.contains("operator") {
        for (text, mark) in [
            ("operator<<", "operator⟨⟨"),
            ("operator<", "operator⟨"),
            ("operator()", "operator◯"),
            ("operator->", "operator⟿"),
        ] {
            replace(&mut name, text, mark);
        }
    }
    replace(&mut name, " -> ", " ⟿ ");
    replace(&mut name, "`anonymous namespace'", ANONYMOUS);
    name
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
            replace(&mut name, mark, text);
        }
    }
    name
}

fn replace(name: &mut Cow<'_, str>, from: &str, to: &str) {
    if name.contains(from) {
        *name = Cow::Owned(name.replace(from, to));
    }
}
