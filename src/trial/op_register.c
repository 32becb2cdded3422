/* study register: the registry record of a protocol, by the 24 items of the WHO Trial Registration Data Set, version 1.3.1
 * (https://www.who.int/tools/clinical-trials-registry-platform/network/who-data-set), the participant-level sharing statement among
 * them. What the protocol does not say is told as missing, never made up. */
#include "trial/op_study.h"

#include <string.h>

typedef struct record {
    const lb_study *study;
    const char *language;
    lb_arena *arena;
    lb_value *items, *missing;
} record;

/* ---- texts ---------------------------------------------------------------------------------------------------------- */

static const char *chosen(const record *r, const lb_label *label)
{
    const char *text = strcmp(r->language, "zh") == 0 ? label->zh : strcmp(r->language, "da") == 0 ? label->da : label->en;
    return text ? text : label->en;
}

/* A text, or an object of languages. */
static const char *text_of(const record *r, const lb_value *value)
{
    if (!value) return NULL;
    if (value->type == LB_STRING) return value->text;
    const char *text = value->type == LB_OBJECT ? lb_get_text(value, r->language, NULL) : NULL;
    return text || value->type != LB_OBJECT ? text : lb_get_text(value, "en", NULL);
}

static void add_line(lb_buf *out, const char *text)
{
    if (text && *text) lb_buf_printf(out, "%s%s", out->length ? "; " : "", text);
}

/* Takes the text of `out`; `from`: where in the protocol it stands, or would stand. */
static void add(record *r, int number, const char *item, lb_buf *out, const char *from)
{
    lb_value *row = lb_push_object(r->items);
    lb_set_int(row, "number", number);
    lb_set_text(row, "item", item);
    if (out->length) lb_set_text(row, "value", lb_arena_text(r->arena, out->data));
    else lb_set_null(row, "value");
    lb_set_text(row, "from", from);
    if (!out->length) lb_push_text(r->missing, item);
    lb_buf_free(out);
    *out = (lb_buf){0};
}

static void add_text(record *r, int number, const char *item, const char *text, const char *from)
{
    lb_buf out = {0};
    add_line(&out, text);
    add(r, number, item, &out, from);
}

/* ---- who and where --------------------------------------------------------------------------------------------------- */

static const lb_value *register_at(const record *r, size_t index)
{
    const lb_value *list = lb_get(r->study->root, "registry");
    return list && list->type == LB_ARRAY && index < list->count ? list->item[index] : NULL;
}

static const char *date_of(const record *r, const char *event)
{
    const lb_value *dates = lb_get(register_at(r, 0), "dates");
    for (size_t i = 0; dates && i < dates->count; i++) {
        const lb_value *one = dates->item[i];
        if (!lb_text_equal(lb_get_text(one, "event", NULL), event)) continue;
        const char *kind = lb_get_text(one, "kind", NULL);
        return lb_arena_printf(r->arena, "%s%s%s%s", lb_get_text(one, "date", ""), kind ? " (" : "", kind ? kind : "", kind ? ")" : "");
    }
    return NULL;
}

static void registers(record *r)
{
    lb_buf out = {0};
    const lb_value *first = register_at(r, 0), *others = lb_get(first, "other_ids");
    const char *number = lb_get_text(first, "number", NULL);
    if (number) lb_buf_printf(&out, "%s %s", lb_get_text(first, "register", ""), number);
    add(r, 1, "Primary registry and trial identifying number", &out, "registry[0].number");
    add_text(r, 2, "Date of registration in primary registry", date_of(r, "first posted"), "registry[0].dates: first posted");
    for (size_t i = 0; others && i < others->count; i++) add_line(&out, text_of(r, others->item[i]));
    for (size_t i = 1; register_at(r, i); i++) {
        const char *next = lb_get_text(register_at(r, i), "number", NULL);
        if (next) add_line(&out, lb_arena_printf(r->arena, "%s %s", lb_get_text(register_at(r, i), "register", ""), next));
    }
    add(r, 3, "Secondary identifying numbers", &out, "registry[0].other_ids, registry[1…].number");
}

