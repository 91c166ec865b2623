/*
 * libophio for C++17: a header-only layer over ophio.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *     #include <ophio.hpp>
 *
 *     ophio::enhancements rules{"function:log_* -app"};
 *     OphioEnhancementsFrame frame{};
 *     frame.function = ophio::text("log_error");
 *     OphioEnhancementsAppliedFrame applied;
 *     rules.apply({&frame, 1}, nullptr, {&applied, 1});
 *     // applied.in_app == OPHIO_TRISTATE_FALSE
 *
 * ophio.h documents what each function does, its arguments and its errors, at the C function with
 * the same name: `ophio::glob::is_match` calls `ophio_glob_is_match`. This header documents only
 * the differences:
 *
 * - A handle is an object that can be moved but not copied. Its destructor frees it. A handle that
 *   was moved from or default-constructed is empty: calls on it fail with
 *   OPHIO_STATUS_NULL_POINTER.
 * - Arguments that are texts or buffers are std::string_view, arrays are ophio::span. Owned results
 *   are ophio::string, which frees itself. Borrowed results are std::string_view, valid for as long
 *   as ophio.h says.
 * - Each function that can fail exists in two forms: `f` returns its result and throws
 *   ophio::error. `try_f` is noexcept, writes its results through references, and returns the
 *   status. It writes them only if the status is OPHIO_STATUS_OK. Other functions are noexcept.
 * - The layer allocates memory only for the text of an exception.
 * - Compiled without exceptions, `f` prints the message and aborts where it would throw.
 *
 * Structs and enums are those of ophio.h. Threads may share the same objects as in C.
 */
#ifndef OPHIO_HPP
#define OPHIO_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ophio.h"

namespace ophio {

/* --- failures ---------------------------------------------------------------------- */

/* The status that a call returns. */
using status = OphioStatus;

/* Returns the message of the last failure on this thread: see ophio_last_error_message. */
inline std::string_view last_error_message() noexcept
{
    const OphioSlice message = ophio_last_error_message();
    return message.len == 0
               ? std::string_view{}
               : std::string_view{reinterpret_cast<const char *>(message.data), message.len};
}

/* Returns the status of the last failure on this thread: see ophio_last_error_code. */
inline status last_error_code() noexcept { return ophio_last_error_code(); }

/* Clears the last failure of this thread. */
inline void clear_last_error() noexcept { ophio_last_error_clear(); }

/* A call that failed. what() is the library's message. */
class error : public std::runtime_error {
  public:
    /* Takes the message of the last failure on this thread, which had this status. */
    explicit error(status code)
        : std::runtime_error(std::string(last_error_message())), code_(code)
    {
    }

    error(status code, const char *message) : std::runtime_error(message), code_(code) {}

    /* The status of the call: never OPHIO_STATUS_OK. */
    status code() const noexcept { return code_; }

  private:
    status code_;
};

namespace detail {

[[noreturn]] inline void raise(const error &failure)
{
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
    throw failure;
#else
    std::fprintf(stderr, "ophio: %s\n", failure.what());
    std::abort();
#endif
}

} // namespace detail

/* Throws `error` if a call failed. */
inline void check(status code)
{
    if (code != OPHIO_STATUS_OK) detail::raise(error(code));
}

/* --- views and texts --------------------------------------------------------------- */

/* A view of `size()` values in an array; std::span before C++20. */
template <typename T> class span {
  public:
    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}

    template <std::size_t N> constexpr span(T (&values)[N]) noexcept : span(values, N) {}

    /* From anything with data() and size(), such as std::vector, std::array and std::span. */
    template <typename C,
              typename = std::enable_if_t<std::is_convertible_v<
                  std::remove_pointer_t<decltype(std::declval<C &>().data())> (*)[], T (*)[]>>>
    constexpr span(C &&values) noexcept : span(values.data(), values.size())
    {
    }

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t index) const noexcept { return data_[index]; }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

namespace detail {

inline const std::uint8_t *bytes(std::string_view text) noexcept
{
    return reinterpret_cast<const std::uint8_t *>(text.data());
}

inline std::string_view view(OphioSlice slice) noexcept
{
    if (slice.len == 0) return {};
    return {reinterpret_cast<const char *>(slice.data), slice.len};
}

/* Owns an object of the C library. */
template <typename T, void (*Free)(T **)> class handle {
  public:
    /* The type in C. */
    using raw_type = T;

    handle() noexcept = default;
    explicit handle(T *raw) noexcept : raw_(raw) {}
    handle(handle &&other) noexcept : raw_(other.release()) {}
    handle &operator=(handle &&other) noexcept
    {
        if (this != &other) reset(other.release());
        return *this;
    }
    handle(const handle &) = delete;
    handle &operator=(const handle &) = delete;
    ~handle() { Free(&raw_); }

    /* Returns the C handle, for functions of ophio.h; NULL if this is empty. */
    T *get() const noexcept { return raw_; }

    /* Releases the handle: the caller frees it. */
    T *release() noexcept { return std::exchange(raw_, nullptr); }

    /* Frees the handle, and owns `raw` instead. */
    void reset(T *raw = nullptr) noexcept
    {
        Free(&raw_);
        raw_ = raw;
    }

    explicit operator bool() const noexcept { return raw_ != nullptr; }

  private:
    T *raw_ = nullptr;
};

} // namespace detail

/* A text for a struct of ophio.h, such as OphioEnhancementsFrame. An empty text is not missing. */
inline OphioSlice text(std::string_view value) noexcept
{
    return {detail::bytes(value.data() == nullptr ? std::string_view("") : value), value.size()};
}

/* A missing text, for a missing field of a frame. */
inline constexpr OphioSlice missing{nullptr, 0};

/* Returns the text of a slice in a struct of ophio.h. */
inline std::string_view view(OphioSlice slice) noexcept { return detail::view(slice); }

/* Converts a tristate of a struct of ophio.h. */
inline std::optional<bool> from_tristate(std::uint8_t value) noexcept
{
    if (value == OPHIO_TRISTATE_MISSING) return std::nullopt;
    return value == OPHIO_TRISTATE_TRUE;
}

/* Returns a tristate for a struct of ophio.h. */
inline std::uint8_t to_tristate(std::optional<bool> value) noexcept
{
    if (!value) return OPHIO_TRISTATE_MISSING;
    return *value ? OPHIO_TRISTATE_TRUE : OPHIO_TRISTATE_FALSE;
}

/* A text or a buffer that the library allocated: an OphioStr that frees itself. */
class string {
  public:
    string() noexcept = default;
    explicit string(OphioStr raw) noexcept : raw_(raw) {}
    string(string &&other) noexcept : raw_(other.release()) {}
    string &operator=(string &&other) noexcept
    {
        if (this != &other) {
            ophio_str_free(&raw_);
            raw_ = other.release();
        }
        return *this;
    }
    string(const string &) = delete;
    string &operator=(const string &) = delete;
    ~string() { ophio_str_free(&raw_); }

    const char *data() const noexcept { return reinterpret_cast<const char *>(raw_.data); }
    std::size_t size() const noexcept { return raw_.len; }
    bool empty() const noexcept { return raw_.len == 0; }
    std::string_view view() const noexcept
    {
        return empty() ? std::string_view{} : std::string_view{data(), size()};
    }
    operator std::string_view() const noexcept { return view(); }

    /* Releases the text: the caller frees it with ophio_str_free. */
    OphioStr release() noexcept { return std::exchange(raw_, OphioStr{nullptr, 0}); }

  private:
    OphioStr raw_{nullptr, 0};
};

namespace detail {

/* Calls a function that makes an object. If it fails, `place` does not change. */
template <typename Handle, typename F> status make(Handle &place, F &&call) noexcept
{
    typename Handle::raw_type *made = nullptr;
    const status code = call(&made);
    if (code == OPHIO_STATUS_OK) place = Handle(made);
    return code;
}

/* Calls a function that writes a text. If it fails, `place` does not change. */
template <typename F> status into(string &place, F &&call) noexcept
{
    OphioStr made{nullptr, 0};
    const status code = call(&made);
    if (code == OPHIO_STATUS_OK) place = string(made);
    return code;
}

} // namespace detail

/* The version of the library, such as "2.0.0". The version of the header is OPHIO_VERSION. */
inline std::string_view version() noexcept { return detail::view(ophio_version()); }

/* The version of the C ABI: the number in the name of libophio.so.1. */
inline std::uint32_t abi_version() noexcept { return ophio_abi_version(); }

/* --- limits ------------------------------------------------------------------------ */

inline status try_get_limit(OphioLimit limit, std::size_t &max_value) noexcept
{
    return ophio_limits_get(static_cast<std::uint32_t>(limit), &max_value);
}

/* Returns the value of a limit for the whole process. */
inline std::size_t get_limit(OphioLimit limit)
{
    std::size_t max_value = 0;
    check(try_get_limit(limit, max_value));
    return max_value;
}

