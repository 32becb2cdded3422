/* Eight numbers at once: one, two or four instructions, by the processor, chosen when the program starts. No multiplication is fused with
 * an addition (CMakeLists.txt), so the bits are the same on all. */
#ifndef LUMBAR_BASE_WIDE_H
#define LUMBAR_BASE_WIDE_H

typedef double lb_eight __attribute__((vector_size(64), aligned(8), may_alias));

/** Before a function: compiled for each width. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define LB_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define LB_WIDE
#endif
#endif
