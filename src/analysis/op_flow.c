/* Operation `analyse flow`: how people went through the trial, by arm, and the CONSORT 2025 flow diagram
 * (Hopewell et al. 2025, BMJ 389:e081123, figure 1). */
#include "analysis/labels.h"
#include "analysis/room.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "people randomised, one row each"},
    {.name = "arm", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the arm"},
    {.name = "last-visit", .type = LB_P_COLUMN, .summary = "column of the last visit attended"},
    {.name = "reason", .type = LB_P_COLUMN, .summary = "column with the reason for leaving; empty for those who stayed"},
    {.name = "received", .type = LB_P_COLUMN, .summary = "column: received the treatment allocated (yes/no or 1/0)"},
    {.name = "analysed", .type = LB_P_COLUMN, .summary = "column of the primary outcome: those with a value are analysed"},
    {.name = "visits", .type = LB_P_TEXTS, .summary = "visits in their order"},
    {.name = "screening", .type = LB_P_TABLE, .flags = LB_MAY_BE_EMPTY, .summary = "people screened: columns eligible, consented, randomised (yes/no or 1/0)"},
    {.name = "attendance", .type = LB_P_TABLE, .flags = LB_MAY_BE_EMPTY, .summary = "one row per person and visit: who came to which visit"},
    {.name = "id", .type = LB_P_TEXT, .summary = "with --attendance: column that names the person, in both tables", .preset = "id"},
    {.name = "visit", .type = LB_P_COLUMN, .of = "attendance", .summary = "with --attendance: its column of the visit", .preset = "visit"},
    {.name = "attended", .type = LB_P_COLUMN, .of = "attendance", .summary = "with --attendance: attended when this column has a value"},
    {.name = "adherence", .type = LB_P_COLUMN, .summary = "column of the adherence to the programme, in percent"},
    {.name = "threshold", .type = LB_P_NUMBER, .summary = "adherence that counts as adherent", .preset = "75"},
    {.name = "exclusion", .type = LB_P_COLUMN, .of = "screening", .summary = "column of the screening table with the reason", .preset = "reason"},
    LB_LABELS_PARAM,
};

typedef struct tally {
    const char *text;
    size_t n;
} tally;

static int most_first(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    return strcmp(x->text, y->text);
}

/* yes, true, 1 … in any column. */
static bool is_true(const lb_column *column, size_t row)
{
    if (lb_column_missing(column, row)) return false;
    if (column->type == LB_NUMBER) return column->number[row] != 0;
    static const char *const words[] = {"yes", "true", "y", "Yes", "TRUE", "True", "Y", "1"};
    const char *cell = column->level[column->code[row]];
    for (size_t i = 0; i < LB_COUNT(words); i++)
        if (strcmp(cell, words[i]) == 0) return true;
    return false;
}

/* Counts of the levels of `factor` among the rows chosen, as objects {name, n} in `out`. */
static void count_levels(lb_arena *arena, const lb_column *factor, const bool *chosen, size_t rows, bool sorted, bool keep_zero,
                         const char *name, lb_value *out)
{
    tally *count = lb_arena_array(arena, factor->level_count + 1, sizeof(tally));
    for (size_t level = 0; level < factor->level_count; level++) count[level].text = factor->level[level];
    for (size_t i = 0; i < rows; i++)
        if (chosen[i] && factor->code[i] >= 0) count[factor->code[i]].n++;
    if (sorted) qsort(count, factor->level_count, sizeof *count, most_first);
    for (size_t level = 0; level < factor->level_count; level++) {
        if (count[level].n == 0 && !keep_zero) continue;
        lb_value *row = lb_push_object(out);
        lb_set_text(row, name, count[level].text);
        lb_set_int(row, "n", (int64_t)count[level].n);
    }
}

/* Put the levels of the visits in the order given; those not named follow. */
static void order_levels(lb_call *call, lb_arena *arena, lb_column *visit, size_t rows)
{
    const char *const *order;
    size_t named = lb_call_texts(call, "visits", &order), next = 0;
    if (!named) return;
    const char **level = lb_arena_array(arena, visit->level_count + named, sizeof *level);
    for (size_t i = 0; i < named; i++) level[next++] = order[i];
    int32_t *where = lb_arena_array(arena, visit->level_count + 1, sizeof *where);
    for (size_t old = 0; old < visit->level_count; old++) {
        size_t k = 0;
        while (k < next && strcmp(level[k], visit->level[old]) != 0) k++;
        if (k == next) level[next++] = visit->level[old];
        where[old] = (int32_t)k;
    }
    int32_t *code = lb_arena_array(arena, rows + 1, sizeof *code);
    for (size_t i = 0; i < rows; i++) code[i] = visit->code[i] < 0 ? -1 : where[visit->code[i]];
    visit->level = level;
    visit->level_count = next;
    visit->code = code;
}

