/* What the log says: every reference's way, what is to settle, agreement, the extracted table, the flow. */
#include "evidence/dossier/dossier.h"

#include <math.h>
#include <string.h>

static const char *const stage_names[] = {"title", "full_text"};

/* May `viewer` see slot i? The other one's only when both have decided or it is settled. */
static bool visible(const char *const *who, bool both, int i, const char *viewer)
{
    if (!viewer || both) return true;
    return who[i] && strcmp(who[i], viewer) == 0;
}

static void report_screening(const lb_screening *s, const char *viewer, const char *stage, lb_value *record)
{
    bool both = s->decision[0] && s->decision[1];
    if (!s->who[0]) return;
    lb_value *out = lb_set_object(record, stage), *rows = lb_set_array(out, "decisions");
    for (int i = 0; i < LB_DOSSIER_PEOPLE; i++) {
        if (!s->decision[i] || !visible(s->who, both || s->settled, i, viewer)) continue;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "who", s->who[i]);
        lb_set_text(row, "decision", lb_decision_name(s->decision[i]));
        if (s->reason[i]) lb_set_text(row, "reason", s->reason[i]);
    }
    lb_set_int(out, "count", (s->decision[0] != 0) + (s->decision[1] != 0));
    lb_set_bool(out, "conflict", lb_screening_conflict(s));
    lb_set_text(out, "outcome", lb_decision_name(lb_screening_outcome(s)));
    if (!s->settled) return;
    lb_set_text(out, "settled_by", s->settler);
    lb_set_text(out, "settled_because", s->settle_reason);
}

/* Where a reference stands now. */
static const char *standing(const lb_record *record)
{
    if (record->duplicate) return "duplicate";
    const lb_screening *title = &record->stage[LB_STAGE_TITLE], *full = &record->stage[LB_STAGE_FULL];
    lb_decision first = lb_screening_outcome(title), second = lb_screening_outcome(full);
    if (first == LB_DECISION_EXCLUDE) return "excluded";
    if (first == LB_DECISION_NONE) return lb_screening_conflict(title) ? "to_settle" : "to_screen";
    if (second == LB_DECISION_INCLUDE) return "included";
    if (second == LB_DECISION_EXCLUDE) return "excluded_full_text";
    return lb_screening_conflict(full) ? "to_settle" : "to_read";
}

static void report_records(const lb_dossier *dossier, const char *viewer, lb_value *out)
{
    static const char *const keys[] = {"id", "title", "abstract", "authors", "year", "journal", "doi", "source", "duplicate_of"};
    lb_value *rows = lb_set_array(out, "records"), *counts = lb_set_object(out, "standing");
    for (size_t i = 0; i < dossier->records; i++) {
        const lb_record *record = &dossier->record[i];
        lb_value *row = lb_push_object(rows);
        for (size_t k = 0; k < LB_COUNT(keys); k++) {
            lb_value *value = lb_get(record->value, keys[k]);
            if (value) lb_set(row, keys[k], value);
        }
        const char *now = standing(record);
        lb_set_text(row, "standing", now);
        lb_set_int(counts, now, lb_get_int(counts, now, 0) + 1);
        lb_value *stages = lb_set_object(row, "stages");
        for (int s = 0; s < 2; s++) report_screening(&record->stage[s], viewer, stage_names[s], stages);
    }
}

/* Of references that two people have decided about; unsure counts as kept. The two are in the order of their names, so
 * that a pair is one pair whoever came first. */
