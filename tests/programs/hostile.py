"""Calls every public function with arguments whose own code is hostile, at each moment.

    python hostile.py [MOMENTS] [NAME]

A call of a function is a row of moments: the caller's code runs (`c`: a special method of an
argument, a generator, a callback), and a function of the library returns (`L`):

    Glob.match(value)           c c L           the value is encoded, then the library matches
    GlobSet.__init__(patterns)  c c c L L L

First a call is made undisturbed, which records its moments. Then it is made again for each moment
(for `MOMENTS` of them, evenly spread) and each action: at that moment every handle is closed, also
one that is just being made; or containers are emptied or grow; or an exception is raised; or the
function is entered again; or the constructor is called again. At an `L`, the action is what
another thread may do.

Run it where freed memory is overwritten, so that a use of it shows: the result after `close` has
to be the undisturbed one, or `HandleClosedError`. It prints JSON: how many calls, the moments of
each function, and what went wrong. With OPHIO_TRACE=1 it says how long each function took, and
with OPHIO_TRACE=2 which call is next: the last one is that which crashed.
"""

import collections.abc
import contextlib
import copy
import dataclasses
import datetime
import enum
import faulthandler
import gc
import json
import os
import re
import sys
import tempfile
import time
import types

from sentry_ophio import _ffi

# --- moments -------------------------------------------------------------------------


class Raised(Exception):
    """What hostile code raises."""


class Moments:
    """Records moments, and acts at one of them."""

    def __init__(self):
        self.reset()

    def reset(self, at=-1, action=None):
        self.seen, self.at, self.action, self.on = [], at, action, False

    def pass_(self, kind):
        if not self.on:
            return
        number = len(self.seen)
        self.seen.append(kind)
        if number > 5_000:
            raise Raised("too many moments")
        if number == self.at:
            self.on = False  # what the action does is no moment
            try:
                self.action()
            finally:
                self.on = True


moments = Moments()

# What is called when an object is freed, at any time, or reads what a call has just left.
QUIET = ("_free", "ophio_last_error", "ophio_str_free")


class Library:
    """Stands for `lib`, so that a return of one of its functions is a moment."""

    def __init__(self, real):
        self.real = real

    def __getattr__(self, name):
        found = getattr(self.real, name)
        if callable(found) and not any(each in name for each in QUIET):
            function = found

            def found(*arguments):
                returned = function(*arguments)
                moments.pass_("L")
                return returned

        setattr(self, name, found)
        return found


_ffi.lib = Library(_ffi.lib)  # all other modules import it from there

from sentry_ophio import (  # noqa: E402
    codeowners,
    enhancers,
    events,
    exceptions,
    fingerprints,
    functions,
    glob,
    limits,
    parameterization,
    proguard,
)
from sentry_ophio._pack import EXCEPTION_FIELDS, FRAME_FIELDS  # noqa: E402
from sentry_ophio.enhancers import (  # noqa: E402
    Cache,
    Component,
    Enhancements,
    EnhancementsConfig,
    Stacktrace,
)
from sentry_ophio.fingerprints import FingerprintRules  # noqa: E402

try:
    import pyarrow

    from sentry_ophio import arrow
except ImportError:
    arrow = None

# Every handle that a call makes, also before the caller has it: code of the caller finds such an
# object by `gc.get_objects()`.
made = []
adopt = _ffi.Handle._adopt


def adopt_and_record(self, place):
    adopt(self, place)
    if moments.seen or moments.on:
        made.append(self)


_ffi.Handle._adopt = adopt_and_record

# --- hostile objects -----------------------------------------------------------------

# Methods that are not wrapped: of the object itself, or called where nothing may raise.
SPARED = {
    *("__new__", "__init__", "__class__", "__init_subclass__", "__subclasshook__", "__del__"),
    *("__setattr__", "__delattr__", "__dir__", "__reduce__", "__reduce_ex__", "__getstate__"),
    *("__getattribute__", "__class_getitem__", "__sizeof__", "__release_buffer__"),
}


def wrapped(base, name):
    method = getattr(base, name)

    def call(self, *arguments, **options):
        moments.pass_("c")
        return method(self, *arguments, **options)

    return call


def attribute(self, name):
    moments.pass_("c")
    return object.__getattribute__(self, name)


def subclass(base):
    names = [each for each in dir(base) if callable(getattr(base, each)) and each not in SPARED]
    members = {each: wrapped(base, each) for each in names}
    members["__getattribute__"] = attribute
    return type(f"Hostile{base.__name__}", (base,), members)


SUBCLASSES = {base: subclass(base) for base in (str, bytes, int, float, dict, list, tuple)}

# Special methods of an object that passes everything on to another one.
PASSED_ON = {
    "__len__": len,
    "__iter__": iter,
    "__next__": next,
    "__getitem__": lambda value, key: value[key],
    "__contains__": lambda value, key: key in value,
    "__index__": lambda value: value.__index__(),
    "__int__": int,
    "__float__": float,
    "__bool__": bool,
    "__str__": str,
    "__repr__": repr,
    "__eq__": lambda value, other: value == other,
    "__hash__": hash,
    "__fspath__": os.fspath,
    "__bytes__": bytes,
    "__buffer__": lambda value, _: memoryview(value),
    "__call__": lambda value, *arguments, **options: value(*arguments, **options),
}


