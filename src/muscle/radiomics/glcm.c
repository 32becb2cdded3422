/* Grey level co-occurrence (Haralick et al. 1973, doi:10.1109/TSMC.1973.4309314): how often two levels are neighbours
 * along a direction; features are means over the directions, or of the weighted sum of their matrices. Definitions, and
 * what happens at the edges of the formulas: PyRadiomics documentation, "GLCM Features". */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/radiomics/texture.h"

enum {
    AUTOCORRELATION,
    CLUSTER_PROMINENCE,
    CLUSTER_SHADE,
    CLUSTER_TENDENCY,
    CONTRAST,
    CORRELATION,
    DIFFERENCE_AVERAGE,
    DIFFERENCE_ENTROPY,
    DIFFERENCE_VARIANCE,
    ID,
    IDM,
    IDMN,
    IDN,
    IMC1,
    IMC2,
    INVERSE_VARIANCE,
    JOINT_AVERAGE,
    JOINT_ENERGY,
    JOINT_ENTROPY,
    MCC,
    MAXIMUM_PROBABILITY,
    SUM_AVERAGE,
    SUM_ENTROPY,
    SUM_SQUARES,
    FEATURES
};

/* One matrix of probabilities with its marginals. Rows of levels that do not occur are squeezed out: level[k] is what
 * is left. */
typedef struct glcm {
    size_t n, levels;         /* levels kept, and the highest level */
    const double *level;      /* n */
    double *p;                /* n × n */
    double *px, *py;          /* n */
    double *sum, *difference; /* by i + j, by |i − j| */
    double ux, uy;
} glcm;

static double plogp(double p) { return p * log2(p + lb_log_floor); }

static void marginals(glcm *m)
{
    memset(m->px, 0, m->n * sizeof *m->px);
    memset(m->py, 0, m->n * sizeof *m->py);
    memset(m->sum, 0, (2 * m->levels + 1) * sizeof *m->sum);
    memset(m->difference, 0, m->levels * sizeof *m->difference);
    m->ux = m->uy = 0;
    for (size_t i = 0; i < m->n; i++)
        for (size_t j = 0; j < m->n; j++) {
            double p = m->p[i * m->n + j];
            if (p == 0) continue;
            m->px[i] += p;
            m->py[j] += p;
            m->sum[(size_t)(m->level[i] + m->level[j])] += p;
            m->difference[(size_t)fabs(m->level[i] - m->level[j])] += p;
            m->ux += p * m->level[i];
            m->uy += p * m->level[j];
        }
}

static bool joint_features(const glcm *m, double *f)
{
    double vx = 0, vy = 0, product = 0, hxy1 = 0, hxy2 = 0, hx = 0, hy = 0, hxy = 0;
    size_t rows = 0, columns = 0;
    for (size_t i = 0; i < m->n; i++) {
        rows += m->px[i] > 0;
        columns += m->py[i] > 0;
        hx -= plogp(m->px[i]);
        hy -= plogp(m->py[i]);
        for (size_t j = 0; j < m->n; j++) {
            double p = m->p[i * m->n + j], a = m->level[i], b = m->level[j], both = m->px[i] * m->py[j];
            if (both > 0) hxy2 -= plogp(both);
            if (p == 0) continue;
            double dx = a - m->ux, dy = b - m->uy, c = dx + dy;
            f[AUTOCORRELATION] += p * a * b;
            f[CLUSTER_TENDENCY] += p * c * c;
            f[CLUSTER_SHADE] += p * c * c * c;
            f[CLUSTER_PROMINENCE] += p * c * c * c * c;
            f[CONTRAST] += p * (a - b) * (a - b);
            f[JOINT_ENERGY] += p * p;
            if (p > f[MAXIMUM_PROBABILITY]) f[MAXIMUM_PROBABILITY] = p;
            vx += p * dx * dx;
            vy += p * dy * dy;
            product += p * dx * dy;
            hxy -= plogp(p);
            hxy1 -= p * log2(both + lb_log_floor);
        }
    }
    double larger = fmax(hx, hy), below = hxy2 - hxy;
    bool flat = rows == 1 || columns == 1;
    f[JOINT_AVERAGE] = m->ux;
    f[SUM_SQUARES] = vx;
    f[JOINT_ENTROPY] = hxy;
    f[CORRELATION] = flat ? 1 : product / (sqrt(vx) * sqrt(vy) + lb_log_floor);
    f[IMC1] = larger > 0 ? (hxy - hxy1) / larger : 0;
    f[IMC2] = below > 0 ? sqrt(1 - exp(-2 * below)) : 0;
    return flat;
}

static void line_features(const glcm *m, double *f)
{
    double levels = (double)m->levels;
    for (size_t k = 2; k <= 2 * m->levels; k++) {
        f[SUM_AVERAGE] += m->sum[k] * (double)k;
        f[SUM_ENTROPY] -= plogp(m->sum[k]);
    }
    for (size_t k = 0; k < m->levels; k++) f[DIFFERENCE_AVERAGE] += m->difference[k] * (double)k;
    for (size_t k = 0; k < m->levels; k++) {
        double p = m->difference[k], d = (double)k, away = d - f[DIFFERENCE_AVERAGE];
        f[DIFFERENCE_ENTROPY] -= plogp(p);
        f[DIFFERENCE_VARIANCE] += p * away * away;
        f[ID] += p / (1 + d);
        f[IDM] += p / (1 + d * d);
        f[IDN] += p / (1 + d / levels);
        f[IDMN] += p / (1 + d * d / (levels * levels));
        if (k > 0) f[INVERSE_VARIANCE] += p / (d * d);
    }
}

