/* Network meta-analysis of contrasts by generalised least squares (Rücker 2012, doi:10.1002/jrsm.1058; Rücker &
 * Schwarzer 2014 for trials with several arms; Krahn 2013 for the parts of Q). A trial with n arms gives n − 1
 * contrasts; its arms' variances follow from those of its pairs. τ² is common to all comparisons, so two contrasts of
 * one trial share τ²/2. */
#include "evidence/network.h"

#include <math.h>
#include <string.h>

static int compare_codes(const int32_t *a, size_t na, const int32_t *b, size_t nb)
{
    if (na != nb) return 1;
    return memcmp(a, b, na * sizeof *a);
}

/* The arms of every study, sorted. */
static int collect_arms(lb_network *net, lb_error *err)
{
    for (size_t s = 0; s < net->studies; s++)
        net->study[s].treatment = lb_arena_array(net->arena, net->treatments, sizeof(int32_t));
    uint8_t *has = lb_arena_try(net->arena, net->studies * net->treatments, 1);
    size_t *count = lb_arena_array(net->arena, net->studies, sizeof *count);
    if (!has) return lb_fail(err, LB_NO_MEMORY, "no memory for %zu trials", net->studies);
    for (size_t i = 0; i < net->pairs; i++) {
        const lb_network_pair *pair = &net->pair[i];
        count[pair->study]++;
        has[(size_t)pair->study * net->treatments + (size_t)pair->treat1] = 1;
        has[(size_t)pair->study * net->treatments + (size_t)pair->treat2] = 1;
    }
    for (size_t s = 0; s < net->studies; s++) {
        lb_network_study *study = &net->study[s];
        for (size_t t = 0; t < net->treatments; t++) {
            if (has[s * net->treatments + t]) study->treatment[study->arms++] = (int32_t)t;
        }
        if (count[s] == study->arms * (study->arms - 1) / 2) continue;
        int code = lb_fail(err, LB_BAD_DATA, "'%.80s' compares %zu treatments but gives %zu of %zu comparisons",
                           study->name, study->arms, count[s], study->arms * (study->arms - 1) / 2);
        lb_error_hint(err, "give every pair of treatments of a trial, once");
        return code;
    }
    return 0;
}

static const lb_network_pair *pair_of(const lb_network *net, int32_t study, int32_t a, int32_t b, double *sign)
{
    for (size_t i = 0; i < net->pairs; i++) {
        const lb_network_pair *pair = &net->pair[i];
        if (pair->study != study) continue;
        if (pair->treat1 == a && pair->treat2 == b) {
            *sign = 1;
            return pair;
        }
        if (pair->treat1 == b && pair->treat2 == a) {
            *sign = -1;
            return pair;
        }
    }
    return NULL;
}

/* Arm variances uₐ with uₐ + u_b = v_ab, by least squares (exact for two and three arms): Σ_b v_ab = (n − 2)uₐ + Σu. */
static void arm_variances(const lb_network *net, int32_t s, double *u)
{
    const lb_network_study *study = &net->study[s];
    double n = (double)study->arms, all = 0, sign;
    if (study->arms == 2) {
        u[0] = u[1] = pair_of(net, s, study->treatment[0], study->treatment[1], &sign)->variance / 2;
        return;
    }
    for (size_t a = 0; a < study->arms; a++) {
        u[a] = 0;
        for (size_t b = 0; b < study->arms; b++) {
            if (a != b) u[a] += pair_of(net, s, study->treatment[a], study->treatment[b], &sign)->variance;
        }
        all += u[a];
    }
    all /= 2 * (n - 1); /* Σu */
    for (size_t a = 0; a < study->arms; a++) u[a] = (u[a] - all) / (n - 2);
}

