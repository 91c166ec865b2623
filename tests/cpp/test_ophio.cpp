// ophio.hpp: what it adds to ophio.h, and what it is like to use. That each member is called
// in both of its forms, with good and with bad arguments, is seen to in test_arguments.cpp.
#include <array>
#if __cplusplus >= 202002L
#include <span>
#endif
#include <string>
#include <type_traits>
#include <vector>

#include "check.hpp"

using namespace std::literals;

namespace {

constexpr ophio::status NULL_POINTER = OPHIO_STATUS_NULL_POINTER;
constexpr ophio::status SYNTAX = OPHIO_STATUS_SYNTAX;
constexpr ophio::status OK = OPHIO_STATUS_OK;

bool contains(std::string_view text, std::string_view needle)
{
    return text.find(needle) != text.npos;
}

OphioEnhancementsFrame frame(std::string_view function)
{
    OphioEnhancementsFrame frame{};
    frame.function = ophio::text(function);
    return frame;
}

// Handles are owners: moved, not copied, and as small as what they own.
template <typename T> constexpr bool is_owner =
    std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> &&
    std::is_nothrow_default_constructible_v<T>;
static_assert(is_owner<ophio::cache> && is_owner<ophio::diagnostics> && is_owner<ophio::preview>);
static_assert(is_owner<ophio::enhancements> && is_owner<ophio::glob> && is_owner<ophio::glob_set>);
static_assert(is_owner<ophio::codeowners> && is_owner<ophio::proguard> && is_owner<ophio::string>);
static_assert(sizeof(ophio::enhancements) == sizeof(void *));
static_assert(sizeof(ophio::string) == sizeof(OphioStr));

void test_owners()
{
    ophio::enhancements empty;
    CHECK(!empty && empty.get() == nullptr);
    THROWS(NULL_POINTER, empty.rule(0));

    ophio::enhancements rules{"app:no -group"};
    const OphioEnhancements *raw = rules.get();
    ophio::enhancements moved{std::move(rules)};
    CHECK(moved.get() == raw && !rules);
    rules = std::move(moved);
    CHECK(rules.get() == raw && !moved);
    ophio::enhancements &same = rules;
    rules = std::move(same);
    CHECK(rules.size() == 1);
    moved.reset(rules.release());
    CHECK(!rules && moved.size() == 1);
    moved = ophio::enhancements{"function:main -app\napp:no -group"}; // frees the old ones
    CHECK(moved.size() == 2);
    moved.reset();
    CHECK(!moved);

    ophio::string text = ophio::glob::escape("a*");
    ophio::string other{std::move(text)};
    CHECK(text.empty() && text.view() == "" && other.size() > 1);
    text = std::move(other);
    CHECK(other.empty() && !text.empty());
    OphioStr given = text.release();
    CHECK(text.empty() && given.len > 1);
    text = ophio::string(given);
    const std::string_view view = text;
    CHECK(view.size() == text.size() && view.data() == text.data());
}

void test_errors()
{
    CHECK(ophio::version() == OPHIO_VERSION);
    CHECK(ophio::abi_version() == 1);
    CHECK(ophio::frame_fields().substr(0, 9) == "category\n");
    CHECK(ophio::exception_fields() == "ty\nvalue\nmechanism");
    try {
        ophio::enhancements rules{"nonsense"};
        CHECK(false);
    } catch (const std::runtime_error &error) {
        CHECK(contains(error.what(), "nonsense"));
        CHECK(ophio::last_error_message() == error.what());
        CHECK(ophio::last_error_code() == SYNTAX);
    }
    ophio::clear_last_error();
    CHECK(ophio::last_error_code() == OK && ophio::last_error_message().empty());
    ophio::check(OK);

    // A failing call leaves the place for its result as it was.
    ophio::enhancements kept{"app:no -group"};
    CHECK(ophio::enhancements::try_parse("nonsense", kept) == SYNTAX);
    CHECK(kept.size() == 1);
    ophio::string text = kept.rule(0);
    CHECK(kept.try_rule(1, text) == OPHIO_STATUS_OUT_OF_RANGE);
    CHECK(text.view() == "app:no -group");
}

void test_views()
{
    int array[3] = {1, 2, 3};
    const std::vector<int> vector{4, 5};
    std::array<int, 2> fixed{6, 7};
    ophio::span<int> a = array;
    ophio::span<const int> v = vector, f = fixed, none, from_mutable = ophio::span<const int>(a);
    CHECK(a.size() == 3 && a[2] == 3 && v.size() == 2 && v[0] == 4 && f[1] == 7);
    CHECK(none.empty() && none.data() == nullptr && from_mutable.data() == array);
    int sum = 0;
    for (int each : v) sum += each;
    CHECK(sum == 9);
    static_assert(!std::is_convertible_v<const std::vector<int> &, ophio::span<int>>);
#if __cplusplus >= 202002L
    const ophio::span<const int> s = std::span<int>(array);
    CHECK(s.size() == 3 && s.data() == array);
    const std::span<const int> back{v};
    CHECK(back.size() == 2 && back.data() == vector.data());
#endif

    CHECK(ophio::text({}).data != nullptr && ophio::text({}).len == 0);
    CHECK(ophio::missing.data == nullptr);
    CHECK(ophio::view(ophio::text("x")) == "x" && ophio::view(ophio::missing) == "");
    for (std::optional<bool> each : {std::optional<bool>{}, {false}, {true}}) {
        CHECK(ophio::from_tristate(ophio::to_tristate(each)) == each);
    }
}

void test_rules()
{
    const ophio::cache cache{10};
    ophio::cache other;
    CHECK(ophio::cache::try_make(0, other) == OK && other);
    ophio::enhancements rules{"function:main -app category=x", cache};
    ophio::enhancements empty = ophio::enhancements::make(), read;
    CHECK(ophio::enhancements::try_make(empty) == OK && empty.size() == 0);

    const auto parsed = ophio::enhancements::parse_lenient("app:no +sentinel -group", cache);
    const ophio::diagnostics &left_out = parsed.second;
    CHECK(parsed.first.size() == 1 && left_out.size() == 1 && !left_out.empty());
    CHECK(ophio::view(left_out.at(0).code).substr(0, 3) == "OPH");
    OphioEnhancementsDiagnostic entry;
    CHECK(left_out.try_get(1, entry) == OPHIO_STATUS_OUT_OF_RANGE);
    THROWS(OPHIO_STATUS_OUT_OF_RANGE, left_out.at(1));
    THROWS(SYNTAX, ophio::enhancements::parse_lenient("x"));
    ophio::diagnostics found = ophio::enhancements::check_text("nonsense");
    CHECK(found.size() == 1 && found.at(0).severity == OPHIO_ENHANCEMENTS_SEVERITY_ERROR);
    CHECK(ophio::enhancements::try_check("a\xff", true, found) == OPHIO_STATUS_INVALID_UTF8);
    CHECK(found.size() == 1);
    THROWS(OPHIO_STATUS_INVALID_UTF8, ophio::enhancements::check_text("\xff"));

    CHECK(ophio::enhancements::format("app:no    -group").view() == "app:no  -group\n");
    THROWS(SYNTAX, ophio::enhancements::format("nonsense"));

    CHECK(ophio::enhancements::from_config_structure(rules.to_config_structure()).equal(rules));
    THROWS(SYNTAX, ophio::enhancements::from_config_structure("no"));
    THROWS(SYNTAX, rules.to_config_structure(99));
    CHECK(ophio::enhancements::from_base64(rules.to_base64()).equal(rules));
    THROWS(SYNTAX, ophio::enhancements::from_base64("?"));
    CHECK(ophio::enhancements{rules.to_text()}.equal(rules));
    CHECK(contains(rules.describe(), "canonical"));
    CHECK(rules.category(0).view() == "x");
    THROWS(OPHIO_STATUS_OUT_OF_RANGE, rules.category(1));
    THROWS(OPHIO_STATUS_OUT_OF_RANGE, rules.hint(0));
    THROWS(OPHIO_STATUS_OUT_OF_RANGE, rules.too_few_frames_hint(0, 0));
    THROWS(NULL_POINTER, read.to_text());
    THROWS(NULL_POINTER, read.to_base64());
    THROWS(NULL_POINTER, read.describe());
    CHECK(rules.part(OPHIO_ENHANCEMENTS_PART_CLASSIFIER).size() == 1);
    CHECK(rules.part(OPHIO_ENHANCEMENTS_PART_CONTRIBUTES).size() == 0);
    THROWS(NULL_POINTER, read.part(OPHIO_ENHANCEMENTS_PART_CLASSIFIER));
    THROWS(NULL_POINTER, rules.equal(read));
    rules.extend_from(rules);
    CHECK(rules.size() == 2);
    THROWS(NULL_POINTER, rules.extend_from(read));
    rules.set_memo_bytes(0);
    THROWS(NULL_POINTER, read.set_memo_bytes(0));
}

void test_frames()
{
    const ophio::enhancements rules{"function:main -app -group\nfunction:main min-frames=2"};
    const ophio::enhancements none;
    const std::array<OphioEnhancementsFrame, 2> frames{frame("main"), frame("other")};
    OphioEnhancementsExceptionData exception{ophio::text("Error"), ophio::missing,
                                             ophio::missing};
    std::vector<OphioEnhancementsAppliedFrame> applied(2);

    rules.apply(frames, &exception, applied);
    CHECK(ophio::from_tristate(applied[0].in_app) == std::optional<bool>(false));
    CHECK(!ophio::from_tristate(applied[1].in_app));
    CHECK(rules.try_apply(frames, nullptr, {applied.data(), 1}) == OPHIO_STATUS_OUT_OF_RANGE);
    THROWS(OPHIO_STATUS_OUT_OF_RANGE, rules.apply(frames, nullptr, {}));
    THROWS(NULL_POINTER, none.apply(frames, nullptr, applied));
    exception.value = ophio::text("\xff");
    THROWS(OPHIO_STATUS_INVALID_UTF8, rules.apply(frames, &exception, applied));

    std::vector<OphioEnhancementsComponent> components(2);
    components[0].contributes = components[1].contributes = OPHIO_TRISTATE_TRUE;
    const ophio::assembled result = rules.assemble(frames, nullptr, components);
    CHECK(!result.contributes && !result.invert_stacktrace);
    CHECK(contains(result.hint, "discarded because stack trace only contains 1 frame"));
    CHECK(components[0].contributes == OPHIO_TRISTATE_FALSE);
    CHECK(contains(rules.hint(components[0].hint), "function:main"));
    THROWS(NULL_POINTER, none.assemble(frames, nullptr, components));

    const ophio::string packed = ophio::pack(frames);
    THROWS(OPHIO_STATUS_INVALID_UTF8, ophio::pack(frames, &exception));
    ophio::check_packed(packed);
    CHECK(ophio::try_check_packed("no") == OPHIO_STATUS_INVALID_ARGUMENT);
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, ophio::check_packed("no"));
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, ophio::pack_event_frames("no"));
    const ophio::string event =
        ophio::pack_event_frames("\x93\xa6native\xc0\x91\x82\xa8"
                                 "function\xa4main\xa6in_app\xc3"sv);
    CHECK(!event.empty());

    std::vector<std::uint32_t> codes(6);
    rules.apply_packed(packed, {codes.data(), 3});
    CHECK(codes[0] % 3 == 1);
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, rules.apply_packed(packed, {codes.data(), 2}));
    const std::vector<std::uint8_t> contributes(2, OPHIO_TRISTATE_TRUE);
    rules.assemble_packed(packed, contributes, codes);
    CHECK(codes[0] % 3 == 1 && codes[2] == 0 && codes[4] != 0);
    CHECK(contains(rules.too_few_frames_hint(codes[4], codes[5]), "2"));
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, rules.assemble_packed(packed, {}, codes));
    CHECK(contains(rules.explain(packed, contributes, 0, 0), "why_not"));
    CHECK(contains(rules.explain(packed), "steps"));
    THROWS(OPHIO_STATUS_OUT_OF_RANGE, rules.explain(packed, {}, 99, 0));

    const std::string batch = "\x91" + std::string(packed.view());
    const std::size_t lens[] = {2};
    rules.apply_batch(batch, 2, {codes.data(), 3});
    CHECK(codes[0] % 3 == 1);
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, rules.apply_batch(batch, 2, {}));
    rules.assemble_batch(batch, lens, contributes, 2, codes);
    CHECK(codes[0] % 3 == 1);
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, rules.assemble_batch(batch, {}, {}, 2, codes));

    ophio::preview preview{rules, ophio::enhancements::make()};
    preview.add(batch);
    CHECK(contains(preview.report(), "\"stacktraces\":1"));
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, preview.add("no"));
    THROWS(NULL_POINTER, ophio::preview(rules, none));
    THROWS(NULL_POINTER, ophio::preview().report());

    // What is in the arrays is tested in C; here only the arguments are tested.
    THROWS(NULL_POINTER, rules.apply_arrow(nullptr, nullptr, 1, nullptr, nullptr));
    THROWS(NULL_POINTER, rules.assemble_arrow(nullptr, nullptr, 1, nullptr, nullptr));
    THROWS(NULL_POINTER, rules.preview_arrow(rules, nullptr, nullptr, 1, nullptr, nullptr));
    THROWS(NULL_POINTER, preview.add_arrow(nullptr, nullptr));
}

