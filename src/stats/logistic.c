/* Logistic regression by iteratively reweighted least squares, to machine precision (McCullagh & Nelder 1989, ch. 4).
 * Newton's steps run in an orthonormal basis of the design, so that badly scaled columns do no harm; a direction along
 * which the likelihood never stops rising is complete or quasi-complete separation (Albert & Anderson 1984). */
#include <lumbar/stats.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ITERATIONS = 100, FIRST_SEPARATION_CHECK = 25, MAX_HALVINGS = 30 };
static const double ALIAS_TOLERANCE = 1e-9;      /* a column whose remainder is below this share of its length */
static const double SEPARATION_TOLERANCE = 1e-7; /* share of the longest move that counts as no move */

typedef struct fit_state {
    size_t n, p, q;         /* rows, columns, independent columns */
    const double *y, *weight;
    double *basis;          /* n × q, orthonormal, row-major: every pass walks the rows */
    double *r;              /* p × p: X = basis · r for the independent columns */
    size_t *column;         /* q: which column of X */
    double *gamma, *step;   /* q: coefficients in the basis, and the Newton step */
    double *gradient, *information, *factor;
    double *eta, *move;     /* n */
    double *decay;          /* n: exp(-|eta|), shared by likelihood and score */
} fit_state;

static double weight_of(const fit_state *s, size_t i) { return s->weight ? s->weight[i] : 1.0; }

/* Also leaves exp(-|eta|) in s->decay. log(1 + exp(x)) is taken as max(x, 0) + log1p(exp(-|x|)): no overflow. */
static double log_likelihood(const fit_state *s, const double *eta)
{
    double sum = 0, lost = 0;
    for (size_t i = 0; i < s->n; i++) {
        double w = weight_of(s, i);
        s->decay[i] = exp(-fabs(eta[i]));
        if (w == 0) continue;
        double e = s->decay[i], term = -log1p(e);
        if (eta[i] < 0) term += s->y[i] * eta[i];
        else term -= (1 - s->y[i]) * eta[i];
        double add = w * term, next = sum + add; /* Neumaier */
        lost += fabs(sum) >= fabs(add) ? (sum - next) + add : (add - next) + sum;
        sum = next;
    }
    return sum + lost;
}

/* Log-likelihood of a model that fits every row: not 0 only when y holds proportions. */
static double saturated(const fit_state *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        double y = s->y[i], term = 0;
        if (y > 0) term += y * log(y);
        if (y < 1) term += (1 - y) * log1p(-y);
        sum += weight_of(s, i) * term;
    }
    return sum;
}

/* Gram–Schmidt with one repetition ("twice is enough") by columns, then turned to rows; rows of weight 0 do not count.
 * `columns` holds n × p numbers. */
static void orthonormalise(fit_state *s, const double *x, bool *aliased, double *columns)
{
    size_t n = s->n, p = s->p;
    for (size_t j = 0; j < p; j++) {
        double norm = 0, rest = 0, *work = columns + s->q * n;
        for (size_t i = 0; i < n; i++) {
            work[i] = weight_of(s, i) > 0 ? x[j * n + i] : 0;
            norm += work[i] * work[i];
        }
        for (int pass = 0; pass < 2; pass++) {
            for (size_t k = 0; k < s->q; k++) {
                const double *other = columns + k * n;
                double dot = 0;
                for (size_t i = 0; i < n; i++) dot += other[i] * work[i];
                for (size_t i = 0; i < n; i++) work[i] -= dot * other[i];
                s->r[j * p + k] += dot;
            }
        }
        for (size_t i = 0; i < n; i++) rest += work[i] * work[i];
        aliased[j] = !(sqrt(rest) > ALIAS_TOLERANCE * sqrt(norm));
        if (aliased[j]) continue;
        double length = sqrt(rest);
        for (size_t i = 0; i < n; i++) work[i] /= length;
        s->r[j * p + s->q] = length;
        s->column[s->q++] = j;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < s->q; k++) s->basis[i * p + k] = columns[k * n + i];
}

