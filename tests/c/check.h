/*
 * What the C tests share: checks that tell their line, and short ways to make arguments.
 *
 * A test program ends with `return report();`: 0 is success.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

#include "ophio.h"

static int failures;

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);    \
            failures++;                                                        \
        }                                                                      \
    } while (0)

static int report(void)
{
    if (failures != 0) fprintf(stderr, "%d checks failed\n", failures);
    return failures != 0;
}

#ifndef GOOD
/* A call goes well. */
#define GOOD(call) CHECK((call) == OPHIO_STATUS_OK)
#endif

/* A text for a struct; NULL is a missing one. */
static OphioSlice slice(const char *text)
{
    OphioSlice s;
    s.data = (const uint8_t *)text;
    s.len = text == NULL ? 0 : strlen(text);
    return s;
}

/* A text as the two arguments that functions take. */
#define TEXT(text) (const uint8_t *)(text), strlen(text)

/* The sizes of the structs that cross in arrays. */
#define FRAME_SIZE sizeof(OphioEnhancementsFrame)
#define APPLIED_SIZE sizeof(OphioEnhancementsAppliedFrame)
#define COMPONENT_SIZE sizeof(OphioEnhancementsComponent)

#endif
