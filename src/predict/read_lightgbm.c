/* LightGBM's model text: a header of key=value lines, then a block per tree with its arrays. Numeric splits, one output. */
#include "predict/model.h"

#include <math.h>
#include <string.h>

typedef struct text {
    const char *at, *end;
} text;

static int refuse(lb_error *err, size_t tree, const char *what, const char *hint)
{
    int code = lb_fail(err, LB_BAD_DATA, "%s", what);
    if (tree == SIZE_MAX) lb_error_where(err, "model (LightGBM text)");
    else lb_error_where(err, "model (LightGBM text), Tree=%zu", tree);
    lb_error_hint(err, "%s", hint);
    return code;
}

static const char *const again = "the file is damaged: save the model again";

/* The next line, without its end; false at the end of the text. */
static bool next_line(text *from, text *line)
{
    if (from->at >= from->end) return false;
    const char *stop = memchr(from->at, '\n', (size_t)(from->end - from->at));
    line->at = from->at;
    line->end = stop ? stop : from->end;
    from->at = stop ? stop + 1 : from->end;
    if (line->end > line->at && line->end[-1] == '\r') line->end--;
    return true;
}

/* What follows `key=` on a line of its own within the block; false when there is none. */
static bool find(text block, const char *key, text *out)
{
    text line;
    size_t length = strlen(key);
    while (next_line(&block, &line)) {
        if ((size_t)(line.end - line.at) <= length || memcmp(line.at, key, length) != 0 || line.at[length] != '=') continue;
        *out = (text){line.at + length + 1, line.end};
        return true;
    }
    return false;
}

static bool next_word(text *from, text *word)
{
    while (from->at < from->end && *from->at == ' ') from->at++;
    word->at = from->at;
    while (from->at < from->end && *from->at != ' ') from->at++;
    word->end = from->at;
    return word->end > word->at;
}

/* Exactly `count` numbers; NULL when absent or of another length. */
static double *numbers(text block, const char *key, size_t count, lb_arena *arena)
{
    text list, word;
    double *out = lb_arena_try(arena, count + 1, sizeof(double));
    size_t n = 0;
    if (!out || !find(block, key, &list)) return NULL;
    while (next_word(&list, &word)) {
        if (n == count || !lb_text_number(word.at, (size_t)(word.end - word.at), &out[n])) return NULL;
        n++;
    }
    return n == count ? out : NULL;
}

static double number(text block, const char *key, double fallback)
{
    text value;
    double out;
    return find(block, key, &value) && lb_text_number(value.at, (size_t)(value.end - value.at), &out) ? out : fallback;
}

static bool same(text word, const char *other) { return (size_t)(word.end - word.at) == strlen(other) && memcmp(word.at, other, strlen(other)) == 0; }

static int read_header(text header, lb_arena *arena, lb_model *out, lb_error *err)
{
    text value, word;
    double last = number(header, "max_feature_idx", NAN);
    if (number(header, "num_class", 1) != 1 || number(header, "num_tree_per_iteration", 1) != 1)
        return refuse(err, SIZE_MAX, "it has several classes", "models with one output are read");
    text block = header, line;
    while (next_line(&block, &line))
        if (same(line, "average_output")) return refuse(err, SIZE_MAX, "it averages its trees (boosting rf)", "train with boosting gbdt");
    if (!find(header, "objective", &value) || !next_word(&value, &word)) return refuse(err, SIZE_MAX, "it does not say its objective", again);
    if (same(word, "binary")) {
        out->link = LB_LINK_LOGIT;
        if (next_word(&value, &word) && word.end - word.at > 8 && memcmp(word.at, "sigmoid:", 8) == 0 &&
            !lb_text_number(word.at + 8, (size_t)(word.end - word.at) - 8, &out->sigmoid)) return refuse(err, SIZE_MAX, "its sigmoid is no number", again);
    } else if (!same(word, "regression") || next_word(&value, &word)) {
        return refuse(err, SIZE_MAX, "its objective is neither binary nor regression", "train with one of these");
    }
    if (!(last >= 0 && last < 1e6) || !find(header, "feature_names", &value)) return refuse(err, SIZE_MAX, "it does not name its features", again);
    out->features = out->forest.features = (size_t)last + 1;
    out->feature = lb_arena_array(arena, out->features, sizeof *out->feature);
    out->gain = lb_arena_array(arena, out->features, sizeof *out->gain);
    out->splits = lb_arena_array(arena, out->features, sizeof *out->splits);
    for (size_t j = 0; j < out->features; j++) {
        if (!next_word(&value, &word)) return refuse(err, SIZE_MAX, "it names fewer features than it has", again);
        out->feature[j] = lb_arena_textn(arena, word.at, (size_t)(word.end - word.at));
    }
    return 0;
}

/* Words like [low:high]; other kinds of words leave the range open. */
static void read_ranges(text header, lb_arena *arena, lb_model *out)
{
    text value, word;
    if (!find(header, "feature_infos", &value)) return;
    out->low = lb_arena_array(arena, 2 * out->features, sizeof(double));
    out->high = out->low + out->features;
    for (size_t j = 0; j < out->features; j++) {
        out->low[j] = out->high[j] = NAN;
        if (!next_word(&value, &word)) continue;
        const char *middle = memchr(word.at, ':', (size_t)(word.end - word.at));
        double low, high;
        if (!middle || *word.at != '[' || word.end[-1] != ']' || word.end - 1 <= middle) continue;
        if (!lb_text_number(word.at + 1, (size_t)(middle - word.at) - 1, &low) || !lb_text_number(middle + 1, (size_t)(word.end - 1 - middle) - 1, &high)) continue;
        out->low[j] = low, out->high[j] = high;
    }
}

