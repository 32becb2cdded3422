/* What the labels of a mask mean. Without words from the caller or the file: the four labels of MyoSegmenTUM
 * (Burian et al. 2019, doi:10.1186/s12891-019-2528-x). */
#include "muscle/composition/names.h"

#include <string.h>
#include <strings.h>

static const lb_label_name myosegmentum[] = {{1, "right", "erector spinae"},
                                             {2, "right", "multifidus"},
                                             {3, "left", "multifidus"},
                                             {4, "left", "erector spinae"}};

/* Take the word "left" or "right" out of a name: "Left psoas major" is left, psoas major. */
static lb_label_name split_name(int64_t label, const char *text, lb_arena *arena)
{
    lb_label_name name = {label, NULL, NULL};
    size_t count;
    char *plain = lb_arena_text(arena, text);
    for (char *c = plain; *c; c++)
        if (*c == '_') *c = ' ';
    char **word = lb_text_split(arena, plain, ' ', &count);
    for (size_t i = 0; i < count; i++) {
        if (!name.side && strcasecmp(word[i], "right") == 0)
            name.side = "right";
        else if (!name.side && strcasecmp(word[i], "left") == 0)
            name.side = "left";
        else if (*word[i])
            name.muscle = name.muscle ? lb_arena_printf(arena, "%s %s", name.muscle, word[i]) : word[i];
    }
    if (!name.muscle) name.muscle = plain;
    return name;
}

static int bad(lb_error *err, const char *option, const char *piece, const char *hint)
{
    lb_fail(err, LB_USAGE, "\"%s\" cannot be understood", piece);
    lb_error_where(err, "--%s", option);
    lb_error_hint(err, "%s", hint);
    return LB_USAGE;
}

static int read_labels(const char *text, lb_arena *arena, lb_names *out, lb_error *err)
{
    static const char hint[] = "write label=name pairs: --labels \"1=right multifidus,2=left multifidus\"";
    size_t count;
    char **piece = lb_text_split(arena, text, ',', &count);
    out->name = lb_arena_array(arena, count + 1, sizeof *out->name);
    for (size_t i = 0; i < count; i++) {
        char *equals = strchr(piece[i], '=');
        int64_t label;
        if (!equals || !lb_text_integer(piece[i], (size_t)(equals - piece[i]), &label) || !equals[1])
            return bad(err, "labels", piece[i], hint);
        for (size_t k = 0; k < i; k++)
            if (out->name[k].label == label) return bad(err, "labels", piece[i], "each label may be named once");
        out->name[out->names++] = split_name(label, equals + 1, arena);
    }
    return LB_OK;
}

static int read_levels(const char *text, lb_arena *arena, lb_names *out, lb_error *err)
{
    static const char hint[] = "write level=first-last slice: --levels \"L2=0-7,L3=8-14\"";
    size_t count;
    char **piece = lb_text_split(arena, text, ',', &count);
    out->level = lb_arena_array(arena, count + 1, sizeof *out->level);
    for (size_t i = 0; i < count; i++) {
        lb_level_range *range = &out->level[out->levels];
        char *equals = strchr(piece[i], '='), *dash = equals ? strchr(equals, '-') : NULL;
        const char *first = equals ? equals + 1 : "", *last = dash ? dash + 1 : first;
        if (!equals || equals == piece[i] ||
            !lb_text_integer(first, dash ? (size_t)(dash - first) : strlen(first), &range->first) ||
            !lb_text_integer(last, strlen(last), &range->last) || range->last < range->first)
            return bad(err, "levels", piece[i], hint);
        range->level = lb_arena_textn(arena, piece[i], (size_t)(equals - piece[i]));
        for (size_t k = 0; k < out->levels; k++)
            if (range->first <= out->level[k].last && range->last >= out->level[k].first)
                return bad(err, "levels", piece[i], "a slice belongs to one level only");
        out->levels++;
    }
    return LB_OK;
}

int lb_names_read(const char *labels, const char *levels, const lb_volume *mask, lb_arena *arena, lb_names *out,
                  lb_error *err)
{
    memset(out, 0, sizeof *out);
    int status = labels ? read_labels(labels, arena, out, err) : LB_OK;
    if (status == LB_OK && levels) status = read_levels(levels, arena, out, err);
    if (labels || status != LB_OK) return status;
    if (mask->segment_count > 0) {
        out->name = lb_arena_array(arena, mask->segment_count, sizeof *out->name);
        for (size_t i = 0; i < mask->segment_count; i++)
            out->name[out->names++] = split_name(mask->segment[i].label, mask->segment[i].name, arena);
        return LB_OK;
    }
    out->name = lb_arena_array(arena, LB_COUNT(myosegmentum), sizeof *out->name);
    memcpy(out->name, myosegmentum, sizeof myosegmentum);
    out->names = LB_COUNT(myosegmentum);
    return LB_OK;
}

lb_label_name lb_names_label(const lb_names *names, int64_t label, lb_arena *arena)
{
    for (size_t i = 0; i < names->names; i++)
        if (names->name[i].label == label) return names->name[i];
    return (lb_label_name){label, NULL, lb_arena_printf(arena, "label %lld", (long long)label)};
}

const char *lb_names_level(const lb_names *names, int64_t slice)
{
    for (size_t i = 0; i < names->levels; i++)
        if (slice >= names->level[i].first && slice <= names->level[i].last) return names->level[i].level;
    return NULL;
}
