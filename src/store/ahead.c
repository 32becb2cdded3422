/* Reading ahead: what a transaction will ask for, fetched at once before it asks, and for all bodies of a batch in one round trip. What
 * was read is forgotten as soon as anything of the same transaction changes it. */
#include "store/room.h"

#include <string.h>

/* ---- answers ---- */

static void add(ahead *a, const db_value *c, bool body)
{
    if (a->bad) return;
    a->record = lb_arena_grow(a->arena, a->record, a->count, &a->room, 1, sizeof *a->record);
    lb_record *record = &a->record[a->count++];
    *record = store_record_head(c, a->arena);
    a->body_id = c[STORE_BODY_ID].integer;
    if (body) a->bad = store_record_body(&c[STORE_BODY_ID + 1], record, a->arena, NULL) != LB_OK;
}

static int take_scanned(void *context, const db_value *c, size_t count, lb_error *err)
{
    ahead *a = context;
    (void)count;
    (void)err;
    add(a, c, !a->find.heads);
    return LB_OK;
}

/* The last column says which of the names it is. */
static int take_named(void *context, const db_value *c, size_t count, lb_error *err)
{
    ahead_set *set = context;
    (void)err;
    add(&set->item[c[count - 1].integer], c, true);
    return LB_OK;
}

void store_ahead_settle(ahead_set *set)
{
    for (size_t i = set->count; i-- > 0;) {
        ahead *a = &set->item[i];
        const lb_name *n = &a->name;
        if (!a->bad && (n->parent_of || n->site_of) && a->count) a->name = (lb_name){.kind = n->kind, .key = a->record[0].key};
        else if (a->bad || n->parent_of || n->site_of) set->item[i] = set->item[--set->count];
    }
}

/* ---- questions ---- */

/* One more record by its name; all of them are one statement: a list of names, and each looked up by its key. (As one query each
 * with UNION ALL between them, the same costs a server of PostgreSQL twice the time.) */
static void add_name(query *q, const lb_name *n, size_t which)
{
    const char *other = n->parent_of ? n->parent_of : n->site_of;
    store_query_add(q, which ? ", (" : "SELECT " STORE_HEAD ", b.json, n.column3 FROM (VALUES (", db_text(n->kind));
    if (other) {
        store_query_add(q, n->parent_of ? ", (SELECT parent FROM record WHERE kind = " : ", (SELECT site FROM record WHERE kind = ", db_text(other));
        store_query_add(q, " AND key = ", db_text(n->key));
        lb_buf_putc(&q->sql, ')');
    } else {
        store_query_add(q, ", ", db_text(n->key));
    }
    lb_buf_printf(&q->sql, ", %zu)", which);
}

/* The names come first in the join: a database without statistics might begin with all records. */
#define STORE_NAMED ") n CROSS JOIN record r JOIN body b ON b.id = r.body_id WHERE r.kind = n.column1 AND r."

static void end_names(query *q, const lb_actor *actor)
{
    lb_buf_puts(&q->sql, STORE_NAMED "key = n.column2");
    if (actor) store_query_sites(q, actor);
}

/* What no database takes is left to whoever asks for it: it must not spoil the others' questions. */
static bool is_text(const char *text) { return !text || lb_utf8_bad(text, strlen(text)) == strlen(text); }

static bool can_ask(const lb_name *n)
{
    const lb_find *f = n->find;
    if (!n->key && !f) return false;
    return f ? is_text(f->subject) && is_text(f->parent) && is_text(f->key_from) && is_text(f->key_below) && is_text(f->site) && is_text(f->state) : is_text(n->key);
}

static db_ask ask_of(query *q, db_row row, void *context, lb_arena *arena)
{
    db_value *param = lb_arena_array(arena, q->params + 1, sizeof *param);
    memcpy(param, q->param, q->params * sizeof *param);
    db_ask ask = {lb_arena_text(arena, q->sql.data), param, q->params, row, context};
    lb_buf_free(&q->sql);
    return ask;
}

static void add_item(ahead_set *set, const lb_name *name, lb_arena *arena)
{
    ahead *a = &set->item[set->count++];
    *a = (ahead){.name = *name, .arena = arena, .scan = name->find != NULL};
    if (a->scan) a->find = *name->find;
    a->name.find = NULL;
}

