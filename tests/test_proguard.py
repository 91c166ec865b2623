"""sentry_ophio.proguard, on mappings of a program of our own (fixtures/proguard)."""

from __future__ import annotations

import copy
import mmap as mmap_module
import os
import re
import sys
import threading
import uuid
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from conftest import collect_all

from sentry_ophio import proguard
from sentry_ophio._ffi import check, ffi, lib
from sentry_ophio.exceptions import (
    HandleClosedError,
    InvalidUtf8Error,
    OphioOverflowError,
    OphioPanicError,
    ProguardError,
)
from sentry_ophio.proguard import JavaStackFrame, ProguardMapper

FIXTURES = Path(__file__).parent / "fixtures" / "proguard"
SHOP = FIXTURES / "shop.mapping.txt"
HANDWRITTEN = FIXTURES / "handwritten.mapping.txt"
PACKAGE = "com.example.shop."


def frame(klass: str, method: str, file: str | None, line: int) -> JavaStackFrame:
    return JavaStackFrame(klass, method, file, line)


@pytest.fixture(scope="module")
def shop() -> ProguardMapper:
    return ProguardMapper.open(SHOP)


@pytest.fixture(scope="module")
def handwritten() -> ProguardMapper:
    return ProguardMapper.open(HANDWRITTEN)


# --- the file -----------------------------------------------------------------------


@pytest.mark.parametrize("mmap", [False, True])
def test_a_file_is_opened(mmap: bool) -> None:
    with ProguardMapper.open(SHOP, mmap=mmap) as mapper:
        assert mapper.is_valid
        assert mapper.has_line_info
        assert mapper.remap_class("a.f") == PACKAGE + "Money"
        namespace = uuid.uuid5(uuid.NAMESPACE_DNS, "guardsquare.com")
        expected = uuid.uuid5(namespace, SHOP.read_text("utf-8"))
        assert mapper.uuid == expected
        assert mapper.uuid == expected, "the second time it is remembered"


@pytest.mark.parametrize("path", [str(SHOP), os.fsencode(SHOP)])
def test_a_path_may_be_text_or_bytes(path: Any) -> None:
    assert ProguardMapper.open(path).is_valid


def test_mmap_is_not_the_default(tmp_path: Path) -> None:
    """A mapped file that shrinks under the process would kill it."""
    path = tmp_path / "mapping.txt"
    path.write_bytes(SHOP.read_bytes())
    mapper = ProguardMapper.open(path)
    os.truncate(path, 0)
    assert mapper.remap_class("a.f") == PACKAGE + "Money"
    assert mapper.uuid == ProguardMapper.open(SHOP).uuid


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads /proc")
@pytest.mark.parametrize("mmap", [False, True])
def test_mmap_maps_until_close(tmp_path: Path, mmap: bool) -> None:
    path = tmp_path / "mapping.txt"
    path.write_bytes(SHOP.read_bytes())

    def mapped() -> bool:
        return str(path) in Path("/proc/self/maps").read_text("utf-8")

    mapper = ProguardMapper.open(path, mmap=mmap)
    assert mapped() is mmap
    mapper.close()
    collect_all()
    assert not mapped()


@pytest.mark.parametrize("mmap", [False, True])
def test_an_empty_file_is_no_mapping(tmp_path: Path, mmap: bool) -> None:
    path = tmp_path / "empty"
    path.write_bytes(b"")
    mapper = ProguardMapper.open(path, mmap=mmap)
    assert not mapper.is_valid
    assert mapper.remap_class("a") is None


@pytest.mark.parametrize("mmap", [False, True])
def test_a_missing_file_is_named(tmp_path: Path, mmap: bool) -> None:
    path = tmp_path / "grün.txt"
    with pytest.raises(FileNotFoundError) as caught:
        ProguardMapper.open(path, mmap=mmap)
    assert caught.value.filename == str(path)


@pytest.mark.skipif(sys.platform == "win32", reason="another error there")
@pytest.mark.parametrize("mmap", [False, True])
def test_a_directory_is_refused(tmp_path: Path, mmap: bool) -> None:
    with pytest.raises(IsADirectoryError) as caught:
        ProguardMapper.open(tmp_path, mmap=mmap)
    assert caught.value.filename == str(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"")
    path.chmod(0)
    with pytest.raises(PermissionError) as caught:
        ProguardMapper.open(path)
    assert caught.value.filename == str(path)


