/* Random streams: numbers of the generator (philox.c) in their order, made into uniform, normal and other ones. Key = seed; the
 * upper half of the counter = stream. */
#include <lumbar/base.h>

#include "base/random_parts.h"

#include <math.h>

enum { MADE = LB_PHILOX_MADE, TOGETHER = 64 };

void lb_random_init(lb_random *random, uint64_t seed, uint64_t stream)
{
    random->key[0] = (uint32_t)seed;
    random->key[1] = (uint32_t)(seed >> 32);
    random->counter[0] = random->counter[1] = 0;
    random->counter[2] = (uint32_t)stream;
    random->counter[3] = (uint32_t)(stream >> 32);
    random->used = MADE; /* nothing is in the block yet */
}

static void advance(lb_random *random, uint64_t blocks)
{
    uint64_t at = ((uint64_t)random->counter[1] << 32 | random->counter[0]) + blocks;
    random->counter[0] = (uint32_t)at;
    random->counter[1] = (uint32_t)(at >> 32);
}

static void refill(lb_random *random)
{
    lb_philox(random->counter, random->key, random->block);
    advance(random, LB_PHILOX_BLOCKS);
    random->used = 0;
}

static inline uint32_t next(lb_random *random)
{
    if (random->used == MADE) refill(random);
    return random->block[random->used++];
}

static inline double uniform(lb_random *random)
{
    uint64_t high, low; /* 27 + 26 bits */
    if (random->used + 2 <= MADE) {
        high = random->block[random->used] >> 5;
        low = random->block[random->used + 1] >> 6;
        random->used += 2;
    } else {
        high = next(random) >> 5;
        low = next(random) >> 6;
    }
    return ((double)(int64_t)(high << 26 | low) + 0.5) * 0x1p-53;
}

uint32_t lb_random_u32(lb_random *random) { return next(random); }

double lb_random_uniform(lb_random *random) { return uniform(random); }

void lb_random_uniforms(lb_random *const *random, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) out[i] = uniform(random[i]);
}

void lb_random_run(lb_random *random, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) out[i] = uniform(random);
}

void lb_random_skip(lb_random *random, uint32_t count)
{
    uint32_t left = MADE - random->used; /* of the blocks at hand */
    if (count <= left) { /* also none */
        random->used += count;
        return;
    }
    count -= left;
    advance(random, (uint64_t)(count / MADE) * LB_PHILOX_BLOCKS);
    random->used = MADE;
    if (count % MADE == 0) return;
    refill(random);
    random->used = count % MADE;
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

double lb_random_normal(lb_random *random) { return lb_normal_quantile(uniform(random)); }

void lb_random_normals(lb_random *const *random, size_t n, double *out)
{
    double u[TOGETHER];
    for (size_t first = 0; first < n; first += TOGETHER) {
        size_t count = n - first < TOGETHER ? n - first : TOGETHER;
        lb_random_uniforms(random + first, count, u);
        lb_normal_quantiles(u, count, out + first);
    }
}
