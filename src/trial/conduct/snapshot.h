/* Snapshots: the tables that analyses read, out of the records of a study at one moment, frozen with their hashes. The names
 * and columns are those of `study simulate`, so that a plan rehearsed on an invented trial runs on the real one unchanged.
 *
 * Every table is made twice where it must be: as it is, and as it is for people who must not know the arm. There the cells
 * of the arm and of adherence are empty, rows and columns that reveal the arm are not there. */
#ifndef LUMBAR_TRIAL_SNAPSHOT_H
#define LUMBAR_TRIAL_SNAPSHOT_H

#include "trial/conduct/store.h"

#include <lumbar/trial.h>

/** Freeze everything now. *out: {id, label, made, by, tables:[{name, rows}]}. `id` NULL: the time. */
int lb_snapshot(lb_store *store, const lb_actor *actor, const lb_study *study, const char *id, const char *label, lb_arena *arena, lb_value **out,
                lb_error *err) LB_MUST_CHECK;

/** The same tables without keeping them: for exports. `count` tables in the arena; free each csv with study_tables_free(). */
typedef struct lb_tables {
    lb_frozen *table;
    size_t count;
    lb_buf *text; /**< what the tables' bytes lie in */
    size_t texts;
} lb_tables;
int lb_tables_make(lb_store *store, const lb_actor *actor, const lb_study *study, lb_arena *arena, lb_tables *out, lb_error *err) LB_MUST_CHECK;
void lb_tables_free(lb_tables *tables);
/** Codebook of a table of these: columns name, type, label, unit, codes. */
void lb_tables_codebook(const lb_study *study, const char *table, bool masked, lb_buf *csv);

#endif
