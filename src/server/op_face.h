/* The body of POST /api/op/AREA.VERB to a call of the operation. Pure: no network, no paths, nothing is opened. */
#ifndef LUMBAR_SERVER_OP_FACE_H
#define LUMBAR_SERVER_OP_FACE_H

#include <lumbar/op.h>

/** Where `demo:ID` is looked up. `find` may be NULL: then there are none. The bytes live as long as the server. */
typedef struct lb_face_datasets {
    bool (*find)(void *context, const char *id, lb_bytes *out);
    void *context;
    /** Where {"snapshot": ID, "table": NAME} is looked up; may be NULL. The bytes live as long as the request. */
    int (*table)(void *context, const char *snapshot, const char *table, lb_bytes *out, lb_error *err);
    void *table_context;
} lb_face_datasets;

typedef struct lb_face_body {
    const char *content_type; /**< NULL when the request has none */
    const char *data;         /**< must outlive the call */
    size_t length, parts_max;
} lb_face_body;

/** The operation behind "area.verb", or LB_NOT_FOUND naming the nearest. */
int lb_face_find(const lb_registry *registry, const char *name, lb_arena *arena, const lb_op **out, lb_error *err)
    LB_MUST_CHECK;
/** A call with its parameters set and its data bound. *out is the caller's; the arena must outlive it.
 *  Wrong words are LB_USAGE; a content type other than JSON or multipart is LB_USAGE with *unsupported set. */
int lb_face_call(const lb_registry *registry, const lb_op *op, const lb_face_body *body, const lb_face_datasets *datasets,
                 lb_arena *arena, lb_call **out, bool *unsupported, lb_error *err) LB_MUST_CHECK;

#endif
