/*
 * Stack traces in columns, made by hand (arrow.h).
 *
 * Whatever a call returns, what was made is released afterwards. tests/test_c.py runs this under
 * Valgrind, too.
 */
#include "arrow.h"
#include "check.h"

static OphioEnhancements *parse(const char *rules)
{
    OphioSlice text = slice(rules);
    OphioEnhancements *made = NULL;
    GOOD(ophio_enhancements_parse(text.data, text.len, NULL, &made));
    return made;
}

static int bit(const void *bits, int64_t n)
{
    return ((const uint8_t *)bits)[n / 8] >> (n % 8) & 1;
}

typedef OphioStatus (*Ask)(const OphioEnhancements *, struct ArrowArray *, struct ArrowSchema *, size_t,
                           struct ArrowArray *, struct ArrowSchema *);

static OphioStatus preview_with_itself(const OphioEnhancements *rules, struct ArrowArray *array,
                                       struct ArrowSchema *schema, size_t threads,
                                       struct ArrowArray *out_array, struct ArrowSchema *out_schema)
{
    return ophio_enhancements_preview_arrow(rules, rules, array, schema, threads, out_array, out_schema);
}

static void test_apply(void)
{
    OphioEnhancements *rules = parse("function:log_* -app category=log");
    Column rows = stacktraces("u");
    Column answer;
    struct ArrowArray *category, *in_app;
    const int32_t *offsets, *keys;

    CHECK(ophio_enhancements_apply_arrow(rules, &rows.array, &rows.schema, 1, &answer.array,
                                         &answer.schema) == OPHIO_STATUS_OK);
    CHECK(rows.array.release == NULL && rows.schema.release == NULL);
    CHECK(made == released);
    CHECK(strcmp(answer.schema.format, "+s") == 0 && answer.schema.n_children == 2);
    CHECK(strcmp(answer.schema.children[0]->name, "category") == 0);
    CHECK(strcmp(answer.schema.children[1]->name, "in_app") == 0);
    CHECK(answer.array.length == 2);
    category = answer.array.children[0];
    offsets = category->buffers[1];
    CHECK(offsets[0] == 0 && offsets[1] == 2 && offsets[2] == 3);
    keys = category->children[0]->buffers[1];
    CHECK(!bit(category->children[0]->buffers[0], 0));
    CHECK(bit(category->children[0]->buffers[0], 1) && bit(category->children[0]->buffers[0], 2));
    CHECK(keys[1] == 0 && keys[2] == 0);
    CHECK(category->children[0]->dictionary->length == 1);
    CHECK(memcmp(category->children[0]->dictionary->buffers[2], "log", 3) == 0);
    in_app = answer.array.children[1]->children[0];
    CHECK(bit(in_app->buffers[1], 0) && !bit(in_app->buffers[1], 1) && !bit(in_app->buffers[1], 2));
    answer.array.release(&answer.array);
    answer.schema.release(&answer.schema);
    ophio_enhancements_free(&rules);
}

static void test_assemble(void)
{
    OphioEnhancements *rules = parse("function:log_* -group");
    Column rows = stacktraces("u");
    Column answer;
    struct ArrowArray *frames;

    CHECK(ophio_enhancements_assemble_arrow(rules, &rows.array, &rows.schema, 2, &answer.array,
                                            &answer.schema) == OPHIO_STATUS_OK);
    CHECK(made == released);
    CHECK(answer.array.n_children == 4 && answer.array.length == 2);
    frames = answer.array.children[0]->children[0];
    CHECK(bit(frames->children[0]->buffers[1], 0) && !bit(frames->children[0]->buffers[1], 1));
    /* The second stack trace has no frame left that counts. */
    CHECK(bit(answer.array.children[1]->buffers[1], 0) && !bit(answer.array.children[1]->buffers[1], 1));
    answer.array.release(&answer.array);
    answer.schema.release(&answer.schema);
    ophio_enhancements_free(&rules);
}