def test_a_reason_that_python_does_not_see_is_a_proguard_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file may be back when Python looks."""
    monkeypatch.setattr(proguard, "FileIO", lambda _: BytesIO())
    with pytest.raises(ProguardError, match=r"cannot read .*gone: ") as caught:
        ProguardMapper.open(tmp_path / "gone")
    assert isinstance(caught.value, OSError)


def test_a_nul_in_a_path_is_refused() -> None:
    with pytest.raises(ValueError, match="null byte"):
        ProguardMapper.open("a\0b")


def test_bytes_of_any_kind_are_taken() -> None:
    data = SHOP.read_bytes()
    kinds: list[Any] = [data, bytearray(data), memoryview(data)]
    with (
        SHOP.open("rb") as file,
        mmap_module.mmap(file.fileno(), 0, access=mmap_module.ACCESS_READ) as mapped,
    ):
        kinds.append(mapped)
        uuids = {ProguardMapper.from_bytes(kind).uuid for kind in kinds}
    assert uuids == {ProguardMapper.open(SHOP).uuid}


def test_bytes_are_copied() -> None:
    data = bytearray(SHOP.read_bytes())
    mapper = ProguardMapper.from_bytes(data)
    data[:] = b"x" * len(data)
    assert mapper.remap_class("a.f") == PACKAGE + "Money"


def test_text_is_no_bytes() -> None:
    with pytest.raises(TypeError):
        ProguardMapper.from_bytes("a -> b:")  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"", b"not a mapping\n", b"\xff\xfe -> \x00:\n", b"a -> b:\n"])
def test_what_is_no_mapping_opens_and_says_so(data: bytes) -> None:
    mapper = ProguardMapper.from_bytes(data)
    assert not mapper.is_valid
    assert not mapper.has_line_info
    assert mapper.remap_frame("x", "y", 1) == []


def test_there_may_be_no_line_info() -> None:
    mapper = ProguardMapper.from_bytes(b"a.A -> b:\n    void one() -> a\n")
    assert mapper.is_valid
    assert not mapper.has_line_info


# --- the cache ----------------------------------------------------------------------


def every_query(mapper: ProguardMapper) -> list[Any]:
    """Names, frames and a trace of the handwritten mapping, and of what it does not have."""
    classes = [f"b.{name}" for name in "abcdefghijkl"] + ["b.\xfc", "a.f", "no.Such", ""]
    found: list[Any] = [mapper.uuid, mapper.is_valid, mapper.has_line_info]
    lines = ["java.lang.NullPointerException: x"]
    for klass in classes:
        found.append(mapper.remap_class(klass))
        for method in "abcd":
            found.append(mapper.remap_method(klass, method))
            found += [mapper.remap_frame(klass, method, line) for line in (0, 1, 2, 7, 27)]
            found += [mapper.remap_frame(klass, method, 0, types) for types in ("", "int")]
            lines += [f"    at {klass}.{method}(SourceFile:{line})" for line in (0, 1, 7, 27)]
    text = "\n".join(lines)
    return [*found, mapper.remap_stacktrace(text), mapper.retrace(text, verbose=True)]


@pytest.mark.parametrize("path", [SHOP, HANDWRITTEN])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"#\n", b"    void lost() -> a\n"])
def test_a_cache_has_the_results_of_its_mapping(tmp_path: Path, path: Path, start: bytes) -> None:
    """Also where the two readers of classes differ."""
    mapper = ProguardMapper.from_bytes(start + path.read_bytes())
    mapper.write_cache(tmp_path / "cache")
    with ProguardMapper.open_cache(str(tmp_path / "cache")) as cache:
        assert every_query(cache) == every_query(mapper)
        cache.write_cache(str(tmp_path / "again"))
    assert (tmp_path / "again").read_bytes() == (tmp_path / "cache").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"again", "cache"}


@pytest.fixture
def cache_path(tmp_path: Path, handwritten: ProguardMapper) -> Path:
    path = tmp_path / "mapping.cache"
    handwritten.write_cache(path)
    return path


def test_a_damaged_cache_is_an_error_or_answers_as_before(
    cache_path: Path, handwritten: ProguardMapper
) -> None:
    """Any byte may have changed; what a query does not read is not checked."""
    good, expected = cache_path.read_bytes(), every_query(handwritten)
    refused = 0
    for at in range(0, len(good), 37):
        cache_path.write_bytes(good[:at] + bytes([good[at] ^ 0x41]) + good[at + 1 :])
        try:
            assert every_query(ProguardMapper.open_cache(cache_path)) == expected, at
        except ProguardError as error:
            assert str(cache_path) in str(error)  # noqa: PT017 (or there is no error)
            refused += 1
        cache_path.write_bytes(good[:at])
        with pytest.raises(ProguardError, match=r"another kind of file|has \d+ bytes, expected"):
            ProguardMapper.open_cache(cache_path)
    assert refused > 50


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is another kind of file, expected one that write_cache wrote"),
        (SHOP.read_bytes(), "it is another kind of file"),
        (b"OPHIO-PG" + b"\x07\0\0\0" + bytes(60), "its version is 7, expected 1; write it again"),
        (b"OPHIO-PG" + b"\x01\0\0\0" + bytes(60), "its header changed"),
    ],
)
def test_another_file_is_no_cache(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "cache"
    path.write_bytes(content)
    with pytest.raises(ProguardError, match=message) as caught:
        ProguardMapper.open_cache(path)
    assert str(path) in str(caught.value)


def test_a_cache_that_shrinks_raises(cache_path: Path) -> None:
    """A mapped file would kill the process."""
    mapper = ProguardMapper.open_cache(cache_path)
    assert mapper.remap_class("b.a") == "org.example.OnlyRenamed"
    os.truncate(cache_path, 100)
    assert mapper.remap_class("b.a") == "org.example.OnlyRenamed", "it was read before"
    assert mapper.remap_class("no.such") is None
    for query in (
        lambda: mapper.remap_class("b.b"),
        lambda: mapper.remap_method("b.b", "a"),
        lambda: mapper.remap_frame("b.b", "a", 1),
        lambda: mapper.remap_stacktrace("at b.b.a(X:1)"),
        lambda: mapper.retrace("b.b: x"),
        lambda: mapper.write_cache(cache_path),
    ):
        with pytest.raises(ProguardError, match=r"mapping\.cache"):
            query()
    assert cache_path.stat().st_size == 100


def test_a_cache_may_be_replaced_while_it_is_open(cache_path: Path, shop: ProguardMapper) -> None:
    mapper = ProguardMapper.open_cache(cache_path)
    shop.write_cache(cache_path)
    assert mapper.remap_class("b.b") == "org.example.Plain"
    assert ProguardMapper.open_cache(cache_path).uuid == shop.uuid


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_to_a_cache_is_followed(tmp_path: Path, shop: ProguardMapper) -> None:
    """As by the other functions that write files."""
    (tmp_path / "link").symlink_to("real")
    shop.write_cache(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert ProguardMapper.open_cache(tmp_path / "real").uuid == shop.uuid
    (tmp_path / ".real.ophio-tmp").symlink_to("victim")
    with pytest.raises(OSError, match="link") as caught:
        shop.write_cache(tmp_path / "link")
    assert caught.value.filename == str(tmp_path / "link")
    assert not (tmp_path / "victim").exists()


def test_a_cache_that_cannot_be_written_or_read_is_named(
    tmp_path: Path, shop: ProguardMapper
) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        shop.write_cache(tmp_path / "none" / "cache")
    assert caught.value.filename == str(tmp_path / "none" / "cache")
    with pytest.raises(IsADirectoryError):
        shop.write_cache(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        ProguardMapper.open_cache(tmp_path / "none")
    assert caught.value.filename == str(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        ProguardMapper.open_cache(tmp_path)
    with pytest.raises(ValueError, match="null byte"):
        shop.write_cache("a\0b")
    with pytest.raises(TypeError, match="path must be a str or path, not int"):
        shop.write_cache(3)  # type: ignore[arg-type]


def test_threads_may_share_a_cache(cache_path: Path, handwritten: ProguardMapper) -> None:
    expected = every_query(handwritten)
    for _ in range(5):
        mapper = ProguardMapper.open_cache(cache_path)
        started = threading.Barrier(4)
        found: list[Any] = []

        def work(
            mapper: ProguardMapper = mapper, started: Any = started, found: Any = found
        ) -> None:
            started.wait()
            found.append(every_query(mapper))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [expected] * 4


# --- closing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda m: m.uuid,
        lambda m: m.has_line_info,
        lambda m: m.is_valid,
        lambda m: m.remap_class("a"),
        lambda m: m.remap_method("a", "b"),
        lambda m: m.remap_frame("a", "b", 1),
        lambda m: m.remap_frames([]),
        lambda m: m.remap_stacktrace(""),
        lambda m: m.retrace(""),
        lambda m: m.write_cache("/no/such/file"),
        lambda m: m.__enter__().uuid,
    ],
)
def test_use_after_close_is_refused(use: Any) -> None:
    with ProguardMapper.open(SHOP) as mapper:
        assert mapper.is_valid
    assert mapper.closed
    with pytest.raises(HandleClosedError, match="this ProguardMapper is closed"):
        use(mapper)


def test_closing_under_other_threads_is_safe() -> None:
    mapper = ProguardMapper.open(SHOP)
    expected = mapper.remap_frame("a.d", "run", 3018), mapper.remap_class("a.f")
    started = threading.Barrier(5)
    failures: list[BaseException] = []

    def work() -> None:
        started.wait()
        try:
            while True:
                assert mapper.remap_frame("a.d", "run", 3018) == expected[0]
                assert mapper.remap_class("a.f") == expected[1]
        except HandleClosedError:
            pass
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    started.wait()
    mapper.remap_frames([("a.d", "run", 3018)] * 2000)
    mapper.close()
    for thread in threads:
        thread.join(10)
    assert not failures


def test_a_mapper_is_not_made_by_calling_the_class() -> None:
    with pytest.raises(TypeError, match="cannot create a ProguardMapper"):
        ProguardMapper()


def test_a_copy_outlives_the_original() -> None:
    mapper = ProguardMapper.open(SHOP)
    twin = copy.copy(mapper)
    mapper.close()
    assert twin.remap_class("a.f") == PACKAGE + "Money"


# --- names --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("obfuscated", "original"),
    [
        ("b.a", "org.example.OnlyRenamed"),
        ("b.e", "org.example.Source$Companion$1"),
        ("b.ü", "org.example.Größe"),
        ("b.zzz", None),
        ("", None),
        ("b.a\0", None),
    ],
)
def test_remap_class(handwritten: ProguardMapper, obfuscated: str, original: str | None) -> None:
    assert handwritten.remap_class(obfuscated) == original


@pytest.mark.parametrize(
    ("klass", "method", "expected"),
    [
        ("b.b", "d", ("org.example.Plain", "shifted")),
        # `a` is noLines() and noLines(int): one name. `b` is first() and second().
        ("b.b", "a", ("org.example.Plain", "noLines")),
        ("b.b", "b", None),
        ("b.b", "zzz", None),
        ("b.zzz", "a", None),
        ("b.ü", "ä", ("org.example.Größe", "mißt")),
    ],
)
def test_remap_method(
    handwritten: ProguardMapper, klass: str, method: str, expected: tuple[str, str] | None
) -> None:
    assert handwritten.remap_method(klass, method) == expected


@pytest.mark.parametrize(
    ("klass", "method", "line", "expected"),
    [
        ("b.b", "c", 2, [("org.example.Plain", "withLines", "Plain.java", 11)]),
        ("b.b", "c", 4, [("org.example.Plain", "withLines", "Plain.java", 20)]),
        ("b.b", "c", 99, []),
        (
            "b.b",
            "b",
            7,
            [
                ("org.example.Plain", "first", "Plain.java", 7),
                ("org.example.Plain", "second", "Plain.java", 7),
            ],
        ),
        (
            "b.c",
            "a",
            1,
            [
                ("org.example.Inlined", "leaf", "Inlined.kt", 5),
                ("org.example.Inlined", "middle", "Inlined.kt", 15),
                ("org.example.Source", "entry", "Elsewhere.kt", 25),
            ],
        ),
        ("b.zzz", "a", 1, []),
        ("b.ü", "ä", 3, [("org.example.Größe", "mißt", "Größe.java", 3)]),
    ],
)
def test_remap_frame(
    handwritten: ProguardMapper,
    klass: str,
    method: str,
    line: int,
    expected: list[tuple[str, str, str | None, int]],
) -> None:
    frames = handwritten.remap_frame(klass, method, line)
    assert frames == [frame(*values) for values in expected]


def test_parameters_choose_the_method() -> None:
    mapper = ProguardMapper.from_bytes(
        b"a.A -> b:\n    1:1:void none():1:1 -> a\n    2:2:void one(int):2:2 -> a\n"
    )

    def methods(line: int, parameters: str | None) -> list[str]:
        return [found.method for found in mapper.remap_frame("b", "a", line, parameters)]

    assert methods(1, "") == methods(2, "") == ["none"]
    assert methods(1, "int") == methods(0, "int") == ["one"]
    assert methods(1, "long") == []
    assert methods(2, None) == ["one"]
    assert mapper.remap_frame("b", "a", 0, parameters="int") == [frame("a.A", "one", "A.java", 2)]


def test_remap_frames_is_remap_frame_for_each(
    handwritten: ProguardMapper, shop: ProguardMapper
) -> None:
    queries: Any = [
        ("b.c", "a", 1),
        ("b.zzz", "a", 1),
        ("b.b", "c", 0, "int"),
        ("b.b", "d", 5, None),
    ]
    lists: Any = [list(query) for query in queries]
    found = handwritten.remap_frames(queries)
    assert found == [handwritten.remap_frame(*query) for query in queries]
    assert [len(each) for each in found] == [3, 0, 1, 1]
    assert handwritten.remap_frames([]) == []
    assert handwritten.remap_frames(tuple(map(tuple, queries))) == found
    assert handwritten.remap_frames(lists) == found


@pytest.mark.parametrize("count", [1, 7, 8, 9, 15, 16, 100, 3000])
def test_any_number_of_frames_is_remapped(shop: ProguardMapper, count: int) -> None:
    """From one to more than the first buffer, or a short array, holds."""
    one = shop.remap_frame("a.d", "run", 3018)
    assert len(one) == 4
    assert shop.remap_frames([("a.d", "run", 3018)] * count) == [one] * count


@pytest.mark.parametrize("length", [1, 31, 32, 255, 256, 1279, 1280, 70_000])
def test_names_of_any_length_are_remapped(length: int) -> None:
    """From a name that fits into the first buffer to some that do not."""
    name = "N" * length
    mapper = ProguardMapper.from_bytes(f"a.{name} -> b:\n    1:1:void {name}():9:9 -> a".encode())
    assert mapper.remap_frame("b", "a", 1) == [frame(f"a.{name}", name, f"{name}.java", 9)]
    assert mapper.remap_class("b") == f"a.{name}"


@pytest.mark.parametrize("line", [0, 1, 2**32, 2**64 - 1])
def test_any_line_is_taken(handwritten: ProguardMapper, line: int) -> None:
    """Though no method is as long: those without lines are there at any."""
    assert handwritten.remap_frame("b.b", "a", line)[0].method == "noLines"
    assert bool(handwritten.remap_frame("b.b", "c", line)) == (line == 1)


# --- stack traces -------------------------------------------------------------------


def test_a_stack_trace_becomes_what_it_was(shop: ProguardMapper) -> None:
    """What the program printed before ProGuard renamed it, and inlined most of it."""
    obfuscated = (FIXTURES / "shop.obfuscated.txt").read_text("utf-8")
    original = (FIXTURES / "shop.original.txt").read_text("utf-8")
    remapped = shop.remap_stacktrace(obfuscated)

    def lines(text: str) -> list[str]:
        # ProGuard's mappings name no files.
        return [re.sub(r"\(.+:", "(:", line.strip()) for line in text.splitlines()]

    # Java leaves out what a cause has in common with the trace above it: Main.main.
    # The obfuscated program's two frames differ, so there it did not.
    expected = lines(original)
    assert expected.pop() == "... 1 more"
    expected.append("at com.example.shop.Main.main(:12)")
    assert lines(remapped) == expected


def test_frames_and_stack_traces_agree(shop: ProguardMapper) -> None:
    frames = shop.remap_frame("a.d", "run", 3018)
    text = shop.remap_stacktrace("    at a.d.run(SourceFile:3018)")
    assert re.sub(r"\(.+:", "(", text).splitlines() == [
        f"    at {each.class_name}.{each.method}({each.line})" for each in frames
    ]


@pytest.mark.parametrize("text", ["", "\n", "nothing here", "nothing\nhere\n", "grün: \N{SNAKE}"])
def test_other_text_stays(shop: ProguardMapper, text: str) -> None:
    assert shop.remap_stacktrace(text) == text


def test_a_rule_of_r8_takes_frames_out(handwritten: ProguardMapper) -> None:
    """After a NullPointerException the frame of the check is the compiler's own."""
    npe = handwritten.remap_stacktrace("java.lang.NullPointerException: x\n    at b.i.a(S:1)")
    other = handwritten.remap_stacktrace("java.lang.IllegalStateException: x\n    at b.i.a(S:1)")
    assert "Rewrites.use" in npe
    assert "Rewrites.check" not in npe
    assert "Rewrites.check" in other


