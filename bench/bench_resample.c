/* Randomisation test and reference-based imputation with its jackknife, 314 people; R's figures are those of the specification. */
#include <math.h>
#include <stdio.h>

#include <lumbar/op.h>

enum { PEOPLE = 314, VISITS = 5 };

/* One row per person and visit; outcomes end early for some. */
static lb_table *simulate(lb_arena *arena)
{
    lb_table *table = lb_table_new(arena, "simulated", PEOPLE * VISITS);
    static const char *const names[] = {"id", "visit", "arm", "block", "odi_0", "odi"};
    for (size_t c = 0; c < LB_COUNT(names); c++) lb_table_add_number(table, names[c])->missing = 0;
    lb_random random;
    lb_random_init(&random, 8, 0);
    for (size_t i = 0; i < PEOPLE; i++) {
        double level = lb_random_normal(&random), base = floor(40 + 8 * lb_random_normal(&random));
        size_t last = lb_random_uniform(&random) < 0.1 ? lb_random_below(&random, VISITS) : VISITS;
        for (size_t v = 0; v < VISITS; v++) {
            size_t row = i * VISITS + v;
            double odi = base + 8 * level - 6.5 * (double)(i % 2) + 6 * lb_random_normal(&random);
            const double cell[] = {(double)i, (double)v, (double)(i % 2), (double)(i / 4), base, v < last ? odi : NAN};
            for (size_t c = 0; c < LB_COUNT(cell); c++) table->column[c].number[row] = cell[c];
        }
    }
    lb_table_find(table, "odi")->missing = 1; /* the exact number is not needed */
    return table;
}

static double measure(lb_registry *registry, const char *verb, lb_table *table, const char *const *pairs)
{
    lb_error err = LB_ERROR_INIT;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", verb));
    lb_result *result = NULL;
    int code = lb_call_bind_table(call, "data", table, &err);
    for (; *pairs && !code; pairs += 2) code = lb_call_set(call, pairs[0], pairs[1], &err);
    lb_call_set_threads(call, 1);
    double start = lb_cpu_seconds();
    if (!code) code = lb_call_run(call, &result, &err);
    double used = lb_cpu_seconds() - start;
    if (code) fprintf(stderr, "%s: %s\n", verb, err.message);
    lb_result_free(result);
    lb_call_free(call);
    return used;
}

int main(void)
{
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_table *visits = simulate(arena);
    size_t row[PEOPLE];
    for (size_t i = 0; i < PEOPLE; i++) row[i] = i * VISITS;
    lb_table *people = lb_table_rows(visits, row, PEOPLE, arena);
    printf("rerandomise_314_10000  %.4f s CPU  (peer: R with lm 10.1)\n",
           measure(registry, "rerandomise", people, (const char *const[]){"outcome", "odi", "treatment", "arm", "block", "block", "covariates", "odi_0", NULL}));
    printf("reference_4_strategies %.4f s CPU  (peer: rbmi 73)\n",
           measure(registry, "reference", visits, (const char *const[]){"formula", "odi ~ odi_0 * visit + arm * visit", "subject", "id", "visit", "visit",
                                                                        "treatment", "arm", "strategy", "mar,j2r,cir,cr", NULL}));
    lb_registry_free(registry);
    lb_arena_free(arena);
    return 0;
}
