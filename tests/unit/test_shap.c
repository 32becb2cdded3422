/* Shapley values of random trees against their definition: all coalitions, weights s!(d-1-s)!/d!. */
#include "lumbar_test.h"
#include "predict/score/trees.h"

enum { FEATURES = 7, MOST = 127 };

/* A random tree; children come after their parent. Leaves hold covers that add up. */
static size_t grow(lb_random *random, lb_score_node *node, size_t *count, int depth)
{
    size_t at = (*count)++;
    if (depth == 0 || lb_random_uniform(random) < 0.15) {
        node[at] = (lb_score_node){.feature = -1, .value = lb_random_normal(random), .cover = 1 + lb_random_below(random, 30)};
        return at;
    }
    size_t left = grow(random, node, count, depth - 1), right = grow(random, node, count, depth - 1);
    node[at] = (lb_score_node){.feature = (int32_t)lb_random_below(random, FEATURES), .left = (int32_t)left, .right = (int32_t)right,
                               .missing = LB_SCORE_MISSING_NAN, .default_left = lb_random_below(random, 2), .threshold = lb_random_normal(random),
                               .cover = node[left].cover + node[right].cover};
    return at;
}

static double expected(const lb_score_forest *f, const lb_score_node *node, int32_t at, const double *x, unsigned known)
{
    const lb_score_node *n = &node[at];
    if (n->feature < 0) return n->value;
    if (known >> n->feature & 1) return expected(f, node, lb_score_goes_left(f, n, x) ? n->left : n->right, x, known);
    return (node[n->left].cover * expected(f, node, n->left, x, known) + node[n->right].cover * expected(f, node, n->right, x, known)) / n->cover;
}

static double game(const lb_score_forest *f, const double *x, const double *background, unsigned known)
{
    if (!background) return f->base + expected(f, f->tree[0].node, 0, x, known) + expected(f, f->tree[1].node, 0, x, known);
    double z[FEATURES];
    for (int j = 0; j < FEATURES; j++) z[j] = known >> j & 1 ? x[j] : background[j];
    return lb_score_margin(f, z);
}

static void by_definition(const lb_score_forest *f, const double *x, const double *background, double *out)
{
    for (int j = 0; j < FEATURES; j++) {
        out[j] = 0;
        for (unsigned s = 0; s < 1u << FEATURES; s++) {
            if (s >> j & 1) continue;
            int size = __builtin_popcount(s);
            double weight = tgamma(size + 1) * tgamma(FEATURES - size) / tgamma(FEATURES + 1);
            out[j] += weight * (game(f, x, background, s | 1u << j) - game(f, x, background, s));
        }
    }
}

static void random_trees(void **state)
{
    (void)state;
    lb_random random;
    lb_random_init(&random, 5, 0);
    for (int round = 0; round < 40; round++) {
        lb_score_node node[2][MOST + 1];
        lb_score_tree tree[2];
        lb_score_forest forest = {.features = FEATURES, .trees = 2, .tree = tree, .base = 0.5};
        for (int t = 0; t < 2; t++) {
            size_t count = 0;
            grow(&random, node[t], &count, 6);
            tree[t] = (lb_score_tree){count, node[t]};
        }
        double x[FEATURES], z[FEATURES], got[FEATURES] = {0}, against[FEATURES] = {0}, wanted[FEATURES], sum = 0;
        for (int j = 0; j < FEATURES; j++) {
            x[j] = lb_random_uniform(&random) < 0.15 ? NAN : lb_random_normal(&random);
            z[j] = lb_random_normal(&random);
        }
        size_t size = lb_score_paths_size(&forest);
        assert_true(size > 0);
        lb_score_paths *paths = lb_score_paths_make(&forest, lb_alloc(size, 1));
        double base = lb_score_shap(paths, x, got);
        by_definition(&forest, x, NULL, wanted);
        for (int j = 0; j < FEATURES; j++) {
            sum += got[j];
            assert_true(fabs(got[j] - wanted[j]) < 1e-13);
        }
        assert_true(fabs(base + sum - lb_score_margin(&forest, x)) < 1e-13);
        lb_score_shap_against(paths, x, z, 1, against);
        by_definition(&forest, x, z, wanted);
        for (int j = 0; j < FEATURES; j++) assert_true(fabs(against[j] - wanted[j]) < 1e-13);
        free(paths);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_trees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
