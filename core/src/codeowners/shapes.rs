//! Files of the shapes that large public repositories have, compared with the interpreter.
//!
//! The files are made, not copied: thousands of folders of a monorepo, teams of an organization,
//! names of Next.js, sections of GitLab, comments, columns, CRLF. Each line is made together with the
//! rule that it means, so a second parser is not needed. For each path and section the rule that
//! wins must be the one that the interpreter finds by trying all rules.

use super::dialect::Dialect::{self, GitHub, GitLab};
use super::interpreter;
use super::{Codeowners, Severity, NO_RULE};
use crate::testing::{slow_cases, Random};

/// What patterns are like.
#[derive(Clone, Copy)]
enum Kind {
    /// `/src/area7/package31/`
    Folder,
    /// `/src/area7/README.md`
    File,
    /// `src/area7/tests/` without a slash before it
    Relative,
    /// `/src`, `/src/area7`, `/src/area7/package31`: each within the one before
    Nested,
    /// `/docs/*`
    Direct,
    /// `*.py`, `/src/**/*.py`
    Extension,
    /// `**/tests/**`, `/src/**/api/`
    Globstar,
    /// `node_modules/`, `Makefile`
    Anywhere,
    /// `/design\ docs/`
    Spaces,
    /// `/app/[slug]/page.tsx`, quoted or not
    Brackets,
    /// `/дизайн/`
    Unicode,
    /// `lib?-*-test*.so`
    Wild,
    /// `/.github/workflows/*.yml`
    Hidden,
    /// twenty folders
    Deep,
    /// `*`
    All,
    /// `/src/[a-m]*.rb`, of GitLab
    Class,
    /// `\#notes`, of GitLab
    Hash,
}

/// What else is in a file.
#[derive(Clone, Copy, PartialEq)]
enum Extra {
    Comments,
    InlineComments,
    GluedComments,
    Crlf,
    Mark,
    Columns,
    NoLastBreak,
    Cleared,
    ManyOwners,
    NoOwnersAtAll,
    Invalid,
    Sections,
    Headings,
    SameSections,
    Exclusions,
    NestedGroups,
}

use Extra::*;
use Kind::*;

/// A name, the host, the number of rules, the kinds of patterns, and what else is in the file.
type Shape = (
    &'static str,
    Dialect,
    usize,
    &'static [Kind],
    &'static [Extra],
);

