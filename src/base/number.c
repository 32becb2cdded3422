/* Numbers from and to text, correctly rounded, without a locale.
 * Reading: integers to 2^53 and a power of ten within ±22 are exact in one double operation (Clinger 1990, "How to read
 * floating point numbers accurately": both are exact doubles). Nineteen digits and ±27 are exact in one operation of 64 bits,
 * whose rounding to 53 is right unless it lies in the middle of two doubles; the rest goes to strtod. */
#include <lumbar/base.h>

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool read_slowly(const char *text, size_t length, double *out)
{
    char stack[128];
    char *copy = length < sizeof stack ? stack : malloc(length + 1);
    if (copy == NULL) return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    char *end;
    *out = strtod(copy, &end); /* the program never calls setlocale(): this is the C locale */
    bool whole = end == copy + length && isfinite(*out);
    if (copy != stack) free(copy);
    return whole;
}

/* mantissa · 10^exponent by way of 64 bits; false: not certain. */
static bool read_wide(uint64_t mantissa, int exponent, double *out)
{
#if LDBL_MANT_DIG == 64
    static const long double power[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                        1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
    if (exponent < -27 || exponent > 27) return false;
    long double wide = exponent < 0 ? (long double)mantissa / power[-exponent] : (long double)mantissa * power[exponent];
    uint64_t bits;
    memcpy(&bits, &wide, sizeof bits); /* the significand lies first */
    *out = (double)wide;
    return (bits & 0x7FF) != 0x400; /* a half of the last place: which way depends on what the first rounding dropped */
#else
    (void)mantissa, (void)exponent, (void)out;
    return false;
#endif
}

bool lb_text_number(const char *text, size_t length, double *out)
{
    const char *p = text, *end = text + length;
    bool negative = false;
    if (p < end && (*p == '-' || *p == '+')) negative = *p++ == '-';
    uint64_t mantissa = 0;
    int digits = 0, exponent = 0;
    bool any = false;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        any = true;
        if (digits < 19) {
            mantissa = mantissa * 10 + (uint64_t)(*p - '0');
            digits += mantissa != 0;
        } else {
            digits++;
            exponent++;
        }
    }
    if (p < end && *p == '.') {
        for (p++; p < end && *p >= '0' && *p <= '9'; p++) {
            any = true;
            if (digits < 19) {
                mantissa = mantissa * 10 + (uint64_t)(*p - '0');
                digits += mantissa != 0;
                exponent--;
            } else {
                digits++;
            }
        }
    }
    if (!any) return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        bool negative_exponent = false;
        if (p < end && (*p == '-' || *p == '+')) negative_exponent = *p++ == '-';
        if (p == end) return false;
        int e = 0;
        for (; p < end && *p >= '0' && *p <= '9'; p++)
            if (e < 100000) e = e * 10 + (*p - '0');
        exponent += negative_exponent ? -e : e;
    }
    if (p != end) return false;
    if (digits > 19) return read_slowly(text, length, out);
    if (mantissa > (UINT64_C(1) << 53) || exponent < -22 || exponent > 22) {
        if (!read_wide(mantissa, exponent, out)) return read_slowly(text, length, out);
        if (negative) *out = -*out;
        return true;
    }
    double value = (double)mantissa;
    value = exponent < 0 ? value / power_of_ten[-exponent] : value * power_of_ten[exponent];
    *out = negative ? -value : value;
    return true;
}

bool lb_text_integer(const char *text, size_t length, int64_t *out)
{
    const char *p = text, *end = text + length;
    bool negative = false;
    if (p < end && (*p == '-' || *p == '+')) negative = *p++ == '-';
    if (p == end) return false;
    int64_t value = 0;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9') return false;
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (negative ? __builtin_sub_overflow(value, *p - '0', &value) : __builtin_add_overflow(value, *p - '0', &value))
            return false;
    }
    *out = value;
    return true;
}

