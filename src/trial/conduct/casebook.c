/* Casebooks as PDF: a page of who and when, the forms visit by visit, what else was recorded, the audit. */
#include "trial/conduct/casebook.h"

#include <stdlib.h>
#include <string.h>

#include <lumbar/document.h>

#include "trial/conduct/history.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/person.h"
#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"

enum { FORM_COLUMNS = 3, AUDIT_COLUMNS = 6 };

typedef struct cells {
    lb_arena *arena;
    const char **cell;
    size_t count, room;
} cells;

static void add(cells *c, const char *text)
{
    c->cell = lb_arena_grow(c->arena, c->cell, c->count, &c->room, 256, sizeof *c->cell);
    c->cell[c->count++] = text ? text : "";
}

static const char *plain(const lb_value *value, lb_arena *arena)
{
    lb_buf text = {0};
    if (!value || value->type == LB_NULL) return "";
    if (value->type == LB_STRING) return value->text;
    lb_json_write(value, 0, &text);
    const char *kept = lb_arena_text(arena, text.data);
    lb_buf_free(&text);
    return kept;
}

/* "2 = bad pain", "37.5 mm" */
static const char *answer(const lb_study_item *item, const lb_value *value, lb_arena *arena)
{
    const lb_value *words = lb_answer_value(item, value, arena);
    const char *text = plain(lb_get(words, "value"), arena), *label = lb_get_text(lb_get(words, "value_label"), "en", NULL);
    if (label && strcmp(label, text) != 0) return lb_arena_printf(arena, "%s = %s", text, label);
    return item->unit && *text ? lb_arena_printf(arena, "%s %s", text, item->unit) : text;
}

/* ---- forms ---- */

static void signed_by(lb_doc *doc, const lb_value *body)
{
    const lb_value *keyed = lb_get(body, "keyed_by"), *signatures = lb_get(body, "signatures");
    for (size_t i = 0; keyed && keyed->type == LB_ARRAY && i < keyed->count; i++)
        lb_doc_printf(doc, LB_DOC_NOTE, "Entered by %s (%s), %s", lb_get_text(keyed->item[i], "by", ""), lb_get_text(keyed->item[i], "role", ""),
                      lb_get_text(keyed->item[i], "at", ""));
    for (size_t i = 0; signatures && signatures->type == LB_ARRAY && i < signatures->count; i++) {
        const lb_value *s = signatures->item[i];
        const char *gone = lb_get_text(s, "void_at", NULL);
        lb_doc_printf(doc, LB_DOC_NOTE, "Signed by %s (%s), %s: %s%s%s", lb_get_text(s, "full_name", lb_get_text(s, "by", "")), lb_get_text(s, "role", ""),
                      lb_get_text(s, "at", ""), lb_get_text(s, "meaning", ""), gone ? "; void since " : "", gone ? gone : "");
    }
}

static int one_form(lb_tx *tx, const lb_study *study, const lb_person_entry *e, lb_doc *doc, lb_error *err)
{
    static const char *const header[FORM_COLUMNS] = {"Item", "Answer", "Missing because"};
    static const double width[FORM_COLUMNS] = {5, 4, 2};
    lb_arena *arena = lb_tx_arena(tx);
    const lb_study_form *form = &study->form[e->form];
    const lb_value *missing = lb_get(e->record->body, "missing");
    const lb_record *apart;
    cells c = {.arena = arena};
    int code = lb_tx_get(tx, LB_KIND_ENTRY, lb_arena_printf(arena, "%s|arm", e->record->key), &apart, err);
    if (code) return code;
    for (size_t i = 0; i < form->item_count; i++) {
        const lb_study_item *item = &form->item[i];
        if (item->identifier) continue;
        const lb_value *value = lb_get(e->values, item->id);
        if (!value && apart) value = lb_get(lb_get(apart->body, "values"), item->id);
        const char *reason = lb_get_text(missing, item->id, NULL);
        if (!value && !reason) continue;
        add(&c, item->label.en ? item->label.en : item->id);
        add(&c, answer(item, value, arena));
        add(&c, reason);
    }
    lb_doc_heading(doc, 3, form->label.en ? form->label.en : form->id);
    const lb_doc_table table = {.columns = FORM_COLUMNS, .rows = c.count / FORM_COLUMNS, .header = header, .cell = c.cell, .width = width, .full_width = true,
                                .align = (const lb_doc_align[]){LB_DOC_LEFT, LB_DOC_LEFT, LB_DOC_LEFT}};
    if (c.count) lb_doc_table_add(doc, &table);
    const lb_value *score = lb_get(e->record->body, "score");
    if (score)
        lb_doc_printf(doc, LB_DOC_BODY, "Score %s: %s%s", lb_get_text(score, "name", ""), plain(lb_get(score, "score"), arena),
                      lb_get_text(score, "reason", NULL) ? lb_arena_printf(arena, " (%s)", lb_get_text(score, "reason", "")) : "");
    lb_doc_printf(doc, LB_DOC_NOTE, "State: %s. Kept under version %s of the protocol.", e->state, lb_get_text(e->record->body, "version", "?"));
    signed_by(doc, e->record->body);
    return LB_OK;
}

