/* Reminders, and their iCalendar: events with stable UIDs, so that a calendar that asks again updates and does not repeat. */
#include "trial/conduct/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"

typedef struct due {
    int64_t at_us;
    const lb_reminder *reminder;
    const lb_person *person;
    const char *visit;
    int64_t date;
} due;

static int by_time(const void *a, const void *b)
{
    const due *x = a, *y = b;
    if (x->at_us != y->at_us) return x->at_us < y->at_us ? -1 : 1;
    int order = strcmp(x->person->subject, y->person->subject);
    return order ? order : strcmp(x->visit, y->visit);
}

typedef struct gathering {
    due *list;
    size_t count, room;
    lb_arena *arena;
} gathering;

static void keep(gathering *g, const due *one)
{
    g->list = lb_arena_grow(g->arena, g->list, g->count, &g->room, 64, sizeof *g->list);
    g->list[g->count++] = *one;
}

static void remind(gathering *g, const lb_person *p, const lb_occasion *o, const char *role, bool masked, int64_t from_us)
{
    const lb_study *s = p->study;
    for (size_t i = 0; i < s->conduct->reminder_count; i++) {
        const lb_reminder *m = &s->conduct->reminder[i];
        if (m->visit != o->visit || strcmp(m->to, role) != 0 || (masked && s->visit[o->visit].reveals_arm)) continue;
        for (size_t k = 0; k < m->day_count; k++) {
            int64_t day = o->date + m->day[k];
            int64_t at = (day * 86400 + (int64_t)m->minute * 60 - lb_site_offset(s, p->site)) * 1000000;
            due one = {at, m, p, lb_visit_text(s, o->visit, o->occurrence, g->arena), day};
            if (at >= from_us) keep(g, &one);
        }
    }
}

static int of_person(lb_tx *tx, lb_store *store, const lb_person *p, gathering *g, int64_t from_us, lb_error *err)
{
    lb_occasion *list;
    int arm = -1;
    const lb_actor *actor = lb_tx_actor(tx);
    if (!p->randomised || p->left_consent || p->left_followup || strcmp(p->state, "completed") == 0) return LB_OK;
    int code = lb_arm_of(tx, store, p->study, p->subject, &arm, err);
    size_t count = code == LB_OK ? lb_person_occasions(p, arm, g->arena, &list) : 0;
    for (size_t i = 0; i < count; i++) {
        if (p->left_treatment && p->study->visit[list[i].visit].reveals_arm) continue;
        if (lb_occasion_progress(p, list[i].visit, list[i].occurrence) == LB_OCCASION_COMPLETE) continue;
        remind(g, p, &list[i], actor->role, actor->masked, from_us);
    }
    return code;
}

int lb_reminders(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, int days_back, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_roster roster;
    gathering g = {.arena = arena};
    int64_t from_us = lb_tx_now_us(tx) - (int64_t)days_back * 86400000000;
    lb_value *list = *out = lb_value_array(arena);
    int code = lb_roster_load(tx, study, NULL, &roster, err);
    for (size_t i = 0; i < roster.count && code == LB_OK; i++)
        if (!subject || strcmp(subject, roster.person[i].subject) == 0) code = of_person(tx, store, &roster.person[i], &g, from_us, err);
    if (code != LB_OK || g.count == 0) return code;
    qsort(g.list, g.count, sizeof *g.list, by_time);
    for (size_t i = 0; i < g.count; i++) {
        lb_value *one = lb_push_object(list);
        lb_set_text(one, "id", g.list[i].reminder->id);
        lb_set_text(one, "subject", g.list[i].person->subject);
        lb_set_text(one, "site", g.list[i].person->site);
        lb_set_text(one, "visit", g.list[i].visit);
        lb_set_text(one, "date", lb_day_text(g.list[i].date, arena));
        lb_set_text(one, "at", lb_when(g.list[i].at_us, arena));
        lb_set_label(one, "text", &g.list[i].reminder->text);
    }
    return LB_OK;
}

/* ---- iCalendar ---- */

/* RFC 5545 3.3.11: backslash, semicolon, comma, newline are escaped; 3.1: lines are folded at 75 octets, never inside a character. */
static void line(lb_buf *out, const char *name, const char *value)
{
    lb_buf text = {0};
    lb_buf_printf(&text, "%s:", name);
    for (const char *c = value; *c; c++) {
        if (*c == '\\' || *c == ';' || *c == ',') lb_buf_putc(&text, '\\');
        if (*c == '\n') lb_buf_puts(&text, "\\n");
        else if ((unsigned char)*c >= ' ') lb_buf_putc(&text, *c);
    }
    size_t column = 0;
    for (size_t i = 0; i < text.length;) {
        size_t width = 1;
        while (i + width < text.length && ((unsigned char)text.data[i + width] & 0xC0) == 0x80) width++;
        if (column + width > 74) {
            lb_buf_puts(out, "\r\n ");
            column = 1;
        }
        lb_buf_add(out, text.data + i, width);
        column += width;
        i += width;
    }
    lb_buf_puts(out, "\r\n");
    lb_buf_free(&text);
}

/* "2026-02-05T18:30:00Z" → "20260205T183000Z" */
static void stamp(const char *at, char compact[32])
{
    size_t n = 0;
    for (; *at && n < 31; at++)
        if (*at != '-' && *at != ':') compact[n++] = *at;
    compact[n] = '\0';
}

void lb_calendar_text(const lb_study *study, const lb_value *reminders, const char *language, int64_t now_us, lb_buf *out)
{
    char now[24], compact[32];
    lb_time_text(now_us / 1000000, now);
    lb_buf_puts(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Lumbar//EN\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n");
    line(out, "X-WR-CALNAME", study->id);
    for (size_t i = 0; i < reminders->count; i++) {
        const lb_value *r = reminders->item[i], *text = lb_get(r, "text");
        const char *words = lb_get_text(text, language, lb_get_text(text, "en", ""));
        lb_buf uid = {0};
        lb_buf_puts(out, "BEGIN:VEVENT\r\n");
        lb_buf_printf(&uid, "%s-%s-%s-%s@%s.lumbar", lb_get_text(r, "id", ""), lb_get_text(r, "subject", ""), lb_get_text(r, "visit", ""),
                      lb_get_text(r, "date", ""), study->id);
        line(out, "UID", uid.data);
        stamp(now, compact);
        lb_buf_printf(out, "DTSTAMP:%s\r\n", compact);
        stamp(lb_get_text(r, "at", ""), compact);
        lb_buf_printf(out, "DTSTART:%s\r\nDURATION:PT15M\r\n", compact);
        uid.length = 0;
        lb_buf_printf(&uid, "%s · %s", lb_get_text(r, "subject", ""), words);
        line(out, "SUMMARY", uid.data);
        line(out, "CATEGORIES", lb_get_text(r, "visit", ""));
        lb_buf_puts(out, "END:VEVENT\r\n");
        lb_buf_free(&uid);
    }
    lb_buf_puts(out, "END:VCALENDAR\r\n");
}
