"""Records the vectors: inputs, and the results of the published packages.

    make vectors

asks the published packages (`make oracle`), not ours, so that a vector shows what users
have had all along. Only what those cannot do (owners of files) is recorded from our own
package, after reading it. The same files are run through every face of the library:

    core/tests/vectors.rs    the Rust crate
    tests/c/test_vectors.c   C
    tests/cpp/test_vectors.cpp   C++
    tests/test_vectors.py    Python

Nothing is random: a second run writes the same bytes.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
sys.path.insert(0, str(TESTS))

from frame_fields import FRAME_FIELDS  # noqa: E402
from oracle_calls import Published  # noqa: E402

from sentry_ophio import codeowners  # noqa: E402
from sentry_ophio.enhancers import Cache, Enhancements  # noqa: E402

# Rules that between them have every matcher, action, range and variable.
RULES = {
    "nothing": "",
    "function": "function:main -app\nfunction:*rate* +app",
    "module": "module:org.example.* -app category=example",
    "path": "path:**/node_modules/** -app\npath:**/src/** +app",
    "package": "package:/usr/lib/** -app category=system\npackage:**/bin/* +app",
    "family": "family:native -app\nfamily:javascript category=js\nfamily:other,native +group",
    "in-app": "app:yes -group\napp:no category=library",
    "category": "function:m* category=first\ncategory:first category=second\ncategory:second -app",
    "negated": "!function:main -group\n!app:yes category=other",
    "exception": "type:*Error -app\nvalue:*a* +app\nmechanism:generic -group",
    "exception missing": "!type:ValueError -group\ntype:SIG* category=signal",
    "both kinds": "type:* function:* app:no +app\nvalue:?* path:** -group",
    "caller": "[ function:main ] | function:* -app\n[ app:yes ] | app:no category=callee",
    "callee": "function:* | [ app:no ] -group\nfunction:* | [ function:*abort* ] category=aborts",
    "up": "function:*rate* ^-app category=above",
    "down": "function:main v-app category=below\nfunction:*a* v-group",
    "app up and down": "app:yes ^+group\napp:no v-group",
    "max-frames": "function:* max-frames=2",
    "max-frames of one": "app:yes max-frames=1\napp:no +group",
    "min-frames": "function:* min-frames=2",
    "too few": "function:* min-frames=100",
    "invert": "function:* invert-stacktrace=1",
    "invert and back": "function:* invert-stacktrace=1\nfunction:main invert-stacktrace=0",
    "later wins": "function:main -app\nfunction:main +app\nfunction:main -group\nfunction:main +group",
    "several actions": "function:* -app -group category=all max-frames=3",
    "quoted": 'function:"main" -app\npath:"**/*.c" category=c_source',
    "comments": "# a comment\n\n   function:main -app   # after it\n",
    "classes": "function:[a-m]* -app\nfunction:[!a-m]* category=late",
    "braces": "path:**/*.{c,py,js} category=source\nfunction:{main,rate} -group",
    "unicode": "function:grün -app\nvalue:*日本* category=japan",
    "all dialects of yes": "app:1 category=a\napp:true category=b\napp:no category=c",
    "group by category": "path:** category=p\ncategory:p -group",
}

EXTRA: list[dict[str, Any]] = [
    {
        "name": "no frame",
        "exception": {"ty": "ValueError", "value": "none", "mechanism": None},
        "frames": [],
    },
    {
        "name": "empty texts, and none",
        "exception": {"ty": "", "value": None, "mechanism": ""},
        "frames": [
            {"function": "", "path": "", "module": None, "in_app": True},
            {"function": "main", "category": "given", "in_app": None, "orig_in_app": 1},
            {"function": None, "family": "javascript", "in_app": False, "orig_in_app": 0},
            {"function": "rate", "family": "native", "in_app": False, "orig_in_app": -1},
        ],
    },
    {
        "name": "not only ASCII",
        "exception": {"ty": "Fehler", "value": "ein 日本 Zeichen", "mechanism": "generic"},
        "frames": [
            {"function": "grün", "path": "/öl/src/x.py", "family": "other", "in_app": True},
            {"function": "grün", "package": "/usr/lib/größe.so", "family": "native"},
            {"function": "🦀", "module": "org.example.Über", "path": "a\nb", "in_app": False},
        ],
    },
]


GLOBS = [
    *("", "*", "?", "a", "a*", "*a", "*a*", "a?c", "**", "**/b", "a/**", "a/**/c", "*.py"),
    *("[abc]", "[!abc]", "[a-c]*", "a\\*", "a\\?c", "é*", "?é", "A*", "a*b*c", "*/*"),
]
VALUES = [
    *("", "a", "b", "abc", "a/b", "a/b/c", "a\\b", "a*", "a?c", "A", "ABC", "é", "xé", "x.py"),
    *("src/x.py", "a\nb", "a.c", "日本"),
]

OWNER_PATTERNS = [
    *("*.py", "/src/", "src/", "src/*", "src/**", "/src/**/x.py", "**/x.py", "docs/*", "x", "/x"),
    *("*", "", "a b", "src/?.py", "**/tests/", "README.md", "\\#x"),
]
OWNER_PATHS = [
    *("src/x.py", "/src/x.py", "src/deep/x.py", "docs/a", "docs/a/b", "x", "a/x", "README.md"),
    *("tests/t.py", "a/tests/t.py", "a b", "", "#x"),
]

OWNER_FILES: list[dict[str, Any]] = [
    {
        "name": "the last rule wins, and one without owners clears",
        "dialect": "github",
        "text": "* @all\n*.js @js @all\n/docs/ @writers\n/docs/old/\n",
        "paths": ["a", "src/a.js", "docs/a", "docs/old/a.js", "x/docs/a"],
    },
    {
        "name": "sections",
        "dialect": "gitlab",
        "text": "* @all\n[Docs][2] @writers\n*.md\n^[Maybe]\n*.js @js\n!vendor/\n",
        "paths": ["a", "a.md", "a.js", "vendor/a.js"],
    },
]


def frame(given: dict[str, Any]) -> dict[str, Any]:
    return {key: given.get(key) for key in FRAME_FIELDS}


def as_bytes(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.encode() if isinstance(value, str) else value for key, value in values.items()
    }


def stack_traces() -> list[dict[str, Any]]:
    """Give one stack trace a program of the fixtures, cut to 12 frames, and those above."""
    chosen: dict[str, dict[str, Any]] = {}
    with (TESTS / "fixtures" / "stacktraces.jsonl").open(encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            name = line["source"].split()[0]
            chosen.setdefault(name, {"name": name, **line})
    return [*chosen.values(), *EXTRA]


def enhancements(published: Published) -> list[dict[str, Any]]:
    cases = []
    calls: list[Any] = []
    traces = stack_traces()
    for number, (name, rules) in enumerate(RULES.items()):
        # Each rule set runs on three of the real ones, and on all generated ones.
        real = len(traces) - len(EXTRA)
        for trace in [*(traces[(number * 3 + k) % real] for k in range(3)), *traces[real:]]:
            frames = [frame(each) for each in trace["frames"][:12]]
            components = [each["in_app"] for each in frames]
            cases.append(
                {
                    "name": f"{name}: {trace['name']}",
                    "rules": rules,
                    "exception": trace["exception"],
                    "frames": frames,
                    "components": components,
                }
            )
            calls.append(
                (
                    "oracle_calls",
                    "asked",
                    (
                        rules,
                        [as_bytes(each) for each in frames],
                        as_bytes(trace["exception"]),
                        components,
                    ),
                    {},
                )
            )
    for case, (outcome, result) in zip(cases, published.ask(calls)):
        assert outcome == "ok", (case, result)
        applied, assembled, components = result
        case["applied"] = applied
        contributes, hint, invert = assembled
        case["assembled"] = {
            "contributes": contributes,
            "hint": hint,
            "invert_stacktrace": invert,
            "components": components,
        }
    return cases


def globs(published: Published) -> list[dict[str, Any]]:
    options = ("double_star", "case_insensitive", "path_normalize", "allow_newline")
    cases = [
        {"pattern": pattern, "value": value, **dict(zip(options, chosen))}
        for pattern, value in itertools.product(GLOBS, VALUES)
        for chosen in itertools.product((False, True), repeat=4)
        if sum(chosen) in (0, 1, 4)
    ]
    calls: list[Any] = [
        (
            "sentry_ophio.glob",
            "is_glob_match",
            (case["value"], case["pattern"]),
            {option: case[option] for option in options},
        )
        for case in cases
    ]
    recorded = []
    for case, (outcome, result) in zip(cases, published.ask(calls)):
        # Some patterns are an error in some dialect; errors are tested elsewhere.
        if outcome == "ok":
            recorded.append({**case, "matches": result})
    return recorded


def owners(published: Published) -> dict[str, Any]:
    matches = [
        {"path": path, "pattern": pattern}
        for path, pattern in itertools.product(OWNER_PATHS, OWNER_PATTERNS)
    ]
    calls: list[Any] = [
        (
            "sentry_ophio.codeowners",
            "is_codeowners_path_match",
            (case["path"].encode(), case["pattern"]),
            {},
        )
        for case in matches
    ]
    recorded = [
        {**case, "matches": result}
        for case, (outcome, result) in zip(matches, published.ask(calls))
        if outcome == "ok"
    ]
    files = []
    for file in OWNER_FILES:
        parsed = codeowners.Codeowners.parse(file["text"], dialect=file["dialect"])
        found = [list(parsed.owners(path).owners) for path in file["paths"]]
        files.append({**file, "owners": found})
    return {"matches": recorded, "files": files}


def proguard() -> dict[str, Any]:
    import oracle_calls  # noqa: PLC0415
    import test_oracle_proguard  # noqa: PLC0415

    path = TESTS / "fixtures" / "proguard" / "handwritten.mapping.txt"
    text = path.read_text("utf-8")
    case: dict[str, Any] = {
        "path": str(path),
        "parameters": True,
        **test_oracle_proguard.questions(text),
    }
    case["frames"] = []
    run = subprocess.run(
        [str(oracle_calls.PYTHON), str(TESTS / "proguard_worker.py")],
        input=json.dumps(case),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    answer = json.loads(run.stdout)
    return {
        "mapping": text,
        "uuid": answer["uuid"],
        "has_line_info": answer["has_line_info"],
        "classes": [[*pair] for pair in zip(case["classes"], answer["classes"])],
        "methods": [[*asked, told] for asked, told in zip(case["methods"], answer["methods"])],
    }


def write(name: str, content: Any) -> None:
    """Write a file with a case a line, so that changes can be read."""
    lines = []
    for key, value in content.items():
        if isinstance(value, list):
            items = ",\n".join("    " + json.dumps(item, ensure_ascii=False) for item in value)
            lines.append(f"  {json.dumps(key)}: [\n{items}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (HERE / f"{name}.json").write_text(text, "utf-8")
    counts = {key: len(value) for key, value in content.items() if isinstance(value, list)}
    print(f"{name}.json: {counts}, {len(text) // 1024} KiB")


def main() -> None:
    """Write every file."""
    for rules in RULES.values():
        Enhancements.parse(rules, Cache(0))  # says what is wrong with a line, if it is
    published = Published()
    try:
        write("enhancements", {"cases": enhancements(published)})
        write("glob", {"cases": globs(published)})
        write("codeowners", owners(published))
        write("proguard", proguard())
    finally:
        published.stop()


if __name__ == "__main__":
    main()
