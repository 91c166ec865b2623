"""Errors, strings and handles: what every binding stands on."""

from __future__ import annotations

import ast
import builtins
import copy
import importlib
import itertools
import pickle
import re
from typing import TYPE_CHECKING, Any, Callable

import pytest
from conftest import collect_all

import sentry_ophio
from sentry_ophio import (
    _ffi,
    codeowners,
    enhancers,
    events,
    exceptions,
    fingerprints,
    functions,
    glob,
    limits,
    parameterization,
)
from sentry_ophio._ffi import EXCEPTIONS, Handle, check, decode, error_for, ffi, lib
from sentry_ophio.enhancers import (
    AssembleResult,
    Cache,
    Component,
    Enhancements,
    EnhancementsConfig,
    Stacktrace,
)
from sentry_ophio.exceptions import HandleClosedError, OphioError
from sentry_ophio.proguard import ProguardMapper

if TYPE_CHECKING:
    from pathlib import Path

    from _cffi_backend import _CDataBase as CData

# The number of each status never changes: compiled programs contain these numbers.
STATUS_NUMBERS = {
    "OPHIO_STATUS_OK": 0,
    "OPHIO_STATUS_PANIC": 1,
    "OPHIO_STATUS_NULL_POINTER": 2,
    "OPHIO_STATUS_INVALID_UTF8": 3,
    "OPHIO_STATUS_INVALID_ARGUMENT": 4,
    "OPHIO_STATUS_OUT_OF_RANGE": 5,
    "OPHIO_STATUS_LIMIT": 6,
    "OPHIO_STATUS_SYNTAX": 16,
    "OPHIO_STATUS_FRAME": 17,
    "OPHIO_STATUS_SCHEMA": 18,
    "OPHIO_STATUS_GLOB": 32,
    "OPHIO_STATUS_CODEOWNERS": 33,
    "OPHIO_STATUS_PROGUARD": 34,
    "OPHIO_STATUS_PATTERN": 35,
    "OPHIO_STATUS_FINGERPRINTS": 36,
    "OPHIO_STATUS_EVENT": 37,
}

# What users of the earlier package catch.
BUILT_IN_BASES = {
    "ArgumentTypeError": TypeError,
    "CodeownersError": ValueError,
    "DuplicateComponentError": RuntimeError,
    "EnhancementsError": RuntimeError,
    "EventError": ValueError,
    "FingerprintsError": ValueError,
    "FrameKeyError": KeyError,
    "FrameTypeError": TypeError,
    "HandleClosedError": ValueError,
    "InvalidArgumentError": ValueError,
    "GlobError": ValueError,
    "InvalidUtf8Error": ValueError,
    "LimitError": RuntimeError,
    "MissingDependencyError": ImportError,
    "OphioError": Exception,
    "OphioOverflowError": OverflowError,
    "OphioPanicError": Exception,
    "ParquetError": ValueError,
    "PatternError": ValueError,
    "ProguardError": OSError,
    "SchemaError": ValueError,
    "UnsupportedOperationError": TypeError,
}


# --- exceptions ---------------------------------------------------------------------


def test_every_exception_is_in_the_table_of_this_test() -> None:
    assert sorted(exceptions.__all__) == sorted(BUILT_IN_BASES)


@pytest.mark.parametrize("name", exceptions.__all__)
def test_exception_is_an_ophio_error_and_what_it_was(name: str) -> None:
    cls = getattr(exceptions, name)
    assert issubclass(cls, OphioError)
    assert issubclass(cls, BUILT_IN_BASES[name])


@pytest.mark.parametrize("name", exceptions.__all__)
def test_exception_prints_its_message_and_survives_pickle(name: str) -> None:
    error = getattr(exceptions, name)("line 3: `stack`")
    assert str(error) == "line 3: `stack`"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is type(error)
        assert again.args == error.args
        assert str(again) == str(error)


# Python's own protocols ask for these: attribute access, and errors of the system.
RAISED_AS_THEY_ARE = {"AttributeError", "FileNotFoundError", "IsADirectoryError", "OSError"}


def test_whatever_the_package_raises_is_an_ophio_error(source_tree: Path) -> None:
    """Also for what Python has a class of: the two are one class."""
    raised = set()
    for path in (source_tree / "python" / "sentry_ophio").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                called = node.exc.func
                if isinstance(called, ast.Name) and hasattr(builtins, called.id):
                    raised.add((path.name, called.id))
    assert {name for _, name in raised} <= RAISED_AS_THEY_ARE, raised


