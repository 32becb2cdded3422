/* Running the validation: tasks in a row (final fit, nested folds, bootstrap replicates, permutations), each writing its own slot. */
#include "predict/validate.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { STREAM_SPLIT = 1, STREAM_FOLDS = 2 };
#define STREAM_TASK ((uint64_t)1 << 20) /* each task has this many streams of its own */

typedef struct task {
    lb_arena *arena;
    lb_fit_ledger *ledger;
    lb_error err;
    int code;
    lb_packed packed;      /* bootstrap: the primary's program */
    bool *kept;            /* bootstrap: which names */
} task;

typedef struct run {
    const lb_pipeline *pipeline;
    const lb_cohort *cohort;
    const lb_validation *o;
    lb_validated *out;
    size_t *fold, folds;
    lb_arena *keep; /* what the final fit is made of; no other task touches it */
    task *task;
    size_t tasks;
    atomic_size_t finished;
} run;

static size_t contenders(const run *r) { return r->pipeline->contenders; }

static int final_fit(run *r, task *t, uint64_t stream, lb_arena *keep)
{
    lb_validated *out = r->out;
    int code = lb_pipeline_fit(r->pipeline, r->cohort, t->ledger, "final", out->train_row, out->train, SIZE_MAX, r->o->seed, stream, keep, &out->final, &t->err);
    for (size_t k = 0; k < contenders(r) && !code; k++) lb_trained_risks(&out->final, k, r->cohort, out->test_row, out->test, out->tested[k]);
    if (!code && out->test) lb_fit_ledger_judge(t->ledger, "final", "held-out part", out->test_row, out->test, false);
    return code;
}

static int nested_fold(run *r, task *t, size_t f, uint64_t stream)
{
    lb_validated *out = r->out;
    size_t *in = lb_arena_array(t->arena, 2 * out->train + 1, sizeof *in), *held = in + out->train, ins = 0, helds = 0;
    char scope[64];
    snprintf(scope, sizeof scope, "nested %zu", f + 1);
    for (size_t i = 0; i < out->train; i++) {
        if (r->fold[i] != f) in[ins++] = out->train_row[i];
        else held[helds++] = out->train_row[i];
    }
    lb_trained trained;
    int code = lb_pipeline_fit(r->pipeline, r->cohort, t->ledger, scope, in, ins, SIZE_MAX, r->o->seed, stream, t->arena, &trained, &t->err);
    double *risk = lb_arena_array(t->arena, helds + 1, sizeof *risk);
    for (size_t k = 0; k < contenders(r) && !code; k++) {
        lb_trained_risks(&trained, k, r->cohort, held, helds, risk);
        for (size_t i = 0, h = 0; i < out->train; i++) {
            if (r->fold[i] != f) continue;
            out->nested[k][i] = risk[h++];
            out->nested_positive[k][i] = out->nested[k][i] >= trained.threshold[k];
        }
    }
    if (!code) lb_fit_ledger_judge(t->ledger, scope, "outer fold", held, helds, false);
    return code;
}

/* People drawn with replacement, with all their rows; who was never drawn is held out. */
static void draw(const run *r, task *t, uint64_t stream, size_t **in, size_t *ins, size_t **held, size_t *helds)
{
    const lb_validated *out = r->out;
    const int32_t *group = lb_cohort_group(r->cohort);
    size_t groups = 0, *person = lb_arena_array(t->arena, out->train + 1, sizeof *person), people = 0, most = 0;
    for (size_t i = 0; i < out->train; i++) groups = (size_t)group[out->train_row[i]] + 1 > groups ? (size_t)group[out->train_row[i]] + 1 : groups;
    size_t *rows = lb_arena_array(t->arena, 2 * groups + 2, sizeof *rows), *times = rows + groups + 1;
    for (size_t i = 0; i < out->train; i++) {
        size_t g = (size_t)group[out->train_row[i]];
        if (!rows[g]++) person[people++] = g;
        most = rows[g] > most ? rows[g] : most;
    }
    lb_random random;
    lb_random_init(&random, r->o->seed, stream);
    size_t total = 0;
    for (size_t k = 0; k < people; k++) {
        size_t g = person[lb_random_below(&random, (uint32_t)people)];
        times[g]++;
        total += rows[g];
    }
    *in = lb_arena_array(t->arena, total + 1, sizeof **in);
    *held = lb_arena_array(t->arena, out->train + 1, sizeof **held);
    *ins = *helds = 0;
    for (size_t i = 0; i < out->train; i++) {
        size_t row = out->train_row[i], g = (size_t)group[row];
        for (size_t k = 0; k < times[g]; k++) (*in)[(*ins)++] = row;
        if (!times[g]) (*held)[(*helds)++] = row;
    }
}