def passed_on(name):
    def call(self, *arguments, **options):
        moments.pass_("c")
        return PASSED_ON[name](object.__getattribute__(self, "value"), *arguments, **options)

    return call


class Object:
    """Has every special method."""

    def __init__(self, value):
        object.__setattr__(self, "value", value)

    def __getattr__(self, name):
        moments.pass_("c")
        return getattr(object.__getattribute__(self, "value"), name)


for each in PASSED_ON:
    setattr(Object, each, passed_on(each))


class Claims(Object):
    """Claims to be of the class, too."""

    @property
    def __class__(self):
        moments.pass_("c")
        return type(object.__getattribute__(self, "value"))


class Mapping(Object):
    """What counts as a mapping and is no dict."""


class Sequence(Object):
    """What counts as a sequence and is no list."""


collections.abc.Mapping.register(Mapping)
collections.abc.Sequence.register(Sequence)


def generator(values):
    for value in values:
        moments.pass_("c")
        yield value
    moments.pass_("c")


class Zone(datetime.tzinfo):
    def utcoffset(self, time):
        moments.pass_("c")
        return datetime.timedelta(0)


@dataclasses.dataclass
class Data:
    """Has a field that is computed."""

    field: object

    @property
    def __dict__(self):
        moments.pass_("c")
        return {"field": 1}

    def __getattribute__(self, name):
        moments.pass_("c")
        return object.__getattribute__(self, name)


class Member(enum.Enum):
    ONE = 1

    @enum.property
    def value(self):
        moments.pass_("c")
        return self._value_


KINDS = {
    # What a packer may have a form for.
    "time": (object, lambda _: datetime.datetime(2020, 1, 1, tzinfo=Zone())),
    "dataclass": (object, Data),
    "enum": (object, lambda _: Member.ONE),
    "object": (object, Object),
    "claims": (object, Claims),
    "mapping": (dict, Mapping),
    "sequence": (list, Sequence),
    "generator": ((list, tuple), generator),
    "bytearray": (bytes, bytearray),
    "memoryview": (bytes, lambda value: memoryview(bytearray(value))),
}


def hostile(kind, value):
    """Make a hostile object of a value; None if there is none of this kind."""
    if kind == "subclass":
        base = SUBCLASSES.get(type(value))
        return None if base is None else base(value)
    types_, make = KINDS[kind]
    return make(value) if isinstance(value, types_) and value is not None else None


def places(value, path=()):
    """Yield the path to everything in arguments, of a list to the first three of it."""
    if path:
        yield path
    if type(value) is list or (type(value) is tuple and not hasattr(value, "_fields")):
        for number, each in enumerate(value[:3]):
            yield from places(each, (*path, number))
    elif type(value) is dict:
        for key, each in value.items():
            yield from places(each, (*path, key))


def replaced(value, path, kind):
    """Replace what is at a path by a hostile object. Returns None if it has no such kind."""
    if not path:
        return hostile(kind, value)
    inner = replaced(value[path[0]], path[1:], kind)
    if inner is None:
        return None
    if type(value) is tuple:
        return tuple(inner if at == path[0] else each for at, each in enumerate(value))
    value[path[0]] = inner
    return value


def everywhere(value, kind, *, top=True):
    """Replace all of it, from the inside."""
    if type(value) in (list, tuple):
        value = type(value)(everywhere(each, kind, top=False) for each in value)
    elif type(value) is dict:
        value = {key: everywhere(each, kind, top=False) for key, each in value.items()}
    made = None if top else hostile(kind, value)
    return value if made is None else made


def containers(value, found):
    """Collect what can change, also in hostile objects."""
    if issubclass(type(value), Object):
        value = object.__getattribute__(value, "value")
    kind = type(value)
    if issubclass(kind, (bytearray, memoryview)):
        found.append(value)
    elif issubclass(kind, dict):
        found.append(value)
        for each in dict.values(value):
            containers(each, found)
    elif issubclass(kind, (list, tuple)):
        if issubclass(kind, list):
            found.append(value)
        for each in kind.__mro__[-2].__iter__(value):
            containers(each, found)
    return found


# --- actions -------------------------------------------------------------------------


def grow(each):
    if isinstance(each, bytearray):
        bytearray.extend(each, b"x" * 10_000)
    elif isinstance(each, dict):
        for number in range(50):
            dict.__setitem__(each, f"more{number}", number)
    elif isinstance(each, list):
        # The first once more: several times would be a power of that many in a nested list.
        list.extend(each, [*list.__getitem__(each, slice(1)), *[None] * 50])


def empty(each):
    if isinstance(each, bytearray):
        bytearray.clear(each)
    elif isinstance(each, dict):
        dict.clear(each)
    elif isinstance(each, list):
        list.clear(each)
    elif isinstance(each, memoryview):
        each.release()


