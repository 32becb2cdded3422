/* `lumbar study …` verbs that work on a database: what they share. */
#ifndef LUMBAR_CLI_STUDY_H
#define LUMBAR_CLI_STUDY_H

#include "allocator/allocator.h"
#include "cli/cli.h"
#include "store/store.h"

#include <lumbar/result.h>

/** The words of one call. */
typedef struct study_words {
    const char *verb, *file; /* file: the positional word */
    const char *db, *output, *reason, *label, *admin, *name, *format, *to, *beside, *as;
    const char *records, *checks, *map, *id, *site, *visit, *occurrence; /* import */
    bool json, quiet, dry_run;
} study_words;

extern const lb_actor study_operator; /* whoever has the machine and its keys */

/** Beside DB: the allocator's folder and key. Free both. */
void study_allocator_places(const lb_store *store, char **folder, char **key);
int study_allocator(const lb_store *store, lb_allocator **out, lb_error *err) LB_MUST_CHECK;
/** The protocol in force. Close it with lb_study_close(). */
int study_protocol(lb_store *store, lb_arena *arena, lb_study **out, lb_error *err) LB_MUST_CHECK;

/** Its text as it was activated. */
int study_protocol_text(lb_store *store, lb_arena *arena, const char **out, lb_error *err) LB_MUST_CHECK;

/* Verbs: fill result->results. */
int study_snapshot(const study_words *words, lb_store *store, lb_result *result, lb_error *err) LB_MUST_CHECK;
int study_export(const study_words *words, lb_store *store, lb_result *result, lb_error *err) LB_MUST_CHECK;
/** Two files in the folder words->output: the values as they are, and every change. Told in `files`. */
int study_export_odm(const study_words *words, lb_store *store, const lb_study *study, lb_value *files, lb_error *err) LB_MUST_CHECK;

int study_export_csv(const study_words *words, lb_store *store, const lb_study *study, lb_arena *arena, lb_value *files, lb_error *err) LB_MUST_CHECK;
/** Takes the store when it is purged: *store becomes NULL. */
int study_purge(const study_words *words, lb_store **store, lb_result *result, lb_error *err) LB_MUST_CHECK;
int study_import(const study_words *words, lb_store *store, lb_result *result, lb_error *err) LB_MUST_CHECK;
int study_archive(const study_words *words, lb_store *store, lb_result *result, lb_error *err) LB_MUST_CHECK;

#endif
