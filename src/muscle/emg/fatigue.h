/* Fatigue of one channel: spectra and amplitude by window, and the line through the median frequencies. */
#ifndef LUMBAR_MUSCLE_FATIGUE_H
#define LUMBAR_MUSCLE_FATIGUE_H
#include "muscle/emg/recording.h"

typedef struct lb_fatigue_settings {
    double low_hz, high_hz;   /**< band; the high edge is lowered to 0.45 of the rate when it lies above */
    double notch_hz[16];      /**< mains frequency and harmonics, none: 0 of them */
    size_t notches;
    double window_s, segment_s;
    double artefact;          /**< windows whose RMS is this many times the median (or less than a hundredth) are left out */
    const double *exclude_s;  /**< pairs from, to: windows that touch them are left out */
    size_t excludes;
    double level;
} lb_fatigue_settings;

typedef enum lb_window_state { LB_WINDOW_USED, LB_WINDOW_MISSING, LB_WINDOW_CLIPPED, LB_WINDOW_LOUD, LB_WINDOW_QUIET, LB_WINDOW_EXCLUDED, LB_WINDOW_STATES } lb_window_state;
extern const char *const lb_window_state_name[LB_WINDOW_STATES];

typedef struct lb_emg_window {
    double centre_s, rms, mean_hz, median_hz;
    lb_window_state state;
} lb_emg_window;

/** A straight line y = intercept + slope · t with t intervals; percent: 100 · slope / intercept (delta method). */
typedef struct lb_emg_line {
    double intercept, slope, se, lower, upper, percent, percent_lower, percent_upper, r_squared;
    size_t windows;
} lb_emg_line;

typedef struct lb_fatigue {
    lb_emg_window *window;
    size_t windows, used;
    double rms, high_hz;      /**< over the used windows; the high edge in force */
    lb_emg_line median, mean, amplitude;
} lb_fatigue;

int lb_fatigue_measure(const lb_channel *channel, const lb_fatigue_settings *settings, lb_arena *arena, lb_fatigue *out, lb_error *err) LB_MUST_CHECK;
/** Mean and median frequency of a one-sided density between two frequencies; each value stands for its whole bin. */
void lb_spectrum_summary(const double *density, size_t bins, double step_hz, double low_hz, double high_hz, double *mean_hz, double *median_hz);
#endif
