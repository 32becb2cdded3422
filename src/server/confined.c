/* The parent's side and the child's of decoding in a process of its own: limits by setrlimit(2), system calls by seccomp(2)
 * through libseccomp. Request and answer lie in anonymous files (memfd_create(2)). */
#include "server/confined.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#include "muscle/files/files.h"

#if defined(__SANITIZE_ADDRESS__) || defined(LUMBAR_NO_SECCOMP)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static bool write_all(int fd, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t now = write(fd, at, length);
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) return false;
        at += now;
        length -= (size_t)now;
    }
    return true;
}

/* A whole anonymous file, mapped; unmapped by the caller. */
static bool map_file(int fd, lb_bytes *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size <= 0) return false;
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) return false;
    *out = (lb_bytes){data, (size_t)st.st_size, "answer"};
    return true;
}

static int ended(int status, const lb_confined *limits, const char *name, lb_error *err)
{
    int signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal_number == SIGXCPU || signal_number == SIGALRM || signal_number == SIGKILL)
        lb_fail(err, LB_TOO_LARGE, "decoding took more than %u seconds or too much memory and was stopped", limits->cpu_seconds);
    else
        lb_fail(err, LB_BAD_DATA, "the file broke its decoder, which was stopped");
    lb_error_where(err, "%s", name ? name : "upload");
    lb_error_hint(err, "the file is damaged, or was made to do harm; export it again from its source");
    return err ? err->code : LB_BAD_DATA;
}

static int start(const lb_confined *limits, const char *what, int input, int output, pid_t *child)
{
    char *const words[] = {(char *)limits->program, (char *)what, NULL}, *const nothing[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&how);
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&how, &none); /* the server's threads block signals; the child must die of them */
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    int wrong = posix_spawn(child, limits->program, &files, &how, words, nothing);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    return wrong;
}

/* Starts the child on a packed request and waits; its answer is unmapped by the caller. `name` is of the file, for messages. */
static int ask_child(const lb_confined *limits, const char *what, const lb_buf *packed, const char *name, lb_bytes *answer, lb_error *err)
{
    pid_t child = 0;
    int code = LB_OK, status = 0, input = memfd_create("request", MFD_CLOEXEC), output = memfd_create("answer", MFD_CLOEXEC);
    bool sent = input >= 0 && output >= 0 && !packed->overflow && write_all(input, packed->data, packed->length) && lseek(input, 0, SEEK_SET) == 0;
    if (!sent || start(limits, what, input, output, &child) != 0) {
        code = lb_fail(err, LB_FAILED, "the process that decodes files cannot be started");
    } else {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !map_file(output, answer)) code = ended(status, limits, name, err);
    }
    if (input >= 0) close(input);
    if (output >= 0) close(output);
    return code;
}

int lb_confined_read(void *context, const lb_image_request *request, lb_arena *arena, lb_image **out, size_t *count, lb_error *err)
{
    lb_buf packed = {.max = 2 * lb_max_input()};
    lb_bytes answer;
    *count = 0;
    lb_confined_pack_request(request, &packed);
    int code = ask_child(context, "decode-images", &packed, request->files ? request->file[0].name : NULL, &answer, err);
    lb_buf_free(&packed);
    if (code) return code;
    code = lb_confined_unpack_answer(&answer, arena, out, count, err);
    munmap((void *)answer.data, answer.length);
    return code;
}

int lb_confined_recording(void *context, const lb_bytes *file, double rate_hz, lb_arena *arena, lb_recording **out, lb_error *err)
{
    lb_buf packed = {.max = 2 * lb_max_input()};
    lb_bytes answer;
    lb_confined_pack_recording(file, rate_hz, &packed);
    int code = ask_child(context, "decode-recording", &packed, file->name, &answer, err);
    lb_buf_free(&packed);
    if (code) return code;
    code = lb_confined_unpack_channels(&answer, arena, out, err);
    munmap((void *)answer.data, answer.length);
    return code;
}

/* ---- the child ------------------------------------------------------------------------------------------------------ */

static void limit(int what, rlim_t most)
{
    const struct rlimit both = {most, most};
    setrlimit(what, &both);
}

static bool give_up_calls(void)
{
    static const int needed[] = {
        SCMP_SYS(read),   SCMP_SYS(write),  SCMP_SYS(lseek),    SCMP_SYS(close),   SCMP_SYS(exit_group), SCMP_SYS(exit),
        SCMP_SYS(brk),    SCMP_SYS(mmap),   SCMP_SYS(munmap),   SCMP_SYS(mremap),  SCMP_SYS(mprotect),   SCMP_SYS(madvise),
        SCMP_SYS(futex),  SCMP_SYS(fstat),  SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
        SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigprocmask), SCMP_SYS(sysinfo),
    };
    if (SANITIZED) return true;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter) return false;
    int wrong = 0;
    for (size_t i = 0; i < LB_COUNT(needed); i++) wrong |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, needed[i], 0);
    /* Asking for a file is answered with "no", so that a library that looks for a setting goes on without it. */
    static const int refused[] = {SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(access), SCMP_SYS(readlink), SCMP_SYS(ioctl)};
    for (size_t i = 0; i < LB_COUNT(refused); i++) wrong |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    wrong = wrong || seccomp_load(filter) != 0;
    seccomp_release(filter);
    return !wrong;
}

/* Limits that hold from the start, and the request. */
static bool begin_child(unsigned cpu_seconds, size_t memory_bytes, lb_bytes *request)
{
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, 16);
    limit(RLIMIT_CPU, cpu_seconds);
    if (!SANITIZED) limit(RLIMIT_AS, memory_bytes);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    alarm(2 * cpu_seconds);
    return map_file(STDIN_FILENO, request);
}

static int end_child(lb_buf *answer, lb_arena *arena)
{
    bool sent = !answer->overflow && write_all(STDOUT_FILENO, answer->data, answer->length);
    lb_buf_free(answer);
    lb_arena_free(arena);
    return sent ? 0 : 1;
}

int lb_confined_child(lb_image_reader reader, unsigned cpu_seconds, size_t memory_bytes)
{
    lb_bytes request_bytes;
    if (!begin_child(cpu_seconds, memory_bytes, &request_bytes)) return 1;
    lb_arena *arena = lb_arena_new();
    lb_image_request request;
    lb_image *image = NULL;
    size_t count = 0;
    lb_error err = LB_ERROR_INIT;
    int code = lb_confined_unpack_request(&request_bytes, arena, &request);
    lb_images_prepare(&request); /* what the decoders read from the disk, they read now */
    if (!give_up_calls()) return 1;
    if (code == LB_OK) code = reader(NULL, &request, arena, &image, &count, &err);
    lb_buf answer = {.max = memory_bytes};
    lb_confined_pack_answer(code, &err, image, count, &answer);
    return end_child(&answer, arena);
}

int lb_confined_recording_child(lb_recording_reader reader, unsigned cpu_seconds, size_t memory_bytes)
{
    lb_bytes request, file;
    double rate_hz;
    if (!begin_child(cpu_seconds, memory_bytes, &request) || !give_up_calls()) return 1;
    lb_arena *arena = lb_arena_new();
    lb_recording *recording = NULL;
    lb_error err = LB_ERROR_INIT;
    int code = lb_confined_unpack_recording(&request, arena, &file, &rate_hz);
    if (code == LB_OK) code = reader(NULL, &file, rate_hz, arena, &recording, &err);
    lb_buf answer = {.max = memory_bytes};
    lb_confined_pack_channels(code, &err, recording, &answer);
    return end_child(&answer, arena);
}
