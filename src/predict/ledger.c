/* The ledger of fits and judgements. People are kept as bits, so that overlaps are found by comparing words. */
#include "predict/ledger.h"

#include <string.h>

typedef struct entry {
    const char *scope, *step;
    bool fit, outcome, apparent;
    size_t rows, people;
    uint64_t *person;
} entry;

struct lb_fit_ledger {
    lb_arena *arena;
    size_t n, words, count, capacity;
    const int32_t *group;
    entry *entry;
};

lb_fit_ledger *lb_fit_ledger_new(size_t n, const int32_t *group, lb_arena *arena)
{
    lb_fit_ledger *l = lb_arena_alloc(arena, sizeof *l);
    int32_t most = 0;
    for (size_t i = 0; i < n; i++) most = group[i] > most ? group[i] : most;
    *l = (lb_fit_ledger){.arena = arena, .n = n, .group = group, .words = (size_t)most / 64 + 1};
    return l;
}

static entry *add(lb_fit_ledger *l)
{
    l->entry = lb_arena_grow(l->arena, l->entry, l->count, &l->capacity, 64, sizeof *l->entry);
    return &l->entry[l->count++];
}

static void write_down(lb_fit_ledger *l, entry what, const size_t *row, size_t n)
{
    what.scope = lb_arena_text(l->arena, what.scope);
    what.step = lb_arena_text(l->arena, what.step);
    what.rows = n;
    what.person = lb_arena_array(l->arena, l->words, sizeof *what.person);
    for (size_t i = 0; i < n; i++) {
        int32_t g = l->group[row[i]];
        what.person[g / 64] |= (uint64_t)1 << (g % 64);
    }
    for (size_t w = 0; w < l->words; w++) what.people += (size_t)__builtin_popcountll(what.person[w]);
    *add(l) = what;
}

void lb_fit_ledger_fit(lb_fit_ledger *l, const char *scope, const char *step, const size_t *row, size_t n, bool outcome)
{
    write_down(l, (entry){.scope = scope, .step = step, .fit = true, .outcome = outcome}, row, n);
}

void lb_fit_ledger_judge(lb_fit_ledger *l, const char *scope, const char *what, const size_t *row, size_t n, bool apparent)
{
    write_down(l, (entry){.scope = scope, .step = what, .apparent = apparent, .outcome = true}, row, n);
}

void lb_fit_ledger_append(lb_fit_ledger *into, const lb_fit_ledger *from)
{
    for (size_t i = 0; i < from->count; i++) {
        entry e = from->entry[i];
        e.scope = lb_arena_text(into->arena, e.scope);
        e.step = lb_arena_text(into->arena, e.step);
        uint64_t *person = lb_arena_array(into->arena, into->words, sizeof *person);
        memcpy(person, e.person, into->words * sizeof *person);
        e.person = person;
        *add(into) = e;
    }
}

size_t lb_fit_ledger_entries(const lb_fit_ledger *l) { return l->count; }

/* Is `outer` the scope itself or one around it? */
static bool around(const char *outer, const char *scope)
{
    size_t length = strlen(outer);
    return !length || (strncmp(outer, scope, length) == 0 && (scope[length] == '\0' || scope[length] == '/'));
}

static size_t shared_people(const lb_fit_ledger *l, const entry *a, const entry *b)
{
    size_t both = 0;
    for (size_t w = 0; w < l->words; w++) both += (size_t)__builtin_popcountll(a->person[w] & b->person[w]);
    return both;
}