def test_an_outlined_position_is_taken_to_its_caller(handwritten: ProguardMapper) -> None:
    text = "java.lang.Exception\n    at b.g.a(S:1)\n    at b.h.a(S:27)"
    assert handwritten.remap_stacktrace(text).splitlines()[1:] == [
        "    at org.example.CallsOutline.caller(CallsOutline.java:98)"
    ]


def test_the_lines_of_a_retrace_are_the_text(shop: ProguardMapper) -> None:
    text = (FIXTURES / "shop.obfuscated.txt").read_text("utf-8")
    for verbose in (False, True):
        lines = shop.retrace(text, verbose=verbose)
        assert "".join(line.line for line in lines) == text
        assert "".join(line.text for line in lines) == shop.remap_stacktrace(text, verbose=verbose)


def test_alternatives_are_tuples_of_frames() -> None:
    mapper = ProguardMapper.from_bytes(
        b"a.A -> b:\n    1:1:void a.B.in():3:4 -> c\n    1:1:void out(int):9 -> c\n"
        b"    void made() -> d\n    # {'id':'com.android.tools.r8.synthesized'}\n"
    )
    lines = mapper.retrace("x\nat b.c(:1)\nat b.d(X)\nat z.z(X:1)")
    assert [line.line for line in lines] == ["x\n", "at b.c(:1)\n", "at b.d(X)\n", "at z.z(X:1)"]
    out = frame("a.A", "out", "A.java", 9)
    assert [line.alternatives for line in lines] == [
        (),
        ((frame("a.B", "in", "B.java", 3), out), (frame("a.B", "in", "B.java", 4), out)),
        (),
        (),
    ]
    assert [line.text for line in lines] == [
        "x\n",
        "at a.B.in(B.java:3)\n<OR> at a.B.in(B.java:4)\nat a.A.out(A.java:9)\n",
        "",
        "at z.z(X:1)",
    ]
    [line] = mapper.retrace("at b.c(:1)", verbose=True)
    assert line.text.splitlines()[-1] == "at a.A.void out(int)(A.java:9)"


