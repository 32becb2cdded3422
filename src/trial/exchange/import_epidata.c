/* Previews of EpiData files: what a REC (with its CHK) or an EPX project holds. */
#include <string.h>

#include "trial/exchange/exchange.h"

int import_rec(const lb_bytes *bytes, const lb_bytes *checks, lb_arena *arena, lb_value *results, entry_file *out, lb_error *err)
{
    lb_set_text(results, "format", "EpiData REC");
    int code = entry_read_rec(bytes, arena, out, results, err);
    if (code != LB_OK) return code;
    lb_set_int(results, "records", (int64_t)out->records);
    lb_value *fields = lb_set_array(results, "fields"), *findings = lb_set_array(results, "findings");
    if (checks->length) code = chk_apply(checks, out, findings, err);
    if (code == LB_OK) import_describe(out, NULL, fields, findings);
    return code;
}

static size_t count_elements(const xml_node *root, const char *name)
{
    size_t count = 0;
    for (const xml_node *node = root; node; node = xml_next(node, root)) count += xml_is(node, name) && strcmp(node->space, root->space) == 0;
    return count;
}

/* References between the parts of a project that lead nowhere. */
static void check_references(const epx_project *project, lb_value *findings)
{
    const xml_node *root = project->root;
    static const struct {
        const char *element, *attribute, *target;
    } rule[] = {{"Relation", "dataFileRef", "DataFile"}, {"DataFileRelation", "dataFileRef", "DataFile"}, {"Key", "fieldRef", "Field"}};
    for (const xml_node *node = root; node; node = xml_next(node, root)) {
        for (size_t i = 0; i < LB_COUNT(rule); i++) {
            const char *id = xml_is(node, rule[i].element) ? xml_get(node, rule[i].attribute) : NULL;
            if (id && !xml_ids_find(&project->ids, rule[i].target, id))
                exchange_finding(findings, "error", lb_arena_printf(project->arena, "line %d", node->line), "%s refers to '%.60s', and there is no such %s",
                                 rule[i].element, id, rule[i].target);
        }
    }
}

/* Data files that belong to another one: a relation within a relation. */
static size_t count_relations(const xml_node *root)
{
    size_t count = 0;
    for (const xml_node *node = root; node; node = xml_next(node, root)) {
        const xml_node *above = xml_is(node, "Relation") || xml_is(node, "DataFileRelation") ? node->parent : NULL;
        while (above && !xml_is(above, node->name)) above = above->parent;
        count += above != NULL;
    }
    return count;
}

int import_epx(const xml_node *root, lb_arena *arena, lb_value *results, lb_error *err)
{
    lb_set_text(results, "format", "EpiData EPX");
    lb_set_text(results, "namespace", root->space);
    lb_set_text(results, "version", xml_get(root, "version"));
    lb_value *counts = lb_set_object(results, "counts");
    static const char *const counted[][2] = {{"data_files", "DataFile"}, {"fields", "Field"}, {"records", "Record"}, {"value_label_sets", "ValueLabelSet"},
                                             {"value_labels", "ValueLabel"}, {"keys", "Key"}};
    for (size_t i = 0; i < LB_COUNT(counted); i++) lb_set_int(counts, counted[i][0], (int64_t)count_elements(root, counted[i][1]));
    lb_set_int(counts, "relations", (int64_t)count_relations(root));
    lb_set_int(results, "records", lb_get_int(counts, "records", 0));
    lb_value *forms = lb_set_array(results, "forms"), *fields = lb_set_array(results, "fields"), *findings = lb_set_array(results, "findings");
    epx_project project;
    int code = epx_open(root, arena, &project, err);
    for (size_t i = 0; i < project.files && code == LB_OK; i++) {
        entry_file file;
        code = epx_read_file(&project, i, &file, findings, err);
        if (code != LB_OK) break;
        lb_push_text(forms, file.name);
        import_describe(&file, file.name, fields, findings);
    }
    if (code == LB_OK) check_references(&project, findings);
    return code;
}
