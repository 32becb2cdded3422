/* A review being made, as one document: references found, who decided what about them, who extracted what, who judged
 * the certainty. The document is a list of references and a log of events; every state is derived from the log, so that
 * it can be audited and kept by any store. Pure domain: no files, no clock, no accounts (who and when come with the
 * event).
 *
 * {"format": "lumbar-review-1", "title", "reasons": [], "fields": [{"name", "label", "kind"}],
 *  "records": [{"id", "title", "abstract", "authors", "year", "journal", "doi", "source", "duplicate_of"}],
 *  "counts": {}, "events": [{"n", "at", "who", "what", …}]} */
#ifndef LUMBAR_EVIDENCE_DOSSIER_H
#define LUMBAR_EVIDENCE_DOSSIER_H

#include <lumbar/data.h>

enum { LB_DOSSIER_MOST_RECORDS = 50000, LB_DOSSIER_MOST_EVENTS = 500000, LB_DOSSIER_PEOPLE = 2 };
typedef enum lb_stage { LB_STAGE_TITLE, LB_STAGE_FULL } lb_stage;
typedef enum lb_decision { LB_DECISION_NONE, LB_DECISION_INCLUDE, LB_DECISION_EXCLUDE, LB_DECISION_UNSURE } lb_decision;
const char *lb_decision_name(lb_decision decision);

/** What is known of a reference at one stage. */
typedef struct lb_screening {
    const char *who[LB_DOSSIER_PEOPLE];
    lb_decision decision[LB_DOSSIER_PEOPLE];
    const char *reason[LB_DOSSIER_PEOPLE];
    const char *settler, *settle_reason;
    lb_decision settled;
} lb_screening;

typedef struct lb_record {
    const lb_value *value;
    const char *id;
    bool duplicate;
    lb_screening stage[2];
} lb_record;

/** What two people read in a report, field by field. */
typedef struct lb_extract {
    const char *study, *field;
    const char *who[LB_DOSSIER_PEOPLE];
    const lb_value *value[LB_DOSSIER_PEOPLE];
    const char *settler, *reason;
    const lb_value *settled;
} lb_extract;

typedef struct lb_dossier {
    lb_arena *arena;
    lb_value *root;
    lb_record *record; /**< in the document's order */
    size_t records;
    size_t *by_id; /**< sorted places */
    lb_extract *extract;
    size_t extracts, extract_capacity;
    size_t events;
} lb_dossier;

void lb_dossier_new(lb_dossier *dossier, const char *title, lb_arena *arena);
/** Document → state; every fault names the place. The log is replayed, so a forged document is refused. */
int lb_dossier_read(lb_dossier *dossier, const lb_bytes *bytes, lb_arena *arena, lb_error *err) LB_MUST_CHECK;
/** Add references (of lb_ris_read); the same DOI, or the same title and year, is a duplicate of the first. */
int lb_dossier_add(lb_dossier *dossier, const lb_value *records, const char *source, size_t *added, size_t *duplicates,
                   lb_error *err) LB_MUST_CHECK;
/** One event: {"who", "what": "screen"|"settle"|"extract"|"settle_value"|"certainty"|"count", …}; checked against the
 *  state, numbered, appended. `at` may be NULL. */
int lb_dossier_apply(lb_dossier *dossier, const lb_value *event, const char *at, lb_error *err) LB_MUST_CHECK;
lb_record *lb_dossier_record(const lb_dossier *dossier, const char *id);

/** What came of a stage: NONE while it is open. Unsure goes on to the full text, where it is no answer. */
lb_decision lb_screening_outcome(const lb_screening *screening);
/** Both have decided, not the same, and nobody has settled it. */
bool lb_screening_conflict(const lb_screening *screening);
const char *lb_screening_reason(const lb_screening *screening);
/** The value both agree on, or the settled one; NULL while open. */
const lb_value *lb_extract_value(const lb_extract *extract);
bool lb_extract_conflict(const lb_extract *extract);

/** State for `viewer`: what the other of two has decided is shown only when the viewer has decided, too. NULL sees all. */
void lb_dossier_report(const lb_dossier *dossier, const char *viewer, lb_value *out);
/** Table of settled values, a row per study, a column per field. */
lb_table *lb_dossier_table(const lb_dossier *dossier, lb_arena *arena);
/** PRISMA's counts, as far as the log knows them, into `flow` (the keys of meta prisma). */
void lb_dossier_flow(const lb_dossier *dossier, lb_value *flow);

/** Cohen's kappa of a 2 × 2 table n[a][b], its standard error (Fleiss, Cohen & Everitt 1969), and a 95 % interval. */
typedef struct lb_kappa {
    double n, observed, expected, kappa, se, lower, upper;
} lb_kappa;
void lb_kappa_fit(const double n[2][2], double level, lb_kappa *out);
#endif
