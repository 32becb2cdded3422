/* Filters of a recording, run forwards and backwards so that nothing is shifted in time. */
#ifndef LUMBAR_MUSCLE_EMG_FILTER_H
#define LUMBAR_MUSCLE_EMG_FILTER_H
#include <stddef.h>

enum { LB_MOST_SECTIONS = 8 };

/** Second-order sections: b0 b1 b2, a1 a2 (a0 = 1). */
typedef struct lb_sections {
    double b[LB_MOST_SECTIONS][3], a[LB_MOST_SECTIONS][2];
    size_t count;
} lb_sections;

/** Butterworth band-pass of order `order` (2 or 4) on each side; 0 < low < high < rate / 2. */
void lb_filter_bandpass(lb_sections *out, int order, double low_hz, double high_hz, double rate_hz);
/** Notch with quality factor q (centre over width at half power). */
void lb_filter_notch(lb_sections *out, double hz, double q, double rate_hz);
/** In place, zero phase; the ends are continued by point reflection over `pad` samples. */
void lb_filter_run(const lb_sections *filter, double *x, size_t count, size_t pad);
void lb_detrend_line(double *x, size_t count);
#endif
