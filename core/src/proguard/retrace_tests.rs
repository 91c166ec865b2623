//! What a retrace does, as a table: a mapping, a text, and the original text, for each kind.

use super::Mapper;

/// Retraces each text with its mapping and compares. `verbose` adds the types.
#[track_caller]
fn table(verbose: bool, cases: &[(&str, &str, &str, &str)]) {
    for (name, mapping, text, expected) in cases {
        let mapper = Mapper::new(mapping.to_string());
        let found = mapper.remap_stacktrace(text, verbose).unwrap();
        assert_eq!(&found, expected, "{name}");
    }
}

const CART: &str = "\
org.example.Cart -> a.b:
    1:4:void add(int):20:23 -> a
    5:5:int org.example.Stock.take(int):7:7 -> a
    5:5:void add(int):22 -> a
    void clear() -> c
org.example.Stock -> a.c:
# {\"id\":\"sourceFile\",\"fileName\":\"Stock.kt\"}
org.example.CartException -> a.d:
";

#[test]
fn frames_are_written_in_many_ways() {
    table(
        false,
        &[
            (
                "unknown source with a line",
                CART,
                "\tat a.b.a(Unknown Source:1)",
                "\tat org.example.Cart.add(Cart.java:20)",
            ),
            (
                "a line only",
                CART,
                "  at a.b.a(:2)",
                "  at org.example.Cart.add(Cart.java:21)",
            ),
            (
                "a file only",
                CART,
                "at a.b.c(SourceFile)",
                "at org.example.Cart.clear(Cart.java)",
            ),
            (
                "nothing",
                CART,
                "at a.b.c()",
                "at org.example.Cart.clear(Cart.java)",
            ),
            (
                "colons and spaces in the file",
                CART,
                "at a.b.a(:my::file (1):2)",
                "at org.example.Cart.add(Cart.java:21)",
            ),
            (
                "a module",
                CART,
                "at shop@1.2/a.b.a(X:2)",
                "at shop@1.2/org.example.Cart.add(Cart.java:21)",
            ),
            (
                "a class loader",
                CART,
                "at app//a.b.a(X:2)",
                "at app//org.example.Cart.add(Cart.java:21)",
            ),
            (
                "both",
                CART,
                "at app/shop/a.b.a(X:2)",
                "at app/shop/org.example.Cart.add(Cart.java:21)",
            ),
            (
                "a log line",
                CART,
                "E/Run( 12): at a.b.a(X:2)",
                "E/Run( 12): at org.example.Cart.add(Cart.java:21)",
            ),
            (
                "a jar",
                CART,
                "at a.b.a(X:2) ~[x.jar:?]",
                "at org.example.Cart.add(Cart.java:21) ~[x.jar:?]",
            ),
            (
                "a number that is too large",
                CART,
                "at a.b.c(X:99999999999)",
                "at org.example.Cart.clear(Cart.java:99999999999)",
            ),
            (
                "line breaks stay",
                CART,
                "a.d\r\nat a.b.a(X:2)\r\n",
                "org.example.CartException\r\nat org.example.Cart.add(Cart.java:21)\r\n",
            ),
        ],
    );
}

