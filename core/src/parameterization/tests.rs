//! Tests of whole lists.

use std::borrow::Cow;

use super::compile::Tuning;
use super::search::Search;
use super::*;
use crate::testing::{at_least, slow_cases, Random};

fn patterns(regexes: &[&str]) -> Vec<Pattern> {
    let numbered = regexes.iter().enumerate();
    numbered
        .map(|(number, regex)| Pattern::new(format!("p{number}"), (*regex).to_owned()))
        .collect()
}

fn compile(regexes: &[&str]) -> Parameterizer {
    Parameterizer::new(&patterns(regexes), None, Limits::default()).unwrap()
}

fn defaults() -> Parameterizer {
    Parameterizer::new(&default_patterns(), None, Limits::default()).unwrap()
}

/// What Python's `re.sub` returned for the patterns joined by `|`.
#[test]
fn replacements_are_those_of_python() {
    let rows: &[(&[&str], &str, &str)] = &[
        // The leftmost match, then the first in the list, even if it is shorter.
        (&["b+", "ab"], "abb", "<p1><p0>"),
        (&["a", "ab"], "ab", "<p0>b"),
        (&["ab?", "b"], "abb", "<p0><p1>"),
        // Each regex takes what it tries first.
        (&["a|ab"], "ab", "<p0>b"),
        (&["a+?"], "aaa", "<p0><p0><p0>"),
        (&["(?:a|ab)(?:c|bcd)(?:d*)"], "abcd", "<p0>"),
        // Empty matches.
        (&["x*"], "abxd", "<p0>a<p0>b<p0><p0>d<p0>"),
        (&["|a"], "a", "<p0><p0><p0>"),
        (&["", "a"], "aa", "<p0><p1><p0><p1><p0>"),
        (&["(|a)*"], "aa", "<p0><p0><p0><p0><p0>"),
        (&["(a|b*)*"], "abb", "<p0><p0>"),
        (&["(?:a?){2,3}?"], "aaa", "<p0><p0><p0>"),
        // Look-around.
        (&[r"(?<![0-9])\d{2}(?!\d)"], "12 123 45", "<p0> 123 <p0>"),
        (&["(?<=ab|cd)x"], "abx cdx bdx", "ab<p0> cd<p0> bdx"),
        (&["(?<!ab)x"], "x abx bx", "<p0> abx b<p0>"),
        (&["(?=[a-f]*[0-9])[0-9a-f]+"], "abc ab1", "abc <p0>"),
        (&["a(?=b(?!c))"], "abc abd ab", "abc <p0>bd <p0>b"),
        (&["(?!(?=a)ab).."], "abba", "a<p0>a"),
        (
            &[r"\bfoo\b", r"\Boo"],
            "foo xfoo foox",
            "<p0> xf<p1> f<p1>x",
        ),
        (&[r"\B"], "", ""),
        (&["^a", "a$"], "aba\n", "<p0>b<p1>\n"),
        (&["(?m:^a$)"], "a\na\nab", "<p0>\n<p0>\nab"),
        (&[r"\Aa|a\Z"], "aa\naa", "<p0>a\na<p0>"),
        // Unicode.
        (&[r"\w+", r"\d"], "é٣ a\u{301}", "<p0> <p0>\u{301}"),
        (&[r"\s"], "a\u{1c}b\u{2003}c", "a<p0>b<p0>c"),
        (&["(?i:ki)"], "\u{212a}İ kı KI", "<p0> <p0> <p0>"),
        (&["(?ia:k)"], "\u{212a}kK", "\u{212a}<p0><p0>"),
        // What backtracks, and possessive loops that need not.
        (&["(?>a+b|a)b"], "abb ab", "<p0> ab"),
        (&["a++b", "a{1,2}+a"], "aab aaa aa", "<p0> <p1> aa"),
        (&["(?:ab|a){2}+b"], "ababb aab", "<p0> aab"),
        (&[r"(?<=\bx)y"], "xy axy", "x<p0> axy"),
        (&["b", "(?>a|ab)", "a"], "aab", "<p1><p1><p0>"),
    ];
    for (regexes, text, expected) in rows {
        let found = compile(regexes);
        assert_eq!(found.parameterize(text).unwrap(), *expected, "{regexes:?}");
    }
}

#[test]
fn only_what_needs_it_backtracks() {
    let rows = [
        ("(a*)*b", true),
        (r"(?<![a-z])\b(?=[a-f]*[0-9])x$", true),
        ("(?<=abc|[0-9]{3})x", true),
        ("a++", true),
        ("a{2,5}+", true),
        ("(?>abc)", true),
        ("(?>a|ab)", false),
        ("(?:ab?)++", false),
        (r"(?<=\ba)x", false),
    ];
    for (regex, linear) in rows {
        assert_eq!(compile(&[regex]).is_linear(0), linear, "{regex}");
    }
}

