/* The frame of an ODM file: root, administrative data, and the writer beneath (libxml2's). */
#include "trial/conduct/odm.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"

#include <libxml/xmlwriter.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- writing ----------------------------------------------------------------------------------------------------- */

void odm_begin(odm_export *e, const char *element)
{
    e->failed |= xmlTextWriterStartElement(e->xml, (const xmlChar *)element) < 0;
}

void odm_end(odm_export *e)
{
    e->failed |= xmlTextWriterEndElement(e->xml) < 0;
}

/* XML 1.0 section 2.2: tab, line feed, carriage return, and everything from U+0020 but surrogates, U+FFFE and U+FFFF. */
static const char *clean(const odm_export *e, const char *text)
{
    size_t length = strlen(text), bad = 0;
    for (size_t i = 0; i < length; i++) bad += (unsigned char)text[i] < 0x20 && !strchr("\t\n\r", text[i]);
    bool utf8 = lb_utf8_bad(text, length) == length;
    if (bad == 0 && utf8) return text;
    lb_buf out = {0};
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && !strchr("\t\n\r", c)) || (!utf8 && c >= 0x80)) lb_buf_puts(&out, "\xEF\xBF\xBD");
        else lb_buf_putc(&out, text[i]);
    }
    const char *kept = lb_arena_textn(e->arena, out.data, out.length);
    lb_buf_free(&out);
    return kept;
}

void odm_attribute(odm_export *e, const char *name, const char *text)
{
    if (text) e->failed |= xmlTextWriterWriteAttribute(e->xml, (const xmlChar *)name, (const xmlChar *)clean(e, text)) < 0;
}

void odm_attributef(odm_export *e, const char *name, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    odm_attribute(e, name, text);
}

void odm_text(odm_export *e, const char *text)
{
    if (text) e->failed |= xmlTextWriterWriteString(e->xml, (const xmlChar *)clean(e, text)) < 0;
}

void odm_element(odm_export *e, const char *element, const char *text)
{
    odm_begin(e, element);
    odm_text(e, text);
    odm_end(e);
}

static void one_translation(odm_export *e, const char *language, const char *text)
{
    if (!text) return;
    odm_begin(e, "TranslatedText");
    odm_attribute(e, "xml:lang", language);
    odm_text(e, text);
    odm_end(e);
}

void odm_translated(odm_export *e, const lb_label *label)
{
    one_translation(e, "en", label->en);
    one_translation(e, "zh", label->zh);
    one_translation(e, "da", label->da);
}

/* ---- what may be in it ------------------------------------------------------------------------------------------- */

bool odm_has_item(const odm_export *e, const lb_study_item *item)
{
    return !(item->reveals_arm && lb_tx_actor(e->tx)->masked) && (!item->identifier || e->options->identifiers);
}

bool odm_has_form(const odm_export *e, const lb_study_form *form)
{
    return !(form->reveals_arm && lb_tx_actor(e->tx)->masked);
}

bool odm_has_visit(const odm_export *e, const lb_study_visit *visit)
{
    return !(visit->reveals_arm && lb_tx_actor(e->tx)->masked);
}

/* ---- administrative data ----------------------------------------------------------------------------------------- */

static int write_user(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    odm_export *e = context;
    odm_begin(e, "User");
    odm_attributef(e, "OID", "USR.%s", record->key);
    odm_attribute(e, "UserType", strcmp(lb_get_text(record->body, "role", ""), "investigator") == 0 ? "Investigator" : "Other");
    odm_element(e, "LoginName", record->key);
    odm_element(e, "FullName", lb_get_text(record->body, "full_name", record->key));
    odm_end(e);
    return LB_OK;
}

static void write_locations(odm_export *e)
{
    char day[24];
    lb_time_text(lb_tx_now_us(e->tx) / 1000000, day);
    day[10] = '\0';
    for (size_t i = 0; i < e->study->site_count; i++) {
        odm_begin(e, "Location");
        odm_attributef(e, "OID", "LOC.%s", e->study->site[i].id);
        odm_attribute(e, "Name", e->study->site[i].label.en);
        odm_attribute(e, "LocationType", "Site");
        odm_begin(e, "MetaDataVersionRef");
        odm_attributef(e, "StudyOID", "ST.%s", e->study->id);
        odm_attributef(e, "MetaDataVersionOID", "MDV.%s", e->study->version);
        odm_attribute(e, "EffectiveDate", lb_get_text(e->study->root, "date", day));
        odm_end(e);
        odm_end(e);
    }
}

