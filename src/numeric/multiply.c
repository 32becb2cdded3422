/* Matrix product for networks and correlations. Every element is summed over k in order, so its bits depend neither on the
 * threads nor on how wide the processor's registers are. Not OpenBLAS: its build for one thread may not be called from
 * several at once, and its sums differ between processors.
 *
 * A panel of B (DEEP × WIDE) is copied so that it lies together in the first-level cache, then two rows of C at a time run
 * over it (after Goto & van de Geijn 2008, doi:10.1145/1356052.1356053, with the inner kernel only). */
#include <lumbar/numeric.h>

#include <string.h>

#include "base/wide.h"

enum { DEEP = 192, WIDE = 16 };

/* One row or two of A (element k at a0[k·step]) times the panel, added to what stands in c0 and c1. */
LB_WIDE static void rows_by_panel(const double *a0, const double *a1, size_t step, double alpha, const double *panel, size_t depth, double *c0, double *c1)
{
    lb_eight s00 = *(const lb_eight *)c0, s01 = *(const lb_eight *)(c0 + 8), s10 = *(const lb_eight *)c1, s11 = *(const lb_eight *)(c1 + 8);
    for (size_t k = 0; k < depth; k++, panel += WIDE) {
        double x = alpha * a0[k * step], y = alpha * a1[k * step];
        lb_eight left = *(const lb_eight *)panel, right = *(const lb_eight *)(panel + 8);
        s00 += x * left, s01 += x * right;
        s10 += y * left, s11 += y * right;
    }
    *(lb_eight *)c0 = s00, *(lb_eight *)(c0 + 8) = s01;
    *(lb_eight *)c1 = s10, *(lb_eight *)(c1 + 8) = s11;
}

static void pack(double *panel, const double *b, bool transposed, size_t n, size_t k, size_t k0, size_t depth, size_t j0, size_t width)
{
    memset(panel, 0, depth * WIDE * sizeof *panel);
    for (size_t l = 0; l < depth; l++) {
        for (size_t j = 0; j < width; j++) panel[l * WIDE + j] = transposed ? b[(j0 + j) * k + k0 + l] : b[(k0 + l) * n + j0 + j];
    }
}

void lb_multiply(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, double alpha, const double *a, const double *b, double beta, double *c)
{
    double panel[DEEP * WIDE], row[2][WIDE] = {{0}, {0}};
    size_t along = transpose_a ? m : 1, across = transpose_a ? 1 : k;
    for (size_t i = 0; i < m * n; i++) c[i] = beta == 0 ? 0 : beta * c[i]; /* 0 wipes out even what is not a number, as BLAS does */
    for (size_t k0 = 0; k0 < k; k0 += DEEP) {
        size_t depth = k - k0 < DEEP ? k - k0 : DEEP;
        for (size_t j0 = 0; j0 < n; j0 += WIDE) {
            size_t width = n - j0 < WIDE ? n - j0 : WIDE;
            pack(panel, b, transpose_b, n, k, k0, depth, j0, width);
            for (size_t i = 0; i < m; i += 2) {
                size_t next = i + 1 < m ? i + 1 : i;
                memcpy(row[0], c + i * n + j0, width * sizeof **row);
                memcpy(row[1], c + next * n + j0, width * sizeof **row);
                rows_by_panel(a + i * across + k0 * along, a + next * across + k0 * along, along, alpha, panel, depth, row[0], row[1]);
                memcpy(c + i * n + j0, row[0], width * sizeof **row);
                if (next != i) memcpy(c + next * n + j0, row[1], width * sizeof **row);
            }
        }
    }
}
