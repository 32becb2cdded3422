/* Small dense linear algebra in a fixed order: compensated sums, Cholesky, symmetric eigenvalues by cyclic Jacobi
 * (Golub & Van Loan 2013, algorithms 4.2.1 and 8.5.2; Neumaier 1974). Column-major. */
#include <float.h>
#include <lumbar/numeric.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double lb_sum(const double *x, size_t n)
{
    double sum = 0, lost = 0;
    for (size_t i = 0; i < n; i++) {
        double next = sum + x[i];
        lost += fabs(sum) >= fabs(x[i]) ? (sum - next) + x[i] : (x[i] - next) + sum;
        sum = next;
    }
    return isfinite(lost) ? sum + lost : sum;
}

int lb_chol(double *a, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        double pivot = a[j + j * n];
        for (size_t k = 0; k < j; k++) pivot -= a[j + k * n] * a[j + k * n];
        if (!(pivot > 0) || isinf(pivot)) return (int)j + 1;
        pivot = sqrt(pivot);
        a[j + j * n] = pivot;
        for (size_t i = j + 1; i < n; i++) {
            double sum = a[i + j * n];
            for (size_t k = 0; k < j; k++) sum -= a[i + k * n] * a[j + k * n];
            a[i + j * n] = sum / pivot;
        }
    }
    return 0;
}

void lb_chol_solve(const double *l, size_t n, double *b, size_t columns)
{
    for (size_t c = 0; c < columns; c++) {
        double *x = b + c * n;
        for (size_t i = 0; i < n; i++) {
            double sum = x[i];
            for (size_t k = 0; k < i; k++) sum -= l[i + k * n] * x[k];
            x[i] = sum / l[i + i * n];
        }
        for (size_t i = n; i-- > 0;) {
            double sum = x[i];
            for (size_t k = i + 1; k < n; k++) sum -= l[k + i * n] * x[k];
            x[i] = sum / l[i + i * n];
        }
    }
}

void lb_chol_inverse(const double *l, size_t n, double *inverse)
{
    memset(inverse, 0, n * n * sizeof *inverse);
    for (size_t i = 0; i < n; i++) inverse[i + i * n] = 1;
    lb_chol_solve(l, n, inverse, n);
    for (size_t i = 0; i < n; i++) { /* symmetric to the last bit */
        for (size_t j = 0; j < i; j++) inverse[j + i * n] = inverse[i + j * n];
    }
}

double lb_chol_logdet(const double *l, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += log(l[i + i * n]);
    return 2 * sum;
}

/* One Jacobi rotation of rows and columns p, q of a, and of the columns of v. */
static void rotate(double *a, double *v, size_t n, size_t p, size_t q)
{
    double theta = (a[q + q * n] - a[p + p * n]) / (2 * a[p + q * n]);
    double t = copysign(1, theta) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1), s = t * c;
    for (size_t k = 0; k < n; k++) {
        double x = a[k + p * n], y = a[k + q * n];
        a[k + p * n] = c * x - s * y;
        a[k + q * n] = s * x + c * y;
    }
    for (size_t k = 0; k < n; k++) {
        double x = a[p + k * n], y = a[q + k * n];
        a[p + k * n] = c * x - s * y;
        a[q + k * n] = s * x + c * y;
        double f = v[k + p * n], g = v[k + q * n];
        v[k + p * n] = c * f - s * g;
        v[k + q * n] = s * f + c * g;
    }
    a[p + q * n] = a[q + p * n] = 0;
}

static void sort_ascending(double *values, double *vectors, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        size_t least = i;
        for (size_t j = i + 1; j < n; j++) least = values[j] < values[least] ? j : least;
        if (least == i) continue;
        double keep = values[i];
        values[i] = values[least], values[least] = keep;
        for (size_t k = 0; k < n; k++) {
            keep = vectors[k + i * n];
            vectors[k + i * n] = vectors[k + least * n], vectors[k + least * n] = keep;
        }
    }
}

void lb_eigen_symmetric(const double *a, size_t n, double *values, double *vectors)
{
    double *work = lb_alloc(n * n + 1, sizeof *work);
    memset(vectors, 0, n * n * sizeof *vectors);
    for (size_t j = 0; j < n; j++) {
        vectors[j + j * n] = 1;
        for (size_t i = 0; i < n; i++) work[i + j * n] = i >= j ? a[i + j * n] : a[j + i * n];
    }
    for (int sweep = 0; sweep < 100; sweep++) {
        size_t turned = 0;
        for (size_t q = 1; q < n; q++) {
            for (size_t p = 0; p < q; p++) {
                double off = fabs(work[p + q * n]);
                double scale = sqrt(fabs(work[p + p * n])) * sqrt(fabs(work[q + q * n]));
                if (off <= DBL_MIN || off <= 0.25 * DBL_EPSILON * scale) continue;
                rotate(work, vectors, n, p, q);
                turned++;
            }
        }
        if (!turned) break;
    }
    for (size_t i = 0; i < n; i++) values[i] = work[i + i * n];
    sort_ascending(values, vectors, n);
    free(work);
}
