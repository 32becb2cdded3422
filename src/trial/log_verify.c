/* Replaying an allocation log against the revealed seed and naming every fault, each once, at the row where it is.
 * The log is read in the order of its numbers; per stratum the slots must come one after the other and every arm must be
 * the committed one. A slot left out is laid at the door of a row missing from the numbering when one fits; a row is taken
 * for a stranger when its slot and arm fill the gap of another stratum. So one edit is one fault. */
#include "trial/log.h"

#include <stdlib.h>
#include <string.h>

typedef struct stratum {
    const char *name;
    size_t blocks, capacity;     /* blocks drawn so far */
    lb_rtsm_block *block;
    int64_t *start;              /* ordinal of each block's first slot */
    int64_t drawn;               /* slots drawn so far */
    int64_t next;                /* next slot expected (from 0) */
    size_t *taken_by, taken_max; /* row number per slot, 0 = free */
    size_t *member, members, at; /* rows that say they belong here, in replay order; the cursor */
} stratum;

typedef struct skip { /* `count` slots from `slot` on */
    size_t stratum;
    int64_t slot, count;
    size_t after, before; /* replay positions of the stratum's rows around it (after = SIZE_MAX: none) */
} skip;

typedef struct gap {
    size_t before;      /* replay position of the row after the gap */
    int64_t first, missing, free;
    lb_buf slots;
} gap;

typedef struct fault {
    size_t row;
    int64_t seq;
    const char *kind, *message;
} fault;

typedef struct audit {
    const allocation_log *log;
    const lb_rtsm *rtsm;
    lb_arena *arena;
    size_t *order;           /* replay position → index of row */
    stratum *stratum;
    size_t strata;
    int *home;               /* per row index: its stratum by what it says */
    skip *skip;
    size_t skips, skip_room;
    gap *gap;
    size_t gaps;
    fault *fault;
    size_t faults, fault_room;
    bool *repeated, *displaced; /* per row index: slot or subject used before; out of order */
} audit;

static void blame(audit *a, size_t row, int64_t seq, const char *kind, const char *message)
{
    a->fault = lb_arena_grow(a->arena, a->fault, a->faults, &a->fault_room, 32, sizeof *a->fault);
    a->fault[a->faults++] = (fault){row, seq, kind, message};
}

static void blame_row(audit *a, size_t index, const char *kind, const char *message)
{
    blame(a, a->log->row[index].row, a->log->row[index].seq, kind, message);
}

/* ---- strata and their committed sequences ---- */

static size_t stratum_named(audit *a, const char *name)
{
    for (size_t i = 0; i < a->strata; i++)
        if (strcmp(a->stratum[i].name, name) == 0) return i;
    a->stratum[a->strata] = (stratum){.name = name};
    return a->strata++;
}

static void draw_to_block(audit *a, stratum *s, size_t index)
{
    while (s->blocks <= index) {
        size_t room = s->capacity;
        s->block = lb_arena_grow(a->arena, s->block, s->blocks, &room, 16, sizeof *s->block);
        s->start = lb_arena_grow(a->arena, s->start, s->blocks, &s->capacity, 16, sizeof *s->start);
        lb_rtsm_draw(a->rtsm, s->name, (uint32_t)s->blocks, &s->block[s->blocks]);
        s->start[s->blocks] = s->drawn;
        s->drawn += s->block[s->blocks].size;
        s->blocks++;
    }
}

static size_t block_of(audit *a, stratum *s, int64_t slot)
{
    while (s->drawn <= slot) draw_to_block(a, s, s->blocks);
    size_t low = 0, high = s->blocks;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (s->start[middle] <= slot) low = middle;
        else high = middle;
    }
    return low;
}

static int committed(audit *a, stratum *s, int64_t slot)
{
    size_t b = block_of(a, s, slot);
    return s->block[b].arm[slot - s->start[b]];
}

static const char *slot_name(audit *a, stratum *s, int64_t slot)
{
    size_t b = block_of(a, s, slot);
    return lb_arena_printf(a->arena, "block %zu position %lld of %s", b, (long long)(slot - s->start[b] + 1), s->name);
}