/* Who else appears in audit records: participants by personal link, rules and clocks. */
static void write_other_user(odm_export *e, const char *oid, const char *name)
{
    odm_begin(e, "User");
    odm_attribute(e, "OID", oid);
    odm_attribute(e, "UserType", "Other");
    odm_element(e, "FullName", name);
    odm_end(e);
}

/* Who changed something before it was brought here. */
static int write_former_users(void *context, const lb_record *record, lb_error *err)
{
    odm_export *e = context;
    const lb_value *users = lb_get(record->body, "users");
    for (size_t i = 0; users && i < users->count; i++) {
        const lb_record *here = NULL;
        int code = lb_tx_get(e->tx, LB_KIND_USER, users->key[i], &here, err);
        if (code) return code;
        if (here || strcmp(users->key[i], "system") == 0) continue;
        odm_begin(e, "User");
        odm_attributef(e, "OID", "USR.%s", users->key[i]);
        odm_attribute(e, "UserType", "Other");
        odm_element(e, "LoginName", users->key[i]);
        odm_element(e, "FullName", users->item[i]->type == LB_STRING ? users->item[i]->text : users->key[i]);
        odm_end(e);
    }
    return LB_OK;
}

static int write_admin(odm_export *e, lb_error *err)
{
    odm_begin(e, "AdminData");
    odm_attributef(e, "StudyOID", "ST.%s", e->study->id);
    int code = lb_tx_scan(e->tx, &(lb_find){.kind = LB_KIND_USER}, write_user, e, err);
    if (!code) code = lb_tx_scan(e->tx, &(lb_find){.kind = LB_KIND_IMPORT}, write_former_users, e, err);
    write_other_user(e, "USR.system", "rules and clocks of the system");
    write_other_user(e, "USR.participant", "the participant, by personal link");
    write_locations(e);
    odm_end(e);
    return code;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static int take_bytes(void *context, const char *data, int length)
{
    const lb_odm_options *options = context;
    return options->write(options->context, data, (size_t)length) == 0 ? length : -1;
}

static int no_close(void *context)
{
    (void)context;
    return 0;
}

static void write_root(odm_export *e)
{
    char now[24];
    lb_time_text(lb_tx_now_us(e->tx) / 1000000, now);
    e->failed |= xmlTextWriterStartDocument(e->xml, "1.0", "UTF-8", NULL) < 0;
    odm_begin(e, "ODM");
    odm_attribute(e, "xmlns", "http://www.cdisc.org/ns/odm/v1.3");
    odm_attribute(e, "ODMVersion", "1.3.2");
    odm_attribute(e, "FileType", e->options->transactional ? "Transactional" : "Snapshot");
    odm_attributef(e, "FileOID", "%s.%s", e->study->id, now);
    odm_attribute(e, "CreationDateTime", now);
    odm_attributef(e, "Description", "%s, protocol version %s", e->study->title.en, e->study->version);
    odm_attribute(e, "SourceSystem", "Lumbar");
    odm_attribute(e, "SourceSystemVersion", lb_version());
}

int lb_odm_export(lb_tx *tx, const lb_study *study, const lb_odm_options *options, lb_odm_counts *counts, lb_error *err)
{
    odm_export e = {.tx = tx, .study = study, .options = options, .counts = counts, .arena = lb_tx_arena(tx)};
    *counts = (lb_odm_counts){0};
    xmlOutputBufferPtr out = xmlOutputBufferCreateIO(take_bytes, no_close, (void *)options, NULL);
    e.xml = out ? xmlNewTextWriter(out) : NULL;
    if (!e.xml) {
        if (out) xmlOutputBufferClose(out);
        return lb_fail(err, LB_NO_MEMORY, "there is no memory to write XML");
    }
    xmlTextWriterSetIndent(e.xml, 1);
    write_root(&e);
    odm_metadata(&e);
    int code = write_admin(&e, err);
    if (!code) code = odm_clinical(&e, err);
    if (!code) {
        odm_end(&e);
        e.failed |= xmlTextWriterEndDocument(e.xml) < 0 || xmlTextWriterFlush(e.xml) < 0;
    }
    xmlFreeTextWriter(e.xml);
    if (!code && e.failed) {
        code = lb_fail(err, LB_FAILED, "the ODM file could not be written");
        lb_error_hint(err, "is there room on the disk?");
    }
    return code;
}