size_t store_ahead_ask(const lb_name *name, size_t count, const lb_actor *actor, lb_arena *arena, ahead_set *set, db_ask *ask)
{
    query q;
    size_t asks = 0;
    set->count = 0;
    store_query_begin(&q);
    for (size_t i = 0; i < count && set->count < STORE_AHEAD; i++) {
        if (name[i].find || !can_ask(&name[i])) continue;
        add_name(&q, &name[i], set->count);
        add_item(set, &name[i], arena);
    }
    if (set->count) end_names(&q, actor);
    if (q.overflow) set->count = 0, lb_buf_free(&q.sql);
    else if (set->count) ask[asks++] = ask_of(&q, take_named, set, arena);
    for (size_t i = 0; i < count && set->count < STORE_AHEAD; i++) {
        if (!name[i].find || !can_ask(&name[i])) continue;
        store_find_query(&q, name[i].find, actor);
        if (q.overflow) {
            lb_buf_free(&q.sql);
            continue;
        }
        add_item(set, &name[i], arena);
        ask[asks++] = ask_of(&q, take_scanned, &set->item[set->count - 1], arena);
    }
    return asks;
}

/* ---- what all bodies of a batch ask for ---- */

enum { GATHERED_MOST = STORE_PARAMS / 2, GATHERED_LEAST = 8 };

/* The last column says which of those gathered it is. */
static int take_gathered(void *context, const db_value *c, size_t count, lb_error *err)
{
    ahead *const *item = context;
    (void)err;
    add(item[c[count - 1].integer], c, true);
    return LB_OK;
}

/* Records by their keys, or (`scans`) all of a kind that belong to one. Filled up with nothing to one of a few lengths: there are only so
 * many prepared statements. */
static db_ask gathered_ask(ahead **item, size_t count, bool scans, lb_arena *arena)
{
    query q;
    size_t rows = GATHERED_LEAST;
    while (rows < count) rows *= 2;
    store_query_begin(&q);
    for (size_t i = 0; i < rows; i++) {
        const ahead *a = i < count ? item[i] : NULL;
        store_query_add(&q, i ? ", (" : "SELECT " STORE_HEAD ", b.json, n.column3 FROM (VALUES (", db_text(!a ? NULL : scans ? a->find.kind : a->name.kind));
        store_query_add(&q, ", ", db_text(!a ? NULL : scans ? a->find.parent : a->name.key));
        lb_buf_printf(&q.sql, ", %zu)", i);
    }
    lb_buf_puts(&q.sql, scans ? STORE_NAMED "parent = n.column2 ORDER BY n.column3, r.kind, r.key" : STORE_NAMED "key = n.column2");
    return ask_of(&q, take_gathered, item, arena);
}

static bool only_parent(const lb_find *f)
{
    return f->kind && f->parent && !f->kinds[0] && !f->site && !f->subject && !f->state && !f->key_from && !f->key_below && !f->heads && !f->limit;
}

/* All of one sort in as few statements as possible: what each costs is mostly its beginning. */
static size_t gather(waiting *list, bool scans, lb_arena *arena, db_ask *ask)
{
    size_t asks = 0, count = 0;
    ahead **item = NULL;
    for (waiting *w = list; w; w = w->next) {
        for (size_t i = 0; i < w->ahead.count; i++) {
            ahead *a = &w->ahead.item[i];
            if (a->scan != scans) continue;
            if (!item) item = lb_arena_array(arena, GATHERED_MOST, sizeof *item);
            item[count++] = a;
            if (count < GATHERED_MOST) continue;
            ask[asks++] = gathered_ask(item, count, scans, arena);
            item = NULL;
            count = 0;
        }
    }
    if (count) ask[asks++] = gathered_ask(item, count, scans, arena);
    return asks;
}

static bool can_gather(const waiting *list)
{
    for (const waiting *w = list; w; w = w->next) {
        for (size_t i = 0; i < w->ahead.count; i++) {
            const ahead *a = &w->ahead.item[i];
            if (a->scan ? !only_parent(&a->find) : a->name.parent_of || a->name.site_of) return false;
        }
    }
    return list->next != NULL;
}

size_t store_ahead_batch(waiting *list, db_ask *ask)
{
    size_t asks = 0;
    if (can_gather(list)) {
        asks = gather(list, false, list->arena, ask);
        return asks + gather(list, true, list->arena, ask + asks);
    }
    for (const waiting *w = list; w; w = w->next) {
        memcpy(ask + asks, w->ask, w->asks * sizeof *ask);
        asks += w->asks;
    }
    return asks;
}

