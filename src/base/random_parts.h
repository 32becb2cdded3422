/* What random streams are made of, apart so that tests can hold each way of making it against the other. */
#ifndef LUMBAR_BASE_RANDOM_PARTS_H
#define LUMBAR_BASE_RANDOM_PARTS_H

#include <stddef.h>
#include <stdint.h>

/** Blocks of the generator made at a time, and the numbers in them: what lb_random.block holds. */
enum { LB_PHILOX_BLOCKS = 8, LB_PHILOX_MADE = 4 * LB_PHILOX_BLOCKS };

/** The blocks of `counter` and the seven counters after it. */
typedef void lb_philox_way(const uint32_t counter[4], const uint32_t key[2], uint32_t out[LB_PHILOX_MADE]);
lb_philox_way lb_philox;
/** The same numbers without instructions that not every processor has. */
lb_philox_way lb_philox_plain;
/** Every way that this processor knows, the one that is taken first. */
enum { LB_PHILOX_WAYS = 3 };
size_t lb_philox_ways(lb_philox_way *way[LB_PHILOX_WAYS]);

/** Standard normal quantile of p in (0,1). */
double lb_normal_quantile(double p);
/** The same of many, to the last bit; p and z do not overlap. */
void lb_normal_quantiles(const double *p, size_t n, double *z);
#endif
