/* From the columns of a table to effects and variances: which columns, which rows, and what cannot be. */
#include "evidence/effect.h"

#include <math.h>
#include <string.h>

static const char *const kind_columns[][LB_EFFECT_COLUMNS] = {
    [LB_EFFECT_GIVEN] = {NULL},
    [LB_EFFECT_MEANS] = {"m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"},
    [LB_EFFECT_COUNTS] = {"ai", "bi", "ci", "di"},
    [LB_EFFECT_RATES] = {"x1i", "t1i", "x2i", "t2i"},
    [LB_EFFECT_PAIRED] = {"m1i", "sd1i", "m2i", "sd2i", "ni", "ri"},
    [LB_EFFECT_CORRELATION] = {"ri", "ni"},
    [LB_EFFECT_PROPORTION] = {"xi", "ni"},
};

static const lb_measure given_measure = {"GEN", "effect", LB_EFFECT_GIVEN, "none", "Effect", "given", NULL};

const lb_measure *lb_measure_named(const char *name)
{
    static const lb_measure *const lists[] = {lb_measures_means, lb_measures_counts, lb_measures_association, lb_measures_other};
    for (size_t i = 0; i < LB_COUNT(lists); i++) {
        for (const lb_measure *measure = lists[i]; measure->name; measure++) {
            if (strcmp(measure->name, name) == 0) return measure;
        }
    }
    return strcmp(name, "GEN") == 0 ? &given_measure : NULL;
}

/* The name of the column for `role`: as given, or the role itself. */
static const char *column_for(const lb_call *call, const char *role)
{
    return lb_call_given(call, role) ? lb_call_text(call, role) : role;
}

static int number_column(const lb_call *call, const lb_table *table, const char *role, double **out, lb_error *err)
{
    lb_column *column;
    int code = lb_table_number(table, column_for(call, role), &column, err);
    if (code) return code;
    *out = column->number;
    return 0;
}

/* -- labels ------------------------------------------------------------------------------------------------------- */

static const char *joined(const lb_column *const *column, size_t count, size_t row, lb_arena *arena)
{
    lb_buf text = {.max = 4096};
    char cell[32];
    for (size_t c = 0; c < count; c++) {
        const char *part = lb_column_text(column[c], row, cell);
        if (*part) lb_buf_printf(&text, "%s%s", text.length ? " " : "", part);
    }
    const char *label = text.length ? lb_arena_text(arena, text.data) : lb_arena_printf(arena, "Study %zu", row + 1);
    lb_buf_free(&text);
    return label;
}

static int read_labels(const lb_call *call, const lb_table *table, lb_arena *arena, const char **label, lb_error *err)
{
    static const char *const usual[] = {"slab", "author", "authors", "study", "studlab", "trial"};
    enum { MOST = 8 };
    const lb_column *column[MOST];
    const char *const *names;
    size_t count = 0, given = lb_call_texts(call, "slab", &names);
    if (given > MOST) return lb_fail(err, LB_USAGE, "a study is named by at most %d columns, not %zu", MOST, given);
    for (size_t i = 0; i < given; i++) {
        lb_column *found;
        int code = lb_table_column(table, names[i], &found, err);
        if (code) return code;
        column[count++] = found;
    }
    for (size_t i = 0; i < LB_COUNT(usual) && count == 0; i++) {
        const lb_column *found = lb_table_find(table, usual[i]), *year = lb_table_find(table, "year");
        if (!found) continue;
        column[count++] = found;
        if (year && lb_text_starts(usual[i], "author")) column[count++] = year;
    }
    for (size_t r = 0; r < table->rows; r++) label[r] = joined(column, count, r, arena);
    return 0;
}

/* -- given effects ------------------------------------------------------------------------------------------------ */

static int refuse_variance(const lb_effects *effects, size_t row, double value, const char *what, lb_error *err)
{
    int code = lb_fail(err, LB_BAD_DATA, "%s of '%.80s' is %g", what, effects->study[row], value);
    lb_error_where(err, "row %zu", row + 1);
    if (value < 0)
        lb_error_hint(err, "variances and standard errors are positive; was the column swapped with the effect?");
    else
        lb_error_hint(err,
                      "a study without sampling error would get all the weight; leave the cell empty to leave it out");
    return code;
}

static int read_given(const lb_call *call, lb_effects *out, lb_error *err)
{
    double *y, *v, *se = NULL;
    int code = number_column(call, out->table, "yi", &y, err);
    if (code) {
        if (!lb_call_given(call, "yi") && err)
            lb_error_hint(err, "name the column of effects with --yi, or say --measure to compute them from arms");
        return code;
    }
    bool by_se = lb_call_given(call, "sei") ||
                 (!lb_call_given(call, "vi") && !lb_table_find(out->table, "vi") && lb_table_find(out->table, "sei"));
    code = number_column(call, out->table, by_se ? "sei" : "vi", &v, err);
    if (code) {
        if (!by_se && !lb_call_given(call, "vi") && err)
            lb_error_hint(err, "name the column of variances with --vi, or of standard errors with --sei");
        return code;
    }
    if (by_se) se = v;
    for (size_t r = 0; r < out->rows; r++) {
        if (isnan(y[r]) || isnan(v[r])) continue;
        if (v[r] <= 0) return refuse_variance(out, r, v[r], se ? "the standard error" : "the variance", err);
        out->yi[r] = y[r];
        out->vi[r] = se ? se[r] * se[r] : v[r];
        if (!(out->vi[r] > 0) || !isfinite(1 / out->vi[r]))
            return refuse_variance(out, r, out->vi[r], "the variance", err);
    }
    return 0;
}

