//! CODEOWNERS beside the gitignore matcher of the crate `ignore`, on the same rules and paths.
//!
//! Prints a row for each number of rules: the rules, and the nanoseconds to parse them and to find
//! the rule for a path, for ours and for `ignore`. `benches/codeowners.py` makes the table.
//!
//! `ignore` matches a path, and then each of its parents, because a pattern for a folder is for all
//! below it. The patterns are those for which both have the same meaning, and each path must match
//! in both or in none.

use std::hint::black_box;
use std::time::Instant;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ophio::codeowners::{Codeowners, Dialect, NO_RULE};

const PATHS: usize = 2_000;
const ROUNDS: usize = 5;

/// Patterns as a large repository has them, without `*`, so that some paths have no owner.
fn patterns(count: usize) -> Vec<String> {
    let mut made = vec![
        "*.md".to_owned(),
        "docs/".to_owned(),
        "**/tests/**".to_owned(),
    ];
    made.extend((made.len()..count).map(|n| {
        let folder = format!("/src/area{}/package{n}", n % 97);
        match n % 4 {
            0 => format!("{folder}/"),
            1 => format!("{folder}/**/*.py"),
            2 => format!("{folder}/api.proto"),
            _ => format!("lib{n}/"),
        }
    }));
    made
}

/// Paths, half of which have a rule of their own.
fn paths(rules: usize) -> Vec<String> {
    let path = |n| {
        let package = n * 31 % (2 * rules);
        format!("src/area{}/package{package}/sub/file{n}.py", package % 97)
    };
    (0..PATHS).map(path).collect()
}

fn best<T>(mut call: impl FnMut() -> T) -> (f64, T) {
    let mut made = None;
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        made = Some(call());
        start.elapsed().as_nanos() as f64
    });
    let time = times.fold(f64::INFINITY, f64::min);
    (time, made.expect("there is a round"))
}

fn compiled(patterns: &[String]) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for pattern in patterns {
        builder.add_line(None, pattern).expect("valid");
    }
    builder.build().expect("valid")
}

fn main() {
    for count in [100, 1_000, 5_000] {
        let patterns = patterns(count);
        let lines: Vec<_> = patterns.iter().map(|each| format!("{each} @a\n")).collect();
        let text = lines.concat();
        let paths = paths(count);

        let parse = || Codeowners::parse(&text, Dialect::GitHub, usize::MAX).expect("valid");
        let (our_parse, file) = best(parse);
        let mut candidates = Vec::new();
        let mut find = |path: &String| {
            let mut winner = [NO_RULE];
            file.find(path.as_bytes(), &mut winner, &mut candidates);
            winner[0] != NO_RULE
        };
        let (our_find, ours) = best(|| paths.iter().map(&mut find).collect::<Vec<_>>());

        let (their_parse, matcher) = best(|| compiled(&patterns));
        let find = |path: &String| !matcher.matched_path_or_any_parents(path, false).is_none();
        let (their_find, theirs) = best(|| paths.iter().map(find).collect::<Vec<_>>());

        assert!(black_box(ours) == black_box(theirs), "other paths match");
        println!(
            "{count} {our_parse:.0} {their_parse:.0} {:.1} {:.1}",
            our_find / PATHS as f64,
            their_find / PATHS as f64
        );
    }
}