#[test]
fn invalid_lists_are_rejected() {
    let new = |patterns: &[Pattern]| Parameterizer::new(patterns, None, Limits::default());
    let rows = [
        ("a-b", "a", "pattern \"a-b\": the name is not an identifier"),
        ("x", "a", "pattern \"x\": a pattern before has this name"),
        (
            "y",
            "a(",
            "pattern \"y\": missing ), unterminated subpattern at position 1",
        ),
        (
            "y",
            "(?:(?:a{99}){99}){99}",
            "pattern \"y\": it compiles to more than 50000 operations",
        ),
    ];
    for (name, regex, message) in rows {
        let fault = new(&[Pattern::new("x", "a"), Pattern::new(name, regex)]).unwrap_err();
        assert_eq!((fault.pattern(), fault.name()), (1, name));
        assert_eq!(fault.to_string(), message);
    }
    let long = "a".repeat(20_000);
    let fault = new(&[Pattern::new("x", long)]).unwrap_err();
    assert_eq!(
        fault.message(),
        "the regex has 20000 bytes, the limit is 16384"
    );
    let fault = Parameterizer::new(&patterns(&["a"]), Some(&["q"]), Limits::default());
    assert_eq!(fault.unwrap_err().name(), "q");
}

#[test]
fn hostile_regexes_compile_or_are_rejected() {
    let nested = |open: &str, body: &str, close: &str, depth| {
        [open.repeat(depth), body.to_owned(), close.repeat(depth)].concat()
    };
    let rows = [
        nested("(", "a", ")", 99),
        nested("(", "a", ")*", 99),
        nested("(?:", "a?", "){0,9}", 99),
        nested("(?>", "a|b", "|)+", 90),
        nested("(?=", "a", ")", 99),
        nested("(?!", "a", ".)", 99),
        "(?:){4000000000}".to_owned(),
        "(?:(?=a)){4000000000}".to_owned(),
        r"\w\b".repeat(4000),
        "(?i:[^a])".repeat(1000),
        "(?<=ab)".repeat(2000),
        "a?".repeat(5000) + &"a".repeat(5000),
        (0..800)
            .map(|it| format!("[{}-\u{ffff}]", char::from_u32(it * 7 + 200).unwrap()))
            .collect(),
    ];
    for regex in rows {
        let compiled = Parameterizer::new(&patterns(&[&regex]), None, Limits::default());
        if let Ok(compiled) = compiled {
            let _ = compiled.parameterize(&"aab é".repeat(20));
        }
    }
}

#[test]
fn too_many_steps_are_an_error() {
    let stuck = compile(&["(?>(?:a|aa)+)(?:b)", "(?>(?:a*)*c|(?:a|aa)+b)"]);
    let limits = Limits {
        steps: 1000,
        steps_per_byte: 10,
        text_bytes: Some(100),
        ..Limits::default()
    };
    let few = Parameterizer::new(stuck.patterns(), None, limits).unwrap();
    assert_eq!(few.parameterize("xab").unwrap(), "x<p0>");
    let error = few.parameterize(&("a".repeat(58) + "-b")).unwrap_err();
    let message = "pattern \"p1\" took more than 1600 steps, at byte ";
    assert!(error.to_string().starts_with(message), "{error}");
    let error = few.find(&"b".repeat(101)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the text has 101 bytes, the limit `text_bytes` is 100"
    );
}

#[test]
fn only_keeps_the_order_of_the_list() {
    let only = ["int", "hex"];
    let some = Parameterizer::new(&default_patterns(), Some(&only), Limits::default());
    let some = some.unwrap();
    let names: Vec<_> = some.patterns().iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["hex", "int"]);
    assert_eq!(
        some.parameterize("1 0x1 a@b.com").unwrap(),
        "<int> <hex> a@b.com"
    );
    assert_eq!(some.counts("1 2 0x1").unwrap(), [1, 2]);
    let none = Parameterizer::new(&[], None, Limits::default()).unwrap();
    assert_eq!(none.parameterize("1 2").unwrap(), "1 2");
}

#[test]
fn matches_are_in_bytes_or_characters() {
    let numbers = compile(&[r"\d+"]);
    let text = "é 12 ü٣é 4";
    let mut found = numbers.find(text).unwrap();
    let spans = |found: &[Match]| {
        found
            .iter()
            .map(|it| (it.start, it.end))
            .collect::<Vec<_>>()
    };
    assert_eq!(spans(&found), [(3, 5), (8, 10), (13, 14)]);
    to_characters(text, &mut found);
    assert_eq!(spans(&found), [(2, 4), (6, 7), (9, 10)]);
    let mut count = 0;
    let replaced = numbers.parameterize_with(text, |_| count += 1, |it| it.map(str::to_owned));
    let expected = "é <p0> ü<p0>é <p0>".to_owned();
    assert_eq!((replaced.unwrap(), count), (Some(expected), 3));
    assert!(matches!(
        numbers.parameterize("none"),
        Ok(Cow::Borrowed("none"))
    ));
}

