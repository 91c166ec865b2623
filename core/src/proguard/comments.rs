//! What R8 writes into comments of a mapping, as JSON.
//!
//! ```text
//! # {"id":"sourceFile","fileName":"Cart.kt"}                  the file of a class
//! # {"id":"com.android.tools.r8.synthesized"}                 no method of the sources
//! # {"id":"com.android.tools.r8.outline"}                     code that methods share
//! # {"id":"com.android.tools.r8.outlineCallsite",             ... and where they use it
//!    "positions":{"1":4}}
//! # {"id":"com.android.tools.r8.rewriteFrame",                frames to leave out
//!    "conditions":["throws(Ljava/lang/NullPointerException;)"],"actions":["removeInnerFrames(1)"]}
//! ```
//!
//! R8's own reader accepts single quotes and keys without quotes, so this one does. Other comments,
//! and JSON that cannot be read, are ignored. The version of a mapping is not required.

use std::collections::HashMap;

use serde::Deserialize;

/// A comment that retracing reads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Comment {
    SourceFile(String),
    Synthesized,
    Outline,
    /// The line in the method, by the line in the outline.
    OutlineCallsite(HashMap<u32, u32>),
    RewriteFrame(Rewrite),
}

/// How many inner frames to leave out, and after which exceptions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rewrite {
    /// The obfuscated classes; None is a condition that we do not know and that never holds.
    throws: Vec<Option<String>>,
    remove: usize,
}

impl Rewrite {
    /// Returns the number of frames to leave out directly after this exception.
    pub(super) fn removed(&self, thrown: Option<&str>) -> usize {
        let holds = |class: &Option<String>| class.is_some() && class.as_deref() == thrown;
        if self.throws.iter().all(holds) {
            self.remove
        } else {
            0
        }
    }
}

const PREFIX: &str = "com.android.tools.r8.";
/// A comment of another id, such as a residual signature, is not read as JSON. They are most of a
/// mapping.
const NAMES: [&str; 4] = ["sourceFile", "synthesized", "outline", "rewriteFrame"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    id: String,
    file_name: Option<String>,
    #[serde(default)]
    positions: HashMap<String, serde_json::Value>,
    #[serde(default)]
    conditions: Vec<String>,
    #[serde(default)]
    actions: Vec<String>,
}

impl Comment {
    /// Reads a line that begins with `#`, after the indent.
    pub(super) fn parse(line: &str) -> Option<Comment> {
        let text = line.strip_prefix('#')?.trim();
        if !text.starts_with('{') || !NAMES.iter().any(|name| text.contains(name)) {
            return None;
        }
        let json: Json = serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(&strict(text)))
            .ok()?;
        match json.id.strip_prefix(PREFIX).unwrap_or(&json.id) {
            "sourceFile" => json.file_name.map(Comment::SourceFile),
            "synthesized" => Some(Comment::Synthesized),
            "outline" => Some(Comment::Outline),
            "outlineCallsite" => Some(Comment::OutlineCallsite(
                json.positions
                    .iter()
                    .filter_map(|(from, to)| {
                        Some((from.parse().ok()?, u32::try_from(to.as_u64()?).ok()?))
                    })
                    .collect(),
            )),
            "rewriteFrame" => Some(Comment::RewriteFrame(Rewrite {
                throws: json.conditions.iter().map(|text| throws(text)).collect(),
                remove: json.actions.iter().map(|text| removes(text)).sum(),
            })),
            _ => None,
        }
    }
}

/// Reads `throws(Ljava/lang/NullPointerException;)` as `java.lang.NullPointerException`.
fn throws(condition: &str) -> Option<String> {
    let descriptor = condition.strip_prefix("throws(L")?.strip_suffix(";)")?;
    Some(descriptor.replace('/', "."))
}

/// Reads `removeInnerFrames(2)` as 2.
fn removes(action: &str) -> usize {
    action
        .strip_prefix("removeInnerFrames(")
        .and_then(|rest| rest.strip_suffix(')'))
        .and_then(|count| count.parse::<u16>().ok())
        .map_or(0, usize::from)
}

/// Writes JSON with single quotes, or with keys without quotes, as strict JSON.
fn strict(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut quote = None;
    let mut bare = false;
    for c in text.chars() {
        if let Some(open) = quote {
            match c {
                _ if c == open => {
                    quote = None;
                    out.push('"');
                }
                '"' => out.push_str("\\\""),
                _ => out.push(c),
            }
            continue;
        }
        let word = c.is_alphabetic() || (bare && c.is_alphanumeric());
        if word != bare {
            out.push('"');
            bare = word;
        }
        match c {
            '\'' | '"' => {
                quote = Some(c);
                out.push('"');
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_read_leniently() {
        let file = |name: &str| Some(Comment::SourceFile(name.to_owned()));
        let rewrite = |throws: &[Option<&str>], remove| {
            Some(Comment::RewriteFrame(Rewrite {
                throws: throws
                    .iter()
                    .map(|class| class.map(str::to_owned))
                    .collect(),
                remove,
            }))
        };
        let callsite =
            |pairs: &[(u32, u32)]| Some(Comment::OutlineCallsite(pairs.iter().copied().collect()));
        for (line, expected) in [
            (r#"# {"id":"sourceFile","fileName":"A.kt"}"#, file("A.kt")),
            (r#"#{"fileName":"A.kt","id":"sourceFile"} "#, file("A.kt")),
            ("# {'id':'sourceFile','fileName':'A.kt'}", file("A.kt")),
            (
                "# { id: 'sourceFile', fileName: 'A\"1.kt' }",
                file("A\"1.kt"),
            ),
            (r#"# {"id":"sourceFile"}"#, None),
            (
                r#"# {"id":"com.android.tools.r8.synthesized"}"#,
                Some(Comment::Synthesized),
            ),
            (
                "# { id: 'com.android.tools.r8.outline' }",
                Some(Comment::Outline),
            ),
            (
                r#"# {"id":"com.android.tools.r8.outlineCallsite","positions":{"1":4,"x":5,"2":-1}}"#,
                callsite(&[(1, 4)]),
            ),
            (
                r#"# {"id":"com.android.tools.r8.rewriteFrame","conditions":["throws(La/b;)"],"actions":["removeInnerFrames(2)"]}"#,
                rewrite(&[Some("a.b")], 2),
            ),
            (
                r#"# {"id":"com.android.tools.r8.rewriteFrame","conditions":["other(x)"],"actions":["other(2)"]}"#,
                rewrite(&[None], 0),
            ),
            (
                r#"# {"id":"com.android.tools.r8.residualsignature","signature":"()V"}"#,
                None,
            ),
            (r#"# {"id":"com.android.tools.r8.outlineOther"}"#, None),
            (r#"# {"id":"sourceFile""#, None),
            ("# {'sourceFile", None),
            ("# compiler: R8", None),
            ("# sourceFile", None),
        ] {
            assert_eq!(Comment::parse(line), expected, "{line}");
        }
    }

    #[test]
    fn a_rule_without_a_known_condition_never_removes() {
        let rule = |throws| Rewrite { throws, remove: 1 };
        assert_eq!(rule(vec![Some("a".to_owned())]).removed(Some("a")), 1);
        assert_eq!(rule(vec![Some("a".to_owned())]).removed(Some("b")), 0);
        assert_eq!(rule(vec![Some("a".to_owned())]).removed(None), 0);
        assert_eq!(rule(vec![None]).removed(None), 0);
    }
}
