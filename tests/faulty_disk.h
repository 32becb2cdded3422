/* A file system for SQLite that fails when it is told to: `disk.countdown` operations from now, with `disk.error`. */
#ifndef LUMBAR_TEST_FAULTY_DISK_H
#define LUMBAR_TEST_FAULTY_DISK_H

#include <sqlite3.h>
#include <string.h>

typedef struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real;
} faulty_file;

static struct {
    sqlite3_vfs vfs, *real;
    sqlite3_io_methods methods;
    int countdown, error; /* the countdown-th operation fails, and all after it while `stuck` */
    bool stuck;
    int operations;
} disk;

static inline sqlite3_file *real_of(sqlite3_file *file) { return ((faulty_file *)file)->real; }

static inline int fault(void)
{
    disk.operations++;
    if (disk.countdown == 0) return SQLITE_OK;
    if (disk.countdown > 1) {
        disk.countdown--;
        return SQLITE_OK;
    }
    if (!disk.stuck) disk.countdown = 0;
    return disk.error;
}

static inline int faulty_write(sqlite3_file *file, const void *data, int amount, sqlite3_int64 offset)
{
    int rc = fault();
    return rc ? rc : real_of(file)->pMethods->xWrite(real_of(file), data, amount, offset);
}
static inline int faulty_sync(sqlite3_file *file, int flags)
{
    int rc = fault();
    if (rc == SQLITE_FULL) rc = SQLITE_IOERR_FSYNC;
    return rc ? rc : real_of(file)->pMethods->xSync(real_of(file), flags);
}
static inline int faulty_close(sqlite3_file *file)
{
    int rc = real_of(file)->pMethods ? real_of(file)->pMethods->xClose(real_of(file)) : SQLITE_OK;
    sqlite3_free(real_of(file));
    return rc;
}
#define PASS(name, args, call) \
    static inline int faulty_##name args { return real_of(file)->pMethods->x##name call; }
PASS(Read, (sqlite3_file * file, void *data, int amount, sqlite3_int64 offset), (real_of(file), data, amount, offset))
PASS(Truncate, (sqlite3_file * file, sqlite3_int64 size), (real_of(file), size))
PASS(FileSize, (sqlite3_file * file, sqlite3_int64 *size), (real_of(file), size))
PASS(Lock, (sqlite3_file * file, int level), (real_of(file), level))
PASS(Unlock, (sqlite3_file * file, int level), (real_of(file), level))
PASS(CheckReservedLock, (sqlite3_file * file, int *out), (real_of(file), out))
PASS(FileControl, (sqlite3_file * file, int op, void *argument), (real_of(file), op, argument))
PASS(SectorSize, (sqlite3_file * file), (real_of(file)))
PASS(DeviceCharacteristics, (sqlite3_file * file), (real_of(file)))
PASS(ShmMap, (sqlite3_file * file, int region, int size, int extend, void volatile **out), (real_of(file), region, size, extend, out))
PASS(ShmLock, (sqlite3_file * file, int offset, int n, int flags), (real_of(file), offset, n, flags))
PASS(ShmUnmap, (sqlite3_file * file, int remove), (real_of(file), remove))
static inline void faulty_ShmBarrier(sqlite3_file *file) { real_of(file)->pMethods->xShmBarrier(real_of(file)); }

static inline int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    faulty_file *f = (faulty_file *)file;
    (void)vfs;
    f->real = sqlite3_malloc(disk.real->szOsFile);
    memset(f->real, 0, (size_t)disk.real->szOsFile);
    int rc = disk.real->xOpen(disk.real, name, f->real, flags, out);
    f->base.pMethods = &disk.methods;
    return rc;
}

static inline void install_disk(void)
{
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "faulty";
    disk.vfs.szOsFile = sizeof(faulty_file);
    disk.vfs.xOpen = faulty_open;
    disk.methods = (sqlite3_io_methods){2, faulty_close, faulty_Read, faulty_write, faulty_Truncate, faulty_sync, faulty_FileSize, faulty_Lock, faulty_Unlock,
                                        faulty_CheckReservedLock, faulty_FileControl, faulty_SectorSize, faulty_DeviceCharacteristics, faulty_ShmMap,
                                        faulty_ShmLock, faulty_ShmBarrier, faulty_ShmUnmap, NULL, NULL};
    sqlite3_vfs_register(&disk.vfs, 1);
}

#endif
