/* Adherence to the exercise programme from the diary: a proposal (the trial's record asks for "an overall score of at least
 * 75 %" and does not define it). Week = 100 (0.25 F + 0.25 D + 0.40 C + 0.10 S): frequency, duration, components, supervision. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trial/instrument/instrument.h"

enum { MAX_WEEKS = 52, DAYS = 7, PARTS = 4, TARGET = 5 };

typedef struct week {
    double minutes[DAYS][PARTS];
    bool held[DAYS], supervised;
} week;

static const char *const part_name[PARTS] = {"aerobic", "strength", "balance", "stretching"};

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* NaN when every day is held. */
static double week_score(const week *w, int *sessions, int *over)
{
    double total[DAYS] = {0};
    int held = 0, count = 0, days[PARTS] = {0};
    for (int d = 0; d < DAYS; d++) {
        held += w->held[d];
        for (int p = 0; p < PARTS; p++) {
            total[d] += w->minutes[d][p];
            days[p] += w->minutes[d][p] > 0;
        }
        count += total[d] > 0;
        *over += total[d] > 40;
    }
    *sessions += count;
    int target = TARGET - held; /* documented safety holds leave the week */
    if (target <= 0) return NAN;
    qsort(total, DAYS, sizeof *total, descending);
    double duration = 0, components = 0;
    for (int i = 0; i < target; i++) duration += fmin(1, total[i] / 30);
    for (int p = 0; p < PARTS; p++) components += fmin(1, (double)days[p] / target);
    return 100 * (0.25 * fmin(1, (double)count / target) + 0.25 * duration / target + 0.40 * components / PARTS + 0.10 * w->supervised);
}

static bool truthy(const lb_table *table, const char *name, size_t row)
{
    const lb_column *column = lb_table_find(table, name);
    if (column == NULL || lb_column_missing(column, row)) return false;
    char buffer[32];
    const char *text = lb_column_text(column, row, buffer);
    return strcmp(text, "0") != 0 && strcmp(text, "false") != 0 && strcmp(text, "FALSE") != 0 && strcmp(text, "no") != 0;
}

/* One diary row into its week. A day without minutes only tells whether the week was supervised or the day held. */
static int take_row(const lb_table *table, size_t row, int weeks, week *diary, lb_error *err)
{
    double number[2];
    static const char *const place[] = {"week", "day"};
    for (int i = 0; i < 2; i++) {
        lb_column *column;
        int code = lb_table_number(table, place[i], &column, err);
        if (code != LB_OK) return code;
        number[i] = column->number[row];
        if (number[i] >= 1 && number[i] <= (i ? DAYS : weeks) && number[i] == floor(number[i])) continue;
        if (i == 1 && isnan(number[i])) continue; /* a row about the week alone */
        code = lb_fail(err, LB_BAD_DATA, "%s is %g, outside 1 to %d", place[i], number[i], i ? DAYS : weeks);
        lb_error_where(err, "%s, row %zu", table->name, row + 2);
        return code;
    }
    week *w = &diary[(int)number[0] - 1];
    if (truthy(table, "supervised", row)) w->supervised = true;
    if (isnan(number[1])) return LB_OK;
    int day = (int)number[1] - 1;
    if (truthy(table, "held", row)) w->held[day] = true;
    for (int p = 0; p < PARTS; p++) {
        lb_column *column;
        int code = lb_table_number(table, part_name[p], &column, err);
        if (code != LB_OK) return code;
        double minutes = column->number[row];
        if (isnan(minutes)) continue;
        if (minutes < 0 || minutes > 1440) {
            code = lb_fail(err, LB_BAD_DATA, "%s is %g minutes on one day", part_name[p], minutes);
            lb_error_where(err, "%s, row %zu", table->name, row + 2);
            return code;
        }
        w->minutes[day][p] += minutes;
    }
    return LB_OK;
}

static void report(const char *id, const week *diary, int weeks, lb_value *results)
{
    lb_value *rows = lb_get(results, "rows"), *out = lb_push_object(rows);
    lb_value *each = lb_value_array(results->arena);
    int sessions = 0, over = 0, evaluable = 0;
    double sum = 0;
    for (int w = 0; w < weeks; w++) {
        double score = week_score(&diary[w], &sessions, &over);
        lb_push_number(each, isnan(score) ? NAN : floor(100 * score + 0.5 + 1e-9) / 100);
        if (isnan(score)) continue;
        sum += score;
        evaluable++;
    }
    if (id) lb_set_text(out, "id", id);
    if (evaluable == 0) {
        lb_set_null(out, "score");
        lb_set_text(out, "reason", "every week was held: not evaluable");
        lb_set_null(out, "overall");
        lb_set_null(out, "adherent");
    } else {
        double overall = sum / evaluable;
        lb_set_number(out, "score", floor(100 * overall + 0.5 + 1e-9) / 100);
        lb_set_number(out, "overall", floor(100 * overall + 0.5 + 1e-9) / 100);
        lb_set_bool(out, "adherent", overall >= 75.0 - 1e-9); /* the unrounded score; 1e-9 forgives the sum's last bits */
    }
    lb_set(out, "weeks", each);
    lb_set_number(out, "sessions_pct_simple", lb_round_half_up(100 * sessions, weeks * TARGET, 2));
    lb_set_int(out, "over_40_min_days", over);
}

int lb_score_adherence(lb_call *call, const lb_table *table, lb_value *results, lb_error *err)
{
    int weeks = (int)lb_call_int(call, "weeks");
    lb_column person = {0};
    bool many = lb_table_find(table, "id") != NULL;
    int code = many ? lb_table_factor(table, "id", results->arena, &person, err) : LB_OK;
    if (code != LB_OK) return code;
    size_t people = many ? person.level_count : 1;
    week *diary = lb_arena_try(results->arena, people * (size_t)weeks, sizeof *diary);
    if (diary == NULL) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu diaries", people);
    for (size_t r = 0; r < table->rows && code == LB_OK; r++) {
        if (many && person.code[r] < 0) {
            code = lb_fail(err, LB_BAD_DATA, "a diary row without an id");
            lb_error_where(err, "%s, row %zu", table->name, r + 2);
            break;
        }
        code = take_row(table, r, weeks, diary + (many ? (size_t)person.code[r] : 0) * (size_t)weeks, err);
    }
    for (size_t i = 0; i < people && code == LB_OK; i++) report(many ? person.level[i] : NULL, diary + i * (size_t)weeks, weeks, results);
    return code;
}
