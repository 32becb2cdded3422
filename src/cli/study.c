/* `lumbar study new | lock | reopen | unblind | verify | backup | restore | …`: verbs on the database of a study, for whoever
 * has the machine. They may run beside a running server. */
#include "cli/study.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/lifecycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const lb_actor study_operator = {"operator", "operator", NULL, 0, false, true};

static const char usage_text[] =
    "usage: lumbar study VERB --db DB [--json] [-o FILE]\n"
    "\n"
    "  new PROTOCOL.yaml --db DB [--admin NAME] [--name 'FULL NAME']   a new study: database, keys, sealed seed, first administrator\n"
    "  verify --db DB                    is everything as it was written? exit 3 when not\n"
    "  snapshot --db DB [--label TEXT]   freeze the tables that analyses read\n"
    "  export --db DB -o FOLDER [--format csv|odm|registry]   CSV and codebook, CDISC ODM 1.3.2, or the registry record\n"
    "  import FILE --db DB [--records DATA] [--map MAP.csv] [--site S] [--visit V] [--dry-run]   ODM, REDCap, REC, EPX, CSV into the study\n"
    "  lock --db DB [--reason TEXT]      no change of data from now on; a reason is needed when something is open\n"
    "  reopen --db DB --reason TEXT      as long as nobody was unblinded\n"
    "  unblind --db DB [-o LOG.csv]      after the lock: the seed is revealed, randomisation ends for good\n"
    "  backup --db DB -o FOLDER          a copy, while others write; without the keys\n"
    "  archive --db DB -o FOLDER         casebooks, CSV, ODM, audit, manifest: opens with a browser and sha256sum alone\n"
    "  verify FOLDER                     the same for an archive\n"
    "  close --db DB                     the conduct is over: the time of retention begins\n"
    "  purge --db DB --as USER           after that time; two administrators, one after the other, each with the password\n"
    "  move --db DB --to DB2             into PostgreSQL or back, with equal hashes; nobody may write meanwhile\n"
    "  restore FOLDER --db DB            the way back; never overwrites\n"
    "\n"
    "The keys lie in DB.keys, or where LUMBAR_KEYS says. docs/store.md tells how they are kept.\n";

static bool take(int argc, char **argv, int *i, const char *name, const char **value)
{
    size_t length = strlen(name);
    if (strncmp(argv[*i], name, length) != 0) return false;
    if (argv[*i][length] == '=') {
        *value = argv[*i] + length + 1;
        return true;
    }
    if (argv[*i][length] != '\0' || *i + 1 >= argc) return false;
    *value = argv[++*i];
    return true;
}

static int read_words(int argc, char **argv, study_words *w, lb_error *err)
{
    const struct { const char *name; const char **value; } options[] = {
        {"--db", &w->db}, {"-o", &w->output}, {"--output", &w->output}, {"--reason", &w->reason}, {"--label", &w->label},
        {"--admin", &w->admin}, {"--name", &w->name}, {"--format", &w->format},
        {"--to", &w->to}, {"--beside", &w->beside}, {"--as", &w->as}, {"--records", &w->records}, {"--checks", &w->checks},
        {"--map", &w->map}, {"--id", &w->id}, {"--site", &w->site}, {"--visit", &w->visit}, {"--occurrence", &w->occurrence}};
    for (int i = 0; i < argc; i++) {
        bool known = false;
        if (strcmp(argv[i], "--json") == 0) known = w->json = true;
        else if (strcmp(argv[i], "--quiet") == 0) known = w->quiet = true;
        else if (strcmp(argv[i], "--dry-run") == 0 && strcmp(w->verb, "import") == 0) known = w->dry_run = true;
        for (size_t k = 0; k < LB_COUNT(options) && !known; k++) known = take(argc, argv, &i, options[k].name, options[k].value);
        if (!known && argv[i][0] != '-' && !w->file) {
            w->file = argv[i];
            known = true;
        }
        if (known) continue;
        lb_fail(err, LB_USAGE, "study %s does not know '%.100s', or it needs a value", w->verb, argv[i]);
        lb_error_hint(err, "see lumbar study --help");
        return LB_USAGE;
    }
    if (w->db || (w->file && strcmp(w->verb, "verify") == 0)) return LB_OK;
    lb_fail(err, LB_USAGE, "study %s needs --db", w->verb);
    lb_error_hint(err, "name the database of the study: --db trial.db");
    return LB_USAGE;
}

