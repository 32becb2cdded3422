/* The protocol as pages read it, its versions, the preview of an amendment, activation, carrying entries over. */
#include "server/study_home.h"
#include "trial/conduct/amend.h"
#include "trial/conduct/records.h"

#include <string.h>

enum { TEXT_LARGEST = 4 << 20, MOVED_AT_ONCE = 500 };

typedef struct protocol_work {
    study_request *request;
    const lb_record *record;
    const lb_study *study;
    lb_study *fresh;
    lb_bytes text;
    lb_value *list, *out, *findings;
    const char *after;
    bool dry;
} protocol_work;

static const lb_actor system_actor = {.user = "system", .role = "system", .masked = false, .clinical = true};

static int read_protocol(lb_tx *tx, void *context, lb_error *err)
{
    protocol_work *w = context;
    return lb_tx_get(tx, LB_KIND_PROTOCOL, w->study->version, &w->record, err);
}

/* The whole file but two things: the sizes of blocks, which no page shows, and what the simulator invents people from. */
static lb_value *shown_root(const lb_study *study, lb_arena *arena)
{
    lb_value *root = lb_value_object(arena);
    for (size_t i = 0; i < study->root->count; i++) {
        const char *key = study->root->key[i];
        if (strcmp(key, "simulation") == 0) continue;
        if (strcmp(key, "randomisation") != 0) {
            lb_set(root, key, study->root->item[i]);
            continue;
        }
        lb_value *plain = lb_set_object(root, key);
        const lb_value *all = study->root->item[i];
        for (size_t k = 0; k < all->count; k++)
            if (strcmp(all->key[k], "blocks") != 0 && strcmp(all->key[k], "note") != 0) lb_set(plain, all->key[k], all->item[k]);
    }
    return root;
}

