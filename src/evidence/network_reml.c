/* REML estimate of a network's τ² as netmeta 3 has it: contrasts of a trial against the reference treatment (its last
 * treatment where the reference is absent), their sampling errors taken as independent, their random effects correlated
 * by ½. The same as the exact estimate when every trial has two arms. */
#include "evidence/network.h"

#include <math.h>

static const lb_network_pair *against(const lb_network *net, int32_t study, int32_t base, int32_t other, double *sign)
{
    for (size_t i = 0; i < net->pairs; i++) {
        const lb_network_pair *pair = &net->pair[i];
        if (pair->study != study) continue;
        *sign = pair->treat2 == base ? 1 : -1;
        if ((pair->treat1 == other && pair->treat2 == base) || (pair->treat1 == base && pair->treat2 == other))
            return pair;
    }
    return NULL;
}

static int32_t base_of(const lb_network_study *study, size_t reference)
{
    for (size_t a = 0; a < study->arms; a++) {
        if ((size_t)study->treatment[a] == reference) return (int32_t)reference;
    }
    return study->treatment[study->arms - 1];
}

int lb_network_reml_independent(const lb_network *net, size_t reference, double *tau2, bool *converged, lb_error *err)
{
    lb_arena *arena = net->arena;
    lb_gls gls = {.n = net->rows, .p = net->treatments - 1, .components = 1, .blocks = net->studies, .arena = arena};
    double *y = lb_arena_array(arena, gls.n, sizeof *y), *x = lb_arena_array(arena, gls.n * gls.p, sizeof *x);
    gls.block = lb_arena_array(arena, gls.blocks, sizeof *gls.block);
    gls.y = y;
    gls.x = x;
    for (size_t s = 0; s < net->studies; s++) {
        const lb_network_study *study = &net->study[s];
        lb_gls_block *block = &gls.block[s];
        size_t n = study->arms - 1, i = 0;
        int32_t base = base_of(study, reference);
        lb_gls_block_alloc(&gls, block, study->first, n);
        for (size_t a = 0; a < study->arms; a++) {
            int32_t other = study->treatment[a];
            if (other == base) continue;
            double sign;
            const lb_network_pair *pair = against(net, (int32_t)s, base, other, &sign);
            size_t row = study->first + i;
            y[row] = sign * pair->te;
            if (other > 0) x[(size_t)(other - 1) * gls.n + row] = 1;
            if (base > 0) x[(size_t)(base - 1) * gls.n + row] = -1;
            block->v[i * n + i] = pair->variance;
            for (size_t j = 0; j < n; j++) block->component[0][j * n + i] = i == j ? 1 : .5;
            i++;
        }
    }
    int code = lb_gls_init(&gls, err);
    if (!code) code = lb_gls_fit(&gls, true, err);
    *tau2 = gls.theta[0];
    *converged = gls.converged;
    return code;
}
