/* Radiomic features of one region: settings, the prepared region, and the feature classes.
 * Texture classes join as further rows of lb_feature_classes (classes.c). */
#ifndef LUMBAR_MUSCLE_RADIOMICS_H
#define LUMBAR_MUSCLE_RADIOMICS_H
#include <lumbar/op.h>

#include "muscle/radiomics/filter.h"

enum { LB_MAX_FEATURES = 40, LB_MAX_DISTANCES = 8, LB_FEATURE_CLASS_SLOTS = 8 };

typedef enum lb_interpolator { LB_NEAREST, LB_LINEAR, LB_BSPLINE } lb_interpolator;
typedef enum lb_resegment {
    LB_RESEGMENT_NONE,
    LB_RESEGMENT_ABSOLUTE,
    LB_RESEGMENT_RELATIVE,
    LB_RESEGMENT_SIGMA
} lb_resegment;
typedef enum lb_weighting {
    LB_WEIGHT_NONE,
    LB_WEIGHT_NO_WEIGHTING,
    LB_WEIGHT_EUCLIDEAN,
    LB_WEIGHT_MANHATTAN,
    LB_WEIGHT_INFINITY
} lb_weighting;

/** Settings of one extraction, with PyRadiomics' names and defaults. */
typedef struct lb_radiomics_settings {
    double bin_width;
    int64_t bin_count; /**< 0 = by width */
    int64_t label;
    bool force_2d;
    int force_2d_dimension; /**< 0 = z, 1 = y, 2 = x */
    bool normalize;
    double normalize_scale;
    double remove_outliers; /**< NaN = keep */
    bool resample;
    double spacing_mm[3]; /**< 0 = keep this axis */
    lb_interpolator interpolator;
    int64_t pad_distance;
    lb_resegment resegment;
    double resegment_range[2];
    int resegment_bounds; /**< 1 or 2 */
    bool resegment_shape;
    double voxel_array_shift;
    int64_t least_dimensions;
    int64_t least_voxels; /**< the region must be larger; −1 = any */
    bool correct_mask, pre_crop;
    double geometry_tolerance; /**< in spacings; NaN = the house rule */
    int64_t distance[LB_MAX_DISTANCES];
    size_t distances;
    bool symmetrical_glcm;
    lb_weighting weighting;
    int64_t gldm_a;
    lb_filter filter[LB_MAX_FILTERS]; /**< images features are computed on */
    size_t filters;
    bool classes_given;                             /**< the file chooses classes */
    const lb_value *chosen[LB_FEATURE_CLASS_SLOTS]; /**< by class: NULL = not, else list or null */
} lb_radiomics_settings;

/** Defaults, then the file (YAML or JSON) on top. `yaml` may be NULL. */
int lb_radiomics_settings_read(const lb_value *yaml, lb_radiomics_settings *out, lb_error *err) LB_MUST_CHECK;

/** The part imageType of the file; the other settings are read before. */
int lb_radiomics_filters_read(const lb_value *image_types, lb_radiomics_settings *s, lb_error *err) LB_MUST_CHECK;

/** A box of voxels around the region. Index (x, y, z), x fastest. */
typedef struct lb_region {
    size_t size[3], start[3]; /**< start: first voxel of the box in the (resampled) image */
    double spacing_mm[3];
    double *value;   /**< all voxels of the box */
    uint8_t *inside; /**< 1 in the region of intensities */
    uint8_t *shape;  /**< 1 in the region of shape (before resegmentation) */
    size_t voxels, shape_voxels;
    lb_field field;      /**< for filters: the image around the region; value NULL when no filter is wanted */
    size_t field_at[3];  /**< of the box in the field */
} lb_region;

/** What was seen on the way, for diagnostics. */
typedef struct lb_region_record {
    double image_mean, image_minimum, image_maximum;
    size_t mask_voxels, box_start[3], box_size[3];
    size_t image_size[3];
    double image_spacing_mm[3];
    double threshold[2];
    size_t resegmented_away;
} lb_region_record;