inline status try_set_limit(OphioLimit limit, std::size_t max_value) noexcept
{
    return ophio_limits_set(static_cast<std::uint32_t>(limit), max_value);
}
inline void set_limit(OphioLimit limit, std::size_t max_value) { check(try_set_limit(limit, max_value)); }

/* --- stack trace rules ------------------------------------------------------------- */

/* A cache of parsed rules: OphioEnhancementsCache. */
class cache : public detail::handle<OphioEnhancementsCache, ophio_enhancements_cache_free> {
  public:
    using handle::handle;

    static status try_make(std::size_t size, cache &made) noexcept
    {
        return detail::make(made,
                            [&](auto **raw) { return ophio_enhancements_cache_new(size, raw); });
    }

    /* For at most `size` rules. */
    explicit cache(std::size_t size) { check(try_make(size, *this)); }
};

/* Problems of a rule text: OphioEnhancementsDiagnostics. */
class diagnostics
    : public detail::handle<OphioEnhancementsDiagnostics, ophio_enhancements_diagnostics_free> {
  public:
    using handle::handle;

    std::size_t size() const noexcept { return ophio_enhancements_diagnostics_len(get()); }
    bool empty() const noexcept { return size() == 0; }

    status try_get(std::size_t index, OphioEnhancementsDiagnostic &entry) const noexcept
    {
        return ophio_enhancements_diagnostics_get(get(), index, &entry);
    }
    using handle::get;

    status try_fix(std::size_t index, OphioEnhancementsFix &fix) const noexcept
    {
        return ophio_enhancements_diagnostics_fix(get(), index, &fix);
    }
    /* The fix of the entry with this index; its slice is valid as long as this list. */
    OphioEnhancementsFix fix(std::size_t index) const
    {
        OphioEnhancementsFix found;
        check(try_fix(index, found));
        return found;
    }

    /* The entry with this index; its slices are valid as long as this list. */
    OphioEnhancementsDiagnostic at(std::size_t index) const
    {
        OphioEnhancementsDiagnostic entry;
        check(try_get(index, entry));
        return entry;
    }
};

/* The names of the fields of a frame, joined by line feeds. */
inline std::string_view frame_fields() noexcept
{
    return detail::view(ophio_enhancements_frame_fields());
}

/* The names of the fields of exception data, joined by line feeds. */
inline std::string_view exception_fields() noexcept
{
    return detail::view(ophio_enhancements_exception_fields());
}

/* The result for a stack trace as a whole. */
struct assembled {
    bool contributes = true;
    bool invert_stacktrace = false;
    /* Why it does not count; empty if no rule decided it. */
    string hint;
};

/* Stack trace rules: OphioEnhancements. */
class enhancements : public detail::handle<OphioEnhancements, ophio_enhancements_free> {
  public:
    using handle::handle;

    /* Reads rules in the text form. */
    explicit enhancements(std::string_view rules, const cache &with = {})
    {
        check(try_parse(rules, *this, with));
    }

    /* Makes an empty rule set, which can be extended. */
    static status try_make(enhancements &made) noexcept
    {
        return detail::make(made, [&](auto **raw) { return ophio_enhancements_new(raw); });
    }
    static enhancements make()
    {
        enhancements made;
        check(try_make(made));
        return made;
    }