static void test_preview(void)
{
    OphioEnhancements *old_rules = parse("function:log_* -app"), *new_rules = parse("");
    OphioEnhancementsPreview *preview = NULL;
    GOOD(ophio_enhancements_preview_new(old_rules, new_rules, &preview));
    Column rows = stacktraces("u");
    Column answer;
    const int32_t *changed;
    OphioStr report;

    CHECK(ophio_enhancements_preview_arrow(old_rules, new_rules, &rows.array, &rows.schema, 1,
                                           &answer.array, &answer.schema) == OPHIO_STATUS_OK);
    CHECK(answer.array.n_children == 7);
    changed = answer.array.children[3]->buffers[1];
    CHECK(strcmp(answer.schema.children[3]->name, "in_app") == 0);
    CHECK(changed[0] == 1 && changed[1] == 1);
    answer.array.release(&answer.array);
    answer.schema.release(&answer.schema);

    rows = stacktraces("u");
    CHECK(ophio_enhancements_preview_add_arrow(preview, &rows.array, &rows.schema, 1) ==
          OPHIO_STATUS_OK);
    rows = stacktraces("i");
    CHECK(ophio_enhancements_preview_add_arrow(preview, &rows.array, &rows.schema, 1) ==
          OPHIO_STATUS_SCHEMA);
    rows = stacktraces("u");
    CHECK(ophio_enhancements_preview_add_arrow(NULL, &rows.array, &rows.schema, 1) ==
          OPHIO_STATUS_NULL_POINTER);
    CHECK(made == released);
    CHECK(ophio_enhancements_preview_report(preview, &report) == OPHIO_STATUS_OK);
    CHECK(strstr((const char *)report.data, "\"stacktraces\":2,") != NULL);
    ophio_str_free(&report);
    ophio_enhancements_preview_free(&preview);
    ophio_enhancements_free(&old_rules);
    ophio_enhancements_free(&new_rules);
}

static int message_is(const char *expected)
{
    OphioSlice message = ophio_last_error_message();
    int same = message.len == strlen(expected) && memcmp(message.data, expected, message.len) == 0;
    if (!same) fprintf(stderr, "found: %.*s\n", (int)message.len, (const char *)message.data);
    return same;
}

