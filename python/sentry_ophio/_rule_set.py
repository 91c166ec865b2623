"""Rule sets: `Enhancements`, and the `Cache` that parsing shares."""

from __future__ import annotations

from sentry_ophio._answers import (
    CODES,
    codes,
    event_answers,
    new_codes,
    new_event_answer,
    new_short_answer,
    short_answers,
)
from sentry_ophio._arguments import (
    as_int,
    checked_int,
    checked_list,
    checked_threads,
    checked_tuple,
    encoded,
    exact_str,
    type_error,
)
from sentry_ophio._component import (
    TRISTATE,
    assemble_result,
    read_components,
    sequence,
)
from sentry_ophio._counts import word_for
from sentry_ophio._event_frames import (
    answer_about_event,
    change_of,
    keep_own_categories,
    pending_changes,
    pending_numbers,
    write_pending,
)
from sentry_ophio._ffi import (
    Handle,
    check,
    copied,
    decode,
    error_for,
    ffi,
    lib,
    new_string,
    plain,
    string,
)
from sentry_ophio._first_use import first_use, held_at_fork
from sentry_ophio._pack import (
    add_repeats,
    join,
    pack_carefully,
    pack_frames,
    pack_values,
    read_frames,
)
from sentry_ophio._stacktrace import (
    U32_ARRAY,
    check_list,
    checked_batch,
    packed_event,
    packed_events,
    read_numbers,
    unpacked_events,
)
from sentry_ophio._stacktrace import keep_own_categories as keep_packed_categories
from sentry_ophio._typing import final
from sentry_ophio.exceptions import (
    EnhancementsError,
    FrameTypeError,
    InvalidArgumentError,
    LimitError,
    OphioOverflowError,
    UnsupportedOperationError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Callable, Optional, TypeVar

    from _cffi_backend import _CDataBase as CData

    from sentry_ophio._component import AssembleResult, Component, State
    from sentry_ophio._diagnostic import Diagnostic
    from sentry_ophio._event_frames import Change, Pending
    from sentry_ophio._explain import Explanation
    from sentry_ophio._pack import SupportsGetItem
    from sentry_ophio._rules import Rule
    from sentry_ophio._stacktrace import AppliedFrame, Frame, Stacktrace

    Read = TypeVar("Read")

    Origin = tuple[int, Optional[str], Optional[str]]
    """The number of rules of a text, the text, and its name."""

# Looked up once: the calls that matter are short.
_apply_event_short = lib.ophio_enhancements_apply_event_short
_apply_short = lib.ophio_enhancements_apply_short
_assemble_packed = lib.ophio_enhancements_assemble_packed
_extend_from = lib.ophio_enhancements_extend_from

_growing = held_at_fork()
"""Held while a set grows. What it guards takes microseconds and runs no code of the caller."""

# How many stack traces of events are packed into one buffer. It takes 64 kB then, which stay in
# the processor's cache: to pack all into one takes twice as long.
_EVENTS_AT_ONCE = 32


@final
class Cache(Handle):
    """A cache of parsed rules: parsing the same text again is fast.

    Memory is allocated as the cache fills, so a large `size` takes no memory by itself.

    Args:
        size: The maximum number of rules to keep; 0 keeps none.

    Raises:
        TypeError: `size` is not an `int`.
        OverflowError: `size` is negative, or has more than 64 bits.
    """

    __slots__ = ("_size",)
    _KIND = ffi.typeof("OphioEnhancementsCache **")
    _FREE = lib.ophio_enhancements_cache_free

    def __init__(self, size: int) -> None:
        self._size = checked_int("size", size)
        place = self._place()
        check(lib.ophio_enhancements_cache_new(self._size, place))
        self._adopt(place)

    def __repr__(self) -> str:
        """Return an expression that creates it."""
        return f"Cache({self._size})"


# The number for no rule and no frame: SIZE_MAX.
_NOTHING = int(ffi.cast("size_t", -1))


def _restored(origins: tuple[tuple[int, str, str | None], ...]) -> Enhancements:
    """Unpickle rules that have a text."""
    rules = Enhancements.empty()
    for _, text, source in origins:
        rules.extend_from(Enhancements.parse(text, Cache(0), source=source))
    return rules


def _from_binary(data: bytes) -> Enhancements:
    """Unpickle other rules."""
    return Enhancements.from_config_structure(data, Cache(0))


@final
class Enhancements(Handle):
    """A list of stack trace rules.

    `parse`, `from_config_structure`, `empty` and other functions create it. `len` returns the
    number of rules. Its truth value is always true, even without rules.

    Threads may share an object, even while one of them extends it: each call uses the rules from
    the time when it began.
    """

    # What the numbers that the library returns stand for, filled as they come up. A
    # number keeps its meaning when rules are appended.
    __slots__ = (
        *("_applied", "_event_changes", "_event_results", "_left_out", "_origins", "_short"),
        *("_source", "_states", "_written"),
    )
    _KIND = ffi.typeof("OphioEnhancements **")
    _FREE = lib.ophio_enhancements_free

    _applied: dict[int, AppliedFrame]
    # The same for numbers up to 255, at the index that is the number.
    _short: list[AppliedFrame]
    # The same for numbers about frames of events, and what to write into these.
    _event_results: dict[int, AppliedFrame]
    _event_changes: dict[int, Change | None]
    _left_out: tuple[Diagnostic, ...]
    # The texts of the rules. `None` until they are needed: there is only this one then.
    _origins: tuple[Origin, ...] | None
    _written: str | None
    _source: str | None
    _states: dict[int, State]

    def __new__(cls) -> Enhancements:
        """Fail: other functions create rule sets."""
        raise UnsupportedOperationError(
            "cannot create Enhancements: use Enhancements.parse() or .empty()"
        )

    @classmethod
    def _owning(
        cls, place: CData, text: str | None = None, source: str | None = None
    ) -> Enhancements:
        rules = object.__new__(cls)
        rules._adopt(place)
        rules._applied = {}
        rules._short = []
        rules._event_results = {}
        rules._event_changes = {}
        rules._left_out = ()
        rules._origins = None
        rules._written = text
        rules._source = source
        rules._states = {}
        return rules

    @classmethod
    def empty(cls) -> Enhancements:
        """Return a set without rules."""
        place = Enhancements._place()
        check(lib.ophio_enhancements_new(place))
        rules = Enhancements._owning(place)
        rules._origins = ()
        return rules

    @classmethod
    def parse(
        cls,
        input: str,  # noqa: A002 (the name is API)
        cache: Cache,
        *,
        strict: bool = False,
        lenient: bool = False,
        source: str | None = None,
    ) -> Enhancements:
        """Parse rules in the text form, one rule per line.

        Args:
            input: The text. Empty lines, and lines that begin with `#`, are skipped.
            cache: Rules in the cache are not parsed again.
            strict: Check all lines before failing: the error has all problems, and its text shows
                each problem with carets under its span. Warnings do not cause a failure.
            lenient: Drop retired actions (`+sentinel`, `-sentinel`, `+prefix`, `-prefix`),
                and rules that have no others, instead of failing. `left_out` lists them.
            source: A name for the text, such as that of its file, for `rules` and `explain`.

        Returns:
            The rules in their order.

        Raises:
            EnhancementsError: A line is not a rule; a `RuntimeError`. With `strict`, its
                `diagnostics` are what `check` finds.
            UnicodeEncodeError: The text has lone surrogates.
            TypeError: `input` or `source` is not a `str`, or `cache` is not a `Cache`.
        """
        text = encoded("input", input)
        pointer = Cache._pointer("cache", cache, "a Cache")
        # Both are kept: no code of the caller runs when they are read later.
        written = exact_str("input", input)
        if source is not None:
            source = exact_str("source", source)
        if strict:
            with first_use:
                from sentry_ophio._diagnostics import check_rules  # noqa: PLC0415 (loads when used)

            found = check_rules(text, lenient, profiling=False)
            errors = [str(each) for each in found if each.severity == "error"]
            if errors:
                error = EnhancementsError("\n\n".join(errors))
                error.diagnostics = tuple(found)
                raise error
        if lenient:
            with first_use:
                from sentry_ophio._diagnostics import parse_lenient  # noqa: PLC0415 (loads when used)

            place = Enhancements._place()
            left_out = parse_lenient(text, pointer, place)
            rules = Enhancements._owning(place, written, source)
            rules._left_out = left_out
            return rules
        place = Enhancements._place()
        check(lib.ophio_enhancements_parse(text, len(text), pointer, place))
        return Enhancements._owning(place, written, source)

    @staticmethod
    def check(text: str, *, lenient: bool = False, profiling: bool = False) -> list[Diagnostic]:
        r"""Find all problems of all lines, in the order of their spans.

        The list has an error exactly if `parse` fails. A warning is about a rule that is valid, but
        probably does not do what was intended.

            >>> for each in Enhancements.check("function:a +ap\nfamily:nativ -app"):
            ...     print(each.line, each.severity, each.code, each.suggestion)
            1 error OPH009 app
            2 warning OPH103 native

        Warnings beyond the first 100,000 problems are left out (`Limit.RULES`).

        Args:
            text: Rules in the text form.
            lenient: Whether the text is for `parse(..., lenient=True)`: then retired actions are
                warnings.
            profiling: Whether to warn of rules that Sentry's profiling ignores as well.

        Raises:
            TypeError: `text` is not a `str`.
            UnicodeEncodeError: The text has lone surrogates.
        """
        with first_use:
            from sentry_ophio._diagnostics import check_rules  # noqa: PLC0415 (loads when used)

        return check_rules(encoded("text", text), lenient, profiling)

    @property
    def left_out(self) -> tuple[Diagnostic, ...]:
        """What `parse(..., lenient=True)` dropped: a warning for each retired action."""
        return self._left_out

    @classmethod
    def from_config_structure(cls, input: bytes, cache: Cache) -> Enhancements:  # noqa: A002
        """Read rules in the binary form, a MessagePack structure of version 2 or 3.

        Args:
            input: The structure.
            cache: A structure in the cache is not read again.

        Returns:
            The rules in their order.

        Raises:
            EnhancementsError: The structure is malformed; a `RuntimeError`.
            TypeError: `input` is not `bytes`, or `cache` is not a `Cache`.
        """
        if not isinstance(input, bytes):
            raise type_error("input", "bytes", input)
        data = plain(input)
        pointer = Cache._pointer("cache", cache, "a Cache")
        place = Enhancements._place()
        check(lib.ophio_enhancements_from_config_structure(data, len(data), pointer, place))
        return Enhancements._owning(place)

    @classmethod
    def default(cls) -> Enhancements:
        """Return the rules that come with this package.

        They are parsed once per process. Each call returns a new object, which can be extended
        without changing the others.
        """
        rules = Enhancements.empty()
        rules.extend_from(_default())
        return rules

    def extend_from(self, other: Enhancements) -> None:
        """Append the rules of another set.

        Args:
            other: The other set. If it is the same object, the rules are doubled.

        Raises:
            TypeError: `other` is not an `Enhancements`.
        """
        # A closed set has another type. To call the method for each set would take longer.
        if type(other) is not Enhancements:
            Enhancements._pointer("other", other)  # type: ignore[unreachable]
        added = other._ptr
        ptr = self._ptr
        # Rules and where they come from change together, for all threads.
        with _growing:
            before = self._origins
            if before is None:
                before = self._all_origins()
            self._origins = before + (other._origins or other._all_origins())
            try:
                check(_extend_from(ptr, added))
            except BaseException:
                # A signal handler may raise after the call has appended the rules.
                if lib.ophio_enhancements_len(ptr) == sum(count for count, _, _ in before):
                    self._origins = before
                raise

    def _all_origins(self) -> tuple[Origin, ...]:
        """Return where the rules come from. The caller holds `_growing`, or the only reference."""
        if self._origins is None:
            count = len(self)
            self._origins = ((count, self._written, self._source),) if count else ()
        return self._origins

    # --- descriptions and other forms of rules ------------------------------------------

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in order. Each access reads them again.

        >>> rules = Enhancements.parse("path:**/vendor/** -app", Cache(0))
        >>> rules.rules[0].matchers[0]
        Matcher(field='path', pattern='**/vendor/**', negated=False, of='frame')
        """
        with first_use:
            from sentry_ophio._rules import described  # noqa: PLC0415 (loads when used)

        moment = self.__copy__()
        ptr = moment._ptr
        text = string(lambda out: lib.ophio_enhancements_describe(ptr, out))
        return described(text, moment._all_origins())

    def to_text(self) -> str:
        r"""Write the text form, one rule per line. The text parses to the same rules.

        >>> Enhancements.parse("stack.function:a   -app # why", Cache(0)).to_text()
        'function:a -app\n'

        Raises:
            EnhancementsError: A rule cannot be written as text. Only the binary form can contain
                such a rule.
        """
        ptr = self._ptr
        return string(lambda out: lib.ophio_enhancements_to_text(ptr, out))

    def to_config_structure(self, version: int = 3, bases: Sequence[str] = ()) -> bytes:
        """Write the binary form, which `from_config_structure` reads.

        Args:
            version: 2 or 3.
            bases: Names of other rule sets, which are stored in the structure. They have no other
                effect.

        Raises:
            EnhancementsError: `version` is not supported.
            ValueError: A base has a line break.
            TypeError: `version` is no `int`, or a base no `str`.
        """
        listed = [
            exact_str("the name of a base", base) for base in checked_list("bases", "names", bases)
        ]
        if any("\n" in base or "\r" in base for base in listed):
            raise InvalidArgumentError("the name of a base cannot have a line break")
        names = "\n".join(listed).encode()
        version = as_int("version", version)
        if not 0 <= version < 2**64:
            raise EnhancementsError(f"version {version} is not supported, only 2 and 3 are")
        ptr = self._ptr
        out = new_string()
        check(lib.ophio_enhancements_to_config_structure(ptr, version, names, len(names), out))
        return copied(out[0])

    def to_base64(self) -> str:
        """Write the form in which Sentry stores rules, which `from_base64` reads.

        It is the binary form, compressed by zstandard, in URL-safe base64 without padding.
        """
        ptr = self._ptr
        return string(lambda out: lib.ophio_enhancements_to_base64(ptr, out))

    @classmethod
    def from_base64(cls, text: str, cache: Cache, *, ignore_other: bool = False) -> Enhancements:
        """Read rules in the form in which Sentry stores them.

        >>> rules = Enhancements.parse("function:a -app", Cache(0))
        >>> Enhancements.from_base64(rules.to_base64(), Cache(0)) == rules
        True

        Args:
            text: Up to three parts, joined by `#`, each compressed by zstandard or zlib. The first
                part has all rules, and only this part is read. The others have the actions that
                change frames, and those that affect grouping; `EnhancementsConfig.from_base64`
                reads them.
            cache: As for `from_config_structure`.
            ignore_other: Read `family:other` as `sentry-ophio` 1.2.0 does, which ignores the
                family, so that rules with it never match.

        Returns:
            The rules in their order. `bases` has the names in the text.

        Raises:
            EnhancementsError: The text is malformed, or has more than 8 MiB of rules.
            TypeError: `text` is not a `str`, or `cache` is not a `Cache`.
        """
        Cache._pointer("cache", cache, "a Cache")
        data = encoded("text", text)
        ignore = bool(ignore_other)
        place = Enhancements._place()
        check(lib.ophio_enhancements_from_base64(data, len(data), ignore, place))
        return Enhancements._owning(place)

    @property
    def bases(self) -> tuple[str, ...]:
        """The names of the base rule sets in the binary form of the rules.

        They are not part of the rules: a set that was extended has no names.
        """
        ptr = self._ptr
        names = string(lambda out: lib.ophio_enhancements_bases(ptr, out))
        return tuple(names.split("\n")) if names else ()

    def split(self) -> tuple[Enhancements, Enhancements]:
        r"""Split the rules into those that change frames and those that affect grouping.

        >>> rules = Enhancements.parse("function:a -app -group\nfunction:b max-frames=3", Cache(0))
        >>> [part.to_text() for part in rules.split()]
        ['function:a -app\n', 'function:a -group\nfunction:b max-frames=3\n']

        Returns:
            The same rules with only `app` and `category=` actions, and with only the other actions.
            Rules without a remaining action are dropped.
        """
        moment = self.__copy__()
        return (
            moment._part(lib.OPHIO_ENHANCEMENTS_PART_CLASSIFIER),
            moment._part(lib.OPHIO_ENHANCEMENTS_PART_CONTRIBUTES),
        )

    def for_profiling(self) -> Enhancements:
        """Return the rules that profiles support.

        Their matchers are `path`, `module`, `function` and `package` of the frame, and their only
        action is `+app` or `-app`. Rules with a negated matcher or a space in a pattern are left
        out, as in Sentry. `check(..., profiling=True)` reports the rules that are left out.
        """
        return self._part(lib.OPHIO_ENHANCEMENTS_PART_PROFILING)

    def _part(self, part: int) -> Enhancements:
        ptr = self._ptr
        place = Enhancements._place()
        check(lib.ophio_enhancements_part(ptr, part, place))
        return Enhancements._owning(place)

    def explain(
        self,
        frames: list[Frame],
        exception_data: SupportsGetItem,
        components: Sequence[Component] | None = None,
        *,
        why_not: tuple[int, int] | None = None,
        repeats: Sequence[bool] | None = None,
    ) -> Explanation:
        """Explain step by step how rules change a stack trace.

        It runs both passes: the first one changes frames, and the second one uses the changed
        frames for grouping, once for each variant of the stack trace. It is much slower than
        `apply_modifications_to_frames` and `assemble_stacktrace_component`.

            >>> rules = Enhancements.parse("function:log_* -app", Cache(0), source="my.rules")
            >>> frame = dict.fromkeys(
            ...     ["category", "family", "function", "module", "package", "path"]
            ... ) | {"function": b"log_it", "in_app": True, "orig_in_app": 1}
            >>> error = {"ty": None, "value": None, "mechanism": None}
            >>> print(rules.explain([frame], error))
            frame 0: in_app false, category none, contributes: app false, system true
                in_app true -> false  by my.rules: rule 0 (line 1): function:log_* -app
            0 of 1 frame counts in the app variant, 1 in the system variant
            the app variant does not count, so the system variant decides

        Args:
            frames: The frames before any rule, as this module describes them. They are not
                changed.
            exception_data: The exception, as this module describes it.
            components: The initial components, one for each frame. They are not changed. With
                them, one variant is explained, which starts with these components. Without them,
                frames that are in-app after the rules count initially in the app variant, and all
                frames in the system variant.
            why_not: The index of a rule and of a frame: `why_not` of the result lists for
                each matcher of the rule whether it holds for the frame, and why.
            repeats: For each frame whether it repeats the frame before it, as
                `sentry_ophio.events.EventStacktrace` has it. Such a frame does not count initially.

        Raises:
            FrameKeyError: A key is missing; a `KeyError`.
            FrameTypeError: A value has the wrong type or is not UTF-8; a `TypeError`.
            ValueError: `repeats` has not as many items as there are frames.
            OphioOverflowError: There is no such rule or frame.
        """
        with first_use:
            from sentry_ophio._explain import explained  # noqa: PLC0415 (loads when used)

        check_list(frames)
        marks = b""
        if repeats is not None:
            marks = bytes(map(bool, checked_list("repeats", "bools", repeats)))
        if repeats is not None and len(marks) != len(frames):
            raise InvalidArgumentError(
                f"`repeats` must have an item for each frame: expected {len(frames)}, "
                f"got {len(marks)}"
            )
        packed = pack_frames(frames, exception_data)
        if 1 in marks:
            packed = add_repeats(pack_values(frames, exception_data)[0], marks)
        before: bytes | CData = ffi.NULL
        count = 0
        if components is not None:
            before = read_components(components)[1]
            count = len(before)
        rule, frame = _NOTHING, _NOTHING
        if why_not is not None:
            both = checked_tuple("why_not", "the index of a rule and of a frame", 2, why_not)
            rule, frame = [as_int("why_not", each) for each in both]
        if min(rule, frame) < 0 or max(rule, frame) > _NOTHING:
            raise OphioOverflowError("`why_not` counts rules and frames from 0")
        # The set may grow meanwhile: what the library says is about the rules of this moment.
        moment = self.__copy__()
        ptr = moment._ptr
        out = new_string()

        def ask(packed: bytes) -> int:
            return lib.ophio_enhancements_explain(
                ptr, packed, len(packed), before, count, rule, frame, out
            )

        status = ask(packed)
        if status in (lib.OPHIO_STATUS_FRAME, lib.OPHIO_STATUS_INVALID_ARGUMENT):
            packed, _ = pack_carefully(frames, exception_data, status)
            status = ask(add_repeats(packed, marks))
        check(status)
        return explained(decode(out[0]), moment.rules)

    def __eq__(self, other: object) -> bool:
        """Compare the rules in their order, by their matchers and actions."""
        if not issubclass(type(other), Enhancements):
            return NotImplemented
        ptr = self._ptr
        others = Enhancements._pointer("other", other)
        equal = ffi.new("bool *")
        check(lib.ophio_enhancements_equal(ptr, others, equal))
        return bool(equal[0])

    def __hash__(self) -> int:
        """Return a hash that equal sets share. It changes with `extend_from`."""
        # The binary form does not depend on how the rules are written.
        return hash(self.to_config_structure())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the rules, with their sources and lines."""
        moment = self.__copy__()
        origins = moment._all_origins()
        if all(text is not None for _, text, _ in origins) and not self._left_out:
            return _restored, (origins,)
        try:
            return _restored, (((len(moment), moment.to_text(), None),),)
        except EnhancementsError:  # a rule that cannot be written as text
            return _from_binary, (moment.to_config_structure(),)

    def __copy__(self) -> Enhancements:
        """Return a new set with the same rules, which can be extended independently."""
        copy = Enhancements.empty()
        copy.extend_from(self)
        return copy

    def __deepcopy__(self, memo: object) -> Enhancements:
        """Return a new set, as `copy.copy` does."""
        return self.__copy__()

    # --- applying rules to stack traces --------------------------------------------------

    def apply_modifications_to_frames(
        self, frames: list[Frame], exception_data: SupportsGetItem
    ) -> list[AppliedFrame]:
        """Apply the rules to frames: return their category and `in_app`.

        Args:
            frames: The frames, oldest call first, as this module describes them. They are
                not changed.
            exception_data: The exception, as this module describes it.

        Returns:
            A tuple for each frame: the category (None for none) and `in_app` (None for unset).

        Raises:
            FrameKeyError: A key is missing; a `KeyError`.
            FrameTypeError: A value has the wrong type or is not UTF-8; a `TypeError`.
        """
        if type(frames) is not list:
            check_list(frames)
        count = len(frames)
        packed = pack_frames(frames, exception_data)
        applied = self._apply_short(packed, count)
        if applied is not None:
            return applied
        try:
            return self._apply_long(packed, count)
        except (FrameTypeError, InvalidArgumentError) as error:
            if isinstance(error, LimitError):
                raise
            return self._apply_long(*pack_carefully(frames, exception_data))

    def _apply_short(self, packed: bytes, count: int) -> list[AppliedFrame] | None:
        """Apply the rules to a stack trace. Return None if that fails or the result is too long."""
        try:
            buffer = short_answers.pop()
        except IndexError:
            buffer = new_short_answer()
        answer, view = buffer
        ptr = self._ptr
        if _apply_short(ptr, packed, len(packed), answer):
            short_answers.append(buffer)
            return None
        numbers = view[: count + 2]
        short_answers.append(buffer)
        # Another thread may have changed the number of frames before they were packed.
        kind = numbers[0]
        if kind > 1 or numbers[1] != count:
            return None
        numbers = numbers[2:]
        table = self._short
        try:
            applied = [table[number] for number in numbers]
        except IndexError:
            table = [*table, *map(self._applied_frame, range(len(table), max(numbers) + 1))]
            self._short = table
            applied = [table[number] for number in numbers]
        if kind:
            keep_packed_categories(applied, numbers, packed)
        return applied

    def _apply_long(self, packed: bytes, count: int) -> list[AppliedFrame]:
        """Apply the rules to a stack trace of `count` frames."""
        found = ffi.new(U32_ARRAY, count + 1)
        ptr = self._ptr
        check(lib.ophio_enhancements_apply_packed(ptr, packed, len(packed), found, count + 1))
        numbers = read_numbers(found, count + 1)
        own = numbers.pop()
        applied = self._lookup(self._applied, numbers, self._applied_frame)
        if own:
            keep_packed_categories(applied, numbers, packed)
        return applied

    def apply_modifications_to_stacktraces(
        self, stacktraces: Sequence[Stacktrace], *, threads: int = 1
    ) -> list[list[AppliedFrame]]:
        """Apply the rules to many stack traces in one call.

        Args:
            stacktraces: The stack traces. They are not changed.
            threads: The number of threads, at least 1. They are started for this call and end with
                it.

        Returns:
            For each stack trace, in order, the result of `apply_modifications_to_frames`.

        Raises:
            TypeError: An item is not a `Stacktrace`.
            ValueError: `threads` is less than 1.

        Example:
            >>> rules = Enhancements.parse("function:log_* -app", Cache(0))
            >>> log = Stacktrace.from_event_frames([{"function": "log_error"}], "python")
            >>> rules.apply_modifications_to_stacktraces([log, log])
            [[(None, False)], [(None, False)]]
        """
        stacktraces, threads = checked_batch(stacktraces, threads)
        packed = join([each._packed for each in stacktraces])
        frames = sum([each._len for each in stacktraces])
        count = frames + len(stacktraces)
        found = ffi.new(U32_ARRAY, count)
        ptr = self._ptr
        check(lib.ophio_enhancements_apply_batch(ptr, packed, len(packed), threads, found, count))
        numbers = read_numbers(found, count)
        owns = numbers[frames:]
        del numbers[frames:]
        applied = self._lookup(self._applied, numbers, self._applied_frame)
        results = []
        end = 0
        for stacktrace, own in zip(stacktraces, owns):
            start, end = end, end + stacktrace._len
            result = applied[start:end]
            if own:
                keep_packed_categories(result, numbers[start:end], stacktrace._packed)
            results.append(result)
        return results

    def apply_to_event_frames(
        self,
        frames: list[dict[str, Any]],
        platform: str | None,
        exception: dict[str, Any] | None = None,
        *,
        write: bool = False,
    ) -> list[AppliedFrame]:
        """Apply the rules to the frames of a Sentry event: return their category and `in_app`.

        Args:
            frames: The frames, as `Stacktrace.from_event_frames` takes them.
            platform: The event's platform.
            exception: The exception that they belong to, as in the event.
            write: Write the results into the frames, as Sentry does. If `in_app` of a frame
                changes, write `in_app`, and the old value to `data["orig_in_app"]` unless that key
                exists. If the frame has a category after the rules, write `data["category"]`.
                Nothing is written if the call fails.

        Returns:
            A tuple for each frame: the category (None for none) and `in_app` (None for unset).

        Raises:
            FrameTypeError: A value has the wrong type; a `TypeError`.

        Example:
            >>> rules = Enhancements.parse("path:**/vendor/** -app", Cache(0))
            >>> frames = [{"filename": "vendor/log.php", "in_app": True}]
            >>> rules.apply_to_event_frames(frames, "php", write=True)
            [(None, False)]
            >>> frames
            [{'filename': 'vendor/log.php', 'in_app': False, 'data': {'orig_in_app': 1}}]
        """
        data = packed_event(frames, platform, exception)
        ptr = self._ptr
        try:
            buffer = event_answers.pop()
        except IndexError:
            buffer = new_event_answer()
        answer, view = buffer
        status = _apply_event_short(ptr, data, len(data), answer)
        numbers: list[int] = view[: len(frames) + 2].tolist()
        event_answers.append(buffer)
        own, count = numbers[:2]
        del numbers[:2]
        if status:
            raise error_for(status)
        applied: list[AppliedFrame] | None
        table = self._event_results
        try:
            # Another thread may have changed how many frames there are before they were packed.
            applied = [table[number] for number in numbers] if count == len(numbers) else None
        except KeyError:
            applied = None
        if applied is None or own:
            applied = None
            if own < 2 and count == len(numbers):
                applied = self._event_results_of(numbers, own, frames)
        if applied is None:
            applied, changes = self._ask_event(frames, platform, exception)
            if write:
                write_pending(pending_changes(frames, changes))
        elif write:
            write_pending(pending_numbers(frames, numbers, self._event_changes))
        return applied

    def _event_results_of(
        self, numbers: list[int], own: int, frames: list[dict[str, Any]]
    ) -> list[AppliedFrame] | None:
        """Convert numbers about frames of an event to results; None if they do not say all.

        Args:
            numbers: What the library wrote for each frame.
            own: Whether a frame has kept a category of its own.
            frames: The frames.
        """
        applied = self._lookup(self._event_results, numbers, self._event_result)
        if own and not keep_own_categories(applied, numbers, frames):
            return None
        return applied

    def _event_result(self, number: int) -> AppliedFrame:
        applied = self._applied_frame(number // 16)
        self._event_changes[number] = change_of(number, applied)
        return applied

    def _ask_event(
        self,
        frames: list[dict[str, Any]],
        platform: str | None,
        exception: dict[str, Any] | None,
    ) -> tuple[list[AppliedFrame], Sequence[Change | None]]:
        """Ask for the results, and for what to write, in texts in place of numbers."""
        data = packed_event(frames, platform, exception)
        ptr = self._ptr
        found, changes = answer_about_event(lib.ophio_enhancements_apply_event, ptr, data)
        return list(map(tuple, found)), changes

    def apply_to_many_event_frames(
        self,
        stacktraces: Iterable[tuple[list[dict[str, Any]], str | None, dict[str, Any] | None]],
        *,
        write: bool = False,
        threads: int = 1,
    ) -> list[list[AppliedFrame]]:
        """Query category and `in_app` of the frames of many stack traces of events, in one call.

        Args:
            stacktraces: For each its frames, the event's platform, and the exception, as
                `apply_to_event_frames` takes them.
            write: Write the answers into the frames, as `apply_to_event_frames` does. Nothing is
                written if the call fails.
            threads: How many threads do the work, at least 1. They are made for this call
                and end with it.

        Returns:
            For each stack trace, in order, what `apply_to_event_frames` returns.

        Raises:
            FrameTypeError: A value has the wrong type; a `TypeError`.
            ValueError: `threads` is less than 1.

        Example:
            >>> rules = Enhancements.parse("function:log_* -app", Cache(0))
            >>> frames = [{"function": "log_error", "in_app": True}]
            >>> rules.apply_to_many_event_frames([(frames, "python", None)] * 2)
            [[(None, False)], [(None, False)]]
        """
        stacktraces = unpacked_events(stacktraces)
        threads = checked_threads(threads)
        ptr = self._ptr
        results: list[list[AppliedFrame]] = []
        pending: list[Pending] = []
        size = _EVENTS_AT_ONCE * (1 if threads == 1 else 16 * threads)
        for start in range(0, len(stacktraces), size):
            part = stacktraces[start : start + size]
            data = packed_events(part)
            out = new_string()
            check(lib.ophio_enhancements_apply_events(ptr, data, len(data), threads, out))
            found = memoryview(ffi.buffer(out[0].data, out[0].len)).cast("I").tolist()
            head = 2 * len(part)
            of_part = self._lookup(self._event_results, found[head:], self._event_result)
            end = 0
            for own, count, stacktrace in zip(found[:head:2], found[1:head:2], part):
                begin, end = end, end + count
                applied: list[AppliedFrame] | None = of_part[begin:end]
                numbers = found[head + begin : head + end] if own or write else []
                if own:
                    applied = self._event_results_of(numbers, own, stacktrace[0])
                if applied is None:
                    applied, changes = self._ask_event(*stacktrace)
                    if write:
                        pending += pending_changes(stacktrace[0], changes)
                elif write:
                    pending += pending_numbers(stacktrace[0], numbers, self._event_changes)
                results.append(applied)
        # Nothing below can fail, so either all frames change or none.
        write_pending(pending)
        return results

    def set_memo_bytes(self, max_bytes: int) -> None:
        """Limit the memory of the memo, which keeps results by frame.

        Args:
            max_bytes: The maximum number of bytes for each segment of the set, 2 MiB by default; 0
                turns the memo off. Results do not depend on it. The call clears the memo. Other
                sets that share a segment share its memo. Rules that are appended later have the
                default.

        Raises:
            OverflowError: `max_bytes` is negative, or has more than 64 bits.
        """
        limit = checked_int("max_bytes", max_bytes)
        ptr = self._ptr
        check(lib.ophio_enhancements_set_memo_bytes(ptr, limit))

    def assemble_stacktrace_component(
        self,
        frames: list[Frame],
        exception_data: SupportsGetItem,
        components: Sequence[Component],
    ) -> AssembleResult:
        """Decide which components count for grouping, and set their hints.

        Args:
            frames: The frames, oldest call first, as this module describes them. They are
                not changed.
            exception_data: The exception, as this module describes it.
            components: A component for each frame, in the same order. The call sets `contributes`
                and `hint` of each.

        Returns:
            The result for the stack trace as a whole.

        Raises:
            FrameKeyError: A key is missing; a `KeyError`.
            FrameTypeError: A value has the wrong type or is not UTF-8; a `TypeError`.
            TypeError: `components` is not a sequence, or one of them is not a `Component`.
            RuntimeError: A component occurs twice.

        If an exception is raised, no component changes.
        """
        if type(frames) is not list:
            check_list(frames)
        try:
            listed, before = read_components(components)
        except (TypeError, RuntimeError):
            read_frames([], exception_data)  # errors of the frames come first
            raise
        packed = pack_frames(frames, exception_data)
        count = len(before)
        size = count + 4
        try:
            buffer = codes.pop()
        except IndexError:
            buffer = new_codes()
        found, view = buffer if size <= CODES else new_codes(size)
        ptr = self._ptr
        status = _assemble_packed(ptr, packed, len(packed), before, count, found, size)
        if status:
            packed, _ = pack_carefully(frames, exception_data, status)
            check(_assemble_packed(ptr, packed, len(packed), before, count, found, size))
        numbers = view[:size].tolist()
        codes.append(buffer)
        states, result = self._answer(numbers)
        # Nothing below can fail, so either all components change or none.
        for component, state in zip(listed, states):
            component._state = state
        return result

    def assemble_stacktrace_components(
        self,
        stacktraces: Sequence[Stacktrace],
        components: Sequence[Sequence[Component]],
        *,
        threads: int = 1,
    ) -> list[AssembleResult]:
        """Decide which components of many stack traces count for grouping, in one call.

        Args:
            stacktraces: The stack traces. They are not changed.
            components: For each stack trace, its components, as
                `assemble_stacktrace_component` takes them.
            threads: The number of threads, at least 1. They are started for this call and end with
                it.

        Returns:
            For each stack trace, in order, the result of `assemble_stacktrace_component`.

        Raises:
            TypeError: An item is not a `Stacktrace`, a `Component` or a sequence.
            RuntimeError: A component occurs twice.
            ValueError: `threads` is less than 1, or the numbers of sequences of components and of
                stack traces differ.

        If an exception is raised, no component changes.
        """
        stacktraces, threads = checked_batch(stacktraces, threads)
        groups = [sequence(group) for group in sequence(components)]
        if len(groups) != len(stacktraces):
            raise InvalidArgumentError(
                f"there are {len(stacktraces)} stack traces, but components for {len(groups)}"
            )
        distinct, before = read_components([each for group in groups for each in group])
        packed = join([each._packed for each in stacktraces])
        count = len(distinct) + 4 * len(groups)
        found = ffi.new(U32_ARRAY, count)
        ptr = self._ptr
        check(
            lib.ophio_enhancements_assemble_batch(
                ptr,
                packed,
                len(packed),
                ffi.new("size_t[]", [len(group) for group in groups]),
                len(groups),
                before,
                threads,
                found,
                count,
            )
        )
        numbers = read_numbers(found, count)
        # Texts that are not in the table are read before the first component changes.
        answers = []
        start = 0
        for group in groups:
            end = start + len(group) + 4
            answers.append(self._answer(numbers[start:end]))
            start = end
        for group, (states, _) in zip(groups, answers):
            for component, state in zip(group, states):
                component._state = state
        return [result for _, result in answers]

    def _answer(self, numbers: list[int]) -> tuple[list[State], AssembleResult]:
        """Convert the numbers of a stack trace to states and a result."""
        contributes, inverted, rule, contributing = numbers[-4:]
        del numbers[-4:]
        table = self._states
        try:
            states = [table[number] for number in numbers]
        except KeyError:
            states = self._lookup(table, numbers, self._component_state)
        hint = self._too_few_frames(rule, contributing) if rule else None
        return states, assemble_result(contributes == 1, inverted == 1, hint)

    def close(self) -> None:
        """Free the rules. The object cannot be used after that.

        There is no need to call it: the rules are also freed when the object is garbage-collected.
        """
        super().close()

    def __len__(self) -> int:
        """Return the number of rules."""
        ptr = self._ptr
        return lib.ophio_enhancements_len(ptr)

    def __bool__(self) -> bool:
        """Return True, as in 1.2.0: code that tests for None relies on it."""
        return True

    def __repr__(self) -> str:
        """Show the number of rules."""
        if self.closed:
            return "Enhancements(closed)"
        count = len(self)
        return f"Enhancements({count} {word_for(count, 'rule')})"

    def _lookup(
        self, table: dict[int, Read], numbers: list[int], read: Callable[[int], Read]
    ) -> list[Read]:
        """Convert the numbers of the library to their values."""
        try:
            return [table[number] for number in numbers]
        except KeyError:
            for number in set(numbers).difference(table):
                table[number] = read(number)
            return [table[number] for number in numbers]

    def _applied_frame(self, number: int) -> AppliedFrame:
        category, in_app = divmod(number, 3)
        text = None
        if category >= 2:
            text = self._text(lib.ophio_enhancements_category, category - 2)
        return text, TRISTATE[in_app]

    def _component_state(self, number: int) -> State:
        hint, contributes = divmod(number, 3)
        text = self._text(lib.ophio_enhancements_hint, hint) if hint else None
        return TRISTATE[contributes], text, contributes

    def _too_few_frames(self, rule: int, contributing: int) -> str:
        return self._text(lib.ophio_enhancements_too_few_frames_hint, rule, contributing)

    def _text(self, function: Callable[..., int], *numbers: int) -> str:
        ptr = self._ptr
        text = new_string()
        check(function(ptr, *numbers, text))
        return decode(text[0])


_default_rules: Enhancements | None = None


def _default() -> Enhancements:
    """Return the set of which `default` returns copies. Two threads may both parse it."""
    global _default_rules  # noqa: PLW0603 (functools.cache would be 1 ms of the import)
    if _default_rules is None:
        with first_use:
            from importlib import resources  # noqa: PLC0415 (loads when used)

        text = resources.files("sentry_ophio").joinpath("data/default.rules").read_text("utf-8")
        _default_rules = Enhancements.parse(text, Cache(0))
    return _default_rules
