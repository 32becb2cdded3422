/* Uploads: what a file is, is read from its first bytes. EDF and BDF: the EDF specification (Kemp 1992) and BioSemi's variant. */
#include "trial/conduct/upload.h"

#include "trial/conduct/kinds.h"
#include "trial/conduct/rights.h"

#include <sodium.h>
#include <string.h>

static const struct kind {
    const char *word, *type;
    size_t length;
    const char *magic; /* NULL: text, checked as a whole */
} kinds[] = {
    {"edf", "application/octet-stream", 8, "0       "}, {"bdf", "application/octet-stream", 8, "\xff" "BIOSEMI"}, {"pdf", "application/pdf", 5, "%PDF-"},
    {"png", "image/png", 8, "\x89PNG\r\n\x1a\n"},        {"jpg", "image/jpeg", 3, "\xff\xd8\xff"},                    {"csv", "text/csv", 0, NULL},
    {"txt", "text/plain", 0, NULL},
};

static const lb_value *source_of(const lb_study *study, const lb_study_form *form, const lb_study_item *item)
{
    const lb_value *forms = lb_get(study->root, "forms");
    for (size_t f = 0; forms && f < forms->count; f++) {
        if (!lb_text_equal(lb_get_text(forms->item[f], "id", NULL), form->id)) continue;
        const lb_value *items = lb_get(forms->item[f], "items");
        size_t at = (size_t)(item - form->item);
        return items && at < items->count ? items->item[at] : NULL;
    }
    return NULL;
}

int lb_upload_item(const lb_study *study, const lb_study_form *form, const char *item, bool masked, const lb_study_item **out, lb_error *err)
{
    (void)study;
    const lb_study_item *found = lb_form_item(form, item);
    *out = found;
    if (found && found->type == LB_ITEM_FILE && !(masked && found->reveals_arm)) return LB_OK;
    lb_fail(err, LB_NOT_FOUND, "this form takes no file at '%.60s'", item);
    lb_error_hint(err, "items of the type `file` do");
    return LB_NOT_FOUND;
}

static bool is_text(const lb_bytes *bytes)
{
    return bytes->length > 0 && !memchr(bytes->data, 0, bytes->length) && lb_utf8_bad((const char *)bytes->data, bytes->length) == bytes->length;
}

static bool begins_as(const struct kind *kind, const lb_bytes *bytes)
{
    return kind->magic && bytes->length > kind->length && memcmp(bytes->data, kind->magic, kind->length) == 0;
}

/* Text is what begins as nothing else: a short PDF or EDF can be valid UTF-8 too. */
static bool is_kind(const struct kind *kind, const lb_bytes *bytes)
{
    if (kind->magic) return begins_as(kind, bytes);
    for (size_t i = 0; i < LB_COUNT(kinds); i++)
        if (begins_as(&kinds[i], bytes)) return false;
    return is_text(bytes);
}

static bool accepts(const lb_value *accept, const char *word)
{
    for (size_t i = 0; accept && accept->type == LB_ARRAY && i < accept->count; i++)
        if (accept->item[i]->type == LB_STRING && strcmp(accept->item[i]->text, word) == 0) return true;
    return !accept;
}

int lb_upload_check(const lb_study *study, const lb_study_form *form, const lb_study_item *item, const lb_bytes *bytes, const char **type, lb_error *err)
{
    const lb_value *source = source_of(study, form, item), *accept = lb_get(source, "accept");
    double most = lb_get_number(source, "max_mb", LB_UPLOAD_MB);
    lb_buf words = {0};
    if ((double)bytes->length > most * 1e6) {
        lb_fail(err, LB_TOO_LARGE, "the file is larger than %g MB", most);
        lb_error_where(err, "%s", item->id);
        lb_error_hint(err, "cut it, or ask the data manager to raise the limit in the protocol");
        return LB_TOO_LARGE;
    }
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        if (!accepts(accept, kinds[i].word)) continue;
        lb_buf_printf(&words, "%s%s", words.length ? ", " : "", kinds[i].word);
        if (!is_kind(&kinds[i], bytes)) continue;
        *type = kinds[i].type;
        lb_buf_free(&words);
        return LB_OK;
    }
    lb_fail(err, LB_BAD_DATA, bytes->length ? "the file is none of: %s" : "the file is empty; it should be one of: %s", words.data ? words.data : "nothing");
    lb_error_where(err, "%s", item->id);
    lb_error_hint(err, "its first bytes decide, not its name");
    lb_buf_free(&words);
    return LB_BAD_DATA;
}

int lb_upload_note(lb_tx *tx, const lb_entry *entry, const lb_study_item *item, const char *name, const char *type, const char *sha256, int64_t size,
                   char id[LB_UPLOAD_ID], lb_error *err)
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    const lb_form_place *p = entry->place;
    for (int i = 0; i < LB_UPLOAD_ID - 1; i++) id[i] = letters[randombytes_uniform(sizeof letters - 1)];
    id[LB_UPLOAD_ID - 1] = '\0';
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    lb_set_text(body, "name", name);
    lb_set_text(body, "type", type);
    lb_set_int(body, "size", size);
    lb_set_text(body, "sha256", sha256);
    lb_set_text(body, "item", item->id);
    lb_record record = {.kind = LB_KIND_FILE, .key = id, .site = entry->person->site, .subject = p->subject, .parent = p->key, .body = body,
                        .reveals_arm = item->reveals_arm || lb_form_reveals(entry->form, &p->study->visit[p->visit])};
    const lb_change change = {.action = "upload", .version = p->study->version};
    return lb_tx_put(tx, &record, 0, &change, err);
}

int lb_upload_get(lb_tx *tx, const lb_form_place *place, const char *id, const lb_record **out, lb_error *err)
{
    *out = NULL;
    int code = lb_tx_get(tx, LB_KIND_FILE, id, out, err);
    if (code) return code;
    return *out && lb_text_equal((*out)->parent, place->key) ? LB_OK : lb_fail(err, LB_NOT_FOUND, "there is no such file on this form");
}

int lb_upload_list(lb_tx *tx, const lb_entry *entry, lb_value *out, lb_error *err)
{
    static const char *const kept[] = {"name", "size", "sha256", "type"};
    int code = LB_OK;
    for (size_t i = 0; i < entry->form->item_count && !code; i++) {
        const lb_study_item *item = &entry->form->item[i];
        const char *id = item->type == LB_ITEM_FILE ? lb_get_text(entry->values, item->id, NULL) : NULL;
        const lb_record *file = NULL;
        if (!id) continue;
        code = lb_tx_get(tx, LB_KIND_FILE, id, &file, err);
        if (code || !file) continue;
        lb_value *one = lb_set_object(out, item->id);
        lb_set_text(one, "id", id);
        for (size_t k = 0; k < LB_COUNT(kept); k++) lb_set(one, kept[k], lb_get(file->body, kept[k]));
    }
    return code;
}