void test_limits()
{
    const std::size_t before = ophio::get_limit(OPHIO_LIMIT_FRAMES);
    ophio::set_limit(OPHIO_LIMIT_FRAMES, 1);
    const std::array<OphioEnhancementsFrame, 2> frames{frame("main"), frame("other")};
    THROWS(OPHIO_STATUS_LIMIT, ophio::pack(frames));
    ophio::set_limit(OPHIO_LIMIT_FRAMES, before);
    CHECK(!ophio::pack(frames).empty());
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, ophio::get_limit(static_cast<OphioLimit>(7)));
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, ophio::set_limit(static_cast<OphioLimit>(7), 1));
}

void test_globs()
{
    const ophio::glob glob{"*.py", OPHIO_GLOB_OPTION_DOUBLE_STAR};
    const ophio::glob none;
    ophio::glob made;
    std::size_t position = 7;
    CHECK(glob.is_match("a.py") && !glob.is_match("a/b.py") && !glob.is_match({}));
    THROWS(NULL_POINTER, none.is_match("a"));
    CHECK(ophio::glob::try_make("[a", 0, made, &position) == OPHIO_STATUS_GLOB && !made);
    THROWS(OPHIO_STATUS_GLOB, ophio::glob("[a"));
    std::array<std::uint8_t, 2> matched{7, 7};
    glob.match_packed("\x92\xa4" "a.py\xa1" "b"sv, matched);
    CHECK(matched[0] == 1 && matched[1] == 0);
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, glob.match_packed("no", matched));
    CHECK(ophio::glob{ophio::glob::escape("a*")}.is_match("a*"));
    THROWS(OPHIO_STATUS_INVALID_UTF8, ophio::glob::escape("\xff"));

    const ophio::glob_set set{"\x93\xa4*.py\xa2[a\xa1*"sv};
    CHECK(set.is_match("x"));
    CHECK(set.diagnostic().number == 1 && set.diagnostic().message.len > 0);
    CHECK(set.diagnostic(2).number == 3 && set.diagnostic(2).message.len == 0);
    std::array<std::uint32_t, 3> numbers{7, 7, 7};
    CHECK(set.matches("a.py", numbers) == 2 && numbers[0] == 0 && numbers[1] == 2);
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, ophio::glob_set("no"));
    THROWS(NULL_POINTER, ophio::glob_set().is_match("a"));
    THROWS(NULL_POINTER, ophio::glob_set().diagnostic());
    THROWS(NULL_POINTER, ophio::glob_set().matches("a", numbers));
}

