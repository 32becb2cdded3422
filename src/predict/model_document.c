/* The published model as a document: inputs with unit, plausible and training range; preprocessing and model; recalibration; bootstrap
 * refits; strata and pathways; provenance, performance, licence. */
#include "predict/model_document.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

static void copy_text(const lb_value *from, const char *key, lb_value *to, const char *as)
{
    const char *text = lb_get_text(from, key, NULL);
    if (text) lb_set_text(to, as, text);
}

/* Smallest, median and largest among the people trained on. */
static void training_range(const lb_input *in, const lb_validated *run, lb_arena *scratch, lb_value *out)
{
    double *known = lb_arena_array(scratch, run->train + 1, sizeof *known);
    uint32_t *order = lb_arena_array(scratch, run->train + 1, sizeof *order);
    size_t n = 0;
    for (size_t i = 0; i < run->train; i++)
        if (!isnan(in->value[run->train_row[i]])) known[n++] = in->value[run->train_row[i]];
    lb_set_int(out, "training_missing", (int64_t)(run->train - n));
    if (!n || lb_sort_order(known, n, order, NULL)) return;
    lb_set_number(out, "training_min", known[order[0]]);
    lb_set_number(out, "training_median", n % 2 ? known[order[n / 2]] : (known[order[n / 2 - 1]] + known[order[n / 2]]) / 2);
    lb_set_number(out, "training_max", known[order[n - 1]]);
}

static void write_input(const lb_input *in, const lb_validated *run, bool in_model, bool unknown_allowed, lb_arena *scratch, lb_value *out)
{
    lb_set_text(out, "name", in->name);
    lb_set_text(out, "label", in->label);
    if (in->label_zh) lb_set_text(out, "label_zh", in->label_zh);
    if (in->unit) lb_set_text(out, "unit", in->unit);
    lb_set_text(out, "kind", in->kind);
    lb_set_text(out, "type", in->category ? "category" : "number");
    lb_set_bool(out, "in_model", in_model);
    lb_set_bool(out, "unknown_allowed", unknown_allowed);
    if (in->category) {
        lb_value *levels = lb_set_array(out, "levels"), *seen = lb_set_array(out, "training_levels");
        for (size_t l = 0; l < in->levels; l++) {
            size_t count = 0;
            for (size_t i = 0; i < run->train; i++) count += in->value[run->train_row[i]] == (double)l;
            lb_push_text(levels, in->level[l]);
            lb_push_int(seen, (int64_t)count);
        }
        return;
    }
    if (!isnan(in->plausible_min)) lb_set_number(out, "plausible_min", in->plausible_min), lb_set_number(out, "plausible_max", in->plausible_max);
    training_range(in, run, scratch, out);
}

/* The primary program and its refits as one loaded model over all inputs of the cohort. */
static lb_score_model *all_programs(const lb_model_plan *plan, const lb_model_people *people, const lb_validated *run, lb_arena *scratch)
{
    lb_packed packed = {0};
    size_t batches = run->final.frame.batches;
    lb_pack_head(&packed, people->inputs, run->final.frame.batch_input, batches, run->refits + 1);
    lb_pack_program(&packed, &run->final.program[plan->validation.primary], batches);
    for (size_t k = 0; k < run->refit.count; k++) lb_pack_number(&packed, run->refit.data[k]);
    double *copy = lb_arena_try(scratch, packed.count + 1, sizeof *copy);
    size_t size = copy ? lb_score_size(packed.data, packed.count) : 0;
    void *memory = size ? lb_arena_try(scratch, size, 1) : NULL;
    lb_score_model *model = NULL;
    if (memory) {
        memcpy(copy, packed.data, packed.count * sizeof *copy);
        model = lb_score_load(copy, packed.count, memory);
    }
    lb_packed_free(&packed);
    return model;
}

static bool uses(const lb_score_program *p, size_t input, int32_t batch)
{
    bool dead_ok = p->kind == LB_SCORE_LINEAR; /* a coefficient of 0 is not a use */
    for (size_t j = 0; j < p->columns; j++) {
        if (dead_ok && p->beta[2 * j] == 0) continue;
        if (p->column[j].input == input) return true;
        if (p->column[j].batch && (int32_t)input == batch) return true;
    }
    return false;
}