class Call:
    """A call of a public function."""

    def __init__(self, recipe, path=None, kind=None):
        self.owner, self.name, given, self.finish = recipe()
        if path == "everywhere":
            given = tuple(everywhere(each, kind) for each in given)
        elif path:
            given = replaced(given, path, kind)
        self.arguments, self.options = given
        self.recipe = recipe

    def handles(self):
        found = [self.owner, *made]
        for each in (*self.arguments, *self.options.values()):
            if issubclass(type(each), Object):
                each = object.__getattribute__(each, "value")
            found += dict.values(each) if isinstance(each, dict) else [each]
            if isinstance(each, (list, tuple)):
                found += list.__iter__(each) if isinstance(each, list) else tuple.__iter__(each)
        return [each for each in found if issubclass(type(each), _ffi.Handle)]

    def close(self):
        for each in self.handles():
            _ffi.Handle.close(each)
        made.clear()
        gc.collect(0)

    def grow(self):
        for each in containers([*self.arguments, self.options], []):
            with contextlib.suppress(BufferError):
                grow(each)

    def empty(self):
        for each in containers([*self.arguments, self.options], []):
            with contextlib.suppress(BufferError):
                empty(each)

    def raise_(self):
        raise Raised

    def enter_again(self):
        owner, name, (arguments, options), _ = self.recipe()
        with contextlib.suppress(Exception):
            found = getattr(owner if isinstance(owner, type) else self.owner, name)
            if callable(found) and name != "close":
                found(*arguments, **options)
        if type(self.owner) is Enhancements and not self.owner.closed and len(self.owner) < 9:
            self.owner.extend_from(self.owner)

    def make_again(self):
        arguments = MADE_AGAIN.get(type(self.owner))
        if arguments is not None:
            self.owner.__init__(*arguments)

    def run(self, at=-1, action=None):
        """Make the call; return its result or exception, as plain text."""
        moments.reset(at, action and getattr(self, action))
        try:
            moments.on = True
            result = getattr(self.owner, self.name)
            if isinstance(
                result,
                (
                    types.FunctionType,
                    types.MethodType,
                    types.BuiltinMethodType,
                    type,
                    types.MethodWrapperType,
                ),
            ):
                result = result(*self.arguments, **self.options)
            if self.finish is not None:
                result = self.finish(result)
            moments.on = False
            return described(result), None
        except Exception as error:  # noqa: BLE001 (any of them is looked at)
            moments.on = False
            return described(error), error
        finally:
            moments.on = False


def described(result):
    """Describe a result; what a handle holds is not part of it."""
    if isinstance(result, BaseException):
        return re.sub(r" at 0x[0-9a-f]+", "", f"{type(result).__name__}: {result}")
    if isinstance(result, _ffi.Handle):
        return type(result).__name__
    if type(result) in (list, tuple):
        return [described(each) for each in result]
    if isinstance(result, collections.abc.Iterator):
        return [described(each) for each in result]
    if hasattr(result, "to_pylist"):
        return f"{type(result).__name__}: {result.to_pylist()}"
    return re.sub(r" at 0x[0-9a-f]+", "", f"{type(result).__name__}: {result!r}")


ACTIONS = ("close", "empty", "grow", "raise_", "enter_again", "make_again")

# A panic is a fault of the library. So is a NULL pointer, and what Python raises for a fault of
# its own; the rest would be a fault of ours.
WRONG = (exceptions.OphioPanicError, SystemError, AssertionError, MemoryError, IndexError,
         NameError, ZeroDivisionError)  # fmt: skip


def fault(call, action, result, error, undisturbed):
    """Say what is wrong with the outcome of a call; None if nothing is."""
    if isinstance(error, WRONG) or "NULL" in str(error):
        return f"{type(error).__name__}: {error}"
    if action == "close" and result != undisturbed:
        if not isinstance(error, exceptions.HandleClosedError):
            return f"{result!r:.300} instead of {undisturbed!r:.300}"
    return None


# --- the calls -----------------------------------------------------------------------

# More than 32 bytes, which have a piece of memory of their own.
LONG = "a_function_with_a_long_name_" * 3
RULES = f"function:main -app category=x\nfunction:{LONG} -group\nfunction:b max-frames=1"
MAPPING = f"org.example.{LONG} -> a:\n    1:2:void buy_{LONG}():3:4 -> b\n".encode()
OWNERS = f"[Docs]{LONG} @b\n*.py @a{LONG}\n/docs/\nsrc[1] @{LONG}\n"
FINGERPRINTS = f"type:A -> {LONG}\nlevel:info -> b, {{{{ level }}}} title={LONG}"


def frame():
    return dict.fromkeys(FRAME_FIELDS) | {
        "function": LONG.encode(),
        "in_app": True,
        "orig_in_app": 1,
    }


def frames():
    return [frame(), dict.fromkeys(FRAME_FIELDS) | {"function": b"main"}]


def wrong_frames():
    """Give a frame that the library rejects."""
    return [frame() | {"orig_in_app": 1000}]


def error():
    return dict.fromkeys(EXCEPTION_FIELDS) | {"ty": b"E", "mechanism": b"m"}


def event_frames():
    return [{"function": LONG, "filename": "a.py", "in_app": True, "data": {"category": "y"}},
            {"function": "main", "in_app": True}]  # fmt: skip


def exception():
    return {"type": "E", "value": "v", "mechanism": {"type": "m"}}


def event():
    return {"level": "info", "tags": [["a", LONG]],
            "exception": {"values": [{"type": "B", "value": "v",
                                      "stacktrace": {"frames": event_frames()}}]}}  # fmt: skip


def rules():
    return Enhancements.parse(RULES, Cache(0), source="a")


