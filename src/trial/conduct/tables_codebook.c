/* The codebook of a snapshot's table: what lb_csv_options.codebook reads, and what a person does. */
#include "trial/conduct/snapshot_tables.h"
#include "trial/conduct/snapshot.h"

#include "trial/conduct/form.h"

#include <string.h>

static const char *type_name(const lb_study_item *item)
{
    switch (item->type) {
    case LB_ITEM_INTEGER:
    case LB_ITEM_NUMBER:
    case LB_ITEM_SLIDER: return "number";
    case LB_ITEM_DERIVED: return "derived";
    case LB_ITEM_YESNO: return "yesno";
    case LB_ITEM_CHOICE: return "choice";
    case LB_ITEM_CHOICES: return "choices";
    case LB_ITEM_DATE: return "date";
    case LB_ITEM_DATETIME: return "datetime";
    default: return "text";
    }
}

static void line(lb_buf *csv, const char *name, const char *type, const char *label, const char *unit, const char *codes)
{
    const char *const cell[] = {name, type, label, unit, codes};
    for (size_t i = 0; i < LB_COUNT(cell); i++) {
        if (i) lb_buf_putc(csv, ',');
        lb_csv_cell(cell[i] ? cell[i] : "", true, csv);
    }
    lb_buf_putc(csv, '\n');
}

static void item_line(lb_buf *csv, const lb_study_item *item)
{
    lb_buf codes = {0};
    for (size_t i = 0; i < item->code_count; i++) lb_buf_printf(&codes, "%s%s=%s", i ? "|" : "", item->code[i].code, item->code[i].label.en);
    line(csv, item->id, type_name(item), item->label.en, item->unit, codes.data);
    lb_buf_free(&codes);
}

static void form_codebook(const lb_study *study, const lb_study_form *form, bool masked, lb_buf *csv)
{
    line(csv, "id", "text", "Participant", NULL, NULL);
    line(csv, "centre", "text", "Centre", NULL, NULL);
    line(csv, "visit", "text", "Visit", NULL, NULL);
    line(csv, "occurrence", "number", "Occurrence of a repeated visit", NULL, NULL);
    line(csv, "day", "number", "Day from randomisation", "days", NULL);
    line(csv, "state", "text", "State of the form", NULL, NULL);
    line(csv, "version", "text", "Version of the protocol it is kept under", NULL, NULL);
    for (size_t i = 0; i < form->item_count; i++)
        if (!form->item[i].identifier && !(masked && form->item[i].reveals_arm)) item_line(csv, &form->item[i]);
    const char *score = trial_score_of(study, form);
    if (score) line(csv, lb_form_item(form, score) ? "score" : score, "number", form->label.en, NULL, NULL);
}

void lb_tables_codebook(const lb_study *study, const char *table, bool masked, lb_buf *csv)
{
    lb_buf_puts(csv, "name,type,label,unit,codes\n");
    const lb_study_form *form = strncmp(table, "form_", 5) == 0 ? lb_form_named(study, table + 5) : NULL;
    if (form) {
        form_codebook(study, form, masked, csv);
        return;
    }
    if (strcmp(table, "participants") != 0) return;
    lb_arena *arena = lb_arena_new();
    snapshot_plan plan;
    trial_snapshot_plan(study, arena, &plan);
    line(csv, "id", "text", "Participant", NULL, NULL);
    line(csv, "centre", "text", "Centre", NULL, NULL);
    line(csv, "arm", "text", "Arm allocated", NULL, NULL);
    line(csv, "stratum", "text", "Stratum of randomisation", NULL, NULL);
    line(csv, "randomised_on", "date", "Date of randomisation", NULL, NULL);
    for (size_t i = 0; i < plan.columns; i++) {
        const snapshot_column *c = &plan.column[i];
        if (masked && c->reveals) continue;
        if (c->item) item_line(csv, c->item);
        else line(csv, c->name, "number", lb_arena_printf(arena, "%s at %s", c->score, study->visit[c->visit].label.en), NULL, NULL);
    }
    if (study->conduct->adherence.there) line(csv, "adherence", "number", "Overall adherence to the programme", "%", NULL);
    line(csv, "last_visit", "text", "Last visit attended", NULL, NULL);
    line(csv, "reason", "text", "Why the follow-up ended early", NULL, NULL);
    for (size_t i = 0; i < plan.events; i++) {
        line(csv, lb_arena_printf(arena, "%s_days", plan.event[i].name), "number", "Days to the event or the last answer", "days", NULL);
        line(csv, plan.event[i].name, "yesno", "Did the event happen", NULL, NULL);
    }
    if (plan.response) line(csv, "response", "yesno", "Response as the protocol defines it", NULL, NULL);
    lb_arena_free(arena);
}