# Without their types, which forbid these calls.
CACHE: Any = Cache
COMPONENT: Any = Component
GLOB: Any = glob
LIMITS: Any = limits
MAPPER: Any = ProguardMapper
OWNERS: Any = codeowners.Codeowners
RULES: Any = Enhancements


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: CACHE("1"), TypeError),
        (lambda: Cache(-1), OverflowError),
        (lambda: Cache(2**70), OverflowError),
        (lambda: COMPONENT(1), TypeError),
        (AssembleResult, TypeError),
        (RULES, TypeError),
        (lambda: RULES.parse(b"", Cache(0)), TypeError),
        (lambda: RULES.parse("", None), TypeError),
        (lambda: RULES.from_config_structure("", Cache(0)), TypeError),
        (lambda: RULES.empty().extend_from(None), TypeError),
        (lambda: RULES.empty().set_memo_bytes(-1), OverflowError),
        (lambda: RULES.empty().to_config_structure(2**70), RuntimeError),
        (lambda: RULES.empty().apply_modifications_to_frames((), {}), TypeError),
        (lambda: RULES.empty().apply_modifications_to_stacktraces([1]), TypeError),
        (
            lambda: RULES.empty().apply_modifications_to_stacktraces([], threads=0),
            ValueError,
        ),
        (
            lambda: RULES.empty().apply_modifications_to_stacktraces([], threads="2"),
            TypeError,
        ),
        (lambda: pickle.dumps(Component()), TypeError),
        (lambda: GLOB.Glob(1), TypeError),
        (lambda: GLOB.Glob("a", double_star=1), TypeError),
        (lambda: GLOB.GlobSet("a"), TypeError),
        (lambda: GLOB.Glob.escape(b""), TypeError),
        (OWNERS, TypeError),
        (lambda: OWNERS.parse("", "svn"), ValueError),
        (lambda: OWNERS.parse("", max_bytes=-1), ValueError),
        (lambda: OWNERS.parse("", max_bytes=None), TypeError),
        (lambda: LIMITS.get("frames"), TypeError),
        (lambda: LIMITS.set(limits.Limit.FRAMES, -1), OverflowError),
        (lambda: LIMITS.set(limits.Limit.FRAMES, "1"), TypeError),
        (MAPPER, TypeError),
        (lambda: MAPPER.open(7), TypeError),
        (lambda: MAPPER.from_bytes(7), TypeError),
        (lambda: MAPPER.from_bytes(b"").remap_class(7), TypeError),
        (lambda: MAPPER.from_bytes(b"").remap_method("a", 7), TypeError),
        (lambda: MAPPER.from_bytes(b"").remap_stacktrace(7), TypeError),
    ],
)
def test_a_wrong_argument_is_an_ophio_error_and_what_python_has(
    call: Callable[[], object], expected: type[Exception]
) -> None:
    with pytest.raises(OphioError) as caught:
        call()
    assert isinstance(caught.value, expected)


FINGERPRINTS: Any = fingerprints.FingerprintRules
CONFIG: Any = EnhancementsConfig
PREVIEW: Any = enhancers.preview
ISSUES: Any = fingerprints.preview
STACKTRACE: Any = Stacktrace
PARAMETERIZER: Any = parameterization.Parameterizer
MATCH_FRAMES: Any = events.match_frames
TRIM: Any = functions.trim_function_names
NO_EXCEPTION = {"ty": None, "value": None, "mechanism": None}


def columns() -> Any:
    """Return `sentry_ophio.arrow`, which needs pyarrow."""
    pytest.importorskip("pyarrow")
    return importlib.import_module("sentry_ophio.arrow")


def fingerprint_rules() -> Any:
    return FINGERPRINTS.parse("type:A -> a")


class Names:
    """A mapping with a key that is not hashable."""

    def keys(self) -> list[Any]:
        return [[]]

    def __getitem__(self, name: object) -> Enhancements:
        return Enhancements.empty()