static int get_protocol(study_request *r, lb_answer *answer, lb_error *err)
{
    protocol_work w = {.request = r, .study = r->study};
    const char *version = study_query(r, "version");
    int code = version ? study_version(r, version, &w.study, err) : LB_OK;
    if (!code) code = study_read(r, read_protocol, &w, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    static const char *const kept[] = {"sha256", "date", "activated", "commitment", "note"};
    lb_set_text(out, "version", w.study->version);
    lb_set_text(out, "state", w.record ? w.record->state : NULL);
    for (size_t i = 0; w.record && i < LB_COUNT(kept); i++)
        if (lb_get(w.record->body, kept[i])) lb_set(out, kept[i], lb_get(w.record->body, kept[i]));
    lb_set(out, "protocol", shown_root(w.study, r->arena));
    study_answer(answer, out);
    return LB_OK;
}

static int take_version(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    static const char *const kept[] = {"sha256", "date", "activated", "commitment", "note"};
    protocol_work *w = context;
    lb_value *one = lb_push_object(w->list);
    lb_set_text(one, "version", record->key);
    lb_set_text(one, "state", record->state);
    for (size_t i = 0; i < LB_COUNT(kept); i++)
        if (lb_get(record->body, kept[i])) lb_set(one, kept[i], lb_get(record->body, kept[i]));
    lb_set_text(one, "by", record->changed_by);
    return 0;
}

static int read_versions(lb_tx *tx, void *context, lb_error *err)
{
    const lb_find find = {.kind = LB_KIND_PROTOCOL};
    return lb_tx_scan(tx, &find, take_version, context, err);
}

static int get_versions(study_request *r, lb_answer *answer, lb_error *err)
{
    lb_value *out = lb_value_object(r->arena);
    protocol_work w = {.request = r, .list = lb_set_array(out, "versions")};
    int code = study_read(r, read_versions, &w, err);
    if (!code) study_answer(answer, out);
    return code;
}

/* -- amendments --------------------------------------------------------------------------------------------------------------- */

/* The file that was sent, read. *bad: it has flaws, which stand in findings. */
static int read_fresh(protocol_work *w, bool *bad, lb_error *err)
{
    const char *text = study_text(w->request, "text");
    w->text = (lb_bytes){(const uint8_t *)text, strlen(text), "protocol"};
    w->findings = lb_value_array(w->request->arena);
    if (w->text.length > TEXT_LARGEST) return lb_fail(err, LB_TOO_LARGE, "a protocol file is smaller than 4 MiB");
    int code = lb_study_read(&w->text, w->request->arena, &w->fresh, w->findings, err);
    *bad = code == LB_BAD_DATA;
    return *bad ? LB_OK : code;
}

static int read_touched(lb_tx *tx, void *context, lb_error *err)
{
    protocol_work *w = context;
    return lb_amend_touched(tx, w->request->study, w->list, w->request->actor.masked, &w->out, err);
}

static int look_over(lb_tx *tx, void *context, lb_error *err)
{
    protocol_work *w = context;
    return lb_amend_migrate(tx, w->fresh, NULL, MOVED_AT_ONCE, true, NULL, &w->out, err);
}

/* To whoever sees no clinical data: how many, not whose. */
static void add_misfits(const protocol_work *w, const lb_value *looked, lb_value *out)
{
    const lb_value *left = lb_get(looked, "left");
    lb_set_int(out, "would_move", lb_get_int(looked, "moved", 0));
    lb_set_int(out, "would_stay", left ? (int64_t)left->count : 0);
    if (w->request->actor.clinical && left) lb_set(out, "misfits", (lb_value *)left);
}

static int post_preview(study_request *r, lb_answer *answer, lb_error *err)
{
    protocol_work w = {.request = r};
    bool bad = false;
    int code = read_fresh(&w, &bad, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set(out, "findings", w.findings);
    lb_value *problems = lb_set_array(out, "problems");
    w.list = lb_set_array(out, "changes");
    if (!bad) {
        lb_set_text(out, "version", w.fresh->version);
        lb_amend_problems(r->study, w.fresh, problems);
        lb_amend_difference(r->study, w.fresh, w.list);
        code = lb_store_read(r->store, &system_actor, r->arena, read_touched, &w, err);
        if (!code) lb_set(out, "touched", w.out);
        lb_actor looking = r->actor;
        looking.clinical = true; /* counted; add_misfits() decides what is told */
        if (!code) code = lb_store_read(r->store, &looking, r->arena, look_over, &w, err);
        if (!code) add_misfits(&w, w.out, out);
    }
    lb_set_bool(out, "possible", !bad && problems->count == 0);
    if (!code) study_answer(answer, out);
    if (w.fresh) lb_study_close(w.fresh);
    return code;
}

static int activate(lb_tx *tx, void *context, lb_error *err)
{
    const protocol_work *w = context;
    return lb_amend_activate(tx, w->request->study, w->fresh, &w->text, study_text(w->request, "note"), err);
}

static int post_activate(study_request *r, lb_answer *answer, lb_error *err)
{
    protocol_work w = {.request = r};
    bool bad = false;
    int code = study_confirm(r, study_text(r, "password"), err);
    if (!code) code = read_fresh(&w, &bad, err);
    if (bad) return LB_BAD_DATA;
    if (!code) code = study_write(r, activate, &w, err);
    if (!code) {
        lb_value *out = lb_value_object(r->arena);
        lb_set_text(out, "version", w.fresh->version);
        study_answer(answer, out);
        study_home_refresh(r->home);
    }
    if (w.fresh) lb_study_close(w.fresh);
    return code;
}

static int migrate(lb_tx *tx, void *context, lb_error *err)
{
    protocol_work *w = context;
    return lb_amend_migrate(tx, w->request->study, w->after, MOVED_AT_ONCE, false, study_text(w->request, "reason"), &w->out, err);
}

/* All of them, a few hundred a transaction, so that others can save in between. Under the system's eyes: a masked data manager
 * carries over what they may not read, too, and is told the numbers of what they may. */
static int post_migrate(study_request *r, lb_answer *answer, lb_error *err)
{
    protocol_work w = {.request = r};
    int64_t moved = 0;
    lb_actor mover = r->actor;
    mover.masked = false;
    mover.clinical = true;
    lb_value *out = lb_value_object(r->arena);
    const char *reason = study_text(r, "reason");
    if (!reason[strspn(reason, " \t\n")]) return lb_fail(err, LB_BAD_DATA, "say why the entries are carried over");
    protocol_work seen = {.request = r, .fresh = (lb_study *)r->study};
    int code = study_read(r, look_over, &seen, err);
    do {
        if (!code) code = lb_store_write(r->store, &mover, r->arena, migrate, &w, err);
        if (code) return code;
        moved += lb_get_int(w.out, "moved", 0);
        w.after = lb_get_text(w.out, "next", NULL);
    } while (w.after);
    lb_set_int(out, "moved", r->actor.masked ? lb_get_int(seen.out, "moved", 0) : moved);
    lb_set(out, "left", r->actor.clinical ? lb_get(seen.out, "left") : lb_value_array(r->arena));
    study_answer(answer, out);
    return LB_OK;
}

static const study_route routes[] = {
    {"GET", "/api/protocol", LB_MAY_PROTOCOL, 0, get_protocol, "the protocol in force, or a version of it", "version", NULL,
     "{version:text,state:text~,sha256?:text,date?:text~,activated?:text~,commitment?:text~,note?:text~,protocol:{*:any}}"},
    {"GET", "/api/protocol/versions", LB_MAY_PROTOCOL, 0, get_versions, "every version", NULL, NULL, "{versions:[#ProtocolVersion]}"},
    {"POST", "/api/protocol/preview", LB_MAY_AMEND, 0, post_preview, "what a changed protocol changes, and which records it touches", NULL, "{text:text}", "#Amendment"},
    {"POST", "/api/protocol/activate", LB_MAY_AMEND, 0, post_activate, "put a changed protocol in force", NULL, "{text:text,note:text,password:text}", "{version:text}"},
    {"POST", "/api/protocol/migrate", LB_MAY_AMEND, 0, post_migrate, "carry entries over to the version in force, where they fit", NULL, "{reason:text}",
     "{moved:int,left:[#Misfit]}"},
};

static const study_schema schemas[] = {
    {"ProtocolVersion", "{version:text,state:text,sha256?:text,date?:text~,activated?:text~,commitment?:text~,note?:text~,by:text~}"},
    {"Misfit", "{subject:text,visit:text,form:text,item:text~,message:text}"},
    {"Amendment", "{possible:bool,version?:text,findings:[any],problems:[text],changes:[{where:text,kind:(added|removed|changed),before:any,after:any}],"
                  "touched?:{entries:int,people:int,forms:[{form:text,label:#Label,entries:int}]},would_move?:int,would_stay?:int,misfits?:[#Misfit]}"},
};

const study_table study_protocol_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};
