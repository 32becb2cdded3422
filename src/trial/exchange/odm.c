/* Preview of CDISC ODM files, 1.3 and 2.0, from any vendor: element counts, languages, forms, items, people, values, and what is off.
 * Read tolerantly: what the official schema would refuse is told as a finding, not refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial/exchange/odm.h"

static const char *const counted[] = {"AuditRecord", "CodeList", "CodeListItem", "ConditionDef", "FormData", "FormDef", "ItemData", "ItemDef",
                                      "ItemGroupData", "ItemGroupDef", "MeasurementUnit", "MethodDef", "RangeCheck", "StudyEventData",
                                      "StudyEventDef", "SubjectData", "WorkflowDef"};

typedef struct odm_sum {
    int64_t count[LB_COUNT(counted)], filled, values;
    const char **language, **subject;
    size_t language_count, subject_count;
} odm_sum;

const char *odm_item_value(const xml_node *item)
{
    const char *value = xml_get(item, "Value");
    if (!value && !xml_is(item, "ItemData")) value = item->text; /* ItemDataInteger, …: typed, in the text */
    const xml_node *child = value ? NULL : xml_child(item, "Value");
    if (child) value = child->text;
    return value && *value ? value : NULL;
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void collect(lb_arena *arena, const char ***list, size_t *count, const char *text)
{
    if (*count && strcmp((*list)[*count - 1], text) == 0) return;
    if ((*count & (*count - 1)) == 0) { /* grow at powers of two */
        const char **grown = lb_arena_array(arena, *count ? 2 * *count : 1, sizeof *grown);
        if (*count) memcpy(grown, *list, *count * sizeof *grown);
        *list = grown;
    }
    (*list)[(*count)++] = text;
}

static size_t sort_unique(const char **list, size_t count)
{
    size_t kept = 0;
    if (count) qsort(list, count, sizeof *list, by_text);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(list[i], list[kept - 1]) != 0) list[kept++] = list[i];
    return kept;
}

static void sum_document(const xml_node *root, lb_arena *arena, odm_sum *sum)
{
    for (const xml_node *node = root; node; node = xml_next(node, root)) {
        for (size_t i = 0; i < node->attributes; i++)
            if (lb_text_equal(node->attribute[i].name, "lang") && lb_text_equal(node->attribute[i].space, "http://www.w3.org/XML/1998/namespace"))
                collect(arena, &sum->language, &sum->language_count, node->attribute[i].value);
        if (!odm_own(node, root)) continue;
        for (size_t i = 0; i < LB_COUNT(counted); i++) sum->count[i] += strcmp(node->name, counted[i]) == 0;
        const char *key = xml_is(node, "SubjectData") ? xml_get(node, "SubjectKey") : NULL;
        if (key) collect(arena, &sum->subject, &sum->subject_count, key);
        if (!lb_text_starts(node->name, "ItemData")) continue;
        const char *attribute = xml_get(node, "Value");
        sum->filled += attribute && *attribute;
        sum->values += odm_item_value(node) != NULL;
    }
}

static void write_counts(const odm_sum *sum, lb_value *counts)
{
    for (size_t i = 0; i < LB_COUNT(counted); i++) {
        if (sum->count[i]) lb_set_int(counts, counted[i], sum->count[i]);
        if (strcmp(counted[i], "ItemData") == 0 && sum->filled) lb_set_int(counts, "ItemData_nonempty", sum->filled);
    }
}

/* Attribute of any namespace: vendors mark identifiers as Identifier="y". */
static const char *any_attribute(const xml_node *node, const char *name)
{
    for (size_t i = 0; i < node->attributes; i++)
        if (strcmp(node->attribute[i].name, name) == 0) return node->attribute[i].value;
    return NULL;
}

