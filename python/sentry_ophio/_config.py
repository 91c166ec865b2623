"""The rules of a project with their bases: `EnhancementsConfig`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional, final

from sentry_ophio._arguments import checked_list, encoded, exact_str, type_error
from sentry_ophio._event_frames import answer_about_event, pending_changes, write_pending
from sentry_ophio._ffi import Handle, check, ffi, lib, string
from sentry_ophio._rule_set import Enhancements
from sentry_ophio._stacktrace import packed_event
from sentry_ophio.exceptions import ArgumentTypeError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Callable

    from _cffi_backend import _CDataBase as CData


class VariantResult(NamedTuple):
    """The result of rules for one variant of a stack trace."""

    contributes: bool
    """Whether the stack trace counts for grouping."""
    hint: Optional[str]  # noqa: UP045 (some tools evaluate this at run time, on 3.9)
    """Why it does not count."""
    frames: list[tuple[Optional[bool], Optional[str]]]  # noqa: UP045
    """For each frame, whether it counts, and why."""


class ProcessedStacktrace(NamedTuple):
    """The result of `EnhancementsConfig.process`."""

    app: VariantResult
    """The app variant: initially only in-app frames count."""
    system: VariantResult
    """The system variant: initially all frames count."""


@final
class EnhancementsConfig(Handle):
    """The rules of a project and its bases, applied to the stack traces of events.

    It does the same as Sentry does with a stack trace before grouping: it changes frames, writes
    the changes back, and creates hints for the app and the system variant.

        >>> from sentry_ophio.enhancers import Cache, Enhancements, EnhancementsConfig
        >>> base = Enhancements.parse("path:**/vendor/** -app", Cache(0))
        >>> config = EnhancementsConfig.from_text("function:log_* -group", {"base": base})
        >>> frames = [
        ...     {"function": "main", "filename": "main.py", "in_app": True},
        ...     {"function": "log_it", "filename": "vendor/log.py", "in_app": True},
        ... ]
        >>> result = config.process(frames, "python", {"type": "E"})
        >>> frames[1]["in_app"], frames[1]["data"]
        (False, {'orig_in_app': 1})
        >>> result.app.frames[1]
        (False, 'marked out of app by built-in stacktrace rule (path:**/vendor/** -app)')
        >>> result.system.frames[1]
        (False, 'ignored by custom stacktrace rule (function:log_* -group)')

    `from_text` and `from_base64` create configs. They keep the rules that they have read in a table
    of the process, so that the same text is read once and its index and memo are shared. A config
    is immutable: threads may share it, and a child may use it after a fork.
    """

    __module__ = "sentry_ophio.enhancers"
    __slots__ = ()
    _KIND = ffi.typeof("OphioEnhancementsConfig **")
    _FREE = lib.ophio_enhancements_config_free

    def __new__(cls) -> EnhancementsConfig:
        """Fail: `from_text` and `from_base64` create configs."""
        raise ArgumentTypeError(
            "cannot create an EnhancementsConfig: use EnhancementsConfig.from_text() or "
            ".from_base64()"
        )

    @classmethod
    def _made(cls, call: Callable[[CData], int]) -> EnhancementsConfig:
        config = object.__new__(cls)
        place = cls._place()
        check(call(place))
        config._adopt(place)
        return config

    @classmethod
    def from_text(cls, text: str, bases: Mapping[str, Enhancements]) -> EnhancementsConfig:
        """Parse the rules of a project, one rule per line.

        Args:
            text: The rules.
            bases: Rule sets by name. Their rules run before those of the text, in their order.

        Raises:
            EnhancementsError: A line is not a rule; a `RuntimeError`.
            TypeError: `text` is not a `str`, or a base is not an `Enhancements`.
            ValueError: The name of a base has a line break.
        """
        data = encoded("text", text)
        names, pointers, kept = _bases(bases)
        config = cls._made(
            lambda out: lib.ophio_enhancements_config_from_text(
                data, len(data), names, len(names), pointers, len(pointers), out
            )
        )
        del kept
        return config

    @classmethod
    def from_base64(
        cls, text: str, bases: Mapping[str, Enhancements], *, ignore_other: bool = False
    ) -> EnhancementsConfig:
        """Read the rules of a project in the form in which Sentry stores them.

        Args:
            text: Three parts joined by `#`: all rules, the rules with the actions that change
                frames, and the rules with the actions that affect grouping. Missing parts are made
                from the first part.
            bases: Rule sets by name. The rules of those that the text names run before its own
                rules.
            ignore_other: Read `family:other` as `sentry-ophio` 1.2.0 does, which ignores the
                family, so that rules with it never match.

        Raises:
            EnhancementsError: The text is malformed; a `RuntimeError`.
            TypeError: `text` is not a `str`, or a base is not an `Enhancements`.
            ValueError: The text names a base that is not in `bases`.
        """
        data = encoded("text", text)
        names, pointers, kept = _bases(bases)
        ignore = bool(ignore_other)
        config = cls._made(
            lambda out: lib.ophio_enhancements_config_from_base64(
                data, len(data), names, len(names), pointers, len(pointers), ignore, out
            )
        )
        del kept
        return config

    def to_base64(self) -> str:
        """Write the form in which Sentry stores the rules, with the names of the bases."""
        return self._text(lib.ophio_enhancements_config_to_base64)

    @property
    def bases(self) -> tuple[str, ...]:
        """The names of the bases."""
        names = self._text(lib.ophio_enhancements_config_bases)
        return tuple(names.split("\n")) if names else ()

    @property
    def own(self) -> Enhancements:
        """The rules of the project, without the bases."""
        return self._part(lib.OPHIO_ENHANCEMENTS_CONFIG_PART_OWN)

    @property
    def classifier(self) -> Enhancements:
        """The classifier rules: all rules with the actions that change frames."""
        return self._part(lib.OPHIO_ENHANCEMENTS_CONFIG_PART_CLASSIFIER)

    @property
    def contributes(self) -> Enhancements:
        """The contributes rules: all rules with the actions that affect grouping."""
        return self._part(lib.OPHIO_ENHANCEMENTS_CONFIG_PART_CONTRIBUTES)

    def process(
        self,
        frames: list[dict[str, Any]],
        platform: str | None,
        exception: dict[str, Any] | None = None,
    ) -> ProcessedStacktrace:
        """Run the rules on a stack trace of an event, and write the changes back.

        If `in_app` of a frame changes, the new value is written to `in_app`, and the old value to
        `data["orig_in_app"]` as a number (1, 0, or -1 for None), unless that key exists. The
        category of a frame after the rules is written to `data["category"]`. Nothing is written if
        the call fails.

        Args:
            frames: The frames of the event, oldest call first. The library reads `function`,
                `raw_function`, `module`, `package`, `abs_path`, `filename`, `platform`, `in_app`,
                and `category`, `orig_in_app` and `client_in_app` of `data`.
            platform: The event's platform.
            exception: The exception that they belong to, as in the event. The library reads `type`,
                `value`, and `type` of `mechanism`.

        Returns:
            Both variants of the stack trace, with their hints.

        Raises:
            FrameTypeError: A value has the wrong type; a `TypeError`.
        """
        processed, changes = self._process(frames, platform, exception)
        write_pending(pending_changes(frames, changes))
        return processed

    def _process(
        self,
        frames: list[dict[str, Any]],
        platform: str | None,
        exception: dict[str, Any] | None,
    ) -> tuple[ProcessedStacktrace, tuple[Any, ...]]:
        """Do what `process` does, and return the changes instead of writing them."""
        data = packed_event(frames, platform, exception)
        ptr = self._ptr
        app, system, changes = answer_about_event(lib.ophio_enhancements_config_process, ptr, data)
        return ProcessedStacktrace(_variant(app), _variant(system)), changes

    def __repr__(self) -> str:
        """Show the names of the bases and the number of rules."""
        if self.closed:
            return "EnhancementsConfig(closed)"
        return f"EnhancementsConfig({self.own!r}, bases={list(self.bases)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Fail: a config cannot be copied or pickled, because its bases are separate objects."""
        raise ArgumentTypeError("cannot copy or pickle an EnhancementsConfig: use to_base64()")

    def _text(self, function: Callable[[CData, CData], int]) -> str:
        pointer = self._ptr
        return string(lambda out: function(pointer, out))

    def _part(self, part: int) -> Enhancements:
        ptr = self._ptr
        place = Enhancements._place()
        check(lib.ophio_enhancements_config_part(ptr, part, place))
        return Enhancements._owning(place)


def _variant(packed: tuple[Any, ...]) -> VariantResult:
    contributes, hint, outcomes, numbers = packed
    return VariantResult(contributes, hint, [outcomes[number] for number in numbers])


def _bases(bases: Mapping[str, Enhancements]) -> tuple[bytes, Any, list[Any]]:
    """Return the names joined by line feeds, the handles, and the objects that own the handles."""
    names = []
    kept = []
    kind = type(bases)
    if not hasattr(kind, "keys") or not hasattr(kind, "__getitem__"):
        raise type_error("bases", "a mapping from names to Enhancements", bases)
    try:
        given: dict[str, Any] = dict(bases)
    except TypeError:
        # A mapping of the caller can have keys that are not hashable.
        for name in checked_list("the keys of bases", "names", bases.keys()):
            exact_str("the name of a base", name)
        raise
    for name, rules in given.items():
        name = exact_str("the name of a base", name)  # noqa: PLW2901
        pointer = Enhancements._pointer(f"the base {name!r}", rules)
        if "\n" in name or "\r" in name:
            raise InvalidArgumentError("the name of a base must not have a line break")
        names.append(name)
        kept.append(pointer)
    return "\n".join(names).encode(), ffi.new("OphioEnhancements *[]", kept), kept