/* Nothing is written and everything is released, whatever is wrong. */
static void test_bad_arguments(Ask ask)
{
    static const char *const wrong[] = {"i", "+s", "w:3", "nonsense", "U "};
    OphioEnhancements *rules = parse("path:a +app");
    Column rows, extra, answer, untouched;

    memset(&answer, 0x5a, sizeof answer);
    untouched = answer;
    for (size_t n = 0; n < sizeof wrong / sizeof *wrong; n++) {
        rows = stacktraces(wrong[n]);
        CHECK(ask(rules, &rows.array, &rows.schema, 1, &answer.array, &answer.schema) != OPHIO_STATUS_OK);
        CHECK(rows.array.release == NULL && rows.schema.release == NULL);
        CHECK(made == released);
    }
    rows = stacktraces("i");
    CHECK(ask(rules, &rows.array, &rows.schema, 1, &answer.array, &answer.schema) == OPHIO_STATUS_SCHEMA);
    CHECK(message_is("column `frames.function`: expected utf8 or binary, not Int32"));

    rows = stacktraces("u");
    CHECK(ask(NULL, &rows.array, &rows.schema, 1, &answer.array, &answer.schema) ==
          OPHIO_STATUS_NULL_POINTER);
    CHECK(made == released);
    rows = stacktraces("u");
    CHECK(ask(rules, &rows.array, &rows.schema, 1, NULL, &answer.schema) == OPHIO_STATUS_NULL_POINTER);
    CHECK(made == released);
    rows = stacktraces("u");
    CHECK(ask(rules, &rows.array, &rows.schema, 1, &answer.array, NULL) == OPHIO_STATUS_NULL_POINTER);
    CHECK(made == released);
    rows = stacktraces("u");
    CHECK(ask(rules, NULL, &rows.schema, 1, &answer.array, &answer.schema) == OPHIO_STATUS_NULL_POINTER);
    CHECK(rows.schema.release == NULL);
    rows.array.release(&rows.array);
    rows = stacktraces("u");
    CHECK(ask(rules, &rows.array, NULL, 1, &answer.array, &answer.schema) == OPHIO_STATUS_NULL_POINTER);
    CHECK(rows.array.release == NULL);
    rows.schema.release(&rows.schema);
    CHECK(made == released);

    /* An array and a schema of different shapes, and a length that is none. */
    rows = stacktraces("u");
    extra = nothing("extra", 2);
    extra.array.release(&extra.array);
    rows.schema.children[rows.schema.n_children] = malloc(sizeof extra.schema);
    *rows.schema.children[rows.schema.n_children++] = extra.schema;
    CHECK(ask(rules, &rows.array, &rows.schema, 1, &answer.array, &answer.schema) == OPHIO_STATUS_SCHEMA);
    rows = stacktraces("u");
    rows.array.length = -1;
    CHECK(ask(rules, &rows.array, &rows.schema, 1, &answer.array, &answer.schema) == OPHIO_STATUS_SCHEMA);

    /* What the arrow crate panics on, or would take as a length. */
    for (int n = 0; n < 7; n++) {
        static const int32_t negative[] = {0, 4, 9, -1};
        const char *expected = "the array cannot be imported: column `function`: a buffer is missing";
        struct ArrowArray *texts;
        struct ArrowSchema *type;
        rows = stacktraces("u");
        texts = rows.array.children[0]->children[0]->children[2];
        type = rows.schema.children[0]->children[0]->children[2];
        switch (n) {
        case 0:
            type->name = "\xff";
            expected = "the array cannot be imported: the name of a column is not UTF-8";
            break;
        case 1:
            type->format = "\xff";
            expected = "the array cannot be imported: its type is not one of the interface";
            break;
        case 2:
            type->format = "+l";
            expected = "the array cannot be imported: it does not have the type of its schema";
            break;
        case 3:
            type->format = "vu";
            texts->n_buffers = 2;
            break;
        case 4: texts->n_buffers = 2; break;
        case 5:
            texts->buffers[1] = negative;
            expected = "the array cannot be imported: column `function`: an offset is negative";
            break;
        default:
            texts->length = INT64_MAX;
            expected = "the array cannot be imported: column `function`: it is longer than memory can be";
        }
        CHECK(ask(rules, &rows.array, &rows.schema, 1, &answer.array, &answer.schema) == OPHIO_STATUS_SCHEMA);
        CHECK(message_is(expected));
        CHECK(made == released);
    }

    /* Released before: there is nothing to take, and nothing is released again. */
    rows = stacktraces("u");
    rows.array.release(&rows.array);
    rows.schema.release(&rows.schema);
    CHECK(ask(rules, &rows.array, &rows.schema, 1, &answer.array, &answer.schema) ==
          OPHIO_STATUS_INVALID_ARGUMENT);
    CHECK(made == released);
    CHECK(memcmp(&answer, &untouched, sizeof answer) == 0);
    ophio_enhancements_free(&rules);
}

/* The last path is not UTF-8, which is seen when a rule asks for paths. */
static void test_bad_text(void)
{
    OphioEnhancements *rules = parse("path:a +app");
    Column rows = stacktraces("u");
    Column answer;

    path_bytes[7] = '\377';
    CHECK(ophio_enhancements_apply_arrow(rules, &rows.array, &rows.schema, 1, &answer.array,
                                         &answer.schema) == OPHIO_STATUS_FRAME);
    CHECK(message_is("row 1: frame 0: field `path`: invalid UTF-8"));
    CHECK(made == released);
    ophio_enhancements_free(&rules);
}

int main(void)
{
    test_apply();
    test_assemble();
    test_preview();
    test_bad_arguments(ophio_enhancements_apply_arrow);
    test_bad_arguments(ophio_enhancements_assemble_arrow);
    test_bad_arguments(preview_with_itself);
    test_bad_text();
    return report();
}
