/* A safety board's report, computed from the bytes of its snapshot alone: numbers of events and of people who had one, over all
 * or by group. Denominators are those who were randomised (safety set as randomised; CONSORT Harms 2022, items 15 to 19). */
#include "trial/conduct/board.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trial/conduct/records.h"

enum { GROUPS_MOST = 16 };

typedef struct frozen {
    const lb_study *study;
    lb_table *people, *events, *watch, *groups;
    size_t group_count;
    const char *group[GROUPS_MOST];
    int *group_of;         /* per row of people; -1: none */
    lb_arena *arena;
} frozen;

static const char *text(const lb_table *table, const char *column, size_t row, lb_arena *arena)
{
    char buffer[32];
    const lb_column *c = lb_table_find(table, column);
    if (!c || lb_column_missing(c, row)) return "";
    return lb_arena_text(arena, lb_column_text(c, row, buffer));
}

static int read_table(const lb_bytes *bytes, const char *texts, lb_arena *arena, lb_table **out, lb_error *err)
{
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    options.text_columns = texts;
    options.separator = ',';
    options.missing = "";
    return lb_csv_read(bytes, &options, arena, out, err);
}

static int person_row(const frozen *f, const char *subject)
{
    for (size_t i = 0; i < f->people->rows; i++)
        if (strcmp(text(f->people, "subject", i, f->arena), subject) == 0) return (int)i;
    return -1;
}

/* Pooled: one group of everybody who was randomised. */
static void place_people(frozen *f)
{
    f->group_of = lb_arena_array(f->arena, f->people->rows + 1, sizeof *f->group_of);
    for (size_t i = 0; i < f->people->rows; i++) f->group_of[i] = !f->groups && *text(f->people, "randomised_on", i, f->arena) ? 0 : -1;
    if (!f->groups) {
        f->group[f->group_count++] = "all";
        return;
    }
    lb_column levels;
    lb_error ignored = LB_ERROR_INIT;
    if (f->groups->rows == 0 || lb_table_factor(f->groups, "group", f->arena, &levels, &ignored) != LB_OK) return;
    for (size_t g = 0; g < levels.level_count && g < GROUPS_MOST; g++) f->group[f->group_count++] = levels.level[g];
    for (size_t i = 0; i < f->groups->rows; i++) {
        int row = person_row(f, text(f->groups, "subject", i, f->arena));
        if (row >= 0 && levels.code[i] >= 0 && levels.code[i] < GROUPS_MOST) f->group_of[row] = levels.code[i];
    }
}

/* ---- counting ---- */

typedef bool (*event_is)(const frozen *f, size_t row, const char *what);

static bool any_event(const frozen *f, size_t row, const char *what) { return (void)f, (void)row, (void)what, true; }
static bool is_serious(const frozen *f, size_t row, const char *what) { return (void)what, strcmp(text(f->events, "serious", row, f->arena), "1") == 0; }
static bool has_severity(const frozen *f, size_t row, const char *what) { return strcmp(text(f->events, "severity", row, f->arena), what) == 0; }
static bool has_term(const frozen *f, size_t row, const char *what) { return strcmp(text(f->events, "term", row, f->arena), what) == 0; }
static bool has_cause(const frozen *f, size_t row, const char *what) { return strcmp(text(f->events, what, row, f->arena), "1") == 0; }

/* {label…, events:{group:n}, people:{group:n}}: every event, and everybody who had at least one. */
static lb_value *count_row(const frozen *f, lb_value *rows, event_is is, const char *what)
{
    lb_value *row = lb_push_object(rows), *events = lb_set_object(row, "events"), *people = lb_set_object(row, "people");
    for (size_t g = 0; g < f->group_count; g++) {
        int64_t n = 0, who = 0;
        bool *seen = lb_arena_array(f->arena, f->people->rows + 1, sizeof *seen);
        for (size_t i = 0; i < f->events->rows; i++) {
            int person = person_row(f, text(f->events, "subject", i, f->arena));
            if (person < 0 || f->group_of[person] != (int)g || !is(f, i, what)) continue;
            n++;
            who += !seen[person];
            seen[person] = true;
        }
        lb_set_int(events, f->group[g], n);
        lb_set_int(people, f->group[g], who);
    }
    return row;
}