def trace():
    return Stacktrace(frames(), error())


def components():
    return [Component(contributes=True), Component()]


def config():
    return EnhancementsConfig.from_text(RULES, {"base": rules(), "other": rules()})


def owners():
    return codeowners.Codeowners.parse(OWNERS, "gitlab")


def prints():
    return FingerprintRules.parse(FINGERPRINTS, bases=[FingerprintRules.parse("type:b -> c")])


def mapper():
    return proguard.ProguardMapper.from_bytes(MAPPING)


def parameterizer():
    return parameterization.Parameterizer([(f"n{LONG}", r"\d+"), ("word", r"\bw\w+")])


def globs():
    return glob.GlobSet(["a*", "[" + LONG, b"*.py"])


def new(kind):
    return object.__new__(kind)


def read(result):
    return result.read_all().to_pylist()


STORED = rules().to_base64()
BINARY = rules().to_config_structure()
LINES = json.dumps(event()).encode() + b"\n"
JSON_RULES = json.loads(prints().to_json())

# How the constructor of an object that exists is called again.
MADE_AGAIN = {
    glob.Glob: ("b*",),
    glob.GlobSet: ([],),
    Cache: (1,),
    parameterization.Parameterizer: ([("other", "x")],),
    Stacktrace: ([], error()),
    Component: (None,),
}

SETTER = types.SimpleNamespace(set=lambda value: setattr(Component(), "contributes", value))

PATH = os.path.join(tempfile.mkdtemp(), "mapping.txt")
with open(PATH, "wb") as file:
    file.write(MAPPING)
CACHE = os.path.join(os.path.dirname(PATH), "mapping.cache")
mapper().write_cache(CACHE)
REPOSITORY = os.path.dirname(PATH)
with open(os.path.join(REPOSITORY, "CODEOWNERS"), "w", encoding="utf-8") as file:
    file.write(OWNERS)
EVENTS = os.path.join(os.path.dirname(PATH), "events.ndjson")
with open(EVENTS, "wb") as file:
    file.write(LINES)

OPTIONS = {"double_star": True, "case_insensitive": True}

