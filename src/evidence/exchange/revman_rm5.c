/* RevMan 5: XML, walked once with libxml2's reader (no network, no entities). Studies have ids; analyses hold COMPARISON,
 * outcomes of four types, subgroups, and a DATA element per study. */
#include "evidence/exchange/revman.h"

#include <libxml/xmlreader.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STUDIES = 5000, MOST_ITEMS = 40 };

typedef struct reader {
    xmlTextReaderPtr xml;
    lb_revman *out;
    lb_arena *arena;
    size_t studies, items;
    struct {
        const char *id, *name;
        double year;
        lb_value *risk;
    } study[MOST_STUDIES];
    const char *item_name, *element; /* the quality item open; the element whose text comes next */
    const char *comparison, *subgroup;
    int comparison_number, outcome_number;
    lb_value *analysis;
} reader;

static const char *attribute(const reader *r, const char *name)
{
    xmlChar *value = xmlTextReaderGetAttribute(r->xml, (const xmlChar *)name);
    const char *copy = lb_arena_text(r->arena, (const char *)value);
    xmlFree(value);
    return copy;
}

static double number(const reader *r, const char *name)
{
    const char *text = attribute(r, name);
    double value;
    return text && lb_text_number(text, strlen(text), &value) ? value : NAN;
}

static int whole(const reader *r, const char *name, int otherwise)
{
    double value = number(r, name);
    return value >= 0 && value < 1e6 ? (int)value : otherwise;
}

static int find_study(const reader *r, const char *id)
{
    for (size_t i = 0; id && i < r->studies; i++) {
        if (strcmp(r->study[i].id, id) == 0) return (int)i;
    }
    return -1;
}

static int add_study(reader *r, lb_error *err)
{
    if (r->studies == MOST_STUDIES) return lb_fail(err, LB_TOO_LARGE, "more than %d studies are too many", MOST_STUDIES);
    const char *id = attribute(r, "ID"), *name = attribute(r, "NAME");
    if (!id || !name) return lb_fail(err, LB_BAD_DATA, "a study has no ID or no NAME");
    r->study[r->studies].id = id;
    r->study[r->studies].name = name;
    r->study[r->studies++].year = number(r, "YEAR");
    return 0;
}

/* DICH_OUTCOME, CONT_OUTCOME, IV_OUTCOME (generic inverse variance), IPD_OUTCOME (observed minus expected). */
static int open_outcome(reader *r, const char *kind, lb_error *err)
{
    int code = lb_revman_analysis(r->out, &r->analysis, err);
    if (code) return code;
    lb_value *a = r->analysis;
    const char *method = attribute(r, "METHOD"), *random = attribute(r, "RANDOM");
    r->outcome_number = whole(r, "NO", r->outcome_number + 1);
    lb_set_textf(a, "id", "%d.%d", r->comparison_number, r->outcome_number);
    lb_set_text(a, "comparison", r->comparison);
    lb_set_text(a, "name", "");
    lb_set_text(a, "kind", kind);
    const char *measure = lb_revman_measure(attribute(r, "EFFECT_MEASURE"));
    lb_set_text(a, "measure", strcmp(kind, "given") == 0 ? "GEN" : measure);
    lb_set_text(a, "method", method ? method : "IV");
    lb_set_text(a, "model", random && strcmp(random, "YES") == 0 ? "random" : "fixed");
    lb_set_text(a, "label1", "");
    lb_set_text(a, "label2", "");
    r->subgroup = NULL;
    return 0;
}

static int add_data(reader *r, lb_error *err)
{
    static const char *const from[4][6] = {{"EVENTS_1", "TOTAL_1", "EVENTS_2", "TOTAL_2", NULL, NULL},
                                           {"MEAN_1", "SD_1", "TOTAL_1", "MEAN_2", "SD_2", "TOTAL_2"},
                                           {"EFFECT_SIZE", "SE", NULL, NULL, NULL, NULL},
                                           {"O_E", "VAR", NULL, NULL, NULL, NULL}},
                             *const to[4][6] = {{"ai", "n1i", "ci", "n2i", NULL, NULL},
                                                {"m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"},
                                                {"yi", "sei", NULL, NULL, NULL, NULL},
                                                {"oe", "v", NULL, NULL, NULL, NULL}},
                             *const kinds[4] = {"counts", "means", "given", "peto"};
    if (!r->analysis) return lb_fail(err, LB_BAD_DATA, "data stand outside an outcome");
    const char *id = attribute(r, "STUDY_ID");
    int study = find_study(r, id);
    if (study < 0) return lb_fail(err, LB_BAD_DATA, "data name the study '%.80s', which the review does not have", id ? id : "");
    lb_value *row;
    int code = lb_revman_row(r->out, r->analysis, &row, err);
    if (code) return code;
    lb_set_text(row, "study", r->study[study].name);
    lb_set_number(row, "year", r->study[study].year);
    lb_set_text(row, "subgroup", r->subgroup);
    size_t k = 0;
    while (k < 3 && strcmp(kinds[k], lb_get_text(r->analysis, "kind", "")) != 0) k++;
    for (size_t i = 0; i < 6 && from[k][i]; i++) lb_set_number(row, to[k][i], number(r, from[k][i]));
    return 0;
}

