/* How many allocations were ever made, kept beside the key and not beside the journal: a journal put back from an older backup
 * holds fewer, and whoever went on with it would give the places of the later ones a second time. Sealed by a MAC under the key.
 * It is written after the journal and never forced to the disk: it may lag behind the journal, which harms nobody, but it is
 * never ahead of it. */
#include "allocator/room.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

typedef struct slot {
    char magic[8];
    int64_t count;
    uint8_t mac[32];
} slot;

static const char magic[8] = "LBMARK1";

void mark_open(mark *m, const char *key_path, const uint8_t *key)
{
    slot s = {.count = 0};
    uint8_t mac[32];
    size_t room = strlen(key_path) + 8;
    char *path = lb_alloc(room, 1);
    snprintf(path, room, "%s.mark", key_path);
    *m = (mark){.key = key, .file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)}; /* a folder that is read only has no mark */
    free(path);
    if (m->file < 0 || pread(m->file, &s, sizeof s, 0) != sizeof s) return;
    lb_mac(key, "mark", &s, offsetof(slot, mac), mac);
    if (memcmp(s.magic, magic, sizeof magic) == 0 && sodium_memcmp(mac, s.mac, sizeof mac) == 0) m->count = s.count;
}

void mark_raise(mark *m, int64_t count)
{
    if (m->file < 0 || count <= m->count) return;
    slot s = {.count = count};
    memcpy(s.magic, magic, sizeof magic);
    lb_mac(m->key, "mark", &s, offsetof(slot, mac), s.mac);
    if (pwrite(m->file, &s, sizeof s, 0) == sizeof s) m->count = count;
}

void mark_close(mark *m)
{
    if (m->file >= 0) close(m->file);
}