/* -- effects from arms -------------------------------------------------------------------------------------------- */

static int refuse_cell(const lb_effects *effects, size_t row, const char *column, double value, const char *why,
                       lb_error *err)
{
    int code = lb_fail(err, LB_BAD_DATA, "%s of '%.80s' is %g: %s", column, effects->study[row], value, why);
    lb_error_where(err, "row %zu", row + 1);
    lb_error_hint(err, "correct the cell, or leave it empty to leave the study out");
    return code;
}

/* What no study can have, by the name of the column. */
static int check_row(const lb_effects *effects, size_t row, const double *x, lb_error *err)
{
    const char *const *name = kind_columns[effects->measure->kind];
    bool sized = effects->measure->kind == LB_EFFECT_MEANS, paired = effects->measure->kind == LB_EFFECT_PAIRED;
    for (size_t c = 0; c < LB_EFFECT_COLUMNS && name[c]; c++) {
        const char *why = NULL;
        switch (name[c][0]) {
        case 's':
            if (x[c] < 0) why = "a standard deviation is not negative";
            break;
        case 'n':
            if (x[c] < (sized ? 2 : 1)) why = "a group needs more people than that";
            break;
        case 't':
            if (!(x[c] > 0)) why = "person-time is positive";
            break;
        case 'r':
            if (fabs(x[c]) > 1) why = "a correlation lies between -1 and 1";
            /* metafor goes on; but the change would have no sampling error of its own, and all the weight */
            else if (paired && fabs(x[c]) == 1) why = "no measurement repeats itself exactly; is the same number given twice?";
            break;
        case 'm':
            break;
        default:
            if (x[c] < 0) why = "a count is not negative";
            break;
        }
        if (why) return refuse_cell(effects, row, name[c], x[c], why, err);
    }
    if (effects->measure->kind == LB_EFFECT_PROPORTION && x[0] > x[1]) {
        return refuse_cell(effects, row, "xi", x[0], "there are more events than people", err);
    }
    return 0;
}

/* bi and di may be given as totals n1i and n2i instead. */
static int complement(const lb_call *call, lb_effects *out, const char *cell, const char *total, double *const events,
                      lb_arena *arena, double **column, lb_error *err)
{
    if (lb_call_given(call, cell) || (!lb_call_given(call, total) && lb_table_find(out->table, cell))) {
        return number_column(call, out->table, cell, column, err);
    }
    double *n;
    int code = number_column(call, out->table, total, &n, err);
    if (code) {
        if (err) lb_error_hint(err, "name the column of non-events with --%s, or of totals with --%s", cell, total);
        return code;
    }
    *column = lb_arena_array(arena, out->rows, sizeof **column);
    for (size_t r = 0; r < out->rows; r++) {
        (*column)[r] = n[r] - events[r];
        if ((*column)[r] < 0) return refuse_cell(out, r, total, n[r], "there are more events than people", err);
    }
    return 0;
}

static int read_arms(const lb_call *call, lb_effects *out, lb_arena *arena, lb_error *err)
{
    const char *const *name = kind_columns[out->measure->kind];
    for (size_t c = 0; c < LB_EFFECT_COLUMNS && name[c]; c++) {
        int code;
        if (out->measure->kind == LB_EFFECT_COUNTS && c % 2 == 1) {
            code = complement(call, out, name[c], c == 1 ? "n1i" : "n2i", out->arm[c - 1], arena, &out->arm[c], err);
        } else {
            code = number_column(call, out->table, name[c], &out->arm[c], err);
            if (code && !lb_call_given(call, name[c]) && err) {
                lb_error_hint(err, "%s needs the column %s: name yours with --%s", out->measure->name, name[c],
                              name[c]);
            }
        }
        if (code) return code;
    }
    return 0;
}

/* A row of the arms' columns; false where one is missing. */
static bool take_row(const lb_effects *effects, size_t row, double *x)
{
    bool complete = true;
    for (size_t c = 0; c < LB_EFFECT_COLUMNS && effects->arm[c]; c++) {
        x[c] = effects->arm[c][row];
        complete = complete && !isnan(x[c]);
    }
    return complete;
}