/* ---- what verbs share ---- */

void study_allocator_places(const lb_store *store, char **folder, char **key)
{
    size_t room = strlen(lb_store_beside(store)) + strlen(lb_store_keys(store)) + 32;
    *folder = lb_alloc(room, 1);
    *key = lb_alloc(room, 1);
    snprintf(*folder, room, "%s.allocator", lb_store_beside(store));
    snprintf(*key, room, "%s/allocator.key", lb_store_keys(store));
}

int study_allocator(const lb_store *store, lb_allocator **out, lb_error *err)
{
    char *folder, *key;
    study_allocator_places(store, &folder, &key);
    const lb_allocator_options options = {NULL, folder, key};
    int code = lb_allocator_start(&options, out, err);
    free(folder);
    free(key);
    return code;
}

static int find_active(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    *(const char **)context = lb_get_text(record->body, "text", NULL);
    return 1;
}

static int read_active(lb_tx *tx, void *context, lb_error *err)
{
    const lb_find find = {.kind = LB_KIND_PROTOCOL, .state = "active", .limit = 1};
    return lb_tx_scan(tx, &find, find_active, context, err);
}

int study_protocol_text(lb_store *store, lb_arena *arena, const char **out, lb_error *err)
{
    *out = NULL;
    int code = lb_store_read(store, &study_operator, arena, read_active, out, err);
    return !code && !*out ? lb_fail(err, LB_NOT_FOUND, "this database holds no protocol in force") : code;
}

int study_protocol(lb_store *store, lb_arena *arena, lb_study **out, lb_error *err)
{
    const char *text = NULL;
    *out = NULL;
    int code = study_protocol_text(store, arena, &text, err);
    lb_bytes bytes = {(const uint8_t *)text, text ? strlen(text) : 0, "protocol"};
    return code ? code : lb_study_read(&bytes, arena, out, NULL, err);
}

/* ---- new ---- */

typedef struct founding {
    const lb_study *study;
    const lb_bytes *text;
    const char *commitment;
    const lb_user_new *administrator;
} founding;

static int found(lb_tx *tx, void *context, lb_error *err)
{
    const founding *f = context;
    return lb_study_found(tx, f->study, f->text, f->commitment, f->administrator, err);
}

static int draw_seed(lb_store *store, const lb_study *study, char commitment[65], lb_error *err)
{
    char *folder, *key;
    lb_buf plan = {0};
    study_allocator_places(store, &folder, &key);
    const lb_allocator_options options = {NULL, folder, key};
    lb_allocator_plan(study, &plan);
    int code = lb_allocator_create(&options, plan.data, commitment, err);
    lb_buf_free(&plan);
    free(folder);
    free(key);
    return code;
}

static int found_study(const study_words *w, const lb_study *study, const lb_bytes *text, lb_result *result, lb_arena *arena, lb_error *err)
{
    const char *admin = w->admin ? w->admin : "admin";
    char once[LB_PASSWORD_ONCE], hash[LB_PASSWORD_HASH], commitment[65];
    lb_store_options options = LB_STORE_OPTIONS_INIT;
    options.where = w->db;
    options.create = true;
    lb_store *store = NULL;
    int code = lb_user_name_check(admin, err);
    lb_password_make(once);
    if (!code) code = lb_password_hash(once, hash, err);
    if (!code) code = lb_store_open(&options, &store, err);
    if (code) return code;
    code = draw_seed(store, study, commitment, err);
    const lb_user_new administrator = {.name = admin, .full_name = w->name ? w->name : admin, .role = "administrator", .hash = hash};
    founding f = {study, text, commitment, &administrator};
    if (!code) code = lb_store_write(store, &study_operator, arena, found, &f, err);
    if (!code) {
        lb_value *r = result->results, *who = lb_value_object(result->arena);
        lb_set_text(r, "study", study->id);
        lb_set_text(r, "version", study->version);
        lb_set_text(r, "protocol_sha256", study->sha256);
        lb_set_text(r, "commitment", commitment);
        lb_set_text(r, "database", lb_arena_text(result->arena, w->db));
        lb_set_text(r, "keys", lb_arena_text(result->arena, lb_store_keys(store)));
        lb_set_text(who, "name", lb_arena_text(result->arena, admin));
        lb_set_text(who, "password", lb_arena_text(result->arena, once));
        lb_set(r, "administrator", who);
        lb_result_note(result, "The password is shown once and must be changed at the first sign-in. Publish the commitment: with the seed, "
                               "revealed after the lock, anyone can check every allocation. Back up the keys apart from the database: "
                               "without them neither can be read.");
    }
    lb_store_close(store);
    return code;
}

