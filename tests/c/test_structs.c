/*
 * The rules asked with arrays of C structs: what C programs do and Python does not.
 *
 * tests/test_c.py compiles and runs this. Exit code 0 is success; each failed check is
 * printed with its line.
 */
#include "check.h"

/* A frame of native code; the texts that are not given are missing. */
static OphioEnhancementsFrame frame(const char *function, uint8_t in_app)
{
    OphioEnhancementsFrame f;
    memset(&f, 0, sizeof f);
    f.family = slice("native");
    f.function = slice(function);
    f.in_app = in_app;
    return f;
}

static int equals(OphioStr text, const char *expected)
{
    int same = text.len == strlen(expected) &&
               (text.len == 0 || memcmp(text.data, expected, text.len) == 0);
    if (!same) fprintf(stderr, "found: %.*s\n", (int)text.len, (const char *)text.data);
    return same;
}

static OphioEnhancements *parse(const char *rules, const OphioEnhancementsCache *cache)
{
    OphioEnhancements *made = NULL;
    ophio_enhancements_parse(TEXT(rules), cache, &made);
    return made;
}

static void test_apply(void)
{
    OphioEnhancementsCache *cache = NULL;
    GOOD(ophio_enhancements_cache_new(10, &cache));
    OphioEnhancements *rules = parse("function:std::* -app category=std\n"
                                     "type:Panic function:main +app\n",
                                     cache);
    OphioEnhancementsFrame frames[3];
    OphioEnhancementsAppliedFrame applied[3];
    OphioEnhancementsExceptionData exception;
    OphioStr text;

    CHECK(cache != NULL && rules != NULL);
    CHECK(ophio_enhancements_len(rules) == 2);
    ophio_enhancements_cache_free(&cache); /* rules do not need it */

    frames[0] = frame("main", OPHIO_TRISTATE_MISSING);
    frames[1] = frame("std::panicking", OPHIO_TRISTATE_TRUE);
    frames[2] = frame(NULL, OPHIO_TRISTATE_TRUE);
    memset(&exception, 0, sizeof exception);
    exception.ty = slice("Panic");

    CHECK(ophio_enhancements_apply(rules, frames, 3, FRAME_SIZE, &exception, applied,
                                   APPLIED_SIZE) == OPHIO_STATUS_OK);
    CHECK(applied[0].in_app == OPHIO_TRISTATE_TRUE && applied[0].category == -1);
    CHECK(applied[1].in_app == OPHIO_TRISTATE_FALSE && applied[1].category == 0);
    CHECK(applied[2].in_app == OPHIO_TRISTATE_TRUE && applied[2].category == -1);

    /* Without the exception the second rule does not match. */
    CHECK(ophio_enhancements_apply(rules, frames, 3, FRAME_SIZE, NULL, applied, APPLIED_SIZE) ==
          OPHIO_STATUS_OK);
    CHECK(applied[0].in_app == OPHIO_TRISTATE_MISSING);

    CHECK(ophio_enhancements_category(rules, 0, &text) == OPHIO_STATUS_OK);
    CHECK(equals(text, "std"));
    ophio_str_free(&text);
    CHECK(ophio_enhancements_category(rules, 1, &text) == OPHIO_STATUS_OUT_OF_RANGE);
    CHECK(ophio_enhancements_rule(rules, 0, &text) == OPHIO_STATUS_OK);
    CHECK(equals(text, "function:std::* -app category=std"));
    ophio_str_free(&text);
    CHECK(ophio_enhancements_rule(rules, 2, &text) == OPHIO_STATUS_OUT_OF_RANGE);
    ophio_enhancements_free(&rules);
}

