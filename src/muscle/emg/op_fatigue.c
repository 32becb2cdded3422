/* `emg fatigue`: surface EMG of an endurance test. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include <lumbar/figure.h>

#include "muscle/emg/fatigue.h"
#include "muscle/muscle.h"

typedef struct job {
    lb_fatigue_settings settings;
    const lb_channel *channel[64];
    lb_fatigue fatigue[64];
    size_t channels;
} job;

static int bad_option(lb_error *err, const char *option, const char *what)
{
    lb_fail(err, LB_USAGE, "%s", what);
    lb_error_where(err, "--%s", option);
    return LB_USAGE;
}

/* "12-14,30-31.5" */
static int read_excludes(lb_call *call, lb_fatigue_settings *s, lb_arena *arena, lb_error *err)
{
    const char *const *word;
    size_t count = lb_call_texts(call, "exclude", &word);
    double *pair = lb_arena_array(arena, 2 * count + 1, sizeof *pair);
    for (size_t i = 0; i < count; i++) {
        const char *dash = strchr(word[i], '-');
        if (!dash || !lb_text_number(word[i], (size_t)(dash - word[i]), &pair[2 * i]) || !lb_text_number(dash + 1, strlen(dash + 1), &pair[2 * i + 1]) ||
            pair[2 * i + 1] <= pair[2 * i])
            return bad_option(err, "exclude", "write seconds from-to: --exclude 12-14,30-31.5");
    }
    s->exclude_s = pair;
    s->excludes = count;
    return LB_OK;
}

static int read_settings(lb_call *call, lb_fatigue_settings *s, lb_arena *arena, lb_error *err)
{
    const double *band;
    if (lb_call_numbers(call, "band", &band) != 2 || !(band[0] > 0 && band[1] > band[0])) return bad_option(err, "band", "the band is two frequencies, low and high, as 20,450");
    s->low_hz = band[0];
    s->high_hz = band[1];
    s->window_s = lb_call_number(call, "window");
    s->segment_s = lb_call_number(call, "segment");
    s->artefact = lb_call_number(call, "artefact");
    s->level = lb_call_number(call, "level");
    double mains = lb_call_number(call, "notch");
    for (int harmonic = 1; mains > 0 && harmonic * mains < s->high_hz && s->notches < LB_COUNT(s->notch_hz); harmonic++)
        s->notch_hz[s->notches++] = harmonic * mains;
    return read_excludes(call, s, arena, err);
}

static int choose_channels(lb_call *call, const lb_recording *r, job *j, lb_error *err)
{
    const char *const *wanted;
    size_t count = lb_call_texts(call, "channel", &wanted);
    const char **names = lb_arena_array(lb_call_arena(call), r->channels + 1, sizeof *names);
    for (size_t c = 0; c < r->channels; c++) names[c] = r->channel[c].name;
    for (size_t w = 0; w < count; w++) {
        size_t c = 0;
        while (c < r->channels && strcmp(names[c], wanted[w]) != 0) c++;
        if (c == r->channels) {
            lb_fail(err, LB_BAD_DATA, "the recording has no channel \"%.80s\"", wanted[w]);
            lb_error_where(err, "--channel");
            const char *near = lb_text_nearest(wanted[w], names, r->channels);
            if (near) lb_error_hint(err, "did you mean \"%s\"?", near);
            return LB_BAD_DATA;
        }
        if (j->channels < LB_COUNT(j->channel)) j->channel[j->channels++] = &r->channel[c];
    }
    for (size_t c = 0; c < r->channels && count == 0 && j->channels < LB_COUNT(j->channel); c++) j->channel[j->channels++] = &r->channel[c];
    if (j->channels > 0) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "the recording has no channels of numbers");
    lb_error_hint(err, "give EDF, BDF, or a CSV table with a column for each muscle");
    return LB_BAD_DATA;
}

static void push_line(lb_value *row, const char *prefix, const lb_emg_line *line, lb_arena *arena)
{
    lb_set_number(row, lb_arena_printf(arena, "%sintercept", prefix), line->intercept);
    lb_set_number(row, lb_arena_printf(arena, "%sslope_per_s", prefix), line->slope);
    lb_set_number(row, lb_arena_printf(arena, "%sslope_percent_per_s", prefix), line->percent);
}

