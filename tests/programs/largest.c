/*
 * Records the largest piece of memory that libophio asks for: preloaded before the C library.
 *
 *     gcc -shared -fPIC -o largest.so largest.c
 *     LD_PRELOAD=./largest.so python allocations.py
 *
 * Calls from elsewhere, such as from Python, pass through.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_size_t largest;
static atomic_uintptr_t begin, end;

/* The code of the library is from `from` to `to`. */
void largest_watch(uintptr_t from, uintptr_t to)
{
    begin = from;
    end = to;
}

/* Returns the largest size so far, and begins again. */
size_t largest_take(void)
{
    return atomic_exchange(&largest, 0);
}

static void record(const void *caller, size_t size)
{
    uintptr_t at = (uintptr_t)caller;
    size_t seen = largest;
    if (at < begin || at >= end) return;
    while (size > seen && !atomic_compare_exchange_weak(&largest, &seen, size)) {}
}

void *malloc(size_t size)
{
    record(__builtin_return_address(0), size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    record(__builtin_return_address(0), count * size);
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    record(__builtin_return_address(0), size);
    return __libc_realloc(old, size);
}

int posix_memalign(void **place, size_t alignment, size_t size)
{
    record(__builtin_return_address(0), size);
    *place = __libc_memalign(alignment, size);
    return *place == NULL && size != 0 ? ENOMEM : 0;
}
