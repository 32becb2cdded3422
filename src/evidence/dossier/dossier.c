/* The review document: made, read, given references. The log is replayed through dossier_apply.c. */
#include "evidence/dossier/dossier.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char format[] = "lumbar-review-1";

void lb_dossier_new(lb_dossier *dossier, const char *title, lb_arena *arena)
{
    *dossier = (lb_dossier){.arena = arena, .root = lb_value_object(arena)};
    lb_set_text(dossier->root, "format", format);
    lb_set_text(dossier->root, "title", title);
    lb_set_array(dossier->root, "records");
    lb_set_array(dossier->root, "events");
}

/* -- finding references ------------------------------------------------------------------------------------------- */

/* Sorted by id for bsearch: the compared array travels in a struct of (id, place). */
typedef struct key {
    const char *id;
    size_t place;
} key;

static int by_id(const void *a, const void *b) { return strcmp(((const key *)a)->id, ((const key *)b)->id); }

static int index_records(lb_dossier *dossier, lb_error *err)
{
    const lb_value *list = lb_get(dossier->root, "records");
    size_t n = list->count;
    lb_record *old = dossier->record;
    size_t kept = dossier->records;
    dossier->record = lb_arena_array(dossier->arena, n + 1, sizeof *dossier->record);
    dossier->by_id = lb_arena_array(dossier->arena, n + 1, sizeof *dossier->by_id);
    if (kept) memcpy(dossier->record, old, kept * sizeof *old);
    key *keys = lb_arena_array(dossier->arena, n + 1, sizeof *keys);
    for (size_t i = 0; i < n; i++) {
        lb_record *record = &dossier->record[i];
        record->value = list->item[i];
        record->id = lb_get_text(record->value, "id", NULL);
        record->duplicate = lb_get_text(record->value, "duplicate_of", NULL) != NULL;
        if (!record->id || !*record->id) {
            int code = lb_fail(err, LB_BAD_DATA, "a reference has no id");
            lb_error_where(err, "records[%zu]", i);
            return code;
        }
        keys[i] = (key){record->id, i};
    }
    qsort(keys, n, sizeof *keys, by_id);
    for (size_t i = 0; i < n; i++) {
        if (i && strcmp(keys[i].id, keys[i - 1].id) == 0) {
            int code = lb_fail(err, LB_BAD_DATA, "two references have the id '%.80s'", keys[i].id);
            lb_error_where(err, "records[%zu]", keys[i].place);
            return code;
        }
        dossier->by_id[i] = keys[i].place;
    }
    dossier->records = n;
    return 0;
}

