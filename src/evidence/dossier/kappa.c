/* Agreement of two screeners: Cohen's kappa (1960, doi:10.1177/001316446002000104) with the large-sample standard error
 * of Fleiss, Cohen & Everitt (1969, doi:10.1037/h0028106, eq. 13). */
#include "evidence/dossier/dossier.h"

#include <lumbar/numeric.h>

#include <math.h>

void lb_kappa_fit(const double n[2][2], double level, lb_kappa *out)
{
    double total = n[0][0] + n[0][1] + n[1][0] + n[1][1];
    *out = (lb_kappa){.n = total, .observed = NAN, .expected = NAN, .kappa = NAN, .se = NAN, .lower = NAN, .upper = NAN};
    if (!(total > 0)) return;
    double row[2], column[2], po, pe = 0, one = 0, two = 0;
    for (int i = 0; i < 2; i++) {
        row[i] = (n[i][0] + n[i][1]) / total;
        column[i] = (n[0][i] + n[1][i]) / total;
    }
    po = (n[0][0] + n[1][1]) / total;
    for (int i = 0; i < 2; i++) pe += row[i] * column[i];
    out->observed = po;
    out->expected = pe;
    if (!(pe < 1)) return; /* both always said the same one thing: kappa is not defined */
    double k = (po - pe) / (1 - pe);
    for (int i = 0; i < 2; i++) {
        double a = 1 - (row[i] + column[i]) * (1 - k);
        one += n[i][i] / total * a * a;
        double b = column[i] + row[1 - i];
        two += n[i][1 - i] / total * b * b;
    }
    two *= (1 - k) * (1 - k);
    double last = k - pe * (1 - k);
    out->kappa = k;
    out->se = sqrt(fmax(0, one + two - last * last) / total) / (1 - pe);
    if (!(out->se > 0) && po < 1) { /* one of the two never changed the answer: nothing to judge it by */
        out->se = NAN;
        return;
    }
    double half = lb_norm_q((1 - level) / 2, LB_UPPER) * out->se;
    out->lower = fmax(-1, k - half);
    out->upper = fmin(1, k + half);
}
