/* Myoelectric fatigue: windows of the band-passed signal, their RMS and the mean and median frequency of their Welch spectrum,
 * and least squares over time (De Luca 1997, doi:10.1123/jab.13.2.135; SENIAM and ISEK recommendations, Merletti 1999). */
#include "muscle/emg/fatigue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lumbar/numeric.h>

#include "muscle/composition/classes.h"
#include "muscle/emg/filter.h"
#include "numeric/spectrum.h"

const char *const lb_window_state_name[LB_WINDOW_STATES] = {"used", "missing", "clipped", "loud", "quiet", "excluded"};

void lb_spectrum_summary(const double *density, size_t bins, double step_hz, double low_hz, double high_hz, double *mean_hz, double *median_hz)
{
    double total = 0, weighted = 0, sum = 0;
    size_t first = (size_t)ceil(low_hz / step_hz - 1e-9), last = (size_t)floor(high_hz / step_hz + 1e-9);
    if (last >= bins) last = bins - 1;
    for (size_t b = first; b <= last; b++) {
        total += density[b];
        weighted += density[b] * (double)b * step_hz;
    }
    *mean_hz = total > 0 ? weighted / total : NAN;
    *median_hz = NAN;
    for (size_t b = first; b <= last && total > 0; b++) {
        if (sum + density[b] < total / 2) {
            sum += density[b];
            continue;
        }
        *median_hz = ((double)b - 0.5 + (total / 2 - sum) / density[b]) * step_hz;
        return;
    }
}

/* Why a window of the raw signal cannot be used. Three samples in a row at the recorder's limit are clipping. */
static lb_window_state look(const lb_channel *c, size_t from, size_t to)
{
    size_t row = 0;
    for (size_t i = from; i < to; i++) {
        double x = c->sample[i];
        if (!isfinite(x)) return LB_WINDOW_MISSING;
        bool at_limit = c->highest > c->lowest && (x >= c->highest || x <= c->lowest);
        row = at_limit ? row + 1 : 0;
        if (row >= 3) return LB_WINDOW_CLIPPED;
    }
    return LB_WINDOW_USED;
}

static bool is_excluded(const lb_fatigue_settings *s, double from_s, double to_s)
{
    for (size_t e = 0; e < s->excludes; e++)
        if (from_s < s->exclude_s[2 * e + 1] && to_s > s->exclude_s[2 * e]) return true;
    return false;
}

static void fit(const lb_fatigue *f, size_t offset, double level, lb_emg_line *out)
{
    double n = (double)f->used, mt = 0, my = 0, tt = 0, ty = 0, yy = 0;
    *out = (lb_emg_line){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, f->used};
    if (f->used < 3) return;
    for (size_t w = 0; w < f->windows; w++) {
        if (f->window[w].state != LB_WINDOW_USED) continue;
        mt += f->window[w].centre_s / n;
        my += *(const double *)((const char *)&f->window[w] + offset) / n;
    }
    for (size_t w = 0; w < f->windows; w++) {
        if (f->window[w].state != LB_WINDOW_USED) continue;
        double t = f->window[w].centre_s - mt, y = *(const double *)((const char *)&f->window[w] + offset) - my;
        tt += t * t;
        ty += t * y;
        yy += y * y;
    }
    out->slope = ty / tt;
    out->intercept = my - out->slope * mt;
    double residual = fmax(yy - out->slope * ty, 0) / (n - 2), q = lb_t_q((1 + level) / 2, n - 2, LB_LOWER);
    out->se = sqrt(residual / tt);
    out->lower = out->slope - q * out->se;
    out->upper = out->slope + q * out->se;
    out->r_squared = yy > 0 ? out->slope * ty / yy : NAN;
    /* 100 · slope / intercept: delta method with the covariance of both, −mt · var(slope). */
    double of_slope = residual / tt, of_intercept = residual * (1 / n + mt * mt / tt), both = -mt * of_slope, ratio = out->slope / out->intercept;
    double variance = (of_slope - 2 * ratio * both + ratio * ratio * of_intercept) / (out->intercept * out->intercept);
    out->percent = 100 * ratio;
    out->percent_lower = out->percent - q * 100 * sqrt(variance);
    out->percent_upper = out->percent + q * 100 * sqrt(variance);
}

/* Missing samples become the value before them, so that the filter does not spread them; their windows are left out. */
static double *prepare(const lb_channel *c, const lb_fatigue_settings *s, double high_hz)
{
    double *x = lb_alloc(c->samples, sizeof *x), last = 0;
    for (size_t i = 0; i < c->samples; i++) x[i] = last = isfinite(c->sample[i]) ? c->sample[i] : last;
    lb_detrend_line(x, c->samples);
    lb_sections filter;
    lb_filter_bandpass(&filter, 4, s->low_hz, high_hz, c->rate_hz);
    lb_filter_run(&filter, x, c->samples, 27);
    for (size_t n = 0; n < s->notches; n++) {
        if (s->notch_hz[n] >= high_hz) continue;
        lb_filter_notch(&filter, s->notch_hz[n], 30, c->rate_hz);
        lb_filter_run(&filter, x, c->samples, 9);
    }
    return x;
}

