/* The days of one person's visits, and what day it is at a site. */
#include <stdlib.h>

#include "trial/conduct/person.h"

static int by_date(const void *a, const void *b)
{
    const lb_occasion *x = a, *y = b;
    if (x->date != y->date) return x->date < y->date ? -1 : 1;
    if (x->visit != y->visit) return x->visit < y->visit ? -1 : 1;
    return (x->occurrence > y->occurrence) - (x->occurrence < y->occurrence);
}

static bool meant_for(const lb_study *s, int visit, int arm)
{
    const bool *meant = s->conduct->visit_arm + (size_t)visit * s->arm_count;
    for (size_t a = 0; arm < 0 && a < s->arm_count; a++)
        if (!meant[a]) return false; /* for some arms only, and nobody here knows which this is */
    return arm < 0 || meant[arm];
}

size_t lb_person_occasions(const lb_person *p, int arm, lb_arena *arena, lb_occasion **out)
{
    const lb_study *s = p->study;
    size_t room = 0, count = 0;
    for (size_t v = 0; v < s->visit_count; v++) room += (size_t)lb_visit_occasions(&s->visit[v]);
    lb_occasion *list = lb_arena_array(arena, room + 1, sizeof *list);
    for (size_t v = 0; p->randomised && v < s->visit_count; v++) {
        const lb_study_visit *visit = &s->visit[v];
        if (visit->anchor == LB_ANCHOR_NONE || visit->unscheduled || !meant_for(s, (int)v, arm)) continue;
        int occasions = lb_visit_occasions(visit);
        for (int n = 1; n <= occasions; n++) {
            int occurrence = visit->repeat_every > 0 ? n : 0, day = lb_visit_day(visit, occurrence);
            int64_t date = p->zero + day;
            list[count++] = (lb_occasion){(int)v, occurrence, day, date, date + visit->window[0], date + visit->window[1]};
        }
    }
    qsort(list, count, sizeof *list, by_date);
    *out = list;
    return count;
}

/* "+08:00" of the protocol's site. Summer time is not followed: a day's border may lie an hour off for half a year. */
int64_t lb_site_offset(const lb_study *study, const char *site)
{
    const lb_value *sites = lb_get(study->root, "sites");
    for (size_t i = 0; sites && site && i < sites->count; i++) {
        if (!lb_text_equal(lb_get_text(sites->item[i], "id", NULL), site)) continue;
        const char *text = lb_get_text(sites->item[i], "utc_offset", "+00:00");
        bool west = text[0] == '-';
        if ((text[0] != '+' && !west) || !text[1] || !text[2]) return 0;
        int hours = (text[1] - '0') * 10 + (text[2] - '0'), minutes = text[3] == ':' && text[4] && text[5] ? (text[4] - '0') * 10 + (text[5] - '0') : 0;
        int64_t seconds = 3600 * (int64_t)hours + 60 * (int64_t)minutes;
        return west ? -seconds : seconds;
    }
    return 0;
}

int64_t lb_site_day(const lb_study *study, const char *site, int64_t at_us)
{
    int64_t seconds = at_us / 1000000 + lb_site_offset(study, site);
    return seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
}
