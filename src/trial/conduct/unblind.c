/* After the allocation: emergency unblinding of one person, mistakes that are recorded and change nothing, and the log that
 * anyone can verify when the seed is revealed. */
#include <string.h>

#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"

typedef struct unblinding {
    lb_store *store;
    const lb_study *study;
    const char *subject, *reason;
    lb_value *out;
} unblinding;

static int unblind(lb_tx *tx, void *context, lb_error *err)
{
    unblinding *u = context;
    lb_arena *arena = lb_tx_arena(tx);
    lb_person *p;
    int arm;
    const char *key;
    int code = lb_person_load(tx, u->study, u->subject, &p, err);
    if (code == LB_OK) code = lb_arm_of(tx, u->store, u->study, u->subject, &arm, err);
    if (code != LB_OK) return code;
    if (arm < 0) return lb_fail(err, LB_CONFLICT, "%s has not been randomised", u->subject);
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "reason", u->reason);
    lb_set_text(body, "by", lb_tx_actor(tx)->user);
    lb_set_text(body, "at", lb_when(lb_tx_now_us(tx), arena));
    code = lb_next_key(tx, LB_KIND_UNBLINDING, u->subject, true, &key, err);
    if (code == LB_OK) code = lb_add_record(tx, p, LB_KIND_UNBLINDING, key, NULL, true, body, "unblind", u->reason, err);
    u->out = lb_body_copy(body, arena);
    lb_set(u->out, "arm", lb_arm_value(u->study, arm, arena));
    return code;
}

int lb_unblind_person(lb_store *store, const lb_actor *actor, const lb_study *study, const char *subject, const char *reason, lb_arena *arena,
                      lb_value **out, lb_error *err)
{
    unblinding u = {store, study, subject, reason, NULL};
    if (actor->masked) return lb_fail(err, LB_FORBIDDEN, "a masked role cannot unblind");
    if (!reason || strlen(reason) < 10) {
        lb_fail(err, LB_BAD_DATA, "an emergency unblinding needs a reason in words");
        lb_error_where(err, "reason");
        return LB_BAD_DATA;
    }
    int code = lb_store_write(store, actor, arena, unblind, &u, err);
    *out = u.out;
    return code;
}

int lb_allocation_flag(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_record *allocation;
    lb_person *p;
    const char *kind = lb_get_text(ask, "kind", ""), *text = lb_get_text(ask, "text", "");
    int code = lb_person_load(tx, study, subject, &p, err);
    if (code == LB_OK) code = lb_tx_get(tx, LB_KIND_ALLOCATION, subject, &allocation, err);
    if (code != LB_OK) return code;
    if (!allocation || !p->randomised) return lb_fail(err, LB_CONFLICT, "%s has not been randomised", subject);
    bool stratum = strcmp(kind, "wrong_stratum") == 0;
    if (!stratum && strcmp(kind, "ineligible") != 0) return lb_fail(err, LB_BAD_DATA, "'%.40s' is no mistake known here: wrong_stratum or ineligible", kind);
    if (!*text) return lb_fail(err, LB_BAD_DATA, "say in words what was found");
    lb_value *body = lb_body_copy(allocation->body, arena), *flags = lb_value_array(arena);
    const lb_value *before = lb_get(body, "flags");
    for (size_t i = 0; before && i < before->count; i++) lb_push(flags, before->item[i]);
    lb_value *one = lb_push_object(flags);
    lb_set_text(one, "kind", kind);
    lb_set_text(one, "text", text);
    lb_set_text(one, "by", lb_tx_actor(tx)->user);
    lb_set_text(one, "at", lb_when(lb_tx_now_us(tx), arena));
    lb_set(body, "flags", flags);
    if (stratum) lb_set_text(body, "true_stratum", lb_get_text(ask, "true_stratum", NULL));
    lb_record changed = *allocation;
    lb_change change = {"flag", text, study->version};
    changed.body = body;
    return lb_tx_put(tx, &changed, allocation->revision, &change, err);
}

/* ---- the log ---- */

static int take_past(void *context, const lb_allocation_past *past, lb_error *err)
{
    (void)err;
    lb_buf *csv = context;
    char at[24];
    lb_time_text(past->at_us / 1000000, at);
    lb_buf_printf(csv, "%lld,%s,%s,%s,%s,allocate,%lld\n", (long long)past->sequence, at, past->subject, past->stratum, past->arm, (long long)past->slot);
    return 0;
}

int lb_allocation_log(const lb_allocator_face *allocator, lb_buf *csv, lb_error *err)
{
    lb_buf_puts(csv, "seq,time_utc,subject,stratum,arm,event,slot\n");
    return allocator->past(allocator->context, take_past, csv, err);
}

/* ---- could the next one have been guessed? ---- */

typedef struct tally {
    const char *stratum;
    int64_t of[LB_RTSM_ARMS];
} tally;

typedef struct guessing {
    const lb_study *study;
    lb_arena *arena;
    tally *list;
    size_t count, room;
    double right;
    int64_t n;
} guessing;

static tally *tally_of(guessing *g, const char *stratum)
{
    for (size_t i = 0; i < g->count; i++)
        if (strcmp(g->list[i].stratum, stratum) == 0) return &g->list[i];
    g->list = lb_arena_grow(g->arena, g->list, g->count, &g->room, 16, sizeof *g->list);
    g->list[g->count] = (tally){.stratum = lb_arena_text(g->arena, stratum)};
    return &g->list[g->count++];
}

static int guess(void *context, const lb_allocation_past *past, lb_error *err)
{
    (void)err;
    guessing *g = context;
    tally *t = tally_of(g, past->stratum);
    size_t arms = g->study->arm_count < LB_RTSM_ARMS ? g->study->arm_count : LB_RTSM_ARMS, fewest = 0, arm = arms;
    int64_t least = INT64_MAX;
    for (size_t a = 0; a < arms; a++) {
        if (t->of[a] < least) least = t->of[a];
        if (strcmp(g->study->arm[a].code, past->arm) == 0) arm = a;
    }
    if (arm == arms) return 0;
    for (size_t a = 0; a < arms; a++) fewest += t->of[a] == least;
    g->right += t->of[arm] == least ? 1 / (double)fewest : 0;
    g->n++;
    t->of[arm]++;
    return 0;
}

int lb_guess_rate(const lb_allocator_face *allocator, const lb_study *study, lb_arena *arena, double *rate, int64_t *n, lb_error *err)
{
    guessing g = {.study = study, .arena = arena};
    int code = allocator->past(allocator->context, guess, &g, err);
    *n = g.n;
    *rate = g.n ? g.right / (double)g.n : 0;
    return code;
}
