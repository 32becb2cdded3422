/* Freezing what a safety board looks at. Letters for the arms are drawn once and sealed, so that X is the same group in every
 * closed report and its name is in no file. */
#include "trial/conduct/board_tables.h"

#include <string.h>

#include <sodium.h>

#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"
#include "trial/conduct/safety.h"

enum { LETTERS = 3 }; /* X, Y, Z; more arms go on with A, B, … */

static char letter(size_t place)
{
    return (char)(place < LETTERS ? 'X' + (int)place : 'A' + (int)(place - LETTERS));
}

/* RFC 4180, and nothing that a spreadsheet would run. */
static void cell(lb_buf *csv, const char *text, bool last)
{
    bool quote = text && strpbrk(text, ",\"\n\r") != NULL, formula = text && *text && strchr("=+-@\t\r", *text);
    if (quote || formula) lb_buf_putc(csv, '"');
    if (formula) lb_buf_putc(csv, '\'');
    for (const char *c = text ? text : ""; *c; c++) {
        if (*c == '"') lb_buf_putc(csv, '"');
        lb_buf_putc(csv, *c);
    }
    if (quote || formula) lb_buf_putc(csv, '"');
    lb_buf_putc(csv, last ? '\n' : ',');
}

/* The drawn order of the arms as text "1,0": position of each arm among the letters. */
static int letters_of(lb_tx *tx, lb_store *store, const lb_study *study, size_t *place, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_record *record;
    uint8_t padded[LB_RTSM_ARMS] = {0};
    const char *sealed;
    int code = lb_tx_get(tx, LB_KIND_ARM, "board|letters", &record, err);
    if (code != LB_OK) return code;
    if (record) {
        lb_bytes bytes;
        code = lb_store_open_seal(store, "board|letters", lb_get_text(record->body, "sealed", ""), arena, &bytes, err);
        if (code == LB_OK && bytes.length != sizeof padded) code = lb_fail(err, LB_FAILED, "the letters of the arms cannot be read");
        for (size_t a = 0; code == LB_OK && a < study->arm_count; a++) place[a] = bytes.data[a];
        return code;
    }
    for (size_t a = 0; a < study->arm_count; a++) padded[a] = (uint8_t)a;
    for (size_t a = study->arm_count; a > 1; a--) {
        size_t other = randombytes_uniform((uint32_t)a);
        uint8_t kept = padded[a - 1];
        padded[a - 1] = padded[other];
        padded[other] = kept;
    }
    for (size_t a = 0; a < study->arm_count; a++) place[a] = padded[a];
    code = lb_store_seal(store, "board|letters", padded, sizeof padded, arena, &sealed, err);
    if (code != LB_OK) return code;
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "sealed", sealed);
    lb_record fresh = {.kind = LB_KIND_ARM, .key = "board|letters", .reveals_arm = true, .body = body};
    lb_change change = {"draw letters", NULL, study->version};
    return lb_tx_put(tx, &fresh, 0, &change, err);
}

static void people_rows(const lb_roster *roster, board_tables *t, lb_arena *arena)
{
    lb_buf_puts(&t->people, "subject,site,state,randomised_on,left_treatment,left_followup,left_consent\n");
    for (size_t i = 0; i < roster->count; i++) {
        const lb_person *p = &roster->person[i];
        cell(&t->people, p->subject, false);
        cell(&t->people, p->site, false);
        cell(&t->people, p->state, false);
        cell(&t->people, p->randomised ? lb_day_text(p->zero, arena) : "", false);
        lb_buf_printf(&t->people, "%d,%d,%d\n", p->left_treatment, p->left_followup, p->left_consent);
        t->rows[0]++;
    }
}

static const char *value_of(const lb_value *answer)
{
    const lb_value *v = lb_get(answer, "value");
    if (!v) return "";
    if (v->type == LB_STRING) return v->text;
    if (v->type == LB_BOOL) return v->boolean ? "1" : "0";
    return lb_is_number(v) ? lb_arena_printf(answer->arena, "%g", lb_number_of(v)) : "";
}

static bool related(const lb_study *study, const char *code)
{
    const lb_safety_settings *s = &study->conduct->safety;
    for (size_t i = 0; i < s->related_count; i++)
        if (strcmp(s->related[i], code) == 0) return true;
    return false;
}

