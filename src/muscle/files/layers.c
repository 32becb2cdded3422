/* Overlapping segments as layers of label maps, and label maps carried to another grid by their place in space. */
#include "muscle/files/layers.h"

#include <math.h>
#include <string.h>

#include "muscle/files/stream.h"

void lb_voxel_list_add(lb_voxel_list *list, size_t index, lb_arena *arena)
{
    list->index = lb_arena_grow(arena, list->index, list->count, &list->room, 1024, sizeof *list->index);
    list->index[list->count++] = index;
}

static void copy_place(lb_volume *to, const lb_volume *from)
{
    memcpy(to->spacing_mm, from->spacing_mm, sizeof to->spacing_mm);
    memcpy(to->origin_mm, from->origin_mm, sizeof to->origin_mm);
    memcpy(to->direction, from->direction, sizeof to->direction);
}

static int64_t label_at(const lb_volume *volume, size_t index)
{
    return volume->type == LB_U8 ? ((const uint8_t *)volume->voxels)[index] : ((const uint16_t *)volume->voxels)[index];
}

static void set_label(lb_volume *volume, size_t index, int64_t label)
{
    if (volume->type == LB_U8) ((uint8_t *)volume->voxels)[index] = (uint8_t)label;
    else ((uint16_t *)volume->voxels)[index] = (uint16_t)label;
}

static bool is_free(const lb_volume *layer, const lb_voxel_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (label_at(layer, list->index[i]) != 0) return false;
    return true;
}

int lb_layers_make(const lb_volume *shape, const lb_voxel_list *list, size_t lists, lb_arena *arena, lb_volume **out,
                   lb_error *err)
{
    enum { MOST_LAYERS = 64 };
    lb_volume *layer[MOST_LAYERS];
    size_t layers = 0;
    int64_t top = 0;
    for (size_t s = 0; s < lists; s++) top = list[s].label > top ? list[s].label : top;
    if (top > 65535) return lb_fail(err, LB_BAD_DATA, "a segment has the number %lld; at most 65535 can be kept", (long long)top);
    lb_segment *segment = lb_arena_array(arena, lists + 1, sizeof *segment);
    for (size_t s = 0; s < lists; s++) {
        size_t at = 0;
        while (at < layers && !is_free(layer[at], &list[s])) at++;
        if (at == MOST_LAYERS) return lb_fail(err, LB_BAD_DATA, "more than %d segments overlap in one place", MOST_LAYERS);
        if (at == layers) {
            layer[at] = lb_volume_new(arena, shape->size, top > 255 ? LB_U16 : LB_U8);
            if (!layer[at]) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the label map");
            copy_place(layer[at], shape);
            layers++;
        }
        for (size_t i = 0; i < list[s].count; i++) set_label(layer[at], list[s].index[i], list[s].label);
        segment[s] = (lb_segment){list[s].name, list[s].label, at};
    }
    if (layers == 0) {
        layer[layers++] = lb_volume_new(arena, shape->size, LB_U8);
        if (!layer[0]) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the label map");
        copy_place(layer[0], shape);
    }
    lb_volume **further = lb_arena_array(arena, layers, sizeof *further);
    for (size_t l = 1; l < layers; l++) further[l - 1] = layer[l];
    layer[0]->layer = further;
    layer[0]->layers = layers - 1;
    layer[0]->segment = segment;
    layer[0]->segment_count = lists;
    *out = layer[0];
    return LB_OK;
}

const lb_volume *lb_layer_of(const lb_volume *volume, const lb_segment *segment)
{
    return segment->layer == 0 || segment->layer > volume->layers ? volume : volume->layer[segment->layer - 1];
}

void lb_volume_index_of(const lb_volume *volume, const double point_mm[3], double index[3])
{
    for (int axis = 0; axis < 3; axis++) { /* the direction is orthonormal: its inverse is its transpose */
        double along = 0;
        for (int row = 0; row < 3; row++) along += volume->direction[3 * row + axis] * (point_mm[row] - volume->origin_mm[row]);
        index[axis] = along / volume->spacing_mm[axis];
    }
}

