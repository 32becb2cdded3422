/* Lumbar ground floor: errors, memory, text, clock, random streams, threads.
 * Knows nobody. Every other module stands on this header. */
#ifndef LUMBAR_BASE_H
#define LUMBAR_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LB_API __attribute__((visibility("default")))
#define LB_MUST_CHECK __attribute__((warn_unused_result))
#define LB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define LB_COUNT(array) (sizeof(array) / sizeof((array)[0]))

LB_API const char *lb_version(void);

/* ---- errors ------------------------------------------------------------ */

/** What went wrong, in classes that map to exit and HTTP statuses. */
enum {
    LB_OK = 0,
    LB_FAILED = -1,        /**< exit 1, HTTP 500 */
    LB_USAGE = -2,         /**< exit 2, HTTP 400: the caller's words are off */
    LB_BAD_DATA = -3,      /**< exit 3, HTTP 422: the input cannot be used as it is */
    LB_NOT_CONVERGED = -4, /**< exit 4, HTTP 200: only a status; the document is written */
    LB_FORBIDDEN = -5,     /**< exit 1, HTTP 403 */
    LB_NOT_FOUND = -6,     /**< exit 3, HTTP 404 */
    LB_TOO_LARGE = -7,     /**< exit 3, HTTP 413 */
    LB_CANCELLED = -8,     /**< exit 1, HTTP 409 */
    LB_NO_MEMORY = -9,     /**< exit 1, HTTP 503 */
    LB_CONFLICT = -10      /**< exit 1, HTTP 409: somebody else was first; read again and decide */
};

/** An error a person can act on. `where` is a place in the *input*: file:line:column, option, column name. */
typedef struct lb_error {
    int code;
    char where[256];
    char message[512]; /**< lower case: what is wrong, with which value */
    char detail[512];
    char hint[512]; /**< what to do about it */
} lb_error;

#define LB_ERROR_INIT {0, "", "", "", ""}

/** Set code and message (clears where, detail, hint); returns `code`. `err` may be NULL. */
LB_API int lb_fail(lb_error *err, int code, const char *fmt, ...) LB_PRINTF(3, 4);
LB_API void lb_error_where(lb_error *err, const char *fmt, ...) LB_PRINTF(2, 3);
LB_API void lb_error_detail(lb_error *err, const char *fmt, ...) LB_PRINTF(2, 3);
LB_API void lb_error_hint(lb_error *err, const char *fmt, ...) LB_PRINTF(2, 3);
LB_API int lb_error_exit_status(int code);
LB_API int lb_error_http_status(int code);

/* ---- memory ------------------------------------------------------------ */

/** Arena: everything allocated from it lives until it is freed. Not thread-safe.
 *  Small allocations never return NULL: when the machine is out of memory the process ends with a
 *  message. Sizes that come from input go through lb_arena_try(), which checks and can fail. */
typedef struct lb_arena lb_arena;
LB_API lb_arena *lb_arena_new(void);
LB_API void lb_arena_free(lb_arena *arena);
LB_API void *lb_arena_alloc(lb_arena *arena, size_t size);                 /* zeroed, 16-byte aligned */
LB_API void *lb_arena_array(lb_arena *arena, size_t count, size_t size);   /* zeroed, overflow checked */
/** For sizes that come from input: returns NULL on overflow, or when memory is short. Zeroed, 64-byte aligned. */
LB_API void *lb_arena_try(lb_arena *arena, size_t count, size_t size);
/** A list with room for one more than its `count` elements of `size` bytes: itself, or where *room is used up a copy with twice the
 *  room (`first` to begin with). list->item = lb_arena_grow(arena, list->item, list->count, &list->room, 16, sizeof *list->item); */
LB_API void *lb_arena_grow(lb_arena *arena, void *list, size_t count, size_t *room, size_t first, size_t size);
LB_API char *lb_arena_text(lb_arena *arena, const char *text);             /* NULL stays NULL */
LB_API char *lb_arena_textn(lb_arena *arena, const char *text, size_t length);
LB_API char *lb_arena_printf(lb_arena *arena, const char *fmt, ...) LB_PRINTF(2, 3);
/** Hand a malloc'ed block to the arena, which frees it in the end. */
LB_API void lb_arena_adopt(lb_arena *arena, void *block);
LB_API size_t lb_arena_bytes(const lb_arena *arena);
/** Ask for large pages under a block of several megabytes that is not written yet: one page fault for 2 MiB, not for 4 KiB. */
LB_API void lb_large_pages(void *memory, size_t size);

/** malloc/realloc that end the process with a message instead of returning NULL. */
LB_API void *lb_alloc(size_t count, size_t size); /* zeroed, overflow checked */
LB_API void *lb_realloc(void *block, size_t count, size_t size);

/* ---- text -------------------------------------------------------------- */

/** Growing byte buffer, always NUL-terminated once used. `max` 0 means 1 GiB. Past the maximum it sets
 *  `overflow` and drops what comes. Zero-initialise with {0}. */
