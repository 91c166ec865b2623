/*
 * Provokes the statuses that the comments of ophio.h promise and test_arguments.c does not: what
 * exceeds a limit, frames with a field of the wrong type, and others. tests/test_header.py
 * compares both programs with the comments.
 */
#include "check.h"

/* A call fails with this status. */
#define REFUSED(call, status) CHECK((call) == OPHIO_STATUS_##status)
/* A call fails with a status, which it returns as a negative number. */
#define MINUS(call, status) CHECK((call) == -(int32_t)OPHIO_STATUS_##status)

/* Bytes of a literal that may have a NUL in it, as two arguments. */
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1
#define BAD BYTES("\xff")

/* A list with one packed stack trace, and its length. */
typedef struct {
    uint8_t data[256];
    size_t len;
} Packed;

/* A packed stack trace as two arguments, and the list that has it. */
#define ALONE(packed) (packed).data + 1, (packed).len - 1
#define LISTED(packed) (packed).data, (packed).len

/* The same as events have them: a platform, an exception, frames. */
#define WRONG_EVENT "\x93\xc0\xc0\x91\x81\xa6" "in_app\xa1x"
#define RIGHT_EVENT "\x93\xc0\xc0\x91\x80"

static size_t set_limit(OphioLimit limit, size_t most)
{
    size_t before = 0;
    GOOD(ophio_limits_get(limit, &before));
    GOOD(ophio_limits_set(limit, most));
    return before;
}

/* Appends an array with a null for each name of a list, or the number 5 for `number`. */
static void add_values(Packed *packed, OphioSlice names, const char *number)
{
    size_t start = 0, count = 0, end;
    const size_t head = packed->len;

    packed->len += 3;
    for (end = 0; end <= names.len; end++) {
        if (end < names.len && names.data[end] != '\n') continue;
        CHECK(packed->len < sizeof packed->data);
        packed->data[packed->len++] =
            number != NULL && end - start == strlen(number) &&
                    memcmp(names.data + start, number, end - start) == 0
                ? 5
                : 0xc0;
        start = end + 1;
        count++;
    }
    packed->data[head] = 0xdc;
    packed->data[head + 1] = 0;
    packed->data[head + 2] = (uint8_t)count;
}

/* A stack trace with one frame, in which the field `number` has a number; NULL is none. */
static Packed packed_trace(const char *number)
{
    Packed packed = {{0x91, 0x92}, 2};

    add_values(&packed, ophio_enhancements_exception_fields(), NULL);
    packed.data[packed.len++] = 0x91;
    add_values(&packed, ophio_enhancements_frame_fields(), number);
    return packed;
}

static OphioEnhancements *rules_of(const char *text)
{
    OphioEnhancements *made = NULL;
    GOOD(ophio_enhancements_parse(TEXT(text), NULL, &made));
    return made;
}

static OphioEnhancementsConfig *config_of(const char *text)
{
    OphioEnhancementsConfig *made = NULL;
    GOOD(ophio_enhancements_config_from_text(TEXT(text), NULL, 0, NULL, 0, &made));
    return made;
}

