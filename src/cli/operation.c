/* An operation from the command line: options to parameters, files to data, the result to a file or standard output. */
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lumbar/trial.h>

#include "cli/cli.h"
#include "op/call.h"

/* Whose folder is it that further files are read in? An operation with a source: --folder, or its positional table;
 * any other: its first document. */
static bool leads(const lb_op *op, const lb_param *param)
{
    for (size_t i = 0; i < op->param_count; i++)
        if (op->params[i].type == LB_P_SOURCE) return (param->flags & LB_POSITIONAL) != 0;
    return param->type == LB_P_DOCUMENT;
}

typedef struct invocation {
    const lb_op *op;
    lb_call *call;
    lb_arena *arena;        /* bytes of the inputs: outlives the call */
    const char *output;     /* -o */
    bool json, quiet;
    size_t positional;      /* next positional parameter */
    char folder[4096];      /* further files that the inputs name are read there */
    const char *saved[16];  /* LB_OUTPUT parameters: their paths */
    size_t saved_count;
    lb_source source;
    lb_cli_journal journal;
} invocation;

/* Where a file or folder that a document names lies: relative, below its own folder. */
static int path_beside(const invocation *in, const char *name, char path[8192], lb_error *err)
{
    size_t length = strlen(in->folder);
    while (length && in->folder[length - 1] == '/') length--;
    if (strncmp(name, in->folder, length) == 0 && name[length] == '/') name += length + 1; /* a full path into the folder */
    if (*name == '/' || strstr(name, "..")) {
        lb_fail(err, LB_BAD_DATA, "'%.200s' does not lie beside the file that names it", name);
        lb_error_hint(err, "write names relative to that file, without ..");
        return LB_BAD_DATA;
    }
    snprintf(path, 8192, "%s/%s", in->folder, name);
    return LB_OK;
}

static int read_beside(void *context, const char *name, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    char path[8192];
    int code = path_beside(context, name, path, err);
    return code ? code : lb_file_read(path, 0, arena, out, err);
}

static int files_beside(void *context, const char *name, lb_arena *arena, lb_bytes **out, size_t *count, lb_error *err)
{
    char path[8192];
    struct stat st;
    int code = path_beside(context, name, path, err);
    *count = 0;
    if (code || stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) return code;
    return lb_cli_read_folder(path, arena, out, count, err);
}

