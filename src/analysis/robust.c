/* Treatment means by g-computation with the covariance that holds under simple or stratified permuted-block randomisation
 * whether or not the model is right (Ye, Shao, Yi & Zhao 2023, doi:10.1080/01621459.2022.2049278; Bannick, Shao, Liu, Du,
 * Yi & Ye 2025, arXiv:2306.10213; FDA guidance on covariate adjustment, 2023). Var and Cov have divisor n - 1. */
#include <math.h>
#include <string.h>

#include "linear.h"

typedef struct robust {
    const lb_design *design;
    const lb_column *arm;
    size_t n, k;
    double *mu;    /* n × k predictions under each arm */
    double *share; /* k */
    size_t *count; /* k */
} robust;

/* Predictions of every analysed person under each treatment level. */
static int predict(robust *r, const lb_lsq *fit, const char *treatment, lb_arena *arena, lb_error *err)
{
    const lb_design *design = r->design;
    size_t n = r->n;
    r->mu = lb_arena_try(arena, n, r->k * sizeof *r->mu);
    if (!r->mu) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", n);
    for (size_t a = 0; a < r->k; a++) {
        lb_table *table = lb_table_new(arena, "the analysed rows", n);
        const char **text = lb_arena_array(arena, n + 1, sizeof *text);
        for (size_t c = 0; c < design->raw_count; c++) {
            const lb_column *raw = lb_design_raw(design, design->raw_name[c]);
            if (raw->type == LB_NUMBER) {
                memcpy(lb_table_add_number(table, raw->name)->number, raw->number, n * sizeof(double));
                continue;
            }
            bool held = !strcmp(raw->name, treatment);
            for (size_t i = 0; i < n; i++) text[i] = raw->level[held ? (int32_t)a : raw->code[i]];
            lb_table_add_text(table, raw->name, text);
        }
        double *x;
        int rc = lb_design_rows(design, table, arena, &x, err);
        if (rc) return rc;
        for (size_t j = 0; j < design->p; j++) {
            if (fit->aliased[j]) continue;
            for (size_t i = 0; i < n; i++) r->mu[i + a * n] += x[i + j * n] * fit->coefficient[j];
        }
    }
    return LB_OK;
}

/* Covariance of x and y over the rows of one arm, or over all rows (arm < 0). */
static double covariance(const robust *r, const double *x, const double *y, int arm)
{
    long double mean_x = 0, mean_y = 0, sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (arm >= 0 && r->arm->code[i] != arm) continue;
        mean_x += x[i];
        mean_y += y[i];
        count++;
    }
    mean_x /= count;
    mean_y /= count;
    for (size_t i = 0; i < r->n; i++) {
        if (arm < 0 || r->arm->code[i] == arm) sum += (x[i] - mean_x) * (y[i] - mean_y);
    }
    return (double)(sum / (count - 1.0L));
}

/* Covariance of sqrt(n) times the means under simple randomisation (Ye et al., eq. 4.2; plug-in as RobinCar). */
static void simple_randomisation(const robust *r, double *v)
{
    const double *y = r->design->y;
    size_t n = r->n;
    for (size_t a = 0; a < r->k; a++) {
        for (size_t b = 0; b < r->k; b++) {
            const double *mu_a = r->mu + a * n, *mu_b = r->mu + b * n;
            double value = covariance(r, y, mu_b, (int)a) + covariance(r, y, mu_a, (int)b) - covariance(r, mu_a, mu_b, -1);
            if (a == b) {
                value += (covariance(r, y, y, (int)a) - 2 * covariance(r, y, mu_a, (int)a) + covariance(r, mu_a, mu_a, -1)) /
                         r->share[a];
            }
            v[a + b * r->k] = value;
        }
    }
}

