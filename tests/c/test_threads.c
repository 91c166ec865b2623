/*
 * Two threads share handles: rules, which one of them extends meanwhile, a cache, a glob, a
 * file of owners and a mapper. For ThreadSanitizer, which reports every access that is not
 * ordered; the results are checked as well.
 */
#include <pthread.h>
#include <stdlib.h>

#include "check.h"

enum { ROUNDS = 300 };

static OphioEnhancementsCache *cache;
static OphioEnhancements *rules, *more;
static OphioGlob *glob;
static OphioCodeowners *owners;
static OphioProguard *mapper;

/* Failures of a thread: `failures` belongs to the main one. */
#define COUNT(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);           \
            ++*failed;                                                                \
        }                                                                             \
    } while (0)

static void *ask(void *place)
{
    int *failed = place, round;
    OphioEnhancementsFrame frame;
    OphioEnhancementsAppliedFrame applied;
    OphioEnhancementsComponent component;
    OphioEnhancementsAssembleResult result;
    OphioStr text;
    OphioSlice klass;
    bool matched = false;

    memset(&frame, 0, sizeof frame);
    frame.function = slice("main");
    for (round = 0; round < ROUNDS; round++) {
        OphioEnhancements *parsed;
        COUNT(ophio_enhancements_apply(rules, &frame, 1, FRAME_SIZE, NULL, &applied,
                                       APPLIED_SIZE) == OPHIO_STATUS_OK);
        COUNT(applied.in_app == OPHIO_TRISTATE_FALSE);
        component.contributes = OPHIO_TRISTATE_TRUE;
        component.hint = 0;
        COUNT(ophio_enhancements_assemble(rules, &frame, 1, FRAME_SIZE, NULL, &component, 1,
                                          COMPONENT_SIZE, &result) == OPHIO_STATUS_OK);
        COUNT(component.contributes == OPHIO_TRISTATE_FALSE);
        ophio_str_free(&result.hint);
        COUNT(ophio_enhancements_hint(rules, component.hint, &text) == OPHIO_STATUS_OK);
        ophio_str_free(&text);
        COUNT(ophio_enhancements_len(rules) >= 2);
        COUNT(ophio_enhancements_parse(TEXT("function:main -app\napp:no -group"), cache,
                                       &parsed) == OPHIO_STATUS_OK);
        COUNT(ophio_enhancements_len(parsed) == 2);
        ophio_enhancements_free(&parsed);
        COUNT(ophio_glob_is_match(glob, TEXT("src/main.py"), &matched) == OPHIO_STATUS_OK);
        COUNT(matched);
        COUNT(ophio_codeowners_is_path_match(TEXT("src/a.py"), TEXT("*.c"), &matched) ==
              OPHIO_STATUS_OK);
        COUNT(!matched);
        {
            uint32_t winner = 7;
            COUNT(ophio_codeowners_find_packed(owners, TEXT("\x91\xa1" "b"), &winner, 1) ==
                  OPHIO_STATUS_OK);
            COUNT(winner == 0);
        }
        COUNT(ophio_proguard_remap_class(mapper, TEXT("a"), &klass) == OPHIO_STATUS_OK);
        COUNT(klass.len == 16);
        /* An error belongs to the thread that made it. */
        COUNT(ophio_enhancements_parse(TEXT("nonsense"), cache, &parsed) == OPHIO_STATUS_SYNTAX);
        COUNT(ophio_last_error_code() == OPHIO_STATUS_SYNTAX);
    }
    return NULL;
}

static void *extend(void *place)
{
    int *failed = place, round;
    for (round = 0; round < ROUNDS / 10; round++) {
        COUNT(ophio_enhancements_extend_from(rules, more) == OPHIO_STATUS_OK);
        COUNT(ophio_enhancements_set_memo_bytes(rules, round % 2 == 0 ? 0 : 1 << 20) ==
              OPHIO_STATUS_OK);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[3];
    int failed[3] = {0, 0, 0}, each;

    GOOD(ophio_enhancements_cache_new(2, &cache));
    GOOD(ophio_enhancements_parse(TEXT("function:main -app -group\napp:no -group"), cache,
                                  &rules));
    GOOD(ophio_enhancements_parse(TEXT("function:other +app category=other"), cache, &more));
    GOOD(ophio_glob_new(TEXT("**/*.py"), OPHIO_GLOB_OPTION_DOUBLE_STAR, NULL, &glob));
    GOOD(ophio_codeowners_parse(TEXT("* @all"), OPHIO_CODEOWNERS_DIALECT_GITHUB, 1000, &owners));
    GOOD(ophio_proguard_new(TEXT("org.example.Shop -> a:\n"), &mapper));
    CHECK(cache && rules && more && glob && owners && mapper);

    CHECK(pthread_create(&threads[0], NULL, ask, &failed[0]) == 0);
    CHECK(pthread_create(&threads[1], NULL, ask, &failed[1]) == 0);
    CHECK(pthread_create(&threads[2], NULL, extend, &failed[2]) == 0);
    for (each = 0; each < 3; each++) {
        CHECK(pthread_join(threads[each], NULL) == 0);
        CHECK(failed[each] == 0);
    }
    CHECK(ophio_enhancements_len(rules) == 2 + ROUNDS / 10);

    ophio_proguard_free(&mapper);
    ophio_codeowners_free(&owners);
    ophio_glob_free(&glob);
    ophio_enhancements_free(&more);
    ophio_enhancements_free(&rules);
    ophio_enhancements_cache_free(&cache);
    return report();
}
