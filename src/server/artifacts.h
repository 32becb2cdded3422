/* Files that results made, kept in memory for download under a random token. Bounded; the least recently used goes. */
#ifndef LUMBAR_SERVER_ARTIFACTS_H
#define LUMBAR_SERVER_ARTIFACTS_H

#include <lumbar/result.h>

typedef struct lb_artifacts lb_artifacts;
enum { LB_ARTIFACT_TOKEN = 33, LB_ARTIFACT_SLOTS = 32 };

lb_artifacts *lb_artifacts_new(size_t max_bytes);
void lb_artifacts_free(lb_artifacts *store);
/** Keep a copy. False when it is larger than the store may ever hold. */
bool lb_artifacts_put(lb_artifacts *store, const lb_artifact *artifact, char token[LB_ARTIFACT_TOKEN]);
/** A copy of the content in `out` and of name and type in the arena; false when there is none (any more). */
bool lb_artifacts_get(lb_artifacts *store, const char *token, lb_arena *arena, lb_buf *out, const char **name,
                      const char **mime);

#endif