# For each function: the object, the name, and arguments; perhaps options, and what to do with
# the result. Several where a call may go different ways.
CALLS = {
    "codeowners.Codeowners.__init__": [lambda: (new(codeowners.Codeowners), "__init__", ())],
    "codeowners.Codeowners.parse": [
        lambda: (codeowners.Codeowners, "parse", (OWNERS, "gitlab"), {"max_bytes": 10_000}),
        lambda: (codeowners.Codeowners, "parse", (OWNERS.encode(),)),
    ],
    "codeowners.Codeowners.of_repository": [
        lambda: (codeowners.Codeowners, "of_repository", (REPOSITORY, "gitlab")),
        lambda: (codeowners.Codeowners, "of_repository", (REPOSITORY,), {"max_bytes": 10_000}),
    ],
    "codeowners.Codeowners.check": [
        lambda: (codeowners.Codeowners, "check", (OWNERS, "gitlab"), {"paths": ["docs/a", b"a"]}),
        lambda: (codeowners.Codeowners, "check", ("* @a",), {"paths": ["a", None]}),
    ],
    "codeowners.Codeowners.owners": [
        lambda: (owners(), "owners", ("docs/a",)),
        lambda: (owners(), "owners", (b"a.py",)),
    ],
    "codeowners.Codeowners.owners_many": [
        lambda: (owners(), "owners_many", (["docs/a", b"a.py"],)),
        lambda: (codeowners.Codeowners.parse("* @a"), "owners_many", (["a", None],)),
    ],
    "codeowners.is_codeowners_path_match": [
        lambda: (codeowners, "is_codeowners_path_match", ("a/b", f"/a/**/{LONG}")),
        lambda: (codeowners, "is_codeowners_path_match", (b"a/b", b"/a/")),
    ],
    "enhancers.AssembleResult.__init__": [
        lambda: (enhancers, "AssembleResult", ()),
    ],
    "enhancers.Cache.__init__": [lambda: (new(Cache), "__init__", (5,))],
    "enhancers.Component.__init__": [lambda: (new(Component), "__init__", (True,))],
    "enhancers.Component.contributes": [
        lambda: (Component(True), "contributes", ()),
        lambda: (SETTER, "set", (True,)),
    ],
    "enhancers.Enhancements.__init__": [lambda: (enhancers, "Enhancements", ())],
    "enhancers.Enhancements.parse": [
        lambda: (Enhancements, "parse", (RULES, Cache(5)), {"source": "a"}),
        lambda: (Enhancements, "parse", (RULES, Cache(5)), {"strict": True}),
        lambda: (
            Enhancements,
            "parse",
            (RULES + "\napp:no +sentinel +app", Cache(5)),
            {"lenient": True},
        ),
        lambda: (Enhancements, "parse", ("nonsense", Cache(5)), {"strict": True}),
    ],
    "enhancers.Enhancements.check": [
        lambda: (Enhancements, "check", ("funktion:a +app",), {"lenient": True}),
        lambda: (Enhancements, "check", ("family:native +app",), {"profiling": True}),
    ],
    "enhancers.Enhancements.from_config_structure": [
        lambda: (Enhancements, "from_config_structure", (BINARY, Cache(5))),
    ],
    "enhancers.Enhancements.from_base64": [
        lambda: (Enhancements, "from_base64", (STORED, Cache(5)), {"ignore_other": True}),
    ],
    "enhancers.Enhancements.extend_from": [lambda: (rules(), "extend_from", (rules(),))],
    "enhancers.Enhancements.to_config_structure": [
        lambda: (rules(), "to_config_structure", (2, [f"base {LONG}", "b"])),
    ],
    "enhancers.Enhancements.explain": [
        lambda: (rules(), "explain", (frames(), error(), components()), {"why_not": (0, 0)}),
        lambda: (rules(), "explain", (wrong_frames(), error())),
    ],
    "enhancers.Enhancements.__eq__": [lambda: (rules(), "__eq__", (rules(),))],
    "enhancers.Enhancements.__deepcopy__": [lambda: (rules(), "__deepcopy__", ({},))],
    "enhancers.Enhancements.apply_modifications_to_frames": [
        lambda: (rules(), "apply_modifications_to_frames", (frames(), error())),
        lambda: (rules(), "apply_modifications_to_frames", (frames() * 128, error())),
        lambda: (rules(), "apply_modifications_to_frames", (wrong_frames(), error())),
    ],
    "enhancers.Enhancements.apply_modifications_to_stacktraces": [
        lambda: (
            rules(),
            "apply_modifications_to_stacktraces",
            ([trace(), trace()],),
            {"threads": 2},
        ),
    ],
    "enhancers.Enhancements.apply_to_event_frames": [
        lambda: (
            rules(),
            "apply_to_event_frames",
            (event_frames(), "native", exception()),
            {"write": True},
        ),
    ],
    "enhancers.Enhancements.apply_to_many_event_frames": [
        lambda: (
            rules(),
            "apply_to_many_event_frames",
            ([(event_frames(), "native", exception()), (event_frames(), "python", None)],),
            {"write": True, "threads": 2},
        ),
    ],
    "enhancers.Enhancements.set_memo_bytes": [lambda: (rules(), "set_memo_bytes", (5,))],
    "enhancers.Enhancements.assemble_stacktrace_component": [
        lambda: (rules(), "assemble_stacktrace_component", (frames(), error(), components())),
        lambda: (
            rules(),
            "assemble_stacktrace_component",
            (wrong_frames(), error(), components()[:1]),
        ),
    ],
    "enhancers.Enhancements.assemble_stacktrace_components": [
        lambda: (
            rules(),
            "assemble_stacktrace_components",
            ([trace()], [components()]),
            {"threads": 2},
        ),
    ],
    "enhancers.EnhancementsConfig.__init__": [lambda: (enhancers, "EnhancementsConfig", ())],
    "enhancers.EnhancementsConfig.from_text": [
        lambda: (EnhancementsConfig, "from_text", (RULES, {"base": rules(), "other": rules()})),
    ],
    "enhancers.EnhancementsConfig.from_base64": [
        lambda: (
            EnhancementsConfig,
            "from_base64",
            (STORED, {"base": rules()}),
            {"ignore_other": True},
        ),
    ],
    "enhancers.EnhancementsConfig.process": [
        lambda: (config(), "process", (event_frames(), "native", exception())),
    ],
    "enhancers.Stacktrace.__init__": [
        lambda: (new(Stacktrace), "__init__", (frames(), error())),
        lambda: (new(Stacktrace), "__init__", (wrong_frames(), error())),
    ],
    "enhancers.Stacktrace.__eq__": [lambda: (trace(), "__eq__", (trace(),))],
    "enhancers.Stacktrace.apply": [lambda: (trace(), "apply", (rules(),))],
    "enhancers.Stacktrace.assemble": [lambda: (trace(), "assemble", (rules(), components()))],
    "enhancers.Stacktrace.from_event_frames": [
        lambda: (Stacktrace, "from_event_frames", (event_frames(), "native", exception())),
    ],
    "enhancers.Stacktrace.many_from_event_frames": [
        lambda: (
            Stacktrace,
            "many_from_event_frames",
            ([(event_frames(), "native", exception())],),
        ),
    ],
    "enhancers.fix_rules": [lambda: (enhancers, "fix_rules", (RULES + "Function:a +in_app",))],
    "enhancers.format_rules": [lambda: (enhancers, "format_rules", (RULES,))],
    "enhancers.preview": [
        lambda: (
            enhancers,
            "preview",
            (rules(), rules(), [trace(), trace()]),
            {"threads": 2, "progress": id, "max_explained": 1},
        ),
    ],
    "events.event_id_of": [lambda: (events, "event_id_of", ({"event_id": "a"},))],
    "events.from_json_lines": [lambda: (events, "from_json_lines", (LINES,))],
    "events.match_frames": [lambda: (events, "match_frames", (event_frames(), "native"))],
    "events.stacktraces_of": [lambda: (events, "stacktraces_of", (event(),))],
    "fingerprints.FingerprintRules.__init__": [lambda: (fingerprints, "FingerprintRules", ())],
    "fingerprints.FingerprintRules.parse": [
        lambda: (FingerprintRules, "parse", (FINGERPRINTS,), {"source": "a", "bases": [prints()]}),
        lambda: (FingerprintRules, "parse", (FINGERPRINTS + "\nx",), {"lenient": True}),
        lambda: (FingerprintRules, "parse", (FINGERPRINTS,), {"strict": True}),
    ],
    "fingerprints.FingerprintRules.from_json": [
        lambda: (FingerprintRules, "from_json", (json.dumps(JSON_RULES),), {"bases": [prints()]}),
        lambda: (FingerprintRules, "from_json", (copy.deepcopy(JSON_RULES),)),
    ],
    "fingerprints.FingerprintRules.check": [lambda: (FingerprintRules, "check", ("typ:A -> b",))],
    "fingerprints.FingerprintRules.format": [lambda: (FingerprintRules, "format", (FINGERPRINTS,))],
    "fingerprints.FingerprintRules.match": [
        lambda: (prints(), "match", (event(),), {"unknown": "mark"}),
        lambda: (prints(), "match", (event() | {"key": {1: LONG}},)),
    ],
    "fingerprints.FingerprintRules.match_many": [
        lambda: (prints(), "match_many", ([event(), {}],), {"unknown": "mark"}),
    ],
    "fingerprints.FingerprintRules.match_json_lines": [
        lambda: (prints(), "match_json_lines", (LINES,), {"unknown": "mark"}),
    ],
    "fingerprints.FingerprintRules.explain": [lambda: (prints(), "explain", (event(),))],
    "fingerprints.FingerprintRules.__eq__": [lambda: (prints(), "__eq__", (prints(),))],
    "fingerprints.resolve": [
        lambda: (fingerprints, "resolve", (["{{ level }}", LONG], event()), {"unknown": "mark"}),
    ],
    "fingerprints.expand_title": [
        lambda: (fingerprints, "expand_title", (f"{{{{ level }}}} {LONG}", event())),
    ],
    "fingerprints.preview": [
        lambda: (
            *(fingerprints, "preview", (prints(), prints(), [event(), event()])),
            {"rules": rules(), "examples": 1, "progress": id, "parameterizer": parameterizer()},
        ),
    ],
    "fingerprints.fingerprint_type": [lambda: (fingerprints, "fingerprint_type", ([LONG, "b"],))],
    "functions.trim_function_name": [
        lambda: (functions, "trim_function_name", (f"void {LONG}<int>()", "native")),
    ],
    "functions.trim_function_names": [
        lambda: (functions, "trim_function_names", ([f"void {LONG}<int>()", "b"], "native")),
    ],
    "glob.Glob.__init__": [
        lambda: (new(glob.Glob), "__init__", (f"{LONG}*",), OPTIONS),
        lambda: (new(glob.Glob), "__init__", (b"[a",), {"strict": True}),
        lambda: (new(glob.Glob), "__init__", ("[\u0130",), {"case_insensitive": True}),
    ],
    "glob.Glob.match": [
        lambda: (glob.Glob("*a*"), "match", (LONG,)),
        lambda: (glob.Glob("*a*", case_insensitive=True), "match", (b"a\0",)),
    ],
    "glob.Glob.match_many": [
        lambda: (glob.Glob("*a*"), "match_many", ([LONG, b"b"],)),
        lambda: (glob.Glob("*a*", case_insensitive=True), "match_many", ([LONG, "\u0130"],)),
    ],
    "glob.Glob.escape": [lambda: (glob.Glob, "escape", (f"*{LONG}",))],
    "glob.Glob.validate": [
        lambda: (glob.Glob, "validate", (f"[{LONG}",), OPTIONS),
        lambda: (glob.Glob, "validate", (b"a",)),
    ],
    "glob.GlobSet.__init__": [
        lambda: (new(glob.GlobSet), "__init__", ([f"{LONG}*", "[a", b"[b"],), OPTIONS),
        lambda: (new(glob.GlobSet), "__init__", (["a", f"[{LONG}"],), {"strict": True}),
    ],
    "glob.GlobSet.is_match": [lambda: (globs(), "is_match", (LONG,))],
    "glob.GlobSet.matches": [
        lambda: (globs(), "matches", (LONG.encode(),)),
        lambda: (glob.GlobSet(["a*"] * 40), "matches", (LONG,)),
    ],
    "glob.is_glob_match": [
        lambda: (glob, "is_glob_match", (LONG, f"{LONG[:9]}*[a-z]?{{_,x}}"), OPTIONS),
        lambda: (glob, "is_glob_match", (b"a\xff", b"a?")),
    ],
    "limits.get": [lambda: (limits, "get", (limits.Limit.FRAMES,))],
    "limits.set": [lambda: (limits, "set", (limits.Limit.FRAMES, 100_000))],
    "parameterization.Parameterizer.__init__": [
        lambda: (
            new(parameterization.Parameterizer),
            "__init__",
            ([("a", LONG), ("b", "b")], ["a"]),
            {"max_steps": 1_000, "max_text_bytes": 1_000},
        ),
        lambda: (new(parameterization.Parameterizer), "__init__", ([("a", "(")],)),
    ],
    "parameterization.Parameterizer.__eq__": [
        lambda: (parameterizer(), "__eq__", (parameterizer(),)),
    ],
    "parameterization.Parameterizer.parameterize": [
        lambda: (parameterizer(), "parameterize", (f"{LONG} 12",)),
        lambda: (parameterizer(), "parameterize", (f"{LONG} 12\0",)),
    ],
    "parameterization.Parameterizer.parameterize_many": [
        lambda: (parameterizer(), "parameterize_many", ([f"{LONG} 12", "b"],)),
    ],
    "parameterization.Parameterizer.find_many": [
        lambda: (parameterizer(), "find_many", ([f"{LONG} 12", "b"],)),
    ],
    "parameterization.Parameterizer.find": [lambda: (parameterizer(), "find", (f"{LONG} 12",))],
    "parameterization.Parameterizer.counts": [
        lambda: (parameterizer(), "counts", ([f"{LONG} 12", "b"],)),
        lambda: (parameterizer(), "counts", ("1",)),
    ],
    "parameterization.Pattern.is_linear": [
        lambda: (parameterization.Pattern("a", r"\d"), "is_linear", ()),
    ],
    "proguard.ProguardMapper.__init__": [
        lambda: (new(proguard.ProguardMapper), "__init__", ()),
    ],
    "proguard.ProguardMapper.open": [
        lambda: (proguard.ProguardMapper, "open", (PATH,), {"mmap": True}),
        lambda: (proguard.ProguardMapper, "open", ("/no/such/file",)),
    ],
    "proguard.ProguardMapper.from_bytes": [
        lambda: (proguard.ProguardMapper, "from_bytes", (MAPPING,)),
    ],
    "proguard.ProguardMapper.open_cache": [
        lambda: (proguard.ProguardMapper, "open_cache", (CACHE,)),
        lambda: (proguard.ProguardMapper, "open_cache", ("/no/such/file",)),
    ],
    "proguard.ProguardMapper.write_cache": [lambda: (mapper(), "write_cache", (CACHE + "2",))],
    "proguard.ProguardMapper.remap_class": [lambda: (mapper(), "remap_class", ("a",))],
    "proguard.ProguardMapper.remap_method": [lambda: (mapper(), "remap_method", ("a", "b"))],
    "proguard.ProguardMapper.remap_frame": [
        lambda: (mapper(), "remap_frame", ("a", "b", 1)),
        lambda: (mapper(), "remap_frame", ("a", "b", 1, "int")),
    ],
    "proguard.ProguardMapper.remap_frames": [
        lambda: (mapper(), "remap_frames", ([("a", "b", 1)] * 9,)),
    ],
    "proguard.ProguardMapper.remap_stacktrace": [
        lambda: (mapper(), "remap_stacktrace", ("a: full\n    at a.b(SourceFile:1)",)),
    ],
    "proguard.ProguardMapper.retrace": [
        lambda: (mapper(), "retrace", ("a: full\n    at a.b(SourceFile:1)",)),
    ],
}