#[test]
fn files_are_made_from_the_class() {
    let mapping = "\
org.example.Cart$Line -> a:
    void m() -> m
org.example.ToolsKt -> b:
    void m() -> m
org.example.Named -> c:
# {'id':'sourceFile','fileName':'Other.groovy'}
    void m() -> m
Top -> d:
    void m() -> m
org.example.ComposableSingletons$ScreenKt$lambda$1 -> f:
    void m() -> m
org.example.ComposableSingletons$Screen -> g:
    void m() -> m
";
    table(
        false,
        &[
            (
                "an inner class",
                mapping,
                "at a.m(X:1)",
                "at org.example.Cart$Line.m(Cart.java:1)",
            ),
            (
                ".kt is kept",
                mapping,
                "at a.m(X.kt:1)",
                "at org.example.Cart$Line.m(Cart.kt:1)",
            ),
            (
                "other extensions are not",
                mapping,
                "at a.m(X.dummy:1)",
                "at org.example.Cart$Line.m(Cart.java:1)",
            ),
            (
                "a Kotlin file",
                mapping,
                "at b.m(X:1)",
                "at org.example.ToolsKt.m(Tools.kt:1)",
            ),
            (
                "a class of Java whose name ends like one",
                mapping,
                "at b.m(X.java:1)",
                "at org.example.ToolsKt.m(ToolsKt.java:1)",
            ),
            (
                "the file of the mapping",
                mapping,
                "at c.m(X.kt:1)",
                "at org.example.Named.m(Other.groovy:1)",
            ),
            ("no package", mapping, "at d.m(X:1)", "at Top.m(Top.java:1)"),
            (
                "a wrapper of Compose",
                mapping,
                "at f.m(SourceFile:1)",
                "at org.example.ComposableSingletons$ScreenKt$lambda$1.m(Screen.kt:1)",
            ),
            (
                "no wrapper of a file of Kotlin",
                mapping,
                "at g.m(SourceFile:1)",
                "at org.example.ComposableSingletons$Screen.m(ComposableSingletons.java:1)",
            ),
            (
                "a native method",
                mapping,
                "at a.m(Native Method)",
                "at org.example.Cart$Line.m(Native Method)",
            ),
            (
                "a class that is not in the mapping",
                mapping,
                "at e.m(X:1)",
                "at e.m(X:1)",
            ),
            (
                "line 0 is no line there, too",
                mapping,
                "at e.m(X:0)",
                "at e.m(X)",
            ),
            (
                "a method that is not",
                mapping,
                "at a.n(X:1)",
                "at org.example.Cart$Line.n(Cart.java:1)",
            ),
        ],
    );
}

#[test]
fn lines_are_those_of_the_source() {
    let mapping = "\
org.Lines -> a:
    1:3:void shifted():11:13 -> a
    4:9:void same() -> b
    10:20:void one():40:40 -> c
    21:25:void call():50 -> d
    void bare():60:60 -> e
    void zero():0:0 -> f
    1:1:void none():0:0 -> g
    5:3:void swapped():13:11 -> h
    0:65535:void all():70:70 -> i
";
    for (text, expected) in [
        ("a(:1)", "shifted(Lines.java:11)"),
        ("a(:3)", "shifted(Lines.java:13)"),
        // Outside of all ranges: the name and the line stay.
        ("a(:4)", "a(Lines.java:4)"),
        ("b(:5)", "same(Lines.java:5)"),
        ("c(:15)", "one(Lines.java:40)"),
        ("d(:25)", "call(Lines.java:50)"),
        ("e(:7)", "bare(Lines.java:60)"),
        ("e(X)", "bare(Lines.java:60)"),
        // An original line 0 is none.
        ("f(:7)", "zero(Lines.java)"),
        ("g(:1)", "none(Lines.java)"),
        ("h(:4)", "swapped(Lines.java:12)"),
        ("i(:9)", "all(Lines.java:70)"),
        ("i(X)", "all(Lines.java:70)"),
        // Without a line, the method without its line.
        ("a(X)", "shifted(Lines.java)"),
        ("a(:0)", "shifted(Lines.java)"),
    ] {
        let mapper = Mapper::new(mapping);
        let found = mapper
            .remap_stacktrace(&format!("at a.{text}"), false)
            .unwrap();
        assert_eq!(found, format!("at org.Lines.{expected}"), "{text}");
    }
}

