/* Adherence to the exercise programme from the diary: a proposal (the trial's record asks for "an overall score of at least
 * 75 %" and does not define it). Week = 100 (0.25 F + 0.25 D + 0.40 C + 0.10 S): frequency, duration, components, supervision. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trial/instrument/adherence.h"
#include "trial/instrument/instrument.h"

/* The proposal's own numbers, for `instrument score adherence`; in a trial they come from the protocol. */
static const lb_adherence_rules proposal = {.weeks = 6, .sessions = 5, .part_count = 4, .enough_minutes = 30, .most_minutes = 40, .frequency = 0.25,
                                            .duration = 0.25, .components = 0.40, .supervision = 0.10, .threshold = 75};
enum { DAYS = LB_ADHERENCE_DAYS, PARTS = 4 };
static const char *const part_name[PARTS] = {"aerobic", "strength", "balance", "stretching"};

typedef struct diary_week {
    lb_adherence_week week;
    bool held[DAYS];
} diary_week;

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

void lb_adherence_week_score(const lb_adherence_rules *rules, const lb_adherence_week *w, lb_adherence_score *out)
{
    double total[DAYS] = {0};
    *out = (lb_adherence_score){.supervision = w->supervised};
    for (int d = 0; d < DAYS; d++) {
        for (int p = 0; p < rules->part_count; p++) {
            total[d] += w->minutes[d][p];
            out->part_days[p] += w->minutes[d][p] > 0;
        }
        out->minutes += total[d];
        out->sessions += total[d] > 0;
        out->over += total[d] > rules->most_minutes;
    }
    out->target = rules->sessions - w->held; /* documented safety holds leave the week */
    if (out->target <= 0) return;
    if (out->target > DAYS) out->target = DAYS;
    qsort(total, DAYS, sizeof *total, descending);
    for (int i = 0; i < out->target; i++) out->duration += fmin(1, total[i] / rules->enough_minutes);
    for (int p = 0; p < rules->part_count; p++) out->components += fmin(1, (double)out->part_days[p] / out->target);
    out->evaluable = true;
    out->frequency = fmin(1, (double)out->sessions / out->target);
    out->duration /= out->target;
    out->components /= rules->part_count;
    out->score = 100 * (rules->frequency * out->frequency + rules->duration * out->duration + rules->components * out->components +
                        rules->supervision * out->supervision);
}

double lb_adherence_overall(const lb_adherence_score *week, int weeks)
{
    double sum = 0;
    int evaluable = 0;
    for (int w = 0; w < weeks; w++) {
        if (!week[w].evaluable) continue;
        sum += week[w].score;
        evaluable++;
    }
    return evaluable ? sum / evaluable : NAN;
}

bool lb_adherent(const lb_adherence_rules *rules, double overall)
{
    return overall >= rules->threshold - 1e-9; /* the unrounded score; 1e-9 forgives the sum's last bits */
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
static int take_row(const lb_table *table, size_t row, int weeks, diary_week *diary, lb_error *err)
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
    diary_week *w = &diary[(int)number[0] - 1];
    if (truthy(table, "supervised", row)) w->week.supervised = true;
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
        w->week.minutes[day][p] += minutes;
    }
    return LB_OK;
}

static double hundredths(double score)
{
    return floor(100 * score + 0.5 + 1e-9) / 100;
}

static void report(const char *id, const diary_week *diary, int weeks, lb_value *results)
{
    lb_value *rows = lb_get(results, "rows"), *out = lb_push_object(rows);
    lb_value *each = lb_value_array(results->arena);
    lb_adherence_score *score = lb_arena_array(results->arena, (size_t)weeks, sizeof *score);
    int sessions = 0, over = 0;
    for (int w = 0; w < weeks; w++) {
        lb_adherence_week week = diary[w].week;
        for (int d = 0; d < DAYS; d++) week.held += diary[w].held[d];
        lb_adherence_week_score(&proposal, &week, &score[w]);
        sessions += score[w].sessions;
        over += score[w].over;
        lb_push_number(each, score[w].evaluable ? hundredths(score[w].score) : NAN);
    }
    double overall = lb_adherence_overall(score, weeks);
    if (id) lb_set_text(out, "id", id);
    if (isnan(overall)) {
        lb_set_null(out, "score");
        lb_set_text(out, "reason", "every week was held: not evaluable");
        lb_set_null(out, "overall");
        lb_set_null(out, "adherent");
    } else {
        lb_set_number(out, "score", hundredths(overall));
        lb_set_number(out, "overall", hundredths(overall));
        lb_set_bool(out, "adherent", lb_adherent(&proposal, overall));
    }
    lb_set(out, "weeks", each);
    lb_set_number(out, "sessions_pct_simple", lb_round_half_up(100 * sessions, weeks * proposal.sessions, 2));
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
    diary_week *diary = lb_arena_try(results->arena, people * (size_t)weeks, sizeof *diary);
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
