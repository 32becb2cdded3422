/* Making a snapshot: everybody once, one after the other, so that memory holds one person and the tables; then all tables
 * are frozen together. */
#include "trial/conduct/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "trial/conduct/kinds.h"
#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"
#include "trial/conduct/scan.h"
#include "trial/conduct/snapshot_tables.h"

enum { PARTICIPANTS, VISITS, SCREENING, ALLOCATIONS, EVENTS, ADHERENCE, FIRST_FORM };

typedef struct making {
    lb_store *store;
    const lb_study *study;
    lb_arena *arena;         /* lives as long as the tables */
    snapshot_plan plan;
    sheet *sheet;            /* FIRST_FORM fixed ones, then one per form */
    size_t sheets;
    const char **subject;
    size_t subjects, subject_room;
    struct allocated { const char *subject, *at, *stratum, *receipt; int64_t sequence; } *allocation;
    size_t allocations, allocation_room;
    lb_buf scans[2];
    int64_t scan_rows[2];
} making;

/* ---- who there is, and the order of allocation ---- */

static int take_subject(void *context, const lb_record *record, lb_error *err)
{
    making *m = context;
    (void)err;
    if (m->subjects == m->subject_room) {
        m->subject_room = m->subject_room ? 2 * m->subject_room : 256;
        m->subject = lb_realloc(m->subject, m->subject_room, sizeof *m->subject);
    }
    m->subject[m->subjects++] = lb_arena_text(m->arena, record->key);
    return LB_OK;
}

static int take_allocation(void *context, const lb_record *record, lb_error *err)
{
    making *m = context;
    (void)err;
    if (m->allocations == m->allocation_room) {
        m->allocation_room = m->allocation_room ? 2 * m->allocation_room : 256;
        m->allocation = lb_realloc(m->allocation, m->allocation_room, sizeof *m->allocation);
    }
    m->allocation[m->allocations++] =
        (struct allocated){lb_arena_text(m->arena, record->key), lb_arena_text(m->arena, lb_get_text(record->body, "at", "")),
                           lb_arena_text(m->arena, lb_get_text(record->body, "stratum", "")), lb_arena_text(m->arena, lb_get_text(record->body, "receipt", "")), 0};
    return LB_OK;
}

static int by_time(const void *left, const void *right)
{
    const struct allocated *l = left, *r = right;
    int order = strcmp(l->at, r->at);
    return order ? order : strcmp(l->subject, r->subject);
}

static int by_subject(const void *left, const void *right)
{
    const struct allocated *l = left, *r = right;
    return strcmp(l->subject, r->subject);
}

static int list_people(making *m, lb_tx *tx, lb_error *err)
{
    const lb_find subjects = {.kind = LB_KIND_SUBJECT, .heads = true}, allocations = {.kind = LB_KIND_ALLOCATION, .state = "allocated"};
    int code = lb_tx_scan(tx, &subjects, take_subject, m, err);
    if (!code) code = lb_tx_scan(tx, &allocations, take_allocation, m, err);
    if (code || m->allocations == 0) return code;
    qsort(m->allocation, m->allocations, sizeof *m->allocation, by_time);
    for (size_t i = 0; i < m->allocations; i++) m->allocation[i].sequence = (int64_t)i + 1;
    qsort(m->allocation, m->allocations, sizeof *m->allocation, by_subject);
    return LB_OK;
}

/* ---- rows ---- */

static int form_rows(making *m, lb_tx *tx, const snapshot_person *who, lb_error *err)
{
    for (size_t i = 0; i < who->person->entry_count; i++) {
        const lb_person_entry *e = &who->person->entry[i];
        const lb_study_form *form = &m->study->form[e->form];
        const lb_record *apart = NULL;
        bool some = false;
        for (size_t k = 0; k < form->item_count && !form->reveals_arm; k++) some |= form->item[k].reveals_arm;
        int code = some ? lb_tx_get(tx, LB_KIND_ENTRY, lb_arena_printf(lb_tx_arena(tx), "%s|arm", e->record->key), &apart, err) : LB_OK;
        if (code) return code;
        trial_form_row(m->study, who, e, apart ? lb_get(apart->body, "values") : NULL, &m->sheet[FIRST_FORM + e->form]);
    }
    return LB_OK;
}