/* Maximal correlation coefficient: square root of the second largest eigenvalue of Q(i,j) = Σ p(i,k) p(j,k) / (px(i)
 * py(k)). Q is similar to S Sᵀ with S(i,k) = p(i,k) / √(px(i) py(k)), which is symmetric. */
static double maximal_correlation(const glcm *m)
{
    size_t n = m->n;
    if (n < 2) return 1;
    double *s = lb_alloc(n * n, sizeof *s), *q = lb_alloc(n * n, sizeof *q);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            double both = m->px[i] * m->py[k];
            s[i * n + k] = both > 0 ? m->p[i * n + k] / sqrt(both) : 0;
        }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double dot = 0;
            for (size_t k = 0; k < n; k++) dot += s[i * n + k] * s[j * n + k];
            q[i * n + j] = q[j * n + i] = dot;
        }
    double second = lb_second_eigenvalue(q, n);
    free(s);
    free(q);
    return sqrt(fmax(0, second));
}

/* How many matrices were added, and how many of them hold one grey level only: those count with the conventional values
 * of the reference implementation (correlation and MCC 1, IMC 0). */
typedef struct tally {
    size_t added, flat;
} tally;

static void add_features(glcm *m, double *sum, tally *t)
{
    double f[FEATURES] = {0};
    marginals(m);
    t->flat += joint_features(m, f);
    line_features(m, f);
    f[MCC] = maximal_correlation(m);
    for (int i = 0; i < FEATURES; i++) sum[i] += f[i];
    t->added++;
}

static void count_pairs(const lb_levels *levels, int64_t offset, double *count)
{
    size_t n = levels->levels;
    memset(count, 0, n * n * sizeof *count);
    for (size_t v = 0; v < levels->voxels; v++) {
        size_t i = levels->at[v], a = levels->level[i], b = levels->level[(size_t)((int64_t)i + offset)];
        if (b != 0) count[(a - 1) * n + b - 1]++;
    }
}

/* Counts of kept levels into m->p, with the transpose when symmetric; returns the total. */
static double squeeze(const double *count, size_t levels, bool symmetric, glcm *m)
{
    double total = 0;
    for (size_t i = 0; i < m->n; i++)
        for (size_t j = 0; j < m->n; j++) {
            size_t a = (size_t)m->level[i] - 1, b = (size_t)m->level[j] - 1;
            double pairs = count[a * levels + b] + (symmetric ? count[b * levels + a] : 0);
            m->p[i * m->n + j] = pairs;
            total += pairs;
        }
    return total;
}

static void divide(double *p, size_t count, double by)
{
    for (size_t i = 0; i < count; i++) p[i] /= by;
}

/* Every direction by itself, or all together by weight. */
static tally all_directions(const lb_feature_input *input, const lb_levels *levels, glcm *m, double *count,
                            double *together, double *sum)
{
    const lb_radiomics_settings *s = input->settings;
    size_t directions, cells = m->n * m->n;
    tally t = {0, 0};
    double whole = 0;
    lb_direction *direction = lb_directions(input, levels, s->distance, s->distances, &directions);
    for (size_t d = 0; d < directions; d++) {
        count_pairs(levels, direction[d].offset, count);
        double total = squeeze(count, levels->levels, s->symmetrical_glcm, m);
        if (total == 0) continue;
        if (s->weighting == LB_WEIGHT_NONE) {
            divide(m->p, cells, total);
            add_features(m, sum, &t);
        } else {
            for (size_t c = 0; c < cells; c++) together[c] += direction[d].weight * m->p[c];
            whole += direction[d].weight * total;
        }
    }
    free(direction);
    if (whole > 0) {
        memcpy(m->p, together, cells * sizeof *m->p);
        divide(m->p, cells, whole);
        add_features(m, sum, &t);
    }
    return t;
}

int lb_glcm_compute(const lb_feature_input *input, lb_features *out, lb_error *err)
{
    (void)err;
    const char *reason;
    int64_t far = 1;
    for (size_t d = 0; d < input->settings->distances; d++)
        far = input->settings->distance[d] > far ? input->settings->distance[d] : far;
    lb_levels *levels = lb_levels_new(input, far, &reason);
    if (!levels) return lb_features_undefined(out, reason);
    size_t g = levels->levels;
    double *level = lb_alloc(g, sizeof *level), *line = lb_alloc(2 * g + 3 * g + 2, sizeof *line);
    glcm m = {.levels = g, .level = level, .px = line, .py = line + g, .difference = line + 2 * g, .sum = line + 3 * g};
    for (size_t b = 0; b < g; b++)
        if (input->grey->bin_voxels[b] > 0) level[m.n++] = (double)b + 1;
    m.p = lb_alloc(m.n * m.n, sizeof *m.p);
    double *count = lb_alloc(g * g, sizeof *count), *together = lb_alloc(m.n * m.n, sizeof *together),
           sum[FEATURES] = {0};
    tally t = all_directions(input, levels, &m, count, together, sum);
    for (int i = 0; i < FEATURES; i++) out->value[i] = sum[i] / (double)t.added;
    if (t.added > 0 && t.flat == t.added) {
        static const int undefined[] = {CORRELATION, IMC1, IMC2, MCC};
        for (size_t i = 0; i < LB_COUNT(undefined); i++) {
            out->printed[undefined[i]] = out->value[undefined[i]];
            out->value[undefined[i]] = NAN;
            out->reason[undefined[i]] = "all neighbours have one grey level";
        }
    }
    free(m.p);
    free(level);
    free(line);
    free(count);
    free(together);
    lb_levels_free(levels);
    return t.added ? LB_OK : lb_features_undefined(out, "no two voxels of the region are neighbours");
}