lb_record *lb_dossier_record(const lb_dossier *dossier, const char *id)
{
    size_t low = 0, high = dossier->records;
    while (id && low < high) {
        size_t middle = (low + high) / 2, place = dossier->by_id[middle];
        int order = strcmp(dossier->record[place].id, id);
        if (order == 0) return &dossier->record[place];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* -- reading ------------------------------------------------------------------------------------------------------ */

static int check_shape(const lb_value *root, const char *name, lb_error *err)
{
    static const char *const lists[] = {"records", "events"};
    int code = 0;
    if (root->type != LB_OBJECT || !lb_text_equal(lb_get_text(root, "format", NULL), format)) {
        code = lb_fail(err, LB_BAD_DATA, "'%.100s' is no review document", name ? name : "the document");
        lb_error_hint(err, "its first key is \"format\": \"%s\"; meta screen makes one from RIS files", format);
        return code;
    }
    for (size_t i = 0; i < LB_COUNT(lists) && !code; i++) {
        const lb_value *list = lb_get(root, lists[i]);
        size_t most = i ? LB_DOSSIER_MOST_EVENTS : LB_DOSSIER_MOST_RECORDS;
        if (!list || list->type != LB_ARRAY)
            code = lb_fail(err, LB_BAD_DATA, "the review document has no list '%s'", lists[i]);
        else if (list->count > most)
            code = lb_fail(err, LB_TOO_LARGE, "%zu %s are too many (at most %zu)", list->count, lists[i], most);
        for (size_t k = 0; !code && k < list->count; k++) {
            if (list->item[k]->type == LB_OBJECT) continue;
            code = lb_fail(err, LB_BAD_DATA, "this is no object");
            lb_error_where(err, "%s[%zu]", lists[i], k);
        }
    }
    return code;
}

int lb_dossier_read(lb_dossier *dossier, const lb_bytes *bytes, lb_arena *arena, lb_error *err)
{
    *dossier = (lb_dossier){.arena = arena};
    int code = lb_json_read(bytes, arena, &dossier->root, err);
    if (!code) code = check_shape(dossier->root, bytes->name, err);
    if (!code) code = index_records(dossier, err);
    if (code) return code;
    lb_value *events = lb_get(dossier->root, "events");
    lb_set_array(dossier->root, "events"); /* in its place; every event is checked again as it is replayed */
    for (size_t i = 0; i < events->count && !code; i++) {
        code = lb_dossier_apply(dossier, events->item[i], lb_get_text(events->item[i], "at", NULL), err);
        if (code) lb_error_where(err, "events[%zu]", i);
    }
    return code;
}

/* -- references --------------------------------------------------------------------------------------------------- */

/* Letters and digits in lower case: how two databases' spellings of one title are the same. */
static const char *plain(const char *text, lb_arena *arena)
{
    char *out = lb_arena_text(arena, text ? text : ""), *to = out;
    for (const char *at = out; *at; at++) {
        if (isalnum((unsigned char)*at) || (unsigned char)*at >= 0x80) *to++ = (char)tolower((unsigned char)*at);
    }
    *to = '\0';
    return out;
}

static const char *plain_doi(const char *doi, lb_arena *arena)
{
    const char *ten = doi ? strstr(doi, "10.") : NULL;
    char *out = lb_arena_text(arena, ten ? ten : "");
    for (char *at = out; *at; at++) *at = (char)tolower((unsigned char)*at);
    return out;
}

typedef struct twin {
    const char *text, *id;
    size_t place;
} twin;

static int by_text(const void *a, const void *b)
{
    const twin *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

/* Mark what stands a second time, by one key (pass 0: DOI, 1: title and year). */
static size_t mark_duplicates(lb_value *records, int pass, size_t first_new, lb_arena *arena)
{
    size_t n = 0, marked = 0;
    twin *all = lb_arena_array(arena, records->count + 1, sizeof *all);
    for (size_t i = 0; i < records->count; i++) {
        const lb_value *r = records->item[i];
        if (lb_get_text(r, "duplicate_of", NULL)) continue;
        const char *text = pass == 0 ? plain_doi(lb_get_text(r, "doi", NULL), arena) : plain(lb_get_text(r, "title", NULL), arena);
        if (strlen(text) < (pass == 0 ? 6u : 12u)) continue; /* too short to tell references apart */
        if (pass == 1) text = lb_arena_printf(arena, "%s|%lld", text, (long long)lb_get_int(r, "year", 0));
        all[n++] = (twin){text, lb_get_text(r, "id", ""), i};
    }
    qsort(all, n, sizeof *all, by_text);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(all[i].text, all[i - 1].text) != 0) continue;
        if (all[i].place >= first_new) {
            lb_set_text(records->item[all[i].place], "duplicate_of", all[i - 1].id);
            marked++;
        }
        all[i].id = all[i - 1].id; /* a third one points to the first */
    }
    return marked;
}

int lb_dossier_add(lb_dossier *dossier, const lb_value *records, const char *source, size_t *added, size_t *duplicates,
                   lb_error *err)
{
    static const char *const keys[] = {"title", "abstract", "authors", "year", "journal", "doi"};
    lb_value *list = lb_get(dossier->root, "records");
    size_t first = list->count;
    if (records->count > LB_DOSSIER_MOST_RECORDS - first)
        return lb_fail(err, LB_TOO_LARGE, "more than %d references are too many for one review", LB_DOSSIER_MOST_RECORDS);
    for (size_t i = 0; i < records->count; i++) {
        lb_value *out = lb_push_object(list);
        lb_set_textf(out, "id", "r%zu", first + i + 1);
        for (size_t k = 0; k < LB_COUNT(keys); k++) {
            lb_value *value = lb_get(records->item[i], keys[k]);
            if (value) lb_set(out, keys[k], value);
        }
        lb_set_text(out, "source", source);
    }
    *added = records->count;
    *duplicates = mark_duplicates(list, 0, first, dossier->arena) + mark_duplicates(list, 1, first, dossier->arena);
    return index_records(dossier, err);
}
