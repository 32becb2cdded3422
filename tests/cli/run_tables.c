/* Runs tables of commands (tests/cli/NAME.test): commands, and what their exit status, output, JSON or files must be.
 * Speaks TAP, one line per case. tests/cli/README.md describes the tables.
 * usage: run_tables BINARY REPOSITORY SHARED FILE.test… */
#include <lumbar/data.h>

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/** What a case runs in: places, the fresh folder, and what its last command said. */
typedef struct run {
    const char *shared, *file;
    size_t line;
    lb_arena *arena; /* of the case */
    const char *tmp;
    bool ran;
    int exit_status;
    const char *out, *err;
    lb_value *json;
    bool json_read;
    lb_buf faults;
    const char *skip; /* why the case is left out */
} run;

static void fault(run *r, const char *fmt, ...) LB_PRINTF(2, 3);
static void fault(run *r, const char *fmt, ...)
{
    va_list args;
    lb_buf_printf(&r->faults, "#   %s:%zu: ", r->file, r->line);
    va_start(args, fmt);
    lb_buf_vprintf(&r->faults, fmt, args);
    va_end(args);
    lb_buf_putc(&r->faults, '\n');
}

/* {shared}, {ref} and {tmp} in a command or a path. */
static const char *expand(run *r, const char *text)
{
    const char *const name[] = {"{shared}", "{ref}", "{tmp}"};
    const char *const value[] = {r->shared, "reference", r->tmp};
    lb_buf buf = {0};
    while (*text) {
        size_t i;
        for (i = 0; i < LB_COUNT(name); i++)
            if (lb_text_starts(text, name[i])) break;
        if (i == LB_COUNT(name)) {
            lb_buf_putc(&buf, *text++);
        } else {
            lb_buf_puts(&buf, value[i]);
            text += strlen(name[i]);
        }
    }
    char *copy = lb_arena_text(r->arena, buf.data ? buf.data : "");
    lb_buf_free(&buf);
    return copy;
}

/* Whole file as text; NULL when it cannot be read. A NUL byte ends the text. */
static const char *slurp(run *r, const char *path)
{
    lb_bytes bytes;
    if (lb_file_read(path, (size_t)1 << 28, r->arena, &bytes, NULL) != 0) return NULL;
    return lb_arena_textn(r->arena, (const char *)bytes.data, bytes.length);
}

static void run_command(run *r, const char *command)
{
    const char *out = lb_arena_printf(r->arena, "%s/.stdout", r->tmp);
    const char *err = lb_arena_printf(r->arena, "%s/.stderr", r->tmp);
    char *line = lb_arena_printf(r->arena, "(\n%s\n) >'%s' 2>'%s' </dev/null", expand(r, command), out, err);
    char *const argv[] = {"timeout", "-k", "5", "300", "sh", "-c", line, NULL};
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        fault(r, "cannot run a shell: %s", strerror(errno));
        return;
    }
    r->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    r->out = slurp(r, out);
    r->err = slurp(r, err);
    if (!r->out) r->out = "";
    if (!r->err) r->err = "";
    r->json = NULL;
    r->json_read = false;
    r->ran = true;
}

/* The next blank-separated word of *text (NULL at the end); *text moves behind it. */
static const char *word(run *r, const char **text)
{
    const char *start = *text + strspn(*text, " \t");
    size_t length = strcspn(start, " \t");
    *text = start + length;
    *text += strspn(*text, " \t");
    return length ? lb_arena_textn(r->arena, start, length) : NULL;
}

static const char *shown(run *r, const lb_value *value)
{
    if (!value) return "nothing";
    lb_buf buf = {0};
    lb_json_write(value, 0, &buf);
    char *copy = lb_arena_textn(r->arena, buf.data, buf.length < 200 ? buf.length : 200);
    lb_buf_free(&buf);
    return copy;
}

/* "VALUE [TOLERANCE [absolute]]": relative to the expected value unless said otherwise; without one, exactly. */
static void check_number(run *r, const char *path, const lb_value *got, const char *rest)
{
    const char *expected_text = word(r, &rest), *tolerance_text = word(r, &rest), *how = word(r, &rest);
    double expected, tolerance = 0, x = lb_number_of(got);
    if (!expected_text || !lb_text_number(expected_text, strlen(expected_text), &expected) ||
        (tolerance_text && !lb_text_number(tolerance_text, strlen(tolerance_text), &tolerance)) ||
        (how && strcmp(how, "absolute") != 0)) {
        fault(r, "json %s: cannot read '%s'", path, expected_text ? expected_text : "");
        return;
    }
    double scale = how || expected == 0 ? 1 : fabs(expected);
    if (!(fabs(x - expected) <= tolerance * scale))
        fault(r, "json %s: got %s, expected %s within %g%s", path, shown(r, got), expected_text, tolerance,
              how ? "" : " (relative)");
}

