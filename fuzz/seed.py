"""Makes the first inputs of the fuzz targets from the fixtures of the tests.

    python fuzz/seed.py

Targets that take text or bytes directly begin with real inputs; the others begin without.
`make fuzz` writes its findings to fuzz/found, which is not committed; `fuzz/run.py --minimise`
chooses from it for fuzz/corpus.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgpack

from sentry_ophio._pack import EXCEPTION_FIELDS, FRAME_FIELDS
from sentry_ophio.enhancers import Cache, Enhancements

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"
FIXTURES = ROOT / "tests" / "fixtures"


def write(target: str, name: str, content: bytes) -> None:
    """Write a seed."""
    directory = CORPUS / target
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(content)


def packed(trace: dict[str, object]) -> bytes:
    """Pack a stack trace as the library wants it."""

    def raw(value: object) -> object:
        return value.encode() if isinstance(value, str) else value

    error = trace["exception"]
    frames = trace["frames"]
    assert isinstance(error, dict)
    assert isinstance(frames, list)
    return bytes(
        msgpack.packb(
            [
                [raw(error[key]) for key in EXCEPTION_FIELDS],
                [[raw(frame[key]) for key in FRAME_FIELDS] for frame in frames[:4]],
            ]
        )
    )


def small(event: dict[str, Any]) -> bytes:
    """Write what fingerprint rules look at in an event, with two frames of each stack trace."""
    keys = {"abs_path", "filename", "formatted", "frames", "function", "id", "in_app", "level"}
    keys |= {"logentry", "logger", "message", "module", "name", "package", "platform", "release"}
    keys |= {"exception", "sdk", "stacktrace", "tags", "threads", "transaction", "type", "value"}
    keys |= {"values", "crashed", "current", "state"}

    def kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: kept(inner) for key, inner in value.items() if key in keys}
        return [kept(inner) for inner in value[-2:]] if isinstance(value, list) else value

    return json.dumps(kept(event)).encode()


TRACES = (
    "b.b: x\n\tat b.b.a(SourceFile:1)\n\tat b.b.b()\n\tat b.b.c(:4)\n",
    "Caused by: b.a\n\tat java.base/b.b.d(Unknown Source:7)\n\tat app//b.b.e(X.kt:10)\n"
    "\t... 7 more",
    "java.lang.NullPointerException\n\tat b.i.a(:1)\n",
    "\tat b.g.a(:1)\n\tat b.h.a(:27)\n\tat b.c.a(X) ~[x.jar:?]\n",
    "\tat b.f.run(:1)\r\n\tat b.ü.ä(Native Method)\r\n",
    '[CIRCULAR REFERENCE: b.a]\nException in thread "main" a.e: 12\n\tat a.d.run(:3018)',
)


def main() -> None:
    """Write all seeds."""
    vectors = json.loads((ROOT / "tests" / "vectors" / "enhancements.json").read_text("utf-8"))
    texts = sorted({case["rules"] for case in vectors["cases"]})
    for number, text in enumerate(texts):
        write("rules_text", f"rules-{number:02}", text.encode())
        rules = Enhancements.parse(text, Cache(0))
        if number % 3 == 0:
            write("config_structure", f"raw-{number:02}", rules.to_config_structure())
            write("config_structure", f"stored-{number:02}", rules.to_base64().encode())
    lines = (FIXTURES / "stacktraces.jsonl").read_text("utf-8").splitlines()
    for number, line in enumerate(lines[:20]):
        write("packed_frames", f"trace-{number:02}", packed(json.loads(line)))
    frame = {"function": "main", "path": "/A/b.c", "package": "b.c", "in_app": True}
    values = [frame.get(key) for key in FRAME_FIELDS]
    event = ["native", [None] * len(EXCEPTION_FIELDS), [values]]
    write("packed_frames", "event", bytes(msgpack.packb(event)))
    fixtures = (FIXTURES / "fingerprints.jsonl").read_text("utf-8").splitlines()
    for number, line in enumerate(fixtures[:40]):
        case = json.loads(line)
        rules = case["text"].encode()
        if number % 4 == 3 and "rules" in case:
            rules = json.dumps({"version": 1, "rules": case["rules"]}).encode()
        content = json.loads((FIXTURES / "events" / f"{case['event']}.json").read_text("utf-8"))
        write("fingerprints", f"rules-{number:02}", rules + b"\0" + small(content))
    owners = json.loads((ROOT / "tests" / "vectors" / "codeowners.json").read_text("utf-8"))
    for number, file in enumerate(owners["files"]):
        write("codeowners", f"file-{number}", file["text"].encode() + b"\nsrc/a.js")
    write("codeowners", "faults", b"/a/[b]/ @a/b @@owner\n***/x a@b.c#d\n\\#x ann\nsrc/a.js")
    for path in sorted((FIXTURES / "proguard").glob("*.mapping.txt")):
        write("proguard", path.stem, path.read_bytes()[:3000])
        for number, frames in enumerate(TRACES):
            text = f"\0{frames}".encode()
            write("retrace", f"{path.stem}-{number}", path.read_bytes()[:3000] + text)
    for path in sorted((FIXTURES / "events").glob("*.json")):
        event = json.loads(path.read_text("utf-8"))
        line = json.dumps(event, separators=(",", ":")).encode()
        if len(line) < 4_000:
            write("event_json", path.stem, line)


if __name__ == "__main__":
    main()
