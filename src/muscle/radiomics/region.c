/* The region features are computed on: label found and checked, image normalised, resampled, cropped, resegmented.
 * Order of the steps: PyRadiomics documentation, "Pipeline modules"; each step as described there. */
#include <math.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/radiomics/radiomics.h"

/* Bounding box of the voxels that are not 0. */
typedef struct box {
    size_t low[3], high[3], voxels;
} box;

static void box_add_row(box *b, size_t first, size_t last, size_t count, size_t y, size_t z)
{
    if (b->voxels == 0) {
        b->low[0] = first, b->low[1] = y, b->low[2] = z;
        b->high[0] = last, b->high[1] = y, b->high[2] = z;
    }
    if (first < b->low[0]) b->low[0] = first;
    if (last > b->high[0]) b->high[0] = last;
    if (y < b->low[1]) b->low[1] = y;
    if (y > b->high[1]) b->high[1] = y;
    b->high[2] = z;
    b->voxels += count;
}

#define SCAN_ROW(ctype)                                                                                                \
    do {                                                                                                               \
        const ctype *row = (const ctype *)mask->voxels + at;                                                           \
        const ctype wanted = (ctype)label;                                                                             \
        for (size_t x = 0; x < mask->size[0]; x++) {                                                                   \
            if (row[x] != wanted) continue;                                                                            \
            if (count++ == 0) first = x;                                                                               \
            last = x;                                                                                                  \
        }                                                                                                              \
    } while (0)

/* Does the label fit the voxel type, so that comparing in that type is exact? */
static bool representable(const lb_volume *mask, int64_t label)
{
    static const double high[] = {255, 127, 65535, 32767, 4294967295.0, 2147483647.0};
    return mask->type > LB_I32 || (double)label <= high[mask->type];
}

static box find_label(const lb_volume *mask, int64_t label)
{
    box b = {0};
    bool plain = mask->slope == 1 && mask->intercept == 0;
    if (plain && !representable(mask, label)) return b;
    for (size_t z = 0; z < mask->size[2]; z++)
        for (size_t y = 0; y < mask->size[1]; y++) {
            size_t at = mask->size[0] * (y + mask->size[1] * z), count = 0, first = 0, last = 0;
            if (plain && mask->type == LB_U8)
                SCAN_ROW(uint8_t);
            else if (plain && mask->type == LB_U16)
                SCAN_ROW(uint16_t);
            else if (plain && mask->type == LB_I16)
                SCAN_ROW(int16_t);
            else if (plain && mask->type == LB_I32)
                SCAN_ROW(int32_t);
            else
                for (size_t x = 0; x < mask->size[0]; x++) {
                    if (lb_volume_at(mask, at + x) != (double)label) continue;
                    if (count++ == 0) first = x;
                    last = x;
                }
            if (count) box_add_row(&b, first, last, count, y, z);
        }
    return b;
}

static box find_ones(const uint8_t *inside, const size_t size[3])
{
    box b = {0};
    for (size_t z = 0; z < size[2]; z++)
        for (size_t y = 0; y < size[1]; y++) {
            const uint8_t *row = inside + size[0] * (y + size[1] * z);
            size_t count = 0, first = 0, last = 0;
            for (size_t x = 0; x < size[0]; x++) {
                if (!row[x]) continue;
                if (count++ == 0) first = x;
                last = x;
            }
            if (count) box_add_row(&b, first, last, count, y, z);
        }
    return b;
}

