/*
 * The recorded vectors of tests/vectors through C: the arguments are their paths, in the
 * order of `main`. JSON is read by cJSON.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "check.h"

enum { MOST = 32 }; /* frames of a case */

static cJSON *load(const char *path)
{
    cJSON *json;
    char *text;
    long len;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (len = ftell(file)) < 0) {
        perror(path);
        exit(2);
    }
    rewind(file);
    text = malloc((size_t)len);
    if (text == NULL || fread(text, 1, (size_t)len, file) != (size_t)len) exit(2);
    fclose(file);
    json = cJSON_ParseWithLength(text, (size_t)len);
    free(text);
    if (json == NULL) exit(2);
    return json;
}

static const cJSON *at(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (item == NULL) {
        fprintf(stderr, "no `%s` in a vector\n", key);
        exit(2);
    }
    return item;
}

/* A text, or NULL for null. */
static const char *string(const cJSON *item) { return cJSON_GetStringValue(item); }

static OphioSlice text(const cJSON *object, const char *key)
{
    return slice(string(at(object, key)));
}

static uint8_t tristate(const cJSON *item)
{
    if (cJSON_IsNull(item)) return OPHIO_TRISTATE_MISSING;
    return cJSON_IsTrue(item) ? OPHIO_TRISTATE_TRUE : OPHIO_TRISTATE_FALSE;
}

/* Whether bytes are the text of an item, or empty where that is null. */
static int same(const uint8_t *data, size_t len, const cJSON *item)
{
    const char *expected = string(item) == NULL ? "" : string(item);
    return len == strlen(expected) && (len == 0 || memcmp(data, expected, len) == 0);
}

static OphioEnhancementsFrame frame_of(const cJSON *item)
{
    OphioEnhancementsFrame frame;
    memset(&frame, 0, sizeof frame);
    frame.category = text(item, "category");
    frame.family = text(item, "family");
    frame.function = text(item, "function");
    frame.module = text(item, "module");
    frame.package = text(item, "package");
    frame.path = text(item, "path");
    frame.in_app = tristate(at(item, "in_app"));
    if (!cJSON_IsNull(at(item, "orig_in_app"))) {
        frame.has_orig_in_app = 1;
        frame.orig_in_app = (int8_t)at(item, "orig_in_app")->valueint;
    }
    return frame;
}

static void check_case(const cJSON *item)
{
    const cJSON *each, *expected = at(item, "assembled");
    int before = failures;
    size_t len = 0, n;
    OphioEnhancementsFrame frames[MOST];
    OphioEnhancementsAppliedFrame applied[MOST];
    OphioEnhancementsComponent components[MOST];
    OphioEnhancementsAssembleResult result;
    OphioEnhancementsExceptionData exception;
    OphioEnhancements *rules = NULL;
    GOOD(ophio_enhancements_parse(TEXT(string(at(item, "rules"))), NULL, &rules));

    CHECK(rules != NULL);
    exception.ty = text(at(item, "exception"), "ty");
    exception.value = text(at(item, "exception"), "value");
    exception.mechanism = text(at(item, "exception"), "mechanism");
    cJSON_ArrayForEach(each, at(item, "frames"))
    {
        components[len].contributes =
            tristate(cJSON_GetArrayItem(at(item, "components"), (int)len));
        components[len].hint = 0;
        frames[len++] = frame_of(each);
    }

    CHECK(ophio_enhancements_apply(rules, frames, len, FRAME_SIZE, &exception, applied,
                                   APPLIED_SIZE) == OPHIO_STATUS_OK);
    for (n = 0; n < len; n++) {
        const cJSON *pair = cJSON_GetArrayItem(at(item, "applied"), (int)n);
        const cJSON *category = cJSON_GetArrayItem(pair, 0);
        CHECK(applied[n].in_app == tristate(cJSON_GetArrayItem(pair, 1)));
        if (applied[n].category < 0) {
            CHECK(same(frames[n].category.data, frames[n].category.len, category));
        } else {
            OphioStr name;
            CHECK(ophio_enhancements_category(rules, (uint32_t)applied[n].category, &name) ==
                  OPHIO_STATUS_OK);
            CHECK(same(name.data, name.len, category));
            ophio_str_free(&name);
        }
    }

    CHECK(ophio_enhancements_assemble(rules, frames, len, FRAME_SIZE, &exception, components,
                                      len, COMPONENT_SIZE, &result) == OPHIO_STATUS_OK);
    CHECK(result.contributes == cJSON_IsTrue(at(expected, "contributes")));
    CHECK(result.invert_stacktrace == cJSON_IsTrue(at(expected, "invert_stacktrace")));
    CHECK(same(result.hint.data, result.hint.len, at(expected, "hint")));
    ophio_str_free(&result.hint);
    for (n = 0; n < len; n++) {
        const cJSON *pair = cJSON_GetArrayItem(at(expected, "components"), (int)n);
        CHECK(components[n].contributes == tristate(cJSON_GetArrayItem(pair, 0)));
        if (components[n].hint == 0) {
            CHECK(cJSON_IsNull(cJSON_GetArrayItem(pair, 1)));
        } else {
            OphioStr hint;
            CHECK(ophio_enhancements_hint(rules, components[n].hint, &hint) == OPHIO_STATUS_OK);
            CHECK(same(hint.data, hint.len, cJSON_GetArrayItem(pair, 1)));
            ophio_str_free(&hint);
        }
    }
    ophio_enhancements_free(&rules);
    if (failures != before) fprintf(stderr, "in the case `%s`\n", string(at(item, "name")));
}

