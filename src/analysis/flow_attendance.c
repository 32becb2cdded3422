/* Attendance by visit and adherence to the programme, by arm: what CONSORT asks beside the flow of people. */
#include "analysis/room.h"

#include <math.h>
#include <string.h>

static lb_value *rows_of(lb_result *result, const char *name) { return lb_set_array(result->results, name); }

/* People of each arm by the text of their identifier: a visit's row counts once, whatever it repeats. */
int lb_flow_attendance(lb_call *call, lb_result *result, const lb_table *people, const lb_column *arm, lb_error *err)
{
    lb_table *visits;
    lb_column visit, *id, *their, *value = NULL;
    int code = lb_call_table(call, "attendance", &visits, err);
    if (code || !visits) return code;
    const char *id_name = lb_call_text(call, "id"), *outcome = lb_call_text(call, "attended");
    code = lb_table_column(people, id_name, &id, err);
    if (!code) code = lb_table_column(visits, id_name, &their, err);
    if (!code) code = lb_table_factor(visits, lb_call_text(call, "visit"), result->arena, &visit, err);
    if (!code && outcome) code = lb_table_column(visits, outcome, &value, err);
    if (code) return code;
    const char *const *order;
    size_t named = lb_call_texts(call, "visits", &order), shown = 0, last = 0, unknown = 0;
    int32_t *place = lb_arena_array(result->arena, visit.level_count + 1, sizeof *place);
    const char **name = lb_arena_array(result->arena, visit.level_count + named + 1, sizeof *name);
    for (size_t l = 0; l < visit.level_count; l++) place[l] = named ? -1 : (int32_t)l;
    for (size_t k = 0; k < named; k++)
        for (size_t l = 0; l < visit.level_count; l++)
            if (strcmp(visit.level[l], order[k]) == 0) place[l] = (int32_t)shown, name[shown] = order[k], shown++;
    if (!named)
        for (size_t l = 0; l < visit.level_count; l++) name[shown++] = visit.level[l];
    bool *seen = lb_arena_try(result->arena, people->rows * (shown + 1) + 1, sizeof *seen);
    if (!seen) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu people × %zu visits", people->rows, shown);
    char a[64], b[64];
    for (size_t r = 0; r < visits->rows; r++) {
        if (visit.code[r] < 0 || place[visit.code[r]] < 0 || (value && lb_column_missing(value, r))) continue;
        const char *who = lb_column_text(their, r, a);
        bool found = false;
        for (size_t tried = 0; tried < people->rows && !found; tried++) { /* rows of one person follow each other */
            size_t k = (last + tried) % people->rows;
            if (strcmp(who, lb_column_text(id, k, b)) != 0) continue;
            seen[k * shown + (size_t)place[visit.code[r]]] = found = true;
            last = k;
        }
        unknown += !found;
    }
    lb_value *rows = rows_of(result, "attendance");
    for (size_t v = 0; v < shown; v++) {
        for (size_t l = 0; l < arm->level_count; l++) {
            size_t n = 0, came = 0;
            for (size_t k = 0; k < people->rows; k++) {
                if (arm->code[k] != (int32_t)l) continue;
                n++;
                came += seen[k * shown + v];
            }
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "visit", name[v]);
            lb_set_text(row, "arm", arm->level[l]);
            lb_set_int(row, "randomised", (int64_t)n);
            lb_set_int(row, "attended", (int64_t)came);
            lb_set_number(row, "percent", n ? 100.0 * (double)came / (double)n : NAN);
        }
    }
    if (unknown) lb_result_warn(result, "%zu rows of visits belong to nobody in the table of people", unknown);
    return 0;
}

int lb_flow_adherence(lb_call *call, lb_result *result, const lb_table *people, const lb_column *arm, lb_error *err)
{
    const char *name = lb_call_text(call, "adherence");
    lb_column *column;
    if (!name) return 0;
    int code = lb_table_number(people, name, &column, err);
    if (code) return code;
    double threshold = lb_call_number(call, "threshold");
    lb_value *rows = rows_of(result, "adherence"), *arms = lb_get(result->results, "arms");
    for (size_t l = 0; l < arm->level_count; l++) {
        size_t n = 0, known = 0, enough = 0;
        double sum = 0, squares = 0;
        for (size_t k = 0; k < people->rows; k++) {
            if (arm->code[k] != (int32_t)l) continue;
            n++;
            double value = column->number[k];
            if (isnan(value)) continue;
            known++;
            enough += value >= threshold;
            sum += value;
            squares += value * value;
        }
        double mean = sum / (double)known;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "arm", arm->level[l]);
        lb_set_int(row, "randomised", (int64_t)n);
        lb_set_int(row, "evaluable", (int64_t)known);
        lb_set_number(row, "mean", known ? mean : NAN);
        lb_set_number(row, "sd", known > 1 ? sqrt(fmax(0, (squares - (double)known * mean * mean) / (double)(known - 1))) : NAN);
        lb_set_int(row, "adherent", (int64_t)enough);
        lb_set_number(row, "percent", n ? 100.0 * (double)enough / (double)n : NAN);
        if (known == 0) continue; /* an arm without a programme has no adherence */
        lb_value *box = arms->item[l];
        lb_set_number(box, "adherence_threshold", threshold);
        lb_set_int(box, "adherent", (int64_t)enough);
        lb_set_int(box, "adherence_evaluable", (int64_t)known);
    }
    lb_result_note(result, "Adherent: %s of at least %g; percentages are of those randomised.", name, threshold);
    return 0;
}
