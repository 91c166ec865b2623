"""The implementation of `sentry_ophio.arrow.parameterize`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sentry_ophio._arguments import type_error
from sentry_ophio.exceptions import InvalidUtf8Error, LimitError, SchemaError
from sentry_ophio.parameterization import Parameterizer, default_parameterizer

if TYPE_CHECKING:
    from collections.abc import Callable

# A call has this many texts, so that only the copies of a few texts are in memory at once.
_STEP = 16_384


def parameterize(column: Any, parameterizer: Parameterizer | None) -> pa.Array | pa.ChunkedArray:
    if parameterizer is None:
        parameterizer = default_parameterizer()
    elif not isinstance(parameterizer, Parameterizer):
        raise type_error("parameterizer", "a Parameterizer", parameterizer)
    imported = _import_column(column)
    # A column of type null has no texts.
    if pa.types.is_null(imported.type):
        return imported
    _check(imported.type)
    if isinstance(imported, pa.Array):
        return _chunk(imported, parameterizer, 0)
    chunks = []
    row = 0
    for chunk in imported.chunks:
        chunks.append(_chunk(chunk, parameterizer, row))
        row += len(chunk)
    return pa.chunked_array(chunks, imported.type)


def _import_column(column: Any) -> pa.Array | pa.ChunkedArray:
    """Convert any Arrow object to one of pyarrow, without a copy."""
    if isinstance(column, (pa.Array, pa.ChunkedArray)):
        return column
    try:
        if hasattr(column, "__arrow_c_stream__"):
            return pa.chunked_array(column)
        if hasattr(column, "__arrow_c_array__"):
            return pa.array(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise SchemaError(f"expected a column of texts: {error}") from None
    raise type_error("column", "an object with __arrow_c_array__ or __arrow_c_stream__", column)


def _is_text(kind: pa.DataType) -> bool:
    view: Callable[[pa.DataType], bool] | None = getattr(pa.types, "is_string_view", None)
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or (view is not None and view(kind))
    )


def _check(kind: pa.DataType) -> None:
    texts = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not _is_text(texts):
        raise SchemaError(f"expected a column of texts, not {str(kind)[:200]}")


def _chunk(chunk: pa.Array, parameterizer: Parameterizer, row: int) -> pa.Array:
    _validate(chunk)
    if not pa.types.is_dictionary(chunk.type):
        return _texts(chunk, chunk.type, parameterizer, "row {}", row)
    # Texts that become equal share an entry.
    kind = chunk.type.value_type
    texts = _texts(chunk.dictionary, pa.string(), parameterizer, "value {} of the dictionary", 0)
    distinct = texts.dictionary_encode()
    indices = distinct.indices.take(chunk.indices).cast(chunk.type.index_type)
    return pa.DictionaryArray.from_arrays(
        indices, distinct.dictionary.cast(kind), ordered=chunk.type.ordered
    )


def _validate(chunk: pa.Array) -> None:
    """Fail for corrupt data, which pyarrow does not look for: it would be read as it is.

    A column that came in by the Arrow interface is trusted to be as long as its last offset.
    """
    try:
        chunk.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowIndexError) as error:
        if "UTF8" in str(error):
            raise InvalidUtf8Error(f"a text is not UTF-8: {error}") from None
        raise SchemaError(f"the column is corrupt: {error}") from None


def _texts(
    texts: pa.Array, kind: pa.DataType, parameterizer: Parameterizer, place: str, row: int
) -> pa.Array:
    parts = []
    for start in range(0, len(texts), _STEP):
        part = texts.slice(start, _STEP)
        try:
            listed = part.to_pylist()
        except UnicodeDecodeError as error:
            raise InvalidUtf8Error(f"a text is not UTF-8: {error}") from None
        try:
            if part.null_count:
                found = iter(parameterizer.parameterize_many(it for it in listed if it is not None))
                replaced: list[Any] = [None if it is None else next(found) for it in listed]
            else:
                replaced = parameterizer.parameterize_many(listed)
        except LimitError as error:
            # The number counts only texts that are not null.
            number, _, message = str(error).removeprefix("text ").partition(": ")
            rows = [at for at, it in enumerate(listed) if it is not None]
            at = row + start + rows[int(number)]
            raise LimitError(f"{place.format(at)}: {message}") from None
        parts.append(pa.array(replaced, kind))
    return pa.concat_arrays(parts) if parts else pa.array([], kind)
