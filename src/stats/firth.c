/* Logistic regression with Firth's penalty (Firth 1993, Biometrika 80:27; Heinze & Schemper 2002, doi:10.1002/sim.1047): the
 * likelihood times the root of the determinant of the information. Estimates are finite under separation, too. */
#include <lumbar/stats.h>

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 500, MOST_HALVINGS = 30 };
static const double LONGEST_STEP = 5; /* of one coefficient of a standardised column */

typedef struct firth {
    size_t n, p;
    const double *x, *y, *weight;
    double *z;                     /* n × p: columns scaled to length 1 */
    double *eta, *fitted, *hat;    /* n */
    double *information, *inverse; /* p × p */
    double *score, *step, *row;    /* p */
} firth;

static double weight_of(const firth *f, size_t i) { return f->weight ? f->weight[i] : 1; }

/* Penalised log-likelihood at eta; leaves the factored information. NaN when that is singular. */
static double objective(firth *f, const double *beta)
{
    double sum = 0;
    memset(f->information, 0, f->p * f->p * sizeof(double));
    for (size_t i = 0; i < f->n; i++) {
        double eta = 0, w = weight_of(f, i);
        for (size_t j = 0; j < f->p; j++) eta += f->z[j * f->n + i] * beta[j];
        double e = exp(-fabs(eta)), small = e / (1 + e), v = w * small / (1 + e);
        f->eta[i] = eta;
        f->fitted[i] = eta >= 0 ? 1 - small : small;
        sum += w * (f->y[i] * eta - fmax(eta, 0) - log1p(e));
        for (size_t j = 0; j < f->p; j++)
            for (size_t k = 0; k <= j; k++) f->information[k * f->p + j] += v * f->z[j * f->n + i] * f->z[k * f->n + i];
    }
    if (lb_chol(f->information, f->p)) return NAN;
    return sum + 0.5 * lb_chol_logdet(f->information, f->p);
}

/* Modified score: (y - π + h (1/2 - π)) x, with h the leverages. */
static void modified_score(firth *f)
{
    lb_chol_inverse(f->information, f->p, f->inverse);
    memset(f->score, 0, f->p * sizeof(double));
    for (size_t i = 0; i < f->n; i++) {
        double pi = f->fitted[i], w = weight_of(f, i), h = 0;
        for (size_t j = 0; j < f->p; j++) {
            double sum = 0;
            for (size_t k = 0; k < f->p; k++) sum += f->inverse[k * f->p + j] * f->z[k * f->n + i];
            h += sum * f->z[j * f->n + i];
        }
        h *= w * pi * (1 - pi);
        double residual = w * (f->y[i] - pi) + h * (0.5 - pi);
        for (size_t j = 0; j < f->p; j++) f->score[j] += residual * f->z[j * f->n + i];
    }
}

/* Newton's method with Fisher's information, steps cut to a length and halved until the objective rises. */
static bool climb(firth *f, double *beta, double *trial, double *value, int *steps)
{
    *value = objective(f, beta);
    for (*steps = 1; *steps <= MOST_STEPS && !isnan(*value); ++*steps) {
        modified_score(f);
        memcpy(f->step, f->score, f->p * sizeof(double));
        lb_chol_solve(f->information, f->p, f->step, 1);
        double longest = 0, size = 1;
        for (size_t j = 0; j < f->p; j++) longest = fmax(longest, fabs(f->step[j]));
        double limit = LONGEST_STEP * sqrt((double)f->n), cut = longest > limit ? limit / longest : 1, now = NAN;
        for (size_t j = 0; j < f->p; j++) size = fmax(size, fabs(beta[j]));
        for (int halving = 0; halving < MOST_HALVINGS; halving++, cut /= 2) {
            for (size_t j = 0; j < f->p; j++) trial[j] = beta[j] + cut * f->step[j];
            now = objective(f, trial);
            if (now >= *value - 1e-12 * (1 + fabs(*value))) break;
        }
        if (isnan(now)) return false;
        memcpy(beta, trial, f->p * sizeof(double));
        *value = now;
        if (longest < 1e-11 * size) return true;
    }
    return false;
}

int lb_firth_fit(const double *x, const double *y, const double *weights, size_t n, size_t p, lb_arena *arena, lb_logistic *out, lb_error *err)
{
    memset(out, 0, sizeof *out);
    firth f = {.n = n, .p = p, .x = x, .y = y, .weight = weights};
    if (!n || !p || p > 1000) return lb_fail(err, LB_BAD_DATA, "Firth's penalty is for 1 to 1000 columns, here are %zu", p);
    double *room = lb_arena_try(arena, n * p + 4 * n + 3 * p * p + 7 * p, sizeof(double));
    if (!room) return lb_fail(err, LB_TOO_LARGE, "%zu rows by %zu columns do not fit in memory", n, p);
    f.z = room, f.eta = f.z + n * p, f.fitted = f.eta + n, f.hat = f.fitted + n, out->fitted = f.hat + n;
    f.information = out->fitted + n, f.inverse = f.information + p * p, out->vcov = f.inverse + p * p;
    f.score = out->vcov + p * p, f.step = f.score + p, f.row = f.step + p;
    double *trial = f.row + p, *length = trial + p;
    out->coefficient = length + p, out->se = out->coefficient + p;
    out->aliased = lb_arena_array(arena, 2 * p, sizeof(bool)), out->diverging = out->aliased + p;
    for (size_t j = 0; j < p; j++) {
        for (size_t i = 0; i < n; i++) length[j] += x[j * n + i] * x[j * n + i];
        length[j] = sqrt(length[j]);
        if (!(length[j] > 0) || !isfinite(length[j])) return lb_fail(err, LB_BAD_DATA, "column %zu of the design is 0 or not finite", j + 1);
        for (size_t i = 0; i < n; i++) f.z[j * n + i] = x[j * n + i] / length[j];
    }
    out->n = n, out->p = out->rank = p;
    out->converged = climb(&f, out->coefficient, trial, &out->loglik, &out->iterations);
    if (isnan(out->loglik)) return lb_fail(err, LB_BAD_DATA, "the columns of the design are combinations of each other: Firth's penalty needs independent ones");
    out->loglik = objective(&f, out->coefficient);
    lb_chol_inverse(f.information, p, f.inverse);
    for (size_t j = 0; j < p; j++) {
        out->coefficient[j] /= length[j];
        for (size_t k = 0; k < p; k++) out->vcov[k * p + j] = f.inverse[k * p + j] / (length[j] * length[k]);
        out->se[j] = sqrt(out->vcov[j * p + j]);
    }
    memcpy(out->fitted, f.fitted, n * sizeof(double));
    double null = 0; /* the intercept alone, with the same penalty */
    lb_logistic only;
    double *one = lb_arena_array(arena, n, sizeof(double));
    for (size_t i = 0; i < n; i++) one[i] = 1;
    int code = p > 1 ? lb_firth_fit(one, y, weights, n, 1, arena, &only, err) : 0;
    if (!code && p > 1) null = only.loglik;
    out->loglik_null = p > 1 ? null : out->loglik;
    out->deviance = -2 * out->loglik;
    return code;
}
