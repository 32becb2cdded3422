/* study import: what a file of another program holds, and what is off in it. */
#include <string.h>

#include "trial/exchange/redcap.h"
#include "trial/exchange/tables.h"
#include "trial/ops.h"

static int refuse(const lb_bytes *bytes, const char *message, const char *hint, lb_error *err)
{
    lb_fail(err, LB_BAD_DATA, "%s", message);
    lb_error_where(err, "%s", bytes->name);
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

static int import_xml(const lb_bytes *file, const lb_bytes *records, bool hand_on, lb_result *result, lb_error *err)
{
    xml_node *root, *data = NULL;
    int code = xml_read(file, 0, result->arena, &root, err);
    if (code == LB_OK && records->length) code = xml_read(records, 0, result->arena, &data, err);
    if (code != LB_OK) return code;
    bool epx = xml_is(root, "EpiData");
    code = epx ? import_epx(root, result->arena, result->results, err) : import_odm(root, data, result->arena, result->results, err);
    if (code != LB_OK && err && !*err->where) lb_error_where(err, "%s", file->name);
    if (code != LB_OK || !hand_on || exchange_has_errors(lb_get(result->results, "findings"))) return code;
    return epx ? tables_of_epx(root, result->arena, result, err) : tables_of_odm(data ? data : root, result->arena, result, err);
}

static int import_entries(const lb_bytes *file, const lb_bytes *checks, bool hand_on, lb_result *result, lb_error *err)
{
    entry_file entries;
    int code = import_rec(file, checks, result->arena, result->results, &entries, err);
    if (code == LB_OK && hand_on && !exchange_has_errors(lb_get(result->results, "findings"))) tables_of_entries(&entries, "records", result);
    return code;
}

static int import_dictionary(const lb_bytes *file, const lb_bytes *records, bool hand_on, lb_result *result, lb_error *err)
{
    redcap_dictionary dictionary;
    lb_buf yaml = {0};
    int code = import_redcap(file, records, result->arena, result->results, err);
    if (code || !hand_on || exchange_has_errors(lb_get(result->results, "findings"))) return code;
    code = redcap_read(file, result->arena, &dictionary, err);
    if (!code) redcap_forms(&dictionary, &yaml);
    if (!code) lb_result_artifact(result, "forms.yaml", "text/yaml", yaml.data, yaml.length);
    lb_buf_free(&yaml);
    return code;
}

static int import_file(lb_call *call, lb_result *result, lb_error *err)
{
    lb_bytes file, records, checks;
    int code = lb_call_document(call, "file", &file, err);
    if (code == LB_OK) code = lb_call_document(call, "records", &records, err);
    if (code == LB_OK) code = lb_call_document(call, "checks", &checks, err);
    if (code != LB_OK) return code;
    bool hand_on = !lb_call_flag(call, "dry-run");
    switch (exchange_detect(&file)) {
    case EXCHANGE_REC: return import_entries(&file, &checks, hand_on, result, err);
    case EXCHANGE_XML: return import_xml(&file, &records, hand_on, result, err);
    case EXCHANGE_DICTIONARY: return import_dictionary(&file, &records, hand_on, result, err);
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
    int code = import_file(call, result, err);
    if (code != LB_OK) return code;
    if (exchange_has_errors(lb_get(result->results, "findings"))) {
        lb_result_status(result, "invalid");
        lb_result_warn(result, "not importable as it is: see the findings of severity 'error'; nothing was taken");
    } else if (result->artifact_count) {
        lb_result_note(result, "Nothing is stored; -o FOLDER/ writes what is in it: %s%s.", result->artifact[0].name,
                       result->artifact_count > 1 ? " and so on" : "");
    } else {
        lb_result_note(result, "A preview: nothing is stored.");
    }
    return LB_OK;
}

static const lb_param params[] = {
    {"file", LB_P_DOCUMENT, LB_REQUIRED | LB_POSITIONAL, "REDCap dictionary or project XML, ODM, REC or EPX", NULL, NULL, 0, 0, NULL},
    {"records", LB_P_DOCUMENT, 0, "the data, when they are in a file of their own (REDCap CSV, ODM clinical data)", NULL, NULL, 0, 0, NULL},
    {"checks", LB_P_DOCUMENT, 0, "the CHK file of a REC: labels, ranges, missing values", NULL, NULL, 0, 0, NULL},
    {"dry-run", LB_P_FLAG, 0, "look only: no tables are made", NULL, NULL, 0, 0, NULL},
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
        "other file is ever read. Nothing is stored; without --dry-run and without errors, -o FOLDER/ writes the records of EpiData and the "
        "values of ODM as CSV, and a REDCap dictionary as the forms of a protocol file.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar study import reference/trial/redcap_dictionary.csv --records reference/trial/redcap_data.csv --dry-run",
};
