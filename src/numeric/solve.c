/* Solvers in one dimension: Brent's root finder and Brent's minimiser (Brent 1973, Algorithms for Minimization without
 * Derivatives, ch. 4 and 5). */
#include <float.h>
#include <lumbar/numeric.h>
#include <math.h>

typedef struct bracket {
    double a, b, c, fa, fb, fc, d, e;
} bracket;

static void swap_ends(bracket *s)
{
    s->a = s->b, s->b = s->c, s->c = s->a;
    s->fa = s->fb, s->fb = s->fc, s->fc = s->fa;
}

/* Inverse quadratic or secant step where it is safe, else bisection; sets d (this step) and e (the one before). */
static void choose_step(bracket *s, double middle, double tolerance)
{
    if (fabs(s->e) < tolerance || fabs(s->fa) <= fabs(s->fb)) {
        s->d = s->e = middle;
        return;
    }
    double r = s->fb / s->fa, p, q;
    if (s->a == s->c) {
        p = 2 * middle * r;
        q = 1 - r;
    } else {
        double t = s->fa / s->fc, u = s->fb / s->fc;
        p = r * (2 * middle * t * (t - u) - (s->b - s->a) * (u - 1));
        q = (t - 1) * (u - 1) * (r - 1);
    }
    if (p > 0) q = -q;
    p = fabs(p);
    if (2 * p < fmin(3 * middle * q - fabs(tolerance * q), fabs(s->e * q))) {
        s->e = s->d;
        s->d = p / q;
    } else {
        s->d = s->e = middle;
    }
}

int lb_root(double (*f)(double x, void *context), void *context, double a, double b, double tolerance, double *root,
            lb_error *err)
{
    bracket s = {a, b, a, f(a, context), f(b, context), 0, b - a, b - a};
    s.fc = s.fa;
    if (isnan(s.fa) || isnan(s.fb) || (s.fa > 0) == (s.fb > 0)) {
        if (s.fa == 0 || s.fb == 0) {
            *root = s.fa == 0 ? a : b;
            return LB_OK;
        }
        return lb_fail(err, LB_FAILED, "no root between %g and %g: the function is %g and %g there", a, b, s.fa, s.fb);
    }
    for (int i = 0; i < 1000; i++) {
        if ((s.fb > 0) == (s.fc > 0)) {
            s.c = s.a, s.fc = s.fa;
            s.d = s.e = s.b - s.a;
        }
        if (fabs(s.fc) < fabs(s.fb)) swap_ends(&s);
        double near = 2 * DBL_EPSILON * fabs(s.b) + 0.5 * tolerance, middle = 0.5 * (s.c - s.b);
        if (fabs(middle) <= near || s.fb == 0) break;
        choose_step(&s, middle, near);
        s.a = s.b, s.fa = s.fb;
        s.b += fabs(s.d) > near ? s.d : copysign(near, middle);
        s.fb = f(s.b, context);
        if (isnan(s.fb)) return lb_fail(err, LB_FAILED, "the function has no value at %g while its root is sought", s.b);
    }
    *root = s.b;
    return LB_OK;
}

/* The three best points so far. */
typedef struct points {
    double x, w, v, fx, fw, fv;
} points;

static void keep_best(points *k, double u, double fu, double *a, double *b)
{
    if (fu <= k->fx) {
        if (u < k->x) *b = k->x;
        else *a = k->x;
        k->v = k->w, k->fv = k->fw;
        k->w = k->x, k->fw = k->fx;
        k->x = u, k->fx = fu;
        return;
    }
    if (u < k->x) *a = u;
    else *b = u;
    if (fu <= k->fw || k->w == k->x) {
        k->v = k->w, k->fv = k->fw;
        k->w = u, k->fw = fu;
    } else if (fu <= k->fv || k->v == k->x || k->v == k->w) {
        k->v = u, k->fv = fu;
    }
}

double lb_minimum(double (*f)(double x, void *context), void *context, double a, double b, double tolerance,
                  double *value)
{
    const double golden = 0.381966011250105151795;
    double d = 0, e = 0, start = a + golden * (b - a);
    points k = {start, start, start, f(start, context), 0, 0};
    k.fw = k.fv = k.fx;
    for (int i = 0; i < 1000; i++) {
        double middle = 0.5 * (a + b), near = 1.5e-8 * fabs(k.x) + fmax(tolerance, DBL_MIN) / 3;
        if (fabs(k.x - middle) <= 2 * near - 0.5 * (b - a)) break;
        double p = 0, q = 0, r = 0;
        if (fabs(e) > near) { /* parabola through the three */
            r = (k.x - k.w) * (k.fx - k.fv);
            q = (k.x - k.v) * (k.fx - k.fw);
            p = (k.x - k.v) * q - (k.x - k.w) * r;
            q = 2 * (q - r);
            if (q > 0) p = -p;
            q = fabs(q);
            r = e;
            e = d;
        }
        if (fabs(p) < fabs(0.5 * q * r) && p > q * (a - k.x) && p < q * (b - k.x)) {
            d = p / q;
            if (k.x + d - a < 2 * near || b - (k.x + d) < 2 * near) d = copysign(near, middle - k.x);
        } else {
            e = k.x < middle ? b - k.x : a - k.x;
            d = golden * e;
        }
        double u = k.x + (fabs(d) >= near ? d : copysign(near, d));
        keep_best(&k, u, f(u, context), &a, &b);
    }
    if (value) *value = k.fx;
    return k.x;
}
