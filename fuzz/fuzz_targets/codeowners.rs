//! CODEOWNERS files in both dialects, and the matcher of Sentry's ownership rules.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ophio::codeowners::{is_path_match, Codeowners, Dialect};

fuzz_target!(|case: (&str, &[u8])| {
    let (text, path) = case;
    for dialect in [Dialect::GitHub, Dialect::GitLab] {
        let Ok(file) = Codeowners::parse(text, dialect, 1 << 20) else {
            continue;
        };
        for diagnostic in file.diagnostics() {
            assert!(diagnostic.line >= 1 && diagnostic.column <= diagnostic.end_column);
        }
        let sections = file.sections().len();
        let mut winners = vec![0; sections];
        file.find(path, &mut winners, &mut Vec::new());
        for (section, &winner) in winners.iter().enumerate() {
            match file.rule_of(path, section) {
                None => assert_eq!(winner, u32::MAX),
                Some(rule) => {
                    assert_eq!(rule.section as usize, section);
                    assert_eq!(file.rules()[winner as usize].line, rule.line);
                }
            }
        }
    }
    for pattern in text.lines() {
        is_path_match(path, pattern);
    }
});
