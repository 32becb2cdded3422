/* Inside op: a call and its bound parameters. */
#ifndef LUMBAR_OP_CALL_H
#define LUMBAR_OP_CALL_H
#include <lumbar/op.h>

/* What one declared parameter holds. */
typedef struct binding {
    bool given;
    const char *text;     /* as given, or the preset */
    double *numbers;
    const char **texts;
    size_t count;         /* of numbers or texts */
    double number;
    int64_t integer;
    bool flag;
    lb_bytes *bytes;      /* data parameters: one, or several for LB_P_TABLES */
    size_t bytes_count;
    lb_table **table;     /* read on first use, or bound from memory */
    size_t table_count;
    lb_volume *volume;
    int64_t series, part; /* volume parameters: which one of a folder; -1: the only one */
} binding;

struct lb_call {
    const lb_registry *registry;
    const lb_op *op;
    lb_result *result;    /* holds the arena; handed over by lb_call_run() */
    binding *bound;       /* one per declared parameter */
    lb_csv_options csv;
    const lb_source *source;
    const lb_journal *journal;
    const lb_progress *progress;
    unsigned threads;
    char now[40];         /* ISO 8601, UTC; "" when no face told it */
};

bool lb_param_is_data(lb_param_type type);
const lb_param *lb_op_param(const lb_op *op, const char *name);
lb_image_reader lb_registry_get_image_reader(const lb_registry *registry, void **context);
lb_recording_reader lb_registry_get_recording_reader(const lb_registry *registry, void **context);
#endif