/* Splits come first, then the leaves; ~k stands for leaf k. */
static int32_t child(double written, size_t splits, size_t leaves)
{
    if (written >= 0 && written < (double)splits) return (int32_t)written;
    return written < 0 && -written <= (double)leaves ? (int32_t)splits + (int32_t)(-written) - 1 : -1;
}

static int read_tree(text block, const lb_model *model, size_t index, lb_arena *arena, lb_score_tree *out, lb_error *err)
{
    double leaves_written = number(block, "num_leaves", NAN);
    if (!(leaves_written >= 1 && leaves_written <= 1e6)) return refuse(err, index, "the number of leaves is missing or out of range", again);
    if (number(block, "num_cat", 0) > 0) return refuse(err, index, "it splits on categories", "models with numeric splits only are read");
    if (number(block, "is_linear", 0) > 0) return refuse(err, index, "its leaves are linear models", "train with linear_tree false");
    size_t leaves = (size_t)leaves_written, splits = leaves - 1;
    double *value = numbers(block, "leaf_value", leaves, arena), *leaf_count = splits ? numbers(block, "leaf_count", leaves, arena) : NULL;
    double *feature = numbers(block, "split_feature", splits, arena), *threshold = numbers(block, "threshold", splits, arena);
    double *type = numbers(block, "decision_type", splits, arena), *left = numbers(block, "left_child", splits, arena);
    double *right = numbers(block, "right_child", splits, arena), *count = numbers(block, "internal_count", splits, arena);
    double *gain = splits ? numbers(block, "split_gain", splits, arena) : NULL;
    if (!value || (splits && (!leaf_count || !feature || !threshold || !type || !left || !right || !count)))
        return refuse(err, index, "an array is missing, of the wrong length, or holds something that is no number", again);
    lb_score_node *node = lb_arena_try(arena, splits + leaves, sizeof *node);
    if (!node) return lb_fail(err, LB_TOO_LARGE, "the model does not fit in memory");
    for (size_t i = 0; i < splits; i++) {
        unsigned kind = type[i] >= 0 && type[i] < 256 ? (unsigned)type[i] : 1;
        if (kind & 1 || kind >> 2 > LB_SCORE_MISSING_NAN) return refuse(err, index, "a split of a kind that is not numeric", "models with numeric splits only are read");
        if (!(feature[i] >= 0 && feature[i] < 1e6)) return refuse(err, index, "a split on a feature that is not there", again);
        if (feature[i] < (double)model->features) model->gain[(size_t)feature[i]] += gain ? gain[i] : NAN, model->splits[(size_t)feature[i]]++;
        node[i] = (lb_score_node){.feature = (int32_t)feature[i], .left = child(left[i], splits, leaves), .right = child(right[i], splits, leaves),
                                  .missing = (uint8_t)(kind >> 2), .default_left = kind & 2, .threshold = threshold[i], .cover = count[i]};
    }
    for (size_t k = 0; k < leaves; k++) node[splits + k] = (lb_score_node){.feature = -1, .value = value[k], .cover = leaf_count ? leaf_count[k] : 1};
    *out = (lb_score_tree){splits + leaves, node};
    return lb_model_check_tree(model, out, index, arena, err);
}

int lb_model_read_lightgbm(const lb_bytes *bytes, lb_arena *arena, lb_model *out, lb_error *err)
{
    text all = {(const char *)bytes->data, (const char *)bytes->data + bytes->length}, rest = all, line;
    size_t trees = 0, at = 0;
    const char *first = NULL, *stop = all.end;
    out->kind = "lightgbm";
    while (next_line(&rest, &line)) {
        if (same(line, "end of trees")) {
            stop = line.at;
            break;
        }
        if (line.end - line.at < 5 || memcmp(line.at, "Tree=", 5) != 0) continue;
        if (!first) first = line.at;
        trees++;
    }
    if (!first) first = stop;
    int code = read_header((text){all.at, first}, arena, out, err);
    if (code) return code;
    read_ranges((text){all.at, first}, arena, out);
    lb_score_tree *tree = lb_arena_try(arena, trees + 1, sizeof *tree);
    if (!tree) return lb_fail(err, LB_TOO_LARGE, "%zu trees do not fit in memory", trees);
    const char *begin = NULL;
    rest = (text){first, stop};
    while (!code && next_line(&rest, &line)) {
        if (line.end - line.at < 5 || memcmp(line.at, "Tree=", 5) != 0) continue;
        if (begin) {
            code = read_tree((text){begin, line.at}, out, at, arena, &tree[at], err);
            at++;
        }
        begin = line.at;
    }
    if (!code && begin) code = read_tree((text){begin, stop}, out, at, arena, &tree[at], err);
    out->forest.tree = tree;
    out->forest.trees = trees;
    return code;
}