# These keep the patterns that they are given.
for each in ("__hash__", "__reduce__", "__repr__", "__eq__"):
    CALLS[f"glob.Glob.{each}"] = [
        lambda each=each: (
            glob.Glob(hostile("subclass", LONG)),
            each,
            (glob.Glob(hostile("subclass", LONG)),)[: each == "__eq__"],
        ),
    ]
    CALLS[f"glob.GlobSet.{each}"] = [
        lambda each=each: (
            glob.GlobSet([hostile("subclass", LONG)]),
            each,
            (glob.GlobSet([hostile("subclass", LONG)]),)[: each == "__eq__"],
        ),
    ]

# Properties and methods without arguments.
PLAIN = {
    "codeowners.Codeowners": (
        owners,
        "__len__ __reduce__ __repr__ diagnostics dialect path sections",
    ),
    "enhancers.Cache": (lambda: Cache(5), "__repr__"),
    "enhancers.Component": (Component, "__reduce__ __repr__ hint"),
    "enhancers.AssembleResult": (
        lambda: rules().assemble_stacktrace_component(frames(), error(), components()),
        "__repr__ contributes hint invert_stacktrace",
    ),
    "enhancers.Enhancements": (
        rules,
        "__bool__ __copy__ __hash__ __len__ __reduce__ __repr__ bases default empty for_profiling"
        " left_out rules split to_base64 to_text",
    ),
    "enhancers.EnhancementsConfig": (
        config,
        "__reduce__ __repr__ bases classifier contributes own to_base64",
    ),
    "enhancers.Stacktrace": (trace, "__bool__ __hash__ __len__ __repr__"),
    "fingerprints.FingerprintRules": (
        prints,
        "__hash__ __iter__ __len__ __reduce__ __repr__ left_out rules to_json to_text",
    ),
    "glob.Glob": (lambda: glob.Glob(LONG), "is_valid pattern"),
    "glob.GlobSet": (globs, "__len__ invalid patterns"),
    "parameterization.Parameterizer": (parameterizer, "__hash__ __reduce__ __repr__ patterns"),
    "proguard.ProguardMapper": (mapper, "has_line_info is_valid uuid"),
}


