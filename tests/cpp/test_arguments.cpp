// Every function of ophio.hpp with good and with bad arguments, in both of its forms: the one
// that returns a status, which must be noexcept, and the one that throws. Bad arguments are
// those of tests/c/test_arguments.c, as far as C++ lets them through.
//
// Nothing is allocated by C++ but the texts of exceptions, which is counted here.
// Texts are longer than what a std::string holds without allocating, where that matters.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <string>

#include "../c/arrow.h"
#include "check.hpp"

using namespace std::literals;

namespace {
std::size_t allocations = 0;
}

// The library allocates by the allocator of Rust, so that this is what the header adds.
void *operator new(std::size_t size)
{
    allocations++;
    if (void *made = std::malloc(size)) return made;
    throw std::bad_alloc();
}
void operator delete(void *made) noexcept { std::free(made); }
void operator delete(void *made, std::size_t) noexcept { std::free(made); }

// Nothing is allocated meanwhile.
#define QUIETLY(...)                                                                   \
    do {                                                                               \
        const std::size_t before = allocations;                                        \
        __VA_ARGS__;                                                                   \
        CHECK(allocations == before);                                                  \
    } while (0)

// A call is noexcept, works, and allocates nothing.
#define GOOD(...)                                                                      \
    do {                                                                               \
        static_assert(noexcept(__VA_ARGS__), #__VA_ARGS__);                            \
        QUIETLY(CHECK((__VA_ARGS__) == OPHIO_STATUS_OK));                              \
        CHECK(ophio::last_error_code() == OPHIO_STATUS_OK);                            \
    } while (0)

// A call is noexcept and fails with this status; it allocates nothing, either.
#define REFUSED(status, ...)                                                           \
    do {                                                                               \
        static_assert(noexcept(__VA_ARGS__), #__VA_ARGS__);                            \
        QUIETLY(CHECK((__VA_ARGS__) == (status)));                                     \
        CHECK(ophio::last_error_code() == (status));                                   \
        CHECK(!ophio::last_error_message().empty());                                   \
        ophio::clear_last_error();                                                     \
    } while (0)

// The throwing form of a call works, with this true of its result, and allocates nothing.
#define RETURNS(...) QUIETLY(CHECK(__VA_ARGS__))

// The throwing form fails with this status.
#define THROWN(status, ...)                                                            \
    do {                                                                               \
        THROWS(status, __VA_ARGS__);                                                   \
        ophio::clear_last_error();                                                     \
    } while (0)

namespace {

constexpr ophio::status NULL_POINTER = OPHIO_STATUS_NULL_POINTER;
constexpr ophio::status INVALID_ARGUMENT = OPHIO_STATUS_INVALID_ARGUMENT;
constexpr ophio::status INVALID_UTF8 = OPHIO_STATUS_INVALID_UTF8;
constexpr ophio::status OUT_OF_RANGE = OPHIO_STATUS_OUT_OF_RANGE;
constexpr ophio::status SYNTAX = OPHIO_STATUS_SYNTAX;
constexpr ophio::status GLOB = OPHIO_STATUS_GLOB;
constexpr ophio::status CODEOWNERS = OPHIO_STATUS_CODEOWNERS;
constexpr ophio::status PROGUARD = OPHIO_STATUS_PROGUARD;
constexpr ophio::status PATTERN = OPHIO_STATUS_PATTERN;
constexpr ophio::status LIMIT = OPHIO_STATUS_LIMIT;
constexpr ophio::status FINGERPRINTS = OPHIO_STATUS_FINGERPRINTS;
constexpr ophio::status EVENT = OPHIO_STATUS_EVENT;

// The empty text, NULL with length 0; a buffer that must be there and is not; more than memory
// can hold; bytes that are no UTF-8. Not constexpr: compilers would see through the third.
const std::string_view EMPTY{};
const std::string_view NONE{static_cast<const char *>(nullptr), 1};
const std::string_view VAST{"a", SIZE_MAX};
const std::string_view BAD = "a\xff"sv;

bool contains(std::string_view text, std::string_view needle)
{
    return text.find(needle) != text.npos;
}

OphioEnhancementsFrame main_frame()
{
    OphioEnhancementsFrame frame{};
    frame.function = ophio::text("main");
    frame.in_app = OPHIO_TRISTATE_TRUE;
    return frame;
}

void test_limits()
{
    std::size_t most = 0;
    const auto wrong = static_cast<OphioLimit>(7);
    GOOD(ophio::try_get_limit(OPHIO_LIMIT_RULES, most));
    GOOD(ophio::try_set_limit(OPHIO_LIMIT_RULES, most));
    RETURNS(ophio::get_limit(OPHIO_LIMIT_RULES) == most);
    QUIETLY(ophio::set_limit(OPHIO_LIMIT_RULES, most));
    REFUSED(INVALID_ARGUMENT, ophio::try_get_limit(wrong, most));
    REFUSED(INVALID_ARGUMENT, ophio::try_set_limit(wrong, most));
    THROWN(INVALID_ARGUMENT, ophio::get_limit(wrong));
    THROWN(INVALID_ARGUMENT, ophio::set_limit(wrong, 1));
}

void test_making_rules()
{
    const ophio::cache none;
    ophio::cache cache;
    ophio::enhancements rules;
    ophio::diagnostics list;
    ophio::string text;
    OphioEnhancementsDiagnostic entry;
    OphioEnhancementsFix fix;

    GOOD(ophio::cache::try_make(SIZE_MAX, cache));
    GOOD(ophio::cache::try_make(10, cache));
    GOOD(ophio::enhancements::try_make(rules));
    CHECK(rules && rules.size() == 0);
    RETURNS(ophio::enhancements::make().size() == 0);

    GOOD(ophio::enhancements::try_parse(EMPTY, rules));
    GOOD(ophio::enhancements::try_parse("function:main -group"sv, rules, cache));
    RETURNS(ophio::enhancements("function:main -group"sv, cache).size() == 1);
    REFUSED(NULL_POINTER, ophio::enhancements::try_parse(NONE, rules, none));
    REFUSED(INVALID_ARGUMENT, ophio::enhancements::try_parse(VAST, rules, cache));
    REFUSED(INVALID_UTF8, ophio::enhancements::try_parse(BAD, rules, cache));
    REFUSED(SYNTAX, ophio::enhancements::try_parse("x"sv, rules, cache));
    CHECK(rules.size() == 1); // the one from before
    THROWN(SYNTAX, ophio::enhancements("x"));

    GOOD(ophio::enhancements::try_parse_lenient(EMPTY, rules, list));
    GOOD(ophio::enhancements::try_parse_lenient("app:no -group +sentinel"sv, rules, list, cache));
    CHECK(rules.size() == 1 && list.size() == 1);
    RETURNS(ophio::enhancements::parse_lenient("function:main -group"sv).second.empty());
    REFUSED(NULL_POINTER, ophio::enhancements::try_parse_lenient(NONE, rules, list));
    REFUSED(INVALID_ARGUMENT, ophio::enhancements::try_parse_lenient(VAST, rules, list));
    REFUSED(INVALID_UTF8, ophio::enhancements::try_parse_lenient(BAD, rules, list));
    REFUSED(SYNTAX, ophio::enhancements::try_parse_lenient("x"sv, rules, list));
    CHECK(rules.size() == 1 && list.size() == 1);
    THROWN(SYNTAX, ophio::enhancements::parse_lenient("x"));

    GOOD(ophio::enhancements::try_check(EMPTY, false, list));
    CHECK(list && list.empty());
    GOOD(ophio::enhancements::try_check("x\napp:no -group"sv, false, list));
    RETURNS(ophio::enhancements::check_text("x"sv).size() == 1);
    REFUSED(NULL_POINTER, ophio::enhancements::try_check(NONE, false, list));
    REFUSED(INVALID_ARGUMENT, ophio::enhancements::try_check(VAST, false, list));
    REFUSED(INVALID_UTF8, ophio::enhancements::try_check(BAD, true, list));
    THROWN(INVALID_UTF8, ophio::enhancements::check_text(BAD));
    CHECK(list.size() == 1);
    GOOD(list.try_get(0, entry));
    RETURNS(list.at(0).line == 1);
    REFUSED(OUT_OF_RANGE, list.try_get(1, entry));
    REFUSED(OUT_OF_RANGE, list.try_get(SIZE_MAX, entry));
    REFUSED(NULL_POINTER, ophio::diagnostics().try_get(0, entry));
    THROWN(OUT_OF_RANGE, list.at(1));
    GOOD(list.try_fix(0, fix));
    RETURNS(list.fix(0).kind == OPHIO_ENHANCEMENTS_FIX_KIND_NONE);
    REFUSED(OUT_OF_RANGE, list.try_fix(1, fix));
    REFUSED(OUT_OF_RANGE, list.try_fix(SIZE_MAX, fix));
    REFUSED(NULL_POINTER, ophio::diagnostics().try_fix(0, fix));
    THROWN(OUT_OF_RANGE, list.fix(1));
    CHECK(ophio::diagnostics().size() == 0);

    GOOD(ophio::enhancements::try_check_profiling(EMPTY, list));
    RETURNS(ophio::enhancements::check_profiling("app:no -group"sv).size() == 1);
    REFUSED(NULL_POINTER, ophio::enhancements::try_check_profiling(NONE, list));
    REFUSED(INVALID_ARGUMENT, ophio::enhancements::try_check_profiling(VAST, list));
    REFUSED(INVALID_UTF8, ophio::enhancements::try_check_profiling(BAD, list));
    THROWN(INVALID_UTF8, ophio::enhancements::check_profiling(BAD));

    GOOD(ophio::enhancements::try_fix(EMPTY, text));
    RETURNS(ophio::enhancements::fix("App:no -group"sv).view() == "app:no -group");
    REFUSED(NULL_POINTER, ophio::enhancements::try_fix(NONE, text));
    REFUSED(INVALID_ARGUMENT, ophio::enhancements::try_fix(VAST, text));
    REFUSED(INVALID_UTF8, ophio::enhancements::try_fix(BAD, text));
    THROWN(INVALID_UTF8, ophio::enhancements::fix(BAD));
    ophio::clear_last_error();

    GOOD(ophio::enhancements::try_format(EMPTY, text));
    GOOD(ophio::enhancements::try_format("app:no    -group"sv, text));
    RETURNS(ophio::enhancements::format("app:no    -group"sv).view() == text.view());
    REFUSED(NULL_POINTER, ophio::enhancements::try_format(NONE, text));
    REFUSED(INVALID_ARGUMENT, ophio::enhancements::try_format(VAST, text));
    REFUSED(INVALID_UTF8, ophio::enhancements::try_format(BAD, text));
    REFUSED(SYNTAX, ophio::enhancements::try_format("x"sv, text));
    CHECK(text.view() == "app:no  -group\n");
    THROWN(SYNTAX, ophio::enhancements::format("x"));
}

void test_stored_rules()
{
    const ophio::enhancements rules{"function:main -app category=x"}, none;
    ophio::enhancements read;
    ophio::string data, stored, text;
    bool same = false;

    GOOD(rules.try_to_config_structure(3, EMPTY, data));
    GOOD(ophio::enhancements::try_from_config_structure(data, read));
    GOOD(rules.try_equal(read, same));
    CHECK(same);
    RETURNS(ophio::enhancements::from_config_structure(rules.to_config_structure()).equal(rules));
    REFUSED(SYNTAX, rules.try_to_config_structure(99, EMPTY, data));
    REFUSED(NULL_POINTER, rules.try_to_config_structure(3, NONE, data));
    REFUSED(INVALID_ARGUMENT, rules.try_to_config_structure(3, VAST, data));
    REFUSED(INVALID_UTF8, rules.try_to_config_structure(3, BAD, data));
    REFUSED(NULL_POINTER, none.try_to_config_structure(3, EMPTY, data));
    CHECK(!data.empty());
    THROWN(SYNTAX, rules.to_config_structure(99));
    REFUSED(SYNTAX, ophio::enhancements::try_from_config_structure(EMPTY, read));
    REFUSED(NULL_POINTER, ophio::enhancements::try_from_config_structure(NONE, read));
    REFUSED(INVALID_ARGUMENT, ophio::enhancements::try_from_config_structure(VAST, read));
    REFUSED(SYNTAX, ophio::enhancements::try_from_config_structure("no"sv, read));
    CHECK(read.size() == 1);
    THROWN(SYNTAX, ophio::enhancements::from_config_structure("no"));

    GOOD(rules.try_to_base64(stored));
    GOOD(ophio::enhancements::try_from_base64(stored, false, read));
    RETURNS(ophio::enhancements::from_base64(rules.to_base64()).equal(rules));
    REFUSED(NULL_POINTER, none.try_to_base64(stored));
    REFUSED(SYNTAX, ophio::enhancements::try_from_base64(EMPTY, false, read));
    REFUSED(NULL_POINTER, ophio::enhancements::try_from_base64(NONE, false, read));
    REFUSED(INVALID_ARGUMENT, ophio::enhancements::try_from_base64(VAST, false, read));
    REFUSED(INVALID_UTF8, ophio::enhancements::try_from_base64(BAD, false, read));
    THROWN(NULL_POINTER, none.to_base64());
    THROWN(SYNTAX, ophio::enhancements::from_base64("?"));

    GOOD(rules.try_to_text(text));
    RETURNS(contains(rules.to_text(), "function:main"));
    REFUSED(NULL_POINTER, none.try_to_text(text));
    THROWN(NULL_POINTER, none.to_text());
    REFUSED(NULL_POINTER, rules.try_equal(none, same));
    REFUSED(NULL_POINTER, none.try_equal(rules, same));
    CHECK(same);
    THROWN(NULL_POINTER, none.equal(rules));
}

void test_asking_about_rules()
{
    ophio::enhancements rules{"function:main -app category=x\nfunction:main min-frames=2"};
    ophio::enhancements none, part;
    const ophio::enhancements other{"app:no -group"};
    ophio::string text;

    GOOD(rules.try_extend_from(other));
    QUIETLY(rules.extend_from(other));
    CHECK(rules.size() == 4);
    REFUSED(NULL_POINTER, rules.try_extend_from(none));
    REFUSED(NULL_POINTER, none.try_extend_from(rules));
    THROWN(NULL_POINTER, none.extend_from(rules));
    CHECK(none.size() == 0);
    ophio::clear_last_error();

    GOOD(rules.try_set_memo_bytes(SIZE_MAX));
    QUIETLY(rules.set_memo_bytes(0));
    REFUSED(NULL_POINTER, none.try_set_memo_bytes(0));
    THROWN(NULL_POINTER, none.set_memo_bytes(0));

    GOOD(rules.try_rule(2, text));
    RETURNS(rules.rule(2).view() == text.view());
    REFUSED(OUT_OF_RANGE, rules.try_rule(4, text));
    REFUSED(OUT_OF_RANGE, rules.try_rule(SIZE_MAX, text));
    REFUSED(NULL_POINTER, none.try_rule(0, text));
    THROWN(OUT_OF_RANGE, rules.rule(4));

    GOOD(rules.try_category(0, text));
    RETURNS(rules.category(0).view() == "x");
    REFUSED(OUT_OF_RANGE, rules.try_category(UINT32_MAX, text));
    REFUSED(NULL_POINTER, none.try_category(0, text));
    THROWN(OUT_OF_RANGE, rules.category(1));

    GOOD(rules.try_too_few_frames_hint(2, 1, text));
    RETURNS(contains(rules.too_few_frames_hint(2, 1), "1 frame"));
    REFUSED(OUT_OF_RANGE, rules.try_too_few_frames_hint(0, 1, text));
    REFUSED(OUT_OF_RANGE, rules.try_too_few_frames_hint(99, 1, text));
    REFUSED(NULL_POINTER, none.try_too_few_frames_hint(2, 1, text));
    THROWN(OUT_OF_RANGE, rules.too_few_frames_hint(99, 1));

    GOOD(rules.try_describe(text));
    RETURNS(contains(rules.describe(), "canonical"));
    REFUSED(NULL_POINTER, none.try_describe(text));
    THROWN(NULL_POINTER, none.describe());

    GOOD(rules.try_part(OPHIO_ENHANCEMENTS_PART_CLASSIFIER, part));
    RETURNS(rules.part(OPHIO_ENHANCEMENTS_PART_CLASSIFIER).size() == part.size());
    REFUSED(INVALID_ARGUMENT, rules.try_part(static_cast<OphioEnhancementsPart>(3), part));
    REFUSED(NULL_POINTER, none.try_part(OPHIO_ENHANCEMENTS_PART_CLASSIFIER, part));
    CHECK(part.size() == 1);
    THROWN(NULL_POINTER, none.part(OPHIO_ENHANCEMENTS_PART_CLASSIFIER));
}

void test_frames()
{
    const ophio::enhancements rules{"function:main -app -group"}, none;
    const std::array<OphioEnhancementsFrame, 1> frames{main_frame()};
    std::array<OphioEnhancementsFrame, 1> bad = frames;
    bad[0].path = {reinterpret_cast<const std::uint8_t *>("\xff"), 1};
    const OphioEnhancementsExceptionData exception{ophio::text("Error"), ophio::missing,
                                                   ophio::missing};
    const ophio::span<const OphioEnhancementsFrame> vast{frames.data(), SIZE_MAX};
    const ophio::span<const OphioEnhancementsFrame> absent{nullptr, 1};
    std::array<OphioEnhancementsAppliedFrame, 1> applied{{{7, 7}}};
    std::array<OphioEnhancementsComponent, 1> components{{{7, OPHIO_TRISTATE_TRUE}}};
    ophio::assembled result;
    ophio::string text;

    // More frames than results is seen by the header: the library says nothing about it.
    QUIETLY(CHECK(rules.try_apply(vast, &exception, applied) == OUT_OF_RANGE));
    CHECK(ophio::last_error_code() == OPHIO_STATUS_OK);
    THROWN(OUT_OF_RANGE, rules.apply(frames, &exception, {}));
    REFUSED(INVALID_ARGUMENT, rules.try_apply(vast, &exception, {applied.data(), SIZE_MAX}));
    REFUSED(NULL_POINTER, rules.try_apply(absent, &exception, applied));
    REFUSED(NULL_POINTER, rules.try_apply(frames, &exception, {nullptr, 1}));
    REFUSED(INVALID_UTF8, rules.try_apply(bad, &exception, applied));
    REFUSED(NULL_POINTER, none.try_apply(frames, &exception, applied));
    CHECK(applied[0].category == 7 && applied[0].in_app == 7);
    THROWN(INVALID_UTF8, rules.apply(bad, &exception, applied));
    GOOD(rules.try_apply({}, nullptr, {}));
    GOOD(rules.try_apply(frames, &exception, applied));
    QUIETLY(rules.apply(frames, nullptr, applied));
    CHECK(applied[0].in_app == OPHIO_TRISTATE_FALSE);

    REFUSED(INVALID_ARGUMENT, rules.try_assemble(vast, &exception, components, result));
    REFUSED(NULL_POINTER, rules.try_assemble(absent, &exception, components, result));
    REFUSED(NULL_POINTER, rules.try_assemble(frames, &exception, {nullptr, 1}, result));
    REFUSED(INVALID_UTF8, rules.try_assemble(bad, &exception, components, result));
    REFUSED(NULL_POINTER, none.try_assemble(frames, &exception, components, result));
    CHECK(components[0].hint == 7 && result.contributes);
    THROWN(INVALID_UTF8, rules.assemble(bad, &exception, components));
    GOOD(rules.try_assemble({}, nullptr, {}, result));
    GOOD(rules.try_assemble(frames, &exception, components, result));
    CHECK(components[0].contributes == OPHIO_TRISTATE_FALSE && !result.contributes);
    GOOD(rules.try_hint(components[0].hint, text));
    RETURNS(contains(rules.hint(components[0].hint), "function:main"));
    REFUSED(OUT_OF_RANGE, rules.try_hint(0, text));
    REFUSED(OUT_OF_RANGE, rules.try_hint(UINT32_MAX, text));
    REFUSED(NULL_POINTER, none.try_hint(1, text));
    THROWN(OUT_OF_RANGE, rules.hint(0));
    components[0] = {0, OPHIO_TRISTATE_TRUE};
    RETURNS(!rules.assemble(frames, &exception, components).contributes);

    GOOD(ophio::try_pack({}, nullptr, text));
    GOOD(ophio::try_pack(frames, &exception, text));
    RETURNS(ophio::pack(frames, &exception).view() == text.view());
    REFUSED(INVALID_ARGUMENT, ophio::try_pack(vast, &exception, text));
    REFUSED(NULL_POINTER, ophio::try_pack(absent, &exception, text));
    REFUSED(INVALID_UTF8, ophio::try_pack(bad, &exception, text));
    THROWN(INVALID_UTF8, ophio::pack(bad));
}

void take(Column &answer)
{
    answer.array.release(&answer.array);
    answer.schema.release(&answer.schema);
}

void test_arrow()
{
    const ophio::enhancements rules;
    const ophio::enhancements made_rules = ophio::enhancements::make();
    Column rows = stacktraces("u");
    Column answer{};
    ArrowArray *const in = &rows.array, *const out = &answer.array;
    ArrowSchema *const in_schema = &rows.schema, *const out_schema = &answer.schema;
    GOOD(made_rules.try_apply_arrow(in, in_schema, 1, out, out_schema));
    take(answer);
    REFUSED(INVALID_ARGUMENT, made_rules.try_apply_arrow(in, in_schema, 1, out, out_schema));
    REFUSED(NULL_POINTER, rules.try_apply_arrow(in, in_schema, 1, out, out_schema));
    THROWN(NULL_POINTER, rules.apply_arrow(in, in_schema, 1, out, out_schema));
    rows = stacktraces("u");
    QUIETLY(made_rules.apply_arrow(in, in_schema, 1, out, out_schema));
    take(answer);

    rows = stacktraces("u");
    GOOD(made_rules.try_assemble_arrow(in, in_schema, 1, out, out_schema));
    take(answer);
    REFUSED(INVALID_ARGUMENT, made_rules.try_assemble_arrow(in, in_schema, 1, out, out_schema));
    REFUSED(NULL_POINTER, rules.try_assemble_arrow(in, in_schema, 1, out, out_schema));
    THROWN(NULL_POINTER, rules.assemble_arrow(in, in_schema, 1, out, out_schema));
    rows = stacktraces("u");
    QUIETLY(made_rules.assemble_arrow(in, in_schema, 1, out, out_schema));
    take(answer);

    rows = stacktraces("u");
    GOOD(made_rules.try_preview_arrow(made_rules, in, in_schema, 1, out, out_schema));
    take(answer);
    REFUSED(NULL_POINTER, made_rules.try_preview_arrow(rules, in, in_schema, 1, out, out_schema));
    REFUSED(INVALID_ARGUMENT,
            made_rules.try_preview_arrow(made_rules, in, in_schema, 1, out, out_schema));
    THROWN(NULL_POINTER, rules.preview_arrow(made_rules, in, in_schema, 1, out, out_schema));
    rows = stacktraces("u");
    QUIETLY(made_rules.preview_arrow(made_rules, in, in_schema, 1, out, out_schema));
    take(answer);
    CHECK(made == released);
}

// ["native", nil, [{"function": "main", "in_app": true}]]
constexpr std::string_view event = "\x93\xa6native\xc0\x91\x82\xa8"
                                   "function\xa4main\xa6in_app\xc3"sv;

void test_events()
{
    const ophio::enhancements rules{"function:main -app"}, none;
    ophio::string text;

    GOOD(ophio::try_event_frames(event, false, text));
    RETURNS(ophio::event_frames(event).view() == text.view());
    REFUSED(INVALID_ARGUMENT, ophio::try_event_frames(EMPTY, true, text));
    REFUSED(NULL_POINTER, ophio::try_event_frames(NONE, false, text));
    THROWN(INVALID_ARGUMENT, ophio::event_frames("no", true));

    GOOD(ophio::try_match_frames(event, text));
    RETURNS(ophio::match_frames(event).view() == text.view());
    REFUSED(INVALID_ARGUMENT, ophio::try_match_frames(EMPTY, text));
    REFUSED(NULL_POINTER, ophio::try_match_frames(NONE, text));
    THROWN(INVALID_ARGUMENT, ophio::match_frames("no"));

    GOOD(ophio::try_pack_stacktraces("\x90", text));
    RETURNS(ophio::pack_stacktraces("\x90").view() == "\x90");
    REFUSED(INVALID_ARGUMENT, ophio::try_pack_stacktraces(EMPTY, text));
    THROWN(INVALID_ARGUMENT, ophio::pack_stacktraces("no"));

    GOOD(ophio::try_pack_json_lines("{}", text));
    RETURNS(ophio::pack_json_lines("{}").view() == "\x90");
    REFUSED(OPHIO_STATUS_FRAME, ophio::try_pack_json_lines("no", text));
    THROWN(NULL_POINTER, ophio::pack_json_lines(NONE));

    GOOD(ophio::try_apply_event(rules, event, text));
    RETURNS(ophio::apply_event(rules, event).view() == text.view());
    REFUSED(NULL_POINTER, ophio::try_apply_event(none, event, text));
    THROWN(INVALID_ARGUMENT, ophio::apply_event(rules, "no"));

    // In-app is false and was true, and both are to be written.
    std::array<std::uint16_t, 256> answer{};
    GOOD(ophio::try_apply_event_short(rules, event, answer));
    RETURNS(answer[0] == 0 && answer[1] == 1 && answer[2] == (1 << 4 | 6 | 1));
    RETURNS(ophio::apply_event_short(rules, event)[2] == answer[2]);
    REFUSED(NULL_POINTER, ophio::try_apply_event_short(none, event, answer));
    THROWN(INVALID_ARGUMENT, ophio::apply_event_short(rules, "no"));

    const std::string events = "\x92" + std::string(event) + std::string(event);
    const std::array<std::uint32_t, 6> expected{0, 1, 0, 1, answer[2], answer[2]};
    GOOD(ophio::try_apply_events(rules, events, 2, text));
    RETURNS(text.view().size() == sizeof expected);
    RETURNS(std::memcmp(text.view().data(), expected.data(), sizeof expected) == 0);
    RETURNS(ophio::apply_events(rules, events).view() == text.view());
    REFUSED(NULL_POINTER, ophio::try_apply_events(none, events, 1, text));
    THROWN(INVALID_ARGUMENT, ophio::apply_events(rules, "no"));

    GOOD(rules.try_bases(text));
    RETURNS(rules.bases().empty());
    REFUSED(NULL_POINTER, none.try_bases(text));
    THROWN(NULL_POINTER, none.bases());
}

void test_configs()
{
    const ophio::enhancements base{"function:main -app"};
    const std::array<const OphioEnhancements *, 1> bases{base.get()};
    const ophio::span<const OphioEnhancements *const> given{bases};
    ophio::enhancements_config config;
    const ophio::enhancements_config none;
    ophio::enhancements rules;
    ophio::string text;

    GOOD(ophio::enhancements_config::try_from_text("function:a -group", "base", given, config));
    RETURNS(bool(ophio::enhancements_config::from_text("", "base", given)));
    REFUSED(SYNTAX, ophio::enhancements_config::try_from_text("nonsense", "base", given, config));
    THROWN(SYNTAX, ophio::enhancements_config::from_text("nonsense", "base", given));

    GOOD(config.try_to_stored(text));
    RETURNS(config.to_stored().view() == text.view());
    REFUSED(NULL_POINTER, none.try_to_stored(text));
    THROWN(NULL_POINTER, none.to_stored());

    const ophio::string stored = config.to_stored();
    GOOD(ophio::enhancements_config::try_from_stored(stored, "base", given, false, config));
    RETURNS(bool(ophio::enhancements_config::from_stored(stored, "base", given)));
    REFUSED(INVALID_ARGUMENT,
            ophio::enhancements_config::try_from_stored(stored, "other", given, false, config));
    THROWN(SYNTAX, ophio::enhancements_config::from_stored("", "base", given));

    GOOD(config.try_base_names(text));
    RETURNS(config.base_names().view() == "base");
    REFUSED(NULL_POINTER, none.try_base_names(text));
    THROWN(NULL_POINTER, none.base_names());

    GOOD(config.try_rules_of(OPHIO_ENHANCEMENTS_CONFIG_PART_OWN, rules));
    RETURNS(bool(config.rules_of(OPHIO_ENHANCEMENTS_CONFIG_PART_CLASSIFIER)));
    REFUSED(INVALID_ARGUMENT,
            config.try_rules_of(static_cast<OphioEnhancementsConfigPart>(3), rules));
    THROWN(NULL_POINTER, none.rules_of(OPHIO_ENHANCEMENTS_CONFIG_PART_CONTRIBUTES));

    GOOD(config.try_process(event, text));
    RETURNS(config.process(event).view() == text.view());
    REFUSED(INVALID_ARGUMENT, config.try_process(EMPTY, text));
    THROWN(NULL_POINTER, none.process(event));

    GOOD(ophio::enhancements::try_from_base64(stored, true, rules));
    RETURNS(bool(ophio::enhancements::from_base64(stored, true)));
    REFUSED(SYNTAX, ophio::enhancements::try_from_base64(EMPTY, false, rules));
    THROWN(SYNTAX, ophio::enhancements::from_base64("%"));
    QUIETLY(ophio::forget_configs());
    QUIETLY(ophio::forget_fingerprints());
}

void test_functions()
{
    ophio::string text;

    GOOD(ophio::try_trim_function("main(int)", "native", text));
    RETURNS(ophio::trim_function("main(int)", "native").view() == "main");
    REFUSED(NULL_POINTER, ophio::try_trim_function(NONE, "c", text));
    THROWN(INVALID_UTF8, ophio::trim_function("\xff", "c"));

    std::array<std::uint8_t, 4> buffer{};
    std::size_t length = 0;
    GOOD(ophio::try_trim_function_text("main(int)", "native", buffer, length));
    RETURNS(length == 4 && buffer[0] == 'm');
    RETURNS(ophio::trim_function_text("f(x)", "native", buffer) == 1);
    REFUSED(OUT_OF_RANGE, ophio::try_trim_function_text("mains", "c", buffer, length));
    REFUSED(NULL_POINTER, ophio::try_trim_function_text(nullptr, "c", buffer, length));
    THROWN(INVALID_UTF8, ophio::trim_function_text("\xff", "c", buffer));

    GOOD(ophio::try_trim_functions("\x91\xa4main", "c", text));
    RETURNS(ophio::trim_functions("\x91\xa4main", "c").view() == "\x91\xa4main");
    REFUSED(INVALID_ARGUMENT, ophio::try_trim_functions(EMPTY, "c", text));
    THROWN(INVALID_ARGUMENT, ophio::trim_functions("no", "c"));
}

void test_packed_frames()
{
    const ophio::enhancements rules{"function:main -app -group"}, none;
    const std::array<OphioEnhancementsFrame, 1> frames{main_frame()};
    const ophio::string packed = ophio::pack(frames);
    const std::string batch = "\x91" + std::string(packed.view()); // an array of one
    const std::array<std::uint8_t, 1> in{OPHIO_TRISTATE_TRUE}, odd{3};
    const std::array<std::size_t, 1> lens{1}, vast{SIZE_MAX};
    std::array<std::uint32_t, 5> room{};
    const ophio::span<std::uint32_t> two{room.data(), 2}, five{room}, absent{nullptr, 5};
    ophio::string text;

    GOOD(ophio::try_check_packed(packed));
    QUIETLY(ophio::check_packed(packed));
    REFUSED(INVALID_ARGUMENT, ophio::try_check_packed(EMPTY));
    REFUSED(NULL_POINTER, ophio::try_check_packed(NONE));
    REFUSED(INVALID_ARGUMENT, ophio::try_check_packed(VAST));
    THROWN(INVALID_ARGUMENT, ophio::check_packed("no"));

    GOOD(ophio::try_pack_event_frames(event, text));
    RETURNS(ophio::pack_event_frames(event).view() == text.view());
    REFUSED(INVALID_ARGUMENT, ophio::try_pack_event_frames(EMPTY, text));
    REFUSED(NULL_POINTER, ophio::try_pack_event_frames(NONE, text));
    REFUSED(INVALID_ARGUMENT, ophio::try_pack_event_frames(VAST, text));
    THROWN(INVALID_ARGUMENT, ophio::pack_event_frames("no"));

    GOOD(rules.try_apply_packed(packed, two));
    QUIETLY(rules.apply_packed(packed, two));
    REFUSED(INVALID_ARGUMENT, rules.try_apply_packed(EMPTY, two));
    REFUSED(NULL_POINTER, rules.try_apply_packed(NONE, two));
    REFUSED(INVALID_ARGUMENT, rules.try_apply_packed(VAST, two));
    REFUSED(INVALID_ARGUMENT, rules.try_apply_packed(packed, five));
    REFUSED(NULL_POINTER, rules.try_apply_packed(packed, {nullptr, 2}));
    REFUSED(NULL_POINTER, none.try_apply_packed(packed, two));
    THROWN(INVALID_ARGUMENT, rules.apply_packed(packed, five));

    std::array<std::uint8_t, 256> answer;
    GOOD(rules.try_apply_short(packed, answer));
    RETURNS(rules.apply_short(packed)[1] == 1);
    REFUSED(INVALID_ARGUMENT, rules.try_apply_short(EMPTY, answer));
    REFUSED(NULL_POINTER, rules.try_apply_short(NONE, answer));
    REFUSED(INVALID_ARGUMENT, rules.try_apply_short(VAST, answer));
    REFUSED(NULL_POINTER, none.try_apply_short(packed, answer));
    THROWN(INVALID_ARGUMENT, rules.apply_short(EMPTY));

    GOOD(rules.try_assemble_packed(packed, in, five));
    QUIETLY(rules.assemble_packed(packed, in, five));
    REFUSED(INVALID_ARGUMENT, rules.try_assemble_packed(EMPTY, in, five));
    REFUSED(NULL_POINTER, rules.try_assemble_packed(NONE, in, five));
    REFUSED(INVALID_ARGUMENT, rules.try_assemble_packed(VAST, in, five));
    REFUSED(INVALID_ARGUMENT, rules.try_assemble_packed(packed, odd, five));
    REFUSED(NULL_POINTER, rules.try_assemble_packed(packed, in, absent));
    REFUSED(NULL_POINTER, none.try_assemble_packed(packed, in, five));
    THROWN(INVALID_ARGUMENT, rules.assemble_packed(packed, odd, five));

    GOOD(rules.try_apply_batch(batch, SIZE_MAX, two));
    QUIETLY(rules.apply_batch(batch, 1, two));
    REFUSED(INVALID_ARGUMENT, rules.try_apply_batch(EMPTY, 1, two));
    REFUSED(NULL_POINTER, rules.try_apply_batch(NONE, 1, two));
    REFUSED(INVALID_ARGUMENT, rules.try_apply_batch(VAST, 1, two));
    REFUSED(NULL_POINTER, rules.try_apply_batch(batch, 1, {nullptr, 2}));
    REFUSED(NULL_POINTER, none.try_apply_batch(batch, 1, two));
    THROWN(INVALID_ARGUMENT, rules.apply_batch("no", 1, two));

    GOOD(rules.try_assemble_batch(batch, lens, in, 1, five));
    QUIETLY(rules.assemble_batch(batch, lens, in, 1, five));
    REFUSED(INVALID_ARGUMENT, rules.try_assemble_batch(EMPTY, lens, in, 1, five));
    REFUSED(NULL_POINTER, rules.try_assemble_batch(NONE, lens, in, 1, five));
    REFUSED(INVALID_ARGUMENT, rules.try_assemble_batch(VAST, lens, in, 1, five));
    REFUSED(INVALID_ARGUMENT, rules.try_assemble_batch(batch, vast, in, 1, five));
    REFUSED(NULL_POINTER, rules.try_assemble_batch(batch, lens, {}, 1, five));
    REFUSED(NULL_POINTER, rules.try_assemble_batch(batch, lens, in, 1, absent));
    REFUSED(NULL_POINTER, none.try_assemble_batch(batch, lens, in, 1, five));
    THROWN(INVALID_ARGUMENT, rules.assemble_batch(batch, vast, in, 1, five));

    GOOD(rules.try_explain(packed, {}, text));
    GOOD(rules.try_explain(packed, in, text, 0, 0));
    RETURNS(contains(rules.explain(packed), "steps"));
    REFUSED(INVALID_ARGUMENT, rules.try_explain(EMPTY, in, text));
    REFUSED(NULL_POINTER, rules.try_explain(NONE, in, text));
    REFUSED(INVALID_ARGUMENT, rules.try_explain(VAST, in, text));
    REFUSED(INVALID_ARGUMENT, rules.try_explain(packed, odd, text));
    REFUSED(OUT_OF_RANGE, rules.try_explain(packed, in, text, 1, 0));
    REFUSED(NULL_POINTER, none.try_explain(packed, in, text));
    THROWN(OUT_OF_RANGE, rules.explain(packed, in, 0, 1));

    ophio::preview preview;
    GOOD(ophio::preview::try_make(rules, rules, preview));
    GOOD(preview.try_set_fresh(true));
    QUIETLY(preview.set_fresh(false));
    REFUSED(NULL_POINTER, ophio::preview().try_set_fresh(true));
    THROWN(NULL_POINTER, ophio::preview().set_fresh(true));
    GOOD(preview.try_set_max_explained(SIZE_MAX));
    QUIETLY(preview.set_max_explained(0));
    REFUSED(NULL_POINTER, ophio::preview().try_set_max_explained(1));
    THROWN(NULL_POINTER, ophio::preview().set_max_explained(1));
    GOOD(preview.try_add(batch));
    QUIETLY(preview.add(batch, SIZE_MAX));
    REFUSED(INVALID_ARGUMENT, preview.try_add(EMPTY));
    REFUSED(NULL_POINTER, preview.try_add(NONE));
    REFUSED(INVALID_ARGUMENT, preview.try_add(VAST));
    REFUSED(NULL_POINTER, ophio::preview().try_add(batch));
    THROWN(INVALID_ARGUMENT, preview.add("no"));
    std::uint64_t marks[1] = {7};
    const std::size_t first[1] = {0}, second[1] = {1};
    ophio::kept kept;
    GOOD(ophio::kept::try_make(batch, kept));
    QUIETLY(ophio::kept{batch});
    REFUSED(INVALID_ARGUMENT, ophio::kept::try_make(EMPTY, kept));
    REFUSED(NULL_POINTER, ophio::kept::try_make(NONE, kept));
    REFUSED(INVALID_ARGUMENT, ophio::kept::try_make(VAST, kept));
    THROWN(INVALID_ARGUMENT, ophio::kept{"no"});
    GOOD(preview.try_add_kept(kept, 0, 1, SIZE_MAX, marks));
    QUIETLY(preview.add_kept(kept, 0, SIZE_MAX, 1, marks));
    REFUSED(INVALID_ARGUMENT, preview.try_add_kept(kept, 0, 1, 1, {}));
    REFUSED(NULL_POINTER, preview.try_add_kept(kept, 0, 1, 1, {nullptr, 1}));
    REFUSED(NULL_POINTER, preview.try_add_kept(ophio::kept(), 0, 1, 1, marks));
    REFUSED(NULL_POINTER, ophio::preview().try_add_kept(kept, 0, 1, 1, marks));
    THROWN(INVALID_ARGUMENT, preview.add_kept(kept, 0, 1, 1, {}));
    GOOD(kept.try_counting(rules, first, 1, text));
    QUIETLY(kept.counting(rules, first));
    REFUSED(OUT_OF_RANGE, kept.try_counting(rules, second, 1, text));
    REFUSED(NULL_POINTER, kept.try_counting(rules, {nullptr, 1}, 1, text));
    REFUSED(NULL_POINTER, kept.try_counting(none, first, 1, text));
    REFUSED(NULL_POINTER, ophio::kept().try_counting(rules, first, 1, text));
    THROWN(OUT_OF_RANGE, kept.counting(rules, second));
    Column rows = stacktraces("u");
    GOOD(preview.try_add_arrow(&rows.array, &rows.schema));
    REFUSED(INVALID_ARGUMENT, preview.try_add_arrow(&rows.array, &rows.schema));
    REFUSED(NULL_POINTER, preview.try_add_arrow(nullptr, nullptr));
    rows = stacktraces("u");
    QUIETLY(preview.add_arrow(&rows.array, &rows.schema, 2));
    THROWN(NULL_POINTER, preview.add_arrow(nullptr, nullptr));
    std::size_t read = 0, count = 0;
    GOOD(preview.try_add_json_lines("{}\nno", 1, read, count));
    QUIETLY(preview.add_json_lines("{\"stacktrace\": {}}", 2, read, count));
    RETURNS(read == 18 && count == 1);
    REFUSED(NULL_POINTER, preview.try_add_json_lines(NONE, 1, read, count));
    THROWN(NULL_POINTER, preview.add_json_lines(NONE, 1, read, count));
    GOOD(preview.try_report(text));
    RETURNS(contains(preview.report(), "\"stacktraces\":9"));
    REFUSED(NULL_POINTER, ophio::preview().try_report(text));
    THROWN(NULL_POINTER, ophio::preview().report());
    REFUSED(NULL_POINTER, ophio::preview::try_make(none, rules, preview));
    REFUSED(NULL_POINTER, ophio::preview::try_make(rules, none, preview));
    THROWN(NULL_POINTER, ophio::preview(rules, none));
    CHECK(preview);
}

void test_globs()
{
    const ophio::glob none;
    ophio::glob glob;
    std::size_t position = 7;
    bool matched = false;
    std::array<std::uint8_t, 2> answers{};
    const std::string_view values = "\x92\xa4" "a.py\xa1" "b"sv;
    ophio::string text;

    GOOD(ophio::glob::try_make(EMPTY, 0, glob));
    GOOD(glob.try_is_match(EMPTY, matched));
    CHECK(matched);
    GOOD(ophio::glob::try_make("*[a-zA-Z0-9_].py"sv, OPHIO_GLOB_OPTION_DOUBLE_STAR, glob, &position));
    REFUSED(GLOB, ophio::glob::try_make("[a"sv, 0, glob, &position));
    CHECK(position != 7);
    REFUSED(NULL_POINTER, ophio::glob::try_make(NONE, 0, glob));
    REFUSED(INVALID_ARGUMENT, ophio::glob::try_make(VAST, 0, glob));
    REFUSED(INVALID_UTF8, ophio::glob::try_make(BAD, 0, glob));
    REFUSED(INVALID_ARGUMENT, ophio::glob::try_make("a"sv, 1024, glob));
    THROWN(GLOB, ophio::glob("[a"));

    RETURNS(glob.is_match("a_rather_long_name.py"sv) && !glob.is_match(BAD));
    REFUSED(NULL_POINTER, glob.try_is_match(NONE, matched));
    REFUSED(INVALID_ARGUMENT, glob.try_is_match(VAST, matched));
    REFUSED(NULL_POINTER, none.try_is_match("a"sv, matched));
    CHECK(matched);
    THROWN(NULL_POINTER, none.is_match("a"));

    GOOD(glob.try_match_text("a_rather_long_name.py", matched));
    CHECK(matched);
    RETURNS(glob.match_text("a_rather_long_name.py") && !glob.match_text("\xff"));
    REFUSED(NULL_POINTER, glob.try_match_text(nullptr, matched));
    REFUSED(NULL_POINTER, none.try_match_text("a", matched));
    CHECK(matched);
    THROWN(NULL_POINTER, none.match_text("a"));

    GOOD(glob.try_shortcut(text));
    RETURNS(glob.shortcut().view() == text.view());
    REFUSED(NULL_POINTER, none.try_shortcut(text));
    THROWN(NULL_POINTER, none.shortcut());

    GOOD(glob.try_match_packed(values, answers));
    QUIETLY(glob.match_packed(values, answers));
    REFUSED(INVALID_ARGUMENT, glob.try_match_packed(EMPTY, answers));
    REFUSED(NULL_POINTER, glob.try_match_packed(NONE, answers));
    REFUSED(INVALID_ARGUMENT, glob.try_match_packed(VAST, answers));
    REFUSED(NULL_POINTER, glob.try_match_packed(values, {nullptr, 2}));
    REFUSED(NULL_POINTER, none.try_match_packed(values, answers));
    THROWN(INVALID_ARGUMENT, glob.match_packed("no", answers));

    GOOD(ophio::glob::try_escape(EMPTY, text));
    GOOD(ophio::glob::try_escape("a* and some more"sv, text));
    RETURNS(ophio::glob::escape("a* and some more"sv).view() == text.view());
    REFUSED(NULL_POINTER, ophio::glob::try_escape(NONE, text));
    REFUSED(INVALID_ARGUMENT, ophio::glob::try_escape(VAST, text));
    REFUSED(INVALID_UTF8, ophio::glob::try_escape(BAD, text));
    THROWN(INVALID_UTF8, ophio::glob::escape(BAD));
}

void test_parameterization()
{
    const ophio::parameterization none;
    ophio::parameterization list, defaults;
    const std::string_view two = "\x92\x92\xa1" "a\xa2x+\x92\xa1" "b\xa9(?>yz|y)z"sv;
    const std::string_view wrong = "\x91\x92\xa1" "b\xa2y("sv, only_c = "\x91\xa1" "c"sv;
    const std::string_view texts = "\x92\xa2xy\xa1x"sv, vast = "\x91\xa6" "abcdef"sv;
    OphioParameterizationLimits limits{};
    OphioParameterizationPattern pattern{};
    ophio::parameterization::fault fault;
    std::array<std::uint64_t, 2> counts{};
    ophio::string text;
    limits.text_bytes = 5;

    GOOD(ophio::parameterization::try_make(EMPTY, EMPTY, nullptr, defaults));
    GOOD(ophio::parameterization::try_make(two, EMPTY, &limits, list, &fault));
    RETURNS(list.size() == 2 && none.size() == 0 && defaults.size() > 10);
    REFUSED(PATTERN, ophio::parameterization::try_make(wrong, EMPTY, nullptr, list, &fault));
    CHECK(fault.number == 0 && fault.position == 1);
    REFUSED(PATTERN, ophio::parameterization::try_make(two, only_c, nullptr, list));
    REFUSED(NULL_POINTER, ophio::parameterization::try_make(NONE, EMPTY, nullptr, list));
    REFUSED(NULL_POINTER, ophio::parameterization::try_make(EMPTY, NONE, nullptr, list));
    REFUSED(INVALID_ARGUMENT, ophio::parameterization::try_make(VAST, EMPTY, nullptr, list));
    REFUSED(INVALID_ARGUMENT, ophio::parameterization::try_make("no"sv, EMPTY, nullptr, list));
    THROWN(PATTERN, ophio::parameterization{wrong});
    CHECK(list.size() == 2);

    GOOD(list.try_pattern(1, pattern));
    CHECK(!pattern.is_linear && ophio::view(pattern.name) == "b");
    RETURNS(list.pattern(0).is_linear);
    REFUSED(OUT_OF_RANGE, list.try_pattern(2, pattern));
    REFUSED(NULL_POINTER, none.try_pattern(0, pattern));
    THROWN(OUT_OF_RANGE, list.pattern(2));

    GOOD(defaults.try_parameterize("took 15ms and some more", text));
    CHECK(text.view() == "took <duration> and some more");
    GOOD(list.try_parameterize(EMPTY, text));
    RETURNS(list.parameterize("xxyzz").view() == "<a><b>");
    REFUSED(NULL_POINTER, list.try_parameterize(NONE, text));
    REFUSED(INVALID_ARGUMENT, list.try_parameterize(VAST, text));
    REFUSED(INVALID_UTF8, list.try_parameterize(BAD, text));
    REFUSED(LIMIT, list.try_parameterize("abcdef", text));
    REFUSED(NULL_POINTER, none.try_parameterize("a", text));
    THROWN(LIMIT, list.parameterize("abcdef"));

    std::array<std::uint8_t, 8> buffer{};
    std::size_t length = 7;
    GOOD(list.try_parameterize_text("yx", buffer, length));
    CHECK(length == 4 && buffer[3] == '>');
    RETURNS(list.parameterize_text("", {}) == 0);
    REFUSED(OUT_OF_RANGE, list.try_parameterize_text("xyx", {buffer.data(), 6}, length));
    REFUSED(NULL_POINTER, list.try_parameterize_text(nullptr, buffer, length));
    REFUSED(NULL_POINTER, list.try_parameterize_text("x", {nullptr, 8}, length));
    REFUSED(INVALID_ARGUMENT, list.try_parameterize_text("x", {buffer.data(), SIZE_MAX}, length));
    REFUSED(INVALID_UTF8, list.try_parameterize_text("\xff", buffer, length));
    REFUSED(NULL_POINTER, none.try_parameterize_text("x", buffer, length));
    CHECK(length == 4);
    THROWN(LIMIT, list.parameterize_text("abcdef", buffer));

    GOOD(list.try_parameterize_packed(texts, text, counts));
    CHECK(contains(text.view(), "\xa4<a>y\xa3<a>") && counts[0] == 2);
    GOOD(list.try_parameterize_packed(texts, text));
    RETURNS(contains(list.parameterize_packed(texts).view(), "\xa3<a>"));
    REFUSED(NULL_POINTER, list.try_parameterize_packed(NONE, text));
    REFUSED(NULL_POINTER, list.try_parameterize_packed(texts, text, {nullptr, 2}));
    REFUSED(INVALID_ARGUMENT, list.try_parameterize_packed(EMPTY, text));
    REFUSED(INVALID_ARGUMENT, list.try_parameterize_packed(texts, text, {counts.data(), 1}));
    REFUSED(LIMIT, list.try_parameterize_packed(vast, text, counts));
    REFUSED(NULL_POINTER, none.try_parameterize_packed(texts, text));
    THROWN(INVALID_ARGUMENT, list.parameterize_packed("no"));

    GOOD(list.try_counts(texts, counts));
    CHECK(counts[0] == 4 && counts[1] == 0);
    QUIETLY(list.counts(texts, counts));
    REFUSED(NULL_POINTER, list.try_counts(NONE, counts));
    REFUSED(INVALID_ARGUMENT, list.try_counts(texts, {}));
    REFUSED(LIMIT, list.try_counts(vast, counts));
    REFUSED(NULL_POINTER, none.try_counts(texts, counts));
    THROWN(INVALID_ARGUMENT, list.counts("no", counts));

    GOOD(list.try_find("ax", true, text));
    CHECK(text.view() == "\x91\x93\x00\x01\x02"sv);
    RETURNS(list.find("ax", false).view() == text.view());
    REFUSED(NULL_POINTER, list.try_find(NONE, true, text));
    REFUSED(INVALID_ARGUMENT, list.try_find(VAST, true, text));
    REFUSED(INVALID_UTF8, list.try_find(BAD, true, text));
    REFUSED(LIMIT, list.try_find("abcdef", true, text));
    REFUSED(NULL_POINTER, none.try_find("a", true, text));
    THROWN(INVALID_UTF8, list.find(BAD));

    GOOD(list.try_find_packed(texts, true, text));
    RETURNS(list.find_packed(texts, true).view() == text.view());
    REFUSED(NULL_POINTER, list.try_find_packed(NONE, true, text));
    REFUSED(INVALID_ARGUMENT, list.try_find_packed(VAST, true, text));
    REFUSED(LIMIT, list.try_find_packed(vast, true, text));
    REFUSED(NULL_POINTER, none.try_find_packed(texts, true, text));
    THROWN(INVALID_ARGUMENT, list.find_packed("no"));
}

void test_glob_sets()
{
    const ophio::glob_set none;
    ophio::glob_set set;
    OphioGlobDiagnostic found{7, 7, {nullptr, 0}};
    std::array<std::uint32_t, 3> numbers{};
    std::size_t count = 7;
    bool matched = false;

    GOOD(ophio::glob_set::try_make("\x93\xa4*.py\xa2[a\xa1*"sv, 0, set));
    REFUSED(INVALID_ARGUMENT, ophio::glob_set::try_make(EMPTY, 0, set));
    REFUSED(NULL_POINTER, ophio::glob_set::try_make(NONE, 0, set));
    REFUSED(INVALID_ARGUMENT, ophio::glob_set::try_make(VAST, 0, set));
    REFUSED(INVALID_ARGUMENT, ophio::glob_set::try_make("\x91\xa1\xff"sv, 0, set));
    REFUSED(INVALID_ARGUMENT, ophio::glob_set::try_make("\x90"sv, 1024, set));
    THROWN(INVALID_ARGUMENT, ophio::glob_set("no"));

    GOOD(set.try_diagnostic(0, found));
    CHECK(found.number == 1);
    RETURNS(set.diagnostic(SIZE_MAX).number == 3);
    REFUSED(NULL_POINTER, none.try_diagnostic(0, found));
    THROWN(NULL_POINTER, none.diagnostic());

    GOOD(set.try_is_match(EMPTY, matched));
    RETURNS(set.is_match(BAD));
    REFUSED(NULL_POINTER, set.try_is_match(NONE, matched));
    REFUSED(INVALID_ARGUMENT, set.try_is_match(VAST, matched));
    REFUSED(NULL_POINTER, none.try_is_match("a"sv, matched));
    THROWN(NULL_POINTER, none.is_match("a"));

    GOOD(set.try_matches(EMPTY, {}, count));
    CHECK(count == 1);
    RETURNS(set.matches("a.py"sv, numbers) == 2);
    REFUSED(NULL_POINTER, set.try_matches(NONE, numbers, count));
    REFUSED(INVALID_ARGUMENT, set.try_matches(VAST, numbers, count));
    REFUSED(NULL_POINTER, set.try_matches("a"sv, {nullptr, 3}, count));
    REFUSED(NULL_POINTER, none.try_matches("a"sv, numbers, count));
    CHECK(count == 1);
    THROWN(NULL_POINTER, none.matches("a", numbers));
}

void test_fingerprints()
{
    const std::string_view text = "type:A -> a\nlevel:b -> {{ level }}, x"sv;
    const std::string_view event = "{\"level\": \"b\"}"sv;
    const std::string_view parts = "\x91\xab{{ level }}"sv;
    const auto keep = OPHIO_FINGERPRINTS_UNKNOWN_KEEP;
    const ophio::fingerprints none;
    ophio::fingerprints rules, other;
    ophio::string written;
    OphioFingerprintsType kind = OPHIO_FINGERPRINTS_TYPE_EMPTY;
    bool equal = false;

    GOOD(ophio::fingerprints::try_parse(EMPTY, other));
    GOOD(ophio::fingerprints::try_parse(text, rules));
    CHECK(rules.size() == 2 && other.empty() && none.empty());
    REFUSED(NULL_POINTER, ophio::fingerprints::try_parse(NONE, other));
    REFUSED(INVALID_ARGUMENT, ophio::fingerprints::try_parse(VAST, other));
    REFUSED(INVALID_UTF8, ophio::fingerprints::try_parse(BAD, other));
    REFUSED(FINGERPRINTS, ophio::fingerprints::try_parse("nope"sv, other));
    THROWN(FINGERPRINTS, ophio::fingerprints("nope"));

    GOOD(ophio::fingerprints::try_parse_lenient("nope\ntype:A -> a"sv, written, other));
    CHECK(other.size() == 1 && contains(written, "OPH20"));
    RETURNS(ophio::fingerprints::parse_lenient("nope"sv, written).empty());
    REFUSED(INVALID_UTF8, ophio::fingerprints::try_parse_lenient(BAD, written, other));
    THROWN(NULL_POINTER, ophio::fingerprints::parse_lenient(NONE, written));

    GOOD(rules.try_to_json(written));
    const ophio::string json = rules.to_json();
    RETURNS(rules.to_json().view() == written.view());
    REFUSED(NULL_POINTER, none.try_to_json(written));
    THROWN(NULL_POINTER, none.to_json());
    GOOD(ophio::fingerprints::try_from_json(json, other));
    RETURNS(ophio::fingerprints::from_json(json).size() == 2);
    REFUSED(FINGERPRINTS, ophio::fingerprints::try_from_json(EMPTY, other));
    THROWN(FINGERPRINTS, ophio::fingerprints::from_json("[]"));

    GOOD(rules.try_equal(other, equal));
    RETURNS(equal && rules.equal(rules));
    REFUSED(NULL_POINTER, rules.try_equal(none, equal));
    THROWN(NULL_POINTER, none.equal(rules));
    GOOD(rules.try_with_builtin(rules, other));
    RETURNS(rules.with_builtin(rules).size() == 4 && other.size() == 4);
    REFUSED(NULL_POINTER, rules.try_with_builtin(none, other));
    THROWN(NULL_POINTER, none.with_builtin(rules));

    GOOD(rules.try_to_text(written));
    RETURNS(contains(rules.to_text(), "type:A -> a\n"));
    REFUSED(NULL_POINTER, none.try_to_text(written));
    THROWN(NULL_POINTER, none.to_text());
    GOOD(rules.try_describe(written));
    RETURNS(contains(rules.describe(), "\"scope\":\"log info\""));
    REFUSED(NULL_POINTER, none.try_describe(written));
    THROWN(NULL_POINTER, none.describe());
    GOOD(rules.try_describe_rule(0, written));
    RETURNS(contains(rules.describe_rule(1), "\"scope\":\"log info\""));
    REFUSED(OUT_OF_RANGE, rules.try_describe_rule(2, written));
    THROWN(NULL_POINTER, none.describe_rule(0));

    const ophio::parameterization ids{EMPTY};
    const std::string_view message = R"({"logentry": {"formatted": "took 15ms"}})";
    GOOD(ophio::fingerprints::try_expand_title("{{ message }}"sv, message, keep, written, &ids));
    CHECK(written.view() == "took <duration>");
    RETURNS(ophio::fingerprints::expand_title("{{ message }}"sv, message, keep, &ids).view() ==
            written.view());
    GOOD(rules.try_match(event, keep, written));
    RETURNS(contains(rules.match(event, keep), "\"resolved\":[\"b\",\"x\"]"));
    REFUSED(EVENT, rules.try_match(EMPTY, keep, written));
    THROWN(NULL_POINTER, none.match(event, keep));
    GOOD(rules.try_match_packed("\x91\xa2{}"sv, keep, written));
    RETURNS(rules.match_packed("\x91\xa2{}"sv, keep).view() == "[null]");
    REFUSED(INVALID_ARGUMENT, rules.try_match_packed(EMPTY, keep, written));
    THROWN(EVENT, rules.match_packed("\x91\xa2[]"sv, keep));
    GOOD(rules.try_match_json_lines("{}\n"sv, keep, written));
    RETURNS(rules.match_json_lines("{}\n"sv, keep).view() == "[null]");
    REFUSED(EVENT, rules.try_match_json_lines("[]"sv, keep, written));
    THROWN(NULL_POINTER, rules.match_json_lines(NONE, keep));

    Column rows = stacktraces("u");
    Column found{};
    ArrowArray *const in = &rows.array, *const out = &found.array;
    ArrowSchema *const in_schema = &rows.schema, *const out_schema = &found.schema;
    GOOD(rules.try_match_arrow(in, in_schema, keep, 2, out, out_schema));
    take(found);
    REFUSED(INVALID_ARGUMENT, rules.try_match_arrow(in, in_schema, keep, 1, out, out_schema));
    THROWN(NULL_POINTER, rules.match_arrow(nullptr, in_schema, keep, 1, out, out_schema));
    rows = stacktraces("u");
    QUIETLY(rules.match_arrow(in, in_schema, keep, 1, out, out_schema));
    take(found);
    CHECK(made == released);
    GOOD(rules.try_explain(event, written));
    RETURNS(contains(rules.explain(event), "{\"matched\":1,"));
    REFUSED(EVENT, rules.try_explain(BAD, written));
    THROWN(NULL_POINTER, none.explain(event));

    GOOD(ophio::fingerprints::try_check("typ:A -> a"sv, written));
    RETURNS(contains(ophio::fingerprints::check_text("typ:A -> a"sv), "OPH202"));
    REFUSED(INVALID_UTF8, ophio::fingerprints::try_check(BAD, written));
    THROWN(NULL_POINTER, ophio::fingerprints::check_text(NONE));
    GOOD(ophio::fingerprints::try_format("type:A  ->  a"sv, written));
    RETURNS(ophio::fingerprints::format("type:A -> a"sv).view() == "type:A  -> a\n");
    REFUSED(FINGERPRINTS, ophio::fingerprints::try_format("nope"sv, written));
    THROWN(INVALID_UTF8, ophio::fingerprints::format(BAD));

    GOOD(ophio::fingerprints::try_resolve(parts, event, keep, written));
    RETURNS(ophio::fingerprints::resolve(parts, event, keep).view() == "[\"b\"]");
    REFUSED(INVALID_ARGUMENT, ophio::fingerprints::try_resolve(EMPTY, event, keep, written));
    THROWN(EVENT, ophio::fingerprints::resolve(parts, "[]"sv, keep));
    GOOD(ophio::fingerprints::try_expand_title("is {{ level }}"sv, event, keep, written));
    RETURNS(ophio::fingerprints::expand_title("is {{ level }}"sv, event, keep).view() == "is b");
    REFUSED(INVALID_UTF8, ophio::fingerprints::try_expand_title(BAD, event, keep, written));
    THROWN(EVENT, ophio::fingerprints::expand_title(EMPTY, "[]"sv, keep));
    GOOD(ophio::fingerprints::try_type(parts, kind));
    RETURNS(ophio::fingerprints::type(parts) == OPHIO_FINGERPRINTS_TYPE_CUSTOM && kind == ophio::fingerprints::type(parts));
    REFUSED(INVALID_ARGUMENT, ophio::fingerprints::try_type(EMPTY, kind));
    THROWN(NULL_POINTER, ophio::fingerprints::type(NONE));
}

void test_codeowners()
{
    const ophio::codeowners none;
    ophio::codeowners file;
    OphioCodeownersCounts counts;
    OphioCodeownersRule rule;
    OphioCodeownersSection section;
    OphioCodeownersDiagnostic wrong;
    OphioCodeownersDetails details;
    OphioCodeownersOwnerKind kind = OPHIO_CODEOWNERS_OWNER_KIND_EMAIL;
    std::string_view owner;
    std::array<std::uint32_t, 1> winner{7};
    std::array<bool, 1> used{true};
    bool matched = false;
    const std::string_view paths = "\x91\xa4" "a.js"sv;
    const OphioCodeownersDialect dialect = OPHIO_CODEOWNERS_DIALECT_GITLAB;

    GOOD(ophio::codeowners::try_parse(EMPTY, dialect, file, 0));
    GOOD(ophio::codeowners::try_parse("*.js @js @all\n[\n"sv, dialect, file));
    REFUSED(NULL_POINTER, ophio::codeowners::try_parse(NONE, dialect, file));
    REFUSED(INVALID_ARGUMENT, ophio::codeowners::try_parse(VAST, dialect, file, SIZE_MAX));
    REFUSED(INVALID_UTF8, ophio::codeowners::try_parse(BAD, dialect, file));
    REFUSED(CODEOWNERS, ophio::codeowners::try_parse("* @a"sv, dialect, file, 1));
    THROWN(CODEOWNERS, ophio::codeowners("* @a", dialect, 1));

    GOOD(file.try_counts(counts));
    CHECK(counts.rules >= 1 && counts.diagnostics >= 1);
    RETURNS(file.counts().sections == counts.sections);
    REFUSED(NULL_POINTER, none.try_counts(counts));
    THROWN(NULL_POINTER, none.counts());

    GOOD(file.try_rule(0, rule));
    RETURNS(file.rule(0).owners == 2);
    REFUSED(OUT_OF_RANGE, file.try_rule(SIZE_MAX, rule));
    REFUSED(NULL_POINTER, none.try_rule(0, rule));
    THROWN(OUT_OF_RANGE, file.rule(counts.rules));

    GOOD(file.try_owner(0, 1, owner));
    RETURNS(file.owner(0, 1) == "@all");
    REFUSED(OUT_OF_RANGE, file.try_owner(0, 2, owner));
    REFUSED(OUT_OF_RANGE, file.try_owner(SIZE_MAX, 0, owner));
    REFUSED(NULL_POINTER, none.try_owner(0, 0, owner));
    CHECK(owner == "@all");
    THROWN(OUT_OF_RANGE, file.owner(0, 2));

    REFUSED(OUT_OF_RANGE, file.try_owner_kind(0, 2, kind));
    REFUSED(OUT_OF_RANGE, file.try_owner_kind(SIZE_MAX, 0, kind));
    REFUSED(NULL_POINTER, none.try_owner_kind(0, 0, kind));
    CHECK(kind == OPHIO_CODEOWNERS_OWNER_KIND_EMAIL);
    GOOD(file.try_owner_kind(0, 1, kind));
    RETURNS(file.owner_kind(0, 1) == OPHIO_CODEOWNERS_OWNER_KIND_USER);
    THROWN(OUT_OF_RANGE, file.owner_kind(0, 2));

    GOOD(file.try_section(0, section));
    RETURNS(file.section(0).line == 0);
    REFUSED(OUT_OF_RANGE, file.try_section(counts.sections, section));
    REFUSED(NULL_POINTER, none.try_section(0, section));
    THROWN(OUT_OF_RANGE, file.section(counts.sections));

    GOOD(file.try_diagnostic(0, wrong));
    RETURNS(file.diagnostic(0).line == 2);
    REFUSED(OUT_OF_RANGE, file.try_diagnostic(counts.diagnostics, wrong));
    REFUSED(NULL_POINTER, none.try_diagnostic(0, wrong));
    THROWN(OUT_OF_RANGE, file.diagnostic(counts.diagnostics));

    GOOD(file.try_diagnostic_details(0, details));
    RETURNS(ophio::view(file.diagnostic_details(0).code) == "OPH503");
    REFUSED(OUT_OF_RANGE, file.try_diagnostic_details(counts.diagnostics, details));
    REFUSED(NULL_POINTER, none.try_diagnostic_details(0, details));
    THROWN(OUT_OF_RANGE, file.diagnostic_details(counts.diagnostics));

    GOOD(file.try_find_packed(paths, winner));
    QUIETLY(file.find_packed(paths, winner));
    REFUSED(INVALID_ARGUMENT, file.try_find_packed(EMPTY, winner));
    REFUSED(NULL_POINTER, file.try_find_packed(NONE, winner));
    REFUSED(INVALID_ARGUMENT, file.try_find_packed(VAST, winner));
    REFUSED(INVALID_ARGUMENT, file.try_find_packed(paths, {}));
    REFUSED(NULL_POINTER, none.try_find_packed(paths, winner));
    THROWN(INVALID_ARGUMENT, file.find_packed("no", winner));

    GOOD(file.try_matched_packed(paths, used));
    QUIETLY(file.matched_packed(paths, used));
    REFUSED(INVALID_ARGUMENT, file.try_matched_packed(EMPTY, used));
    REFUSED(NULL_POINTER, file.try_matched_packed(NONE, used));
    REFUSED(INVALID_ARGUMENT, file.try_matched_packed(VAST, used));
    REFUSED(INVALID_ARGUMENT, file.try_matched_packed(paths, {}));
    REFUSED(NULL_POINTER, none.try_matched_packed(paths, used));
    THROWN(INVALID_ARGUMENT, file.matched_packed("no", used));

    GOOD(ophio::codeowners::try_is_path_match("src/some/where/a.py"sv, "*.py"sv, matched));
    GOOD(ophio::codeowners::try_is_path_match(EMPTY, EMPTY, matched));
    RETURNS(ophio::codeowners::is_path_match("src/some/where/a.py"sv, "*.py"sv));
    REFUSED(NULL_POINTER, ophio::codeowners::try_is_path_match(NONE, "a"sv, matched));
    REFUSED(NULL_POINTER, ophio::codeowners::try_is_path_match("a"sv, NONE, matched));
    REFUSED(INVALID_ARGUMENT, ophio::codeowners::try_is_path_match(VAST, "a"sv, matched));
    REFUSED(INVALID_UTF8, ophio::codeowners::try_is_path_match("a"sv, BAD, matched));
    THROWN(INVALID_UTF8, ophio::codeowners::is_path_match("a", BAD));

    GOOD(ophio::codeowners::try_match_text("src/some/where/a.py", "*.py", matched));
    RETURNS(ophio::codeowners::match_text("src/some/where/a.py", "*.py"));
    REFUSED(NULL_POINTER, ophio::codeowners::try_match_text(nullptr, "a", matched));
    REFUSED(NULL_POINTER, ophio::codeowners::try_match_text("a", nullptr, matched));
    REFUSED(INVALID_UTF8, ophio::codeowners::try_match_text("a", "\xff", matched));
    THROWN(INVALID_UTF8, ophio::codeowners::match_text("a", "\xff"));

    ophio::string packed;
    GOOD(ophio::codeowners::try_shortcut("*.py"sv, packed));
    RETURNS(ophio::codeowners::shortcut("*.py"sv).view() == packed.view());
    REFUSED(NULL_POINTER, ophio::codeowners::try_shortcut(NONE, packed));
    REFUSED(INVALID_ARGUMENT, ophio::codeowners::try_shortcut(VAST, packed));
    REFUSED(INVALID_UTF8, ophio::codeowners::try_shortcut(BAD, packed));
    THROWN(INVALID_UTF8, ophio::codeowners::shortcut(BAD));
}

void test_proguard()
{
    const std::string_view mapping = "org.example.Shop -> a:\n    1:2:void buy():3:4 -> b\n"sv;
    const std::string_view query = "\x91\x94\xa1" "a\xa1" "b\x01\xc0"sv; // [["a", "b", 1, nil]]
    const ophio::proguard none;
    ophio::proguard mapper;
    std::array<std::uint8_t, 16> uuid{};
    std::array<std::uint8_t, 100> frames{};
    ophio::proguard::method_name name;
    std::string_view klass;
    std::size_t len = 0;
    ophio::string text;
    bool answer = false;

    GOOD(ophio::proguard::try_make(EMPTY, mapper));
    GOOD(ophio::proguard::try_make(mapping, mapper));
    REFUSED(NULL_POINTER, ophio::proguard::try_make(NONE, mapper));
    REFUSED(INVALID_ARGUMENT, ophio::proguard::try_make(VAST, mapper));
    THROWN(NULL_POINTER, ophio::proguard{NONE});

    GOOD(mapper.try_uuid(uuid));
    RETURNS(mapper.uuid() == uuid);
    REFUSED(NULL_POINTER, none.try_uuid(uuid));
    THROWN(NULL_POINTER, none.uuid());
    GOOD(mapper.try_has_line_info(answer));
    RETURNS(mapper.has_line_info() && answer);
    REFUSED(NULL_POINTER, none.try_has_line_info(answer));
    THROWN(NULL_POINTER, none.has_line_info());
    GOOD(mapper.try_is_valid(answer));
    RETURNS(mapper.is_valid() && answer);
    REFUSED(NULL_POINTER, none.try_is_valid(answer));
    THROWN(NULL_POINTER, none.is_valid());

    GOOD(mapper.try_remap_class(EMPTY, klass));
    GOOD(mapper.try_remap_class("a"sv, klass));
    RETURNS(mapper.remap_class("a"sv) == "org.example.Shop");
    REFUSED(NULL_POINTER, mapper.try_remap_class(NONE, klass));
    REFUSED(INVALID_ARGUMENT, mapper.try_remap_class(VAST, klass));
    REFUSED(INVALID_UTF8, mapper.try_remap_class(BAD, klass));
    REFUSED(NULL_POINTER, none.try_remap_class("a"sv, klass));
    CHECK(klass == "org.example.Shop");
    THROWN(INVALID_UTF8, mapper.remap_class(BAD));

    GOOD(mapper.try_remap_method(EMPTY, EMPTY, name));
    GOOD(mapper.try_remap_method("a"sv, "b"sv, name));
    RETURNS(mapper.remap_method("a"sv, "b"sv).method == "buy");
    REFUSED(NULL_POINTER, mapper.try_remap_method("a"sv, NONE, name));
    REFUSED(INVALID_ARGUMENT, mapper.try_remap_method(VAST, "b"sv, name));
    REFUSED(INVALID_UTF8, mapper.try_remap_method("a"sv, BAD, name));
    REFUSED(NULL_POINTER, none.try_remap_method("a"sv, "b"sv, name));
    CHECK(name.method == "buy");
    THROWN(INVALID_UTF8, mapper.remap_method("a", BAD));

    GOOD(mapper.try_remap_frames(query, {}, len)); // asks for the length
    CHECK(len > 1 && len <= frames.size() && frames[0] == 0);
    RETURNS(mapper.remap_frames(query, frames) == len);
    CHECK(frames[0] == 0x91);
    REFUSED(INVALID_ARGUMENT, mapper.try_remap_frames(EMPTY, frames, len));
    REFUSED(NULL_POINTER, mapper.try_remap_frames(NONE, frames, len));
    REFUSED(INVALID_ARGUMENT, mapper.try_remap_frames(VAST, frames, len));
    REFUSED(NULL_POINTER, mapper.try_remap_frames(query, {nullptr, 100}, len));
    REFUSED(NULL_POINTER, none.try_remap_frames(query, frames, len));
    THROWN(INVALID_ARGUMENT, mapper.remap_frames("no", frames));

    GOOD(mapper.try_remap_stacktrace(EMPTY, text));
    GOOD(mapper.try_remap_stacktrace("    at a.b(SourceFile:1)"sv, text));
    RETURNS(mapper.remap_stacktrace("    at a.b(SourceFile:1)"sv).view() == text.view());
    REFUSED(NULL_POINTER, mapper.try_remap_stacktrace(NONE, text));
    REFUSED(INVALID_ARGUMENT, mapper.try_remap_stacktrace(VAST, text));
    REFUSED(INVALID_UTF8, mapper.try_remap_stacktrace(BAD, text));
    REFUSED(NULL_POINTER, none.try_remap_stacktrace("a"sv, text));
    THROWN(INVALID_UTF8, mapper.remap_stacktrace(BAD));
    GOOD(mapper.try_remap_stacktrace_verbose(EMPTY, text));
    GOOD(mapper.try_remap_stacktrace_verbose("    at a.b(SourceFile:1)"sv, text));
    RETURNS(mapper.remap_stacktrace_verbose("    at a.b(SourceFile:1)"sv).view() == text.view());
    REFUSED(NULL_POINTER, mapper.try_remap_stacktrace_verbose(NONE, text));
    REFUSED(INVALID_ARGUMENT, mapper.try_remap_stacktrace_verbose(VAST, text));
    REFUSED(INVALID_UTF8, mapper.try_remap_stacktrace_verbose(BAD, text));
    REFUSED(NULL_POINTER, none.try_remap_stacktrace_verbose("a"sv, text));
    THROWN(INVALID_UTF8, mapper.remap_stacktrace_verbose(BAD));
    GOOD(mapper.try_retrace(EMPTY, true, text));
    GOOD(mapper.try_retrace("    at a.b(SourceFile:1)"sv, true, text));
    RETURNS(mapper.retrace("    at a.b(SourceFile:1)"sv, true).view() == text.view());
    REFUSED(NULL_POINTER, mapper.try_retrace(NONE, true, text));
    REFUSED(INVALID_ARGUMENT, mapper.try_retrace(VAST, true, text));
    REFUSED(INVALID_UTF8, mapper.try_retrace(BAD, true, text));
    REFUSED(NULL_POINTER, none.try_retrace("a"sv, true, text));
    THROWN(INVALID_UTF8, mapper.retrace(BAD));
}

// A file beside this program, which lies in a directory of its own.
void test_proguard_file(const std::string &path)
{
    ophio::proguard mapper;
    CHECK(std::ofstream(path) << "org.example.Shop -> a:\n");
    for (const bool mmap : {false, true}) {
        GOOD(ophio::proguard::try_open(path, mmap, mapper));
        CHECK(mapper.remap_class("a") == "org.example.Shop");
        RETURNS(ophio::proguard::open(path, mmap).remap_class("a").size() == 16);
    }
    mapper.reset();
    CHECK(std::remove(path.c_str()) == 0);
    REFUSED(PROGUARD, ophio::proguard::try_open(path, true, mapper));
    REFUSED(PROGUARD, ophio::proguard::try_open(EMPTY, false, mapper));
    REFUSED(NULL_POINTER, ophio::proguard::try_open(NONE, false, mapper));
    REFUSED(INVALID_ARGUMENT, ophio::proguard::try_open(VAST, false, mapper));
    THROWN(PROGUARD, ophio::proguard::open(path));
}

// The same, with a cache in it.
void test_proguard_cache(const std::string &path)
{
    const ophio::proguard none, mapping{"org.example.Shop -> a:\n"};
    ophio::proguard mapper;
    ophio::string cache;
    GOOD(mapping.try_to_cache(cache));
    RETURNS(mapping.to_cache().view() == cache.view());
    REFUSED(NULL_POINTER, none.try_to_cache(cache));
    THROWN(NULL_POINTER, none.to_cache());
    CHECK(std::ofstream(path, std::ios::binary) << cache.view());
    GOOD(ophio::proguard::try_open_cache(path, mapper));
    RETURNS(ophio::proguard::open_cache(path).remap_class("a") == "org.example.Shop");
    CHECK(mapper.remap_class("a") == "org.example.Shop");
    CHECK(mapper.to_cache().view() == cache.view());
    mapper.reset();
    CHECK(std::ofstream(path) << "org.example.Shop -> a:\n");
    REFUSED(PROGUARD, ophio::proguard::try_open_cache(path, mapper));
    CHECK(std::remove(path.c_str()) == 0);
    REFUSED(PROGUARD, ophio::proguard::try_open_cache(path, mapper));
    REFUSED(PROGUARD, ophio::proguard::try_open_cache(EMPTY, mapper));
    REFUSED(NULL_POINTER, ophio::proguard::try_open_cache(NONE, mapper));
    REFUSED(INVALID_ARGUMENT, ophio::proguard::try_open_cache(VAST, mapper));
    THROWN(PROGUARD, ophio::proguard::open_cache(path));
}

} // namespace

int main(int argc, char **argv)
{
    CHECK(argc == 1);
    test_limits();
    test_making_rules();
    test_stored_rules();
    test_asking_about_rules();
    test_frames();
    test_arrow();
    test_packed_frames();
    test_events();
    test_configs();
    test_functions();
    test_globs();
    test_glob_sets();
    test_parameterization();
    test_fingerprints();
    ophio::forget_fingerprints(); // Valgrind reports what the table keeps
    test_codeowners();
    test_proguard();
    test_proguard_file(argv[0] + ".mapping"s);
    test_proguard_cache(argv[0] + ".cache"s);
    // The counting works: errors that were thrown had to put their texts somewhere. (Under
    // Valgrind it does not, because Valgrind replaces the operators above by its own.)
    const char *preloaded = std::getenv("LD_PRELOAD");
    CHECK(allocations > 0 || (preloaded != nullptr && contains(preloaded, "vgpreload")));
    return failures == 0 ? 0 : 1;
}
