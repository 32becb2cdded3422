/* Data of an ODM file: per person, visit and form the values as they are, or every change in the order it was made. */
#include "trial/conduct/kinds.h"
#include "trial/conduct/odm.h"
#include "trial/conduct/person.h"

#include <stdio.h>
#include <string.h>

/* Where an entry's key leads: "S|VISIT[.n]|FORM[|arm]". */
typedef struct place {
    const lb_study_visit *visit;
    int occurrence;
    const lb_study_form *form;
} place;

static bool place_of(const odm_export *e, const char *key, place *out)
{
    size_t count;
    char **part = lb_text_split(e->arena, key, '|', &count);
    int visit = -1;
    *out = (place){0};
    if (count < 3 || !lb_visit_parse(e->study, part[1], &visit, &out->occurrence)) return false;
    out->visit = &e->study->visit[visit];
    for (size_t f = 0; f < e->study->form_count; f++)
        if (strcmp(e->study->form[f].id, part[2]) == 0) out->form = &e->study->form[f];
    return out->form && odm_has_visit(e, out->visit) && odm_has_form(e, out->form);
}

static bool same_event(const place *a, const place *b)
{
    return a->visit == b->visit && a->occurrence == b->occurrence;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static const char *joined(const odm_export *e, const lb_value *list)
{
    lb_buf out = {0};
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i]->type == LB_STRING) lb_buf_printf(&out, "%s%s", i ? " " : "", list->item[i]->text);
    const char *text = lb_arena_textn(e->arena, out.data ? out.data : "", out.length);
    lb_buf_free(&out);
    return text;
}

static const char *value_text(const odm_export *e, const lb_study_item *item, const lb_value *value)
{
    lb_buf out = {0};
    if (!value || value->type == LB_NULL) return NULL;
    if (value->type == LB_ARRAY) return joined(e, value);
    if (value->type == LB_STRING) /* a datetime is kept to the minute; ODM's has seconds */
        return item->type == LB_ITEM_DATETIME && strlen(value->text) == 16 ? lb_arena_printf(e->arena, "%s:00", value->text) : value->text;
    if (value->type == LB_BOOL) return value->boolean ? "1" : "0";
    lb_json_write(value, 0, &out);
    const char *text = lb_arena_textn(e->arena, out.data, out.length);
    lb_buf_free(&out);
    return text;
}

/* Who, where, when, why: ODM 3.1.4.1.1. */
static void audit_record(odm_export *e, const lb_audit *entry)
{
    const lb_origin here = {NULL, entry->user, entry->role, entry->at_us, entry->seq};
    const lb_origin *made = entry->origin ? entry->origin : &here; /* what came from elsewhere leaves as it came */
    const char *user = made->user && *made->user ? made->user : "system";
    char at[24];
    odm_begin(e, "AuditRecord");
    odm_begin(e, "UserRef");
    odm_attributef(e, "UserOID", "USR.%s", lb_text_starts(user, "participant:") ? "participant" : user);
    odm_end(e);
    odm_begin(e, "LocationRef");
    odm_attributef(e, "LocationOID", "LOC.%s", entry->site ? entry->site : e->study->site[0].id);
    odm_end(e);
    lb_time_text(made->at_us / 1000000, at);
    at[19] = '\0';
    odm_element(e, "DateTimeStamp", lb_arena_printf(e->arena, "%s.%06dZ", at, (int)(made->at_us % 1000000)));
    if (entry->reason) odm_element(e, "ReasonForChange", entry->reason);
    odm_element(e, "SourceID", lb_arena_printf(e->arena, "audit %lld, %s, %s, %s", (long long)(made->seq ? made->seq : entry->seq), entry->action,
                                             made->role ? made->role : "", entry->version ? entry->version : ""));
    odm_end(e);
}

static void item_data(odm_export *e, const lb_study_item *item, const lb_value *value, const char *reason, const char *transaction, const lb_audit *entry)
{
    const char *text = value_text(e, item, value);
    odm_begin(e, "ItemData");
    odm_attributef(e, "ItemOID", "I.%s", item->id);
    odm_attribute(e, "TransactionType", transaction);
    if (text) odm_attribute(e, "Value", text);
    else odm_attribute(e, "IsNull", "Yes");
    if (entry) audit_record(e, entry);
    if (!text && reason) {
        odm_begin(e, "Annotation");
        odm_attribute(e, "SeqNum", "1");
        odm_element(e, "Comment", reason);
        odm_end(e);
    }
    odm_end(e);
    e->counts->values++;
}