@pytest.mark.parametrize(
    ("call", "expected", "message"),
    [
        # --- not iterable
        (lambda: fingerprint_rules().match_many(1), TypeError, "events must be an iterable of"),
        (lambda: FINGERPRINTS.parse("", bases=1), TypeError, "bases must be an iterable of"),
        (
            lambda: FINGERPRINTS.from_json({"rules": []}, bases=1),
            TypeError,
            "bases must be an iterable of",
        ),
        (
            lambda: ISSUES(fingerprint_rules(), fingerprint_rules(), 1),
            TypeError,
            "events must be an iterable of events",
        ),
        (lambda: GLOB.Glob("a").match_many(1), TypeError, "values must be an iterable of str"),
        (lambda: GLOB.GlobSet(1), TypeError, "patterns must be an iterable of str or bytes"),
        (lambda: OWNERS.parse("").owners_many(1), TypeError, "paths must be an iterable of str"),
        (lambda: OWNERS.check("", paths=1), TypeError, "paths must be an iterable of str or"),
        (lambda: PARAMETERIZER(1), TypeError, "patterns must be an iterable of Pattern"),
        (lambda: PARAMETERIZER(only=1), TypeError, "only must be an iterable of names"),
        (lambda: PARAMETERIZER().parameterize_many(1), TypeError, "texts must be an iterable of"),
        (lambda: PARAMETERIZER().find_many(1), TypeError, "texts must be an iterable of texts"),
        (lambda: PARAMETERIZER().counts(1), TypeError, "texts must be an iterable of texts"),
        (lambda: TRIM(1, "native"), TypeError, "names must be an iterable of str"),
        (lambda: MATCH_FRAMES(1, "native"), TypeError, "frames must be an iterable of frames"),
        (lambda: MAPPER.from_bytes(b"").remap_frames(1), TypeError, "frames must be an iterable"),
        (
            lambda: RULES.empty().apply_modifications_to_stacktraces(1),
            TypeError,
            "stacktraces must be an iterable of Stacktrace objects",
        ),
        (
            lambda: RULES.empty().assemble_stacktrace_components(1, []),
            TypeError,
            "stacktraces must be an iterable of Stacktrace objects",
        ),
        (
            lambda: PREVIEW(Enhancements.empty(), Enhancements.empty(), 1),
            TypeError,
            "stacktraces must be an iterable of Stacktrace objects",
        ),
        (lambda: RULES.empty().to_config_structure(3, 1), TypeError, "bases must be an iterable"),
        (
            lambda: RULES.empty().explain([], NO_EXCEPTION, why_not=1),
            TypeError,
            "why_not must be the index of a rule and of a frame, not int",
        ),
        (
            lambda: RULES.empty().explain([], NO_EXCEPTION, repeats=1),
            TypeError,
            "repeats must be an iterable of bools",
        ),
        (lambda: RULES.empty().explain(1, NO_EXCEPTION), TypeError, "frames must be a list"),
        (
            lambda: STACKTRACE.many_from_event_frames(1),
            TypeError,
            "stacktraces must be an iterable",
        ),
        (
            lambda: RULES.empty().apply_to_many_event_frames(1),
            TypeError,
            "stacktraces must be an iterable of (frames, platform, exception)",
        ),
        (lambda: columns().batch(1), TypeError, "stacktraces must be an iterable of mappings"),
        (
            lambda: columns().batch([{"frames": 1}]),
            TypeError,
            "frames must be an iterable of mappings",
        ),
        (lambda: columns().events_to_arrow(1), TypeError, "files must be an iterable of paths"),
        # --- items of another kind
        (
            lambda: STACKTRACE.many_from_event_frames([(1, 2)]),
            ValueError,
            "stack trace 0 must be (frames, platform, exception): 3 items",
        ),
        (
            lambda: RULES.empty().apply_to_many_event_frames([([], None, None), 1]),
            TypeError,
            "stack trace 1 must be (frames, platform, exception), not int",
        ),
        (
            lambda: RULES.empty().explain([], NO_EXCEPTION, why_not=(1,)),
            ValueError,
            "why_not must be the index of a rule and of a frame: 2 items",
        ),
        (
            lambda: RULES.empty().explain([], NO_EXCEPTION, why_not=itertools.count()),
            ValueError,
            "why_not must be the index of a rule and of a frame: 2 items",
        ),
        (lambda: columns().batch([1]), TypeError, "an item of stacktraces must be a mapping"),
        (
            lambda: columns().batch([{"frames": [{"function": 5}]}]),
            TypeError,
            "stacktraces must have values as in SCHEMA",
        ),
        (
            lambda: columns().batch([{"frames": [{"orig_in_app": 300}]}]),
            ValueError,
            "stacktraces must have values as in SCHEMA",
        ),
        (
            lambda: columns().batch([{"frames": [{"orig_in_app": 2**70}]}]),
            ValueError,
            "stacktraces must have values as in SCHEMA",
        ),
        (
            lambda: columns().events_to_arrow([1]).read_all(),
            TypeError,
            "an item of files must be a str or path, not int",
        ),
        # --- mappings, choices, objects, numbers
        (lambda: CONFIG.from_text("", 1), TypeError, "bases must be a mapping from names to"),
        (lambda: CONFIG.from_text("", "x"), TypeError, "bases must be a mapping from names to"),
        (lambda: CONFIG.from_base64("", 1), TypeError, "bases must be a mapping from names to"),
        (lambda: CONFIG.from_text("", Names()), TypeError, "the name of a base must be a str"),
        (lambda: OWNERS.parse("", []), ValueError, 'dialect must be "github" or "gitlab"'),
        (lambda: OWNERS.of_repository(".", []), ValueError, 'dialect must be "github" or'),
        (
            lambda: ISSUES(None, fingerprint_rules(), []),
            TypeError,
            "old_rules must be FingerprintRules, not NoneType",
        ),
        (
            lambda: ISSUES(fingerprint_rules(), None, []),
            TypeError,
            "new_rules must be FingerprintRules, not NoneType",
        ),
        (
            lambda: ISSUES(fingerprint_rules(), fingerprint_rules(), [], rules=1),
            TypeError,
            "rules must be Enhancements, not int",
        ),
        (
            lambda: RULES.empty().apply_modifications_to_stacktraces([], threads=2**70),
            OverflowError,
            "threads must be at most 18446744073709551615",
        ),
    ],
)
def test_errors_name_the_argument_and_what_is_expected(
    call: Callable[[], object], expected: type[Exception], message: str
) -> None:
    with pytest.raises(OphioError, match=re.escape(message)) as caught:
        call()
    assert isinstance(caught.value, expected)


