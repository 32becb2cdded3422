/* Labels grown from a few strokes, on cells of about two millimetres, and settled voxel by voxel. Three things decide.
 * A random walk (Grady 2006) that passes easily through muscle and hardly through anything else parts muscles from their
 * surroundings; a slight leak everywhere keeps it near the strokes where none stand against it. What a cell looks like, compared
 * with the muscle under the strokes, holds it back from fat and bone. A second walk, by edges alone, has its say. Between muscles, whose borders the pictures hardly show,
 * the front that arrives first counts (geodesic time; Criminisi, Sharp and Blake 2008, doi:10.1007/978-3-540-88682-2_9): a
 * walk gives most to the label with the most paint. */
#include "muscle/segment/grow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/composition/classes.h"
#include "muscle/segment/front.h"
#include "muscle/segment/tissue.h"
#include "muscle/segment/walker.h"

typedef struct field {
    lb_grow *grow;
    size_t low[3], size[3];    /* the box worked in, in voxels */
    size_t factor;             /* voxels per cell in the plane */
    size_t cells[3];
    size_t count, plane;       /* cells in all, in a slice */
    float *picture;            /* channels per cell, interleaved, about 0..1 */
    float *weight[3], *pull, *prior, *probability;
    float *distance;           /* of each cell from muscle, squared, in standard deviations */
    int8_t *seed;
    int outside;               /* index of the label of the surroundings, −1: none is known */
    bool learned;              /* `tissue` holds */
    lb_tissue tissue;
    lb_tissue_cells look;
} field;

enum { MARGIN_MM = 12, OPEN_MARGIN_MM = 60 };
/* Muscles run along the spine: a step to the next slice is easier than its length says. And no edge stops a walk quite. All numbers
 * here were chosen by hand on TUM01, the one case with manual labels at hand, as what does best for the worst of many sets of
 * drawn strokes: what is reached on TUM01 is the result of a case that was tuned on, and says little of other scanners. */
static const float ALONG = 8, FLOOR = 2e-2F;
static const double LEAK = 0.002;         /* pull to the surroundings, at a cell of 2 mm */
static const double STOP = 0.4;           /* times the contrast: how fast conductance falls with the squared distance from muscle */
static const double HOLD = 3;             /* log odds against muscle where another tissue is met */
static const double STRICT = 0.1;        /* muscle holds up to this likeness: a little nearer to muscle than half way */
static const double FRONT_MM = 5;         /* a front that is later by this has 1/e of the chance */
static const double FRONT_ALONG = 0.3;    /* length of a step along the spine, times the gap */
static const float TISSUE_PART = 1 / 3.0F; /* of the walk by tissue in the answer; the rest is a walk by edges */
static const double FRONT_SLOW = 4, FRONT_JUMP_MM = 60, FRONT_RESIST = 0.05;

static size_t label_index(lb_grow *g, int64_t label)
{
    for (size_t i = 0; i < g->labels; i++)
        if (g->label[i] == label) return i;
    if (g->labels == LB_GROW_LABELS) return SIZE_MAX;
    g->label[g->labels] = label;
    return g->labels++;
}