static bool any_value(const odm_export *e, const lb_study_form *form, const lb_value *a, const lb_value *b)
{
    for (size_t i = 0; i < form->item_count; i++)
        if (odm_has_item(e, &form->item[i]) && (lb_get(a, form->item[i].id) || lb_get(b, form->item[i].id))) return true;
    return false;
}

/* ---- opening and closing the levels ------------------------------------------------------------------------------- */

static void begin_event(odm_export *e, const place *at, const char *transaction)
{
    odm_begin(e, "StudyEventData");
    odm_attributef(e, "StudyEventOID", "SE.%s", at->visit->id);
    if (at->occurrence > 0) odm_attributef(e, "StudyEventRepeatKey", "%d", at->occurrence);
    odm_attribute(e, "TransactionType", transaction);
    e->counts->events++;
}

static void begin_form(odm_export *e, const place *at, const char *transaction)
{
    odm_begin(e, "FormData");
    odm_attributef(e, "FormOID", "F.%s", at->form->id);
    odm_attribute(e, "TransactionType", transaction);
    odm_begin(e, "ItemGroupData");
    odm_attributef(e, "ItemGroupOID", "IG.%s", at->form->id);
    odm_attribute(e, "TransactionType", transaction);
    e->counts->forms++;
}

static void end_form(odm_export *e)
{
    odm_end(e);
    odm_end(e);
}

static void begin_subject(odm_export *e, const lb_record *subject, const char *transaction, const lb_audit *entry)
{
    odm_begin(e, "SubjectData");
    odm_attribute(e, "SubjectKey", subject->key);
    odm_attribute(e, "TransactionType", transaction);
    if (entry) audit_record(e, entry);
    odm_begin(e, "SiteRef");
    odm_attributef(e, "LocationOID", "LOC.%s", subject->site);
    odm_end(e);
}

/* ---- as it is ------------------------------------------------------------------------------------------------------ */

/* A form's record and, beside it, the record of its items that reveal the arm. */
typedef struct filled {
    place at;
    const lb_value *values, *missing;
} filled;

typedef struct person_data {
    odm_export *e;
    filled *form;
    size_t count, room;
} person_data;

static int keep_entry(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    person_data *p = context;
    filled one = {.values = lb_get(record->body, "values"), .missing = lb_get(record->body, "missing")};
    if (!place_of(p->e, record->key, &one.at) || !any_value(p->e, one.at.form, one.values, one.missing)) return LB_OK;
    p->form = lb_arena_grow(p->e->arena, p->form, p->count, &p->room, 64, sizeof *p->form);
    p->form[p->count++] = one;
    return LB_OK;
}

static void write_filled(odm_export *e, const filled *one)
{
    for (size_t i = 0; i < one->at.form->item_count; i++) {
        const lb_study_item *item = &one->at.form->item[i];
        const lb_value *value = lb_get(one->values, item->id);
        const char *reason = lb_get_text(one->missing, item->id, NULL);
        if (odm_has_item(e, item) && (value || reason)) item_data(e, item, value, reason, NULL, NULL);
    }
}

/* Visits in the order of the protocol, not of their keys. */
static void write_person(odm_export *e, const person_data *p)
{
    for (size_t v = 0; v < e->study->visit_count; v++) {
        for (size_t i = 0; i < p->count; i++) {
            const filled *first = &p->form[i];
            if (first->at.visit != &e->study->visit[v] || (i > 0 && same_event(&first->at, &p->form[i - 1].at))) continue;
            begin_event(e, &first->at, NULL);
            for (size_t j = i; j < p->count && same_event(&first->at, &p->form[j].at); j++) {
                if (j > i && p->form[j].at.form == p->form[j - 1].at.form) continue; /* its arm record: with the form */
                begin_form(e, &p->form[j].at, NULL);
                write_filled(e, &p->form[j]);
                if (j + 1 < p->count && p->form[j + 1].at.form == p->form[j].at.form && same_event(&first->at, &p->form[j + 1].at))
                    write_filled(e, &p->form[j + 1]);
                end_form(e);
            }
            odm_end(e);
        }
    }
}