const SHAPES: &[Shape] = &[
    ("folders of a monorepo", GitHub, 5_000, &[Folder], &[]),
    (
        "folders and files",
        GitHub,
        3_000,
        &[Folder, File],
        &[Comments],
    ),
    ("a line for each file", GitHub, 4_000, &[File], &[]),
    ("nested folders", GitHub, 1_000, &[Nested], &[]),
    (
        "nested folders, cleared",
        GitHub,
        1_000,
        &[Nested],
        &[Cleared],
    ),
    (
        "a default and teams",
        GitHub,
        500,
        &[All, Folder, Folder, Folder],
        &[],
    ),
    ("extensions", GitHub, 200, &[Extension], &[InlineComments]),
    (
        "extensions in folders",
        GitHub,
        1_000,
        &[Extension, Folder],
        &[],
    ),
    ("any depth", GitHub, 500, &[Globstar], &[]),
    (
        "any depth, in folders",
        GitHub,
        2_000,
        &[Globstar, Folder, File],
        &[Comments],
    ),
    ("names anywhere", GitHub, 300, &[Anywhere], &[]),
    ("relative folders", GitHub, 1_000, &[Relative], &[Columns]),
    ("files directly inside", GitHub, 500, &[Direct, Folder], &[]),
    ("spaces", GitHub, 300, &[Spaces, Folder], &[]),
    ("Next.js", GitHub, 500, &[Brackets, Folder], &[]),
    (
        "Next.js, all of it",
        GitHub,
        300,
        &[Brackets],
        &[InlineComments, Crlf],
    ),
    ("other alphabets", GitHub, 300, &[Unicode, Folder], &[Mark]),
    ("wildcards in names", GitHub, 500, &[Wild, Folder], &[]),
    ("hidden folders", GitHub, 200, &[Hidden, All], &[]),
    ("deep folders", GitHub, 500, &[Deep, Nested], &[]),
    (
        "comments everywhere",
        GitHub,
        500,
        &[Folder, Extension],
        &[Comments, InlineComments],
    ),
    (
        "comments without a space",
        GitHub,
        300,
        &[Folder],
        &[GluedComments],
    ),
    ("CRLF", GitHub, 500, &[Folder, File], &[Crlf, Comments]),
    (
        "a mark of the byte order",
        GitHub,
        100,
        &[Folder],
        &[Mark, Crlf],
    ),
    (
        "columns of tabs and spaces",
        GitHub,
        500,
        &[Folder, Extension],
        &[Columns],
    ),
    (
        "no last line break",
        GitHub,
        50,
        &[Folder, All],
        &[NoLastBreak],
    ),
    ("thirty owners", GitHub, 200, &[Folder], &[ManyOwners]),
    (
        "paths without owners",
        GitHub,
        300,
        &[Nested, Extension],
        &[NoOwnersAtAll],
    ),
    (
        "invalid lines",
        GitHub,
        500,
        &[Folder, Extension],
        &[Invalid, Comments],
    ),
    (
        "all of it",
        GitHub,
        2_000,
        &[
            Folder, File, Nested, Extension, Globstar, Anywhere, Spaces, Brackets, Wild, All,
        ],
        &[
            Comments,
            InlineComments,
            Columns,
            Cleared,
            Invalid,
            Crlf,
            Mark,
        ],
    ),
    ("no sections", GitLab, 1_000, &[Folder, Relative], &[]),
    ("sections", GitLab, 500, &[Folder, Extension], &[Sections]),
    (
        "sections with default owners",
        GitLab,
        500,
        &[Nested, Anywhere],
        &[Sections, Headings],
    ),
    (
        "two hundred sections",
        GitLab,
        2_000,
        &[Folder, File],
        &[Sections, Headings, Comments],
    ),
    (
        "sections with the same name",
        GitLab,
        500,
        &[Nested, Extension],
        &[Sections, SameSections],
    ),
    (
        "exclusions",
        GitLab,
        500,
        &[Nested, Extension, All],
        &[Sections, Exclusions],
    ),
    (
        "nested groups and roles",
        GitLab,
        300,
        &[Folder],
        &[Sections, NestedGroups, ManyOwners],
    ),
    (
        "character ranges",
        GitLab,
        300,
        &[Class, Folder],
        &[Sections],
    ),
    (
        "GitLab, quoted",
        GitLab,
        300,
        &[Spaces, Hash],
        &[Sections, InlineComments],
    ),
    (
        "GitLab, any depth",
        GitLab,
        500,
        &[Globstar, Direct, Wild],
        &[Sections],
    ),
    (
        "GitLab, CRLF",
        GitLab,
        300,
        &[Folder, Extension],
        &[Sections, Headings, Crlf, Mark],
    ),
    (
        "GitLab, all of it",
        GitLab,
        2_000,
        &[
            Folder, Relative, Nested, Direct, Extension, Globstar, Anywhere, Spaces, Unicode, Wild,
            Hidden, Deep, All, Class, Hash,
        ],
        &[
            Sections,
            Headings,
            SameSections,
            Exclusions,
            NestedGroups,
            Comments,
            InlineComments,
            Columns,
            Cleared,
        ],
    ),
];

/// A rule as it is meant.
struct Meant {
    line: u32,
    pattern: String,
    owners: Vec<String>,
    section: usize,
    excludes: bool,
}

