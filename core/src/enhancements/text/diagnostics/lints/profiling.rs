//! What Sentry's profiling ignores.
//!
//! Profiles have no grouping, so Sentry applies a part of the rules to them. It chooses them by
//! their text: it splits a line at white space, and keeps it if it ends with `+app` or `-app` and
//! each other word begins with the name of one of four matchers:
//!
//! ```text
//! path:**/vendor/** -app            applied
//! !path:**/mine/**  -app            ignored: `!`
//! family:native path:/usr/** -app   ignored: `family`
//! path:**/vendor/** -app  # why     ignored: it ends with `why`
//! function:"a b" -app               ignored: `b"` is a word
//! ```

use crate::enhancements::codes::Code;
use crate::enhancements::fields::Subject;
use crate::enhancements::select::is_profiling_matcher;
use crate::enhancements::text::diagnostics::finding::Finding;

/// Returns the reason why profiling ignores a rule, at the first word that is not expected.
pub(in super::super) fn ignored(line: &str) -> Option<Finding> {
    let is_action = |word: &str| matches!(word, "+app" | "-app");
    let mut end = 0;
    while let Some(len) = line[end..].find(|c: char| !c.is_whitespace()) {
        let start = end + len;
        let word = line[start..].split_whitespace().next().unwrap_or_default();
        end = start + word.len();
        let rest = line[end..].trim_start();
        if rest.is_empty() && is_action(word) {
            return None;
        }
        if !rest.is_empty() && is_profiling_matcher(word) {
            continue;
        }
        let name = word.split(':').next().unwrap_or_default();
        let quotes = line[..start].matches('"').count();
        let reason = if word.starts_with('#') || (is_action(word) && rest.starts_with('#')) {
            "it does not support comments behind a rule".to_owned()
        } else if is_action(word) {
            "it accepts one action only".to_owned()
        } else if quotes % 2 == 1 {
            "it splits a pattern with a space into words".to_owned()
        } else if word.starts_with('!') {
            "it does not support `!`".to_owned()
        } else if Subject::from_name(name).is_some() {
            format!("it does not support the matcher `{name}`")
        } else if word.starts_with('[') || word.starts_with('|') {
            "it does not support callers and callees".to_owned()
        } else {
            format!("it accepts the actions `+app` and `-app`, not `{word}`")
        };
        let message = format!("Sentry's profiling ignores this rule: {reason}");
        return Some(Finding::new(Code::NotForProfiling, start..end, message));
    }
    None
}