#[test]
fn what_a_line_does_not_tell_apart_are_alternatives() {
    let methods = "\
org.Cart -> a:
    void second(int) -> a
    void first() -> a
    void first(int) -> a
    void range():42:44 -> b
    1:1:void lines():42:43 -> c
    1:1:void lines(int):50:50 -> c
    1:1:void call():9 -> d
    1:1:void org.Stock.take():7:8 -> e
    1:1:void add():20 -> e
    2:2:void org.Stock.left():5:5 -> f
    2:2:void add():20 -> f
    2:2:void org.Stock.right():6:6 -> f
    2:2:void other():21 -> f
    void main():3:3 -> g
    void main2():30:30 -> g
";
    table(
        false,
        &[
            (
                "methods of one name are sorted, and each name is printed once",
                methods,
                "  at a.a(X)\n",
                "  at org.Cart.first(Cart.java)\n  <OR> at org.Cart.second(Cart.java)\n",
            ),
            (
                "with a line that they do not have",
                methods,
                "at a.a(:3)",
                "at org.Cart.first(Cart.java:3)\n<OR> at org.Cart.second(Cart.java:3)",
            ),
            (
                "an original range",
                methods,
                "E: \tat a.b(:1)\n",
                "E: \tat org.Cart.range(Cart.java:42)\nE: \t<OR> at org.Cart.range(Cart.java:43)\nE: \t<OR> at org.Cart.range(Cart.java:44)\n",
            ),
            (
                "an original range without a line is one method",
                methods,
                "at a.b(X)",
                "at org.Cart.range(Cart.java)",
            ),
            (
                "several lines and methods",
                methods,
                "at a.c(:1)",
                "at org.Cart.lines(Cart.java:42)\n<OR> at org.Cart.lines(Cart.java:43)\n<OR> at org.Cart.lines(Cart.java:50)",
            ),
            ("one call is not ambiguous", methods, "at a.d(:1)", "at org.Cart.call(Cart.java:9)"),
            (
                "the innermost of inlined methods, with one caller",
                methods,
                "at a.e(:1)",
                "at org.Stock.take(Stock.java:7)\n<OR> at org.Stock.take(Stock.java:8)\nat org.Cart.add(Cart.java:20)",
            ),
            (
                "two inline groups",
                methods,
                "at a.f(:2)",
                "at org.Stock.left(Stock.java:5)\n<OR> at org.Stock.right(Stock.java:6)\nat org.Cart.add(Cart.java:20)\n<OR> at org.Cart.other(Cart.java:21)",
            ),
            (
                "lines of ambiguous methods are left out without a line",
                methods,
                "at a.g(X)",
                "at org.Cart.main(Cart.java)\n<OR> at org.Cart.main2(Cart.java)",
            ),
        ],
    );
    table(
        true,
        &[
            (
                "verbose: overloads differ",
                methods,
                "at a.a(X)",
                "at org.Cart.void first()(Cart.java)\n<OR> at org.Cart.void first(int)(Cart.java)\n<OR> at org.Cart.void second(int)(Cart.java)",
            ),
            (
                "verbose: lines are printed",
                methods,
                "at a.b(X)",
                "at org.Cart.void range()(Cart.java:42)\n<OR> at org.Cart.void range()(Cart.java:43)\n<OR> at org.Cart.void range()(Cart.java:44)",
            ),
            (
                "verbose: types without spaces",
                "A -> a:\n    java.util.Map get(int, java.lang.String[]) -> b\n",
                "at a.b(X)",
                "at A.java.util.Map get(int,java.lang.String[])(A.java)",
            ),
            ("verbose: a method that is not in the mapping", "A -> a:", "at a.b(X:3)", "at A.b(A.java:3)"),
        ],
    );
}

#[test]
fn the_number_of_alternatives_is_limited() {
    let mapper = Mapper::new("A -> a:\n    1:1:void m():1:4000000000 -> b\n");
    let found = mapper.remap_stacktrace("at a.b(:1)", false).unwrap();
    assert_eq!(found.lines().count(), super::frames::MAX_ALTERNATIVES);
    assert!(found.ends_with("<OR> at A.m(A.java:256)"));
}

