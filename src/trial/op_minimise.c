/* randomise minimise: where minimisation would send the next person, and with which chance. */
#include "trial/ops.h"

#include <string.h>

enum { FACTORS_MOST = 64 };

/* "k=v,k=v" → pairs; false when a piece has no '='. */
static int read_pairs(lb_call *call, const char *option, lb_value **out, lb_error *err)
{
    const char *text = lb_call_text(call, option);
    size_t count = 0;
    *out = lb_value_object(lb_call_arena(call));
    char **piece = text ? lb_text_split(lb_call_arena(call), text, ',', &count) : NULL;
    for (size_t i = 0; i < count; i++) {
        char *equals = strchr(piece[i], '=');
        if (!equals || equals == piece[i]) {
            lb_fail(err, LB_USAGE, "'%s' is not of the form factor=value", piece[i]);
            lb_error_where(err, "--%s", option);
            return LB_USAGE;
        }
        *equals = 0;
        lb_set_text(*out, piece[i], equals + 1);
    }
    return LB_OK;
}

int trial_weights_of_call(lb_call *call, const char *const *factor, size_t factors, double *weight, lb_error *err)
{
    lb_value *pairs;
    int code = read_pairs(call, "weights", &pairs, err);
    if (code != LB_OK) return code;
    for (size_t f = 0; f < factors; f++) weight[f] = 1;
    for (size_t i = 0; i < pairs->count; i++) {
        size_t f = 0;
        while (f < factors && strcmp(factor[f], pairs->key[i]) != 0) f++;
        const char *text = pairs->item[i]->text;
        double value;
        if (f == factors) {
            const char *near = lb_text_nearest(pairs->key[i], factor, factors);
            lb_fail(err, LB_USAGE, "the weight of '%s' is given, but it is no factor", pairs->key[i]);
            lb_error_where(err, "--weights");
            if (near) lb_error_hint(err, "did you mean '%s'?", near);
            return LB_USAGE;
        }
        if (!lb_text_number(text, strlen(text), &value) || !(value >= 0)) {
            lb_fail(err, LB_USAGE, "the weight '%s' of '%s' is no number of at least 0", text, pairs->key[i]);
            lb_error_where(err, "--weights");
            return LB_USAGE;
        }
        weight[f] = value;
    }
    return LB_OK;
}

/* counts[arm × factors]: people already in the arm whose level is the new person's. */
static int count_people(lb_call *call, const lb_table *table, const char *const *factor, size_t factors,
                        const char *const *arm, size_t arms, uint32_t *counts, lb_error *err)
{
    lb_value *person;
    lb_column *arm_column, *column;
    int code = read_pairs(call, "new", &person, err);
    if (code == LB_OK) code = lb_table_column(table, lb_call_text(call, "arm"), &arm_column, err);
    for (size_t f = 0; f < factors && code == LB_OK; f++) {
        const char *level = lb_get_text(person, factor[f], NULL);
        if (!level) {
            lb_fail(err, LB_USAGE, "the new person has no value of '%s'", factor[f]);
            lb_error_where(err, "--new");
            lb_error_hint(err, "write --new %s=…", factor[f]);
            return LB_USAGE;
        }
        code = lb_table_column(table, factor[f], &column, err);
        for (size_t i = 0; i < table->rows && code == LB_OK; i++) {
            char one[64], two[64];
            if (lb_column_missing(arm_column, i) || lb_column_missing(column, i)) continue;
            if (strcmp(lb_column_text(column, i, one), level) != 0) continue;
            const char *of = lb_column_text(arm_column, i, two);
            for (size_t k = 0; k < arms; k++) counts[k * factors + f] += strcmp(of, arm[k]) == 0;
        }
    }
    return code;
}

