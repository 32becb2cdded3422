/* meta network: many treatments, compared directly and through each other. */
#include "evidence/network.h"
#include "evidence/ops.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

enum { MOST_TREATMENTS = 200, MOST_PAIRS = 20000 };

/* Levels of the study and treatment columns into one list of names each, in order of bytes. */
static int read_names(lb_table *table, const char *first, const char *second, lb_arena *arena, lb_column *one,
                      lb_column *two, const char ***names, size_t *count, lb_error *err)
{
    lb_column *named;
    int code = lb_table_column(table, first, &named, err);
    if (!code && second) code = lb_table_column(table, second, &named, err);
    if (!code) code = lb_table_factor(table, first, arena, one, err);
    if (!code && second) code = lb_table_factor(table, second, arena, two, err);
    if (code) return code;
    size_t most = one->level_count + (second ? two->level_count : 0), n = 0, i = 0, j = 0;
    const char **out = lb_arena_array(arena, most + 1, sizeof *out);
    while (i < one->level_count || (second && j < two->level_count)) {
        const char *a = i < one->level_count ? one->level[i] : NULL;
        const char *b = second && j < two->level_count ? two->level[j] : NULL;
        int order = !a ? 1 : !b ? -1 : strcmp(a, b);
        out[n++] = order <= 0 ? a : b;
        if (order <= 0) i++;
        if (order >= 0) j++;
    }
    *names = out;
    *count = n;
    return 0;
}

static int32_t place_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) return (int32_t)i;
    }
    return -1;
}

static int check_pair(lb_network_pair *pair, const char *study, double se, lb_error *err)
{
    int code = 0;
    if (!(se > 0) || !isfinite(se))
        code = lb_fail(err, LB_BAD_DATA, "the standard error of '%.80s' is %g", study, se);
    else if (!isfinite(pair->te))
        code = lb_fail(err, LB_BAD_DATA, "the effect of '%.80s' is missing", study);
    else if (pair->treat1 == pair->treat2)
        code = lb_fail(err, LB_BAD_DATA, "'%.80s' compares a treatment with itself", study);
    if (!code) return 0;
    lb_error_where(err, "row %zu", pair->row + 1);
    lb_error_hint(err,
                  "each row needs two treatments, the effect of the first against the second, and its standard error");
    return code;
}

static int read_pairs(lb_call *call, lb_network *net, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_table *table;
    lb_column study, first, second, *te, *se;
    const char **studies, **treatments;
    int code = lb_call_table(call, "data", &table, err);
    if (!code)
        code =
            read_names(table, lb_call_text(call, "studlab"), NULL, arena, &study, NULL, &studies, &net->studies, err);
    if (!code)
        code = read_names(table, lb_call_text(call, "treat1"), lb_call_text(call, "treat2"), arena, &first, &second,
                          &treatments, &net->treatments, err);
    if (!code) code = lb_table_number(table, lb_call_text(call, "te"), &te, err);
    if (!code) code = lb_table_number(table, lb_call_text(call, "sete"), &se, err);
    if (code) return code;
    if (table->rows > MOST_PAIRS || net->treatments > MOST_TREATMENTS)
        return lb_fail(err, LB_TOO_LARGE, "%zu rows and %zu treatments: at most %d and %d", table->rows,
                       net->treatments, MOST_PAIRS, MOST_TREATMENTS);
    lb_network_pair *pair = lb_arena_array(arena, table->rows + 1, sizeof *pair);
    net->study = lb_arena_array(arena, net->studies + 1, sizeof *net->study);
    for (size_t i = 0; i < net->studies; i++) net->study[i].name = studies[i];
    for (size_t row = 0; row < table->rows; row++) {
        if (study.code[row] < 0 || first.code[row] < 0 || second.code[row] < 0) {
            code = lb_fail(err, LB_BAD_DATA, "the study or a treatment is missing");
            lb_error_where(err, "row %zu", row + 1);
            return code;
        }
        pair[row] = (lb_network_pair){.study = study.code[row],
                                      .treat1 = place_of(treatments, net->treatments, first.level[first.code[row]]),
                                      .treat2 = place_of(treatments, net->treatments, second.level[second.code[row]]),
                                      .te = te->number[row],
                                      .variance = se->number[row] * se->number[row],
                                      .row = row};
        code = check_pair(&pair[row], studies[study.code[row]], se->number[row], err);
        if (code) return code;
    }
    net->pairs = table->rows;
    net->pair = pair;
    net->treatment = treatments;
    net->arena = arena;
    if (net->pairs == 0) return lb_fail(err, LB_BAD_DATA, "there is no comparison to pool");
    return 0;
}

