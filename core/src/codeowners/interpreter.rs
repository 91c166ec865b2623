//! The interpreter: what a pattern means, written as plainly as possible.
//!
//! It is the definition that the compiled patterns are compared with. A pattern becomes lists of
//! names in which `**` is any number of folders, and one list must match the whole path:
//!
//! ```text
//! GitHub   docs      ** docs              a file docs anywhere
//!                    ** docs ** *         or everything in a folder docs
//!          /docs/    docs ** *            everything in the folder docs of the root
//!          docs/*    docs *               the files directly in it
//! GitLab   docs      ** docs              a file docs anywhere
//!          docs/     ** docs ** *         everything in a folder docs, anywhere
//! ```
//!
//! In a section the last rule that matches wins; one with `!` wins over all others.

use super::dialect::Dialect;

/// Returns whether a pattern matches a path.
pub(super) fn matches(pattern: &str, dialect: Dialect, path: &str) -> bool {
    let path: Vec<_> = path.split('/').collect();
    let found = lists(pattern, dialect);
    found.iter().any(|names| names_match(names, &path, dialect))
}

fn lists(pattern: &str, dialect: Dialect) -> Vec<Vec<&str>> {
    const INSIDE: [&str; 2] = ["**", "*"];
    let body = pattern.trim_end_matches('/');
    let is_folder = body.len() < pattern.len();
    let is_anchored = match dialect {
        Dialect::GitHub => body.contains('/'),
        Dialect::GitLab => body.starts_with('/'),
    };
    let mut names: Vec<_> = if is_anchored { vec![] } else { vec!["**"] };
    names.extend(body.strip_prefix('/').unwrap_or(body).split('/'));
    if is_folder {
        names.extend(INSIDE);
    }
    match dialect {
        // At the end, `**` is one name, as `*` is.
        Dialect::GitLab => vec![names],
        Dialect::GitHub if is_folder || body.ends_with("/*") => vec![names],
        Dialect::GitHub if names.last() == Some(&"**") => {
            names.push("*");
            vec![names]
        }
        Dialect::GitHub => {
            let below = [&names[..], &INSIDE].concat();
            vec![names, below]
        }
    }
}

fn names_match(names: &[&str], path: &[&str], dialect: Dialect) -> bool {
    match names {
        [] => path.is_empty(),
        ["**", rest @ ..] if !rest.is_empty() => {
            (0..=path.len()).any(|skipped| names_match(rest, &path[skipped..], dialect))
        }
        [name, rest @ ..] => {
            let Some((first, after)) = path.split_first() else {
                return false;
            };
            let name: Vec<_> = name.chars().collect();
            let first: Vec<_> = first.chars().collect();
            name_matches(&name, &first, dialect) && names_match(rest, after, dialect)
        }
    }
}

fn name_matches(pattern: &[char], text: &[char], dialect: Dialect) -> bool {
    let one = |rest: &[char], is_equal: bool| is_equal && name_matches(rest, &text[1..], dialect);
    match (pattern, text.first()) {
        ([], first) => first.is_none(),
        (['*', rest @ ..], _) => {
            (0..=text.len()).any(|skipped| name_matches(rest, &text[skipped..], dialect))
        }
        (_, None) => false,
        (['?', rest @ ..], Some(_)) => one(rest, true),
        (['\\', quoted, rest @ ..], Some(c)) => one(rest, quoted == c),
        (['[', rest @ ..], Some(c)) if dialect == Dialect::GitLab => {
            let (is_in, rest) = class(rest, *c);
            one(rest, is_in)
        }
        ([plain, rest @ ..], Some(c)) => one(rest, plain == c),
    }
}

/// Returns whether a character is in the class that follows, and the pattern after the class.
fn class(pattern: &[char], c: char) -> (bool, &[char]) {
    let (negated, pattern) = match pattern {
        ['!' | '^', rest @ ..] => (true, rest),
        _ => (false, pattern),
    };
    let end = pattern.iter().position(|&c| c == ']').expect("closed");
    let mut is_in = false;
    let mut inside = &pattern[..end];
    while let Some((&first, rest)) = inside.split_first() {
        match rest {
            ['-', last, after @ ..] => {
                is_in |= (first..=*last).contains(&c);
                inside = after;
            }
            _ => {
                is_in |= first == c;
                inside = rest;
            }
        }
    }
    (is_in != negated, &pattern[end + 1..])
}