static int check_box(const box *b, const lb_radiomics_settings *s, const lb_volume *mask, const char *when,
                     lb_error *err)
{
    int dimensions = 0;
    for (int a = 0; a < 3; a++) dimensions += b->high[a] > b->low[a];
    if (b->voxels == 0) {
        lb_fail(err, LB_BAD_DATA, "no voxel of the mask carries label %lld%s", (long long)s->label, when);
        lb_error_detail(err, "labels present: %s", lb_mask_labels(mask, mask->arena));
        lb_error_hint(err, "choose one of the labels present with --label");
    } else if (b->voxels == 1) {
        lb_fail(err, LB_BAD_DATA, "label %lld is a single voxel%s: there is nothing to describe", (long long)s->label,
                when);
        lb_error_hint(err, "draw a larger region, or resample to smaller voxels");
    } else if (dimensions < s->least_dimensions) {
        lb_fail(err, LB_BAD_DATA, "label %lld extends along %d of 3 dimensions only (%zu voxels)%s, %lld are required",
                (long long)s->label, dimensions, b->voxels, when, (long long)s->least_dimensions);
        lb_error_hint(err, "draw a larger region, or lower minimumROIDimensions in the settings");
    } else if (s->least_voxels >= 0 && b->voxels <= (size_t)s->least_voxels) {
        lb_fail(err, LB_BAD_DATA, "label %lld has %zu voxels%s, more than %lld are required", (long long)s->label,
                b->voxels, when, (long long)s->least_voxels);
        lb_error_hint(err, "draw a larger region, or lower minimumROISize in the settings");
    } else {
        return LB_OK;
    }
    return LB_BAD_DATA;
}

int lb_image_doubles(const lb_volume *image, lb_arena *arena, double **out, lb_error *err)
{
    size_t count = lb_volume_count(image);
    *out = lb_arena_try(arena, count, sizeof **out);
    if (!*out) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu voxels in double precision", count);
    for (size_t i = 0; i < count; i++) (*out)[i] = lb_volume_at(image, i);
    return LB_OK;
}

/* (x − mean)/sd over the whole image (divisor n − 1), outliers clipped, times the scale. */
static int normalise(double *value, size_t count, const lb_radiomics_settings *s, lb_error *err)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) sum += value[i];
    double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) squares += (value[i] - mean) * (value[i] - mean);
    double sd = sqrt(squares / (double)(count - 1));
    if (!(sd > 0)) {
        lb_fail(err, LB_BAD_DATA,
                isfinite(mean) ? "the image is constant: it cannot be normalised"
                               : "the image holds voxels that are not numbers: it cannot be normalised");
        lb_error_hint(err, "normalisation uses the whole image; repair it, or take normalize out of the settings");
        return LB_BAD_DATA;
    }
    for (size_t i = 0; i < count; i++) {
        double x = (value[i] - mean) / sd;
        if (x > s->remove_outliers) x = s->remove_outliers;
        if (x < -s->remove_outliers) x = -s->remove_outliers;
        value[i] = x * s->normalize_scale;
    }
    return LB_OK;
}

static bool is_whole_type(const lb_volume *image)
{
    return image->type != LB_F32 && image->type != LB_F64 && image->slope == 1 && image->intercept == 0;
}

/* An image of whole numbers stays one: interpolated values are cut towards zero and kept in the range of its type. */
static void truncate_values(double *value, size_t count, lb_voxel type)
{
    static const double low[] = {0, -128, 0, -32768, 0, -2147483648.0, 0, -9223372036854775808.0};
    static const double high[] = {
        255, 127, 65535, 32767, 4294967295.0, 2147483647.0, 18446744073709551615.0, 9223372036854775807.0};
    for (size_t i = 0; i < count; i++) value[i] = trunc(fmin(fmax(value[i], low[type]), high[type]));
}

/* Values and mask of a box before it is cut to the region. */
typedef struct stage {
    size_t size[3], start[3]; /* start: in the (resampled) image */
    double spacing_mm[3];
    double *value;
    uint8_t *inside;
} stage;

static int allocate_stage(stage *to, lb_arena *arena, lb_error *err)
{
    size_t count = to->size[0] * to->size[1] * to->size[2];
    to->value = lb_arena_try(arena, count, sizeof *to->value);
    to->inside = lb_arena_try(arena, count, 1);
    if (to->value && to->inside) return LB_OK;
    lb_fail(err, LB_NO_MEMORY, "not enough memory for a region of %zu x %zu x %zu voxels", to->size[0], to->size[1],
            to->size[2]);
    lb_error_hint(err, "choose larger voxels in resampledPixelSpacing");
    return LB_NO_MEMORY;
}