/* Direct evidence on a pair at the network's τ²; k = number of trials. */
static size_t direct_of(const lb_network *net, int32_t a, int32_t b, double *estimate, double *se)
{
    double weights = 0, sum = 0;
    size_t k = 0;
    for (size_t i = 0; i < net->pairs; i++) {
        const lb_network_pair *pair = &net->pair[i];
        double sign = pair->treat1 == a && pair->treat2 == b ? 1 : pair->treat1 == b && pair->treat2 == a ? -1 : 0;
        if (sign == 0) continue;
        double w = 1 / (pair->variance + net->tau2);
        weights += w;
        sum += w * sign * pair->te;
        k++;
    }
    *estimate = k ? sum / weights : NAN;
    *se = k ? 1 / sqrt(weights) : NAN;
    return k;
}

/* Back-calculation: the network's estimate is the direct and the indirect one, weighted (König 2013). */
static void add_split(const lb_network *net, size_t a, size_t b, lb_value *rows)
{
    double network, network_se, direct, direct_se, share, indirect, indirect_se;
    size_t k = direct_of(net, (int32_t)a, (int32_t)b, &direct, &direct_se);
    lb_network_compare(net, a, b, &network, &network_se);
    share = k ? network_se * network_se / (direct_se * direct_se) : 0;
    bool only_direct = share > 1 - 1e-10;
    indirect = only_direct ? NAN : k ? (network - share * direct) / (1 - share) : network;
    indirect_se = only_direct ? NAN : network_se / sqrt(1 - share);
    double gap = direct - indirect, gap_se = sqrt(direct_se * direct_se + indirect_se * indirect_se);
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "treat1", net->treatment[a]);
    lb_set_text(row, "treat2", net->treatment[b]);
    lb_set_int(row, "k", (int64_t)k);
    lb_set_number(row, "proportion", share);
    lb_set_number(row, "network", network);
    lb_set_number(row, "network_se", network_se);
    lb_set_number(row, "direct", direct);
    lb_set_number(row, "direct_se", direct_se);
    lb_set_number(row, "indirect", indirect);
    lb_set_number(row, "indirect_se", indirect_se);
    lb_set_number(row, "difference", gap);
    lb_set_number(row, "difference_se", gap_se);
    lb_set_number(row, "p", isnan(gap) ? NAN : lb_two_sided_p(gap / gap_se, INFINITY));
}

static void report_tables(const lb_network *net, bool small_good, double level, size_t reference, lb_value *results)
{
    lb_value *league = lb_set_array(results, "league"), *scores = lb_set_array(results, "pscores"),
             *split = lb_set_array(results, "split"), *against = lb_set_array(results, "against_reference");
    double z = lb_norm_q((1 - level) / 2, LB_UPPER);
    for (size_t a = 0; a < net->treatments; a++) {
        double score = 0, estimate, se;
        for (size_t b = 0; b < net->treatments; b++) {
            if (a == b) continue;
            lb_network_compare(net, a, b, &estimate, &se);
            score += lb_norm_p(estimate / se, small_good ? LB_UPPER : LB_LOWER) / (double)(net->treatments - 1);
            lb_value *row = lb_push_object(league);
            lb_set_text(row, "treat1", net->treatment[a]);
            lb_set_text(row, "treat2", net->treatment[b]);
            lb_set_number(row, "estimate", estimate);
            lb_set_number(row, "se", se);
            lb_set_number(row, "lower", estimate - z * se);
            lb_set_number(row, "upper", estimate + z * se);
            lb_set_number(row, "p", lb_two_sided_p(estimate / se, INFINITY));
            if (b == reference) lb_push(against, row);
            if (b > a) add_split(net, a, b, split);
        }
        lb_value *row = lb_push_object(scores);
        lb_set_text(row, "treatment", net->treatment[a]);
        lb_set_number(row, "pscore", score);
    }
}

