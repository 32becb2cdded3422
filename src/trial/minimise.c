/* Minimisation: the imbalance a new person would make in each arm, and the chance of each arm.
 * Pocock & Simon 1975, Biometrics 31:103; range or variance over arms, weighted sum over factors. */
#include <lumbar/trial.h>

#include <math.h>

/* Imbalance of one factor when the new person joins `arm`: the spread of the arms' counts at that person's level. */
static double spread(const lb_minimise *m, unsigned factor, unsigned arm)
{
    double low = INFINITY, high = -INFINITY, sum = 0;
    for (unsigned k = 0; k < m->arm_count; k++) {
        double n = m->counts[k * m->factor_count + factor] + (k == arm);
        low = fmin(low, n);
        high = fmax(high, n);
        sum += n;
    }
    if (!m->variance) return high - low;
    double mean = sum / m->arm_count, squares = 0;
    for (unsigned k = 0; k < m->arm_count; k++) {
        double n = m->counts[k * m->factor_count + factor] + (k == arm);
        squares += (n - mean) * (n - mean);
    }
    return squares / (m->arm_count - 1);
}

/* Arms within rounding of the smallest score share p_best; the others share the rest. All tied: equal chances. */
void lb_minimise_scores(const lb_minimise *m, double *score, double *probability)
{
    double best = INFINITY;
    for (unsigned k = 0; k < m->arm_count; k++) {
        score[k] = 0;
        for (unsigned f = 0; f < m->factor_count; f++) score[k] += m->weight[f] * spread(m, f, k);
        best = fmin(best, score[k]);
    }
    double slack = 1e-9 * fmax(1, best);
    unsigned preferred = 0;
    for (unsigned k = 0; k < m->arm_count; k++) preferred += score[k] <= best + slack;
    for (unsigned k = 0; k < m->arm_count; k++) {
        if (preferred == m->arm_count) probability[k] = 1.0 / m->arm_count;
        else if (score[k] <= best + slack) probability[k] = m->p_best / preferred;
        else probability[k] = (1 - m->p_best) / (m->arm_count - preferred);
    }
}
