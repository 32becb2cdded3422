/* study simulate: a whole invented trial with known truth, from the protocol's `simulation` section. */
#include "trial/op_study.h"
#include "trial/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>

enum { PEOPLE_MOST = 20000, STREAM_EVENTS = 0x40000000 };

typedef struct trial {
    model m;
    person *screened;
    size_t screened_count;
    person **people; /* randomised, in order of randomisation */
    size_t n;
    lb_rtsm rtsm;
} trial;

static int by_time(const void *left, const void *right)
{
    const person *const *l = left, *const *r = right;
    if ((*l)->randomised != (*r)->randomised) return (*l)->randomised < (*r)->randomised ? -1 : 1;
    return (*l)->screening < (*r)->screening ? -1 : (*l)->screening > (*r)->screening;
}

/* Randomised one minute apart at least, so that the order of the log is the order of its times. */
static void order_people(trial *t)
{
    bool named = !t->m.needs.only;
    t->people = lb_arena_array(t->m.arena, t->screened_count + 1, sizeof *t->people);
    for (size_t i = 0; i < t->screened_count; i++)
        if (t->screened[i].consented) t->people[t->n++] = &t->screened[i];
    qsort(t->people, t->n, sizeof *t->people, by_time);
    for (size_t i = 0; i < t->n; i++) {
        person *p = t->people[i];
        if (i > 0 && p->randomised <= t->people[i - 1]->randomised) p->randomised = t->people[i - 1]->randomised + 60;
        if (named) p->id = lb_arena_printf(t->m.arena, "%s-%03zu", p->site, i + 1);
    }
}

static void set_value(lb_value *row, const char *key, lb_value value)
{
    if (value.type == LB_STRING) lb_set_text(row, key, value.text);
    else if (value.type == LB_INT) lb_set_int(row, key, value.integer);
    else lb_set_number(row, key, lb_number_of(&value));
}

static void set_date(lb_value *row, const char *key, int64_t days)
{
    char text[16];
    lb_date_text(days, text);
    lb_set_text(row, key, text);
}

/* Response as the study defines it: better by so many points, from one column to another; unknown when either is. */
static void add_response(const lb_value *rule, lb_value *row)
{
    if (rule == NULL) return;
    double from = lb_get_number(row, lb_get_text(rule, "from", ""), NAN), to = lb_get_number(row, lb_get_text(rule, "to", ""), NAN);
    if (isnan(from) || isnan(to)) lb_set_null(row, "response");
    else lb_set_int(row, "response", from - to >= lb_get_number(rule, "improvement", NAN));
}

static void add_participant(const trial *t, const person *p, lb_value *rows)
{
    const lb_study *s = t->m.study;
    const lb_value *columns = lb_get(t->m.spec, "participants");
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "id", p->id);
    lb_set_text(row, "centre", p->site);
    set_value(row, "sex", trial_person_value(&t->m, p, "sex"));
    for (size_t i = 0; columns && i < columns->count; i++)
        if (columns->item[i]->type == LB_STRING) set_value(row, columns->item[i]->text, trial_person_value(&t->m, p, columns->item[i]->text));
    lb_set_text(row, "arm", s->arm[p->arm].id);
    lb_set_text(row, "stratum", p->stratum);
    set_date(row, "randomised_on", p->randomised / 86400);
    for (size_t v = 0; v < s->visit_count; v++)
        for (size_t k = 0; k < t->m.scores; k++)
            if (t->m.score[k].column[v]) lb_set_number(row, t->m.score[k].column[v], trial_score_at(&t->m, p, k, v));
    if (lb_get(t->m.spec, "adherence")) lb_set_number(row, "adherence", p->adherence);
    lb_set_text(row, "last_visit", s->visit[p->last].id);
    lb_set_text(row, "reason", p->left);
    if (lb_get(t->m.spec, "recurrence")) {
        lb_set_int(row, "recurrence_days", p->recurrence_days);
        lb_set_int(row, "recurrence", p->recurrence);
    }
    add_response(lb_get(t->m.spec, "response"), row);
}

