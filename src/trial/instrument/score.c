/* instrument score: one operation for all instruments; a table of what each reads and how it scores. */
#include <stdio.h>
#include <string.h>

#include "trial/instrument/instrument.h"
#include "trial/instrument/score.h"

typedef struct instrument {
    const char *name, *columns; /* columns it needs (space separated; item* means item1…) */
    int (*score)(lb_scoring *s, lb_error *err);
    double low, high;           /* single values: range … */
    bool whole;
    const char *flag;           /* … a yes/no beside the score … */
    int64_t from, to;           /* … true for codes from..to */
} instrument;

static const instrument instruments[] = {
    {.name = "odi", .columns = "item1 item10", .score = lb_score_odi},
    {.name = "rmdq", .columns = "item1 item23", .score = lb_score_rmdq},
    {.name = "joa29", .columns = "", .score = lb_score_joa29},
    {.name = "recovery_rate", .columns = "pre post", .score = lb_score_recovery_rate},
    {.name = "change", .columns = "baseline followup", .score = lb_score_change},
    {.name = "recurrence", .columns = "episode_hours vas_mm", .score = lb_score_recurrence},
    {.name = "eq5d3l", .columns = "", .score = lb_score_eq5d3l},
    {.name = "eq5d5l", .columns = "", .score = lb_score_eq5d5l},
    {.name = "vas", .columns = "value", .low = 0, .high = 100, .whole = true},
    {.name = "nrs", .columns = "value", .low = 0, .high = 10, .whole = true},
    {.name = "nass", .columns = "value", .low = 1, .high = 4, .whole = true, .flag = "satisfied", .from = 1, .to = 2},
    {.name = "global_change", .columns = "value", .low = 1, .high = 7, .whole = true, .flag = "success", .from = 1, .to = 2},
    {.name = "bothersomeness", .columns = "value", .low = 1, .high = 5, .whole = true, .flag = "severe", .from = 4, .to = 5},
    {.name = "goutallier", .columns = "value", .low = 0, .high = 4, .whole = true, .flag = "grade_2_or_more", .from = 2, .to = 4},
    {.name = "sorensen", .columns = "value", .low = 0, .high = 240, .flag = "censored", .from = 240, .to = 240},
    {.name = "adherence", .columns = "week day aerobic strength balance stretching"},
};

static int single_value(const instrument *what, lb_scoring *s)
{
    double value;
    int64_t code;
    int found = what->whole ? lb_scoring_item(s, "value", (int64_t)what->low, (int64_t)what->high, &code)
                            : lb_scoring_number(s, "value", what->low, what->high, &value);
    if (found == 0) lb_scoring_none(s, "the value is missing");
    if (found != 1) return LB_OK;
    if (what->whole) value = (double)code;
    lb_set_number(s->out, "score", value);
    if (what->flag) lb_set_bool(s->out, what->flag, value >= (double)what->from && value <= (double)what->to);
    if (strcmp(what->name, "vas") == 0) lb_set_number(s->out, "cm", value / 10);
    return LB_OK;
}

static int check_columns(const instrument *what, const lb_table *table, lb_arena *arena, lb_error *err)
{
    size_t count;
    char **name = lb_text_split(arena, what->columns, ' ', &count);
    for (size_t i = 0; i < count; i++) {
        lb_column *column;
        int code = lb_table_column(table, name[i], &column, err);
        if (code != LB_OK) return code;
    }
    return LB_OK;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    const instrument *what = NULL;
    for (size_t i = 0; i < LB_COUNT(instruments); i++)
        if (strcmp(instruments[i].name, lb_call_text(call, "name")) == 0) what = &instruments[i];
    if (what == NULL) return lb_fail(err, LB_USAGE, "no such instrument"); /* the choices of the declaration say which there are */
    lb_table *table;
    int code = lb_call_table(call, "data", &table, err);
    if (code == LB_OK) code = check_columns(what, table, result->arena, err);
    if (code != LB_OK) return code;
    lb_value *rows = lb_set_array(result->results, "rows");
    if (strcmp(what->name, "adherence") == 0) {
        code = lb_score_adherence(call, table, result->results, err);
        lb_result_note(result, "Adherence as proposed for the trial (adherence-proposal-1): week = 100 (0.25 frequency + 0.25 duration + 0.40 "
                               "components + 0.10 supervision), overall = mean of the evaluable weeks, adherent from 75.0.");
        return code;
    }
    const lb_column *id = lb_table_find(table, "id");
    size_t none = 0;
    for (size_t r = 0; r < table->rows && code == LB_OK; r++) {
        lb_scoring s = {call, table, r, lb_push_object(rows)};
        char buffer[32];
        if (id) lb_set_text(s.out, "id", lb_column_text(id, r, buffer));
        code = what->score ? what->score(&s, err) : single_value(what, &s);
        none += lb_get(s.out, "score") && lb_get(s.out, "score")->type == LB_NULL;
    }
    lb_result_note(result, "%s: %zu rows, %zu without a score (each with its reason).", what->name, table->rows, none);
    return code;
}

static const lb_param params[] = {
    {.name = "name", .type = LB_P_CHOICE, .flags = LB_POSITIONAL | LB_REQUIRED, .summary = "the instrument",
     .choices = "odi,rmdq,vas,nrs,joa29,recovery_rate,nass,eq5d3l,eq5d5l,global_change,bothersomeness,goutallier,sorensen,recurrence,change,adherence"},
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "answers: item1…, state, value, … one row a questionnaire"},
    {.name = "variant", .type = LB_P_CHOICE, .summary = "Roland–Morris: number of items", .choices = "24,23", .preset = "24"},
    {.name = "prorate", .type = LB_P_FLAG, .summary = "Roland–Morris: n · sum / answered instead of counting what is not ticked as 0"},
    {.name = "max-missing", .type = LB_P_INT, .summary = "Roland–Morris prorated: most items missing", .preset = "5", .min = 0, .max = 23, .flags = LB_ADVANCED},
    {.name = "min-answered", .type = LB_P_INT, .summary = "ODI: fewest items answered (8 unless said)", .min = 1, .max = 10, .flags = LB_ADVANCED},
    {.name = "value-set", .type = LB_P_TEXT, .summary = "EQ-5D: the value set by its publication, e.g. DK_TTO_2009"},
    {.name = "scheme", .type = LB_P_CHOICE, .summary = "recovery rate: grading scheme in `grade`", .choices = "A,B,C", .preset = "A"},
    {.name = "mcid", .type = LB_P_NUMBER, .summary = "change: smallest important difference", .preset = "10"},
    {.name = "mic-percent", .type = LB_P_NUMBER, .summary = "change: smallest important change, percent of baseline", .preset = "30"},
    {.name = "higher-is-better", .type = LB_P_FLAG, .summary = "change: improvement = follow-up − baseline"},
    {.name = "weeks", .type = LB_P_INT, .summary = "adherence: weeks of the programme", .preset = "6", .min = 1, .max = 52},
};

const lb_op lb_op_instrument_score = {
    .area = "instrument",
    .verb = "score",
    .summary = "score questionnaires as their manuals say",
    .description = "Codes in, scores out, with each instrument's own rule for missing answers. An item out of range gives a reason, never a "
                   "number. ODI: percent of the answered sections, at least 8 (Fairbank & Pynsent 2000). Roland–Morris: count, or prorated. "
                   "JOA 29: any missing item means no total. EQ-5D: index by a value set named by its publication. Scores are rounded half up "
                   "to one decimal (EQ-5D: three), decided in whole numbers. No item wording is shipped.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar instrument score odi --data reference/trial/odi.csv",
};
