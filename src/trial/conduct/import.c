/* Collecting what an import brings, and looking at all of it before anything is written. */
#include "trial/conduct/import.h"

#include "trial/conduct/form.h"
#include "trial/conduct/import_put.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/person.h"
#include "trial/conduct/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_LONGEST = 40, FREE_EVERY = 256 };

void lb_import_begin(lb_import *import, const lb_study *study, const lb_registry *registry, lb_arena *arena)
{
    *import = (lb_import){.study = study, .registry = registry, .arena = arena, .system = "file", .findings = lb_value_array(arena),
                          .seen = lb_value_object(arena), .users = lb_value_object(arena)};
}

void lb_import_end(lb_import *import)
{
    free(import->person);
    free(import->change);
    free(import->value);
    free(import->slot);
    import->person = NULL;
    import->change = NULL;
    import->value = NULL;
    import->slot = NULL;
}

/* ---- findings ----------------------------------------------------------------------------------------------------- */

void import_find(lb_import *import, const char *severity, const char *where, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    exchange_find_once(import->findings, import->seen, severity, where, fmt, args);
    va_end(args);
}

void import_unknown(lb_import *import, const char *what, const char *word, const char *where, const char *const *names, size_t count)
{
    const char *nearest = lb_text_nearest(word, names, count);
    if (nearest) import_find(import, "error", where, "the protocol has no %s '%.80s'; did you mean '%s'? --map says which is which", what, word, nearest);
    else import_find(import, "error", where, "the protocol has no %s '%.80s'; --map says which is which, or leaves it out", what, word);
}

/* ---- words of theirs, words of ours -------------------------------------------------------------------------------- */

int lb_import_map(lb_import *import, const lb_bytes *csv, lb_error *err)
{
    entry_file file;
    int code = entry_read_csv(csv, import->arena, &file, err);
    if (code) return code;
    size_t from = entry_find(&file, "from"), to = entry_find(&file, "to");
    if (from == file.fields || to == file.fields) {
        lb_fail(err, LB_BAD_DATA, "a map has the columns 'from' and 'to'");
        lb_error_where(err, "%s", csv->name);
        lb_error_hint(err, "one word of the file a row, and beside it the protocol's, or - to leave it out");
        return LB_BAD_DATA;
    }
    import->map = lb_value_object(import->arena);
    for (size_t r = 0; r < file.records; r++)
        if (entry_cell(&file, r, from) && entry_cell(&file, r, to)) lb_set_text(import->map, entry_cell(&file, r, from), entry_cell(&file, r, to));
    return LB_OK;
}

const char *import_word(const lb_import *import, const char *word)
{
    const char *ours = word ? lb_get_text(import->map, word, NULL) : NULL;
    if (!ours) return word;
    return strcmp(ours, "-") == 0 ? NULL : ours;
}

/* ---- collecting ----------------------------------------------------------------------------------------------------- */

static void make_room(void **list, size_t count, size_t *room, size_t size)
{
    if (count < *room) return;
    *room = *room ? 2 * *room : 256;
    *list = lb_realloc(*list, *room, size);
}

/* FNV-1a (Fowler, Noll, Vo). */
static size_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037u;
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return (size_t)(hash ^ hash >> 32);
}

static void grow_slots(lb_import *import)
{
    size_t slots = import->slots ? 2 * import->slots : 1024;
    free(import->slot);
    import->slot = lb_alloc(slots, sizeof *import->slot);
    import->slots = slots;
    for (size_t i = 0; i < import->people; i++) {
        size_t at = hash_of(import->person[i].subject) & (slots - 1);
        while (import->slot[at]) at = (at + 1) & (slots - 1);
        import->slot[at] = i + 1;
    }
}

static bool is_code(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length >= CODE_LONGEST) return false;
    for (size_t i = 0; i < length; i++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", text[i])) return false;
    return true;
}

static bool is_site(const lb_study *study, const char *site)
{
    for (size_t i = 0; i < study->site_count; i++)
        if (lb_text_equal(study->site[i].id, site)) return true;
    return false;
}