static void test_assemble(void)
{
    OphioEnhancements *rules = parse("function:noise -group\n"
                                     "function:main max-frames=5 invert-stacktrace=1\n",
                                     NULL);
    OphioEnhancements *strict = parse("function:main min-frames=9\n", NULL);
    OphioEnhancementsFrame frames[2];
    OphioEnhancementsComponent components[2];
    OphioEnhancementsAssembleResult result;
    OphioStr text;

    CHECK(rules != NULL && strict != NULL);
    frames[0] = frame("main", OPHIO_TRISTATE_TRUE);
    frames[1] = frame("noise", OPHIO_TRISTATE_TRUE);
    components[0].contributes = OPHIO_TRISTATE_TRUE;
    components[0].hint = 0;
    components[1] = components[0];

    CHECK(ophio_enhancements_assemble(rules, frames, 2, FRAME_SIZE, NULL, components, 2,
                                      COMPONENT_SIZE, &result) == OPHIO_STATUS_OK);
    CHECK(result.contributes && result.invert_stacktrace);
    CHECK(equals(result.hint, ""));
    ophio_str_free(&result.hint);
    CHECK(components[0].contributes == OPHIO_TRISTATE_TRUE && components[0].hint == 0);
    CHECK(components[1].contributes == OPHIO_TRISTATE_FALSE && components[1].hint != 0);
    CHECK(ophio_enhancements_hint(rules, components[1].hint, &text) == OPHIO_STATUS_OK);
    CHECK(equals(text, "ignored by stack trace rule (function:noise -group)"));
    ophio_str_free(&text);
    CHECK(ophio_enhancements_hint(rules, 0, &text) == OPHIO_STATUS_OUT_OF_RANGE);

    /* Too few frames: the stack trace as a whole does not count, and says why. */
    CHECK(ophio_enhancements_assemble(strict, frames, 2, FRAME_SIZE, NULL, components, 2,
                                      COMPONENT_SIZE, &result) == OPHIO_STATUS_OK);
    CHECK(!result.contributes && !result.invert_stacktrace);
    CHECK(result.hint.len > 0);
    ophio_str_free(&result.hint);

    /* Rules of both, and each twice where a set is extended by itself. */
    CHECK(ophio_enhancements_extend_from(rules, strict) == OPHIO_STATUS_OK);
    CHECK(ophio_enhancements_extend_from(rules, rules) == OPHIO_STATUS_OK);
    CHECK(ophio_enhancements_len(rules) == 6);
    ophio_enhancements_free(&strict);
    ophio_enhancements_free(&rules);
}

/* Structs that are packed once are answered as the structs are. */
static void test_pack(void)
{
    OphioEnhancements *rules = parse("function:std::* -app category=std\n", NULL);
    OphioEnhancementsFrame frames[2];
    OphioEnhancementsAppliedFrame applied[2];
    OphioStr packed;
    uint32_t codes[3];
    size_t i;

    CHECK(rules != NULL);
    frames[0] = frame("main", OPHIO_TRISTATE_MISSING);
    frames[1] = frame("std::panicking", OPHIO_TRISTATE_TRUE);
    CHECK(ophio_enhancements_apply(rules, frames, 2, FRAME_SIZE, NULL, applied, APPLIED_SIZE) ==
          OPHIO_STATUS_OK);

    CHECK(ophio_enhancements_stacktrace_pack(frames, 2, FRAME_SIZE, NULL, &packed) ==
          OPHIO_STATUS_OK);
    CHECK(ophio_enhancements_apply_packed(rules, packed.data, packed.len, codes, 3) ==
          OPHIO_STATUS_OK);
    for (i = 0; i < 2; i++) {
        CHECK(codes[i] % 3 == applied[i].in_app);
        CHECK((int32_t)(codes[i] / 3) == (applied[i].category < 0 ? 0 : applied[i].category + 2));
    }
    CHECK(codes[2] == 0); /* no frame came with a category */
    ophio_str_free(&packed);

    frames[1] = frame("\xff", OPHIO_TRISTATE_TRUE);
    CHECK(ophio_enhancements_stacktrace_pack(frames, 2, FRAME_SIZE, NULL, &packed) ==
          OPHIO_STATUS_INVALID_UTF8);
    CHECK(packed.data == NULL && packed.len == 0);
    CHECK(ophio_enhancements_stacktrace_pack(frames, 1, FRAME_SIZE, NULL, NULL) ==
          OPHIO_STATUS_NULL_POINTER);
    ophio_enhancements_free(&rules);
}

