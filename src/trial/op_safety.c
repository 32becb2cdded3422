/* safety report: what a safety board looks at, from a snapshot's tables: open (pooled) or closed (by arm, as X and Y).
 * Events and people with at least one; the denominators are everybody randomised (CONSORT Harms 2022, items 15 to 19). */
#include "trial/ops.h"

#include <stdlib.h>
#include <string.h>

enum { GROUPS_MOST = 16 };

typedef struct report {
    const lb_table *people, *events;
    lb_arena *arena;
    lb_column id, event_id, arm;
    size_t group_count;
    const char *group[GROUPS_MOST];
    int *group_of_person;  /* per row of people; -1 none */
    int *person_of_event;  /* per row of events: row of people, or -1 */
    int64_t n[GROUPS_MOST];
} report;

static const char *text(const lb_table *table, const char *column, size_t row, lb_arena *arena)
{
    char buffer[32];
    const lb_column *c = table ? lb_table_find(table, column) : NULL;
    if (!c || lb_column_missing(c, row)) return "";
    return lb_arena_text(arena, lb_column_text(c, row, buffer));
}

/* Letters in an order that the arms' names do not tell, and that the same snapshot gives again. */
typedef struct lettered {
    char hash[65];
    const char *arm;
    int level;
} lettered;

static int by_hash(const void *a, const void *b)
{
    return strcmp(((const lettered *)a)->hash, ((const lettered *)b)->hash);
}

static int place_people(report *r, const char *arm, bool closed, lb_error *err)
{
    int code = LB_OK, letter[GROUPS_MOST] = {0};
    r->group_of_person = lb_arena_array(r->arena, r->people->rows + 1, sizeof *r->group_of_person);
    if (!closed) {
        r->group[r->group_count++] = "all";
    } else {
        lettered list[GROUPS_MOST];
        code = lb_table_factor(r->people, arm, r->arena, &r->arm, err);
        if (code == LB_OK && (r->arm.level_count < 2 || r->arm.level_count > GROUPS_MOST))
            code = lb_fail(err, LB_BAD_DATA, "'%s' has %zu values: a closed report compares 2 to %d groups", arm, r->arm.level_count, GROUPS_MOST);
        if (code != LB_OK) return code;
        for (size_t g = 0; g < r->arm.level_count; g++) {
            const char *salted = lb_arena_printf(r->arena, "safety|%s|%s", r->people->sha256, r->arm.level[g]);
            list[g] = (lettered){"", r->arm.level[g], (int)g};
            lb_sha256_hex(salted, strlen(salted), list[g].hash);
        }
        qsort(list, r->arm.level_count, sizeof *list, by_hash);
        for (size_t g = 0; g < r->arm.level_count; g++) {
            letter[list[g].level] = (int)g;
            r->group[r->group_count++] = lb_arena_printf(r->arena, "%c", g < 3 ? 'X' + (int)g : 'A' + (int)g - 3);
        }
    }
    for (size_t i = 0; i < r->people->rows; i++) {
        r->group_of_person[i] = !closed ? 0 : r->arm.code[i] < 0 ? -1 : letter[r->arm.code[i]];
        if (r->group_of_person[i] >= 0) r->n[r->group_of_person[i]]++;
    }
    return LB_OK;
}

static int match_events(report *r, size_t *strangers, lb_error *err)
{
    int code = lb_table_factor(r->people, "id", r->arena, &r->id, err);
    if (code == LB_OK && r->events->rows > 0) code = lb_table_factor(r->events, "id", r->arena, &r->event_id, err);
    if (code != LB_OK) return code;
    int *row_of_level = lb_arena_array(r->arena, r->id.level_count + 1, sizeof *row_of_level);
    r->person_of_event = lb_arena_array(r->arena, r->events->rows + 1, sizeof *r->person_of_event);
    for (size_t i = 0; i < r->people->rows; i++)
        if (r->id.code[i] >= 0) row_of_level[r->id.code[i]] = (int)i;
    *strangers = 0;
    for (size_t e = 0; e < r->events->rows; e++) {
        size_t low = 0, high = r->id.level_count;
        const char *who = r->event_id.code[e] >= 0 ? r->event_id.level[r->event_id.code[e]] : "";
        r->person_of_event[e] = -1;
        while (low < high && r->person_of_event[e] < 0) {
            size_t middle = (low + high) / 2;
            int order = strcmp(who, r->id.level[middle]);
            if (order == 0) r->person_of_event[e] = row_of_level[middle];
            else if (order < 0) high = middle;
            else low = middle + 1;
        }
        *strangers += r->person_of_event[e] < 0;
    }
    return LB_OK;
}