int lb_region_prepare(const lb_volume *image, const lb_volume *mask, const lb_radiomics_settings *settings,
                      lb_arena *arena, lb_region *out, lb_region_record *record, lb_error *err) LB_MUST_CHECK;

/** Whole image as doubles (scaled values). */
int lb_image_doubles(const lb_volume *image, lb_arena *arena, double **out, lb_error *err) LB_MUST_CHECK;

/** Grid that a resampled box lies on, in index coordinates of the original image. */
typedef struct lb_resample_grid {
    size_t size[3];
    double first[3], step[3]; /**< original index of new voxel 0, and per new voxel */
    double spacing_mm[3];
    size_t start[3]; /**< of the box in the whole resampled image */
} lb_resample_grid;
void lb_resample_plan(const lb_volume *image, const size_t box_start[3], const size_t box_size[3],
                      const double spacing_mm[3], double pad, lb_resample_grid *grid);
/** `value` is overwritten with spline coefficients when the interpolator is LB_BSPLINE. */
void lb_resample_image(double *value, const size_t size[3], const lb_resample_grid *grid, lb_interpolator interpolator,
                       double *out);
void lb_resample_mask(const lb_volume *mask, int64_t label, const lb_resample_grid *grid, uint8_t *out);

/** Sorted grey values of the region, and their bins. */
typedef struct lb_grey {
    double *sorted;
    size_t count;
    int64_t *bin_voxels; /**< voxels per bin, bins 1…bins at 0…bins−1 */
    size_t bins;
    uint16_t *level;        /**< 1 … bins of each voxel of the box, 0 outside; NULL with more than 65535 bins */
    double edge_low, width; /**< bin b holds [edge_low + b·width, edge_low + (b + 1)·width) */
} lb_grey;
int lb_grey_bin(const lb_region *region, const lb_radiomics_settings *settings, lb_arena *arena, lb_grey *out,
                lb_error *err) LB_MUST_CHECK;

/** Values of one class: by feature index; a NaN carries its reason, and what PyRadiomics prints instead. */
typedef struct lb_features {
    double value[LB_MAX_FEATURES];
    const char *reason[LB_MAX_FEATURES];
    double printed[LB_MAX_FEATURES];
} lb_features;

typedef struct lb_feature_input {
    const lb_region *region;
    const lb_grey *grey;
    const lb_radiomics_settings *settings;
    lb_arena *arena;
    unsigned threads;
} lb_feature_input;

typedef struct lb_feature_class {
    const char *name;
    const char *const *feature; /**< names, alphabetical */
    size_t features;
    int (*compute)(const lb_feature_input *input, lb_features *out, lb_error *err);
} lb_feature_class;
extern const lb_feature_class lb_feature_classes[];
extern const size_t lb_feature_class_count;

int lb_shape_compute(const lb_feature_input *input, lb_features *out, lb_error *err);
int lb_shape2d_compute(const lb_feature_input *input, lb_features *out, lb_error *err);
int lb_firstorder_compute(const lb_feature_input *input, lb_features *out, lb_error *err);
/** Features of a plane: force2D and a region one voxel thick along that dimension. */
bool lb_shape2d_possible(const lb_region *region, const lb_radiomics_settings *settings);

/** Variances of the voxel positions along the region's main axes, ascending, mm². */
void lb_region_axes(const lb_region *region, double variance[3]);

/** Surface between inside and outside at one half by marching cubes. */
typedef struct lb_mesh {
    double area_mm2, volume_mm3;
} lb_mesh;
/* The mask comes with one empty voxel on every side. */
void lb_mesh_measure(const uint8_t *padded, const size_t size[3], const double spacing_mm[3], lb_mesh *out);

/** Largest distances between surface vertices: anywhere, and in planes of constant z, y, x. */
typedef struct lb_diameters {
    double any_mm, plane_mm[3]; /**< plane_mm[0]: x constant */
} lb_diameters;
void lb_diameters_measure(const uint8_t *padded, const size_t size[3], const double spacing_mm[3], lb_diameters *out);
#endif
