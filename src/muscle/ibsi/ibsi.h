/* Profile ibsi-1: features as the Image Biomarker Standardisation Initiative defines them, in its configurations. */
#ifndef LUMBAR_MUSCLE_IBSI_H
#define LUMBAR_MUSCLE_IBSI_H
#include <lumbar/op.h>

enum { LB_IBSI_MOST_FEATURES = 32 };

/** A box of the (interpolated) image around the region, x fastest. */
typedef struct lb_ibsi {
    size_t size[3], voxels, morph_voxels;
    double spacing_mm[3];
    double *value;
    uint8_t *morph, *inside; /**< region of shape, region of intensities */
    uint16_t *level;         /**< grey level 1 … levels of the region of intensities, 0 outside */
    size_t levels;
    double *sorted;          /**< values of the region, ascending */
    double low, width;       /**< intensity-volume histogram: first value, step (1 = as they are, whole numbers) */
    size_t steps;
    bool centred;            /**< a step stands for its middle */
    bool spatial, planar;    /**< aggregations in space, by slice */
    lb_arena *arena;
    lb_value *rows;
} lb_ibsi;

const char *lb_ibsi_code(const char *tag);

/** Prepare the region as the configuration says: "digital", "A" … "E". */
int lb_ibsi_prepare(const lb_volume *image, const lb_volume *mask, int64_t label, const char *configuration, lb_arena *arena,
                    lb_ibsi *out, lb_error *err) LB_MUST_CHECK;
/** All features of all families as rows {ibsi_code, tag, aggregation, value}. */
int lb_ibsi_features(lb_ibsi *region, lb_value *rows, lb_error *err) LB_MUST_CHECK;

/** Read image, mask, label, configuration of a call that declares them, and push all rows. */
int lb_ibsi_run(lb_call *call, lb_value *rows, lb_result *result, lb_error *err) LB_MUST_CHECK;

void lb_ibsi_push(lb_ibsi *region, const char *tag, const char *suffix, const char *aggregation, double value);
void lb_ibsi_morphology(lb_ibsi *region);
void lb_ibsi_autocorrelation(lb_ibsi *region, double mean);
void lb_ibsi_statistics(lb_ibsi *region);
void lb_ibsi_histogram(lb_ibsi *region);
void lb_ibsi_volume_histogram(lb_ibsi *region);
void lb_ibsi_local(lb_ibsi *region);
void lb_ibsi_directional(lb_ibsi *region); /* glcm, glrlm */
void lb_ibsi_zones(lb_ibsi *region);       /* glszm, gldzm */
void lb_ibsi_neighbours(lb_ibsi *region);  /* ngtdm, ngldm */

/** Level at a place, 0 outside the box or the region. */
static inline size_t lb_ibsi_level(const lb_ibsi *r, int64_t x, int64_t y, int64_t z)
{
    if (x < 0 || y < 0 || z < 0 || x >= (int64_t)r->size[0] || y >= (int64_t)r->size[1] || z >= (int64_t)r->size[2]) return 0;
    return r->level[(size_t)x + r->size[0] * ((size_t)y + r->size[1] * (size_t)z)];
}

/** Volume and area of the convex hull of the region's surface points. */
void lb_ibsi_hull(const lb_ibsi *region, double *volume_mm3, double *area_mm2);
#endif
