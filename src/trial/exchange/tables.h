/* What an import hands on beside its report: CSV that every other operation reads. */
#ifndef LUMBAR_TRIAL_EXCHANGE_TABLES_H
#define LUMBAR_TRIAL_EXCHANGE_TABLES_H

#include <lumbar/result.h>

#include "trial/exchange/exchange.h"

/** NAME.csv without deleted records, and NAME_codebook.csv. */
void tables_of_entries(const entry_file *file, const char *name, lb_result *result);
int tables_of_epx(const xml_node *root, lb_arena *arena, lb_result *result, lb_error *err) LB_MUST_CHECK;
/** values.csv: one row per value, with person, event, form, group and item. */
int tables_of_odm(const xml_node *root, lb_arena *arena, lb_result *result, lb_error *err) LB_MUST_CHECK;

#endif