fn pattern(random: &mut Random, kind: Kind, n: usize) -> String {
    const NAMES: [&str; 8] = ["api", "web", "core", "tests", "docs", "build", "a-b", "x_y"];
    const FILES: [&str; 5] = ["README.md", "main.rs", "index.js", "a.test.py", "Makefile"];
    const EXTENSIONS: [&str; 5] = [".py", ".rs", ".js", ".test.js", ".md"];
    let area = n % 37;
    let name = *random.pick(&NAMES);
    let file = *random.pick(&FILES);
    let extension = *random.pick(&EXTENSIONS);
    match kind {
        Folder => format!("/src/area{area}/package{n}/"),
        File => format!("/src/area{area}/{name}/{file}"),
        Relative => format!("src/area{area}/{name}/"),
        Nested => {
            let folder = ["/src", "/area1", "/api", "/v2", "/x"][..1 + n % 5].concat();
            folder + if random.one_in(2) { "/" } else { "" }
        }
        Direct => format!("/src/area{area}/*"),
        Extension => match n % 3 {
            0 => format!("*{extension}"),
            1 => format!("/src/**/*{extension}"),
            _ => format!("/src/area{area}/*{extension}"),
        },
        Globstar => match n % 4 {
            0 => format!("**/{name}/**"),
            1 => format!("/src/**/{name}/"),
            2 => format!("**/{file}"),
            _ => format!("/src/area{area}/**/{name}/**/{file}"),
        },
        Anywhere => match n % 2 {
            0 => format!("{name}/"),
            _ => file.to_owned(),
        },
        Spaces => format!(r"/design\ docs/area\ {area}/{name}\ {n}{extension}"),
        Brackets => match n % 5 {
            0 => format!("/app/[slug]/area{area}/page.tsx"),
            1 => format!("/app/[[...path]]/{name}/"),
            2 => format!(r"/app/\[id\]/{name}/"),
            3 => format!("[id]{extension}"),
            _ => format!("/app/[a-z]/*{extension}"),
        },
        Unicode => format!("/дизайн/é{area}/日本{n}/"),
        Wild => format!("/lib/lib?-*-{name}*.so"),
        Hidden => format!("/.{name}/workflows/*.yml"),
        Deep => format!("{}/package{n}/", "/src/area1".repeat(1 + n % 10)),
        All => "*".to_owned(),
        Class => match n % 3 {
            0 => format!("/src/area{area}/[a-m]*{extension}"),
            1 => format!("[!a-mz]*{extension}"),
            _ => format!("/src/area[0-3]/{name}/"),
        },
        Hash => format!(r"\#{name}/area{area}"),
    }
}

/// Returns a path that probably matches a pattern.
fn path_for(random: &mut Random, pattern: &str) -> String {
    let mut path = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => path.extend(chars.next()),
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                path += *random.pick(&["x", "api/v2", "tests"]);
            }
            '*' => path += *random.pick(&["", "x", "index", "b.test"]),
            '?' => path.push('q'),
            '!' if path.is_empty() => {}
            c => path.push(c),
        }
    }
    if random.one_in(4) {
        path = path
            .replace("[slug]", "s")
            .replace("[a-m]", "k")
            .replace("[!a-mz]", "q");
        path = path.replace("[0-3]", "2");
    }
    if path.is_empty() || path.ends_with('/') || random.one_in(3) {
        path += *random.pick(&["main.rs", "/index.js", "/api/v2/README.md", "x"]);
    }
    if random.one_in(5) {
        path = format!("{}/{path}", random.pick(&["src", "x/y", "docs"]));
    }
    if random.one_in(6) {
        path = path.replace("area1", "area2");
    }
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.join("/")
}

fn owners(random: &mut Random, n: usize, extras: &[Extra]) -> Vec<String> {
    if extras.contains(&Cleared) && random.one_in(5)
        || extras.contains(&NoOwnersAtAll) && random.one_in(2)
    {
        return Vec::new();
    }
    let count = if extras.contains(&ManyOwners) {
        30
    } else {
        1 + n % 3
    };
    (0..count)
        .map(|at| match (n + at) % 6 {
            0 => format!("@user{n}"),
            1 => format!("team{at}@example.org"),
            2 if extras.contains(&NestedGroups) => format!("@shop/web/ui/team-{at}"),
            3 if extras.contains(&NestedGroups) => "@@maintainers".to_owned(),
            _ => format!("@shop/team_{n}"),
        })
        .collect()
}

