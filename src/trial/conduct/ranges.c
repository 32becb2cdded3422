/* Laboratory ranges by site and date. Of the ranges in force the latest counts; one for the person's sex before one for all. */
#include "trial/conduct/ranges.h"

#include <math.h>
#include <string.h>

#include "trial/conduct/kinds.h"

typedef struct looking {
    const lb_study *study;
    const lb_study_item *item;
    const char *date, *sex;
    lb_range *out;
    bool of_sex;
    lb_arena *arena;
    int code;
} looking;

static int take_range(void *context, const lb_record *record, lb_error *err)
{
    looking *l = context;
    size_t count;
    char **part = lb_text_split(l->arena, record->key, '|', &count);
    const char *sex = lb_get_text(record->body, "sex", NULL), *unit = lb_get_text(record->body, "unit", NULL);
    if (count < 3 || strcmp(part[2], l->date) > 0) return 0;
    if (sex && *sex && !lb_text_equal(sex, l->sex)) return 0;
    bool of_sex = sex && *sex;
    if (l->out->from && (strcmp(part[2], l->out->from) < 0 || (strcmp(part[2], l->out->from) == 0 && l->of_sex && !of_sex))) return 0;
    double factor = lb_item_unit_factor(l->study, l->item, unit);
    if (isnan(factor)) return l->code = lb_fail(err, LB_BAD_DATA, "the range of %s is in %.30s, which the protocol does not convert", l->item->id, unit);
    *l->out = (lb_range){factor * lb_get_number(record->body, "low", NAN), factor * lb_get_number(record->body, "high", NAN), part[2], unit};
    l->of_sex = of_sex;
    return 0;
}

int lb_range_find(lb_tx *tx, const lb_study *study, const lb_study_item *item, const char *site, const char *date, const char *sex, lb_range *out,
                  lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    looking l = {study, item, date, sex, out, false, arena, LB_OK};
    *out = (lb_range){item->soft_low, item->soft_high, NULL, item->unit};
    if (!site || !date) return LB_OK;
    lb_find find = {.kind = LB_KIND_RANGE, .key_from = lb_arena_printf(arena, "%s|%s|", site, item->id), .key_below = lb_arena_printf(arena, "%s|%s}", site, item->id)};
    int code = lb_tx_scan(tx, &find, take_range, &l, err);
    return code != LB_OK ? code : l.code;
}

int lb_range_side(const lb_range *range, double value)
{
    if (isnan(value)) return 0;
    if (!isnan(range->low) && value < range->low) return -1;
    return !isnan(range->high) && value > range->high;
}
