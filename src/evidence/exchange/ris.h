/* References in RIS, the tagged format that bibliographic databases export. */
#ifndef LUMBAR_EVIDENCE_RIS_H
#define LUMBAR_EVIDENCE_RIS_H

#include <lumbar/data.h>

enum { LB_RIS_MOST = 100000 };

/** Array of records {id?, title, abstract, authors[], year, journal, doi, notes[], line}. Keys that a record does not
 *  have are absent. Unknown tags are skipped. */
int lb_ris_read(const lb_bytes *bytes, lb_arena *arena, lb_value **out, lb_error *err) LB_MUST_CHECK;

/** Decisions that a screening program left in a record's notes, as Rayyan writes them:
 *  RAYYAN-INCLUSION: {"A"=>"Included", "B"=>"Excluded"} | RAYYAN-EXCLUSION-REASONS: wrong population, no trial.
 *  Pushes {who, decision} to `decisions`; the reasons, if any, are returned. */
const char *lb_ris_decisions(const lb_value *record, lb_value *decisions, lb_arena *arena);
#endif