/* The effects' mean, weighted by the studies' sizes (metafor's vtype "AV"). */
static double average_effect(const lb_effects *effects, const lb_effect_options *options)
{
    double sum = 0, sizes = 0;
    for (size_t r = 0; r < effects->rows; r++) {
        double x[LB_EFFECT_COLUMNS] = {0}, y, v;
        if (!take_row(effects, r, x)) continue;
        effects->measure->compute(x, options, &y, &v);
        if (!isfinite(y)) continue;
        double size = x[2] + x[5]; /* n1i, n2i */
        sum += size * y;
        sizes += size;
    }
    return sum / sizes;
}

static lb_effect_options read_options(const lb_call *call, const lb_effects *effects)
{
    static const char *const types[] = {"LS", "LS2", "UB", "HO", "AV", "H0"}, *const to[] = {"only0", "all", "if0all", "none"};
    lb_effect_options options = {.add = lb_call_number(call, "add"), .drop_empty = lb_call_flag(call, "drop00"), .uncorrected = lb_call_flag(call, "uncorrected")};
    for (size_t i = 0; i < LB_COUNT(types); i++)
        if (lb_text_equal(types[i], lb_call_text(call, "vtype"))) options.vtype = (lb_vtype)i;
    for (size_t i = 0; i < LB_COUNT(to); i++)
        if (lb_text_equal(to[i], lb_call_text(call, "to"))) options.to = (lb_add_to)i;
    for (size_t c = 0; c < LB_EFFECT_COLUMNS && effects->arm[c]; c++)
        for (size_t r = 0; r < effects->rows; r++) options.any_zero = options.any_zero || effects->arm[c][r] == 0;
    if (options.vtype == LB_VTYPE_AV && effects->measure->kind == LB_EFFECT_MEANS) options.average = average_effect(effects, &options);
    return options;
}

static int compute(const lb_call *call, lb_effects *out, lb_arena *arena, lb_error *err)
{
    int code = read_arms(call, out, arena, err);
    if (code) return code;
    const lb_effect_options options = read_options(call, out);
    out->computed = true;
    for (size_t r = 0; r < out->rows; r++) {
        double x[LB_EFFECT_COLUMNS] = {0};
        if (!take_row(out, r, x)) continue;
        code = check_row(out, r, x, err);
        if (code) return code;
        double y, v;
        out->measure->compute(x, &options, &y, &v);
        if (isfinite(y) && isfinite(v) && v > 0) {
            out->yi[r] = y;
            out->vi[r] = v;
        } else {
            out->inestimable++;
        }
    }
    return 0;
}

static void collect(lb_effects *out, lb_arena *arena)
{
    out->used = lb_arena_array(arena, out->rows + 1, sizeof *out->used);
    out->y = lb_arena_array(arena, out->rows + 1, sizeof *out->y);
    out->v = lb_arena_array(arena, out->rows + 1, sizeof *out->v);
    for (size_t r = 0; r < out->rows; r++) {
        if (isnan(out->yi[r])) continue;
        out->used[out->k] = r;
        out->y[out->k] = out->yi[r];
        out->v[out->k++] = out->vi[r];
    }
    out->missing = out->rows - out->k - out->inestimable;
}

int lb_effects_read(lb_call *call, bool may_be_empty, lb_effects *out, lb_error *err)
{
    *out = (lb_effects){.measure = lb_measure_named(lb_call_text(call, "measure"))};
    int code = lb_call_table(call, "data", &out->table, err);
    if (code) return code;
    lb_arena *arena = lb_call_arena(call);
    out->rows = out->table->rows;
    out->yi = lb_arena_try(arena, out->rows + 1, sizeof(double));
    out->vi = lb_arena_try(arena, out->rows + 1, sizeof(double));
    out->study = lb_arena_try(arena, out->rows + 1, sizeof(char *));
    if (!out->yi || !out->vi || !out->study) return lb_fail(err, LB_NO_MEMORY, "no memory for %zu studies", out->rows);
    for (size_t r = 0; r < out->rows; r++) out->yi[r] = out->vi[r] = NAN;
    code = read_labels(call, out->table, arena, out->study, err);
    if (code) return code;
    bool given = out->measure->kind == LB_EFFECT_GIVEN || lb_call_given(call, "yi") || lb_call_given(call, "vi") ||
                 lb_call_given(call, "sei");
    code = given ? read_given(call, out, err) : compute(call, out, arena, err);
    if (code) return code;
    /* Given effects of a named measure: its columns are shown in a forest plot when the table has them. */
    if (given && out->measure->kind != LB_EFFECT_GIVEN && read_arms(call, out, arena, NULL) != 0) out->arm[0] = NULL;
    collect(out, arena);
    if (out->k == 0 && !may_be_empty) {
        if (out->rows == 0) {
            code = lb_fail(err, LB_BAD_DATA, "the table has no studies: a header and no rows");
            lb_error_hint(err, "give each study one row");
            return code;
        }
        code = out->rows == 1 ? lb_fail(err, LB_BAD_DATA, "the one study of the table has no effect with a variance")
                              : lb_fail(err, LB_BAD_DATA, "none of the %zu studies has an effect with a variance", out->rows);
        lb_error_hint(err, "look at the columns named: are they empty, or of another measure?");
        return code;
    }
    return 0;
}
