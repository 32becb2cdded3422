/* Consent form, manual, diary and booklet from a protocol. */
#include "trial/conduct/print.h"

#include <string.h>

#include "trial/conduct/print_crf.h"
#include "trial/conduct/print_words.h"
#include "trial/study.h"

#define W(word) print_word_of(WORD_##word, o->language)

static const char *text_of(const lb_value *object, const char *key, const char *language)
{
    lb_label label = trial_label(lb_get(object, key));
    return print_label(&label, language);
}

static size_t paragraphs(lb_doc *doc, const lb_study *study, const char *kind, const char *language)
{
    const lb_value *list = lb_get(lb_get(study->root, "documents"), kind);
    size_t count = list && list->type == LB_ARRAY ? list->count : 0;
    for (size_t i = 0; i < count; i++) {
        lb_doc_heading(doc, 2, text_of(list->item[i], "title", language));
        lb_doc_paragraph(doc, LB_DOC_LEAD, text_of(list->item[i], "text", language));
    }
    return count;
}

static void consent(lb_doc *doc, const lb_study *study, const lb_print_options *o)
{
    const lb_consent_settings *c = &study->conduct->consent;
    paragraphs(doc, study, "consent", o->language);
    for (size_t i = 0; i < c->stage_count; i++) {
        const char *who[] = {W(PARTICIPANT), W(TAKEN_BY)};
        lb_doc_group_open(doc);
        lb_doc_heading(doc, 2, print_label(&c->stage[i].label, o->language));
        lb_doc_paragraph(doc, LB_DOC_LEAD, W(STATEMENT));
        lb_doc_printf(doc, LB_DOC_NOTE, "%s %s", W(VERSION), c->stage[i].form_version);
        lb_doc_space(doc, 4);
        lb_doc_field(doc, W(NAME), NULL, 0);
        lb_doc_space(doc, 10);
        lb_doc_signatures(doc, who, 2, W(DATE));
        lb_doc_group_close(doc);
    }
}

static void manual(lb_doc *doc, const lb_study *study, const lb_print_options *o, lb_arena *arena)
{
    const lb_value *list = trial_list(study->root, "interventions", arena);
    paragraphs(doc, study, "manual", o->language);
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *of = trial_list(list->item[i], "components", arena);
        if (of->count == 0) continue;
        const char *header[] = {W(COMPONENT), W(WHAT)};
        const char **cell = lb_arena_array(arena, 2 * of->count + 1, sizeof *cell);
        for (size_t k = 0; k < of->count; k++) {
            cell[2 * k] = text_of(of->item[k], "label", o->language);
            cell[2 * k + 1] = text_of(of->item[k], "what", o->language);
        }
        lb_doc_table table = {.columns = 2, .rows = of->count, .header = header, .cell = cell, .row_mm = 9, .grid = true, .full_width = true, .size_pt = 12};
        lb_doc_heading(doc, 2, text_of(list->item[i], "label", o->language));
        lb_doc_table_add(doc, &table);
    }
}

/* One table a week: a line a day, a column an item. */
static void diary_week(lb_doc *doc, const lb_study_form *form, const char *day_item, int week, int first, int last, const lb_print_options *o, lb_arena *arena)
{
    size_t columns = 2, rows = (size_t)(last - first + 1);
    const char **header = lb_arena_array(arena, form->item_count + 2, sizeof *header);
    double *width = lb_arena_array(arena, form->item_count + 2, sizeof *width); /* a date by hand needs more room than a number */
    header[0] = W(DAY);
    header[1] = W(DATE);
    width[0] = 0.7;
    width[1] = 1.7;
    for (size_t i = 0; i < form->item_count; i++) {
        const lb_study_item *item = &form->item[i];
        if (item->type == LB_ITEM_DERIVED || lb_text_equal(item->id, day_item)) continue;
        const char *label = print_label(&item->label, o->language);
        width[columns] = item->type == LB_ITEM_TEXT ? 1.7 : 1.1;
        header[columns++] = item->unit ? lb_arena_printf(arena, "%s (%s)", label, item->unit) : label;
    }
    const char **cell = lb_arena_array(arena, columns * rows + 1, sizeof *cell);
    for (size_t r = 0; r < rows; r++) cell[r * columns] = lb_arena_printf(arena, "%d", first + (int)r);
    lb_doc_table table = {.columns = columns, .rows = rows, .header = header, .cell = cell, .width = width, .row_mm = 13, .grid = true, .full_width = true, .size_pt = 9};
    lb_doc_group_open(doc);
    lb_doc_heading(doc, 2, lb_arena_printf(arena, "%s %d", W(WEEK), week));
    lb_doc_table_add(doc, &table);
    lb_doc_group_close(doc);
}

