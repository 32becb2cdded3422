/* Gaussian mixture of numbers by expectation–maximisation (Dempster, Laird and Rubin 1977) from a k-means start.
 * Stops at a change of the mean log-likelihood below 1e-3 and adds 1e-6 to variances, as is usual for fat thresholds.
 */
#include <math.h>
#include <string.h>

#include "muscle/composition/classes.h"

static const double tolerance = 1e-3, least_variance = 1e-6;
enum { MAX_ITERATIONS = 500 };

/* Totals of one class: weight, weighted sum, weighted squares about `centre`. */
typedef struct totals {
    double weight, sum, square;
} totals;

static void maximise(lb_mixture *m, const totals *t, size_t count, double centre)
{
    for (size_t c = 0; c < m->classes; c++) {
        double mean = t[c].sum / t[c].weight;
        m->weight[c] = t[c].weight / (double)count;
        m->mean[c] = mean + centre;
        m->variance[c] = t[c].square / t[c].weight - mean * mean + least_variance;
    }
}

/* log of weight times density, per class. */
static void log_densities(const lb_mixture *m, double x, double *out)
{
    for (size_t c = 0; c < m->classes; c++) {
        double d = x - m->mean[c];
        out[c] = log(m->weight[c]) - 0.5 * (log(2 * 3.14159265358979323846 * m->variance[c]) + d * d / m->variance[c]);
    }
}

/* One pass: posterior weights of all values into totals; returns the mean log-likelihood. */
static double expect(const lb_mixture *m, const double *values, size_t count, double centre, totals *t)
{
    double sum = 0;
    memset(t, 0, LB_MAX_CLASSES * sizeof *t);
    for (size_t i = 0; i < count; i++) {
        double l[LB_MAX_CLASSES], top = -INFINITY, all = 0, x = values[i] - centre;
        log_densities(m, values[i], l);
        for (size_t c = 0; c < m->classes; c++) top = fmax(top, l[c]);
        for (size_t c = 0; c < m->classes; c++) all += l[c] = exp(l[c] - top);
        for (size_t c = 0; c < m->classes; c++) {
            double r = l[c] / all;
            t[c].weight += r;
            t[c].sum += r * x;
            t[c].square += r * x * x;
        }
        sum += top + log(all);
    }
    return sum / (double)count;
}

static void sort_classes(lb_mixture *m)
{
    for (size_t a = 0; a < m->classes; a++)
        for (size_t b = a + 1; b < m->classes; b++) {
            if (m->mean[a] <= m->mean[b]) continue;
            double mean = m->mean[a], variance = m->variance[a], weight = m->weight[a];
            m->mean[a] = m->mean[b], m->variance[a] = m->variance[b], m->weight[a] = m->weight[b];
            m->mean[b] = mean, m->variance[b] = variance, m->weight[b] = weight;
        }
}

void lb_mixture_fit(const double *values, size_t count, const lb_kmeans *start, lb_mixture *out)
{
    totals t[LB_MAX_CLASSES] = {0};
    memset(out, 0, sizeof *out);
    out->classes = start->classes;
    double centre = start->mean[0];
    for (size_t i = 0; i < count; i++) {
        size_t c = 0;
        while (c + 1 < start->classes && values[i] > start->highest[c]) c++;
        double x = values[i] - centre;
        t[c].weight += 1, t[c].sum += x, t[c].square += x * x;
    }
    maximise(out, t, count, centre);
    double before = -INFINITY;
    while (out->iterations < MAX_ITERATIONS && !out->converged) {
        double now = expect(out, values, count, centre, t);
        out->iterations++;
        out->converged = fabs(now - before) < tolerance;
        if (!out->converged) maximise(out, t, count, centre);
        before = now;
    }
    sort_classes(out);
}

size_t lb_mixture_class(const lb_mixture *mixture, double x)
{
    double l[LB_MAX_CLASSES];
    log_densities(mixture, x, l);
    size_t best = 0;
    for (size_t c = 1; c < mixture->classes; c++)
        if (l[c] > l[best]) best = c;
    return best;
}
