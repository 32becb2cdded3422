/* Enrolment by site and month against the protocol's targets. */
#include <stdio.h>
#include <string.h>

#include "trial/conduct/records.h"
#include "trial/conduct/today.h"

bool lb_actor_at(const lb_actor *actor, const char *site)
{
    for (size_t i = 0; actor->site && i < actor->site_count; i++)
        if (strcmp(actor->site[i], site) == 0) return true;
    return actor->site == NULL;
}

/* Months from the first allocation of anybody to the last, so that the sites' pictures share an axis. */
static void months(const lb_roster *roster, int site, int64_t first, int64_t last, lb_value *out)
{
    for (int64_t month = first; month <= last && month < first + 600; month++) {
        lb_value *one = lb_push_object(out);
        int64_t n = 0;
        for (size_t i = 0; i < roster->count; i++) {
            const lb_person *p = &roster->person[i];
            char text[16];
            if (!p->randomised || p->site_index != site) continue;
            lb_date_text(p->zero, text);
            int year = 0, m = 0;
            if (sscanf(text, "%d-%d", &year, &m) == 2) n += (int64_t)year * 12 + m - 1 == month;
        }
        lb_set_textf(one, "month", "%04d-%02d", (int)(month / 12), (int)(month % 12) + 1);
        lb_set_int(one, "n", n);
    }
}

static int64_t month_of(int64_t day)
{
    char text[16];
    int year = 0, month = 1;
    lb_date_text(day, text);
    return sscanf(text, "%d-%d", &year, &month) == 2 ? (int64_t)year * 12 + month - 1 : 0;
}

lb_value *lb_enrolment(const lb_roster *roster, const lb_study *study, const lb_actor *actor, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena), *sites = lb_value_array(arena);
    int64_t total = 0, first = INT64_MAX, last = INT64_MIN;
    for (size_t i = 0; i < roster->count; i++) {
        if (!roster->person[i].randomised) continue;
        int64_t month = month_of(roster->person[i].zero);
        first = month < first ? month : first;
        last = month > last ? month : last;
        total++;
    }
    for (size_t s = 0; s < study->site_count; s++) {
        if (!lb_actor_at(actor, study->site[s].id)) continue;
        int64_t n = 0, screened = 0;
        for (size_t i = 0; i < roster->count; i++) {
            if (roster->person[i].site_index != (int)s) continue;
            n += roster->person[i].randomised;
            screened++;
        }
        lb_value *one = lb_push_object(sites);
        lb_set_text(one, "id", study->site[s].id);
        lb_set_label(one, "label", &study->site[s].label);
        lb_set_int(one, "target", study->conduct->site_target[s]);
        lb_set_int(one, "n", n);
        lb_set_int(one, "screened", screened);
        months(roster, (int)s, first, last, lb_set_array(one, "per_month"));
    }
    lb_set_int(out, "target", study->conduct->enrolment);
    lb_set_int(out, "total", total);
    lb_set(out, "sites", sites);
    return out;
}
