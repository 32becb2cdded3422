/* analyse adverse: adverse events by arm, term and severity: people with at least one, and events. CONSORT Harms 2022
 * (Junqueira et al. 2023, BMJ 381:e073725). */
#include "analysis/labels.h"
#include "analysis/room.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct events {
    lb_result *result;
    lb_table *people, *table;
    lb_column arm, term, severity;
    const lb_value *labels;
    lb_column *serious, *related;
    size_t *who;      /* person of each event; SIZE_MAX: nobody */
    size_t *in_arm;   /* people of each arm */
    bool *seen;       /* people */
    size_t unknown;
} events;

static bool is_yes(const lb_column *column, size_t row)
{
    if (!column || lb_column_missing(column, row)) return false;
    if (column->type == LB_NUMBER) return column->number[row] == 1;
    const char *cell = column->level[column->code[row]];
    static const char *const no[] = {"0", "no", "No", "NO", "false", "none", "not related", "unrelated", "unlikely", "not serious"};
    for (size_t i = 0; i < LB_COUNT(no); i++)
        if (strcmp(cell, no[i]) == 0) return false;
    return true;
}

static int read(lb_call *call, events *e, lb_error *err)
{
    const char *id = lb_call_text(call, "id"), *name;
    lb_column *mine, *their;
    int code = lb_call_table(call, "data", &e->table, err);
    if (!code) code = lb_call_table(call, "people", &e->people, err);
    if (!code) code = lb_table_factor(e->people, lb_call_text(call, "arm"), e->result->arena, &e->arm, err);
    if (!code) code = lb_table_column(e->people, id, &mine, err);
    if (!code) code = lb_table_column(e->table, id, &their, err);
    if (!code) code = lb_table_factor(e->table, lb_call_text(call, "term"), e->result->arena, &e->term, err);
    if (!code && (name = lb_call_text(call, "severity"))) code = lb_table_factor(e->table, name, e->result->arena, &e->severity, err);
    if (!code && (name = lb_call_text(call, "serious"))) code = lb_table_column(e->table, name, &e->serious, err);
    if (!code && (name = lb_call_text(call, "related"))) code = lb_table_column(e->table, name, &e->related, err);
    if (code) return code;
    char a[64], b[64];
    e->who = lb_arena_array(e->result->arena, e->table->rows + 1, sizeof *e->who);
    e->in_arm = lb_arena_array(e->result->arena, e->arm.level_count + 1, sizeof *e->in_arm);
    e->seen = lb_arena_array(e->result->arena, e->people->rows + 1, sizeof *e->seen);
    for (size_t k = 0; k < e->people->rows; k++)
        if (e->arm.code[k] >= 0) e->in_arm[e->arm.code[k]]++;
    for (size_t r = 0, last = 0; r < e->table->rows; r++) {
        const char *text = lb_column_text(their, r, a);
        e->who[r] = SIZE_MAX;
        for (size_t tried = 0; tried < e->people->rows && e->who[r] == SIZE_MAX; tried++) {
            size_t k = (last + tried) % e->people->rows;
            if (strcmp(text, lb_column_text(mine, k, b)) == 0) e->who[r] = last = k;
        }
        e->unknown += e->who[r] == SIZE_MAX || e->arm.code[e->who[r]] < 0;
    }
    return 0;
}

/* One line: the events that `keep` marks. */
static void line(events *e, const char *what, const char *term, const char *severity, const bool *keep, lb_value *rows)
{
    for (size_t arm = 0; arm < e->arm.level_count; arm++) {
        size_t count = 0, people = 0;
        memset(e->seen, 0, e->people->rows * sizeof *e->seen);
        for (size_t r = 0; r < e->table->rows; r++) {
            if (!keep[r] || e->who[r] == SIZE_MAX || e->arm.code[e->who[r]] != (int32_t)arm) continue;
            count++;
            people += !e->seen[e->who[r]];
            e->seen[e->who[r]] = true;
        }
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "line", what);
        if (term) lb_set_text(row, "term", term);
        if (severity) lb_set_text(row, "severity", severity);
        lb_set_text(row, "arm", e->arm.level[arm]);
        lb_set_int(row, "n", (int64_t)e->in_arm[arm]);
        lb_set_int(row, "people", (int64_t)people);
        lb_set_number(row, "percent", e->in_arm[arm] ? 100.0 * (double)people / (double)e->in_arm[arm] : NAN);
        lb_set_int(row, "events", (int64_t)count);
    }
}

typedef struct tally {
    size_t level, n;
    const char *text;
} tally;

static int most_first(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp(x->text, y->text);
}

