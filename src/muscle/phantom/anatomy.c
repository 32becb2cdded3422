/* A made-up lumbar spine out of smooth shapes, painted from the back of the picture to the front. Sizes and fat are
 * chosen to look like an adult's, with fat growing towards L5; no data set and nobody's scan is in it. */
#include "muscle/phantom/anatomy.h"

#include <math.h>
#include <stdlib.h>

const char *const lb_phantom_muscle[LB_PHANTOM_MUSCLES + 1] = {"",
                                                               "right erector spinae",
                                                               "right multifidus",
                                                               "left multifidus",
                                                               "left erector spinae",
                                                               "right psoas major",
                                                               "left psoas major",
                                                               "right quadratus lumborum",
                                                               "left quadratus lumborum"};

static void noise_init(lb_noise *n, const double extent_mm[3], const double step_mm[3], uint64_t seed, uint64_t stream)
{
    lb_random random;
    size_t count = 1;
    for (int a = 0; a < 3; a++) {
        n->step[a] = step_mm[a];
        n->size[a] = (size_t)(extent_mm[a] / step_mm[a]) + 3;
        count *= n->size[a];
    }
    n->value = lb_alloc(count, sizeof *n->value);
    lb_random_init(&random, seed, stream);
    for (size_t i = 0; i < count; i++) n->value[i] = (float)lb_random_uniform(&random);
}

/* The lattice repeats itself outside its extent: the noise has no edge. */
static double noise_at(const lb_noise *n, double x, double y, double z)
{
    enum { FAR_MM = 1000 }; /* keeps places positive */
    double p[3] = {(x + FAR_MM) / n->step[0], (y + FAR_MM) / n->step[1], (z + FAR_MM) / n->step[2]}, sum = 0;
    double share[3][2]; /* of the lower and the upper neighbour along each axis */
    size_t at[3][2];
    for (int a = 0; a < 3; a++) {
        size_t cell = (size_t)p[a];
        double f = p[a] - (double)cell;
        f = f * f * (3 - 2 * f);
        share[a][0] = 1 - f, share[a][1] = f;
        at[a][0] = cell % n->size[a];
        at[a][1] = at[a][0] + 1 == n->size[a] ? 0 : at[a][0] + 1;
    }
    for (unsigned c = 0; c < 8; c++) {
        unsigned i = c & 1, j = c >> 1 & 1, k = c >> 2;
        double value = (double)n->value[(at[2][k] * n->size[1] + at[1][j]) * n->size[0] + at[0][i]];
        sum += share[2][k] * share[1][j] * share[0][i] * value;
    }
    return sum;
}

void lb_anatomy_init(lb_anatomy *anatomy, const double extent_mm[3], double infiltration, uint64_t seed)
{
    noise_init(&anatomy->coarse, extent_mm, (double[3]){9, 9, 22}, seed, 1);
    noise_init(&anatomy->fine, extent_mm, (double[3]){2.6, 4.2, 14}, seed, 2);
    anatomy->infiltration = infiltration;
}

void lb_anatomy_free(lb_anatomy *anatomy)
{
    free(anatomy->coarse.value);
    free(anatomy->fine.value);
}

/* An ellipse, turned; `power` above 2 squares it. */
typedef struct oval {
    double x, y, a, b, degrees, power;
} oval;

/* Millimetres from its edge, about; negative inside. */
static double distance(const oval *o, double x, double y)
{
    double reach = 1.3 * fmax(o->a, o->b) + 4;
    if (fabs(x - o->x) > reach || fabs(y - o->y) > reach) return reach; /* far outside: how far does not matter */
    double angle = o->degrees * 0.017453292519943295, c = cos(angle), s = sin(angle);
    double u = fabs((x - o->x) * c + (y - o->y) * s) / o->a, v = fabs(-(x - o->x) * s + (y - o->y) * c) / o->b;
    double r = o->power == 2 ? sqrt(u * u + v * v) : pow(pow(u, o->power) + pow(v, o->power), 1 / o->power);
    return (r - 1) * fmin(o->a, o->b);
}

/* 1 inside, 0 outside, soft over a millimetre at the edge. */
static double soft(double distance_mm)
{
    double t = 0.5 - distance_mm / 1.2;
    return t < 0 ? 0 : t > 1 ? 1 : t;
}