/* Blocks that a stratum can have reached: a bound, so that a mad number costs nothing. */
static int64_t most_blocks(const stratum *s)
{
    return (int64_t)s->members + 256;
}

/* The slot (from 0) a row claims in a stratum, or -1 when there is no such slot. */
static int64_t claimed(audit *a, stratum *s, size_t index)
{
    const log_row *row = &a->log->row[index];
    if (!a->log->has_block) {
        if (!a->log->has_slot) return s->next;
        return row->slot >= 1 && row->slot <= 4 * most_blocks(s) ? row->slot - 1 : -1;
    }
    if (row->block < 0 || row->block > most_blocks(s) || row->position < 1) return -1;
    draw_to_block(a, s, (size_t)row->block);
    if (row->position > s->block[row->block].size) return -1;
    return s->start[row->block] + row->position - 1;
}

static size_t taker(const stratum *s, int64_t slot)
{
    return (size_t)slot < s->taken_max ? s->taken_by[slot] : 0;
}

static void take(audit *a, stratum *s, int64_t slot, size_t index)
{
    if ((size_t)slot >= s->taken_max) {
        size_t room = 2 * (size_t)slot + 32;
        size_t *bigger = lb_arena_array(a->arena, room, sizeof *bigger);
        if (s->taken_max) memcpy(bigger, s->taken_by, s->taken_max * sizeof *bigger);
        s->taken_by = bigger;
        s->taken_max = room;
    }
    s->taken_by[slot] = a->log->row[index].row;
    while (taker(s, s->next)) s->next++;
}

static void check_arm(audit *a, stratum *s, int64_t slot, size_t index)
{
    const log_row *row = &a->log->row[index];
    int arm = committed(a, s, slot);
    if (row->arm_index < 0 || row->arm_index == arm) return;
    blame_row(a, index, "wrong_arm",
              lb_arena_printf(a->arena, "the log says %s, the committed sequence says %s at %s", row->arm,
                              a->rtsm->arm[arm], slot_name(a, s, slot)));
}

/* ---- order: numbering and time ---- */

static bool numbers_unique(const audit *a)
{
    size_t n = a->log->rows;
    for (size_t i = 1; i < n; i++)
        if (a->log->row[a->order[i]].seq == a->log->row[a->order[i - 1]].seq) return false;
    return true;
}

typedef struct numbered {
    int64_t seq;
    size_t index;
} numbered;

static int by_number(const void *left, const void *right)
{
    const numbered *l = left, *r = right;
    if (l->seq != r->seq) return l->seq < r->seq ? -1 : 1;
    return l->index < r->index ? -1 : l->index > r->index;
}

static size_t time_steps_back(const audit *a, const size_t *order)
{
    size_t back = 0;
    for (size_t i = 1; i < a->log->rows; i++) {
        const log_row *one = &a->log->row[order[i - 1]], *two = &a->log->row[order[i]];
        back += one->has_time && two->has_time && two->time < one->time;
    }
    return back;
}

/* Replay by number when the numbers are unique and time agrees with them at least as well as with the file's order. */
static void choose_order(audit *a)
{
    size_t n = a->log->rows;
    a->order = lb_arena_array(a->arena, n + 1, sizeof *a->order);
    size_t *file = lb_arena_array(a->arena, n + 1, sizeof *file);
    for (size_t i = 0; i < n; i++) a->order[i] = file[i] = i;
    if (!a->log->has_seq) return;
    numbered *sorted = lb_arena_array(a->arena, n + 1, sizeof *sorted);
    for (size_t i = 0; i < n; i++) {
        if (a->log->row[i].seq < 0) return;
        sorted[i] = (numbered){a->log->row[i].seq, i};
    }
    qsort(sorted, n, sizeof *sorted, by_number);
    for (size_t i = 0; i < n; i++) a->order[i] = sorted[i].index;
    bool by_seq = numbers_unique(a) && (!a->log->has_time || time_steps_back(a, a->order) < time_steps_back(a, file));
    if (!by_seq) memcpy(a->order, file, n * sizeof *file);
}

static void add_gap(audit *a, size_t before, int64_t first, int64_t missing)
{
    a->gap[a->gaps++] = (gap){.before = before, .first = first, .missing = missing, .free = missing};
}