static void contacts(record *r, int number, const char *item, const char *const *roles, size_t count)
{
    lb_buf out = {0};
    const lb_value *list = lb_get(r->study->root, "contacts");
    for (size_t i = 0; list && i < list->count; i++) {
        const char *role = lb_get_text(list->item[i], "role", "");
        const char *affiliation = text_of(r, lb_get(list->item[i], "affiliation"));
        for (size_t k = 0; k < count; k++)
            if (strcmp(role, roles[k]) == 0)
                add_line(&out, lb_arena_printf(r->arena, "%s, %s (%s)", lb_get_text(list->item[i], "name", ""), affiliation ? affiliation : "", role));
    }
    add(r, number, item, &out, "contacts");
}

static void people(record *r)
{
    static const char *const open[] = {"public contact", "study contact"}, *const scientific[] = {"study chair", "study director", "principal investigator", "responsible party"};
    const lb_value *root = r->study->root;
    add_text(r, 4, "Sources of monetary or material support", text_of(r, lb_get(root, "funding")), "funding");
    add_text(r, 5, "Primary sponsor", text_of(r, lb_get(root, "sponsor")), "sponsor");
    add_text(r, 6, "Secondary sponsors", text_of(r, lb_get(root, "secondary_sponsor")), "secondary_sponsor");
    contacts(r, 7, "Contact for public queries", open, LB_COUNT(open));
    contacts(r, 8, "Contact for scientific queries", scientific, LB_COUNT(scientific));
    add_text(r, 9, "Public title", chosen(r, &r->study->title), "title");
    add_text(r, 10, "Scientific title", text_of(r, lb_get(root, "official_title")), "official_title");
}

static void countries(record *r)
{
    lb_buf out = {0};
    for (size_t i = 0; i < r->study->site_count; i++) {
        const char *country = r->study->site[i].country;
        bool named = false;
        for (size_t k = 0; country && k < i; k++) named |= lb_text_equal(r->study->site[k].country, country);
        if (!named) add_line(&out, country);
    }
    add(r, 11, "Countries of recruitment", &out, "sites[].country");
}

/* ---- what is done ------------------------------------------------------------------------------------------------------- */

static void conditions(record *r)
{
    lb_buf out = {0};
    const lb_value *list = lb_get(r->study->root, "condition");
    if (list && list->type != LB_ARRAY) add_line(&out, text_of(r, list));
    for (size_t i = 0; list && list->type == LB_ARRAY && i < list->count; i++) add_line(&out, text_of(r, list->item[i]));
    add(r, 12, "Health conditions or problems studied", &out, "condition");
}

static void arms(record *r)
{
    lb_buf out = {0};
    for (size_t i = 0; i < r->study->arm_count; i++) {
        const lb_study_arm *arm = &r->study->arm[i];
        const char *what = chosen(r, &arm->description);
        add_line(&out, lb_arena_printf(r->arena, "%s (%s)%s%s", chosen(r, &arm->label), arm->kind ? arm->kind : "arm", what ? ": " : "", what ? what : ""));
    }
    add(r, 13, "Interventions", &out, "arms");
}

static void criteria(record *r)
{
    lb_buf out = {0};
    for (int inclusion = 1; inclusion >= 0; inclusion--) {
        lb_buf list = {0};
        for (size_t i = 0; i < r->study->criterion_count; i++)
            if (r->study->criterion[i].inclusion == (inclusion == 1)) add_line(&list, chosen(r, &r->study->criterion[i].label));
        if (list.length) lb_buf_printf(&out, "%s%s: %s.", out.length ? " " : "", inclusion ? "Inclusion" : "Exclusion", list.data);
        lb_buf_free(&list);
    }
    add(r, 14, "Key inclusion and exclusion criteria", &out, "eligibility");
}