static void paint(lb_tissue *t, double cover, double signal, double fat)
{
    if (cover <= 0) return;
    /* Signals of water and fat add up in a voxel, so the fat share is weighted by signal. */
    double fat_signal = (1 - cover) * t->signal * t->fat + cover * signal * fat;
    t->signal = (1 - cover) * t->signal + cover * signal;
    t->fat = t->signal > 0 ? fat_signal / t->signal : 0;
}

static double mix(double upper, double lower, double down) { return upper + (lower - upper) * down; }

static void paint_trunk(const lb_anatomy *a, lb_tissue *t, double x, double y, double z, double down)
{
    double wide = mix(148, 158, down), deep = 104, back = mix(14, 30, down), front = mix(16, 26, down);
    oval skin = {0, 0, wide, deep, 0, 2.5};
    double inside = soft(distance(&skin, x, y));
    double grain = noise_at(&a->coarse, x + 11, y + 7, z);
    paint(t, inside, 620, 0.25); /* skin */
    skin.a -= 2, skin.b -= 2;
    paint(t, soft(distance(&skin, x, y)), 900 + 60 * grain, 0.95); /* fat under the skin */
    oval wall = {0, (front - back) / 2, wide - mix(15, 20, down), deep - (front + back) / 2, 0, 2.5};
    double thin = (y - 12) / 52, thickness = 15 * (thin <= 0 ? 1 : thin >= 1 ? 0 : 1 - thin * thin * (3 - 2 * thin));
    double in_wall = distance(&wall, x, y);
    paint(t, soft(in_wall), 400 + 30 * grain, 0.08);             /* oblique and transverse muscles */
    paint(t, soft(in_wall + thickness), 860 + 60 * grain, 0.93); /* fat of the belly */
    oval cavity = {0, wall.y - 2, wall.a - 24, wall.b - 20, 0, 2.2};
    if (distance(&cavity, x, y) < 0 && y < 0) {
        /* Two lattices across each other: loops without corners; more of them in the middle than at the wall. */
        double gut = 0.5 * noise_at(&a->coarse, 0.46 * x + 3, 0.46 * y, 0.5 * z + 40) +
                     0.5 * noise_at(&a->coarse, 0.33 * (x + y), 0.33 * (y - x) + 31, 0.5 * z);
        double less = 0.6 + 0.25 * fmax(-0.7, distance(&cavity, x, y) / 60) + 0.022 * fmax(0, y + 24);
        paint(t, soft((less - gut) * 40), 470, 0.04); /* wall of the gut, then what it holds */
        paint(t, soft((less + 0.09 - gut) * 40), 230 + 400 * noise_at(&a->coarse, 0.3 * x, 0.3 * y, z), 0.02);
    }
    oval rectus_right = {-34, wall.y - wall.b + 6, 30, 6, -5, 2.4},
         rectus_left = {34, wall.y - wall.b + 6, 30, 6, 5, 2.4};
    paint(t, fmax(soft(distance(&rectus_right, x, y)), soft(distance(&rectus_left, x, y))), 400, 0.07);
}

static void paint_organs(const lb_anatomy *a, lb_tissue *t, double x, double y, double z, double down)
{
    double kidney = 1 - fabs(down - 0.12) / 0.34;
    for (int side = -1; side <= 1 && kidney > 0; side += 2) {
        double r = sqrt(kidney);
        oval cortex = {side * 74, 22, 27 * r, 22 * r, side * -25, 2},
             sinus = {side * 66, 19, 11 * r, 8 * r, side * -25, 2};
        paint(t, soft(distance(&cortex, x, y)), 560, 0.02);
        paint(t, soft(distance(&sinus, x, y)), 820, 0.85);
    }
    double split = down > 0.78 ? (down - 0.78) * 90 : 0; /* the great vessels part at L4 */
    oval aorta = {7 + split, -9, 8.5 - split / 6, 8.5 - split / 6, 0, 2}, other = {7 - split, -9, 7, 7, 0, 2};
    oval cava = {-16 - split / 2, -6, 11, 8.5, 15, 2};
    paint(t, soft(distance(&cava, x, y)), 150, 0.05);
    paint(t, soft(distance(&aorta, x, y)), 110, 0.03);
    if (split > 0) paint(t, soft(distance(&other, x, y)), 110, 0.03);
    oval ureter = {40, -2, 2.2, 2.2, 0, 2};
    paint(t, soft(distance(&ureter, x, y)), 500, 0.02);
    (void)z, (void)a;
}