/* Mean effect of each arm over the trial's pairs: the contrasts that fit best when rounding makes them disagree. */
static int arm_effects(const lb_network *net, int32_t s, double *effect, lb_error *err)
{
    const lb_network_study *study = &net->study[s];
    double sign;
    for (size_t a = 0; a < study->arms; a++) {
        effect[a] = 0;
        for (size_t b = 0; b < study->arms; b++) {
            if (a == b) continue;
            const lb_network_pair *pair = pair_of(net, s, study->treatment[a], study->treatment[b], &sign);
            effect[a] += sign * pair->te / (double)study->arms;
        }
    }
    for (size_t a = 0; a < study->arms; a++) {
        for (size_t b = a + 1; b < study->arms; b++) {
            const lb_network_pair *pair = pair_of(net, s, study->treatment[a], study->treatment[b], &sign);
            double gap = sign * pair->te - (effect[a] - effect[b]);
            if (fabs(gap) <= .05 * fmax(.1, sqrt(pair->variance))) continue;
            int code = lb_fail(
                err, LB_BAD_DATA, "the comparisons of '%.80s' contradict each other: %s against %s is off by %.3g",
                study->name, net->treatment[study->treatment[a]], net->treatment[study->treatment[b]], gap);
            lb_error_where(err, "row %zu", pair->row + 1);
            lb_error_hint(err, "in one trial, A - C must be (A - B) + (B - C)");
            return code;
        }
    }
    return 0;
}

static int add_study(lb_network *net, size_t s, lb_error *err)
{
    lb_network_study *study = &net->study[s];
    size_t n = study->arms - 1;
    double *u = lb_arena_array(net->arena, study->arms, sizeof *u),
           *effect = lb_arena_array(net->arena, study->arms, sizeof *effect);
    arm_variances(net, (int32_t)s, u);
    int code = arm_effects(net, (int32_t)s, effect, err);
    if (code) return code;
    for (size_t a = 0; a < study->arms; a++) {
        if (u[a] > 0) continue;
        code = lb_fail(err, LB_BAD_DATA,
                       "the standard errors of '%.80s' cannot all be right: the variance of its arm %s would be %.3g",
                       study->name, net->treatment[study->treatment[a]], u[a]);
        lb_error_hint(err,
                      "in a trial with several arms the variance of A - C is at most that of A - B plus that of B - C");
        return code;
    }
    lb_gls_block *block = &net->gls.block[s];
    lb_gls_block_alloc(&net->gls, block, study->first, n);
    for (size_t i = 0; i < n; i++) {
        size_t row = study->first + i;
        net->y[row] = effect[i + 1] - effect[0];
        if (study->treatment[i + 1] > 0) net->x[(size_t)(study->treatment[i + 1] - 1) * net->rows + row] = 1;
        if (study->treatment[0] > 0) net->x[(size_t)(study->treatment[0] - 1) * net->rows + row] = -1;
        for (size_t j = 0; j < n; j++) {
            block->v[j * n + i] = u[0] + (i == j ? u[i + 1] : 0);
            block->component[0][j * n + i] = i == j ? 1 : .5;
        }
    }
    return 0;
}

/* Treatments reached from the first one. */
static int check_connected(lb_network *net, lb_error *err)
{
    uint8_t *reached = lb_arena_array(net->arena, net->treatments, 1);
    reached[0] = 1;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < net->pairs; i++) {
            uint8_t *a = &reached[net->pair[i].treat1], *b = &reached[net->pair[i].treat2];
            if (*a == *b) continue;
            *a = *b = 1;
            changed = true;
        }
    }
    for (size_t t = 0; t < net->treatments; t++) {
        if (reached[t]) continue;
        int code = lb_fail(err, LB_BAD_DATA, "the network falls apart: nothing connects '%.60s' with '%.60s'",
                           net->treatment[t], net->treatment[0]);
        lb_error_hint(err, "analyse the parts on their own, or check the spelling of the treatments");
        return code;
    }
    return 0;
}

static void number_designs(lb_network *net)
{
    for (size_t s = 0; s < net->studies; s++) {
        lb_network_study *study = &net->study[s];
        size_t earlier = 0;
        while (earlier < s && compare_codes(study->treatment, study->arms, net->study[earlier].treatment,
                                            net->study[earlier].arms) != 0)
            earlier++;
        study->design = earlier < s ? net->study[earlier].design : net->designs++;
    }
}

