/* Shape in space: 14 features of the region's surface, volume and main axes.
 * Definitions: PyRadiomics documentation, "Shape Features (3D)" (covariance divides by N); IBSI morphology. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lumbar/numeric.h>

#include "muscle/radiomics/radiomics.h"

enum {
    ELONGATION,
    FLATNESS,
    LEAST_AXIS,
    MAJOR_AXIS,
    DIAMETER_COLUMN,
    DIAMETER_ROW,
    DIAMETER_SLICE,
    DIAMETER,
    MESH_VOLUME,
    MINOR_AXIS,
    SPHERICITY,
    SURFACE_AREA,
    SURFACE_VOLUME_RATIO,
    VOXEL_VOLUME
};
static const double pi = 3.14159265358979323846;

/* The mask with one empty voxel on every side, so that the surface closes. */
static uint8_t *pad(const lb_region *region, size_t size[3])
{
    for (int a = 0; a < 3; a++) size[a] = region->size[a] + 2;
    uint8_t *padded = lb_alloc(size[0] * size[1] * size[2], 1);
    for (size_t z = 0; z < region->size[2]; z++)
        for (size_t y = 0; y < region->size[1]; y++)
            memcpy(padded + 1 + size[0] * (y + 1 + size[1] * (z + 1)),
                   region->shape + region->size[0] * (y + region->size[1] * z), region->size[0]);
    return padded;
}

/* Variances along the main axes, ascending; sums are taken about the middle of the box to keep their digits. */
void lb_region_axes(const lb_region *region, double variance[3])
{
    double sum[3] = {0}, product[9] = {0}, n = (double)region->shape_voxels, vectors[9], covariance[9];
    const uint8_t *inside = region->shape;
    for (size_t z = 0; z < region->size[2]; z++)
        for (size_t y = 0; y < region->size[1]; y++, inside += region->size[0]) {
            double count = 0, along = 0, square = 0;
            for (size_t x = 0; x < region->size[0]; x++) {
                double d = (double)x - (double)(region->size[0] / 2), in = inside[x];
                count += in, along += in * d, square += in * d * d;
            }
            double v = (double)y - (double)(region->size[1] / 2), w = (double)z - (double)(region->size[2] / 2);
            sum[0] += along, sum[1] += count * v, sum[2] += count * w;
            product[0] += square, product[1] += along * v, product[2] += along * w;
            product[4] += count * v * v, product[5] += count * v * w, product[8] += count * w * w;
        }
    for (int a = 0; a < 3; a++)
        for (int b = a; b < 3; b++) {
            double c =
                (product[3 * a + b] / n - sum[a] / n * (sum[b] / n)) * region->spacing_mm[a] * region->spacing_mm[b];
            covariance[3 * a + b] = covariance[3 * b + a] = c;
        }
    lb_eigen_symmetric(covariance, 3, variance, vectors);
    double largest = variance[2];
    for (int a = 0; a < 3; a++)
        if (variance[a] < 1e-14 * largest) variance[a] = 0; /* rounding of a flat region */
}

int lb_shape_compute(const lb_feature_input *input, lb_features *out, lb_error *err)
{
    (void)err;
    const lb_region *region = input->region;
    double variance[3], *value = out->value;
    lb_mesh mesh;
    lb_diameters diameter;
    size_t size[3];
    uint8_t *padded = pad(region, size);
    lb_mesh_measure(padded, size, region->spacing_mm, &mesh);
    lb_diameters_measure(padded, size, region->spacing_mm, &diameter);
    free(padded);
    lb_region_axes(region, variance);
    value[VOXEL_VOLUME] =
        (double)region->shape_voxels * region->spacing_mm[0] * region->spacing_mm[1] * region->spacing_mm[2];
    value[MESH_VOLUME] = mesh.volume_mm3;
    value[SURFACE_AREA] = mesh.area_mm2;
    value[SURFACE_VOLUME_RATIO] = mesh.area_mm2 / mesh.volume_mm3;
    value[SPHERICITY] = cbrt(36 * pi * mesh.volume_mm3 * mesh.volume_mm3) / mesh.area_mm2;
    value[DIAMETER] = diameter.any_mm;
    value[DIAMETER_SLICE] = diameter.plane_mm[2];
    value[DIAMETER_COLUMN] = diameter.plane_mm[1];
    value[DIAMETER_ROW] = diameter.plane_mm[0];
    value[LEAST_AXIS] = 4 * sqrt(variance[0]);
    value[MINOR_AXIS] = 4 * sqrt(variance[1]);
    value[MAJOR_AXIS] = 4 * sqrt(variance[2]);
    value[ELONGATION] = sqrt(variance[1] / variance[2]);
    value[FLATNESS] = sqrt(variance[0] / variance[2]);
    return LB_OK;
}
