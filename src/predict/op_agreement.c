/* Operation `predict agreement`: intraclass correlation of repeated ratings or repeated feature extraction, so that
 * features that are not repeatable can be left out before a model is built. */
#include "predict/room.h"
#include "stats/icc.h"

#include <math.h>

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "ratings: a column per rater, or a row per rating"},
    {.name = "ratings", .type = LB_P_COLUMNS, .summary = "one column per rater; one row per subject"},
    {.name = "features", .type = LB_P_COLUMNS, .summary = "columns of measurements, when each row is one rating; with --subject and --rater"},
    {.name = "subject", .type = LB_P_COLUMN, .summary = "column that names the subject"},
    {.name = "rater", .type = LB_P_COLUMN, .summary = "column that names the rater, reader or repetition"},
    {.name = "type", .type = LB_P_CHOICES, .choices = "ICC1,ICC2,ICC3,ICC1k,ICC2k,ICC3k", .summary = "forms to report; all when not given"},
    {.name = "level", .type = LB_P_NUMBER, .preset = "0.95", .summary = "level of the intervals"},
};

/* Where each rating stands: cell[subject * raters + rater] is a row of the table plus 1, or 0. */
typedef struct layout {
    size_t subjects, raters;
    size_t *cell;
} layout;

static int read_layout(lb_call *call, const lb_table *table, lb_arena *arena, layout *out, lb_error *err)
{
    lb_column subject, rater;
    int code = lb_table_factor(table, lb_call_text(call, "subject"), arena, &subject, err);
    if (!code) code = lb_table_factor(table, lb_call_text(call, "rater"), arena, &rater, err);
    if (code) return code;
    out->subjects = subject.level_count;
    out->raters = rater.level_count;
    if (out->raters && out->subjects > SIZE_MAX / 64 / out->raters) return lb_fail(err, LB_TOO_LARGE, "too many subjects and raters");
    out->cell = lb_arena_try(arena, out->subjects * out->raters + 1, sizeof *out->cell);
    if (!out->cell) return lb_fail(err, LB_TOO_LARGE, "%zu subjects by %zu raters do not fit in memory", out->subjects, out->raters);
    for (size_t i = 0; i < table->rows; i++) {
        if (subject.code[i] < 0 || rater.code[i] < 0) continue;
        size_t *cell = &out->cell[(size_t)subject.code[i] * out->raters + (size_t)rater.code[i]];
        if (*cell) {
            code = lb_fail(err, LB_BAD_DATA, "subject %s is rated twice by %s", subject.level[subject.code[i]], rater.level[rater.code[i]]);
            lb_error_where(err, "rows %zu and %zu", *cell, i + 1);
            lb_error_hint(err, "each subject and rater may meet once; name repeated readings in the rater column");
            return code;
        }
        *cell = i + 1;
    }
    return 0;
}

/* The complete subjects' ratings, row after row: from columns of raters, or from one column through the layout. */
static size_t gather(lb_column *const *column, const layout *grid, size_t rows, size_t k, double *x)
{
    size_t n = 0, subjects = grid ? grid->subjects : rows;
    for (size_t i = 0; i < subjects; i++) {
        bool whole = true;
        for (size_t j = 0; j < k && whole; j++) {
            size_t at = grid ? grid->cell[i * k + j] : i + 1;
            double value = at ? (grid ? column[0] : column[j])->number[at - 1] : NAN;
            whole = isfinite(value);
            x[n * k + j] = value;
        }
        n += whole;
    }
    return n;
}

static void report(lb_call *call, lb_result *result, const char *feature, const lb_icc icc[6], size_t n, size_t k)
{
    lb_value *rows = lb_get(result->results, "icc");
    for (size_t i = 0; i < 6; i++) {
        if (lb_call_given(call, "type") && !lb_call_chosen(call, "type", icc[i].type)) continue;
        lb_value *row = lb_push_object(rows);
        if (feature) lb_set_text(row, "feature", feature);
        lb_set_text(row, "type", icc[i].type);
        lb_set_number(row, "estimate", icc[i].estimate);
        lb_set_number(row, "lower", icc[i].lower);
        lb_set_number(row, "upper", icc[i].upper);
        lb_set_number(row, "statistic", icc[i].statistic);
        lb_set_number(row, "df1", icc[i].df1);
        lb_set_number(row, "df2", icc[i].df2);
        lb_set_number(row, "p", icc[i].p);
        lb_set_int(row, "subjects", (int64_t)n);
        lb_set_int(row, "raters", (int64_t)k);
        if (!feature) lb_set_text(row, "meaning", icc[i].meaning);
    }
}

