/* What every test includes: cmocka, and the place of the shared reference data. */
#ifndef LUMBAR_TEST_H
#define LUMBAR_TEST_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <lumbar/op.h>

/** Path of a file of ../shared/data, or NULL where there is none (a user's clone): then call skip(). */
static inline const char *shared_data(const char *relative)
{
    static char path[1024];
    const char *root = getenv("LUMBAR_SHARED");
    snprintf(path, sizeof path, "%s/data/%s", root ? root : LUMBAR_TEST_SHARED, relative);
    return access(path, R_OK) == 0 ? path : NULL;
}
/** Path of a file of the repository, e.g. "reference/…". */
static inline const char *repository_file(const char *relative)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", LUMBAR_TEST_SOURCE, relative);
    return path;
}
/* Relative closeness: |a - b| <= tolerance * max(|b|, tiny). */
static inline int is_close(double got, double expected, double tolerance)
{
    if (isnan(expected)) return isnan(got);
    if (got == expected) return 1;
    return fabs(got - expected) <= tolerance * fmax(fabs(expected), 1e-300);
}
#define assert_close(got, expected, tolerance)                                                        \
    do {                                                                                              \
        double got_ = (got), expected_ = (expected), tolerance_ = (tolerance);                        \
        if (!is_close(got_, expected_, tolerance_)) {                                                 \
            fail_msg("%s: got %.17g, expected %.17g, relative difference %.3g > %.3g", #got, got_,    \
                     expected_, fabs(got_ - expected_) / fmax(fabs(expected_), 1e-300), tolerance_);  \
        }                                                                                             \
    } while (0)
#endif