/* Labels among the seeds and the box around them. */
static int find_seeds(field *f, lb_error *err)
{
    lb_grow *g = f->grow;
    const size_t *size = g->seeds->size;
    size_t high[3] = {0, 0, 0};
    for (int axis = 0; axis < 3; axis++) f->low[axis] = size[axis];
    size_t count = lb_volume_count(g->seeds);
    for (size_t i = 0; i < count; i++) {
        double value = lb_volume_at(g->seeds, i);
        if (value == 0) continue;
        size_t at[3] = {i % size[0], i / size[0] % size[1], i / size[0] / size[1]}, label = label_index(g, (int64_t)value);
        if (label == SIZE_MAX) {
            lb_fail(err, LB_BAD_DATA, "the seeds hold more than %d labels", LB_GROW_LABELS);
            lb_error_hint(err, "was a whole picture given as the seeds?");
            return LB_BAD_DATA;
        }
        g->seed_voxels[label]++;
        for (int axis = 0; axis < 3; axis++) {
            if (at[axis] < f->low[axis]) f->low[axis] = at[axis];
            if (at[axis] > high[axis]) high[axis] = at[axis];
        }
    }
    if (g->labels < 2) {
        lb_fail(err, LB_BAD_DATA, g->labels == 0 ? "the seeds are empty" : "the seeds hold one label only: growing needs two to tell apart");
        lb_error_hint(err, "paint a few strokes in each muscle, and some outside with a label of their own");
        return LB_BAD_DATA;
    }
    for (int axis = 0; axis < 2; axis++) {
        double margin = (g->background ? MARGIN_MM : OPEN_MARGIN_MM) / g->seeds->spacing_mm[axis];
        f->low[axis] = (double)f->low[axis] > margin ? f->low[axis] - (size_t)margin : 0;
        if ((double)high[axis] + margin >= (double)size[axis]) high[axis] = size[axis] - 1;
        else high[axis] += (size_t)margin;
        f->size[axis] = high[axis] + 1 - f->low[axis];
    }
    f->low[2] = 0;
    f->size[2] = size[2];
    return LB_OK;
}

static size_t voxel_of(const field *f, size_t x, size_t y, size_t z)
{
    const size_t *size = f->grow->seeds->size;
    return f->low[0] + x + size[0] * (f->low[1] + y + size[1] * (f->low[2] + z));
}

/* Means of the pictures over each cell, scaled by their 98th percentile. */
static void average_cells(field *f)
{
    size_t channels = f->grow->channels;
    double *values = lb_alloc(f->count, sizeof *values);
    for (size_t c = 0; c < channels; c++) {
        for (size_t z = 0, i = 0; z < f->cells[2]; z++)
            for (size_t y = 0; y < f->cells[1]; y++)
                for (size_t x = 0; x < f->cells[0]; x++, i++) {
                    double sum = 0;
                    size_t n = 0;
                    for (size_t dy = 0; dy < f->factor && y * f->factor + dy < f->size[1]; dy++)
                        for (size_t dx = 0; dx < f->factor && x * f->factor + dx < f->size[0]; dx++, n++) {
                            double v = lb_volume_at(f->grow->channel[c], voxel_of(f, x * f->factor + dx, y * f->factor + dy, z));
                            sum += isfinite(v) ? v : 0;
                        }
                    values[i] = sum / (double)n;
                    f->picture[channels * i + c] = (float)values[i];
                }
        lb_sort_numbers(values, f->count);
        double top = values[(size_t)(0.98 * (double)(f->count - 1))], bottom = values[(size_t)(0.02 * (double)(f->count - 1))];
        float scale = top > bottom ? (float)(1 / (top - bottom)) : 0;
        f->look.unit[c] = top > bottom ? top - bottom : 0;
        for (size_t i = 0; i < f->count; i++) f->picture[channels * i + c] *= scale;
    }
    free(values);
    f->look.picture = f->picture;
    f->look.channels = channels;
    for (int axis = 0; axis < 3; axis++) {
        f->look.size[axis] = f->cells[axis];
        f->look.step[axis] = 2.0 * (double)(axis < 2 ? f->factor : 1) / (double)f->size[axis];
    }
}

/* Seeds of the cells: the most frequent label of a cell's seeds. */
static void set_seeds(field *f)
{
    lb_grow *g = f->grow;
    memset(f->seed, -1, f->count);
    for (size_t z = 0, i = 0; z < f->cells[2]; z++)
        for (size_t y = 0; y < f->cells[1]; y++)
            for (size_t x = 0; x < f->cells[0]; x++, i++) {
                size_t votes[LB_GROW_LABELS] = {0}, best = 0;
                for (size_t dy = 0; dy < f->factor && y * f->factor + dy < f->size[1]; dy++)
                    for (size_t dx = 0; dx < f->factor && x * f->factor + dx < f->size[0]; dx++) {
                        int64_t label = (int64_t)lb_volume_at(g->seeds, voxel_of(f, x * f->factor + dx, y * f->factor + dy, z));
                        if (label) votes[label_index(g, label)]++;
                    }
                for (size_t l = 0; l < g->labels; l++)
                    if (votes[l] > votes[best]) best = l;
                if (votes[best]) f->seed[i] = (int8_t)best;
            }
}