/* RoB 1 in RevMan 5: YES is low risk, NO is high, UNKNOWN is unclear. */
static void add_judgement(reader *r)
{
    int study = find_study(r, attribute(r, "STUDY_ID"));
    const char *result = attribute(r, "RESULT");
    if (study < 0 || !result || !r->item_name || r->items > MOST_ITEMS) return;
    if (!r->study[study].risk) {
        r->study[study].risk = lb_push_object(r->out->risk);
        lb_set_text(r->study[study].risk, "study", r->study[study].name);
    }
    lb_set_text(r->study[study].risk, r->item_name,
                strcmp(result, "YES") == 0 ? "low" : strcmp(result, "NO") == 0 ? "high" : "unclear");
}

static bool ends_with(const char *name, const char *tail) { return lb_text_ends(name, tail); }

static int open_element(reader *r, const char *name, lb_error *err)
{
    r->element = NULL;
    if (strcmp(name, "STUDY") == 0) return add_study(r, err);
    if (strcmp(name, "COMPARISON") == 0) {
        r->comparison_number = whole(r, "NO", r->comparison_number + 1);
        r->outcome_number = 0;
        r->comparison = "";
        r->analysis = NULL;
    } else if (strcmp(name, "DICH_OUTCOME") == 0) {
        return open_outcome(r, "counts", err);
    } else if (strcmp(name, "CONT_OUTCOME") == 0) {
        return open_outcome(r, "means", err);
    } else if (strcmp(name, "IV_OUTCOME") == 0) {
        return open_outcome(r, "given", err);
    } else if (strcmp(name, "IPD_OUTCOME") == 0) {
        return open_outcome(r, "peto", err);
    } else if (ends_with(name, "_SUBGROUP")) {
        r->subgroup = "";
    } else if (strcmp(name, "DICH_DATA") == 0 || strcmp(name, "CONT_DATA") == 0 || strcmp(name, "IV_DATA") == 0 ||
               strcmp(name, "IPD_DATA") == 0) {
        return add_data(r, err);
    } else if (strcmp(name, "QUALITY_ITEM") == 0) {
        r->items++;
        r->item_name = "";
    } else if (strcmp(name, "QUALITY_ITEM_DATA_ENTRY") == 0) {
        add_judgement(r);
    } else if (strcmp(name, "NAME") == 0 || strcmp(name, "GROUP_LABEL_1") == 0 || strcmp(name, "GROUP_LABEL_2") == 0) {
        r->element = strcmp(name, "NAME") == 0 ? "name" : name[12] == '1' ? "label1" : "label2";
    }
    return 0;
}

/* The text of a NAME belongs to what was opened last and has none yet. */
static void take_text(reader *r, const char *text)
{
    const char *copy = lb_arena_text(r->arena, text);
    if (strcmp(r->element, "name") != 0) {
        if (r->analysis) lb_set_text(r->analysis, r->element, copy);
    } else if (r->subgroup && !*r->subgroup) {
        r->subgroup = copy;
    } else if (r->analysis && !*lb_get_text(r->analysis, "name", "")) {
        lb_set_text(r->analysis, "name", copy);
    } else if (r->comparison && !*r->comparison) {
        r->comparison = copy;
    } else if (r->item_name && !*r->item_name) {
        r->item_name = copy;
    }
    r->element = NULL;
}

static void close_element(reader *r, const char *name)
{
    if (ends_with(name, "_SUBGROUP")) r->subgroup = NULL;
    if (ends_with(name, "_OUTCOME")) r->analysis = NULL;
    r->element = NULL;
}

static int walk(reader *r, lb_error *err)
{
    int more, code = 0;
    while (!code && (more = xmlTextReaderRead(r->xml)) == 1) {
        int type = xmlTextReaderNodeType(r->xml);
        const char *name = (const char *)xmlTextReaderConstName(r->xml);
        if (type == XML_READER_TYPE_ELEMENT) {
            code = open_element(r, name, err);
            if (code && err && !err->where[0]) lb_error_where(err, "line %d", xmlTextReaderGetParserLineNumber(r->xml));
            if (!code && xmlTextReaderIsEmptyElement(r->xml)) close_element(r, name);
        } else if (type == XML_READER_TYPE_END_ELEMENT) {
            close_element(r, name);
        } else if (type == XML_READER_TYPE_TEXT && r->element) {
            take_text(r, (const char *)xmlTextReaderConstValue(r->xml));
        } else if (type == XML_READER_TYPE_DOCUMENT_TYPE) {
            code = lb_fail(err, LB_BAD_DATA, "the file declares a document type, which a RevMan file never does");
        }
    }
    if (code || more == 0) return code;
    code = lb_fail(err, LB_BAD_DATA, "the XML is damaged");
    lb_error_where(err, "line %d", xmlTextReaderGetParserLineNumber(r->xml));
    lb_error_hint(err, "save the review again in RevMan 5");
    return code;
}

static void be_quiet(void *context, const char *message, xmlParserSeverities severity, xmlTextReaderLocatorPtr at)
{
    (void)context, (void)message, (void)severity, (void)at; /* walk() says where the damage is */
}

int lb_revman_rm5(const lb_bytes *bytes, lb_revman *out, lb_error *err)
{
    if (bytes->length > (size_t)256 << 20) return lb_fail(err, LB_TOO_LARGE, "a review of more than 256 MB is not read");
    reader *r = lb_arena_alloc(out->arena, sizeof *r);
    r->out = out;
    r->arena = out->arena;
    r->xml = xmlReaderForMemory((const char *)bytes->data, (int)bytes->length, NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!r->xml) return lb_fail(err, LB_NO_MEMORY, "no memory to read XML");
    xmlTextReaderSetErrorHandler(r->xml, be_quiet, NULL);
    int code = walk(r, err);
    xmlFreeTextReader(r->xml);
    return code;
}
