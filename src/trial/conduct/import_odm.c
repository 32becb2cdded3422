/* CDISC ODM as changes of a study: Lumbar's own files with everything that was ever saved, and the snapshots or transactions of
 * other vendors. An AuditRecord (of the item, or of what the item stands in) says who made a change, when and why: ODM 1.3.2
 * section 3.1.4.1.1. Values without one are taken as brought here by whoever imports. */
#include "trial/conduct/import.h"

#include "trial/conduct/form.h"
#include "trial/conduct/person.h"
#include "trial/exchange/odm.h"

#include <stdlib.h>
#include <string.h>

typedef struct odm_reading {
    lb_import *import;
    const xml_node *root, *data;
    xml_ids ids;
    bool own; /* written by Lumbar */
} odm_reading;

static const char *at_line(const odm_reading *r, const xml_node *node)
{
    return lb_arena_printf(r->import->arena, "%s, line %d", r->import->name, node->line);
}

static bool ours(const odm_reading *r, const xml_node *node, const char *name)
{
    return xml_is(node, name) && lb_text_equal(node->space, r->data->space);
}

/* ---- names ------------------------------------------------------------------------------------------------------------ */

typedef bool (*known_word)(const odm_reading *r, const char *word, void *out);

/* An OID as it is, without its prefix ("I.age"), or the name of what it defines: whichever the protocol knows. 1 found, 0 left out, −1 unknown. */
static int find_word(const odm_reading *r, const char *oid, const char *definition, known_word known, void *out)
{
    const xml_node *defined = xml_ids_find(&r->ids, definition, oid);
    const char *dot = strchr(oid, '.'), *candidate[] = {oid, dot ? dot + 1 : NULL, defined ? xml_get(defined, "Name") : NULL};
    for (size_t i = 0; i < LB_COUNT(candidate); i++) {
        const char *word = candidate[i] ? import_word(r->import, candidate[i]) : oid;
        if (!word) return 0;
        if (candidate[i] && known(r, word, out)) return 1;
    }
    return -1;
}

static bool known_visit(const odm_reading *r, const char *word, void *out)
{
    int index = lb_study_visit_named(r->import->study, word);
    if (index >= 0) *(int *)out = index;
    return index >= 0;
}

static bool known_form(const odm_reading *r, const char *word, void *out)
{
    const lb_study_form *form = lb_form_named(r->import->study, word);
    if (form) *(int *)out = (int)(form - r->import->study->form);
    return form != NULL;
}

typedef struct item_in {
    const lb_study_form *form;
    const lb_study_item *item;
} item_in;

static bool known_item(const odm_reading *r, const char *word, void *out)
{
    item_in *wanted = out;
    (void)r;
    wanted->item = lb_form_item(wanted->form, word);
    return wanted->item != NULL;
}

static const char *site_word(const odm_reading *r, const char *oid)
{
    const char *word = import_word(r->import, oid), *dot = strchr(oid, '.');
    for (size_t i = 0; word && i < r->import->study->site_count; i++)
        if (strcmp(r->import->study->site[i].id, word) == 0) return word;
    return dot ? import_word(r->import, dot + 1) : word;
}

/* ---- who, when, why ----------------------------------------------------------------------------------------------------- */

/* "2026-03-05T09:41:07[.123456](Z|±hh:mm)" in microseconds since 1970; false when it is none. */
static bool read_time(const char *text, int64_t *us)
{
    char whole[21] = "";
    int64_t seconds, micro = 0, zone = 0;
    size_t length = strlen(text);
    if (length < 19) return false;
    memcpy(whole, text, 19);
    whole[19] = 'Z';
    if (!lb_time_seconds(whole, &seconds)) return false;
    const char *at = text + 19;
    if (*at == '.') {
        int64_t unit = 100000;
        for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10) micro += (*at - '0') * unit;
    }
    if ((*at == '+' || *at == '-') && strlen(at) == 6 && at[3] == ':') {
        int64_t hours, minutes;
        if (!lb_text_integer(at + 1, 2, &hours) || !lb_text_integer(at + 4, 2, &minutes)) return false;
        zone = (hours * 60 + minutes) * (*at == '+' ? 60 : -60);
    } else if (*at && strcmp(at, "Z") != 0) {
        return false;
    }
    *us = (seconds - zone) * 1000000 + micro;
    return true;
}

