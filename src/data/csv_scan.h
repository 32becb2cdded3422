/* Plain numbers of a table, found 64 bytes at a time: where cells end is a bit mask of a block (by SSE2, which every x86-64 has), so
 * that the next cell does not wait for this one to be read; digits become numbers eight at a time.
 * Masks: Langdale & Lemire 2019, "Parsing gigabytes of JSON per second", doi:10.1007/s00778-019-00578-5. Digits: pairs, then fours,
 * then eights by three multiplications (Lemire 2021, "Number parsing at a gigabyte per second", doi:10.1002/spe.2984, section 7). */
#ifndef LUMBAR_DATA_CSV_SCAN_H
#define LUMBAR_DATA_CSV_SCAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { SCAN_BLOCK = 64, SCAN_ROOM = SCAN_BLOCK + 8 /* bytes that may be looked at from the start of a cell */, SCAN_DIGITS = 15 };

/** A block of the text, and among its bytes those that end a cell and those that are a decimal point. */
typedef struct scan_block {
    const char *at;
    uint64_t ends, points;
} scan_block;

/* Bit i: is byte i of the block a, b or c? */
static inline uint64_t scan_mask(const char *s, char a, char b, char c)
{
    uint64_t mask = 0;
#ifdef __SSE2__
    const __m128i va = _mm_set1_epi8(a), vb = _mm_set1_epi8(b), vc = _mm_set1_epi8(c);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + 16 * i));
        __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, va), _mm_cmpeq_epi8(v, vb)), _mm_cmpeq_epi8(v, vc));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(found) << (16 * i);
    }
#else
    for (int i = 0; i < SCAN_BLOCK; i++) mask |= (uint64_t)(s[i] == a || s[i] == b || s[i] == c) << i;
#endif
    return mask;
}

/* The first `count` of eight bytes (1 to 8) as digits: 0 to 9 where they are digits, in the upper bytes; zeros below. */
static inline uint64_t scan_load(const char *s, size_t count)
{
    uint64_t x;
    memcpy(&x, s, sizeof x);
    return (x ^ 0x3030303030303030u) << (8 * (8 - count));
}

static inline bool scan_all_digits(uint64_t x)
{
    return (((x + 0x7676767676767676u) | x) & 0x8080808080808080u) == 0;
}

/* Eight digits, the first in the lowest byte. */
static inline uint64_t scan_eight(uint64_t x)
{
    x = x * 10 + (x >> 8);
    return ((x & 0x000000FF000000FFu) * (100 + (UINT64_C(1000000) << 32)) + ((x >> 16) & 0x000000FF000000FFu) * (1 + (UINT64_C(10000) << 32))) >> 32;
}

/* The digits of a decimal as an integer; false when some byte is none. Up to eight in all are read at once. */
static inline bool scan_mantissa(const char *s, size_t whole, const char *stop, size_t decimals, uint64_t *out)
{
    static const uint32_t power[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    uint64_t first = scan_load(s, whole), second = decimals ? scan_load(stop - decimals, decimals) : 0;
    if (whole + decimals <= 8) {
        uint64_t all = decimals ? first >> (8 * decimals) | second : first;
        *out = scan_eight(all);
        return scan_all_digits(all);
    }
    *out = scan_eight(first) * power[decimals] + scan_eight(second);
    return scan_all_digits(first) && scan_all_digits(second);
}

/* A plain decimal ("-12.50": up to eight digits on either side of the point, 15 in all), exact in one division since both integers
 * are exact. Returns where its cell ends, or NULL: nothing is said then, slower ways may read it. */
static inline __attribute__((always_inline)) const char *scan_number(scan_block *block, const char *s, const char *end, char separator, char decimal, double *out)
{
    static const double power[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || end - s < SCAN_ROOM) return NULL;
    size_t at = (size_t)(s - block->at);
    if (at >= SCAN_BLOCK || block->ends >> at == 0) {
        *block = (scan_block){s, scan_mask(s, separator, '\n', '\r'), scan_mask(s, decimal, decimal, decimal)};
        at = 0;
        if (block->ends == 0) return NULL;
    }
    size_t length = (size_t)__builtin_ctzll(block->ends >> at), decimals = 0, negative = *s == '-';
    size_t point = (size_t)__builtin_ctzll(block->points >> at | UINT64_C(1) << 63), whole = length - negative;
    const char *stop = s + length;
    if (point < length) {
        whole = point - negative;
        decimals = length - point - 1;
        if (decimals == 0) return NULL;
    }
    uint64_t mantissa;
    if (whole - 1 >= 8 || decimals > 8 || whole + decimals > SCAN_DIGITS) return NULL; /* no digit wraps around */
    if (!scan_mantissa(s + negative, whole, stop, decimals, &mantissa)) return NULL;
    if (*stop == '\r' && *++stop != '\n') return NULL;
    double value = (double)(int64_t)mantissa / power[decimals];
    *out = negative ? -value : value;
    return stop;
}

/** What the bytes of a text are: has it a NUL, bytes above ASCII, how many lines? */
typedef struct scan_survey {
    bool nul, beyond_ascii;
    size_t newlines;
} scan_survey;

static inline scan_survey scan_text(const char *s, size_t length)
{
    scan_survey found = {false, false, 0};
    size_t i = 0;
#ifdef __SSE2__
    __m128i all = _mm_setzero_si128(), nul = _mm_setzero_si128();
    const __m128i zero = _mm_setzero_si128(), newline = _mm_set1_epi8('\n');
    while (length - i >= 16) {
        __m128i lines = _mm_setzero_si128(); /* a byte counts to 255 */
        for (int k = 0; k < 255 && length - i >= 16; k++, i += 16) {
            __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
            all = _mm_or_si128(all, v);
            nul = _mm_or_si128(nul, _mm_cmpeq_epi8(v, zero));
            lines = _mm_sub_epi8(lines, _mm_cmpeq_epi8(v, newline));
        }
        __m128i sums = _mm_sad_epu8(lines, zero);
        found.newlines += (size_t)_mm_cvtsi128_si64(sums) + (size_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums));
    }
    found.beyond_ascii = _mm_movemask_epi8(all) != 0;
    found.nul = _mm_movemask_epi8(nul) != 0;
#endif
    for (; i < length; i++) {
        found.nul |= s[i] == '\0';
        found.beyond_ascii |= (unsigned char)s[i] >= 0x80;
        found.newlines += s[i] == '\n';
    }
    return found;
}
#endif
