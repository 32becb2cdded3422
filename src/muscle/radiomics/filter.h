/* Images derived from the image before features are computed: PyRadiomics' image types. */
#ifndef LUMBAR_MUSCLE_FILTER_H
#define LUMBAR_MUSCLE_FILTER_H
#include <lumbar/data.h>

enum { LB_MAX_FILTERS = 64, LB_MAX_WAVELET_LEVELS = 6 };

typedef enum lb_filter_kind {
    LB_FILTER_ORIGINAL,
    LB_FILTER_SQUARE,
    LB_FILTER_SQUARE_ROOT,
    LB_FILTER_LOGARITHM,
    LB_FILTER_EXPONENTIAL,
    LB_FILTER_GRADIENT,
    LB_FILTER_LOG,
    LB_FILTER_WAVELET
} lb_filter_kind;

/** One derived image. */
typedef struct lb_filter {
    lb_filter_kind kind;
    char name[48];      /**< as features are named: "log-sigma-2-0-mm-3D" */
    double sigma_mm;    /**< Laplacian of Gaussian */
    bool in_voxels;     /**< gradient: per voxel instead of per millimetre */
    bool haar;          /**< wavelet: Haar, else Coiflet 1 */
    int before;         /**< wavelet: low-pass steps on all axes that come first */
    bool high[3];       /**< wavelet: high-pass along x, y, z */
    bool skip[3];       /**< wavelet: axis left alone (force2D) */
    double bin_width;   /**< 0 = the settings' bins */
    int64_t bin_count;
} lb_filter;

/** A whole image as doubles; x fastest. */
typedef struct lb_field {
    size_t size[3];
    double spacing_mm[3];
    double *value;
    bool single; /**< of whole numbers: derivatives are kept in single precision, as the reference implementation does */
} lb_field;

/** The derived image, size of the field, freed by the caller with free(); NULL with *reason set when it cannot be. */
double *lb_filter_apply(const lb_filter *filter, const lb_field *field, const char **reason);

/** Value of every line along an axis replaced by line(in, out, n, how). */
void lb_field_along(double *value, const size_t size[3], int axis,
                    void (*line)(const double *in, double *out, size_t n, const void *how), const void *how);
double *lb_filter_log(const lb_field *field, double sigma_mm, const char **reason);
double *lb_filter_wavelet(const lb_filter *filter, const lb_field *field);
#endif
