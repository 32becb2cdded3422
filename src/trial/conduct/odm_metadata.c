/* The protocol as ODM metadata: visits are study events, a form has one item group, derived items have a method, items
 * with a rule a condition. Rules are written in the language they are in (Lua). */
#include "trial/conduct/odm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void global_variables(odm_export *e)
{
    const lb_value *summary = lb_get(e->study->root, "summary");
    const char *text = lb_get_text(summary, "en", NULL);
    if (!text) text = lb_get_text(e->study->root, "summary", e->study->title.en);
    odm_begin(e, "GlobalVariables");
    odm_element(e, "StudyName", e->study->title.en);
    odm_element(e, "StudyDescription", text);
    odm_element(e, "ProtocolName", e->study->id);
    odm_end(e);
}

/* ---- units ------------------------------------------------------------------------------------------------------- */

/* First item in the order of the file that has this unit: its place makes the OID. */
static bool unit_oid(const odm_export *e, const char *unit, char oid[32])
{
    size_t n = 0;
    for (size_t f = 0; unit && f < e->study->form_count; f++) {
        for (size_t i = 0; i < e->study->form[f].item_count; i++) {
            n++;
            if (!lb_text_equal(e->study->form[f].item[i].unit, unit)) continue;
            snprintf(oid, 32, "MU.%zu", n);
            return true;
        }
    }
    return false;
}

static void basic_definitions(odm_export *e)
{
    size_t n = 0;
    odm_begin(e, "BasicDefinitions");
    for (size_t f = 0; f < e->study->form_count; f++) {
        for (size_t i = 0; i < e->study->form[f].item_count; i++) {
            const char *unit = e->study->form[f].item[i].unit;
            char oid[32], own[32];
            snprintf(own, sizeof own, "MU.%zu", ++n);
            if (!unit_oid(e, unit, oid) || strcmp(oid, own) != 0) continue;
            odm_begin(e, "MeasurementUnit");
            odm_attribute(e, "OID", oid);
            odm_attribute(e, "Name", unit);
            odm_begin(e, "Symbol");
            odm_translated(e, &(lb_label){.en = unit});
            odm_end(e);
            odm_end(e);
        }
    }
    odm_end(e);
}

/* ---- visits and forms -------------------------------------------------------------------------------------------- */

static void study_event(odm_export *e, const lb_study_visit *visit)
{
    odm_begin(e, "StudyEventDef");
    odm_attributef(e, "OID", "SE.%s", visit->id);
    odm_attribute(e, "Name", visit->label.en);
    odm_attribute(e, "Repeating", visit->repeat_every > 0 || visit->unscheduled ? "Yes" : "No");
    odm_attribute(e, "Type", visit->unscheduled ? "Unscheduled" : "Scheduled");
    for (size_t i = 0; i < visit->form_count; i++) {
        const lb_study_form *form = &e->study->form[visit->form[i]];
        if (!odm_has_form(e, form)) continue;
        odm_begin(e, "FormRef");
        odm_attributef(e, "FormOID", "F.%s", form->id);
        odm_attributef(e, "OrderNumber", "%zu", i + 1);
        odm_attribute(e, "Mandatory", visit->unscheduled || visit->optional ? "No" : "Yes");
        odm_end(e);
    }
    odm_end(e);
}

static void protocol(odm_export *e)
{
    odm_begin(e, "Protocol");
    for (size_t v = 0; v < e->study->visit_count; v++) {
        const lb_study_visit *visit = &e->study->visit[v];
        if (!odm_has_visit(e, visit)) continue;
        odm_begin(e, "StudyEventRef");
        odm_attributef(e, "StudyEventOID", "SE.%s", visit->id);
        odm_attributef(e, "OrderNumber", "%zu", v + 1);
        odm_attribute(e, "Mandatory", visit->unscheduled || visit->optional ? "No" : "Yes");
        odm_end(e);
    }
    odm_end(e);
}