static void add_visit(const trial *t, const person *p, int visit, lb_value *rows)
{
    int day = p->day[t->m.place[visit]];
    if (day == INT32_MIN) return;
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "id", p->id);
    lb_set_text(row, "visit", t->m.study->visit[visit].id);
    lb_set_int(row, "day", day);
    set_date(row, "date", p->randomised / 86400 + day);
    for (size_t k = 0; k < t->m.scores; k++) lb_set_number(row, t->m.score[k].name, trial_score_at(&t->m, p, k, (size_t)visit));
}

static void add_screened(const trial *t, const person *p, lb_value *rows)
{
    lb_value *row = lb_push_object(rows);
    const lb_study_criterion *c = p->reason >= 0 ? &t->m.study->criterion[p->reason] : NULL;
    lb_set_textf(row, "id", "S%05zu", p->screening);
    set_date(row, "screened_on", p->screened / 86400);
    lb_set_text(row, "centre", p->site);
    set_value(row, "sex", trial_person_value(&t->m, p, "sex"));
    set_value(row, "age", trial_person_value(&t->m, p, "age"));
    lb_set_int(row, "eligible", p->eligible);
    if (c) lb_set_textf(row, "reason", "%s %s: %s", c->id, c->inclusion ? "not met" : "met", c->label.en);
    else lb_set_text(row, "reason", p->consented ? NULL : "declined to take part");
    if (c) lb_set_text(row, "criterion", c->id);
    else lb_set_null(row, "criterion");
    lb_set_int(row, "consented", p->consented);
    lb_set_int(row, "randomised", p->id != NULL);
    lb_set_text(row, "participant", p->id);
}

static void add_allocation(const trial *t, const person *p, size_t seq, lb_value *rows)
{
    char time[24];
    lb_value *row = lb_push_object(rows);
    lb_time_text(p->randomised, time);
    lb_set_int(row, "seq", (int64_t)seq);
    lb_set_text(row, "time_utc", time);
    lb_set_text(row, "subject", p->id);
    lb_set_text(row, "stratum", p->stratum);
    lb_set_text(row, "centre", p->site);
    set_value(row, "sex", trial_person_value(&t->m, p, "sex"));
    if (t->m.study->minimised) {
        for (size_t f = 0; f < t->m.study->factor_count; f++)
            set_value(row, t->m.study->factor[f], trial_person_value(&t->m, p, t->m.study->factor[f]));
        lb_set_number(row, "probability", p->probability);
    } else {
        lb_set_int(row, "block_index", p->block);
        lb_set_int(row, "position", p->position);
    }
    lb_set_text(row, "arm", t->m.study->arm[p->arm].code);
    lb_set_text(row, "event", "allocate");
}

/* Events have a stream of their own per person, so that a further event leaves everything else as it was. */
static void add_events(const trial *t, const person *p, size_t number, lb_value *rows)
{
    static const char *const grades[] = {"mild", "moderate", "severe"};
    const lb_value *events = lb_get(t->m.spec, "events");
    lb_random random;
    lb_random_init(&random, t->m.seed, STREAM_EVENTS + number);
    for (size_t i = 0; events && i < events->count; i++) {
        const lb_value *e = events->item[i], *weights = lb_get(e, "severity");
        const char *arm = lb_get_text(e, "arm", NULL);
        bool happens = lb_random_uniform(&random) < lb_get_number(e, "chance", 0);
        size_t grade = trial_weighted(&random, weights && weights->count == 3 ? weights : NULL, 3);
        bool serious = lb_random_uniform(&random) < lb_get_number(e, "serious", 0), related = lb_random_uniform(&random) < lb_get_number(e, "related", 0);
        int last = p->left ? p->last_day : t->m.study->visit[t->m.last_visit].nominal;
        int day = 1 + (int)lb_random_below(&random, (uint32_t)(last > 1 ? last : 1));
        if (!happens || (arm && strcmp(arm, t->m.study->arm[p->arm].id) != 0)) continue;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "id", p->id);
        lb_set_text(row, "term", lb_get_text(e, "term", ""));
        lb_set_text(row, "severity", grades[grade]);
        lb_set_int(row, "serious", serious);
        lb_set_text(row, "relatedness", related ? "related" : "not related");
        lb_set_int(row, "day", day);
    }
}