/* out = basis · coefficients. */
static void predictor(const fit_state *s, const double *coefficient, double *out)
{
    for (size_t i = 0; i < s->n; i++) {
        const double *row = s->basis + i * s->p;
        double sum = 0;
        for (size_t k = 0; k < s->q; k++) sum += row[k] * coefficient[k];
        out[i] = sum;
    }
}

/* Score and Fisher information at eta, in the basis. */
static void score_and_information(const fit_state *s)
{
    size_t q = s->q;
    memset(s->gradient, 0, q * sizeof(double));
    memset(s->information, 0, q * q * sizeof(double));
    for (size_t i = 0; i < s->n; i++) {
        const double *row = s->basis + i * s->p;
        double e = s->decay[i], small = e / (1 + e), w = weight_of(s, i);
        double mu = s->eta[i] >= 0 ? 1 / (1 + e) : small;
        /* y - mu without cancellation when mu is next to 1 */
        double residual = s->eta[i] >= 0 ? small - (1 - s->y[i]) : s->y[i] - mu;
        double v = w * small / (1 + e);
        for (size_t k = 0; k < q; k++) {
            s->gradient[k] += w * residual * row[k];
            double vk = v * row[k];
            for (size_t l = 0; l <= k; l++) s->information[l * q + k] += vk * row[l];
        }
    }
}

/* Newton step; false when the information is numerically singular. */
static bool newton_step(fit_state *s)
{
    size_t q = s->q;
    memcpy(s->factor, s->information, q * q * sizeof(double));
    if (lb_chol(s->factor, q) != 0) return false;
    memcpy(s->step, s->gradient, q * sizeof(double));
    lb_chol_solve(s->factor, q, s->step, 1);
    return true;
}

/* Does the step move every row towards its own outcome, none away from it? Then going on for ever never costs. */
static bool is_recession(const fit_state *s, double longest, bool *complete)
{
    double limit = SEPARATION_TOLERANCE * longest;
    bool strict = true;
    for (size_t i = 0; i < s->n; i++) {
        if (weight_of(s, i) == 0) continue;
        double move = s->move[i];
        if (s->y[i] > 0 && s->y[i] < 1) {
            if (fabs(move) > limit) return false;
            strict = false;
            continue;
        }
        double towards = s->y[i] > 0 ? move : -move;
        if (towards < -limit) return false;
        if (towards <= limit) strict = false;
    }
    *complete = strict;
    return true;
}

/* Coefficients of X from coefficients of the basis: back substitution in r. */
static void back_substitute(const fit_state *s, const double *from, double *to)
{
    size_t p = s->p, q = s->q;
    for (size_t j = 0; j < p; j++) to[j] = NAN;
    for (size_t k = q; k-- > 0;) {
        double sum = from[k];
        for (size_t l = k + 1; l < q; l++) sum -= s->r[s->column[l] * p + k] * to[s->column[l]];
        to[s->column[k]] = sum / s->r[s->column[k] * p + k];
    }
}

/* Which coefficients run off: those whose part of the step moves the predictor. `work` holds p numbers. */
static void mark_diverging(const fit_state *s, const double *x, double longest, double *work, bool *diverging)
{
    back_substitute(s, s->step, work);
    for (size_t j = 0; j < s->p; j++) {
        double spread = 0;
        for (size_t i = 0; i < s->n; i++) spread = fmax(spread, fabs(x[j * s->n + i]));
        diverging[j] = isfinite(work[j]) && fabs(work[j]) * spread > 1e-4 * longest;
    }
}

