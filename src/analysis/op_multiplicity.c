/* analyse multiplicity: which of several hypotheses may be called shown, at one level for all. */
#include "analysis/multiplicity.h"

#include <math.h>
#include <string.h>

/* Families in the order in which their names first appear, their hypotheses in the order of the rows. */
static int order_families(const lb_table *table, const char *column, lb_arena *arena, size_t **row, lb_family_tests **family, size_t *families, lb_error *err)
{
    size_t n = table->rows, count = 0;
    *row = lb_arena_array(arena, n + 1, sizeof **row);
    *family = lb_arena_array(arena, n + 1, sizeof **family);
    if (!column) {
        for (size_t i = 0; i < n; i++) (*row)[i] = i;
        (*family)[0] = (lb_family_tests){.count = n};
        *families = 1;
        return 0;
    }
    lb_column factor;
    int code = lb_table_factor(table, column, arena, &factor, err);
    if (code) return code;
    if (factor.missing) return lb_fail(err, LB_BAD_DATA, "%zu rows have no %s", factor.missing, column);
    bool *done = lb_arena_array(arena, factor.level_count + 1, sizeof *done);
    *families = 0;
    for (size_t i = 0; i < n; i++) {
        if (done[factor.code[i]]) continue;
        done[factor.code[i]] = true;
        lb_family_tests *now = &(*family)[(*families)++];
        now->first = count;
        for (size_t k = i; k < n; k++)
            if (factor.code[k] == factor.code[i]) (*row)[count++] = k;
        now->count = count - now->first;
    }
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_table *table;
    lb_column *p;
    lb_family_tests *family;
    size_t *row, families = 0;
    lb_arena *arena = result->arena;
    int code = lb_call_table(call, "data", &table, err);
    if (!code) code = lb_table_number(table, lb_call_text(call, "p"), &p, err);
    if (!code) code = order_families(table, lb_call_text(call, "families"), arena, &row, &family, &families, err);
    if (code) return code;
    const char *const *method;
    size_t methods = lb_call_texts(call, "method", &method), n = table->rows;
    for (size_t f = 0; f < families; f++) {
        const char *word = method[f < methods ? f : methods - 1];
        if (!lb_multiple_method(word, &family[f].method)) {
            lb_fail(err, LB_USAGE, "there is no procedure '%.40s'", word);
            lb_error_where(err, "--method");
            lb_error_hint(err, "the procedures are fixed_sequence, holm, hochberg, bonferroni; one for each family, or one for all");
            return LB_USAGE;
        }
        family[f].gate_any = lb_call_chosen(call, "gate", "any");
        if (family[f].gate_any && family[f].method != LB_BONFERRONI && f + 1 < families) {
            lb_fail(err, LB_USAGE, "a gate that any rejection opens hands on what Bonferroni's test spends: family %zu must use bonferroni", f + 1);
            lb_error_where(err, "--gate");
            return LB_USAGE;
        }
    }
    double *values = lb_arena_array(arena, n + 1, sizeof *values), *adjusted = lb_arena_array(arena, n + 1, sizeof *adjusted);
    bool *rejected = lb_arena_array(arena, n + 1, sizeof *rejected);
    for (size_t i = 0; i < n; i++) {
        values[i] = p->number[row[i]];
        if (isnan(values[i]) || (values[i] >= 0 && values[i] <= 1)) continue;
        lb_fail(err, LB_BAD_DATA, "%g is not a p value", values[i]);
        lb_error_where(err, "%s, row %zu", table->name, row[i] + 2);
        return LB_BAD_DATA;
    }
    double alpha = lb_call_number(call, "alpha");
    lb_multiple_reject(family, families, values, alpha, rejected);
    lb_multiple_adjust(family, families, values, n, adjusted);
    const char *id = lb_call_text(call, "id");
    lb_column *name = id ? lb_table_find(table, id) : NULL;
    char cell[64];
    lb_value *rows = lb_set_array(result->results, "hypotheses");
    for (size_t i = 0; i < n; i++) {
        lb_value *out = lb_push_object(rows);
        lb_set_text(out, "hypothesis", name ? lb_column_text(name, row[i], cell) : lb_arena_printf(arena, "%zu", row[i] + 1));
        lb_set_number(out, "p", values[i]);
        lb_set_number(out, "p_adjusted", isnan(values[i]) ? NAN : adjusted[i]);
        lb_set_bool(out, "rejected", rejected[i]);
        if (isnan(values[i])) lb_set_text(out, "reason", "no p value: not tested");
    }
    result->title = "Several hypotheses at one level";
    lb_result_note(result, "Family-wise level %g; %zu hypotheses in %zu famil%s, tested in the order of the rows where the procedure asks for one.", alpha, n,
                   families, families == 1 ? "y" : "ies");
    return 0;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "one row per hypothesis, in their order"},
    {.name = "p", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the p values"},
    {.name = "id", .type = LB_P_COLUMN, .summary = "column of the hypotheses' names"},
    {.name = "families", .type = LB_P_COLUMN, .summary = "column of the families, tested one after the other (gatekeeping)"},
    {.name = "method", .type = LB_P_TEXTS, .summary = "fixed_sequence, holm, hochberg or bonferroni; one for each family", .preset = "holm"},
    {.name = "gate", .type = LB_P_CHOICE, .summary = "the next family is tested when all of one is rejected, or with the share of any", .preset = "all",
     .choices = "all,any"},
    {.name = "alpha", .type = LB_P_NUMBER, .summary = "level for all together", .preset = "0.05", .min = 1e-12, .max = 0.999999},
};

const lb_op lb_op_analyse_multiplicity = {
    .area = "analyse", .verb = "multiplicity",
    .summary = "several hypotheses at one level: fixed sequence, Holm, Hochberg, Bonferroni, gatekeeping",
    .description = "Says which hypotheses are rejected while the chance of any false rejection stays at --alpha, with adjusted p values. Hochberg's "
                   "procedure needs independent or positively dependent tests. Families are tested one after the other: --gate all asks that "
                   "every hypothesis of a family is rejected before the next is tested; --gate any hands on the level of those rejected "
                   "(families tested by Bonferroni).",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse multiplicity --data reference/analysis/hypotheses6.csv --p p --id endpoint --method holm"};
