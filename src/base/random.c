/* Philox4x32-10, a counter-based generator: Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as
 * 1, 2, 3", doi:10.1145/2063384.2063405. Key = seed; the upper half of the counter = stream. */
#include <lumbar/base.h>

#include <math.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { MADE = 8 /* numbers at a time: two blocks, which do not wait for each other */ };

#ifdef __SSE2__
/* Two counters side by side, in the lower halves of 64-bit lanes; upper halves hold what is not looked at. */
static void two_blocks(const uint32_t counter[4], uint32_t next, const uint32_t seed[2], uint32_t out[MADE])
{
    const __m128i m0 = _mm_set1_epi64x(0xD2511F53), m1 = _mm_set1_epi64x(0xCD9E8D57);
    const __m128i w0 = _mm_set1_epi64x(0x9E3779B9), w1 = _mm_set1_epi64x(0xBB67AE85);
    __m128i c0 = _mm_set_epi64x(next, counter[0]), c1 = _mm_set_epi64x(counter[1] + (next == 0), counter[1]);
    __m128i c2 = _mm_set1_epi64x(counter[2]), c3 = _mm_set1_epi64x(counter[3]), k0 = _mm_set1_epi64x(seed[0]), k1 = _mm_set1_epi64x(seed[1]);
    for (int round = 0; round < 10; round++) {
        __m128i p0 = _mm_mul_epu32(c0, m0), p1 = _mm_mul_epu32(c2, m1);
        c0 = _mm_xor_si128(_mm_xor_si128(_mm_srli_epi64(p1, 32), c1), k0);
        c2 = _mm_xor_si128(_mm_xor_si128(_mm_srli_epi64(p0, 32), c3), k1);
        c1 = p1;
        c3 = p0;
        k0 = _mm_add_epi32(k0, w0);
        k1 = _mm_add_epi32(k1, w1);
    }
    __m128i even = _mm_unpacklo_epi32(c0, c1), odd = _mm_unpacklo_epi32(c2, c3); /* first block: c0 c1 · ·, c2 c3 · · */
    __m128i even2 = _mm_unpackhi_epi32(c0, c1), odd2 = _mm_unpackhi_epi32(c2, c3);
    _mm_storeu_si128((__m128i *)(void *)out, _mm_unpacklo_epi64(even, odd));
    _mm_storeu_si128((__m128i *)(void *)(out + 4), _mm_unpacklo_epi64(even2, odd2));
}
#else
static void philox(const uint32_t counter[4], const uint32_t seed[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = seed[0], k1 = seed[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

static void two_blocks(const uint32_t counter[4], uint32_t next, const uint32_t seed[2], uint32_t out[MADE])
{
    const uint32_t second[4] = {next, counter[1] + (next == 0), counter[2], counter[3]};
    philox(counter, seed, out);
    philox(second, seed, out + 4);
}
#endif

void lb_random_init(lb_random *random, uint64_t seed, uint64_t stream)
{
    *random = (lb_random){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                          .counter = {0, 0, (uint32_t)stream, (uint32_t)(stream >> 32)},
                          .used = MADE};
}

static void advance(lb_random *random, uint64_t blocks)
{
    uint64_t at = ((uint64_t)random->counter[1] << 32 | random->counter[0]) + blocks;
    random->counter[0] = (uint32_t)at;
    random->counter[1] = (uint32_t)(at >> 32);
}

static inline uint32_t next(lb_random *random)
{
    if (random->used == MADE) {
        two_blocks(random->counter, random->counter[0] + 1, random->key, random->block);
        advance(random, 2);
        random->used = 0;
    }
    return random->block[random->used++];
}

static inline double uniform(lb_random *random)
{
    uint64_t high = next(random) >> 5, low = next(random) >> 6; /* 27 + 26 bits */
    return ((double)(high << 26 | low) + 0.5) * 0x1p-53;
}

uint32_t lb_random_u32(lb_random *random) { return next(random); }

double lb_random_uniform(lb_random *random) { return uniform(random); }

void lb_random_skip(lb_random *random, uint32_t count)
{
    uint32_t left = MADE - random->used; /* of the blocks at hand */
    if (count <= left) { /* also none */
        random->used += count;
        return;
    }
    advance(random, (uint64_t)(count - left) / MADE * 2);
    random->used = MADE;
    for (count = (count - left) % MADE; count > 0; count--) (void)next(random);
}

uint32_t lb_random_below(lb_random *random, uint32_t n)
{
    uint32_t limit = (uint32_t)(-n) % n; /* 2^32 mod n: values below it would be too frequent */
    uint32_t x;
    do x = next(random);
    while (x < limit);
    return x % n;
}

double lb_random_exponential(lb_random *random) { return -log(uniform(random)); }

/* Normal quantile: Wichura 1988, "Algorithm AS 241: the percentage points of the normal distribution", PPND16. */
static double normal_quantile(double p)
{
    static const double a[] = {3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
                               1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                               3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[] = {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
                               2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
                               5.2264952788528545610e+3};
    static const double c[] = {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
                               3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[] = {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
                               1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                               1.05075007164441684324e-9};
    static const double e[] = {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
                               2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[] = {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                               7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
                               2.04426310338993978564e-15};
    double q = p - 0.5, r, top = 0, bottom = 0;
    const double *num, *den;
    if (fabs(q) <= 0.425) {
        r = 0.180625 - q * q;
        num = a, den = b;
    } else {
        r = sqrt(-log(q < 0 ? p : 1 - p));
        bool middle = r <= 5;
        r -= middle ? 1.6 : 5;
        num = middle ? c : e, den = middle ? d : f;
    }
    for (int i = 7; i >= 0; i--) {
        top = top * r + num[i];
        bottom = bottom * r + den[i];
    }
    double value = top / bottom;
    return fabs(q) <= 0.425 ? q * value : q < 0 ? -value : value;
}

double lb_random_normal(lb_random *random) { return normal_quantile(uniform(random)); }