class Failing:
    """What cannot be iterated over because of an error of its own."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __iter__(self) -> Any:
        raise self.error


@pytest.mark.parametrize("error", [TypeError("mine"), ValueError("mine"), KeyError("mine")])
@pytest.mark.parametrize(
    "call",
    [
        GLOB.GlobSet,
        lambda given: TRIM(given, "native"),
        lambda given: STACKTRACE.many_from_event_frames([given]),
        lambda given: RULES.empty().to_config_structure(3, given),
        lambda given: GLOB.GlobSet(each for each in given),
        lambda given: TRIM((each for each in given), "native"),
    ],
)
def test_errors_of_an_iterator_of_the_caller_pass(
    call: Callable[[Any], object], error: Exception
) -> None:
    with pytest.raises(type(error)) as caught:
        call(Failing(error))
    assert caught.value is error


# --- status -------------------------------------------------------------------------


def test_status_numbers_are_what_they_always_were(header: str) -> None:
    declared = re.findall(r"^ +(OPHIO_STATUS_\w+) = (\d+),", header, re.MULTILINE)
    assert {name: int(number) for name, number in declared} == STATUS_NUMBERS


@pytest.mark.parametrize("name", sorted(STATUS_NUMBERS))
def test_library_knows_the_status(name: str) -> None:
    assert getattr(lib, name) == STATUS_NUMBERS[name]


def test_every_failure_has_an_exception() -> None:
    assert set(EXCEPTIONS) == set(STATUS_NUMBERS.values()) - {0}


def test_every_exception_of_the_table_can_be_imported_by_users() -> None:
    for cls in EXCEPTIONS.values():
        assert cls.__name__ in exceptions.__all__
        assert getattr(exceptions, cls.__name__) is cls


def test_check_passes_success() -> None:
    check(lib.OPHIO_STATUS_OK)


@pytest.mark.parametrize("status", sorted(EXCEPTIONS))
def test_check_raises_the_class_of_the_status(status: int) -> None:
    with pytest.raises(OphioError) as caught:
        check(status)
    assert type(caught.value) is EXCEPTIONS[status]


def test_a_status_of_a_later_library_is_an_ophio_error_with_its_number() -> None:
    error = error_for(999)
    assert type(error) is OphioError
    assert "999" in str(error)


def test_there_is_no_error_before_the_first() -> None:
    lib.ophio_last_error_clear()
    assert lib.ophio_last_error_code() == lib.OPHIO_STATUS_OK
    assert decode(lib.ophio_last_error_message()) == ""


# --- strings ------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "a", "grün", "a\0b", "\N{SNAKE}" * 1000])
def test_a_slice_becomes_a_str(text: str) -> None:
    data = text.encode()
    buffer = ffi.from_buffer("uint8_t[]", data)
    slice_ = ffi.new("OphioSlice *", {"data": buffer, "len": len(data)})
    assert decode(slice_[0]) == text


def test_null_and_zero_is_the_empty_str() -> None:
    assert decode(ffi.new("OphioSlice *")[0]) == ""


def test_freeing_an_empty_string_or_null_does_nothing() -> None:
    lib.ophio_str_free(ffi.NULL)
    lib.ophio_str_free(ffi.new("OphioStr *"))


# --- handles ------------------------------------------------------------------------


class Thing(Handle):
    """A handle whose object is a struct of Python's, with a counting free."""

    __slots__ = ("_object", "name")

    _KIND = ffi.typeof("OphioStr **")

    def __init__(self, free: Callable[[CData], None]) -> None:
        place = ffi.gc(ffi.new(self._KIND), free)
        self._object = ffi.new("OphioStr *")
        place[0] = self._object
        self._adopt(place)

    def pointer(self) -> CData:
        return self._ptr