static void write_definitions(const xml_node *root, lb_arena *arena, lb_value *results)
{
    lb_value *forms = lb_set_array(results, "forms"), *types = lb_set_object(results, "types");
    lb_value *required = lb_set_array(results, "required"), *identifiers = lb_set_array(results, "identifiers");
    const char **must = NULL;
    size_t must_count = 0;
    for (const xml_node *node = root; node; node = xml_next(node, root)) {
        if (!odm_own(node, root)) continue;
        const char *oid = xml_get(node, "OID");
        if (oid && (xml_is(node, "FormDef") || (xml_is(node, "ItemGroupDef") && lb_text_equal(xml_get(node, "Type"), "Form")))) lb_push_text(forms, oid);
        if (xml_is(node, "ItemRef") && lb_text_equal(xml_get(node, "Mandatory"), "Yes") && xml_get(node, "ItemOID"))
            collect(arena, &must, &must_count, xml_get(node, "ItemOID"));
        if (!xml_is(node, "ItemDef")) continue;
        const char *type = xml_get(node, "DataType"), *mark = any_attribute(node, "Identifier");
        if (types->count < 100 || lb_get(types, type ? type : "none")) lb_set_int(types, type ? type : "none", lb_get_int(types, type ? type : "none", 0) + 1);
        if (oid && mark && (*mark == 'y' || *mark == 'Y')) lb_push_text(identifiers, oid);
    }
    must_count = sort_unique(must, must_count);
    for (size_t i = 0; i < must_count; i++) lb_push_text(required, must[i]);
}

static int read_root(const xml_node *root, lb_error *err)
{
    if (xml_is(root, "ODM") || lb_text_starts(root->space, "http://www.cdisc.org/ns/odm/")) return LB_OK; /* also a part of one */
    lb_fail(err, LB_BAD_DATA, "an XML file of <%.60s> is not known here", root->name);
    lb_error_where(err, "line %d", root->line);
    lb_error_hint(err, "give CDISC ODM 1.3 or 2.0, a REDCap project, or EpiData EPX");
    return LB_BAD_DATA;
}

static void check_one(const xml_node *root, const xml_ids *definitions, lb_arena *arena, lb_value *findings)
{
    odm_check check = {root, definitions, arena, findings, lb_value_object(arena)};
    if (!lb_text_starts(root->space, "http://www.cdisc.org/ns/odm/v1.") && !lb_text_starts(root->space, "http://www.cdisc.org/ns/odm/v2."))
        odm_find(&check, "warning", root, "the namespace '%.100s' is none of ODM 1.x or 2.0", root->space);
    if (!xml_is(root, "ODM")) odm_find(&check, "info", root, "this is a part of an ODM file: its root is %.60s", root->name);
    else if (!xml_get(root, "ODMVersion")) odm_find(&check, "warning", root, "the file does not say its ODMVersion");
    odm_check_references(&check);
    odm_check_shape(&check);
}

int import_odm(const xml_node *root, const xml_node *data, lb_arena *arena, lb_value *results, lb_error *err)
{
    int code = read_root(root, err);
    if (code == LB_OK && data) code = read_root(data, err);
    if (code != LB_OK) return code;
    xml_ids definitions;
    code = xml_ids_make(root, "OID", arena, &definitions, err);
    if (code != LB_OK) return code;
    odm_sum sum = {0};
    sum_document(root, arena, &sum);
    if (data) sum_document(data, arena, &sum);
    const char *source = xml_get(root, "SourceSystem");
    lb_set_text(results, "format", "CDISC ODM");
    lb_set_text(results, "odm_version", xml_get(root, "ODMVersion"));
    lb_set_text(results, "namespace", root->space);
    if (source) lb_set_text(results, "source", source);
    write_counts(&sum, lb_set_object(results, "counts"));
    lb_value *languages = lb_set_array(results, "languages");
    sum.language_count = sort_unique(sum.language, sum.language_count);
    for (size_t i = 0; i < sum.language_count; i++) lb_push_text(languages, sum.language[i]);
    for (size_t i = 0; i < LB_COUNT(counted); i++)
        if (strcmp(counted[i], "ItemDef") == 0) lb_set_int(results, "fields", sum.count[i]);
    write_definitions(root, arena, results);
    lb_set_int(results, "records", (int64_t)sort_unique(sum.subject, sum.subject_count));
    lb_set_int(results, "values", sum.values);
    lb_value *findings = lb_set_array(results, "findings");
    check_one(root, &definitions, arena, findings);
    if (data) check_one(data, &definitions, arena, findings);
    return LB_OK;
}
