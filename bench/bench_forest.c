/* CPU seconds of a random forest of 500 trees on 2000 × 50 (probabilities), beside ranger and scikit-learn on the same data. */
#include "peers.h"
#include "predict/forest.h"

#include <math.h>

enum { N = 2000, P = 50 };

int main(void)
{
    double *x = malloc(sizeof(double) * N * P), *y = malloc(sizeof(double) * N);
    lb_random random;
    lb_random_init(&random, 1, 0);
    for (size_t i = 0; i < N * P; i++) x[i] = lb_random_normal(&random);
    for (size_t i = 0; i < N; i++) y[i] = lb_random_uniform(&random) < 1 / (1 + exp(-(x[i] + 0.5 * x[N + i] * x[2 * N + i] - fabs(x[3 * N + i]))));
    peers_see(x, y, N, P);
    for (size_t min_node = 1; min_node <= 10; min_node += 9) {
        double best = INFINITY;
        for (int round = 0; round < 3; round++) {
            lb_arena *arena = lb_arena_new();
            lb_forest forest;
            lb_forest_options o = {.trees = 500, .min_node = min_node, .seed = 1, .threads = 1};
            double start = lb_cpu_seconds();
            if (lb_forest_fit(x, y, N, P, &o, NULL, arena, &forest, NULL)) return 1;
            best = fmin(best, lb_cpu_seconds() - start);
            lb_arena_free(arena);
        }
        printf("forest_500x2000x50_leaf%zu  %.3f  s\n", min_node, best);
        if (min_node == 1)
            peer_python("scikit-learn", "from sklearn.ensemble import RandomForestClassifier as F\ndef fit():\n t = cpu()\n F(500, n_jobs=1, oob_score=True, random_state=1).fit(x, y)\n return cpu() - t\n"
                                        "tell(\"scikit-learn\", min(fit(), fit()))");
        char code[256];
        snprintf(code, sizeof code, "library(ranger); colnames(x) <- paste0(\"v\", 1:p); tell(\"ranger\", min(replicate(3, cpu(ranger(x = x, y = factor(y), num.trees = 500, probability = TRUE, min.node.size = %zu, num.threads = 1)))))", min_node);
        peer_r("ranger", code);
    }
    peers_done();
    free(x);
    free(y);
    return 0;
}