/* Rows whose number breaks the order of the file, and the numbers that are missing. */
static void check_numbers(audit *a)
{
    size_t n = a->log->rows;
    a->gap = lb_arena_array(a->arena, n + 1, sizeof *a->gap);
    if (!a->log->has_seq || n == 0) return;
    int64_t *key = lb_arena_array(a->arena, n, sizeof *key);
    bool *off = lb_arena_array(a->arena, n, sizeof *off);
    for (size_t i = 0; i < n; i++) key[i] = a->log->row[i].seq;
    trial_log_disorder(key, n, true, a->arena, off);
    bool sorted = false;
    for (size_t i = 0; i < n; i++) sorted |= a->order[i] != i;
    for (size_t i = 0; i < n; i++) {
        if (!off[i] || a->repeated[i]) continue;
        a->displaced[i] = true;
        blame_row(a, i, sorted ? "time_order" : "wrong_number",
                  lb_arena_printf(a->arena, sorted ? "row number %lld stands out of order"
                                                   : "the row number %lld does not follow the rows around it",
                                  (long long)key[i]));
    }
    int64_t last = 0, strangers = 0;
    for (size_t i = 0; i < n; i++) {
        size_t index = a->order[i];
        if (!sorted && off[index]) {
            strangers += !a->repeated[index];
            continue;
        }
        int64_t missing = a->log->row[index].seq - last - 1 - strangers;
        if (missing > 0) add_gap(a, i, last + 1, missing);
        last = a->log->row[index].seq;
        strangers = 0;
    }
}

static void check_times(audit *a)
{
    size_t n = a->log->rows, used = 0;
    if (!a->log->has_time) return;
    int64_t *key = lb_arena_array(a->arena, n + 1, sizeof *key);
    size_t *index_of = lb_arena_array(a->arena, n + 1, sizeof *index_of);
    bool *off = lb_arena_array(a->arena, n + 1, sizeof *off);
    for (size_t i = 0; i < n; i++) {
        size_t index = a->order[i];
        const log_row *row = &a->log->row[index];
        if (!row->has_time) {
            blame_row(a, index, "no_time", lb_arena_printf(a->arena, "'%s' is no UTC time such as 2026-01-31T09:30:00Z",
                                                           row->time_text));
            continue;
        }
        if (a->repeated[index] || a->displaced[index]) continue;
        key[used] = row->time;
        index_of[used++] = index;
    }
    trial_log_disorder(key, used, false, a->arena, off);
    for (size_t i = 0; i < used; i++) {
        if (!off[i]) continue;
        a->displaced[index_of[i]] = true;
        blame_row(a, index_of[i], "time_order",
                  lb_arena_printf(a->arena, "the time %s does not fit between the rows around it",
                                  a->log->row[index_of[i]].time_text));
    }
}

/* ---- slots ---- */

static bool contradicts_itself(const log_row *row)
{
    return row->derived && strcmp(row->derived, row->stratum) != 0;
}

/* Slot of the next sound row that says it is of this stratum, or -2 when there is none. */
static int64_t following(audit *a, stratum *s, size_t position)
{
    size_t at = s->at;
    while (at < s->members && (s->member[at] <= position || contradicts_itself(&a->log->row[a->order[s->member[at]]]))) at++;
    return at < s->members ? claimed(a, s, a->order[s->member[at]]) : -2;
}

/* Does the row fill a gap of another stratum: its next slot, followed by the one after it, with the committed arm? */
static bool fills(audit *a, size_t other, size_t position, size_t index)
{
    stratum *s = &a->stratum[other];
    int64_t slot = claimed(a, s, index);
    const log_row *row = &a->log->row[index];
    return slot >= 0 && slot == s->next && following(a, s, position) == slot + 1 && row->arm_index == committed(a, s, slot);
}

static int home_elsewhere(audit *a, size_t own, size_t position, size_t index)
{
    int64_t after = following(a, &a->stratum[own], position);
    if (after >= 0 && after != a->stratum[own].next) return -1; /* its own stratum needs it */
    for (size_t k = 0; k < a->strata; k++)
        if (k != own && fills(a, k, position, index)) return (int)k;
    return -1;
}