static int one_person(making *m, lb_tx *tx, const char *subject, lb_error *err)
{
    lb_person *person;
    snapshot_person who = {.arm = -1};
    int code = lb_person_load(tx, m->study, subject, &person, err);
    if (!code) code = lb_arm_of(tx, m->store, m->study, subject, &who.arm, err);
    if (code) return code;
    who.person = person;
    const struct allocated wanted = {.subject = subject};
    const struct allocated *a = m->allocations ? bsearch(&wanted, m->allocation, m->allocations, sizeof wanted, by_subject) : NULL;
    if (a) {
        who.stratum = a->stratum;
        who.allocated_at = a->at;
        who.receipt = a->receipt;
        who.sequence = a->sequence;
    }
    trial_participants_row(&m->plan, &who, &m->sheet[PARTICIPANTS]);
    trial_visits_rows(&m->plan, &who, &m->sheet[VISITS]);
    code = trial_screening_row(&m->plan, &who, &m->sheet[SCREENING], err);
    if (a) trial_allocations_row(&m->plan, &who, &m->sheet[ALLOCATIONS]);
    if (m->study->conduct->safety.form >= 0) trial_events_rows(&m->plan, &who, &m->sheet[EVENTS]);
    trial_adherence_rows(&m->plan, &who, &m->sheet[ADHERENCE]);
    return code ? code : form_rows(m, tx, &who, err);
}

static int make(lb_tx *tx, void *context, lb_error *err)
{
    making *m = context;
    int code = list_people(m, tx, err);
    for (size_t i = 0; i < m->subjects && !code; i++) {
        lb_arena *own = lb_arena_new(), *former = lb_tx_read_into(tx, own);
        code = one_person(m, tx, m->subject[i], err);
        lb_tx_read_into(tx, former);
        lb_arena_free(own);
    }
    if (!code) code = lb_scan_muscle_csv(tx, m->study, &m->scans[0], &m->scan_rows[0], err);
    if (!code) code = lb_scan_radiomics_csv(tx, m->study, &m->scans[1], &m->scan_rows[1], err);
    return code;
}

/* ---- the tables as they are frozen ---- */

static void begin_sheets(making *m)
{
    m->sheets = FIRST_FORM + m->study->form_count;
    m->sheet = lb_arena_array(m->arena, m->sheets, sizeof *m->sheet);
    trial_participants_head(&m->plan, &m->sheet[PARTICIPANTS]);
    trial_visits_head(&m->plan, &m->sheet[VISITS]);
    trial_screening_head(&m->sheet[SCREENING]);
    trial_allocations_head(&m->sheet[ALLOCATIONS]);
    trial_events_head(&m->sheet[EVENTS]);
    trial_adherence_head(&m->sheet[ADHERENCE]);
    for (size_t f = 0; f < m->study->form_count; f++) {
        sheet_begin(&m->sheet[FIRST_FORM + f], lb_arena_printf(m->arena, "form_%s", m->study->form[f].id));
        trial_form_head(m->study, &m->study->form[f], &m->sheet[FIRST_FORM + f]);
    }
}

static void keep(lb_tables *t, const char *name, lb_buf *csv, int64_t rows, bool reveals)
{
    t->text[t->texts] = *csv;
    *csv = (lb_buf){0};
    lb_bytes bytes = {(const uint8_t *)t->text[t->texts].data, t->text[t->texts].length, name};
    t->texts++;
    t->table[t->count++] = (lb_frozen){name, bytes, reveals, rows};
}

static int gather(making *m, lb_tables *out, lb_error *err)
{
    out->table = lb_arena_array(m->arena, 2 * m->sheets + 4, sizeof *out->table);
    out->text = lb_arena_array(m->arena, 2 * m->sheets + 4, sizeof *out->text);
    for (size_t i = 0; i < m->sheets; i++) {
        sheet *s = &m->sheet[i];
        if (s->full.overflow) return lb_fail(err, LB_TOO_LARGE, "the table %s is larger than a table may be", s->name);
        if ((i == ADHERENCE && !m->study->conduct->adherence.there) || (i == EVENTS && m->study->conduct->safety.form < 0)) continue;
        if (i >= FIRST_FORM && s->full_rows == 0) continue; /* a form nobody has filled in yet */
        if (s->open.length) keep(out, s->name, &s->open, s->open_rows, false);
        if (s->differs) keep(out, s->name, &s->full, s->full_rows, true);
    }
    static const char *const scans[] = {"muscle", "radiomics"};
    for (size_t i = 0; i < 2; i++)
        if (m->scan_rows[i]) keep(out, scans[i], &m->scans[i], m->scan_rows[i], false);
    return LB_OK;
}

