/*
 * Every function of ophio.h with good and with bad arguments.
 *
 * Bad ones are: NULL for a handle, for a place, and for a buffer with a length; lengths that
 * no buffer has; bytes that are no UTF-8; numbers out of range; MessagePack that is none.
 * Each is refused with the status that the header names, and nothing is written. NULL with
 * length 0 is valid: it is the empty text, which each function treats like any other text.
 */
#include <stdlib.h>

#include "arrow.h"
/* A call goes well, and says nothing. */
#define GOOD(call) CHECK((call) == OPHIO_STATUS_OK && ophio_last_error_code() == OPHIO_STATUS_OK)

#include "check.h"

/* Bytes that are no UTF-8. */
#define BAD (const uint8_t *)"a\xff", (size_t)2
/* A buffer that must be there and is not. */
#define NONE (const uint8_t *)NULL, (size_t)1
/* The empty one. */
#define EMPTY (const uint8_t *)NULL, (size_t)0
/* More than memory can hold: -1 in the callers that get this wrong. */
#define HUGE_TEXT (const uint8_t *)"a", SIZE_MAX

/* Whether the last error of this thread is this one, with a message; forgets it. */
static int told(OphioStatus status)
{
    int right = ophio_last_error_code() == status && ophio_last_error_message().len > 0;
    if (!right) {
        fprintf(stderr, "expected status %d, found %d: %.*s\n", (int)status,
                (int)ophio_last_error_code(), (int)ophio_last_error_message().len,
                (const char *)ophio_last_error_message().data);
    }
    ophio_last_error_clear();
    return right;
}

/* A place that a failing call must leave as it is. */
static uint8_t untouched;

/* A call that returns a status fails with this one. */
#define REFUSED(call, status) CHECK((call) == (status) && told(status))
/* A call that makes an object, in the place `made`, fails with this status. */
#define NO_HANDLE(call, status)                                                                 \
    do {                                                                                        \
        void *object = &untouched;                                                              \
        void *made = (void *)&object;                                                           \
        REFUSED(call, status);                                                                  \
        CHECK(object == &untouched);                                                            \
    } while (0)
/* A call that writes a yes or no to `answer`, or a number to `count`, fails so. */
#define NO_ANSWER(call, status)                                                                 \
    do {                                                                                        \
        bool yes = true;                                                                        \
        bool *answer = &yes;                                                                    \
        size_t number = 77;                                                                     \
        size_t *count = &number;                                                                \
        (void)answer;                                                                           \
        (void)count;                                                                            \
        REFUSED(call, status);                                                                  \
        CHECK(yes &&number == 77);                                                              \
    } while (0)
/* A call that writes a yes or no to `answer` writes this one. */
#define ANSWERS(call, expected)                                                                 \
    do {                                                                                        \
        bool yes = !(expected);                                                                 \
        bool *answer = &yes;                                                                    \
        GOOD(call);                                                                             \
        CHECK(yes == (expected));                                                               \
    } while (0)
/* A call fails with a status, which it returns as a negative number. */
#define MINUS(call, status) CHECK((call) == -(int32_t)(status) && told(status))
/* A list, and a buffer for what `ophio_parameterization_parameterize_text` writes. */
#define BUFFER(list, data, length) &(OphioParameterizationBuffer){(list), (data), (length)}
#define NULL_POINTER OPHIO_STATUS_NULL_POINTER
#define INVALID_ARGUMENT OPHIO_STATUS_INVALID_ARGUMENT
#define INVALID_UTF8 OPHIO_STATUS_INVALID_UTF8
#define OUT_OF_RANGE OPHIO_STATUS_OUT_OF_RANGE
#define SYNTAX OPHIO_STATUS_SYNTAX
#define FINGERPRINTS OPHIO_STATUS_FINGERPRINTS
#define EVENT OPHIO_STATUS_EVENT
#define LIMIT OPHIO_STATUS_LIMIT
#define SCHEMA OPHIO_STATUS_SCHEMA

static const OphioStr SENTINEL = {&untouched, 77};

static int is_untouched(const OphioStr *string)
{
    return string->data == &untouched && string->len == 77;
}

/* Refuses, and leaves the place `string` alone. */
#define REFUSED_STR(call, status)                                                      \
    do {                                                                               \
        OphioStr string = SENTINEL;                                                    \
        OphioStr *place = &string;                                                     \
        REFUSED(call, status);                                                         \
        CHECK(is_untouched(place));                                                    \
    } while (0)

/* Writes a text with `needle` in it. */
#define GOOD_STR(call, needle)                                                         \
    do {                                                                               \
        OphioStr string = {NULL, 0};                                                   \
        OphioStr *place = &string;                                                     \
        GOOD(call);                                                                    \
        CHECK(contains(place, needle));                                                \
        ophio_str_free(place);                                                         \
        CHECK(string.data == NULL && string.len == 0);                                 \
        ophio_str_free(place); /* a freed one is the empty one */                      \
    } while (0)

static int contains(const OphioStr *string, const char *needle)
{
    size_t len = strlen(needle), at;
    for (at = 0; at + len <= string->len; at++) {
        if (len == 0 || memcmp(string->data + at, needle, len) == 0) return 1;
    }
    fprintf(stderr, "no `%s` in: %.*s\n", needle, (int)string->len, (const char *)string->data);
    return 0;
}

static OphioEnhancements *parse(const char *rules)
{
    OphioEnhancements *made = NULL;
    GOOD(ophio_enhancements_parse(TEXT(rules), NULL, &made));
    CHECK(made != NULL);
    return made;
}

/* A stack trace of one frame, packed. */
static OphioStr packed_frame(void)
{
    OphioStr packed = {NULL, 0};
    OphioEnhancementsFrame frame;
    memset(&frame, 0, sizeof frame);
    frame.function = slice("main");
    frame.in_app = OPHIO_TRISTATE_TRUE;
    GOOD(ophio_enhancements_stacktrace_pack(&frame, 1, FRAME_SIZE, NULL, &packed));
    return packed;
}

/* --- the library itself ------------------------------------------------------------ */

static void test_library(void)
{
    OphioSlice version = ophio_version();
    OphioStr empty = {NULL, 0};
    CHECK(version.len == strlen(OPHIO_VERSION));
    CHECK(memcmp(version.data, OPHIO_VERSION, version.len) == 0);
    CHECK(ophio_abi_version() == 1);
    CHECK(strncmp((const char *)ophio_enhancements_frame_fields().data, "category\n", 9) == 0);
    CHECK(ophio_enhancements_exception_fields().len == strlen("ty\nvalue\nmechanism"));

    ophio_last_error_clear();
    CHECK(ophio_last_error_code() == OPHIO_STATUS_OK);
    CHECK(ophio_last_error_message().len == 0);
    NO_HANDLE(ophio_enhancements_parse(NONE, NULL, made), NULL_POINTER);

    ophio_str_free(NULL);
    ophio_str_free(&empty);
}

static void test_limits(void)
{
    size_t before = 7, most = 7;
    OphioEnhancements *rules = parse("app:no -group\napp:yes -group");
    OphioEnhancementsFrame frames[2];
    OphioStr packed = {NULL, 0};

    REFUSED(ophio_limits_get(OPHIO_LIMIT_RULES, NULL), NULL_POINTER);
    REFUSED(ophio_limits_get(99, &most), INVALID_ARGUMENT);
    REFUSED(ophio_limits_set(99, 1), INVALID_ARGUMENT);
    CHECK(most == 7);

    GOOD(ophio_limits_get(OPHIO_LIMIT_RULES, &before));
    GOOD(ophio_limits_set(OPHIO_LIMIT_RULES, 3));
    GOOD(ophio_limits_get(OPHIO_LIMIT_RULES, &most));
    CHECK(most == 3);
    REFUSED(ophio_enhancements_extend_from(rules, rules), OPHIO_STATUS_LIMIT);
    CHECK(ophio_enhancements_len(rules) == 2);
    GOOD(ophio_limits_set(OPHIO_LIMIT_RULES, before));
    GOOD(ophio_enhancements_extend_from(rules, rules));
    ophio_enhancements_free(&rules);

    memset(frames, 0, sizeof frames);
    GOOD(ophio_limits_get(OPHIO_LIMIT_FRAMES, &before));
    GOOD(ophio_limits_set(OPHIO_LIMIT_FRAMES, 1));
    REFUSED(ophio_enhancements_stacktrace_pack(frames, 2, FRAME_SIZE, NULL, &packed),
            OPHIO_STATUS_LIMIT);
    GOOD(ophio_limits_set(OPHIO_LIMIT_FRAMES, before));
}

static void test_freeing_null(void)
{
    ophio_enhancements_cache_free(NULL);
    ophio_codeowners_free(NULL);
    ophio_enhancements_diagnostics_free(NULL);
    ophio_enhancements_free(NULL);
    ophio_glob_free(NULL);
    ophio_glob_set_free(NULL);
    ophio_parameterization_free(NULL);
    ophio_enhancements_preview_free(NULL);
    ophio_enhancements_kept_free(NULL);
    ophio_proguard_free(NULL);
    ophio_fingerprints_free(NULL);
    CHECK(ophio_last_error_code() == OPHIO_STATUS_OK);
}

/* --- rules ------------------------------------------------------------------------- */

static void test_cache(void)
{
    OphioEnhancements *rules = NULL;
    OphioEnhancementsCache *none = NULL;
    GOOD(ophio_enhancements_cache_new(0, &none));
    OphioEnhancementsCache *vast = NULL;
    GOOD(ophio_enhancements_cache_new(SIZE_MAX, &vast));
    CHECK(none != NULL && vast != NULL);
    REFUSED(ophio_enhancements_cache_new(10, NULL), NULL_POINTER);
    GOOD(ophio_enhancements_parse(TEXT("app:no -group"), none, &rules));
    ophio_enhancements_free(&rules);
    GOOD(ophio_enhancements_parse(TEXT("app:no -group"), vast, &rules));
    ophio_enhancements_free(&rules);
    ophio_enhancements_cache_free(&none);
    ophio_enhancements_cache_free(&vast);
}

