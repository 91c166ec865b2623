r"""ProGuard and R8 mappings: restores the names of the sources from those in a released app.

A shrinker renames classes and methods of a Java or Kotlin program, inlines methods into others, and
writes a mapping file:

    >>> from sentry_ophio.proguard import ProguardMapper
    >>> mapper = ProguardMapper.from_bytes(b'''
    ... org.example.Cart -> a.b:
    ...     1:4:void add(int):20:23 -> a
    ...     5:5:int org.example.Stock.take(int):7:7 -> a
    ...     5:5:void add(int):22 -> a
    ... org.example.Stock -> a.c:
    ... # {"id":"sourceFile","fileName":"Stock.kt"}
    ... ''')
    >>> mapper.remap_class("a.b")
    'org.example.Cart'
    >>> for frame in mapper.remap_frame("a.b", "a", 5):
    ...     print(frame)
    JavaStackFrame(class_name='org.example.Stock', method='take', file='Stock.kt', line=7)
    JavaStackFrame(class_name='org.example.Cart', method='add', file='Cart.java', line=22)
    >>> print(mapper.remap_stacktrace("a.b: full\n    at a.b.a(SourceFile:2)"))
    org.example.Cart: full
        at org.example.Cart.add(Cart.java:21)

A mapper is immutable. Threads may share it, and a child may use it after a fork.
"""

from __future__ import annotations

import os
from io import FileIO
from typing import TYPE_CHECKING, NamedTuple, Optional, final
from uuid import UUID

from msgpack import Packer, unpackb

