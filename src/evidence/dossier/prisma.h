/* The PRISMA 2020 flow diagram. */
#ifndef LUMBAR_EVIDENCE_PRISMA_H
#define LUMBAR_EVIDENCE_PRISMA_H

#include <lumbar/figure.h>

/** Fill in what follows from the other counts, and say (through `result`'s warnings) where they contradict each other.
 *  Keys: databases, registers, duplicates, automation, other_removed, screened, excluded, sought, not_retrieved, assessed,
 *  excluded_reports[{reason, n}], included_studies, included_reports; of other sources: websites, organisations,
 *  citations, other_sought, other_not_retrieved, other_assessed, other_excluded[{reason, n}]. */
void lb_prisma_complete(lb_value *flow, lb_result *result);
/** language: "en" or "zh". */
const char *lb_prisma_draw(const lb_value *flow, const char *language, lb_arena *arena);
/** Rows {box, n} for tables and screen readers. */
void lb_prisma_report(const lb_value *flow, lb_value *rows);
#endif