static int bind_file(invocation *in, const lb_param *param, const char *value, lb_error *err)
{
    const char *path = value;
    char *name = NULL;
    if (param->type == LB_P_SOURCE) {
        snprintf(in->folder, sizeof in->folder, "%s", value);
        return LB_OK;
    }
    if (param->type == LB_P_TABLES) { /* NAME=FILE, or the file's stem is the name */
        const char *equals = strchr(value, '='), *slash = strchr(value, '/');
        if (equals && (slash == NULL || equals < slash)) {
            name = lb_arena_textn(in->arena, value, (size_t)(equals - value));
            path = equals + 1;
        } else {
            const char *base = strrchr(value, '/');
            base = base ? base + 1 : value;
            name = lb_arena_textn(in->arena, base, strcspn(base, "."));
        }
    }
    if (param->type == LB_P_VOLUME) return lb_cli_bind_images(in->call, param, path, in->arena, err);
    lb_bytes bytes;
    int code = lb_file_read(path, 0, in->arena, &bytes, err);
    if (code != LB_OK) return code;
    if (name) bytes.name = name;
    if (in->folder[0] == '\0' && leads(in->op, param)) {
        const char *slash = strrchr(path, '/');
        snprintf(in->folder, sizeof in->folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    }
    return lb_call_bind(in->call, param->name, &bytes, err);
}

static int is_csv(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    bool csv = length > 4 && strcmp(entry->d_name + length - 4, ".csv") == 0 && entry->d_name[0] != '.';
    return csv && !strstr(entry->d_name, ".codebook.");
}

/* The tables of a folder, as `study simulate` and `study export` write them; codebooks are not among them. */
static int bind_folder(invocation *in, const lb_param *param, const char *folder, lb_error *err)
{
    struct dirent **entry = NULL;
    int count = scandir(folder, &entry, is_csv, alphasort), code = LB_OK;
    if (count <= 0) {
        code = lb_fail(err, LB_BAD_DATA, count < 0 ? "the folder %.300s cannot be read" : "the folder %.300s holds no table", folder);
        lb_error_hint(err, "give a folder with files called *.csv, or the files themselves");
    }
    for (int i = 0; i < count; i++) {
        size_t length = strlen(folder);
        const char *slash = length && folder[length - 1] == '/' ? "" : "/";
        if (!code) code = bind_file(in, param, lb_arena_printf(in->arena, "%s%s%s", folder, slash, entry[i]->d_name), err);
        free(entry[i]);
    }
    free(entry);
    return code;
}

static int set_param(invocation *in, const lb_param *param, const char *value, lb_error *err)
{
    struct stat about;
    if (param->type == LB_P_TABLES && stat(value, &about) == 0 && S_ISDIR(about.st_mode)) return bind_folder(in, param, value, err);
    if (lb_param_is_data(param->type)) return bind_file(in, param, value, err);
    if ((param->flags & LB_OUTPUT) && in->saved_count < LB_COUNT(in->saved)) in->saved[in->saved_count++] = value;
    return lb_call_set(in->call, param->name, value, err);
}

static bool takes_tables(const lb_op *op)
{
    for (size_t i = 0; i < op->param_count; i++)
        if (op->params[i].type == LB_P_TABLE || op->params[i].type == LB_P_TABLES) return true;
    return false;
}

static int set_separator(char *out, const char *name, const char *value, lb_error *err)
{
    if (strcmp(value, "tab") == 0) value = "\t";
    if (strlen(value) != 1) return lb_fail(err, LB_USAGE, "%s takes one character, not '%.40s'", name, value);
    *out = *value;
    return LB_OK;
}

/* Options that every operation has. 1: taken; 0: not one of them; negative: an error. */
static int set_common(invocation *in, const char *name, const char *value, lb_error *err)
{
    lb_csv_options *csv = lb_call_csv(in->call);
    bool tables = takes_tables(in->op);
    int code = LB_OK;
    if (strcmp(name, "threads") == 0) {
        int64_t threads;
        if (!lb_text_integer(value, strlen(value), &threads) || threads < 0 || threads > 256)
            return lb_fail(err, LB_USAGE, "--threads takes 0 (all cores) to 256, not '%.40s'", value);
        lb_call_set_threads(in->call, (unsigned)threads);
    } else if (tables && strcmp(name, "decimal") == 0) {
        code = set_separator(&csv->decimal, "--decimal", value, err);
    } else if (tables && strcmp(name, "separator") == 0) {
        code = set_separator(&csv->separator, "--separator", value, err);
    } else if (tables && strcmp(name, "missing") == 0) {
        csv->missing = value;
    } else if (tables && strcmp(name, "text-columns") == 0) {
        csv->text_columns = value;
    } else if (tables && strcmp(name, "codebook") == 0) {
        lb_bytes bytes;
        lb_table *codebook;
        code = lb_file_read(value, 0, in->arena, &bytes, err);
        if (code == LB_OK) code = lb_csv_read(&bytes, NULL, in->arena, &codebook, err);
        if (code == LB_OK) code = lb_table_needs_rows(codebook, err);
        if (code == LB_OK) csv->codebook = codebook;
    } else {
        return 0;
    }
    return code == LB_OK ? 1 : code;
}

static int take_option(invocation *in, int argc, char **argv, int *i, lb_error *err)
{
    const char *word = argv[*i] + 2, *equals = strchr(word, '=');
    char name[64];
    snprintf(name, sizeof name, "%.*s", equals ? (int)(equals - word) : 63, word);
    const lb_param *param = lb_op_param(in->op, name);
    if (strcmp(name, "json") == 0 && !equals) in->json = true;
    else if (strcmp(name, "quiet") == 0 && !equals && param == NULL) in->quiet = true;
    else if (param && param->type == LB_P_FLAG) return lb_call_set(in->call, name, equals ? equals + 1 : "true", err);
    else {
        const char *value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
        if (value == NULL && param) return lb_fail(err, LB_USAGE, "--%s needs a value (%s)", name, param->summary);
        if (param) return set_param(in, param, value, err);
        int common = value ? set_common(in, name, value, err) : 0;
        if (common == 0) return lb_call_set(in->call, name, "", err); /* says which option is near */
        return common > 0 ? LB_OK : common;
    }
    return LB_OK;
}

/* A word without a dash: the next positional parameter, or one more table for a parameter that takes several. */
static int take_word(invocation *in, const char *word, lb_error *err)
{
    for (; in->positional < in->op->param_count; in->positional++) {
        const lb_param *param = &in->op->params[in->positional];
        if (!(param->flags & LB_POSITIONAL) || lb_call_given(in->call, param->name)) continue;
        if (param->type != LB_P_TABLES) in->positional++;
        return set_param(in, param, word, err);
    }
    for (size_t k = 0; k < in->op->param_count; k++)
        if (in->op->params[k].type == LB_P_TABLES) return set_param(in, &in->op->params[k], word, err);
    int code = lb_fail(err, LB_USAGE, "'%.100s' is one word too many", word);
    lb_error_hint(err, "lumbar help %s %s shows the usage", in->op->area, in->op->verb);
    return code;
}

static int parse(invocation *in, int argc, char **argv, lb_error *err)
{
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        int code = LB_OK;
        if (!only_words && strcmp(word, "--") == 0) only_words = true;
        else if (!only_words && (strcmp(word, "-o") == 0 || strcmp(word, "-m") == 0)) {
            if (++i == argc) return lb_fail(err, LB_USAGE, "%s needs a file", word);
            const lb_param *model = word[1] == 'm' ? lb_op_param(in->op, "model") : NULL;
            if (word[1] == 'o') in->output = argv[i];
            else if (model) code = set_param(in, model, argv[i], err);
            else return lb_fail(err, LB_USAGE, "%s %s has no option -m", in->op->area, in->op->verb);
        } else if (!only_words && strncmp(word, "--", 2) == 0) code = take_option(in, argc, argv, &i, err);
        else code = take_word(in, word, err);
        if (code != LB_OK) return code;
    }
    return LB_OK;
}

