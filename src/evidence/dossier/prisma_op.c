/* meta prisma: the flow diagram from counts, from a review document, or from a screening exported as RIS. */
#include "evidence/dossier/dossier.h"
#include "evidence/dossier/prisma.h"
#include "evidence/exchange/ris.h"
#include "evidence/ops.h"

#include <math.h>
#include <string.h>

static const char *const count_keys[] = {"databases", "registers",     "duplicates", "automation",       "other_removed",
                                         "screened",  "excluded",      "sought",     "not_retrieved",    "assessed",
                                         "included_studies", "included_reports"};

/* "wrong population=12": a reason and its count. */
static int read_reasons(const lb_call *call, lb_value *flow, lb_error *err)
{
    const char *const *text;
    size_t count = lb_call_texts(call, "reasons", &text);
    if (!count) return 0;
    lb_value *rows = lb_set_array(flow, "excluded_reports");
    for (size_t i = 0; i < count; i++) {
        const char *equals = strrchr(text[i], '=');
        int64_t n;
        if (!equals || !lb_text_integer(equals + 1, strlen(equals + 1), &n) || n < 0) {
            int code = lb_fail(err, LB_USAGE, "'%.80s' is no reason with its count", text[i]);
            lb_error_where(err, "--reasons");
            lb_error_hint(err, "for example --reasons \"wrong population=12,no trial=30\"");
            return code;
        }
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "reason", lb_arena_textn(rows->arena, text[i], (size_t)(equals - text[i])));
        lb_set_int(row, "n", n);
    }
    return 0;
}

/* A screening file: one stage. What two people left in is sought; without decisions a record is still open. */
static int from_ris(const lb_bytes *bytes, lb_value *flow, lb_arena *arena, lb_error *err)
{
    lb_value *records;
    lb_dossier dossier;
    size_t added, duplicates, excluded = 0, kept = 0, open = 0;
    int code = lb_ris_read(bytes, arena, &records, err);
    lb_dossier_new(&dossier, "", arena);
    if (!code) code = lb_dossier_add(&dossier, records, NULL, &added, &duplicates, err);
    if (code) return code;
    for (size_t i = 0; i < records->count; i++) {
        if (dossier.record[i].duplicate) continue;
        lb_value *decisions = lb_value_array(arena);
        size_t out = 0, in = 0;
        lb_ris_decisions(records->item[i], decisions, arena);
        for (size_t d = 0; d < decisions->count; d++) {
            if (lb_text_equal(lb_get_text(decisions->item[d], "decision", ""), "exclude"))
                out++;
            else
                in++;
        }
        if (out && !in)
            excluded++;
        else if (in && !out)
            kept++;
        else
            open++;
    }
    lb_set_int(flow, "databases", (int64_t)added);
    lb_set_int(flow, "duplicates", (int64_t)duplicates);
    lb_set_int(flow, "screened", (int64_t)(excluded + kept));
    lb_set_int(flow, "excluded", (int64_t)excluded);
    lb_set_int(flow, "sought", (int64_t)kept);
    lb_set_int(flow, "open", (int64_t)open);
    return 0;
}

static int check_counts(const lb_value *flow, lb_error *err)
{
    for (size_t i = 0; i < flow->count; i++) {
        const lb_value *value = flow->item[i];
        if (lb_is_number(value)) {
            double n = lb_number_of(value);
            if (n >= 0 && n == floor(n) && n < 1e9) continue;
            int code = lb_fail(err, LB_BAD_DATA, "'%.60s' is %g: counts are whole numbers from 0", flow->key[i], n);
            lb_error_where(err, "flow:%d:%d", value->line, value->column);
            return code;
        }
        for (size_t r = 0; value->type == LB_ARRAY && r < value->count; r++) {
            if (lb_get_int(value->item[r], "n", -1) >= 0 && lb_get_text(value->item[r], "reason", NULL)) continue;
            int code = lb_fail(err, LB_BAD_DATA, "'%.60s' holds no reason with its count", flow->key[i]);
            lb_error_where(err, "flow:%d:%d", value->item[r]->line, value->item[r]->column);
            lb_error_hint(err, "write {reason: wrong population, n: 12}");
            return code;
        }
    }
    return 0;
}