static const xml_node *audit_of(const odm_reading *r, const xml_node *item)
{
    for (const xml_node *node = item; node && node != r->data; node = node->parent) {
        const xml_node *audit = xml_child(node, "AuditRecord");
        if (audit) return audit;
        if (xml_is(node, "SubjectData")) break; /* who added the person did not enter the answers */
    }
    return NULL;
}

static const char *child_text(const xml_node *node, const char *name)
{
    const xml_node *child = xml_child(node, name);
    return child && *child->text ? child->text : NULL;
}

static const char *user_of(const odm_reading *r, const xml_node *audit, const char *subject)
{
    const xml_node *reference = xml_child(audit, "UserRef");
    const char *oid = reference ? xml_get(reference, "UserOID") : NULL;
    if (!oid) return NULL;
    if (r->own && strcmp(oid, "USR.participant") == 0) return lb_arena_printf(r->import->arena, "participant:%s", subject);
    const xml_node *user = xml_ids_find(&r->ids, "User", oid);
    const char *login = user ? child_text(user, "LoginName") : NULL, *name = user ? child_text(user, "FullName") : NULL;
    if (!login) login = lb_text_starts(oid, "USR.") ? oid + 4 : oid;
    if (import_word(r->import, login)) login = import_word(r->import, login);
    if (!lb_get(r->import->users, login)) lb_set_text(r->import->users, login, name ? name : login);
    return login;
}

/* Lumbar's SourceID: "audit 12, save, coordinator, 1.0"; others' is kept out of the way. */
static void read_source(const odm_reading *r, const char *text, lb_origin *origin, const char **action, const char **version)
{
    size_t count = 0;
    char **part = text && r->own && lb_text_starts(text, "audit ") ? lb_text_split(r->import->arena, text + 6, ',', &count) : NULL;
    if (count >= 1) lb_text_integer(part[0], strlen(part[0]), &origin->seq);
    if (count >= 2 && *part[1]) *action = part[1];
    if (count >= 3 && *part[2]) origin->role = part[2];
    if (count >= 4 && *part[3]) *version = part[3];
}

static void read_audit(const odm_reading *r, const xml_node *audit, const char *subject, lb_import_change *to)
{
    const char *at = audit ? child_text(audit, "DateTimeStamp") : NULL;
    int64_t us;
    if (!audit) return;
    if (!at || !read_time(at, &us)) {
        import_find(r->import, "warning", at_line(r, audit), "an AuditRecord says no time that can be read: who made its values is not kept");
        return;
    }
    to->origin = (lb_origin){.system = r->import->system, .user = user_of(r, audit, subject), .at_us = us};
    if (!to->origin.user) to->origin.user = "unknown";
    to->reason = child_text(audit, "ReasonForChange");
    read_source(r, child_text(audit, "SourceID"), &to->origin, &to->action, &to->version);
}

/* ---- data ----------------------------------------------------------------------------------------------------------------- */

/* One form of one person at one visit while it is read. */
typedef struct filling {
    size_t person;
    int visit, occurrence, form;
    const char *where;
    const xml_node *audit; /* of the change that is being collected */
    lb_import_change *change; /* the last of the list */
} filling;

static bool same_audit(const xml_node *a, const xml_node *b)
{
    if (!a || !b || a == b) return a == b;
    const xml_node *user_a = xml_child(a, "UserRef"), *user_b = xml_child(b, "UserRef");
    const char *oid_a = user_a ? xml_get(user_a, "UserOID") : NULL, *oid_b = user_b ? xml_get(user_b, "UserOID") : NULL;
    static const char *const parts[] = {"DateTimeStamp", "ReasonForChange", "SourceID"};
    for (size_t i = 0; i < LB_COUNT(parts); i++)
        if (!lb_text_equal(child_text(a, parts[i]), child_text(b, parts[i]))) return false;
    return lb_text_equal(oid_a, oid_b);
}