static void report(lb_result *result, const lb_minimise *m, const char *const *arm, double *score, double *probability)
{
    lb_minimise_scores(m, score, probability);
    lb_value *scores = lb_set_object(result->results, "scores");
    lb_value *chance = lb_set_object(result->results, "probability");
    lb_value *preferred = lb_set_array(result->results, "preferred");
    double best = score[0];
    for (unsigned k = 1; k < m->arm_count; k++) best = score[k] < best ? score[k] : best;
    for (unsigned k = 0; k < m->arm_count; k++) {
        lb_set_number(scores, arm[k], score[k]);
        lb_set_number(chance, arm[k], probability[k]);
        if (score[k] <= best + 1e-9 * (best > 1 ? best : 1)) lb_push_text(preferred, arm[k]);
    }
    lb_result_note(result, "Pocock-Simon minimisation, %s over arms, weighted sum over factors; the new person counted in. The "
                           "preferred arm is taken with probability %g; arms that tie share it; all tied, the chances are equal.",
                   m->variance ? "variance (divisor n - 1)" : "range", m->p_best);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    const char *const *factor, *const *arm;
    lb_table *table;
    size_t factors = lb_call_texts(call, "factors", &factor), arms = lb_call_texts(call, "arms", &arm);
    if (arms < 2 || arms > LB_RTSM_ARMS) return lb_fail(err, LB_USAGE, "%zu arms: give 2 to %d", arms, LB_RTSM_ARMS);
    if (factors > FACTORS_MOST) return lb_fail(err, LB_USAGE, "%zu factors: give at most %d", factors, FACTORS_MOST);
    lb_arena *arena = lb_call_arena(call);
    double *weight = lb_arena_array(arena, factors + 1, sizeof *weight);
    double *score = lb_arena_array(arena, arms, sizeof *score), *chance = lb_arena_array(arena, arms, sizeof *chance);
    uint32_t *counts = lb_arena_array(arena, arms * factors + 1, sizeof *counts);
    int code = trial_weights_of_call(call, factor, factors, weight, err);
    if (code == LB_OK) code = lb_call_table(call, "enrolled", &table, err);
    if (code == LB_OK) code = count_people(call, table, factor, factors, arm, arms, counts, err);
    if (code != LB_OK) return code;
    lb_minimise m = {.arm_count = (unsigned)arms, .factor_count = (unsigned)factors, .weight = weight, .counts = counts};
    m.variance = lb_call_chosen(call, "method", "variance");
    m.p_best = lb_call_number(call, "p-best");
    if (m.p_best * (double)arms < 1) {
        lb_fail(err, LB_USAGE, "a probability of %g is below an even share of %zu arms", m.p_best, arms);
        lb_error_where(err, "--p-best");
        return LB_USAGE;
    }
    report(result, &m, arm, score, chance);
    return LB_OK;
}

static const lb_param params[] = {
    {"enrolled", LB_P_TABLE, LB_REQUIRED | LB_POSITIONAL | LB_MAY_BE_EMPTY, "people already allocated", NULL, NULL, 0, 0, NULL},
    {"new", LB_P_TEXT, LB_REQUIRED, "the new person: factor=value, …", NULL, NULL, 0, 0, NULL},
    {"factors", LB_P_TEXTS, LB_REQUIRED, "factors to balance", NULL, NULL, 0, 0, NULL},
    {"arms", LB_P_TEXTS, 0, "arms", "A,B", NULL, 0, 0, NULL},
    {"arm", LB_P_COLUMN, 0, "column that holds the arm", "arm", NULL, 0, 0, "enrolled"},
    {"weights", LB_P_TEXT, 0, "factor=weight, …; 1 unless given", NULL, NULL, 0, 0, NULL},
    {"method", LB_P_CHOICE, 0, "measure of imbalance of a factor", "range", "range,variance", 0, 0, NULL},
    {"p-best", LB_P_NUMBER, 0, "probability of the preferred arm", "0.8", NULL, 0, 1, NULL},
};

const lb_op trial_op_minimise = {
    .area = "randomise",
    .verb = "minimise",
    .summary = "where minimisation would send the next person",
    .description = "Minimisation by Pocock and Simon (Biometrics 1975; 31: 103): for each arm the imbalance that would result if the "
                   "new person went there, summed over factors with weights; the arm with the least is preferred and taken with the "
                   "given probability. The Modic trial was published as minimised.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar randomise minimise reference/trial/enrolled.csv --new sex=M,age_group=18-39 --factors sex,age_group",
};