static int verb_new(const study_words *w, lb_result *result, lb_error *err)
{
    if (!w->file) return lb_fail(err, LB_USAGE, "study new needs the protocol's file");
    lb_arena *arena = lb_arena_new();
    lb_bytes text;
    lb_study *study = NULL;
    int code = lb_file_read(w->file, (size_t)8 << 20, arena, &text, err);
    if (!code) code = lb_study_read(&text, arena, &study, NULL, err);
    if (!code) code = found_study(w, study, &text, result, arena, err);
    lb_study_close(study);
    lb_arena_free(arena);
    return code;
}

/* ---- verbs on an open store ---- */

static int verb_verify(const study_words *w, lb_store *store, lb_result *result, lb_error *err)
{
    (void)w;
    lb_value *out;
    int code = lb_store_verify(store, result->arena, &out, err);
    if (code) return code;
    result->results = out;
    if (!lb_get_bool(out, "valid", false)) lb_result_status(result, "not_valid");
    return LB_OK;
}

static int lock_body(lb_tx *tx, void *context, lb_error *err) { return lb_study_lock(tx, context, err); }
static int reopen_body(lb_tx *tx, void *context, lb_error *err) { return lb_study_reopen(tx, context, err); }

static int verb_lock(const study_words *w, lb_store *store, lb_result *result, lb_error *err)
{
    bool lock = strcmp(w->verb, "lock") == 0;
    lb_value *checked;
    int code = lb_store_write(store, &study_operator, result->arena, lock ? lock_body : reopen_body, (void *)w->reason, err);
    lb_set_text(result->results, "state", lock ? "locked" : "running");
    if (!code) code = lb_store_verify(store, result->arena, &checked, err);
    if (code) return code;
    static const char *const keys[] = {"valid", "entries", "records", "end_of_chain"};
    for (size_t i = 0; i < LB_COUNT(keys); i++) lb_set(result->results, keys[i], lb_get(checked, keys[i]));
    return LB_OK;
}

static int close_body(lb_tx *tx, void *context, lb_error *err) { return lb_study_close_conduct(tx, *(int *)context, err); }

static int verb_close(const study_words *w, lb_store *store, lb_result *result, lb_error *err)
{
    lb_study *study = NULL;
    lb_arena *arena = lb_arena_new();
    (void)w;
    int code = study_protocol(store, arena, &study, err);
    int years = code ? 5 : (int)lb_get_int(lb_get(study->root, "retention"), "years", 5);
    if (!code) code = lb_store_write(store, &study_operator, arena, close_body, &years, err);
    lb_set_text(result->results, "state", "closed");
    lb_set_int(result->results, "years", years < 5 ? 5 : years);
    lb_study_close(study);
    lb_arena_free(arena);
    return code;
}

static const char *how_to_verify(const lb_study *study, const char *log, const char *seed, lb_arena *arena)
{
    lb_buf text = {0};
    lb_buf_printf(&text, "lumbar randomise verify %s --trial %s --seed %s", log, study->rtsm.trial, seed);
    for (unsigned i = 0; i < study->rtsm.arm_count; i++) lb_buf_printf(&text, "%s%s", i ? "," : " --arms ", study->rtsm.arm[i]);
    for (unsigned i = 0; !study->minimised && i < study->rtsm.size_count; i++) lb_buf_printf(&text, "%s%u", i ? "," : " --blocks ", study->rtsm.size[i]);
    for (size_t i = 0; study->minimised && i < study->factor_count; i++) lb_buf_printf(&text, "%s%s", i ? "," : " --factors ", study->factor[i]);
    for (size_t i = 0; study->minimised && i < study->factor_count; i++)
        lb_buf_printf(&text, "%s%s=%g", i ? "," : " --weights ", study->factor[i], study->factor_weight[i]);
    if (study->minimised) lb_buf_printf(&text, " --method %s --p-best %g", study->variance ? "variance" : "range", study->p_best);
    const char *kept = lb_arena_text(arena, text.data);
    lb_buf_free(&text);
    return kept;
}

