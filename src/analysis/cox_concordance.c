/* Harrell's concordance of a Cox model by Fenwick trees, and its standard error by the infinitesimal jackknife (Therneau & Watson 2015, as
 * R's concordance()): C = (concordant + tied / 2) / pairs, whose influence of person i is (his own share − C · his pairs) / pairs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cox.h"

static void tree_add(uint32_t *tree, size_t size, size_t rank, uint32_t value)
{
    for (size_t i = rank + 1; i <= size; i += i & -i) tree[i] += value;
}

static double tree_sum(const uint32_t *tree, size_t rank) /* of ranks 0..rank-1 */
{
    uint32_t sum = 0;
    for (size_t i = rank; i > 0; i -= i & -i) sum += tree[i];
    return sum;
}

/* Adds to each row its part as the one who lives longer: events before (and, with delayed entry, after it came under observation), walked from
 * early to late. Concordant: the earlier event has the higher risk. */
static void add_outlived(const lb_cox_data *data, const uint32_t *rank, size_t ranks, uint32_t *tree, double c, double *share)
{
    for (size_t k = 0; k < data->strata; k++) {
        memset(tree, 0, (ranks + 1) * sizeof *tree);
        double events = 0;
        size_t entering = data->first[k + 1]; /* by_start descends */
        for (size_t end = data->first[k + 1], first; end > data->first[k]; end = first) {
            for (first = end; first > data->first[k] && data->time[first - 1] == data->time[end - 1]; first--) {}
            for (; data->start && entering > data->first[k] && data->start[data->by_start[entering - 1]] < data->time[end - 1]; entering--) {
                size_t i = data->by_start[entering - 1]; /* the events so far came before it */
                double below = tree_sum(tree, rank[i]), same = tree_sum(tree, rank[i] + 1u) - below;
                share[i] -= events - below - same + same / 2 - c * events;
            }
            for (int pass = 0; pass < 2; pass++) { /* who dies at this time outlives the earlier ones; who is censored, those as well */
                for (size_t i = first; i < end; i++) {
                    if (data->event[i] != (pass == 0)) continue;
                    double below = tree_sum(tree, rank[i]), same = tree_sum(tree, rank[i] + 1u) - below;
                    share[i] += events - below - same + same / 2 - c * events;
                }
                for (size_t i = first; i < end && pass == 0; i++)
                    if (data->event[i]) tree_add(tree, ranks, rank[i], 1), events++;
            }
        }
    }
}

/* Σ influence², the influences of a cluster added up first. */
static double sum_of_squares(const double *share, size_t n, const lb_cox_clusters *cluster)
{
    double sum = 0, *of = cluster ? lb_alloc(cluster->count + 1, sizeof *of) : NULL;
    for (size_t i = 0; i < n; i++) {
        if (cluster) of[cluster->of[i]] += share[i];
        else sum += share[i] * share[i];
    }
    for (size_t i = 0; cluster && i < cluster->count; i++) sum += of[i] * of[i];
    free(of);
    return sum;
}

/* Pairs: an event, and somebody of the same stratum known to live longer (a person censored at the same time does). */
int lb_cox_concordance(const lb_cox_data *data, const lb_cox_fit *fit, const lb_cox_clusters *cluster, double *c, double *se, lb_error *err)
{
    size_t n = data->n;
    uint32_t *order = lb_alloc(n + 1, sizeof *order), *rank = lb_alloc(n + 1, sizeof *rank);
    int code = lb_sort_order(fit->weight, n, order, err);
    size_t ranks = 0;
    for (size_t i = 0; i < n && code == LB_OK; i++) {
        if (i && fit->weight[order[i]] != fit->weight[order[i - 1]]) ranks++;
        rank[order[i]] = (uint32_t)ranks;
    }
    ranks++;
    uint32_t *tree = lb_alloc(ranks + 1, sizeof *tree);
    double concordant = 0, tied = 0, pairs = 0, *share = lb_alloc(2 * n + 1, sizeof *share), *mine = share + n;
    for (size_t k = 0; k < data->strata && code == LB_OK; k++) {
        memset(tree, 0, (ranks + 1) * sizeof *tree);
        size_t end = data->first[k + 1], leaving = data->first[k];
        double inside = 0;
        for (size_t i = data->first[k], last; i < end; i = last) {
            for (last = i; last < end && data->time[last] == data->time[i]; last++)
                if (!data->event[last]) tree_add(tree, ranks, rank[last], 1), inside++;
            for (; data->start && leaving < end && data->start[data->by_start[leaving]] >= data->time[i]; leaving++)
                tree_add(tree, ranks, rank[data->by_start[leaving]], UINT32_MAX), inside--; /* one less, modulo 2³² */
            for (size_t j = i; j < last; j++) {
                if (!data->event[j]) continue;
                double below = tree_sum(tree, rank[j]), same = tree_sum(tree, rank[j] + 1u) - below;
                concordant += below;
                tied += same;
                pairs += inside;
                share[j] = below + same / 2;
                mine[j] = inside;
            }
            for (size_t j = i; j < last; j++)
                if (data->event[j]) tree_add(tree, ranks, rank[j], 1), inside++;
        }
    }
    *c = pairs > 0 ? (concordant + tied / 2) / pairs : NAN;
    for (size_t i = 0; i < n; i++) share[i] -= *c * mine[i];
    if (pairs > 0 && code == LB_OK) add_outlived(data, rank, ranks, tree, *c, share);
    *se = pairs > 0 && code == LB_OK ? sqrt(sum_of_squares(share, n, cluster)) / pairs : NAN;
    free(share);
    free(order);
    free(rank);
    free(tree);
    return code;
}