static void event_rows(const lb_study *study, const lb_value *events, board_tables *t)
{
    const lb_safety_settings *s = &study->conduct->safety;
    lb_buf_puts(&t->events, "subject,site,n,term,start,severity,serious,expected,outcome");
    for (size_t i = 0; i < s->causality_count; i++) {
        lb_buf_puts(&t->events, ",");
        for (const char *c = s->causality_name[i]; *c; c++) lb_buf_putc(&t->events, *c == ' ' || *c == ',' ? '_' : *c);
    }
    lb_buf_puts(&t->events, "\n");
    for (size_t i = 0; i < events->count; i++) {
        const lb_value *e = events->item[i], *causes = lb_get(e, "causality");
        cell(&t->events, lb_get_text(e, "subject", ""), false);
        cell(&t->events, lb_get_text(e, "site", ""), false);
        lb_buf_printf(&t->events, "%d,", (int)lb_get_int(e, "n", 0));
        cell(&t->events, lb_get_text(e, "code", lb_get_text(e, "term", "")), false);
        cell(&t->events, lb_get_text(e, "start", ""), false);
        cell(&t->events, value_of(lb_get(e, "severity")), false);
        cell(&t->events, lb_get_bool(e, "serious", false) ? "1" : "0", false);
        cell(&t->events, value_of(lb_get(e, "expected")), false);
        cell(&t->events, value_of(lb_get(e, "outcome")), s->causality_count == 0);
        for (size_t k = 0; k < s->causality_count; k++)
            cell(&t->events, causes && k < causes->count && related(study, value_of(causes->item[k])) ? "1" : "0", k + 1 == s->causality_count);
        t->rows[1]++;
    }
}

static void watch_rows(const lb_value *watch, board_tables *t)
{
    lb_buf_puts(&t->watch, "subject,rule,visit\n");
    for (size_t i = 0; i < watch->count; i++) {
        cell(&t->watch, lb_get_text(watch->item[i], "subject", ""), false);
        cell(&t->watch, lb_get_text(watch->item[i], "rule", ""), false);
        cell(&t->watch, lb_get_text(watch->item[i], "visit", ""), true);
        t->rows[2]++;
    }
}

/* Events in the order of the persons and not of their clocks: a snapshot does not depend on the hour it is taken. */
static int in_order(lb_tx *tx, const lb_study *study, const lb_roster *roster, lb_value *events, lb_error *err)
{
    int form = study->conduct->safety.form, code = LB_OK;
    for (size_t i = 0; i < roster->count && form >= 0; i++)
        for (size_t k = 0; k < roster->person[i].entry_count && code == LB_OK; k++) {
            lb_person_entry *e = &roster->person[i].entry[k];
            if (e->form != form) continue;
            code = lb_roster_values(tx, &roster->person[i], e, err);
            if (code == LB_OK) lb_push(events, trial_event_value(&roster->person[i], e, NULL, false, 0, lb_tx_arena(tx)));
        }
    return code;
}

int trial_board_tables(lb_tx *tx, lb_store *store, const lb_study *study, board_tables *t, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_roster roster;
    size_t place[LB_RTSM_ARMS] = {0};
    lb_value *events = lb_value_array(arena), *watch = lb_value_array(arena);
    memset(t, 0, sizeof *t);
    int code = letters_of(tx, store, study, place, err);
    if (code == LB_OK) code = lb_roster_load(tx, study, NULL, &roster, err);
    if (code == LB_OK) code = in_order(tx, study, &roster, events, err);
    if (code != LB_OK) return code;
    lb_buf_puts(&t->groups, "subject,group\n");
    for (size_t i = 0; i < roster.count && code == LB_OK; i++) {
        lb_person *p;
        int arm = -1;
        if (roster.person[i].randomised) code = lb_arm_of(tx, store, study, roster.person[i].subject, &arm, err);
        if (code == LB_OK) code = lb_person_load(tx, study, roster.person[i].subject, &p, err);
        if (code == LB_OK) code = lb_watch_person(p, false, watch, err);
        if (code != LB_OK || arm < 0) continue;
        cell(&t->groups, p->subject, false);
        lb_buf_printf(&t->groups, "%c\n", letter(place[arm]));
        t->rows[3]++;
    }
    people_rows(&roster, t, arena);
    event_rows(study, events, t);
    watch_rows(watch, t);
    return code;
}

void trial_board_tables_free(board_tables *t)
{
    lb_buf_free(&t->people);
    lb_buf_free(&t->events);
    lb_buf_free(&t->watch);
    lb_buf_free(&t->groups);
}