static int verb_unblind(const study_words *w, lb_store *store, lb_result *result, lb_error *err)
{
    lb_study *study = NULL;
    lb_allocator *allocator = NULL;
    lb_arena *arena = lb_arena_new();
    char seed[65], sha256[65];
    lb_buf log = {0};
    int code = study_protocol(store, arena, &study, err);
    if (!code) code = study_allocator(store, &allocator, err);
    if (!code) code = lb_study_unblind(store, &study_operator, lb_allocator_ask(allocator), &study->rtsm, seed, err);
    if (!code) code = lb_allocator_log(allocator, &log, err);
    if (!code && w->output) code = lb_file_write(w->output, log.data ? log.data : "", log.length, err);
    if (!code) {
        lb_sha256_hex(log.data ? log.data : "", log.length, sha256);
        lb_set_text(result->results, "trial", lb_arena_text(result->arena, study->rtsm.trial));
        lb_set_text(result->results, "seed", lb_arena_text(result->arena, seed));
        lb_set_text(result->results, "log_sha256", lb_arena_text(result->arena, sha256));
        lb_result_note(result, "Check every allocation with: %s", how_to_verify(study, w->output ? w->output : "LOG.csv", seed, arena));
    }
    lb_buf_free(&log);
    lb_allocator_stop(allocator);
    lb_study_close(study);
    lb_arena_free(arena);
    return code;
}

static int note_backup(lb_tx *tx, void *context, lb_error *err)
{
    const lb_audit note = {.kind = LB_KIND_STUDY, .key = "study", .action = "backup", .after = context};
    return lb_tx_note(tx, &note, err);
}

static int verb_backup(const study_words *w, lb_store *store, lb_result *result, lb_error *err)
{
    if (!w->output) return lb_fail(err, LB_USAGE, "study backup needs a folder: -o FOLDER");
    lb_value *about = lb_value_object(result->arena);
    int code = lb_store_backup(store, w->output, result->arena, &result->results, err);
    if (code) return code;
    lb_set_text(about, "manifest_sha256", lb_get_text(result->results, "manifest_sha256", ""));
    lb_result_note(result, "The keys are not in the backup: keep the folder %s apart from it.", lb_store_keys(store));
    return lb_store_write(store, &study_operator, result->arena, note_backup, about, err);
}

static int verb_restore(const study_words *w, lb_result *result, lb_error *err)
{
    if (!w->file) return lb_fail(err, LB_USAGE, "study restore needs the folder of the backup");
    int code = lb_store_restore(w->file, w->db, result->arena, &result->results, err);
    if (code) return code;
    lb_result_note(result, "Put the keys into %s.keys (or name their folder in LUMBAR_KEYS), then run: lumbar study verify --db %s", w->db, w->db);
    lb_result_note(result, "Whoever was randomised after this backup was made is not in it. With the keys of the running study the allocator knows and "
                           "randomises nobody until its own folder (DB.allocator of the original) is put in place of the backup's; with keys from the "
                           "safe it cannot know: compare with the notices sent at each allocation first.");
    return LB_OK;
}

/* The chain of the copy must end as the original's does. */
static int ends_of(const char *where, const char *beside, const char *keys, lb_arena *arena, lb_value **out, lb_error *err)
{
    const lb_store_options options = {.where = where, .beside = beside, .keys = keys};
    lb_store *store;
    int code = lb_store_open(&options, &store, err);
    if (code) return code;
    code = lb_store_verify(store, arena, out, err);
    lb_store_close(store);
    return code;
}

