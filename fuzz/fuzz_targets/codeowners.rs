//! CODEOWNERS files in both dialects, and the matcher of Sentry's ownership rules.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ophio::codeowners::{is_path_match, Codeowners, Dialect, Owner};

fuzz_target!(|case: (&str, &[u8])| {
    let (text, path) = case;
    for dialect in [Dialect::GitHub, Dialect::GitLab] {
        let Ok(file) = Codeowners::parse(text, dialect, 1 << 20) else {
            continue;
        };
        let lines: Vec<_> = text.lines().collect();
        for diagnostic in file.diagnostics() {
            let line = lines[diagnostic.line as usize - 1].chars().count() as u32;
            assert!(diagnostic.column < diagnostic.end_column);
            // A mark of the byte order is a part of the first line here.
            assert!(diagnostic.end_column <= line + 1);
        }
        for owner in file.rules().iter().flat_map(|rule| &rule.owners) {
            assert_eq!(Owner::read(&owner.text, dialect).as_ref(), Some(owner));
            assert!(owner.text.ends_with(owner.name()) && !owner.name().is_empty());
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
        if let Ok(len) = u8::try_from(path.len()) {
            let packed = [&[0x91, 0xc4, len], path].concat();
            let matched = file.matched_packed(&packed).expect("an array of one path");
            for winner in winners.into_iter().filter(|&winner| winner != u32::MAX) {
                assert!(matched[winner as usize]);
            }
        }
    }
    for pattern in text.lines() {
        is_path_match(path, pattern);
    }
});