static size_t count_true(const bool *chosen, size_t rows)
{
    size_t n = 0;
    for (size_t i = 0; i < rows; i++) n += chosen[i];
    return n;
}

/* One stage of screening: who passed the stages before and not this one, with their reasons. */
static void screening_stage(lb_result *result, const lb_table *table, const lb_column *column, const lb_column *reason, const char *key,
                            const char *name, bool *left, lb_value *out, lb_value *stages)
{
    bool *stopped = lb_arena_array(result->arena, table->rows + 1, sizeof(bool));
    size_t n = 0;
    for (size_t i = 0; i < table->rows; i++) {
        stopped[i] = left[i] && !is_true(column, i);
        left[i] &= !stopped[i];
        n += stopped[i];
    }
    lb_set_int(out, key, (int64_t)n);
    lb_value *stage = lb_push_object(stages);
    lb_set_text(stage, "stage", name);
    lb_set_int(stage, "n", (int64_t)n);
    lb_value *reasons = lb_set_array(stage, "reasons");
    if (reason) count_levels(result->arena, reason, stopped, table->rows, true, false, "reason", reasons);
}

static int screening(lb_call *call, lb_result *result, lb_error *err)
{
    static const char *const stage[][3] = {{"eligible", "not_eligible", "Not eligible"},
                                           {"consented", "declined", "Declined to take part"},
                                           {"randomised", "not_randomised", "Not randomised for another reason"}};
    lb_table *table;
    lb_column factor;
    int code = lb_call_table(call, "screening", &table, err);
    if (code || !table) return code;
    const char *reason = lb_call_text(call, "exclusion");
    bool has_reason = reason && lb_table_find(table, reason);
    if (has_reason) code = lb_table_factor(table, reason, result->arena, &factor, err);
    if (code) return code;
    lb_value *out = lb_set_object(result->results, "screening");
    lb_set_int(out, "assessed", (int64_t)table->rows);
    bool *left = lb_arena_array(result->arena, table->rows + 1, sizeof(bool));
    for (size_t i = 0; i < table->rows; i++) left[i] = true;
    lb_value *stages = lb_value_array(result->arena);
    for (size_t k = 0; k < LB_COUNT(stage); k++) {
        lb_column *column = lb_table_find(table, stage[k][0]);
        if (column) screening_stage(result, table, column, has_reason ? &factor : NULL, stage[k][1], stage[k][2], left, out, stages);
    }
    size_t passed = count_true(left, table->rows);
    lb_set_int(out, "excluded", (int64_t)(table->rows - passed));
    lb_set_int(out, "randomised", (int64_t)passed);
    lb_value *reasons = lb_set_array(out, "reasons");
    for (size_t i = 0; i < table->rows; i++) left[i] = !left[i];
    if (has_reason) count_levels(result->arena, &factor, left, table->rows, true, false, "reason", reasons);
    lb_set(out, "stages", stages);
    return 0;
}

typedef struct columns {
    const lb_value *labels;
    lb_column arm, last_visit, reason;
    lb_column *received, *analysed;
    bool has_visit, has_reason;
} columns;

static int read_columns(lb_call *call, lb_result *result, const lb_table *table, columns *c, lb_error *err)
{
    int code = lb_table_factor(table, lb_call_text(call, "arm"), result->arena, &c->arm, err);
    const char *name = lb_call_text(call, "last-visit");
    if (!code && name) {
        code = lb_table_factor(table, name, result->arena, &c->last_visit, err);
        c->has_visit = true;
        if (!code) order_levels(call, result->arena, &c->last_visit, table->rows);
    }
    name = lb_call_text(call, "reason");
    if (!code && name) {
        code = lb_table_factor(table, name, result->arena, &c->reason, err);
        c->has_reason = true;
    }
    name = lb_call_text(call, "received");
    if (!code && name) code = lb_table_column(table, name, &c->received, err);
    name = lb_call_text(call, "analysed");
    if (!code && name) code = lb_table_column(table, name, &c->analysed, err);
    return code;
}

