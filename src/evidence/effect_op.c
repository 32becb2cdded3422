/* meta effect: effect sizes and sampling variances of the studies in a table. */
#include "evidence/effect.h"
#include "evidence/ops.h"

#include <lumbar/numeric.h>

#include <math.h>

static void add_row(const lb_effects *effects, size_t r, double critical, lb_value *row)
{
    double y = effects->yi[r], v = effects->vi[r], se = sqrt(v);
    lb_set_text(row, "study", effects->study[r]);
    lb_set_number(row, "yi", y);
    lb_set_number(row, "vi", v);
    lb_set_number(row, "sei", se);
    lb_set_number(row, "lower", y - critical * se);
    lb_set_number(row, "upper", y + critical * se);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_effects effects;
    int code = lb_effects_read(call, true, &effects, err);
    if (code) return code;
    double level = lb_call_number(call, "level"), critical = lb_norm_q((1 - level) / 2, LB_UPPER);
    lb_value *results = result->results;
    lb_set_text(results, "measure", effects.measure->name);
    lb_set_text(results, "label", effects.measure->label);
    lb_set_int(results, "k", (int64_t)effects.k);
    lb_set_int(results, "missing", (int64_t)effects.missing);
    lb_set_int(results, "not_estimable", (int64_t)effects.inestimable);
    lb_value *rows = lb_call_flag(call, "append") ? lb_table_to_value(effects.table, result->arena) : NULL;
    if (rows)
        lb_set(results, "rows", rows);
    else
        rows = lb_set_array(results, "rows");
    for (size_t r = 0; r < effects.rows; r++) {
        lb_value *row = r < rows->count ? rows->item[r] : lb_push_object(rows);
        add_row(&effects, r, critical, row);
    }
    lb_result_note(result, "%s (%s); variances of type %s; group 1 minus group 2.", effects.measure->label,
                   effects.measure->formula, lb_call_text(call, "vtype"));
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    {.name = "level",
     .type = LB_P_NUMBER,
     .preset = "0.95",
     .min = 0.001,
     .max = 0.999999,
     .summary = "level of the studies' intervals"},
    {.name = "append", .type = LB_P_FLAG, .summary = "keep the columns of the table in every row"},
};

const lb_op lb_op_meta_effect = {
    .area = "meta",
    .verb = "effect",
    .summary = "effect sizes and sampling variances from arms",
    .description =
        "Computes one effect and its sampling variance per study. Columns are named as in metafor's escalc and found "
        "by these names "
        "unless told otherwise. SMD is Hedges' g with the exact correction J (Hedges 1981); its variance is the usual "
        "large-sample "
        "one (LS), Borenstein's with J squared (LS2), or the unbiased one (UB). Ratios are returned as logarithms. A "
        "table with an "
        "empty cell gets half an event in each cell. A study with a missing number keeps its row, without an effect.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta effect reference/evidence/bcg.csv --measure RR --ai tpos --bi tneg --ci cpos --di cneg",
};