static int from_document(const lb_bytes *bytes, lb_value **flow, lb_arena *arena, lb_error *err)
{
    lb_value *root;
    size_t skip = bytes->length > 2 && memcmp(bytes->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    *flow = lb_value_object(arena);
    if (bytes->length > skip + 5 && memcmp(bytes->data + skip, "TY  -", 5) == 0) return from_ris(bytes, *flow, arena, err);
    int code = lb_yaml_read(bytes, arena, &root, err);
    if (code) return code;
    if (root->type != LB_OBJECT) {
        code = lb_fail(err, LB_BAD_DATA, "'%.100s' holds no counts", bytes->name);
        lb_error_hint(err, "give databases, duplicates, excluded, … as YAML, a review document, or a screening as RIS");
        return code;
    }
    if (lb_text_equal(lb_get_text(root, "format", NULL), "lumbar-review-1")) {
        lb_dossier dossier;
        code = lb_dossier_read(&dossier, bytes, arena, err);
        if (!code) lb_dossier_flow(&dossier, *flow);
        return code;
    }
    lb_value *inner = lb_get(root, "flow");
    *flow = inner && inner->type == LB_OBJECT ? inner : root;
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_value *flow = lb_value_object(arena);
    lb_bytes bytes;
    int code = 0;
    if (lb_call_given(call, "flow")) {
        code = lb_call_document(call, "flow", &bytes, err);
        if (!code) code = from_document(&bytes, &flow, arena, err);
    }
    for (size_t i = 0; i < LB_COUNT(count_keys) && !code; i++) {
        char name[40];
        size_t n = 0;
        for (; count_keys[i][n]; n++) name[n] = count_keys[i][n] == '_' ? '-' : count_keys[i][n];
        name[n] = '\0';
        if (lb_call_given(call, name)) lb_set_int(flow, count_keys[i], lb_call_int(call, name));
    }
    if (!code) code = read_reasons(call, flow, err);
    if (!code) code = check_counts(flow, err);
    if (code) return code;
    if (isnan(lb_get_number(flow, "databases", NAN)) && isnan(lb_get_number(flow, "screened", NAN))) {
        code = lb_fail(err, LB_BAD_DATA, "the flow begins nowhere: neither databases nor screened is given");
        lb_error_hint(err, "for example --databases 1400 --duplicates 228 --excluded 1063");
        return code;
    }
    lb_prisma_complete(flow, result);
    lb_value *kept = lb_set_object(result->results, "flow");
    for (size_t i = 0; i < flow->count; i++) lb_set(kept, flow->key[i], flow->item[i]);
    lb_prisma_report(flow, lb_set_array(result->results, "rows"));
    lb_result_picture(result, "prisma", "PRISMA 2020 flow diagram", lb_prisma_draw(flow, lb_call_text(call, "language"), arena));
    lb_result_note(result, "Counts that follow from others are filled in; where given counts contradict each other a warning says so.");
    if (lb_get_int(flow, "open", 0) > 0)
        lb_result_note(result, "%lld references are still open.", (long long)lb_get_int(flow, "open", 0));
    return 0;
}

#define COUNT(NAME, SUMMARY)                                                                                           \
    {                                                                                                                  \
        .name = NAME, .type = LB_P_INT, .min = 0, .max = 1e8, .summary = SUMMARY                                       \
    }
static const lb_param params[] = {
    {.name = "flow",
     .type = LB_P_DOCUMENT,
     .flags = LB_POSITIONAL,
     .summary = "counts (YAML or JSON), a review document, or a screening exported as RIS"},
    COUNT("databases", "records from databases"),
    COUNT("registers", "records from registers"),
    COUNT("duplicates", "duplicates removed"),
    COUNT("automation", "records removed by automation tools"),
    COUNT("other-removed", "records removed for other reasons"),
    COUNT("screened", "records screened"),
    COUNT("excluded", "records excluded"),
    COUNT("sought", "reports sought"),
    COUNT("not-retrieved", "reports not retrieved"),
    COUNT("assessed", "reports assessed"),
    COUNT("included-studies", "studies included"),
    COUNT("included-reports", "reports of included studies"),
    {.name = "reasons", .type = LB_P_TEXTS, .summary = "why reports were excluded: \"wrong population=12,no trial=30\""},
    {.name = "language", .type = LB_P_CHOICE, .choices = "en,zh", .preset = "en", .summary = "language of the picture"},
};

const lb_op lb_op_meta_prisma = {
    .area = "meta",
    .verb = "prisma",
    .summary = "PRISMA 2020 flow diagram",
    .description = "Draws the flow of a review from records to included studies as PRISMA 2020 does, from counts, from the "
                   "review document that meta screen keeps, or from a screening exported as RIS with its decisions. Counts "
                   "that follow from others are filled in, and contradictions are named.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta prisma --databases 1400 --duplicates 228 --excluded 1063 --assessed 109 --included-studies 58 -o prisma.svg",
};
