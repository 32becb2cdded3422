/* Philox4x32-10, a counter-based generator: Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
 * doi:10.1145/2063384.2063405. Eight blocks at a time: they do not wait for each other, and the wide registers of AVX-512 or AVX2
 * make them in the time of one. */
#include "base/random_parts.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

static const uint32_t multiplier[] = {0xD2511F53u, 0xCD9E8D57u}, weyl[] = {0x9E3779B9u, 0xBB67AE85u};

static void block(uint64_t at, const uint32_t upper[2], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = (uint32_t)at, c1 = (uint32_t)(at >> 32), c2 = upper[0], c3 = upper[1], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)multiplier[0] * c0, p1 = (uint64_t)multiplier[1] * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += weyl[0];
        k1 += weyl[1];
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

void lb_philox_plain(const uint32_t counter[4], const uint32_t key[2], uint32_t out[LB_PHILOX_MADE])
{
    uint64_t at = (uint64_t)counter[1] << 32 | counter[0];
    for (uint64_t i = 0; i < LB_PHILOX_BLOCKS; i++) block(at + i, counter + 2, key, out + 4 * i);
}

#if defined(__x86_64__) && defined(__GNUC__)
/* Counters side by side in the lower halves of 64-bit lanes: eight of them, or four twice; the upper halves hold what is not looked at.
 * In the end each block's four numbers are put together, block after block, for which the counters start in a certain order. */
__attribute__((target("avx512f"))) static void philox_avx512(const uint32_t counter[4], const uint32_t key[2], uint32_t out[LB_PHILOX_MADE])
{
    const __m512i m0 = _mm512_set1_epi64(multiplier[0]), m1 = _mm512_set1_epi64(multiplier[1]);
    const __m512i w0 = _mm512_set1_epi64(weyl[0]), w1 = _mm512_set1_epi64(weyl[1]);
    uint64_t at = (uint64_t)counter[1] << 32 | counter[0];
    __m512i c0 = _mm512_add_epi64(_mm512_set1_epi64((long long)at), _mm512_set_epi64(7, 3, 6, 2, 5, 1, 4, 0)), c1 = _mm512_srli_epi64(c0, 32);
    __m512i c2 = _mm512_set1_epi64(counter[2]), c3 = _mm512_set1_epi64(counter[3]), k0 = _mm512_set1_epi64(key[0]), k1 = _mm512_set1_epi64(key[1]);
    for (int round = 0; round < 10; round++) {
        __m512i p0 = _mm512_mul_epu32(c0, m0), p1 = _mm512_mul_epu32(c2, m1);
        c0 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p1, 32), c1, k0, 0x96); /* all three added bit by bit */
        c2 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p0, 32), c3, k1, 0x96);
        c1 = p1;
        c3 = p0;
        k0 = _mm512_add_epi32(k0, w0);
        k1 = _mm512_add_epi32(k1, w1);
    }
    __m512i even = _mm512_mask_blend_epi32(0xAAAA, c0, _mm512_slli_epi64(c1, 32)), odd = _mm512_mask_blend_epi32(0xAAAA, c2, _mm512_slli_epi64(c3, 32));
    _mm512_storeu_si512(out, _mm512_unpacklo_epi64(even, odd));
    _mm512_storeu_si512(out + 16, _mm512_unpackhi_epi64(even, odd));
}

typedef struct four {
    __m256i c0, c1, c2, c3;
} four;

__attribute__((target("avx2"))) static inline four start(uint64_t at, const uint32_t upper[2])
{
    __m256i counter = _mm256_add_epi64(_mm256_set1_epi64x((long long)at), _mm256_set_epi64x(3, 1, 2, 0)); /* the order that store() wants */
    return (four){counter, _mm256_srli_epi64(counter, 32), _mm256_set1_epi64x(upper[0]), _mm256_set1_epi64x(upper[1])};
}

__attribute__((target("avx2"))) static inline void turn(four *c, __m256i k0, __m256i k1)
{
    __m256i p0 = _mm256_mul_epu32(c->c0, _mm256_set1_epi64x(multiplier[0])), p1 = _mm256_mul_epu32(c->c2, _mm256_set1_epi64x(multiplier[1]));
    c->c0 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p1, 32), c->c1), k0);
    c->c2 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p0, 32), c->c3), k1);
    c->c1 = p1;
    c->c3 = p0;
}

/* Each block's four numbers together, block after block. */
__attribute__((target("avx2"))) static inline void store(const four *c, uint32_t *out)
{
    __m256i even = _mm256_blend_epi32(c->c0, _mm256_slli_epi64(c->c1, 32), 0xAA), odd = _mm256_blend_epi32(c->c2, _mm256_slli_epi64(c->c3, 32), 0xAA);
    _mm256_storeu_si256((__m256i *)(void *)out, _mm256_unpacklo_epi64(even, odd));
    _mm256_storeu_si256((__m256i *)(void *)(out + 8), _mm256_unpackhi_epi64(even, odd));
}

__attribute__((target("avx2"))) static void philox_avx2(const uint32_t counter[4], const uint32_t key[2], uint32_t out[LB_PHILOX_MADE])
{
    uint64_t at = (uint64_t)counter[1] << 32 | counter[0];
    four a = start(at, counter + 2), b = start(at + 4, counter + 2);
    __m256i k0 = _mm256_set1_epi64x(key[0]), k1 = _mm256_set1_epi64x(key[1]);
    for (int round = 0; round < 10; round++) {
        turn(&a, k0, k1);
        turn(&b, k0, k1);
        k0 = _mm256_add_epi32(k0, _mm256_set1_epi64x(weyl[0]));
        k1 = _mm256_add_epi32(k1, _mm256_set1_epi64x(weyl[1]));
    }
    store(&a, out);
    store(&b, out + 16);
}

size_t lb_philox_ways(lb_philox_way *way[LB_PHILOX_WAYS])
{
    size_t count = 0;
    if (__builtin_cpu_supports("avx512f")) way[count++] = philox_avx512;
    if (__builtin_cpu_supports("avx2")) way[count++] = philox_avx2;
    way[count++] = lb_philox_plain;
    return count;
}

void lb_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[LB_PHILOX_MADE])
{
    if (__builtin_cpu_supports("avx512f")) philox_avx512(counter, key, out);
    else if (__builtin_cpu_supports("avx2")) philox_avx2(counter, key, out);
    else lb_philox_plain(counter, key, out);
}
#else
size_t lb_philox_ways(lb_philox_way *way[LB_PHILOX_WAYS])
{
    way[0] = lb_philox_plain;
    return 1;
}

void lb_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[LB_PHILOX_MADE]) { lb_philox_plain(counter, key, out); }
#endif
