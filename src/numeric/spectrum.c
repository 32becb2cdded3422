/* Welch's power spectrum. Plans are made with FFTW_ESTIMATE, so that the same input gives the same bits everywhere. */
#include "numeric/spectrum.h"

#include <fftw3.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* FFTW's planner is not safe for threads; running plans is. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

bool lb_spectrum_welch(const double *x, size_t count, double rate_hz, size_t length, double *out)
{
    if (length < 4 || count < length) return false;
    size_t bins = length / 2 + 1, segments = 0, step = length - length / 2;
    double *window = lb_alloc(length, sizeof *window), power = 0, *piece = fftw_alloc_real(length);
    fftw_complex *half = fftw_alloc_complex(bins);
    pthread_mutex_lock(&planner);
    fftw_plan plan = fftw_plan_dft_r2c_1d((int)length, piece, half, FFTW_ESTIMATE);
    pthread_mutex_unlock(&planner);
    for (size_t i = 0; i < length; i++) {
        window[i] = 0.5 - 0.5 * cos(2 * acos(-1.0) * (double)i / (double)length);
        power += window[i] * window[i];
    }
    memset(out, 0, bins * sizeof *out);
    for (size_t start = 0; start + length <= count; start += step, segments++) {
        double mean = 0;
        for (size_t i = 0; i < length; i++) mean += x[start + i] / (double)length;
        for (size_t i = 0; i < length; i++) piece[i] = (x[start + i] - mean) * window[i];
        fftw_execute(plan);
        for (size_t b = 0; b < bins; b++) {
            double sides = b == 0 || (b == bins - 1 && length % 2 == 0) ? 1 : 2;
            out[b] += sides * (half[b][0] * half[b][0] + half[b][1] * half[b][1]) / (rate_hz * power);
        }
    }
    for (size_t b = 0; b < bins; b++) out[b] /= (double)segments;
    pthread_mutex_lock(&planner);
    fftw_destroy_plan(plan);
    pthread_mutex_unlock(&planner);
    fftw_free(piece);
    fftw_free(half);
    free(window);
    return true;
}
