/* The rules of a protocol: each is compiled when the file is read, so that a slip of the pen is found by its line and not by
 * the first participant it meets. Derived items must not derive from each other in a circle. */
#include "trial/study.h"

#include <stdlib.h>
#include <string.h>

static void gather_names(study_reader *r)
{
    static const char *const built_in[] = {"centre", "visit", "day"};
    size_t room = 2 * r->items.count + 2 * r->scores.count + LB_COUNT(built_in) + 1;
    r->names.word = lb_arena_array(r->f.arena, room, sizeof *r->names.word);
    for (size_t i = 0; i < r->items.count; i++) r->names.word[r->names.count++] = r->items.word[i];
    for (size_t i = 0; i < r->scores.count; i++) r->names.word[r->names.count++] = r->scores.word[i];
    for (size_t i = 0; i < LB_COUNT(built_in); i++) r->names.word[r->names.count++] = built_in[i];
    for (size_t i = 0; i < r->items.count; i++)
        r->names.word[r->names.count++] = lb_arena_printf(r->f.arena, "baseline_%s", r->items.word[i]);
}

/* "column 7" of the rule becomes a column of the file: the rule begins where its value does (after the quote). */
int trial_compile_rule(study_reader *r, const lb_value *value)
{
    lb_error err = LB_ERROR_INIT;
    int id = -1;
    if (!value || (value->type != LB_STRING && value->type != LB_BOOL)) return -1;
    const char *text = value->type == LB_BOOL ? (value->boolean ? "true" : "false") : value->text;
    if (lb_rules_compile(r->study->rules, text, r->names.word, r->names.count, &id, &err) == LB_OK) return id;
    lb_value at = *value;
    if (lb_text_starts(err.where, "column ")) at.column += (int)strtol(err.where + 7, NULL, 10) - 1 + value->quoted;
    trial_flaw(&r->f, &at, "error", err.hint[0] ? lb_arena_text(r->f.arena, err.hint) : NULL, "%s", err.message);
    return -1;
}

static void compile_items(study_reader *r)
{
    const lb_value *forms = trial_list(r->root, "forms", r->f.arena);
    for (size_t i = 0; i < r->study->form_count; i++) {
        const lb_value *items = trial_list(forms->item[i], "items", r->f.arena);
        lb_study_item *item = (lb_study_item *)r->study->form[i].item;
        for (size_t k = 0; k < r->study->form[i].item_count; k++) {
            item[k].shown_rule = trial_compile_rule(r, lb_get(items->item[k], "shown_if"));
            item[k].derived_rule = trial_compile_rule(r, lb_get(items->item[k], "derived_by"));
        }
    }
}

/* An item that is shown or derived by what reveals the arm reveals it, too. */
static void check_masks(study_reader *r)
{
    const lb_value *forms = trial_list(r->root, "forms", r->f.arena);
    for (size_t i = 0; i < r->study->form_count; i++) {
        const lb_study_form *form = &r->study->form[i];
        const lb_value *items = trial_list(forms->item[i], "items", r->f.arena);
        for (size_t k = 0; k < form->item_count && !form->reveals_arm; k++) {
            const char *const rule[] = {form->item[k].shown_if, form->item[k].derived_by};
            for (size_t n = 0; n < LB_COUNT(rule) && !form->item[k].reveals_arm; n++) {
                size_t count = 0;
                const char **name = rule[n] ? lb_rule_names(rule[n], r->f.arena, &count) : NULL;
                for (size_t m = 0; m < count; m++) {
                    const lb_study_form *of = NULL;
                    const lb_study_item *read = lb_study_item_named(r->study, name[m], &of);
                    if (!read || (!read->reveals_arm && !of->reveals_arm)) continue;
                    trial_flaw(&r->f, lb_get(items->item[k], n ? "derived_by" : "shown_if"), "error", "add reveals_arm: true, or leave it out of the rule",
                               "the item '%s' depends on '%s', which reveals the arm", form->item[k].id, read->id);
                    break;
                }
            }
        }
    }
}

static void compile_checks(study_reader *r)
{
    const lb_value *forms = trial_list(r->root, "forms", r->f.arena);
    for (size_t i = 0; i < r->study->form_count; i++) {
        const lb_value *checks = trial_list(forms->item[i], "checks", r->f.arena);
        lb_study_check *check = (lb_study_check *)r->study->form[i].check;
        for (size_t k = 0; k < r->study->form[i].check_count; k++) {
            check[k].compiled = trial_compile_rule(r, lb_get(checks->item[k], "rule"));
            trial_all_must_be(r, checks->item[k], "items", &r->items, NULL, "item");
        }
    }
}

static void compile_criteria(study_reader *r)
{
    const lb_value *stages = trial_list(lb_get(r->root, "eligibility"), "stages", r->f.arena);
    size_t at = 0;
    for (size_t i = 0; i < stages->count; i++) {
        const lb_value *criteria = trial_list(stages->item[i], "criteria", r->f.arena);
        for (size_t k = 0; k < criteria->count; k++) {
            const lb_value *rule = lb_get(criteria->item[k], "rule");
            r->study->criterion[at++].compiled = trial_compile_rule(r, rule);
            if (rule && rule->type == LB_STRING) {
                size_t names;
                lb_rule_names(rule->text, r->f.arena, &names);
                if (names == 0) trial_flaw(&r->f, rule, "warning", NULL, "this criterion asks for nothing: it reads no item");
            }
        }
    }
}

typedef struct derived {
    const lb_study_item *item;
    const char **name;
    size_t names;
} derived;

static bool waits_for(const derived *one, const derived *others, size_t count)
{
    for (size_t n = 0; n < one->names; n++)
        for (size_t k = 0; k < count; k++)
            if (strcmp(others[k].item->id, one->name[n]) == 0) return true;
    return false;
}

/* Derived items whose sources are all settled are settled; what remains goes round in a circle. */
static void check_circles(study_reader *r)
{
    size_t count = 0;
    derived *item = lb_arena_array(r->f.arena, r->items.count + 1, sizeof *item);
    for (size_t i = 0; i < r->study->form_count; i++)
        for (size_t k = 0; k < r->study->form[i].item_count; k++) {
            const lb_study_item *one = &r->study->form[i].item[k];
            if (!one->derived_by) continue;
            item[count].item = one;
            item[count].name = lb_rule_names(one->derived_by, r->f.arena, &item[count].names);
            count++;
        }
    for (size_t before = count + 1; count > 0 && count < before;) {
        before = count;
        for (size_t i = 0; i < count;) {
            if (waits_for(&item[i], item, count)) i++;
            else item[i] = item[--count];
        }
    }
    if (count == 0) return;
    const lb_value *forms = trial_list(r->root, "forms", r->f.arena);
    for (size_t i = 0; i < forms->count; i++) {
        const lb_value *items = trial_list(forms->item[i], "items", r->f.arena);
        for (size_t k = 0; k < items->count; k++) {
            if (!lb_text_equal(lb_get_text(items->item[k], "id", NULL), item[0].item->id)) continue;
            trial_flaw(&r->f, lb_get(items->item[k], "derived_by"), "error", NULL, "the item '%s' is derived from itself, by way of others or directly",
                       item[0].item->id);
            return;
        }
    }
}

void trial_check_rules(study_reader *r)
{
    gather_names(r);
    compile_items(r);
    compile_checks(r);
    check_masks(r);
    compile_criteria(r);
    check_circles(r);
}
