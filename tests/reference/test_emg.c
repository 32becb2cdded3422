/* EMG: the slope of synthetic fatigue is inside its interval in 95 % of 200 runs; EDF and BDF say the same as CSV; files that
 * lie are refused. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>
#include <edflib.h>

#include "lumbar_test.h"
#include "muscle/emg/fatigue.h"
#include "muscle/emg/filter.h"

static const double PI = 3.14159265358979323846;

static lb_fatigue_settings usual(void)
{
    return (lb_fatigue_settings){.low_hz = 20, .high_hz = 450, .window_s = 1, .segment_s = 0.5, .artefact = 3, .level = 0.95};
}

/* Spectrum of Stulen and De Luca (1981): low and high corner move together with fatigue. */
static double shape(double f, double scale)
{
    double low = 60 * scale, high = 120 * scale, a = f * f + low * low, b = f * f + high * high;
    return high * high * high * high * f * f / (a * b * b);
}

static double true_median(double scale)
{
    double total = 0, sum = 0, step = 0.01;
    for (double f = 20; f < 450; f += step) total += shape(f + step / 2, scale);
    for (double f = 20; f < 450; f += step) {
        sum += shape(f + step / 2, scale);
        if (sum >= total / 2) return f + step / 2;
    }
    return NAN;
}

/* One second after the other: Gaussian noise with the spectrum of that moment, made of sines of whole frequencies. */
static void synthesise(uint64_t run, size_t seconds, double fall, const double *table, double *out)
{
    enum { RATE = 1000 };
    lb_random random;
    lb_random_init(&random, 20261128, run);
    for (size_t s = 0; s < seconds; s++) {
        double scale = 1 - fall * ((double)s + 0.5);
        double *x = out + s * RATE;
        for (size_t i = 0; i < RATE; i++) x[i] = 0;
        for (int f = 5; f < 490; f++) {
            double amplitude = sqrt(shape(f, scale)), a = amplitude * lb_random_normal(&random), b = amplitude * lb_random_normal(&random);
            for (size_t i = 0; i < RATE; i++) x[i] += a * table[(size_t)f * i % RATE] + b * table[((size_t)f * i + 250) % RATE];
        }
    }
}

static void covers_true_slope(void **state)
{
    (void)state;
    enum { RATE = 1000, SECONDS = 30, RUNS = 200 };
    const double fall = 0.01; /* of the spectrum's scale per second */
    double table[RATE], *x = lb_alloc(RATE * SECONDS, sizeof *x), t_mean = SECONDS / 2.0, tt = 0, ty = 0;
    for (int i = 0; i < RATE; i++) table[i] = sin(2 * PI * i / RATE);
    for (int s = 0; s < SECONDS; s++) {
        tt += pow(s + 0.5 - t_mean, 2);
        ty += (s + 0.5 - t_mean) * true_median(1 - fall * (s + 0.5));
    }
    double truth = ty / tt, sum = 0;
    int inside = 0;
    for (int run = 0; run < RUNS; run++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        lb_fatigue f;
        lb_fatigue_settings settings = usual();
        synthesise((uint64_t)run, SECONDS, fall, table, x);
        lb_channel channel = {.name = "x", .unit = "uV", .rate_hz = RATE, .sample = x, .samples = RATE * SECONDS, .lowest = NAN, .highest = NAN};
        assert_int_equal(lb_fatigue_measure(&channel, &settings, arena, &f, &err), LB_OK);
        assert_int_equal(f.used, SECONDS);
        inside += f.median.lower <= truth && truth <= f.median.upper;
        sum += f.median.slope / RUNS;
        lb_arena_free(arena);
    }
    printf("  true slope %.4f Hz/s, mean estimate %.4f, inside the interval in %d of %d\n", truth, sum, inside, RUNS);
    /* 95 % of 200 are 190; two and a half standard deviations of chance are 8. */
    if (inside < 182 || inside > 198) fail_msg("inside the interval in %d of %d", inside, RUNS);
    assert_true(fabs(sum - truth) < 0.05 * fabs(truth));
    free(x);
}

