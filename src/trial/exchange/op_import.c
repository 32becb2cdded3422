/* study import: what a file of another program holds, and what is off in it. */
#include <string.h>

#include "trial/exchange/exchange.h"
#include "trial/ops.h"

static int refuse(const lb_bytes *bytes, const char *message, const char *hint, lb_error *err)
{
    lb_fail(err, LB_BAD_DATA, "%s", message);
    lb_error_where(err, "%s", bytes->name);
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

static int import_xml(const lb_bytes *file, const lb_bytes *records, lb_arena *arena, lb_value *results, lb_error *err)
{
    xml_node *root, *data = NULL;
    int code = xml_read(file, 0, arena, &root, err);
    if (code == LB_OK && records->length) code = xml_read(records, 0, arena, &data, err);
    if (code != LB_OK) return code;
    code = xml_is(root, "EpiData") ? import_epx(root, arena, results, err) : import_odm(root, data, arena, results, err);
    if (code != LB_OK && err && !*err->where) lb_error_where(err, "%s", file->name);
    return code;
}

static int import_file(lb_call *call, lb_value *results, lb_error *err)
{
    lb_bytes file, records, checks;
    lb_arena *arena = lb_call_arena(call);
    int code = lb_call_document(call, "file", &file, err);
    if (code == LB_OK) code = lb_call_document(call, "records", &records, err);
    if (code == LB_OK) code = lb_call_document(call, "checks", &checks, err);
    if (code != LB_OK) return code;
    exchange_format format = exchange_detect(&file);
    entry_file entry;
    switch (format) {
    case EXCHANGE_REC: return import_rec(&file, &checks, arena, results, &entry, err);
    case EXCHANGE_XML: return import_xml(&file, &records, arena, results, err);
    case EXCHANGE_DICTIONARY: return import_redcap(&file, &records, arena, results, err);
    case EXCHANGE_CHK: return refuse(&file, "this is a CHK file: checks without data", "give the .rec file, and this one with --checks", err);
    case EXCHANGE_CSV:
        return refuse(&file, "this is CSV, but no REDCap dictionary (its first column is 'Variable / Field Name')",
                      "give the dictionary as FILE and the records with --records", err);
    case EXCHANGE_UNKNOWN: break;
    }
    return refuse(&file, "the file is empty", "give a REDCap dictionary, ODM, REC or EPX file", err);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    int code = import_file(call, result->results, err);
    if (code != LB_OK) return code;
    const lb_value *findings = lb_get(result->results, "findings");
    lb_result_note(result, "A preview: nothing was stored, nothing outside the files given was read.");
    if (!exchange_has_errors(findings)) return LB_OK;
    lb_result_status(result, "invalid");
    lb_result_warn(result, "not importable as it is: see the findings of severity 'error'");
    return LB_OK;
}

static const lb_param params[] = {
    {"file", LB_P_DOCUMENT, LB_REQUIRED | LB_POSITIONAL, "REDCap dictionary or project XML, ODM, REC or EPX", NULL, NULL, 0, 0, NULL},
    {"records", LB_P_DOCUMENT, 0, "the data, when they are in a file of their own (REDCap CSV, ODM clinical data)", NULL, NULL, 0, 0, NULL},
    {"checks", LB_P_DOCUMENT, 0, "the CHK file of a REC: labels, ranges, missing values", NULL, NULL, 0, 0, NULL},
    {"dry-run", LB_P_FLAG, 0, "look only; this is all it does today", NULL, NULL, 0, 0, NULL},
};

const lb_op trial_op_import = {
    .area = "study",
    .verb = "import",
    .summary = "what a file of another program holds, and what is off in it",
    .description =
        "Recognises by content, whatever the name: EpiData REC (with its CHK) and EPX 1.x and 2.x; REDCap data dictionaries (CSV), with data; "
        "REDCap project XML and CDISC ODM 1.3 and 2.0 of any vendor. Counts what is there (ODM by element; fields, forms, types, required, "
        "identifiers, records, values; EpiData per field n, missing, min, max, mean) and lists findings: references that lead nowhere, "
        "names given twice, values that their field does not allow, branching in a circle, what an official schema would refuse. With an error "
        "among them the status is 'invalid' (exit 3). A document type, an entity, damaged or deeply nested XML is refused outright; no "
        "other file is ever read.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar study import reference/trial/redcap_dictionary.csv --records reference/trial/redcap_data.csv --dry-run",
};