static int resample(const lb_volume *image, const lb_volume *mask, const lb_radiomics_settings *s, const box *b,
                    double *whole, lb_arena *arena, stage *to, lb_error *err)
{
    size_t extent[3];
    lb_resample_grid grid;
    double voxels = 1;
    for (int a = 0; a < 3; a++) extent[a] = b->high[a] - b->low[a] + 1;
    lb_resample_plan(image, b->low, extent, s->spacing_mm, (double)s->pad_distance, &grid);
    for (int a = 0; a < 3; a++) voxels *= (double)grid.size[a];
    if (!(voxels < 4e9)) {
        lb_fail(err, LB_TOO_LARGE, "resampling would make %.3g voxels", voxels);
        lb_error_hint(err, "choose larger voxels in resampledPixelSpacing");
        return LB_TOO_LARGE;
    }
    memcpy(to->size, grid.size, sizeof to->size);
    memcpy(to->start, grid.start, sizeof to->start);
    memcpy(to->spacing_mm, grid.spacing_mm, sizeof to->spacing_mm);
    int status = allocate_stage(to, arena, err);
    if (status != LB_OK) return status;
    lb_resample_image(whole, image->size, &grid, s->interpolator, to->value);
    if (is_whole_type(image) && !s->normalize) truncate_values(to->value, (size_t)voxels, image->type);
    lb_resample_mask(mask, s->label, &grid, to->inside);
    return LB_OK;
}

#define COPY_ROW(ctype)                                                                                                \
    do {                                                                                                               \
        const ctype *row = (const ctype *)volume->voxels + from;                                                       \
        for (size_t x = 0; x < count; x++) out[x] = (double)row[x];                                                    \
    } while (0)

/* A row of values as doubles. */
static void copy_row(const lb_volume *volume, size_t from, size_t count, double *out)
{
    bool plain = volume->slope == 1 && volume->intercept == 0;
    if (plain && volume->type == LB_U8) COPY_ROW(uint8_t);
    else if (plain && volume->type == LB_I16) COPY_ROW(int16_t);
    else if (plain && volume->type == LB_U16) COPY_ROW(uint16_t);
    else if (plain && volume->type == LB_F32) COPY_ROW(float);
    else if (plain && volume->type == LB_F64) COPY_ROW(double);
    else
        for (size_t x = 0; x < count; x++) out[x] = lb_volume_at(volume, from + x);
}

static int crop(const lb_volume *image, const lb_volume *mask, const lb_radiomics_settings *s, const box *b,
                const double *whole, lb_arena *arena, stage *to, lb_error *err)
{
    for (int a = 0; a < 3; a++) {
        to->start[a] = b->low[a];
        to->size[a] = b->high[a] - b->low[a] + 1;
        to->spacing_mm[a] = image->spacing_mm[a];
    }
    int status = allocate_stage(to, arena, err);
    if (status != LB_OK) return status;
    size_t at = 0;
    double *labels = lb_arena_array(arena, to->size[0], sizeof *labels);
    for (size_t z = 0; z < to->size[2]; z++)
        for (size_t y = 0; y < to->size[1]; y++, at += to->size[0]) {
            size_t from = b->low[0] + image->size[0] * (b->low[1] + y + image->size[1] * (b->low[2] + z));
            if (whole) memcpy(to->value + at, whole + from, to->size[0] * sizeof *whole);
            else copy_row(image, from, to->size[0], to->value + at);
            copy_row(mask, from, to->size[0], labels);
            for (size_t x = 0; x < to->size[0]; x++) to->inside[at + x] = labels[x] == (double)s->label;
        }
    return LB_OK;
}

