/* Data of another system into a study: first all of it is looked at, then all of it is written in one transaction, or nothing.
 * Readers (import_odm.c, import_rows.c) turn a file into changes; import.c checks them against the protocol and the store and
 * writes them. A change that was made elsewhere keeps who made it, when and why (lb_origin) beside who brought it here. */
#ifndef LUMBAR_TRIAL_IMPORT_H
#define LUMBAR_TRIAL_IMPORT_H

#include "trial/conduct/store.h"
#include "trial/exchange/exchange.h"

#include <lumbar/op.h>
#include <lumbar/trial.h>

/** One answer: a text as the file has it, or none (then `missing` may say why). */
typedef struct lb_import_value {
    const lb_study_item *item;
    const char *text, *missing;
    const char *where;
} lb_import_value;

typedef struct lb_import_person {
    const char *subject, *site, *where;
    lb_origin origin; /**< user NULL: not known */
    const char *action, *reason, *version; /**< of that entry, or NULL */
} lb_import_person;

/** One saving of one form. Values lie at [first, first + count) of the import's. */
typedef struct lb_import_change {
    size_t person, first, count, order;
    int visit, occurrence, form;
    lb_origin origin; /**< user NULL: not known */
    const char *action, *reason, *version, *where;
} lb_import_change;

typedef struct lb_import {
    const lb_study *study;
    const lb_registry *registry; /**< scores */
    lb_arena *arena;
    const char *system, *format, *sha256, *name; /**< of the file */
    bool derives;                /**< derived items are computed here; false: they come as they were */
    lb_value *map;               /**< {their word: ours, or "-": left out} */
    lb_value *findings, *seen;
    lb_value *users;             /**< {sign-in name: full name} of those who made the changes */
    lb_import_person *person;
    lb_import_change *change;
    lb_import_value *value;
    size_t people, changes, values, person_room, change_room, value_room;
    size_t *slot, slots;         /**< people by their code: open addressing, 0 = empty, else index + 1 */
} lb_import;

/** How rows name what they belong to; NULL: found by the usual names. A word that is no column is itself the site or visit. */
typedef struct lb_import_rows_options {
    const char *id, *site, *visit, *occurrence;
} lb_import_rows_options;

void lb_import_begin(lb_import *import, const lb_study *study, const lb_registry *registry, lb_arena *arena);
void lb_import_end(lb_import *import);
/** `from,to` a row: their word, ours. */
int lb_import_map(lb_import *import, const lb_bytes *csv, lb_error *err) LB_MUST_CHECK;
/** ODM of any vendor; `data` NULL: definitions and data are in one file. */
int lb_import_odm(lb_import *import, const xml_node *root, const xml_node *data, lb_error *err) LB_MUST_CHECK;
/** A table of entered records: REDCap data, REC, EPX. */
int lb_import_rows(lb_import *import, const entry_file *file, const lb_import_rows_options *options, lb_error *err) LB_MUST_CHECK;
/** Everything against the protocol and what is in the store: findings; no error among them means it can be written. */
int lb_import_check(lb_tx *tx, lb_import *import, lb_error *err) LB_MUST_CHECK;
/** All of it, and the record of the import (*id). Checks again first: LB_CONFLICT when something is in the way by now. */
int lb_import_write(lb_tx *tx, lb_import *import, const char **id, lb_error *err) LB_MUST_CHECK;

/** What it is and how much: format, system, sha256, people, changes, values. */
void lb_import_figures(const lb_import *import, lb_value *out);

/* -- between the readers and import.c -- */
/** A finding, told once with a count. */
void import_find(lb_import *import, const char *severity, const char *where, const char *fmt, ...) LB_PRINTF(4, 5);
/** Our word for theirs: by the map, else theirs. NULL: left out on purpose. */
const char *import_word(const lb_import *import, const char *word);
/** The person, made when new. SIZE_MAX and a finding when code or site cannot be. */
size_t import_person(lb_import *import, const char *subject, const char *site, const char *where);
lb_import_change *import_change(lb_import *import, size_t person);
void import_value(lb_import *import, lb_import_change *change, const lb_study_item *item, const char *text, const char *missing, const char *where);
/** A form at a visit (−1: the only one it belongs to) and occasion (0: not said), put right; false and a finding when it cannot be. */
bool import_place(lb_import *import, int form, int *visit, int *occurrence, const char *where);
/** Two savings of one form that do not say when they were made: which one counts cannot be told. */
void import_check_twice(lb_import *import);
/** "no such item 'xyz'" with the nearest, as an error. */
void import_unknown(lb_import *import, const char *what, const char *word, const char *where, const char *const *names, size_t count);

#endif