static void push_channel(const job *j, size_t c, lb_value *rows, lb_value *windows, lb_result *result)
{
    const lb_fatigue *f = &j->fatigue[c];
    const lb_channel *channel = j->channel[c];
    lb_value *row = lb_push_object(rows);
    size_t count[LB_WINDOW_STATES] = {0};
    for (size_t w = 0; w < f->windows; w++) count[f->window[w].state]++;
    lb_set_text(row, "name", channel->name);
    lb_set_text(row, "unit", channel->unit);
    lb_set_number(row, "rate_hz", channel->rate_hz);
    lb_set_number(row, "rms", f->rms);
    lb_set_number(row, "median_hz_intercept", f->median.intercept);
    lb_set_number(row, "slope_hz_per_s", f->median.slope);
    lb_set_number(row, "se", f->median.se);
    lb_set_number(row, "lower", f->median.lower);
    lb_set_number(row, "upper", f->median.upper);
    lb_set_number(row, "slope_percent_per_s", f->median.percent);
    lb_set_number(row, "percent_lower", f->median.percent_lower);
    lb_set_number(row, "percent_upper", f->median.percent_upper);
    lb_set_number(row, "r_squared", f->median.r_squared);
    push_line(row, "mean_hz_", &f->mean, result->arena);
    push_line(row, "rms_", &f->amplitude, result->arena);
    lb_set_int(row, "windows", (int64_t)f->windows);
    for (int s = 0; s < LB_WINDOW_STATES; s++)
        lb_set_int(row, lb_arena_printf(result->arena, "windows_%s", lb_window_state_name[s]), (int64_t)count[s]);
    if (f->used < 3) lb_result_warn(result, "channel %s: only %zu windows can be used, no slope", channel->name, f->used);
    if (f->high_hz < j->settings.high_hz)
        lb_result_warn(result, "channel %s is sampled at %.6g Hz: the band ends at %.6g Hz instead of %.6g Hz", channel->name, channel->rate_hz, f->high_hz,
                       j->settings.high_hz);
    for (size_t w = 0; w < f->windows; w++) {
        lb_value *at = lb_push_object(windows);
        lb_set_text(at, "name", channel->name);
        lb_set_number(at, "centre_s", f->window[w].centre_s);
        lb_set_number(at, "rms", f->window[w].rms);
        lb_set_number(at, "mean_hz", f->window[w].mean_hz);
        lb_set_number(at, "median_hz", f->window[w].median_hz);
        lb_set_text(at, "state", lb_window_state_name[f->window[w].state]);
    }
}

/* The name without its side ("left", "l", "lt"), and the side; NULL when it has none. */
static const char *side_of(const char *name, const char **rest, lb_arena *arena)
{
    static const char *const left[] = {"left", "l", "lt"}, *const right[] = {"right", "r", "rt"};
    char *plain = lb_arena_text(arena, name);
    for (char *p = plain; *p; p++)
        if (strchr("_-.", *p)) *p = ' ';
    size_t count;
    char **word = lb_text_split(arena, plain, ' ', &count);
    const char *side = NULL, *other = "";
    for (size_t i = 0; i < count; i++) {
        bool is_side = false;
        for (size_t k = 0; k < LB_COUNT(left) && !side; k++) {
            if (strcasecmp(word[i], left[k]) == 0) side = "left", is_side = true;
            else if (strcasecmp(word[i], right[k]) == 0) side = "right", is_side = true;
        }
        if (!is_side) other = lb_arena_printf(arena, "%s%s%s", other, *other ? " " : "", word[i]);
    }
    *rest = other;
    return side;
}

