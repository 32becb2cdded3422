/* A safety board's report on paper. */
#include <stdio.h>
#include <string.h>

#include "trial/conduct/print.h"
#include "trial/conduct/print_words.h"
#include "trial/study.h"

#define W(word) print_word_of(WORD_##word, language)

typedef struct printing {
    lb_doc *doc;
    const lb_value *report, *names;
    const char *language;
    lb_arena *arena;
} printing;

static const char *label_text(const lb_value *row, const char *key, const char *language)
{
    lb_label label = trial_label(lb_get(row, key));
    return print_label(&label, language);
}

/* "12 (9)": events (people). */
static const char *cell_of(const printing *p, const lb_value *row, const char *group)
{
    const lb_value *events = lb_get(row, "events"), *people = lb_get(row, "people");
    if (!events) return lb_arena_printf(p->arena, "%lld", (long long)lb_get_int(people, group, 0));
    return lb_arena_printf(p->arena, "%lld (%lld)", (long long)lb_get_int(events, group, 0), (long long)lb_get_int(people, group, 0));
}

static const char *row_label(const printing *p, const lb_value *row)
{
    const char *language = p->language, *what = lb_get_text(row, "what", "");
    if (lb_get(row, "term")) return lb_get_text(row, "term", "");
    if (lb_get(row, "rule")) return label_text(row, "label", language);
    if (strcmp(what, "any") == 0) return W(ANY_EVENT);
    if (strcmp(what, "serious") == 0) return W(SERIOUS);
    if (strcmp(what, "severity") == 0) return lb_arena_printf(p->arena, "%s: %s", W(SEVERITY), label_text(row, "label", language));
    return lb_arena_printf(p->arena, "%s: %s", W(RELATED), lb_get_text(row, "to", ""));
}

static void section(const printing *p, const char *title, const char *key)
{
    const lb_value *rows = lb_get(p->report, key);
    size_t columns = 1 + p->names->count, count = rows ? rows->count : 0;
    const char **header = lb_arena_array(p->arena, columns + 1, sizeof *header), **cell = lb_arena_array(p->arena, columns * count + 1, sizeof *cell);
    if (count == 0) return;
    for (size_t g = 0; g < p->names->count; g++) header[1 + g] = p->names->item[g]->text;
    for (size_t r = 0; r < count; r++) {
        cell[r * columns] = row_label(p, rows->item[r]);
        for (size_t g = 0; g < p->names->count; g++) cell[r * columns + 1 + g] = cell_of(p, rows->item[r], p->names->item[g]->text);
    }
    lb_doc_table table = {.columns = columns, .rows = count, .header = header, .cell = cell, .full_width = true};
    lb_doc_heading(p->doc, 2, title);
    lb_doc_table_add(p->doc, &table);
}

static void people(const printing *p)
{
    static const struct {
        const char *key;
        print_word word;
    } lines[] = {{"randomised", WORD_RANDOMISED}, {"completed", WORD_COMPLETED}, {"left_treatment", WORD_LEFT_TREATMENT},
                 {"left_followup", WORD_LEFT_FOLLOWUP}, {"left_consent", WORD_LEFT_CONSENT}};
    const lb_value *groups = lb_get(p->report, "groups");
    size_t columns = 1 + groups->count;
    const char **header = lb_arena_array(p->arena, columns + 1, sizeof *header), **cell = lb_arena_array(p->arena, columns * LB_COUNT(lines) + 1, sizeof *cell);
    for (size_t g = 0; g < groups->count; g++) header[1 + g] = lb_get_text(groups->item[g], "group", "");
    for (size_t r = 0; r < LB_COUNT(lines); r++) {
        cell[r * columns] = print_word_of(lines[r].word, p->language);
        for (size_t g = 0; g < groups->count; g++) cell[r * columns + 1 + g] = lb_arena_printf(p->arena, "%lld", (long long)lb_get_int(groups->item[g], lines[r].key, 0));
    }
    lb_doc_table table = {.columns = columns, .rows = LB_COUNT(lines), .header = header, .cell = cell, .full_width = true};
    lb_doc_table_add(p->doc, &table);
}

int lb_print_board(const lb_study *study, const lb_value *report, const char *language, lb_buf *pdf, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    bool closed = lb_text_equal(lb_get_text(report, "kind", NULL), "closed");
    const lb_value *body = lb_get(report, "report");
    const char *title = closed ? W(CLOSED_REPORT) : W(OPEN_REPORT);
    lb_doc_options options = {.title = lb_arena_printf(arena, "%s: %s", study->id, title), .language = language, .made = lb_get_text(report, "made", NULL),
                              .header_left = study->id, .header_right = lb_get_text(report, "id", ""), .footer_left = title, .accent = true};
    printing p = {lb_doc_new(&options), body, lb_get(body, "group_names"), language, arena};
    lb_doc_heading(p.doc, 1, title);
    lb_doc_paragraph(p.doc, LB_DOC_BODY, print_label(&study->title, language));
    lb_doc_printf(p.doc, LB_DOC_NOTE, "%s: %s · SHA-256 %s · %s", W(SNAPSHOT), lb_get_text(report, "snapshot", ""), lb_get_text(report, "sha256", ""),
                  lb_get_text(report, "made", ""));
    people(&p);
    lb_doc_paragraph(p.doc, LB_DOC_NOTE, W(COUNT_NOTE));
    section(&p, W(EVENTS), "events");
    section(&p, W(TERMS), "terms");
    section(&p, W(WATCH), "watch");
    int code = lb_doc_finish(p.doc, pdf, err);
    lb_doc_free(p.doc);
    lb_arena_free(arena);
    return code;
}
