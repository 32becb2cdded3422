/* Questionnaires and scales: ODI, Roland–Morris, JOA, recovery rate, change, recurrence.
 * Rules: Fairbank & Pynsent 2000 (ODI 2.1a: percent of the answered sections); Roland & Morris 1983, Patrick 1995 and Kent
 * & Lauridsen 2011 (23 items, prorated); JOA 1986, recovery rate after Hirabayashi 1981. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "trial/instrument/instrument.h"

double lb_round_half_up(int64_t numerator, int64_t denominator, int digits)
{
    int64_t scale = 1;
    for (int i = 0; i < digits; i++) scale *= 10;
    if (denominator < 0) numerator = -numerator, denominator = -denominator;
    int64_t top = 2 * numerator * scale + denominator, bottom = 2 * denominator;
    int64_t quotient = top / bottom - (top % bottom < 0); /* floor */
    return (double)quotient / (double)scale;
}

void lb_scoring_none(lb_scoring *s, const char *fmt, ...)
{
    lb_buf text = {0};
    va_list args;
    va_start(args, fmt);
    lb_buf_vprintf(&text, fmt, args);
    va_end(args);
    lb_set_null(s->out, "score");
    lb_set_text(s->out, "reason", text.data);
    lb_buf_free(&text);
}

int lb_scoring_number(lb_scoring *s, const char *column, double low, double high, double *value)
{
    const lb_column *c = lb_table_find(s->table, column);
    if (c == NULL || lb_column_missing(c, s->row)) return 0;
    char buffer[32];
    const char *text = lb_column_text(c, s->row, buffer);
    if (lb_text_number(text, strlen(text), value) && *value >= low && *value <= high) return 1;
    lb_scoring_none(s, "%s is '%.40s', outside %g to %g", column, text, low, high);
    return -1;
}

int lb_scoring_item(lb_scoring *s, const char *column, int64_t low, int64_t high, int64_t *value)
{
    double number;
    int found = lb_scoring_number(s, column, (double)low, (double)high, &number);
    if (found == 1 && number != floor(number)) {
        lb_scoring_none(s, "%s is %g, not a whole number", column, number);
        return -1;
    }
    if (found == 1) *value = (int64_t)number;
    return found;
}

/* item1 … item`count`: sum and number answered; -1 when one is out of range. */
static int sum_items(lb_scoring *s, int count, int64_t high, int64_t *sum, int64_t *answered)
{
    *sum = *answered = 0;
    for (int i = 1; i <= count; i++) {
        char name[16];
        int64_t value;
        snprintf(name, sizeof name, "item%d", i);
        int found = lb_scoring_item(s, name, 0, high, &value);
        if (found < 0) return -1;
        if (found == 0) continue;
        *sum += value;
        ++*answered;
    }
    return 0;
}

static const char *odi_category(int64_t numerator, int64_t denominator)
{
    static const char *const name[] = {"minimal", "moderate", "severe", "crippled", "bed-bound"};
    for (int i = 0; i < 4; i++) /* upper bounds are inclusive on the unrounded score */
        if (numerator <= 20 * (i + 1) * denominator) return name[i];
    return name[4];
}

int lb_score_odi(lb_scoring *s, lb_error *err)
{
    (void)err;
    int64_t sum, answered, least = lb_call_given(s->call, "min-answered") ? lb_call_int(s->call, "min-answered") : 8;
    if (sum_items(s, 10, 5, &sum, &answered) < 0) return LB_OK;
    lb_set_int(s->out, "answered", answered);
    if (answered == 0 || answered < least) {
        lb_scoring_none(s, "%d of 10 items answered, %d needed", (int)answered, (int)least);
        return LB_OK;
    }
    lb_set_number(s->out, "score", lb_round_half_up(100 * sum, 5 * answered, 1));
    lb_set_number(s->out, "score_exact", (double)(100 * sum) / (double)(5 * answered));
    lb_set_text(s->out, "category", odi_category(100 * sum, 5 * answered));
    return LB_OK;
}