static void push_pairs(const job *j, lb_value *pairs, lb_result *result)
{
    for (size_t a = 0; a < j->channels; a++)
        for (size_t b = 0; b < j->channels; b++) {
            const char *left_muscle, *right_muscle;
            if (!lb_text_equal(side_of(j->channel[a]->name, &left_muscle, result->arena), "left") ||
                !lb_text_equal(side_of(j->channel[b]->name, &right_muscle, result->arena), "right") || strcasecmp(left_muscle, right_muscle) != 0)
                continue;
            const lb_fatigue *left = &j->fatigue[a], *right = &j->fatigue[b];
            lb_value *row = lb_push_object(pairs);
            lb_set_text(row, "muscle", left_muscle);
            lb_set_text(row, "left", j->channel[a]->name);
            lb_set_text(row, "right", j->channel[b]->name);
            lb_set_number(row, "rms_ratio", left->rms / right->rms);
            lb_set_number(row, "median_hz_ratio", left->median.intercept / right->median.intercept);
            lb_set_number(row, "slope_ratio", left->median.slope / right->median.slope);
            lb_set_number(row, "slope_percent_difference", left->median.percent - right->median.percent);
        }
}

/* Median frequency over time, used windows filled, others open, and the line. */
static void draw(const job *j, lb_result *result)
{
    enum { WIDTH = 620, HEIGHT = 320, LEFT = 52, RIGHT = 606, TOP = 34, BOTTOM = 256, MOST = 8 };
    static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999"};
    double low = INFINITY, high = -INFINITY, end = 0, tick[12], x = LEFT;
    char text[32];
    if (j->channels > MOST) return;
    for (size_t c = 0; c < j->channels; c++)
        for (size_t w = 0; w < j->fatigue[c].windows; w++) {
            end = fmax(end, j->fatigue[c].window[w].centre_s);
            if (j->fatigue[c].window[w].state != LB_WINDOW_USED) continue;
            low = fmin(low, j->fatigue[c].window[w].median_hz);
            high = fmax(high, j->fatigue[c].window[w].median_hz);
        }
    if (!(high > low)) return;
    double room = 0.08 * (high - low);
    low -= room, high += room;
    lb_svg *svg = lb_svg_new(result->arena, WIDTH, HEIGHT, "Median frequency over the test", "Median frequency of each window against time, with the fitted line of each channel.");
    lb_svg_text(svg, LEFT, 18, 10, LB_START, "bold", "#222222", "Median frequency, Hz");
    for (size_t i = 0, n = lb_ticks(low, high, 6, tick); i < n; i++) {
        double y = BOTTOM - (tick[i] - low) / (high - low) * (BOTTOM - TOP);
        lb_svg_line(svg, LEFT, y, RIGHT, y, "#e4e4e4", 0.7, NULL);
        lb_svg_text(svg, LEFT - 5, y + 3, 8, LB_END, "", "#444444", lb_svg_number(tick[i], 0, text));
    }
    for (size_t i = 0, n = lb_ticks(0, end, 8, tick); i < n; i++) {
        double at = LEFT + tick[i] / (1.03 * end) * (RIGHT - LEFT);
        lb_svg_line(svg, at, BOTTOM, at, BOTTOM + 3, "#222222", 0.8, NULL);
        lb_svg_text(svg, at, BOTTOM + 13, 8, LB_MIDDLE, "", "#444444", lb_svg_number(tick[i], 0, text));
    }
    lb_svg_line(svg, LEFT, BOTTOM, RIGHT, BOTTOM, "#222222", 0.8, NULL);
    lb_svg_text(svg, (LEFT + RIGHT) / 2.0, BOTTOM + 28, 9, LB_MIDDLE, "", "#222222", "seconds");
    for (size_t c = 0; c < j->channels; c++) {
        const lb_fatigue *f = &j->fatigue[c];
        for (size_t w = 0; w < f->windows; w++) {
            if (f->window[w].state != LB_WINDOW_USED) continue;
            lb_svg_circle(svg, LEFT + f->window[w].centre_s / (1.03 * end) * (RIGHT - LEFT), BOTTOM - (f->window[w].median_hz - low) / (high - low) * (BOTTOM - TOP), 1.8,
                          colours[c], NULL, 0);
        }
        double from = fmin(fmax(f->median.intercept, low), high), to = fmin(fmax(f->median.intercept + f->median.slope * end, low), high);
        if (isfinite(from) && isfinite(to))
            lb_svg_line(svg, LEFT, BOTTOM - (from - low) / (high - low) * (BOTTOM - TOP), LEFT + (RIGHT - LEFT) / 1.03, BOTTOM - (to - low) / (high - low) * (BOTTOM - TOP),
                        colours[c], 1.4, c % 2 ? "5 3" : NULL);
        lb_svg_circle(svg, x + 3, HEIGHT - 13, 3, colours[c], NULL, 0);
        lb_svg_text(svg, x + 10, HEIGHT - 10, 8.5, LB_START, "", "#222222", j->channel[c]->name);
        x += 26 + lb_svg_text_width(j->channel[c]->name, 8.5, false);
    }
    lb_result_picture(result, "fatigue", "Median frequency over the test", lb_svg_finish(svg));
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_recording *recording;
    job *j = lb_arena_alloc(result->arena, sizeof *j);
    int status = read_settings(call, &j->settings, result->arena, err);
    if (status == LB_OK) status = lb_call_recording(call, "file", lb_call_number(call, "rate"), &recording, err);
    if (status == LB_OK) status = choose_channels(call, recording, j, err);
    if (status != LB_OK) return status;
    for (size_t w = 0; w < recording->warnings; w++) lb_result_warn(result, "%s", recording->warning[w]);
    lb_set_text(result->results, "format", recording->format);
    lb_set_number(result->results, "seconds", recording->seconds);
    lb_value *rows = lb_set_array(result->results, "channels"), *pairs = lb_set_array(result->results, "pairs"), *windows = lb_set_array(result->results, "windows");
    for (size_t c = 0; c < j->channels; c++) {
        status = lb_fatigue_measure(j->channel[c], &j->settings, result->arena, &j->fatigue[c], err);
        if (status != LB_OK) return status;
        push_channel(j, c, rows, windows, result);
    }
    push_pairs(j, pairs, result);
    draw(j, result);
    lb_result_note(result, "lower and upper are the %g %% interval of slope_hz_per_s; the percentage is relative to the intercept, its interval by the delta method.",
                   100 * j->settings.level);
    lb_result_note(result, "Windows left out: missing samples, clipped at the recorder's limits, loud (RMS above %g times the median), quiet (below a hundredth of it), excluded by hand.",
                   j->settings.artefact);
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "file", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "recording: EDF, EDF+, BDF, BDF+ or CSV"},
    {.name = "channel", .type = LB_P_TEXTS, .summary = "channels to measure (default: all)"},
    {.name = "band", .type = LB_P_NUMBERS, .summary = "band-pass, Hz", .preset = "20,450", .min = 0.1, .max = 100000},
    {.name = "window", .type = LB_P_NUMBER, .summary = "length of a window, s", .preset = "1", .min = 0.05, .max = 600},
    {.name = "segment", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "length of the segments of Welch's spectrum, s", .preset = "0.5", .min = 0.01, .max = 600},
    {.name = "notch", .type = LB_P_NUMBER, .summary = "mains frequency to take out with its harmonics, Hz (50 or 60; 0: none)", .preset = "0", .min = 0, .max = 1000},
    {.name = "artefact", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "windows louder than this many times the median are left out", .preset = "3", .min = 1.1, .max = 1000},
    {.name = "exclude", .type = LB_P_TEXTS, .summary = "seconds to leave out, as 12-14,30-31.5"},
    {.name = "rate", .type = LB_P_NUMBER, .summary = "CSV without a time column: samples per second", .min = 1, .max = 1000000},
    {.name = "level", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "level of the intervals", .preset = "0.95", .min = 0.5, .max = 0.9999},
};

const lb_op lb_op_emg_fatigue = {
    .area = "emg",
    .verb = "fatigue",
    .summary = "fatigue of muscles from surface EMG: how fast the median frequency falls",
    .description =
        "Each channel is freed of its linear trend, band-passed (Butterworth of order 4 on each side, forwards and backwards), freed of the "
        "mains frequency and its harmonics if asked, and cut into windows that do not overlap. Of each window: RMS, and mean and median "
        "frequency of its Welch spectrum (Hann segments that overlap by half) inside the band; within a bin power counts as even. A line through the "
        "median frequencies gives the slope in Hz/s and in percent of the intercept per second. Windows with artefacts are left out and "
        "counted. Channels named left and right alike are compared.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar emg fatigue reference/muscle/emg.csv --rate 1000",
};