    static status try_parse(std::string_view rules, enhancements &made,
                            const cache &with = {}) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_enhancements_parse(detail::bytes(rules), rules.size(), with.get(), raw);
        });
    }

    static status try_parse_lenient(std::string_view rules, enhancements &made,
                                    diagnostics &left_out, const cache &with = {}) noexcept
    {
        OphioEnhancementsDiagnostics *list = nullptr;
        const status code = detail::make(made, [&](auto **raw) {
            return ophio_enhancements_parse_lenient(detail::bytes(rules), rules.size(),
                                                    with.get(), &list, raw);
        });
        if (code == OPHIO_STATUS_OK) left_out = diagnostics(list);
        return code;
    }
    static std::pair<enhancements, diagnostics> parse_lenient(std::string_view rules,
                                                              const cache &with = {})
    {
        std::pair<enhancements, diagnostics> made;
        check(try_parse_lenient(rules, made.first, made.second, with));
        return made;
    }

    static status try_from_config_structure(std::string_view data, enhancements &made,
                                            const cache &with = {}) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_enhancements_from_config_structure(detail::bytes(data), data.size(),
                                                            with.get(), raw);
        });
    }
    static enhancements from_config_structure(std::string_view data, const cache &with = {})
    {
        enhancements made;
        check(try_from_config_structure(data, made, with));
        return made;
    }

    static status try_from_base64(std::string_view stored, bool ignore_other,
                                  enhancements &made) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_enhancements_from_base64(detail::bytes(stored), stored.size(),
                                                  ignore_other, raw);
        });
    }
    /* All rules of a text in the form in which Sentry stores them. */
    static enhancements from_base64(std::string_view stored, bool ignore_other = false)
    {
        enhancements made;
        check(try_from_base64(stored, ignore_other, made));
        return made;
    }

    static status try_check(std::string_view rules, bool lenient, diagnostics &found) noexcept
    {
        OphioEnhancementsDiagnostics *list = nullptr;
        const status code =
            ophio_enhancements_check(detail::bytes(rules), rules.size(), lenient, &list);
        if (code == OPHIO_STATUS_OK) found = diagnostics(list);
        return code;
    }
    /* Finds all problems of a rule text. (`check` is the function that throws.) */
    static diagnostics check_text(std::string_view rules, bool lenient = false)
    {
        diagnostics found;
        check(try_check(rules, lenient, found));
        return found;
    }

    static status try_check_profiling(std::string_view rules, diagnostics &found) noexcept
    {
        OphioEnhancementsDiagnostics *list = nullptr;
        const status code =
            ophio_enhancements_check_profiling(detail::bytes(rules), rules.size(), &list);
        if (code == OPHIO_STATUS_OK) found = diagnostics(list);
        return code;
    }
    /* Finds the rules that Sentry's profiling ignores. */
    static diagnostics check_profiling(std::string_view rules)
    {
        diagnostics found;
        check(try_check_profiling(rules, found));
        return found;
    }

    static status try_fix(std::string_view rules, string &fixed) noexcept
    {
        return detail::into(fixed, [&](OphioStr *out) noexcept {
            return ophio_enhancements_fix(detail::bytes(rules), rules.size(), out);
        });
    }
    /* Applies the fixes that are certain. */
    static string fix(std::string_view rules)
    {
        string fixed;
        check(try_fix(rules, fixed));
        return fixed;
    }

    static status try_format(std::string_view rules, string &formatted) noexcept
    {
        return detail::into(formatted, [&](OphioStr *out) noexcept {
            return ophio_enhancements_format(detail::bytes(rules), rules.size(), out);
        });
    }
    static string format(std::string_view rules)
    {
        string formatted;
        check(try_format(rules, formatted));
        return formatted;
    }

    /* The number of rules. */
    std::size_t size() const noexcept { return ophio_enhancements_len(get()); }

    status try_bases(string &names) const noexcept
    {
        return detail::into(
            names, [&](OphioStr *out) noexcept { return ophio_enhancements_bases(get(), out); });
    }
    /* The names of the base rule sets of these rules, joined by line feeds. */
    string bases() const
    {
        string names;
        check(try_bases(names));
        return names;
    }

    status try_extend_from(const enhancements &other) noexcept
    {
        return ophio_enhancements_extend_from(get(), other.get());
    }
    void extend_from(const enhancements &other) { check(try_extend_from(other)); }

    status try_set_memo_bytes(std::size_t bytes) noexcept
    {
        return ophio_enhancements_set_memo_bytes(get(), bytes);
    }
    void set_memo_bytes(std::size_t bytes) { check(try_set_memo_bytes(bytes)); }

    status try_rule(std::size_t index, string &rule) const noexcept
    {
        return detail::into(rule, [&](OphioStr *out) noexcept {
            return ophio_enhancements_rule(get(), index, out);
        });
    }
    string rule(std::size_t index) const
    {
        string rule;
        check(try_rule(index, rule));
        return rule;
    }

    status try_category(std::uint32_t number, string &category) const noexcept
    {
        return detail::into(category, [&](OphioStr *out) noexcept {
            return ophio_enhancements_category(get(), number, out);
        });
    }
    string category(std::uint32_t number) const
    {
        string category;
        check(try_category(number, category));
        return category;
    }

    status try_hint(std::uint32_t number, string &hint) const noexcept
    {
        return detail::into(hint, [&](OphioStr *out) noexcept {
            return ophio_enhancements_hint(get(), number, out);
        });
    }
    string hint(std::uint32_t number) const
    {
        string hint;
        check(try_hint(number, hint));
        return hint;
    }

    status try_too_few_frames_hint(std::uint32_t rule_plus_one, std::uint32_t contributing,
                                   string &hint) const noexcept
    {
        return detail::into(hint, [&](OphioStr *out) noexcept {
            return ophio_enhancements_too_few_frames_hint(get(), rule_plus_one, contributing,
                                                          out);
        });
    }
    string too_few_frames_hint(std::uint32_t rule_plus_one, std::uint32_t contributing) const
    {
        string hint;
        check(try_too_few_frames_hint(rule_plus_one, contributing, hint));
        return hint;
    }

    status try_describe(string &json) const noexcept
    {
        return detail::into(json, [&](OphioStr *out) noexcept {
            return ophio_enhancements_describe(get(), out);
        });
    }
    string describe() const
    {
        string json;
        check(try_describe(json));
        return json;
    }

    status try_to_text(string &rules) const noexcept
    {
        return detail::into(rules, [&](OphioStr *out) noexcept {
            return ophio_enhancements_to_text(get(), out);
        });
    }
    string to_text() const
    {
        string rules;
        check(try_to_text(rules));
        return rules;
    }

    status try_to_config_structure(std::uint64_t version, std::string_view bases,
                                   string &data) const noexcept
    {
        return detail::into(data, [&](OphioStr *out) noexcept {
            return ophio_enhancements_to_config_structure(get(), version, detail::bytes(bases),
                                                          bases.size(), out);
        });
    }
    string to_config_structure(std::uint64_t version = 3, std::string_view bases = {}) const
    {
        string data;
        check(try_to_config_structure(version, bases, data));
        return data;
    }

    status try_to_base64(string &stored) const noexcept
    {
        return detail::into(stored, [&](OphioStr *out) noexcept {
            return ophio_enhancements_to_base64(get(), out);
        });
    }
    string to_base64() const
    {
        string stored;
        check(try_to_base64(stored));
        return stored;
    }

    status try_part(OphioEnhancementsPart part, enhancements &made) const noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_enhancements_part(get(), static_cast<std::uint32_t>(part), raw);
        });
    }
    enhancements part(OphioEnhancementsPart part) const
    {
        enhancements made;
        check(try_part(part, made));
        return made;
    }

    status try_equal(const enhancements &other, bool &equal) const noexcept
    {
        return ophio_enhancements_equal(get(), other.get(), &equal);
    }
    bool equal(const enhancements &other) const
    {
        bool equal = false;
        check(try_equal(other, equal));
        return equal;
    }

    /*
     * `exception` may be NULL. If `applied` has fewer entries than `frames`, the status is
     * OPHIO_STATUS_OUT_OF_RANGE, and the C function is not called.
     */
    status try_apply(span<const OphioEnhancementsFrame> frames,
                     const OphioEnhancementsExceptionData *exception,
                     span<OphioEnhancementsAppliedFrame> applied) const noexcept
    {
        if (applied.size() < frames.size()) return OPHIO_STATUS_OUT_OF_RANGE;
        return ophio_enhancements_apply(get(), frames.data(), frames.size(),
                                        sizeof(OphioEnhancementsFrame), exception,
                                        applied.data(), sizeof(OphioEnhancementsAppliedFrame));
    }
    void apply(span<const OphioEnhancementsFrame> frames,
               const OphioEnhancementsExceptionData *exception,
               span<OphioEnhancementsAppliedFrame> applied) const
    {
        if (applied.size() < frames.size()) {
            detail::raise(
                error(OPHIO_STATUS_OUT_OF_RANGE, "`applied` has fewer entries than `frames`"));
        }
        check(try_apply(frames, exception, applied));
    }

    status try_assemble(span<const OphioEnhancementsFrame> frames,
                        const OphioEnhancementsExceptionData *exception,
                        span<OphioEnhancementsComponent> components,
                        assembled &result) const noexcept
    {
        OphioEnhancementsAssembleResult raw;
        const status code = ophio_enhancements_assemble(
            get(), frames.data(), frames.size(), sizeof(OphioEnhancementsFrame), exception,
            components.data(), components.size(), sizeof(OphioEnhancementsComponent), &raw);
        if (code == OPHIO_STATUS_OK) {
            result.contributes = raw.contributes;
            result.invert_stacktrace = raw.invert_stacktrace;
            result.hint = string(raw.hint);
        }
        return code;
    }
    assembled assemble(span<const OphioEnhancementsFrame> frames,
                       const OphioEnhancementsExceptionData *exception,
                       span<OphioEnhancementsComponent> components) const
    {
        assembled result;
        check(try_assemble(frames, exception, components, result));
        return result;
    }

    status try_apply_packed(std::string_view packed, span<std::uint32_t> codes) const noexcept
    {
        return ophio_enhancements_apply_packed(get(), detail::bytes(packed), packed.size(),
                                               codes.data(), codes.size());
    }
    void apply_packed(std::string_view packed, span<std::uint32_t> codes) const
    {
        check(try_apply_packed(packed, codes));
    }

    // The result is in the form of ophio_enhancements_apply_short.
    status try_apply_short(std::string_view packed,
                           std::array<std::uint8_t, 256> &answer) const noexcept
    {
        return ophio_enhancements_apply_short(get(), detail::bytes(packed), packed.size(),
                                              answer.data());
    }
    std::array<std::uint8_t, 256> apply_short(std::string_view packed) const
    {
        std::array<std::uint8_t, 256> answer;
        check(try_apply_short(packed, answer));
        return answer;
    }

    status try_assemble_packed(std::string_view packed, span<const std::uint8_t> contributes,
                               span<std::uint32_t> codes) const noexcept
    {
        return ophio_enhancements_assemble_packed(get(), detail::bytes(packed), packed.size(),
                                                  contributes.data(), contributes.size(),
                                                  codes.data(), codes.size());
    }
    void assemble_packed(std::string_view packed, span<const std::uint8_t> contributes,
                         span<std::uint32_t> codes) const
    {
        check(try_assemble_packed(packed, contributes, codes));
    }

    status try_apply_batch(std::string_view packed, std::size_t threads,
                           span<std::uint32_t> codes) const noexcept
    {
        return ophio_enhancements_apply_batch(get(), detail::bytes(packed), packed.size(),
                                              threads, codes.data(), codes.size());
    }
    void apply_batch(std::string_view packed, std::size_t threads,
                     span<std::uint32_t> codes) const
    {
        check(try_apply_batch(packed, threads, codes));
    }

    /* `contributes` has as many bytes as the numbers in `components_lens` add up to. */
    status try_assemble_batch(std::string_view packed, span<const std::size_t> components_lens,
                              span<const std::uint8_t> contributes, std::size_t threads,
                              span<std::uint32_t> codes) const noexcept
    {
        return ophio_enhancements_assemble_batch(
            get(), detail::bytes(packed), packed.size(), components_lens.data(),
            components_lens.size(), contributes.data(), threads, codes.data(), codes.size());
    }
    void assemble_batch(std::string_view packed, span<const std::size_t> components_lens,
                        span<const std::uint8_t> contributes, std::size_t threads,
                        span<std::uint32_t> codes) const
    {
        check(try_assemble_batch(packed, components_lens, contributes, threads, codes));
    }

    /* Arrays of the Arrow C Data Interface. The inputs are moved, also on failure. */
    status try_apply_arrow(ArrowArray *array, ArrowSchema *schema, std::size_t threads,
                           ArrowArray *out_array, ArrowSchema *out_schema) const noexcept
    {
        return ophio_enhancements_apply_arrow(get(), array, schema, threads, out_array,
                                              out_schema);
    }
    void apply_arrow(ArrowArray *array, ArrowSchema *schema, std::size_t threads,
                     ArrowArray *out_array, ArrowSchema *out_schema) const
    {
        check(try_apply_arrow(array, schema, threads, out_array, out_schema));
    }

    status try_assemble_arrow(ArrowArray *array, ArrowSchema *schema, std::size_t threads,
                              ArrowArray *out_array, ArrowSchema *out_schema) const noexcept
    {
        return ophio_enhancements_assemble_arrow(get(), array, schema, threads, out_array,
                                                 out_schema);
    }
    void assemble_arrow(ArrowArray *array, ArrowSchema *schema, std::size_t threads,
                        ArrowArray *out_array, ArrowSchema *out_schema) const
    {
        check(try_assemble_arrow(array, schema, threads, out_array, out_schema));
    }

    /* Compares these rules with `other`, for each stack trace. */
    status try_preview_arrow(const enhancements &other, ArrowArray *array, ArrowSchema *schema,
                             std::size_t threads, ArrowArray *out_array,
                             ArrowSchema *out_schema) const noexcept
    {
        return ophio_enhancements_preview_arrow(get(), other.get(), array, schema, threads,
                                                out_array, out_schema);
    }
    void preview_arrow(const enhancements &other, ArrowArray *array, ArrowSchema *schema,
                       std::size_t threads, ArrowArray *out_array, ArrowSchema *out_schema) const
    {
        check(try_preview_arrow(other, array, schema, threads, out_array, out_schema));
    }

    /* An empty `contributes` without data is NULL in C. SIZE_MAX turns `why_not` off. */
    status try_explain(std::string_view packed, span<const std::uint8_t> contributes,
                       string &json, std::size_t rule = SIZE_MAX,
                       std::size_t frame = SIZE_MAX) const noexcept
    {
        return detail::into(json, [&](OphioStr *out) noexcept {
            return ophio_enhancements_explain(get(), detail::bytes(packed), packed.size(),
                                              contributes.data(), contributes.size(), rule,
                                              frame, out);
        });
    }
    string explain(std::string_view packed, span<const std::uint8_t> contributes = {},
                   std::size_t rule = SIZE_MAX, std::size_t frame = SIZE_MAX) const
    {
        string json;
        check(try_explain(packed, contributes, json, rule, frame));
        return json;
    }
};