#[test]
fn threads_share_a_list() {
    let defaults = defaults();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..200 {
                    let text = format!("took {number}ms at 0x{number:x}, id={number}");
                    let found = defaults.parameterize(&text).unwrap();
                    assert_eq!(found, "took <duration> at <hex>, id=<int>");
                }
            });
        }
    });
}

/// Regexes with each construct, and texts over their characters.
struct Source(Random);

impl Source {
    fn regex(&mut self, depth: usize) -> String {
        let count = 1 + self.0 .0.usize(..3);
        let mut regex = String::new();
        for _ in 0..count {
            regex += &self.part(depth);
            if self.0.one_in(4) {
                regex += *self
                    .0
                    .pick(&["*", "+", "?", "*?", "{1,2}", "{2}", "++", "?+"]);
            }
            if self.0.one_in(6) {
                regex.push('|');
            }
        }
        regex
    }

    fn part(&mut self, depth: usize) -> String {
        let leaves = [
            "a", "b", "1", "-", "é", r"\n", ".", r"\d", r"\w", r"\W", "[ab]", "[^a]", r"[\d-]",
        ];
        if depth == 0 || !self.0.one_in(3) {
            return (*self.0.pick(&leaves)).to_owned();
        }
        let groups = [
            "(", "(?:", "(?=", "(?!", "(?i:", "(?>", "(?s:", r"(?:^|", r"(?:\b", r"(?:\B", "(?:$|",
        ];
        let behind = [
            "(?<=a)",
            "(?<!1)",
            "(?<=ab)",
            "(?<![ab]1)",
            r"(?<=\Wa)",
            r"(?<=\ba)",
        ];
        if self.0.one_in(4) {
            return format!("(?:{}{})", self.0.pick(&behind), self.part(depth - 1));
        }
        format!("{}{})", self.0.pick(&groups), self.regex(depth - 1))
    }

    fn text(&mut self) -> String {
        let pieces = ["a", "b", "1", "-", "é", "\n", "A", "ab", "a1", "aaa", "😀"];
        self.0.concat(&pieces, 40)
    }
}

/// The automaton and the matcher that backtracks have only the graph in common. Small blocks
/// and few states test what happens at the ends of blocks.
#[test]
fn the_search_agrees_with_the_matcher_that_backtracks() {
    let mut source = Source(Random::new(12));
    let mut compared = 0;
    for _ in 0..slow_cases(500) {
        let regexes: Vec<String> = (0..2).map(|_| source.regex(2)).collect();
        let regexes: Vec<&str> = regexes.iter().map(|it| &**it).collect();
        let list = patterns(&regexes);
        let Ok(fast) = Parameterizer::new(&list, None, Limits::default()) else {
            continue;
        };
        let build = |limits, max_block, all_backtrack| {
            let tuning = Tuning {
                max_block,
                all_backtrack,
            };
            Parameterizer::tuned(&list, None, limits, tuning).unwrap()
        };
        let limits = Limits {
            state_bytes: 1000,
            ..Limits::default()
        };
        let few = Limits {
            steps: 20_000,
            ..Limits::default()
        };
        let slow = build(few, None, true);
        let blocks = build(limits, Some(7), false);
        for _ in 0..5 {
            let text = source.text();
            let expected = slow.find(&text);
            if expected.is_err() {
                continue;
            }
            assert_eq!(fast.find(&text), expected, "{regexes:?} {text:?}");
            assert_eq!(blocks.find(&text), expected, "{regexes:?} {text:?}");
            compared += 1;
        }
    }
    assert!(compared > at_least(500), "{compared}");
}

/// Each byte is read at most twice, whatever the text is.
#[test]
fn no_text_is_read_again_and_again() {
    let defaults = defaults();
    let mut texts: Vec<String> = vec!["a.".repeat(50_000), "1".repeat(100_000)];
    for examples in EXAMPLES {
        let example = examples.matching[0];
        let prefixes: String = example.char_indices().map(|it| &example[..it.0]).collect();
        texts.push(prefixes.repeat(100_000 / prefixes.len().max(1)));
    }
    for text in texts {
        let mut scratch = defaults.pool.get();
        let mut search = Search::new(&defaults.engine, &text, &mut scratch, 0);
        let mut consumed = 0;
        while let Ok(Some(found)) = search.next() {
            consumed += found.end - found.start;
        }
        assert!(search.read <= 2 * text.len(), "{}", &text[..50]);
        assert!(consumed <= text.len());
    }
}