static void test_texts_and_patterns(const char *program)
{
    OphioEnhancements *rules = rules_of("function:main -app"), *made = NULL;
    OphioEnhancementsConfig *config = config_of("function:main -app"), *other = NULL;
    OphioEnhancementsDiagnostics *list = NULL;
    OphioGlob *glob = NULL;
    OphioGlobSet *set = NULL;
    OphioProguard *mapper = NULL;
    OphioStr text = {NULL, 0}, stored = {NULL, 0}, whole = {NULL, 0}, binary = {NULL, 0};
    size_t before;
    bool matched = false;

    GOOD(ophio_enhancements_to_base64(rules, &stored));
    GOOD(ophio_enhancements_to_config_structure(rules, 3, NULL, 0, &binary));
    GOOD(ophio_enhancements_config_to_base64(config, &whole));

    before = set_limit(OPHIO_LIMIT_RULE_BYTES, 3);
    REFUSED(ophio_enhancements_parse(TEXT("app:no -app"), NULL, &made), LIMIT);
    REFUSED(ophio_enhancements_parse_lenient(TEXT("app:no -app"), NULL, &list, &made), LIMIT);
    REFUSED(ophio_enhancements_check(TEXT("app:no -app"), false, &list), LIMIT);
    REFUSED(ophio_enhancements_check_profiling(TEXT("app:no -app"), &list), LIMIT);
    REFUSED(ophio_enhancements_fix(TEXT("app:no -app"), &text), LIMIT);
    REFUSED(ophio_enhancements_format(TEXT("app:no -app"), &text), LIMIT);
    REFUSED(ophio_enhancements_from_base64(stored.data, stored.len, false, &made), LIMIT);
    REFUSED(ophio_enhancements_from_config_structure(binary.data, binary.len, NULL, &made),
            LIMIT);
    REFUSED(ophio_enhancements_config_from_text(TEXT("app:no -app"), NULL, 0, NULL, 0, &other),
            LIMIT);
    GOOD(ophio_limits_set(OPHIO_LIMIT_RULE_BYTES, before));
    ophio_enhancements_config_free(&config);
    ophio_enhancements_config_forget_all();
    GOOD(ophio_limits_set(OPHIO_LIMIT_RULE_BYTES, 3));
    REFUSED(ophio_enhancements_config_from_base64(whole.data, whole.len, NULL, 0, NULL, 0, false,
                                                  &other),
            LIMIT);
    GOOD(ophio_limits_set(OPHIO_LIMIT_RULE_BYTES, before));
    REFUSED(ophio_enhancements_config_from_base64(BAD, NULL, 0, NULL, 0, false, &other),
            INVALID_UTF8);
    CHECK(made == NULL && list == NULL && other == NULL && text.data == NULL);

    before = set_limit(OPHIO_LIMIT_PATTERN_BYTES, 3);
    REFUSED(ophio_glob_new(TEXT("abcd"), 0, NULL, &glob), LIMIT);
    REFUSED(ophio_glob_set_new(TEXT("\x91\xa4" "abcd"), 0, &set), LIMIT);
    REFUSED(ophio_codeowners_is_path_match(TEXT("a"), TEXT("abcd"), &matched), LIMIT);
    REFUSED(ophio_codeowners_shortcut(TEXT("abcd"), &text), LIMIT);
    MINUS(ophio_codeowners_match_text("a", "abcd"), LIMIT);
    GOOD(ophio_limits_set(OPHIO_LIMIT_PATTERN_BYTES, before));

    before = set_limit(OPHIO_LIMIT_MAPPING_BYTES, 3);
    REFUSED(ophio_proguard_new(TEXT("abcd"), &mapper), LIMIT);
    REFUSED(ophio_proguard_open(TEXT(program), false, &mapper), LIMIT);
    GOOD(ophio_limits_set(OPHIO_LIMIT_MAPPING_BYTES, before));
    REFUSED(ophio_functions_trim_packed(BYTES("\x90"), BAD, &text), INVALID_UTF8);
    CHECK(glob == NULL && set == NULL && mapper == NULL && text.data == NULL && !matched);

    ophio_str_free(&stored);
    ophio_str_free(&whole);
    ophio_str_free(&binary);
    ophio_enhancements_free(&rules);
}

/* A match that an automaton with too many states would have to simulate: each byte of the value
   leads to another state, and braces with so many choices have no program. */
