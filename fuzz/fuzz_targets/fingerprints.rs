//! Fingerprint rules and an event, with a NUL between them: what is parsed, printed, formatted and
//! stored is the same rules, and the index finds the rule that the interpreter finds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ophio::fingerprints::{
    check, first_match, format_rules, Event, FingerprintRules, UnknownVariable,
};

fuzz_target!(|data: &[u8]| {
    let at = data.iter().position(|&byte| byte == 0);
    let (text, event) = data.split_at(at.unwrap_or(data.len()));
    let event = event.get(1..).unwrap_or_default();
    // The stored form is JSON; it can have rules that no text has.
    let stored = FingerprintRules::from_json(text);
    let Some(rules) = std::str::from_utf8(text)
        .ok()
        .and_then(parsed)
        .or(stored.ok())
    else {
        return;
    };
    let again = FingerprintRules::from_json(rules.to_json().as_bytes()).expect("stored by us");
    assert_eq!(again.rules(), rules.rules(), "stored");
    let Ok(event) = Event::read(event) else {
        return;
    };
    let found = first_match(rules.rules(), &event);
    assert_eq!(rules.first_match(&event), found, "the index");
    let explained = rules.explain(&event);
    assert_eq!(explained.matched, found, "the explanation");
    let _ = explained.to_json();
    let matched = rules.match_event(&event, UnknownVariable::Mark);
    assert_eq!(matched.map(|matched| matched.index), found);
});

fn parsed(text: &str) -> Option<FingerprintRules> {
    let parsed = FingerprintRules::parse(text);
    let _ = check::check(text);
    let formatted = format_rules(text);
    let Ok(rules) = parsed else {
        assert!(formatted.is_err(), "formatted what is not a rule");
        return None;
    };
    let formatted = formatted.expect("what parses can be formatted");
    assert_eq!(
        format_rules(&formatted).as_ref(),
        Ok(&formatted),
        "formatted twice"
    );
    let again = FingerprintRules::parse(&formatted).expect("formatted rules parse");
    assert_eq!(again.rules(), rules.rules(), "formatted");
    let printed = rules.to_text().expect("what was text can be text");
    let again = FingerprintRules::parse(&printed).expect("printed rules parse");
    assert_eq!(again.rules(), rules.rules(), "printed");
    Some(rules)
}
