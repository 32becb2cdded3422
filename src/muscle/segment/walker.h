/* Random walker: the probability that a walk from each node first meets a seed of each label, on a grid whose edges
 * are the harder to cross the more the picture changes. */
#ifndef LUMBAR_MUSCLE_WALKER_H
#define LUMBAR_MUSCLE_WALKER_H
#include <lumbar/base.h>

typedef struct lb_walker {
    size_t size[3];
    size_t labels;
    const float *weight[3]; /**< of the edge from a node to the next along each axis; node-sized */
    const float *pull;      /**< weight of the prior at each node, or NULL */
    const float *prior;     /**< labels per node, interleaved, summing to one; or NULL */
    const int8_t *seed;     /**< −1: free; else the label of the seed */
    float *probability;     /**< labels per node, interleaved: in the start, out the answer */
    double tolerance;       /**< stop when the residual has fallen by this factor */
    int most_steps;
    unsigned threads;
} lb_walker;

/** Conjugate gradients, all labels at once. The number of steps taken. */
int lb_walker_solve(const lb_walker *walker);
#endif
