/* Second largest eigenvalue of a symmetric matrix: Householder's reduction to three diagonals, then bisection on the
 * number of eigenvalues below a point (Sturm sequence). Golub and Van Loan, Matrix Computations, 8.3 and 8.4. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "muscle/radiomics/texture.h"

/* Mirror the column below the diagonal of row k onto its first element; update the rest of the matrix from both sides.
 */
static double reflect(double *a, size_t n, size_t k, double *v, double *w)
{
    double length = 0, both = 0;
    for (size_t i = k + 1; i < n; i++) length += a[i * n + k] * a[i * n + k];
    length = sqrt(length);
    double first = a[(k + 1) * n + k], mirrored = first > 0 ? -length : length;
    for (size_t i = k + 1; i < n; i++) v[i] = a[i * n + k];
    v[k + 1] = first - mirrored;
    double square = 2 * length * (length + fabs(first)); /* of v */
    if (!(square > 0)) return mirrored;
    for (size_t i = k + 1; i < n; i++) {
        double sum = 0;
        for (size_t j = k + 1; j < n; j++) sum += a[i * n + j] * v[j];
        w[i] = 2 * sum / square;
        both += w[i] * v[i];
    }
    for (size_t i = k + 1; i < n; i++) w[i] -= both / square * v[i];
    for (size_t i = k + 1; i < n; i++)
        for (size_t j = k + 1; j < n; j++) a[i * n + j] -= v[i] * w[j] + w[i] * v[j];
    return mirrored;
}

static size_t eigenvalues_below(const double *diagonal, const double *beside, size_t n, double x)
{
    size_t below = 0;
    double q = 1;
    for (size_t i = 0; i < n; i++) {
        double square = i == 0 ? 0 : beside[i - 1] * beside[i - 1];
        q = diagonal[i] - x - (i == 0 ? 0 : square / (q != 0 ? q : DBL_MIN));
        below += q < 0;
    }
    return below;
}

double lb_second_eigenvalue(double *a, size_t n)
{
    double *memory = lb_alloc(4 * n, sizeof *memory), *diagonal = memory, *beside = memory + n, reach = 0;
    for (size_t k = 0; k < n; k++) {
        diagonal[k] = a[k * n + k];
        if (k + 2 < n)
            beside[k] = reflect(a, n, k, memory + 2 * n, memory + 3 * n);
        else if (k + 1 < n)
            beside[k] = a[(k + 1) * n + k];
    }
    for (size_t k = 0; k < n; k++) {
        double around = fabs(diagonal[k]) + fabs(beside[k]) + (k > 0 ? fabs(beside[k - 1]) : 0);
        if (around > reach) reach = around;
    }
    double low = -reach, high = reach;
    for (;;) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) break;
        if (eigenvalues_below(diagonal, beside, n, middle) >= n - 1)
            high = middle;
        else
            low = middle;
    }
    free(memory);
    return high;
}