static int by_visit(const void *left, const void *right)
{
    const lb_person_entry *l = left, *r = right;
    if (l->visit != r->visit) return l->visit < r->visit ? -1 : 1;
    if (l->occurrence != r->occurrence) return l->occurrence < r->occurrence ? -1 : 1;
    return l->form < r->form ? -1 : l->form > r->form;
}

static int forms(lb_tx *tx, const lb_study *study, const lb_person *p, lb_doc *doc, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_person_entry *entry = lb_arena_array(arena, p->entry_count + 1, sizeof *entry);
    if (p->entry_count) memcpy(entry, p->entry, p->entry_count * sizeof *entry);
    qsort(entry, p->entry_count, sizeof *entry, by_visit);
    int code = LB_OK;
    for (size_t i = 0; i < p->entry_count && !code; i++) {
        const lb_person_entry *e = &entry[i];
        if (i == 0 || e->visit != entry[i - 1].visit || e->occurrence != entry[i - 1].occurrence) {
            const lb_study_visit *visit = &study->visit[e->visit];
            lb_doc_heading(doc, 2, e->occurrence > 0 ? lb_arena_printf(arena, "%s, %d", visit->label.en, e->occurrence) : visit->label.en);
        }
        code = one_form(tx, study, e, doc, err);
    }
    return code;
}

/* ---- what else was recorded of the person ---- */

typedef struct others {
    lb_doc *doc;
    const char *title;
    bool begun;
    lb_arena *arena;
} others;

static int one_other(void *context, const lb_record *record, lb_error *err)
{
    others *o = context;
    lb_buf line = {0};
    (void)err;
    if (!o->begun) lb_doc_heading(o->doc, 2, o->title);
    o->begun = true;
    if (record->state) lb_buf_printf(&line, "state: %s", record->state);
    for (size_t i = 0; i < record->body->count; i++)
        lb_buf_printf(&line, "%s%s: %s", line.length ? "; " : "", record->body->key[i], plain(record->body->item[i], o->arena));
    lb_doc_item(o->doc, 0, line.data ? line.data : record->key);
    lb_buf_free(&line);
    return LB_OK;
}

static int all_others(lb_tx *tx, const char *subject, lb_doc *doc, lb_error *err)
{
    static const struct { const char *kind, *title; } kinds[] = {
        {LB_KIND_CONSENT, "Consent"},       {LB_KIND_ALLOCATION, "Randomisation"}, {LB_KIND_DEVIATION, "Deviations"}, {LB_KIND_WITHDRAWAL, "Withdrawals"},
        {LB_KIND_EVENT, "Serious events"},  {LB_KIND_UNBLINDING, "Unblinding"},    {LB_KIND_QUERY, "Queries"}};
    int code = LB_OK;
    for (size_t i = 0; i < LB_COUNT(kinds) && !code; i++) {
        others o = {doc, kinds[i].title, false, lb_tx_arena(tx)};
        const lb_find find = {.kind = kinds[i].kind, .subject = subject};
        code = lb_tx_scan(tx, &find, one_other, &o, err);
    }
    return code;
}

/* ---- the audit of this person ---- */