static lb_measures judged(const run *r, task *t, const lb_trained *trained, size_t k, const char *scope, const char *what, const size_t *row, size_t n,
                          bool apparent)
{
    lb_view view = lb_view_judge(r->cohort, t->ledger, scope, what, row, n, apparent, t->arena);
    double *risk = lb_arena_array(t->arena, view.n + 1, sizeof *risk);
    lb_trained_risks(trained, k, r->cohort, view.row, view.n, risk);
    return lb_measure(view.event, risk, view.weight, view.n, t->arena);
}

static int bootstrap(run *r, task *t, size_t b, uint64_t stream)
{
    size_t *in, *held, ins, helds;
    char scope[64];
    snprintf(scope, sizeof scope, "bootstrap %zu", b + 1);
    draw(r, t, stream, &in, &ins, &held, &helds);
    lb_trained trained;
    int code = lb_pipeline_fit(r->pipeline, r->cohort, t->ledger, scope, in, ins, SIZE_MAX, r->o->seed, stream + 1, t->arena, &trained, &t->err);
    if (code) return code;
    for (size_t k = 0; k < contenders(r); k++) {
        lb_bootstrap_row *row = &r->out->bootstrap[b * contenders(r) + k];
        row->apparent = judged(r, t, &trained, k, scope, "apparent, on the sample", in, ins, true);
        row->original = judged(r, t, &trained, k, scope, "optimism, on all trained on", r->out->train_row, r->out->train, true);
        row->held = judged(r, t, &trained, k, scope, "people not drawn", held, helds, false);
        row->done = true;
    }
    t->kept = lb_arena_array(t->arena, r->out->names + 1, sizeof *t->kept);
    for (size_t j = 0; j < trained.prepared.count; j++)
        for (size_t m = 0; m < r->out->names; m++)
            if (strcmp(r->out->name[m], trained.prepared.name[j]) == 0) t->kept[m] = true;
    if (b < r->o->refits) lb_pack_program(&t->packed, &trained.program[r->o->primary], trained.frame.batches);
    return 0;
}

/* A new split and dealt labels: what the whole pipeline, every model of it, finds where nothing is. */
static int permutation(run *r, task *t, size_t number, uint64_t stream)
{
    lb_random random;
    lb_random_init(&random, r->o->seed, stream);
    lb_cohort *dealt = lb_cohort_permuted(r->cohort, &random, t->arena);
    size_t n = lb_cohort_rows(r->cohort), *in = lb_arena_array(t->arena, 2 * n + 1, sizeof *in), *held = in + n, ins = 0, helds = 0;
    bool *train = lb_arena_array(t->arena, n + 1, sizeof *train);
    char scope[64];
    snprintf(scope, sizeof scope, "permutation %zu", number + 1);
    lb_split(dealt, t->ledger, scope, r->o->split > 0 ? r->o->split : 0.7, &random, train, t->arena);
    for (size_t i = 0; i < n; i++) train[i] ? (in[ins++] = i) : (held[helds++] = i);
    lb_trained trained;
    int code = lb_pipeline_fit(r->pipeline, dealt, t->ledger, scope, in, ins, SIZE_MAX, r->o->seed, stream + 1, t->arena, &trained, &t->err);
    if (code) return code;
    lb_view view = lb_view_judge(dealt, t->ledger, scope, "held-out part", held, helds, false, t->arena);
    double *risk = lb_arena_array(t->arena, view.n + 1, sizeof *risk);
    for (size_t k = 0; k < contenders(r); k++) {
        lb_trained_risks(&trained, k, dealt, view.row, view.n, risk);
        r->out->permuted[k][number] = lb_auc(view.event, risk, view.weight, view.n);
    }
    return 0;
}

