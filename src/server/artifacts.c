/* Files that results made, in memory: at most 32 and a number of bytes, the least recently used goes first. The token is
 * 128 random bits, so that an address cannot be guessed. */
#include "server/artifacts.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    char token[LB_ARTIFACT_TOKEN];
    char *name, *mime;
    void *data; /* NULL = free slot */
    size_t length;
    uint64_t used;
} entry;

struct lb_artifacts {
    pthread_mutex_t lock;
    size_t max_bytes, bytes;
    uint64_t clock;
    entry slot[LB_ARTIFACT_SLOTS];
};

lb_artifacts *lb_artifacts_new(size_t max_bytes)
{
    lb_artifacts *store = lb_alloc(1, sizeof *store);
    pthread_mutex_init(&store->lock, NULL);
    store->max_bytes = max_bytes;
    return store;
}

static void drop(lb_artifacts *store, entry *slot)
{
    store->bytes -= slot->length;
    free(slot->name);
    free(slot->mime);
    free(slot->data);
    memset(slot, 0, sizeof *slot);
}

void lb_artifacts_free(lb_artifacts *store)
{
    if (!store) return;
    for (size_t i = 0; i < LB_ARTIFACT_SLOTS; i++) drop(store, &store->slot[i]);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

static entry *oldest(lb_artifacts *store)
{
    entry *found = NULL;
    for (size_t i = 0; i < LB_ARTIFACT_SLOTS; i++) {
        entry *slot = &store->slot[i];
        if (slot->data && (!found || slot->used < found->used)) found = slot;
    }
    return found;
}

/* A free slot with room for `length` bytes. */
static entry *make_room(lb_artifacts *store, size_t length)
{
    while (store->bytes + length > store->max_bytes) drop(store, oldest(store));
    for (size_t i = 0; i < LB_ARTIFACT_SLOTS; i++) {
        if (!store->slot[i].data) return &store->slot[i];
    }
    entry *slot = oldest(store);
    drop(store, slot);
    return slot;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(lb_alloc(size, 1), text, size);
}

bool lb_artifacts_put(lb_artifacts *store, const lb_artifact *artifact, char token[LB_ARTIFACT_TOKEN])
{
    if (artifact->length > store->max_bytes) return false;
    uint8_t bits[(LB_ARTIFACT_TOKEN - 1) / 2];
    randombytes_buf(bits, sizeof bits);
    sodium_bin2hex(token, LB_ARTIFACT_TOKEN, bits, sizeof bits);
    void *data = lb_alloc(artifact->length + 1, 1);
    if (artifact->length) memcpy(data, artifact->data, artifact->length);
    pthread_mutex_lock(&store->lock);
    entry *slot = make_room(store, artifact->length);
    memcpy(slot->token, token, LB_ARTIFACT_TOKEN);
    slot->name = copy_text(artifact->name ? artifact->name : "artifact");
    slot->mime = copy_text(artifact->mime ? artifact->mime : "application/octet-stream");
    slot->data = data;
    slot->length = artifact->length;
    slot->used = ++store->clock;
    store->bytes += artifact->length;
    pthread_mutex_unlock(&store->lock);
    return true;
}

bool lb_artifacts_get(lb_artifacts *store, const char *token, lb_arena *arena, lb_buf *out, const char **name,
                      const char **mime)
{
    bool found = false;
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < LB_ARTIFACT_SLOTS && !found; i++) {
        entry *slot = &store->slot[i];
        if (!slot->data || strcmp(slot->token, token) != 0) continue;
        found = true;
        slot->used = ++store->clock;
        *name = lb_arena_text(arena, slot->name);
        *mime = lb_arena_text(arena, slot->mime);
        lb_buf_add(out, slot->data, slot->length);
    }
    pthread_mutex_unlock(&store->lock);
    return found;
}