static void event_sections(const frozen *f, lb_value *out)
{
    const lb_safety_settings *s = &f->study->conduct->safety;
    lb_value *rows = lb_set_array(out, "events");
    lb_set_text(count_row(f, rows, any_event, NULL), "what", "any");
    lb_set_text(count_row(f, rows, is_serious, NULL), "what", "serious");
    const lb_study_item *severity = s->severity.id ? &f->study->form[s->severity.form].item[s->severity.item] : NULL;
    for (size_t i = 0; severity && i < severity->code_count; i++) {
        lb_value *row = count_row(f, rows, has_severity, severity->code[i].code);
        lb_set_text(row, "what", "severity");
        lb_set_label(row, "label", &severity->code[i].label);
    }
    for (size_t i = 0; i < s->causality_count; i++) {
        char column[64] = "";
        for (size_t k = 0; s->causality_name[i][k] && k < sizeof column - 1; k++)
            column[k] = s->causality_name[i][k] == ' ' || s->causality_name[i][k] == ',' ? '_' : s->causality_name[i][k];
        lb_value *row = count_row(f, rows, has_cause, column);
        lb_set_text(row, "what", "related");
        lb_set_text(row, "to", s->causality_name[i]);
    }
    lb_value *terms = lb_set_array(out, "terms");
    lb_column levels;
    lb_error ignored = LB_ERROR_INIT;
    if (f->events->rows == 0 || lb_table_factor(f->events, "term", f->arena, &levels, &ignored) != LB_OK) return;
    for (size_t i = 0; i < levels.level_count; i++) lb_set_text(count_row(f, terms, has_term, levels.level[i]), "term", levels.level[i]);
}

static bool yes(const frozen *f, const char *column, size_t row)
{
    return strcmp(text(f->people, column, row, f->arena), "1") == 0;
}

static void people_section(const frozen *f, lb_value *out)
{
    static const char *const ways[] = {"left_treatment", "left_followup", "left_consent"};
    lb_value *groups = lb_set_array(out, "groups");
    int64_t failed = 0;
    for (size_t i = 0; i < f->people->rows; i++) failed += strcmp(text(f->people, "state", i, f->arena), "screen_failed") == 0;
    lb_set_int(out, "screened", (int64_t)f->people->rows);
    lb_set_int(out, "screen_failed", failed);
    for (size_t g = 0; g < f->group_count; g++) {
        lb_value *one = lb_push_object(groups);
        int64_t n = 0, completed = 0, left[LB_COUNT(ways)] = {0};
        for (size_t i = 0; i < f->people->rows; i++) {
            if (f->group_of[i] != (int)g) continue;
            n++;
            completed += strcmp(text(f->people, "state", i, f->arena), "completed") == 0;
            for (size_t w = 0; w < LB_COUNT(ways); w++) left[w] += yes(f, ways[w], i);
        }
        lb_set_text(one, "group", f->group[g]);
        lb_set_int(one, "randomised", n);
        lb_set_int(one, "completed", completed);
        for (size_t w = 0; w < LB_COUNT(ways); w++) lb_set_int(one, ways[w], left[w]);
    }
}

static void watch_section(const frozen *f, lb_value *out)
{
    const lb_safety_settings *s = &f->study->conduct->safety;
    lb_value *rows = lb_set_array(out, "watch");
    for (size_t w = 0; w < s->watch_count; w++) {
        lb_value *row = lb_push_object(rows), *people = lb_set_object(row, "people");
        lb_set_text(row, "rule", s->watch[w].id);
        lb_set_label(row, "label", &s->watch[w].label);
        for (size_t g = 0; g < f->group_count; g++) {
            int64_t who = 0;
            bool *seen = lb_arena_array(f->arena, f->people->rows + 1, sizeof *seen);
            for (size_t i = 0; i < f->watch->rows; i++) {
                int person = person_row(f, text(f->watch, "subject", i, f->arena));
                if (person < 0 || f->group_of[person] != (int)g || seen[person] || strcmp(text(f->watch, "rule", i, f->arena), s->watch[w].id) != 0) continue;
                seen[person] = true;
                who++;
            }
            lb_set_int(people, f->group[g], who);
        }
    }
}

int lb_board_compute(const lb_study *study, const lb_bytes *people, const lb_bytes *events, const lb_bytes *watch, const lb_bytes *groups, lb_arena *arena,
                     lb_value **out, lb_error *err)
{
    frozen f = {.study = study, .arena = arena};
    int code = read_table(people, "subject,site,state,randomised_on,left_treatment,left_followup,left_consent", arena, &f.people, err);
    lb_buf columns = {0};
    lb_buf_puts(&columns, "subject,site,n,term,start,severity,serious,expected,outcome");
    if (code == LB_OK) code = read_table(events, columns.data, arena, &f.events, err);
    if (code == LB_OK) code = read_table(watch, "subject,rule,visit", arena, &f.watch, err);
    if (code == LB_OK && groups) code = read_table(groups, "subject,group", arena, &f.groups, err);
    lb_buf_free(&columns);
    if (code != LB_OK) return code;
    place_people(&f);
    lb_value *report = *out = lb_value_object(arena), *names = lb_set_array(report, "group_names");
    for (size_t g = 0; g < f.group_count; g++) lb_push_text(names, f.group[g]);
    people_section(&f, report);
    event_sections(&f, report);
    watch_section(&f, report);
    return LB_OK;
}