static void test_enhancements(const cJSON *vectors)
{
    const cJSON *each;
    CHECK(cJSON_GetArraySize(at(vectors, "cases")) > 100);
    cJSON_ArrayForEach(each, at(vectors, "cases")) check_case(each);
}

static void test_glob(const cJSON *vectors)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } options[] = {{"double_star", OPHIO_GLOB_OPTION_DOUBLE_STAR},
                   {"case_insensitive", OPHIO_GLOB_OPTION_CASE_INSENSITIVE},
                   {"path_normalize", OPHIO_GLOB_OPTION_PATH_NORMALIZE},
                   {"allow_newline", OPHIO_GLOB_OPTION_ALLOW_NEWLINE}};
    const cJSON *each;
    CHECK(cJSON_GetArraySize(at(vectors, "cases")) > 1000);
    cJSON_ArrayForEach(each, at(vectors, "cases"))
    {
        OphioGlob *glob = NULL;
        bool matched = false;
        uint32_t chosen = 0;
        size_t n;
        for (n = 0; n < sizeof options / sizeof *options; n++) {
            if (cJSON_IsTrue(at(each, options[n].name))) chosen |= options[n].bit;
        }
        GOOD(ophio_glob_new(TEXT(string(at(each, "pattern"))), chosen, NULL, &glob));
        CHECK(glob != NULL);
        GOOD(ophio_glob_is_match(glob, TEXT(string(at(each, "value"))), &matched));
        CHECK(matched == cJSON_IsTrue(at(each, "matches")));
        ophio_glob_free(&glob);
    }
}

/* A MessagePack array of one path, which is shorter than 256 bytes. */
static size_t pack_path(const char *path, uint8_t *packed)
{
    size_t len = strlen(path);
    packed[0] = 0x91;
    packed[1] = 0xd9;
    packed[2] = (uint8_t)len;
    memcpy(packed + 3, path, len);
    return len + 3;
}