static void set_weights(field *f)
{
    lb_grow *g = f->grow;
    size_t channels = g->channels, step[3] = {1, f->cells[0], f->plane};
    const double *mm = g->seeds->spacing_mm;
    double side[3] = {mm[0] * (double)f->factor, mm[1] * (double)f->factor, mm[2]};
    /* Noise: the median step between neighbours in the plane, by channel. */
    double *steps = lb_alloc(f->count, sizeof *steps), noise[LB_GROW_CHANNELS];
    for (size_t c = 0; c < channels; c++) {
        size_t n = 0;
        for (size_t i = 0; i + 1 < f->count; i++)
            if ((i + 1) % f->cells[0]) steps[n++] = fabs((double)f->picture[channels * (i + 1) + c] - (double)f->picture[channels * i + c]);
        lb_sort_numbers(steps, n);
        noise[c] = n ? (double)(float)fmax(steps[n / 2], 1e-3) : 1;
    }
    free(steps);
    for (int axis = 0; axis < 3; axis++) {
        float area = (float)(side[0] * side[0] / (side[axis] * side[axis])) * (axis == 2 ? ALONG : 1);
        for (size_t i = 0; i < f->count; i++) {
            size_t other = i + step[axis];
            if (other >= f->count) continue;
            double sum = 0;
            for (size_t c = 0; c < channels; c++) {
                double d = ((double)f->picture[channels * other + c] - (double)f->picture[channels * i + c]) / noise[c];
                sum += d * d;
            }
            f->weight[axis][i] = area * (float)(exp(-g->contrast * sum / (double)channels) + FLOOR);
        }
    }
}

/* Which label stands for the surroundings when nobody said: the one whose strokes lie on much more various tissue. */
static int guess_outside(const field *f)
{
    const lb_grow *g = f->grow;
    double sum[LB_GROW_LABELS] = {0}, square[LB_GROW_LABELS] = {0}, most = 0, second = 0;
    size_t n[LB_GROW_LABELS] = {0};
    int best = -1;
    for (size_t i = 0; i < f->count; i++) {
        double value = 0;
        for (size_t c = 0; c < g->channels; c++) value += (double)f->picture[g->channels * i + c] * f->look.unit[c];
        if (f->seed[i] < 0) continue;
        n[f->seed[i]]++;
        sum[f->seed[i]] += value;
        square[f->seed[i]] += value * value;
    }
    for (size_t l = 0; l < g->labels; l++) {
        double mean = n[l] ? sum[l] / (double)n[l] : 0, spread = n[l] ? square[l] / (double)n[l] - mean * mean : 0;
        if (spread > most) second = most, most = spread, best = (int)l;
        else if (spread > second) second = spread;
    }
    return most > 4 * second ? best : -1;
}

/* The look of muscle: first from the strokes alone, then twice from the cells the walk gives to muscle, as far as they look it. */
static void learn(field *f)
{
    const lb_grow *g = f->grow;
    uint8_t *inside = lb_alloc(f->count, 1);
    for (size_t i = 0; i < f->count; i++) inside[i] = f->seed[i] >= 0 && f->seed[i] != f->outside;
    f->learned = lb_tissue_fit(&f->tissue, &f->look, inside, 2);
    float *likeness = lb_alloc(f->count, sizeof *likeness);
    for (int round = 0; round < 2 && f->learned; round++) {
        lb_tissue_distance(&f->tissue, &f->look, f->distance);
        lb_tissue_compare(&f->tissue, &f->look, f->distance, likeness);
        for (size_t i = 0; i < f->count; i++) {
            double p = (double)f->probability[g->labels * i + (size_t)f->outside], odds = exp(HOLD * fmin((double)likeness[i] - STRICT, 0));
            p = p / (p + (1 - p) * odds);
            inside[i] = f->seed[i] >= 0 ? f->seed[i] != f->outside && round == 0 : p < 0.3 && f->distance[i] < 9;
        }
        lb_tissue before = f->tissue;
        if (!lb_tissue_fit(&f->tissue, &f->look, inside, LB_TISSUE_TERMS)) f->tissue = before;
    }
    free(inside);
    free(likeness);
}