static void form_definition(odm_export *e, const lb_study_form *form)
{
    odm_begin(e, "FormDef");
    odm_attributef(e, "OID", "F.%s", form->id);
    odm_attribute(e, "Name", form->label.en);
    odm_attribute(e, "Repeating", "No");
    odm_begin(e, "ItemGroupRef");
    odm_attributef(e, "ItemGroupOID", "IG.%s", form->id);
    odm_attribute(e, "Mandatory", "Yes");
    odm_end(e);
    odm_end(e);
}

static void item_group(odm_export *e, const lb_study_form *form)
{
    odm_begin(e, "ItemGroupDef");
    odm_attributef(e, "OID", "IG.%s", form->id);
    odm_attribute(e, "Name", form->label.en);
    odm_attribute(e, "Repeating", "No");
    for (size_t i = 0; i < form->item_count; i++) {
        const lb_study_item *item = &form->item[i];
        if (!odm_has_item(e, item)) continue;
        odm_begin(e, "ItemRef");
        odm_attributef(e, "ItemOID", "I.%s", item->id);
        odm_attributef(e, "OrderNumber", "%zu", i + 1);
        odm_attribute(e, "Mandatory", item->required ? "Yes" : "No");
        if (item->derived_by) odm_attributef(e, "MethodOID", "MT.%s", item->id);
        if (item->shown_if) odm_attributef(e, "CollectionExceptionConditionOID", "COND.%s", item->id);
        odm_end(e);
    }
    odm_end(e);
}

/* ---- items ------------------------------------------------------------------------------------------------------- */

static const char *data_type(const lb_study_item *item)
{
    switch (item->type) {
    case LB_ITEM_INTEGER:
    case LB_ITEM_YESNO: return "integer";
    case LB_ITEM_NUMBER:
    case LB_ITEM_SLIDER: return "float";
    case LB_ITEM_DATE: return item->partial ? "partialDate" : "date";
    case LB_ITEM_DATETIME: return "datetime";
    default: return "text";
    }
}

static void range_check(odm_export *e, const lb_study_item *item, const char *comparator, double bound, bool soft)
{
    if (isnan(bound)) return;
    char text[40], oid[32];
    snprintf(text, sizeof text, "%.15g", bound);
    odm_begin(e, "RangeCheck");
    odm_attribute(e, "Comparator", comparator);
    odm_attribute(e, "SoftHard", soft ? "Soft" : "Hard");
    odm_element(e, "CheckValue", text);
    if (unit_oid(e, item->unit, oid)) {
        odm_begin(e, "MeasurementUnitRef");
        odm_attribute(e, "MeasurementUnitOID", oid);
        odm_end(e);
    }
    odm_end(e);
}

static bool has_codes(const lb_study_item *item)
{
    return item->type == LB_ITEM_YESNO || (item->type == LB_ITEM_CHOICE && item->code_count > 0);
}

static void item_definition(odm_export *e, const lb_study_item *item)
{
    char oid[32];
    odm_begin(e, "ItemDef");
    odm_attributef(e, "OID", "I.%s", item->id);
    odm_attribute(e, "Name", item->id);
    odm_attribute(e, "DataType", data_type(item));
    if (strcmp(data_type(item), "text") == 0) odm_attribute(e, "Length", "4000");
    if (strcmp(data_type(item), "integer") == 0) odm_attribute(e, "Length", "10");
    if (strcmp(data_type(item), "float") == 0) {
        odm_attribute(e, "Length", "24");
        odm_attribute(e, "SignificantDigits", "15");
    }
    odm_begin(e, "Question");
    odm_translated(e, &item->label);
    odm_end(e);
    if (unit_oid(e, item->unit, oid)) {
        odm_begin(e, "MeasurementUnitRef");
        odm_attribute(e, "MeasurementUnitOID", oid);
        odm_end(e);
    }
    range_check(e, item, "GE", item->low, false);
    range_check(e, item, "LE", item->high, false);
    range_check(e, item, "GE", item->soft_low, true);
    range_check(e, item, "LE", item->soft_high, true);
    if (has_codes(item)) {
        odm_begin(e, "CodeListRef");
        odm_attributef(e, "CodeListOID", "CL.%s", item->id);
        odm_end(e);
    }
    odm_end(e);
}