typedef struct lb_buf {
    char *data;
    size_t length, capacity, max;
    bool overflow;
} lb_buf;
LB_API void lb_buf_add(lb_buf *buf, const char *text, size_t length);
LB_API void lb_buf_puts(lb_buf *buf, const char *text);
LB_API void lb_buf_putc(lb_buf *buf, char c);
LB_API void lb_buf_printf(lb_buf *buf, const char *fmt, ...) LB_PRINTF(2, 3);
LB_API void lb_buf_vprintf(lb_buf *buf, const char *fmt, va_list args);
LB_API void lb_buf_free(lb_buf *buf);
/** XML/HTML-escaped text (& < > " '), control characters dropped. */
LB_API void lb_buf_xml(lb_buf *buf, const char *text);

LB_API bool lb_text_equal(const char *a, const char *b);            /* NULL-safe */
LB_API bool lb_text_starts(const char *text, const char *prefix);
LB_API bool lb_text_ends(const char *text, const char *suffix);
/** Nearest of `count` words by edit distance, or NULL when none is near; for "did you mean". */
LB_API const char *lb_text_nearest(const char *word, const char *const *words, size_t count);
/** Whole text as a number ("12", "-3.5e2"); no locale, no hex, no "inf"/"nan". Correctly rounded. */
LB_API bool lb_text_number(const char *text, size_t length, double *out);
LB_API bool lb_text_integer(const char *text, size_t length, int64_t *out);
/** Shortest text that reads back to the same double ("0.1", "1e-300"); buffer of at least 32 bytes. */
LB_API const char *lb_number_text(double value, char *buffer);
/** Is it well-formed UTF-8? Returns the offset of the first bad byte, or `length`. */
LB_API size_t lb_utf8_bad(const char *text, size_t length);
/** Split at `separator` into trimmed pieces owned by the arena. Empty text gives none. */
LB_API char **lb_text_split(lb_arena *arena, const char *text, char separator, size_t *count);

LB_API void lb_sha256_hex(const void *data, size_t length, char hex[65]);
LB_API bool lb_hex_bytes(const char *hex, uint8_t *out, size_t count); /* exactly count bytes */

/* ---- files ------------------------------------------------------------- */

/** Bytes of an input: from a file, a pipe, or an upload. */
typedef struct lb_bytes {
    const uint8_t *data;
    size_t length;
    const char *name; /**< what to call it in messages; never a full path */
} lb_bytes;
/** Read a whole file or pipe ("-" is stdin) into the arena. Above `max` bytes: LB_TOO_LARGE. */
LB_API int lb_file_read(const char *path, size_t max, lb_arena *arena, lb_bytes *out, lb_error *err) LB_MUST_CHECK;
/** Write atomically: temporary file beside it, fsync, rename. */
LB_API int lb_file_write(const char *path, const void *data, size_t length, lb_error *err) LB_MUST_CHECK;
/** Largest input accepted, bytes: LUMBAR_MAX_INPUT (e.g. "4G") or 2 GiB. */
LB_API size_t lb_max_input(void);

/* ---- clock, randomness, threads ---------------------------------------- */

LB_API double lb_seconds(void);     /**< monotonic, for progress */
/** Microseconds since 1970 UTC: the time of everything a trial records. */
LB_API int64_t lb_now_us(void);
/** Is this a test build whose clock a file moves (LUMBAR_CLOCK_FILE)? */
LB_API bool lb_clock_moves(void);
LB_API double lb_cpu_seconds(void); /**< CPU time of the process */

/** Counter-based stream (Philox4x32-10): the same (seed, stream) gives the same numbers anywhere, so results
 *  do not depend on the number of threads or shards. Salmon et al. 2011, doi:10.1145/2063384.2063405. */
typedef struct lb_random {
    uint32_t key[2], counter[4], block[32]; /**< eight blocks of the generator at a time */
    unsigned used;
} lb_random;
LB_API void lb_random_init(lb_random *random, uint64_t seed, uint64_t stream);
LB_API uint32_t lb_random_u32(lb_random *random);
LB_API double lb_random_uniform(lb_random *random); /**< in (0,1), 53 bits */
/** Pass over so many of lb_random_u32(); a uniform or a normal number takes two. */
LB_API void lb_random_skip(lb_random *random, uint32_t count);
LB_API double lb_random_normal(lb_random *random);  /**< by inversion (Wichura AS 241) */
LB_API void lb_random_run(lb_random *random, size_t n, double *out); /**< n uniform numbers */
/** One number from each of n streams, as one after the other would give them; many at a time are quicker. */
LB_API void lb_random_uniforms(lb_random *const *random, size_t n, double *out);
LB_API void lb_random_normals(lb_random *const *random, size_t n, double *out);
LB_API uint32_t lb_random_below(lb_random *random, uint32_t n); /**< 0..n-1 without bias */
LB_API double lb_random_exponential(lb_random *random);

/** Progress and cancelling of long work. All members may be NULL. */
typedef struct lb_progress {
    void (*report)(void *context, double done /* 0..1 */, const char *what);
    bool (*cancelled)(void *context);
    void *context;
} lb_progress;
LB_API void lb_progress_report(const lb_progress *progress, double done, const char *what);
LB_API bool lb_progress_cancelled(const lb_progress *progress);

/** Run body(context, i) for i in 0..count-1 on `threads` threads (0 = all cores). Results must go to slot i. */
LB_API void lb_parallel_for(size_t count, unsigned threads, void (*body)(void *context, size_t index), void *context);

#ifdef __cplusplus
}
#endif
#endif
