/* Grey level run lengths (Galloway 1975, doi:10.1016/S0146-664X(75)80008-6): runs of equal levels along each direction;
 * features are means over the directions, or of the weighted sum of their matrices. The reference implementation
 * weights run lengths by the length of the step itself, not by its Gaussian as co-occurrence; so does this profile. */
#include <stdlib.h>
#include <string.h>

#include "muscle/radiomics/texture.h"

enum { FEATURES = 16 };

/* Each voxel lengthens the run of the voxel before it; the shorter run is taken back. Without a branch, since nobody can
 * guess whether the next voxel is alike: a run that begins takes back nothing of length 0. */
static void count_runs(const lb_levels *levels, int64_t offset, size_t longest, uint16_t *run, uint32_t *matrix)
{
    memset(matrix, 0, levels->levels * (longest + 1) * sizeof *matrix);
    for (size_t v = 0; v < levels->voxels; v++) {
        size_t i = levels->at[v], before = (size_t)((int64_t)i - offset), level = levels->level[i], same = levels->level[before] == level,
               length = same * run[before];
        uint32_t *row = matrix + (level - 1) * (longest + 1) + length;
        run[i] = (uint16_t)(length + 1);
        row[0] -= (uint32_t)same;
        row[1]++;
    }
}

static void add_features(const double *matrix, size_t levels, size_t longest, lb_level_size *entry, double *sum)
{
    size_t entries = 0;
    lb_size_features f;
    for (size_t l = 0; l < levels; l++)
        for (size_t r = 1; r <= longest; r++) {
            double count = matrix[l * (longest + 1) + r];
            if (count > 0) entry[entries++] = (lb_level_size){(uint32_t)l + 1, (uint32_t)r, count};
        }
    lb_size_features_of(entry, entries, levels, &f);
    const double value[FEATURES] = {f.grey_non_uniformity,
                                    f.grey_normalized,
                                    f.grey_variance,
                                    f.high_grey,
                                    f.large,
                                    f.large_high,
                                    f.large_low,
                                    f.low_grey,
                                    f.entropy,
                                    f.size_non_uniformity,
                                    f.size_normalized,
                                    f.percentage,
                                    f.size_variance,
                                    f.small,
                                    f.small_high,
                                    f.small_low};
    for (int i = 0; i < FEATURES; i++) sum[i] += value[i];
}

int lb_glrlm_compute(const lb_feature_input *input, lb_features *out, lb_error *err)
{
    (void)err;
    const char *reason;
    lb_levels *levels = lb_levels_new(input, 1, &reason);
    if (!levels) return lb_features_undefined(out, reason);
    size_t directions, longest = 0, voxels = levels->size[0] * levels->size[1] * levels->size[2];
    lb_direction *direction = lb_directions(input, levels, (const int64_t[]){1}, 1, &directions);
    for (int a = 0; a < 3; a++)
        if (input->region->size[a] > longest) longest = input->region->size[a];
    size_t cells = levels->levels * (longest + 1);
    uint32_t *runs = lb_alloc(cells, sizeof *runs);
    double *matrix = lb_alloc(cells, sizeof *matrix), sum[FEATURES] = {0};
    uint16_t *run = lb_alloc(voxels, sizeof *run);
    lb_level_size *entry = lb_alloc(cells, sizeof *entry);
    bool together = input->settings->weighting != LB_WEIGHT_NONE;
    for (size_t d = 0; d < directions; d++) {
        count_runs(levels, direction[d].offset, longest, run, runs);
        for (size_t c = 0; c < cells; c++) matrix[c] = (together ? matrix[c] + direction[d].length * runs[c] : runs[c]);
        if (!together) add_features(matrix, levels->levels, longest, entry, sum);
    }
    if (together) add_features(matrix, levels->levels, longest, entry, sum);
    for (int i = 0; i < FEATURES; i++) out->value[i] = sum[i] / (together ? 1 : (double)directions);
    free(runs);
    free(matrix);
    free(run);
    free(entry);
    free(direction);
    lb_levels_free(levels);
    return directions ? LB_OK : lb_features_undefined(out, "the region has no neighbours in any direction");
}
