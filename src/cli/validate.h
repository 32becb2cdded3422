/* `lumbar validate`: what its three parts share: the cases (validate_cases.c), the verb (validate.c), the report
 * (validate_report.c). */
#ifndef LUMBAR_CLI_VALIDATE_H
#define LUMBAR_CLI_VALIDATE_H

#include <lumbar/op.h>

/** A run over reference/: one row per value checked. */
typedef struct lb_validation {
    lb_arena *arena;
    const lb_registry *registry;
    const char *folder, *only; /**< only: an area ("power", "meta") or a folder of reference/; NULL = all */
    lb_value *rows;            /**< {id,area,requirement,operation,path,source,expected,got,difference,tolerance,pass} */
    lb_value *uncovered;       /**< operations without a case */
    const char *shared;        /**< folder of reference data kept beside the program's sources, or NULL: its cases are skipped */
    size_t cases, passed, failed, skipped;
    lb_buf digest;             /**< "path sha256" of every file of reference/, in order */
    char sha256[65];           /**< of the digest */
} lb_validation;

/** Run every *.case.json under the folder. Only an unreadable folder is an error; a bad case is a failed row. */
int lb_validation_run(lb_validation *validation, lb_error *err) LB_MUST_CHECK;

/** The installation and operational qualification report, a self-contained page. `when` is UTC as text. */
void lb_validation_report(const lb_validation *validation, const char *when, double seconds, lb_buf *out);

#endif