/* Stratum of each analysed row: 0, 1, … in order of appearance of the combination. */
static size_t number_strata(const lb_column *column, size_t count, const size_t *row, size_t n, size_t *stratum)
{
    size_t strata = 0;
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        for (; j < i; j++) {
            bool equal = true;
            for (size_t c = 0; c < count && equal; c++) equal = column[c].code[row[i]] == column[c].code[row[j]];
            if (equal) break;
        }
        stratum[i] = j < i ? stratum[j] : strata++;
    }
    return strata;
}

/* Permuted blocks take E[R (diag(share) - share shareᵀ) R] away, R = diag(mean residual of the arm in the stratum / share). */
static void take_off_blocks(const robust *r, const size_t *stratum, size_t strata, lb_arena *arena, double *v)
{
    size_t k = r->k;
    double *residual = lb_arena_array(arena, k + 1, sizeof *residual);
    size_t *count = lb_arena_array(arena, k + 1, sizeof *count);
    for (size_t s = 0; s < strata; s++) {
        size_t people = 0;
        memset(residual, 0, k * sizeof *residual);
        memset(count, 0, k * sizeof *count);
        for (size_t i = 0; i < r->n; i++) {
            if (stratum[i] != s) continue;
            size_t a = (size_t)r->arm->code[i];
            residual[a] += r->design->y[i] - r->mu[i + a * r->n];
            count[a]++;
            people++;
        }
        for (size_t a = 0; a < k; a++) residual[a] = count[a] ? residual[a] / (double)count[a] / r->share[a] : 0;
        double weight = (double)people / (double)r->n;
        for (size_t a = 0; a < k; a++) {
            for (size_t b = 0; b < k; b++) {
                double omega = (a == b ? r->share[a] : 0) - r->share[a] * r->share[b];
                v[a + b * k] -= weight * residual[a] * residual[b] * omega;
            }
        }
    }
}

static int stratify(const robust *r, const lb_table *table, const char *const *strata, size_t strata_count, lb_arena *arena,
                    double *v, lb_error *err)
{
    lb_column *column = lb_arena_array(arena, strata_count + 1, sizeof *column);
    for (size_t c = 0; c < strata_count; c++) {
        int rc = lb_table_factor(table, strata[c], arena, &column[c], err);
        if (rc) return rc;
    }
    size_t *stratum = lb_arena_array(arena, r->n + 1, sizeof *stratum);
    size_t count = number_strata(column, strata_count, r->design->row, r->n, stratum);
    take_off_blocks(r, stratum, count, arena, v);
    return LB_OK;
}

int lb_robust_means(const lb_design *design, const lb_lsq *fit, const lb_table *table, const char *treatment,
                    const char *const *strata, size_t strata_count, lb_arena *arena, double *mean, double *vcov,
                    lb_error *err)
{
    robust r = {.design = design, .arm = lb_design_raw(design, treatment), .n = design->n};
    r.k = r.arm->level_count;
    r.share = lb_arena_array(arena, r.k + 1, sizeof *r.share);
    r.count = lb_arena_array(arena, r.k + 1, sizeof *r.count);
    for (size_t i = 0; i < r.n; i++) r.count[r.arm->code[i]]++;
    for (size_t a = 0; a < r.k; a++) {
        r.share[a] = (double)r.count[a] / (double)r.n;
        if (r.count[a] < 2) {
            lb_fail(err, LB_BAD_DATA, "'%s' has one complete row: its variance cannot be found", r.arm->level[a]);
            lb_error_where(err, "%s", table->name);
            return LB_BAD_DATA;
        }
    }
    int rc = predict(&r, fit, treatment, arena, err);
    if (rc) return rc;
    simple_randomisation(&r, vcov);
    if (strata_count) rc = stratify(&r, table, strata, strata_count, arena, vcov, err);
    for (size_t a = 0; a < r.k; a++) mean[a] = lb_sum(r.mu + a * r.n, r.n) / (double)r.n;
    for (size_t i = 0; i < r.k * r.k; i++) vcov[i] /= (double)r.n;
    return rc;
}
