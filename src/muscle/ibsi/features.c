/* All families of one region, as rows with the tags, codes and aggregations of the IBSI reference tables. */
#include <math.h>
#include <string.h>

#include "muscle/ibsi/ibsi.h"

void lb_ibsi_push(lb_ibsi *r, const char *tag, const char *suffix, const char *aggregation, double value)
{
    bool joined = lb_text_ends(tag, "_"); /* a tag in two parts has no suffix */
    const char *full = lb_arena_printf(r->arena, "%s%s", tag, suffix);
    lb_value *row = lb_push_object(r->rows);
    lb_set_text(row, "ibsi_code", lb_ibsi_code(joined ? full : tag));
    lb_set_text(row, "tag", full);
    lb_set_text(row, "aggregation", aggregation);
    lb_set_number(row, "value", value);
    if (!isfinite(value)) lb_set_text(row, "reason", "its formula divides by zero for this region");
}

int lb_ibsi_features(lb_ibsi *r, lb_value *rows, lb_error *err)
{
    (void)err;
    r->rows = rows;
    lb_ibsi_morphology(r);
    lb_ibsi_local(r);
    lb_ibsi_statistics(r);
    lb_ibsi_histogram(r);
    lb_ibsi_volume_histogram(r);
    lb_ibsi_directional(r);
    lb_ibsi_zones(r);
    lb_ibsi_neighbours(r);
    return LB_OK;
}