def plain_call(make, name):
    return lambda: (make(), name, ())


def normal(recipe):
    """Give a recipe with arguments and options together, and what to do with the result."""

    def made_normal():
        owner, name, arguments, *rest = recipe()
        options = dict(rest[0]) if rest else {}
        return owner, name, (arguments, options), rest[1] if len(rest) > 1 else None

    return made_normal


for each, (make, names) in PLAIN.items():
    for name in names.split():
        CALLS[f"{each}.{name}"] = [plain_call(make, name)]
    if issubclass(type(make()), _ffi.Handle):
        CALLS[f"{each}.closed"] = [plain_call(make, "closed")]
        CALLS[f"{each}.close"] = [plain_call(make, "close")]
        CALLS[f"{each}.__enter__"] = [plain_call(make, "__enter__")]
        CALLS[f"{each}.__exit__"] = [lambda make=make: (make(), "__exit__", (None, None, None))]

if arrow is not None:

    def batch():
        row = {"frames": [{"function": LONG, "in_app": True}], "exception": {"ty": "E"}}
        return arrow.batch([row, row])

    class Columns:
        """What has the one method."""

        def __arrow_c_stream__(self, requested_schema=None):
            return pyarrow.Table.from_batches([batch(), batch()]).__arrow_c_stream__()

    class Rows:
        """What has the other one."""

        def __arrow_c_array__(self, requested_schema=None):
            return batch().__arrow_c_array__()

    CALLS |= {
        "arrow.apply": [
            lambda: (arrow, "apply", (rules(), batch()), {"threads": 2}),
            lambda: (arrow, "apply", (rules(), Columns())),
            lambda: (arrow, "apply", (rules(), Rows())),
        ],
        "arrow.assemble": [lambda: (arrow, "assemble", (rules(), Columns()), {"threads": 2})],
        "arrow.preview": [
            lambda: (arrow, "preview", (rules(), rules(), Columns()), {"threads": 2}),
        ],
        "arrow.preview_report": [
            lambda: (arrow, "preview_report", (rules(), rules(), Columns()), {"progress": id}),
        ],
        "arrow.batch": [
            lambda: (
                arrow,
                "batch",
                ([{"frames": [{"function": "a"}], "exception": {"ty": "E"}}],),
            ),
        ],
        "arrow.batches": [lambda: (arrow, "batches", (Columns(),), {}, list)],
        "arrow.events_to_arrow": [
            lambda: (arrow, "events_to_arrow", ([EVENTS],), {"rows": 2, "skip": id}, read),
        ],
        "arrow.fingerprints": [
            lambda: (
                arrow,
                "fingerprints",
                (pyarrow.array(["{}", None]), FingerprintRules.parse("level:fatal -> a")),
                {"unknown": "keep", "threads": 2},
            ),
        ],
        "arrow.parameterize": [
            lambda: (arrow, "parameterize", (pyarrow.array(["1", None]), parameterizer())),
        ],
    }