static void test_making_rules(void)
{
    OphioEnhancementsCache *cache = NULL;
    GOOD(ophio_enhancements_cache_new(10, &cache));
    OphioEnhancements *rules;
    OphioEnhancementsDiagnostics *list = NULL;

    GOOD(ophio_enhancements_new(&rules));
    CHECK(ophio_enhancements_len(rules) == 0);
    ophio_enhancements_free(&rules);

    GOOD(ophio_enhancements_parse(EMPTY, cache, &rules));
    CHECK(rules != NULL && ophio_enhancements_len(rules) == 0);
    ophio_enhancements_free(&rules);
    REFUSED(ophio_enhancements_new(NULL), NULL_POINTER);
    REFUSED(ophio_enhancements_parse(EMPTY, cache, NULL), NULL_POINTER);
    REFUSED(ophio_enhancements_from_config_structure(EMPTY, cache, NULL), NULL_POINTER);
    NO_HANDLE(ophio_enhancements_parse(NONE, cache, made), NULL_POINTER);
    NO_HANDLE(ophio_enhancements_parse(HUGE_TEXT, cache, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_enhancements_parse(BAD, cache, made), INVALID_UTF8);
    NO_HANDLE(ophio_enhancements_parse(TEXT("nonsense"), cache, made), SYNTAX);

    GOOD(
        ophio_enhancements_parse_lenient(TEXT("app:no -group +sentinel"), cache, &list, &rules));
    CHECK(ophio_enhancements_len(rules) == 1 && ophio_enhancements_diagnostics_len(list) == 1);
    ophio_enhancements_free(&rules);
    ophio_enhancements_diagnostics_free(&list);
    GOOD(ophio_enhancements_parse_lenient(EMPTY, cache, &list, &rules));
    CHECK(rules != NULL && ophio_enhancements_diagnostics_len(list) == 0);
    ophio_enhancements_free(&rules);
    ophio_enhancements_diagnostics_free(&list);
    list = NULL;
    NO_HANDLE(ophio_enhancements_parse_lenient(NONE, cache, &list, made), NULL_POINTER);
    NO_HANDLE(ophio_enhancements_parse_lenient(HUGE_TEXT, cache, &list, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_enhancements_parse_lenient(BAD, cache, &list, made), INVALID_UTF8);
    NO_HANDLE(ophio_enhancements_parse_lenient(TEXT("x"), cache, &list, made), SYNTAX);
    NO_HANDLE(ophio_enhancements_parse_lenient(TEXT("app:no -group"), cache, NULL, made),
              NULL_POINTER);
    CHECK(list == NULL);

    NO_HANDLE(ophio_enhancements_from_config_structure(NONE, cache, made), NULL_POINTER);
    NO_HANDLE(ophio_enhancements_from_config_structure(HUGE_TEXT, cache, made),
              INVALID_ARGUMENT);
    NO_HANDLE(ophio_enhancements_from_config_structure(EMPTY, cache, made), SYNTAX);
    NO_HANDLE(ophio_enhancements_from_config_structure(TEXT("no"), cache, made), SYNTAX);

    NO_HANDLE(ophio_enhancements_from_base64(NONE, false, made), NULL_POINTER);
    NO_HANDLE(ophio_enhancements_from_base64(HUGE_TEXT, false, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_enhancements_from_base64(BAD, false, made), INVALID_UTF8);
    NO_HANDLE(ophio_enhancements_from_base64(TEXT("?"), false, made), SYNTAX);
    NO_HANDLE(ophio_enhancements_from_base64(EMPTY, false, made), SYNTAX);
    ophio_enhancements_cache_free(&cache);
}

static void test_stored_rules(void)
{
    OphioEnhancements *rules = parse("function:main -app category=x"), *read;
    OphioStr data = {NULL, 0};

    GOOD(ophio_enhancements_to_config_structure(rules, 3, TEXT("base:1"), &data));
    GOOD(ophio_enhancements_from_config_structure(data.data, data.len, NULL, &read));
    ANSWERS(ophio_enhancements_equal(rules, read, answer), true);
    ophio_enhancements_free(&read);
    ophio_str_free(&data);
    REFUSED_STR(ophio_enhancements_to_config_structure(NULL, 3, EMPTY, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_to_config_structure(rules, 99, EMPTY, place), SYNTAX);
    REFUSED_STR(ophio_enhancements_to_config_structure(rules, 3, NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_to_config_structure(rules, 3, HUGE_TEXT, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_to_config_structure(rules, 3, BAD, place), INVALID_UTF8);
    REFUSED(ophio_enhancements_to_config_structure(rules, 3, EMPTY, NULL), NULL_POINTER);

    GOOD(ophio_enhancements_to_base64(rules, &data));
    GOOD(ophio_enhancements_from_base64(data.data, data.len, false, &read));
    ANSWERS(ophio_enhancements_equal(rules, read, answer), true);
    ophio_enhancements_free(&read);
    ophio_str_free(&data);
    REFUSED_STR(ophio_enhancements_to_base64(NULL, place), NULL_POINTER);
    REFUSED(ophio_enhancements_to_base64(rules, NULL), NULL_POINTER);

    GOOD_STR(ophio_enhancements_to_text(rules, place), "function:main");
    REFUSED_STR(ophio_enhancements_to_text(NULL, place), NULL_POINTER);
    REFUSED(ophio_enhancements_to_text(rules, NULL), NULL_POINTER);
    ophio_enhancements_free(&rules);
}

static void test_asking_about_rules(void)
{
    OphioEnhancements *rules = parse("function:main -app category=x"), *part;
    OphioEnhancements *other = parse("app:no -group");

    CHECK(ophio_enhancements_len(NULL) == 0);
    GOOD(ophio_enhancements_extend_from(rules, other));
    CHECK(ophio_enhancements_len(rules) == 2);
    GOOD(ophio_enhancements_extend_from(rules, rules));
    CHECK(ophio_enhancements_len(rules) == 4);
    REFUSED(ophio_enhancements_extend_from(NULL, other), NULL_POINTER);
    REFUSED(ophio_enhancements_extend_from(rules, NULL), NULL_POINTER);
    CHECK(ophio_enhancements_len(rules) == 4);

    GOOD_STR(ophio_enhancements_rule(rules, 1, place), "app:no -group");
    REFUSED_STR(ophio_enhancements_rule(rules, 4, place), OUT_OF_RANGE);
    REFUSED_STR(ophio_enhancements_rule(rules, SIZE_MAX, place), OUT_OF_RANGE);
    REFUSED_STR(ophio_enhancements_rule(NULL, 0, place), NULL_POINTER);
    REFUSED(ophio_enhancements_rule(rules, 0, NULL), NULL_POINTER);

    GOOD_STR(ophio_enhancements_category(rules, 0, place), "x");
    REFUSED_STR(ophio_enhancements_category(rules, UINT32_MAX, place), OUT_OF_RANGE);
    REFUSED_STR(ophio_enhancements_category(NULL, 0, place), NULL_POINTER);
    REFUSED(ophio_enhancements_category(rules, 0, NULL), NULL_POINTER);

    REFUSED_STR(ophio_enhancements_hint(rules, 0, place), OUT_OF_RANGE);
    REFUSED_STR(ophio_enhancements_hint(rules, UINT32_MAX, place), OUT_OF_RANGE);
    REFUSED_STR(ophio_enhancements_hint(NULL, 1, place), NULL_POINTER);
    REFUSED(ophio_enhancements_hint(rules, 1, NULL), NULL_POINTER);

    GOOD_STR(ophio_enhancements_too_few_frames_hint(rules, 1, 1, place), "");
    REFUSED_STR(ophio_enhancements_too_few_frames_hint(rules, 0, 1, place), OUT_OF_RANGE);
    REFUSED_STR(ophio_enhancements_too_few_frames_hint(rules, 99, 1, place), OUT_OF_RANGE);
    REFUSED_STR(ophio_enhancements_too_few_frames_hint(NULL, 1, 1, place), NULL_POINTER);
    REFUSED(ophio_enhancements_too_few_frames_hint(rules, 1, 1, NULL), NULL_POINTER);

    GOOD_STR(ophio_enhancements_describe(rules, place), "\"canonical\"");
    REFUSED_STR(ophio_enhancements_describe(NULL, place), NULL_POINTER);
    REFUSED(ophio_enhancements_describe(rules, NULL), NULL_POINTER);

    ANSWERS(ophio_enhancements_equal(rules, rules, answer), true);
    ANSWERS(ophio_enhancements_equal(rules, other, answer), false);
    NO_ANSWER(ophio_enhancements_equal(rules, NULL, answer), NULL_POINTER);
    NO_ANSWER(ophio_enhancements_equal(NULL, rules, answer), NULL_POINTER);

    GOOD(ophio_enhancements_part(rules, OPHIO_ENHANCEMENTS_PART_CONTRIBUTES, &part));
    CHECK(ophio_enhancements_len(part) == 2);
    ophio_enhancements_free(&part);
    NO_HANDLE(ophio_enhancements_part(rules, 99, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_enhancements_part(NULL, OPHIO_ENHANCEMENTS_PART_CONTRIBUTES, made),
              NULL_POINTER);

    GOOD(ophio_enhancements_set_memo_bytes(rules, 0));
    GOOD(ophio_enhancements_set_memo_bytes(rules, SIZE_MAX));
    REFUSED(ophio_enhancements_set_memo_bytes(NULL, 0), NULL_POINTER);
    ophio_enhancements_free(&other);
    ophio_enhancements_free(&rules);
}

static void test_diagnostics(void)
{
    OphioEnhancementsDiagnostics *list = NULL;
    OphioEnhancementsDiagnostic entry;
    OphioEnhancementsFix fix;

    GOOD(ophio_enhancements_check(TEXT("nonsense\napp:no -group\n"), false, &list));
    CHECK(ophio_enhancements_diagnostics_len(list) == 1);
    CHECK(ophio_enhancements_diagnostics_len(NULL) == 0);
    GOOD(ophio_enhancements_diagnostics_get(list, 0, &entry));
    CHECK(entry.severity == OPHIO_ENHANCEMENTS_SEVERITY_ERROR && entry.line == 1 &&
          entry.source.len == 8);
    memset(&entry, 7, sizeof entry);
    REFUSED(ophio_enhancements_diagnostics_get(list, 1, &entry), OUT_OF_RANGE);
    REFUSED(ophio_enhancements_diagnostics_get(list, SIZE_MAX, &entry), OUT_OF_RANGE);
    REFUSED(ophio_enhancements_diagnostics_get(NULL, 0, &entry), NULL_POINTER);
    CHECK(((unsigned char *)&entry)[0] == 7);
    REFUSED(ophio_enhancements_diagnostics_get(list, 0, NULL), NULL_POINTER);
    GOOD(ophio_enhancements_diagnostics_fix(list, 0, &fix));
    CHECK(fix.kind == OPHIO_ENHANCEMENTS_FIX_KIND_NONE && fix.replacement.data == NULL);
    memset(&fix, 7, sizeof fix);
    REFUSED(ophio_enhancements_diagnostics_fix(list, 1, &fix), OUT_OF_RANGE);
    REFUSED(ophio_enhancements_diagnostics_fix(list, SIZE_MAX, &fix), OUT_OF_RANGE);
    REFUSED(ophio_enhancements_diagnostics_fix(NULL, 0, &fix), NULL_POINTER);
    CHECK(((unsigned char *)&fix)[0] == 7);
    REFUSED(ophio_enhancements_diagnostics_fix(list, 0, NULL), NULL_POINTER);
    ophio_enhancements_diagnostics_free(&list);

    list = NULL;
    GOOD(ophio_enhancements_check(TEXT("function:a +sentinel +app"), false, &list));
    GOOD(ophio_enhancements_diagnostics_fix(list, 0, &fix));
    CHECK(fix.kind == OPHIO_ENHANCEMENTS_FIX_KIND_CERTAIN && fix.column == 11 &&
          fix.end_column == 21 && fix.replacement.data != NULL && fix.replacement.len == 0);
    ophio_enhancements_diagnostics_free(&list);

    list = NULL;
    REFUSED(ophio_enhancements_check_profiling(NONE, &list), NULL_POINTER);
    REFUSED(ophio_enhancements_check_profiling(HUGE_TEXT, &list), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_check_profiling(BAD, &list), INVALID_UTF8);
    REFUSED(ophio_enhancements_check_profiling(EMPTY, NULL), NULL_POINTER);
    CHECK(list == NULL);
    GOOD(ophio_enhancements_check_profiling(TEXT("app:no -group\npath:a -app"), &list));
    CHECK(ophio_enhancements_diagnostics_len(list) == 1);
    ophio_enhancements_diagnostics_free(&list);

    list = NULL;
    REFUSED(ophio_enhancements_check(NONE, false, &list), NULL_POINTER);
    REFUSED(ophio_enhancements_check(HUGE_TEXT, false, &list), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_check(BAD, true, &list), INVALID_UTF8);
    REFUSED(ophio_enhancements_check(EMPTY, false, NULL), NULL_POINTER);
    CHECK(list == NULL);
    GOOD(ophio_enhancements_check(EMPTY, false, &list));
    CHECK(ophio_enhancements_diagnostics_len(list) == 0);
    ophio_enhancements_diagnostics_free(&list);

    GOOD_STR(ophio_enhancements_fix(TEXT("App:no -group"), place), "app:no -group");
    GOOD_STR(ophio_enhancements_fix(EMPTY, place), "");
    REFUSED_STR(ophio_enhancements_fix(NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_fix(HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_fix(BAD, place), INVALID_UTF8);
    REFUSED(ophio_enhancements_fix(TEXT("app:no -group"), NULL), NULL_POINTER);

    GOOD_STR(ophio_enhancements_format(TEXT("app:no    -group"), place), "app:no");
    GOOD_STR(ophio_enhancements_format(EMPTY, place), "");
    REFUSED_STR(ophio_enhancements_format(TEXT("nonsense"), place), SYNTAX);
    REFUSED_STR(ophio_enhancements_format(NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_format(HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_format(BAD, place), INVALID_UTF8);
    REFUSED(ophio_enhancements_format(TEXT("app:no -group"), NULL), NULL_POINTER);
}

/* --- rules and frames -------------------------------------------------------------- */

static void test_frames_in_structs(void)
{
    OphioEnhancements *rules = parse("function:main -app -group");
    OphioEnhancementsFrame frame, bad;
    OphioEnhancementsExceptionData exception, wrong;
    OphioEnhancementsAppliedFrame applied = {7, 7};
    OphioEnhancementsComponent component = {7, OPHIO_TRISTATE_TRUE}, odd = {7, 3};
    OphioEnhancementsAssembleResult result;
    OphioStr text = {NULL, 0};

    memset(&frame, 0, sizeof frame);
    frame.function = slice("main");
    memset(&exception, 0, sizeof exception);
    exception.ty = slice("Error");

    GOOD(ophio_enhancements_apply(rules, NULL, 0, FRAME_SIZE, NULL, NULL, APPLIED_SIZE));
    REFUSED(ophio_enhancements_apply(NULL, &frame, 1, FRAME_SIZE, NULL, &applied, APPLIED_SIZE),
            NULL_POINTER);
    REFUSED(ophio_enhancements_apply(rules, NULL, 1, FRAME_SIZE, NULL, &applied, APPLIED_SIZE),
            NULL_POINTER);
    REFUSED(ophio_enhancements_apply(rules, &frame, SIZE_MAX, FRAME_SIZE, NULL, &applied,
                                     APPLIED_SIZE),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply(rules, &frame, SIZE_MAX / sizeof frame, FRAME_SIZE, NULL,
                                     &applied, APPLIED_SIZE),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply(rules, &frame, 1, FRAME_SIZE, NULL, NULL, APPLIED_SIZE),
            NULL_POINTER);
    REFUSED(
        ophio_enhancements_apply(rules, &frame, 1, FRAME_SIZE - 1, NULL, &applied, APPLIED_SIZE),
        INVALID_ARGUMENT);
    REFUSED(
        ophio_enhancements_apply(rules, &frame, 1, FRAME_SIZE + 1, NULL, &applied, APPLIED_SIZE),
        INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply(rules, &frame, 1, FRAME_SIZE, NULL, &applied, 0),
            INVALID_ARGUMENT);
    bad = frame;
    bad.path.data = (const uint8_t *)"\xff";
    bad.path.len = 1;
    REFUSED(ophio_enhancements_apply(rules, &bad, 1, FRAME_SIZE, NULL, &applied, APPLIED_SIZE),
            INVALID_UTF8);
    bad.path.data = NULL;
    REFUSED(ophio_enhancements_apply(rules, &bad, 1, FRAME_SIZE, NULL, &applied, APPLIED_SIZE),
            NULL_POINTER);
    bad = frame;
    bad.module.data = (const uint8_t *)"a";
    bad.module.len = SIZE_MAX;
    REFUSED(ophio_enhancements_apply(rules, &bad, 1, FRAME_SIZE, NULL, &applied, APPLIED_SIZE),
            INVALID_ARGUMENT);
    bad = frame;
    bad.in_app = 3;
    REFUSED(ophio_enhancements_apply(rules, &bad, 1, FRAME_SIZE, NULL, &applied, APPLIED_SIZE),
            INVALID_ARGUMENT);
    wrong = exception;
    wrong.value.data = (const uint8_t *)"\xc3";
    wrong.value.len = 1;
    REFUSED(
        ophio_enhancements_apply(rules, &frame, 1, FRAME_SIZE, &wrong, &applied, APPLIED_SIZE),
        INVALID_UTF8);
    CHECK(applied.category == 7 && applied.in_app == 7);
    GOOD(ophio_enhancements_apply(rules, &frame, 1, FRAME_SIZE, &exception, &applied,
                                  APPLIED_SIZE));
    CHECK(applied.category == -1 && applied.in_app == OPHIO_TRISTATE_FALSE);

    memset(&result, 7, sizeof result);
    REFUSED(ophio_enhancements_assemble(NULL, &frame, 1, FRAME_SIZE, NULL, &component, 1,
                                        COMPONENT_SIZE, &result),
            NULL_POINTER);
    REFUSED(ophio_enhancements_assemble(rules, NULL, 1, FRAME_SIZE, NULL, &component, 1,
                                        COMPONENT_SIZE, &result),
            NULL_POINTER);
    REFUSED(ophio_enhancements_assemble(rules, &frame, SIZE_MAX, FRAME_SIZE, NULL, &component, 1,
                                        COMPONENT_SIZE, &result),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble(rules, &bad, 1, FRAME_SIZE, NULL, &component, 1,
                                        COMPONENT_SIZE, &result),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble(rules, &frame, 1, FRAME_SIZE, NULL, NULL, 1,
                                        COMPONENT_SIZE, &result),
            NULL_POINTER);
    REFUSED(ophio_enhancements_assemble(rules, &frame, 1, FRAME_SIZE, NULL, &component, SIZE_MAX,
                                        COMPONENT_SIZE, &result),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble(rules, &frame, 1, FRAME_SIZE, NULL, &odd, 1,
                                        COMPONENT_SIZE, &result),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble(rules, &frame, 1, FRAME_SIZE, NULL, &component, 1,
                                        COMPONENT_SIZE, NULL),
            NULL_POINTER);
    CHECK(((unsigned char *)&result)[0] == 7 && component.hint == 7 && odd.contributes == 3);
    GOOD(ophio_enhancements_assemble(rules, &frame, 1, FRAME_SIZE, &exception, &component, 1,
                                     COMPONENT_SIZE, &result));
    CHECK(component.contributes == OPHIO_TRISTATE_FALSE && !result.contributes);
    GOOD_STR(ophio_enhancements_hint(rules, component.hint, place), "function:main");
    ophio_str_free(&result.hint);
    GOOD(ophio_enhancements_assemble(rules, NULL, 0, FRAME_SIZE, NULL, NULL, 0, COMPONENT_SIZE,
                                     &result));
    ophio_str_free(&result.hint);

    REFUSED(ophio_enhancements_stacktrace_pack(NULL, 1, FRAME_SIZE, NULL, &text), NULL_POINTER);
    REFUSED(ophio_enhancements_stacktrace_pack(&frame, SIZE_MAX, FRAME_SIZE, NULL, &text),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_stacktrace_pack(&bad, 1, FRAME_SIZE, NULL, &text),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_stacktrace_pack(&frame, 1, FRAME_SIZE, &wrong, &text),
            INVALID_UTF8);
    REFUSED(ophio_enhancements_stacktrace_pack(&frame, 1, FRAME_SIZE, NULL, NULL), NULL_POINTER);
    CHECK(text.data == NULL);
    ophio_enhancements_free(&rules);
}

static void test_packed_frames(void)
{
    OphioEnhancements *rules = parse("function:main -app -group");
    OphioStr packed = packed_frame();
    const uint8_t in = OPHIO_TRISTATE_TRUE, odd = 3;
    uint32_t codes[8];

    GOOD(ophio_enhancements_stacktrace_check(packed.data, packed.len));
    REFUSED(ophio_enhancements_stacktrace_check(NONE), NULL_POINTER);
    REFUSED(ophio_enhancements_stacktrace_check(HUGE_TEXT), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_stacktrace_check(EMPTY), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_stacktrace_check(TEXT("no")), INVALID_ARGUMENT);
    /* An array that says it has 2**32 - 1 elements, and ends. */
    REFUSED(
        ophio_enhancements_stacktrace_check((const uint8_t *)"\x92\xc0\xdd\xff\xff\xff\xff", 7),
        INVALID_ARGUMENT);

    memset(codes, 7, sizeof codes);
    REFUSED(ophio_enhancements_apply_packed(NULL, packed.data, packed.len, codes, 2), NULL_POINTER);
    REFUSED(ophio_enhancements_apply_packed(rules, NONE, codes, 2), NULL_POINTER);
    REFUSED(ophio_enhancements_apply_packed(rules, HUGE_TEXT, codes, 2), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_packed(rules, EMPTY, codes, 2), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_packed(rules, packed.data, packed.len - 1, codes, 2),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_packed(rules, packed.data, packed.len, NULL, 2), NULL_POINTER);
    REFUSED(ophio_enhancements_apply_packed(rules, packed.data, packed.len, codes, 1),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_packed(rules, packed.data, packed.len, codes, SIZE_MAX),
            INVALID_ARGUMENT);
    CHECK(codes[0] == 0x07070707);
    GOOD(ophio_enhancements_apply_packed(rules, packed.data, packed.len, codes, 2));
    CHECK(codes[0] % 3 == 1 && codes[1] == 0);

    uint8_t answer[256];
    memset(answer, 7, sizeof answer);
    REFUSED(ophio_enhancements_apply_short(NULL, packed.data, packed.len, answer), NULL_POINTER);
    REFUSED(ophio_enhancements_apply_short(rules, NONE, answer), NULL_POINTER);
    REFUSED(ophio_enhancements_apply_short(rules, HUGE_TEXT, answer), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_short(rules, EMPTY, answer), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_short(rules, packed.data, packed.len - 1, answer),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_short(rules, packed.data, packed.len, NULL), NULL_POINTER);
    CHECK(answer[0] == 7);
    GOOD(ophio_enhancements_apply_short(rules, packed.data, packed.len, answer));
    CHECK(answer[0] == 0 && answer[1] == 1 && answer[2] == codes[0] && answer[3] == 7);

    memset(codes, 7, sizeof codes);
    REFUSED(ophio_enhancements_assemble_packed(NULL, packed.data, packed.len, &in, 1, codes, 5),
            NULL_POINTER);
    REFUSED(ophio_enhancements_assemble_packed(rules, NONE, &in, 1, codes, 5), NULL_POINTER);
    REFUSED(ophio_enhancements_assemble_packed(rules, HUGE_TEXT, &in, 1, codes, 5),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_packed(rules, EMPTY, &in, 1, codes, 5),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_packed(rules, packed.data, packed.len, NULL, 1, codes, 5),
            NULL_POINTER);
    REFUSED(ophio_enhancements_assemble_packed(rules, packed.data, packed.len, &in, SIZE_MAX,
                                               codes, 5),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_packed(rules, packed.data, packed.len, &odd, 1, codes, 5),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_packed(rules, packed.data, packed.len, &in, 1, codes, 4),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_packed(rules, packed.data, packed.len, &in, 1, NULL, 5),
            NULL_POINTER);
    CHECK(codes[0] == 0x07070707);
    GOOD(ophio_enhancements_assemble_packed(rules, packed.data, packed.len, &in, 1, codes, 5));
    CHECK(codes[0] % 3 == 1 && codes[1] == 0);

    GOOD_STR(ophio_enhancements_explain(rules, packed.data, packed.len, &in, 1, 0, 0, place),
             "\"why_not\"");
    GOOD_STR(ophio_enhancements_explain(rules, packed.data, packed.len, NULL, 0, SIZE_MAX,
                                        SIZE_MAX, place),
             "\"steps\"");
    REFUSED_STR(ophio_enhancements_explain(NULL, packed.data, packed.len, &in, 1, 0, 0, place),
                NULL_POINTER);
    REFUSED_STR(ophio_enhancements_explain(rules, NONE, &in, 1, 0, 0, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_explain(rules, HUGE_TEXT, &in, 1, 0, 0, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_explain(rules, EMPTY, &in, 1, 0, 0, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_explain(rules, TEXT("no"), &in, 1, 0, 0, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_explain(rules, packed.data, packed.len, &odd, 1, 0, 0, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_explain(rules, packed.data, packed.len, &in, SIZE_MAX, 0, 0,
                                           place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_explain(rules, packed.data, packed.len, &in, 1, 1, 0, place),
                OUT_OF_RANGE);
    REFUSED_STR(ophio_enhancements_explain(rules, packed.data, packed.len, &in, 1, 0, 1, place),
                OUT_OF_RANGE);
    REFUSED(ophio_enhancements_explain(rules, packed.data, packed.len, &in, 1, 0, 0, NULL),
            NULL_POINTER);

    ophio_str_free(&packed);
    ophio_enhancements_free(&rules);
}

/* ["native", nil, [{"function": "main", "in_app": true}]] */
static const uint8_t event[] = "\x93\xa6native\xc0\x91\x82\xa8"
                               "function\xa4main\xa6in_app\xc3";

static void test_event_frames(void)
{
    OphioStr packed = {NULL, 0};

    GOOD(ophio_enhancements_stacktrace_pack_event_frames(event, sizeof event - 1, &packed));
    GOOD(ophio_enhancements_stacktrace_check(packed.data, packed.len));
    ophio_str_free(&packed);
    REFUSED_STR(ophio_enhancements_stacktrace_pack_event_frames(NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_stacktrace_pack_event_frames(HUGE_TEXT, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_stacktrace_pack_event_frames(EMPTY, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_stacktrace_pack_event_frames(event, sizeof event - 3, place),
                INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_stacktrace_pack_event_frames(event, sizeof event - 1, NULL),
            NULL_POINTER);
}

static void test_events(void)
{
    OphioEnhancements *rules = parse("function:main -app");
    OphioStr text = {NULL, 0};
    uint16_t answer[256] = {7};
    uint8_t events[sizeof event] = {0x91}; // an array of one, and no NUL

    GOOD(ophio_events_match_frames(event, sizeof event - 1, &text));
    ophio_str_free(&text);
    REFUSED_STR(ophio_events_match_frames(NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_events_match_frames(HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_events_match_frames(EMPTY, place), INVALID_ARGUMENT);
    REFUSED(ophio_events_match_frames(event, sizeof event - 1, NULL), NULL_POINTER);

    GOOD(ophio_events_frames(event, sizeof event - 1, false, &text));
    ophio_str_free(&text);
    GOOD(ophio_events_frames(event, sizeof event - 1, true, &text));
    ophio_str_free(&text);
    REFUSED_STR(ophio_events_frames(NONE, false, place), NULL_POINTER);
    REFUSED_STR(ophio_events_frames(HUGE_TEXT, false, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_events_frames(EMPTY, false, place), INVALID_ARGUMENT);
    REFUSED(ophio_events_frames(event, sizeof event - 1, false, NULL), NULL_POINTER);

    GOOD(ophio_events_pack_stacktraces((const uint8_t *)"\x90", 1, &text));
    ophio_str_free(&text);
    REFUSED_STR(ophio_events_pack_stacktraces(NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_events_pack_stacktraces(HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_events_pack_stacktraces(EMPTY, place), INVALID_ARGUMENT);
    REFUSED(ophio_events_pack_stacktraces((const uint8_t *)"\x90", 1, NULL), NULL_POINTER);

    GOOD(ophio_events_pack_json_lines(TEXT("{}\n\n{}"), &text));
    ophio_str_free(&text);
    GOOD(ophio_events_pack_json_lines(EMPTY, &text));
    ophio_str_free(&text);
    REFUSED_STR(ophio_events_pack_json_lines(NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_events_pack_json_lines(HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_events_pack_json_lines(TEXT("no"), place), OPHIO_STATUS_FRAME);
    REFUSED(ophio_events_pack_json_lines(EMPTY, NULL), NULL_POINTER);

    GOOD(ophio_enhancements_apply_event(rules, event, sizeof event - 1, &text));
    ophio_str_free(&text);
    REFUSED_STR(ophio_enhancements_apply_event(NULL, event, sizeof event - 1, place),
                NULL_POINTER);
    REFUSED_STR(ophio_enhancements_apply_event(rules, NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_apply_event(rules, HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_apply_event(rules, EMPTY, place), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_event(rules, event, sizeof event - 1, NULL), NULL_POINTER);

    GOOD(ophio_enhancements_apply_event_short(rules, event, sizeof event - 1, answer));
    CHECK(answer[0] == 0 && answer[1] == 1);
    REFUSED(ophio_enhancements_apply_event_short(NULL, event, sizeof event - 1, answer),
            NULL_POINTER);
    REFUSED(ophio_enhancements_apply_event_short(rules, NONE, answer), NULL_POINTER);
    REFUSED(ophio_enhancements_apply_event_short(rules, HUGE_TEXT, answer), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_event_short(rules, EMPTY, answer), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_event_short(rules, event, sizeof event - 1, NULL),
            NULL_POINTER);

    GOOD(ophio_enhancements_apply_events(rules, (const uint8_t *)"\x90", 1, 0, &text));
    CHECK(text.len == 0);
    memcpy(events + 1, event, sizeof event - 1);
    GOOD(ophio_enhancements_apply_events(rules, events, sizeof events, 2, &text));
    CHECK(text.len == 3 * sizeof(uint32_t));
    ophio_str_free(&text);
    REFUSED_STR(ophio_enhancements_apply_events(NULL, events, sizeof events, 1, place),
                NULL_POINTER);
    REFUSED_STR(ophio_enhancements_apply_events(rules, NONE, 1, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_apply_events(rules, HUGE_TEXT, 1, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_apply_events(rules, EMPTY, 1, place), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_events(rules, events, sizeof events, 1, NULL),
            NULL_POINTER);

    GOOD(ophio_enhancements_bases(rules, &text));
    CHECK(text.len == 0);
    REFUSED_STR(ophio_enhancements_bases(NULL, place), NULL_POINTER);
    REFUSED(ophio_enhancements_bases(rules, NULL), NULL_POINTER);
    ophio_enhancements_free(&rules);
}

static void test_configs(void)
{
    OphioEnhancements *base = parse("function:main -app"), *made = NULL;
    const OphioEnhancements *bases[1], *none[1] = {NULL};
    OphioEnhancementsConfig *config = NULL, *again = NULL;
    OphioStr stored = {NULL, 0}, text = {NULL, 0};
    bases[0] = base;

    GOOD(ophio_enhancements_config_from_text(TEXT("function:a -group"), TEXT("base"), bases, 1,
                                             &config));
    REFUSED(ophio_enhancements_config_from_text(NONE, TEXT("base"), bases, 1, &again),
            NULL_POINTER);
    REFUSED(ophio_enhancements_config_from_text(HUGE_TEXT, TEXT("base"), bases, 1, &again),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_config_from_text(BAD, TEXT("base"), bases, 1, &again),
            INVALID_UTF8);
    REFUSED(ophio_enhancements_config_from_text(TEXT("nonsense"), EMPTY, NULL, 0, &again), SYNTAX);
    REFUSED(ophio_enhancements_config_from_text(EMPTY, TEXT("a\nb"), bases, 1, &again),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_config_from_text(EMPTY, TEXT("base"), none, 1, &again),
            NULL_POINTER);
    REFUSED(ophio_enhancements_config_from_text(EMPTY, TEXT("base"), bases, 1, NULL),
            NULL_POINTER);
    CHECK(again == NULL);

    GOOD(ophio_enhancements_config_to_base64(config, &stored));
    REFUSED_STR(ophio_enhancements_config_to_base64(NULL, place), NULL_POINTER);
    REFUSED(ophio_enhancements_config_to_base64(config, NULL), NULL_POINTER);

    GOOD(ophio_enhancements_config_from_base64(stored.data, stored.len, TEXT("base"), bases, 1,
                                               false, &again));
    ophio_enhancements_config_free(&again);
    again = NULL;
    REFUSED(ophio_enhancements_config_from_base64(stored.data, stored.len, TEXT("other"), bases, 1,
                                                  false, &again),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_config_from_base64(NONE, EMPTY, NULL, 0, false, &again),
            NULL_POINTER);
    REFUSED(ophio_enhancements_config_from_base64(HUGE_TEXT, EMPTY, NULL, 0, false, &again),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_config_from_base64(EMPTY, EMPTY, NULL, 0, true, &again), SYNTAX);
    CHECK(again == NULL);

    GOOD(ophio_enhancements_config_bases(config, &text));
    CHECK(text.len == 4);
    ophio_str_free(&text);
    REFUSED_STR(ophio_enhancements_config_bases(NULL, place), NULL_POINTER);
    REFUSED(ophio_enhancements_config_bases(config, NULL), NULL_POINTER);

    GOOD(ophio_enhancements_config_part(config, OPHIO_ENHANCEMENTS_CONFIG_PART_OWN, &made));
    ophio_enhancements_free(&made);
    made = NULL;
    REFUSED(ophio_enhancements_config_part(NULL, OPHIO_ENHANCEMENTS_CONFIG_PART_OWN, &made),
            NULL_POINTER);
    REFUSED(ophio_enhancements_config_part(config, 3, &made), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_config_part(config, 0, NULL), NULL_POINTER);
    CHECK(made == NULL);

    GOOD(ophio_enhancements_config_process(config, event, sizeof event - 1, &text));
    ophio_str_free(&text);
    REFUSED_STR(ophio_enhancements_config_process(NULL, event, sizeof event - 1, place),
                NULL_POINTER);
    REFUSED_STR(ophio_enhancements_config_process(config, NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_config_process(config, HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_config_process(config, EMPTY, place), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_config_process(config, event, sizeof event - 1, NULL),
            NULL_POINTER);

    GOOD(ophio_enhancements_from_base64(stored.data, stored.len, true, &made));
    ophio_enhancements_free(&made);
    made = NULL;
    REFUSED(ophio_enhancements_from_base64(NONE, false, &made), NULL_POINTER);
    REFUSED(ophio_enhancements_from_base64(HUGE_TEXT, false, &made), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_from_base64(EMPTY, false, &made), SYNTAX);
    REFUSED(ophio_enhancements_from_base64(BAD, false, &made), INVALID_UTF8);
    REFUSED(ophio_enhancements_from_base64(stored.data, stored.len, false, NULL), NULL_POINTER);
    CHECK(made == NULL);

    ophio_str_free(&stored);
    ophio_enhancements_config_free(&config);
    ophio_enhancements_config_free(NULL);
    ophio_enhancements_config_forget_all();
    ophio_enhancements_free(&base);
}

static void test_functions(void)
{
    OphioStr text = {NULL, 0};
    static const uint8_t names[] = "\x91\xa4main";
    uint8_t buffer[4];

    GOOD(ophio_functions_trim(TEXT("main(int)"), TEXT("native"), &text));
    CHECK(text.len == 4);
    ophio_str_free(&text);
    GOOD(ophio_functions_trim(EMPTY, EMPTY, &text));
    ophio_str_free(&text);
    REFUSED_STR(ophio_functions_trim(NONE, EMPTY, place), NULL_POINTER);
    REFUSED_STR(ophio_functions_trim(HUGE_TEXT, EMPTY, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_functions_trim(BAD, EMPTY, place), INVALID_UTF8);
    REFUSED_STR(ophio_functions_trim(TEXT("f"), BAD, place), INVALID_UTF8);
    REFUSED(ophio_functions_trim(TEXT("f"), EMPTY, NULL), NULL_POINTER);

    CHECK(ophio_functions_trim_text("main(int)", "native", buffer, sizeof buffer) == 4);
    CHECK(memcmp(buffer, "main", sizeof buffer) == 0);
    CHECK(ophio_functions_trim_text("", "", NULL, 0) == 0);
    MINUS(ophio_functions_trim_text("main(int)", "native", buffer, 3), OUT_OF_RANGE);
    MINUS(ophio_functions_trim_text(NULL, "native", buffer, 4), NULL_POINTER);
    MINUS(ophio_functions_trim_text("f", NULL, buffer, 4), NULL_POINTER);
    MINUS(ophio_functions_trim_text("f", "native", NULL, 4), NULL_POINTER);
    MINUS(ophio_functions_trim_text("f", "native", buffer, SIZE_MAX), INVALID_ARGUMENT);
    MINUS(ophio_functions_trim_text("\xff", "native", buffer, 4), INVALID_UTF8);
    MINUS(ophio_functions_trim_text("f", "\xff", buffer, 4), INVALID_UTF8);

    GOOD(ophio_functions_trim_packed(names, sizeof names - 1, TEXT("c"), &text));
    CHECK(text.len == sizeof names - 1);
    ophio_str_free(&text);
    REFUSED_STR(ophio_functions_trim_packed(NONE, EMPTY, place), NULL_POINTER);
    REFUSED_STR(ophio_functions_trim_packed(HUGE_TEXT, EMPTY, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_functions_trim_packed(EMPTY, EMPTY, place), INVALID_ARGUMENT);
    REFUSED(ophio_functions_trim_packed(names, sizeof names - 1, EMPTY, NULL), NULL_POINTER);
}

static void test_batches(void)
{
    OphioEnhancements *rules = parse("function:main -app -group");
    OphioStr one = packed_frame();
    const uint8_t in[2] = {OPHIO_TRISTATE_TRUE, OPHIO_TRISTATE_TRUE};
    const size_t lens[2] = {1, 1}, vast[2] = {SIZE_MAX, SIZE_MAX};
    size_t len = 1 + 2 * one.len;
    uint8_t *both = malloc(len);
    uint32_t codes[10];

    CHECK(both != NULL);
    if (both == NULL) return;
    both[0] = 0x92; /* an array of two */
    memcpy(both + 1, one.data, one.len);
    memcpy(both + 1 + one.len, one.data, one.len);

    GOOD(ophio_enhancements_apply_batch(rules, both, len, 2, codes, 4));
    CHECK(codes[0] % 3 == 1 && codes[1] % 3 == 1 && codes[2] == 0 && codes[3] == 0);
    memset(codes, 7, sizeof codes);
    REFUSED(ophio_enhancements_apply_batch(NULL, both, len, 1, codes, 4), NULL_POINTER);
    REFUSED(ophio_enhancements_apply_batch(rules, NONE, 1, codes, 4), NULL_POINTER);
    REFUSED(ophio_enhancements_apply_batch(rules, HUGE_TEXT, 1, codes, 4), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_batch(rules, EMPTY, 1, codes, 4), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_batch(rules, both, len - 1, 1, codes, 4), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_batch(rules, both, len, 1, codes, 3), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_batch(rules, both, len, 1, NULL, 4), NULL_POINTER);
    REFUSED(ophio_enhancements_apply_batch(rules, both, len, 1, codes, SIZE_MAX),
            INVALID_ARGUMENT);
    CHECK(codes[0] == 0x07070707);
    /* More threads than stack traces are not made. */
    GOOD(ophio_enhancements_apply_batch(rules, both, len, SIZE_MAX, codes, 4));
    GOOD(ophio_enhancements_apply_batch(rules, both, len, 0, codes, 4));

    GOOD(ophio_enhancements_assemble_batch(rules, both, len, lens, 2, in, 2, codes, 10));
    CHECK(codes[0] % 3 == 1 && codes[5] % 3 == 1);
    memset(codes, 7, sizeof codes);
    REFUSED(ophio_enhancements_assemble_batch(NULL, both, len, lens, 2, in, 1, codes, 10),
            NULL_POINTER);
    REFUSED(ophio_enhancements_assemble_batch(rules, NONE, lens, 2, in, 1, codes, 10),
            NULL_POINTER);
    REFUSED(ophio_enhancements_assemble_batch(rules, EMPTY, lens, 2, in, 1, codes, 10),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_batch(rules, HUGE_TEXT, lens, 2, in, 1, codes, 10),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_batch(rules, both, len, NULL, 2, in, 1, codes, 10),
            NULL_POINTER);
    REFUSED(ophio_enhancements_assemble_batch(rules, both, len, lens, SIZE_MAX, in, 1, codes, 10),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_batch(rules, both, len, lens, 1, in, 1, codes, 10),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_batch(rules, both, len, vast, 2, in, 1, codes, 10),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_batch(rules, both, len, lens, 2, NULL, 1, codes, 10),
            NULL_POINTER);
    REFUSED(ophio_enhancements_assemble_batch(rules, both, len, lens, 2, in, 1, codes, 9),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_batch(rules, both, len, lens, 2, in, 1, NULL, 10),
            NULL_POINTER);
    CHECK(codes[0] == 0x07070707);

    free(both);
    ophio_str_free(&one);
    ophio_enhancements_free(&rules);
}

/* Released or not, the structs are there: what lies in them decides. */
#define ARROW(rows, answer) &(rows).array, &(rows).schema, 1, &(answer).array, &(answer).schema

static void take(Column *answer)
{
    answer->array.release(&answer->array);
    answer->schema.release(&answer->schema);
}

static void test_arrow(void)
{
    OphioEnhancements *rules = NULL;
    GOOD(ophio_enhancements_new(&rules));
    Column rows = stacktraces("u"), answer;

    GOOD(ophio_enhancements_apply_arrow(rules, ARROW(rows, answer)));
    take(&answer);
    REFUSED(ophio_enhancements_apply_arrow(rules, ARROW(rows, answer)), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_apply_arrow(NULL, ARROW(rows, answer)), NULL_POINTER);
    rows = stacktraces("u");
    GOOD(ophio_enhancements_assemble_arrow(rules, ARROW(rows, answer)));
    take(&answer);
    REFUSED(ophio_enhancements_assemble_arrow(rules, ARROW(rows, answer)), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_assemble_arrow(NULL, ARROW(rows, answer)), NULL_POINTER);
    rows = stacktraces("u");
    GOOD(ophio_enhancements_preview_arrow(rules, rules, ARROW(rows, answer)));
    take(&answer);
    REFUSED(ophio_enhancements_preview_arrow(rules, rules, ARROW(rows, answer)), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_preview_arrow(NULL, rules, ARROW(rows, answer)), NULL_POINTER);
    REFUSED(ophio_enhancements_preview_arrow(rules, NULL, ARROW(rows, answer)), NULL_POINTER);
    CHECK(made == released);
    ophio_enhancements_free(&rules);
}

static void test_preview(void)
{
    OphioEnhancements *before = parse("function:main -app"), *after = parse("function:main +app");
    OphioStr one = packed_frame();
    OphioEnhancements *rules = parse("function:main -group");
    OphioEnhancementsPreview *preview;
    OphioEnhancementsKept *kept;
    Column rows;
    size_t read, count;
    const size_t numbers[2] = {0, 1};
    uint64_t marks[1] = {7};
    uint8_t *packed = malloc(one.len + 1);

    CHECK(packed != NULL);
    if (packed == NULL) return;
    packed[0] = 0x91; /* an array of one */
    memcpy(packed + 1, one.data, one.len);

    NO_HANDLE(ophio_enhancements_preview_new(NULL, after, made), NULL_POINTER);
    NO_HANDLE(ophio_enhancements_preview_new(before, NULL, made), NULL_POINTER);
    GOOD(ophio_enhancements_preview_new(before, after, &preview));
    ophio_enhancements_free(&before); /* the preview does not need them */
    ophio_enhancements_free(&after);
    GOOD(ophio_enhancements_preview_set_fresh(preview, true));
    GOOD(ophio_enhancements_preview_set_fresh(preview, false));
    REFUSED(ophio_enhancements_preview_set_fresh(NULL, false), NULL_POINTER);
    GOOD(ophio_enhancements_preview_set_max_explained(preview, SIZE_MAX));
    GOOD(ophio_enhancements_preview_set_max_explained(preview, 0));
    REFUSED(ophio_enhancements_preview_set_max_explained(NULL, 1), NULL_POINTER);
    GOOD(ophio_enhancements_preview_add(preview, packed, one.len + 1, 1));
    GOOD(ophio_enhancements_preview_add(preview, packed, one.len + 1, SIZE_MAX));
    REFUSED(ophio_enhancements_preview_add(NULL, packed, one.len + 1, 1), NULL_POINTER);
    REFUSED(ophio_enhancements_preview_add(preview, NONE, 1), NULL_POINTER);
    REFUSED(ophio_enhancements_preview_add(preview, HUGE_TEXT, 1), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_preview_add(preview, EMPTY, 1), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_preview_add(preview, packed, one.len, 1), INVALID_ARGUMENT);
    rows = stacktraces("u");
    GOOD(ophio_enhancements_preview_add_arrow(preview, &rows.array, &rows.schema, SIZE_MAX));
    /* What was taken is released, and cannot be taken again. */
    REFUSED(ophio_enhancements_preview_add_arrow(preview, &rows.array, &rows.schema, 1),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_preview_add_arrow(preview, NULL, NULL, 1), NULL_POINTER);
    REFUSED(ophio_enhancements_preview_add_arrow(NULL, NULL, NULL, 1), NULL_POINTER);
    GOOD_STR(ophio_enhancements_preview_report(preview, place), "\"stacktraces\":4");
    GOOD(ophio_enhancements_preview_add_json_lines(preview, TEXT("{}\n\nno\n{}"), 1, &read,
                                                   &count));
    CHECK(read == 4 && count == 0);
    GOOD(ophio_enhancements_preview_add_json_lines(preview, TEXT("{\"stacktrace\":{}}"),
                                                   SIZE_MAX, &read, &count));
    CHECK(read == 17 && count == 1);
    GOOD(ophio_enhancements_preview_add_json_lines(preview, EMPTY, 0, &read, &count));
    CHECK(read == 0 && count == 0);
    REFUSED(ophio_enhancements_preview_add_json_lines(NULL, EMPTY, 1, &read, &count),
            NULL_POINTER);
    REFUSED(ophio_enhancements_preview_add_json_lines(preview, NONE, 1, &read, &count),
            NULL_POINTER);
    REFUSED(ophio_enhancements_preview_add_json_lines(preview, HUGE_TEXT, 1, &read, &count),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_preview_add_json_lines(preview, EMPTY, 1, NULL, &count),
            NULL_POINTER);
    REFUSED(ophio_enhancements_preview_add_json_lines(preview, EMPTY, 1, &read, NULL),
            NULL_POINTER);
    GOOD_STR(ophio_enhancements_preview_report(preview, place), "\"stacktraces\":5");
    REFUSED_STR(ophio_enhancements_preview_report(NULL, place), NULL_POINTER);
    REFUSED(ophio_enhancements_preview_report(preview, NULL), NULL_POINTER);

    NO_HANDLE(ophio_enhancements_kept_new(NONE, made), NULL_POINTER);
    NO_HANDLE(ophio_enhancements_kept_new(HUGE_TEXT, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_enhancements_kept_new(EMPTY, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_enhancements_kept_new(packed, one.len, made), INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_kept_new(packed, one.len + 1, NULL), NULL_POINTER);
    GOOD(ophio_enhancements_kept_new(packed, one.len + 1, &kept));
    GOOD(ophio_enhancements_preview_add_kept(preview, kept, 0, SIZE_MAX, SIZE_MAX, marks, 1));
    CHECK(marks[0] == 3); /* something changes, and other frames count */
    marks[0] = 7;
    GOOD(ophio_enhancements_preview_add_kept(preview, kept, SIZE_MAX, SIZE_MAX, 0, marks, 1));
    CHECK(marks[0] == 7);
    GOOD_STR(ophio_enhancements_preview_report(preview, place), "\"stacktraces\":6");
    REFUSED(ophio_enhancements_preview_add_kept(NULL, kept, 0, 1, 1, marks, 1), NULL_POINTER);
    REFUSED(ophio_enhancements_preview_add_kept(preview, NULL, 0, 1, 1, marks, 1), NULL_POINTER);
    REFUSED(ophio_enhancements_preview_add_kept(preview, kept, 0, 1, 1, NULL, 1), NULL_POINTER);
    REFUSED(ophio_enhancements_preview_add_kept(preview, kept, 0, 1, 1, marks, 0),
            INVALID_ARGUMENT);
    REFUSED(ophio_enhancements_preview_add_kept(preview, kept, 0, 1, 1, marks, SIZE_MAX),
            INVALID_ARGUMENT);
    GOOD_STR(ophio_enhancements_kept_counting(kept, rules, numbers, 1, SIZE_MAX, place), "\x91");
    GOOD_STR(ophio_enhancements_kept_counting(kept, rules, NULL, 0, 0, place), "\x90");
    REFUSED_STR(ophio_enhancements_kept_counting(NULL, rules, numbers, 1, 1, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_kept_counting(kept, NULL, numbers, 1, 1, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_kept_counting(kept, rules, NULL, 1, 1, place), NULL_POINTER);
    REFUSED_STR(ophio_enhancements_kept_counting(kept, rules, numbers, SIZE_MAX, 1, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_enhancements_kept_counting(kept, rules, numbers, 2, 1, place), OUT_OF_RANGE);
    REFUSED(ophio_enhancements_kept_counting(kept, rules, numbers, 1, 1, NULL), NULL_POINTER);
    ophio_enhancements_kept_free(&kept);
    ophio_enhancements_free(&rules);
    ophio_enhancements_preview_free(&preview);
    ophio_str_free(&one);
    free(packed);
}

/* --- globs ------------------------------------------------------------------------- */

static void test_glob(void)
{
    size_t position = 7;
    uint8_t matched[2] = {7, 7};
    OphioGlob *glob = NULL;
    GOOD(ophio_glob_new(TEXT("*.py"), OPHIO_GLOB_OPTION_DOUBLE_STAR, &position, &glob));
    OphioGlob *empty = NULL;
    GOOD(ophio_glob_new(EMPTY, 0, NULL, &empty));

    ANSWERS(ophio_glob_is_match(empty, EMPTY, answer), true);
    ANSWERS(ophio_glob_is_match(empty, TEXT("a"), answer), false);
    ophio_glob_free(&empty);
    CHECK(glob != NULL && position == 7);
    NO_HANDLE(ophio_glob_new(TEXT("[a"), 0, &position, made), OPHIO_STATUS_GLOB);
    CHECK(position != 7);
    NO_HANDLE(ophio_glob_new(TEXT("[a"), 0, NULL, made), OPHIO_STATUS_GLOB);
    NO_HANDLE(ophio_glob_new(NONE, 0, NULL, made), NULL_POINTER);
    NO_HANDLE(ophio_glob_new(HUGE_TEXT, 0, NULL, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_glob_new(BAD, 0, NULL, made), INVALID_UTF8);
    NO_HANDLE(ophio_glob_new(TEXT("a"), 1024, NULL, made), INVALID_ARGUMENT);

    ANSWERS(ophio_glob_is_match(glob, TEXT("a.py"), answer), true);
    ANSWERS(ophio_glob_is_match(glob, EMPTY, answer), false);
    ANSWERS(ophio_glob_is_match(glob, BAD, answer), false); /* values are any bytes */
    NO_ANSWER(ophio_glob_is_match(NULL, TEXT("a"), answer), NULL_POINTER);
    NO_ANSWER(ophio_glob_is_match(glob, NONE, answer), NULL_POINTER);
    NO_ANSWER(ophio_glob_is_match(glob, HUGE_TEXT, answer), INVALID_ARGUMENT);

    CHECK(ophio_glob_match_text(glob, "a.py") == 1);
    CHECK(ophio_glob_match_text(glob, "") == 0);
    CHECK(ophio_glob_match_text(glob, "\xff") == 0);
    MINUS(ophio_glob_match_text(NULL, "a"), NULL_POINTER);
    MINUS(ophio_glob_match_text(glob, NULL), NULL_POINTER);

    /* With `double_star`, `*` stops at slashes: the text is needed and does not decide. */
    GOOD_STR(ophio_glob_shortcut(glob, place), "\x95\x02\xa0\xa0\xa3.py\xa0");
    REFUSED_STR(ophio_glob_shortcut(NULL, place), NULL_POINTER);
    REFUSED(ophio_glob_shortcut(glob, NULL), NULL_POINTER);

    REFUSED(ophio_glob_match_packed(NULL, TEXT("\x92\xa4" "a.py\xa1" "b"), matched, 2),
            NULL_POINTER);
    REFUSED(ophio_glob_match_packed(glob, NONE, matched, 2), NULL_POINTER);
    REFUSED(ophio_glob_match_packed(glob, HUGE_TEXT, matched, 2), INVALID_ARGUMENT);
    REFUSED(ophio_glob_match_packed(glob, EMPTY, matched, 2), INVALID_ARGUMENT);
    REFUSED(ophio_glob_match_packed(glob, TEXT("\x92\xa1" "b"), matched, 2), INVALID_ARGUMENT);
    REFUSED(ophio_glob_match_packed(glob, TEXT("\x91\xa1" "b"), matched, 2), INVALID_ARGUMENT);
    REFUSED(ophio_glob_match_packed(glob, TEXT("\x92\xa4" "a.py\xa1" "b"), NULL, 2), NULL_POINTER);
    REFUSED(ophio_glob_match_packed(glob, TEXT("\x92\xa4" "a.py\xa1" "b"), matched, SIZE_MAX),
            INVALID_ARGUMENT);
    CHECK(matched[0] == 7 && matched[1] == 7);
    GOOD(ophio_glob_match_packed(glob, TEXT("\x92\xa4" "a.py\xa1" "b"), matched, 2));
    CHECK(matched[0] == 1 && matched[1] == 0);
    ophio_glob_free(&glob);

    GOOD_STR(ophio_glob_escape(TEXT("a*b"), place), "a");
    GOOD_STR(ophio_glob_escape(EMPTY, place), "");
    REFUSED_STR(ophio_glob_escape(NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_glob_escape(HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_glob_escape(BAD, place), INVALID_UTF8);
    REFUSED(ophio_glob_escape(TEXT("a"), NULL), NULL_POINTER);
}

/* Two patterns, of which the second is not linear: `a` is `x+`, `b` is `(?>yz|y)z`. */
#define TWO TEXT("\x92\x92\xa1" "a\xa2x+\x92\xa1" "b\xa9(?>yz|y)z")
/* The error is at the second character of the second pattern. */
#define WRONG TEXT("\x92\x92\xa1" "a\xa2x+\x92\xa1" "b\xa2y(")
#define LIMITS_SIZE sizeof(OphioParameterizationLimits)

static void test_parameterization(void)
{
    OphioParameterization *list = NULL, *defaults = NULL, *other = NULL;
    OphioParameterizationPattern pattern = {{&untouched, 77}, {&untouched, 77}, true};
    OphioParameterizationLimits limits;
    OphioStr text = {NULL, 0};
    uint64_t counts[2] = {7, 7};
    uint8_t buffer[8];
    size_t number = 7, position = 7;

    memset(&limits, 0, sizeof limits);
    limits.text_bytes = 5;
    GOOD(ophio_parameterization_new(EMPTY, EMPTY, NULL, 0, NULL, NULL, &defaults));
    GOOD(ophio_parameterization_new(TWO, EMPTY, &limits, LIMITS_SIZE, &number, &position, &list));
    GOOD(ophio_parameterization_new(TWO, TEXT("\x91\xa1" "b"), NULL, 0, NULL, NULL, &other));
    CHECK(ophio_parameterization_len(defaults) > 10);
    CHECK(ophio_parameterization_len(list) == 2 && ophio_parameterization_len(other) == 1);
    CHECK(ophio_parameterization_len(NULL) == 0);
    ophio_parameterization_free(&other);
    CHECK(number == 7 && position == 7);

    NO_HANDLE(ophio_parameterization_new(WRONG, EMPTY, NULL, 0, &number, &position, made),
              OPHIO_STATUS_PATTERN);
    CHECK(number == 1 && position == 1);
    NO_HANDLE(ophio_parameterization_new(WRONG, EMPTY, NULL, 0, NULL, NULL, made),
              OPHIO_STATUS_PATTERN);
    NO_HANDLE(ophio_parameterization_new(TWO, TEXT("\x91\xa1" "c"), NULL, 0, &number, &position,
                                         made),
              OPHIO_STATUS_PATTERN);
    CHECK(number == 2 && position == SIZE_MAX);
    limits.patterns = 1;
    NO_HANDLE(ophio_parameterization_new(TWO, EMPTY, &limits, LIMITS_SIZE, NULL, NULL, made),
              OPHIO_STATUS_PATTERN);
    NO_HANDLE(ophio_parameterization_new(TWO, EMPTY, &limits, 8, NULL, NULL, made),
              INVALID_ARGUMENT);
    NO_HANDLE(ophio_parameterization_new(NONE, EMPTY, NULL, 0, NULL, NULL, made), NULL_POINTER);
    NO_HANDLE(ophio_parameterization_new(EMPTY, NONE, NULL, 0, NULL, NULL, made), NULL_POINTER);
    NO_HANDLE(ophio_parameterization_new(HUGE_TEXT, EMPTY, NULL, 0, NULL, NULL, made),
              INVALID_ARGUMENT);
    NO_HANDLE(ophio_parameterization_new(EMPTY, HUGE_TEXT, NULL, 0, NULL, NULL, made),
              INVALID_ARGUMENT);
    NO_HANDLE(ophio_parameterization_new(TEXT("\x91\xa1" "a"), EMPTY, NULL, 0, NULL, NULL, made),
              INVALID_ARGUMENT);
    NO_HANDLE(ophio_parameterization_new(EMPTY, TEXT("\x01"), NULL, 0, NULL, NULL, made),
              INVALID_ARGUMENT);
    REFUSED(ophio_parameterization_new(EMPTY, EMPTY, NULL, 0, NULL, NULL, NULL), NULL_POINTER);

    GOOD(ophio_parameterization_pattern(list, 1, &pattern));
    CHECK(pattern.name.len == 1 && pattern.name.data[0] == 'b' && pattern.regex.len == 9);
    CHECK(!pattern.is_linear);
    GOOD(ophio_parameterization_pattern(list, 0, &pattern));
    CHECK(pattern.is_linear && pattern.regex.data[0] == 'x');
    REFUSED(ophio_parameterization_pattern(list, 2, &pattern), OUT_OF_RANGE);
    REFUSED(ophio_parameterization_pattern(list, SIZE_MAX, &pattern), OUT_OF_RANGE);
    REFUSED(ophio_parameterization_pattern(NULL, 0, &pattern), NULL_POINTER);
    REFUSED(ophio_parameterization_pattern(list, 0, NULL), NULL_POINTER);
    CHECK(pattern.is_linear);

    GOOD_STR(ophio_parameterization_parameterize(defaults, TEXT("took 15ms"), place),
             "took <duration>");
    GOOD_STR(ophio_parameterization_parameterize(list, TEXT("xxyzz"), place), "<a><b>");
    GOOD_STR(ophio_parameterization_parameterize(list, EMPTY, place), "");
    REFUSED_STR(ophio_parameterization_parameterize(list, TEXT("abcdef"), place),
                OPHIO_STATUS_LIMIT);
    REFUSED_STR(ophio_parameterization_parameterize(NULL, TEXT("a"), place), NULL_POINTER);
    REFUSED_STR(ophio_parameterization_parameterize(list, NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_parameterization_parameterize(list, HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_parameterization_parameterize(list, BAD, place), INVALID_UTF8);
    REFUSED(ophio_parameterization_parameterize(list, TEXT("a"), NULL), NULL_POINTER);

    memset(buffer, 'x', sizeof buffer);
    CHECK(ophio_parameterization_parameterize_text(BUFFER(list, buffer, 4), "yx") == 4);
    CHECK(memcmp(buffer, "y<a>xxxx", 8) == 0);
    CHECK(ophio_parameterization_parameterize_text(BUFFER(list, buffer, 1), "y") == 0);
    CHECK(ophio_parameterization_parameterize_text(BUFFER(list, NULL, 0), "") == 0);
    MINUS(ophio_parameterization_parameterize_text(BUFFER(list, buffer, 6), "xyx"), OUT_OF_RANGE);
    MINUS(ophio_parameterization_parameterize_text(BUFFER(list, buffer, 1), "yy"), OUT_OF_RANGE);
    MINUS(ophio_parameterization_parameterize_text(BUFFER(NULL, buffer, 8), "x"), NULL_POINTER);
    MINUS(ophio_parameterization_parameterize_text(BUFFER(list, buffer, 8), NULL), NULL_POINTER);
    MINUS(ophio_parameterization_parameterize_text(BUFFER(list, NULL, 8), "x"), NULL_POINTER);
    MINUS(ophio_parameterization_parameterize_text(BUFFER(list, buffer, SIZE_MAX), "x"),
          INVALID_ARGUMENT);
    MINUS(ophio_parameterization_parameterize_text(BUFFER(list, buffer, 8), "\xff"), INVALID_UTF8);
    MINUS(ophio_parameterization_parameterize_text(BUFFER(list, buffer, 8), "abcdef"),
          OPHIO_STATUS_LIMIT);
    MINUS(ophio_parameterization_parameterize_text(NULL, "x"), NULL_POINTER);
    CHECK(memcmp(buffer, "y<a>xxxx", 8) == 0);

    GOOD(ophio_parameterization_parameterize_packed(list, TEXT("\x92\xa2xy\xa1x"), counts, 2,
                                                    &text));
    CHECK(text.len == 14 && memcmp(text.data + 5, "\xa4<a>y\xa3<a>", 9) == 0);
    CHECK(counts[0] == 9 && counts[1] == 7);
    ophio_str_free(&text);
    GOOD_STR(ophio_parameterization_parameterize_packed(list, TEXT("\x91\xa1x"), NULL, 0, place),
             "<a>");
    REFUSED_STR(ophio_parameterization_parameterize_packed(NULL, TEXT("\x90"), NULL, 0, place),
                NULL_POINTER);
    REFUSED_STR(ophio_parameterization_parameterize_packed(list, NONE, NULL, 0, place),
                NULL_POINTER);
    REFUSED_STR(ophio_parameterization_parameterize_packed(list, TEXT("\x90"), NULL, 2, place),
                NULL_POINTER);
    REFUSED_STR(ophio_parameterization_parameterize_packed(list, TEXT("\x90"), counts, 1, place),
                INVALID_ARGUMENT);
    REFUSED_STR(
        ophio_parameterization_parameterize_packed(list, TEXT("\x90"), counts, SIZE_MAX, place),
        INVALID_ARGUMENT);
    REFUSED_STR(ophio_parameterization_parameterize_packed(list, HUGE_TEXT, NULL, 0, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_parameterization_parameterize_packed(list, EMPTY, NULL, 0, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_parameterization_parameterize_packed(list, TEXT("\x91\xa1\xff"), NULL, 0,
                                                           place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_parameterization_parameterize_packed(list, TEXT("\x92\xa1x\xa6" "abcdef"),
                                                           counts, 2, place),
                OPHIO_STATUS_LIMIT);
    REFUSED(ophio_parameterization_parameterize_packed(list, TEXT("\x90"), NULL, 0, NULL),
            NULL_POINTER);

    GOOD(ophio_parameterization_counts(list, TEXT("\x92\xa1x\xa3yzz"), counts, 2));
    CHECK(counts[0] == 10 && counts[1] == 8);
    REFUSED(ophio_parameterization_counts(NULL, TEXT("\x90"), counts, 2), NULL_POINTER);
    REFUSED(ophio_parameterization_counts(list, NONE, counts, 2), NULL_POINTER);
    REFUSED(ophio_parameterization_counts(list, EMPTY, counts, 2), INVALID_ARGUMENT);
    REFUSED(ophio_parameterization_counts(list, HUGE_TEXT, counts, 2), INVALID_ARGUMENT);
    REFUSED(ophio_parameterization_counts(list, TEXT("\x90"), NULL, 2), NULL_POINTER);
    REFUSED(ophio_parameterization_counts(list, TEXT("\x90"), NULL, 0), INVALID_ARGUMENT);
    REFUSED(ophio_parameterization_counts(list, TEXT("\x91\x01"), counts, 2), INVALID_ARGUMENT);
    REFUSED(ophio_parameterization_counts(list, TEXT("\x92\xa1x\xa6" "abcdef"), counts, 2),
            OPHIO_STATUS_LIMIT);
    CHECK(counts[0] == 10 && counts[1] == 8);

    GOOD_STR(ophio_parameterization_find(list, TEXT("\xc3\xa9x"), true, place),
             "\x91\x93\x00\x01\x02");
    GOOD_STR(ophio_parameterization_find(list, EMPTY, true, place), "\x90");
    GOOD(ophio_parameterization_find(list, TEXT("\xc3\xa9x"), false, &text));
    CHECK(text.len == 5 && memcmp(text.data, "\x91\x93\x00\x02\x03", 5) == 0);
    ophio_str_free(&text);
    REFUSED_STR(ophio_parameterization_find(NULL, TEXT("a"), true, place), NULL_POINTER);
    REFUSED_STR(ophio_parameterization_find(list, NONE, true, place), NULL_POINTER);
    REFUSED_STR(ophio_parameterization_find(list, HUGE_TEXT, true, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_parameterization_find(list, BAD, true, place), INVALID_UTF8);
    REFUSED_STR(ophio_parameterization_find(list, TEXT("abcdef"), true, place), OPHIO_STATUS_LIMIT);
    REFUSED(ophio_parameterization_find(list, TEXT("a"), true, NULL), NULL_POINTER);

    GOOD_STR(ophio_parameterization_find_packed(list, TEXT("\x92\xa3\xc3\xa9x\xa0"), true, place),
             "\x91\x93\x00\x01\x02\x90");
    REFUSED_STR(ophio_parameterization_find_packed(NULL, TEXT("\x90"), true, place), NULL_POINTER);
    REFUSED_STR(ophio_parameterization_find_packed(list, NONE, true, place), NULL_POINTER);
    REFUSED_STR(ophio_parameterization_find_packed(list, EMPTY, true, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_parameterization_find_packed(list, HUGE_TEXT, true, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_parameterization_find_packed(list, TEXT("\x91\x01"), true, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_parameterization_find_packed(list, TEXT("\x91\xa6" "abcdef"), true, place),
                OPHIO_STATUS_LIMIT);
    REFUSED(ophio_parameterization_find_packed(list, TEXT("\x90"), true, NULL), NULL_POINTER);

    ophio_parameterization_free(&list);
    ophio_parameterization_free(&defaults);
}

static void test_glob_set(void)
{
    OphioGlobSet *set = NULL;
    GOOD(ophio_glob_set_new(TEXT("\x93\xa4*.py\xa2[a\xa1*"), 0, &set));
    OphioGlobDiagnostic found = {7, 7, {&untouched, 77}};
    size_t count = 7;
    uint32_t numbers[3] = {7, 7, 7};

    CHECK(set != NULL);
    NO_HANDLE(ophio_glob_set_new(NONE, 0, made), NULL_POINTER);
    NO_HANDLE(ophio_glob_set_new(HUGE_TEXT, 0, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_glob_set_new(EMPTY, 0, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_glob_set_new(TEXT("\x91\xa1"), 0, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_glob_set_new(TEXT("\x91\xa1\xff"), 0, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_glob_set_new(TEXT("\xdd\xff\xff\xff\xff"), 0, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_glob_set_new(TEXT("\x90"), 1024, made), INVALID_ARGUMENT);

    REFUSED(ophio_glob_set_diagnostic(NULL, 0, &found), NULL_POINTER);
    REFUSED(ophio_glob_set_diagnostic(set, 0, NULL), NULL_POINTER);
    CHECK(found.number == 7 && found.position == 7 && found.message.len == 77);
    GOOD(ophio_glob_set_diagnostic(set, 0, &found));
    CHECK(found.number == 1 && found.position == 0 && found.message.len > 0);
    GOOD(ophio_glob_set_diagnostic(set, 2, &found));
    CHECK(found.number == 3 && found.message.len == 0);
    GOOD(ophio_glob_set_diagnostic(set, SIZE_MAX, &found));
    CHECK(found.number == 3 && found.message.len == 0);

    ANSWERS(ophio_glob_set_is_match(set, TEXT("a.py"), answer), true);
    ANSWERS(ophio_glob_set_is_match(set, BAD, answer), true);
    ANSWERS(ophio_glob_set_is_match(set, EMPTY, answer), true);
    NO_ANSWER(ophio_glob_set_is_match(NULL, TEXT("a"), answer), NULL_POINTER);
    NO_ANSWER(ophio_glob_set_is_match(set, NONE, answer), NULL_POINTER);
    NO_ANSWER(ophio_glob_set_is_match(set, HUGE_TEXT, answer), INVALID_ARGUMENT);

    NO_ANSWER(ophio_glob_set_matches(NULL, TEXT("a"), numbers, 3, count), NULL_POINTER);
    NO_ANSWER(ophio_glob_set_matches(set, NONE, numbers, 3, count), NULL_POINTER);
    NO_ANSWER(ophio_glob_set_matches(set, HUGE_TEXT, numbers, 3, count), INVALID_ARGUMENT);
    NO_ANSWER(ophio_glob_set_matches(set, TEXT("a"), NULL, 3, count), NULL_POINTER);
    NO_ANSWER(ophio_glob_set_matches(set, TEXT("a"), numbers, SIZE_MAX, count),
              INVALID_ARGUMENT);
    CHECK(numbers[0] == 7);
    GOOD(ophio_glob_set_matches(set, TEXT("a.py"), numbers, 3, &count));
    CHECK(count == 2);
    CHECK(numbers[0] == 0 && numbers[1] == 2 && numbers[2] == 7);
    GOOD(ophio_glob_set_matches(set, TEXT("a.py"), NULL, 0, &count));
    CHECK(count == 2);
    GOOD(ophio_glob_set_matches(set, EMPTY, NULL, 0, &count));
    CHECK(count == 1);
    ophio_glob_set_free(&set);
}

/* --- fingerprint rules ------------------------------------------------------------- */

#define MESSAGE "{\"logentry\": {\"formatted\": \"took 15ms\"}}"
/* Variables are filled in as Sentry does it. */
#define KEEP OPHIO_FINGERPRINTS_UNKNOWN_KEEP, NULL
#define LEVEL_B "{\"level\": \"b\"}"
/* An event as MessagePack; an array with it, and with the empty event. */
#define PACKED_EVENT "\x81\xa5" "level\xa1" "b"
#define PACKED_EVENTS "\x92\xc4\x09" PACKED_EVENT "\xa2{}"

static void test_making_fingerprints(void)
{
    OphioFingerprints *rules = NULL, *other = NULL, *both = NULL;
    OphioStr left_out = SENTINEL;

    GOOD(ophio_fingerprints_parse(EMPTY, &other));
    CHECK(ophio_fingerprints_len(other) == 0);
    GOOD(ophio_fingerprints_parse(TEXT("type:A -> a\nlevel:b -> {{ level }}, x"), &rules));
    CHECK(ophio_fingerprints_len(rules) == 2);
    CHECK(ophio_fingerprints_len(NULL) == 0);
    NO_HANDLE(ophio_fingerprints_parse(NONE, made), NULL_POINTER);
    NO_HANDLE(ophio_fingerprints_parse(HUGE_TEXT, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_fingerprints_parse(BAD, made), INVALID_UTF8);
    NO_HANDLE(ophio_fingerprints_parse(TEXT("nope"), made), FINGERPRINTS);
    REFUSED(ophio_fingerprints_parse(TEXT("type:A -> a"), NULL), NULL_POINTER);

    NO_HANDLE(ophio_fingerprints_parse_lenient(NONE, &left_out, made), NULL_POINTER);
    NO_HANDLE(ophio_fingerprints_parse_lenient(HUGE_TEXT, &left_out, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_fingerprints_parse_lenient(BAD, &left_out, made), INVALID_UTF8);
    NO_HANDLE(ophio_fingerprints_parse_lenient(EMPTY, NULL, made), NULL_POINTER);
    REFUSED(ophio_fingerprints_parse_lenient(EMPTY, &left_out, NULL), NULL_POINTER);
    CHECK(is_untouched(&left_out));
    GOOD(ophio_fingerprints_parse_lenient(TEXT("nope\ntype:A -> a"), &left_out, &both));
    CHECK(ophio_fingerprints_len(both) == 1 && contains(&left_out, "\"OPH20"));
    ophio_str_free(&left_out);
    ophio_fingerprints_free(&both);

    GOOD(ophio_fingerprints_with_builtin(rules, rules, &both));
    CHECK(ophio_fingerprints_len(both) == 4);
    NO_HANDLE(ophio_fingerprints_with_builtin(NULL, rules, made), NULL_POINTER);
    NO_HANDLE(ophio_fingerprints_with_builtin(rules, NULL, made), NULL_POINTER);
    REFUSED(ophio_fingerprints_with_builtin(rules, rules, NULL), NULL_POINTER);

    ANSWERS(ophio_fingerprints_equal(rules, rules, answer), true);
    ANSWERS(ophio_fingerprints_equal(rules, both, answer), false);
    NO_ANSWER(ophio_fingerprints_equal(NULL, rules, answer), NULL_POINTER);
    NO_ANSWER(ophio_fingerprints_equal(rules, NULL, answer), NULL_POINTER);
    REFUSED(ophio_fingerprints_equal(rules, rules, NULL), NULL_POINTER);
    ophio_fingerprints_free(&both);
    ophio_fingerprints_free(&other);

    GOOD_STR(ophio_fingerprints_check(EMPTY, place), "[]");
    GOOD_STR(ophio_fingerprints_check(TEXT("typ:A -> a"), place), "\"suggestion\":\"type\"");
    REFUSED_STR(ophio_fingerprints_check(NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_check(HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_fingerprints_check(BAD, place), INVALID_UTF8);
    REFUSED(ophio_fingerprints_check(EMPTY, NULL), NULL_POINTER);

    GOOD_STR(ophio_fingerprints_format(EMPTY, place), "");
    GOOD_STR(ophio_fingerprints_format(TEXT("type:A -> a"), place), "type:A  -> a\n");
    REFUSED_STR(ophio_fingerprints_format(NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_format(HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_fingerprints_format(BAD, place), INVALID_UTF8);
    REFUSED_STR(ophio_fingerprints_format(TEXT("nope"), place), FINGERPRINTS);
    REFUSED(ophio_fingerprints_format(EMPTY, NULL), NULL_POINTER);

    GOOD(ophio_fingerprints_from_json(TEXT("{\"rules\": []}"), &other));
    ophio_fingerprints_free(&other);
    NO_HANDLE(ophio_fingerprints_from_json(NONE, made), NULL_POINTER);
    NO_HANDLE(ophio_fingerprints_from_json(HUGE_TEXT, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_fingerprints_from_json(EMPTY, made), FINGERPRINTS);
    NO_HANDLE(ophio_fingerprints_from_json(BAD, made), FINGERPRINTS);
    REFUSED(ophio_fingerprints_from_json(TEXT("{\"rules\": []}"), NULL), NULL_POINTER);

    GOOD_STR(ophio_fingerprints_to_json(rules, place), "\"version\":1");
    REFUSED_STR(ophio_fingerprints_to_json(NULL, place), NULL_POINTER);
    REFUSED(ophio_fingerprints_to_json(rules, NULL), NULL_POINTER);
    GOOD_STR(ophio_fingerprints_to_text(rules, place), "type:A -> a\n");
    REFUSED_STR(ophio_fingerprints_to_text(NULL, place), NULL_POINTER);
    REFUSED(ophio_fingerprints_to_text(rules, NULL), NULL_POINTER);
    GOOD_STR(ophio_fingerprints_describe(rules, place), "\"scope\":\"exceptions\"");
    REFUSED_STR(ophio_fingerprints_describe(NULL, place), NULL_POINTER);
    REFUSED(ophio_fingerprints_describe(rules, NULL), NULL_POINTER);
    GOOD_STR(ophio_fingerprints_describe_rule(rules, 0, place), "{\"text\":\"type:A -> a\"");
    REFUSED_STR(ophio_fingerprints_describe_rule(rules, SIZE_MAX, place), OUT_OF_RANGE);
    REFUSED_STR(ophio_fingerprints_describe_rule(NULL, 0, place), NULL_POINTER);
    REFUSED(ophio_fingerprints_describe_rule(rules, 0, NULL), NULL_POINTER);
    ophio_fingerprints_free(&rules);

    GOOD(ophio_fingerprints_from_json(
        TEXT("{\"rules\": [{\"matchers\": [], \"fingerprint\": [\"a\"]}]}"), &rules));
    REFUSED_STR(ophio_fingerprints_to_text(rules, place), FINGERPRINTS);
    ophio_fingerprints_free(&rules);
}

static void test_fingerprints_of_columns(void)
{
    static const int32_t lens[] = {0, 2};
    OphioFingerprints *rules = NULL;
    GOOD(ophio_fingerprints_parse(TEXT("app:yes -> a, {{ type }}"), &rules));
    Column rows, found;

    rows = stacktraces("u");
    GOOD(ophio_fingerprints_match_arrow(rules, &rows.array, &rows.schema, OPHIO_FINGERPRINTS_UNKNOWN_KEEP, 2, &found.array,
                                        &found.schema));
    CHECK(found.array.length == 2 && found.array.n_children == 3);
    take(&found);
    REFUSED(ophio_fingerprints_match_arrow(rules, &rows.array, &rows.schema, OPHIO_FINGERPRINTS_UNKNOWN_KEEP, 1, &found.array,
                                           &found.schema),
            INVALID_ARGUMENT);
    rows = stacktraces("u");
    REFUSED(ophio_fingerprints_match_arrow(rules, &rows.array, &rows.schema, 2, 1, &found.array,
                                           &found.schema),
            INVALID_ARGUMENT);
    rows = stacktraces("i");
    REFUSED(ophio_fingerprints_match_arrow(rules, &rows.array, &rows.schema, OPHIO_FINGERPRINTS_UNKNOWN_KEEP, 1, &found.array,
                                           &found.schema),
            SCHEMA);
    GOOD(ophio_limits_set(OPHIO_LIMIT_FRAMES, 1));
    rows = stacktraces("u");
    REFUSED(ophio_fingerprints_match_arrow(rules, &rows.array, &rows.schema, OPHIO_FINGERPRINTS_UNKNOWN_KEEP, 1, &found.array,
                                           &found.schema),
            LIMIT);
    GOOD(ophio_limits_set(OPHIO_LIMIT_FRAMES, 100000));
    rows = text("", 1, lens, "[]");
    REFUSED(ophio_fingerprints_match_arrow(rules, &rows.array, &rows.schema, OPHIO_FINGERPRINTS_UNKNOWN_KEEP, 1, &found.array,
                                           &found.schema),
            EVENT);
    rows = stacktraces("u");
    REFUSED(ophio_fingerprints_match_arrow(NULL, &rows.array, &rows.schema, OPHIO_FINGERPRINTS_UNKNOWN_KEEP, 1, &found.array,
                                           &found.schema),
            NULL_POINTER);
    REFUSED(ophio_fingerprints_match_arrow(rules, NULL, NULL, OPHIO_FINGERPRINTS_UNKNOWN_KEEP, 1, &found.array, &found.schema),
            NULL_POINTER);
    rows = stacktraces("u");
    REFUSED(ophio_fingerprints_match_arrow(rules, &rows.array, &rows.schema, OPHIO_FINGERPRINTS_UNKNOWN_KEEP, 1, NULL,
                                           &found.schema),
            NULL_POINTER);
    rows = stacktraces("u");
    REFUSED(ophio_fingerprints_match_arrow(rules, &rows.array, &rows.schema, OPHIO_FINGERPRINTS_UNKNOWN_KEEP, 1, &found.array,
                                           NULL),
            NULL_POINTER);
    CHECK(made == released);
    ophio_fingerprints_free(&rules);
    ophio_fingerprints_forget_all();
}

static void test_matching_fingerprints(void)
{
    OphioFingerprints *rules = NULL;
    OphioParameterization *list = NULL;
    uint32_t kind = 7;

    GOOD(ophio_fingerprints_parse(TEXT("type:A -> a\nlevel:b -> {{ level }}, x"), &rules));
    GOOD_STR(ophio_fingerprints_match(rules, TEXT(LEVEL_B), KEEP, place), "\"resolved\":[\"b\"");
    GOOD_STR(ophio_fingerprints_match(rules, TEXT(PACKED_EVENT), KEEP, place), "{\"rule\":1,");
    GOOD_STR(ophio_fingerprints_match(rules, TEXT("{}"), KEEP, place), "");
    REFUSED_STR(ophio_fingerprints_match(NULL, TEXT("{}"), KEEP, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_match(rules, NONE, KEEP, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_match(rules, HUGE_TEXT, KEEP, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_fingerprints_match(rules, EMPTY, KEEP, place), EVENT);
    REFUSED_STR(ophio_fingerprints_match(rules, BAD, KEEP, place), EVENT);
    REFUSED_STR(ophio_fingerprints_match(rules, TEXT("{}"), 2, NULL, place), INVALID_ARGUMENT);
    REFUSED(ophio_fingerprints_match(rules, TEXT("{}"), KEEP, NULL), NULL_POINTER);

    GOOD_STR(ophio_fingerprints_match_packed(rules, TEXT(PACKED_EVENTS), KEEP, place), ",null]");
    GOOD_STR(ophio_fingerprints_match_packed(rules, TEXT("\x90"), KEEP, place), "[]");
    REFUSED_STR(ophio_fingerprints_match_packed(NULL, TEXT("\x90"), KEEP, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_match_packed(rules, NONE, KEEP, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_match_packed(rules, HUGE_TEXT, KEEP, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_fingerprints_match_packed(rules, EMPTY, KEEP, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_fingerprints_match_packed(rules, TEXT("\x91\xa1" "a"), KEEP, place), EVENT);
    REFUSED_STR(ophio_fingerprints_match_packed(rules, TEXT("\x90"), 2, NULL, place),
                INVALID_ARGUMENT);
    REFUSED(ophio_fingerprints_match_packed(rules, TEXT("\x90"), KEEP, NULL), NULL_POINTER);

    GOOD_STR(ophio_fingerprints_match_json_lines(rules, EMPTY, KEEP, place), "[]");
    GOOD_STR(ophio_fingerprints_match_json_lines(rules, TEXT("{}\n" LEVEL_B), KEEP, place),
             "[null,{\"rule\":1,");
    REFUSED_STR(ophio_fingerprints_match_json_lines(NULL, EMPTY, KEEP, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_match_json_lines(rules, NONE, KEEP, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_match_json_lines(rules, HUGE_TEXT, KEEP, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_fingerprints_match_json_lines(rules, BAD, KEEP, place), EVENT);
    REFUSED_STR(ophio_fingerprints_match_json_lines(rules, EMPTY, 2, NULL, place), INVALID_ARGUMENT);
    REFUSED(ophio_fingerprints_match_json_lines(rules, EMPTY, KEEP, NULL), NULL_POINTER);

    GOOD_STR(ophio_fingerprints_explain(rules, TEXT(LEVEL_B), place), "{\"matched\":1,");
    REFUSED_STR(ophio_fingerprints_explain(NULL, TEXT("{}"), place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_explain(rules, NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_explain(rules, HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_fingerprints_explain(rules, EMPTY, place), EVENT);
    REFUSED(ophio_fingerprints_explain(rules, TEXT("{}"), NULL), NULL_POINTER);
    ophio_fingerprints_free(&rules);

    GOOD_STR(ophio_fingerprints_resolve(TEXT("\x91\xab{{ level }}"), TEXT(LEVEL_B), KEEP, place),
             "[\"b\"]");
    REFUSED_STR(ophio_fingerprints_resolve(NONE, TEXT("{}"), KEEP, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_resolve(HUGE_TEXT, TEXT("{}"), KEEP, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_fingerprints_resolve(EMPTY, TEXT("{}"), KEEP, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_fingerprints_resolve(TEXT("\x90"), NONE, KEEP, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_resolve(TEXT("\x90"), TEXT("[]"), KEEP, place), EVENT);
    REFUSED_STR(ophio_fingerprints_resolve(TEXT("\x90"), TEXT("{}"), 2, NULL, place),
                INVALID_ARGUMENT);
    REFUSED(ophio_fingerprints_resolve(TEXT("\x90"), TEXT("{}"), KEEP, NULL), NULL_POINTER);

    GOOD_STR(ophio_fingerprints_expand_title(EMPTY, TEXT("{}"), KEEP, place), "");
    GOOD_STR(ophio_fingerprints_expand_title(TEXT("is {{ x }}"), TEXT("{}"), 1, NULL, place),
             "is <unrecognized-variable-x>");
    REFUSED_STR(ophio_fingerprints_expand_title(NONE, TEXT("{}"), KEEP, place), NULL_POINTER);
    REFUSED_STR(ophio_fingerprints_expand_title(HUGE_TEXT, TEXT("{}"), KEEP, place),
                INVALID_ARGUMENT);
    REFUSED_STR(ophio_fingerprints_expand_title(BAD, TEXT("{}"), KEEP, place), INVALID_UTF8);
    REFUSED_STR(ophio_fingerprints_expand_title(EMPTY, TEXT("[]"), KEEP, place), EVENT);
    REFUSED_STR(ophio_fingerprints_expand_title(EMPTY, TEXT("{}"), 2, NULL, place),
                INVALID_ARGUMENT);
    GOOD(ophio_parameterization_new(EMPTY, EMPTY, NULL, 0, NULL, NULL, &list));
    GOOD_STR(ophio_fingerprints_expand_title(TEXT("{{ message }}"), TEXT(MESSAGE), 0, list, place),
             "took <duration>");
    GOOD_STR(ophio_fingerprints_resolve(TEXT("\x91\xad{{ message }}"), TEXT(MESSAGE), 0, list,
                                        place),
             "[\"took <duration>\"]");
    ophio_parameterization_free(&list);
    REFUSED(ophio_fingerprints_expand_title(EMPTY, TEXT("{}"), KEEP, NULL), NULL_POINTER);

    REFUSED(ophio_fingerprints_type(NONE, &kind), NULL_POINTER);
    REFUSED(ophio_fingerprints_type(HUGE_TEXT, &kind), INVALID_ARGUMENT);
    REFUSED(ophio_fingerprints_type(EMPTY, &kind), INVALID_ARGUMENT);
    REFUSED(ophio_fingerprints_type(TEXT("\x90"), NULL), NULL_POINTER);
    CHECK(kind == 7);
    GOOD(ophio_fingerprints_type(TEXT("\x90"), &kind));
    CHECK(kind == OPHIO_FINGERPRINTS_TYPE_EMPTY);
    GOOD(ophio_fingerprints_type(TEXT("\x92\xa1" "a\xab{{default}}"), &kind));
    CHECK(kind == OPHIO_FINGERPRINTS_TYPE_HYBRID);
}

/* --- CODEOWNERS -------------------------------------------------------------------- */

static void test_codeowners(void)
{
    OphioCodeowners *file = NULL;
    GOOD(ophio_codeowners_parse(TEXT("*.js @js @all\n[\n"), OPHIO_CODEOWNERS_DIALECT_GITHUB, 100,
                                &file));
    OphioCodeowners *empty;
    OphioCodeownersCounts counts;
    OphioCodeownersRule rule;
    OphioCodeownersSection section;
    OphioCodeownersDiagnostic wrong;
    OphioCodeownersDetails details;
    OphioSlice owner = {&untouched, 77};
    uint32_t winners[2] = {7, 7};
    uint32_t kind = 77;
    bool matched[2] = {true, true};

    CHECK(file != NULL);
    NO_HANDLE(ophio_codeowners_parse(NONE, 0, 100, made), NULL_POINTER);
    NO_HANDLE(ophio_codeowners_parse(HUGE_TEXT, 0, SIZE_MAX, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_codeowners_parse(BAD, 0, 100, made), INVALID_UTF8);
    NO_HANDLE(ophio_codeowners_parse(TEXT("* @a"), 99, 100, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_codeowners_parse(TEXT("* @a"), 0, 1, made), OPHIO_STATUS_CODEOWNERS);
    GOOD(ophio_codeowners_parse(EMPTY, 0, 0, &empty));
    GOOD(ophio_codeowners_counts(empty, &counts));
    CHECK(counts.rules == 0 && counts.sections == 1 && counts.diagnostics == 0);
    ophio_codeowners_free(&empty);

    GOOD(ophio_codeowners_counts(file, &counts));
    CHECK(counts.rules >= 1 && counts.sections == 1);
    REFUSED(ophio_codeowners_counts(NULL, &counts), NULL_POINTER);
    REFUSED(ophio_codeowners_counts(file, NULL), NULL_POINTER);

    memset(&rule, 7, sizeof rule);
    REFUSED(ophio_codeowners_rule(NULL, 0, &rule), NULL_POINTER);
    REFUSED(ophio_codeowners_rule(file, counts.rules, &rule), OUT_OF_RANGE);
    REFUSED(ophio_codeowners_rule(file, SIZE_MAX, &rule), OUT_OF_RANGE);
    REFUSED(ophio_codeowners_rule(file, 0, NULL), NULL_POINTER);
    CHECK(((unsigned char *)&rule)[0] == 7);
    GOOD(ophio_codeowners_rule(file, 0, &rule));
    CHECK(rule.owners == 2 && rule.line == 1 && !rule.excludes);

    REFUSED(ophio_codeowners_owner(NULL, 0, 0, &owner), NULL_POINTER);
    REFUSED(ophio_codeowners_owner(file, SIZE_MAX, 0, &owner), OUT_OF_RANGE);
    REFUSED(ophio_codeowners_owner(file, 0, 2, &owner), OUT_OF_RANGE);
    REFUSED(ophio_codeowners_owner(file, 0, 0, NULL), NULL_POINTER);
    CHECK(owner.len == 77);
    GOOD(ophio_codeowners_owner(file, 0, 1, &owner));
    CHECK(owner.len == 4 && memcmp(owner.data, "@all", 4) == 0);

    REFUSED(ophio_codeowners_owner_kind(NULL, 0, 0, &kind), NULL_POINTER);
    REFUSED(ophio_codeowners_owner_kind(file, SIZE_MAX, 0, &kind), OUT_OF_RANGE);
    REFUSED(ophio_codeowners_owner_kind(file, 0, 2, &kind), OUT_OF_RANGE);
    REFUSED(ophio_codeowners_owner_kind(file, 0, 0, NULL), NULL_POINTER);
    CHECK(kind == 77);
    GOOD(ophio_codeowners_owner_kind(file, 0, 1, &kind));
    CHECK(kind == OPHIO_CODEOWNERS_OWNER_KIND_USER);

    REFUSED(ophio_codeowners_section(NULL, 0, &section), NULL_POINTER);
    REFUSED(ophio_codeowners_section(file, 1, &section), OUT_OF_RANGE);
    REFUSED(ophio_codeowners_section(file, 0, NULL), NULL_POINTER);
    GOOD(ophio_codeowners_section(file, 0, &section));
    CHECK(section.name.len == 0 && section.line == 0);

    REFUSED(ophio_codeowners_diagnostic(NULL, 0, &wrong), NULL_POINTER);
    REFUSED(ophio_codeowners_diagnostic(file, counts.diagnostics, &wrong), OUT_OF_RANGE);
    REFUSED(ophio_codeowners_diagnostic(file, 0, NULL), NULL_POINTER);
    CHECK(counts.diagnostics == 1);
    GOOD(ophio_codeowners_diagnostic(file, 0, &wrong));
    CHECK(wrong.line == 2);

    memset(&details, 7, sizeof details);
    REFUSED(ophio_codeowners_diagnostic_details(NULL, 0, &details), NULL_POINTER);
    REFUSED(ophio_codeowners_diagnostic_details(file, counts.diagnostics, &details), OUT_OF_RANGE);
    REFUSED(ophio_codeowners_diagnostic_details(file, SIZE_MAX, &details), OUT_OF_RANGE);
    REFUSED(ophio_codeowners_diagnostic_details(file, 0, NULL), NULL_POINTER);
    CHECK(((unsigned char *)&details)[0] == 7);
    GOOD(ophio_codeowners_diagnostic_details(file, 0, &details));
    CHECK(details.code.len == 6 && memcmp(details.code.data, "OPH501", 6) == 0);
    CHECK(details.severity == OPHIO_ENHANCEMENTS_SEVERITY_WARNING);
    CHECK(details.suggestion.data == NULL && details.suggestion.len == 0);

    REFUSED(ophio_codeowners_find_packed(NULL, TEXT("\x91\xa4" "a.js"), winners, 1), NULL_POINTER);
    REFUSED(ophio_codeowners_find_packed(file, NONE, winners, 1), NULL_POINTER);
    REFUSED(ophio_codeowners_find_packed(file, HUGE_TEXT, winners, 1), INVALID_ARGUMENT);
    REFUSED(ophio_codeowners_find_packed(file, EMPTY, winners, 1), INVALID_ARGUMENT);
    REFUSED(ophio_codeowners_find_packed(file, TEXT("\x91\xa4" "a"), winners, 1),
            INVALID_ARGUMENT);
    REFUSED(ophio_codeowners_find_packed(file, TEXT("\x91\xa4" "a.js"), winners, 2),
            INVALID_ARGUMENT);
    REFUSED(ophio_codeowners_find_packed(file, TEXT("\x91\xa4" "a.js"), winners, SIZE_MAX),
            INVALID_ARGUMENT);
    REFUSED(ophio_codeowners_find_packed(file, TEXT("\x91\xa4" "a.js"), NULL, 1), NULL_POINTER);
    CHECK(winners[0] == 7);
    GOOD(ophio_codeowners_find_packed(file, TEXT("\x92\xa4" "a.js\xa1" "b"), winners, 2));
    CHECK(winners[0] == 0 && winners[1] == UINT32_MAX);

    REFUSED(ophio_codeowners_matched_packed(NULL, TEXT("\x91\xa4" "a.js"), matched, 2),
            NULL_POINTER);
    REFUSED(ophio_codeowners_matched_packed(file, NONE, matched, 2), NULL_POINTER);
    REFUSED(ophio_codeowners_matched_packed(file, HUGE_TEXT, matched, 2), INVALID_ARGUMENT);
    REFUSED(ophio_codeowners_matched_packed(file, EMPTY, matched, 2), INVALID_ARGUMENT);
    REFUSED(ophio_codeowners_matched_packed(file, TEXT("\x91\xa4" "a"), matched, 2),
            INVALID_ARGUMENT);
    REFUSED(ophio_codeowners_matched_packed(file, TEXT("\x90"), matched, 1), INVALID_ARGUMENT);
    REFUSED(ophio_codeowners_matched_packed(file, TEXT("\x90"), matched, SIZE_MAX),
            INVALID_ARGUMENT);
    REFUSED(ophio_codeowners_matched_packed(file, TEXT("\x90"), NULL, 2), NULL_POINTER);
    CHECK(matched[0] && matched[1]);
    GOOD(ophio_codeowners_matched_packed(file, TEXT("\x91\xa4" "a.js"), matched, 2));
    CHECK(matched[0] && !matched[1]);
    ophio_codeowners_free(&file);

    ANSWERS(ophio_codeowners_is_path_match(TEXT("src/a.py"), TEXT("*.py"), answer), true);
    ANSWERS(ophio_codeowners_is_path_match(BAD, TEXT("*.py"), answer), false);
    ANSWERS(ophio_codeowners_is_path_match(EMPTY, TEXT("*.py"), answer), false);
    ANSWERS(ophio_codeowners_is_path_match(TEXT("a"), EMPTY, answer), false);
    NO_ANSWER(ophio_codeowners_is_path_match(NONE, TEXT("*.py"), answer), NULL_POINTER);
    NO_ANSWER(ophio_codeowners_is_path_match(TEXT("a"), NONE, answer), NULL_POINTER);
    NO_ANSWER(ophio_codeowners_is_path_match(TEXT("a"), BAD, answer), INVALID_UTF8);
    NO_ANSWER(ophio_codeowners_is_path_match(HUGE_TEXT, TEXT("a"), answer), INVALID_ARGUMENT);
    NO_ANSWER(ophio_codeowners_is_path_match(TEXT("a"), HUGE_TEXT, answer), INVALID_ARGUMENT);

    CHECK(ophio_codeowners_match_text("src/a.py", "*.py") == 1);
    CHECK(ophio_codeowners_match_text("\xff", "*.py") == 0);
    CHECK(ophio_codeowners_match_text("a", "") == 0);
    MINUS(ophio_codeowners_match_text(NULL, "a"), NULL_POINTER);
    MINUS(ophio_codeowners_match_text("a", NULL), NULL_POINTER);
    MINUS(ophio_codeowners_match_text("a", "\xff"), INVALID_UTF8);

    GOOD_STR(ophio_codeowners_shortcut(TEXT("*.py"), place), "\x95\x00\xa0\xa1/\xa4.py/\xa0");
    GOOD_STR(ophio_codeowners_shortcut(EMPTY, place), "\x95");
    REFUSED_STR(ophio_codeowners_shortcut(NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_codeowners_shortcut(HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_codeowners_shortcut(BAD, place), INVALID_UTF8);
    REFUSED(ophio_codeowners_shortcut(TEXT("a"), NULL), NULL_POINTER);
}

/* --- ProGuard ---------------------------------------------------------------------- */

static void test_proguard(void)
{
    OphioProguard *mapper = NULL;
    GOOD(ophio_proguard_new(TEXT("org.example.Shop -> a:\n    1:2:void buy():3:4 -> b\n"),
                            &mapper));
    OphioProguard *none;
    OphioSlice klass = {&untouched, 77}, method = {&untouched, 77};
    uint8_t uuid[16], frames[100];
    size_t len = 7;
    /* [["a", "b", 1, nil]] */
#define QUERY (const uint8_t *)"\x91\x94\xa1" "a\xa1" "b\x01\xc0", (size_t)8

    CHECK(mapper != NULL);
    GOOD(ophio_proguard_new(EMPTY, &none));
    ANSWERS(ophio_proguard_is_valid(none, answer), false);
    ophio_proguard_free(&none);
    NO_HANDLE(ophio_proguard_new(NONE, made), NULL_POINTER);
    NO_HANDLE(ophio_proguard_new(HUGE_TEXT, made), INVALID_ARGUMENT);

    NO_HANDLE(ophio_proguard_open(NONE, false, made), NULL_POINTER);
    NO_HANDLE(ophio_proguard_open(EMPTY, false, made), OPHIO_STATUS_PROGUARD);
    NO_HANDLE(ophio_proguard_open(HUGE_TEXT, false, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_proguard_open(TEXT("/no/such/file"), false, made), OPHIO_STATUS_PROGUARD);
    NO_HANDLE(ophio_proguard_open(TEXT("/no/such/file"), true, made), OPHIO_STATUS_PROGUARD);
    NO_HANDLE(ophio_proguard_open(TEXT("/"), true, made), OPHIO_STATUS_PROGUARD);
    NO_HANDLE(ophio_proguard_open((const uint8_t *)"a\0b", 3, false, made),
              OPHIO_STATUS_PROGUARD);

    GOOD(ophio_proguard_uuid(mapper, uuid));
    REFUSED(ophio_proguard_uuid(NULL, uuid), NULL_POINTER);
    REFUSED(ophio_proguard_uuid(mapper, NULL), NULL_POINTER);
    ANSWERS(ophio_proguard_has_line_info(mapper, answer), true);
    NO_ANSWER(ophio_proguard_has_line_info(NULL, answer), NULL_POINTER);
    ANSWERS(ophio_proguard_is_valid(mapper, answer), true);
    NO_ANSWER(ophio_proguard_is_valid(NULL, answer), NULL_POINTER);

    REFUSED(ophio_proguard_remap_class(NULL, TEXT("a"), &klass), NULL_POINTER);
    REFUSED(ophio_proguard_remap_class(mapper, NONE, &klass), NULL_POINTER);
    REFUSED(ophio_proguard_remap_class(mapper, HUGE_TEXT, &klass), INVALID_ARGUMENT);
    REFUSED(ophio_proguard_remap_class(mapper, BAD, &klass), INVALID_UTF8);
    REFUSED(ophio_proguard_remap_class(mapper, TEXT("a"), NULL), NULL_POINTER);
    CHECK(klass.len == 77);
    GOOD(ophio_proguard_remap_class(mapper, TEXT("a"), &klass));
    CHECK(klass.len == 16);
    GOOD(ophio_proguard_remap_class(mapper, TEXT("zz"), &klass));
    CHECK(klass.data == NULL && klass.len == 0);
    GOOD(ophio_proguard_remap_class(mapper, EMPTY, &klass));
    CHECK(klass.data == NULL && klass.len == 0);

    klass.len = 77;
    REFUSED(ophio_proguard_remap_method(NULL, TEXT("a"), TEXT("b"), &klass, &method),
            NULL_POINTER);
    REFUSED(ophio_proguard_remap_method(mapper, NONE, TEXT("b"), &klass, &method), NULL_POINTER);
    REFUSED(ophio_proguard_remap_method(mapper, TEXT("a"), NONE, &klass, &method), NULL_POINTER);
    REFUSED(ophio_proguard_remap_method(mapper, BAD, TEXT("b"), &klass, &method), INVALID_UTF8);
    REFUSED(ophio_proguard_remap_method(mapper, TEXT("a"), BAD, &klass, &method), INVALID_UTF8);
    REFUSED(ophio_proguard_remap_method(mapper, TEXT("a"), HUGE_TEXT, &klass, &method),
            INVALID_ARGUMENT);
    REFUSED(ophio_proguard_remap_method(mapper, HUGE_TEXT, TEXT("b"), &klass, &method),
            INVALID_ARGUMENT);
    REFUSED(ophio_proguard_remap_method(mapper, TEXT("a"), TEXT("b"), NULL, &method),
            NULL_POINTER);
    REFUSED(ophio_proguard_remap_method(mapper, TEXT("a"), TEXT("b"), &klass, NULL), NULL_POINTER);
    CHECK(klass.len == 77 && method.len == 77);
    GOOD(ophio_proguard_remap_method(mapper, TEXT("a"), TEXT("b"), &klass, &method));
    CHECK(klass.len == 16 && method.len == 3);
    GOOD(ophio_proguard_remap_method(mapper, EMPTY, EMPTY, &klass, &method));
    CHECK(klass.data == NULL && method.data == NULL);

    REFUSED(ophio_proguard_remap_frames(NULL, QUERY, frames, 100, &len), NULL_POINTER);
    REFUSED(ophio_proguard_remap_frames(mapper, NONE, frames, 100, &len), NULL_POINTER);
    REFUSED(ophio_proguard_remap_frames(mapper, HUGE_TEXT, frames, 100, &len), INVALID_ARGUMENT);
    REFUSED(ophio_proguard_remap_frames(mapper, EMPTY, frames, 100, &len), INVALID_ARGUMENT);
    REFUSED(ophio_proguard_remap_frames(mapper, TEXT("no"), frames, 100, &len), INVALID_ARGUMENT);
    REFUSED(ophio_proguard_remap_frames(mapper, QUERY, NULL, 100, &len), NULL_POINTER);
    REFUSED(ophio_proguard_remap_frames(mapper, QUERY, frames, SIZE_MAX, &len), INVALID_ARGUMENT);
    REFUSED(ophio_proguard_remap_frames(mapper, QUERY, frames, 100, NULL), NULL_POINTER);
    CHECK(len == 7);
    frames[0] = 7;
    GOOD(ophio_proguard_remap_frames(mapper, QUERY, NULL, 0, &len)); /* asks for the length */
    CHECK(len > 1 && len <= 100);
    GOOD(ophio_proguard_remap_frames(mapper, QUERY, frames, len - 1, &len));
    CHECK(frames[0] == 7);
    GOOD(ophio_proguard_remap_frames(mapper, QUERY, frames, len, &len));
    CHECK(frames[0] == 0x91);

    GOOD_STR(ophio_proguard_remap_stacktrace(mapper, TEXT("    at a.b(X:1)"), place), "buy");
    GOOD_STR(ophio_proguard_remap_stacktrace(mapper, EMPTY, place), "");
    REFUSED_STR(ophio_proguard_remap_stacktrace(NULL, TEXT("a"), place), NULL_POINTER);
    REFUSED_STR(ophio_proguard_remap_stacktrace(mapper, NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_proguard_remap_stacktrace(mapper, HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_proguard_remap_stacktrace(mapper, BAD, place), INVALID_UTF8);
    REFUSED(ophio_proguard_remap_stacktrace(mapper, TEXT("a"), NULL), NULL_POINTER);
    GOOD_STR(ophio_proguard_remap_stacktrace_verbose(mapper, TEXT("    at a.b(X:1)"), place), "buy");
    GOOD_STR(ophio_proguard_remap_stacktrace_verbose(mapper, EMPTY, place), "");
    REFUSED_STR(ophio_proguard_remap_stacktrace_verbose(NULL, TEXT("a"), place), NULL_POINTER);
    REFUSED_STR(ophio_proguard_remap_stacktrace_verbose(mapper, NONE, place), NULL_POINTER);
    REFUSED_STR(ophio_proguard_remap_stacktrace_verbose(mapper, HUGE_TEXT, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_proguard_remap_stacktrace_verbose(mapper, BAD, place), INVALID_UTF8);
    REFUSED(ophio_proguard_remap_stacktrace_verbose(mapper, TEXT("a"), NULL), NULL_POINTER);
    GOOD_STR(ophio_proguard_retrace(mapper, TEXT("    at a.b(X:1)"), true, place), "buy");
    GOOD_STR(ophio_proguard_retrace(mapper, EMPTY, true, place), "\x90");
    REFUSED_STR(ophio_proguard_retrace(NULL, TEXT("a"), true, place), NULL_POINTER);
    REFUSED_STR(ophio_proguard_retrace(mapper, NONE, true, place), NULL_POINTER);
    REFUSED_STR(ophio_proguard_retrace(mapper, HUGE_TEXT, true, place), INVALID_ARGUMENT);
    REFUSED_STR(ophio_proguard_retrace(mapper, BAD, true, place), INVALID_UTF8);
    REFUSED(ophio_proguard_retrace(mapper, TEXT("a"), true, NULL), NULL_POINTER);
    ophio_proguard_free(&mapper);
}

/* Makes a path beside this program, which lies in a directory of its own. */
static char *beside(const char *program, const char *suffix)
{
    size_t len = strlen(program) + strlen(suffix) + 1;
    char *path = malloc(len);

    CHECK(path != NULL);
    if (path != NULL) snprintf(path, len, "%s%s", program, suffix);
    return path;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL && fwrite(bytes, 1, len, file) == len);
    CHECK(file != NULL && fclose(file) == 0);
}

static void test_proguard_file(const char *program)
{
    static const char text[] = "org.example.Shop -> a:\n    1:2:void buy():3:4 -> b\n";
    char *path = beside(program, ".mapping");
    int mmap;

    if (path == NULL) return;
    write_file(path, text, sizeof text - 1);
    for (mmap = 0; mmap < 2; mmap++) {
        OphioProguard *mapper = NULL;
        GOOD(ophio_proguard_open(TEXT(path), mmap == 1, &mapper));
        OphioSlice klass = {NULL, 0};
        CHECK(mapper != NULL);
        GOOD(ophio_proguard_remap_class(mapper, TEXT("a"), &klass));
        CHECK(klass.len == 16);
        ophio_proguard_free(&mapper);
    }
    CHECK(remove(path) == 0);
    free(path);
}

static void test_proguard_cache(const char *program)
{
    OphioProguard *mapping = NULL, *mapper = NULL;
    OphioStr cache = {NULL, 0}, again = {NULL, 0};
    OphioSlice klass = {NULL, 0};
    char *path = beside(program, ".cache");

    if (path == NULL) return;
    GOOD(ophio_proguard_new(TEXT("org.example.Shop -> a:\n    1:2:void buy():3:4 -> b\n"),
                            &mapping));
    REFUSED(ophio_proguard_to_cache(NULL, &cache), NULL_POINTER);
    REFUSED(ophio_proguard_to_cache(mapping, NULL), NULL_POINTER);
    CHECK(cache.data == NULL);
    GOOD(ophio_proguard_to_cache(mapping, &cache));
    write_file(path, cache.data, cache.len);
    GOOD(ophio_proguard_open_cache(TEXT(path), &mapper));
    GOOD(ophio_proguard_remap_class(mapper, TEXT("a"), &klass));
    CHECK(klass.len == 16);
    GOOD(ophio_proguard_to_cache(mapper, &again));
    CHECK(again.len == cache.len && memcmp(again.data, cache.data, cache.len) == 0);
    ophio_proguard_free(&mapper);

    REFUSED(ophio_proguard_open_cache(TEXT(path), NULL), NULL_POINTER);
    NO_HANDLE(ophio_proguard_open_cache(NONE, made), NULL_POINTER);
    NO_HANDLE(ophio_proguard_open_cache(EMPTY, made), OPHIO_STATUS_PROGUARD);
    NO_HANDLE(ophio_proguard_open_cache(HUGE_TEXT, made), INVALID_ARGUMENT);
    NO_HANDLE(ophio_proguard_open_cache(TEXT("/"), made), OPHIO_STATUS_PROGUARD);
    NO_HANDLE(ophio_proguard_open_cache(TEXT("/no/such/file"), made), OPHIO_STATUS_PROGUARD);
    write_file(path, cache.data, cache.len - 1);
    NO_HANDLE(ophio_proguard_open_cache(TEXT(path), made), OPHIO_STATUS_PROGUARD);
    CHECK(remove(path) == 0);
    free(path);
    ophio_str_free(&cache);
    ophio_str_free(&again);
    ophio_proguard_free(&mapping);
}

int main(int argc, char **argv)
{
    CHECK(argc == 1);
    test_library();
    test_limits();
    test_freeing_null();
    test_cache();
    test_making_rules();
    test_stored_rules();
    test_asking_about_rules();
    test_diagnostics();
    test_frames_in_structs();
    test_packed_frames();
    test_event_frames();
    test_events();
    test_configs();
    test_functions();
    test_batches();
    test_arrow();
    test_preview();
    test_glob();
    test_glob_set();
    test_parameterization();
    test_making_fingerprints();
    test_matching_fingerprints();
    test_fingerprints_of_columns();
    test_codeowners();
    test_proguard();
    test_proguard_file(argv[0]);
    test_proguard_cache(argv[0]);
    return report();
}