int lb_score_rmdq(lb_scoring *s, lb_error *err)
{
    (void)err;
    int count = strcmp(lb_call_text(s->call, "variant"), "23") == 0 ? 23 : 24;
    int64_t sum, answered, most = lb_call_int(s->call, "max-missing");
    if (sum_items(s, count, 1, &sum, &answered) < 0) return LB_OK;
    lb_set_int(s->out, "missing", count - answered);
    if (answered == 0) {
        lb_scoring_none(s, "no item answered");
    } else if (!lb_call_flag(s->call, "prorate")) {
        lb_set_int(s->out, "score", sum); /* the original rule: what is not ticked counts 0 */
    } else if (count - answered > most) {
        lb_scoring_none(s, "%d items missing, %d allowed", (int)(count - answered), (int)most);
    } else {
        lb_set_number(s->out, "score", lb_round_half_up(count * sum, answered, 1));
        lb_set_number(s->out, "score_0_100", lb_round_half_up(100 * sum, answered, 1));
    }
    return LB_OK;
}

static const struct {
    const char *name, *part;
    int64_t high;
} joa_items[] = {{"lbp", "subjective", 3}, {"leg", "subjective", 3}, {"gait", "subjective", 3}, {"slr", "clinical", 2}, {"sensory", "clinical", 2},
                 {"motor", "clinical", 2}, {"turning", "adl", 2}, {"standing", "adl", 2}, {"washing", "adl", 2}, {"leaning", "adl", 2},
                 {"sitting", "adl", 2}, {"lifting", "adl", 2}, {"walking", "adl", 2}};

int lb_score_joa29(lb_scoring *s, lb_error *err)
{
    (void)err;
    bool numbered = lb_table_find(s->table, "item1") && !lb_table_find(s->table, "lbp");
    int64_t total = 0, bladder = 0;
    const char *missing = NULL;
    for (size_t i = 0; i <= LB_COUNT(joa_items); i++) {
        bool last = i == LB_COUNT(joa_items);
        char name[16];
        if (numbered) snprintf(name, sizeof name, "item%zu", i + 1);
        else snprintf(name, sizeof name, "%s", last ? "bladder" : joa_items[i].name);
        int64_t value = 0;
        int found = lb_scoring_item(s, name, last ? -6 : 0, last ? 0 : joa_items[i].high, &value);
        if (found < 0) return LB_OK;
        if (found == 0) missing = last ? "bladder" : joa_items[i].name;
        if (found && last && value % 3 != 0) {
            lb_scoring_none(s, "bladder is %d; it is 0, -3 or -6", (int)value);
            return LB_OK;
        }
        total += value;
        if (last) bladder = value;
        else lb_set_int(s->out, joa_items[i].part, lb_get_int(s->out, joa_items[i].part, 0) + value);
    }
    if (missing) {
        for (size_t i = 0; i < LB_COUNT(joa_items); i++) lb_set_null(s->out, joa_items[i].part);
        lb_set_null(s->out, "total");
        lb_scoring_none(s, "%s is missing: no total", missing);
        return LB_OK;
    }
    lb_set_int(s->out, "bladder", bladder);
    lb_set_int(s->out, "total", total);
    lb_set_int(s->out, "subset15", lb_get_int(s->out, "subjective", 0) + lb_get_int(s->out, "clinical", 0));
    lb_set_int(s->out, "score", total);
    return LB_OK;
}

/* gain / room as a percentage against three limits, in integers: gain · 100 ≥ limit · room. */
static const char *grade(int64_t gain, int64_t room, const int limit[3])
{
    static const char *const name[] = {"excellent", "good", "fair", "poor"};
    for (int i = 0; i < 3; i++)
        if (100 * gain >= limit[i] * room) return name[i];
    return name[3];
}

