/* The tables of a board's snapshot. */
#ifndef LUMBAR_TRIAL_BOARD_TABLES_H
#define LUMBAR_TRIAL_BOARD_TABLES_H

#include "trial/conduct/person.h"

typedef struct board_tables {
    lb_buf people, events, watch, groups;
    int64_t rows[4];
} board_tables;

/** What is known now: people, events, watched values, and (sealed letters) who is in which group. */
int trial_board_tables(lb_tx *tx, lb_store *store, const lb_study *study, board_tables *out, lb_error *err) LB_MUST_CHECK;
void trial_board_tables_free(board_tables *tables);

#endif
