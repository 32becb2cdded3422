/* `radiomics combat`: a table of features without the marks of centres or scanners. */
#include <math.h>
#include <string.h>

#include "muscle/muscle.h"
#include "muscle/radiomics/combat.h"

static bool named(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0) return true;
    return false;
}

/* Features: those named, or every column of numbers that is not the batch or a covariate. */
static int choose(lb_call *call, const lb_table *table, const char *batch, const char **feature, size_t *features, lb_error *err)
{
    const char *const *wanted, *const *covariate;
    size_t count = lb_call_texts(call, "features", &wanted), covariates = lb_call_texts(call, "covariates", &covariate);
    *features = 0;
    for (size_t k = 0; k < table->columns; k++) {
        const lb_column *column = &table->column[k];
        bool other = strcmp(column->name, batch) == 0 || named(covariate, covariates, column->name) || lb_text_equal(column->name, "id");
        if (count == 0 && (other || column->type != LB_NUMBER || column->missing)) continue;
        if (count > 0 && !named(wanted, count, column->name)) continue;
        feature[(*features)++] = column->name;
    }
    if (*features >= 2) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "%zu features can be corrected: the method needs at least two, all of numbers without gaps", *features);
    lb_error_where(err, "--features");
    return LB_BAD_DATA;
}

static int fill(lb_call *call, const lb_table *table, const char *const *feature, lb_combat *c, lb_column *batch, lb_arena *arena, lb_error *err)
{
    const char *const *covariate;
    c->covariates = lb_call_texts(call, "covariates", &covariate);
    double *value = lb_arena_array(arena, c->n * c->features, sizeof *value), *x = lb_arena_array(arena, c->n * c->covariates + 1, sizeof *x);
    size_t *code = lb_arena_array(arena, c->n, sizeof *code), *members = lb_arena_array(arena, batch->level_count, sizeof *members);
    for (size_t f = 0; f < c->features + c->covariates; f++) {
        lb_column *column;
        const char *name = f < c->features ? feature[f] : covariate[f - c->features];
        int status = lb_table_number(table, name, &column, err);
        if (status != LB_OK) return status;
        for (size_t i = 0; i < c->n; i++) {
            if (!isfinite(column->number[i])) return lb_fail(err, LB_BAD_DATA, "column %s has no number in row %zu", name, i + 1);
            if (f < c->features) value[i * c->features + f] = column->number[i];
            else x[i * c->covariates + f - c->features] = column->number[i];
        }
    }
    for (size_t i = 0; i < c->n; i++) {
        if (batch->code[i] < 0) return lb_fail(err, LB_BAD_DATA, "the batch is missing in row %zu", i + 1);
        members[code[i] = (size_t)batch->code[i]]++;
    }
    for (size_t b = 0; b < batch->level_count; b++) {
        if (members[b] >= 2) continue;
        lb_fail(err, LB_BAD_DATA, "batch %s has %zu case: at least two are needed", batch->level[b], members[b]);
        lb_error_hint(err, "leave the batch out, or join it with a like one");
        return LB_BAD_DATA;
    }
    c->value = value;
    c->covariate = x;
    c->batch = code;
    return LB_OK;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_table *table;
    lb_column batch;
    lb_arena *arena = result->arena;
    const char *by = lb_call_text(call, "batch");
    int status = lb_call_table(call, "data", &table, err);
    if (status == LB_OK) status = lb_table_factor(table, by, arena, &batch, err);
    if (status != LB_OK) return status;
    const char **feature = lb_arena_array(arena, table->columns + 1, sizeof *feature);
    lb_combat c = {.n = table->rows, .batches = batch.level_count, .tolerance = lb_call_number(call, "tolerance")};
    status = choose(call, table, by, feature, &c.features, err);
    if (status == LB_OK && c.batches < 2) status = lb_fail(err, LB_BAD_DATA, "column %s has %zu value: there is nothing to correct", by, c.batches);
    if (status == LB_OK) status = fill(call, table, feature, &c, &batch, arena, err);
    if (status == LB_OK) status = lb_combat_fit(&c, arena, err);
    if (status != LB_OK) return status;
    for (size_t f = 0; f < c.features; f++) {
        lb_column *column = lb_table_find(table, feature[f]);
        column->number = lb_arena_array(arena, c.n, sizeof(double));
        for (size_t i = 0; i < c.n; i++) column->number[i] = c.corrected[i * c.features + f];
    }
    lb_set(result->results, "rows", lb_table_to_value(table, arena));
    lb_value *batches = lb_set_array(result->results, "batches");
    for (size_t b = 0; b < c.batches; b++)
        for (size_t f = 0; f < c.features; f++) {
            lb_value *row = lb_push_object(batches);
            lb_set_text(row, "batch", batch.level[b]);
            lb_set_text(row, "feature", feature[f]);
            lb_set_number(row, "shift", c.shift[b * c.features + f]);
            lb_set_number(row, "scale", sqrt(c.scale[b * c.features + f]));
        }
    lb_result_note(result, "Learn the correction on the training part only when the features feed a model; corrected on everything, test cases have seen each other.");
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "CSV of features, one row a case"},
    {.name = "batch", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the centre or scanner"},
    {.name = "features", .type = LB_P_COLUMNS, .summary = "features to correct (default: all columns of numbers but id)"},
    {.name = "covariates", .type = LB_P_COLUMNS, .summary = "columns of numbers whose effect is kept: age, sex as 0/1"},
    {.name = "tolerance", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "stop when nothing changes by more than this", .preset = "0.0001", .min = 1e-14, .max = 1},
};
const lb_op lb_op_radiomics_combat = {
    .area = "radiomics", .verb = "combat", .summary = "take the marks of centres and scanners out of a table of features (ComBat)",
    .description = "Parametric empirical Bayes (Johnson et al. 2007): every feature gets one location and scale over all batches; what each batch adds is estimated for all "
                   "features together, so that small batches borrow strength. Effects of the covariates are kept. rows is the corrected table; batches says, in "
                   "standard deviations, by how much each batch was shifted and scaled.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar radiomics combat reference/muscle/centres.csv --batch centre --covariates age -o corrected.csv",
};