static void all_lines(events *e, lb_value *rows)
{
    size_t n = e->table->rows;
    bool *keep = lb_arena_array(e->result->arena, n + 1, sizeof *keep);
    for (size_t r = 0; r < n; r++) keep[r] = true;
    line(e, "Any adverse event", NULL, NULL, keep, rows);
    for (size_t r = 0; r < n; r++) keep[r] = is_yes(e->serious, r);
    if (e->serious) line(e, "Any serious adverse event", NULL, NULL, keep, rows);
    for (size_t r = 0; r < n; r++) keep[r] = is_yes(e->related, r);
    if (e->related) line(e, "Any related adverse event", NULL, NULL, keep, rows);
    for (size_t s = 0; s < e->severity.level_count; s++) {
        for (size_t r = 0; r < n; r++) keep[r] = e->severity.code[r] == (int32_t)s;
        line(e, lb_arena_printf(e->result->arena, "Any %s event", e->severity.level[s]), NULL, e->severity.level[s], keep, rows);
    }
    tally *order = lb_arena_array(e->result->arena, e->term.level_count + 1, sizeof *order);
    for (size_t t = 0; t < e->term.level_count; t++) order[t] = (tally){t, 0, e->term.level[t]};
    for (size_t r = 0; r < n; r++)
        if (e->term.code[r] >= 0) order[e->term.code[r]].n++;
    qsort(order, e->term.level_count, sizeof *order, most_first);
    for (size_t t = 0; t < e->term.level_count; t++) {
        for (size_t r = 0; r < n; r++) keep[r] = e->term.code[r] == (int32_t)order[t].level;
        line(e, order[t].text, order[t].text, NULL, keep, rows);
        for (size_t s = 0; s < e->severity.level_count; s++) {
            for (size_t r = 0; r < n; r++) keep[r] = e->term.code[r] == (int32_t)order[t].level && e->severity.code[r] == (int32_t)s;
            line(e, lb_arena_printf(e->result->arena, "  %s", e->severity.level[s]), order[t].text, e->severity.level[s], keep, rows);
        }
    }
}

/* The printed table: a column for each arm, "n (%) events". */
static void printed(const events *e, const lb_value *rows, int digits, lb_value *out)
{
    size_t arms = e->arm.level_count;
    lb_arena *arena = e->result->arena;
    for (size_t i = 0; i + arms <= rows->count; i += arms) {
        lb_value *row = lb_push_object(out);
        lb_set_text(row, "Adverse event", lb_get_text(rows->item[i], "line", ""));
        for (size_t a = 0; a < arms; a++) {
            const lb_value *from = rows->item[i + a];
            const char *percent = lb_round_text(arena, lb_get_number(from, "percent", NAN), digits, false);
            lb_set_textf(row, lb_arena_printf(arena, "%s (n = %zu): people (%%), events", lb_label(e->labels, e->arm.level[a]), e->in_arm[a]), "%lld (%s), %lld",
                         (long long)lb_get_int(from, "people", 0), percent, (long long)lb_get_int(from, "events", 0));
        }
    }
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    events e = {.result = result};
    int code = lb_labels_read(call, &e.labels, err);
    if (!code) code = read(call, &e, err);
    if (code) return code;
    result->title = "Adverse events";
    lb_value *rows = lb_set_array(result->results, "rows"), *table = lb_set_array(result->results, "table");
    all_lines(&e, rows);
    printed(&e, rows, (int)lb_call_int(call, "digits"), table);
    if (e.unknown) lb_result_warn(result, "%zu events belong to nobody with an arm in the table of people and are not counted", e.unknown);
    lb_result_note(result, "People with at least one event, %% of those in the arm, and number of events; terms by frequency. Percentages are rounded half "
                           "away from zero (SAS). No tests: the trial was not planned to compare them.");
    return 0;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_MAY_BE_EMPTY, .summary = "one row per adverse event"},
    {.name = "people", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "one row per person, with the arm"},
    {.name = "id", .type = LB_P_TEXT, .summary = "column that names the person, in both tables", .preset = "id"},
    {.name = "arm", .type = LB_P_COLUMN, .of = "people", .flags = LB_REQUIRED, .summary = "column of the arm"},
    {.name = "term", .type = LB_P_COLUMN, .summary = "what happened", .preset = "term"},
    {.name = "severity", .type = LB_P_COLUMN, .summary = "column of the severity"},
    {.name = "serious", .type = LB_P_COLUMN, .summary = "column: serious (yes/no or 1/0)"},
    {.name = "related", .type = LB_P_COLUMN, .summary = "column: related to the treatment (yes/no, or a degree; 'not related' and 'unlikely' count as no)"},
    {.name = "digits", .type = LB_P_INT, .summary = "decimals of percentages", .preset = "0", .min = 0, .max = 6},
    LB_LABELS_PARAM,
};

const lb_op lb_op_analyse_adverse = {
    .area = "analyse", .verb = "adverse",
    .summary = "adverse events by arm, term and severity",
    .description = "How many people had each event at least once, as a share of everybody in the arm, and how many events there were: any, serious, related, "
                   "by severity, by term and by severity within a term. Arms without an event are shown with 0.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse adverse --data reference/analysis/events60.csv --people reference/analysis/trial60.csv --arm arm --severity severity --serious serious"};
