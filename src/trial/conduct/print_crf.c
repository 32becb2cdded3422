/* The blank case report form: every form with room to write, and beside every question its name, type, limits and rules, so that
 * paper and database can be held against each other (annotated CRF). */
#include "trial/conduct/print_crf.h"

#include <math.h>
#include <string.h>

#include "trial/conduct/print_words.h"
#include "trial/conduct/rights.h"

#define W(word) print_word_of(WORD_##word, o->language)

/* The site's licensed wording of an item, or NULL. */
static const lb_value *licensed(const lb_print_options *o, const char *item)
{
    for (size_t i = 0; o->texts && i < o->texts->count; i++) {
        if (!lb_text_equal(lb_get_text(o->texts->item[i], "language", NULL), o->language)) continue;
        const lb_value *found = lb_get(lb_get(o->texts->item[i], "items"), item);
        if (found) return found;
    }
    return NULL;
}

static void annotation(lb_doc *doc, const lb_study_item *item, const lb_print_options *o)
{
    char number[32];
    lb_buf text = {0};
    lb_buf_printf(&text, "%s · %s", item->id, lb_item_type_name(item->type));
    if (!isnan(item->low)) lb_buf_printf(&text, " · %s %s", W(RANGE), lb_number_text(item->low, number));
    if (!isnan(item->high)) lb_buf_printf(&text, "–%s", lb_number_text(item->high, number));
    if (item->required) lb_buf_printf(&text, " · %s", W(REQUIRED));
    if (item->shown_if) lb_buf_printf(&text, " · %s %s", W(SHOWN_IF), item->shown_if);
    if (item->derived_by) lb_buf_printf(&text, " · %s: %s", W(DERIVED), item->derived_by);
    lb_doc_paragraph(doc, LB_DOC_NOTE, text.data);
    lb_buf_free(&text);
}

static void choice(lb_doc *doc, const lb_study_item *item, const char *label, const lb_value *words, const lb_print_options *o, lb_arena *arena)
{
    const char **option = lb_arena_array(arena, item->code_count + 2, sizeof *option);
    size_t count = 0;
    if (item->type == LB_ITEM_YESNO) {
        option[count++] = lb_arena_printf(arena, "%s (1)", W(YES));
        option[count++] = lb_arena_printf(arena, "%s (0)", W(NO));
    }
    for (size_t i = 0; i < item->code_count; i++) {
        const char *text = lb_get_text(lb_get(words, "codes"), item->code[i].code, print_label(&item->code[i].label, o->language));
        option[count++] = strcmp(text, item->code[i].code) == 0 ? text : lb_arena_printf(arena, "%s (%s)", text, item->code[i].code);
    }
    lb_doc_choice(doc, label, option, count, -1, words != NULL);
}

static void question(lb_doc *doc, const lb_study_item *item, const lb_print_options *o, lb_arena *arena)
{
    const lb_value *words = licensed(o, item->id);
    const char *label = lb_get_text(words, "text", print_label(&item->label, o->language));
    if (item->unit) label = lb_arena_printf(arena, "%s (%s)", label, item->unit);
    lb_doc_group_open(doc);
    switch (item->type) {
    case LB_ITEM_CHOICE:
    case LB_ITEM_CHOICES:
    case LB_ITEM_YESNO: choice(doc, item, label, words, o, arena); break;
    case LB_ITEM_DATE: lb_doc_boxes(doc, label, "####-##-##", NULL); break;
    case LB_ITEM_DATETIME: lb_doc_boxes(doc, label, "####-##-## ##:##", NULL); break;
    case LB_ITEM_SLIDER: lb_doc_scale(doc, label, isnan(item->low) ? 0 : (int)item->low, isnan(item->high) ? 100 : (int)item->high, NULL, NULL); break;
    case LB_ITEM_DERIVED: lb_doc_field(doc, label, W(DERIVED), 40); break;
    case LB_ITEM_INTEGER:
    case LB_ITEM_NUMBER: lb_doc_field(doc, label, NULL, 40); break;
    default: lb_doc_field(doc, label, NULL, 0); break;
    }
    annotation(doc, item, o);
    lb_doc_space(doc, 2);
    lb_doc_group_close(doc);
}

static void schedule(lb_doc *doc, const lb_study *study, const lb_print_options *o, lb_arena *arena)
{
    const char *header[] = {W(VISIT), W(DAY), W(WINDOW), W(FORMS)};
    const char **cell = lb_arena_array(arena, 4 * study->visit_count + 1, sizeof *cell);
    size_t rows = 0;
    for (size_t v = 0; v < study->visit_count; v++) {
        const lb_study_visit *visit = &study->visit[v];
        lb_buf forms = {0};
        if (o->masked && visit->reveals_arm) continue;
        for (size_t f = 0; f < visit->form_count; f++)
            if (!o->masked || !lb_form_reveals(&study->form[visit->form[f]], visit)) lb_buf_printf(&forms, "%s%s", forms.length ? ", " : "", study->form[visit->form[f]].id);
        const char **row = &cell[4 * rows++];
        row[0] = lb_arena_printf(arena, "%s (%s)", print_label(&visit->label, o->language), visit->id);
        row[1] = visit->anchor == LB_ANCHOR_NONE ? "" : visit->repeat_every > 0
                     ? lb_arena_printf(arena, "%d–%d / %d", visit->nominal + visit->repeat_from, visit->nominal + visit->repeat_to, visit->repeat_every)
                     : lb_arena_printf(arena, "%d", visit->nominal);
        row[2] = visit->window[0] || visit->window[1] ? lb_arena_printf(arena, "%d … %+d", visit->window[0], visit->window[1]) : "";
        row[3] = lb_arena_text(arena, forms.data ? forms.data : "");
        lb_buf_free(&forms);
    }
    lb_doc_table table = {.columns = 4, .rows = rows, .header = header, .cell = cell, .full_width = true, .size_pt = 8};
    lb_doc_heading(doc, 2, W(SCHEDULE));
    lb_doc_table_add(doc, &table);
}

void trial_print_crf(lb_doc *doc, const lb_study *study, const lb_print_options *o, lb_arena *arena)
{
    schedule(doc, study, o, arena);
    for (size_t f = 0; f < study->form_count; f++) {
        const lb_study_form *form = &study->form[f];
        if (o->masked && form->reveals_arm) continue;
        lb_doc_page(doc);
        lb_doc_heading(doc, 2, lb_arena_printf(arena, "%s (%s)", print_label(&form->label, o->language), form->id));
        if (form->filled_by) lb_doc_printf(doc, LB_DOC_SMALL, "%s: %s", W(FILLED_BY), form->filled_by);
        lb_doc_boxes(doc, W(DATE), "####-##-##", NULL);
        for (size_t i = 0; i < form->item_count; i++)
            if (!o->masked || !form->item[i].reveals_arm) question(doc, &form->item[i], o, arena);
    }
}
