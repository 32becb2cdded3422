/* The protocols as pages: every studies/NAME.yaml, and the file given with --study, through `study describe`. */
#include "server/demo.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STUDIES_MAX = 32 };

const lb_study_page *lb_demo_study(const lb_demo *demo, const char *id)
{
    for (size_t i = 0; i < demo->studies; i++) {
        if (strcmp(demo->study[i].id, id) == 0) return &demo->study[i];
    }
    return NULL;
}

/* A title may be text or {en, zh}: both are passed on. */
static void copy_words(lb_value *row, const char *key, const lb_value *results)
{
    lb_value *found = lb_get(results, key);
    if (!found) found = lb_path(results, lb_arena_printf(row->arena, "study.%s", key));
    if (!found) found = lb_path(results, lb_arena_printf(row->arena, "identity.%s", key));
    if (!found || (found->type != LB_STRING && found->type != LB_OBJECT)) {
        lb_set_null(row, key);
        return;
    }
    if (found->type == LB_STRING) {
        lb_set_text(row, key, found->text);
        return;
    }
    lb_value *copy = lb_set_object(row, key);
    for (size_t i = 0; i < found->count; i++) lb_set_text(copy, found->key[i], lb_get_text(found, found->key[i], NULL));
}

/* `strict`: whoever named the file is told what is wrong with it. */
static int add_study(lb_demo *demo, const char *id, const char *path, bool strict, lb_error *err)
{
    if (demo->studies == STUDIES_MAX || lb_demo_study(demo, id)) return LB_OK;
    lb_demo_run run = {"study", "describe", NULL, path, NULL};
    lb_result *result = NULL;
    int code = strict ? lb_demo_operation(demo, &run, &result, err) : LB_OK;
    if (!strict) result = lb_demo_try(demo, &run);
    if (!result) return code;
    lb_buf json = {0};
    lb_json_write(result->results, 0, &json);
    lb_study_page *page = &demo->study[demo->studies++];
    page->id = lb_arena_text(demo->arena, id);
    page->json = lb_arena_textn(demo->arena, json.data, json.length);
    page->length = json.length;
    lb_buf_free(&json);
    lb_value *row = lb_push_object(demo->study_listing);
    lb_set_text(row, "id", page->id);
    copy_words(row, "title", result->results);
    copy_words(row, "acronym", result->results);
    lb_result_free(result);
    return LB_OK;
}

static int is_protocol(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return name[0] != '.' && lb_text_ends(name, ".yaml") && !lb_text_ends(name, ".plan.yaml") && !lb_text_ends(name, ".model.yaml");
}

int lb_demo_add_studies(lb_demo *demo, const char *study_file, lb_error *err)
{
    int code = LB_OK;
    struct dirent **entry = NULL;
    demo->study_listing = lb_value_array(demo->arena);
    demo->study = lb_arena_array(demo->arena, STUDIES_MAX, sizeof *demo->study);
    if (study_file) {
        const char *slash = strrchr(study_file, '/'), *name = slash ? slash + 1 : study_file;
        code = add_study(demo, lb_arena_textn(demo->arena, name, strcspn(name, ".")), study_file, true, err);
    }
    const char *folder = lb_demo_path(demo, "studies");
    int count = folder ? scandir(folder, &entry, is_protocol, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        const char *name = entry[i]->d_name;
        if (!code) {
            code = add_study(demo, lb_arena_textn(demo->arena, name, strlen(name) - strlen(".yaml")),
                             lb_arena_printf(demo->arena, "%s/%s", folder, name), false, err);
        }
        free(entry[i]);
    }
    free(entry);
    return code;
}