static void report(const lb_network *net, lb_value *results)
{
    double inconsistency = net->q - net->q_heterogeneity, df = net->q_df - net->q_heterogeneity_df;
    lb_set_int(results, "studies", (int64_t)net->studies);
    lb_set_int(results, "comparisons", (int64_t)net->pairs);
    lb_set_int(results, "treatments", (int64_t)net->treatments);
    lb_set_int(results, "designs", (int64_t)net->designs);
    lb_set_number(results, "tau2", net->tau2);
    lb_set_number(results, "I2", net->q_df > 0 && net->q > 0 ? 100 * fmax(0, (net->q - net->q_df) / net->q) : NAN);
    lb_set_number(results, "Q", net->q);
    lb_set_number(results, "Q_df", net->q_df);
    lb_set_number(results, "Q_p", net->q_df > 0 ? lb_chisq_p(net->q, net->q_df, LB_UPPER) : NAN);
    lb_set_number(results, "Q_heterogeneity", net->q_heterogeneity);
    lb_set_number(results, "Q_heterogeneity_df", net->q_heterogeneity_df);
    lb_set_number(results, "Q_inconsistency", df > 0 ? inconsistency : 0);
    lb_set_number(results, "Q_inconsistency_df", df);
    lb_set_number(results, "Q_inconsistency_p", df > 0 ? lb_chisq_p(inconsistency, df, LB_UPPER) : NAN);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_network net = {0};
    bool reml = lb_text_equal(lb_call_text(call, "method"), "REML");
    bool small_good = lb_text_equal(lb_call_text(call, "small-values"), "good");
    int code = read_pairs(call, &net, err);
    if (!code) code = lb_network_build(&net, err);
    if (code) return code;
    const char *named = lb_call_text(call, "reference");
    int32_t reference = named ? place_of(net.treatment, net.treatments, named) : 0;
    if (reference < 0) {
        const char *near = lb_text_nearest(named, net.treatment, net.treatments);
        code = lb_fail(err, LB_USAGE, "no trial has the treatment '%.80s'", named);
        lb_error_where(err, "--reference");
        lb_error_hint(err, near ? "did you mean '%s'?" : "the first treatment is '%s'", near ? near : net.treatment[0]);
        return code;
    }
    bool several = net.rows > net.studies, exact = lb_text_equal(lb_call_text(call, "multiarm"), "exact");
    lb_network_tau2 method = !reml ? LB_NETWORK_DL : exact || !several ? LB_NETWORK_REML : LB_NETWORK_REML_INDEPENDENT;
    code = lb_network_fit(&net, method, (size_t)reference, err);
    if (code) return code;
    lb_set_text(result->results, "method", reml ? "REML" : "DL");
    lb_set_text(result->results, "reference", net.treatment[reference]);
    report(&net, result->results);
    report_tables(&net, small_good, lb_call_number(call, "level"), (size_t)reference, result->results);
    lb_result_note(result,
                   "Random-effects network meta-analysis of %zu trials and %zu treatments, tau2 common to all "
                   "comparisons (%s); estimates are treat1 against treat2; P-scores: small values are %s; split: "
                   "direct against back-calculated indirect evidence.",
                   net.studies, net.treatments, reml ? "REML" : "DerSimonian-Laird", small_good ? "good" : "bad");
    if (method == LB_NETWORK_REML_INDEPENDENT)
        lb_result_note(result, "As in netmeta, REML takes the sampling errors within a trial of several arms as "
                               "independent; --multiarm exact uses their covariance.");
    if (!net.gls.converged) {
        lb_result_status(result, "not_converged");
        lb_result_warn(result, "tau2 did not converge");
    }
    return 0;
}

static const lb_param params[] = {
    {.name = "data",
     .type = LB_P_TABLE,
     .flags = LB_REQUIRED | LB_POSITIONAL,
     .summary = "one row per comparison (CSV)"},
    {.name = "studlab", .type = LB_P_COLUMN, .preset = "studlab", .summary = "trials"},
    {.name = "treat1", .type = LB_P_COLUMN, .preset = "treat1", .summary = "first treatments"},
    {.name = "treat2", .type = LB_P_COLUMN, .preset = "treat2", .summary = "second treatments"},
    {.name = "te", .type = LB_P_COLUMN, .preset = "TE", .summary = "effects of the first against the second"},
    {.name = "sete", .type = LB_P_COLUMN, .preset = "seTE", .summary = "their standard errors"},
    {.name = "reference", .type = LB_P_TEXT, .summary = "treatment that the others are shown against"},
    {.name = "method", .type = LB_P_CHOICE, .preset = "DL", .choices = "DL,REML", .summary = "estimator of tau2"},
    {.name = "multiarm",
     .type = LB_P_CHOICE,
     .flags = LB_ADVANCED,
     .preset = "netmeta",
     .choices = "netmeta,exact",
     .summary = "REML in trials of several arms: sampling errors independent as in netmeta, or with their covariance"},
    {.name = "small-values", .type = LB_P_CHOICE, .preset = "good", .choices = "good,bad", .summary = "for P-scores"},
    {.name = "level", .type = LB_P_NUMBER, .preset = "0.95", .min = 0.001, .max = 0.999999, .summary = "of intervals"},
};

const lb_op lb_op_meta_network = {
    .area = "meta",
    .verb = "network",
    .summary = "network meta-analysis: many treatments at once",
    .description = "Contrast-based network meta-analysis by generalised least squares (Ruecker 2012); trials with "
                   "several arms give all their pairs. One heterogeneity variance by DerSimonian-Laird or REML, Q in "
                   "its parts within and between designs (Krahn 2013), the league table, P-scores (Ruecker & "
                   "Schwarzer 2015), and direct against indirect evidence by back-calculation (Koenig 2013).",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta network reference/evidence/network.csv --reference usual",
};