#[test]
fn inlined_methods_are_frames() {
    let mapping = "\
org.Cart -> a:
    0:1:void add():0:0 -> a
    2:3:void org.Stock.take():7:8 -> a
    2:3:void org.Stock.next():15 -> a
    2:3:void add():20 -> a
    4:4:void org.Stock.zero():0:0 -> a
    4:4:void add():0 -> a
    1:1:void org.Stock.take():7:7 -> b
    1:1:void get():21 -> b
    0:0:void org.Stock.take():7:7 -> c
    0:0:void has():22 -> c
    1:1:void has():23:23 -> c
";
    for (text, expected) in [
        (
            "a(:3)",
            "org.Stock.take(Stock.java:8) org.Stock.next(Stock.java:15) org.Cart.add(Cart.java:20)",
        ),
        (
            "a(:4)",
            "org.Stock.zero(Stock.java) org.Cart.add(Cart.java)",
        ),
        // The preamble: the method itself, before anything that is inlined.
        ("a(X)", "org.Cart.add(Cart.java)"),
        ("a(:1)", "org.Cart.add(Cart.java)"),
        // No preamble: the outermost method.
        ("b(X)", "org.Cart.get(Cart.java)"),
        (
            "c(X)",
            "org.Stock.take(Stock.java:7) org.Cart.has(Cart.java:22)",
        ),
    ] {
        let mapper = Mapper::new(mapping);
        let found = mapper
            .remap_stacktrace(&format!("at a.{text}"), false)
            .unwrap();
        let found: Vec<_> = found.lines().map(|line| &line["at ".len()..]).collect();
        assert_eq!(found.join(" "), expected, "{text}");
    }
}

#[test]
fn comments_of_r8_change_frames() {
    let synthesized = "\
org.Cart -> a:
    1:1:void run():5:5 -> a
    # {\"id\":\"com.android.tools.r8.synthesized\"}
    2:2:void org.Cart.lambda():9:9 -> a
    2:2:void run():0 -> a
    void kept() -> b
";
    let outline = "\
# { id: 'com.android.tools.r8.mapping', version: '2.0' }
Outline -> o:
    1:2:int shared():0:0 -> a
    # { 'id':'com.android.tools.r8.outline' }
org.Cart -> b:
    4:4:int add(int):98:98 -> s
    5:5:int org.Stock.take(int):7:7 -> s
    5:5:int add(int):100 -> s
    27:27:int add(int):0:0 -> s
    # { 'id':'com.android.tools.r8.outlineCallsite', 'positions': { '1': 4, '2': 5 } }
    28:28:int add(int):101:101 -> s
";
    let rewrite = "\
org.Npe -> n:
org.Cart -> a:
    1:1:void java.util.Objects.requireNonNull(java.lang.Object):3:3 -> a
    1:1:void add(java.lang.Object):7 -> a
    # {\"id\":\"com.android.tools.r8.rewriteFrame\",\"conditions\":[\"throws(Ln;)\"],\"actions\":[\"removeInnerFrames(1)\"]}
    2:2:void add(java.lang.Object):8:8 -> a
    # {\"id\":\"com.android.tools.r8.rewriteFrame\",\"conditions\":[\"throws(Ln;)\"],\"actions\":[\"removeInnerFrames(2)\"]}
";
    let both = "at java.util.Objects.requireNonNull(Objects.java:3)\nat org.Cart.add(Cart.java:7)";
    table(
        false,
        &[
            (
                "a synthesized method is left out",
                synthesized,
                "at a.a(:1)\nat a.b(X)",
                "at org.Cart.kept(Cart.java)",
            ),
            (
                "also around what is inlined",
                synthesized,
                "at a.a(:2)",
                "at org.Cart.lambda(Cart.java:9)",
            ),
            (
                "an outline",
                outline,
                "at o.a(:1)\nat b.s(:27)\n",
                "at org.Cart.add(Cart.java:98)\n",
            ),
            (
                "an outline that calls",
                outline,
                "at o.a(:2)\nat b.s(:27)",
                "at org.Stock.take(Stock.java:7)\nat org.Cart.add(Cart.java:100)",
            ),
            (
                "an outline, and another line",
                outline,
                "at o.a(:1)\nat b.s(:28)",
                "at org.Cart.add(Cart.java:101)",
            ),
            (
                "an outline, and a line of a log before its caller",
                outline,
                "at o.a(:1)\n12:01 a log line\nat b.s(:27)",
                "12:01 a log line\nat org.Cart.add(Cart.java:98)",
            ),
            (
                "no outline",
                outline,
                "at b.s(:27)",
                "at org.Cart.add(Cart.java)",
            ),
            (
                "a rule for an exception",
                rewrite,
                "n: x\nat a.a(:1)",
                "org.Npe: x\nat org.Cart.add(Cart.java:7)",
            ),
            (
                "another exception",
                rewrite,
                "m: x\nat a.a(:1)",
                &format!("m: x\n{both}"),
            ),
            (
                "a cause",
                rewrite,
                "m: x\nCaused by: n\nat a.a(:1)",
                "m: x\nCaused by: org.Npe\nat org.Cart.add(Cart.java:7)",
            ),
            (
                "not the first frame",
                rewrite,
                "n: x\nat x.y(Z:1)\nat a.a(:1)",
                &format!("org.Npe: x\nat x.y(Z:1)\n{both}"),
            ),
            (
                "a message of two lines",
                rewrite,
                "n: x\nand so on\nat a.a(:1)",
                "org.Npe: x\nand so on\nat org.Cart.add(Cart.java:7)",
            ),
            (
                "a rule that removes too much",
                rewrite,
                "n: x\nat a.a(:2)",
                "org.Npe: x\nat org.Cart.add(Cart.java:8)",
            ),
        ],
    );
}

