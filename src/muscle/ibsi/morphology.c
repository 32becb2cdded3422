/* IBSI morphological features. Definitions: IBSI reference manual (arXiv:1612.07003), section 3.1; surface by marching
 * cubes at one half, area of the enclosing ellipsoid by its Legendre series to degree 20. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/ibsi/ibsi.h"
#include "muscle/radiomics/radiomics.h"

static const double pi = 3.14159265358979323846;

static double ellipsoid_area(double a, double b, double c)
{
    double alpha = sqrt(fmax(0, 1 - b * b / (a * a))), beta = sqrt(fmax(0, 1 - c * c / (a * a))), both = alpha * beta, sum = 0;
    double x = both > 0 ? (alpha * alpha + beta * beta) / (2 * both) : 1, before = 1, now = x;
    for (int v = 0; v <= 20; v++) {
        double legendre = v == 0 ? 1 : now;
        sum += pow(both, v) / (1 - 4.0 * v * v) * legendre;
        if (v == 0) continue;
        double next = ((2 * v + 1) * x * now - v * before) / (v + 1);
        before = now, now = next;
    }
    return 4 * pi * a * b * sum;
}

/* Distance between the middle of the region and its middle weighted by intensity. */
static double centre_shift(const lb_ibsi *r, double *mean)
{
    double plain[3] = {0}, weighted[3] = {0}, weight = 0, squares = 0;
    size_t i = 0;
    for (size_t z = 0; z < r->size[2]; z++)
        for (size_t y = 0; y < r->size[1]; y++)
            for (size_t x = 0; x < r->size[0]; x++, i++) {
                double at[3] = {(double)x * r->spacing_mm[0], (double)y * r->spacing_mm[1], (double)z * r->spacing_mm[2]};
                for (int a = 0; a < 3; a++) {
                    if (r->morph[i]) plain[a] += at[a];
                    if (r->inside[i]) weighted[a] += at[a] * r->value[i];
                }
                if (r->inside[i]) weight += r->value[i];
            }
    for (int a = 0; a < 3; a++) {
        double d = plain[a] / (double)r->morph_voxels - weighted[a] / weight;
        squares += d * d;
    }
    *mean = weight / (double)r->voxels;
    return sqrt(squares);
}

/* The mask with one empty voxel on every side, and the edges of its box. */
static uint8_t *pad(const lb_ibsi *r, size_t size[3], double box_mm[3])
{
    size_t low[3] = {SIZE_MAX, SIZE_MAX, SIZE_MAX}, high[3] = {0}, i = 0;
    for (int a = 0; a < 3; a++) size[a] = r->size[a] + 2;
    uint8_t *padded = lb_alloc(size[0] * size[1] * size[2], 1);
    for (size_t z = 0; z < r->size[2]; z++)
        for (size_t y = 0; y < r->size[1]; y++)
            for (size_t x = 0; x < r->size[0]; x++, i++) {
                size_t at[3] = {x, y, z};
                if (!r->morph[i]) continue;
                padded[x + 1 + size[0] * (y + 1 + size[1] * (z + 1))] = 1;
                for (int a = 0; a < 3; a++) {
                    if (at[a] < low[a]) low[a] = at[a];
                    if (at[a] > high[a]) high[a] = at[a];
                }
            }
    for (int a = 0; a < 3; a++) box_mm[a] = (double)(high[a] - low[a] + 1) * r->spacing_mm[a];
    return padded;
}

static void densities(lb_ibsi *r, const lb_mesh *mesh, const double box[3], const double axis[3])
{
    double v = mesh->volume_mm3, s = mesh->area_mm2, hull_volume, hull_area;
    lb_ibsi_hull(r, &hull_volume, &hull_area);
    lb_ibsi_push(r, "morph_vol_dens_aabb", "", "", v / (box[0] * box[1] * box[2]));
    lb_ibsi_push(r, "morph_area_dens_aabb", "", "", s / (2 * (box[0] * box[1] + box[1] * box[2] + box[2] * box[0])));
    lb_ibsi_push(r, "morph_vol_dens_aee", "", "", 3 * v / (4 * pi * axis[0] * axis[1] * axis[2] / 8));
    lb_ibsi_push(r, "morph_area_dens_aee", "", "", s / ellipsoid_area(axis[2] / 2, axis[1] / 2, axis[0] / 2));
    lb_ibsi_push(r, "morph_vol_dens_conv_hull", "", "", v / hull_volume);
    lb_ibsi_push(r, "morph_area_dens_conv_hull", "", "", s / hull_area);
}

void lb_ibsi_morphology(lb_ibsi *r)
{
    size_t size[3];
    double box[3], variance[3], axis[3], mean, n = (double)r->morph_voxels;
    lb_mesh mesh;
    lb_diameters diameter;
    uint8_t *padded = pad(r, size, box);
    lb_mesh_measure(padded, size, r->spacing_mm, &mesh);
    lb_diameters_measure(padded, size, r->spacing_mm, &diameter);
    free(padded);
    lb_region region = {.shape = r->morph, .shape_voxels = r->morph_voxels};
    memcpy(region.size, r->size, sizeof region.size);
    memcpy(region.spacing_mm, r->spacing_mm, sizeof region.spacing_mm);
    lb_region_axes(&region, variance);
    for (int a = 0; a < 3; a++) axis[a] = 4 * sqrt(variance[a] * n / (n - 1)); /* here the covariance divides by N − 1 */
    double v = mesh.volume_mm3, s = mesh.area_mm2, ball = cbrt(36 * pi * v * v), shift = centre_shift(r, &mean);
    const struct {
        const char *tag;
        double value;
    } f[] = {{"volume", v},
             {"vol_approx", n * r->spacing_mm[0] * r->spacing_mm[1] * r->spacing_mm[2]},
             {"area_mesh", s},
             {"av", s / v},
             {"comp_1", v / (sqrt(pi) * pow(s, 1.5))},
             {"comp_2", 36 * pi * v * v / (s * s * s)},
             {"sph_dispr", s / ball},
             {"sphericity", ball / s},
             {"asphericity", s / ball - 1},
             {"com", shift},
             {"diam", diameter.any_mm},
             {"pca_maj_axis", axis[2]},
             {"pca_min_axis", axis[1]},
             {"pca_least_axis", axis[0]},
             {"pca_elongation", axis[1] / axis[2]},
             {"pca_flatness", axis[0] / axis[2]},
             {"integ_int", mean * v}};
    for (size_t i = 0; i < LB_COUNT(f); i++) lb_ibsi_push(r, "morph_", f[i].tag, "", f[i].value);
    densities(r, &mesh, box, axis);
    lb_ibsi_autocorrelation(r, mean);
}