/* Columns whose coefficient is 0 leave a linear program. */
static void tidy(lb_score_program *p, lb_arena *arena)
{
    if (p->kind != LB_SCORE_LINEAR) return;
    double *beta = lb_arena_array(arena, 2 * p->columns + 1, sizeof *beta);
    lb_score_column *column = lb_arena_array(arena, p->columns + 1, sizeof *column);
    size_t kept = 0;
    for (size_t j = 0; j < p->columns; j++) {
        if (p->beta[2 * j] == 0) continue;
        column[kept] = p->column[j];
        beta[2 * kept] = p->beta[2 * j], beta[2 * kept + 1] = p->beta[2 * j + 1];
        kept++;
    }
    p->columns = kept, p->column = column, p->beta = beta;
}

static void write_programs(const lb_model_people *people, lb_score_model *model, const lb_validated *run, const char **name, lb_arena *scratch, lb_value *out)
{
    lb_value *inputs = lb_set_array(out, "inputs");
    for (size_t i = 0; i < people->inputs; i++) {
        const lb_input *in = &people->input[i];
        bool in_model = uses(&model->program[0], i, model->batch_input), in_refit = false;
        for (size_t k = 1; k < model->programs && !in_refit && !in_model; k++) in_refit = uses(&model->program[k], i, model->batch_input);
        name[i] = in->name;
        if (!in_model && !in_refit) continue;
        write_input(in, run, in_model, in->unknown_allowed || !in_model || (int32_t)i == model->batch_input, scratch, lb_push_object(inputs));
    }
    bool batched = false;
    for (size_t k = 0; k < model->programs; k++)
        for (size_t j = 0; j < model->program[k].columns; j++) batched |= model->program[k].column[j].batch != NULL;
    if (batched) {
        lb_value *batch = lb_set_object(out, "batch");
        lb_set_text(batch, "input", people->input[model->batch_input].name);
        lb_set_text(batch, "method", "ComBat; an unknown batch is taken as it is");
    }
    for (size_t k = 0; k < model->programs; k++) tidy(&model->program[k], scratch);
    lb_program_write(&model->program[0], name, model->batches, lb_set_object(out, "model"));
    lb_value *refits = lb_set_array(out, "refits");
    for (size_t k = 1; k < model->programs; k++) lb_program_write(&model->program[k], name, model->batches, lb_push_object(refits));
}

static void write_outcome(const lb_value *outcome, lb_value *out)
{
    static const char *const keys[] = {"id", "label", "label_zh", "definition", "definition_zh", "event", "value", "time", "better"};
    lb_value *o = lb_set_object(out, "outcome");
    for (size_t k = 0; k < LB_COUNT(keys); k++) copy_text(outcome, keys[k], o, keys[k]);
    if (lb_get(outcome, "horizon")) lb_set_number(o, "horizon_days", lb_get_number(outcome, "horizon", NAN));
    const lb_value *strata = lb_get(outcome, "strata");
    lb_value *list = lb_set_array(out, "strata");
    for (size_t s = 0; strata && s < strata->count; s++) {
        lb_value *row = lb_push_object(list);
        static const char *const words[] = {"label", "label_zh", "pathway", "pathway_zh"};
        lb_set_number(row, "below", lb_get_number(strata->item[s], "below", 1));
        for (size_t k = 0; k < LB_COUNT(words); k++) copy_text(strata->item[s], words[k], row, words[k]);
    }
}

static void write_training(const lb_model_plan *plan, const lb_model_people *people, const lb_validated *run, lb_table *const *table, size_t tables,
                           lb_value *out)
{
    char hex[65];
    lb_value *t = lb_set_object(out, "training");
    lb_set_text(t, "study", lb_get_text(plan->root, "study", NULL));
    lb_set_text(t, "plan", lb_get_text(plan->root, "plan", NULL));
    lb_set_text(t, "plan_version", lb_get_text(plan->root, "version", NULL));
    lb_set_text(t, "plan_sha256", plan->sha256);
    lb_set_int(t, "people", (int64_t)people->people);
    lb_set_int(t, "rows_trained_on", (int64_t)run->train);
    lb_set_int(t, "rows_held_out", (int64_t)run->test);
    lb_set_int(t, "events", (int64_t)people->events);
    lb_set_int(t, "seed", (int64_t)plan->validation.seed);
    lb_set_text(t, "software", "lumbar");
    lb_set_text(t, "version", lb_version());
    lb_fit_ledger_hash(run->ledger, hex);
    lb_set_text(t, "ledger_sha256", hex);
    lb_value *data = lb_set_array(t, "data");
    for (size_t i = 0; i < tables; i++) {
        lb_value *row = lb_push_object(data);
        lb_set_text(row, "table", table[i]->name);
        lb_set_int(row, "rows", (int64_t)table[i]->rows);
        lb_set_text(row, "sha256", table[i]->sha256);
    }
}

