/* Inside the REDCap preview: a dictionary as read, shared by what checks it and what checks data against it. */
#ifndef LUMBAR_TRIAL_REDCAP_H
#define LUMBAR_TRIAL_REDCAP_H

#include "trial/exchange/exchange.h"

typedef struct redcap_field {
    const char *name, *form, *type, *choices, *validation, *low, *high, *branching, *label;
    bool required, identifier;
    size_t row; /* in the dictionary, the first below the heading is 1 */
} redcap_field;

typedef struct redcap_dictionary {
    redcap_field *field;
    size_t fields, columns;
    const redcap_field **sorted; /* by name */
    const char *name;
    lb_arena *arena;
} redcap_dictionary;

int redcap_read(const lb_bytes *bytes, lb_arena *arena, redcap_dictionary *out, lb_error *err) LB_MUST_CHECK;
/** `forms:` of a protocol file. */
void redcap_forms(const redcap_dictionary *dictionary, lb_buf *yaml);
const redcap_field *redcap_find(const redcap_dictionary *dictionary, const char *name, size_t length);
/** Is `code` among choices such as "1, Yes | 0, No"? */
bool redcap_has_choice(const char *choices, const char *code, size_t length);
/** Or is it what one of them says to the reader? */
bool redcap_is_label(const char *choices, const char *text, size_t length);
void redcap_check_dictionary(const redcap_dictionary *dictionary, lb_value *findings);
void redcap_check_data(const redcap_dictionary *dictionary, const entry_file *data, lb_value *findings);

#endif