static const char *missing_reason(const xml_node *item)
{
    const xml_node *note = xml_child(item, "Annotation");
    const char *reason = note ? child_text(note, "Comment") : NULL;
    for (size_t i = 0; reason && lb_missing_reason(i); i++)
        if (strcmp(reason, lb_missing_reason(i)) == 0) return reason;
    return NULL;
}

static void take_item(odm_reading *r, filling *f, const xml_node *node)
{
    const lb_study *study = r->import->study;
    item_in wanted = {.form = &study->form[f->form]};
    const char *oid = xml_get(node, "ItemOID"), *value = odm_item_value(node);
    int found = oid ? find_word(r, oid, "ItemDef", known_item, &wanted) : -1;
    if (found < 0 && (value || r->own)) {
        const char **names = lb_arena_array(r->import->arena, wanted.form->item_count + 1, sizeof *names);
        for (size_t i = 0; i < wanted.form->item_count; i++) names[i] = wanted.form->item[i].id;
        import_unknown(r->import, lb_arena_printf(r->import->arena, "item in the form '%s' called", wanted.form->id), oid ? oid : "", at_line(r, node), names,
                       wanted.form->item_count);
    }
    if (found <= 0) return;
    bool gone = lb_text_equal(xml_get(node, "TransactionType"), "Remove"), null = lb_text_equal(xml_get(node, "IsNull"), "Yes");
    const char *reason = value ? NULL : missing_reason(node);
    if (!value && !reason && !gone && !null) return; /* an empty value says nothing */
    if (r->import->derives && wanted.item->type == LB_ITEM_DERIVED) {
        import_find(r->import, "info", at_line(r, node), "'%s' is computed here: what the file says is passed over", wanted.item->id);
        return;
    }
    const xml_node *audit = audit_of(r, node);
    if (!f->change || !same_audit(audit, f->audit)) {
        lb_import_change *change = import_change(r->import, f->person);
        change->visit = f->visit;
        change->occurrence = f->occurrence;
        change->form = f->form;
        change->where = f->where;
        read_audit(r, audit, r->import->person[f->person].subject, change);
        f->change = change;
        f->audit = audit;
    }
    import_value(r->import, f->change, wanted.item, value, reason, at_line(r, node));
}

static void take_form(odm_reading *r, const xml_node *form, size_t person, int visit, int occurrence)
{
    const char *oid = xml_get(form, "FormOID");
    filling f = {.person = person, .visit = visit, .occurrence = occurrence, .form = -1, .where = at_line(r, form)};
    const char *repeat = xml_get(form, "FormRepeatKey");
    int64_t nth;
    int found = oid ? find_word(r, oid, "FormDef", known_form, &f.form) : -1;
    if (occurrence == 0 && repeat && lb_text_integer(repeat, strlen(repeat), &nth) && nth >= 1 && nth <= 100000) f.occurrence = (int)nth;
    if (found < 0) import_unknown(r->import, "form", oid ? oid : "", f.where, NULL, 0);
    if (found <= 0) return;
    if (!import_place(r->import, f.form, &f.visit, &f.occurrence, f.where)) return;
    for (const xml_node *node = xml_next(form, form); node; node = xml_next(node, form))
        if (lb_text_starts(node->name, "ItemData") && lb_text_equal(node->space, r->data->space)) take_item(r, &f, node);
}

