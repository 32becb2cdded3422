/* Reading a protocol in steps: what the files of the reader share. */
#ifndef LUMBAR_TRIAL_STUDY_H
#define LUMBAR_TRIAL_STUDY_H

#include "trial/shape.h"

enum { STUDY_ITEMS_MOST = 5000, STUDY_LIST_MOST = 1000 };

typedef struct words {
    const char **word;
    size_t count;
} words;

typedef struct study_reader {
    flaws f;
    lb_study *study;
    lb_value *root;
    words arms, visits, forms, instruments, scores, items, roles, sites, names; /* names: what rules may use */
} study_reader;

/** A list of the file, or an empty one. */
const lb_value *trial_list(const lb_value *object, const char *key, lb_arena *arena);
words trial_ids(const lb_value *list, const char *key, lb_arena *arena);
bool trial_known(const words *w, const char *word);
lb_label trial_label(const lb_value *value);

/* A flaw, with the nearest word, when a text (each text of a list, each key of a map) is none of `w` or `more`. */
void trial_must_be(study_reader *r, const lb_value *value, const words *w, const words *more, const char *what);
void trial_all_must_be(study_reader *r, const lb_value *object, const char *key, const words *w, const words *more, const char *what);
void trial_keys_must_be(study_reader *r, const lb_value *object, const char *key, const words *w, const words *more, const char *what);

/* The steps, in order: structs, references between parts, the schedule, the rules, what the conduct needs. */
void trial_build(study_reader *r);
void trial_check_references(study_reader *r);
void trial_check_schedule(study_reader *r);
void trial_check_rules(study_reader *r);
int trial_compile_rule(study_reader *r, const lb_value *value); /* -1: none, or a flaw */
void trial_build_conduct(study_reader *r);

#endif