static void show_progress(void *context, double done, const char *what)
{
    (void)context;
    fprintf(stderr, "\r%-40.40s %3.0f %%%s", what, 100 * done, done >= 1 ? "\n" : "");
}

/* Parameters that name a file to write: the artifact of that name, or the only one. */
static int write_saved(const invocation *in, const lb_result *result, lb_error *err)
{
    for (size_t i = 0; i < in->saved_count; i++) {
        const char *slash = strrchr(in->saved[i], '/'), *base = slash ? slash + 1 : in->saved[i];
        const lb_artifact *chosen = result->artifact_count ? &result->artifact[0] : NULL;
        for (size_t k = 0; k < result->artifact_count; k++)
            if (strcmp(result->artifact[k].name, base) == 0) chosen = &result->artifact[k];
        if (chosen == NULL) continue;
        int code = lb_file_write(in->saved[i], chosen->data, chosen->length, err);
        if (code != LB_OK) return code;
        if (!in->quiet) fprintf(stderr, "wrote %s\n", in->saved[i]);
    }
    return LB_OK;
}

static int deliver(const invocation *in, const lb_result *result, lb_error *err)
{
    int code = write_saved(in, result, err);
    if (code == LB_OK && in->output) {
        code = lb_cli_write_result(result, in->output, err);
        if (code == LB_OK && !in->quiet) fprintf(stderr, "wrote %s\n", in->output);
    }
    if (code != LB_OK) return code;
    if (in->json || in->output == NULL) {
        lb_buf out = {0};
        if (in->json) lb_result_json(result, &out);
        else lb_result_text(result, &out);
        fwrite(out.data, 1, out.length, stdout);
        lb_buf_free(&out);
    } else if (!in->quiet) {
        for (size_t i = 0; i < result->warnings->count; i++) fprintf(stderr, "warning: %s\n", result->warnings->item[i]->text);
    }
    return LB_OK;
}

/* Long work is a thousand like pieces: memory that one gives back is what the next asks for, and need not go through the
 * kernel, where threads wait for each other. */
static void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

int lb_cli_operation(const lb_registry *registry, const lb_op *op, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) return lb_cli_help(registry, 2, (char *[]){(char *)op->area, (char *)op->verb});
    invocation in = {.op = op, .call = lb_call_new(registry, op), .arena = lb_arena_new()};
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    int code = parse(&in, argc, argv, &err);
    in.source = (lb_source){read_beside, &in, files_beside};
    if (in.folder[0] == '\0') snprintf(in.folder, sizeof in.folder, ".");
    lb_call_bind_source(in.call, &in.source);
    lb_progress progress = {show_progress, NULL, NULL};
    if (!in.quiet && isatty(STDERR_FILENO)) lb_call_set_progress(in.call, &progress);
    if (lb_op_param(op, "resume")) keep_memory();
    if (code == LB_OK && in.output && lb_op_param(op, "resume"))
        code = lb_cli_journal_open(&in.journal, in.call, in.output, in.arena, &err);
    char now[24];
    lb_time_text(lb_now_us() / 1000000, now);
    lb_call_set_now(in.call, now);
    if (code == LB_OK) code = lb_call_run(in.call, &result, &err);
    if (code == LB_OK) code = deliver(&in, result, &err);
    lb_cli_journal_close(&in.journal, code == LB_OK);
    int status = code == LB_OK ? lb_result_exit_status(result) : lb_cli_error(&err);
    lb_result_free(result);
    lb_call_free(in.call);
    lb_arena_free(in.arena);
    return status;
}