static void take_event(odm_reading *r, const xml_node *event, size_t person)
{
    const char *oid = xml_get(event, "StudyEventOID"), *repeat = xml_get(event, "StudyEventRepeatKey");
    int visit = -1;
    int64_t occurrence = 0;
    int found = oid ? find_word(r, oid, "StudyEventDef", known_visit, &visit) : -1;
    if (found < 0) {
        const char **names = lb_arena_array(r->import->arena, r->import->study->visit_count + 1, sizeof *names);
        for (size_t i = 0; i < r->import->study->visit_count; i++) names[i] = r->import->study->visit[i].id;
        import_unknown(r->import, "visit", oid ? oid : "", at_line(r, event), names, r->import->study->visit_count);
    }
    if (found <= 0) return;
    if (repeat && (!lb_text_integer(repeat, strlen(repeat), &occurrence) || occurrence < 1 || occurrence > 100000)) {
        import_find(r->import, "error", at_line(r, event), "'%.40s' is no number of an occasion", repeat);
        return;
    }
    for (const xml_node *node = event->first; node; node = node->next)
        if (ours(r, node, "FormData")) take_form(r, node, person, visit, (int)occurrence);
}

static void take_subject(odm_reading *r, const xml_node *subject)
{
    const char *key = xml_get(subject, "SubjectKey"), *code = key ? import_word(r->import, key) : NULL;
    const xml_node *site = xml_child(subject, "SiteRef"), *audit = xml_child(subject, "AuditRecord");
    const char *location = site ? xml_get(site, "LocationOID") : NULL;
    if (!key) import_find(r->import, "error", at_line(r, subject), "a SubjectData has no SubjectKey");
    if (!code) return;
    const char *only = r->import->study->site_count == 1 ? r->import->study->site[0].id : lb_get_text(r->import->map, "site", NULL);
    size_t person = import_person(r->import, code, location ? site_word(r, location) : only, at_line(r, subject));
    if (person == SIZE_MAX) return;
    if (audit && !r->import->person[person].origin.user) {
        lb_import_change made = {0};
        read_audit(r, audit, code, &made);
        lb_import_person *to = &r->import->person[person];
        to->origin = made.origin;
        to->action = made.action;
        to->reason = made.reason;
        to->version = made.version;
    }
    for (const xml_node *node = subject->first; node; node = node->next) {
        if (ours(r, node, "StudyEventData")) take_event(r, node, person);
        if (ours(r, node, "FormData")) take_form(r, node, person, -1, 0);
    }
}

static void check_study(const odm_reading *r)
{
    const lb_study *study = r->import->study;
    const xml_node *clinical = xml_child(r->data, "ClinicalData");
    const char *id = clinical ? xml_get(clinical, "StudyOID") : NULL, *version = clinical ? xml_get(clinical, "MetaDataVersionOID") : NULL;
    if (!r->own || !clinical) return;
    if (id && !lb_text_equal(id, lb_arena_printf(r->import->arena, "ST.%s", study->id)))
        import_find(r->import, "warning", at_line(r, clinical), "the file is of the study '%.80s', not of %s", id, study->id);
    if (version && !lb_text_equal(version, lb_arena_printf(r->import->arena, "MDV.%s", study->version)))
        import_find(r->import, "warning", at_line(r, clinical), "the file has '%.80s'; here version %s is in force", version, study->version);
}

int lb_import_odm(lb_import *import, const xml_node *root, const xml_node *data, lb_error *err)
{
    odm_reading r = {.import = import, .root = root, .data = data ? data : root};
    const char *source = xml_get(r.data, "SourceSystem");
    int code = xml_ids_make(root, "OID", import->arena, &r.ids, err);
    if (code) return code;
    r.own = lb_text_equal(source, "Lumbar");
    import->derives = !r.own;
    import->format = "CDISC ODM";
    import->system = source ? source : "ODM";
    check_study(&r);
    for (const xml_node *clinical = r.data->first; clinical; clinical = clinical->next) {
        if (!ours(&r, clinical, "ClinicalData")) continue;
        for (const xml_node *node = clinical->first; node; node = node->next)
            if (ours(&r, node, "SubjectData")) take_subject(&r, node);
    }
    import_check_twice(import);
    return LB_OK;
}