def divide_by(number: int) -> float:
    return 1 / number


@pytest.fixture
def freed() -> list[CData]:
    return []


def test_a_handle_is_freed_when_it_is_garbage(freed: list[CData]) -> None:
    thing = Thing(freed.append)
    collect_all()
    assert not freed
    del thing
    collect_all()
    assert len(freed) == 1


def test_close_frees_once(freed: list[CData]) -> None:
    thing = Thing(freed.append)
    thing.close()
    collect_all()
    assert len(freed) == 1
    thing.close()
    del thing
    collect_all()
    assert len(freed) == 1


def test_with_closes(freed: list[CData]) -> None:
    with Thing(freed.append) as thing:
        assert thing.pointer()
    assert thing.closed
    collect_all()
    assert len(freed) == 1


def test_with_closes_after_an_exception_and_lets_it_through(freed: list[CData]) -> None:
    thing = Thing(freed.append)
    with pytest.raises(ZeroDivisionError), thing:
        divide_by(0)
    assert thing.closed


def test_use_after_close_raises(freed: list[CData]) -> None:
    thing = Thing(freed.append)
    thing.close()
    with pytest.raises(HandleClosedError, match=r"^this Thing is closed$"):
        thing.pointer()


def test_closing_during_a_call_does_not_free_under_it(freed: list[CData]) -> None:
    thing = Thing(freed.append)
    argument = thing.pointer()  # as held by a call in another thread
    thing.close()
    collect_all()
    assert not freed
    del argument
    collect_all()
    assert len(freed) == 1


def test_a_copy_shares_the_object_and_it_is_freed_once(freed: list[CData]) -> None:
    thing = Thing(freed.append)
    twin = copy.copy(thing)
    thing.close()
    collect_all()
    assert not freed
    assert twin.pointer()
    twin.close()
    collect_all()
    assert len(freed) == 1


def test_what_the_library_made_is_freed_where_nothing_adopts_it(freed: list[CData]) -> None:
    """As where a signal handler raises between the call and the next line."""
    place = ffi.gc(ffi.new("OphioStr **"), freed.append)
    place[0] = ffi.new("OphioStr *")
    del place
    collect_all()
    assert len(freed) == 1


def test_other_attributes_are_missed_as_usual(freed: list[CData]) -> None:
    thing = Thing(freed.append)
    with pytest.raises(AttributeError, match="'Thing' object has no attribute 'nothing'"):
        _ = thing.nothing  # type: ignore[attr-defined]
    assert not hasattr(thing, "__dict__")


# --- the module and its stub --------------------------------------------------------


def test_only_the_plumbing_imports_the_generated_module(source_tree: Path) -> None:
    package = source_tree / "python" / "sentry_ophio"
    users = {
        path.name
        for path in package.rglob("*.py")
        if not path.name.startswith("_lowlevel")
        and re.search(r"^\s*(from|import) .*_lowlevel", path.read_text("utf-8"), re.MULTILINE)
    }
    assert users == {"_ffi.py"}


def test_the_stub_tells_what_the_header_declares(
    source_tree: Path, declared_functions: set[str]
) -> None:
    stub = source_tree / "python" / "sentry_ophio" / "_lowlevel.pyi"
    (cls,) = (
        node
        for node in ast.parse(stub.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == "_Lib"
    )
    functions = {node.name: node for node in cls.body if isinstance(node, ast.FunctionDef)}
    assert set(functions) == declared_functions
    for name, node in functions.items():
        in_stub = [arg.arg for arg in node.args.posonlyargs + node.args.args][1:]
        in_library = ffi.typeof(getattr(lib, name)).args
        assert len(in_stub) == len(in_library), name
    constants = {
        node.target.id
        for node in cls.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    # Those that only C callers use need no line.
    assert constants <= set(dir(lib))
    assert constants >= {name for name in dir(lib) if name.startswith("OPHIO_STATUS_")}


def test_version_is_that_of_the_library() -> None:
    assert sentry_ophio.__version__ == decode(lib.ophio_version())
    assert _ffi.lib.ophio_abi_version() == 1