/* The table, unless only others are asked for. */
static lb_value *wanted(const lb_call *call, lb_value *tables, const char *name)
{
    const char *const *only;
    size_t count = lb_call_texts(call, "tables", &only);
    bool found = count == 0;
    for (size_t i = 0; i < count; i++) found |= strcmp(only[i], name) == 0;
    return found ? lb_set_array(tables, name) : NULL;
}

/* People draw from streams of their own, so that leaving a table out changes nothing in the others. */
static void fill_tables(const lb_call *call, trial *t, lb_value *tables)
{
    lb_value *participants = wanted(call, tables, "participants"), *visits = wanted(call, tables, "visits");
    lb_value *screening = wanted(call, tables, "screening"), *allocations = wanted(call, tables, "allocations");
    lb_value *events = wanted(call, tables, "adverse_events");
    lb_value *adherence = lb_get(t->m.spec, "adherence") ? wanted(call, tables, "adherence") : NULL;
    bool images = lb_get(t->m.spec, "radiomics") != NULL;
    lb_value *radiomics = images ? wanted(call, tables, "radiomics") : NULL, *again = images ? wanted(call, tables, "radiomics_second") : NULL;
    for (size_t i = 0; i < t->screened_count && screening; i++) add_screened(t, &t->screened[i], screening);
    for (size_t i = 0; i < t->n; i++) {
        person *p = t->people[i];
        if (participants) add_participant(t, p, participants);
        if (visits) add_visit(t, p, t->m.baseline_visit, visits);
        for (size_t v = 0; v < t->m.visits && visits; v++) add_visit(t, p, t->m.visit[v], visits);
        if (allocations) add_allocation(t, p, i + 1, allocations);
        if (events) add_events(t, p, i, events);
        if (radiomics || again) {
            lb_value *second = lb_value_object(t->m.arena);
            trial_radiomics(&t->m, p, i, radiomics ? lb_push_object(radiomics) : lb_value_object(t->m.arena), second);
            if (second->count && again) lb_push(again, second);
        }
        for (size_t w = 0; w < p->weeks && adherence; w++) {
            lb_value *row = lb_push_object(adherence);
            lb_set_text(row, "id", p->id);
            lb_set_int(row, "week", (int64_t)w + 1);
            lb_set_number(row, "score", p->week[w]);
        }
    }
}

