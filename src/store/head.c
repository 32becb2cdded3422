/* The end of the audit, kept outside the database under the store's key: a tail that was cut off, or a database put back
 * to yesterday, is found although its own chain is sound. Two slots take turns, so that one of them is whole at any
 * moment; the slot of the larger number counts. Forced to the disk by the keeper's thread: after a power cut it may lag
 * behind the database by a second, never run ahead of it. */
#include "store/room.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

typedef struct slot {
    char magic[8];
    int64_t seq, open_seq, time_us;
    char hash[64];
    uint8_t mac[32];
} slot;

static const char magic[8] = "LBHEAD1";

int store_head_open(lb_store *store, lb_error *err)
{
    char *path = store_path(store, ".head");
    store->head_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int code = LB_OK;
    if (store->head_file < 0) {
        code = lb_fail(err, LB_FAILED, "cannot open the file of the audit's end");
        lb_error_where(err, "%s", path);
    }
    free(path);
    return code;
}

void store_head_write(lb_store *store, const chain *end)
{
    slot s = {.seq = end->seq, .open_seq = end->open_seq, .time_us = end->time_us};
    memcpy(s.magic, magic, sizeof magic);
    memcpy(s.hash, end->hash, 64);
    lb_mac(store->key, "head", &s, offsetof(slot, mac), s.mac);
    atomic_store(&store->head_written, true);
    ssize_t done = pwrite(store->head_file, &s, sizeof s, (end->seq & 1) * (off_t)sizeof s);
    (void)done; /* the older slot stands; verify compares only what the head says */
}

void store_head_sync(lb_store *store)
{
    if (!store->fast && store->head_file >= 0 && atomic_exchange(&store->head_written, false)) fdatasync(store->head_file);
}

void store_head_close(lb_store *store)
{
    if (store->head_file < 0) return;
    store_head_sync(store);
    close(store->head_file);
    store->head_file = -1;
}

void store_head_read(const lb_store *store, chain *out)
{
    *out = (chain){.seq = -1};
    for (int i = 0; i < 2; i++) {
        slot s;
        uint8_t mac[32];
        if (pread(store->head_file, &s, sizeof s, i * (off_t)sizeof s) != sizeof s) continue;
        lb_mac(store->key, "head", &s, offsetof(slot, mac), mac);
        if (memcmp(s.magic, magic, sizeof magic) != 0 || sodium_memcmp(mac, s.mac, sizeof mac) != 0 || s.seq <= out->seq) continue;
        *out = (chain){.seq = s.seq, .open_seq = s.open_seq, .time_us = s.time_us};
        memcpy(out->hash, s.hash, 64);
    }
}