void test_owners_of_files()
{
    const ophio::codeowners file{"*.js @js @all\n", OPHIO_CODEOWNERS_DIALECT_GITHUB};
    const ophio::codeowners none;
    CHECK(file.counts().rules == 1 && file.counts().sections == 1);
    CHECK(ophio::view(file.rule(0).pattern) == "*.js" && file.owner(0, 1) == "@all");
    const ophio::codeowners kinds{"* @a @a/b/c @@owner a@b.c", OPHIO_CODEOWNERS_DIALECT_GITLAB};
    for (std::uint32_t kind = OPHIO_CODEOWNERS_OWNER_KIND_USER;
         kind <= OPHIO_CODEOWNERS_OWNER_KIND_EMAIL; kind++)
        CHECK(kinds.owner_kind(0, kind) == kind);
    const ophio::codeowners wrong{"* ann", OPHIO_CODEOWNERS_DIALECT_GITHUB};
    const OphioCodeownersDetails details = wrong.diagnostic_details(0);
    CHECK(ophio::view(details.code) == "OPH404" && ophio::view(details.suggestion) == "@ann");
    CHECK(details.severity == OPHIO_ENHANCEMENTS_SEVERITY_ERROR);
    CHECK(file.section(0).name.len == 0);
    THROWS(OPHIO_STATUS_OUT_OF_RANGE, file.rule(1));
    THROWS(OPHIO_STATUS_OUT_OF_RANGE, file.owner(0, 2));
    THROWS(OPHIO_STATUS_OUT_OF_RANGE, file.section(1));
    THROWS(OPHIO_STATUS_OUT_OF_RANGE, file.diagnostic(0));
    THROWS(NULL_POINTER, none.counts());
    std::uint32_t winner[1] = {7};
    file.find_packed("\x91\xa4" "a.js"sv, winner);
    CHECK(winner[0] == 0);
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, file.find_packed("no", winner));
    bool matched[1] = {true};
    file.matched_packed("\x91\xa1" "b"sv, matched);
    CHECK(!matched[0]);
    THROWS(OPHIO_STATUS_CODEOWNERS, ophio::codeowners("* @a", OPHIO_CODEOWNERS_DIALECT_GITLAB, 1));
    CHECK(ophio::codeowners::is_path_match("a/b.py", "*.py"));
    THROWS(OPHIO_STATUS_INVALID_UTF8, ophio::codeowners::is_path_match("a", "\xff"));
}