static void add_skip(audit *a, skip one)
{
    a->skip = lb_arena_grow(a->arena, a->skip, a->skips, &a->skip_room, 32, sizeof *a->skip);
    a->skip[a->skips++] = one;
}

static bool unskip(audit *a, size_t which, int64_t slot)
{
    for (size_t i = 0; i < a->skips; i++) {
        skip *one = &a->skip[i], rest = *one;
        if (one->stratum != which || slot < one->slot || slot >= one->slot + one->count) continue;
        one->count = slot - one->slot;
        rest.count = rest.slot + rest.count - slot - 1;
        rest.slot = slot + 1;
        if (rest.count > 0) add_skip(a, rest);
        return true;
    }
    return false;
}

/* The row's slot lies behind: used before, or (skipped earlier) used late. */
static void slot_behind(audit *a, size_t which, int64_t slot, int64_t after, size_t index)
{
    stratum *s = &a->stratum[which];
    if (unskip(a, which, slot)) {
        blame_row(a, index, "slot_order", lb_arena_printf(a->arena, "%s was used too late", slot_name(a, s, slot)));
        take(a, s, slot, index);
        check_arm(a, s, slot, index);
        return;
    }
    a->repeated[index] = true;
    blame_row(a, index, "slot_twice",
              lb_arena_printf(a->arena, "%s was already given to row %zu", slot_name(a, s, slot), taker(s, slot)));
    if (after == s->next + 1) take(a, s, s->next, index); /* the row was renumbered, not added */
}

/* The row's slot lies ahead: slots skipped, this row renumbered, or two rows changed places. */
static void slot_ahead(audit *a, size_t which, int64_t slot, int64_t after, size_t position)
{
    stratum *s = &a->stratum[which];
    size_t index = a->order[position];
    int64_t expected = s->next;
    if (after == expected + 1 && after != slot + 1) {
        blame_row(a, index, "wrong_slot", lb_arena_printf(a->arena, "the log says %s, but %s was next",
                                                          slot_name(a, s, slot), slot_name(a, s, expected)));
        take(a, s, expected, index);
        return;
    }
    if (after == expected) {
        a->displaced[index] = true;
        blame_row(a, index, "slot_order", lb_arena_printf(a->arena, "%s was used before %s", slot_name(a, s, slot),
                                                          slot_name(a, s, expected)));
    } else {
        size_t previous = SIZE_MAX;
        for (size_t k = 0; k < s->members && s->member[k] < position; k++) previous = s->member[k];
        for (int64_t k = expected, from = expected; k <= slot; k++) {
            if (k < slot && !taker(s, k)) continue;
            if (k > from) add_skip(a, (skip){which, from, k - from, previous, position});
            from = k + 1;
        }
        s->next = slot;
    }
    take(a, s, slot, index);
    check_arm(a, s, slot, index);
}

static void no_such_slot(audit *a, stratum *s, int64_t after, size_t index)
{
    const log_row *row = &a->log->row[index];
    blame_row(a, index, "no_such_slot",
              lb_arena_printf(a->arena, "block %lld position %lld does not exist in %s", (long long)row->block,
                              (long long)row->position, s->name));
    if (after == s->next) return;
    check_arm(a, s, s->next, index);
    take(a, s, s->next, index);
}

/* How well a row fits a stratum: its slot is next there, the row after goes on from it, the arm is the committed one. */
static int fit(audit *a, stratum *s, size_t position, size_t index)
{
    int64_t slot = claimed(a, s, index), after = following(a, s, position);
    if (slot != s->next) return 0;
    int arm = a->log->row[index].arm_index == committed(a, s, slot);
    return 4 + (after == slot + 1 ? 2 : after == slot ? -2 : 0) + arm;
}