static void test_glob_steps(void)
{
    static char pattern[4096];
    static uint8_t packed[8 + 8000];
    uint8_t *const value = packed + 4;
    const size_t value_len = 8000, before = set_limit(OPHIO_LIMIT_GLOB_STEPS, 1000000);
    OphioGlob *glob = NULL;
    OphioGlobSet *set = NULL;
    uint32_t random = 7, number = 7;
    size_t len = 0, count = 7, at;
    uint8_t byte = 7;
    bool matched = false;
    uint8_t patterns[4 + sizeof pattern] = {0x91, 0xda};

    for (at = 0; at < 33; at++)
        len += (size_t)sprintf(pattern + len, "%c%u", at ? ',' : '{', (unsigned)at);
    len += (size_t)sprintf(pattern + len, ",*a");
    for (at = 0; at < 2500; at++)
        pattern[len++] = '?';
    len += (size_t)sprintf(pattern + len, "b}!");
    packed[0] = 0x91;
    packed[1] = 0xda;
    packed[2] = 8000 >> 8;
    packed[3] = 8000 & 255;
    for (at = 0; at < value_len; at++) {
        random = random * 1664525 + 1013904223;
        value[at] = random >> 31 ? 'a' : 'b';
    }
    patterns[2] = (uint8_t)(len >> 8);
    patterns[3] = (uint8_t)len;
    memcpy(patterns + 4, pattern, len);
    GOOD(ophio_glob_new((const uint8_t *)pattern, len, 0, NULL, &glob));
    GOOD(ophio_glob_set_new(patterns, 4 + len, 0, &set));

    REFUSED(ophio_glob_is_match(glob, value, value_len, &matched), LIMIT);
    MINUS(ophio_glob_match_text(glob, (const char *)value), LIMIT);
    REFUSED(ophio_glob_match_packed(glob, packed, 4 + value_len, &byte, 1), LIMIT);
    REFUSED(ophio_glob_set_is_match(set, value, value_len, &matched), LIMIT);
    REFUSED(ophio_glob_set_matches(set, value, value_len, &number, 1, &count), LIMIT);
    CHECK(!matched && byte == 7 && number == 7 && count == 7);

    /* The slow result by choice. */
    GOOD(ophio_limits_set(OPHIO_LIMIT_GLOB_STEPS, SIZE_MAX));
    matched = true;
    GOOD(ophio_glob_is_match(glob, value, value_len, &matched));
    CHECK(!matched);
    GOOD(ophio_limits_set(OPHIO_LIMIT_GLOB_STEPS, before));
    ophio_glob_free(&glob);
    ophio_glob_set_free(&set);
}