static void one_task(void *context, size_t index)
{
    run *r = context;
    task *t = &r->task[index];
    uint64_t stream = STREAM_TASK * (index + 1);
    if (lb_progress_cancelled(r->o->progress)) {
        t->code = lb_fail(&t->err, LB_CANCELLED, "cancelled");
        return;
    }
    t->arena = lb_arena_new();
    t->ledger = lb_fit_ledger_new(lb_cohort_rows(r->cohort), lb_cohort_group(r->cohort), t->arena);
    size_t k = index;
    if (k == 0) t->code = final_fit(r, t, stream, r->keep);
    else if ((k -= 1) < r->folds) t->code = nested_fold(r, t, k, stream);
    else if ((k -= r->folds) < r->o->bootstrap) t->code = bootstrap(r, t, k, stream);
    else t->code = permutation(r, t, k - r->o->bootstrap, stream);
    lb_progress_report(r->o->progress, (double)(atomic_fetch_add(&r->finished, 1) + 1) / (double)r->tasks, "fitting pipelines");
}

static void split_rows(run *r, lb_arena *arena)
{
    lb_validated *out = r->out;
    size_t n = lb_cohort_rows(r->cohort);
    bool *train = lb_arena_array(arena, n + 1, sizeof *train);
    lb_random random;
    lb_random_init(&random, r->o->seed, STREAM_SPLIT);
    for (size_t i = 0; i < n; i++) train[i] = true;
    if (r->o->split > 0) lb_split(r->cohort, out->ledger, "", r->o->split, &random, train, arena);
    out->train_row = lb_arena_array(arena, n + 1, sizeof *out->train_row);
    out->test_row = lb_arena_array(arena, n + 1, sizeof *out->test_row);
    for (size_t i = 0; i < n; i++) train[i] ? (out->train_row[out->train++] = i) : (out->test_row[out->test++] = i);
}

static void deal_outer(run *r, lb_arena *arena)
{
    lb_validated *out = r->out;
    lb_random random;
    lb_random_init(&random, r->o->seed, STREAM_FOLDS);
    lb_view view = lb_view_judge(r->cohort, out->ledger, "", "outer folds, balanced by outcome", out->train_row, out->train, true, arena);
    double *event = lb_arena_array(arena, out->train + 1, sizeof *event);
    int32_t *group = lb_arena_array(arena, out->train + 1, sizeof *group);
    for (size_t i = 0, seen = 0; i < out->train; i++) {
        bool known = seen < view.n && view.row[seen] == out->train_row[i];
        event[i] = known ? view.event[seen++] : 0;
        group[i] = lb_cohort_group(r->cohort)[out->train_row[i]];
    }
    r->fold = lb_arena_array(arena, out->train + 1, sizeof *r->fold);
    r->folds = r->o->folds ? lb_deal_folds(event, group, out->train, r->o->folds, &random, r->fold, arena) : 0;
}

static void list_names(run *r, lb_arena *arena)
{
    lb_validated *out = r->out;
    size_t inputs = lb_cohort_inputs(r->cohort), most = 0;
    for (size_t i = 0; i < inputs; i++) most += lb_cohort_input(r->cohort, i)->category ? lb_cohort_input(r->cohort, i)->levels : 1;
    out->name = lb_arena_array(arena, most + 1, sizeof *out->name);
    out->selected = lb_arena_array(arena, most + 1, sizeof *out->selected);
    for (size_t i = 0; i < inputs; i++) {
        const lb_input *in = lb_cohort_input(r->cohort, i);
        if (!in->category) out->name[out->names++] = in->name;
        for (size_t l = 1; in->category && l < in->levels; l++) out->name[out->names++] = lb_arena_printf(arena, "%s=%s", in->name, in->level[l]);
    }
}

