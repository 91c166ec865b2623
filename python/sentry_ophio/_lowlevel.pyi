"""The generated module: cffi's `ffi` and the functions of `include/ophio.h`.

milksnake generates the module when the package is built. `make header` writes this file, from
the header.
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
    OPHIO_STATUS_PATTERN: Final[int]
    OPHIO_STATUS_FINGERPRINTS: Final[int]
    OPHIO_STATUS_EVENT: Final[int]
    OPHIO_TRISTATE_MISSING: Final[int]
    OPHIO_TRISTATE_FALSE: Final[int]
    OPHIO_TRISTATE_TRUE: Final[int]
    OPHIO_GLOB_OPTION_DOUBLE_STAR: Final[int]
    OPHIO_GLOB_OPTION_CASE_INSENSITIVE: Final[int]
    OPHIO_GLOB_OPTION_PATH_NORMALIZE: Final[int]
    OPHIO_GLOB_OPTION_ALLOW_NEWLINE: Final[int]
    OPHIO_CODEOWNERS_DIALECT_GITHUB: Final[int]
    OPHIO_CODEOWNERS_DIALECT_GITLAB: Final[int]
    OPHIO_CODEOWNERS_OWNER_KIND_USER: Final[int]
    OPHIO_CODEOWNERS_OWNER_KIND_TEAM: Final[int]
    OPHIO_CODEOWNERS_OWNER_KIND_ROLE: Final[int]
    OPHIO_CODEOWNERS_OWNER_KIND_EMAIL: Final[int]
    OPHIO_ENHANCEMENTS_CONFIG_PART_OWN: Final[int]
    OPHIO_ENHANCEMENTS_CONFIG_PART_CLASSIFIER: Final[int]
    OPHIO_ENHANCEMENTS_CONFIG_PART_CONTRIBUTES: Final[int]
    OPHIO_ENHANCEMENTS_PART_CLASSIFIER: Final[int]
    OPHIO_ENHANCEMENTS_PART_CONTRIBUTES: Final[int]
    OPHIO_ENHANCEMENTS_PART_PROFILING: Final[int]
    OPHIO_ENHANCEMENTS_FIX_KIND_NONE: Final[int]
    OPHIO_ENHANCEMENTS_FIX_KIND_POSSIBLE: Final[int]
    OPHIO_ENHANCEMENTS_FIX_KIND_CERTAIN: Final[int]
    OPHIO_ENHANCEMENTS_SEVERITY_ERROR: Final[int]
    OPHIO_ENHANCEMENTS_SEVERITY_WARNING: Final[int]
    OPHIO_LIMIT_RULE_BYTES: Final[int]
    OPHIO_LIMIT_RULES: Final[int]
    OPHIO_LIMIT_PATTERN_BYTES: Final[int]
    OPHIO_LIMIT_PATTERNS: Final[int]
    OPHIO_LIMIT_FRAMES: Final[int]
    OPHIO_LIMIT_MAPPING_BYTES: Final[int]
    OPHIO_LIMIT_GLOB_STEPS: Final[int]
    OPHIO_FINGERPRINTS_UNKNOWN_KEEP: Final[int]
    OPHIO_FINGERPRINTS_UNKNOWN_MARK: Final[int]
    OPHIO_FINGERPRINTS_TYPE_EMPTY: Final[int]
    OPHIO_FINGERPRINTS_TYPE_DEFAULT: Final[int]
    OPHIO_FINGERPRINTS_TYPE_HYBRID: Final[int]
    OPHIO_FINGERPRINTS_TYPE_CUSTOM: Final[int]
    def ophio_codeowners_is_path_match(
        self,
        path: bytes | CData,
        path_len: int,
        pattern: bytes | CData,
        pattern_len: int,
        matched: CData,
        /,
    ) -> int: ...
    def ophio_codeowners_shortcut(
        self, pattern: bytes | CData, pattern_len: int, shortcut: CData, /
    ) -> int: ...
    def ophio_codeowners_match_text(
        self, path: bytes | CData, pattern: bytes | CData, /
    ) -> int: ...
    def ophio_codeowners_parse(
        self, text: bytes | CData, text_len: int, dialect: int, max_bytes: int, file: CData, /
    ) -> int: ...
    def ophio_codeowners_free(self, file: CData, /) -> None: ...
    def ophio_codeowners_counts(self, file: CData, counts: CData, /) -> int: ...
    def ophio_codeowners_rule(self, file: CData, number: int, rule: CData, /) -> int: ...
    def ophio_codeowners_owner(
        self, file: CData, rule: int, number: int, owner: CData, /
    ) -> int: ...
    def ophio_codeowners_owner_kind(
        self, file: CData, rule: int, number: int, kind: CData, /
    ) -> int: ...
    def ophio_codeowners_section(self, file: CData, number: int, section: CData, /) -> int: ...
    def ophio_codeowners_diagnostic(
        self, file: CData, number: int, diagnostic: CData, /
    ) -> int: ...
    def ophio_codeowners_diagnostic_details(
        self, file: CData, number: int, details: CData, /
    ) -> int: ...
    def ophio_codeowners_find_packed(
        self, file: CData, paths: bytes | CData, paths_len: int, winners: CData, winners_len: int, /
    ) -> int: ...
    def ophio_codeowners_matched_packed(
        self, file: CData, paths: bytes | CData, paths_len: int, matched: CData, matched_len: int, /
    ) -> int: ...
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
    def ophio_enhancements_preview_add_arrow(
        self, preview: CData, array: CData, schema: CData, threads: int, /
    ) -> int: ...
    def ophio_enhancements_cache_new(self, size: int, cache: CData, /) -> int: ...
    def ophio_enhancements_cache_free(self, cache: CData, /) -> None: ...
    def ophio_enhancements_config_from_text(
        self,
        text: bytes | CData,
        text_len: int,
        names: bytes | CData,
        names_len: int,
        bases: CData,
        count: int,
        config: CData,
        /,
    ) -> int: ...
    def ophio_enhancements_config_from_base64(
        self,
        text: bytes | CData,
        text_len: int,
        names: bytes | CData,
        names_len: int,
        bases: CData,
        count: int,
        ignore_other: bool,
        config: CData,
        /,
    ) -> int: ...
    def ophio_enhancements_config_free(self, config: CData, /) -> None: ...
    def ophio_enhancements_config_forget_all(self) -> None: ...
    def ophio_enhancements_config_to_base64(self, config: CData, text: CData, /) -> int: ...
    def ophio_enhancements_config_bases(self, config: CData, names: CData, /) -> int: ...
    def ophio_enhancements_config_part(self, config: CData, part: int, rules: CData, /) -> int: ...
    def ophio_enhancements_config_process(
        self, config: CData, data: bytes | CData, data_len: int, result: CData, /
    ) -> int: ...
    def ophio_enhancements_apply_event(
        self, rules: CData, data: bytes | CData, data_len: int, result: CData, /
    ) -> int: ...
    def ophio_events_frames(
        self, data: bytes | CData, data_len: int, fresh: bool, frames: CData, /
    ) -> int: ...
    def ophio_events_match_frames(
        self, data: bytes | CData, data_len: int, frames: CData, /
    ) -> int: ...
    def ophio_enhancements_from_base64(
        self, text: bytes | CData, text_len: int, ignore_other: bool, rules: CData, /
    ) -> int: ...
    def ophio_enhancements_bases(self, rules: CData, names: CData, /) -> int: ...
    def ophio_events_pack_stacktraces(
        self, data: bytes | CData, data_len: int, packed: CData, /
    ) -> int: ...
    def ophio_events_pack_json_lines(
        self, json: bytes | CData, json_len: int, packed: CData, /
    ) -> int: ...
    def ophio_enhancements_check(
        self, text: bytes | CData, text_len: int, lenient: bool, diagnostics: CData, /
    ) -> int: ...
    def ophio_enhancements_check_profiling(
        self, text: bytes | CData, text_len: int, diagnostics: CData, /
    ) -> int: ...
    def ophio_enhancements_fix(
        self, text: bytes | CData, text_len: int, fixed: CData, /
    ) -> int: ...
    def ophio_enhancements_parse_lenient(
        self, text: bytes | CData, text_len: int, cache: CData, diagnostics: CData, rules: CData, /
    ) -> int: ...
    def ophio_enhancements_format(
        self, text: bytes | CData, text_len: int, formatted: CData, /
    ) -> int: ...
    def ophio_enhancements_diagnostics_len(self, diagnostics: CData, /) -> int: ...
    def ophio_enhancements_diagnostics_get(
        self, diagnostics: CData, index: int, diagnostic: CData, /
    ) -> int: ...
    def ophio_enhancements_diagnostics_fix(
        self, diagnostics: CData, index: int, fix: CData, /
    ) -> int: ...
    def ophio_enhancements_diagnostics_free(self, diagnostics: CData, /) -> None: ...
    def ophio_enhancements_frame_fields(self) -> Text: ...
    def ophio_enhancements_exception_fields(self) -> Text: ...
    def ophio_enhancements_explain(
        self,
        rules: CData,
        packed: bytes | CData,
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
        self, rules: CData, version: int, bases: bytes | CData, bases_len: int, data: CData, /
    ) -> int: ...
    def ophio_enhancements_part(self, rules: CData, part: int, part_rules: CData, /) -> int: ...
    def ophio_enhancements_equal(self, rules: CData, other: CData, equal: CData, /) -> int: ...
    def ophio_enhancements_to_base64(self, rules: CData, text: CData, /) -> int: ...
    def ophio_enhancements_kept_new(
        self, packed: bytes | CData, packed_len: int, kept: CData, /
    ) -> int: ...
    def ophio_enhancements_preview_add_kept(
        self,
        preview: CData,
        kept: CData,
        first: int,
        count: int,
        threads: int,
        marks: CData,
        marks_len: int,
        /,
    ) -> int: ...
    def ophio_enhancements_kept_counting(
        self,
        kept: CData,
        rules: CData,
        numbers: CData,
        numbers_len: int,
        threads: int,
        counting: CData,
        /,
    ) -> int: ...
    def ophio_enhancements_kept_free(self, kept: CData, /) -> None: ...
    def ophio_enhancements_apply_packed(
        self, rules: CData, packed: bytes | CData, packed_len: int, codes: CData, codes_len: int, /
    ) -> int: ...
    def ophio_enhancements_apply_short(
        self, rules: CData, packed: bytes | CData, packed_len: int, answer: CData, /
    ) -> int: ...
    def ophio_enhancements_apply_event_short(
        self, rules: CData, data: bytes | CData, data_len: int, answer: CData, /
    ) -> int: ...
    def ophio_enhancements_apply_events(
        self, rules: CData, data: bytes | CData, data_len: int, threads: int, numbers: CData, /
    ) -> int: ...
    def ophio_enhancements_assemble_packed(
        self,
        rules: CData,
        packed: bytes | CData,
        packed_len: int,
        contributes: bytes | CData,
        components_len: int,
        codes: CData,
        codes_len: int,
        /,
    ) -> int: ...
    def ophio_enhancements_too_few_frames_hint(
        self, rules: CData, rule_plus_one: int, contributing: int, text: CData, /
    ) -> int: ...
    def ophio_enhancements_preview_new(
        self, old_rules: CData, new_rules: CData, preview: CData, /
    ) -> int: ...
    def ophio_enhancements_preview_set_fresh(self, preview: CData, fresh: bool, /) -> int: ...
    def ophio_enhancements_preview_set_max_explained(
        self, preview: CData, max_explained: int, /
    ) -> int: ...
    def ophio_enhancements_preview_add(
        self, preview: CData, packed: bytes | CData, packed_len: int, threads: int, /
    ) -> int: ...
    def ophio_enhancements_preview_add_json_lines(
        self,
        preview: CData,
        json: bytes | CData,
        json_len: int,
        threads: int,
        read: CData,
        stacktraces: CData,
        /,
    ) -> int: ...
    def ophio_enhancements_preview_report(self, preview: CData, report: CData, /) -> int: ...
    def ophio_enhancements_preview_free(self, preview: CData, /) -> None: ...
    def ophio_enhancements_new(self, rules: CData, /) -> int: ...
    def ophio_enhancements_parse(
        self, text: bytes | CData, text_len: int, cache: CData, rules: CData, /
    ) -> int: ...
    def ophio_enhancements_from_config_structure(
        self, data: bytes | CData, data_len: int, cache: CData, rules: CData, /
    ) -> int: ...
    def ophio_enhancements_free(self, rules: CData, /) -> None: ...
    def ophio_enhancements_extend_from(self, rules: CData, other: CData, /) -> int: ...
    def ophio_enhancements_len(self, rules: CData, /) -> int: ...
    def ophio_enhancements_rule(self, rules: CData, index: int, text: CData, /) -> int: ...
    def ophio_enhancements_category(self, rules: CData, category: int, text: CData, /) -> int: ...
    def ophio_enhancements_hint(self, rules: CData, hint: int, text: CData, /) -> int: ...
    def ophio_enhancements_stacktrace_pack(
        self, frames: CData, frames_len: int, frame_size: int, exception: CData, packed: CData, /
    ) -> int: ...
    def ophio_enhancements_stacktrace_pack_event_frames(
        self, data: bytes | CData, data_len: int, packed: CData, /
    ) -> int: ...
    def ophio_enhancements_stacktrace_check(
        self, packed: bytes | CData, packed_len: int, /
    ) -> int: ...
    def ophio_enhancements_set_memo_bytes(self, rules: CData, bytes: int, /) -> int: ...
    def ophio_enhancements_apply_batch(
        self,
        rules: CData,
        packed: bytes | CData,
        packed_len: int,
        threads: int,
        codes: CData,
        codes_len: int,
        /,
    ) -> int: ...
    def ophio_enhancements_assemble_batch(
        self,
        rules: CData,
        packed: bytes | CData,
        packed_len: int,
        components_lens: CData,
        stacktraces_len: int,
        contributes: bytes | CData,
        threads: int,
        codes: CData,
        codes_len: int,
        /,
    ) -> int: ...
    def ophio_enhancements_apply(
        self,
        rules: CData,
        frames: CData,
        frames_len: int,
        frame_size: int,
        exception: CData,
        applied: CData,
        applied_size: int,
        /,
    ) -> int: ...
    def ophio_enhancements_assemble(
        self,
        rules: CData,
        frames: CData,
        frames_len: int,
        frame_size: int,
        exception: CData,
        components: CData,
        components_len: int,
        component_size: int,
        result: CData,
        /,
    ) -> int: ...
    def ophio_fingerprints_parse(
        self, text: bytes | CData, text_len: int, rules: CData, /
    ) -> int: ...
    def ophio_fingerprints_parse_lenient(
        self, text: bytes | CData, text_len: int, left_out: CData, rules: CData, /
    ) -> int: ...
    def ophio_fingerprints_check(
        self, text: bytes | CData, text_len: int, diagnostics: CData, /
    ) -> int: ...
    def ophio_fingerprints_format(
        self, text: bytes | CData, text_len: int, formatted: CData, /
    ) -> int: ...
    def ophio_fingerprints_from_json(
        self, json: bytes | CData, json_len: int, rules: CData, /
    ) -> int: ...
    def ophio_fingerprints_to_json(self, rules: CData, json: CData, /) -> int: ...
    def ophio_fingerprints_to_text(self, rules: CData, text: CData, /) -> int: ...
    def ophio_fingerprints_describe(self, rules: CData, description: CData, /) -> int: ...
    def ophio_fingerprints_describe_rule(
        self, rules: CData, index: int, description: CData, /
    ) -> int: ...
    def ophio_fingerprints_with_builtin(
        self, rules: CData, builtin: CData, combined: CData, /
    ) -> int: ...
    def ophio_fingerprints_free(self, rules: CData, /) -> None: ...
    def ophio_fingerprints_forget_all(self) -> None: ...
    def ophio_fingerprints_len(self, rules: CData, /) -> int: ...
    def ophio_fingerprints_equal(self, rules: CData, other: CData, equal: CData, /) -> int: ...
    def ophio_fingerprints_match(
        self,
        rules: CData,
        event: bytes | CData,
        event_len: int,
        unknown: int,
        parameterizer: CData,
        found: CData,
        /,
    ) -> int: ...
    def ophio_fingerprints_match_packed(
        self,
        rules: CData,
        events: bytes | CData,
        events_len: int,
        unknown: int,
        parameterizer: CData,
        found: CData,
        /,
    ) -> int: ...
    def ophio_fingerprints_match_json_lines(
        self,
        rules: CData,
        json: bytes | CData,
        json_len: int,
        unknown: int,
        parameterizer: CData,
        found: CData,
        /,
    ) -> int: ...
    def ophio_fingerprints_explain(
        self, rules: CData, event: bytes | CData, event_len: int, explanation: CData, /
    ) -> int: ...
    def ophio_fingerprints_resolve(
        self,
        fingerprint: bytes | CData,
        fingerprint_len: int,
        event: bytes | CData,
        event_len: int,
        unknown: int,
        parameterizer: CData,
        resolved: CData,
        /,
    ) -> int: ...
    def ophio_fingerprints_expand_title(
        self,
        title: bytes | CData,
        title_len: int,
        event: bytes | CData,
        event_len: int,
        unknown: int,
        parameterizer: CData,
        expanded: CData,
        /,
    ) -> int: ...
    def ophio_fingerprints_type(
        self, fingerprint: bytes | CData, fingerprint_len: int, kind: CData, /
    ) -> int: ...
    def ophio_fingerprints_match_arrow(
        self,
        rules: CData,
        array: CData,
        schema: CData,
        unknown: int,
        threads: int,
        out_array: CData,
        out_schema: CData,
        /,
    ) -> int: ...
    def ophio_functions_trim(
        self,
        name: bytes | CData,
        name_len: int,
        platform: bytes | CData,
        platform_len: int,
        trimmed: CData,
        /,
    ) -> int: ...
    def ophio_functions_trim_text(
        self, name: bytes | CData, platform: bytes | CData, buffer: CData, buffer_len: int, /
    ) -> int: ...
    def ophio_functions_trim_packed(
        self,
        names: bytes | CData,
        names_len: int,
        platform: bytes | CData,
        platform_len: int,
        trimmed: CData,
        /,
    ) -> int: ...
    def ophio_glob_new(
        self,
        pattern: bytes | CData,
        pattern_len: int,
        options: int,
        position: CData,
        glob: CData,
        /,
    ) -> int: ...
    def ophio_glob_free(self, glob: CData, /) -> None: ...
    def ophio_glob_is_match(
        self, glob: CData, value: bytes | CData, value_len: int, matched: CData, /
    ) -> int: ...
    def ophio_glob_shortcut(self, glob: CData, shortcut: CData, /) -> int: ...
    def ophio_glob_match_text(self, glob: CData, text: bytes | CData, /) -> int: ...
    def ophio_glob_match_packed(
        self,
        glob: CData,
        values: bytes | CData,
        values_len: int,
        matched: CData,
        matched_len: int,
        /,
    ) -> int: ...
    def ophio_glob_escape(self, text: bytes | CData, text_len: int, pattern: CData, /) -> int: ...
    def ophio_glob_set_new(
        self, patterns: bytes | CData, patterns_len: int, options: int, set: CData, /
    ) -> int: ...
    def ophio_glob_set_free(self, set: CData, /) -> None: ...
    def ophio_glob_set_diagnostic(self, set: CData, from_: int, diagnostic: CData, /) -> int: ...
    def ophio_glob_set_is_match(
        self, set: CData, value: bytes | CData, value_len: int, matched: CData, /
    ) -> int: ...
    def ophio_glob_set_matches(
        self,
        set: CData,
        value: bytes | CData,
        value_len: int,
        numbers: CData,
        numbers_len: int,
        count: CData,
        /,
    ) -> int: ...
    def ophio_last_error_code(self) -> int: ...
    def ophio_last_error_message(self) -> Text: ...
    def ophio_last_error_clear(self) -> None: ...
    def ophio_limits_get(self, limit: int, max_value: CData, /) -> int: ...
    def ophio_limits_set(self, limit: int, max_value: int, /) -> int: ...
    def ophio_parameterization_new(
        self,
        patterns: bytes | CData,
        patterns_len: int,
        only: bytes | CData,
        only_len: int,
        limits: CData,
        limits_size: int,
        number: CData,
        position: CData,
        parameterization: CData,
        /,
    ) -> int: ...
    def ophio_parameterization_free(self, parameterization: CData, /) -> None: ...
    def ophio_parameterization_len(self, parameterization: CData, /) -> int: ...
    def ophio_parameterization_pattern(
        self, parameterization: CData, number: int, pattern: CData, /
    ) -> int: ...
    def ophio_parameterization_parameterize(
        self, parameterization: CData, text: bytes | CData, text_len: int, replaced: CData, /
    ) -> int: ...
    def ophio_parameterization_parameterize_text(
        self, buffer: CData, text: bytes | CData, /
    ) -> int: ...
    def ophio_parameterization_parameterize_packed(
        self,
        parameterization: CData,
        texts: bytes | CData,
        texts_len: int,
        counts: CData,
        counts_len: int,
        replaced: CData,
        /,
    ) -> int: ...
    def ophio_parameterization_counts(
        self,
        parameterization: CData,
        texts: bytes | CData,
        texts_len: int,
        counts: CData,
        counts_len: int,
        /,
    ) -> int: ...
    def ophio_parameterization_find(
        self,
        parameterization: CData,
        text: bytes | CData,
        text_len: int,
        characters: bool,
        matches: CData,
        /,
    ) -> int: ...
    def ophio_parameterization_find_packed(
        self,
        parameterization: CData,
        texts: bytes | CData,
        texts_len: int,
        characters: bool,
        matches: CData,
        /,
    ) -> int: ...
    def ophio_proguard_new(self, data: bytes | CData, data_len: int, mapper: CData, /) -> int: ...
    def ophio_proguard_open(
        self, path: bytes | CData, path_len: int, mmap: bool, mapper: CData, /
    ) -> int: ...
    def ophio_proguard_open_cache(
        self, path: bytes | CData, path_len: int, mapper: CData, /
    ) -> int: ...
    def ophio_proguard_to_cache(self, mapper: CData, cache: CData, /) -> int: ...
    def ophio_proguard_free(self, mapper: CData, /) -> None: ...
    def ophio_proguard_uuid(self, mapper: CData, uuid: CData, /) -> int: ...
    def ophio_proguard_has_line_info(self, mapper: CData, has_lines: CData, /) -> int: ...
    def ophio_proguard_is_valid(self, mapper: CData, valid: CData, /) -> int: ...
    def ophio_proguard_remap_class(
        self, mapper: CData, klass: bytes | CData, klass_len: int, original: CData, /
    ) -> int: ...
    def ophio_proguard_remap_method(
        self,
        mapper: CData,
        klass: bytes | CData,
        klass_len: int,
        method: bytes | CData,
        method_len: int,
        original_class: CData,
        original_method: CData,
        /,
    ) -> int: ...
    def ophio_proguard_remap_frames(
        self,
        mapper: CData,
        queries: bytes | CData,
        queries_len: int,
        frames: CData,
        frames_capacity: int,
        frames_len: CData,
        /,
    ) -> int: ...
    def ophio_proguard_remap_stacktrace(
        self, mapper: CData, text: bytes | CData, text_len: int, remapped: CData, /
    ) -> int: ...
    def ophio_proguard_remap_stacktrace_verbose(
        self, mapper: CData, text: bytes | CData, text_len: int, remapped: CData, /
    ) -> int: ...
    def ophio_proguard_retrace(
        self, mapper: CData, text: bytes | CData, text_len: int, verbose: bool, lines: CData, /
    ) -> int: ...
    def ophio_str_free(self, string: CData, /) -> None: ...
    def ophio_version(self) -> Text: ...
    def ophio_abi_version(self) -> int: ...

lib: _Lib
