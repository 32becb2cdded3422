/* EQ-5D index from a state. Value sets are named by publication, never by country alone: DK 3L Wittrup-Jensen 2009
 * (10.1177/1403494809105287), UK 3L Dolan 1997 (10.1097/00005650-199711000-00002), CN 3L Liu 2014
 * (10.1016/j.jval.2014.05.007), CN 5L Luo 2017 (10.1016/j.jval.2016.11.016), DK 5L Jensen 2021 (10.1007/s40258-021-00639-3). */
#include <string.h>

#include "trial/instrument/instrument.h"

/* Thousandths: sums are exact. Decrements of level 2, 3, … for mobility, self-care, activities, pain, anxiety. */
typedef struct value_set {
    const char *name;
    int levels;
    int any, worst; /* any level above 1; any level 3 (three-level sets) */
    int decrement[5][4];
} value_set;

static const value_set sets[] = {
    {"DK_TTO_2009", 3, 114, 0, {{53, 411}, {63, 192}, {48, 144}, {62, 396}, {68, 367}}},
    {"UK_MVH_A1_1997", 3, 81, 269, {{69, 314}, {104, 214}, {36, 94}, {123, 386}, {71, 236}}},
    {"CN_TTO_Liu_2014", 3, 39, 22, {{99, 246}, {105, 208}, {74, 193}, {92, 236}, {86, 205}}},
    {"CN_Luo_2017", 5, 0, 0, {{66, 158, 287, 345}, {48, 116, 210, 253}, {45, 107, 194, 233}, {58, 138, 252, 302}, {49, 118, 215, 258}}},
    {"DK_Jensen_2021", 5, 0, 0, {{41, 54, 157, 220}, {35, 50, 144, 209}, {33, 40, 139, 174}, {48, 94, 381, 537}, {72, 191, 430, 618}}},
};

static int find_set(lb_scoring *s, int levels, const value_set **out, lb_error *err)
{
    const char *name = lb_call_text(s->call, "value-set");
    lb_buf list = {0};
    *out = NULL;
    for (size_t i = 0; i < LB_COUNT(sets); i++) {
        if (sets[i].levels != levels) continue;
        lb_buf_printf(&list, "%s%s", list.length ? ", " : "", sets[i].name);
        if (lb_text_equal(name, sets[i].name)) *out = &sets[i];
    }
    int code = LB_OK;
    if (*out == NULL) {
        code = name ? lb_fail(err, LB_USAGE, "'%.60s' is not a value set for EQ-5D-%dL", name, levels)
                    : lb_fail(err, LB_USAGE, "EQ-5D needs the name of a value set");
        lb_error_where(err, "--value-set");
        lb_error_hint(err, "one of %s (named by publication: sets of one country differ)", list.data);
    }
    lb_buf_free(&list);
    return code;
}

/* Five digits: from `state`, or from mo, sc, ua, pd, ad. '.', '9' or nothing means missing. */
static void read_state(const lb_scoring *s, char state[6])
{
    static const char *const dimension[] = {"mo", "sc", "ua", "pd", "ad"};
    const lb_column *c = lb_table_find(s->table, "state");
    char buffer[32];
    memset(state, 0, 6);
    if (c) {
        strncpy(state, lb_column_text(c, s->row, buffer), 5);
        if (strlen(lb_column_text(c, s->row, buffer)) != 5) state[0] = '\0';
        return;
    }
    for (int d = 0; d < 5; d++) {
        c = lb_table_find(s->table, dimension[d]);
        const char *text = c ? lb_column_text(c, s->row, buffer) : "";
        state[d] = strlen(text) == 1 ? *text : *text ? '?' : '.';
    }
}

static int score(lb_scoring *s, int levels, lb_error *err)
{
    const value_set *set;
    int code = find_set(s, levels, &set, err);
    if (code != LB_OK) return code;
    char state[6];
    read_state(s, state);
    if (strlen(state) != 5 || strchr(state, '.') || strchr(state, '9')) {
        lb_scoring_none(s, "a dimension is missing: no index");
        return LB_OK;
    }
    int sum = 0, highest = 1;
    for (int d = 0; d < 5; d++) {
        int level = state[d] - '0';
        if (level < 1 || level > levels) {
            lb_scoring_none(s, "state '%s' has a level outside 1 to %d", state, levels);
            return LB_OK;
        }
        if (level > 1) sum += set->decrement[d][level - 2];
        if (level > highest) highest = level;
    }
    if (highest > 1) sum += set->any;
    if (levels == 3 && highest == 3) sum += set->worst;
    lb_set_number(s->out, "score", (1000 - sum) / 1000.0);
    lb_set_text(s->out, "value_set", set->name);
    return LB_OK;
}

int lb_score_eq5d3l(lb_scoring *s, lb_error *err) { return score(s, 3, err); }
int lb_score_eq5d5l(lb_scoring *s, lb_error *err) { return score(s, 5, err); }