#[test]
fn residual_signatures_keep_a_method_together() {
    let mapping = "\
org.Builders -> m:
    1:1:void gone.Class.run(org.Scope):10:10 -> g
    2:2:void gone.Class.run(org.Scope):0:0 -> g
    2:2:void gone.Class.run(org.Scope):0 -> g
    # {'id':'com.android.tools.r8.residualsignature', 'signature':'(LX;)V'}
    3:3:void gone.Class.run(org.Scope):30:30 -> g
";
    table(
        true,
        &[(
            "one method",
            mapping,
            "at m.g(X)",
            "at gone.Class.void run(org.Scope)(Class.java)",
        )],
    );
}

#[test]
fn exceptions_are_renamed_where_r8_renames_them() {
    for (text, expected) in [
        ("a.d", "org.example.CartException"),
        ("a.d: full", "org.example.CartException: full"),
        ("a.d: a.b: full", "org.example.CartException: a.b: full"),
        (
            "Caused by: a.d: full",
            "Caused by: org.example.CartException: full",
        ),
        (
            "\tSuppressed: a.d: it is full",
            "\tSuppressed: org.example.CartException: it is full",
        ),
        (
            "Exception in thread \"main\" a.d: full",
            "Exception in thread \"main\" org.example.CartException: full",
        ),
        (
            "12:01 E Tag: a.d: it is full",
            "12:01 E Tag: org.example.CartException: it is full",
        ),
        (
            "[CIRCULAR REFERENCE: a.d]",
            "[CIRCULAR REFERENCE: org.example.CartException]",
        ),
        ("x.y: cannot cast a.b to a.c", "x.y: cannot cast a.b to a.c"),
        ("... 7 more", "... 7 more"),
        ("it is in a.b", "it is in a.b"),
        // Two colons belong to another language.
        (
            "a.d: it failed: a.b::FULL",
            "org.example.CartException: it failed: a.b::FULL",
        ),
        ("12:01 E Tag: a.b::FULL", "12:01 E Tag: a.b::FULL"),
        ("", ""),
    ] {
        assert_eq!(
            Mapper::new(CART).remap_stacktrace(text, false).unwrap(),
            expected
        );
    }
}

#[test]
fn an_identity_mapping_changes_files_only() {
    let mapping = "\
org.Cart -> org.Cart:
    1:9:void add():1:9 -> add
    void clear() -> clear
";
    let text = "org.Cart: x\n\tat org.Cart.add(SourceFile:7)\n\tat org.Cart.clear(SourceFile:70)\n\tat x.Y.z(SourceFile:9)\n";
    let expected = text.replacen("SourceFile", "Cart.java", 2);
    assert_eq!(
        Mapper::new(mapping).remap_stacktrace(text, false).unwrap(),
        expected
    );
}