# --- the frame as a value -----------------------------------------------------------


def test_a_frame_is_a_value() -> None:
    one = frame("a.A", "m", "A.java", 3)
    assert one == frame("a.A", "m", "A.java", 3)
    assert one != frame("a.A", "m", "A.java", 4)
    assert len({one, frame("a.A", "m", "A.java", 3)}) == 1
    assert repr(one) == "JavaStackFrame(class_name='a.A', method='m', file='A.java', line=3)"
    assert eval(repr(one)) == one
    with pytest.raises(AttributeError):
        one.line = 4  # type: ignore[misc]
    assert copy.deepcopy(one) == one


# --- bad arguments ------------------------------------------------------------------

BAD_QUERIES: list[tuple[Any, type[Exception], str]] = [
    ((None, "m", 1), TypeError, "klass must be a str, not NoneType"),
    (("c", 5, 1), TypeError, "method must be a str, not int"),
    (("c", "m", "1"), TypeError, "line must be an int, not str"),
    (("c", "m", None), TypeError, "line must be an int, not NoneType"),
    (("c", "m", True), TypeError, "line must be an int, not bool"),
    (("c", "m", 1.0), TypeError, "line must be an int, not float"),
    (("c", "m", object()), TypeError, "line must be an int, not object"),
    (("c", "m", 1, 2), TypeError, "parameters must be a str, not int"),
    (("c", "m", -1), OphioOverflowError, r"line must be from 0 to 2\*\*64 - 1, not -1"),
    (
        ("c", "m", 2**64),
        OphioOverflowError,
        r"line must be from 0 to 2\*\*64 - 1, not 18446744073709551616",
    ),
    (("\ud800", "m", 1), UnicodeEncodeError, "surrogates not allowed"),
]