/* ---- every change --------------------------------------------------------------------------------------------------- */

static void write_changes(odm_export *e, const lb_study_form *form, const lb_audit *entry)
{
    const lb_value *old = lb_get(entry->before, "values"), *now = lb_get(entry->after, "values");
    const lb_value *why_old = lb_get(entry->before, "missing"), *why = lb_get(entry->after, "missing");
    for (size_t i = 0; i < form->item_count; i++) {
        const lb_study_item *item = &form->item[i];
        const lb_value *a = lb_get(old, item->id), *b = lb_get(now, item->id);
        const char *reason = lb_get_text(why, item->id, NULL);
        bool was = (a && a->type != LB_NULL) || lb_get_text(why_old, item->id, NULL);
        if (!odm_has_item(e, item) || (!a && !b && !reason)) continue;
        item_data(e, item, b, reason, b || reason ? (was ? "Update" : "Insert") : "Remove", entry);
    }
}

typedef struct changes {
    odm_export *e;
    const lb_record *subject;
} changes;

static int write_change(void *context, const lb_audit *entry, lb_error *err)
{
    (void)err;
    changes *c = context;
    odm_export *e = c->e;
    place at;
    if (!place_of(e, entry->key, &at)) return LB_OK;
    const lb_value *old = lb_get(entry->before, "values"), *now = lb_get(entry->after, "values");
    if (!any_value(e, at.form, old, now) && !any_value(e, at.form, lb_get(entry->before, "missing"), lb_get(entry->after, "missing"))) return LB_OK;
    const char *transaction = entry->revision > 1 ? "Update" : "Insert";
    begin_subject(e, c->subject, "Update", NULL);
    begin_event(e, &at, transaction);
    begin_form(e, &at, transaction);
    write_changes(e, at.form, entry);
    end_form(e);
    odm_end(e);
    odm_end(e);
    e->counts->changes++;
    return LB_OK;
}

/* Who added the person, and when. */
static int write_arrival(void *context, const lb_audit *entry, lb_error *err)
{
    (void)err;
    changes *c = context;
    begin_subject(c->e, c->subject, "Insert", entry);
    odm_end(c->e);
    return 1;
}

/* ---- everybody ------------------------------------------------------------------------------------------------------ */

static int write_one(odm_export *e, const lb_record *subject, lb_error *err)
{
    if (e->options->transactional) {
        changes c = {e, subject};
        int arrived = lb_tx_audit(e->tx, &(lb_audit_find){.kind = LB_KIND_SUBJECT, .key = subject->key, .limit = 1}, write_arrival, &c, err);
        return arrived ? arrived : lb_tx_audit(e->tx, &(lb_audit_find){.subject = subject->key, .kind = LB_KIND_ENTRY}, write_change, &c, err);
    }
    person_data p = {.e = e};
    int code = lb_tx_scan(e->tx, &(lb_find){.kind = LB_KIND_ENTRY, .subject = subject->key}, keep_entry, &p, err);
    if (code) return code;
    begin_subject(e, subject, NULL, NULL);
    write_person(e, &p);
    odm_end(e);
    return LB_OK;
}

/* What one person takes is freed before the next. */
static int write_subject(void *context, const lb_record *record, lb_error *err)
{
    odm_export *e = context;
    lb_arena *own = lb_arena_new(), *before = lb_tx_read_into(e->tx, own), *outer = e->arena;
    e->arena = own;
    e->counts->subjects++;
    int code = write_one(e, record, err);
    e->arena = outer;
    lb_tx_read_into(e->tx, before);
    lb_arena_free(own);
    return code;
}

int odm_clinical(odm_export *e, lb_error *err)
{
    odm_begin(e, "ClinicalData");
    odm_attributef(e, "StudyOID", "ST.%s", e->study->id);
    odm_attributef(e, "MetaDataVersionOID", "MDV.%s", e->study->version);
    int code = lb_tx_scan(e->tx, &(lb_find){.kind = LB_KIND_SUBJECT, .heads = true}, write_subject, e, err);
    odm_end(e);
    return code;
}
