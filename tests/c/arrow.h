/*
 * Stack traces in columns, made by hand as the Arrow C Data Interface says; for C and C++.
 *
 * Every array and every schema counts when it is made and when it is released.
 */
#ifndef ARROW_H
#define ARROW_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ophio.h"

/* From the specification of the interface, which asks programs to have a copy. */
struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

enum { NULLABLE = 2 };

static int made, released;

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t n = 0; n < schema->n_children; n++) {
        if (schema->children[n]->release != NULL)
            schema->children[n]->release(schema->children[n]);
        free(schema->children[n]);
    }
    free(schema->children);
    schema->release = NULL;
    released++;
}

static void release_array(struct ArrowArray *array)
{
    for (int64_t n = 0; n < array->n_children; n++) {
        if (array->children[n]->release != NULL)
            array->children[n]->release(array->children[n]);
        free(array->children[n]);
    }
    free(array->children);
    free((void *)array->buffers);
    array->release = NULL;
    released++;
}

/* A column: what its array and its schema say, each with room for so many children. */
typedef struct Column {
    struct ArrowArray array;
    struct ArrowSchema schema;
} Column;

static Column column(const char *format, const char *name, int64_t length, int buffers, int children)
{
    Column c;
    memset(&c, 0, sizeof c);
    c.schema.format = format;
    c.schema.name = name;
    c.schema.flags = NULLABLE;
    c.schema.children = (struct ArrowSchema **)calloc((size_t)children + 1, sizeof *c.schema.children);
    c.schema.release = release_schema;
    c.array.length = length;
    c.array.n_buffers = buffers;
    c.array.buffers = (const void **)calloc((size_t)buffers + 1, sizeof *c.array.buffers);
    c.array.children = (struct ArrowArray **)calloc((size_t)children + 1, sizeof *c.array.children);
    c.array.release = release_array;
    made += 2;
    return c;
}

/* Moves a column into another one. */
static void add(Column *parent, Column child)
{
    struct ArrowArray *array = (struct ArrowArray *)malloc(sizeof *array);
    struct ArrowSchema *schema = (struct ArrowSchema *)malloc(sizeof *schema);
    *array = child.array;
    *schema = child.schema;
    parent->array.children[parent->array.n_children++] = array;
    parent->schema.children[parent->schema.n_children++] = schema;
}

static Column text(const char *name, int64_t length, const int32_t *offsets, const char *bytes)
{
    Column c = column("u", name, length, 3, 0);
    c.array.buffers[1] = offsets;
    c.array.buffers[2] = bytes;
    return c;
}

/* A column in which everything is missing. */
static Column nothing(const char *name, int64_t length)
{
    Column c = column("n", name, length, 0, 0);
    c.array.null_count = length;
    return c;
}

/* The names of a list that the library gives, each ended by a zero in `room`. Returns how many. */
static int names_of(struct OphioSlice list, char room[256], const char *names[32])
{
    int count = 0;
    char *name;

    memcpy(room, list.data, list.len);
    room[list.len] = '\0';
    for (name = strtok(room, "\n"); name != NULL; name = strtok(NULL, "\n")) names[count++] = name;
    return count;
}

/* Of the first and the third frame; the second one has none. */
static char path_bytes[] = "a.pyb.py";

/*
 * Two stack traces, "main log_a" and "log_b", with all frames in-app. `function` is the format
 * of that column; "u" is right.
 */
static Column stacktraces(const char *function_format)
{
    static const int32_t lists[] = {0, 2, 3}, functions[] = {0, 4, 9, 14}, paths[] = {0, 4, 4, 8};
    static const uint8_t in_app[] = {7}, some_paths[] = {5};
    static const int8_t orig_in_app[] = {-1, 0, 1};
    Column rows = column("+s", "", 2, 1, 2);
    Column frames = column("+l", "frames", 2, 2, 1);
    static char field_room[256], exception_room[256];
    const char *fields[32], *exception_fields[32];
    const int field_count = names_of(ophio_enhancements_frame_fields(), field_room, fields);
    const int exception_count =
        names_of(ophio_enhancements_exception_fields(), exception_room, exception_fields);
    Column frame = column("+s", "item", 3, 1, field_count);
    Column exception = column("+s", "exception", 2, 1, exception_count);
    Column function = text("function", 3, functions, "mainlog_alog_b");
    Column path = text("path", 3, paths, path_bytes);
    Column flags = column("b", "in_app", 3, 2, 0);
    Column before = column("c", "orig_in_app", 3, 2, 0);

    function.schema.format = function_format;
    if (*function_format != 'u') function.array.n_buffers = 2; /* as numbers have them */
    path.array.buffers[0] = some_paths;
    path.array.null_count = 1;
    flags.array.buffers[1] = in_app;
    before.array.buffers[1] = orig_in_app;
    frames.array.buffers[1] = lists;
    for (int n = 0; n < field_count; n++) {
        if (strcmp(fields[n], "function") == 0) add(&frame, function);
        else if (strcmp(fields[n], "path") == 0) add(&frame, path);
        else if (strcmp(fields[n], "in_app") == 0) add(&frame, flags);
        else if (strcmp(fields[n], "orig_in_app") == 0) add(&frame, before);
        else add(&frame, nothing(fields[n], 3));
    }
    add(&frames, frame);
    for (int n = 0; n < exception_count; n++) add(&exception, nothing(exception_fields[n], 2));
    add(&rows, frames);
    add(&rows, exception);
    return rows;
}

#endif