int lb_score_recovery_rate(lb_scoring *s, lb_error *err)
{
    (void)err;
    int64_t full = 29, pre, post;
    int found = lb_scoring_item(s, "pre", -6, full, &pre);
    if (found == 1) found = lb_scoring_item(s, "post", -6, full, &post);
    if (found < 0) return LB_OK;
    if (found == 0) lb_scoring_none(s, "pre or post is missing");
    else if (pre == full) lb_scoring_none(s, "baseline at maximum");
    if (found == 0 || pre == full) {
        lb_set_null(s->out, "rate");
        return LB_OK;
    }
    int64_t gain = post - pre, room = full - pre;
    lb_set_number(s->out, "score", lb_round_half_up(100 * gain, room, 1));
    lb_set_number(s->out, "rate", lb_round_half_up(100 * gain, room, 1));
    lb_set_text(s->out, "grade_A_75_50_25", grade(gain, room, (int[]){75, 50, 25}));
    lb_set_text(s->out, "grade_B_90_75_50", grade(gain, room, (int[]){90, 75, 50}));
    const char *c = gain == room ? "cured" : 100 * gain > 60 * room ? "marked" : 100 * gain >= 25 * room ? "effective" : "ineffective";
    lb_set_text(s->out, "grade_C_100_60_25", c);
    const char *scheme = lb_call_text(s->call, "scheme"); /* three schemes are in print: a setting of the study */
    lb_set_text(s->out, "grade", *scheme == 'C' ? c : grade(gain, room, *scheme == 'B' ? (int[]){90, 75, 50} : (int[]){75, 50, 25}));
    return LB_OK;
}

int lb_score_change(lb_scoring *s, lb_error *err)
{
    (void)err;
    double baseline, followup;
    int found = lb_scoring_number(s, "baseline", -1e6, 1e6, &baseline);
    if (found == 1) found = lb_scoring_number(s, "followup", -1e6, 1e6, &followup);
    if (found < 0) return LB_OK;
    if (found == 0) {
        lb_scoring_none(s, "baseline or follow-up is missing");
        return LB_OK;
    }
    bool higher_is_better = lb_call_flag(s->call, "higher-is-better");
    double improvement = higher_is_better ? followup - baseline : baseline - followup;
    double mcid = lb_call_number(s->call, "mcid"), percent = lb_call_number(s->call, "mic-percent");
    lb_set_number(s->out, "score", improvement);
    lb_set_number(s->out, "improvement", improvement);
    char key[48];
    snprintf(key, sizeof key, "mcid_%g", mcid);
    lb_set_bool(s->out, key, improvement >= mcid);
    snprintf(key, sizeof key, "mic_%gpct", percent);
    /* Scores carry at most three decimals: exact as thousandths. */
    int64_t gain = llround(1000 * improvement), start = llround(1000 * baseline);
    if (start == 0) {
        lb_set_null(s->out, "pct");
        lb_set_text(s->out, "reason", "the baseline is 0: no percentage");
        return LB_OK;
    }
    lb_set_number(s->out, "pct", lb_round_half_up(100 * gain, start, 1));
    lb_set_bool(s->out, key, 100.0 * (double)gain >= percent * (double)start);
    return LB_OK;
}

/* New episode of at least 24 h with VAS above 2 cm. */
int lb_score_recurrence(lb_scoring *s, lb_error *err)
{
    (void)err;
    double hours, vas;
    int found = lb_scoring_number(s, "episode_hours", 0, 1e6, &hours);
    if (found == 1) found = lb_scoring_number(s, "vas_mm", 0, 100, &vas);
    if (found < 0) return LB_OK;
    if (found == 0) {
        lb_scoring_none(s, "episode_hours or vas_mm is missing");
        return LB_OK;
    }
    lb_set_int(s->out, "score", hours >= 24 && vas > 20);
    lb_set_bool(s->out, "recurrence", hours >= 24 && vas > 20);
    return LB_OK;
}