/* Within a level: 0 at the upper end plate … 1 at the next; the disc takes the last quarter. */
static void paint_spine(const lb_anatomy *a, lb_tissue *t, double x, double y, double z, double down)
{
    double within = down * LB_PHANTOM_LEVELS - floor(down * LB_PHANTOM_LEVELS);
    bool disc = within > 0.76;
    double grain = noise_at(&a->fine, x, y, z), patch = noise_at(&a->coarse, x, y, z + 9);
    oval body = {0, 18, mix(24, 28, down), mix(17, 18.5, down), 0, 2.5}, notch = {0, 18 + body.b + 6, 11, 8, 0, 2};
    double vertebra = fmin(soft(distance(&body, x, y)), 1 - soft(distance(&notch, x, y)));
    paint(t, vertebra, 90, 0.2); /* cortex */
    oval inner = {body.x, body.y, body.a - 1.8, body.b - 1.8, 0, 2.5};
    notch.a += 1.6, notch.b += 1.6;
    double inside = fmin(soft(distance(&inner, x, y)), 1 - soft(distance(&notch, x, y)));
    if (disc) {
        oval nucleus = {0, 19, body.a * 0.6, body.b * 0.55, 0, 2};
        paint(t, inside, 190 + 40 * grain, 0.02);
        paint(t, soft(distance(&nucleus, x, y) / 4), 380 + 50 * grain, 0.01);
    } else {
        paint(t, inside, 560 + 110 * grain, mix(0.38, 0.5, down) + 0.18 * (patch - 0.5));
        oval vein = {0, 18 + body.b - 7, 2.2, 6, 0, 2};
        if (within > 0.3 && within < 0.5) paint(t, soft(distance(&vein, x, y) / 2), 480, 0.1);
    }
    double canal_y = 18 + body.b + 7;
    for (int side = -1; side <= 1; side += 2) {
        oval pedicle = {side * 17, canal_y - 5, 5.5, 9, side * 12, 2},
             lamina = {side * 10, canal_y + 13, 3.4, 12, side * 48, 2};
        oval facet = {side * 20, canal_y + 4, 7.5, 9, side * -30, 2.4},
             joint = {side * 20, canal_y + 4, 1.1, 8, side * -30, 2};
        oval process = {side * 36, canal_y - 4, 18, 3.6, side * 8, 2.2};
        if (within < 0.45) paint(t, soft(distance(&pedicle, x, y)), 460 + 80 * grain, 0.4);
        if (within > 0.1 && within < 0.4) paint(t, soft(distance(&process, x, y)), 400 + 80 * grain, 0.4);
        if (within > 0.3) paint(t, soft(distance(&lamina, x, y)), 330 + 80 * grain, 0.4);
        if (within > 0.55) {
            paint(t, soft(distance(&facet, x, y)), 170 + 130 * grain, 0.35);
            paint(t, soft(distance(&joint, x, y)), 420, 0.03);
        }
    }
    oval spinous = {0, canal_y + 27, 3.4, within > 0.3 ? 16 : 7, 0, 2.6},
         marrow = {0, canal_y + 27, 2.1, spinous.b - 1.5, 0, 2.6};
    paint(t, soft(distance(&spinous, x, y)), 110, 0.2);
    paint(t, soft(distance(&marrow, x, y)), 480 + 80 * grain, 0.45);
    oval epidural = {0, canal_y + 1, 13, 10, 0, 2}, sac = {0, canal_y - 0.5, mix(9.5, 8, down), mix(8, 7, down), 0, 2};
    paint(t, soft(distance(&epidural, x, y)), 820, 0.9);
    paint(t, soft(distance(&sac, x, y)), 690, 0.01);
    double nerves = noise_at(&a->fine, 2 * x + 5, 2 * y + 9, z / 3) * (y > canal_y - 2 ? 1 : 0.6);
    oval cord = {0, canal_y + 1, sac.a - 2, sac.b - 2.5, 0, 2};
    paint(t, soft(distance(&cord, x, y)) * soft((0.52 - nerves) * 20), 400, 0.03);
}