/* --- packed stack traces ----------------------------------------------------------- */

inline status try_pack(span<const OphioEnhancementsFrame> frames,
                       const OphioEnhancementsExceptionData *exception, string &packed) noexcept
{
    return detail::into(packed, [&](OphioStr *out) noexcept {
        return ophio_enhancements_stacktrace_pack(
            frames.data(), frames.size(), sizeof(OphioEnhancementsFrame), exception, out);
    });
}

/* Packs a stack trace for the functions with `packed` and `batch` in their names. */
inline string pack(span<const OphioEnhancementsFrame> frames,
                   const OphioEnhancementsExceptionData *exception = nullptr)
{
    string packed;
    check(try_pack(frames, exception, packed));
    return packed;
}

inline status try_pack_event_frames(std::string_view data, string &packed) noexcept
{
    return detail::into(packed, [&](OphioStr *out) noexcept {
        return ophio_enhancements_stacktrace_pack_event_frames(detail::bytes(data), data.size(),
                                                               out);
    });
}

/* Packs a stack trace from frames as Sentry events have them. */
inline string pack_event_frames(std::string_view data)
{
    string packed;
    check(try_pack_event_frames(data, packed));
    return packed;
}

/* Returns whether this is a packed stack trace; if not, the last error says why. */
inline status try_check_packed(std::string_view packed) noexcept
{
    return ophio_enhancements_stacktrace_check(detail::bytes(packed), packed.size());
}
inline void check_packed(std::string_view packed) { check(try_check_packed(packed)); }

/* Stack traces for many previews with the same old rules: OphioEnhancementsKept. */
class kept : public detail::handle<OphioEnhancementsKept, ophio_enhancements_kept_free> {
  public:
    using handle::handle;

    static status try_make(std::string_view packed, kept &made) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_enhancements_kept_new(detail::bytes(packed), packed.size(), raw);
        });
    }
    explicit kept(std::string_view packed) { check(try_make(packed, *this)); }

    /* `counting` receives the frames that count in the stack traces with these numbers. */
    status try_counting(const enhancements &rules, span<const std::size_t> numbers,
                        std::size_t threads, string &counting) const noexcept
    {
        return detail::into(counting, [&](OphioStr *out) noexcept {
            return ophio_enhancements_kept_counting(get(), rules.get(), numbers.data(),
                                                    numbers.size(), threads, out);
        });
    }
    string counting(const enhancements &rules, span<const std::size_t> numbers,
                    std::size_t threads = 1) const
    {
        string found;
        check(try_counting(rules, numbers, threads, found));
        return found;
    }
};

/* A comparison of two rule sets: OphioEnhancementsPreview. */
class preview
    : public detail::handle<OphioEnhancementsPreview, ophio_enhancements_preview_free> {
  public:
    using handle::handle;

    static status try_make(const enhancements &old_rules, const enhancements &new_rules,
                           preview &made) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_enhancements_preview_new(old_rules.get(), new_rules.get(), raw);
        });
    }
    preview(const enhancements &old_rules, const enhancements &new_rules)
    {
        check(try_make(old_rules, new_rules, *this));
    }

    /* Sets whether the frames of events are fresh: then in_app is not restored. */
    status try_set_fresh(bool fresh) noexcept
    {
        return ophio_enhancements_preview_set_fresh(get(), fresh);
    }
    void set_fresh(bool fresh) { check(try_set_fresh(fresh)); }

    /* Sets the maximum number of changed stack traces that are explained. */
    status try_set_max_explained(std::size_t max_explained) noexcept
    {
        return ophio_enhancements_preview_set_max_explained(get(), max_explained);
    }
    void set_max_explained(std::size_t max_explained)
    {
        check(try_set_max_explained(max_explained));
    }

    status try_add(std::string_view packed, std::size_t threads = 1) noexcept
    {
        return ophio_enhancements_preview_add(get(), detail::bytes(packed), packed.size(),
                                              threads);
    }
    void add(std::string_view packed, std::size_t threads = 1)
    {
        check(try_add(packed, threads));
    }

    /* Compares kept stack traces, those that first occur among the `count` from `first` on.
       `marks` has a number for each kept stack trace. */
    status try_add_kept(const kept &stacktraces, std::size_t first, std::size_t count,
                        std::size_t threads, span<std::uint64_t> marks) noexcept
    {
        return ophio_enhancements_preview_add_kept(get(), stacktraces.get(), first, count, threads,
                                                   marks.data(), marks.size());
    }
    void add_kept(const kept &stacktraces, std::size_t first, std::size_t count,
                  std::size_t threads, span<std::uint64_t> marks)
    {
        check(try_add_kept(stacktraces, first, count, threads, marks));
    }

    /* Adds events, one per line. `read` receives the number of bytes of the lines before the first
       line that is not an event, `stacktraces` the number of stack traces in them. */
    status try_add_json_lines(std::string_view json, std::size_t threads, std::size_t &read,
                              std::size_t &stacktraces) noexcept
    {
        return ophio_enhancements_preview_add_json_lines(get(), detail::bytes(json), json.size(),
                                                         threads, &read, &stacktraces);
    }
    void add_json_lines(std::string_view json, std::size_t threads, std::size_t &read,
                        std::size_t &stacktraces)
    {
        check(try_add_json_lines(json, threads, read, stacktraces));
    }

    /* Adds an array of the Arrow C Data Interface, which is moved, also on failure. */
    status try_add_arrow(ArrowArray *array, ArrowSchema *schema,
                         std::size_t threads = 1) noexcept
    {
        return ophio_enhancements_preview_add_arrow(get(), array, schema, threads);
    }
    void add_arrow(ArrowArray *array, ArrowSchema *schema, std::size_t threads = 1)
    {
        check(try_add_arrow(array, schema, threads));
    }

    status try_report(string &json) const noexcept
    {
        return detail::into(json, [&](OphioStr *out) noexcept {
            return ophio_enhancements_preview_report(get(), out);
        });
    }
    string report() const
    {
        string json;
        check(try_report(json));
        return json;
    }
};

/* --- globs ------------------------------------------------------------------------- */

/* A glob: OphioGlob. `options` is a sum of OphioGlobOption. */
class glob : public detail::handle<OphioGlob, ophio_glob_free> {
  public:
    using handle::handle;

    /* `position`, which may be NULL, is set to the offset of the error. */
    static status try_make(std::string_view pattern, std::uint32_t options, glob &made,
                           std::size_t *position = nullptr) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_glob_new(detail::bytes(pattern), pattern.size(), options, position,
                                  raw);
        });
    }
    explicit glob(std::string_view pattern, std::uint32_t options = 0)
    {
        check(try_make(pattern, options, *this));
    }

    status try_is_match(std::string_view value, bool &matched) const noexcept
    {
        return ophio_glob_is_match(get(), detail::bytes(value), value.size(), &matched);
    }
    bool is_match(std::string_view value) const
    {
        bool matched = false;
        check(try_is_match(value, matched));
        return matched;
    }

    status try_match_packed(std::string_view values, span<std::uint8_t> matched) const noexcept
    {
        return ophio_glob_match_packed(get(), detail::bytes(values), values.size(),
                                       matched.data(), matched.size());
    }
    void match_packed(std::string_view values, span<std::uint8_t> matched) const
    {
        check(try_match_packed(values, matched));
    }

    status try_shortcut(string &packed) const noexcept
    {
        return detail::into(
            packed, [&](OphioStr *out) noexcept { return ophio_glob_shortcut(get(), out); });
    }
    string shortcut() const
    {
        string packed;
        check(try_shortcut(packed));
        return packed;
    }

    status try_match_text(const char *text, bool &matched) const noexcept
    {
        const std::int32_t answer = ophio_glob_match_text(get(), text);
        if (answer < 0) return static_cast<status>(-answer);
        matched = answer == 1;
        return OPHIO_STATUS_OK;
    }
    bool match_text(const char *text) const
    {
        bool matched = false;
        check(try_match_text(text, matched));
        return matched;
    }

    static status try_escape(std::string_view value, string &pattern) noexcept
    {
        return detail::into(pattern, [&](OphioStr *out) noexcept {
            return ophio_glob_escape(detail::bytes(value), value.size(), out);
        });
    }
    static string escape(std::string_view value)
    {
        string pattern;
        check(try_escape(value, pattern));
        return pattern;
    }
};