/* Cut the stage to the box of its mask. The memory of the stage is used again: rows move towards the start. */
static void trim(const stage *from, const box *b, lb_region *out)
{
    size_t at = 0;
    for (int a = 0; a < 3; a++) {
        out->size[a] = b->high[a] - b->low[a] + 1;
        out->start[a] = from->start[a] + b->low[a];
        out->spacing_mm[a] = from->spacing_mm[a];
    }
    out->value = from->value;
    out->shape = from->inside;
    for (size_t z = b->low[2]; z <= b->high[2]; z++)
        for (size_t y = b->low[1]; y <= b->high[1]; y++) {
            size_t row = b->low[0] + from->size[0] * (y + from->size[1] * z);
            memmove(out->value + at, from->value + row, out->size[0] * sizeof *out->value);
            memmove(out->shape + at, from->inside + row, out->size[0]);
            at += out->size[0];
        }
    out->shape_voxels = out->voxels = b->voxels;
    out->inside = out->shape;
}

static int check_values(const lb_region *region, lb_error *err)
{
    size_t count = region->size[0] * region->size[1] * region->size[2], bad = 0, first = 0;
    for (size_t i = 0; i < count; i++)
        if (region->shape[i] && !isfinite(region->value[i]) && bad++ == 0) first = i;
    if (bad == 0) return LB_OK;
    lb_fail(err, LB_BAD_DATA,
            "%zu of %zu voxels of the region are not numbers (NaN or infinite), the first at (%zu, %zu, %zu)", bad,
            region->shape_voxels, region->start[0] + first % region->size[0],
            region->start[1] + first / region->size[0] % region->size[1],
            region->start[2] + first / region->size[0] / region->size[1]);
    lb_error_hint(err, "leave them out of the mask, or repair the image");
    return LB_BAD_DATA;
}

static void thresholds(const lb_region *region, const lb_radiomics_settings *s, double bound[2])
{
    size_t count = region->size[0] * region->size[1] * region->size[2];
    double sum = 0, squares = 0, top = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (!region->shape[i]) continue;
        sum += region->value[i];
        top = fmax(top, region->value[i]);
    }
    double mean = sum / (double)region->shape_voxels;
    for (size_t i = 0; i < count; i++)
        if (region->shape[i]) squares += (region->value[i] - mean) * (region->value[i] - mean);
    double sd = sqrt(squares / (double)region->shape_voxels);
    for (int i = 0; i < 2; i++) {
        double r = s->resegment_range[i];
        bound[i] = s->resegment == LB_RESEGMENT_RELATIVE ? r * top
                   : s->resegment == LB_RESEGMENT_SIGMA  ? mean + sd * r
                                                         : r;
    }
    if (s->resegment_bounds < 2) bound[1] = INFINITY;
}

/* Keep only voxels inside the range; the shape keeps the whole region unless resegmentShape. */
static int resegment(lb_region *region, const lb_radiomics_settings *s, lb_arena *arena, lb_region_record *record,
                     lb_error *err)
{
    if (s->resegment == LB_RESEGMENT_NONE) return LB_OK;
    size_t count = region->size[0] * region->size[1] * region->size[2], kept = 0;
    region->inside = lb_arena_try(arena, count, 1);
    if (!region->inside) return lb_fail(err, LB_NO_MEMORY, "not enough memory to resegment the region");
    thresholds(region, s, record->threshold);
    for (size_t i = 0; i < count; i++) {
        region->inside[i] =
            region->shape[i] && region->value[i] >= record->threshold[0] && region->value[i] <= record->threshold[1];
        kept += region->inside[i];
    }
    record->resegmented_away = region->voxels - kept;
    if (kept <= 1) {
        lb_fail(err, LB_BAD_DATA, "resegmentation to %g … %g leaves %zu of %zu voxels", record->threshold[0],
                record->threshold[1], kept, region->voxels);
        lb_error_hint(err, "widen resegmentRange");
        return LB_BAD_DATA;
    }
    region->voxels = kept;
    if (s->resegment_shape) {
        region->shape = region->inside;
        region->shape_voxels = kept;
    }
    return LB_OK;
}