/* The figures a reader needs, from the report. */
static void write_performance(const lb_model_plan *plan, const lb_value *report, lb_value *out)
{
    const lb_value *models = lb_get(report, "models"), *mine = models && plan->validation.primary < models->count ? models->item[plan->validation.primary] : NULL;
    static const char *const parts[] = {"test", "nested"}, *const keys[] = {"n", "events", "auc", "auc_lower", "auc_upper", "brier", "slope", "slope_lower", "slope_upper",
                                                                           "in_the_large", "sensitivity", "sensitivity_lower", "sensitivity_upper", "specificity",
                                                                           "specificity_lower", "specificity_upper", "ppv", "npv", "oe_ratio", "ici"};
    lb_value *p = lb_set_object(out, "performance");
    for (size_t k = 0; k < LB_COUNT(parts); k++) {
        const lb_value *from = lb_get(mine, parts[k]);
        if (!from) continue;
        lb_value *to = lb_set_object(p, parts[k]);
        for (size_t m = 0; m < LB_COUNT(keys); m++)
            if (lb_get(from, keys[m])) lb_set_number(to, keys[m], lb_get_number(from, keys[m], NAN));
    }
    const lb_value *bootstrap = lb_get(mine, "bootstrap"), *corrected = lb_get(bootstrap, "corrected");
    if (!corrected) return;
    lb_value *plus = lb_set_object(p, "bootstrap_632"); /* Harrell's correction is too good for learners that fit their rows perfectly */
    lb_set_number(plus, "auc", lb_get_number(bootstrap, "auc_632plus", NAN));
    lb_set_number(plus, "brier", lb_get_number(bootstrap, "brier_632", NAN));
    lb_value *to = lb_set_object(p, "optimism_corrected");
    for (size_t k = 0; k < corrected->count; k++) lb_set_number(to, corrected->key[k], lb_number_of(corrected->item[k]));
}

int lb_model_document(const lb_model_plan *plan, const lb_value *outcome, const lb_model_people *people, const lb_validated *run, const lb_value *report,
                      lb_table *const *table, size_t tables, lb_arena *arena, lb_value **out, lb_error *err)
{
    const lb_contender *primary = &plan->pipeline.contender[plan->validation.primary];
    const lb_value *publish = lb_get(plan->root, "publish");
    lb_arena *scratch = lb_arena_new();
    lb_score_model *model = all_programs(plan, people, run, scratch);
    if (!model) {
        lb_arena_free(scratch);
        return lb_fail(err, LB_TOO_LARGE, "the model and its refits do not fit in memory");
    }
    lb_value *d = *out = lb_value_object(arena);
    lb_set_text(d, "format", "lumbar-model");
    lb_set_int(d, "format_version", 2);
    lb_set_text(d, "status", "research use only");
    lb_set_text(d, "title", lb_get_text(plan->root, "title", "Prediction model"));
    write_outcome(outcome, d);
    lb_value *learner = lb_set_object(d, "learner");
    lb_set_text(learner, "name", primary->learner->name);
    lb_set_text(learner, "label", primary->label);
    lb_set(learner, "parameters", (lb_value *)(uintptr_t)primary->grid[run->final.chosen[plan->validation.primary]]);
    lb_set_number(d, "threshold", run->final.threshold[plan->validation.primary]);
    const char **name = lb_arena_array(arena, people->inputs + 1, sizeof *name);
    write_programs(people, model, run, name, scratch, d);
    write_training(plan, people, run, table, tables, d);
    write_performance(plan, report, d);
    static const char *const words[] = {"licence", "contact", "intended_use", "intended_use_zh", "limits", "limits_zh"};
    for (size_t k = 0; k < LB_COUNT(words); k++) copy_text(publish, words[k], d, words[k]);
    lb_arena_free(scratch);
    return 0;
}
