/* RTSTRUCT: closed planar contours in millimetres, filled on the grid of the images they were drawn on. A voxel belongs to
 * a region when its centre lies inside an odd number of its contours in that slice (holes by even–odd).
 * DICOM PS3.3 C.8.8.5, C.8.8.6. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/files/dicom.h"
#include "muscle/files/layers.h"
#include "muscle/files/stream.h"

enum { MOST_REGIONS = 4096, MOST_POINTS = 1 << 22 };

typedef struct drawing {
    const lb_volume *grid;
    const char *name;
    lb_arena *arena;
    uint8_t *parity; /* of the contours of one region around each voxel */
    double worst_off; /* slices a contour lies off the centre of its slice */
    size_t outside, open;
} drawing;

static double number_or(const lb_dcm_item *item, uint32_t tag, double fallback)
{
    double value;
    return lb_dcm_numbers(item, tag, &value, 1) == 1 && isfinite(value) ? value : fallback;
}

static int regions(const lb_dcm_item *root, const char *name, lb_arena *arena, lb_voxel_list **out, size_t *count, lb_error *err)
{
    *count = lb_dcm_items(root, LB_TAG(0x3006, 0x0020));
    if (*count == 0 || *count > MOST_REGIONS) {
        lb_fail(err, LB_BAD_DATA, "the structure set names %zu regions", *count);
        lb_error_where(err, "%s", name);
        lb_error_hint(err, "export the structures again");
        return LB_BAD_DATA;
    }
    *out = lb_arena_array(arena, *count, sizeof **out);
    for (size_t i = 0; i < *count; i++) {
        const lb_dcm_item *item = lb_dcm_item_at(root, LB_TAG(0x3006, 0x0020), i);
        char text[128];
        lb_dcm_text(item, LB_TAG(0x3006, 0x0026), text, sizeof text);
        (*out)[i].label = (int64_t)number_or(item, LB_TAG(0x3006, 0x0022), (double)(i + 1));
        (*out)[i].name = *text ? lb_arena_text(arena, text) : lb_arena_printf(arena, "region %zu", i + 1);
    }
    return LB_OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Flip the parity of the voxels of one slice whose centres lie inside the polygon (points: i, j pairs). */
static void fill(drawing *d, const double *point, size_t points, size_t slice)
{
    const size_t *size = d->grid->size;
    double *cross = lb_alloc(points, sizeof *cross), low = INFINITY, high = -INFINITY;
    for (size_t p = 0; p < points; p++) {
        low = fmin(low, point[2 * p + 1]);
        high = fmax(high, point[2 * p + 1]);
    }
    uint8_t *plane = d->parity + slice * size[0] * size[1];
    double last_row = fmin(floor(high), (double)size[1] - 1);
    for (double row = fmax(ceil(low), 0); row <= last_row; row++) {
        size_t crossings = 0;
        for (size_t p = 0; p < points; p++) {
            const double *a = point + 2 * p, *b = point + 2 * ((p + 1) % points);
            if ((a[1] <= row) == (b[1] <= row)) continue;
            cross[crossings++] = a[0] + (row - a[1]) / (b[1] - a[1]) * (b[0] - a[0]);
        }
        qsort(cross, crossings, sizeof *cross, ascending);
        for (size_t c = 0; c + 1 < crossings; c += 2)
            for (double i = fmax(ceil(cross[c]), 0); i < cross[c + 1] && i < (double)size[0]; i++)
                plane[(size_t)row * size[0] + (size_t)i] ^= 1;
    }
    free(cross);
}

static int add_contour(drawing *d, const lb_dcm_item *item, lb_error *err)
{
    char type[32];
    size_t values = lb_dcm_count(item, LB_TAG(0x3006, 0x0050)), points = values / 3;
    lb_dcm_text(item, LB_TAG(0x3006, 0x0042), type, sizeof type);
    if (points < 3 || (strcmp(type, "CLOSED_PLANAR") != 0 && strcmp(type, "CLOSEDPLANAR_XOR") != 0)) {
        d->open++;
        return LB_OK;
    }
    if (points > MOST_POINTS) return lb_fail(err, LB_BAD_DATA, "a contour has %zu points", points);
    double *mm = lb_alloc(values, sizeof *mm), *flat = lb_alloc(2 * points, sizeof *flat), lowest = INFINITY, highest = -INFINITY;
    size_t there = lb_dcm_numbers(item, LB_TAG(0x3006, 0x0050), mm, values), numbers = 0;
    while (numbers < there && isfinite(mm[numbers])) numbers++;
    if (numbers < 3 * points) {
        int code = lb_fail(err, LB_BAD_DATA, "a contour claims %zu points and holds %zu numbers that are coordinates", points, numbers);
        lb_error_where(err, "%s", d->name);
        lb_error_hint(err, "export the structure set again");
        free(mm);
        free(flat);
        return code;
    }
    for (size_t p = 0; p < points; p++) {
        double index[3];
        lb_volume_index_of(d->grid, mm + 3 * p, index);
        flat[2 * p] = index[0];
        flat[2 * p + 1] = index[1];
        lowest = fmin(lowest, index[2]);
        highest = fmax(highest, index[2]);
    }
    double slice = round((lowest + highest) / 2);
    int status = LB_OK;
    if (!(highest - lowest <= 0.5)) {
        status = lb_fail(err, LB_BAD_DATA, "a contour crosses %.3g slices of the reference images (%.3g mm)", highest - lowest,
                         (highest - lowest) * d->grid->spacing_mm[2]);
        lb_error_where(err, "%s", d->name);
        lb_error_hint(err, "give the images it was drawn on with --reference");
    } else if (slice < 0 || slice >= (double)d->grid->size[2]) {
        d->outside++;
    } else {
        d->worst_off = fmax(d->worst_off, fabs((lowest + highest) / 2 - slice));
        fill(d, flat, points, (size_t)slice);
    }
    free(mm);
    free(flat);
    return status;
}

static int draw_region(drawing *d, const lb_dcm_item *root, lb_voxel_list *list, lb_error *err)
{
    size_t all = lb_volume_count(d->grid), regions_drawn = lb_dcm_items(root, LB_TAG(0x3006, 0x0039));
    memset(d->parity, 0, all);
    for (size_t r = 0; r < regions_drawn; r++) {
        const lb_dcm_item *region = lb_dcm_item_at(root, LB_TAG(0x3006, 0x0039), r);
        if (number_or(region, LB_TAG(0x3006, 0x0084), -1) != (double)list->label) continue;
        size_t contours = lb_dcm_items(region, LB_TAG(0x3006, 0x0040));
        for (size_t c = 0; c < contours; c++) {
            int status = add_contour(d, lb_dcm_item_at(region, LB_TAG(0x3006, 0x0040), c), err);
            if (status != LB_OK) return status;
        }
    }
    for (size_t i = 0; i < all; i++)
        if (d->parity[i]) lb_voxel_list_add(list, i, d->arena);
    return LB_OK;
}

static int choose(lb_voxel_list *list, size_t *count, const char *roi, lb_arena *arena, lb_error *err)
{
    const char *names = "";
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(list[i].name, roi) == 0) {
            list[0] = list[i];
            *count = 1;
            return LB_OK;
        }
        names = lb_arena_printf(arena, "%s%s%s", names, i ? ", " : "", list[i].name);
    }
    lb_fail(err, LB_BAD_DATA, "the structure set has no region \"%.80s\"", roi);
    lb_error_where(err, "--roi");
    lb_error_hint(err, "it has: %.400s", names);
    return LB_BAD_DATA;
}

