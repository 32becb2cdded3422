/* Splitting grey values into classes: exact k-means in one dimension (two classes: Otsu), and Gaussian mixtures. */
#ifndef LUMBAR_MUSCLE_CLASSES_H
#define LUMBAR_MUSCLE_CLASSES_H
#include <lumbar/base.h>

enum { LB_MAX_CLASSES = 3 };

/** Optimal classes: of the sorted values, class c holds those in (lowest[c], highest[c]). */
typedef struct lb_kmeans {
    size_t classes;
    double lowest[LB_MAX_CLASSES], highest[LB_MAX_CLASSES], mean[LB_MAX_CLASSES];
    size_t count[LB_MAX_CLASSES];
} lb_kmeans;
/** Exact minimum of the within-class sum of squares. `sorted` ascending. False when there are fewer distinct values
 *  than classes. */
bool lb_kmeans_fit(const double *sorted, size_t count, size_t classes, lb_kmeans *out);

typedef struct lb_mixture {
    size_t classes;
    double mean[LB_MAX_CLASSES], variance[LB_MAX_CLASSES], weight[LB_MAX_CLASSES];
    int iterations;
    bool converged;
} lb_mixture;
/** Expectation–maximisation from a k-means start; stops when the mean log-likelihood changes by less than 1e-3. */
void lb_mixture_fit(const double *values, size_t count, const lb_kmeans *start, lb_mixture *out);
/** The class (ascending by mean) with the largest posterior at x. */
size_t lb_mixture_class(const lb_mixture *mixture, double x);

void lb_sort_numbers(double *values, size_t count);
#endif
