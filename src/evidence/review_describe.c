/* What the studies are like: medians and quartiles (R type 7) of numeric characteristics, counts of the others; counts of
 * adverse events by the role of the arm. */
#include "evidence/review.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double p)
{
    double at = (double)(n - 1) * p, low = floor(at);
    size_t i = (size_t)low;
    return i + 1 < n ? sorted[i] + (at - low) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static void describe_numbers(const char *name, const double *value, size_t rows, lb_arena *arena, lb_value *out)
{
    double *sorted = lb_arena_array(arena, rows + 1, sizeof *sorted);
    size_t n = 0;
    for (size_t i = 0; i < rows; i++) {
        if (!isnan(value[i])) sorted[n++] = value[i];
    }
    lb_value *row = lb_push_object(out);
    lb_set_text(row, "variable", name);
    lb_set_null(row, "level");
    lb_set_int(row, "n", (int64_t)n);
    lb_set_int(row, "missing", (int64_t)(rows - n));
    if (!n) return;
    qsort(sorted, n, sizeof *sorted, by_size);
    lb_set_number(row, "median", quantile(sorted, n, .5));
    lb_set_number(row, "q1", quantile(sorted, n, .25));
    lb_set_number(row, "q3", quantile(sorted, n, .75));
    lb_set_number(row, "min", sorted[0]);
    lb_set_number(row, "max", sorted[n - 1]);
}

static void describe_levels(const char *name, const lb_column *column, size_t rows, lb_value *out)
{
    for (size_t level = 0; level < column->level_count; level++) {
        size_t n = 0, known = 0;
        for (size_t i = 0; i < rows; i++) {
            if (column->code[i] < 0) continue;
            known++;
            n += (size_t)column->code[i] == level;
        }
        lb_value *row = lb_push_object(out);
        lb_set_text(row, "variable", name);
        lb_set_text(row, "level", column->level[level]);
        lb_set_int(row, "n", (int64_t)n);
        lb_set_int(row, "missing", (int64_t)(rows - known));
        lb_set_number(row, "percent", known ? 100 * (double)n / (double)known : NAN);
    }
}

/* A column of 0 and 1 is a yes or no, not a measurement. */
static bool is_flag(const lb_column *column, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        double x = column->number[i];
        if (!isnan(x) && x != 0 && x != 1) return false;
    }
    return true;
}

static void describe_flag(const lb_column *column, size_t rows, lb_value *out)
{
    size_t n = 0, known = 0;
    for (size_t i = 0; i < rows; i++) {
        known += !isnan(column->number[i]);
        n += column->number[i] == 1;
    }
    lb_value *row = lb_push_object(out);
    lb_set_text(row, "variable", column->name);
    lb_set_text(row, "level", "1");
    lb_set_int(row, "n", (int64_t)n);
    lb_set_int(row, "missing", (int64_t)(rows - known));
    lb_set_number(row, "percent", known ? 100 * (double)n / (double)known : NAN);
}

/* People in a study: randomised when the arms say it, else the largest n of its outcomes. */
static void participants(const lb_review *review, lb_value *out)
{
    size_t studies = review->study.level_count;
    double *n = lb_arena_array(review->arena, studies + 1, sizeof *n), *arm = lb_arena_array(review->arena, review->arms + 1, sizeof *arm);
    for (size_t i = 0; i < review->visits; i++) arm[review->visit[i].arm] = fmax(arm[review->visit[i].arm], review->visit[i].n);
    for (size_t a = 0; a < review->arms; a++) {
        double randomised = review->arm[a].randomised;
        n[review->arm[a].study] += isnan(randomised) ? arm[a] : randomised;
    }
    double total = 0;
    for (size_t i = 0; i < studies; i++) total += n[i];
    describe_numbers("participants", n, studies, review->arena, out);
    lb_set_number(review->result->results, "participants", total);
    lb_set_int(review->result->results, "studies", (int64_t)studies);
}

static void describe_studies(lb_review *review)
{
    static const char *const names[] = {"study_id", "author", "title", "doi"};
    lb_value *out = lb_set_array(review->result->results, "characteristics");
    const lb_table *table = review->studies;
    participants(review, out);
    for (size_t c = 0; c < table->columns; c++) {
        const lb_column *column = &table->column[c];
        bool name = false;
        for (size_t i = 0; i < LB_COUNT(names); i++) name |= strcmp(names[i], column->name) == 0;
        if (name) continue;
        if (column->type == LB_TEXT)
            describe_levels(column->name, column, table->rows, out);
        else if (is_flag(column, table->rows))
            describe_flag(column, table->rows, out);
        else
            describe_numbers(column->name, column->number, table->rows, review->arena, out);
    }
    const lb_column *overall = review->risk ? lb_table_find(review->risk, "overall") : NULL;
    if (overall && overall->type == LB_TEXT) describe_levels("risk_of_bias", overall, review->risk->rows, out);
}