static void one_arm(lb_result *result, const lb_table *table, const columns *c, size_t arm, lb_value *row)
{
    size_t rows = table->rows, randomised = 0, left = 0, received = 0, analysed = 0, left_analysed = 0;
    bool *chosen = lb_arena_array(result->arena, rows + 1, sizeof(bool));
    for (size_t i = 0; i < rows; i++) {
        chosen[i] = c->arm.code[i] == (int32_t)arm;
        if (!chosen[i]) continue;
        bool gone = c->has_reason && c->reason.code[i] >= 0;
        bool has_outcome = c->analysed && !lb_column_missing(c->analysed, i);
        randomised++;
        left += gone;
        received += c->received && is_true(c->received, i);
        analysed += has_outcome;
        left_analysed += gone && has_outcome;
    }
    lb_set_text(row, "arm", c->arm.level[arm]);
    if (lb_label(c->labels, c->arm.level[arm]) != c->arm.level[arm]) lb_set_text(row, "label", lb_label(c->labels, c->arm.level[arm]));
    lb_set_int(row, "randomised", (int64_t)randomised);
    if (c->received) {
        lb_set_int(row, "received", (int64_t)received);
        lb_set_int(row, "not_received", (int64_t)(randomised - received));
    }
    if (c->has_reason) {
        lb_set_int(row, "completed", (int64_t)(randomised - left));
        lb_set_int(row, "left", (int64_t)left);
        count_levels(result->arena, &c->reason, chosen, rows, true, false, "reason", lb_set_array(row, "reasons"));
    } else {
        lb_set_array(row, "reasons");
    }
    if (c->has_visit) count_levels(result->arena, &c->last_visit, chosen, rows, false, true, "visit", lb_set_array(row, "last_visit"));
    if (c->analysed) {
        lb_set_int(row, "analysed", (int64_t)analysed);
        lb_set_int(row, "not_analysed", (int64_t)(randomised - analysed));
        if (left_analysed) lb_set_int(row, "left_but_analysed", (int64_t)left_analysed);
    }
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_table *table;
    columns c = {0};
    int code = lb_labels_read(call, &c.labels, err);
    if (!code) code = lb_call_table(call, "data", &table, err);
    if (!code) code = read_columns(call, result, table, &c, err);
    if (!code) code = screening(call, result, err);
    if (code) return code;
    if (c.arm.level_count == 0) {
        code = lb_fail(err, LB_BAD_DATA, "nobody has a value of %s", c.arm.name);
        lb_error_where(err, "%s", table->name);
        return code;
    }
    lb_value *arms = lb_set_array(result->results, "arms");
    lb_set_int(result->results, "randomised", (int64_t)(table->rows - c.arm.missing));
    for (size_t arm = 0; arm < c.arm.level_count; arm++) one_arm(result, table, &c, arm, lb_push_object(arms));
    code = lb_flow_attendance(call, result, table, &c.arm, err);
    if (!code) code = lb_flow_adherence(call, result, table, &c.arm, err);
    if (code) return code;
    if (c.arm.missing) lb_result_warn(result, "%zu rows have no arm and are not counted", c.arm.missing);
    int64_t screened = lb_get_int(lb_get(result->results, "screening"), "randomised", -1);
    int64_t randomised = lb_get_int(result->results, "randomised", 0);
    if (screened >= 0 && screened != randomised)
        lb_result_warn(result, "the screening table says %lld people were randomised, the other table holds %lld",
                       (long long)screened, (long long)randomised);
    lb_result_note(result, "Everybody randomised is counted in the arm allocated.%s",
                   c.analysed ? " Analysed: those with a value of the primary outcome." : "");
    lb_result_picture(result, "flow", "Flow of people through the trial", lb_flow_svg(result->arena, result->results));
    return 0;
}

const lb_op lb_op_analyse_flow = {
    .area = "analyse", .verb = "flow",
    .summary = "CONSORT flow of people by arm, with its diagram",
    .description =
        "Counts people screened, excluded (by reason), randomised, treated, lost (by reason and last visit) and analysed, and "
        "draws the CONSORT flow diagram. A person with an empty reason completed the study.\n\n"
        "Source of the layout: CONSORT 2025 statement, figure 1.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse flow reference/analysis/trial60.csv --arm arm --last-visit last_visit --reason reason --analysed odi_12m"};