/* One row: events and people of each group among the events whose `column` is `value` (NULL: all). */
static void count(report *r, lb_value *rows, const char *what, const char *column, const char *value)
{
    lb_value *row = lb_push_object(rows);
    int64_t events[GROUPS_MOST] = {0}, people[GROUPS_MOST] = {0};
    bool *seen = lb_arena_array(r->arena, r->people->rows + 1, sizeof *seen);
    for (size_t e = 0; e < r->events->rows; e++) {
        int person = r->person_of_event[e], group = person >= 0 ? r->group_of_person[person] : -1;
        if (group < 0 || (column && strcmp(text(r->events, column, e, r->arena), value) != 0)) continue;
        events[group]++;
        people[group] += !seen[person];
        seen[person] = true;
    }
    lb_set_text(row, "what", what);
    if (value) lb_set_text(row, "value", value);
    else lb_set_null(row, "value");
    for (size_t g = 0; g < r->group_count; g++) {
        lb_set_int(row, lb_arena_printf(r->arena, "events_%s", r->group[g]), events[g]);
        lb_set_int(row, lb_arena_printf(r->arena, "people_%s", r->group[g]), people[g]);
        lb_set_number(row, lb_arena_printf(r->arena, "percent_%s", r->group[g]), r->n[g] ? 100 * (double)people[g] / (double)r->n[g] : 0);
    }
}

static int count_levels(report *r, lb_value *rows, const char *what, const char *column, lb_error *err)
{
    lb_column levels;
    if (!lb_table_find(r->events, column) || r->events->rows == 0) return LB_OK;
    int code = lb_table_factor(r->events, column, r->arena, &levels, err);
    for (size_t i = 0; code == LB_OK && i < levels.level_count; i++) count(r, rows, what, column, levels.level[i]);
    return code;
}

static int find_tables(lb_call *call, report *r, lb_error *err)
{
    lb_table *const *table;
    size_t tables;
    int code = lb_call_tables(call, "snapshot", &table, &tables, err);
    for (size_t i = 0; code == LB_OK && i < tables; i++) {
        if (lb_text_starts(table[i]->name, "participants")) r->people = table[i];
        if (lb_text_starts(table[i]->name, "adverse_events")) r->events = table[i];
    }
    if (code != LB_OK) return code;
    if (!r->people || !r->events) {
        lb_fail(err, LB_USAGE, "the snapshot needs the tables participants and adverse_events");
        lb_error_hint(err, "give both files: lumbar safety report participants.csv adverse_events.csv");
        return LB_USAGE;
    }
    lb_column *unused;
    code = lb_table_column(r->people, "id", &unused, err);
    if (code == LB_OK) code = lb_table_column(r->events, "id", &unused, err);
    if (code == LB_OK) code = lb_table_column(r->events, "term", &unused, err);
    return code;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    report r = {.arena = lb_call_arena(call)};
    bool closed = lb_call_flag(call, "closed");
    size_t strangers;
    if (closed && lb_call_flag(call, "open")) return lb_fail(err, LB_USAGE, "a report is open or closed, not both");
    int code = find_tables(call, &r, err);
    if (code == LB_OK) code = place_people(&r, lb_call_text(call, "arm"), closed, err);
    if (code == LB_OK) code = match_events(&r, &strangers, err);
    if (code != LB_OK) return code;
    lb_value *groups = lb_set_array(result->results, "groups"), *events = lb_set_array(result->results, "events");
    lb_set_text(result->results, "kind", closed ? "closed" : "open");
    for (size_t g = 0; g < r.group_count; g++) {
        lb_value *one = lb_push_object(groups);
        lb_set_text(one, "group", r.group[g]);
        lb_set_int(one, "n", r.n[g]);
    }
    count(&r, events, "any", NULL, NULL);
    if (lb_table_find(r.events, "serious")) count(&r, events, "serious", "serious", "1");
    code = count_levels(&r, events, "severity", "severity", err);
    if (code == LB_OK) code = count_levels(&r, events, "relatedness", "relatedness", err);
    if (code == LB_OK) code = count_levels(&r, lb_set_array(result->results, "terms"), "term", "term", err);
    if (strangers) lb_result_warn(result, "%zu events belong to nobody in the table of participants and are not counted", strangers);
    lb_result_note(result, "Events, people with at least one, and their share of everybody %s. %s", closed ? "randomised to the group" : "randomised",
                   closed ? "Groups carry letters; which is which is not in this report." : "All arms together.");
    return code;
}

static const lb_param params[] = {
    {.name = "snapshot", .type = LB_P_TABLES, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "its tables: participants.csv adverse_events.csv"},
    {.name = "open", .type = LB_P_FLAG, .summary = "all arms together (unless --closed)"},
    {.name = "closed", .type = LB_P_FLAG, .summary = "by arm, under letters"},
    {.name = "arm", .type = LB_P_TEXT, .summary = "column of the arm among the participants", .preset = "arm"},
};

const lb_op trial_op_safety = {
    .area = "safety",
    .verb = "report",
    .summary = "adverse events for the safety board, open or closed",
    .description = "Adverse events from a snapshot's tables: events, people with at least one and their share, in all, by seriousness, severity, relatedness "
                   "and term. Open: all arms together. Closed: by arm under letters, whose order comes from a hash of the snapshot, so that the same "
                   "snapshot gives the same report. In a study the board's reports are made under Safety from frozen snapshots.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar safety report --closed reference/trial/participants.csv reference/trial/adverse_events.csv",
};
