/* What the texture classes share: the grid of grey levels, directions, and features of a matrix of levels by sizes. */
#ifndef LUMBAR_MUSCLE_TEXTURE_H
#define LUMBAR_MUSCLE_TEXTURE_H
#include "muscle/radiomics/radiomics.h"

enum { LB_MOST_LEVELS = 4096 };

/** Neighbours are counted for 16 voxels at a time: whole numbers, so that the width of the registers changes nothing. */
enum { LB_LANES = 16 };
typedef uint16_t lb_lanes __attribute__((vector_size(2 * LB_LANES), aligned(2), may_alias));
#define LB_WIDEST __attribute__((target_clones("avx2", "default")))

/** Grey levels 1…levels of the region in a box with an empty border; 0 is outside. */
typedef struct lb_levels {
    size_t size[3];
    uint16_t *level; /**< LB_LANES more at the end, 0 */
    uint32_t *at; /**< the region's voxels, ascending */
    size_t voxels, levels;
} lb_levels;

/** A direction: its step in the array of levels, its length by weightingNorm, and exp(−length²); 1 and 1 without a
 * norm. */
typedef struct lb_direction {
    int64_t offset;
    double length, weight;
} lb_direction;

/** NULL with *reason set when there are too many levels. Freed by lb_levels_free. */
lb_levels *lb_levels_new(const lb_feature_input *input, int64_t border, const char **reason);
void lb_levels_free(lb_levels *levels);
/** One of each pair of opposite directions, at the distances given (largest step), inside the plane when forced.
 *  Directions that no pair of the region's box can have are left out. */
lb_direction *lb_directions(const lb_feature_input *input, const lb_levels *levels, const int64_t *distance,
                            size_t distances, size_t *count);

/** How often a size (run, zone, dependence) occurs at a level. */
typedef struct lb_level_size {
    uint32_t level, size;
    double count;
} lb_level_size;

typedef struct lb_size_features {
    double small, large, grey_non_uniformity, size_non_uniformity, grey_normalized, size_normalized, percentage,
        grey_variance, size_variance, entropy, low_grey, high_grey, small_low, small_high, large_low, large_high;
} lb_size_features;
/** Sorts the entries by size. */
void lb_size_features_of(lb_level_size *entry, size_t entries, size_t levels, lb_size_features *out);

/** All features of a class undefined for one reason. */
int lb_features_undefined(lb_features *out, const char *reason);

static const double lb_log_floor = 2.220446049250313e-16; /* keeps log2 from 0, as in the reference implementation */

/** Of a symmetric n × n matrix (full, overwritten), n > 1. */
double lb_second_eigenvalue(double *a, size_t n);

int lb_glcm_compute(const lb_feature_input *input, lb_features *out, lb_error *err);
int lb_glrlm_compute(const lb_feature_input *input, lb_features *out, lb_error *err);
int lb_glszm_compute(const lb_feature_input *input, lb_features *out, lb_error *err);
int lb_gldm_compute(const lb_feature_input *input, lb_features *out, lb_error *err);
int lb_ngtdm_compute(const lb_feature_input *input, lb_features *out, lb_error *err);
#endif