/* Forms on paper that participants fill in day by day: those of their pages that stand in a daily visit. */
static size_t diary(lb_doc *doc, const lb_study *study, const lb_print_options *o, lb_arena *arena)
{
    size_t weeks = 0;
    paragraphs(doc, study, "diary", o->language);
    for (size_t v = 0; v < study->visit_count; v++) {
        const lb_study_visit *visit = &study->visit[v];
        if (visit->repeat_every != 1 || visit->form_count == 0) continue;
        for (int day = visit->repeat_from; day <= visit->repeat_to; day += 7) {
            int last = day + 6 < visit->repeat_to ? day + 6 : visit->repeat_to;
            diary_week(doc, &study->form[visit->form[0]], study->conduct->phone.day_item, (int)++weeks, day, last, o, arena);
        }
    }
    return weeks;
}

int lb_print(const lb_study *study, const char *kind, const lb_print_options *o, lb_buf *pdf, lb_error *err)
{
    static const struct {
        const char *kind;
        print_word title;
        bool reveals, landscape;
    } kinds[] = {{"consent", WORD_CONSENT, false, false}, {"manual", WORD_MANUAL, true, false}, {"diary", WORD_DIARY, true, true},
                 {"booklet", WORD_BOOKLET, false, false}, {"crf", WORD_CRF, false, false}};
    size_t k = 0;
    while (k < LB_COUNT(kinds) && strcmp(kinds[k].kind, kind) != 0) k++;
    bool crf = strcmp(kind, "crf") == 0;
    bool there = k < LB_COUNT(kinds) && (crf || lb_get(lb_get(study->root, "documents"), kind)) && !(o->masked && kinds[k].reveals);
    if (!there) return lb_fail(err, LB_NOT_FOUND, "there is no document '%.20s'", kind);
    lb_arena *arena = lb_arena_new();
    const char *title = print_label(&study->title, o->language), *what = print_word_of(kinds[k].title, o->language);
    lb_doc_options options = {.title = lb_arena_printf(arena, "%s: %s", study->id, what), .language = o->language, .landscape = kinds[k].landscape,
                              .size_pt = crf ? 9 : 12, .header_left = lb_arena_printf(arena, "%s · %s %s", study->id, W(VERSION), study->version),
                              .header_right = o->subject ? lb_arena_printf(arena, "%s: %s", W(CODE), o->subject)
                                                         : lb_arena_printf(arena, "%s: ____________", W(CODE)),
                              .footer_left = what, .accent = true};
    lb_doc *doc = lb_doc_new(&options);
    lb_doc_heading(doc, 1, what);
    lb_doc_paragraph(doc, LB_DOC_BODY, title);
    if (crf) trial_print_crf(doc, study, o, arena);
    else if (strcmp(kind, "consent") == 0) consent(doc, study, o);
    else if (strcmp(kind, "manual") == 0) manual(doc, study, o, arena);
    else if (strcmp(kind, "diary") == 0) diary(doc, study, o, arena);
    else paragraphs(doc, study, kind, o->language);
    int code = lb_doc_finish(doc, pdf, err);
    lb_doc_free(doc);
    lb_arena_free(arena);
    return code;
}
