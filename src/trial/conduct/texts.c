/* Loading licensed wording: head, hash, body; see texts.h for the form of the file. */
#include "trial/conduct/texts.h"

#include <stdio.h>
#include <string.h>

#include "trial/conduct/records.h"

enum { HEAD_LINES = 40, ITEMS_MOST = 500 };

static int flaw(const lb_bytes *bytes, int line, lb_error *err, const char *message, const char *hint)
{
    lb_fail(err, LB_BAD_DATA, "%s", message);
    lb_error_where(err, "%s:%d", bytes->name, line);
    if (hint) lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

/* One "key: value" of the head into the field it belongs to; false when the key is not known. */
static bool take_line(const char *line, size_t length, lb_arena *arena, lb_texts *out)
{
    const struct {
        const char *key;
        const char **field;
    } known[] = {{"instrument", &out->instrument}, {"language", &out->language}, {"version", &out->version}, {"licence", &out->licence}, {"sha256", &out->sha256}};
    const char *colon = memchr(line, ':', length);
    if (!colon) return false;
    size_t key = (size_t)(colon - line), from = key + 1;
    while (from < length && line[from] == ' ') from++;
    while (length > from && (line[length - 1] == ' ' || line[length - 1] == '\r')) length--;
    for (size_t i = 0; i < LB_COUNT(known); i++) {
        if (strlen(known[i].key) != key || memcmp(known[i].key, line, key) != 0) continue;
        *known[i].field = lb_arena_textn(arena, line + from, length - from);
        return true;
    }
    return false;
}

/* The head, up to the line of dashes; *body_at is where the rest begins. */
static int read_head(const lb_bytes *bytes, lb_arena *arena, lb_texts *out, size_t *body_at, int *body_line, lb_error *err)
{
    const char *text = (const char *)bytes->data;
    size_t at = 0;
    for (int line = 1; line <= HEAD_LINES; line++) {
        const char *end = at < bytes->length ? memchr(text + at, '\n', bytes->length - at) : NULL;
        if (!end) return flaw(bytes, line, err, "the head has no end", "close it with a line '---' before the texts");
        size_t length = (size_t)(end - text) - at, bare = length;
        while (bare > 0 && (text[at + bare - 1] == '\r' || text[at + bare - 1] == ' ')) bare--;
        if (line == 1 && (bare != 13 || memcmp(text + at, "lumbar-text/1", 13) != 0))
            return flaw(bytes, 1, err, "this is no file of texts", "its first line is: lumbar-text/1");
        if (bare >= 3 && memcmp(text + at, "---", 3) == 0) {
            *body_at = at + length + 1;
            *body_line = line + 1;
            return LB_OK;
        }
        if (line > 1 && bare > 0 && !take_line(text + at, bare, arena, out))
            return flaw(bytes, line, err, "the head holds only instrument, language, version, licence and sha256", NULL);
        at += length + 1;
    }
    return flaw(bytes, HEAD_LINES, err, "the head is too long", "close it with a line '---' before the texts");
}

static int check_head(const lb_bytes *bytes, const lb_texts *t, lb_error *err)
{
    if (!t->instrument || !*t->instrument) return flaw(bytes, 1, err, "the head does not say for which instrument", "add instrument: …");
    if (!t->language || strlen(t->language) != 2) return flaw(bytes, 1, err, "the head does not say in which language", "add language: en, zh or da");
    if (!t->licence || strlen(t->licence) < 10)
        return flaw(bytes, 1, err, "the licence is missing: texts are only loaded under a licence", "add licence: number, holder and end of the licence");
    if (!t->sha256 || strlen(t->sha256) != 64)
        return flaw(bytes, 1, err, "the SHA-256 of the texts is missing", "add sha256: of everything after the line '---'");
    return LB_OK;
}

int lb_texts_read(const lb_bytes *bytes, lb_arena *arena, lb_texts *out, lb_error *err)
{
    size_t at = 0;
    int line = 1;
    char hex[65];
    lb_value *body;
    memset(out, 0, sizeof *out);
    if (bytes->length > LB_TEXTS_LARGEST) return lb_fail(err, LB_TOO_LARGE, "a file of texts has at most 1 MiB");
    size_t bad = lb_utf8_bad((const char *)bytes->data, bytes->length);
    if (bad < bytes->length) return flaw(bytes, 1, err, "the file is not UTF-8", "save it as UTF-8");
    int code = read_head(bytes, arena, out, &at, &line, err);
    if (code == LB_OK) code = check_head(bytes, out, err);
    if (code != LB_OK) return code;
    lb_sha256_hex(bytes->data + at, bytes->length - at, hex);
    if (strcmp(hex, out->sha256) != 0) return flaw(bytes, line, err, "the texts do not have the SHA-256 that the head says", "they were changed: ask for the file again, or hash it anew");
    lb_bytes rest = {bytes->data + at, bytes->length - at, bytes->name};
    code = lb_yaml_read(&rest, arena, &body, err);
    if (code != LB_OK) return code;
    const lb_value *items = lb_get(body, "items");
    if (body->type != LB_OBJECT || !items || items->type != LB_ARRAY || items->count == 0 || items->count > ITEMS_MOST)
        return flaw(bytes, line, err, "the texts hold no list of items", "write items: [{text: …}, …]");
    for (size_t i = 0; i < items->count; i++)
        if (!lb_get_text(items->item[i], "text", NULL)) return flaw(bytes, line - 1 + items->item[i]->line, err, "this item has no text", NULL);
    out->body = body;
    return LB_OK;
}

/* The protocol's items of an instrument, in order. */
static const lb_value *items_of(const lb_study *study, const char *instrument)
{
    const lb_value *list = lb_get(study->root, "instruments");
    for (size_t i = 0; list && i < list->count; i++) {
        const char *file = lb_get_text(list->item[i], "file", ""), *slash = strrchr(file, '/');
        size_t length = strlen(instrument);
        const char *stem = slash ? slash + 1 : file;
        bool named = strncmp(stem, instrument, length) == 0 && strcmp(stem + length, ".yaml") == 0;
        if (named || lb_text_equal(lb_get_text(list->item[i], "id", NULL), instrument)) return lb_get(list->item[i], "items");
    }
    return NULL;
}

int lb_texts_fit(const lb_texts *t, const lb_study *study, lb_error *err)
{
    const lb_value *names = items_of(study, t->instrument), *items = lb_get(t->body, "items");
    if (!names) return lb_fail(err, LB_BAD_DATA, "this study uses no instrument '%.40s'", t->instrument);
    if (items->count != names->count)
        return lb_fail(err, LB_BAD_DATA, "'%.40s' has %zu items here, the file holds %zu", t->instrument, names->count, items->count);
    for (size_t i = 0; i < items->count; i++) {
        const lb_study_item *item = lb_study_item_named(study, names->item[i]->text, NULL);
        const lb_value *codes = lb_get(items->item[i], "codes");
        for (size_t k = 0; item && codes && codes->type == LB_OBJECT && k < codes->count; k++) {
            bool known = item->code_count == 0;
            for (size_t c = 0; c < item->code_count; c++) known |= strcmp(item->code[c].code, codes->key[k]) == 0;
            if (!known) return lb_fail(err, LB_BAD_DATA, "item %zu has no code '%.20s' in this study", i + 1, codes->key[k]);
        }
    }
    return LB_OK;
}

int lb_texts_put(lb_tx *tx, const lb_study *study, const char *site, const lb_texts *t, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_value *body = lb_value_object(arena);
    int code = lb_texts_fit(t, study, err);
    if (code != LB_OK) return code;
    lb_set_text(body, "instrument", t->instrument);
    lb_set_text(body, "language", t->language);
    lb_set_text(body, "version", t->version);
    lb_set_text(body, "licence", t->licence);
    lb_set_text(body, "sha256", t->sha256);
    lb_set(body, "texts", (lb_value *)t->body);
    lb_record record = {.kind = LB_KIND_TEXT, .key = lb_arena_printf(arena, "%s|%s|%s", site, t->instrument, t->language), .site = site, .body = body};
    lb_change change = {"load texts", t->licence, study->version};
    return lb_tx_put(tx, &record, -1, &change, err);
}

typedef struct listing {
    const lb_study *study;
    bool words;
    lb_value *out;
} listing;

static int take_text(void *context, const lb_record *record, lb_error *err)
{
    static const char *const keys[] = {"instrument", "language", "version", "licence", "sha256"};
    (void)err;
    listing *l = context;
    lb_value *one = lb_push_object(l->out);
    lb_set_text(one, "site", record->site);
    for (size_t i = 0; i < LB_COUNT(keys); i++) lb_set_text(one, keys[i], lb_get_text(record->body, keys[i], NULL));
    if (!l->words) return 0;
    const lb_value *texts = lb_get(record->body, "texts"), *list = lb_get(texts, "items");
    const lb_value *names = items_of(l->study, lb_get_text(record->body, "instrument", ""));
    lb_set_text(one, "title", lb_get_text(texts, "title", NULL));
    lb_set_text(one, "instruction", lb_get_text(texts, "instruction", NULL));
    lb_value *items = lb_set_object(one, "items");
    for (size_t i = 0; names && list && i < names->count && i < list->count; i++) lb_set(items, names->item[i]->text, list->item[i]);
    return 0;
}

int lb_texts_list(lb_tx *tx, const lb_study *study, const char *site, bool words, lb_value **out, lb_error *err)
{
    listing l = {study, words, *out = lb_value_array(lb_tx_arena(tx))};
    lb_find find = {.kind = LB_KIND_TEXT, .site = site};
    return lb_tx_scan(tx, &find, take_text, &l, err);
}

/* -- over a form ---------------------------------------------------------------------------------------------------- */

typedef struct covering {
    const lb_study *study;
    lb_value *form;
} covering;

static lb_value *named(const lb_value *list, const char *key, const char *name)
{
    for (size_t i = 0; list && i < list->count; i++)
        if (lb_text_equal(lb_get_text(list->item[i], key, NULL), name)) return list->item[i];
    return NULL;
}

/* An object of words by language, made where there is none. */
static lb_value *words_of(lb_value *object, const char *key)
{
    lb_value *words = (lb_value *)lb_get(object, key);
    return words && words->type == LB_OBJECT ? words : lb_set_object(object, key);
}

static void cover_item(lb_value *item, const lb_value *words, const char *language)
{
    const lb_value *list = lb_get(item, "codes"), *codes = lb_get(words, "codes");
    lb_set_text(words_of(item, "label"), language, lb_get_text(words, "text", ""));
    for (size_t i = 0; list && codes && i < list->count; i++) {
        const char *text = lb_get_text(codes, lb_get_text(list->item[i], "code", ""), NULL);
        if (text) lb_set_text(words_of(list->item[i], "label"), language, text);
    }
}

static int cover(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    covering *c = context;
    const char *language = lb_get_text(record->body, "language", "");
    const lb_value *texts = lb_get(record->body, "texts"), *list = lb_get(texts, "items"), *items = lb_get(c->form, "items");
    const lb_value *names = items_of(c->study, lb_get_text(record->body, "instrument", ""));
    const char *instruction = lb_get_text(texts, "instruction", NULL);
    bool here = false;
    for (size_t i = 0; names && list && i < names->count && i < list->count; i++) {
        lb_value *item = named(items, "id", names->item[i]->text);
        if (!item) continue;
        cover_item(item, list->item[i], language);
        here = true;
    }
    if (here && instruction) lb_set_text(words_of(c->form, "instruction"), language, instruction);
    return 0;
}

int lb_texts_over(lb_tx *tx, const lb_study *study, const char *site, lb_value *form, lb_error *err)
{
    covering c = {study, form};
    const lb_find find = {.kind = LB_KIND_TEXT, .site = site};
    return lb_tx_scan(tx, &find, cover, &c, err);
}