/* A call that fails has written nothing, and reports which argument is wrong. */
static void test_failures(void)
{
    OphioEnhancements *rules = parse("function:main -app -group\n", NULL);
    OphioEnhancementsFrame frames[2];
    OphioEnhancementsAppliedFrame applied[2];
    OphioEnhancementsComponent component;
    OphioEnhancementsAssembleResult result;
    OphioSlice message;

    CHECK(rules != NULL);
    frames[0] = frame("main", OPHIO_TRISTATE_TRUE);
    frames[1] = frame("\xff", OPHIO_TRISTATE_TRUE);
    memset(applied, 0x55, sizeof applied);
    CHECK(ophio_enhancements_apply(rules, frames, 2, FRAME_SIZE, NULL, applied, APPLIED_SIZE) ==
          OPHIO_STATUS_INVALID_UTF8);
    CHECK(applied[0].in_app == 0x55 && applied[1].in_app == 0x55);
    message = ophio_last_error_message();
    CHECK(message.len > 0 && ophio_last_error_code() == OPHIO_STATUS_INVALID_UTF8);
    ophio_last_error_clear();
    CHECK(ophio_last_error_message().len == 0 && ophio_last_error_code() == OPHIO_STATUS_OK);

    frames[1] = frame("f", 3);
    CHECK(ophio_enhancements_apply(rules, frames, 2, FRAME_SIZE, NULL, applied, APPLIED_SIZE) ==
          OPHIO_STATUS_INVALID_ARGUMENT);

    component.contributes = 9;
    component.hint = 77;
    memset(&result, 0, sizeof result);
    CHECK(ophio_enhancements_assemble(rules, frames, 1, FRAME_SIZE, NULL, &component, 1,
                                      COMPONENT_SIZE, &result) == OPHIO_STATUS_INVALID_ARGUMENT);
    CHECK(component.contributes == 9 && component.hint == 77);

    CHECK(ophio_enhancements_apply(NULL, frames, 1, FRAME_SIZE, NULL, applied, APPLIED_SIZE) ==
          OPHIO_STATUS_NULL_POINTER);
    CHECK(ophio_enhancements_apply(rules, NULL, 1, FRAME_SIZE, NULL, applied, APPLIED_SIZE) ==
          OPHIO_STATUS_NULL_POINTER);
    CHECK(ophio_enhancements_apply(rules, frames, 1, FRAME_SIZE, NULL, NULL, APPLIED_SIZE) ==
          OPHIO_STATUS_NULL_POINTER);
    CHECK(ophio_enhancements_apply(rules, NULL, 0, FRAME_SIZE, NULL, NULL, APPLIED_SIZE) ==
          OPHIO_STATUS_OK);
    CHECK(ophio_enhancements_assemble(rules, frames, 1, FRAME_SIZE, NULL, &component, 1,
                                      COMPONENT_SIZE, NULL) == OPHIO_STATUS_NULL_POINTER);
    CHECK(parse("function:main", NULL) == NULL);
    CHECK(ophio_last_error_code() == OPHIO_STATUS_SYNTAX);
    ophio_enhancements_free(&rules);
    ophio_enhancements_free(NULL);
    ophio_enhancements_cache_free(NULL);
}

static void test_version(void)
{
    OphioSlice version = ophio_version();
    CHECK(version.len == strlen(OPHIO_VERSION));
    CHECK(memcmp(version.data, OPHIO_VERSION, version.len) == 0);
    CHECK(ophio_abi_version() == 1);
}

int main(void)
{
    test_version();
    test_apply();
    test_assemble();
    test_pack();
    test_failures();
    return report();
}