/* Globs that are matched together: OphioGlobSet. */
class glob_set : public detail::handle<OphioGlobSet, ophio_glob_set_free> {
  public:
    using handle::handle;

    /* `patterns` is a MessagePack array. */
    static status try_make(std::string_view patterns, std::uint32_t options,
                           glob_set &made) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_glob_set_new(detail::bytes(patterns), patterns.size(), options, raw);
        });
    }
    explicit glob_set(std::string_view patterns, std::uint32_t options = 0)
    {
        check(try_make(patterns, options, *this));
    }

    status try_diagnostic(std::size_t from, OphioGlobDiagnostic &found) const noexcept
    {
        return ophio_glob_set_diagnostic(get(), from, &found);
    }
    /* Finds the first glob, from number `from` on, that is not valid. */
    OphioGlobDiagnostic diagnostic(std::size_t from = 0) const
    {
        OphioGlobDiagnostic found{0, 0, {nullptr, 0}};
        check(try_diagnostic(from, found));
        return found;
    }

    status try_is_match(std::string_view value, bool &matched) const noexcept
    {
        return ophio_glob_set_is_match(get(), detail::bytes(value), value.size(), &matched);
    }
    bool is_match(std::string_view value) const
    {
        bool matched = false;
        check(try_is_match(value, matched));
        return matched;
    }

    /* `count` is set to the number of globs that match, which may be larger than the size of
       `numbers`. */
    status try_matches(std::string_view value, span<std::uint32_t> numbers,
                       std::size_t &count) const noexcept
    {
        return ophio_glob_set_matches(get(), detail::bytes(value), value.size(), numbers.data(),
                                      numbers.size(), &count);
    }
    std::size_t matches(std::string_view value, span<std::uint32_t> numbers) const
    {
        std::size_t count = 0;
        check(try_matches(value, numbers, count));
        return count;
    }
};

/* --- parameterization --------------------------------------------------------------- */

/* Patterns whose matches are replaced by their names: OphioParameterization. */
class parameterization
    : public detail::handle<OphioParameterization, ophio_parameterization_free> {
  public:
    using handle::handle;

    /* The location of an error in a list. */
    struct fault {
        /* The number of the pattern. */
        std::size_t number = 0;
        /* The character of its regex, or SIZE_MAX. */
        std::size_t position = SIZE_MAX;
    };

    /* `patterns` is a MessagePack array of pairs, or empty for the default patterns; `only` is
     * one of names, or empty for all. `limits` and `where` may be NULL. */
    static status try_make(std::string_view patterns, std::string_view only,
                           const OphioParameterizationLimits *limits, parameterization &made,
                           fault *where = nullptr) noexcept
    {
        fault unused;
        fault &found = where == nullptr ? unused : *where;
        return detail::make(made, [&](auto **raw) {
            return ophio_parameterization_new(detail::bytes(patterns), patterns.size(),
                                              detail::bytes(only), only.size(), limits,
                                              sizeof(OphioParameterizationLimits),
                                              &found.number, &found.position, raw);
        });
    }
    explicit parameterization(std::string_view patterns, std::string_view only = {},
                              const OphioParameterizationLimits *limits = nullptr)
    {
        check(try_make(patterns, only, limits, *this));
    }

    /* Returns the number of patterns that are used. */
    std::size_t size() const noexcept { return ophio_parameterization_len(get()); }

    status try_pattern(std::size_t number, OphioParameterizationPattern &pattern) const noexcept
    {
        return ophio_parameterization_pattern(get(), number, &pattern);
    }
    /* Its slices are valid as long as this list. */
    OphioParameterizationPattern pattern(std::size_t number) const
    {
        OphioParameterizationPattern found{};
        check(try_pattern(number, found));
        return found;
    }

    status try_parameterize(std::string_view text, string &replaced) const noexcept
    {
        return detail::into(replaced, [&](OphioStr *out) noexcept {
            return ophio_parameterization_parameterize(get(), detail::bytes(text), text.size(),
                                                       out);
        });
    }
    string parameterize(std::string_view text) const
    {
        string replaced;
        check(try_parameterize(text, replaced));
        return replaced;
    }

    /* Writes the new text to `buffer`; `length` is 0 if there is no match. */
    status try_parameterize_text(const char *text, span<std::uint8_t> buffer,
                                 std::size_t &length) const noexcept
    {
        const OphioParameterizationBuffer out{get(), buffer.data(), buffer.size()};
        const std::int32_t answer = ophio_parameterization_parameterize_text(&out, text);
        if (answer < 0) return static_cast<status>(-answer);
        length = static_cast<std::size_t>(answer);
        return OPHIO_STATUS_OK;
    }
    std::size_t parameterize_text(const char *text, span<std::uint8_t> buffer) const
    {
        std::size_t length = 0;
        check(try_parameterize_text(text, buffer, length));
        return length;
    }

    /* Both texts are MessagePack arrays. Adds to `counts`, unless it is empty. */
    status try_parameterize_packed(std::string_view texts, string &replaced,
                                   span<std::uint64_t> counts = {}) const noexcept
    {
        return detail::into(replaced, [&](OphioStr *out) noexcept {
            return ophio_parameterization_parameterize_packed(get(), detail::bytes(texts),
                                                              texts.size(), counts.data(),
                                                              counts.size(), out);
        });
    }
    string parameterize_packed(std::string_view texts, span<std::uint64_t> counts = {}) const
    {
        string replaced;
        check(try_parameterize_packed(texts, replaced, counts));
        return replaced;
    }

    /* Adds to `counts`, which has a number for each pattern. */
    status try_counts(std::string_view texts, span<std::uint64_t> counts) const noexcept
    {
        return ophio_parameterization_counts(get(), detail::bytes(texts), texts.size(),
                                             counts.data(), counts.size());
    }
    void counts(std::string_view texts, span<std::uint64_t> counts) const
    {
        check(try_counts(texts, counts));
    }

    /* The matches, packed: see `ophio_parameterization_find`. */
    status try_find(std::string_view text, bool characters, string &matches) const noexcept
    {
        return detail::into(matches, [&](OphioStr *out) noexcept {
            return ophio_parameterization_find(get(), detail::bytes(text), text.size(),
                                               characters, out);
        });
    }
    string find(std::string_view text, bool characters = false) const
    {
        string matches;
        check(try_find(text, characters, matches));
        return matches;
    }

    /* The matches in many texts, a MessagePack array: an array for each. */
    status try_find_packed(std::string_view texts, bool characters, string &matches) const noexcept
    {
        return detail::into(matches, [&](OphioStr *out) noexcept {
            return ophio_parameterization_find_packed(get(), detail::bytes(texts), texts.size(),
                                                      characters, out);
        });
    }
    string find_packed(std::string_view texts, bool characters = false) const
    {
        string matches;
        check(try_find_packed(texts, characters, matches));
        return matches;
    }
};

/* --- fingerprint rules -------------------------------------------------------------- */

/* Fingerprint rules: OphioFingerprints. With a `parameterizer`, ids, dates and numbers in the
 * variable `message` are replaced. */
class fingerprints : public detail::handle<OphioFingerprints, ophio_fingerprints_free> {
    static const OphioParameterization *raw(const parameterization *list) noexcept
    {
        return list == nullptr ? nullptr : list->get();
    }

  public:
    using handle::handle;