static void test_stack_traces(void)
{
    OphioEnhancements *rules = rules_of("function:main -app");
    OphioEnhancementsConfig *config = config_of("function:main -app");
    OphioEnhancementsPreview *preview = NULL;
    OphioEnhancementsKept *kept = NULL, *none = NULL;
    OphioEnhancementsFrame frame;
    OphioEnhancementsAppliedFrame applied = {7, 7};
    OphioEnhancementsComponent component = {7, OPHIO_TRISTATE_TRUE};
    OphioEnhancementsAssembleResult result;
    /* A list of one stack trace, whose frame has a function that is not UTF-8. */
    const uint8_t bad_text[] = {0x91, 0x92, 0x93, 0xc0, 0xc0, 0xc0, 0x91, 0x98, 0xc0, 0xc0,
                                0xc4, 0x01, 0xff, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0};
    uint64_t mark = 7;
    const size_t zero = 0, one = 1, before = set_limit(OPHIO_LIMIT_FRAMES, 1);
    const Packed right = packed_trace(NULL), wrong = packed_trace("function");
    const uint8_t contributes = OPHIO_TRISTATE_TRUE;
    OphioStr text = {NULL, 0};
    uint32_t codes[8] = {7};
    uint8_t answer[256] = {7};
    uint16_t numbers[256] = {7};

    GOOD(ophio_enhancements_preview_new(rules, rules, &preview));
    GOOD(ophio_enhancements_stacktrace_check(ALONE(right)));
    REFUSED(ophio_enhancements_apply_packed(rules, ALONE(wrong), codes, 2), FRAME);
    REFUSED(ophio_enhancements_apply_short(rules, ALONE(wrong), answer), FRAME);
    REFUSED(ophio_enhancements_assemble_packed(rules, ALONE(wrong), &contributes, 1, codes, 5),
            FRAME);
    REFUSED(ophio_enhancements_apply_batch(rules, LISTED(wrong), 1, codes, 2), FRAME);
    REFUSED(ophio_enhancements_assemble_batch(rules, LISTED(wrong), &one, 1, &contributes,
                                              1, codes, 5),
            FRAME);
    REFUSED(ophio_enhancements_preview_add(preview, LISTED(wrong), 1), FRAME);
    REFUSED(ophio_enhancements_kept_new(LISTED(wrong), &none), FRAME);
    /* Texts of frames are read when they are compared. */
    GOOD(ophio_enhancements_kept_new(bad_text, sizeof bad_text, &kept));
    REFUSED(ophio_enhancements_preview_add_kept(preview, kept, 0, 1, 1, &mark, 1), FRAME);
    REFUSED(ophio_enhancements_kept_counting(kept, rules, &zero, 1, 1, &text), FRAME);
    REFUSED(ophio_enhancements_kept_counting(kept, rules, &one, 1, 1, &text), OUT_OF_RANGE);
    ophio_enhancements_kept_free(&kept);
    REFUSED(ophio_enhancements_stacktrace_check(ALONE(wrong)), FRAME);
    REFUSED(ophio_enhancements_explain(rules, ALONE(wrong), NULL, 0, SIZE_MAX, SIZE_MAX, &text),
            FRAME);
    REFUSED(ophio_enhancements_stacktrace_pack_event_frames(BYTES(WRONG_EVENT), &text), FRAME);
    REFUSED(ophio_enhancements_config_process(config, BYTES(WRONG_EVENT), &text), FRAME);
    REFUSED(ophio_enhancements_apply_event(rules, BYTES(WRONG_EVENT), &text), FRAME);
    REFUSED(ophio_enhancements_apply_event_short(rules, BYTES(WRONG_EVENT), numbers), FRAME);
    REFUSED(ophio_enhancements_apply_events(rules, BYTES("\x91" WRONG_EVENT), 1, &text), FRAME);
    REFUSED(ophio_events_match_frames(BYTES(WRONG_EVENT), &text), FRAME);
    REFUSED(ophio_events_frames(BYTES(WRONG_EVENT), false, &text), FRAME);
    REFUSED(ophio_events_pack_stacktraces(BYTES("\x91" WRONG_EVENT), &text), FRAME);

    GOOD(ophio_limits_set(OPHIO_LIMIT_FRAMES, 0));
    REFUSED(ophio_enhancements_apply_packed(rules, ALONE(right), codes, 2), LIMIT);
    REFUSED(ophio_enhancements_apply_short(rules, ALONE(right), answer), LIMIT);
    REFUSED(ophio_enhancements_assemble_packed(rules, ALONE(right), &contributes, 1, codes, 5),
            LIMIT);
    REFUSED(ophio_enhancements_apply_batch(rules, LISTED(right), 1, codes, 2), LIMIT);
    REFUSED(ophio_enhancements_assemble_batch(rules, LISTED(right), &one, 1, &contributes,
                                              1, codes, 5),
            LIMIT);
    REFUSED(ophio_enhancements_preview_add(preview, LISTED(right), 1), LIMIT);
    REFUSED(ophio_enhancements_kept_new(LISTED(right), &none), LIMIT);
    REFUSED(ophio_enhancements_stacktrace_check(ALONE(right)), LIMIT);
    REFUSED(ophio_enhancements_explain(rules, ALONE(right), NULL, 0, SIZE_MAX, SIZE_MAX, &text),
            LIMIT);
    REFUSED(ophio_enhancements_stacktrace_pack_event_frames(BYTES(RIGHT_EVENT), &text), LIMIT);
    REFUSED(ophio_enhancements_config_process(config, BYTES(RIGHT_EVENT), &text), LIMIT);
    REFUSED(ophio_enhancements_apply_event(rules, BYTES(RIGHT_EVENT), &text), LIMIT);
    REFUSED(ophio_enhancements_apply_event_short(rules, BYTES(RIGHT_EVENT), numbers), LIMIT);
    REFUSED(ophio_enhancements_apply_events(rules, BYTES("\x91" RIGHT_EVENT), 1, &text), LIMIT);
    REFUSED(ophio_events_match_frames(BYTES(RIGHT_EVENT), &text), LIMIT);
    REFUSED(ophio_events_frames(BYTES(RIGHT_EVENT), false, &text), LIMIT);
    REFUSED(ophio_events_pack_stacktraces(BYTES("\x91" RIGHT_EVENT), &text), LIMIT);

    memset(&frame, 0, sizeof frame);
    REFUSED(ophio_enhancements_apply(rules, &frame, 1, FRAME_SIZE, NULL, &applied, APPLIED_SIZE),
            LIMIT);
    REFUSED(ophio_enhancements_assemble(rules, &frame, 1, FRAME_SIZE, NULL, &component, 1,
                                        COMPONENT_SIZE, &result),
            LIMIT);
    GOOD(ophio_limits_set(OPHIO_LIMIT_FRAMES, before));
    frame.path = slice("\xff");
    REFUSED(ophio_enhancements_assemble(rules, &frame, 1, FRAME_SIZE, NULL, &component, 1,
                                        COMPONENT_SIZE, &result),
            INVALID_UTF8);
    CHECK(mark == 7 && none == NULL);
    CHECK(codes[0] == 7 && answer[0] == 7 && applied.category == 7 && component.hint == 7);
    CHECK(text.data == NULL);

    ophio_enhancements_preview_free(&preview);
    ophio_enhancements_config_free(&config);
    ophio_enhancements_free(&rules);
}

