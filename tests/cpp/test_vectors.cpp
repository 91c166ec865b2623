// The recorded vectors of tests/vectors through C++: the arguments are their paths, in the
// order of `main`. JSON is read by the library nlohmann-json.
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "check.hpp"

using nlohmann::json;

namespace {

OphioSlice slice(const json &value)
{
    return value.is_null() ? ophio::missing : ophio::text(value.get_ref<const std::string &>());
}

std::optional<bool> tristate(const json &value)
{
    return value.is_null() ? std::nullopt : std::optional<bool>(value.get<bool>());
}

json optional(std::optional<bool> value) { return value ? json(*value) : json(); }

// A text as JSON, or null where there is none.
json optional(std::string_view text, bool there)
{
    return there ? json(std::string(text)) : json();
}

void test_enhancements(const json &vectors)
{
    CHECK(vectors["cases"].size() > 100);
    const ophio::cache cache{100};
    for (const json &item : vectors["cases"]) {
        const ophio::enhancements rules{item["rules"].get_ref<const std::string &>(), cache};
        const OphioEnhancementsExceptionData exception{slice(item["exception"]["ty"]),
                                                       slice(item["exception"]["value"]),
                                                       slice(item["exception"]["mechanism"])};
        std::vector<OphioEnhancementsFrame> frames;
        for (const json &each : item["frames"]) {
            OphioEnhancementsFrame frame{};
            frame.category = slice(each["category"]);
            frame.family = slice(each["family"]);
            frame.function = slice(each["function"]);
            frame.module = slice(each["module"]);
            frame.package = slice(each["package"]);
            frame.path = slice(each["path"]);
            frame.in_app = ophio::to_tristate(tristate(each["in_app"]));
            frame.has_orig_in_app = !each["orig_in_app"].is_null();
            if (frame.has_orig_in_app) frame.orig_in_app = each["orig_in_app"].get<std::int8_t>();
            frames.push_back(frame);
        }

        std::vector<OphioEnhancementsAppliedFrame> applied(frames.size());
        rules.apply(frames, &exception, applied);
        json told = json::array();
        for (std::size_t n = 0; n < frames.size(); n++) {
            const json category =
                applied[n].category < 0
                    ? optional(ophio::view(frames[n].category), frames[n].category.data != nullptr)
                    : json(std::string(
                          rules.category(static_cast<std::uint32_t>(applied[n].category)).view()));
            told.push_back({category, optional(ophio::from_tristate(applied[n].in_app))});
        }
        CHECK(told == item["applied"]);

        std::vector<OphioEnhancementsComponent> components;
        for (const json &each : item["components"]) {
            components.push_back({0, ophio::to_tristate(tristate(each))});
        }
        const ophio::assembled result = rules.assemble(frames, &exception, components);
        json judged = json::array();
        for (const OphioEnhancementsComponent &each : components) {
            judged.push_back({optional(ophio::from_tristate(each.contributes)),
                              each.hint == 0 ? json() : json(std::string(rules.hint(each.hint)))});
        }
        CHECK(json{{"contributes", result.contributes},
                   {"hint", optional(result.hint, !result.hint.empty())},
                   {"invert_stacktrace", result.invert_stacktrace},
                   {"components", judged}} == item["assembled"]);
    }
}

void test_glob(const json &vectors)
{
    CHECK(vectors["cases"].size() > 1000);
    for (const json &item : vectors["cases"]) {
        unsigned options = 0;
        if (item["double_star"]) options |= OPHIO_GLOB_OPTION_DOUBLE_STAR;
        if (item["case_insensitive"]) options |= OPHIO_GLOB_OPTION_CASE_INSENSITIVE;
        if (item["path_normalize"]) options |= OPHIO_GLOB_OPTION_PATH_NORMALIZE;
        if (item["allow_newline"]) options |= OPHIO_GLOB_OPTION_ALLOW_NEWLINE;
        const ophio::glob glob{item["pattern"].get_ref<const std::string &>(), options};
        CHECK(glob.is_match(item["value"].get_ref<const std::string &>()) == item["matches"]);
    }
}

void test_codeowners(const json &vectors)
{
    CHECK(vectors["matches"].size() > 100);
    for (const json &item : vectors["matches"]) {
        CHECK(ophio::codeowners::is_path_match(item["path"].get_ref<const std::string &>(),
                                               item["pattern"].get_ref<const std::string &>()) ==
              item["matches"]);
    }
    for (const json &item : vectors["files"]) {
        const ophio::codeowners file{item["text"].get_ref<const std::string &>(),
                                     item["dialect"] == "github"
                                         ? OPHIO_CODEOWNERS_DIALECT_GITHUB
                                         : OPHIO_CODEOWNERS_DIALECT_GITLAB};
        for (std::size_t n = 0; n < item["paths"].size(); n++) {
            const std::vector<std::uint8_t> packed =
                json::to_msgpack(json::array({item["paths"][n]}));
            std::vector<std::uint32_t> winners(file.counts().sections);
            file.find_packed({reinterpret_cast<const char *>(packed.data()), packed.size()},
                             winners);
            json owners = json::array();
            for (std::uint32_t winner : winners) {
                if (winner == UINT32_MAX) continue;
                for (std::size_t each = 0; each < file.rule(winner).owners; each++) {
                    owners.push_back(std::string(file.owner(winner, each)));
                }
            }
            CHECK(owners == item["owners"][n]);
        }
    }
}

void test_proguard(const json &vectors)
{
    const ophio::proguard mapper{vectors["mapping"].get_ref<const std::string &>()};
    std::string uuid;
    for (std::uint8_t byte : mapper.uuid()) {
        if (uuid.size() == 8 || uuid.size() == 13 || uuid.size() == 18 || uuid.size() == 23) {
            uuid += '-';
        }
        uuid += "0123456789abcdef"[byte >> 4];
        uuid += "0123456789abcdef"[byte & 15];
    }
    CHECK(uuid == vectors["uuid"]);
    CHECK(mapper.has_line_info() == vectors["has_line_info"]);
    for (const json &item : vectors["classes"]) {
        const std::string_view told = mapper.remap_class(item[0].get_ref<const std::string &>());
        CHECK(optional(told, told.data() != nullptr) == item[1]);
    }
    CHECK(vectors["methods"].size() > 10);
    for (const json &item : vectors["methods"]) {
        const auto told = mapper.remap_method(item[0].get_ref<const std::string &>(),
                                              item[1].get_ref<const std::string &>());
        CHECK((told.method.data() == nullptr
                   ? json()
                   : json{std::string(told.class_name), std::string(told.method)}) == item[2]);
    }
}

json load(const char *path)
{
    std::ifstream file(path);
    return json::parse(file);
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 5) {
        std::cerr << "usage: " << argv[0]
                  << " enhancements.json glob.json codeowners.json proguard.json\n";
        return 2;
    }
    test_enhancements(load(argv[1]));
    test_glob(load(argv[2]));
    test_codeowners(load(argv[3]));
    test_proguard(load(argv[4]));
    return failures == 0 ? 0 : 1;
}