static void design(record *r)
{
    lb_buf out = {0};
    const lb_value *d = lb_get(r->study->root, "design");
    static const char *const parts[] = {"type", "model", "allocation", "masking", "purpose"};
    for (size_t i = 0; i < LB_COUNT(parts); i++) add_line(&out, text_of(r, lb_get(d, parts[i])));
    add(r, 15, "Study type", &out, "design");
    add_text(r, 16, "Date of first enrolment", date_of(r, "study start"), "registry[0].dates: study start");
    int64_t planned = lb_get_int(d, "enrolment", 0);
    add_text(r, 17, "Sample size", planned ? lb_arena_printf(r->arena, "%lld", (long long)planned) : NULL, "design.enrolment");
    add_text(r, 18, "Recruitment status", text_of(r, lb_get(register_at(r, 0), "status")), "registry[0].status");
}

static void outcome(record *r, const lb_value *one, lb_buf *out)
{
    lb_buf when = {0};
    const lb_value *visits = lb_get(one, "visits");
    for (size_t i = 0; visits && i < visits->count; i++) {
        int v = visits->item[i]->type == LB_STRING ? lb_study_visit_named(r->study, visits->item[i]->text) : -1;
        if (v >= 0) lb_buf_printf(&when, "%s%s", when.length ? ", " : "", chosen(r, &r->study->visit[v].label));
    }
    const char *label = text_of(r, lb_get(one, "label"));
    add_line(out, lb_arena_printf(r->arena, "%s%s%s%s", label ? label : lb_get_text(one, "id", ""), when.length ? " (" : "", when.length ? when.data : "", when.length ? ")" : ""));
    lb_buf_free(&when);
}

static void outcomes(record *r)
{
    lb_buf out = {0};
    const lb_value *all = lb_get(r->study->root, "outcomes"), *second = lb_get(all, "secondary");
    if (lb_get(all, "primary")) outcome(r, lb_get(all, "primary"), &out);
    add(r, 19, "Primary outcomes", &out, "outcomes.primary");
    for (size_t i = 0; second && i < second->count; i++) outcome(r, second->item[i], &out);
    add(r, 20, "Key secondary outcomes", &out, "outcomes.secondary");
}

static void ending(record *r)
{
    lb_buf out = {0};
    const lb_value *root = r->study->root, *sharing = lb_get(root, "sharing");
    const char *statement = text_of(r, lb_get(sharing, "statement"));
    add_text(r, 21, "Ethics review", text_of(r, lb_path(root, "design.ethics")), "design.ethics");
    add_text(r, 22, "Completion date", date_of(r, "study completion"), "registry[0].dates: study completion");
    add_text(r, 23, "Summary results", text_of(r, lb_get(root, "results")), "results");
    if (sharing) lb_buf_printf(&out, "%s%s%s", lb_get_bool(sharing, "share", false) ? "Yes" : "No", statement ? ". " : "", statement ? statement : "");
    add(r, 24, "IPD sharing statement", &out, "sharing");
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_study *study;
    int code = trial_study_of_call(call, &study, err);
    if (code) return code;
    record r = {.study = study, .language = lb_call_text(call, "language"), .arena = result->arena, .items = lb_set_array(result->results, "items"),
                .missing = lb_set_array(result->results, "missing")};
    registers(&r);
    people(&r);
    countries(&r);
    conditions(&r);
    arms(&r);
    criteria(&r);
    design(&r);
    outcomes(&r);
    ending(&r);
    lb_result_note(result, "The WHO Trial Registration Data Set, version 1.3.1. What has no value is not in the protocol: `from` says where it would stand.");
    lb_study_close(study);
    return LB_OK;
}

static const lb_param params[] = {
    TRIAL_PARAM_STUDY,
    {"language", LB_P_CHOICE, 0, "language of the texts where the protocol has it", "en", "en,zh,da", 0, 0, NULL},
};

const lb_op trial_op_register = {
    .area = "study",
    .verb = "register",
    .summary = "the registry record of a protocol: the 24 items of the WHO data set",
    .description = "Title, sponsor, countries, arms, criteria, design, outcomes, dates and the statement on sharing participant-level data, as a trial registry "
                   "asks for them, out of the protocol file. Items that the protocol does not state are listed as missing, with the place where they belong.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar study register studies/modic.yaml",
};