/* Rows whose stratum contradicts their centre and sex are replayed where they fit better. */
static size_t settle(audit *a, size_t position, size_t index)
{
    const log_row *row = &a->log->row[index];
    size_t said = (size_t)a->home[index];
    if (!contradicts_itself(row)) return said;
    blame_row(a, index, "wrong_stratum",
              lb_arena_printf(a->arena, "the stratum says %s, centre and sex say %s", row->stratum, row->derived));
    for (size_t k = 0; k < a->strata; k++)
        if (strcmp(a->stratum[k].name, row->derived) == 0)
            return fit(a, &a->stratum[k], position, index) > fit(a, &a->stratum[said], position, index) ? k : said;
    return said;
}

static void replay_row(audit *a, size_t position)
{
    size_t index = a->order[position], faults = a->faults;
    size_t which = settle(a, position, index);
    bool strange = a->faults > faults;
    stratum *s = &a->stratum[which];
    int64_t slot = claimed(a, s, index), after = following(a, s, position);
    bool odd = slot != s->next || after == slot; /* the next row wants the same slot */
    int other = odd && !strange ? home_elsewhere(a, which, position, index) : -1;
    if (slot == s->next && other < 0) {
        check_arm(a, s, slot, index);
        take(a, s, slot, index);
        return;
    }
    if (other >= 0) {
        blame_row(a, index, "wrong_stratum",
                  lb_arena_printf(a->arena, "the row says %s, but its slot and arm are the next ones of %s", s->name,
                                  a->stratum[other].name));
        take(a, &a->stratum[other], a->stratum[other].next, index);
        return;
    }
    if (strange) return; /* said once already; where it belongs cannot be told */
    if (slot < 0) no_such_slot(a, s, after, index);
    else if (slot < s->next) slot_behind(a, which, slot, after, index);
    else slot_ahead(a, which, slot, after, position);
}

/* Skipped slots that rows missing from the numbering explain are named there; the others are faults. */
static void settle_skips(audit *a)
{
    for (size_t i = 0; i < a->skips; i++) {
        skip *k = &a->skip[i];
        for (size_t g = 0; g < a->gaps && k->count > 0; g++) {
            gap *one = &a->gap[g];
            bool inside = one->before <= k->before && (k->after == SIZE_MAX || one->before > k->after);
            if (!inside || one->free == 0) continue;
            int64_t explained = k->count < one->free ? k->count : one->free;
            one->free -= explained;
            lb_buf_printf(&one->slots, "%s%s", one->slots.length ? ", " : "",
                          slot_name(a, &a->stratum[k->stratum], k->slot));
            k->slot += explained;
            k->count -= explained;
        }
        if (k->count == 0) continue;
        const char *name = slot_name(a, &a->stratum[k->stratum], k->slot);
        blame_row(a, a->order[k->before], "skipped_slot",
                  k->count == 1 ? lb_arena_printf(a->arena, "%s was skipped before this row", name)
                                : lb_arena_printf(a->arena, "%lld slots from %s on were skipped before this row",
                                                  (long long)k->count, name));
    }
}

static void report_gaps(audit *a)
{
    for (size_t g = 0; g < a->gaps; g++) {
        gap *one = &a->gap[g];
        const char *which = one->missing == 1
                                ? lb_arena_printf(a->arena, "row number %lld is missing", (long long)one->first)
                                : lb_arena_printf(a->arena, "%lld row numbers from %lld on are missing",
                                                  (long long)one->missing, (long long)one->first);
        const char *message = one->slots.length ? lb_arena_printf(a->arena, "%s (%s)", which, one->slots.data) : which;
        blame(a, a->log->row[a->order[one->before]].row, one->first, "missing_row", message);
        lb_buf_free(&one->slots);
    }
}

/* ---- rows by themselves ---- */

typedef struct named {
    const char *text;
    size_t index;
} named;

static int by_text(const void *left, const void *right)
{
    const named *l = left, *r = right;
    int order = strcmp(l->text, r->text);
    return order ? order : (l->index < r->index ? -1 : l->index > r->index);
}

