//! Names of SDKs, normalized: what `sdk:` compares with.
//!
//! ```text
//! sentry.python.flask             sentry.python            the framework is left out
//! sentry-cocoa                    sentry.cocoa             other characters become a dot
//! sentry.native.android.flutter   sentry.native.android    native has three parts
//! sentry.javascript.react         sentry.javascript.react  javascript has all
//! sentry.electron                 sentry.javascript.electron   an older name
//! raven-js                        other                    no SDK that is listed
//! ```
//!
//! The list is that of Sentry. An SDK that is newer than it is `other`, there as well.

use crate::functions::is_word;

/// What is not listed.
pub(super) const OTHER: &str = "other";

/// Older names, and the names of today.
const SYNONYMS: [(&str, &str); 10] = [
    ("sentry.android", "sentry.native.android"),
    ("sentry.electron", "sentry.javascript.electron"),
    ("sentry.javascript.angular.ivy", "sentry.javascript.angular"),
    ("sentry.javascript.react.expo", "sentry.javascript.react"),
    (
        "sentry.javascript.react.native.expo",
        "sentry.javascript.react.native",
    ),
    ("sentry.laravel", "sentry.php.laravel"),
    ("sentry.react", "sentry.javascript.react"),
    ("sentry.symfony", "sentry.php.symfony"),
    ("sentry.unity", "sentry.native.unity"),
    ("sentrydotnet", "sentry.dotnet"),
];

/// The SDKs that have a name of their own, sorted.
pub(super) const KNOWN: [&str; 41] = [
    "sentry.cocoa",
    "sentry.dart",
    "sentry.dotnet",
    "sentry.elixir",
    "sentry.go",
    "sentry.java",
    "sentry.javascript.angular",
    "sentry.javascript.browser",
    "sentry.javascript.capacitor",
    "sentry.javascript.cordova",
    "sentry.javascript.deno",
    "sentry.javascript.electron",
    "sentry.javascript.ember",
    "sentry.javascript.gatsby",
    "sentry.javascript.miniapp",
    "sentry.javascript.nextjs",
    "sentry.javascript.node",
    "sentry.javascript.node.experimental",
    "sentry.javascript.node.hapi",
    "sentry.javascript.raycast",
    "sentry.javascript.react",
    "sentry.javascript.react.native",
    "sentry.javascript.remix",
    "sentry.javascript.serverless",
    "sentry.javascript.sfcc",
    "sentry.javascript.svelte",
    "sentry.javascript.sveltekit",
    "sentry.javascript.vue",
    "sentry.kubernetes",
    "sentry.lua",
    "sentry.native.android",
    "sentry.native.dotnet",
    "sentry.native.unity",
    "sentry.native.unreal",
    "sentry.objc",
    "sentry.perl",
    "sentry.php",
    "sentry.python",
    "sentry.ruby",
    "sentry.rust",
    "sentry.swift",
];

/// Normalizes the name of an SDK.
pub(super) fn normalize(name: &str) -> &'static str {
    let mut dotted = String::new();
    for c in name.chars() {
        // No name that is listed is as long.
        if dotted.len() > 64 {
            break;
        }
        if c != '_' && is_word(c) {
            dotted.push(c);
        } else if !dotted.ends_with('.') {
            dotted.push('.');
        }
    }
    let synonym = SYNONYMS.iter().find(|(old, _)| *old == dotted);
    let dotted = synonym.map_or(&*dotted, |(_, new)| new);
    let Some(rest) = dotted.strip_prefix("sentry.") else {
        return OTHER;
    };
    let (first, others) = rest.split_once('.').unwrap_or((rest, ""));
    let kept = match first {
        "javascript" => rest,
        "native" => {
            let second = others.split('.').next().unwrap_or_default();
            &rest[..rest.len().min(first.len() + 1 + second.len())]
        }
        _ => first,
    };
    let known = KNOWN.binary_search_by(|known| known["sentry.".len()..].cmp(kept));
    known.map_or(OTHER, |number| KNOWN[number])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalized() {
        assert!(KNOWN.is_sorted());
        for (name, expected) in [
            ("sentry.python.flask", "sentry.python"),
            ("sentry.python", "sentry.python"),
            ("sentry-cocoa", "sentry.cocoa"),
            ("sentry--cocoa_x", "sentry.cocoa"),
            ("sentry.native.android.flutter", "sentry.native.android"),
            ("sentry.native", "other"),
            ("sentry.native.x", "other"),
            ("sentry.javascript.react", "sentry.javascript.react"),
            ("sentry.javascript.react.x", "other"),
            ("sentry.electron", "sentry.javascript.electron"),
            ("sentry.symfony", "sentry.php"),
            ("SentryDotNet", "other"),
            ("sentrydotnet", "sentry.dotnet"),
            ("sentry.native.unity", "sentry.native.unity"),
            ("sentry.unity", "sentry.native.unity"),
            ("raven-js", "other"),
            ("sentry", "other"),
            ("sentry.", "other"),
            ("", "other"),
            ("sentry.python\u{b2}", "other"),
        ] {
            assert_eq!(normalize(name), expected, "{name:?}");
        }
        assert_eq!(
            normalize(&("sentry.python.".to_owned() + &"x".repeat(1 << 20))),
            "sentry.python"
        );
    }
}
