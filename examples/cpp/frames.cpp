// Prints what rules do to a stack trace, frame by frame.
//
//     frames RULES STACKTRACE.json
//
// The same as examples/c/frames.c, with ophio.hpp. JSON is read by nlohmann-json.
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ophio.hpp>
#include <string>
#include <vector>

using nlohmann::json;

namespace {

std::string read_file(const char *path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(std::string(path) + " cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

// A text of an object, which has to live on; one that is not there is missing.
OphioSlice text(const json &object, const char *key)
{
    const auto found = object.find(key);
    return found == object.end() || !found->is_string()
               ? ophio::missing
               : ophio::text(found->get_ref<const std::string &>());
}

OphioEnhancementsFrame frame_of(const json &object)
{
    OphioEnhancementsFrame frame{};
    frame.category = text(object, "category");
    frame.family = text(object, "family");
    frame.function = text(object, "function");
    frame.module = text(object, "module");
    frame.package = text(object, "package");
    frame.path = text(object, "path");
    if (object.contains("in_app") && object["in_app"].is_boolean()) {
        frame.in_app = ophio::to_tristate(object["in_app"].get<bool>());
    }
    return frame;
}

const char *word(std::uint8_t value)
{
    const std::optional<bool> known = ophio::from_tristate(value);
    return !known ? "?" : *known ? "yes" : "no";
}

void print(const char *rules_path, const char *json_path)
{
    const ophio::enhancements rules{read_file(rules_path)};
    const json trace = json::parse(read_file(json_path));
    const json error = trace.value("exception", json::object());
    const OphioEnhancementsExceptionData exception{text(error, "ty"), text(error, "value"),
                                                   text(error, "mechanism")};
    std::vector<OphioEnhancementsFrame> frames;
    for (const json &each : trace.at("frames")) frames.push_back(frame_of(each));

    // Whose code is it? The answer goes into the frames: the second question looks at it.
    std::vector<OphioEnhancementsAppliedFrame> applied(frames.size());
    std::vector<OphioEnhancementsComponent> components(frames.size());
    std::vector<ophio::string> categories(frames.size());
    rules.apply(frames, &exception, applied);
    for (std::size_t n = 0; n < frames.size(); n++) {
        frames[n].in_app = components[n].contributes = applied[n].in_app;
        if (applied[n].category >= 0) {
            categories[n] = rules.category(static_cast<std::uint32_t>(applied[n].category));
            frames[n].category = ophio::text(categories[n]);
        }
    }
    // What counts?
    const ophio::assembled result = rules.assemble(frames, &exception, components);

    const auto cell = [](int width, std::string_view value) {
        std::cout << std::left << std::setw(width) << value << ' ';
    };
    const auto row = [&](auto in_app, auto counts, auto category, auto function, auto hint) {
        cell(7, in_app), cell(7, counts), cell(9, category), cell(14, function);
        std::cout << hint << '\n';
    };
    row("in-app", "counts", "category", "function", "hint");
    for (std::size_t n = 0; n < frames.size(); n++) {
        const ophio::string hint =
            components[n].hint == 0 ? ophio::string{} : rules.hint(components[n].hint);
        row(word(frames[n].in_app), word(components[n].contributes),
            ophio::view(frames[n].category), ophio::view(frames[n].function), hint.view());
    }
    std::cout << "\nThe stack trace counts: " << (result.contributes ? "yes" : "no") << ". "
              << result.hint.view() << '\n';
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " RULES STACKTRACE.json\n";
        return 2;
    }
    try {
        print(argv[1], argv[2]);
    } catch (const std::exception &error) { // an ophio::error is one
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
