/* SPDX-License-Identifier: MIT
 * Exponential, logarithm and logistic function from the four operations alone: the same bits in a program and in a browser. */
#ifndef LB_SCORE_NUMBER_H
#define LB_SCORE_NUMBER_H

double lb_score_exp(double x);
double lb_score_log(double x);      /**< NaN below 0, -infinity at 0 */
double lb_score_logistic(double x); /**< 1 / (1 + exp(-x)) */
double lb_score_tanh(double x);
double lb_score_cos(double x);      /**< 0 ≤ x ≤ π, to about 1e-12 */

static inline double lb_score_abs(double x) { return x < 0 ? -x : x; }

#endif