static void report_agreement(const lb_dossier *dossier, lb_value *out)
{
    lb_value *rows = lb_set_array(out, "agreement");
    for (int stage = 0; stage < 2; stage++) {
        double n[2][2] = {{0}};
        for (size_t i = 0; i < dossier->records; i++) {
            const lb_screening *s = &dossier->record[i].stage[stage];
            if (!s->decision[0] || !s->decision[1]) continue;
            int first = strcmp(s->who[0], s->who[1]) <= 0 ? 0 : 1;
            n[s->decision[first] == LB_DECISION_EXCLUDE][s->decision[1 - first] == LB_DECISION_EXCLUDE]++;
        }
        lb_kappa k;
        lb_kappa_fit(n, .95, &k);
        if (!(k.n > 0)) continue;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "stage", stage_names[stage]);
        lb_set_number(row, "n", k.n);
        lb_set_number(row, "both_include", n[0][0]);
        lb_set_number(row, "first_only", n[0][1]);
        lb_set_number(row, "second_only", n[1][0]);
        lb_set_number(row, "both_exclude", n[1][1]);
        lb_set_number(row, "agreement", k.observed);
        lb_set_number(row, "kappa", k.kappa);
        lb_set_number(row, "se", k.se);
        lb_set_number(row, "lower", k.lower);
        lb_set_number(row, "upper", k.upper);
    }
}

static void set_value(lb_value *row, const char *key, const lb_value *value)
{
    if (value)
        lb_set(row, key, (lb_value *)value);
    else
        lb_set_null(row, key);
}

static void report_extraction(const lb_dossier *dossier, const char *viewer, lb_value *out)
{
    lb_value *rows = lb_set_array(out, "extraction");
    for (size_t i = 0; i < dossier->extracts; i++) {
        const lb_extract *e = &dossier->extract[i];
        bool both = e->value[0] && e->value[1];
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "study", e->study);
        lb_set_text(row, "field", e->field);
        for (int s = 0; s < LB_DOSSIER_PEOPLE; s++) {
            bool show = e->value[s] && visible(e->who, both || e->settled, s, viewer);
            lb_set_text(row, s ? "who2" : "who1", show ? e->who[s] : NULL);
            set_value(row, s ? "value2" : "value1", show ? e->value[s] : NULL);
        }
        lb_set_int(row, "count", (e->value[0] != NULL) + (e->value[1] != NULL));
        lb_set_bool(row, "conflict", lb_extract_conflict(e));
        set_value(row, "value", lb_extract_value(e));
        if (!e->settled) continue;
        lb_set_text(row, "settled_by", e->settler);
        lb_set_text(row, "settled_because", e->reason);
    }
}

void lb_dossier_report(const lb_dossier *dossier, const char *viewer, lb_value *out)
{
    static const char *const copied[] = {"title", "reasons", "fields", "question"};
    for (size_t i = 0; i < LB_COUNT(copied); i++) {
        lb_value *value = lb_get(dossier->root, copied[i]);
        if (value) lb_set(out, copied[i], value);
    }
    report_records(dossier, viewer, out);
    report_agreement(dossier, out);
    report_extraction(dossier, viewer, out);
    lb_dossier_flow(dossier, lb_set_object(out, "flow"));
    lb_value *judgements = lb_set_array(out, "certainty"), *events = lb_get(dossier->root, "events");
    for (size_t i = 0; i < events->count; i++) {
        if (lb_text_equal(lb_get_text(events->item[i], "what", ""), "certainty")) lb_push(judgements, events->item[i]);
    }
    lb_set_int(out, "events", (int64_t)dossier->events);
}

/* -- the table ---------------------------------------------------------------------------------------------------- */

static size_t place_of(const char **names, size_t *count, const char *name)
{
    size_t i = 0;
    while (i < *count && strcmp(names[i], name) != 0) i++;
    if (i == *count) names[(*count)++] = name;
    return i;
}