static const char *changes_of(const lb_value *entry, lb_arena *arena)
{
    const lb_value *list = lb_get(entry, "changes");
    lb_buf text = {0};
    for (size_t i = 0; list && list->type == LB_ARRAY && i < list->count; i++)
        lb_buf_printf(&text, "%s%s: %s → %s", i ? "\n" : "", lb_get_text(list->item[i], "item", ""), plain(lb_get(list->item[i], "before"), arena),
                      plain(lb_get(list->item[i], "after"), arena));
    const char *kept = lb_arena_text(arena, text.data ? text.data : "");
    lb_buf_free(&text);
    return kept;
}

/* What was brought over from elsewhere also says who made it there, and when. */
static const char *who(const lb_value *entry, lb_arena *arena)
{
    const lb_value *origin = lb_get(entry, "origin");
    const char *here = lb_arena_printf(arena, "%s\n%s", lb_get_text(entry, "user", ""), lb_get_text(entry, "role", ""));
    if (!origin) return here;
    return lb_arena_printf(arena, "%s\nfirst by %s,\n%s,\nin %s", here, lb_get_text(origin, "user", "?"), lb_get_text(origin, "at", "?"), lb_get_text(origin, "system", "?"));
}

static int audit(lb_tx *tx, const lb_study *study, const char *subject, lb_doc *doc, lb_error *err)
{
    static const char *const header[AUDIT_COLUMNS] = {"No.", "When (UTC)", "Who", "What", "Change", "Why"};
    static const double width[AUDIT_COLUMNS] = {0.9, 2.9, 1.8, 2.7, 5, 1.8};
    lb_arena *arena = lb_tx_arena(tx);
    cells c = {.arena = arena};
    lb_history_ask ask = {.study = study, .subject = subject, .limit = 500};
    int code;
    lb_value *page;
    do {
        code = lb_history_read(tx, &ask, &page, err);
        const lb_value *list = code ? NULL : lb_get(page, "entries");
        for (size_t i = 0; list && i < list->count; i++) {
            const lb_value *e = list->item[i];
            add(&c, plain(lb_get(e, "seq"), arena));
            add(&c, lb_get_text(e, "at", ""));
            add(&c, who(e, arena));
            add(&c, lb_arena_printf(arena, "%s\n%s", lb_get_text(e, "action", ""), lb_get_text(e, "key", "")));
            add(&c, changes_of(e, arena));
            add(&c, lb_get_text(e, "reason", ""));
        }
        ask.seq_before = code ? 0 : lb_get_int(page, "next", 0);
    } while (!code && ask.seq_before > 0);
    if (code || c.count == 0) return code;
    lb_doc_heading(doc, 2, "Audit: the newest first");
    const lb_doc_table table = {.columns = AUDIT_COLUMNS, .rows = c.count / AUDIT_COLUMNS, .header = header, .cell = c.cell, .width = width, .full_width = true,
                                .size_pt = 7, .align = (const lb_doc_align[]){LB_DOC_RIGHT, LB_DOC_LEFT, LB_DOC_LEFT, LB_DOC_LEFT, LB_DOC_LEFT, LB_DOC_LEFT}};
    lb_doc_table_add(doc, &table);
    return LB_OK;
}

int lb_casebook(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, lb_buf *pdf, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_person *person;
    int arm = -1;
    int code = lb_person_load(tx, study, subject, &person, err);
    if (!code) code = lb_arm_of(tx, store, study, subject, &arm, err);
    if (code) return code;
    const char *title = lb_arena_printf(arena, "%s: casebook of %s", study->id, subject), *made = lb_when(lb_tx_now_us(tx), arena);
    lb_doc_options options = LB_DOC_OPTIONS_INIT;
    options.title = title;
    options.made = made;
    options.header_left = title;
    options.footer_left = lb_arena_printf(arena, "version %s of the protocol · made %s", study->version, made);
    lb_doc *doc = lb_doc_new(&options);
    lb_doc_heading(doc, 1, title);
    lb_doc_paragraph(doc, LB_DOC_LEAD, study->title.en);
    lb_doc_printf(doc, LB_DOC_BODY, "Site %s. State: %s. Arm: %s.", person->site ? person->site : "-", person->state,
                  arm >= 0 ? study->arm[arm].label.en : person->randomised ? "not told" : "not randomised");
    code = all_others(tx, subject, doc, err);
    if (!code) code = forms(tx, study, person, doc, err);
    if (!code) code = audit(tx, study, subject, doc, err);
    if (!code) code = lb_doc_finish(doc, pdf, err);
    lb_doc_free(doc);
    return code;
}
