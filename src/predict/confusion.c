/* Measures of a classification at one threshold, each with an exact (Clopper & Pearson 1934, Biometrika 26:404) and a
 * score (Wilson 1927, J Am Stat Assoc 22:209) interval. F1 = 2J/(1+J) with J = TP/(TP+FP+FN), which is a proportion
 * (Hand, Christen & Kirielle 2021, Mach Learn 110:451): its limits come from those of J. */
#include "predict/room.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdio.h>

void lb_exact_interval(size_t k, size_t n, double level, double *lower, double *upper)
{
    double tail = (1 - level) / 2, x = (double)k, rest = (double)(n - k);
    *lower = n == 0 ? NAN : k == 0 ? 0 : lb_beta_q(tail, x, rest + 1, LB_LOWER);
    *upper = n == 0 ? NAN : k == n ? 1 : lb_beta_q(tail, x + 1, rest, LB_UPPER);
}

void lb_wilson_interval(size_t k, size_t n, double level, double *lower, double *upper)
{
    double z = lb_norm_q((1 - level) / 2, LB_UPPER), m = (double)n, share = (double)k / m;
    double centre = (share + z * z / (2 * m)) / (1 + z * z / m);
    double half = z / (1 + z * z / m) * sqrt(share * (1 - share) / m + z * z / (4 * m * m));
    *lower = n == 0 ? NAN : k == 0 ? 0 : centre - half;
    *upper = n == 0 ? NAN : k == n ? 1 : centre + half;
}

static void set_named(lb_value *out, const char *name, const char *suffix, double value)
{
    char key[64];
    snprintf(key, sizeof key, "%s%s", name, suffix);
    lb_set_number(out, key, value);
}

static double same(double x) { return x; }
static double f1_of_jaccard(double j) { return 2 * j / (1 + j); }

static void proportion(lb_value *out, const char *name, size_t k, size_t n, double level, double (*transform)(double))
{
    double exact[2], wilson[2];
    lb_exact_interval(k, n, level, &exact[0], &exact[1]);
    lb_wilson_interval(k, n, level, &wilson[0], &wilson[1]);
    lb_set_number(out, name, transform(n ? (double)k / (double)n : NAN));
    set_named(out, name, "_exact_lower", transform(exact[0]));
    set_named(out, name, "_exact_upper", transform(exact[1]));
    set_named(out, name, "_wilson_lower", transform(wilson[0]));
    set_named(out, name, "_wilson_upper", transform(wilson[1]));
}

void lb_confusion_measures(const lb_confusion *c, double level, lb_value *out)
{
    size_t cases = c->tp + c->fn, controls = c->tn + c->fp, positive = c->tp + c->fp, negative = c->tn + c->fn;
    size_t n = cases + controls;
    lb_set_int(out, "tp", (int64_t)c->tp);
    lb_set_int(out, "fp", (int64_t)c->fp);
    lb_set_int(out, "tn", (int64_t)c->tn);
    lb_set_int(out, "fn", (int64_t)c->fn);
    proportion(out, "sensitivity", c->tp, cases, level, same);
    proportion(out, "specificity", c->tn, controls, level, same);
    proportion(out, "ppv", c->tp, positive, level, same);
    proportion(out, "npv", c->tn, negative, level, same);
    proportion(out, "f1", c->tp, c->tp + c->fp + c->fn, level, f1_of_jaccard);
    proportion(out, "accuracy", c->tp + c->tn, n, level, same);
    double tp = (double)c->tp, fp = (double)c->fp, tn = (double)c->tn, fn = (double)c->fn, total = (double)n;
    double sensitivity = tp / (double)cases, specificity = tn / (double)controls;
    double by_chance = ((double)positive * (double)cases + (double)negative * (double)controls) / (total * total);
    lb_set_number(out, "balanced_accuracy", (sensitivity + specificity) / 2);
    lb_set_number(out, "mcc", (tp * tn - fp * fn) / (sqrt((double)positive * (double)cases) * sqrt((double)negative * (double)controls)));
    lb_set_number(out, "kappa", ((tp + tn) / total - by_chance) / (1 - by_chance));
    lb_set_number(out, "lr_positive", sensitivity / (1 - specificity));
    lb_set_number(out, "lr_negative", (1 - sensitivity) / specificity);
}