/* Rules that only the binary form can hold: a pattern with a line feed. */
static void test_rules_without_a_text(void)
{
    OphioEnhancements *rules = NULL;
    OphioStr text = {NULL, 0};
    GOOD(ophio_enhancements_from_config_structure(
        BYTES("\x93\x03\x90\x91\x92\x91\xa3" "fa\n\x91\xcd\x03\x00"), NULL, &rules));
    REFUSED(ophio_enhancements_to_text(rules, &text), SYNTAX);
    CHECK(text.data == NULL);
    ophio_enhancements_free(&rules);
}

/* What exceeds a limit in fingerprint rules, and in the events that they look at. */
static void test_fingerprints(void)
{
    static const char EVENT[] = "{\"stacktrace\": {\"frames\": [{}]}}";
    OphioFingerprints *rules = NULL, *made = NULL;
    OphioStr text = {NULL, 0};
    size_t before;

    GOOD(ophio_fingerprints_parse(TEXT("type:A -> a"), &rules));
    before = set_limit(OPHIO_LIMIT_RULE_BYTES, 3);
    REFUSED(ophio_fingerprints_parse(TEXT("type:A -> a"), &made), LIMIT);
    REFUSED(ophio_fingerprints_parse_lenient(TEXT("type:A -> a"), &text, &made), LIMIT);
    REFUSED(ophio_fingerprints_check(TEXT("type:A -> a"), &text), LIMIT);
    REFUSED(ophio_fingerprints_format(TEXT("type:A -> a"), &text), LIMIT);
    REFUSED(ophio_fingerprints_from_json(TEXT("{\"rules\": []}"), &made), LIMIT);
    GOOD(ophio_limits_set(OPHIO_LIMIT_RULE_BYTES, before));
    before = set_limit(OPHIO_LIMIT_RULES, 1);
    REFUSED(ophio_fingerprints_with_builtin(rules, rules, &made), LIMIT);
    GOOD(ophio_limits_set(OPHIO_LIMIT_RULES, before));

    before = set_limit(OPHIO_LIMIT_FRAMES, 0);
    REFUSED(ophio_fingerprints_match(rules, TEXT(EVENT), 0, NULL, &text), LIMIT);
    REFUSED(ophio_fingerprints_match_packed(
                rules, TEXT("\x91\xd9\x1f{\"stacktrace\":{\"frames\":[{}]} }"), 0, NULL, &text),
            LIMIT);
    REFUSED(ophio_fingerprints_match_json_lines(rules, TEXT(EVENT), 0, NULL, &text), LIMIT);
    REFUSED(ophio_fingerprints_explain(rules, TEXT(EVENT), &text), LIMIT);
    REFUSED(ophio_fingerprints_resolve(TEXT("\x90"), TEXT(EVENT), 0, NULL, &text), LIMIT);
    REFUSED(ophio_fingerprints_expand_title(TEXT("a"), TEXT(EVENT), 0, NULL, &text), LIMIT);
    GOOD(ophio_limits_set(OPHIO_LIMIT_FRAMES, before));
    CHECK(made == NULL && text.data == NULL);
    ophio_fingerprints_free(&rules);
    ophio_fingerprints_forget_all();
}

