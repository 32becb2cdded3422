/* meta gosh: the pooled effect of every subset of the studies, or of a sample of subsets (Olkin, Dahabreh & Trikalinos
 * 2012, doi:10.1002/jrsm.1053). Subset i is found from i alone, so that any number of threads gives the same answer. */
#include "evidence/ops.h"
#include "evidence/report.h"

#include <lumbar/figure.h>

#include <math.h>

enum { CHUNKS = 64, MOST_ROWS = 200000 };

typedef struct work {
    const lb_effects *effects;
    const lb_pool_settings *settings;
    const lb_progress *progress;
    bool all;
    uint64_t seed;
    size_t count;
    double *estimate, *tau2, *i2; /* count each */
    uint32_t *size;
    uint8_t *with; /* count × k: is the study in the subset */
} work;

/* A sampled subset: its size is uniform on 2..k, as in metafor, then the studies. */
static void choose(const work *w, size_t index, uint32_t *order)
{
    size_t k = w->effects->k;
    uint8_t *with = w->with + index * k;
    if (w->all) {
        for (size_t i = 0; i < k; i++) with[i] = ((index + 1) >> i) & 1;
        return;
    }
    lb_random random;
    lb_random_init(&random, w->seed, index);
    size_t size = 2 + lb_random_below(&random, (uint32_t)k - 1);
    for (uint32_t i = 0; i < k; i++) order[i] = i;
    for (size_t i = 0; i < size; i++) {
        size_t j = i + lb_random_below(&random, (uint32_t)(k - i));
        uint32_t chosen = order[j];
        order[j] = order[i];
        order[i] = chosen;
        with[chosen] = 1;
    }
}

static void run_chunk(void *context, size_t chunk)
{
    work *w = context;
    size_t k = w->effects->k;
    lb_arena *arena = lb_arena_new();
    double *y = lb_arena_array(arena, k, sizeof *y), *v = lb_arena_array(arena, k, sizeof *v);
    uint32_t *order = lb_arena_array(arena, k, sizeof *order);
    lb_pool_model model;
    lb_pool pool;
    lb_pool_sums sums;
    lb_error ignored = LB_ERROR_INIT;
    if (lb_pool_model_init(&model, w->effects->y, w->effects->v, NULL, k, 1, arena, &ignored) != 0) goto out;
    lb_pool_alloc(&pool, k, 1, arena);
    for (size_t i = chunk; i < w->count && !lb_progress_cancelled(w->progress); i += CHUNKS) {
        uint32_t n = 0;
        choose(w, i, order);
        for (size_t j = 0; j < k; j++) {
            if (!w->with[i * k + j]) continue;
            y[n] = w->effects->y[j];
            v[n++] = w->effects->v[j];
        }
        lb_pool_model_reuse(&model, y, v, n);
        const lb_pool_sums zero = *lb_pool_at_zero(&model);
        lb_pool_solve(&model, &w->settings->fit, &pool, &sums);
        w->size[i] = n;
        w->estimate[i] = pool.beta[0];
        w->tau2[i] = pool.tau2.tau2;
        double df = n - 1., q = zero.ypy, typical = df / zero.trace_p;
        if (n < 2)
            w->i2[i] = 0;
        else if (w->settings->fit.method == LB_TAU2_FE)
            w->i2[i] = q > 0 ? 100 * fmax(0, (q - df) / q) : 0;
        else
            w->i2[i] = 100 * pool.tau2.tau2 / (pool.tau2.tau2 + typical);
    }
out:
    lb_arena_free(arena);
}