/* "json PATH …": a number, "text", true, false, null, absent, > N, < N, length N, or contains TEXT. */
static void check_json(run *r, const char *rest)
{
    lb_error err = LB_ERROR_INIT;
    if (!r->json_read) {
        lb_bytes bytes = {(const uint8_t *)r->out, strlen(r->out), "stdout"};
        r->json_read = true;
        if (lb_json_read(&bytes, r->arena, &r->json, &err) != 0) {
            r->json = NULL;
            fault(r, "stdout is not one JSON document: %s (it begins '%.80s')", err.message, r->out);
        }
    }
    const char *path = word(r, &rest);
    if (!r->json || !path) return;
    const lb_value *got = lb_path(r->json, path);
    double x = lb_number_of(got), bound;
    bool right;
    if (!got || strcmp(rest, "absent") == 0) {
        right = !got && strcmp(rest, "absent") == 0;
    } else if (*rest == '"') {
        const char *text = got->type == LB_STRING ? lb_arena_printf(r->arena, "\"%s\"", got->text) : NULL;
        right = lb_text_equal(text, rest);
    } else if (strcmp(rest, "true") == 0 || strcmp(rest, "false") == 0 || strcmp(rest, "null") == 0) {
        right = strcmp(shown(r, got), rest) == 0;
    } else if ((*rest == '<' || *rest == '>') && lb_text_number(rest + 2, strlen(rest) - 2, &bound)) {
        right = *rest == '<' ? x < bound : x > bound;
    } else if (lb_text_starts(rest, "length ")) {
        right = (got->type == LB_ARRAY || got->type == LB_OBJECT) &&
                lb_text_number(rest + 7, strlen(rest) - 7, &bound) && (double)got->count == bound;
    } else if (lb_text_starts(rest, "contains ")) {
        right = got->type == LB_STRING && strstr(got->text, rest + 9);
    } else {
        check_number(r, path, got, rest);
        return;
    }
    if (!right) fault(r, "json %s: got %s, expected %s", path, shown(r, got), rest);
}

/* "contains TEXT", "lacks TEXT", "is TEXT" (whole, but for the last newlines), "empty". */
static void check_text(run *r, const char *what, const char *text, const char *rest)
{
    size_t length = strlen(text);
    while (length && text[length - 1] == '\n') length--;
    if (lb_text_starts(rest, "contains ")) {
        if (!strstr(text, rest + 9)) fault(r, "%s lacks '%s'; it begins '%.200s'", what, rest + 9, text);
    } else if (lb_text_starts(rest, "lacks ")) {
        if (strstr(text, rest + 6)) fault(r, "%s holds '%s'", what, rest + 6);
    } else if (lb_text_starts(rest, "is ")) {
        if (strlen(rest + 3) != length || strncmp(text, rest + 3, length) != 0)
            fault(r, "%s is '%.200s', expected '%s'", what, text, rest + 3);
    } else if (strcmp(rest, "empty") == 0) {
        if (length) fault(r, "%s is not empty: '%.200s'", what, text);
    } else {
        fault(r, "%s: cannot read the check '%s'", what, rest);
    }
}

/* "file PATH exists | absent | contains … | lacks … | is …" */
static void check_file(run *r, const char *rest)
{
    const char *path = word(r, &rest);
    if (!path) {
        fault(r, "file: which?");
        return;
    }
    path = expand(r, path);
    const char *text = slurp(r, path);
    if (strcmp(rest, "absent") == 0) {
        if (text) fault(r, "%s exists", path);
    } else if (!text) {
        fault(r, "%s was not written", path);
    } else if (strcmp(rest, "exists") != 0) {
        check_text(r, path, text, rest);
    }
}

/* "needs shared", "needs command NAME", "needs PATH": else the case is skipped. */
static void check_need(run *r, const char *rest)
{
    if (lb_text_starts(rest, "command ")) {
        if (system(lb_arena_printf(r->arena, "command -v '%s' >/dev/null", rest + 8)) != 0)
            r->skip = lb_arena_printf(r->arena, "needs the command %s", rest + 8);
        return;
    }
    const char *path = strcmp(rest, "shared") == 0 ? lb_arena_printf(r->arena, "%s/data", r->shared) : expand(r, rest);
    if (access(path, R_OK) != 0) r->skip = lb_arena_printf(r->arena, "needs %s", rest);
}