@pytest.mark.parametrize(("query", "error", "message"), BAD_QUERIES)
def test_a_bad_frame_is_explained(
    shop: ProguardMapper, query: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        shop.remap_frame(*query)
    with pytest.raises(error, match=message):
        shop.remap_frames([("c", "m", 1), query])
    assert shop.remap_frame("a.d", "run", 3018), "the next call works"


@pytest.mark.parametrize("query", [(), ("c",), ("c", "m"), ("c", "m", 1, None, 2), "cm1", 5, None])
def test_a_frame_of_another_shape_is_named(shop: ProguardMapper, query: Any) -> None:
    with pytest.raises(TypeError, match=r"frame 1: expected a tuple of 3 or 4, not "):
        shop.remap_frames([("c", "m", 1), query])


@pytest.mark.parametrize("bad", [None, 5, b"a.b"])
def test_a_name_that_is_no_text_is_a_type_error(shop: ProguardMapper, bad: Any) -> None:
    for call in (
        lambda: shop.remap_class(bad),
        lambda: shop.remap_method(bad, "m"),
        lambda: shop.remap_method("c", bad),
        lambda: shop.remap_stacktrace(bad),
        lambda: shop.remap_frame(bad, "m", 1),
    ):
        with pytest.raises(TypeError):
            call()


# --- the C functions ----------------------------------------------------------------


def test_null_is_refused_and_freeing_it_does_nothing() -> None:
    null: Any = ffi.NULL
    lib.ophio_proguard_free(null)
    made, answer = ffi.new("OphioProguard **"), ffi.new("bool *")
    names = ffi.new("OphioSlice[2]")
    text = ffi.new("OphioStr *")
    size = ffi.new("size_t *")
    expected = lib.OPHIO_STATUS_NULL_POINTER
    assert lib.ophio_proguard_new(null, 1, made) == expected
    assert lib.ophio_proguard_new(b"", 0, null) == expected
    assert lib.ophio_proguard_open(null, 1, False, made) == expected
    assert made[0] == null
    assert lib.ophio_proguard_is_valid(null, answer) == expected
    assert lib.ophio_proguard_has_line_info(null, answer) == expected
    assert lib.ophio_proguard_uuid(null, ffi.new("uint8_t[16]")) == expected
    assert lib.ophio_proguard_remap_class(null, b"a", 1, names) == expected
    assert lib.ophio_proguard_remap_method(null, b"a", 1, b"b", 1, names, names + 1) == expected
    assert lib.ophio_proguard_remap_frames(null, b"\x90", 1, null, 0, size) == expected
    assert lib.ophio_proguard_remap_stacktrace(null, b"", 0, text) == expected
    assert lib.ophio_proguard_remap_stacktrace_verbose(null, b"", 0, text) == expected
    assert lib.ophio_proguard_retrace(null, b"", 0, False, text) == expected
    assert lib.ophio_proguard_open_cache(null, 1, made) == expected
    assert lib.ophio_proguard_to_cache(null, text) == expected


def test_text_from_c_must_be_utf8(shop: ProguardMapper) -> None:
    out = ffi.new("OphioStr *")
    status = lib.ophio_proguard_remap_stacktrace(shop._ptr, b"\xff", 1, out)
    assert status == lib.OPHIO_STATUS_INVALID_UTF8
    with pytest.raises(InvalidUtf8Error):
        check(status)


def test_a_buffer_that_is_too_small_is_left_alone(shop: ProguardMapper) -> None:
    query = b"\x91\x93\xa3a.d\xa3run\xcd\x0b\xca"  # [["a.d", "run", 3018]]
    size = ffi.new("size_t *")
    assert lib.ophio_proguard_remap_frames(shop._ptr, query, len(query), ffi.NULL, 0, size) == 0
    needed = size[0]
    small = ffi.new("uint8_t[]", needed - 1)
    status = lib.ophio_proguard_remap_frames(shop._ptr, query, len(query), small, needed - 1, size)
    assert (status, size[0], bytes(small)) == (0, needed, bytes(needed - 1))
    fits = ffi.new("uint8_t[]", needed)
    status = lib.ophio_proguard_remap_frames(shop._ptr, query, len(query), fits, needed, size)
    assert (status, size[0]) == (0, needed)
    assert b"shop.Stock" in bytes(fits)


def test_a_mapping_with_numbers_beyond_all_bounds_does_no_harm() -> None:
    huge = 2**64 - 1
    mapper = ProguardMapper.from_bytes(
        f"a.A -> b:\n    1:{huge}:void m():{huge - 5}:{huge} -> a\n".encode()
    )
    for line in (1, 6, 7, huge):
        # The crate's overflow is caught; a release build has none.
        with suppress(OphioPanicError):
            assert len(mapper.remap_frame("b", "a", line)) <= 1