static void unknown_site(lb_import *import, const char *site, const char *where)
{
    const char **names = lb_arena_array(import->arena, import->study->site_count + 1, sizeof *names);
    for (size_t i = 0; i < import->study->site_count; i++) names[i] = import->study->site[i].id;
    if (site) import_unknown(import, "site", site, where, names, import->study->site_count);
    else import_find(import, "error", where, "the file does not say at which site people are: --site COLUMN, or --site %s for all", names[0]);
}

size_t import_person(lb_import *import, const char *subject, const char *site, const char *where)
{
    if (import->slots < 2 * (import->people + 1)) grow_slots(import);
    if (!is_code(subject)) {
        import_find(import, "error", where, "'%.60s' is no code of a participant: letters, digits, '-', '_' and '.', at most %d", subject, CODE_LONGEST - 1);
        return SIZE_MAX;
    }
    size_t at = hash_of(subject) & (import->slots - 1);
    for (; import->slot[at]; at = (at + 1) & (import->slots - 1)) {
        const lb_import_person *there = &import->person[import->slot[at] - 1];
        if (strcmp(there->subject, subject) != 0) continue;
        if (site && strcmp(there->site, site) != 0) import_find(import, "error", where, "%.40s is at '%.40s' and at '%.40s'", subject, there->site, site);
        return import->slot[at] - 1;
    }
    if (!site || !is_site(import->study, site)) {
        unknown_site(import, site, where);
        return SIZE_MAX;
    }
    make_room((void **)&import->person, import->people, &import->person_room, sizeof *import->person);
    import->person[import->people] = (lb_import_person){.subject = subject, .site = site, .where = where};
    import->slot[at] = ++import->people;
    return import->people - 1;
}

lb_import_change *import_change(lb_import *import, size_t person)
{
    make_room((void **)&import->change, import->changes, &import->change_room, sizeof *import->change);
    lb_import_change *change = &import->change[import->changes];
    *change = (lb_import_change){.person = person, .first = import->values, .order = import->changes, .action = "import"};
    import->changes++;
    return change;
}

void import_value(lb_import *import, lb_import_change *change, const lb_study_item *item, const char *text, const char *missing, const char *where)
{
    for (size_t i = change->first; i < change->first + change->count; i++)
        if (import->value[i].item == item) import_find(import, "error", where, "'%s' has two values in one form", item->id);
    make_room((void **)&import->value, import->values, &import->value_room, sizeof *import->value);
    import->value[import->values++] = (lb_import_value){item, text, missing, where};
    change->count++;
}

bool import_place(lb_import *import, int form, int *visit, int *occurrence, const char *where)
{
    const lb_study *study = import->study;
    size_t places = 0;
    int only = -1;
    for (size_t v = 0; v < study->visit_count; v++) {
        for (size_t k = 0; k < study->visit[v].form_count; k++) {
            if (study->visit[v].form[k] != form || (*visit >= 0 && (int)v != *visit)) continue;
            only = (int)v;
            places++;
        }
    }
    if (*visit >= 0 && places == 0) import_find(import, "error", where, "the form '%s' is none of the visit '%s'", study->form[form].id, study->visit[*visit].id);
    else if (places != 1) import_find(import, "error", where, "the form '%s' belongs to %zu visits: which one is meant?", study->form[form].id, places);
    if (places != 1) return false;
    const lb_study_visit *v = &study->visit[only];
    *visit = only;
    if (!lb_visit_repeats(v) && *occurrence == 1) *occurrence = 0; /* some number everything from 1 */
    if (lb_visit_repeats(v) && *occurrence == 0) *occurrence = 1;
    bool there = lb_visit_repeats(v) ? v->repeat_every == 0 || *occurrence <= lb_visit_occasions(v) : *occurrence == 0;
    if (!there) import_find(import, "error", where, "the visit '%s' has no occasion %d", v->id, *occurrence);
    return there;
}