/* One set of ratings: gathered, checked, and reported. */
static int agree(lb_call *call, lb_result *result, lb_column *const *column, const layout *grid, size_t rows, size_t k, double *x, lb_error *err)
{
    const char *feature = grid ? column[0]->name : NULL;
    size_t subjects = grid ? grid->subjects : rows, n = gather(column, grid, rows, k, x);
    if (n < 2) {
        int code = lb_fail(err, LB_BAD_DATA, "%zu subject%s rated by all %zu raters: at least 2 are needed", n, n == 1 ? " is" : "s are", k);
        lb_error_where(err, "column %s", column[0]->name);
        return code;
    }
    if (n < subjects) lb_result_warn(result, "%s%s%zu of %zu subjects left out: a rating is missing", feature ? feature : "", feature ? ": " : "", subjects - n, subjects);
    lb_icc icc[6];
    lb_icc_anova anova;
    lb_icc_fit(x, n, k, lb_call_number(call, "level"), icc, &anova);
    if (!(anova.between > 0)) lb_result_warn(result, "%s%ssubjects do not differ: there is nothing to agree on", feature ? feature : "", feature ? ": " : "");
    report(call, result, feature, icc, n, k);
    if (!feature) {
        lb_value *table = lb_set_object(result->results, "mean_squares");
        lb_set_number(table, "between", anova.between);
        lb_set_number(table, "within", anova.within);
        lb_set_number(table, "raters", anova.raters);
        lb_set_number(table, "residual", anova.residual);
    }
    return 0;
}

static int check_question(lb_call *call, size_t wide, size_t tall, lb_error *err)
{
    double level = lb_call_number(call, "level");
    if (!(level > 0 && level < 1)) {
        int code = lb_fail(err, LB_USAGE, "--level is %g: it must be between 0 and 1", level);
        lb_error_where(err, "--level");
        return code;
    }
    if (wide >= 2 && !tall) return 0;
    if (!wide && tall && lb_call_text(call, "subject") && lb_call_text(call, "rater")) return 0;
    int code = lb_fail(err, LB_USAGE, wide == 1 ? "one column of ratings cannot agree with itself" : "it is not said where the ratings are");
    lb_error_hint(err, "give --ratings reader1,reader2 (one row per subject), or --features a,b --subject id --rater reader (one row per rating)");
    return code;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    const char *const *wide, *const *tall;
    size_t ratings = lb_call_texts(call, "ratings", &wide), features = lb_call_texts(call, "features", &tall), count = ratings + features;
    lb_table *table;
    layout grid = {0};
    int code = check_question(call, ratings, features, err);
    if (!code) code = lb_call_table(call, "data", &table, err);
    if (!code && features) code = read_layout(call, table, result->arena, &grid, err);
    if (code) return code;
    if (features && grid.raters < 2) return lb_fail(err, LB_BAD_DATA, "column %s names %zu rater: at least 2 are needed", lb_call_text(call, "rater"), grid.raters);
    lb_column **column = lb_arena_array(result->arena, count, sizeof *column);
    for (size_t j = 0; j < count && !code; j++) code = lb_table_number(table, ratings ? wide[j] : tall[j], &column[j], err);
    if (code) return code;
    size_t subjects = features ? grid.subjects : table->rows, k = features ? grid.raters : ratings;
    double *x = lb_arena_try(result->arena, (subjects + 1) * k, sizeof(double));
    if (!x) return lb_fail(err, LB_TOO_LARGE, "%zu ratings do not fit in memory", subjects * k);
    lb_set_array(result->results, "icc");
    for (size_t j = 0; j < features && !code; j++) code = agree(call, result, &column[j], &grid, table->rows, k, x, err);
    if (ratings) code = agree(call, result, column, NULL, table->rows, k, x, err);
    if (code) return code;
    lb_result_note(result, "Intraclass correlations of Shrout & Fleiss (1979) from the two-way analysis of variance over subjects with every "
                   "rating; %g %% intervals by F (ICC2: Satterthwaite). ICC2 counts differences between raters as disagreement, ICC3 does not.",
                   100 * lb_call_number(call, "level"));
    return 0;
}

const lb_op lb_op_predict_agreement = {
    .area = "predict", .verb = "agreement",
    .summary = "agreement between raters or repetitions: intraclass correlations with intervals",
    .description =
        "The six intraclass correlations of Shrout & Fleiss (1979) with F tests and intervals: ICC1 when each subject has other "
        "raters, ICC2 when the same raters stand for others (absolute agreement), ICC3 when only these raters matter "
        "(consistency); k for the mean of all ratings. With --features every column is judged: two segmentations or two scans "
        "of the same people show which features are repeatable.\n\nUsed to choose features, this belongs inside the resampling.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict agreement reference/predict/ratings.csv --ratings judge1,judge2,judge3,judge4"};
