/* Reviews as RevMan keeps them: RevMan 5 (.rm5), its CSV export, the data package of RevMan Web (zip). All three become
 * the same list of analyses. */
#ifndef LUMBAR_EVIDENCE_REVMAN_H
#define LUMBAR_EVIDENCE_REVMAN_H

#include "evidence/exchange/zip.h"

#include <lumbar/data.h>

enum { LB_REVMAN_MOST_ANALYSES = 500, LB_REVMAN_MOST_ROWS = 20000 };

typedef struct lb_revman {
    lb_arena *arena;
    const char *format;   /**< "rm5", "csv", "web" */
    lb_value *analyses;   /**< {id, comparison, name, kind, measure, method, model, label1, label2, rows[]} */
    lb_value *risk;       /**< {study, DOMAIN: judgement, …} */
    lb_value *references; /**< of the package's RIS, or NULL */
    size_t rows;
} lb_revman;

/** kind: "counts" (ai n1i ci n2i), "means" (m1i sd1i n1i m2i sd2i n2i), "given" (yi sei), "peto" (oe v): the columns that
 *  a row has beside study, year and subgroup. */
int lb_revman_read(const lb_bytes *bytes, lb_arena *arena, lb_revman *out, lb_error *err) LB_MUST_CHECK;

/* -- between the readers -- */
int lb_revman_rm5(const lb_bytes *bytes, lb_revman *out, lb_error *err) LB_MUST_CHECK;
int lb_revman_csv(const lb_bytes *bytes, lb_revman *out, lb_error *err) LB_MUST_CHECK;
int lb_revman_web(const lb_zip_file *file, size_t files, lb_revman *out, lb_error *err) LB_MUST_CHECK;
/** A new analysis with an empty rows[]; counted. */
int lb_revman_analysis(lb_revman *out, lb_value **analysis, lb_error *err) LB_MUST_CHECK;
int lb_revman_row(lb_revman *out, lb_value *analysis, lb_value **row, lb_error *err) LB_MUST_CHECK;
/** RevMan's words to ours: "Odds Ratio" is OR, "Standardized Mean Difference" SMD, … */
const char *lb_revman_measure(const char *words);
#endif