size_t lb_fit_ledger_check(const lb_fit_ledger *l, lb_value *findings)
{
    size_t leaks = 0;
    for (size_t i = 0; i < l->count; i++) {
        const entry *judged = &l->entry[i];
        if (judged->fit || judged->apparent) continue;
        for (size_t k = 0; k < i; k++) {
            const entry *fitted = &l->entry[k];
            if (!fitted->fit || !around(fitted->scope, judged->scope)) continue;
            size_t people = shared_people(l, judged, fitted);
            if (!people) continue;
            leaks++;
            if (!findings || findings->count >= 100) continue;
            lb_value *row = lb_push_object(findings);
            lb_set_text(row, "judged", judged->step);
            lb_set_text(row, "scope", judged->scope);
            lb_set_text(row, "fitted", fitted->step);
            lb_set_text(row, "fitted_scope", fitted->scope);
            lb_set_bool(row, "outcome", fitted->outcome);
            lb_set_int(row, "people", (int64_t)people);
        }
    }
    return leaks;
}

/* "nested 2/inner 3" → "nested/inner". */
static const char *kind_of(const char *scope, char *room, size_t size)
{
    size_t k = 0;
    for (size_t i = 0; scope[i] && k + 1 < size; i++) {
        bool digit = scope[i] >= '0' && scope[i] <= '9', blank = scope[i] == ' ' && scope[i + 1] >= '0' && scope[i + 1] <= '9';
        if (!digit && !blank) room[k++] = scope[i];
    }
    room[k] = '\0';
    return room;
}

typedef struct line {
    const char *scope, *step;
    bool fit, outcome, apparent;
    size_t times, rows_low, rows_high, people_low, people_high;
} line;

static void widen(line *at, const entry *e)
{
    if (!at->times || e->rows < at->rows_low) at->rows_low = e->rows;
    if (!at->times || e->people < at->people_low) at->people_low = e->people;
    if (e->rows > at->rows_high) at->rows_high = e->rows;
    if (e->people > at->people_high) at->people_high = e->people;
    at->times++;
}

void lb_fit_ledger_summary(const lb_fit_ledger *l, lb_value *rows)
{
    enum { MOST = 400 };
    line *lines = lb_arena_array(rows->arena, MOST, sizeof *lines);
    size_t count = 0;
    char room[128];
    for (size_t i = 0; i < l->count; i++) {
        const entry *e = &l->entry[i];
        const char *scope = kind_of(e->scope, room, sizeof room);
        size_t k = 0;
        while (k < count && !(lines[k].fit == e->fit && strcmp(lines[k].scope, scope) == 0 && strcmp(lines[k].step, e->step) == 0)) k++;
        if (k == count && count == MOST) continue;
        if (k == count) lines[count++] = (line){.scope = lb_arena_text(rows->arena, scope), .step = lb_arena_text(rows->arena, e->step), .fit = e->fit,
                                                .outcome = e->outcome, .apparent = e->apparent};
        widen(&lines[k], e);
    }
    for (size_t k = 0; k < count; k++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "scope", lines[k].scope);
        lb_set_text(row, "step", lines[k].step);
        lb_set_text(row, "does", lines[k].fit ? "fits" : lines[k].apparent ? "judges (apparent)" : "judges");
        lb_set_bool(row, "outcome", lines[k].outcome);
        lb_set_int(row, "times", (int64_t)lines[k].times);
        lb_set_int(row, "rows_min", (int64_t)lines[k].rows_low);
        lb_set_int(row, "rows_max", (int64_t)lines[k].rows_high);
        lb_set_int(row, "people_min", (int64_t)lines[k].people_low);
        lb_set_int(row, "people_max", (int64_t)lines[k].people_high);
    }
}

void lb_fit_ledger_hash(const lb_fit_ledger *l, char hex[65])
{
    lb_buf text = {0};
    for (size_t i = 0; i < l->count; i++) {
        const entry *e = &l->entry[i];
        lb_buf_printf(&text, "%s|%s|%d%d%d|%zu|", e->scope, e->step, e->fit, e->outcome, e->apparent, e->rows);
        for (size_t w = 0; w < l->words; w++) lb_buf_printf(&text, "%016llx", (unsigned long long)e->person[w]);
        lb_buf_putc(&text, '\n');
    }
    lb_sha256_hex(text.data ? text.data : "", text.length, hex);
    lb_buf_free(&text);
}
