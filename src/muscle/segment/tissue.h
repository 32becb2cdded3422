/* How muscle looks in the pictures at hand, learned from the strokes. */
#ifndef LUMBAR_MUSCLE_TISSUE_H
#define LUMBAR_MUSCLE_TISSUE_H
#include <lumbar/base.h>

enum { LB_TISSUE_CHANNELS = 4, LB_TISSUE_TERMS = 10, LB_TISSUE_OTHERS = 3 };

/** A grid of cells with one value per channel, interleaved. */
typedef struct lb_tissue_cells {
    const float *picture;
    size_t channels, size[3];
    double unit[LB_TISSUE_CHANNELS]; /**< value · unit = brightness in the file, so that channels can be added */
    double step[3];                  /**< cells along an axis · step = 2, so that places run from −1 to 1 */
} lb_tissue_cells;

typedef struct lb_tissue {
    size_t channels;
    int terms;
    double shade[LB_TISSUE_TERMS];   /**< log of muscle's brightness: a polynomial in place */
    double mean[LB_TISSUE_CHANNELS]; /**< of muscle, relative to that brightness */
    double inverse[LB_TISSUE_CHANNELS * LB_TISSUE_CHANNELS]; /**< of its covariance */
    size_t others;
    double other[LB_TISSUE_OTHERS][LB_TISSUE_CHANNELS]; /**< centres of what is not muscle */
} lb_tissue;

/** Brightness over the cells where `inside`, as a polynomial with 2 (level, along the stack) or 10 terms, and the spread
 *  about it. False when too few cells tell. */
bool lb_tissue_fit(lb_tissue *tissue, const lb_tissue_cells *cells, const uint8_t *inside, int terms);
/** Squared distance of each cell from muscle, in standard deviations. */
void lb_tissue_distance(const lb_tissue *tissue, const lb_tissue_cells *cells, float *distance);
/** The centres of other tissues, and for each cell which is nearer: −1 another tissue … 1 muscle. */
void lb_tissue_compare(lb_tissue *tissue, const lb_tissue_cells *cells, const float *distance, float *likeness);
#endif