/* The subsets as a picture: how often each estimate occurs, and the heterogeneity that goes with it, as shades of a grid. */
static void draw(const work *w, lb_call *call, lb_result *result)
{
    enum { ACROSS = 60, UP = 30 };
    const double width = 300, height = 170, left = 44, top = 10, bottom = 34;
    lb_arena *arena = lb_call_arena(call);
    double low = INFINITY, high = -INFINITY, most = 0;
    uint32_t count[UP][ACROSS] = {{0}};
    for (size_t i = 0; i < w->count; i++) {
        low = fmin(low, w->estimate[i]);
        high = fmax(high, w->estimate[i]);
    }
    if (!(high > low)) high = low + 1;
    for (size_t i = 0; i < w->count; i++) {
        size_t x = (size_t)fmin(ACROSS - 1, (w->estimate[i] - low) / (high - low) * ACROSS), y = (size_t)fmin(UP - 1, w->i2[i] / 100 * UP);
        most = fmax(most, ++count[y][x]);
    }
    lb_svg *svg = lb_svg_new(arena, left + width + 10, top + height + bottom, "Pooled effects of subsets",
                             lb_arena_printf(arena, "%zu subsets of %zu studies: pooled effect across, I squared upwards.", w->count, w->effects->k));
    for (size_t y = 0; y < UP; y++) {
        for (size_t x = 0; x < ACROSS; x++) {
            static const char *const shade[] = {"#dbe6f0", "#b5cbe0", "#86abcc", "#5586b3", "#2f5d8a", "#16395c"};
            if (!count[y][x]) continue;
            size_t level = (size_t)fmin(5, 6 * sqrt(count[y][x] / most));
            lb_svg_rect(svg, left + width * (double)x / ACROSS, top + height * (1 - (double)(y + 1) / UP), width / ACROSS, height / UP, shade[level], NULL, 0);
        }
    }
    lb_svg_line(svg, left, top + height, left + width, top + height, "#1a1a1a", .7, NULL);
    lb_svg_line(svg, left, top, left, top + height, "#1a1a1a", .7, NULL);
    double tick[8];
    size_t ticks = lb_ticks(low, high, 6, tick);
    char text[64];
    for (size_t i = 0; i < ticks; i++) {
        double x = left + width * (tick[i] - low) / (high - low);
        lb_svg_line(svg, x, top + height, x, top + height + 3, "#1a1a1a", .7, NULL);
        lb_svg_text(svg, x, top + height + 12, 8, LB_MIDDLE, "", "#1a1a1a", lb_svg_number(tick[i], high - low < .5 ? 2 : 1, text));
    }
    for (int i2 = 0; i2 <= 100; i2 += 25) {
        double y = top + height * (1 - i2 / 100.);
        lb_svg_line(svg, left - 3, y, left, y, "#1a1a1a", .7, NULL);
        lb_svg_text(svg, left - 5, y + 2.8, 8, LB_END, "", "#1a1a1a", lb_svg_number(i2, 0, text));
    }
    lb_svg_text(svg, left + width / 2, top + height + 26, 8, LB_MIDDLE, "", "#1a1a1a", w->effects->measure->shown);
    lb_svg_text_rotated(svg, 12, top + height / 2, -90, 8, LB_MIDDLE, "", "#1a1a1a", "I\xc2\xb2, %");
    lb_result_picture(result, "gosh", "Pooled effects of subsets", lb_svg_finish(svg));
}