/* The eight muscles: shape by level, and how much fat they hold. Right is towards smaller x. */
static void muscle_shape(int label, double down, oval *o, double *fat)
{
    double side = label <= 2 || label == 5 || label == 7 ? -1 : 1;
    double bulge = sin(3.14159265358979 * fmin(1, fmax(0, (down + 0.1) / 1.2)));
    switch (label) {
    case 1:
    case 4:
        *o = (oval){side * mix(37, 45, down),      mix(64, 69, down),          mix(25, 17, down) + 2 * bulge,
                    mix(17, 12, down) + 3 * bulge, side * mix(-10, -22, down), 2.5};
        *fat = mix(0.07, 0.20, down);
        break;
    case 2:
    case 3:
        *o = (oval){side * mix(11.5, 18, down), mix(66, 68, down),         mix(7.5, 13.5, down),
                    mix(15, 18, down),          side * mix(-4, -14, down), 2.4};
        *fat = mix(0.10, 0.34, down * down);
        break;
    case 5:
    case 6:
        *o = (oval){side * mix(34, 50, down), mix(24, 14, down), mix(8, 20, down), mix(11, 22, down), side * 18, 2.1};
        *fat = mix(0.035, 0.07, down);
        break;
    default:
        *o = (oval){side * mix(58, 72, down), mix(45, 44, down), 17 * sqrt(fmax(0.02, 1 - pow(down / 0.95, 4))),
                    mix(6, 9, down),          side * -22,        2.2};
        *fat = mix(0.05, 0.10, down);
        if (down > 0.9) o->a = 0.01;
    }
    /* Nobody is symmetric: the left multifidus is a little smaller, and fatter. */
    if (label == 3) o->a *= 0.93, *fat *= 1.15;
}

static void paint_muscles(const lb_anatomy *a, lb_tissue *t, double x, double y, double z, double down)
{
    oval compartment_right = {-31, 66, 38, 24, 8, 2.6}, compartment_left = {31, 66, 38, 24, -8, 2.6};
    paint(t,
          fmax(soft(distance(&compartment_right, x, y)), soft(distance(&compartment_left, x, y))) * soft((y - 98) / 4),
          840, 0.9);
    static const int order[LB_PHANTOM_MUSCLES] = {8, 7, 6, 5, 4, 1, 3, 2}; /* multifidus lies on erector spinae */
    for (int m = 0; m < LB_PHANTOM_MUSCLES; m++) {
        oval o;
        double fat;
        int label = order[m];
        muscle_shape(label, down, &o, &fat);
        double d = distance(&o, x, y) + 1.6 * (noise_at(&a->coarse, x + 3 * label, y, z) - 0.5);
        if (o.a < 1 || d > 1) continue;
        double streak = noise_at(&a->fine, x + 0.4 * y, y, z), patch = noise_at(&a->coarse, x, y + 20, z);
        double depth = (y - o.y) / o.b; /* fat gathers at the back and near the bone */
        double wanted = fat * a->infiltration * (0.35 + 0.75 * patch + 0.25 * depth);
        wanted += a->infiltration * fat * 2.2 * soft((0.66 - streak) * 12) * (0.5 + patch);
        if (wanted < 0.01) wanted = 0.01 + 0.01 * streak;
        if (wanted > 0.92) wanted = 0.92;
        paint(t, soft(d), mix(410, 780, wanted) + 36 * (streak - 0.5), wanted);
        if (d <= 0) t->label = label;
    }
}

lb_tissue lb_anatomy_at(const lb_anatomy *anatomy, double x, double y, double z, double down)
{
    lb_tissue t = {0, 0, 0};
    oval skin = {0, 0, 160, 106, 0, 2.5};
    if (distance(&skin, x, y) > 3) return t;
    paint_trunk(anatomy, &t, x, y, z, down);
    paint_organs(anatomy, &t, x, y, z, down);
    paint_muscles(anatomy, &t, x, y, z, down);
    lb_tissue before = t;
    paint_spine(anatomy, &t, x, y, z, down);
    /* Bone in front of a muscle is not muscle. */
    if (fabs(before.signal - t.signal) > 0.02 * before.signal || fabs(before.fat - t.fat) > 0.02) t.label = 0;
    return t;
}