/// Makes a file: its text, the rules that it means, and the number of lines that are skipped.
fn make(random: &mut Random, shape: &Shape) -> (String, Vec<Meant>, usize) {
    let &(_, _, rules, kinds, extras) = shape;
    let has = |extra| extras.contains(&extra);
    let mut lines = Vec::new();
    let mut meant: Vec<Meant> = Vec::new();
    let mut names = vec![String::new()];
    let (mut section, mut defaults, mut skipped) = (0, Vec::new(), 0);
    for n in 0..rules {
        if has(Comments) && random.one_in(6) {
            lines.push(String::new());
            lines.push("  # --- [not a section] @nobody *.py ---".to_owned());
        }
        if has(Invalid) && random.one_in(10) {
            lines.push(
                (*random.pick(&["!*.py @a", "*.py nobody", r"\#x @a", "***/x @a"])).to_owned(),
            );
            skipped += 1;
        }
        if has(Sections) && random.one_in(10) {
            let number = if has(SameSections) {
                n % 5
            } else {
                names.len()
            };
            let name = format!("Section {number}");
            let written = if random.one_in(2) {
                name.to_uppercase()
            } else {
                name.clone()
            };
            let start = if random.one_in(3) { "^" } else { "" };
            let approvals = if random.one_in(3) { "[2]" } else { "" };
            defaults = if has(Headings) {
                owners(random, n, &[])
            } else {
                Vec::new()
            };
            lines.push(format!(
                "{start}[{written}]{approvals} {}",
                defaults.join(" ")
            ));
            section = names
                .iter()
                .position(|each| *each == name)
                .unwrap_or(names.len());
            if section == names.len() {
                names.push(name);
            }
        }
        let kind = *random.pick(kinds);
        let excludes = has(Exclusions) && random.one_in(10);
        let pattern = pattern(random, kind, n);
        let mut own = owners(random, n, extras);
        if excludes || has(Headings) && random.one_in(3) {
            own.clear();
        }
        let space = if has(Columns) {
            *random.pick(&["\t", "     ", " \t "])
        } else {
            " "
        };
        let mark = if excludes { "!" } else { "" };
        let mut line = format!("{mark}{pattern}{space}{}", own.join(space));
        if has(GluedComments) && !own.is_empty() && random.one_in(3) {
            line += "#x @nobody";
        } else if has(InlineComments) && random.one_in(3) {
            line += " # [x] @nobody";
        }
        if has(Columns) && random.one_in(4) {
            line = format!("  {line}  ");
        }
        lines.push(line);
        if own.is_empty() && !excludes {
            own.clone_from(&defaults);
        }
        meant.push(Meant {
            line: lines.len() as u32,
            pattern,
            owners: own,
            section,
            excludes,
        });
    }
    let mut text = lines.join(if has(Crlf) { "\r\n" } else { "\n" });
    if has(Mark) {
        text.insert(0, '\u{feff}');
    }
    if !has(NoLastBreak) {
        text += if has(Crlf) { "\r\n" } else { "\n" };
    }
    (text, meant, skipped)
}

#[test]
fn owners_are_those_of_the_interpreter() {
    assert!(SHAPES.len() >= 40);
    let mut random = Random::new(21);
    for shape in SHAPES {
        let (name, dialect, ..) = *shape;
        let (text, meant, skipped) = make(&mut random, shape);
        let file = Codeowners::parse(&text, dialect, 3_000_000).unwrap();
        assert_eq!(file.rules().len(), meant.len(), "{name}");
        let errors = file.diagnostics().iter();
        let errors = errors.filter(|each| each.code.severity() == Severity::Error);
        assert_eq!(errors.count(), skipped, "{name}");

        let sections = file.sections().len();
        let (mut winners, mut scratch) = (vec![NO_RULE; sections], Vec::new());
        let mut found = 0;
        for _ in 0..slow_cases(60).clamp(20, 1_000) {
            let rule = random.0.usize(..meant.len());
            let path = path_for(&mut random, &meant[rule].pattern);
            file.find(path.as_bytes(), &mut winners, &mut scratch);
            for (section, &winner) in winners.iter().enumerate() {
                let rules = || {
                    let of_section = meant.iter().rev().filter(|rule| rule.section == section);
                    of_section.filter(|rule| interpreter::matches(&rule.pattern, dialect, &path))
                };
                let expected = rules()
                    .find(|rule| rule.excludes)
                    .or_else(|| rules().next());
                let rule = file.rules().get(winner as usize);
                assert_eq!(
                    rule.map(|rule| rule.line),
                    expected.map(|rule| rule.line),
                    "{name}: {path} in section {section}"
                );
                if let (Some(rule), Some(expected)) = (rule, expected) {
                    let owners: Vec<_> = rule.owners.iter().map(|owner| &owner.text).collect();
                    assert_eq!(owners, expected.owners.iter().collect::<Vec<_>>(), "{name}");
                    assert_eq!(rule.excludes, expected.excludes);
                    found += 1;
                }
            }
        }
        assert!(found >= 3, "{name}: {found}");
    }
}