int lb_dcm_contours_read(const lb_bytes *file, const lb_volume *grid, const char *roi, lb_arena *arena, lb_volume **out, lb_error *err)
{
    lb_dcm *dcm;
    lb_voxel_list *list = NULL;
    size_t count = 0;
    drawing d = {.grid = grid, .arena = arena, .name = file->name ? file->name : "RTSTRUCT"};
    *out = NULL;
    int status = lb_dcm_open(file, false, &dcm, err);
    if (status != LB_OK) return status;
    const lb_dcm_item *root = lb_dcm_root(dcm);
    status = regions(root, d.name, arena, &list, &count, err);
    if (status == LB_OK && roi) status = choose(list, &count, roi, arena, err);
    d.parity = lb_arena_try(arena, lb_volume_count(grid), 1);
    if (status == LB_OK && !d.parity) status = lb_fail(err, LB_NO_MEMORY, "not enough memory to fill the contours");
    for (size_t i = 0; i < count && status == LB_OK; i++) status = draw_region(&d, root, &list[i], err);
    if (status == LB_OK) status = lb_layers_make(grid, list, count, arena, out, err);
    lb_dcm_close(dcm);
    if (status != LB_OK) return status;
    (*out)->name = lb_arena_text(arena, d.name);
    if (d.outside) lb_volume_warn(*out, "%zu contours lie outside the slices of the reference images", d.outside);
    if (d.open) lb_volume_warn(*out, "%zu contours are points or open lines and enclose nothing", d.open);
    if (d.worst_off > 0.05)
        lb_volume_warn(*out, "contours lie up to %.2g mm off the slices they were filled in", d.worst_off * grid->spacing_mm[2]);
    return LB_OK;
}

int lb_dcm_contours_list(const lb_bytes *file, lb_arena *arena, lb_segment **out, size_t *count, lb_error *err)
{
    lb_dcm *dcm;
    lb_voxel_list *list;
    int status = lb_dcm_open(file, false, &dcm, err);
    if (status != LB_OK) return status;
    status = regions(lb_dcm_root(dcm), file->name ? file->name : "RTSTRUCT", arena, &list, count, err);
    lb_dcm_close(dcm);
    if (status != LB_OK) return status;
    *out = lb_arena_array(arena, *count, sizeof **out);
    for (size_t i = 0; i < *count; i++) (*out)[i] = (lb_segment){list[i].name, list[i].label, 0};
    return LB_OK;
}