lb_table *lb_dossier_table(const lb_dossier *dossier, lb_arena *arena)
{
    const char **study = lb_arena_array(arena, dossier->extracts + 1, sizeof *study),
               **field = lb_arena_array(arena, dossier->extracts + 1, sizeof *field);
    size_t studies = 0, fields = 0;
    for (size_t i = 0; i < dossier->extracts; i++) {
        place_of(study, &studies, dossier->extract[i].study);
        place_of(field, &fields, dossier->extract[i].field);
    }
    lb_table *table = lb_table_new(arena, "extraction", studies);
    lb_table_add_text(table, "study", study);
    const char **cell = lb_arena_array(arena, studies + 1, sizeof *cell);
    for (size_t f = 0; f < fields; f++) {
        bool numbers = true;
        double *number = lb_arena_array(arena, studies + 1, sizeof *number);
        for (size_t s = 0; s < studies; s++) {
            cell[s] = NULL;
            number[s] = NAN;
        }
        for (size_t i = 0; i < dossier->extracts; i++) {
            const lb_extract *e = &dossier->extract[i];
            const lb_value *value = strcmp(e->field, field[f]) == 0 ? lb_extract_value(e) : NULL;
            if (!value || value->type == LB_NULL) continue;
            size_t s = place_of(study, &studies, e->study);
            number[s] = lb_number_of(value);
            char text[32];
            cell[s] = value->type == LB_STRING ? value->text
                      : value->type == LB_BOOL ? (value->boolean ? "yes" : "no")
                                               : lb_arena_text(arena, lb_number_text(number[s], text));
            numbers = numbers && lb_is_number(value);
        }
        if (numbers) {
            lb_column *column = lb_table_add_number(table, field[f]);
            memcpy(column->number, number, studies * sizeof *number);
        } else {
            lb_table_add_text(table, field[f], cell);
        }
    }
    return table;
}

/* -- the flow ----------------------------------------------------------------------------------------------------- */

static void add_reason(lb_value *list, const char *reason)
{
    if (!reason) reason = "reason not stated";
    for (size_t i = 0; i < list->count; i++) {
        if (!lb_text_equal(lb_get_text(list->item[i], "reason", ""), reason)) continue;
        lb_set_int(list->item[i], "n", lb_get_int(list->item[i], "n", 0) + 1);
        return;
    }
    lb_value *row = lb_push_object(list);
    lb_set_text(row, "reason", reason);
    lb_set_int(row, "n", 1);
}

void lb_dossier_flow(const lb_dossier *dossier, lb_value *flow)
{
    size_t duplicates = 0, screened = 0, excluded = 0, sought = 0, assessed = 0, included = 0, open = 0;
    lb_value *reasons = lb_value_array(dossier->arena);
    const lb_value *counts = lb_get(dossier->root, "counts");
    for (size_t i = 0; i < dossier->records; i++) {
        const lb_record *record = &dossier->record[i];
        if (record->duplicate) {
            duplicates++;
            continue;
        }
        lb_decision title = lb_screening_outcome(&record->stage[LB_STAGE_TITLE]),
                    full = lb_screening_outcome(&record->stage[LB_STAGE_FULL]);
        screened += title != LB_DECISION_NONE;
        excluded += title == LB_DECISION_EXCLUDE;
        sought += title == LB_DECISION_INCLUDE;
        assessed += full != LB_DECISION_NONE;
        included += full == LB_DECISION_INCLUDE;
        open += title == LB_DECISION_NONE || (title == LB_DECISION_INCLUDE && full == LB_DECISION_NONE);
        if (full == LB_DECISION_EXCLUDE) add_reason(reasons, lb_screening_reason(&record->stage[LB_STAGE_FULL]));
    }
    lb_set_int(flow, "databases", (int64_t)dossier->records);
    lb_set_int(flow, "duplicates", (int64_t)duplicates);
    lb_set_int(flow, "screened", (int64_t)screened);
    lb_set_int(flow, "excluded", (int64_t)excluded);
    lb_set_int(flow, "sought", (int64_t)sought);
    int64_t lost = lb_get_int(counts, "not_retrieved", 0);
    lb_set_int(flow, "not_retrieved", lost);
    lb_set_int(flow, "assessed", (int64_t)assessed);
    lb_set(flow, "excluded_reports", reasons);
    lb_set_int(flow, "included_studies", (int64_t)included);
    lb_set_int(flow, "included_reports", (int64_t)included);
    lb_set_int(flow, "open", (int64_t)open);
    for (size_t i = 0; counts && i < counts->count; i++) lb_set(flow, counts->key[i], counts->item[i]);
}