/* -- adverse events ----------------------------------------------------------------------------------------------- */

enum { EVENTS, RELATED, SERIOUS, COUNTS };

typedef struct role_count {
    const char *role;
    double n, count[COUNTS];
    size_t studies;
} role_count;

static role_count *role_of(role_count *roles, size_t *count, const char *role)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(roles[i].role, role) == 0) return &roles[i];
    }
    roles[*count] = (role_count){.role = role};
    return &roles[(*count)++];
}

static int check_event(const lb_table *table, size_t row, const double *x, lb_error *err)
{
    int code = 0;
    for (int i = 0; i < COUNTS && !code; i++) {
        if (isnan(x[i])) continue;
        if (x[i] < 0 || x[i] != floor(x[i])) code = lb_fail(err, LB_BAD_DATA, "%g adverse events cannot be", x[i]);
        if (!code && i && x[i] > x[EVENTS])
            code = lb_fail(err, LB_BAD_DATA, "%g %s events are more than all %g", x[i], i == RELATED ? "related" : "serious", x[EVENTS]);
    }
    if (code) lb_error_where(err, "adverse_events, row %zu", row + 1);
    (void)table;
    return code;
}

/* Rows study_id, arm, events [, related, serious, n]. A study that reports none writes 0; one that says nothing has no row. */
static int adverse_events(lb_review *review, lb_error *err)
{
    static const char *const names[COUNTS] = {"events", "related", "serious"};
    lb_table *table;
    lb_column *study, *arm, *column[COUNTS] = {NULL};
    int code = lb_review_table(review, "adverse_events", false, &table, err);
    if (code || !table) return code;
    code = lb_table_column(table, "study_id", &study, err);
    if (!code) code = lb_table_column(table, "arm", &arm, err);
    for (int i = 0; i < COUNTS && !code; i++)
        if (i == EVENTS || lb_table_find(table, names[i])) code = lb_table_number(table, names[i], &column[i], err);
    if (code) return code;
    role_count *roles = lb_arena_array(review->arena, review->comparator_count + 2, sizeof *roles);
    size_t count = 0, reporting = 0;
    uint8_t *seen = lb_arena_array(review->arena, review->study.level_count + 1, 1);
    double sum[COUNTS] = {0};
    for (size_t row = 0; row < table->rows; row++) {
        char a[32], b[32];
        const char *id = lb_column_text(study, row, a), *name = lb_column_text(arm, row, b);
        const lb_review_arm *found = NULL;
        for (size_t i = 0; i < review->arms && !found; i++) {
            if (strcmp(review->arm[i].arm, name) == 0 && strcmp(review->study.level[review->arm[i].study], id) == 0) found = &review->arm[i];
        }
        if (!found) {
            code = lb_fail(err, LB_BAD_DATA, "study '%.60s' has no arm '%.40s'", id, name);
            lb_error_where(err, "adverse_events, row %zu", row + 1);
            return code;
        }
        double x[COUNTS];
        for (int i = 0; i < COUNTS; i++) x[i] = column[i] ? column[i]->number[row] : NAN;
        if (isnan(x[EVENTS])) continue;
        code = check_event(table, row, x, err);
        if (code) return code;
        if (!seen[found->study]++) reporting++;
        role_count *role = role_of(roles, &count, found->role);
        role->studies++;
        role->n += isnan(found->randomised) ? 0 : found->randomised;
        for (int i = 0; i < COUNTS; i++) {
            role->count[i] += isnan(x[i]) ? 0 : x[i];
            sum[i] += isnan(x[i]) ? 0 : x[i];
        }
    }
    lb_value *out = lb_set_object(review->result->results, "adverse_events");
    lb_set_int(out, "studies_reporting", (int64_t)reporting);
    lb_set_int(out, "studies_silent", (int64_t)(review->study.level_count - reporting));
    for (int i = 0; i < COUNTS; i++) lb_set_number(out, names[i], sum[i]);
    lb_value *rows = lb_set_array(out, "by_role");
    for (size_t i = 0; i < count; i++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "role", roles[i].role);
        lb_set_int(row, "arms", (int64_t)roles[i].studies);
        lb_set_number(row, "n", roles[i].n > 0 ? roles[i].n : NAN);
        for (int c = 0; c < COUNTS; c++) lb_set_number(row, names[c], roles[i].count[c]);
    }
    return 0;
}

int lb_review_describe(lb_review *review, lb_error *err)
{
    describe_studies(review);
    return adverse_events(review, err);
}
