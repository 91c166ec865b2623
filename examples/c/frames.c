/*
 * Prints what rules do to a stack trace, frame by frame.
 *
 *     frames RULES STACKTRACE.json
 *
 * It asks the two questions that Sentry asks: first which frames are the user's own code,
 * then which of them count when events are grouped. JSON is read by cJSON.
 */
#include <cjson/cJSON.h>
#include <ophio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads a whole file; the program ends if that fails. The text is the caller's. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t room = 0, len = 0, got;
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    do {
        room += 1 << 16;
        text = realloc(text, room + 1);
        if (text == NULL) {
            perror("frames");
            exit(2);
        }
        got = fread(text + len, 1, room - len, file);
        len += got;
    } while (len == room);
    if (ferror(file)) {
        perror(path);
        exit(2);
    }
    fclose(file);
    text[len] = '\0';
    return text;
}

/* Ends the program if a call failed, with the library's own words. */
static void check(const char *what, int ok)
{
    OphioSlice message;
    if (ok) return;
    message = ophio_last_error_message();
    fprintf(stderr, "%s: %.*s\n", what, (int)message.len, (const char *)message.data);
    exit(1);
}

/* A text of an object; one that is not there is missing. */
static OphioSlice text(const cJSON *object, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    OphioSlice slice = {NULL, 0};
    if (value != NULL) {
        slice.data = (const uint8_t *)value;
        slice.len = strlen(value);
    }
    return slice;
}

static uint8_t tristate(const cJSON *value)
{
    if (cJSON_IsTrue(value)) return OPHIO_TRISTATE_TRUE;
    if (cJSON_IsFalse(value)) return OPHIO_TRISTATE_FALSE;
    return OPHIO_TRISTATE_MISSING;
}

static OphioEnhancementsFrame frame_of(const cJSON *object)
{
    OphioEnhancementsFrame frame;
    memset(&frame, 0, sizeof frame);
    frame.category = text(object, "category");
    frame.family = text(object, "family");
    frame.function = text(object, "function");
    frame.module = text(object, "module");
    frame.package = text(object, "package");
    frame.path = text(object, "path");
    frame.in_app = tristate(cJSON_GetObjectItemCaseSensitive(object, "in_app"));
    return frame;
}

static const char *word(uint8_t value)
{
    static const char *const words[] = {"?", "no", "yes"};
    return words[value];
}

int main(int argc, char **argv)
{
    char *rules_text, *json_text;
    cJSON *json;
    const cJSON *list, *each, *error;
    OphioEnhancements *rules = NULL;
    OphioEnhancementsFrame *frames;
    OphioEnhancementsAppliedFrame *applied;
    OphioEnhancementsComponent *components;
    OphioStr *categories;
    OphioEnhancementsExceptionData exception;
    OphioEnhancementsAssembleResult result;
    size_t len, n;

    if (argc != 3) {
        fprintf(stderr, "usage: %s RULES STACKTRACE.json\n", argv[0]);
        return 2;
    }
    rules_text = read_file(argv[1]);
    json_text = read_file(argv[2]);
    check(argv[1], ophio_enhancements_parse((const uint8_t *)rules_text, strlen(rules_text),
                                            NULL, &rules) == OPHIO_STATUS_OK);
    json = cJSON_Parse(json_text);
    list = cJSON_GetObjectItemCaseSensitive(json, "frames");
    if (!cJSON_IsArray(list)) {
        fprintf(stderr, "%s: no JSON object with a list of `frames`\n", argv[2]);
        return 1;
    }

    len = (size_t)cJSON_GetArraySize(list);
    frames = calloc(len + 1, sizeof *frames);
    applied = calloc(len + 1, sizeof *applied);
    components = calloc(len + 1, sizeof *components);
    categories = calloc(len + 1, sizeof *categories);
    if (frames == NULL || applied == NULL || components == NULL || categories == NULL) {
        perror("frames");
        return 2;
    }
    n = 0;
    cJSON_ArrayForEach(each, list) frames[n++] = frame_of(each);
    error = cJSON_GetObjectItemCaseSensitive(json, "exception");
    exception.ty = text(error, "ty");
    exception.value = text(error, "value");
    exception.mechanism = text(error, "mechanism");

    /* Whose code is it? The answer goes into the frames: the second question looks at it. */
    check(argv[2], ophio_enhancements_apply(
                       rules, frames, len, sizeof(OphioEnhancementsFrame), &exception, applied,
                       sizeof(OphioEnhancementsAppliedFrame)) == OPHIO_STATUS_OK);
    for (n = 0; n < len; n++) {
        frames[n].in_app = applied[n].in_app;
        components[n].contributes = applied[n].in_app;
        if (applied[n].category >= 0) {
            check(argv[2], ophio_enhancements_category(rules, (uint32_t)applied[n].category,
                                                       &categories[n]) == OPHIO_STATUS_OK);
            frames[n].category.data = categories[n].data;
            frames[n].category.len = categories[n].len;
        }
    }
    /* What counts? */
    check(argv[2],
          ophio_enhancements_assemble(
              rules, frames, len, sizeof(OphioEnhancementsFrame), &exception, components, len,
              sizeof(OphioEnhancementsComponent), &result) == OPHIO_STATUS_OK);

    printf("%-7s %-7s %-9s %-14s %s\n", "in-app", "counts", "category", "function", "hint");
    for (n = 0; n < len; n++) {
        OphioStr hint = {NULL, 0};
        if (components[n].hint != 0) {
            check(argv[2], ophio_enhancements_hint(rules, components[n].hint, &hint) ==
                               OPHIO_STATUS_OK);
        }
        printf("%-7s %-7s %-9.*s %-14.*s %.*s\n", word(frames[n].in_app),
               word(components[n].contributes), (int)frames[n].category.len,
               (const char *)frames[n].category.data, (int)frames[n].function.len,
               (const char *)frames[n].function.data, (int)hint.len, (const char *)hint.data);
        ophio_str_free(&hint);
        ophio_str_free(&categories[n]);
    }
    printf("\nThe stack trace counts: %s. %.*s\n", result.contributes ? "yes" : "no",
           (int)result.hint.len, (const char *)result.hint.data);

    ophio_str_free(&result.hint);
    ophio_enhancements_free(&rules);
    cJSON_Delete(json);
    free(categories);
    free(components);
    free(applied);
    free(frames);
    free(json_text);
    free(rules_text);
    return 0;
}
