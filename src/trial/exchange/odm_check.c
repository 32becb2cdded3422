/* What is off in an ODM file: references that lead nowhere, identifiers given twice, what the official schema would refuse,
 * and values that their item does not allow. */
#include <stdio.h>
#include <string.h>

#include "trial/exchange/odm.h"

enum { LONG_LIST = 5000 };

void odm_find(odm_check *check, const char *severity, const xml_node *node, const char *fmt, ...)
{
    char where[32];
    va_list args;
    snprintf(where, sizeof where, "line %d", node->line);
    va_start(args, fmt);
    exchange_find_once(check->findings, check->seen, severity, where, fmt, args);
    va_end(args);
}

static bool has_metadata(const xml_ids *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        if (strcmp(ids->entry[i].element, "ItemDef") == 0 || strcmp(ids->entry[i].element, "MetaDataVersion") == 0) return true;
    return false;
}

/* Definitions that an import would make something of. */
static bool is_used(const char *element)
{
    static const char *const used[] = {"StudyEventDef", "FormDef", "ItemGroupDef", "ItemDef", "CodeList", "MeasurementUnit"};
    for (size_t i = 0; i < LB_COUNT(used); i++)
        if (strcmp(element, used[i]) == 0) return true;
    return false;
}

static void check_twice(odm_check *check)
{
    const xml_ids *ids = check->definitions;
    for (size_t i = 1; i < ids->count; i++) {
        const struct xml_id *a = &ids->entry[i - 1], *b = &ids->entry[i];
        if (strcmp(a->element, b->element) == 0 && strcmp(a->id, b->id) == 0 && a->node->parent == b->node->parent)
            odm_find(check, is_used(b->element) ? "error" : "warning", b->node, "two %s have the OID '%.80s'", b->element, b->id);
    }
}

void odm_check_references(odm_check *check)
{
    static const struct {
        const char *element, *attribute, *target, *severity;
    } rule[] = {
        {"StudyEventRef", "StudyEventOID", "StudyEventDef", "error"}, {"FormRef", "FormOID", "FormDef", "error"},
        {"ItemGroupRef", "ItemGroupOID", "ItemGroupDef", "error"},    {"ItemRef", "ItemOID", "ItemDef", "error"},
        {"CodeListRef", "CodeListOID", "CodeList", "error"},          {"MeasurementUnitRef", "MeasurementUnitOID", "MeasurementUnit", "error"},
        {"ItemRef", "MethodOID", "MethodDef", "warning"},             {"ItemRef", "CollectionExceptionConditionOID", "ConditionDef", "warning"},
        {"FormRef", "CollectionExceptionConditionOID", "ConditionDef", "warning"},
        {"StudyEventData", "StudyEventOID", "StudyEventDef", "error"}, {"FormData", "FormOID", "FormDef", "error"},
        {"ItemGroupData", "ItemGroupOID", "ItemGroupDef", "error"},    {"ItemData", "ItemOID", "ItemDef", "error"}};
    bool defined = has_metadata(check->definitions), data = false;
    for (const xml_node *node = check->root; node; node = xml_next(node, check->root)) {
        if (!odm_own(node, check->root)) continue;
        bool is_data = lb_text_ends(node->name, "Data") && !xml_is(node, "ClinicalData");
        data = data || is_data;
        for (size_t i = 0; i < LB_COUNT(rule); i++) {
            const char *oid = xml_is(node, rule[i].element) ? xml_get(node, rule[i].attribute) : NULL;
            if (!oid || (is_data && !defined) || xml_ids_find(check->definitions, rule[i].target, oid)) continue;
            odm_find(check, rule[i].severity, node, "%s refers to '%.80s', and there is no such %s", node->name, oid, rule[i].target);
        }
    }
    check_twice(check);
    if (data && !defined)
        odm_find(check, "warning", check->root, "the file holds data without definitions: give the file with the definitions as FILE and this one with --records");
}

static void check_attributes(odm_check *check, const xml_node *node)
{
    for (size_t i = 0; i < node->attributes; i++) {
        const char *space = node->attribute[i].space;
        if (!*space || lb_text_starts(space, "http://www.w3.org/")) continue;
        odm_find(check, "info", node, "attributes of another vendor (%.100s) are passed over", space);
    }
}

static void check_place(odm_check *check, const xml_node *node)
{
    const xml_node *parent = node->parent;
    if (!parent) return;
    if (xml_is(node, "FormData") && !xml_is(parent, "StudyEventData"))
        odm_find(check, "warning", node, "FormData stands in %s, not in StudyEventData: it is taken as belonging to a study of one event", parent->name);
    if (xml_is(node, "AuditRecord") && parent->first != node && !xml_is(parent, "AuditRecords"))
        odm_find(check, "warning", node, "AuditRecord does not come first in %s, as the schema asks", parent->name);
    if (xml_is(node, "SubjectData") && !xml_get(node, "SubjectKey")) odm_find(check, "error", node, "SubjectData has no SubjectKey");
}

static bool in_list(const xml_node *list, const char *value)
{
    bool any = false;
    size_t count = 0;
    for (const xml_node *item = list->first; item; item = item->next) {
        if (++count > LONG_LIST) return true; /* not checked */
        const char *code = xml_get(item, "CodedValue");
        any = any || code;
        if (code && strcmp(code, value) == 0) return true;
    }
    return !any; /* an external code list lists nothing */
}

static void check_value(odm_check *check, const xml_node *node)
{
    const char *value = odm_item_value(node), *oid = xml_get(node, "ItemOID");
    const xml_node *item = value && oid ? xml_ids_find(check->definitions, "ItemDef", oid) : NULL;
    if (!item) return;
    const char *type = xml_get(item, "DataType");
    double number;
    if ((lb_text_equal(type, "integer") || lb_text_equal(type, "float")) && !lb_text_number(value, strlen(value), &number))
        odm_find(check, "warning", node, "values of '%.80s' are no numbers, the first is '%.60s'", oid, value);
    const xml_node *reference = xml_child(item, "CodeListRef");
    const char *list_oid = reference ? xml_get(reference, "CodeListOID") : NULL;
    const xml_node *list = list_oid ? xml_ids_find(check->definitions, "CodeList", list_oid) : NULL;
    if (list && !in_list(list, value)) odm_find(check, "warning", node, "'%.80s' has the value '%.60s', which is not in its code list", oid, value);
}

void odm_check_shape(odm_check *check)
{
    for (const xml_node *node = check->root; node; node = xml_next(node, check->root)) {
        if (!odm_own(node, check->root)) {
            odm_find(check, "info", node, "elements of another vendor (%.100s) are passed over", *node->space ? node->space : "no namespace");
            continue;
        }
        check_attributes(check, node);
        check_place(check, node);
        if (lb_text_starts(node->name, "ItemData")) check_value(check, node);
    }
}
