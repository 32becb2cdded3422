/* Normal quantile: Wichura 1988, "Algorithm AS 241: the percentage points of the normal distribution", PPND16. One number or
 * many: the same operations in the same order, so the same bits. */
#include "base/random_parts.h"
#include "base/wide.h"

#include <math.h>
#include <stdbool.h>

typedef struct ratio {
    double top[8], bottom[8];
} ratio;

static const ratio centre = {{3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
                              4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3},
                             {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
                              2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3}},
                   middle = {{1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
                              1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4},
                             {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
                              1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9}},
                   far = {{6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
                           2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7},
                          {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                           7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15}};

/* The first of the three is for |p − 1/2| up to CENTRAL, with 0.425² − (p − 1/2)²; the second for r = √(−log p) up to FAR, with r − 1.6. */
static const double CENTRAL = 0.425, FAR = 5;

static double quotient(const ratio *f, double r)
{
    double top = f->top[7], bottom = f->bottom[7];
    for (int i = 6; i >= 0; i--) {
        top = top * r + f->top[i];
        bottom = bottom * r + f->bottom[i];
    }
    return top / bottom;
}

/* Of the smaller of p and 1 − p. */
static double root(double p) { return sqrt(-log(p < 0.5 ? p : 1 - p)); }

double lb_normal_quantile(double p)
{
    double q = p - 0.5;
    if (fabs(q) <= CENTRAL) return q * quotient(&centre, 0.180625 - q * q);
    double r = root(p), value = r <= FAR ? quotient(&middle, r - 1.6) : quotient(&far, r - FAR);
    return q < 0 ? -value : value;
}

enum { TOGETHER = 64 };

/* n is a multiple of 8. */
LB_WIDE static void quotients(const ratio *f, const double *r, size_t n, double *out)
{
    for (size_t i = 0; i < n; i += 8) {
        lb_eight x = *(const lb_eight *)(r + i), top = x * f->top[7] + f->top[6], bottom = x * f->bottom[7] + f->bottom[6];
        for (int k = 5; k >= 0; k--) {
            top = top * x + f->top[k];
            bottom = bottom * x + f->bottom[k];
        }
        *(lb_eight *)(out + i) = top / bottom;
    }
}

static size_t eights(size_t n) { return (n + 7) / 8 * 8; }

/* All as if they lay in the centre; then those that do not, gathered, by the second ratio or, hardly ever, the third. */
static void up_to_64(const double *p, size_t n, double *z)
{
    double r[TOGETHER] = {0}, value[TOGETHER];
    size_t outside[TOGETHER], count = 0;
    for (size_t i = 0; i < n; i++) {
        double q = p[i] - 0.5;
        r[i] = 0.180625 - q * q;
        outside[count] = i;
        count += fabs(q) > CENTRAL;
    }
    quotients(&centre, r, eights(n), value);
    for (size_t i = 0; i < n; i++) z[i] = (p[i] - 0.5) * value[i];
    bool all_middle = true;
    for (size_t k = 0; k < count; k++) {
        double from = root(p[outside[k]]);
        all_middle = all_middle && from <= FAR;
        r[k] = from - 1.6;
    }
    quotients(&middle, r, eights(count), value);
    for (size_t k = 0; k < count; k++) {
        size_t i = outside[k];
        z[i] = !all_middle ? lb_normal_quantile(p[i]) : p[i] < 0.5 ? -value[k] : value[k];
    }
}

void lb_normal_quantiles(const double *p, size_t n, double *z)
{
    for (size_t first = 0; first < n; first += TOGETHER) up_to_64(p + first, n - first < TOGETHER ? n - first : TOGETHER, z + first);
}
