/* What the allocator takes from itself before it serves: core dumps and being looked at by a debugger, swapping, and every
 * system call it does not need (seccomp(2), through libseccomp): it cannot open a file, make a connection or start a
 * program any more. */
#include "allocator/room.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <seccomp.h>

#if defined(__SANITIZE_ADDRESS__) || defined(LUMBAR_NO_SECCOMP)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

void guard_memory(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    /* The secrets are in locked pages of their own (libsodium); all of memory as well where the limit allows it. */
    if (!SANITIZED && mlockall(MCL_CURRENT) != 0) munlockall();
}

bool guard_calls(void)
{
    static const int needed[] = {
        SCMP_SYS(read),        SCMP_SYS(write),      SCMP_SYS(pwrite64),      SCMP_SYS(fdatasync),   SCMP_SYS(ftruncate),
        SCMP_SYS(recvfrom),    SCMP_SYS(recvmsg),    SCMP_SYS(sendto),        SCMP_SYS(poll),        SCMP_SYS(ppoll),
        SCMP_SYS(close),       SCMP_SYS(exit_group), SCMP_SYS(brk),           SCMP_SYS(mmap),        SCMP_SYS(munmap),
        SCMP_SYS(mremap),      SCMP_SYS(mprotect),   SCMP_SYS(madvise),       SCMP_SYS(mlock),       SCMP_SYS(munlock),
        SCMP_SYS(getrandom),   SCMP_SYS(futex),      SCMP_SYS(clock_gettime), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
        SCMP_SYS(setsockopt),
    };
    if (SANITIZED || lb_clock_moves()) return true; /* a test build reads its clock from a file */
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter) return false;
    int wrong = 0;
    for (size_t i = 0; i < LB_COUNT(needed); i++) wrong |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, needed[i], 0);
    /* The C library asks whether standard output is a terminal before it writes there. */
    wrong |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(newfstatat), 0);
    wrong |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
    wrong = wrong || seccomp_load(filter) != 0;
    seccomp_release(filter);
    return !wrong;
}
