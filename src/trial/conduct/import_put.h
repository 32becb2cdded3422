/* Between the files of the import: one text of a file as the answer it is. */
#ifndef LUMBAR_TRIAL_IMPORT_PUT_H
#define LUMBAR_TRIAL_IMPORT_PUT_H

#include <lumbar/trial.h>

/** False: `why` says what is wrong. Lists of codes are separated by blanks; derived values are taken as they are. */
bool import_read_value(const lb_study *study, const lb_study_item *item, const char *text, lb_arena *arena, lb_value **out, const char **why);

#endif