# --- all of them ---------------------------------------------------------------------


def variants(recipe):
    """Yield the paths and kinds of all hostile objects, after none at all."""
    yield None, None
    for kind in ("subclass", *KINDS):
        for path in places(recipe()[2]):
            # What has all arguments, and all options, is ours.
            if len(path) > 1 and replaced(recipe()[2], path, kind) is not None:
                yield path, kind
        if KINDS.get(kind, (None,))[0] not in (object, (list, tuple)):
            yield "everywhere", kind


def letters(seen):
    """Say when the caller's code ran: before the library, between two calls of it, or after."""
    if "c" not in seen:
        return set()
    calls = [at for at, each in enumerate(seen) if each == "L"]
    if not calls:
        return {"before"}
    first, last = calls[0], calls[-1]
    own = [at for at, each in enumerate(seen) if each == "c"]
    return {"before" if at < first else "after" if at > last else "between" for at in own}


def spread(count, most):
    """Give the numbers below `count`, or `most` of them, with the first and the last."""
    if count <= most:
        return list(range(count))
    return sorted({round(at * (count - 1) / (most - 1)) for at in range(most)})


def main():
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    when, faults, calls = {}, [], 0
    for name, recipes in CALLS.items():
        if wanted not in name:
            continue
        found = when.setdefault(name, set())
        begun = time.perf_counter()
        for recipe in map(normal, recipes):
            for path, kind in variants(recipe):
                # A call may hang.
                faulthandler.dump_traceback_later(60, exit=True)
                made.clear()
                call = Call(recipe, path, kind)
                undisturbed, error = call.run()
                seen = "".join(moments.seen)
                found |= letters(seen)
                problem = fault(call, None, undisturbed, error, undisturbed)
                where = f"{name}, {kind} at {path}"
                if problem:
                    faults.append(f"{where}: {problem}")
                for at in spread(len(seen), most):
                    for action in ACTIONS:
                        made.clear()
                        if os.environ.get("OPHIO_TRACE") == "2":
                            sys.stderr.write(f"{where}: {action} at {at} of {seen}\n")
                        call = Call(recipe, path, kind)
                        result, error = call.run(at, action)
                        calls += 1
                        problem = fault(call, action, result, error, undisturbed)
                        if problem:
                            faults.append(f"{where}: {action} at {at} of {seen:.80}: {problem}")
        if os.environ.get("OPHIO_TRACE"):
            sys.stderr.write(f"{time.perf_counter() - begun:.2f} s, {calls:,} calls: {name}\n")
    faulthandler.cancel_dump_traceback_later()
    found = {name: sorted(each) for name, each in when.items()}
    sys.stdout.write(json.dumps({"calls": calls, "when": found, "faults": faults}))


if __name__ == "__main__":
    main()
