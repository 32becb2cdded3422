/* Help and man pages, all from the registry. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const char *const areas[][2] = {
    {"study", "protocols: check, describe, simulate; studies: lumbar study --help"},
    {"randomise", "allocation sequences, their audit and balance"},
    {"instrument", "questionnaire scores"},
    {"safety", "reports for the safety board"},
    {"image", "scans and masks"},
    {"muscle", "cross-sectional area and fat fraction"},
    {"radiomics", "image features"},
    {"emg", "surface electromyography"},
    {"power", "sample size and power"},
    {"analyse", "the trial's analyses and plan"},
    {"predict", "prognosis models"},
    {"meta", "pooling the evidence"},
};

static const char *describe_area(const char *area)
{
    for (size_t i = 0; i < LB_COUNT(areas); i++)
        if (strcmp(areas[i][0], area) == 0) return areas[i][1];
    return "";
}

static bool new_area(const lb_registry *registry, size_t i)
{
    return i == 0 || strcmp(lb_registry_at(registry, i)->area, lb_registry_at(registry, i - 1)->area) != 0;
}

static void overview(const lb_registry *registry)
{
    printf("Lumbar %s — conduct a trial of back pain care, measure the muscles, analyse, predict, pool.\n\n"
           "Usage: lumbar <area> <verb> [--option VALUE …] [INPUT …]\n\nAreas:\n", lb_version());
    for (size_t i = 0; i < lb_registry_count(registry); i++) {
        const char *area = lb_registry_at(registry, i)->area;
        if (new_area(registry, i)) printf("  %-12s %s\n", area, describe_area(area));
    }
    puts("\nThe program itself:\n"
         "  serve        the web pages (serve --demo shows a simulated trial)\n"
         "  validate     rerun every reference case on this machine\n"
         "  merge        put the shards of a cohort together (radiomics merge)\n"
         "  man DIR      write the man pages\n"
         "  completion   bash completion\n\n"
         "lumbar help AREA lists its verbs; lumbar help AREA VERB explains one.\n"
         "Exit status: 0 done, 1 failed, 2 wrong usage, 3 bad input data, 4 not converged (the document is still written).");
}

int lb_cli_help(const lb_registry *registry, int argc, char **argv)
{
    if (argc == 0) {
        overview(registry);
        return 0;
    }
    if (argc >= 2) {
        const lb_op *op = lb_registry_find(registry, argv[0], argv[1]);
        if (op) {
            lb_buf out = {0};
            lb_op_usage(op, &out);
            fwrite(out.data, 1, out.length, stdout);
            lb_buf_free(&out);
            return 0;
        }
    }
    bool found = false;
    for (size_t i = 0; argc == 1 && i < lb_registry_count(registry); i++) {
        const lb_op *op = lb_registry_at(registry, i);
        if (strcmp(op->area, argv[0]) != 0) continue;
        if (!found) printf("lumbar %s — %s\n\n", op->area, describe_area(op->area));
        printf("  %-12s %s\n", op->verb, op->summary);
        found = true;
    }
    if (found) return 0;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_fail(&err, LB_USAGE, "no help on '%.60s%s%.60s'", argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    const char *near = lb_registry_nearest(registry, argv[0], argc > 1 ? argv[1] : NULL, arena);
    lb_error_hint(&err, near ? "did you mean '%s'?" : "lumbar help lists what there is%s", near ? near : "");
    int status = lb_cli_error(&err);
    lb_arena_free(arena);
    return status;
}

/* The page of the program: its areas and the conventions that all operations share. */
static void program_page(const lb_registry *registry, lb_buf *out)
{
    lb_buf_printf(out, ".TH LUMBAR 1 \"\" \"Lumbar %s\" \"Lumbar manual\"\n.SH NAME\nlumbar \\- conduct, measure, analyse, predict and pool trials of "
                       "back pain care\n.SH SYNOPSIS\nlumbar AREA VERB [OPTION ...] [INPUT ...]\n.SH COMMANDS\n", lb_version());
    for (size_t i = 0; i < lb_registry_count(registry); i++) {
        const lb_op *op = lb_registry_at(registry, i);
        lb_buf_printf(out, ".TP\n.BR lumbar\\-%s\\-%s (1)\n%s\n", op->area, op->verb, op->summary);
    }
    lb_buf_puts(out, ".SH OPTIONS EVERYWHERE\n.TP\n\\fB\\-o\\fR FILE\nwrite there; the extension gives the format (.json .csv .html .txt .svg "
                     ".png .pdf)\n.TP\n\\fB\\-\\-json\\fR\none JSON document on standard output\n.SH EXIT STATUS\n0 done; 1 failed; 2 wrong usage; "
                     "3 bad input data; 4 not converged or on a boundary (the document is still written).\n");
}

int lb_cli_man(const lb_registry *registry, int argc, char **argv)
{
    if (argc != 1) {
        fprintf(stderr, "lumbar: error: man needs a folder\nhint: lumbar man DIR writes the man pages there\n");
        return 2;
    }
    for (size_t i = 0; i <= lb_registry_count(registry); i++) {
        const lb_op *op = i < lb_registry_count(registry) ? lb_registry_at(registry, i) : NULL;
        char path[4096];
        lb_buf out = {0};
        if (op) lb_op_man(op, &out);
        else program_page(registry, &out);
        if (op) snprintf(path, sizeof path, "%s/lumbar-%s-%s.1", argv[0], op->area, op->verb);
        else snprintf(path, sizeof path, "%s/lumbar.1", argv[0]);
        lb_error err = LB_ERROR_INIT;
        int code = lb_file_write(path, out.data, out.length, &err);
        lb_buf_free(&out);
        if (code != LB_OK) return lb_cli_error(&err);
    }
    return 0;
}