/* ---- two records of one form ------------------------------------------------------------------------------------------- */

static int same_place(const lb_import_change *a, const lb_import_change *b)
{
    if (a->person != b->person) return a->person < b->person ? -1 : 1;
    if (a->form != b->form) return a->form - b->form;
    if (a->visit != b->visit) return a->visit - b->visit;
    return a->occurrence - b->occurrence;
}

static int by_place(const void *left, const void *right)
{
    const lb_import_change *a = *(const lb_import_change *const *)left, *b = *(const lb_import_change *const *)right;
    int order = same_place(a, b);
    return order ? order : a->order < b->order ? -1 : a->order > b->order;
}

void import_check_twice(lb_import *import)
{
    const lb_import_change **list = lb_alloc(import->changes + 1, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < import->changes; i++)
        if (!import->change[i].origin.user) list[count++] = &import->change[i]; /* the others follow one another in time */
    if (count) qsort(list, count, sizeof *list, by_place);
    for (size_t i = 1; i < count; i++)
        if (same_place(list[i - 1], list[i]) == 0)
            import_find(import, "error", list[i]->where, "a second record of %s for the form '%s'; the first is %s", import->person[list[i]->person].subject,
                        import->study->form[list[i]->form].id, list[i - 1]->where);
    free(list);
}

/* ---- looking at it ---------------------------------------------------------------------------------------------------- */

static void check_values(lb_import *import, const lb_import_change *change, lb_arena *arena)
{
    for (size_t i = change->first; i < change->first + change->count; i++) {
        const lb_import_value *v = &import->value[i];
        lb_value *value;
        const char *why;
        if (v->text && !import_read_value(import->study, v->item, v->text, arena, &value, &why))
            import_find(import, "error", v->where, "'%s' cannot be '%.60s': %s", v->item->id, v->text, why);
    }
}

/* An entry that is there already is never written over. */
static int check_free(lb_tx *tx, lb_import *import, const lb_import_change *change, lb_error *err)
{
    const lb_record *there = NULL;
    const char *subject = import->person[change->person].subject, *visit = lb_visit_text(import->study, change->visit, change->occurrence, lb_tx_arena(tx));
    int code = lb_tx_get(tx, LB_KIND_ENTRY, lb_entry_key(subject, visit, import->study->form[change->form].id, lb_tx_arena(tx)), &there, err);
    if (!code && there)
        import_find(import, "error", change->where, "%s, %s, %s: something is there already, and an import writes nothing over", subject, visit,
                    import->study->form[change->form].id);
    return code;
}

static int check_person(lb_tx *tx, lb_import *import, const lb_import_person *person, lb_error *err)
{
    const lb_record *there = NULL;
    int code = lb_tx_get(tx, LB_KIND_SUBJECT, person->subject, &there, err);
    if (!code && there && !lb_text_equal(there->site, person->site))
        import_find(import, "error", person->where, "%s is known here at the site %s, not at %s", person->subject, there->site, person->site);
    return code;
}

int lb_import_check(lb_tx *tx, lb_import *import, lb_error *err)
{
    int64_t entries = 0;
    lb_arena *own = lb_arena_new(), *outer = lb_tx_read_into(tx, own);
    int code = lb_study_running(tx, err);
    if (!code) code = lb_tx_count(tx, &(lb_find){.kind = LB_KIND_ENTRY}, &entries, err);
    for (size_t i = 0; i < import->people && !code; i++) code = check_person(tx, import, &import->person[i], err);
    for (size_t i = 0; i < import->changes && !code; i++) {
        check_values(import, &import->change[i], own);
        if (entries > 0) code = check_free(tx, import, &import->change[i], err);
        if (i % FREE_EVERY != FREE_EVERY - 1) continue;
        lb_arena_free(own);
        lb_tx_read_into(tx, own = lb_arena_new());
    }
    if (!code && import->changes == 0) import_find(import, "error", import->name, "there is nothing in it for this study");
    lb_tx_read_into(tx, outer);
    lb_arena_free(own);
    return code;
}