int lb_network_build(lb_network *net, lb_error *err)
{
    int code = collect_arms(net, err);
    if (!code) code = check_connected(net, err);
    if (code) return code;
    net->rows = 0;
    for (size_t s = 0; s < net->studies; s++) {
        net->study[s].first = net->rows;
        net->rows += net->study[s].arms - 1;
    }
    number_designs(net);
    size_t p = net->treatments - 1;
    net->y = lb_arena_array(net->arena, net->rows, sizeof(double));
    net->x = lb_arena_array(net->arena, net->rows * p, sizeof(double));
    net->gls = (lb_gls){
        .n = net->rows, .p = p, .y = net->y, .x = net->x, .components = 1, .blocks = net->studies, .arena = net->arena};
    net->gls.block = lb_arena_array(net->arena, net->studies, sizeof *net->gls.block);
    for (size_t s = 0; s < net->studies && !code; s++) code = add_study(net, s, err);
    return code ? code : lb_gls_init(&net->gls, err);
}

/* Heterogeneity within the studies of each design: the same model with means for every design. */
static int within_designs(lb_network *net, lb_error *err)
{
    net->q_heterogeneity = net->q_heterogeneity_df = 0;
    for (size_t d = 0; d < net->designs; d++) {
        lb_gls part = {.components = 1, .arena = net->arena};
        part.block = lb_arena_array(net->arena, net->studies, sizeof *part.block);
        for (size_t s = 0; s < net->studies; s++) {
            if (net->study[s].design != d) continue;
            part.p = net->study[s].arms - 1;
            part.block[part.blocks] = net->gls.block[s];
            part.block[part.blocks++].first = part.n;
            part.n += part.p;
        }
        if (part.blocks < 2) continue;
        double *y = lb_arena_array(net->arena, part.n, sizeof *y),
               *x = lb_arena_array(net->arena, part.n * part.p, sizeof *x);
        size_t place = 0;
        for (size_t s = 0; s < net->studies; s++) {
            if (net->study[s].design != d) continue;
            for (size_t i = 0; i < part.p; i++, place++) {
                y[place] = net->y[net->study[s].first + i];
                x[i * part.n + place] = 1;
            }
        }
        part.y = y;
        part.x = x;
        static const double nothing[LB_GLS_COMPONENTS] = {0};
        int code = lb_gls_init(&part, err);
        if (!code) code = lb_gls_at(&part, nothing, err);
        if (code) return code;
        net->q_heterogeneity += part.q;
        net->q_heterogeneity_df += (double)(part.n - part.p);
    }
    return 0;
}

int lb_network_fit(lb_network *net, lb_network_tau2 method, size_t reference, lb_error *err)
{
    double theta[LB_GLS_COMPONENTS] = {0}, trace[LB_GLS_COMPONENTS], score[LB_GLS_COMPONENTS],
           information[LB_GLS_COMPONENTS * LB_GLS_COMPONENTS];
    int code = within_designs(net, err);
    if (!code) code = lb_gls_at(&net->gls, theta, err);
    if (code) return code;
    net->q = net->gls.q;
    net->q_df = (double)(net->rows - net->gls.p);
    net->gls.converged = true;
    if (net->q_df <= 0) return 0;
    if (method == LB_NETWORK_REML_INDEPENDENT) {
        code = lb_network_reml_independent(net, reference, &net->tau2, &net->gls.converged, err);
        theta[0] = net->tau2;
        return code ? code : lb_gls_at(&net->gls, theta, err);
    }
    if (method == LB_NETWORK_REML) {
        code = lb_gls_fit(&net->gls, true, err);
        net->tau2 = net->gls.theta[0];
        return code;
    }
    lb_gls_slope(&net->gls, true, trace, score, information); /* trace = tr(PD) */
    theta[0] = net->tau2 = fmax(0, (net->q - net->q_df) / trace[0]);
    return lb_gls_at(&net->gls, theta, err);
}

void lb_network_compare(const lb_network *net, size_t a, size_t b, double *estimate, double *se)
{
    const lb_gls *gls = &net->gls;
    size_t p = gls->p;
    double variance = 0;
    *estimate = (a ? gls->beta[a - 1] : 0) - (b ? gls->beta[b - 1] : 0);
    if (a) variance += gls->m[(a - 1) * p + a - 1];
    if (b) variance += gls->m[(b - 1) * p + b - 1];
    if (a && b) variance -= 2 * gls->m[(a - 1) * p + b - 1];
    *se = a == b ? 0 : sqrt(variance);
}
