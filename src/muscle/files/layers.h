/* Segments given as lists of voxels, put into as few label maps as their overlaps need. */
#ifndef LUMBAR_MUSCLE_LAYERS_H
#define LUMBAR_MUSCLE_LAYERS_H
#include <lumbar/data.h>

typedef struct lb_voxel_list {
    const char *name;
    int64_t label;
    size_t *index; /**< ascending or not, without doubles */
    size_t count, room;
} lb_voxel_list;

void lb_voxel_list_add(lb_voxel_list *list, size_t index, lb_arena *arena);
/** A label map on the grid of `shape` (its voxels are not used); segments that overlap go to further layers. */
int lb_layers_make(const lb_volume *shape, const lb_voxel_list *list, size_t lists, lb_arena *arena, lb_volume **out,
                   lb_error *err) LB_MUST_CHECK;
/** The label map a segment is in. */
const lb_volume *lb_layer_of(const lb_volume *volume, const lb_segment *segment);
/** Voxels of `from` at the places of `grid` (nearest neighbour), layer by layer; says how many labelled voxels fell
 *  outside and how far, in voxels of `from`, the two lattices are apart at most. */
int lb_layers_onto(const lb_volume *grid, const lb_volume *from, lb_arena *arena, lb_volume **out, size_t *lost,
                   double *off_lattice, lb_error *err) LB_MUST_CHECK;
/** Index coordinates (not rounded) of a point in millimetres. */
void lb_volume_index_of(const lb_volume *volume, const double point_mm[3], double index[3]);
/** Place in millimetres of index coordinates. */
void lb_volume_point_of(const lb_volume *volume, const double index[3], double point_mm[3]);
#endif
