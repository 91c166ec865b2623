//! Applies the fixes that are certain.
//!
//! A fix may uncover another problem of its line, so a line is checked again until it has no certain
//! fix. If that takes too many rounds, the line stays as it was: a line is never half changed, and
//! fixing a fixed text changes nothing.
//!
//! ```text
//! function:a +in_app,-group      `in_app` -> `app`, `,` -> space
//! function:a +app -group
//! ```

use super::lines::{check_lines, Checked};
use crate::diagnostics::Fix;
use crate::enhancements::text::parser::Retired;

/// The rounds after which a line stays as it was.
const MAX_ROUNDS: usize = 8;

/// Applies all fixes that are certain. All other text stays, also line breaks.
///
/// # Example
///
/// ```
/// use ophio::enhancements::text::diagnostics::fix;
///
/// let text = "// mine\r\nFunction:a +in_app\nfunktion:b +app";
/// assert_eq!(fix(text), "# mine\r\nfunction:a +app\nfunktion:b +app");
/// ```
pub fn fix(text: &str) -> String {
    let mut fixed = String::with_capacity(text.len());
    let found = check_lines(text, Retired::Fail, Checked::EachLine);
    let mut found = found.iter().peekable();
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let mut fixes = Vec::new();
        while let Some(each) = found.next_if(|each| each.line <= number) {
            fixes.extend(each.fix.as_deref().filter(|fix| fix.is_certain));
        }
        if fixes.is_empty() {
            fixed.push_str(line);
            continue;
        }
        let body = line.strip_suffix('\n').unwrap_or(line);
        let body = body.strip_suffix('\r').unwrap_or(body);
        let changed = fixed_line(applied(body, &fixes));
        fixed.push_str(changed.as_deref().unwrap_or(body));
        fixed.push_str(&line[body.len()..]);
    }
    fixed
}

/// Fixes a line until it has no certain fix.
fn fixed_line(mut line: String) -> Option<String> {
    for _ in 0..MAX_ROUNDS {
        let found = check_lines(&line, Retired::Fail, Checked::EachLine);
        let fixes = found.iter().filter_map(|each| each.fix.as_deref());
        let fixes: Vec<_> = fixes.filter(|fix| fix.is_certain).collect();
        if fixes.is_empty() {
            return Some(line);
        }
        line = applied(&line, &fixes);
    }
    None
}

/// Applies fixes to a line. One that overlaps an earlier one is left for the next round.
fn applied(line: &str, fixes: &[&Fix]) -> String {
    let mut fixes = fixes.to_vec();
    fixes.sort_by_key(|fix| (fix.column, fix.end_column));
    let mut changed = String::with_capacity(line.len());
    let mut characters = (1..).zip(line.chars()).peekable();
    let mut after = 0;
    for fix in fixes {
        if fix.column < after {
            continue;
        }
        while let Some((_, each)) = characters.next_if(|&(column, _)| column < fix.column) {
            changed.push(each);
        }
        while characters
            .next_if(|&(column, _)| column < fix.end_column)
            .is_some()
        {}
        changed.push_str(&fix.replacement);
        // An insertion before the next fix would change its span.
        after = fix.end_column.max(fix.column + 1);
    }
    changed.extend(characters.map(|(_, each)| each));
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::testing::rule;
    use crate::testing::{cases, Random};

    #[test]
    fn certain_fixes_are_applied() {
        for (text, expected) in [
            ("", ""),
            ("function:a +app", "function:a +app"),
            (
                "  Function:a +inapp,-grup\r\n",
                "  function:a +app -grup\r\n",
            ),
            ("function:a +in_app, v+in-app", "function:a +app v+app"),
            (
                "function:\u{201c}a b\u{201d} \u{2013}app",
                "function:\"a b\" -app",
            ),
            ("function:é\u{a0}-app // x", "function:é -app # x"),
            ("function:a ^ -group\nx\n", "function:a ^-group\nx\n"),
            ("funktion:a +app", "funktion:a +app"),
            ("function:a +sentinel +prefix -app", "function:a -app"),
            ("`function:a -app`", "function:a -app"),
        ] {
            assert_eq!(fix(text), expected, "{text:?}");
        }
    }

    #[test]
    fn fixing_twice_is_fixing_once() {
        const ODD: [&str; 12] = [
            "\u{a0}",
            "–",
            "“",
            "”",
            "//",
            "'",
            "`",
            ",",
            " ",
            "+in_app",
            "^ -",
            "Function:",
        ];
        let mut random = Random::new(23);
        let mut changes = 0;
        for _ in 0..cases(3_000) {
            let mut text = rule(&mut random);
            text += &random.concat(&ODD, 4);
            text += &rule(&mut random);
            let fixed = fix(&text);
            changes += usize::from(fixed != text);
            assert_eq!(fix(&fixed), fixed, "{text:?}");
        }
        assert!(changes > 20, "{changes}");
    }
}
