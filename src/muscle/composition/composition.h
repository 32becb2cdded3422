/* Area and fat of each label, slice by slice: the working data of `muscle measure`. */
#ifndef LUMBAR_MUSCLE_COMPOSITION_H
#define LUMBAR_MUSCLE_COMPOSITION_H
#include "muscle/composition/names.h"

typedef enum lb_fat_method {
    LB_DIXON_MEAN,
    LB_DIXON_RATIO,
    LB_OTSU,
    LB_GMM2,
    LB_GMM3,
    LB_KMEANS2,
    LB_KMEANS3,
    LB_FAT_METHODS
} lb_fat_method;
extern const char *const lb_fat_method_name[LB_FAT_METHODS];

/** Voxels of one label in one slice; sums over them. */
typedef struct lb_slice_sums {
    size_t voxels, fat_class[LB_FAT_METHODS]; /**< voxels in the brightest class, by method */
    size_t no_signal;                         /**< voxels with F + W = 0, left out of dixon_mean */
    double fat, water, share;                 /**< sums of F, W and F/(F + W) */
} lb_slice_sums;

typedef struct lb_muscle {
    lb_label_name name;
    size_t voxels;
    size_t *index;        /**< its voxels, ascending */
    lb_slice_sums *slice; /**< one per slice */
    lb_slice_sums total;
    bool unclear[LB_FAT_METHODS]; /**< too few distinct values for this method */
} lb_muscle;

typedef struct lb_composition {
    const lb_volume *mask, *fat, *water, *grey; /**< grey: what thresholds work on */
    int axis;                                   /**< slices are counted along this axis */
    size_t slices;
    double voxel_area_mm2, voxel_volume_mm3, thickness_mm;
    lb_fat_method method[LB_FAT_METHODS];
    size_t methods;
    lb_names names;
    lb_muscle *muscle;
    size_t muscles;
} lb_composition;

/** Axis nearest to head–feet. */
int lb_slice_axis(const lb_volume *mask);
int lb_composition_collect(lb_composition *work, lb_arena *arena, lb_error *err) LB_MUST_CHECK;
/** Threshold methods of one muscle: classes from all its voxels, then counted per slice. */
void lb_composition_classify(lb_composition *work, lb_muscle *muscle, lb_value *thresholds);
double lb_fat_fraction(lb_fat_method method, const lb_muscle *muscle, const lb_slice_sums *sums);
void lb_slice_sums_add(lb_slice_sums *to, const lb_slice_sums *from);
/** Areas per height² and per vertebral body, and suggested Goutallier grades, added to the rows that are there. */
int lb_composition_normalise(lb_call *call, const lb_composition *work, lb_result *result, lb_error *err) LB_MUST_CHECK;
void lb_composition_picture(const lb_composition *work, lb_result *result);
#endif