    static status try_parse(std::string_view text, fingerprints &made) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_fingerprints_parse(detail::bytes(text), text.size(), raw);
        });
    }

    /* From a text. */
    explicit fingerprints(std::string_view text) { check(try_parse(text, *this)); }

    static status try_parse_lenient(std::string_view text, string &left_out,
                                    fingerprints &made) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return detail::into(left_out, [&](OphioStr *out) noexcept {
                return ophio_fingerprints_parse_lenient(detail::bytes(text), text.size(), out,
                                                        raw);
            });
        });
    }
    static fingerprints parse_lenient(std::string_view text, string &left_out)
    {
        fingerprints made;
        check(try_parse_lenient(text, left_out, made));
        return made;
    }

    static status try_from_json(std::string_view json, fingerprints &made) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_fingerprints_from_json(detail::bytes(json), json.size(), raw);
        });
    }
    static fingerprints from_json(std::string_view json)
    {
        fingerprints made;
        check(try_from_json(json, made));
        return made;
    }

    status try_with_builtin(const fingerprints &builtin, fingerprints &made) const noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_fingerprints_with_builtin(get(), builtin.get(), raw);
        });
    }
    fingerprints with_builtin(const fingerprints &builtin) const
    {
        fingerprints made;
        check(try_with_builtin(builtin, made));
        return made;
    }

    std::size_t size() const noexcept { return ophio_fingerprints_len(get()); }
    bool empty() const noexcept { return size() == 0; }

    status try_equal(const fingerprints &other, bool &equal) const noexcept
    {
        return ophio_fingerprints_equal(get(), other.get(), &equal);
    }
    bool equal(const fingerprints &other) const
    {
        bool equal = false;
        check(try_equal(other, equal));
        return equal;
    }

    status try_to_json(string &written) const noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_to_json(get(), out);
        });
    }
    string to_json() const
    {
        string written;
        check(try_to_json(written));
        return written;
    }

    status try_to_text(string &written) const noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_to_text(get(), out);
        });
    }
    string to_text() const
    {
        string written;
        check(try_to_text(written));
        return written;
    }

    status try_describe(string &written) const noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_describe(get(), out);
        });
    }
    string describe() const
    {
        string written;
        check(try_describe(written));
        return written;
    }

    status try_describe_rule(std::size_t index, string &written) const noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_describe_rule(get(), index, out);
        });
    }
    string describe_rule(std::size_t index) const
    {
        string written;
        check(try_describe_rule(index, written));
        return written;
    }

    status try_match(std::string_view event, OphioFingerprintsUnknown unknown, string &written,
                     const parameterization *parameterizer = nullptr) const noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_match(get(), detail::bytes(event), event.size(),
                                            static_cast<std::uint32_t>(unknown),
                                            raw(parameterizer), out);
        });
    }
    string match(std::string_view event, OphioFingerprintsUnknown unknown,
                 const parameterization *parameterizer = nullptr) const
    {
        string written;
        check(try_match(event, unknown, written, parameterizer));
        return written;
    }

    status try_match_packed(std::string_view events, OphioFingerprintsUnknown unknown,
                            string &written,
                            const parameterization *parameterizer = nullptr) const noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_match_packed(get(), detail::bytes(events), events.size(),
                                                   static_cast<std::uint32_t>(unknown),
                                                   raw(parameterizer), out);
        });
    }
    string match_packed(std::string_view events, OphioFingerprintsUnknown unknown,
                        const parameterization *parameterizer = nullptr) const
    {
        string written;
        check(try_match_packed(events, unknown, written, parameterizer));
        return written;
    }

    status try_match_json_lines(std::string_view json, OphioFingerprintsUnknown unknown,
                                string &written,
                                const parameterization *parameterizer = nullptr) const noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_match_json_lines(get(), detail::bytes(json), json.size(),
                                                       static_cast<std::uint32_t>(unknown),
                                                       raw(parameterizer), out);
        });
    }
    string match_json_lines(std::string_view json, OphioFingerprintsUnknown unknown,
                            const parameterization *parameterizer = nullptr) const
    {
        string written;
        check(try_match_json_lines(json, unknown, written, parameterizer));
        return written;
    }

    /* Arrays of the Arrow C Data Interface. The inputs are moved, also on failure. */
    status try_match_arrow(ArrowArray *array, ArrowSchema *schema, OphioFingerprintsUnknown unknown,
                           std::size_t threads, ArrowArray *out_array,
                           ArrowSchema *out_schema) const noexcept
    {
        return ophio_fingerprints_match_arrow(get(), array, schema,
                                              static_cast<std::uint32_t>(unknown), threads,
                                              out_array, out_schema);
    }
    void match_arrow(ArrowArray *array, ArrowSchema *schema, OphioFingerprintsUnknown unknown,
                     std::size_t threads, ArrowArray *out_array, ArrowSchema *out_schema) const
    {
        check(try_match_arrow(array, schema, unknown, threads, out_array, out_schema));
    }

    status try_explain(std::string_view event, string &written) const noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_explain(get(), detail::bytes(event), event.size(), out);
        });
    }
    string explain(std::string_view event) const
    {
        string written;
        check(try_explain(event, written));
        return written;
    }

    static status try_check(std::string_view text, string &written) noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_check(detail::bytes(text), text.size(), out);
        });
    }
    /* Finds all problems of a rule text. (`check` is the function that throws.) */
    static string check_text(std::string_view text)
    {
        string written;
        check(try_check(text, written));
        return written;
    }

    static status try_format(std::string_view text, string &written) noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_format(detail::bytes(text), text.size(), out);
        });
    }
    static string format(std::string_view text)
    {
        string written;
        check(try_format(text, written));
        return written;
    }

    static status try_resolve(std::string_view fingerprint, std::string_view event,
                              OphioFingerprintsUnknown unknown, string &written,
                              const parameterization *parameterizer = nullptr) noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_resolve(detail::bytes(fingerprint), fingerprint.size(),
                                              detail::bytes(event), event.size(),
                                              static_cast<std::uint32_t>(unknown),
                                              raw(parameterizer), out);
        });
    }
    static string resolve(std::string_view fingerprint, std::string_view event,
                          OphioFingerprintsUnknown unknown,
                          const parameterization *parameterizer = nullptr)
    {
        string written;
        check(try_resolve(fingerprint, event, unknown, written, parameterizer));
        return written;
    }

    static status try_expand_title(std::string_view title, std::string_view event,
                                   OphioFingerprintsUnknown unknown, string &written,
                                   const parameterization *parameterizer = nullptr) noexcept
    {
        return detail::into(written, [&](OphioStr *out) noexcept {
            return ophio_fingerprints_expand_title(detail::bytes(title), title.size(),
                                                   detail::bytes(event), event.size(),
                                                   static_cast<std::uint32_t>(unknown),
                                                   raw(parameterizer), out);
        });
    }
    static string expand_title(std::string_view title, std::string_view event,
                               OphioFingerprintsUnknown unknown,
                               const parameterization *parameterizer = nullptr)
    {
        string written;
        check(try_expand_title(title, event, unknown, written, parameterizer));
        return written;
    }

    static status try_type(std::string_view fingerprint, OphioFingerprintsType &kind) noexcept
    {
        std::uint32_t number = 0;
        const status code =
            ophio_fingerprints_type(detail::bytes(fingerprint), fingerprint.size(), &number);
        if (code == OPHIO_STATUS_OK) kind = static_cast<OphioFingerprintsType>(number);
        return code;
    }
    static OphioFingerprintsType type(std::string_view fingerprint)
    {
        OphioFingerprintsType kind = OPHIO_FINGERPRINTS_TYPE_EMPTY;
        check(try_type(fingerprint, kind));
        return kind;
    }
};

/* --- CODEOWNERS -------------------------------------------------------------------- */

/* A CODEOWNERS file: OphioCodeowners. */
class codeowners : public detail::handle<OphioCodeowners, ophio_codeowners_free> {
  public:
    using handle::handle;

    /* The largest file that GitHub reads, in bytes. */
    static constexpr std::size_t max_bytes = 3000000;