static void report(const work *w, lb_call *call, lb_result *result)
{
    size_t k = w->effects->k;
    bool summary = lb_call_flag(call, "summary");
    lb_value *rows = summary ? NULL : lb_set_array(result->results, "rows"), *studies = lb_set_array(result->results, "studies");
    bool show = lb_call_flag(call, "members");
    double *with = lb_arena_array(lb_call_arena(call), k, sizeof *with), mean = 0, square = 0;
    for (size_t i = 0; i < w->count; i++) {
        lb_value *row = rows ? lb_push_object(rows) : NULL;
        if (row) {
            lb_set_int(row, "k", w->size[i]);
            lb_set_number(row, "estimate", w->estimate[i]);
            lb_set_number(row, "tau2", w->tau2[i]);
            lb_set_number(row, "I2", w->i2[i]);
        }
        double before = mean;
        mean += (w->estimate[i] - mean) / (double)(i + 1);
        square += (w->estimate[i] - before) * (w->estimate[i] - mean);
        lb_buf text = {0};
        for (size_t j = 0; j < k; j++) {
            if (!w->with[i * k + j]) continue;
            with[j]++;
            if (show && row) lb_buf_printf(&text, "%s%zu", text.length ? "+" : "", j + 1);
        }
        if (show && row) lb_set_text(row, "members", text.data);
        lb_buf_free(&text);
    }
    for (size_t j = 0; j < k; j++) { /* what the study does: mean estimate of the subsets with and without it */
        double sum_with = 0, sum_without = 0;
        for (size_t i = 0; i < w->count; i++) *(w->with[i * k + j] ? &sum_with : &sum_without) += w->estimate[i];
        lb_value *row = lb_push_object(studies);
        lb_set_text(row, "study", w->effects->study[w->effects->used[j]]);
        lb_set_number(row, "mean_with", sum_with / with[j]);
        lb_set_number(row, "mean_without", sum_without / ((double)w->count - with[j]));
    }
    lb_set_number(result->results, "mean_estimate", mean);
    lb_set_number(result->results, "sd_estimate", w->count > 1 ? sqrt(square / ((double)w->count - 1)) : NAN);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_pool_settings settings;
    lb_effects effects;
    lb_arena *arena = lb_call_arena(call);
    int code = lb_pool_settings_read(call, &settings, err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (code) return code;
    size_t k = effects.k, samples = (size_t)lb_call_int(call, "samples");
    if (k < 2) return lb_fail(err, LB_BAD_DATA, "one study has no subsets to compare");
    if (k > 2000) return lb_fail(err, LB_TOO_LARGE, "%zu studies are too many (at most 2000)", k);
    work w = {.effects = &effects,
              .settings = &settings,
              .progress = lb_call_progress(call),
              .seed = (uint64_t)lb_call_int(call, "seed"),
              .count = samples};
    double subsets = ldexp(1, (int)k) - 1;
    w.all = subsets <= (double)samples;
    if (w.all) w.count = (size_t)subsets;
    w.estimate = lb_arena_try(arena, w.count, sizeof *w.estimate);
    w.tau2 = lb_arena_try(arena, w.count, sizeof *w.tau2);
    w.i2 = lb_arena_try(arena, w.count, sizeof *w.i2);
    w.size = lb_arena_try(arena, w.count, sizeof *w.size);
    w.with = lb_arena_try(arena, w.count * k, 1);
    if (!w.estimate || !w.tau2 || !w.i2 || !w.size || !w.with)
        return lb_fail(err, LB_NO_MEMORY, "no memory for %zu subsets of %zu studies", w.count, k);
    lb_parallel_for(CHUNKS, lb_call_threads(call), run_chunk, &w);
    if (lb_progress_cancelled(w.progress)) return lb_fail(err, LB_CANCELLED, "stopped among the subsets");
    lb_value *results = result->results;
    lb_set_int(results, "k", (int64_t)k);
    lb_set_text(results, "method", lb_tau2_method_name(settings.fit.method));
    lb_set_int(results, "subsets", (int64_t)w.count);
    lb_set_bool(results, "all", w.all);
    report(&w, call, result);
    draw(&w, call, result);
    lb_result_note(result, "%s of the %zu studies, each pooled by %s%s.",
                   w.all ? "All subsets" : "A sample of the subsets", k, lb_tau2_method_name(settings.fit.method),
                   w.all ? "" : "; the size of a subset is uniform on 2 to k");
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "samples",
     .type = LB_P_INT,
     .preset = "10000",
     .min = 1,
     .max = MOST_ROWS,
     .summary = "subsets drawn; all of them when there are no more than this"},
    {.name = "seed", .type = LB_P_INT, .preset = "1", .min = 0, .max = 9e15, .summary = "of the random subsets"},
    {.name = "summary", .type = LB_P_FLAG, .summary = "no row for each subset, only what they come to and the picture"},
    {.name = "members", .type = LB_P_FLAG, .summary = "say in each row which studies it is of, by number"},
};

const lb_op lb_op_meta_gosh = {
    .area = "meta",
    .verb = "gosh",
    .summary = "the pooled effect of every subset of the studies",
    .description = "Graphical display of study heterogeneity (Olkin, Dahabreh & Trikalinos 2012): pools all subsets of "
                   "the studies, or a sample of them, and reports estimate, tau2 and I2 of each; and for each study "
                   "the mean estimate of the subsets with and without it, which shows who splits the cloud.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta gosh reference/evidence/stroke.csv --measure SMD",
};