int lb_tables_make(lb_store *store, const lb_actor *actor, const lb_study *study, lb_arena *arena, lb_tables *out, lb_error *err)
{
    making m = {.store = store, .study = study, .arena = arena};
    lb_arena *scratch = lb_arena_new();
    *out = (lb_tables){0};
    trial_snapshot_plan(study, arena, &m.plan);
    begin_sheets(&m);
    int code = lb_store_read(store, actor, scratch, make, &m, err);
    if (!code) code = gather(&m, out, err);
    for (size_t i = 0; i < m.sheets; i++) {
        lb_buf_free(&m.sheet[i].full);
        lb_buf_free(&m.sheet[i].open);
    }
    for (size_t i = 0; i < 2; i++) lb_buf_free(&m.scans[i]);
    free(m.subject);
    free(m.allocation);
    lb_arena_free(scratch);
    if (code) lb_tables_free(out);
    return code;
}

void lb_tables_free(lb_tables *tables)
{
    for (size_t i = 0; i < tables->texts; i++) lb_buf_free(&tables->text[i]);
    tables->texts = tables->count = 0;
}

/* ---- snapshots ---- */

typedef struct freezing {
    const lb_tables *tables;
    const char *id, *label;
    const lb_study *study;
    lb_value *out;
} freezing;

static int freeze(lb_tx *tx, void *context, lb_error *err)
{
    freezing *f = context;
    lb_value *about = lb_value_object(lb_tx_arena(tx));
    const char *now = lb_when(lb_tx_now_us(tx), lb_tx_arena(tx));
    const char *id = f->id ? f->id : lb_arena_printf(lb_tx_arena(tx), "%.10sT%.2s%.2s%.2sZ", now, now + 11, now + 14, now + 17);
    lb_set_text(about, "label", f->label ? f->label : id);
    lb_set_text(about, "made", now);
    lb_set_text(about, "by", lb_tx_actor(tx)->user);
    lb_set_text(about, "version", f->study->version);
    int code = lb_tx_freeze(tx, id, about, f->tables->table, f->tables->count, err);
    if (code) return code;
    f->out = lb_body_copy(about, lb_tx_arena(tx));
    lb_set_text(f->out, "id", id);
    return LB_OK;
}

int lb_snapshot(lb_store *store, const lb_actor *actor, const lb_study *study, const char *id, const char *label, lb_arena *arena, lb_value **out,
                lb_error *err)
{
    /* The tables are made by the house, whoever asked: a masked person gets the open forms only when reading them. */
    const lb_actor house = {.user = actor->user, .role = actor->role, .clinical = true};
    lb_tables tables;
    int code = lb_tables_make(store, &house, study, arena, &tables, err);
    if (code) return code;
    freezing f = {&tables, id, label, study, NULL};
    code = lb_store_write(store, &house, arena, freeze, &f, err);
    if (!code) {
        *out = f.out;
        lb_value *list = lb_set_array(*out, "tables");
        for (size_t i = 0; i < tables.count; i++) {
            if (actor->masked && tables.table[i].reveals_arm) continue;
            lb_value *one = lb_push_object(list);
            char sha256[65];
            lb_sha256_hex(tables.table[i].csv.data, tables.table[i].csv.length, sha256);
            lb_set_text(one, "name", tables.table[i].name);
            lb_set_int(one, "rows", tables.table[i].rows);
            lb_set_text(one, "sha256", lb_arena_text(arena, sha256));
            if (!actor->masked) lb_set_bool(one, "reveals_arm", tables.table[i].reveals_arm);
        }
    }
    lb_tables_free(&tables);
    return code;
}
