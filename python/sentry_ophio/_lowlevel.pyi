"""The generated module: cffi's `ffi` and the functions of `include/ophio.h`.

milksnake generates it when the package is built. A new export gets its line here;
a test compares names and arguments with the header.
"""

from typing import Final, Protocol

from _cffi_backend import FFI
from _cffi_backend import _CDataBase as CData

class Text(Protocol):
    """An `OphioSlice` or an `OphioStr`. For annotations only: there is no such class."""

    data: CData
    len: int

ffi: FFI

class _Lib:
    OPHIO_STATUS_OK: Final[int]
    OPHIO_STATUS_PANIC: Final[int]
    OPHIO_STATUS_NULL_POINTER: Final[int]
    OPHIO_STATUS_INVALID_UTF8: Final[int]
    OPHIO_STATUS_INVALID_ARGUMENT: Final[int]
    OPHIO_STATUS_OUT_OF_RANGE: Final[int]
    OPHIO_STATUS_LIMIT: Final[int]
    OPHIO_STATUS_SYNTAX: Final[int]
    OPHIO_STATUS_FRAME: Final[int]
    OPHIO_STATUS_SCHEMA: Final[int]
    OPHIO_STATUS_GLOB: Final[int]
    OPHIO_STATUS_CODEOWNERS: Final[int]
    OPHIO_STATUS_PROGUARD: Final[int]
    OPHIO_LIMIT_RULE_BYTES: Final[int]
    OPHIO_LIMIT_RULES: Final[int]
    OPHIO_LIMIT_PATTERN_BYTES: Final[int]
    OPHIO_LIMIT_PATTERNS: Final[int]
    OPHIO_LIMIT_FRAMES: Final[int]
    OPHIO_LIMIT_MAPPING_BYTES: Final[int]
    OPHIO_CONFIG_PART_OWN: Final[int]
    OPHIO_CONFIG_PART_CLASSIFIER: Final[int]
    OPHIO_CONFIG_PART_CONTRIBUTES: Final[int]
    OPHIO_PART_CLASSIFIER: Final[int]
    OPHIO_PART_CONTRIBUTES: Final[int]
    OPHIO_PART_PROFILING: Final[int]
    OPHIO_SEVERITY_ERROR: Final[int]
    OPHIO_SEVERITY_WARNING: Final[int]
    OPHIO_CODEOWNERS_DIALECT_GITHUB: Final[int]
    OPHIO_CODEOWNERS_DIALECT_GITLAB: Final[int]
    OPHIO_GLOB_OPTION_DOUBLE_STAR: Final[int]
    OPHIO_GLOB_OPTION_CASE_INSENSITIVE: Final[int]
    OPHIO_GLOB_OPTION_PATH_NORMALIZE: Final[int]
    OPHIO_GLOB_OPTION_ALLOW_NEWLINE: Final[int]

    def ophio_str_free(self, string: CData, /) -> None: ...
    def ophio_last_error_code(self) -> int: ...
    def ophio_last_error_message(self) -> Text: ...
    def ophio_last_error_clear(self) -> None: ...
    def ophio_version(self) -> Text: ...
    def ophio_abi_version(self) -> int: ...
    def ophio_limit_get(self, limit: int, most: CData, /) -> int: ...
    def ophio_limit_set(self, limit: int, most: int, /) -> int: ...
    def ophio_cache_new(self, size: int, /) -> CData: ...
    def ophio_cache_free(self, cache: CData, /) -> None: ...
    def ophio_enhancements_new(self) -> CData: ...
    def ophio_enhancements_parse(self, text: bytes, text_len: int, cache: CData, /) -> CData: ...
    def ophio_enhancements_from_config_structure(
        self, data: bytes, data_len: int, cache: CData, /
    ) -> CData: ...
    def ophio_enhancements_parse_lenient(
        self, text: bytes, text_len: int, cache: CData, diagnostics: CData, /
    ) -> CData: ...
    def ophio_enhancements_check(
        self, text: bytes, text_len: int, lenient: bool, diagnostics: CData, /
    ) -> int: ...
    def ophio_enhancements_format(self, text: bytes, text_len: int, formatted: CData, /) -> int: ...
    def ophio_diagnostics_len(self, diagnostics: CData, /) -> int: ...
    def ophio_diagnostics_get(
        self, diagnostics: CData, index: int, diagnostic: CData, /
    ) -> int: ...
    def ophio_diagnostics_free(self, diagnostics: CData, /) -> None: ...
    def ophio_enhancements_free(self, rules: CData, /) -> None: ...
    def ophio_enhancements_extend_from(self, rules: CData, other: CData, /) -> int: ...
    def ophio_enhancements_len(self, rules: CData, /) -> int: ...
    def ophio_enhancements_rule(self, rules: CData, index: int, text: CData, /) -> int: ...
    def ophio_enhancements_category(self, rules: CData, category: int, text: CData, /) -> int: ...
    def ophio_enhancements_hint(self, rules: CData, hint: int, text: CData, /) -> int: ...
    def ophio_enhancements_too_few_frames_hint(
        self, rules: CData, rule_plus_one: int, contributing: int, text: CData, /
    ) -> int: ...
    def ophio_enhancements_apply_packed(
        self, rules: CData, packed: bytes, packed_len: int, codes: CData, codes_len: int, /
    ) -> int: ...
    def ophio_enhancements_apply_short(
        self, rules: CData, packed: bytes, packed_len: int, answer: CData, /
    ) -> int: ...
    def ophio_enhancements_assemble_packed(
        self,
        rules: CData,
        packed: bytes,
        packed_len: int,
        contributes: bytes,
        components_len: int,
        codes: CData,
        codes_len: int,
        /,
    ) -> int: ...
    def ophio_enhancements_apply_batch(
        self,
        rules: CData,
        packed: bytes,
        packed_len: int,
        threads: int,
        codes: CData,
        codes_len: int,
        /,
    ) -> int: ...
    def ophio_enhancements_assemble_batch(
        self,
        rules: CData,
        packed: bytes,
        packed_len: int,
        components_lens: CData,
        stacktraces_len: int,
        contributes: bytes,
        threads: int,
        codes: CData,
        codes_len: int,
        /,
    ) -> int: ...
    def ophio_enhancements_set_memo_bytes(self, rules: CData, limit: int, /) -> int: ...
    def ophio_stacktrace_check(self, packed: bytes, packed_len: int, /) -> int: ...
    def ophio_stacktrace_pack_event_frames(
        self, data: bytes, data_len: int, packed: CData, /
    ) -> int: ...
    def ophio_event_match_frames(self, data: bytes, data_len: int, frames: CData, /) -> int: ...
    def ophio_event_pack_stacktraces(self, data: bytes, data_len: int, packed: CData, /) -> int: ...
    def ophio_event_pack_json_lines(self, json: bytes, json_len: int, packed: CData, /) -> int: ...
    def ophio_enhancements_apply_event(
        self, rules: CData, data: bytes, data_len: int, result: CData, /
    ) -> int: ...
    def ophio_enhancements_read_stored(
        self, text: bytes, text_len: int, ignore_other: bool, rules: CData, /
    ) -> int: ...
    def ophio_enhancements_bases(self, rules: CData, names: CData, /) -> int: ...
    def ophio_enhancements_config_from_text(
        self,
        text: bytes,
        text_len: int,
        names: bytes,
        names_len: int,
        bases: CData,
        count: int,
        config: CData,
        /,
    ) -> int: ...
    def ophio_enhancements_config_from_base64(
        self,
        text: bytes,
        text_len: int,
        names: bytes,
        names_len: int,
        bases: CData,
        count: int,
        ignore_other: bool,
        config: CData,
        /,
    ) -> int: ...
    # Of use to C, for programs that look for memory that is not freed.
    def ophio_enhancements_config_forget_all(self) -> None: ...
    def ophio_enhancements_config_free(self, config: CData, /) -> None: ...
    def ophio_enhancements_config_to_base64(self, config: CData, text: CData, /) -> int: ...
    def ophio_enhancements_config_bases(self, config: CData, names: CData, /) -> int: ...
    def ophio_enhancements_config_part(self, config: CData, part: int, rules: CData, /) -> int: ...
    def ophio_enhancements_config_process(
        self, config: CData, data: bytes, data_len: int, result: CData, /
    ) -> int: ...
    def ophio_function_trim(
        self,
        name: bytes,
        name_len: int,
        platform: bytes,
        platform_len: int,
        trimmed: CData,
        /,
    ) -> int: ...
    def ophio_function_trim_packed(
        self,
        names: bytes,
        names_len: int,
        platform: bytes,
        platform_len: int,
        trimmed: CData,
        /,
    ) -> int: ...
    # Of use to C, where frames are structs; Python packs them.
    def ophio_stacktrace_pack(
        self, frames: CData, frames_len: int, exception: CData, packed: CData, /
    ) -> int: ...
    def ophio_enhancements_apply(
        self,
        rules: CData,
        frames: CData,
        frames_len: int,
        exception: CData,
        applied: CData,
        /,
    ) -> int: ...
    def ophio_enhancements_assemble(
        self,
        rules: CData,
        frames: CData,
        frames_len: int,
        exception: CData,
        components: CData,
        components_len: int,
        result: CData,
        /,
    ) -> int: ...
    def ophio_codeowners_is_path_match(
        self, path: bytes, path_len: int, pattern: bytes, pattern_len: int, /
    ) -> int: ...
    def ophio_codeowners_shortcut(
        self, pattern: bytes, pattern_len: int, shortcut: CData, /
    ) -> int: ...
    def ophio_codeowners_match_text(self, path: bytes, pattern: bytes, /) -> int: ...
    def ophio_codeowners_parse(
        self, text: bytes, text_len: int, dialect: int, max_bytes: int, /
    ) -> CData: ...
    def ophio_codeowners_free(self, file: CData, /) -> None: ...
    def ophio_codeowners_counts(self, file: CData, counts: CData, /) -> int: ...
    def ophio_codeowners_rule(self, file: CData, number: int, rule: CData, /) -> int: ...
    def ophio_codeowners_owner(
        self, file: CData, rule: int, number: int, owner: CData, /
    ) -> int: ...
    def ophio_codeowners_section(self, file: CData, number: int, section: CData, /) -> int: ...
    def ophio_codeowners_diagnostic(
        self, file: CData, number: int, diagnostic: CData, /
    ) -> int: ...
    def ophio_codeowners_find_packed(
        self, file: CData, paths: bytes, paths_len: int, winners: CData, winners_len: int, /
    ) -> int: ...
    def ophio_glob_new(
        self, pattern: bytes, pattern_len: int, options: int, position: CData, /
    ) -> CData: ...
    def ophio_glob_free(self, glob: CData, /) -> None: ...
    def ophio_glob_is_match(self, glob: CData, value: bytes, value_len: int, /) -> int: ...
    def ophio_glob_shortcut(self, glob: CData, shortcut: CData, /) -> int: ...
    def ophio_glob_match_text(self, glob: CData, text: bytes, /) -> int: ...
    def ophio_glob_match_packed(
        self, glob: CData, values: bytes, values_len: int, matched: CData, matched_len: int, /
    ) -> int: ...
    def ophio_glob_escape(self, text: bytes, text_len: int, pattern: CData, /) -> int: ...
    def ophio_glob_set_new(self, patterns: bytes, patterns_len: int, options: int, /) -> CData: ...
    def ophio_glob_set_free(self, globs: CData, /) -> None: ...
    def ophio_glob_set_fault(
        self, globs: CData, from_: int, number: CData, position: CData, reason: CData, /
    ) -> int: ...
    def ophio_glob_set_is_match(self, globs: CData, value: bytes, value_len: int, /) -> int: ...
    def ophio_glob_set_matches(
        self, globs: CData, value: bytes, value_len: int, numbers: CData, numbers_len: int, /
    ) -> int: ...
    def ophio_enhancements_explain(
        self,
        rules: CData,
        packed: bytes,
        packed_len: int,
        contributes: bytes | CData,
        components_len: int,
        rule: int,
        frame: int,
        explanation: CData,
        /,
    ) -> int: ...
    def ophio_enhancements_describe(self, rules: CData, description: CData, /) -> int: ...
    def ophio_enhancements_to_text(self, rules: CData, text: CData, /) -> int: ...
    def ophio_enhancements_to_config_structure(
        self, rules: CData, version: int, bases: bytes, bases_len: int, data: CData, /
    ) -> int: ...
    def ophio_enhancements_to_base64(self, rules: CData, text: CData, /) -> int: ...
    def ophio_enhancements_from_base64(
        self, text: bytes, text_len: int, cache: CData, /
    ) -> CData: ...
    def ophio_enhancements_apply_arrow(
        self,
        rules: CData,
        array: CData,
        schema: CData,
        threads: int,
        out_array: CData,
        out_schema: CData,
        /,
    ) -> int: ...
    def ophio_enhancements_assemble_arrow(
        self,
        rules: CData,
        array: CData,
        schema: CData,
        threads: int,
        out_array: CData,
        out_schema: CData,
        /,
    ) -> int: ...
    def ophio_enhancements_preview_arrow(
        self,
        old_rules: CData,
        new_rules: CData,
        array: CData,
        schema: CData,
        threads: int,
        out_array: CData,
        out_schema: CData,
        /,
    ) -> int: ...
    def ophio_preview_add_arrow(
        self, preview: CData, array: CData, schema: CData, threads: int, /
    ) -> int: ...
    def ophio_preview_new(self, old_rules: CData, new_rules: CData, /) -> CData: ...
    def ophio_preview_add(
        self, preview: CData, packed: bytes, packed_len: int, threads: int, /
    ) -> int: ...
    def ophio_preview_report(self, preview: CData, report: CData, /) -> int: ...
    def ophio_preview_free(self, preview: CData, /) -> None: ...
    def ophio_enhancements_part(self, rules: CData, part: int, /) -> CData: ...
    def ophio_enhancements_equal(self, rules: CData, other: CData, /) -> int: ...
    def ophio_proguard_new(self, data: CData, data_len: int, /) -> CData: ...
    def ophio_proguard_open(self, path: bytes, path_len: int, mmap: bool, /) -> CData: ...
    def ophio_proguard_free(self, mapper: CData, /) -> None: ...
    def ophio_proguard_uuid(self, mapper: CData, uuid: CData, /) -> int: ...
    def ophio_proguard_has_line_info(self, mapper: CData, /) -> int: ...
    def ophio_proguard_is_valid(self, mapper: CData, /) -> int: ...
    def ophio_proguard_remap_class(
        self, mapper: CData, klass: bytes, klass_len: int, original: CData, /
    ) -> int: ...
    def ophio_proguard_remap_method(
        self,
        mapper: CData,
        klass: bytes,
        klass_len: int,
        method: bytes,
        method_len: int,
        original_class: CData,
        original_method: CData,
        /,
    ) -> int: ...
    def ophio_proguard_remap_frames(
        self,
        mapper: CData,
        queries: bytes,
        queries_len: int,
        frames: CData,
        frames_capacity: int,
        frames_len: CData,
        /,
    ) -> int: ...
    def ophio_proguard_remap_stacktrace(
        self, mapper: CData, text: bytes, text_len: int, remapped: CData, /
    ) -> int: ...

lib: _Lib
