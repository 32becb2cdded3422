/* Scans of the demo: a synthetic lumbar Dixon scan made by `image phantom`, and the real case TUM01 where the shared data
 * are beside the repository. TUM01's water image has lost its position: shown as it is, because a user meets that too. */
#include "server/demo.h"
#include "server/place.h"

#include <stdio.h>
#include <string.h>

static void add_label(lb_value *labels, int64_t value, const char *name, const char *muscle, const char *side)
{
    lb_value *row = lb_push_object(labels);
    lb_set_int(row, "value", value);
    lb_set_text(row, "name", name);
    lb_set_text(row, "muscle", muscle);
    lb_set_text(row, "side", side);
}

/* Labels of the phantom's truth: "right multifidus" is a side and a muscle. */
static void copy_labels(lb_value *labels, const lb_value *truth)
{
    for (size_t i = 0; truth && i < truth->count; i++) {
        const char *name = lb_get_text(truth->item[i], "name", "muscle"), *space = strchr(name, ' ');
        bool sided = lb_text_starts(name, "left ") || lb_text_starts(name, "right ");
        const char *side = sided ? lb_arena_textn(labels->arena, name, (size_t)(space - name)) : NULL;
        add_label(labels, lb_get_int(truth->item[i], "label", 0), name, sided ? space + 1 : name, side);
    }
}

static void add_phantom(lb_demo *demo)
{
    static const char *const setting[][2] = {{"kind", "lumbar"}, {"seed", "1"}, {NULL, NULL}};
    static const char *const part[][3] = {{"water", "water.nii.gz", "Synthetic lumbar scan: water"},
                                          {"fat", "fat.nii.gz", "Synthetic lumbar scan: fat"},
                                          {"mask", "mask.nii.gz", "Synthetic lumbar scan: muscles"}};
    lb_demo_run run = {"image", "phantom", setting, NULL, NULL};
    lb_result *result = lb_demo_try(demo, &run);
    if (!result) return;
    lb_value *scan = lb_value_object(demo->arena);
    lb_set_text(scan, "id", "phantom");
    lb_set_text(scan, "title", "Synthetic lumbar scan");
    lb_set_text(scan, "source", "made by Lumbar: image phantom --kind lumbar --seed 1");
    lb_set_text(scan, "image", "phantom_water");
    for (size_t p = 0; p < LB_COUNT(part); p++) {
        lb_set_null(scan, part[p][0]);
        for (size_t i = 0; i < result->artifact_count; i++) {
            const lb_artifact *file = &result->artifact[i];
            if (strcmp(file->name, part[p][1]) != 0) continue;
            const char *id = lb_arena_printf(demo->arena, "phantom_%s", part[p][0]);
            lb_demo_add(demo, id, part[p][2], "volume", lb_arena_printf(demo->arena, "phantom_%s", part[p][1]), file->data,
                        file->length);
            lb_set_text(scan, part[p][0], id);
        }
    }
    copy_labels(lb_set_array(scan, "labels"), lb_get(result->results, "truth"));
    /* What `muscle measure` takes to speak of muscles and levels by name. */
    lb_value *measure = lb_set_object(scan, "measure");
    lb_set_text(measure, "labels", lb_get_text(result->results, "labels", NULL));
    lb_set_text(measure, "levels", lb_get_text(result->results, "levels", NULL));
    lb_push(demo->scans, scan);
    lb_result_free(result);
}

static bool add_volume(lb_demo *demo, const char *id, const char *title, const char *file)
{
    const char *path = lb_place_below(demo->shared, lb_arena_printf(demo->arena, "data/lumbar_mri/%s", file), demo->arena);
    lb_bytes bytes;
    lb_error err = LB_ERROR_INIT;
    if (!path) return false;
    if (lb_file_read(path, lb_max_input(), demo->arena, &bytes, &err) == LB_OK) {
        return lb_demo_add(demo, id, title, "volume", file, bytes.data, bytes.length) != NULL;
    }
    fprintf(stderr, "lumbar: warning: %s: %s\n", file, err.message);
    return false;
}

static void add_tum01(lb_demo *demo)
{
    if (!add_volume(demo, "tum01_mask", "TUM01: muscles drawn by hand, L2 to L5",
                    "TUM01_fat_manual_label_segmentation_L2-L5.nii.gz") ||
        !add_volume(demo, "tum01_water", "TUM01: water", "TUM01_water_img_img_L2-L5.nii.gz") ||
        !add_volume(demo, "tum01_fat", "TUM01: fat", "TUM01_fat_img_img_L2-L5.nii.gz")) {
        return;
    }
    lb_value *scan = lb_push_object(demo->scans);
    lb_set_text(scan, "id", "tum01");
    lb_set_text(scan, "title", "TUM01: a real lumbar Dixon scan, L2 to L5");
    lb_set_text(scan, "source", "MyoSegmenTUM spine (Burian et al.); Zhang et al. 2025, doi:10.1148/ryai.240833");
    lb_set_text(scan, "image", "tum01_fat");
    lb_set_text(scan, "fat", "tum01_fat");
    lb_set_text(scan, "water", "tum01_water");
    lb_set_text(scan, "mask", "tum01_mask");
    lb_value *labels = lb_set_array(scan, "labels");
    add_label(labels, 1, "right erector spinae", "erector spinae", "right");
    add_label(labels, 2, "right multifidus", "multifidus", "right");
    add_label(labels, 3, "left multifidus", "multifidus", "left");
    add_label(labels, 4, "left erector spinae", "erector spinae", "left");
    lb_set_text(lb_set_object(scan, "measure"), "labels",
                "1=right erector spinae,2=right multifidus,3=left multifidus,4=left erector spinae");
}

void lb_demo_add_scans(lb_demo *demo)
{
    add_phantom(demo);
    if (demo->shared) add_tum01(demo);
}