static void mark_outliers(lb_fatigue *f, double times, lb_arena *arena)
{
    double *rms = lb_arena_array(arena, f->windows + 1, sizeof *rms);
    size_t n = 0;
    for (size_t w = 0; w < f->windows; w++)
        if (f->window[w].state == LB_WINDOW_USED) rms[n++] = f->window[w].rms;
    if (n == 0) return;
    lb_sort_numbers(rms, n);
    double median = n % 2 ? rms[n / 2] : (rms[n / 2 - 1] + rms[n / 2]) / 2;
    for (size_t w = 0; w < f->windows; w++) {
        if (f->window[w].state != LB_WINDOW_USED) continue;
        if (f->window[w].rms > times * median) f->window[w].state = LB_WINDOW_LOUD;
        else if (f->window[w].rms <= 0.01 * median || !isfinite(f->window[w].median_hz)) f->window[w].state = LB_WINDOW_QUIET;
    }
}

static int check(const lb_channel *c, const lb_fatigue_settings *s, double high_hz, size_t window, size_t segment, lb_error *err)
{
    if (high_hz > s->low_hz && segment >= 16 && window >= segment && c->samples / window >= 3) return LB_OK;
    if (!(high_hz > s->low_hz))
        lb_fail(err, LB_BAD_DATA, "channel %s is sampled %.6g times a second: too slow for a band from %.6g Hz", c->name, c->rate_hz, s->low_hz);
    else if (segment < 16 || window < segment)
        lb_fail(err, LB_USAGE, "windows of %.6g s with segments of %.6g s hold %zu and %zu samples at %.6g Hz", s->window_s, s->segment_s, window,
                segment, c->rate_hz);
    else
        lb_fail(err, LB_BAD_DATA, "channel %s lasts %.4g s: fewer than three windows of %.4g s", c->name, (double)c->samples / c->rate_hz, s->window_s);
    lb_error_hint(err, "surface EMG needs 1000 samples a second and a test of some seconds; see --window, --segment and --band");
    return err ? err->code : LB_BAD_DATA;
}

int lb_fatigue_measure(const lb_channel *c, const lb_fatigue_settings *s, lb_arena *arena, lb_fatigue *out, lb_error *err)
{
    *out = (lb_fatigue){.high_hz = fmin(s->high_hz, 0.45 * c->rate_hz)};
    size_t window = (size_t)llround(s->window_s * c->rate_hz), segment = (size_t)llround(s->segment_s * c->rate_hz);
    int status = check(c, s, out->high_hz, window, segment, err);
    if (status != LB_OK) return status;
    double *x = prepare(c, s, out->high_hz), *density = lb_alloc(segment / 2 + 1, sizeof *density), squares = 0;
    out->windows = c->samples / window;
    out->window = lb_arena_array(arena, out->windows, sizeof *out->window);
    for (size_t w = 0; w < out->windows; w++) {
        lb_emg_window *here = &out->window[w];
        size_t from = w * window;
        double from_s = (double)from / c->rate_hz, sum = 0;
        here->centre_s = from_s + (double)window / c->rate_hz / 2;
        here->state = look(c, from, from + window);
        if (is_excluded(s, from_s, from_s + s->window_s)) here->state = LB_WINDOW_EXCLUDED;
        for (size_t i = from; i < from + window; i++) sum += x[i] * x[i];
        here->rms = sqrt(sum / (double)window);
        lb_spectrum_welch(x + from, window, c->rate_hz, segment, density);
        lb_spectrum_summary(density, segment / 2 + 1, c->rate_hz / (double)segment, s->low_hz, out->high_hz, &here->mean_hz, &here->median_hz);
    }
    free(x);
    free(density);
    mark_outliers(out, s->artefact, arena);
    for (size_t w = 0; w < out->windows; w++) {
        if (out->window[w].state != LB_WINDOW_USED) continue;
        out->used++;
        squares += out->window[w].rms * out->window[w].rms;
    }
    out->rms = out->used ? sqrt(squares / (double)out->used) : NAN;
    fit(out, offsetof(lb_emg_window, median_hz), s->level, &out->median);
    fit(out, offsetof(lb_emg_window, mean_hz), s->level, &out->mean);
    fit(out, offsetof(lb_emg_window, rms), s->level, &out->amplitude);
    return LB_OK;
}