static int make_room(run *r, lb_arena *arena, lb_error *err)
{
    lb_validated *out = r->out;
    size_t k = contenders(r);
    out->nested = lb_arena_array(arena, k, sizeof *out->nested);
    out->nested_positive = lb_arena_array(arena, k, sizeof *out->nested_positive);
    out->tested = lb_arena_array(arena, k, sizeof *out->tested);
    for (size_t c = 0; c < k; c++) {
        out->nested[c] = lb_arena_array(arena, out->train + 1, sizeof(double));
        for (size_t i = 0; i < out->train; i++) out->nested[c][i] = NAN;
        out->nested_positive[c] = lb_arena_array(arena, out->train + 1, sizeof(bool));
        out->tested[c] = lb_arena_array(arena, out->test + 1, sizeof(double));
    }
    out->bootstrap = lb_arena_try(arena, r->o->bootstrap + 1, k * sizeof *out->bootstrap);
    out->permuted = lb_arena_array(arena, k, sizeof *out->permuted);
    for (size_t c = 0; c < k; c++) out->permuted[c] = lb_arena_array(arena, r->o->permutations + 1, sizeof(double));
    r->tasks = 1 + r->folds + r->o->bootstrap + r->o->permutations;
    r->task = lb_arena_try(arena, r->tasks, sizeof *r->task);
    return out->bootstrap && r->task ? 0 : lb_fail(err, LB_TOO_LARGE, "%zu replicates do not fit in memory", r->o->bootstrap);
}

/* A replicate that could not be fitted is left out and counted; anything else that failed fails the whole. */
static int gather(run *r, lb_arena *arena, lb_error *err)
{
    lb_validated *out = r->out;
    size_t boots = 0;
    for (size_t i = 0; i < r->tasks; i++) {
        task *t = &r->task[i];
        bool boot = i > r->folds && i <= r->folds + r->o->bootstrap;
        if (t->code && boot && t->code == LB_BAD_DATA) {
            out->bootstrap_failed++;
            out->bootstrap_error = lb_arena_text(arena, t->err.message);
            continue;
        }
        if (t->code) {
            if (err) *err = t->err;
            return t->code;
        }
        lb_fit_ledger_append(out->ledger, t->ledger);
        if (boot) {
            boots++;
            for (size_t m = 0; m < out->names; m++) out->selected[m] += t->kept[m];
            for (size_t k = 0; k < t->packed.count; k++) lb_pack_number(&out->refit, t->packed.data[k]);
            out->refits += t->packed.count > 0;
        }
    }
    for (size_t m = 0; m < out->names; m++) out->selected[m] = boots ? out->selected[m] / (double)boots : NAN;
    return 0;
}

int lb_validate(const lb_pipeline *pipeline, const lb_cohort *cohort, const lb_validation *options, lb_arena *arena, lb_validated *out, lb_error *err)
{
    run r = {.pipeline = pipeline, .cohort = cohort, .o = options, .out = out, .keep = arena};
    *out = (lb_validated){.ledger = lb_fit_ledger_new(lb_cohort_rows(cohort), lb_cohort_group(cohort), arena)};
    split_rows(&r, arena);
    deal_outer(&r, arena);
    list_names(&r, arena);
    int code = make_room(&r, arena, err);
    if (code) return code;
    lb_parallel_for(r.tasks, options->threads, one_task, &r);
    code = gather(&r, arena, err);
    for (size_t i = 0; i < r.tasks; i++) {
        lb_packed_free(&r.task[i].packed);
        lb_arena_free(r.task[i].arena);
    }
    size_t known, events, censored;
    lb_cohort_count(cohort, &known, &events, &censored);
    double held = options->split > 0 ? 1 - options->split : 0.3, cases = held * (double)events, others = held * (double)(known - events);
    out->permuted_sd = sqrt((cases + others + 1) / (12 * cases * others));
    return code;
}