void test_proguard()
{
    const ophio::proguard mapper{"org.example.Shop -> a:\n    1:2:void buy():3:4 -> b\n"};
    const ophio::proguard none;
    CHECK(mapper.is_valid() && mapper.has_line_info());
    CHECK(mapper.uuid() != (std::array<std::uint8_t, 16>{}));
    CHECK(mapper.remap_class("a") == "org.example.Shop");
    CHECK(mapper.remap_class("zz").data() == nullptr);
    CHECK(mapper.remap_method("a", "b").method == "buy");
    CHECK(mapper.remap_method("a", "zz").class_name.data() == nullptr);
    CHECK(contains(mapper.remap_stacktrace("    at a.b(X:1)"), "org.example.Shop.buy"));
    const std::string_view query = "\x91\x94\xa1" "a\xa1" "b\x01\xc0"sv;
    std::vector<std::uint8_t> frames(mapper.remap_frames(query, {}));
    CHECK(mapper.remap_frames(query, frames) == frames.size() && frames[0] == 0x91);
    THROWS(OPHIO_STATUS_PROGUARD, ophio::proguard::open("/no/such/file"));
    THROWS(OPHIO_STATUS_INVALID_UTF8, mapper.remap_class("\xff"));
    THROWS(OPHIO_STATUS_INVALID_UTF8, mapper.remap_method("a", "\xff"));
    THROWS(OPHIO_STATUS_INVALID_UTF8, mapper.remap_stacktrace("\xff"));
    THROWS(OPHIO_STATUS_INVALID_ARGUMENT, mapper.remap_frames("no", frames));
    THROWS(NULL_POINTER, none.uuid());
    THROWS(NULL_POINTER, none.is_valid());
    THROWS(NULL_POINTER, none.has_line_info());
    THROWS(NULL_POINTER, none.remap_class("a"));
}

} // namespace

int main()
{
    test_owners();
    test_errors();
    test_views();
    test_rules();
    test_frames();
    test_limits();
    test_globs();
    test_owners_of_files();
    test_proguard();
    return failures == 0 ? 0 : 1;
}