/* Take the step, halved until the likelihood does not fall. Returns the new log-likelihood. */
static double take_step(fit_state *s, double current, double *trial)
{
    double scale = 1, value = current;
    for (int halving = 0; halving < MAX_HALVINGS; halving++, scale /= 2) {
        for (size_t i = 0; i < s->n; i++) trial[i] = s->eta[i] + scale * s->move[i];
        value = log_likelihood(s, trial);
        if (value >= current - 1e-12 * (1 + fabs(current))) break;
    }
    for (size_t k = 0; k < s->q; k++) s->gamma[k] += scale * s->step[k];
    memcpy(s->eta, trial, s->n * sizeof(double));
    return value;
}

static void iterate(fit_state *s, const double *x, double *trial, double *work, lb_logistic *out)
{
    out->loglik = log_likelihood(s, s->eta);
    for (int iteration = 1; iteration <= MAX_ITERATIONS; iteration++) {
        out->iterations = iteration;
        score_and_information(s);
        if (!newton_step(s)) return;
        predictor(s, s->step, s->move);
        double longest = 0, furthest = 0;
        for (size_t i = 0; i < s->n; i++) {
            longest = fmax(longest, fabs(s->move[i]));
            furthest = fmax(furthest, fabs(s->eta[i]));
        }
        if (iteration >= FIRST_SEPARATION_CHECK && longest > 0.1 && is_recession(s, longest, &out->complete)) {
            out->separated = true;
            mark_diverging(s, x, longest, work, out->diverging);
            return;
        }
        double size = longest / (1 + furthest);
        out->loglik = take_step(s, out->loglik, trial);
        /* quadratic convergence: what a step this small leaves is its square, below rounding */
        out->converged = size < 1e-9;
        if (out->converged) return;
    }
}

/* vcov = r⁻¹ (basisᵀ W basis)⁻¹ r⁻ᵀ; `inverse` q × q, `work` p. */
static void covariance(fit_state *s, double *inverse, double *half, double *work, lb_logistic *out)
{
    size_t p = s->p, q = s->q;
    log_likelihood(s, s->eta);
    score_and_information(s);
    memcpy(s->factor, s->information, q * q * sizeof(double));
    bool singular = lb_chol(s->factor, q) != 0;
    if (!singular) lb_chol_inverse(s->factor, q, inverse);
    for (size_t k = 0; k < q && !singular; k++) back_substitute(s, inverse + k * q, half + k * p); /* p × q */
    double *column = s->gradient; /* free by now */
    for (size_t j = 0; j < p; j++) {
        for (size_t k = 0; k < q; k++) column[k] = singular ? NAN : half[k * p + j];
        if (out->aliased[j]) for (size_t k = 0; k < q; k++) column[k] = NAN;
        back_substitute(s, column, work);
        for (size_t i = 0; i < p; i++) out->vcov[j * p + i] = work[i];
        out->se[j] = sqrt(out->vcov[j * p + j]);
    }
}

/* Null model: the mean when the design holds a constant column, else probability one half (as R's glm). */
static double null_likelihood(const fit_state *s, const double *x, double *eta)
{
    bool constant = false;
    for (size_t j = 0; j < s->p && !constant; j++) {
        constant = x[j * s->n] != 0;
        for (size_t i = 1; i < s->n && constant; i++) constant = x[j * s->n + i] == x[j * s->n];
    }
    double total = 0, events = 0;
    for (size_t i = 0; i < s->n; i++) {
        total += weight_of(s, i);
        events += weight_of(s, i) * s->y[i];
    }
    double value = constant ? log(events) - log(total - events) : 0;
    for (size_t i = 0; i < s->n; i++) eta[i] = value;
    return log_likelihood(s, eta);
}