/* Is it known already, with what it leads to? */
static bool is_known(const ahead_set *set, const lb_name *n)
{
    const char *other = n->parent_of ? n->parent_of : n->site_of;
    bool known = true;
    if (n->find) return store_ahead_scan(set, n->find) != NULL;
    if (!n->key) return true;
    const lb_record *record = store_ahead_record(set, other ? other : n->kind, n->key, &known, NULL);
    if (!other || !known) return known;
    const char *key = !record ? NULL : n->parent_of ? record->parent : record->site;
    if (key) store_ahead_record(set, n->kind, key, &known, NULL);
    return known;
}

/* A writer must know of what the actor may not see, so as not to write over it; store_may_see() stands before everything that is
 * handed out. */
int lb_tx_ahead(lb_tx *tx, const lb_name *name, size_t count, lb_error *err)
{
    db_ask ask[STORE_AHEAD];
    bool known = true;
    for (size_t i = 0; i < count && known; i++) known = is_known(tx->ahead, &name[i]);
    if (known) return LB_OK;
    size_t n = store_ahead_ask(name, count, tx->write ? NULL : tx->actor, tx->arena, tx->ahead, ask);
    int code = tx->store->backend->together(tx->db, ask, n, err);
    store_ahead_settle(tx->ahead);
    if (code) tx->ahead->count = 0;
    return code;
}

/* ---- what is known ---- */

/* Of a record that a scan came upon, all is known but its body's number, which only writers ask for. */
static const lb_record *scanned(const ahead_set *set, const char *kind, const char *key, bool *known, const int64_t *body_id)
{
    *known = false;
    for (size_t i = 0; i < set->count && !body_id; i++) {
        const ahead *a = &set->item[i];
        for (size_t r = 0; a->scan && !a->find.heads && r < a->count; r++) {
            if (strcmp(a->record[r].key, key) != 0 || strcmp(a->record[r].kind, kind) != 0) continue;
            *known = true;
            return &a->record[r];
        }
    }
    return NULL;
}

const lb_record *store_ahead_record(const ahead_set *set, const char *kind, const char *key, bool *known, int64_t *body_id)
{
    for (size_t i = 0; i < set->count; i++) {
        const ahead *a = &set->item[i];
        if (a->scan || strcmp(a->name.key, key) != 0 || strcmp(a->name.kind, kind) != 0) continue;
        *known = true;
        if (body_id) *body_id = a->body_id;
        return a->count ? a->record : NULL;
    }
    return scanned(set, kind, key, known, body_id);
}

static bool same_find(const lb_find *a, const lb_find *b)
{
    bool same = lb_text_equal(a->kind, b->kind) && lb_text_equal(a->site, b->site) && lb_text_equal(a->subject, b->subject) &&
                lb_text_equal(a->parent, b->parent) && lb_text_equal(a->state, b->state) && lb_text_equal(a->key_from, b->key_from) &&
                lb_text_equal(a->key_below, b->key_below) && a->heads == b->heads && a->limit == b->limit;
    for (size_t i = 0; i < LB_COUNT(a->kinds) && same; i++) same = lb_text_equal(a->kinds[i], b->kinds[i]);
    return same;
}

const ahead *store_ahead_scan(const ahead_set *set, const lb_find *find)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->item[i].scan && same_find(&set->item[i].find, find)) return &set->item[i];
    return NULL;
}

/* May this scan have found it, or find it now? In doubt, yes. */
static bool may_find(const lb_find *f, const lb_record *old, const lb_record *now)
{
    bool kind = !f->kind || strcmp(f->kind, now->kind) == 0, listed = !f->kinds[0];
    for (size_t i = 0; i < LB_COUNT(f->kinds) && f->kinds[i]; i++) listed |= strcmp(f->kinds[i], now->kind) == 0;
    bool parent = !f->parent || lb_text_equal(f->parent, now->parent) || (old && lb_text_equal(f->parent, old->parent));
    return kind && listed && parent && (!f->subject || lb_text_equal(f->subject, now->subject));
}

static void forget(ahead_set *set, const lb_record *old, const lb_record *now)
{
    for (size_t i = set->count; i-- > 0;) {
        const lb_name *n = &set->item[i].name;
        bool gone = set->item[i].scan ? may_find(&set->item[i].find, old, now) : strcmp(n->key, now->key) == 0 && strcmp(n->kind, now->kind) == 0;
        if (gone) set->item[i] = set->item[--set->count];
    }
}

void store_ahead_forget(lb_tx *tx, const lb_record *old, const lb_record *now)
{
    forget(tx->ahead, old, now);
    for (waiting *w = tx->behind; w; w = w->next) forget(&w->ahead, old, now);
}