from sentry_ophio._arguments import checked_list, encoded, type_error
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
from sentry_ophio.exceptions import (
    ArgumentTypeError,
    InvalidArgumentError,
    OphioOverflowError,
    ProguardError,
    UnsupportedOperationError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Union

    from _cffi_backend import _CDataBase as CData

    StrPath = Union[str, os.PathLike[str]]
    Packed = tuple[tuple[tuple[str, str, Optional[str], int], ...], ...]
    Lines = tuple[tuple[str, str, Packed], ...]
    Query = Union[tuple[str, str, int], tuple[str, str, int, Optional[str]]]
    """Class, method, line, and optionally parameters of an obfuscated frame."""

__all__ = ["JavaStackFrame", "ProguardMapper", "RetracedLine"]

MAX_LINE = 2**64 - 1


class JavaStackFrame(NamedTuple):
    """A frame with the names of the sources.

    Frames with the same values are equal. Frames are hashable.

        >>> frame = JavaStackFrame("org.example.Cart", "add", "Cart.java", 21)
        >>> frame == JavaStackFrame("org.example.Cart", "add", "Cart.java", 21)
        True
        >>> frame.line
        21
    """

    # A named tuple, because creating one takes 90 ns; a frozen dataclass takes 600 ns.

    class_name: str
    """The full name of the class."""
    method: str
    """The name of the method."""
    file: Optional[str]  # noqa: UP045 (evaluated at run time by some tools, on 3.9)
    """The name of the source file. If the mapping does not contain it (only R8 writes it), it is
    made from the name of the class, as R8 does; None if that is empty."""
    line: int
    """The line in the file, from 1; 0 if it is not known."""


class RetracedLine(NamedTuple):
    """A line of a stack trace, and what it was before it was obfuscated."""

    line: str
    """The line as it was given, with its line break."""
    text: str
    """The original line; several lines if methods were inlined or if the frame could be several;
    empty if the compiler made the method."""
    alternatives: tuple[tuple[JavaStackFrame, ...], ...]
    """What the frame could have been: for each alternative the frames, innermost first. Empty for a
    line that is not a frame of the mapping, and for a method that the compiler made."""


class _Scratch:
    """A buffer for the results of a call.

    Creating one takes about 700 ns, as long as the call that uses it. So buffers of the usual size
    are kept: a call removes one from `_spare` and appends it again. `list.pop` and `list.append`
    need no lock, and there are as many buffers as calls ran at once.
    """

    __slots__ = ("bytes", "capacity", "frames", "length", "names")

    FRAME = 160  # bytes for one query: more than most results have
    FRAMES = 8
    LARGEST_KEPT = 65_536  # otherwise one result of many megabytes would stay allocated

    def __init__(self, frames: int = FRAMES) -> None:
        self.capacity = frames * self.FRAME
        self.frames = ffi.new("uint8_t[]", self.capacity)
        self.bytes = ffi.buffer(self.frames)
        self.length = ffi.new("size_t *")
        self.names = ffi.new("OphioSlice[2]")


_spare: list[_Scratch] = []


def _scratch() -> _Scratch:
    try:
        return _spare.pop()
    except IndexError:
        return _Scratch()


def _check_queries(queries: Sequence[object]) -> None:
    """Find the invalid query, after packing or the library has failed."""
    for number, query in enumerate(queries):
        where = f"frame {number}: " if len(queries) > 1 else ""
        if not isinstance(query, (tuple, list)) or len(query) not in (3, 4):
            raise ArgumentTypeError(f"{where}expected a tuple of 3 or 4, not {query!r:.60}")
        parameters = query[3] if len(query) == 4 else None
        texts = {"klass": query[0], "method": query[1], "parameters": parameters}
        for name, text in texts.items():
            if not isinstance(text, str) and not (name == "parameters" and text is None):
                raise type_error(f"{where}{name}", "a str", text)
        line = query[2]
        if not isinstance(line, int) or isinstance(line, bool):
            raise type_error(f"{where}line", "an int", line)
        if not 0 <= line <= MAX_LINE:
            raise OphioOverflowError(f"{where}line must be from 0 to 2**64 - 1, not {line}")


def _path(path: StrPath) -> tuple[str | bytes, bytes]:
    """Return a path as given, and as bytes."""
    try:
        given: str | bytes = os.fspath(path)
        return given, plain(os.fsencode(given))
    except TypeError:
        raise type_error("path", "a str or path", path) from None


_make_frame = JavaStackFrame._make


@final
class ProguardMapper(Handle):
    """A mapping file, created by `open`, `from_bytes` and `open_cache`.

    It holds the file and the classes that queries have named. `close()` frees both, as does the end
    of a `with` block:

        >>> with ProguardMapper.from_bytes(b"org.example.Cart -> a.b:") as mapper:
        ...     mapper.remap_class("a.b")
        'org.example.Cart'
        >>> mapper.remap_class("a.b")
        Traceback (most recent call last):
            ...
        sentry_ophio.exceptions.HandleClosedError: this ProguardMapper is closed
    """

    __slots__ = ("_uuid",)
    _KIND = ffi.typeof("OphioProguard **")
    _FREE = lib.ophio_proguard_free

    _uuid: UUID

    def __init__(self) -> None:
        """Fail: `open`, `from_bytes` and `open_cache` create mappers.

        Raises:
            TypeError: Always.
        """
        raise UnsupportedOperationError(
            "cannot create a ProguardMapper: use ProguardMapper.open, from_bytes or open_cache"
        )

    @classmethod
    def _owning(cls, place: CData) -> ProguardMapper:
        mapper = cls.__new__(cls)
        mapper._adopt(place)
        return mapper

    @classmethod
    def open(cls, path: StrPath, *, mmap: bool = False) -> ProguardMapper:
        """Read a mapping file.

        A file that is not a mapping does not raise an error. It has no entries, and `is_valid` is
        False.

        Args:
            path: The file.
            mmap: Map the file instead of reading it into memory, which saves a copy. Only use it
                for files that do not change before the mapper is freed: a change makes results
                wrong, and if the file becomes shorter, **the system kills the process** (SIGBUS)
                when the mapper reads beyond the end. Replacing the file by renaming another file
                over it is safe.

        Returns:
            The mapper.

        Raises:
            OSError: The file cannot be read: the subclass that `open` of Python raises,
                with the path, such as `FileNotFoundError`.
        """
        return cls._opened(
            path, lambda name, out: lib.ophio_proguard_open(name, len(name), mmap, out)
        )

    @classmethod
    def open_cache(cls, path: StrPath) -> ProguardMapper:
        """Open a file that `write_cache` wrote.

        It has all methods and results of the mapper that wrote it. The table of the classes is read
        now, and a class when a query names it, so opening takes a fraction of the time that the
        mapping takes. The file stays open. It may be replaced by renaming another file over it, as
        `write_cache` does; if it is changed in place, or becomes shorter, methods raise
        `ProguardError`.

        Args:
            path: The file.

        Returns:
            The mapper.

        Raises:
            OSError: The file cannot be read: the subclass that `open` of Python raises,
                with the path.
            ProguardError: The file is not a cache, is damaged, or was written by another version of
                this package; write it again from the mapping.
        """
        function = lib.ophio_proguard_open_cache
        return cls._opened(path, lambda name, out: function(name, len(name), out))

    @classmethod
    def _opened(cls, path: StrPath, call: Callable[[bytes, CData], int]) -> ProguardMapper:
        """Make a mapper from a file by a call of the library."""
        given, name = _path(path)
        place = cls._place()
        status = call(name, place)
        if status:
            error = error_for(status)
            if isinstance(error, (ProguardError, InvalidArgumentError)):
                # Python has an exception class for each reason of the system, so let `open` fail as
                # well.
                FileIO(given).close()
            raise error
        return cls._owning(place)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> ProguardMapper:
        """Read the content of a mapping file, which is copied.

        Args:
            data: The bytes; text in UTF-8.

        Returns:
            The mapper. For bytes that are not a mapping, it has no entries.

        Raises:
            TypeError: `data` is not a bytes-like object.
        """
        try:
            buffer = ffi.from_buffer("uint8_t[]", data)
        except TypeError:
            raise type_error("data", "bytes-like", data) from None
        place = cls._place()
        check(lib.ophio_proguard_new(buffer, len(buffer), place))
        return cls._owning(place)

    @property
    def uuid(self) -> UUID:
        """The identifier of the file: a UUID of version 5 over its bytes.

        Raises:
            HandleClosedError: The mapper is closed.
        """
        ptr = self._ptr
        try:
            return self._uuid
        except AttributeError:
            out = ffi.new("uint8_t[16]")
            check(lib.ophio_proguard_uuid(ptr, out))
            self._uuid = UUID(bytes=bytes(out))
            return self._uuid

    @property
    def has_line_info(self) -> bool:
        """Whether any method of the mapping has line numbers.

        Raises:
            HandleClosedError: The mapper is closed.
        """
        return self._answer(lib.ophio_proguard_has_line_info)

    @property
    def is_valid(self) -> bool:
        """Whether the file looks like a mapping: a class and a member in its first 50 lines.

        Raises:
            HandleClosedError: The mapper is closed.
        """
        return self._answer(lib.ophio_proguard_is_valid)

    def _answer(self, function: Callable[[CData, CData], int]) -> bool:
        ptr = self._ptr
        answer = ffi.new("bool *")
        check(function(ptr, answer))
        return bool(answer[0])

    def write_cache(self, path: StrPath) -> None:
        """Write a cache of this mapping, for `open_cache`.

        The file has the mapping and a table of its classes, which add about 5 %. It is replaced
        atomically: a process that opens it gets the old file or the new one.

        Args:
            path: The file.

        Raises:
            HandleClosedError: The mapper is closed.
            OSError: The file cannot be written, or another process is writing it; `filename` is
                the path.
            ProguardError: The mapper is from a cache whose file cannot be read or changed.
        """
        # A program that only opens caches does not need these, which take milliseconds to import.
        from pathlib import Path  # noqa: PLC0415

        from sentry_ophio._atomic import replaced  # noqa: PLC0415

        ptr = self._ptr
        name = _path(path)[1]
        if b"\0" in name:
            raise InvalidArgumentError("path must not have a null byte")
        place = new_string()
        check(lib.ophio_proguard_to_cache(ptr, place))
        cache = place[0]
        with replaced(Path(os.fsdecode(name))) as file:
            file.write(ffi.buffer(cache.data, cache.len))

    def remap_class(self, klass: str) -> str | None:
        """Find the original name of a class.

        Args:
            klass: The full obfuscated name, such as `a.b`.

        Returns:
            The original name, or None if the mapping has no such class.

        Raises:
            HandleClosedError: The mapper is closed.
            ProguardError: The file of a cache cannot be read, or changed.
            UnicodeEncodeError: The name cannot be encoded.
        """
        # The name is a slice of the mapper, which `ptr` keeps alive if another thread closes it.
        ptr = self._ptr
        data = encoded("klass", klass)
        scratch = _scratch()
        names = scratch.names
        status = lib.ophio_proguard_remap_class(ptr, data, len(data), names)
        if status:
            raise error_for(status)
        found = decode(names[0])
        _spare.append(scratch)
        return found or None

    def remap_method(self, klass: str, method: str) -> tuple[str, str] | None:
        """Find the original names of a class and of a method of it.

        Args:
            klass: The full obfuscated name of the class.
            method: The obfuscated name of the method.

        Returns:
            Class and method, or None if the mapping has no such method, or several
            original methods share the name.

        Raises:
            HandleClosedError: The mapper is closed.
            ProguardError: The file of a cache cannot be read, or changed.
            UnicodeEncodeError: A name cannot be encoded.
        """
        ptr = self._ptr
        class_data = encoded("klass", klass)
        method_data = encoded("method", method)
        scratch = _scratch()
        names = scratch.names
        status = lib.ophio_proguard_remap_method(
            ptr, class_data, len(class_data), method_data, len(method_data), names, names + 1
        )
        if status:
            raise error_for(status)
        found = decode(names[0]), decode(names[1])
        _spare.append(scratch)
        return found if found[0] else None

    def remap_frame(
        self, klass: str, method: str, line: int, parameters: str | None = None
    ) -> list[JavaStackFrame]:
        """Find the original frames of an obfuscated frame.

        Args:
            klass: The full obfuscated name of the class.
            method: The obfuscated name of the method.
            line: The line in the obfuscated stack trace, from 1; 0 if it has none.
            parameters: The original types of the method's parameters, as in
                `int,java.lang.String[]`, if they are known instead of the line. Then the line is
                ignored.

        Returns:
            The frames, innermost first: several if methods were inlined or if several methods
                match; none if the mapping has no such method.

        Raises:
            HandleClosedError: The mapper is closed.
            TypeError: An argument has another type.
            OphioOverflowError: `line` is negative or above 2**64 - 1.
            ProguardError: The file of a cache cannot be read, or changed.
            UnicodeEncodeError: A name cannot be encoded.
        """
        return list(map(_make_frame, self._remap([(klass, method, line, parameters)], 1)[0]))

    def remap_frames(self, frames: Sequence[Query]) -> list[list[JavaStackFrame]]:
        r"""Find the original frames of any number of obfuscated frames, in one call.

        >>> mapper = ProguardMapper.from_bytes(
        ...     b"org.example.Cart -> a.b:\n    1:4:void add(int):20:23 -> a"
        ... )
        >>> [len(found) for found in mapper.remap_frames([("a.b", "a", 2), ("a.b", "z", 1)])]
        [1, 0]

        Args:
            frames: Tuples or lists of the arguments of `remap_frame`.

        Returns:
            For each frame, the result of `remap_frame`.

        Raises:
            HandleClosedError: The mapper is closed.
            TypeError: A frame is not a tuple of three or four values, or a value has the wrong
                type; the message names the frame.
            OphioOverflowError: A line is negative or above 2**64 - 1.
            ProguardError: The file of a cache cannot be read, or changed.
            UnicodeEncodeError: A name cannot be encoded.
        """
        queries = checked_list("frames", "tuples", frames)
        found = self._remap(queries, len(queries))
        return [list(map(_make_frame, each)) for each in found]

    def _remap(self, queries: list[Query], count: int) -> Packed:
        ptr = self._ptr
        try:
            # Its default buffer of 256 KiB would take longer to allocate than everything else.
            packed: bytes = Packer(buf_size=128 * count + 128).pack(queries)
        except (TypeError, ValueError, OverflowError):
            _check_queries(queries)
            raise
        scratch = _scratch() if count <= _Scratch.FRAMES else _Scratch(count)
        length = scratch.length
        status = lib.ophio_proguard_remap_frames(
            ptr, packed, len(packed), scratch.frames, scratch.capacity, length
        )
        if not status and length[0] > scratch.capacity:
            scratch = _Scratch(-(-length[0] // _Scratch.FRAME))
            status = lib.ophio_proguard_remap_frames(
                ptr, packed, len(packed), scratch.frames, scratch.capacity, scratch.length
            )
        if status:
            error = error_for(status)
            _check_queries(queries)
            raise error
        found: Packed = unpackb(scratch.bytes[: scratch.length[0]], use_list=False)
        if count <= _Scratch.FRAMES and scratch.capacity <= _Scratch.LARGEST_KEPT:
            _spare.append(scratch)
        return found

    def remap_stacktrace(self, text: str, *, verbose: bool = False) -> str:
        r"""Retrace a stack trace as Java prints it, and any text around it.

        A frame becomes the frames that it was. If it could be several, the others follow, marked
        with `<OR>`:

            >>> mapper = ProguardMapper.from_bytes(
            ...     b"org.example.Cart -> a.b:\n    void first() -> a\n    void second(int) -> a"
            ... )
            >>> print(mapper.remap_stacktrace("    at a.b.a(SourceFile)"))
                at org.example.Cart.first(Cart.java)
                <OR> at org.example.Cart.second(Cart.java)
            >>> print(mapper.remap_stacktrace("    at a.b.a(SourceFile)", verbose=True))
                at org.example.Cart.void first()(Cart.java)
                <OR> at org.example.Cart.void second(int)(Cart.java)

        Args:
            text: The stack trace. Lines that are neither a frame nor an exception do not change,
                nor do frames of classes that are not in the mapping.
            verbose: Print the types of methods.

        Returns:
            The text with the original names.

        Raises:
            HandleClosedError: The mapper is closed.
            TypeError: `text` is not a str.
            ProguardError: The file of a cache cannot be read, or changed.
            UnicodeEncodeError: The text cannot be encoded.
        """
        # `pointer` keeps the mapper, and is taken first: any argument may run code of the caller.
        pointer = self._ptr
        data = encoded("text", text)
        function = lib.ophio_proguard_remap_stacktrace
        if verbose:
            function = lib.ophio_proguard_remap_stacktrace_verbose
        return string(lambda out: function(pointer, data, len(data), out))

    def retrace(self, text: str, *, verbose: bool = False) -> list[RetracedLine]:
        r"""Retrace a stack trace, with the alternatives of each frame as tuples.

            >>> mapper = ProguardMapper.from_bytes(
            ...     b"org.example.Cart -> a.b:\n    void first() -> a\n    void second(int) -> a"
            ... )
            >>> [line] = mapper.retrace("    at a.b.a(SourceFile:3)")
            >>> for frames in line.alternatives:
            ...     print(*frames)
            JavaStackFrame(class_name='org.example.Cart', method='first', file='Cart.java', line=3)
            JavaStackFrame(class_name='org.example.Cart', method='second', file='Cart.java', line=3)

        Args:
            text: The stack trace, and any text around it.
            verbose: Print the types of methods, and treat methods as different that differ only in
                them.

        Returns:
            The lines of the text. The texts of all lines, joined, are the result of
                `remap_stacktrace`.

        Raises:
            HandleClosedError: The mapper is closed.
            TypeError: `text` is not a str.
            ProguardError: The file of a cache cannot be read, or changed.
            UnicodeEncodeError: The text cannot be encoded.
        """
        pointer = self._ptr
        data = encoded("text", text)
        place = new_string()
        check(lib.ophio_proguard_retrace(pointer, data, len(data), bool(verbose), place))
        lines: Lines = unpackb(copied(place[0]), use_list=False)
        make = JavaStackFrame._make
        return [
            RetracedLine(line, printed, tuple([tuple(map(make, frames)) for frames in found]))
            for line, printed, found in lines
        ]