    static status try_parse(std::string_view text, OphioCodeownersDialect dialect,
                            codeowners &made, std::size_t limit = max_bytes) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_codeowners_parse(detail::bytes(text), text.size(),
                                          static_cast<std::uint32_t>(dialect), limit, raw);
        });
    }
    codeowners(std::string_view text, OphioCodeownersDialect dialect,
               std::size_t limit = max_bytes)
    {
        check(try_parse(text, dialect, *this, limit));
    }

    status try_counts(OphioCodeownersCounts &counts) const noexcept
    {
        return ophio_codeowners_counts(get(), &counts);
    }
    OphioCodeownersCounts counts() const
    {
        OphioCodeownersCounts counts;
        check(try_counts(counts));
        return counts;
    }

    status try_rule(std::size_t number, OphioCodeownersRule &rule) const noexcept
    {
        return ophio_codeowners_rule(get(), number, &rule);
    }
    OphioCodeownersRule rule(std::size_t number) const
    {
        OphioCodeownersRule rule;
        check(try_rule(number, rule));
        return rule;
    }

    status try_owner(std::size_t rule, std::size_t number,
                     std::string_view &owner) const noexcept
    {
        OphioSlice slice{nullptr, 0};
        const status code = ophio_codeowners_owner(get(), rule, number, &slice);
        if (code == OPHIO_STATUS_OK) owner = detail::view(slice);
        return code;
    }
    std::string_view owner(std::size_t rule, std::size_t number) const
    {
        std::string_view owner;
        check(try_owner(rule, number, owner));
        return owner;
    }

    status try_owner_kind(std::size_t rule, std::size_t number,
                          OphioCodeownersOwnerKind &kind) const noexcept
    {
        std::uint32_t found = 0;
        const status code = ophio_codeowners_owner_kind(get(), rule, number, &found);
        if (code == OPHIO_STATUS_OK) kind = static_cast<OphioCodeownersOwnerKind>(found);
        return code;
    }
    OphioCodeownersOwnerKind owner_kind(std::size_t rule, std::size_t number) const
    {
        OphioCodeownersOwnerKind kind = OPHIO_CODEOWNERS_OWNER_KIND_USER;
        check(try_owner_kind(rule, number, kind));
        return kind;
    }

    status try_section(std::size_t number, OphioCodeownersSection &section) const noexcept
    {
        return ophio_codeowners_section(get(), number, &section);
    }
    OphioCodeownersSection section(std::size_t number) const
    {
        OphioCodeownersSection section;
        check(try_section(number, section));
        return section;
    }

    status try_diagnostic(std::size_t number, OphioCodeownersDiagnostic &found) const noexcept
    {
        return ophio_codeowners_diagnostic(get(), number, &found);
    }
    OphioCodeownersDiagnostic diagnostic(std::size_t number) const
    {
        OphioCodeownersDiagnostic found;
        check(try_diagnostic(number, found));
        return found;
    }

    status try_diagnostic_details(std::size_t number,
                                  OphioCodeownersDetails &details) const noexcept
    {
        return ophio_codeowners_diagnostic_details(get(), number, &details);
    }
    OphioCodeownersDetails diagnostic_details(std::size_t number) const
    {
        OphioCodeownersDetails details;
        check(try_diagnostic_details(number, details));
        return details;
    }

    status try_find_packed(std::string_view paths, span<std::uint32_t> winners) const noexcept
    {
        return ophio_codeowners_find_packed(get(), detail::bytes(paths), paths.size(),
                                            winners.data(), winners.size());
    }
    void find_packed(std::string_view paths, span<std::uint32_t> winners) const
    {
        check(try_find_packed(paths, winners));
    }

    status try_matched_packed(std::string_view paths, span<bool> matched) const noexcept
    {
        return ophio_codeowners_matched_packed(get(), detail::bytes(paths), paths.size(),
                                               matched.data(), matched.size());
    }
    void matched_packed(std::string_view paths, span<bool> matched) const
    {
        check(try_matched_packed(paths, matched));
    }

    static status try_is_path_match(std::string_view path, std::string_view pattern,
                                    bool &matched) noexcept
    {
        return ophio_codeowners_is_path_match(detail::bytes(path), path.size(),
                                              detail::bytes(pattern), pattern.size(), &matched);
    }
    static bool is_path_match(std::string_view path, std::string_view pattern)
    {
        bool matched = false;
        check(try_is_path_match(path, pattern, matched));
        return matched;
    }

    static status try_shortcut(std::string_view pattern, string &packed) noexcept
    {
        return detail::into(packed, [&](OphioStr *out) noexcept {
            return ophio_codeowners_shortcut(detail::bytes(pattern), pattern.size(), out);
        });
    }
    static string shortcut(std::string_view pattern)
    {
        string packed;
        check(try_shortcut(pattern, packed));
        return packed;
    }

    static status try_match_text(const char *path, const char *pattern, bool &matched) noexcept
    {
        const std::int32_t answer = ophio_codeowners_match_text(path, pattern);
        if (answer < 0) return static_cast<status>(-answer);
        matched = answer == 1;
        return OPHIO_STATUS_OK;
    }
    static bool match_text(const char *path, const char *pattern)
    {
        bool matched = false;
        check(try_match_text(path, pattern, matched));
        return matched;
    }
};

/* --- ProGuard ---------------------------------------------------------------------- */

/* A mapping file of ProGuard or R8: OphioProguard. */
class proguard : public detail::handle<OphioProguard, ophio_proguard_free> {
  public:
    using handle::handle;

    /* The names of a class and a method. Both are without data if they are not known. */
    struct method_name {
        std::string_view class_name;
        std::string_view method;
    };

    static status try_make(std::string_view data, proguard &made) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_proguard_new(detail::bytes(data), data.size(), raw);
        });
    }
    /* Makes a mapper from the bytes of a file, which are copied. */
    explicit proguard(std::string_view data) { check(try_make(data, *this)); }

    static status try_open(std::string_view path, bool mmap, proguard &made) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_proguard_open(detail::bytes(path), path.size(), mmap, raw);
        });
    }
    static proguard open(std::string_view path, bool mmap = false)
    {
        proguard made;
        check(try_open(path, mmap, made));
        return made;
    }

    /* Opens a file with the bytes of `to_cache`. */
    static status try_open_cache(std::string_view path, proguard &made) noexcept
    {
        return detail::make(made, [&](auto **raw) {
            return ophio_proguard_open_cache(detail::bytes(path), path.size(), raw);
        });
    }
    static proguard open_cache(std::string_view path)
    {
        proguard made;
        check(try_open_cache(path, made));
        return made;
    }

    /* The bytes of a file for `open_cache`. */
    status try_to_cache(string &cache) const noexcept
    {
        return detail::into(cache, [&](OphioStr *out) noexcept {
            return ophio_proguard_to_cache(get(), out);
        });
    }
    string to_cache() const
    {
        string cache;
        check(try_to_cache(cache));
        return cache;
    }

    status try_uuid(std::array<std::uint8_t, 16> &uuid) const noexcept
    {
        return ophio_proguard_uuid(get(), uuid.data());
    }
    std::array<std::uint8_t, 16> uuid() const
    {
        std::array<std::uint8_t, 16> uuid{};
        check(try_uuid(uuid));
        return uuid;
    }

    status try_has_line_info(bool &has) const noexcept
    {
        return ophio_proguard_has_line_info(get(), &has);
    }
    bool has_line_info() const
    {
        bool has = false;
        check(try_has_line_info(has));
        return has;
    }

    status try_is_valid(bool &valid) const noexcept
    {
        return ophio_proguard_is_valid(get(), &valid);
    }
    bool is_valid() const
    {
        bool valid = false;
        check(try_is_valid(valid));
        return valid;
    }

    status try_remap_class(std::string_view klass, std::string_view &original) const noexcept
    {
        OphioSlice slice{nullptr, 0};
        const status code =
            ophio_proguard_remap_class(get(), detail::bytes(klass), klass.size(), &slice);
        if (code == OPHIO_STATUS_OK) original = detail::view(slice);
        return code;
    }
    /* Without data if the class is not known. */
    std::string_view remap_class(std::string_view klass) const
    {
        std::string_view original;
        check(try_remap_class(klass, original));
        return original;
    }

    status try_remap_method(std::string_view klass, std::string_view method,
                            method_name &original) const noexcept
    {
        OphioSlice original_class{nullptr, 0};
        OphioSlice original_method{nullptr, 0};
        const status code = ophio_proguard_remap_method(
            get(), detail::bytes(klass), klass.size(), detail::bytes(method), method.size(),
            &original_class, &original_method);
        if (code == OPHIO_STATUS_OK) {
            original = {detail::view(original_class), detail::view(original_method)};
        }
        return code;
    }
    method_name remap_method(std::string_view klass, std::string_view method) const
    {
        method_name original;
        check(try_remap_method(klass, method, original));
        return original;
    }

    /* Writes to `frames` if there is room for `len` bytes: see ophio_proguard_remap_frames. */
    status try_remap_frames(std::string_view queries, span<std::uint8_t> frames,
                            std::size_t &len) const noexcept
    {
        return ophio_proguard_remap_frames(get(), detail::bytes(queries), queries.size(),
                                           frames.data(), frames.size(), &len);
    }
    std::size_t remap_frames(std::string_view queries, span<std::uint8_t> frames) const
    {
        std::size_t len = 0;
        check(try_remap_frames(queries, frames, len));
        return len;
    }

    status try_remap_stacktrace(std::string_view text, string &remapped) const noexcept
    {
        return detail::into(remapped, [&](OphioStr *out) noexcept {
            return ophio_proguard_remap_stacktrace(get(), detail::bytes(text), text.size(), out);
        });
    }
    string remap_stacktrace(std::string_view text) const
    {
        string remapped;
        check(try_remap_stacktrace(text, remapped));
        return remapped;
    }

    /* With the types of methods. */
    status try_remap_stacktrace_verbose(std::string_view text, string &remapped) const noexcept
    {
        return detail::into(remapped, [&](OphioStr *out) noexcept {
            return ophio_proguard_remap_stacktrace_verbose(get(), detail::bytes(text),
                                                           text.size(), out);
        });
    }
    string remap_stacktrace_verbose(std::string_view text) const
    {
        string remapped;
        check(try_remap_stacktrace_verbose(text, remapped));
        return remapped;
    }

    /* The alternatives of each frame, as MessagePack: see ophio_proguard_retrace. */
    status try_retrace(std::string_view text, bool verbose, string &lines) const noexcept
    {
        return detail::into(lines, [&](OphioStr *out) noexcept {
            return ophio_proguard_retrace(get(), detail::bytes(text), text.size(), verbose, out);
        });
    }
    string retrace(std::string_view text, bool verbose = false) const
    {
        string lines;
        check(try_retrace(text, verbose, lines));
        return lines;
    }
};