void lb_volume_point_of(const lb_volume *volume, const double index[3], double point_mm[3])
{
    for (int row = 0; row < 3; row++) {
        point_mm[row] = volume->origin_mm[row];
        for (int axis = 0; axis < 3; axis++)
            point_mm[row] += volume->direction[3 * row + axis] * volume->spacing_mm[axis] * index[axis];
    }
}

/* Step in index coordinates of `from` for one voxel of `grid` along each axis, and where its first voxel lies. */
static void chain(const lb_volume *grid, const lb_volume *from, double start[3], double step[9])
{
    static const double corner[4][3] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    double point[3], index[3];
    lb_volume_point_of(grid, corner[0], point);
    lb_volume_index_of(from, point, start);
    for (int axis = 0; axis < 3; axis++) {
        lb_volume_point_of(grid, corner[axis + 1], point);
        lb_volume_index_of(from, point, index);
        for (int i = 0; i < 3; i++) step[3 * i + axis] = index[i] - start[i];
    }
}

static size_t labelled(const lb_volume *volume)
{
    size_t count = lb_volume_count(volume), found = 0;
    for (size_t i = 0; i < count; i++) found += lb_volume_at(volume, i) != 0;
    return found;
}

/* One label map by nearest neighbour. */
static int resample_labels(const lb_volume *grid, const lb_volume *from, lb_arena *arena, lb_volume **out,
                           double *off_lattice, lb_error *err)
{
    double start[3], step[9];
    chain(grid, from, start, step);
    lb_volume *to = lb_volume_new(arena, grid->size, from->type);
    if (!to) return lb_fail(err, LB_NO_MEMORY, "not enough memory to place the mask on the image");
    copy_place(to, grid);
    size_t voxel = lb_voxel_size(from->type);
    for (size_t k = 0; k < grid->size[2]; k++)
        for (size_t j = 0; j < grid->size[1]; j++)
            for (size_t i = 0; i < grid->size[0]; i++) {
                size_t at[3];
                bool inside = true;
                double off = 0;
                for (int axis = 0; axis < 3 && inside; axis++) {
                    double x = start[axis] + step[3 * axis] * (double)i + step[3 * axis + 1] * (double)j + step[3 * axis + 2] * (double)k;
                    double near = floor(x + 0.5);
                    inside = near >= 0 && near < (double)from->size[axis];
                    off = fmax(off, fabs(x - near));
                    at[axis] = inside ? (size_t)near : 0;
                }
                if (!inside) continue;
                size_t source = at[0] + from->size[0] * (at[1] + from->size[1] * at[2]);
                const char *value = (const char *)from->voxels + voxel * source;
                memcpy((char *)to->voxels + voxel * (i + grid->size[0] * (j + grid->size[1] * k)), value, voxel);
                if (off > *off_lattice && lb_volume_at(from, source) != 0) *off_lattice = off;
            }
    *out = to;
    return LB_OK;
}

int lb_layers_onto(const lb_volume *grid, const lb_volume *from, lb_arena *arena, lb_volume **out, size_t *lost,
                   double *off_lattice, lb_error *err)
{
    *lost = 0;
    *off_lattice = 0;
    lb_volume **further = lb_arena_array(arena, from->layers + 1, sizeof *further);
    for (size_t l = 0; l <= from->layers; l++) {
        const lb_volume *source = l == 0 ? from : from->layer[l - 1];
        lb_volume *placed = NULL;
        int status = resample_labels(grid, source, arena, &placed, off_lattice, err);
        if (status != LB_OK) return status;
        size_t before = labelled(source), after = labelled(placed);
        if (*off_lattice < 1e-2 && after < before) *lost += before - after;
        if (l == 0) *out = placed;
        else further[l - 1] = placed;
    }
    (*out)->layer = further;
    (*out)->layers = from->layers;
    (*out)->segment = from->segment;
    (*out)->segment_count = from->segment_count;
    (*out)->name = from->name;
    (*out)->warning = from->warning;
    (*out)->warning_count = from->warning_count;
    return LB_OK;
}