/* A whole number's digits: what "%.0f" writes, at a tenth of its cost (tables are mostly whole numbers). */
static const char *whole_text(double value, char *buffer)
{
    char digit[20], *to = buffer;
    int count = 0;
    if (signbit(value)) *to++ = '-';
    for (uint64_t left = (uint64_t)fabs(value); count == 0 || left; left /= 10) digit[count++] = (char)('0' + left % 10);
    while (count) *to++ = digit[--count];
    *to = '\0';
    return buffer;
}

/* The digits as "%.*g" lays them out, noughts at the end left out; the first digit stands at 10^exponent. */
static const char *lay_out(uint64_t digits, int count, int exponent, bool negative, char *buffer)
{
    char digit[20], *to = buffer;
    for (int i = count; i-- > 0; digits /= 10) digit[i] = (char)('0' + digits % 10);
    int used = count, whole = 1;
    while (used > 1 && digit[used - 1] == '0') used--;
    if (negative) *to++ = '-';
    bool scientific = exponent < -4 || exponent >= count;
    if (!scientific && exponent < 0) {
        *to++ = '0';
        *to++ = '.';
        for (int i = -1; i > exponent; i--) *to++ = '0';
        whole = 0;
    } else if (!scientific) whole = exponent + 1;
    for (int i = 0; i < used || i < whole; i++) {
        if (i == whole && whole > 0) *to++ = '.';
        *to++ = i < used ? digit[i] : '0';
    }
    if (scientific) to += snprintf(to, 8, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    *to = '\0';
    return buffer;
}

/* The fewest of 15 to 17 digits that read back as the value. Seventeen digits before the point are value · 10^k; 10^k is exact
 * in extended precision up to 10^27, so that the product is right to 2^-8, and fewer digits read back when they lie nearer
 * than half a step of doubles. What is nearer to a border than the error, or far from 1, is left to the library (NULL). */
static const char *short_text(double value, char *buffer)
{
#if LDBL_MANT_DIG == 64
    static const long double step_of_ten[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                              1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
    static const long double error = 1 / 64.0L;
    int binary, exponent;
    double part = frexp(fabs(value), &binary);
    exponent = (int)floor((binary - 1) * 0.30102999566398120); /* log10 2: right, or one too low */
    if (part == 0.5 || exponent < -10 || exponent > 14) return NULL; /* a power of two: its steps are uneven */
    if ((long double)fabs(value) * step_of_ten[16 - exponent] >= 1e17L) exponent++;
    long double scaled = (long double)fabs(value) * step_of_ten[16 - exponent], half = ldexpl(step_of_ten[16 - exponent], binary - 54);
    if (scaled < 1e16L || scaled >= 1e17L - 200) return NULL; /* rounding up might add a digit */
    uint64_t least = (uint64_t)scaled;
    for (int count = 15; count <= 17; count++) {
        uint64_t unit = count == 15 ? 100 : count == 16 ? 10 : 1, down = least / unit * unit;
        long double above = scaled - (long double)down, middle = (long double)unit / 2;
        if (fabsl(above - middle) < error) return NULL;
        uint64_t nearest = above > middle ? down + unit : down;
        long double away = fabsl(scaled - (long double)nearest);
        if (fabsl(away - half) < error) return NULL;
        if (away < half || count == 17) return lay_out(nearest / unit, count, exponent, value < 0, buffer);
    }
#else
    (void)value;
    (void)buffer;
#endif
    return NULL;
}

const char *lb_number_text(double value, char *buffer)
{
    if (isnan(value)) return memcpy(buffer, "NaN", 4);
    if (isinf(value)) return memcpy(buffer, value < 0 ? "-Inf" : "Inf", 5);
    if (value == floor(value) && fabs(value) < 1e15) return whole_text(value, buffer);
    if (short_text(value, buffer)) return buffer;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(buffer, 32, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value) break;
    }
    return buffer;
}
