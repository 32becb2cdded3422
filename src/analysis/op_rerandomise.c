/* analyse rerandomise: the randomisation test of a difference between two arms, exact by enumeration or by sampling. */
#include <math.h>

#include "analysis/rerandomise.h"
#include "analysis/room.h"
#include "analysis/rows.h"

enum { MOST_ENUMERATED = 20000000 };

typedef struct test {
    lb_call *call;
    lb_result *result;
    lb_table *table;
    lb_design *design;
    lb_column treatment;
    size_t reference, other; /* levels */
    const char *cell_column[64];
    size_t cell_columns;
    lb_rerandomisation r;
} test;

static int bad_column(lb_error *err, const char *option, const char *hint)
{
    lb_error_where(err, "%s", option);
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

static const char *formula_text(lb_call *call)
{
    const char *const *covariate;
    size_t count = lb_call_texts(call, "covariates", &covariate);
    const char *text = lb_arena_printf(lb_call_arena(call), "`%s` ~ 1", lb_call_text(call, "outcome"));
    for (size_t i = 0; i < count; i++) text = lb_arena_printf(lb_call_arena(call), "%s + `%s`", text, covariate[i]);
    return text;
}

static int build(test *t, lb_error *err)
{
    lb_arena *arena = lb_call_arena(t->call);
    const char *const *strata;
    size_t count = lb_call_texts(t->call, "strata", &strata), also = 0;
    const char *block = lb_call_text(t->call, "block"), *needed[65];
    for (size_t i = 0; i < count && i < 62; i++) t->cell_column[t->cell_columns++] = strata[i];
    if (block) t->cell_column[t->cell_columns++] = block;
    needed[also++] = lb_call_text(t->call, "treatment");
    for (size_t i = 0; i < t->cell_columns; i++) needed[also++] = t->cell_column[i];
    lb_formula *formula;
    lb_design_options options = {.also_complete = needed, .also_count = also};
    int rc = lb_formula_parse(formula_text(t->call), arena, &formula, err);
    if (!rc) rc = lb_design_build(formula, t->table, &options, arena, &t->design, err);
    if (!rc) rc = lb_design_enough(t->design, t->design->p, t->table->name, err);
    if (!rc) rc = lb_table_factor(t->table, needed[0], arena, &t->treatment, err);
    return rc;
}

/* The two levels that occur among the analysed rows, and which of them is the reference. */
static int find_arms(test *t, lb_error *err)
{
    const char *wanted = lb_call_text(t->call, "reference");
    size_t levels = t->treatment.level_count, present = 0, found = SIZE_MAX, level[2] = {0, 0};
    bool *seen = lb_arena_array(lb_call_arena(t->call), levels + 1, sizeof *seen);
    for (size_t i = 0; i < t->design->n; i++) seen[t->treatment.code[t->design->row[i]]] = true;
    for (size_t l = 0; l < levels; l++) {
        if (!seen[l]) continue;
        if (wanted && lb_text_equal(wanted, t->treatment.level[l])) found = l;
        if (present < 2) level[present] = l;
        present++;
    }
    if (present != 2) {
        lb_fail(err, LB_BAD_DATA, "'%s' has %zu level%s among the analysed rows: the test compares two", t->treatment.name, present, present == 1 ? "" : "s");
        return bad_column(err, "treatment", "keep the rows of the two arms to be compared");
    }
    if (wanted && found == SIZE_MAX) {
        lb_fail(err, LB_BAD_DATA, "'%s' has no level '%s'", t->treatment.name, wanted);
        return bad_column(err, "reference", "name one of the two arms");
    }
    t->reference = wanted ? found : level[0];
    t->other = t->reference == level[0] ? level[1] : level[0];
    return LB_OK;
}

/* Cells: combinations of strata and block that occur, numbered in the order of their first row. */
static int number_cells(const test *t, uint32_t *cell, size_t *cells, lb_error *err)
{
    size_t n = t->design->n;
    lb_arena *arena = lb_call_arena(t->call);
    for (size_t i = 0; i < n; i++) cell[i] = 0;
    *cells = 1;
    for (size_t c = 0; c < t->cell_columns; c++) {
        lb_column factor;
        int rc = lb_table_factor(t->table, t->cell_column[c], arena, &factor, err);
        if (rc) return rc;
        uint32_t *number = lb_arena_try(arena, *cells, factor.level_count * sizeof *number);
        if (!number) return lb_fail(err, LB_TOO_LARGE, "the strata and blocks combine to too many cells");
        uint32_t next = 0;
        for (size_t i = 0; i < n; i++) {
            uint32_t *slot = &number[cell[i] * factor.level_count + (size_t)factor.code[t->design->row[i]]];
            if (*slot == 0) *slot = ++next;
            cell[i] = *slot - 1;
        }
        *cells = next;
    }
    return LB_OK;
}

static int prepare(test *t, lb_error *err)
{
    lb_arena *arena = lb_call_arena(t->call);
    size_t n = t->design->n, cells;
    uint32_t *cell = lb_arena_array(arena, n + 1, sizeof *cell);
    bool *arm = lb_arena_array(arena, n + 1, sizeof *arm);
    int rc = number_cells(t, cell, &cells, err);
    if (rc) return rc;
    for (size_t i = 0; i < n; i++) arm[i] = t->treatment.code[t->design->row[i]] == (int32_t)t->other;
    rc = lb_rerandomise_prepare(t->design, arm, cell, cells, arena, &t->r, err);
    if (rc == LB_BAD_DATA) return bad_column(err, "covariates", "leave out the covariate that says who is in which arm");
    if (rc) return rc;
    if (t->r.informative == 0) {
        lb_fail(err, LB_BAD_DATA, "no stratum or block holds people of both arms: there is only one allocation");
        return bad_column(err, lb_call_given(t->call, "block") ? "block" : "strata", "leave out --block, or use wider strata");
    }
    return LB_OK;
}

static int count(test *t, lb_rerandomised *out, bool *exact, lb_error *err)
{
    *exact = lb_call_flag(t->call, "exact");
    if (!*exact) {
        return lb_rerandomise_sample(&t->r, (size_t)lb_call_int(t->call, "samples"), (uint64_t)lb_call_int(t->call, "seed"),
                                     lb_call_threads(t->call), lb_call_progress(t->call), out, err);
    }
    if (lb_call_given(t->call, "samples")) {
        lb_fail(err, LB_USAGE, "--exact and --samples exclude each other");
        lb_error_hint(err, "leave out the one you do not want");
        return LB_USAGE;
    }
    if (t->r.allocations > MOST_ENUMERATED || t->r.n > 5000) {
        lb_fail(err, LB_TOO_LARGE, "there are %.3g possible allocations of %zu people: too many to go through", t->r.allocations, t->r.n);
        lb_error_where(err, "exact");
        lb_error_hint(err, "draw some of them instead: --samples 10000");
        return LB_TOO_LARGE;
    }
    return lb_rerandomise_all(&t->r, lb_call_progress(t->call), out, err);
}

/* Sampled: the observed allocation counts as one of them (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585). */
static void report(test *t, const lb_rerandomised *c, bool exact)
{
    lb_value *out = t->result->results;
    double extra = exact ? 0 : 1, total = (double)c->total + extra, p = ((double)c->two_sided + extra) / total;
    lb_set_int(out, "n", (int64_t)t->design->n);
    lb_rows_report(t->design, out);
    lb_set_textf(out, "contrast", "%s - %s", t->treatment.level[t->other], t->treatment.level[t->reference]);
    lb_set_number(out, "statistic", t->r.observed);
    lb_set_number(out, "p", p);
    lb_set_number(out, "p_less", ((double)c->less + extra) / total);
    lb_set_number(out, "p_greater", ((double)c->greater + extra) / total);
    if (!exact) lb_set_number(out, "p_se", sqrt(p * (1 - p) / total));
    lb_set_bool(out, "exact", exact);
    lb_set_int(out, "n_allocations", (int64_t)c->total);
    lb_set_int(out, "count", (int64_t)c->two_sided);
    lb_set_number(out, "possible_allocations", t->r.allocations);
    lb_set_int(out, "cells", (int64_t)t->r.cells);
    lb_set_int(out, "cells_informative", (int64_t)t->r.informative);
    if (c->undefined) {
        lb_result_warn(t->result, "%llu allocations have no statistic, because the covariates tell their arms apart; they count as extreme",
                       (unsigned long long)c->undefined);
    }
}

static void notes(test *t, bool exact)
{
    const char *const *covariate, *names = NULL;
    lb_arena *arena = lb_call_arena(t->call);
    size_t covariates = lb_call_texts(t->call, "covariates", &covariate);
    for (size_t i = 0; i < covariates; i++) names = lb_arena_printf(arena, "%s%s%s", names ? names : "", i ? ", " : "", covariate[i]);
    lb_result_note(t->result, "Statistic: difference of the means of %s%s%s; %s.", lb_call_text(t->call, "outcome"),
                   names ? " adjusted by least squares for " : "", names ? names : "", lb_rows_text(t->design, t->table->rows, arena));
    const char *cells = NULL;
    for (size_t i = 0; i < t->cell_columns; i++) cells = lb_arena_printf(arena, "%s%s%s", cells ? cells : "", i ? ", " : "", t->cell_column[i]);
    lb_result_note(t->result, "%s allocations that keep the number of people per arm%s%s; p is the share of allocations with a "
                   "statistic at least as far from 0.", exact ? "All" : "Sampled", cells ? " within each combination of " : "", cells ? cells : "");
    if (!exact) lb_result_note(t->result, "The allocation that happened counts as one of the sampled; seed %lld.", (long long)lb_call_int(t->call, "seed"));
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    test t = {.call = call, .result = result};
    lb_rerandomised counts;
    bool exact;
    int rc = lb_call_table(call, "data", &t.table, err);
    if (!rc) rc = build(&t, err);
    if (!rc) rc = find_arms(&t, err);
    if (!rc) rc = prepare(&t, err);
    if (!rc) rc = count(&t, &counts, &exact, err);
    if (rc) return rc;
    result->title = "Randomisation test";
    report(&t, &counts, exact);
    notes(&t, exact);
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "table with one row per person"},
    {.name = "outcome", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "numeric outcome"},
    {.name = "treatment", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "the arm: two levels"},
    {.name = "reference", .type = LB_P_TEXT, .summary = "its reference level (default: the first)"},
    {.name = "strata", .type = LB_P_COLUMNS, .summary = "strata of the randomisation"},
    {.name = "block", .type = LB_P_COLUMN, .summary = "block within the stratum"},
    {.name = "covariates", .type = LB_P_COLUMNS, .summary = "columns the difference is adjusted for"},
    {.name = "exact", .type = LB_P_FLAG, .summary = "go through all allocations (up to 20 million)"},
    {.name = "samples", .type = LB_P_INT, .summary = "allocations to draw", .preset = "10000", .min = 1, .max = 1e9},
    {.name = "seed", .type = LB_P_INT, .summary = "seed of the draws", .preset = "1", .min = 0, .max = 9e15},
};

const lb_op lb_op_analyse_rerandomise = {
    .area = "analyse", .verb = "rerandomise",
    .summary = "randomisation test of a difference between two arms",
    .description =
        "Compares the difference seen with those of the allocations that the randomisation could have made: within each stratum and block the "
        "arms are dealt out anew, each arm keeping its number of people. p is the share of allocations whose statistic is at least as far from "
        "0; it needs no model of the outcome (Fisher 1935). The statistic is the difference of means or, with --covariates, the coefficient of "
        "the arm in the least-squares model with them, refitted for every allocation (Gail, Tan & Piantadosi 1988).\n\n"
        "--exact goes through all allocations. Otherwise --samples are drawn, each from its own stream of the seed, and the allocation that "
        "happened is counted among them (Phipson & Smyth 2010), so that p is never 0. p_less and p_greater are one-sided. People without the "
        "outcome are left out; the arms of the others are dealt out among them.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse rerandomise --data reference/analysis/blocks24.csv --outcome odi_12m --treatment arm --strata sex "
               "--block block --covariates odi_0 --exact"};