/* --- events ------------------------------------------------------------------------ */

/* The rules of a project with their bases: OphioEnhancementsConfig. */
class enhancements_config
    : public detail::handle<OphioEnhancementsConfig, ophio_enhancements_config_free> {
  public:
    using handle::handle;

    static status try_from_text(std::string_view text, std::string_view names,
                                span<const OphioEnhancements *const> bases,
                                enhancements_config &made) noexcept
    {
        return detail::make(made, [&](OphioEnhancementsConfig **out) noexcept {
            return ophio_enhancements_config_from_text(detail::bytes(text), text.size(),
                                                       detail::bytes(names), names.size(),
                                                       bases.data(), bases.size(), out);
        });
    }

    /* Rules as text; `names` are those of the bases, joined by line feeds. */
    static enhancements_config from_text(std::string_view text, std::string_view names,
                                         span<const OphioEnhancements *const> bases)
    {
        enhancements_config made;
        check(try_from_text(text, names, bases, made));
        return made;
    }

    static status try_from_stored(std::string_view text, std::string_view names,
                                  span<const OphioEnhancements *const> bases, bool ignore_other,
                                  enhancements_config &made) noexcept
    {
        return detail::make(made, [&](OphioEnhancementsConfig **out) noexcept {
            return ophio_enhancements_config_from_base64(
                detail::bytes(text), text.size(), detail::bytes(names), names.size(),
                bases.data(), bases.size(), ignore_other, out);
        });
    }

    /* Rules in the form in which Sentry stores them. */
    static enhancements_config from_stored(std::string_view text, std::string_view names,
                                           span<const OphioEnhancements *const> bases,
                                           bool ignore_other = false)
    {
        enhancements_config made;
        check(try_from_stored(text, names, bases, ignore_other, made));
        return made;
    }

    status try_to_stored(string &text) const noexcept
    {
        return detail::into(text, [&](OphioStr *out) noexcept {
            return ophio_enhancements_config_to_base64(get(), out);
        });
    }
    string to_stored() const
    {
        string text;
        check(try_to_stored(text));
        return text;
    }

    status try_base_names(string &names) const noexcept
    {
        return detail::into(names, [&](OphioStr *out) noexcept {
            return ophio_enhancements_config_bases(get(), out);
        });
    }
    string base_names() const
    {
        string names;
        check(try_base_names(names));
        return names;
    }

    status try_rules_of(OphioEnhancementsConfigPart part, enhancements &rules) const noexcept
    {
        return detail::make(rules, [&](OphioEnhancements **out) noexcept {
            return ophio_enhancements_config_part(get(), static_cast<std::uint32_t>(part), out);
        });
    }
    enhancements rules_of(OphioEnhancementsConfigPart part) const
    {
        enhancements rules;
        check(try_rules_of(part, rules));
        return rules;
    }

    status try_process(std::string_view data, string &result) const noexcept
    {
        return detail::into(result, [&](OphioStr *out) noexcept {
            return ophio_enhancements_config_process(get(), detail::bytes(data), data.size(),
                                                     out);
        });
    }

    /* Runs the rules on the frames of an event. The result is MessagePack. */
    string process(std::string_view data) const
    {
        string result;
        check(try_process(data, result));
        return result;
    }
};

/* Clears the table of project rules of the process. */
inline void forget_configs() noexcept { ophio_enhancements_config_forget_all(); }

/* Frees what the process remembers of fingerprint rules. */
inline void forget_fingerprints() noexcept { ophio_fingerprints_forget_all(); }

inline status try_apply_event(const enhancements &rules, std::string_view data,
                              string &result) noexcept
{
    return detail::into(result, [&](OphioStr *out) noexcept {
        return ophio_enhancements_apply_event(rules.get(), detail::bytes(data), data.size(),
                                              out);
    });
}

/* Category and in_app of the frames of an event, as MessagePack. */
inline string apply_event(const enhancements &rules, std::string_view data)
{
    string result;
    check(try_apply_event(rules, data, result));
    return result;
}

// The answer is in the form of ophio_enhancements_apply_event_short.
inline status try_apply_event_short(const enhancements &rules, std::string_view data,
                                    std::array<std::uint16_t, 256> &answer) noexcept
{
    return ophio_enhancements_apply_event_short(rules.get(), detail::bytes(data), data.size(),
                                                answer.data());
}

/* Category and in_app of the frames of an event, as numbers. */
inline std::array<std::uint16_t, 256> apply_event_short(const enhancements &rules,
                                                        std::string_view data)
{
    std::array<std::uint16_t, 256> answer;
    check(try_apply_event_short(rules, data, answer));
    return answer;
}

inline status try_apply_events(const enhancements &rules, std::string_view data,
                               std::size_t threads, string &numbers) noexcept
{
    return detail::into(numbers, [&](OphioStr *out) noexcept {
        return ophio_enhancements_apply_events(rules.get(), detail::bytes(data), data.size(),
                                               threads, out);
    });
}

/* Category and in_app of the frames of many stack traces of events, as the bytes of numbers. */
inline string apply_events(const enhancements &rules, std::string_view data,
                           std::size_t threads = 1)
{
    string numbers;
    check(try_apply_events(rules, data, threads, numbers));
    return numbers;
}

inline status try_event_frames(std::string_view data, bool fresh, string &frames) noexcept
{
    return detail::into(frames, [&](OphioStr *out) noexcept {
        return ophio_events_frames(detail::bytes(data), data.size(), fresh, out);
    });
}

/* Match frames of the frames of an event, and which of them repeat the frame before them, as
   MessagePack. in_app is restored unless the frames are fresh. */
inline string event_frames(std::string_view data, bool fresh = false)
{
    string frames;
    check(try_event_frames(data, fresh, frames));
    return frames;
}

inline status try_match_frames(std::string_view data, string &frames) noexcept
{
    return detail::into(frames, [&](OphioStr *out) noexcept {
        return ophio_events_match_frames(detail::bytes(data), data.size(), out);
    });
}

/* Match frames of the frames of an event, as MessagePack. */
inline string match_frames(std::string_view data)
{
    string frames;
    check(try_match_frames(data, frames));
    return frames;
}

inline status try_pack_stacktraces(std::string_view data, string &packed) noexcept
{
    return detail::into(packed, [&](OphioStr *out) noexcept {
        return ophio_events_pack_stacktraces(detail::bytes(data), data.size(), out);
    });
}

/* Packs many stack traces of events, as MessagePack. */
inline string pack_stacktraces(std::string_view data)
{
    string packed;
    check(try_pack_stacktraces(data, packed));
    return packed;
}

inline status try_pack_json_lines(std::string_view json, string &packed) noexcept
{
    return detail::into(packed, [&](OphioStr *out) noexcept {
        return ophio_events_pack_json_lines(detail::bytes(json), json.size(), out);
    });
}

/* Packs the stack traces of events, one a line of JSON. */
inline string pack_json_lines(std::string_view json)
{
    string packed;
    check(try_pack_json_lines(json, packed));
    return packed;
}

/* --- functions ---------------------------------------------------------------------- */

inline status try_trim_function(std::string_view name, std::string_view platform,
                                string &trimmed) noexcept
{
    return detail::into(trimmed, [&](OphioStr *out) noexcept {
        return ophio_functions_trim(detail::bytes(name), name.size(), detail::bytes(platform),
                                    platform.size(), out);
    });
}

/* Trims the name of a function. */
inline string trim_function(std::string_view name, std::string_view platform)
{
    string trimmed;
    check(try_trim_function(name, platform, trimmed));
    return trimmed;
}

/* Writes the trimmed name to `buffer`; `length` is its length. */
inline status try_trim_function_text(const char *name, const char *platform,
                                     span<std::uint8_t> buffer, std::size_t &length) noexcept
{
    const std::int32_t answer =
        ophio_functions_trim_text(name, platform, buffer.data(), buffer.size());
    if (answer < 0) return static_cast<status>(-answer);
    length = static_cast<std::size_t>(answer);
    return OPHIO_STATUS_OK;
}

inline std::size_t trim_function_text(const char *name, const char *platform,
                                      span<std::uint8_t> buffer)
{
    std::size_t length = 0;
    check(try_trim_function_text(name, platform, buffer, length));
    return length;
}

inline status try_trim_functions(std::string_view names, std::string_view platform,
                                 string &trimmed) noexcept
{
    return detail::into(trimmed, [&](OphioStr *out) noexcept {
        return ophio_functions_trim_packed(detail::bytes(names), names.size(),
                                           detail::bytes(platform), platform.size(), out);
    });
}

/* Trims many names. Both are MessagePack arrays. */
inline string trim_functions(std::string_view names, std::string_view platform)
{
    string trimmed;
    check(try_trim_functions(names, platform, trimmed));
    return trimmed;
}

} // namespace ophio

#endif /* OPHIO_HPP */
