//! Fingerprint rules and an event: all ways to parse, to write and to match agree.
//!
//! The input is rules as text or as Sentry stores them, a NUL, and an event as JSON or
//! MessagePack.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ophio::fingerprints::check::{check, Severity};
use ophio::fingerprints::{
    first_match, format_rules, Event, FingerprintRules, UnknownVariable, Variables,
};

fn parsed(text: &str) -> Option<FingerprintRules> {
    let parsed = FingerprintRules::parse(text);
    let found = check(text);
    let errors = found.iter().any(|each| each.severity == Severity::Error);
    assert_eq!(errors, parsed.is_err(), "check and parse disagree");
    let (lenient, left_out) = FingerprintRules::parse_lenient(text).expect("within the limits");
    assert_eq!(left_out.is_empty(), parsed.is_ok());
    let formatted = format_rules(text);
    let Ok(rules) = parsed else {
        assert!(formatted.is_err(), "formatted what is no rule");
        return Some(lenient);
    };
    assert_eq!(lenient, rules);
    let formatted = formatted.expect("what parses can be formatted");
    assert_eq!(
        format_rules(&formatted).expect("formatted rules parse"),
        formatted,
        "formatted twice"
    );
    assert_eq!(
        FingerprintRules::parse(&formatted).as_ref().ok(),
        Some(&rules)
    );
    let printed = rules.to_text().expect("what was text can be text");
    assert_eq!(
        FingerprintRules::parse(&printed).as_ref().ok(),
        Some(&rules)
    );
    Some(rules)
}

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |&byte| byte == 0);
    let (written, event) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let from_json = FingerprintRules::from_json(written);
    let rules = match (from_json, std::str::from_utf8(written)) {
        (Ok(rules), _) => Some(rules),
        (Err(_), Ok(text)) => parsed(text),
        (Err(_), Err(_)) => None,
    };
    let Some(rules) = rules else { return };
    let stored = rules.to_json();
    let again = FingerprintRules::from_json(stored.as_bytes());
    assert_eq!(again.as_ref().ok(), Some(&rules), "stored");
    if let Ok(text) = rules.to_text() {
        let again = FingerprintRules::parse(&text);
        let mut all = again.expect("printed rules parse").rules().to_vec();
        for (rule, known) in all.iter_mut().zip(rules.rules()) {
            rule.is_builtin = known.is_builtin;
        }
        assert_eq!(all, rules.rules(), "printed");
    }

    let Ok(event) = Event::read(event) else {
        return;
    };
    let expected = first_match(rules.rules(), &event);
    // A set of its own, so that its first event has no index.
    let fresh = FingerprintRules::new(rules.rules().to_vec()).expect("within the limits");
    for found in [fresh.first_match(&event), fresh.first_match(&event)] {
        assert_eq!(found, expected, "the interpreter finds another rule");
    }
    let explained = rules.explain(&event);
    assert_eq!(explained.matched, expected, "explain finds another rule");
    for (rule, explained) in rules.rules().iter().zip(&explained.rules) {
        let alone = first_match(std::slice::from_ref(rule), &event);
        assert_eq!(explained.matches, alone.is_some());
    }
    for unknown in [UnknownVariable::Keep, UnknownVariable::Mark] {
        let found = rules.match_event(&event, unknown);
        assert_eq!(found.as_ref().map(|found| found.index), expected);
        let variables = Variables::new(&event, unknown);
        for rule in rules.rules() {
            let resolved = variables.resolve(&rule.fingerprint);
            assert_eq!(resolved.len(), rule.fingerprint.len());
            let _ = variables.expand_title(rule.title.as_deref().unwrap_or_default());
        }
    }
});
