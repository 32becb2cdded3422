/* A published model: the JSON document with its hash, ready to be applied. */
#ifndef LUMBAR_PREDICT_PUBLISHED_H
#define LUMBAR_PREDICT_PUBLISHED_H

#include "predict/pack.h"

typedef struct lb_published_input {
    const char *name;
    bool category, unknown_allowed, in_model; /**< in_model: the model itself uses it, not only a refit */
    const char **level;
    size_t levels, usual;     /**< usual: the level most people of the training had */
    bool *seen;               /**< per level: somebody of the training had it */
    double training_min, training_max, plausible_min, plausible_max; /**< NaN: not stated */
} lb_published_input;

typedef struct lb_published {
    const lb_value *document;
    size_t inputs;
    lb_published_input *input;
    const char **name;        /**< of the inputs */
    double *packed;
    size_t packed_count;
    lb_score_model *model;
    lb_score_paths *paths;    /**< trees, else NULL */
    double *scratch, *players, *sorted;
    double threshold;
    const char *sha256;
} lb_published;

/** SHA-256 of a document without its key sha256: keys sorted by bytes, no blanks, doubles in their shortest form. */
void lb_canonical_hash(const lb_value *document, char hex[65]);
/** Refuses a document that was changed after its hash was taken, or has none. */
int lb_unchanged(const lb_value *document, lb_error *err) LB_MUST_CHECK;
/** Sets sha256 and writes the document. */
void lb_published_write(lb_value *document, lb_buf *out);
/** Refuses a document whose hash does not fit. */
int lb_published_open(const lb_value *document, lb_arena *arena, lb_published *out, lb_error *err) LB_MUST_CHECK;

/** Open the bytes when they are a published model (*is); any other model leaves *is false and no error. */
int lb_published_try(const lb_bytes *bytes, lb_arena *arena, lb_published *out, bool *is, lb_error *err) LB_MUST_CHECK;

/** A table's rows as inputs. fault[i]: why row i cannot be scored, or NULL; doubt[i]: comma list of inputs outside the training range;
 *  filled[i]: comma list of inputs that were unknown. */
typedef struct lb_published_rows {
    size_t n;
    double *input; /**< n × inputs, row after row */
    const char **fault, **doubt, **filled;
} lb_published_rows;
/** Whether a value lies outside what the model was trained on; an unknown one does not. */
bool lb_published_outside(const lb_published_input *in, double value);
int lb_published_read(const lb_published *model, const lb_table *table, lb_arena *arena, lb_published_rows *out, lb_error *err) LB_MUST_CHECK;

#endif
