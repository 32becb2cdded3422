/* Plain numbers of a table, found 64 bytes at a time: where cells end is a bit mask of a block, so that the next cell does not wait
 * for this one to be read. Compiled for AVX2 the digits of a cell become a number all at once, else one after another; both
 * give the same number, since the digits are an exact integer.
 * Masks: Langdale & Lemire 2019, "Parsing gigabytes of JSON per second", doi:10.1007/s00778-019-00578-5. Digits: pairs, then fours,
 * then eights by three multiplications (Lemire 2021, "Number parsing at a gigabyte per second", doi:10.1002/spe.2984, section 7). */
#ifndef LUMBAR_DATA_CSV_SCAN_H
#define LUMBAR_DATA_CSV_SCAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#elif defined __SSE2__
#include <emmintrin.h>
#endif

enum { SCAN_BLOCK = 64, SCAN_WIDTH = 16 /* bytes before the end of a cell that are looked at */, SCAN_DIGITS = 15 };

/** A block of the text, and among its bytes those that end a cell and those that are a decimal point. */
typedef struct scan_block {
    const char *at;
    uint64_t ends, points;
} scan_block;

/* Bit i: is byte i of the block a or b? */
static inline uint64_t scan_mask(const char *s, char a, char b)
{
    uint64_t mask = 0;
#ifdef __AVX2__
    const __m256i va = _mm256_set1_epi8(a), vb = _mm256_set1_epi8(b);
    for (int i = 0; i < 2; i++) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(s + 32 * i));
        __m256i found = _mm256_or_si256(_mm256_cmpeq_epi8(v, va), _mm256_cmpeq_epi8(v, vb));
        mask |= (uint64_t)(uint32_t)_mm256_movemask_epi8(found) << (32 * i);
    }
#elif defined __SSE2__
    const __m128i va = _mm_set1_epi8(a), vb = _mm_set1_epi8(b);
    for (int i = 0; i < 4; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + 16 * i));
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(v, va), _mm_cmpeq_epi8(v, vb));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(found) << (16 * i);
    }
#else
    for (int i = 0; i < SCAN_BLOCK; i++) mask |= (uint64_t)(s[i] == a || s[i] == b) << i;
#endif
    return mask;
}

static inline scan_block scan_from(const char *s, char separator, char decimal)
{
    return (scan_block){s, scan_mask(s, separator, '\n'), scan_mask(s, decimal, decimal)};
}

/* The `digits` (1 to 15) before `stop`, `decimals` of them after a point that is none of them (SCAN_WIDTH: no point), as an integer;
 * false when some byte is no digit. SCAN_WIDTH bytes before `stop` are looked at. */
#ifdef __AVX2__
#define FIFTEEN(v) v, v, v, v, v, v, v, v, v, v, v, v, v, v, v
static const int8_t scan_window[2 * SCAN_WIDTH] = {-1, FIFTEEN(-1), 0, FIFTEEN(0)};

static inline __m128i scan_load(const void *from) { return _mm_loadu_si128((const __m128i *)from); }

static inline bool scan_digits(const char *stop, size_t digits, size_t decimals, double *out)
{
    const __m128i place = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m128i nought = _mm_setr_epi8(0, FIFTEEN('0')), nine = _mm_setr_epi8(0, FIFTEEN(9));
    __m128i v = _mm_shuffle_epi8(scan_load(stop - SCAN_WIDTH), _mm_add_epi8(place, scan_load(scan_window + decimals))); /* over the point */
    v = _mm_andnot_si128(scan_load(scan_window + digits), _mm_sub_epi8(v, nought));
    const __m128i beyond = _mm_subs_epu8(v, nine);
    if (!_mm_testz_si128(beyond, beyond)) return false;
    v = _mm_maddubs_epi16(v, _mm_set1_epi16(1 << 8 | 10)); /* of a pair the first digit is the lower byte */
    v = _mm_madd_epi16(v, _mm_set1_epi32(1 << 16 | 100));
    v = _mm_packus_epi32(v, v);
    v = _mm_madd_epi16(v, _mm_set1_epi32(1 << 16 | 10000));
    __m128d eights = _mm_mul_pd(_mm_cvtepi32_pd(v), _mm_setr_pd(1e8, 1));
    *out = _mm_cvtsd_f64(_mm_add_sd(eights, _mm_unpackhi_pd(eights, eights)));
    return true;
}
#undef FIFTEEN
#else
static inline bool scan_digits(const char *stop, size_t digits, size_t decimals, double *out)
{
    const char *point = stop - decimals - 1, *s = stop - digits - (decimals < SCAN_WIDTH);
    uint64_t integer = 0;
    for (; s < stop; s++) {
        if (s == point) continue;
        unsigned digit = (unsigned char)*s - (unsigned)'0';
        if (digit > 9) return false;
        integer = integer * 10 + digit;
    }
    *out = (double)(int64_t)integer;
    return true;
}
#endif

static inline size_t scan_first(uint64_t mask)
{
#ifdef __BMI__
    return _tzcnt_u64(mask);
#else
    return mask ? (size_t)__builtin_ctzll(mask) : SCAN_BLOCK;
#endif
}

/* The cell of a block from `start` on, `length` bytes, as a plain decimal ("-12.50", up to 15 digits): exact in one division since
 * both integers are exact. False: nothing is said then, slower ways may read it. */
static inline __attribute__((always_inline)) bool scan_number(const scan_block *block, size_t start, size_t length, double *out)
{
    static const double power[SCAN_WIDTH + 1][2] = {
        {1e0, -1e0}, {1e1, -1e1}, {1e2, -1e2}, {1e3, -1e3}, {1e4, -1e4}, {1e5, -1e5}, {1e6, -1e6}, {1e7, -1e7}, {1e8, -1e8}, {1e9, -1e9},
        {1e10, -1e10}, {1e11, -1e11}, {1e12, -1e12}, {1e13, -1e13}, {1e14, -1e14}, {1e15, -1e15}, {1, -1} /* no point */};
    size_t point = scan_first(block->points >> start), pointed = point < length, negative = block->at[start] == '-';
    size_t after = length - point - 1, decimals = after < SCAN_WIDTH ? after : SCAN_WIDTH, digits = length - negative - pointed;
    double integer;
    if (digits - 1 >= SCAN_DIGITS || !scan_digits(block->at + start + length, digits, decimals, &integer)) return false;
    *out = integer / power[decimals][negative];
    return true;
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