/* A recording written by EDFlib, as bytes. */
static lb_bytes write_edf(lb_arena *arena, int type, const double *x, int seconds, int rate, const char *label)
{
    char path[] = "/tmp/lumbar-edf-XXXXXX";
    int fd = mkstemp(path), handle = edfopen_file_writeonly(path, type, 1);
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    assert_true(fd >= 0 && handle >= 0);
    assert_int_equal(edf_set_samplefrequency(handle, 0, rate), 0);
    assert_int_equal(edf_set_physical_maximum(handle, 0, 3000), 0);
    assert_int_equal(edf_set_physical_minimum(handle, 0, -3000), 0);
    int limit = type == EDFLIB_FILETYPE_BDFPLUS ? 8388607 : 32767;
    assert_int_equal(edf_set_digital_maximum(handle, 0, limit), 0);
    assert_int_equal(edf_set_digital_minimum(handle, 0, -limit - 1), 0);
    assert_int_equal(edf_set_label(handle, 0, label), 0);
    assert_int_equal(edf_set_physical_dimension(handle, 0, "uV"), 0);
    for (int s = 0; s < seconds; s++) assert_int_equal(edfwrite_physical_samples(handle, (double *)x + s * rate), 0);
    edfclose_file(handle);
    assert_int_equal(lb_file_read(path, 0, arena, &bytes, &err), LB_OK);
    close(fd);
    unlink(path);
    return bytes;
}

/* The same bytes, read by EDFlib. */
static void edflib_reads(const lb_bytes *bytes, double *out, int samples)
{
    struct edf_hdr_struct header;
    char path[] = "/tmp/lumbar-edf-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, bytes->data, bytes->length), bytes->length);
    close(fd);
    assert_int_equal(edfopen_file_readonly(path, &header, EDFLIB_DO_NOT_READ_ANNOTATIONS), 0);
    assert_int_equal(edfread_physical_samples(header.handle, 0, samples, out), samples);
    edfclose_file(header.handle);
    unlink(path);
}

/* One field of the header changed: it must be refused with words of its own. */
static void lies(const lb_bytes *good, size_t at, const char *field, const char *says, lb_arena *arena)
{
    lb_error err = LB_ERROR_INIT;
    lb_recording *r;
    uint8_t *lie = lb_arena_alloc(arena, good->length);
    memcpy(lie, good->data, good->length);
    memcpy(lie + at, field, strlen(field));
    lb_bytes bytes = {lie, good->length, "lie.edf"};
    assert_int_equal(lb_recording_read(NULL, &bytes, NAN, arena, &r, &err), LB_BAD_DATA);
    if (!strstr(err.message, says)) fail_msg("\"%s\" at %zu: %s", field, at, err.message);
    assert_string_equal(err.where, "lie.edf");
    assert_true(strlen(err.hint) > 10);
}

static void edf_equals_memory(void **state)
{
    (void)state;
    enum { RATE = 1000, SECONDS = 12 };
    double x[RATE * SECONDS], table[RATE];
    for (int i = 0; i < RATE; i++) table[i] = sin(2 * PI * i / RATE);
    synthesise(7, SECONDS, 0.01, table, x);
    for (int i = 0; i < RATE * SECONDS; i++) x[i] = fmax(-2900, fmin(2900, 30 * x[i]));
    static const int type[] = {EDFLIB_FILETYPE_EDFPLUS, EDFLIB_FILETYPE_BDFPLUS};
    for (int t = 0; t < 2; t++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        lb_recording *r;
        lb_fatigue a, b;
        lb_fatigue_settings settings = usual();
        lb_bytes bytes = write_edf(arena, type[t], x, SECONDS, RATE, "Multifidus L");
        if (lb_recording_read(NULL, &bytes, NAN, arena, &r, &err) != LB_OK) fail_msg("%s", err.message);
        assert_string_equal(r->format, t ? "BDF+" : "EDF+");
        assert_int_equal(r->channels, 1);
        assert_string_equal(r->channel[0].name, "Multifidus L");
        assert_string_equal(r->channel[0].unit, "uV");
        assert_close(r->channel[0].rate_hz, RATE, 0);
        assert_int_equal(r->channel[0].samples, RATE * SECONDS);
        double step = 6000 / (t ? 16777215.0 : 65535.0);
        for (int i = 0; i < RATE * SECONDS; i++) assert_true(fabs(r->channel[0].sample[i] - x[i]) <= step);
        static double witness[RATE * SECONDS];
        edflib_reads(&bytes, witness, RATE * SECONDS);
        for (int i = 0; i < RATE * SECONDS; i++) assert_true(fabs(r->channel[0].sample[i] - witness[i]) <= 1e-9);
        lb_channel memory = {.name = "x", .unit = "uV", .rate_hz = RATE, .sample = x, .samples = RATE * SECONDS, .lowest = NAN, .highest = NAN};
        assert_int_equal(lb_fatigue_measure(&r->channel[0], &settings, arena, &a, &err), LB_OK);
        assert_int_equal(lb_fatigue_measure(&memory, &settings, arena, &b, &err), LB_OK);
        assert_close(a.median.slope, b.median.slope, 1e-3);
        assert_close(a.rms, b.rms, 1e-3);
        /* Cut short, and counts that lie. */
        lb_bytes cut = {bytes.data, bytes.length - 1000, "cut.edf"};
        assert_int_equal(lb_recording_read(NULL, &cut, NAN, arena, &r, &err), LB_BAD_DATA);
        assert_true(strstr(err.message, "claims 12 data records") && strstr(err.hint, "cut short"));
        /* Two signals (the channel and the annotations): fields of the second part stand behind each other. */
        lies(&bytes, 236, "99999999", "claims 99999999 data records", arena);
        lies(&bytes, 236, "-1      ", "was not closed", arena);
        lies(&bytes, 236, "0       ", "no data records", arena);
        lies(&bytes, 236, "twelve  ", "no number", arena);
        lies(&bytes, 252, "9999", "the number of signals is 9999", arena);
        lies(&bytes, 252, "0   ", "the number of signals is 0", arena);
        lies(&bytes, 252, "3   ", "need a header", arena);
        lies(&bytes, 184, "256     ", "need a header", arena);
        lies(&bytes, 244, "0       ", "sampling rate", arena);
        lies(&bytes, 244, "-1      ", "sampling rate", arena);
        lies(&bytes, 256 + 216 * 2, "90000000", "claims 12 data records", arena);
        lies(&bytes, 256 + 216 * 2, "99999999", "claims 12 data records", arena);
        lies(&bytes, 256 + 104 * 2, "3000    ", "no range", arena);
        lies(&bytes, 256 + 120 * 2, "99999999", "digital minimum", arena);
        lies(&bytes, 192, t ? "BDF+D" : "EDF+D", "breaks", arena);
        lb_arena_free(arena);
    }
}