/* A cache whose file changes while it is open. The file lies beside this program. */
static void test_a_cache_that_changes(const char *program)
{
    OphioProguard *mapper = NULL;
    OphioStr cache = {NULL, 0}, text = {NULL, 0};
    OphioSlice klass = {NULL, 0}, method = {NULL, 0};
    uint8_t frames[8];
    char path[4096];
    size_t before, len = 7;
    FILE *file;

    CHECK((size_t)snprintf(path, sizeof path, "%s.cache", program) < sizeof path);
    GOOD(ophio_proguard_new(TEXT("org.example.Shop -> a:\n    void buy() -> b\n"), &mapper));
    GOOD(ophio_proguard_to_cache(mapper, &cache));
    ophio_proguard_free(&mapper);
    file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(cache.data, 1, cache.len, file) == cache.len);
    CHECK(file != NULL && fclose(file) == 0);

    before = set_limit(OPHIO_LIMIT_MAPPING_BYTES, cache.len - 1);
    REFUSED(ophio_proguard_open_cache(TEXT(path), &mapper), LIMIT);
    GOOD(ophio_limits_set(OPHIO_LIMIT_MAPPING_BYTES, before));
    CHECK(mapper == NULL);
    GOOD(ophio_proguard_open_cache(TEXT(path), &mapper));
    file = fopen(path, "wb"); /* now it is empty */
    CHECK(file != NULL && fclose(file) == 0);

    REFUSED(ophio_proguard_to_cache(mapper, &text), PROGUARD);
    REFUSED(ophio_proguard_remap_class(mapper, TEXT("a"), &klass), PROGUARD);
    REFUSED(ophio_proguard_remap_method(mapper, TEXT("a"), TEXT("b"), &klass, &method), PROGUARD);
    /* [["a", "b", 1]] */
    REFUSED(ophio_proguard_remap_frames(mapper, BYTES("\x91\x93\xa1" "a\xa1" "b\x01"), frames, 8,
                                        &len),
            PROGUARD);
    REFUSED(ophio_proguard_remap_stacktrace(mapper, TEXT("at a.b(X)"), &text), PROGUARD);
    REFUSED(ophio_proguard_remap_stacktrace_verbose(mapper, TEXT("at a.b(X)"), &text), PROGUARD);
    REFUSED(ophio_proguard_retrace(mapper, TEXT("at a.b(X)"), false, &text), PROGUARD);
    CHECK(text.data == NULL && klass.data == NULL && method.data == NULL && len == 7);
    GOOD(ophio_proguard_remap_class(mapper, TEXT("zz"), &klass));
    CHECK(remove(path) == 0);
    ophio_proguard_free(&mapper);
    ophio_str_free(&cache);
}

int main(int argc, char **argv)
{
    CHECK(argc > 0);
    test_texts_and_patterns(argv[0]);
    test_glob_steps();
    test_stack_traces();
    test_rules_without_a_text();
    test_fingerprints();
    test_a_cache_that_changes(argv[0]);
    ophio_enhancements_config_forget_all();
    return report();
}