static void fill_truth(const trial *t, lb_value *truth)
{
    const score *s = &t->m.score[0];
    double mean = 0;
    for (size_t i = 0; i < t->n; i++) mean += t->people[i]->effect / (double)t->n;
    lb_set_text(truth, "score", s->name);
    lb_set_text(truth, "treated", t->m.study->arm[t->m.treated].id);
    lb_set_number(truth, "effect", s->effect);
    lb_set_number(truth, "effect_mean", mean);
    lb_value *modifiers = lb_set_array(truth, "modifiers");
    for (size_t i = 0; i < s->modifiers; i++) {
        lb_value *row = lb_push_object(modifiers);
        lb_set_text(row, "item", t->m.draw[s->modifier[i].item].item);
        lb_set_number(row, "above", s->modifier[i].above);
        lb_set_number(row, "per_unit", s->modifier[i].per_unit);
    }
    lb_value *visits = lb_set_array(truth, "visits");
    for (size_t i = 0; i < t->m.visits; i++) {
        lb_value *row = lb_push_object(visits);
        lb_set_text(row, "visit", t->m.study->visit[t->m.visit[i]].id);
        lb_set_number(row, "course", s->course[t->m.visit[i]]);
        lb_set_number(row, "effect_mean", mean * s->fraction[t->m.visit[i]]);
    }
    const lb_value *recurrence = lb_get(t->m.spec, "recurrence");
    if (recurrence) lb_set_number(truth, "recurrence_log_hazard_ratio", lb_get_number(recurrence, "log_hazard_ratio", 0));
    lb_set_int(truth, "screened", (int64_t)t->screened_count);
    lb_set_int(truth, "randomised", (int64_t)t->n);
    if (t->m.study->minimised) return;
    char hex[65];
    for (size_t i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", t->rtsm.seed[i]);
    lb_set_text(truth, "trial", t->rtsm.trial);
    lb_set_text(truth, "sequence_seed", hex);
    lb_rtsm_commitment(&t->rtsm, hex);
    lb_set_text(truth, "commitment", hex);
}

static int write_tables(const lb_value *tables, lb_arena *arena, lb_result *result, lb_error *err)
{
    int code = LB_OK;
    for (size_t i = 0; i < tables->count && code == LB_OK; i++) {
        lb_table *table;
        lb_buf csv = {0};
        if (tables->item[i]->count == 0) continue; /* no rows, no columns: nothing to write */
        code = lb_table_from_value(tables->item[i], tables->key[i], arena, &table, err);
        if (code == LB_OK) {
            lb_csv_write(table, true, &csv);
            lb_result_artifact(result, lb_arena_printf(arena, "%s.csv", tables->key[i]), "text/csv", csv.data ? csv.data : "", csv.length);
        }
        lb_buf_free(&csv);
    }
    return code;
}

static size_t crowd_from(const trial *t, size_t first) { return t->n - first < TRIAL_CROWD ? t->n - first : TRIAL_CROWD; }

/* The people of one trial, from screening to the last visit; t->m is read. */
static int run_trial(lb_call *call, trial *t, lb_error *err)
{
    int code = trial_enrol(&t->m, (size_t)lb_call_int(call, "n"), &t->screened, &t->screened_count, err);
    if (code != LB_OK) return code;
    order_people(t);
    for (size_t i = 0; i < t->n; i += TRIAL_CROWD) trial_draw_baseline(&t->m, t->people + i, crowd_from(t, i));
    trial_allocate(&t->m, t->people, t->n, &t->rtsm);
    for (size_t i = 0; i < t->n; i += TRIAL_CROWD) {
        trial_follow(&t->m, t->people + i, crowd_from(t, i));
        lb_progress_report(lb_call_progress(call), (double)i / (double)t->n, "following people");
        if (lb_progress_cancelled(lb_call_progress(call))) return lb_fail(err, LB_CANCELLED, "stopped on request");
    }
    return LB_OK;
}

/* One trial: its truth and its tables. */
static int one_trial(lb_call *call, const lb_study *study, trial_criteria *criteria, uint64_t seed, lb_value *out, lb_arena *arena, lb_error *err)
{
    trial t = {0};
    int code = trial_model_read(study, criteria, seed, arena, &t.m, err);
    if (code == LB_OK) code = run_trial(call, &t, err);
    if (code != LB_OK) return code;
    fill_truth(&t, lb_set_object(out, "truth"));
    fill_tables(call, &t, lb_set_object(out, "tables"));
    return LB_OK;
}

/* Columns of several trials: one table for each, handed to the operation that asked (result->table). */
static int only_columns(lb_call *call, const lb_study *study, trial_criteria *criteria, const double *seed, size_t count, lb_result *result, lb_error *err)
{
    model m;
    trial_column *column;
    const char *const *name;
    size_t names = lb_call_texts(call, "columns", &name);
    lb_value *trials = lb_set_array(result->results, "trials");
    int code = trial_model_read(study, criteria, 0, lb_call_arena(call), &m, err);
    if (code != LB_OK) return code;
    if (!trial_columns_plan(&m, name, names, &m.needs, &column)) {
        lb_fail(err, LB_USAGE, "not every one of these columns can be made without the whole trial");
        lb_error_where(err, "columns");
        return LB_USAGE;
    }
    for (size_t i = 0; i < count && code == LB_OK; i++) {
        trial t = {.m = m};
        t.m.seed = (uint64_t)seed[i];
        t.m.arena = lb_arena_new();
        code = run_trial(call, &t, err);
        if (code == LB_OK) {
            double mean = 0;
            for (size_t k = 0; k < t.n; k++) mean += t.people[k]->effect / (double)t.n;
            lb_set_number(lb_push_object(trials), "effect_mean", mean);
            trial_columns_fill(&t.m, t.people, t.n, column, names, lb_result_table(result, "participants", t.n));
        }
        lb_arena_free(t.m.arena);
    }
    return code;
}

/* Several trials of one study, for those who count what becomes of them: no files. */
static int several(lb_call *call, const lb_study *study, trial_criteria *criteria, const double *seed, size_t count, lb_result *result, lb_error *err)
{
    int code = LB_OK;
    for (size_t i = 0; i < count; i++) {
        if (!(seed[i] >= 0 && seed[i] <= 9007199254740991.0 && seed[i] == floor(seed[i]))) {
            lb_fail(err, LB_USAGE, "a seed is a whole number from 0 to 9007199254740991");
            lb_error_where(err, "seeds");
            return LB_USAGE;
        }
    }
    if (lb_call_given(call, "columns")) return only_columns(call, study, criteria, seed, count, result, err);
    lb_value *trials = lb_set_array(result->results, "trials");
    for (size_t i = 0; i < count && code == LB_OK; i++) {
        lb_arena *work = lb_arena_new(); /* results keep copies */
        code = one_trial(call, study, criteria, (uint64_t)seed[i], lb_push_object(trials), work, err);
        lb_arena_free(work);
    }
    return code;
}

static int simulate(lb_call *call, const lb_study *study, trial_criteria *criteria, lb_result *result, lb_error *err)
{
    const double *seeds;
    size_t count = lb_call_numbers(call, "seeds", &seeds);
    lb_arena *arena = lb_call_arena(call);
    if (lb_call_given(call, "columns") && count == 0) {
        lb_fail(err, LB_USAGE, "columns are for several trials at once, inside the program");
        lb_error_where(err, "columns");
        lb_error_hint(err, "ask for --tables participants");
        return LB_USAGE;
    }
    lb_set_text(result->results, "study", study->id);
    lb_set_text(result->results, "study_sha256", study->sha256);
    if (count) return several(call, study, criteria, seeds, count, result, err);
    int code = one_trial(call, study, criteria, (uint64_t)lb_call_int(call, "seed"), result->results, arena, err);
    if (code != LB_OK) return code;
    lb_value *tables = lb_get(result->results, "tables");
    lb_result_note(result, "Invented people, drawn from the protocol's section 'simulation' with seed %lld; nobody real is described. "
                           "truth.effect_mean is the mean true effect over the people randomised, before scores are rounded and held inside "
                           "their range.",
                   (long long)lb_call_int(call, "seed"));
    return write_tables(tables, arena, result, err);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_study *study;
    int code = trial_study_of_call(call, &study, err);
    if (code != LB_OK) return code;
    trial_criteria *criteria = trial_criteria_new(study);
    code = simulate(call, study, criteria, result, err);
    trial_criteria_free(criteria);
    lb_study_close(study);
    return code;
}

static const lb_param params[] = {
    TRIAL_PARAM_STUDY,
    {"n", LB_P_INT, 0, "people to randomise", "314", NULL, 1, PEOPLE_MOST, NULL},
    {"seed", LB_P_INT, 0, "seed of all random numbers", "1", NULL, 0, 9007199254740991.0, NULL},
    {"tables", LB_P_TEXTS, LB_ADVANCED, "only these tables: participants, visits, screening, …", NULL, NULL, 0, 0, NULL},
    {"seeds", LB_P_NUMBERS, LB_ADVANCED, "several trials at once, one for each seed (results.trials, no files)", NULL, NULL, 0, 0, NULL},
    {"columns", LB_P_TEXTS, LB_ADVANCED, "with seeds: only these columns of participants, for another operation", NULL, NULL, 0, 0, NULL},
};

const lb_op trial_op_simulate = {
    .area = "study",
    .verb = "simulate",
    .summary = "a whole invented trial with known truth",
    .description =
        "Screens invented people until n are randomised: the protocol's own rules judge them, some decline, the others are allocated as the "
        "protocol says (permuted blocks by rtsm-v1, whose seed is in truth, or minimisation). Scores run with a person's own level and slope, "
        "an effect of treatment that may depend on a baseline value, and leaving that depends on the last score seen. Tables: participants, "
        "visits, screening, allocations, adverse_events, adherence, and where the protocol says so radiomics with a second reading of some; each also as a CSV file. Random numbers are Philox streams by person "
        "(Salmon et al. 2011), so a seed gives the same trial everywhere.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar study simulate studies/metnlbp.yaml --n 20 --seed 1",
};
