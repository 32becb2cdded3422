/* Shape in a plane: 9 features of a region one voxel thick, outline by marching squares at one half.
 * Definitions: PyRadiomics documentation, "Shape Features (2D)". A square with two opposite corners inside keeps them
 * apart. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/radiomics/radiomics.h"

enum {
    ELONGATION,
    MAJOR_AXIS,
    MAXIMUM_DIAMETER,
    MESH_SURFACE,
    MINOR_AXIS,
    PERIMETER,
    PERIMETER_RATIO,
    PIXEL_SURFACE,
    SPHERICITY
};
static const double pi = 3.14159265358979323846;

bool lb_shape2d_possible(const lb_region *region, const lb_radiomics_settings *settings)
{
    return settings->force_2d && region->size[2 - settings->force_2d_dimension] == 1;
}

/* Voxel (u, v) of the plane; outside the box nothing is inside. */
static unsigned at(const lb_region *region, const size_t step[2], const size_t size[2], int64_t u, int64_t v)
{
    if (u < 0 || v < 0 || u >= (int64_t)size[0] || v >= (int64_t)size[1]) return 0;
    return region->shape[(size_t)u * step[0] + (size_t)v * step[1]];
}

/* Length of the outline and area inside it. In each square of four voxels a lone corner is cut off by a triangle of an
 * eighth of its area; two neighbours by half; three leave seven eighths. */
static void outline(const lb_region *region, const size_t step[2], const size_t size[2], const double mm[2],
                    double *length, double *area)
{
    double diagonal = sqrt(mm[0] * mm[0] + mm[1] * mm[1]) / 2, eighths = 0;
    *length = 0;
    for (int64_t v = -1; v < (int64_t)size[1]; v++)
        for (int64_t u = -1; u < (int64_t)size[0]; u++) {
            unsigned a = at(region, step, size, u, v), b = at(region, step, size, u + 1, v);
            unsigned c = at(region, step, size, u + 1, v + 1), d = at(region, step, size, u, v + 1),
                     count = a + b + c + d;
            if (count == 1 || count == 3) {
                *length += diagonal;
                eighths += count == 1 ? 1 : 7;
            } else if (count == 2 && a == c) {
                *length += 2 * diagonal;
                eighths += 2;
            } else if (count == 2) {
                *length += a == b ? mm[0] : mm[1];
                eighths += 4;
            } else if (count == 4) {
                eighths += 8;
            }
        }
    *area = eighths / 8 * mm[0] * mm[1];
}

int lb_shape2d_compute(const lb_feature_input *input, lb_features *out, lb_error *err)
{
    (void)err;
    const lb_region *region = input->region;
    int across = 2 - input->settings->force_2d_dimension, u = across == 0 ? 1 : 0, v = across == 2 ? 1 : 2;
    size_t stride[3] = {1, region->size[0], region->size[0] * region->size[1]};
    size_t step[2] = {stride[u], stride[v]}, size[2] = {region->size[u], region->size[v]};
    double mm[2] = {region->spacing_mm[u], region->spacing_mm[v]}, length, area, variance[3], *value = out->value;
    outline(region, step, size, mm, &length, &area);
    lb_region_axes(region, variance);
    /* The vertices of the outline are those of the surface in the region's own plane. */
    size_t padded_size[3] = {size[0] + 2, size[1] + 2, 3};
    uint8_t *padded = lb_alloc(padded_size[0] * padded_size[1] * 3, 1);
    for (size_t j = 0; j < size[1]; j++)
        for (size_t i = 0; i < size[0]; i++)
            padded[1 + i + padded_size[0] * (1 + j + padded_size[1])] = region->shape[i * step[0] + j * step[1]];
    lb_diameters diameter;
    lb_diameters_measure(padded, padded_size, (double[3]){mm[0], mm[1], 0}, &diameter);
    free(padded);
    value[PIXEL_SURFACE] = (double)region->shape_voxels * mm[0] * mm[1];
    value[MESH_SURFACE] = area;
    value[PERIMETER] = length;
    value[PERIMETER_RATIO] = length / area;
    value[SPHERICITY] = 2 * sqrt(pi * area) / length;
    value[MAXIMUM_DIAMETER] = diameter.plane_mm[2];
    value[MAJOR_AXIS] = 4 * sqrt(variance[2]);
    value[MINOR_AXIS] = 4 * sqrt(variance[1]);
    value[ELONGATION] = sqrt(variance[1] / variance[2]);
    return LB_OK;
}