/* Through muscle the walk passes, through other tissue hardly: a thin sheet of fat between two muscles stops it from both sides. */
static void set_weights_by_tissue(field *f)
{
    size_t step[3] = {1, f->cells[0], f->plane};
    const double *mm = f->grow->seeds->spacing_mm;
    double side[3] = {mm[0] * (double)f->factor, mm[1] * (double)f->factor, mm[2]};
    for (int axis = 0; axis < 3; axis++) {
        float area = (float)(side[0] * side[0] / (side[axis] * side[axis])) * (axis == 2 ? ALONG : 1);
        for (size_t i = 0; i + step[axis] < f->count; i++) {
            double farther = fmax((double)f->distance[i], (double)f->distance[i + step[axis]]);
            f->weight[axis][i] = area * (float)(exp(-STOP * f->grow->contrast * farther) + FLOOR);
        }
    }
}

static void set_leak(field *f)
{
    size_t labels = f->grow->labels;
    double width = (double)f->factor * f->grow->seeds->spacing_mm[0] / 2;
    f->pull = lb_alloc(f->count, sizeof *f->pull);
    f->prior = lb_alloc(f->count * labels, sizeof *f->prior);
    for (size_t i = 0; i < f->count; i++) {
        f->pull[i] = (float)(LEAK * width * width);
        f->prior[labels * i + (size_t)f->outside] = 1;
    }
}

typedef struct arrival {
    lb_front front;
    size_t count;
    float *cost; /* per label */
} arrival;

static void run_front(void *context, size_t label)
{
    arrival *a = context;
    lb_front_run(&a->front, (int8_t)label, a->cost + label * a->count);
}

/* What the walk gives to muscle in all is shared out by the time of arrival and, less, by the walk. */
static void share_out(field *f)
{
    lb_grow *g = f->grow;
    const double *mm = g->seeds->spacing_mm;
    float *resist = lb_alloc(f->count, sizeof *resist);
    for (size_t i = 0; i < f->count; i++) resist[i] = (float)(1 - exp(-FRONT_RESIST * (double)f->distance[i]));
    arrival a = {{{f->cells[0], f->cells[1], f->cells[2]}, {mm[0] * (double)f->factor, mm[1] * (double)f->factor, mm[2] * FRONT_ALONG}, resist,
                  FRONT_SLOW, FRONT_JUMP_MM, f->seed}, f->count, lb_alloc(f->count * g->labels, sizeof(float))};
    lb_parallel_for(g->labels, g->threads, run_front, &a);
    for (size_t i = 0; i < f->count; i++) {
        float *p = f->probability + g->labels * i, first = INFINITY;
        double muscle = 0, sum = 0, part[LB_GROW_LABELS] = {0};
        if (f->seed[i] >= 0) continue;
        for (size_t l = 0; l < g->labels; l++)
            if ((int)l != f->outside) first = fminf(first, a.cost[l * f->count + i]), muscle += fmax((double)p[l], 0);
        if (!isfinite(first)) continue;
        for (size_t l = 0; l < g->labels; l++)
            if ((int)l != f->outside) sum += part[l] = sqrt(fmax((double)p[l], 1e-9)) * exp((double)(first - a.cost[l * f->count + i]) / FRONT_MM);
        for (size_t l = 0; l < g->labels; l++)
            if ((int)l != f->outside) p[l] = (float)(muscle * part[l] / sum);
    }
    free(a.cost);
    free(resist);
}