static int verb_move(const study_words *w, lb_store *store, lb_result *result, lb_error *err)
{
    if (!w->to) return lb_fail(err, LB_USAGE, "study move needs --to");
    bool to_server = lb_text_starts(w->to, "postgres");
    const char *named = w->beside ? w->beside : getenv("LUMBAR_BESIDE"), *beside = to_server ? named : w->to;
    if (!beside) return lb_fail(err, LB_USAGE, "a study in PostgreSQL needs a place for its files: --beside PATH, or LUMBAR_BESIDE");
    lb_value *before, *after;
    int code = lb_store_verify(store, result->arena, &before, err);
    if (!code) code = lb_store_move(lb_store_where(store), lb_store_beside(store), w->to, beside, result->arena, &result->results, err);
    if (!code) code = ends_of(w->to, beside, lb_store_keys(store), result->arena, &after, err);
    if (code) return code;
    const char *end = lb_get_text(before, "end_of_chain", "");
    bool same = lb_get_bool(after, "valid", false) && strcmp(end, lb_get_text(after, "end_of_chain", "")) == 0;
    lb_set_bool(result->results, "equal", same);
    lb_set_text(result->results, "end_of_chain", end);
    if (!same) lb_result_status(result, "not_valid");
    lb_result_note(result, "The keys stay where they are (%s): put them beside the new place, or name their folder in LUMBAR_KEYS. The old database "
                           "is as it was; take it out of use.", lb_store_keys(store));
    return LB_OK;
}

/* ---- dispatch ---- */

typedef int (*study_verb)(const study_words *w, lb_store *store, lb_result *result, lb_error *err);
static const struct { const char *name; study_verb run; } verbs[] = {
    {"verify", verb_verify}, {"snapshot", study_snapshot}, {"export", study_export}, {"lock", verb_lock},
    {"reopen", verb_lock},   {"unblind", verb_unblind},    {"backup", verb_backup}, {"move", verb_move}, {"close", verb_close}, {"archive", study_archive}, {"import", study_import},
};

/* An archive is verified by its folder alone. */
static int verify_archive(const study_words *w, lb_result *result, lb_error *err)
{
    int code = lb_store_archive_check(w->file, result->arena, &result->results, err);
    if (!code && !lb_get_bool(result->results, "valid", false)) lb_result_status(result, "not_valid");
    return code;
}

static int run_verb(const study_words *w, lb_result *result, lb_error *err)
{
    if (strcmp(w->verb, "new") == 0) return verb_new(w, result, err);
    if (strcmp(w->verb, "restore") == 0) return verb_restore(w, result, err);
    if (!w->db) return verify_archive(w, result, err);
    lb_store_options options = LB_STORE_OPTIONS_INIT;
    options.where = w->db;
    options.beside = strcmp(w->verb, "move") == 0 ? NULL : w->beside;
    lb_store *store;
    int code = lb_store_open(&options, &store, err);
    if (code) return code;
    if (strcmp(w->verb, "purge") == 0) code = study_purge(w, &store, result, err);
    for (size_t i = 0; i < LB_COUNT(verbs); i++)
        if (strcmp(verbs[i].name, w->verb) == 0) code = verbs[i].run(w, store, result, err);
    lb_store_close(store);
    return code;
}

/* `study import` without a database is an operation: a preview of the file. */
static bool names_database(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--db") == 0 || lb_text_starts(argv[i], "--db=")) return true;
    return false;
}

bool lb_cli_study_knows(int argc, char **argv)
{
    const char *verb = argv[0];
    if (strcmp(verb, "import") == 0) return names_database(argc, argv);
    if (strcmp(verb, "new") == 0 || strcmp(verb, "restore") == 0 || strcmp(verb, "purge") == 0 || strcmp(verb, "--help") == 0) return true;
    for (size_t i = 0; i < LB_COUNT(verbs); i++)
        if (strcmp(verbs[i].name, verb) == 0) return true;
    return false;
}

int lb_cli_study(int argc, char **argv)
{
    study_words words = {.verb = argv[0]};
    lb_error err = LB_ERROR_INIT;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") != 0) continue;
        fputs(usage_text, stdout);
        return 0;
    }
    int code = read_words(argc - 1, argv + 1, &words, &err);
    lb_result *result = lb_result_new("study");
    result->operation = lb_arena_printf(result->arena, "study.%s", words.verb);
    result->title = lb_arena_printf(result->arena, "study %s", words.verb);
    lb_set_text(result->parameters, "db", words.db);
    if (!code) code = run_verb(&words, result, &err);
    int status = code ? lb_cli_error(&err) : lb_text_equal(result->status, "not_valid") || lb_text_equal(result->status, "invalid") ? 3 : 0;
    if (!code && !words.quiet) {
        lb_buf out = {0};
        if (words.json) lb_result_json(result, &out);
        else lb_result_text(result, &out);
        fwrite(out.data, 1, out.length, stdout);
        lb_buf_free(&out);
    }
    lb_result_free(result);
    return status;
}