static int check_input(const double *x, const double *y, const double *weights, size_t n, size_t p, lb_error *err)
{
    if (n == 0 || p == 0) return lb_fail(err, LB_BAD_DATA, "no rows or no columns to fit a logistic regression to");
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!(y[i] >= 0 && y[i] <= 1))
            return lb_fail(err, LB_BAD_DATA, "the outcome of row %zu is %g: it must lie between 0 and 1", i + 1, y[i]);
        if (weights && !(weights[i] >= 0 && isfinite(weights[i])))
            return lb_fail(err, LB_BAD_DATA, "the weight of row %zu is %g: it must be 0 or more", i + 1, weights[i]);
        if (weights && weights[i] == 0) continue;
        low = fmin(low, y[i]);
        high = fmax(high, y[i]);
    }
    for (size_t i = 0; i < n * p; i++)
        if (!isfinite(x[i]))
            return lb_fail(err, LB_BAD_DATA, "column %zu, row %zu of the design is not a finite number", i / n + 1, i % n + 1);
    if (high == 0 || low == 1) {
        int code = lb_fail(err, LB_BAD_DATA, "every outcome is %g: nothing to tell apart", low);
        lb_error_hint(err, "choose an outcome that has both events and non-events among the complete rows");
        return code;
    }
    if (low > high) return lb_fail(err, LB_BAD_DATA, "every weight is 0");
    return 0;
}

static bool allocate(lb_arena *arena, size_t n, size_t p, fit_state *s, lb_logistic *out, double **scratch)
{
    out->coefficient = lb_arena_try(arena, p, sizeof(double));
    out->se = lb_arena_try(arena, p, sizeof(double));
    out->vcov = p < 10000 ? lb_arena_try(arena, p * p, sizeof(double)) : NULL;
    out->fitted = lb_arena_try(arena, n, sizeof(double));
    out->aliased = lb_arena_try(arena, p, sizeof(bool));
    out->diverging = lb_arena_try(arena, p, sizeof(bool));
    if (!out->coefficient || !out->se || !out->vcov || !out->fitted || !out->aliased || !out->diverging) return false;
    if (n > SIZE_MAX / 16 / p) return false;
    size_t need = n * p + 5 * p * p + 4 * p + 4 * n;
    double *block = lb_arena_try(arena, need, sizeof(double));
    if (!block) return false;
    s->column = lb_arena_try(arena, p, sizeof(size_t));
    s->basis = block, block += n * p;
    s->r = block, block += p * p;
    s->information = block, block += p * p;
    s->factor = block, block += p * p;
    s->gamma = block, block += p;
    s->step = block, block += p;
    s->gradient = block, block += p;
    s->eta = block, block += n;
    s->move = block, block += n;
    s->decay = block, block += n;
    *scratch = block; /* n + p + 2 p² */
    return s->column != NULL;
}

int lb_logistic_fit(const double *x, const double *y, const double *weights, size_t n, size_t p, lb_arena *arena,
                    lb_logistic *out, lb_error *err)
{
    memset(out, 0, sizeof *out);
    int code = check_input(x, y, weights, n, p, err);
    if (code) return code;
    fit_state s = {.n = n, .p = p, .y = y, .weight = weights};
    double *scratch;
    if (!allocate(arena, n, p, &s, out, &scratch))
        return lb_fail(err, LB_TOO_LARGE, "a logistic regression of %zu rows and %zu columns does not fit in memory", n, p);
    double *trial = scratch, *work = scratch + n, *inverse = work + p, *half = inverse + p * p;
    out->n = n;
    out->p = p;
    double *columns = lb_alloc(n * p, sizeof(double));
    orthonormalise(&s, x, out->aliased, columns);
    free(columns);
    out->rank = s.q;
    out->loglik_null = null_likelihood(&s, x, trial);
    iterate(&s, x, trial, work, out);
    out->deviance = 2 * (saturated(&s) - out->loglik);
    back_substitute(&s, s.gamma, out->coefficient);
    covariance(&s, inverse, half, work, out);
    for (size_t i = 0; i < n; i++) {
        double eta = 0; /* from X, so that rows of weight 0 have a probability too */
        for (size_t j = 0; j < p; j++)
            if (!out->aliased[j]) eta += x[j * n + i] * out->coefficient[j];
        out->fitted[i] = eta >= 0 ? 1 / (1 + exp(-eta)) : exp(eta) / (1 + exp(eta));
    }
    return 0;
}