/* Muscle is held back where a cell looks like another tissue; looking like muscle is no proof of being one of these muscles. */
static void hold_back(field *f)
{
    size_t labels = f->grow->labels;
    float *likeness = lb_alloc(f->count, sizeof *likeness);
    lb_tissue_compare(&f->tissue, &f->look, f->distance, likeness);
    for (size_t i = 0; i < f->count; i++) {
        float *p = f->probability + labels * i, odds = (float)exp(HOLD * fmin((double)likeness[i] - STRICT, 0)), sum = 0;
        if (f->seed[i] >= 0) continue;
        for (size_t l = 0; l < labels; l++) sum += p[l] = fmaxf(p[l], 0) * ((int)l == f->outside ? 1 : odds);
        for (size_t l = 0; l < labels && sum > 0; l++) p[l] /= sum;
    }
    free(likeness);
}

static void free_field(field *f)
{
    free(f->picture);
    for (int axis = 0; axis < 3; axis++) free(f->weight[axis]);
    free(f->seed);
    free(f->probability);
    free(f->pull);
    free(f->prior);
    free(f->distance);
}

/* A walk by the edges of the pictures alone, which needs strokes outside all around but then follows edges that tissue does not
 * tell; joined with the answer so far. */
static void join_walk_by_edges(field *f, const lb_walker *by_tissue)
{
    size_t count = f->count * f->grow->labels;
    float *first = lb_alloc(count, sizeof *first);
    memcpy(first, f->probability, count * sizeof *first);
    lb_walker walker = *by_tissue;
    walker.pull = walker.prior = NULL;
    set_weights(f);
    f->grow->steps += lb_walker_solve(&walker);
    for (size_t i = 0; i < count; i++) f->probability[i] = TISSUE_PART * first[i] + (1 - TISSUE_PART) * f->probability[i];
    free(first);
}

/* One resolution: cells, weights, seeds; starts from the answer of the coarser one. */
static void solve_level(field *f, size_t factor, const field *coarser, int most_steps)
{
    lb_grow *g = f->grow;
    f->factor = factor;
    for (int axis = 0; axis < 3; axis++) f->cells[axis] = axis < 2 ? (f->size[axis] + factor - 1) / factor : f->size[axis];
    f->plane = f->cells[0] * f->cells[1];
    f->count = f->plane * f->cells[2];
    f->picture = lb_alloc(f->count * g->channels, sizeof *f->picture);
    for (int axis = 0; axis < 3; axis++) f->weight[axis] = lb_alloc(f->count, sizeof(float));
    f->seed = lb_alloc(f->count, 1);
    f->probability = lb_alloc(f->count * g->labels, sizeof(float));
    f->distance = lb_alloc(f->count, sizeof(float));
    average_cells(f);
    set_seeds(f);
    if (!coarser && f->outside < 0) f->outside = guess_outside(f);
    if (coarser) f->outside = coarser->outside, f->learned = coarser->learned, f->tissue = coarser->tissue;
    if (f->learned) {
        lb_tissue_distance(&f->tissue, &f->look, f->distance);
        set_weights_by_tissue(f);
    } else set_weights(f);
    if (f->outside >= 0) set_leak(f);
    size_t ratio = coarser ? coarser->factor / factor : 1;
    for (size_t z = 0, i = 0; z < f->cells[2]; z++)
        for (size_t y = 0; y < f->cells[1]; y++)
            for (size_t x = 0; x < f->cells[0]; x++, i++)
                for (size_t l = 0; l < g->labels; l++) {
                    float p = 1 / (float)g->labels;
                    if (f->seed[i] >= 0) p = f->seed[i] == (int)l;
                    else if (coarser) p = coarser->probability[g->labels * (x / ratio + coarser->cells[0] * (y / ratio + coarser->cells[1] * z)) + l];
                    f->probability[g->labels * i + l] = p;
                }
    lb_walker walker = {{f->cells[0], f->cells[1], f->cells[2]}, g->labels, {f->weight[0], f->weight[1], f->weight[2]}, f->pull, f->prior, f->seed, f->probability, 1e-3, most_steps, g->threads};
    g->steps = lb_walker_solve(&walker);
    if (!coarser && f->outside >= 0) learn(f);
    if (coarser && f->learned) {
        share_out(f);
        hold_back(f);
        join_walk_by_edges(f, &walker);
    }
}

