/* Matrix product by BLAS (one thread), for what is large or repeated often: networks. */
#include <lumbar/numeric.h>

#include <cblas.h>

void lb_multiply(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, double alpha, const double *a, const double *b, double beta, double *c)
{
    cblas_dgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, alpha, a,
                (int)(transpose_a ? m : k), b, (int)(transpose_b ? k : n), beta, c, (int)n);
}
