/* Which predictors may break their condition at the present residual, without a product with every column. Residuals on a path
 * differ little: most of one lies in the span of a few before it, whose products with all columns are known, and what lies outside
 * changes a product by no more than its length times the column's (Cauchy and Schwarz). What is surely below a level is passed
 * over; nothing that could reach it is. */
#include "predict/lasso_work.h"

enum { ENOUGH = 8 }; /* the span grows once more than this part of the columns was looked at in vain */

LB_WIDE void lasso_look(lasso_work *w)
{
    double *outside = w->outside;
    for (size_t i = 0; i < w->n; i++) outside[i] = w->share[i] > 0 ? w->residual[i] / sqrt(w->share[i]) : 0;
    memset(w->guess, 0, w->p * sizeof *w->guess);
    memset(w->known, 0, w->p * sizeof *w->known);
    for (size_t s = 0; s < w->spanned; s++) {
        const double *span = w->span + s * w->wide, *product = w->span_product + s * w->padded;
        double along = lasso_dot(outside, span, w->wide);
        for (size_t i = 0; i < w->wide; i += 8) *(lb_eight *)(outside + i) -= along * *(const lb_eight *)(span + i);
        for (size_t j = 0; j < w->padded; j += 8) *(lb_eight *)(w->guess + j) += along * *(const lb_eight *)(product + j);
    }
    memcpy(w->gradient, w->guess, w->p * sizeof *w->gradient);
    w->length = sqrt(lasso_dot(outside, outside, w->wide));
}

LASSO_INSIDE void take(lasso_work *w, size_t j)
{
    if (w->known[j] || w->sd[j] == 0) return;
    w->gradient[j] = lasso_dot(w->x + j * w->wide, w->residual, w->wide);
    w->known[j] = true;
}

/* One direction more: the part of the residual outside, with its products. A full span starts anew from the present residual. */
LB_WIDE static void widen(lasso_work *w)
{
    if (w->spanned == LASSO_SPAN) {
        w->spanned = 0;
        lasso_look(w);
    }
    if (!(w->length > 0)) return;
    double *span = w->span + w->spanned * w->wide, *product = w->span_product + w->spanned * w->padded;
    for (size_t i = 0; i < w->n; i++) span[i] = w->outside[i] / w->length;
    for (size_t j = 0; j < w->p; j++) {
        take(w, j);
        product[j] = (w->gradient[j] - w->guess[j]) / w->length;
    }
    w->spanned++;
    w->length = 0;
}

LB_WIDE void lasso_gradient(lasso_work *w, double level)
{
    double least = level - 1e-9 * w->scale, reach = sqrt((double)w->n) * w->length; /* least: room for rounding */
    size_t vain = 0;
    for (size_t j = 0; j < w->p; j++) {
        if (w->beta[j] == 0 && fabs(w->gradient[j]) + reach < least) continue;
        vain += !w->known[j] && fabs(w->gradient[j]) < least;
        take(w, j);
    }
    if (vain > w->p / ENOUGH) widen(w);
}
