//! Rule text: parsing, printing, checking and formatting agree about every text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ophio::enhancements::text::diagnostics::{self, Severity};
use ophio::enhancements::{format_rules, Cache, Enhancements};

fuzz_target!(|text: &str| {
    let cache = Cache::new(8);
    let parsed = Enhancements::parse(text, &cache);
    let found = diagnostics::check(text);
    let errors = found.iter().any(|each| each.severity == Severity::Error);
    assert_eq!(errors, parsed.is_err(), "check and parse disagree");
    for each in &found {
        assert!(each.column >= 1 && each.column <= each.end_column);
        assert!(each.end_column <= each.source.chars().count() + 1);
    }
    for each in diagnostics::check_profiling(text) {
        assert!(each.severity == Severity::Warning && each.column < each.end_column);
    }
    let fixed = diagnostics::fix(text);
    assert_eq!(diagnostics::fix(&fixed), fixed, "fixed twice");
    let _ = Enhancements::parse_lenient(text, &cache);
    let formatted = format_rules(text);
    let Ok(rules) = parsed else {
        assert!(formatted.is_err(), "formatted what is no rule");
        return;
    };
    let formatted = formatted.expect("what parses can be formatted");
    assert_eq!(
        format_rules(&formatted).as_ref(),
        Ok(&formatted),
        "formatted twice"
    );
    let again = Enhancements::parse(&formatted, &cache).expect("formatted rules parse");
    assert_eq!(again.rules(), rules.rules());
    let printed = rules.to_text().expect("what was text can be text");
    let again = Enhancements::parse(&printed, &cache).expect("printed rules parse");
    assert_eq!(again.rules(), rules.rules());
});