#[test]
fn classes_of_several_mappings_are_joined() {
    let mapping = "A -> a:\n    void one() -> a\nB -> b:\nA -> a:\n    void two() -> b\n";
    table(
        false,
        &[(
            "both",
            mapping,
            "at a.a(X)\nat a.b(X)",
            "at A.one(A.java)\nat A.two(A.java)",
        )],
    );
}

#[test]
fn alternatives_are_lists() {
    let mapper = Mapper::new("A -> a:\n    void two() -> a\n    void one() -> a\n");
    let mut lines = Vec::new();
    mapper
        .retrace("x\nat a.a(X:3)", false, |line| {
            let alternatives: Vec<Vec<String>> = line
                .alternatives()
                .map(|frames| frames.map(|frame| format!("{frame:?}")).collect())
                .collect();
            assert_eq!(line.len(), alternatives.len());
            lines.push((line.line().to_owned(), alternatives));
        })
        .unwrap();
    let frame = |name| {
        format!("RetracedFrame {{ class: \"A\", method: \"{name}\", file: \"A.java\", line: 3 }}")
    };
    assert_eq!(lines[0], ("x\n".to_owned(), vec![]));
    assert_eq!(lines[1].1, [[frame("one")], [frame("two")]]);
}

/// Bytes that end inside of a character, or are none.
#[test]
fn hostile_mappings_and_texts_are_only_text() {
    for mapping in [
        &b"A -> a:\n    void \xff() -> b\n"[..],
        b"\xff",
        b" -> :",
        b"a -> :\n ( -> \n (a -> b\n",
    ] {
        let mapper = Mapper::new(mapping.to_vec());
        for text in [
            "at a.b(X)",
            "at .b(X)",
            "at a.(X)",
            "at (",
            ": :",
            "\u{301}at \u{301}.x()",
        ] {
            mapper.remap_stacktrace(text, true).unwrap();
        }
    }
}

/// Mappings and texts of the words that have a meaning, in any order.
#[test]
fn any_mapping_retraces_any_text() {
    const WORDS: [&str; 44] = [
        "\n", "\n    ", "a", "b", "A", "A$B", "B", "<init>", " -> ", ":", ":\n", ".", "1", "2:2:",
        "0", "1:3:", "0:0:", "4294967295", "(", ")", "(int)", "void ", "int ", "at ", "\tat ",
        "a.b(X:1)", "a.a(:2)", "a.b()", "\nat a.a(:1)\nat b.b(X)", "A -> a:\n", "B -> b:\n",
        "    void m():1:3 -> a\n", "    1:1:void B.n():5:5 -> a\n    1:1:void m():9 -> a\n",
        "    0:65535:int k():7:7 -> b\n", "    void k() -> b\n", "Caused by: ", "\"", " ~[x]", "é",
        "# {'id':'com.android.tools.r8.synthesized'}\n",
        "# {'id':'com.android.tools.r8.outline'}\n",
        "# {'id':'com.android.tools.r8.outlineCallsite','positions':{'1':2,'2':1}}\n",
        "# {'id':'com.android.tools.r8.rewriteFrame','conditions':['throws(La;)'],'actions':['removeInnerFrames(1)']}\n",
        "# {'id':'sourceFile','fileName':'X.kt'}\n",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    let mut words = |most| -> String {
        let count = random.usize(..most);
        (0..count)
            .map(|_| WORDS[random.usize(..WORDS.len())])
            .collect()
    };
    let mut several = 0;
    for _ in 0..4_000 {
        let mapper = Mapper::new(format!("A -> a:\n{}", words(24)));
        let text = words(24);
        for verbose in [false, true] {
            let (mut given, mut printed) = (String::new(), String::new());
            mapper
                .retrace(&text, verbose, |line| {
                    given.push_str(line.line());
                    line.print(&mut printed);
                    assert!(line.alternatives().all(|frames| frames.len() > 0));
                    several += usize::from(line.len() > 1);
                })
                .unwrap();
            assert_eq!(given, text);
            assert_eq!(printed, mapper.remap_stacktrace(&text, verbose).unwrap());
        }
    }
    assert!(several > 100, "{several}");
}
