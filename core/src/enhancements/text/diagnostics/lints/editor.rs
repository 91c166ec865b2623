//! What Sentry's own editor rejects, although the engine accepts it.
//!
//! Sentry checks the rules of a project with a parser of its own before it stores them. That parser
//! is stricter in a few points, and it rejects all rules of the text then:
//!
//! ```text
//! only spaces separate         not tabs or other white space, also before a comment
//! an argument is not empty     function:""  is fine, function: is not
//! a value is not empty         category=
//! a backslash before a quote   "a\"  is not closed
//! no invert-stacktrace
//! ```

use crate::characters;
use crate::enhancements::action::{Action, VarAction};
use crate::enhancements::codes::Code;
use crate::enhancements::text::diagnostics::finding::Finding;
use crate::enhancements::text::parser::WrittenRule;

/// Reports what the editor rejects in a rule, at most one problem of each kind.
pub(super) fn rule(rule: &WrittenRule, line: &str, after: &str, report: &mut impl FnMut(Finding)) {
    let mut spaces = Spaces { is_reported: false };
    let end = rule.comment.unwrap_or(line.len());
    let mut at = 0;
    for matcher in &rule.matchers {
        let argument = &matcher.argument;
        let quoted = line[..argument.start].ends_with('"') && line[argument.end..].starts_with('"');
        let quote = usize::from(quoted);
        let start = argument.start - quote;
        spaces.within(&line[at..start], at, report);
        at = argument.end + quote;
        let text = &line[argument.clone()];
        if text.is_empty() && !quoted {
            let message = "Sentry's own editor rejects an empty pattern without quotes";
            let finding = Finding::new(Code::RefusedByEditor, argument.clone(), message);
            report(finding.certain("\"\""));
        }
        let backslashes = text.bytes().rev().take_while(|&byte| byte == b'\\').count();
        if quoted && backslashes % 2 == 1 {
            let message = "Sentry's own editor reads the last backslash as an escape of the quote";
            let place = argument.end - 1..argument.end;
            report(Finding::new(Code::RefusedByEditor, place, message));
        }
    }
    spaces.within(&line[at.min(end)..end], at, report);
    for (place, action) in &rule.actions {
        let message = match action {
            Action::Var(VarAction::InvertStacktrace(_)) => {
                "Sentry's own editor rejects `invert-stacktrace`: newer groupings do not have it"
            }
            Action::Var(VarAction::Category(category)) if category.is_empty() => {
                "Sentry's own editor rejects a category without a name"
            }
            _ => continue,
        };
        report(Finding::new(Code::RefusedByEditor, place.clone(), message));
    }
    if rule.comment.is_none() {
        spaces.within(after, line.len(), report);
    }
}

/// Reports an indentation that the editor rejects. The position is that in the whole line.
pub(in super::super) fn indentation(line: &str) -> Option<Finding> {
    let indent = line.len() - line.trim_start().len();
    let mut found = None;
    let mut spaces = Spaces { is_reported: false };
    spaces.within(&line[..indent], 0, &mut |finding| found = Some(finding));
    found
}

/// White space between the parts of a rule.
struct Spaces {
    is_reported: bool,
}

impl Spaces {
    fn within(&mut self, text: &str, at: usize, report: &mut impl FnMut(Finding)) {
        let Some((start, character)) = self.first(text) else {
            return;
        };
        // The whole run becomes one space.
        let run = text[start..].find(|c: char| !c.is_whitespace());
        let end = run.map_or(text.len(), |len| start + len);
        let finding = Finding::new(
            Code::RefusedByEditor,
            at + start..at + end,
            describe(character),
        );
        report(finding.certain(" "));
    }

    fn first(&mut self, text: &str) -> Option<(usize, char)> {
        if self.is_reported {
            return None;
        }
        let is_other = |&(_, c): &(usize, char)| c.is_whitespace() && c != ' ';
        let found = text.char_indices().find(is_other)?;
        self.is_reported = true;
        Some(found)
    }
}

fn describe(character: char) -> String {
    let name = match (character, characters::odd(character)) {
        ('\t', _) => "a tab".to_owned(),
        (_, Some(odd)) => format!("the {odd}"),
        (_, None) => "this white space".to_owned(),
    };
    format!("Sentry's own editor rejects {name} between the parts of a rule: write a space")
}