/* Artefacts: a loud second, a missing one, a clipped one, one excluded by hand. */
static void artefacts_are_counted(void **state)
{
    (void)state;
    enum { RATE = 1000, SECONDS = 15 };
    static double x[RATE * SECONDS];
    double table[RATE];
    static const double exclude[] = {12.2, 12.4};
    for (int i = 0; i < RATE; i++) table[i] = sin(2 * PI * i / RATE);
    synthesise(3, SECONDS, 0.01, table, x);
    for (int i = 3000; i < 4000; i++) x[i] *= 20;
    x[5500] = NAN;
    for (int i = 8500; i < 8504; i++) x[i] = 5000;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_fatigue f;
    lb_fatigue_settings settings = usual();
    settings.exclude_s = exclude;
    settings.excludes = 1;
    lb_channel c = {.name = "x", .unit = "", .rate_hz = RATE, .sample = x, .samples = RATE * SECONDS, .lowest = -5000, .highest = 5000};
    assert_int_equal(lb_fatigue_measure(&c, &settings, arena, &f, &err), LB_OK);
    assert_int_equal(f.window[3].state, LB_WINDOW_LOUD);
    assert_int_equal(f.window[5].state, LB_WINDOW_MISSING);
    assert_int_equal(f.window[8].state, LB_WINDOW_CLIPPED);
    assert_int_equal(f.window[12].state, LB_WINDOW_EXCLUDED);
    assert_int_equal(f.used, SECONDS - 4);
    lb_arena_free(arena);
}

/* Gain of the band-pass at the edges: forwards and backwards, half the power each way, so one half; a tone in the middle stays. */
static void filter_gains(void **state)
{
    (void)state;
    enum { RATE = 2000, N = 20000 };
    static const double hz[] = {20, 450, 100, 5}, gain[] = {0.5, 0.5, 1, 0};
    for (int t = 0; t < 4; t++) {
        static double x[N];
        lb_sections filter;
        double high = 0;
        for (int i = 0; i < N; i++) x[i] = sin(2 * PI * hz[t] * i / RATE);
        lb_filter_bandpass(&filter, 4, 20, 450, RATE);
        assert_int_equal(filter.count, 4);
        lb_filter_run(&filter, x, N, 27);
        for (int i = N / 4; i < 3 * N / 4; i++) high = fmax(high, fabs(x[i]));
        assert_true(fabs(high - gain[t]) < 1e-3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(covers_true_slope), cmocka_unit_test(edf_equals_memory), cmocka_unit_test(artefacts_are_counted),
                                       cmocka_unit_test(filter_gains)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