static void one_line(run *r, const char *line)
{
    if (lb_text_starts(line, "needs ")) {
        check_need(r, line + 6);
    } else if (lb_text_starts(line, "$ ")) {
        run_command(r, line + 2);
    } else if (!r->ran) {
        fault(r, "a check before any command: '%s'", line);
    } else if (lb_text_starts(line, "exit ")) {
        if (strtol(line + 5, NULL, 10) != r->exit_status)
            fault(r, "exit %d, expected %s; stderr: %.400s", r->exit_status, line + 5, r->err);
    } else if (lb_text_starts(line, "json ")) {
        check_json(r, line + 5);
    } else if (lb_text_starts(line, "stdout ")) {
        check_text(r, "stdout", r->out, line + 7);
    } else if (lb_text_starts(line, "stderr ")) {
        check_text(r, "stderr", r->err, line + 7);
    } else if (lb_text_starts(line, "file ")) {
        check_file(r, line + 5);
    } else {
        fault(r, "cannot read '%s'", line);
    }
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st, (void)kind, (void)place;
    return remove(path);
}

/* One case: lines[0] is "== name"; returns whether it passed or was skipped. */
static bool one_case(const run *places, char **lines, size_t count, size_t first_line, size_t number)
{
    char tmp[] = "/tmp/lumbar-table-XXXXXX";
    run r = *places;
    r.arena = lb_arena_new();
    r.tmp = mkdtemp(tmp);
    bool checked = false;
    for (size_t i = 1; i < count && r.tmp && !r.skip; i++) {
        const char *line = lines[i] + strspn(lines[i], " \t");
        r.line = first_line + i;
        if (!*line || *line == '#') continue;
        checked = checked || (r.ran && !lb_text_starts(line, "$ "));
        one_line(&r, line);
    }
    r.line = first_line;
    if (!r.tmp) fault(&r, "no temporary folder");
    if (!checked && !r.skip) fault(&r, "a case that checks nothing");
    bool passed = r.faults.length == 0 || r.skip;
    const char *stem = strrchr(r.file, '/') ? strrchr(r.file, '/') + 1 : r.file;
    printf("%s %zu - %s %s%s%s\n", passed ? "ok" : "not ok", number, stem, lines[0] + 2 + strspn(lines[0] + 2, " "),
           r.skip ? " # SKIP " : "", r.skip ? r.skip : "");
    if (!passed) fputs(r.faults.data, stdout);
    fflush(stdout);
    if (r.tmp) nftw(r.tmp, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    lb_buf_free(&r.faults);
    lb_arena_free(r.arena);
    return passed;
}

static bool one_table(run *places, const char *path, size_t *number)
{
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    bool good = true;
    places->file = path;
    if (lb_file_read(path, (size_t)1 << 24, arena, &bytes, &err) != 0) {
        printf("not ok %zu - %s: %s\n", ++*number, path, err.message);
        lb_arena_free(arena);
        return false;
    }
    char *rest = lb_arena_textn(arena, (const char *)bytes.data, bytes.length);
    size_t lines = 1, count = 0, first = 0;
    for (const char *c = rest; *c; c++) lines += *c == '\n';
    char **line = lb_arena_array(arena, lines, sizeof *line);
    while (rest) line[count++] = strsep(&rest, "\n");
    while (first < count && !lb_text_starts(line[first], "==")) first++;
    while (first < count) {
        size_t end = first + 1;
        while (end < count && !lb_text_starts(line[end], "==")) end++;
        good = one_case(places, line + first, end - first, first + 1, ++*number) && good;
        first = end;
    }
    lb_arena_free(arena);
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fputs("usage: run_tables BINARY REPOSITORY SHARED FILE.test…\n", stderr);
        return 2;
    }
    run places = {.shared = getenv("LUMBAR_SHARED") ? getenv("LUMBAR_SHARED") : argv[3], .exit_status = -1};
    lb_arena *arena = lb_arena_new();
    const char *slash = strrchr(argv[1], '/'), *path = getenv("PATH");
    const char *folder = slash ? lb_arena_textn(arena, argv[1], (size_t)(slash - argv[1])) : ".";
    setenv("PATH", lb_arena_printf(arena, "%s:%s", folder, path ? path : "/usr/bin:/bin"), 1);
    if (chdir(argv[2]) != 0) {
        fprintf(stderr, "run_tables: cannot enter %s\n", argv[2]);
        return 2;
    }
    size_t number = 0;
    bool good = true;
    for (int i = 4; i < argc; i++) good = one_table(&places, argv[i], &number) && good;
    printf("1..%zu\n", number);
    lb_arena_free(arena);
    return good && number > 0 ? 0 : 1;
}