static void code(odm_export *e, const char *value, const lb_label *label)
{
    odm_begin(e, "CodeListItem");
    odm_attribute(e, "CodedValue", value);
    odm_begin(e, "Decode");
    odm_translated(e, label);
    odm_end(e);
    odm_end(e);
}

static void code_list(odm_export *e, const lb_study_item *item)
{
    static const lb_label yes = {.en = "yes", .zh = "是", .da = "ja"}, no = {.en = "no", .zh = "否", .da = "nej"};
    if (!has_codes(item)) return;
    odm_begin(e, "CodeList");
    odm_attributef(e, "OID", "CL.%s", item->id);
    odm_attribute(e, "Name", item->id);
    odm_attribute(e, "DataType", item->type == LB_ITEM_YESNO ? "integer" : "text");
    if (item->type == LB_ITEM_YESNO) {
        code(e, "1", &yes);
        code(e, "0", &no);
    }
    for (size_t i = 0; item->type == LB_ITEM_CHOICE && i < item->code_count; i++) code(e, item->code[i].code, &item->code[i].label);
    odm_end(e);
}

static void rule(odm_export *e, const char *element, const char *prefix, const lb_study_item *item, const char *text)
{
    odm_begin(e, element);
    odm_attributef(e, "OID", "%s.%s", prefix, item->id);
    odm_attribute(e, "Name", item->id);
    if (strcmp(element, "MethodDef") == 0) odm_attribute(e, "Type", "Computation");
    odm_begin(e, "Description");
    odm_translated(e, &(lb_label){.en = text});
    odm_end(e);
    /* A CollectionExceptionCondition is true when the item is *not* collected. */
    bool condition = strcmp(element, "ConditionDef") == 0;
    odm_begin(e, "FormalExpression");
    odm_attribute(e, "Context", "Lua 5.4, as in the protocol file");
    odm_text(e, condition ? lb_arena_printf(e->arena, "not (%s)", text) : text);
    odm_end(e);
    odm_end(e);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static void each_item(odm_export *e, void (*write)(odm_export *, const lb_study_item *))
{
    for (size_t f = 0; f < e->study->form_count; f++) {
        const lb_study_form *form = &e->study->form[f];
        for (size_t i = 0; odm_has_form(e, form) && i < form->item_count; i++)
            if (odm_has_item(e, &form->item[i])) write(e, &form->item[i]);
    }
}

static void condition_definition(odm_export *e, const lb_study_item *item)
{
    if (item->shown_if) rule(e, "ConditionDef", "COND", item, item->shown_if);
}

static void method_definition(odm_export *e, const lb_study_item *item)
{
    if (item->derived_by) rule(e, "MethodDef", "MT", item, item->derived_by);
}

void odm_metadata(odm_export *e)
{
    odm_begin(e, "Study");
    odm_attributef(e, "OID", "ST.%s", e->study->id);
    global_variables(e);
    basic_definitions(e);
    odm_begin(e, "MetaDataVersion");
    odm_attributef(e, "OID", "MDV.%s", e->study->version);
    odm_attributef(e, "Name", "protocol version %s", e->study->version);
    protocol(e);
    for (size_t v = 0; v < e->study->visit_count; v++)
        if (odm_has_visit(e, &e->study->visit[v])) study_event(e, &e->study->visit[v]);
    for (size_t f = 0; f < e->study->form_count; f++)
        if (odm_has_form(e, &e->study->form[f])) form_definition(e, &e->study->form[f]);
    for (size_t f = 0; f < e->study->form_count; f++)
        if (odm_has_form(e, &e->study->form[f])) item_group(e, &e->study->form[f]);
    each_item(e, item_definition);
    each_item(e, code_list);
    each_item(e, condition_definition);
    each_item(e, method_definition);
    odm_end(e);
    odm_end(e);
}