static void check_subjects(audit *a)
{
    size_t n = a->log->rows;
    if (!a->log->has_subject) return;
    named *sorted = lb_arena_array(a->arena, n + 1, sizeof *sorted);
    for (size_t i = 0; i < n; i++) sorted[i] = (named){a->log->row[a->order[i]].subject, i};
    qsort(sorted, n, sizeof *sorted, by_text);
    size_t first = 0;
    for (size_t i = 0; i < n; i++) {
        size_t index = a->order[sorted[i].index];
        if (sorted[i].text[0] == 0) {
            blame_row(a, index, "no_subject", "the row names no person");
            continue;
        }
        if (i == 0 || strcmp(sorted[i].text, sorted[first].text) != 0) first = i;
        if (i == first || a->repeated[index]) continue;
        a->repeated[index] = true;
        blame_row(a, index, "subject_twice",
                  lb_arena_printf(a->arena, "%s was already randomised in row %zu", sorted[i].text,
                                  a->log->row[a->order[sorted[first].index]].row));
    }
}

static void check_words(audit *a)
{
    for (size_t i = 0; i < a->log->rows; i++) {
        const log_row *row = &a->log->row[i];
        if (row->arm_index < 0)
            blame_row(a, i, "unknown_arm", lb_arena_printf(a->arena, "'%s' is no arm of this trial", row->arm));
        if (row->event[0] && strcmp(row->event, "allocate") != 0)
            blame_row(a, i, "unknown_event",
                      lb_arena_printf(a->arena, "the event '%s' is not 'allocate': an allocation is final", row->event));
        if (!a->log->has_size || row->size < 0 || !a->log->has_block || row->block < 0) continue;
        stratum *s = &a->stratum[a->home[i]];
        if (row->block > most_blocks(s)) continue;
        draw_to_block(a, s, (size_t)row->block);
        if (s->block[row->block].size != (unsigned)row->size)
            blame_row(a, i, "wrong_block_size",
                      lb_arena_printf(a->arena, "the log says a block of %lld, the committed one has %u",
                                      (long long)row->size, s->block[row->block].size));
    }
}

static void gather_strata(audit *a)
{
    size_t n = a->log->rows;
    a->stratum = lb_arena_array(a->arena, n + 1, sizeof *a->stratum);
    a->home = lb_arena_array(a->arena, n + 1, sizeof *a->home);
    size_t *count = lb_arena_array(a->arena, n + 1, sizeof *count);
    for (size_t i = 0; i < n; i++) {
        a->home[i] = (int)stratum_named(a, a->log->row[i].stratum);
        count[a->home[i]]++;
    }
    for (size_t k = 0; k < a->strata; k++)
        a->stratum[k].member = lb_arena_array(a->arena, count[k] + 1, sizeof *a->stratum[k].member);
    for (size_t i = 0; i < n; i++) {
        stratum *s = &a->stratum[a->home[a->order[i]]];
        s->member[s->members++] = i;
    }
}

static int by_row(const void *left, const void *right)
{
    const fault *l = left, *r = right;
    if (l->row != r->row) return l->row < r->row ? -1 : 1;
    return strcmp(l->kind, r->kind);
}

void trial_log_verify(const allocation_log *log, const lb_rtsm *rtsm, lb_arena *arena, lb_value *faults)
{
    audit a = {.log = log, .rtsm = rtsm, .arena = arena};
    a.repeated = lb_arena_array(arena, log->rows + 1, sizeof *a.repeated);
    a.displaced = lb_arena_array(arena, log->rows + 1, sizeof *a.displaced);
    choose_order(&a);
    gather_strata(&a);
    check_words(&a);
    for (size_t i = 0; i < log->rows; i++) {
        stratum *s = &a.stratum[a.home[a.order[i]]];
        replay_row(&a, i);
        while (s->at < s->members && s->member[s->at] <= i) s->at++;
    }
    check_subjects(&a);
    check_numbers(&a);
    check_times(&a);
    settle_skips(&a);
    report_gaps(&a);
    if (a.faults) qsort(a.fault, a.faults, sizeof *a.fault, by_row);
    for (size_t i = 0; i < a.faults; i++) {
        lb_value *one = lb_push_object(faults);
        lb_set_int(one, "row", (int64_t)a.fault[i].row);
        if (a.fault[i].seq >= 0) lb_set_int(one, "seq", a.fault[i].seq);
        else lb_set_null(one, "seq");
        lb_set_text(one, "kind", a.fault[i].kind);
        lb_set_text(one, "message", a.fault[i].message);
    }
}