static void check_owners(const cJSON *item)
{
    const cJSON *each, *expected = at(item, "owners")->child;
    OphioCodeownersDialect dialect = strcmp(string(at(item, "dialect")), "github") == 0
                                         ? OPHIO_CODEOWNERS_DIALECT_GITHUB
                                         : OPHIO_CODEOWNERS_DIALECT_GITLAB;
    OphioCodeownersCounts counts;
    OphioCodeowners *file = NULL;

    GOOD(
        ophio_codeowners_parse(TEXT(string(at(item, "text"))), (uint32_t)dialect, 10000, &file));
    CHECK(ophio_codeowners_counts(file, &counts) == OPHIO_STATUS_OK && counts.sections <= MOST);
    cJSON_ArrayForEach(each, at(item, "paths"))
    {
        uint8_t packed[300];
        uint32_t winners[MOST];
        size_t section, owner, found = 0;
        size_t len = pack_path(string(each), packed);
        CHECK(ophio_codeowners_find_packed(file, packed, len, winners, counts.sections) ==
              OPHIO_STATUS_OK);
        for (section = 0; section < counts.sections; section++) {
            OphioCodeownersRule rule;
            if (winners[section] == UINT32_MAX) continue;
            CHECK(ophio_codeowners_rule(file, winners[section], &rule) == OPHIO_STATUS_OK);
            for (owner = 0; owner < rule.owners; owner++) {
                OphioSlice name;
                CHECK(ophio_codeowners_owner(file, winners[section], owner, &name) ==
                      OPHIO_STATUS_OK);
                CHECK(same(name.data, name.len, cJSON_GetArrayItem(expected, (int)found++)));
            }
        }
        CHECK((size_t)cJSON_GetArraySize(expected) == found);
        expected = expected->next;
    }
    ophio_codeowners_free(&file);
}

static void test_codeowners(const cJSON *vectors)
{
    const cJSON *each;
    CHECK(cJSON_GetArraySize(at(vectors, "matches")) > 100);
    cJSON_ArrayForEach(each, at(vectors, "matches"))
    {
        bool matched = false;
        GOOD(ophio_codeowners_is_path_match(TEXT(string(at(each, "path"))),
                                            TEXT(string(at(each, "pattern"))), &matched));
        CHECK(matched == cJSON_IsTrue(at(each, "matches")));
    }
    cJSON_ArrayForEach(each, at(vectors, "files")) check_owners(each);
}

static void test_proguard(const cJSON *vectors)
{
    const cJSON *each;
    uint8_t uuid[16];
    char printed[37];
    OphioProguard *mapper = NULL;
    bool has_lines = false;
    size_t n, len = 0;

    GOOD(ophio_proguard_new(TEXT(string(at(vectors, "mapping"))), &mapper));
    CHECK(ophio_proguard_uuid(mapper, uuid) == OPHIO_STATUS_OK);
    for (n = 0; n < 16; n++) {
        len += (size_t)snprintf(printed + len, sizeof printed - len, "%s%02x",
                                n == 4 || n == 6 || n == 8 || n == 10 ? "-" : "", uuid[n]);
    }
    CHECK(strcmp(printed, string(at(vectors, "uuid"))) == 0);
    GOOD(ophio_proguard_has_line_info(mapper, &has_lines));
    CHECK(has_lines == cJSON_IsTrue(at(vectors, "has_line_info")));
    cJSON_ArrayForEach(each, at(vectors, "classes"))
    {
        OphioSlice original;
        CHECK(ophio_proguard_remap_class(mapper, TEXT(string(each->child)), &original) ==
              OPHIO_STATUS_OK);
        CHECK(same(original.data, original.len, each->child->next));
    }
    CHECK(cJSON_GetArraySize(at(vectors, "methods")) > 10);
    cJSON_ArrayForEach(each, at(vectors, "methods"))
    {
        const cJSON *klass = each->child, *method = klass->next, *told = method->next;
        OphioSlice original_class, original_method;
        CHECK(ophio_proguard_remap_method(mapper, TEXT(string(klass)), TEXT(string(method)),
                                          &original_class,
                                          &original_method) == OPHIO_STATUS_OK);
        if (cJSON_IsNull(told)) {
            CHECK(original_class.data == NULL && original_method.data == NULL);
        } else {
            CHECK(same(original_class.data, original_class.len, told->child));
            CHECK(same(original_method.data, original_method.len, told->child->next));
        }
    }
    ophio_proguard_free(&mapper);
}

int main(int argc, char **argv)
{
    static void (*const tests[])(const cJSON *) = {test_enhancements, test_glob, test_codeowners,
                                                   test_proguard};
    int each;
    if (argc != 5) {
        fprintf(stderr, "usage: %s enhancements.json glob.json codeowners.json proguard.json\n",
                argv[0]);
        return 2;
    }
    for (each = 0; each < 4; each++) {
        cJSON *vectors = load(argv[each + 1]);
        tests[each](vectors);
        cJSON_Delete(vectors);
    }
    return report();
}