/* Probability of each label at a voxel, between the centres of the cells around it. */
static void probability_at(const field *f, size_t x, size_t y, size_t z, float *out)
{
    size_t labels = f->grow->labels, at[2][2], place[2] = {x, y};
    float part[2];
    for (int axis = 0; axis < 2; axis++) {
        double c = ((double)place[axis] + 0.5) / (double)f->factor - 0.5, low = floor(c);
        part[axis] = (float)(c - low);
        double high = fmin(low + 1, (double)f->cells[axis] - 1);
        at[axis][0] = (size_t)fmax(low, 0);
        at[axis][1] = (size_t)fmax(high, 0);
    }
    const float *p[4];
    for (int n = 0; n < 4; n++) p[n] = f->probability + labels * (at[0][n & 1] + f->cells[0] * (at[1][n >> 1] + f->cells[1] * z));
    for (size_t l = 0; l < labels; l++)
        out[l] = (1 - part[1]) * ((1 - part[0]) * p[0][l] + part[0] * p[1][l]) + part[1] * ((1 - part[0]) * p[2][l] + part[0] * p[3][l]);
}

/* Voxel by voxel: the most probable label; seeds stay as painted; values outside the range are background. */
static int settle(const field *f, lb_arena *arena, lb_volume **out, lb_error *err)
{
    lb_grow *g = f->grow;
    int64_t top = 0;
    for (size_t l = 0; l < g->labels; l++) top = g->label[l] > top ? g->label[l] : top;
    lb_volume *mask = *out = lb_volume_new(arena, g->seeds->size, top > 255 ? LB_U16 : LB_U8);
    if (!mask) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the mask");
    memcpy(mask->spacing_mm, g->seeds->spacing_mm, sizeof mask->spacing_mm);
    memcpy(mask->origin_mm, g->seeds->origin_mm, sizeof mask->origin_mm);
    memcpy(mask->direction, g->seeds->direction, sizeof mask->direction);
    for (size_t z = 0; z < f->size[2]; z++)
        for (size_t y = 0; y < f->size[1]; y++)
            for (size_t x = 0; x < f->size[0]; x++) {
                size_t voxel = voxel_of(f, x, y, z), best = 0;
                double value = lb_volume_at(g->channel[0], voxel);
                int64_t label = (int64_t)lb_volume_at(g->seeds, voxel);
                float p[LB_GROW_LABELS];
                if (label == 0 && (value < g->low || value > g->high)) continue; /* NaN: no limit */
                if (label == 0) {
                    probability_at(f, x, y, z, p);
                    for (size_t l = 1; l < g->labels; l++)
                        if (p[l] > p[best]) best = l;
                    label = g->label[best];
                }
                if (label == g->background) continue;
                if (top > 255) ((uint16_t *)mask->voxels)[voxel] = (uint16_t)label;
                else ((uint8_t *)mask->voxels)[voxel] = (uint8_t)label;
                g->voxels[label_index(g, label)]++;
            }
    return LB_OK;
}

int lb_grow_run(lb_grow *g, lb_arena *arena, lb_volume **out, lb_error *err)
{
    field f = {.grow = g, .outside = -1}, coarse;
    g->labels = 0;
    memset(g->seed_voxels, 0, sizeof g->seed_voxels);
    memset(g->voxels, 0, sizeof g->voxels);
    int status = find_seeds(&f, err);
    if (status != LB_OK) return status;
    for (size_t l = 0; l < g->labels; l++)
        if (g->label[l] == g->background) f.outside = (int)l;
    const double *mm = g->seeds->spacing_mm;
    size_t factor = (size_t)fmax(1, round(g->node_mm / fmax(mm[0], mm[1])));
    coarse = f;
    solve_level(&coarse, 2 * factor, NULL, 150);
    solve_level(&f, factor, &coarse, 40);
    free_field(&coarse);
    status = settle(&f, arena, out, err);
    free_field(&f);
    return status;
}
