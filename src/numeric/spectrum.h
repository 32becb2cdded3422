/* Power spectra over FFTW. */
#ifndef LUMBAR_NUMERIC_SPECTRUM_H
#define LUMBAR_NUMERIC_SPECTRUM_H
#include <lumbar/base.h>

/** Welch's estimate (Welch 1967, doi:10.1109/TAU.1967.1161901): segments of `length` samples that overlap by half, each less
 *  its mean, under a periodic Hann window; one-sided density in unit² per Hz at 0, rate/length, …, rate/2.
 *  `out` has length/2 + 1 places. False when there is not one whole segment. */
bool lb_spectrum_welch(const double *x, size_t count, double rate_hz, size_t length, double *out);
#endif
