/* The command line: verbs that are not operations, and the pieces they share. */
#ifndef LUMBAR_CLI_H
#define LUMBAR_CLI_H
#include <lumbar/op.h>

/* Verbs: argv[0] is the first word after the verb. They return the exit status. */
int lb_cli_serve(int argc, char **argv);
int lb_cli_allocator(int argc, char **argv);
/** Verbs on the database of a study: new, verify, lock, …; argv[0] is the verb. */
int lb_cli_study(int argc, char **argv);
bool lb_cli_study_knows(int argc, char **argv);
int lb_cli_validate(int argc, char **argv);
int lb_cli_operation(const lb_registry *registry, const lb_op *op, int argc, char **argv);
int lb_cli_help(const lb_registry *registry, int argc, char **argv);
int lb_cli_man(const lb_registry *registry, int argc, char **argv);

/** Prints "lumbar: error: WHERE: message" and "hint: …" to stderr; returns the exit status. */
int lb_cli_error(const lb_error *err);
/** All files below a folder, by path. */
int lb_cli_read_folder(const char *folder, lb_arena *arena, lb_bytes **out, size_t *count, lb_error *err) LB_MUST_CHECK;
/** Bind a file, or all files below a folder, to a volume parameter; PATH#4 and PATH#4.2 choose a series and volume. */
int lb_cli_bind_images(lb_call *call, const lb_param *param, const char *path, lb_arena *arena, lb_error *err) LB_MUST_CHECK;
/** Where the program's own files are (reference, studies, web): the first that exists of $`variable`,
 *  <executable>/../share/lumbar/NAME and <executable>/../../NAME (a build folder). NULL when there is none. */
const char *lb_cli_home(const char *variable, const char *name, char *buffer, size_t size);

/** Finished rows of long work, one JSON line each, in OUTPUT.journal until the output is written. */
typedef struct lb_cli_journal {
    int file; /**< 0: none */
    char path[4096];
    lb_journal journal;
} lb_cli_journal;
/** Start the journal of this output; with --resume, rows of an earlier journal and output are handed to the call. */
int lb_cli_journal_open(lb_cli_journal *journal, lb_call *call, const char *output, lb_arena *arena,
                        lb_error *err) LB_MUST_CHECK;
/** Remove it when the output is written; else it stays for --resume. */
void lb_cli_journal_close(lb_cli_journal *journal, bool written);

/** Write a result as the extension of `path` asks; artifacts of the same extension first. */
int lb_cli_write_result(const lb_result *result, const char *path, lb_error *err) LB_MUST_CHECK;
#endif