static bool wants_filters(const lb_radiomics_settings *s)
{
    for (size_t f = 0; f < s->filters; f++)
        if (s->filter[f].kind != LB_FILTER_ORIGINAL) return true;
    return false;
}

/* The image filters work on: the resampled stage, the whole image, or with preCrop the box with its padding. */
static int keep_field(const lb_volume *image, const double *whole, const stage *resampled, const box *b,
                      const lb_radiomics_settings *s, lb_arena *arena, lb_region *out, lb_error *err)
{
    lb_field *field = &out->field;
    const double *from = resampled ? resampled->value : whole;
    const size_t *size = resampled ? resampled->size : image->size;
    size_t low[3] = {0}, count = 1, at = 0;
    for (int a = 0; a < 3; a++) {
        size_t pad = (size_t)s->pad_distance, high = size[a];
        if (!resampled && s->pre_crop) {
            low[a] = b->low[a] > pad ? b->low[a] - pad : 0;
            high = b->high[a] + pad + 1 < size[a] ? b->high[a] + pad + 1 : size[a];
        }
        count *= field->size[a] = high - low[a];
        field->spacing_mm[a] = resampled ? resampled->spacing_mm[a] : image->spacing_mm[a];
        out->field_at[a] = low[a]; /* completed when the region's box is known */
    }
    field->single = is_whole_type(image) && !s->normalize;
    field->value = lb_arena_try(arena, count, sizeof *field->value);
    if (!field->value) return lb_fail(err, LB_NO_MEMORY, "not enough memory to filter %zu voxels", count);
    for (size_t z = 0; z < field->size[2]; z++)
        for (size_t y = 0; y < field->size[1]; y++, at += field->size[0])
            memcpy(field->value + at, from + low[0] + size[0] * (low[1] + y + size[1] * (low[2] + z)),
                   field->size[0] * sizeof *from);
    return LB_OK;
}

static void record_mask(const lb_volume *image, const box *b, lb_region_record *record)
{
    record->mask_voxels = b->voxels;
    for (int a = 0; a < 3; a++) {
        record->box_start[a] = b->low[a];
        record->box_size[a] = b->high[a] - b->low[a] + 1;
        record->image_size[a] = image->size[a];
        record->image_spacing_mm[a] = image->spacing_mm[a];
    }
}

int lb_region_prepare(const lb_volume *image, const lb_volume *mask, const lb_radiomics_settings *settings,
                      lb_arena *arena, lb_region *out, lb_region_record *record, lb_error *err)
{
    memset(out, 0, sizeof *out);
    memset(record, 0, sizeof *record);
    box b = find_label(mask, settings->label);
    int status = check_box(&b, settings, mask, "", err);
    if (status != LB_OK) return status;
    record_mask(image, &b, record);
    bool other = false;
    for (int a = 0; a < 3; a++)
        other |= settings->spacing_mm[a] != 0 && settings->spacing_mm[a] != image->spacing_mm[a];
    bool resampled = settings->resample && other, filters = wants_filters(settings);
    double *whole = NULL;
    stage now = {0};
    if (resampled || settings->normalize || filters) status = lb_image_doubles(image, arena, &whole, err);
    if (status == LB_OK && settings->normalize) status = normalise(whole, lb_volume_count(image), settings, err);
    if (status == LB_OK)
        status = resampled ? resample(image, mask, settings, &b, whole, arena, &now, err)
                           : crop(image, mask, settings, &b, whole, arena, &now, err);
    if (status == LB_OK && filters) status = keep_field(image, whole, resampled ? &now : NULL, &b, settings, arena, out, err);
    if (status != LB_OK) return status;
    b = find_ones(now.inside, now.size);
    status = check_box(&b, settings, mask, resampled ? " after resampling" : "", err);
    if (status != LB_OK) return status;
    trim(&now, &b, out);
    for (int a = 0; a < 3; a++) out->field_at[a] = (resampled ? b.low[a] : out->start[a]) - out->field_at[a];
    status = check_values(out, err);
    return status == LB_OK ? resegment(out, settings, arena, record, err) : status;
}
