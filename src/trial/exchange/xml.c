/* XML of others as a small tree, through libxml2's SAX interface: without network, DTD, entities, or deep nesting. */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <string.h>

#include "trial/exchange/xml.h"

enum { MAX_DEPTH = 100, MAX_TEXT = 10 * 1024 * 1024, PIECE = 1 << 16 };

typedef struct builder {
    lb_arena *arena;
    xml_node *root, *current;
    xmlParserCtxtPtr parser;
    lb_buf text[MAX_DEPTH];
    int depth;
    const char *refusal, *hint;
    const char *space; /* the last namespace seen, kept once */
} builder;

static void refuse(builder *b, const char *why, const char *hint)
{
    if (!b->refusal) {
        b->refusal = why;
        b->hint = hint;
    }
    xmlStopParser(b->parser);
}

static const char *keep_space(builder *b, const xmlChar *uri)
{
    const char *text = uri ? (const char *)uri : "";
    if (!b->space || strcmp(b->space, text) != 0) b->space = lb_arena_text(b->arena, text);
    return b->space;
}

/* A parser that leaves entities alone hands every '&' of an attribute, however it was written, as "&#38;". */
static const char *attribute_text(lb_arena *arena, const char *from, size_t length)
{
    static const char ampersand[] = "&#38;";
    char *text = lb_arena_textn(arena, from, length), *to = text;
    for (const char *at = text; *at;) {
        bool escaped = *at == '&' && strncmp(at, ampersand, sizeof ampersand - 1) == 0;
        *to++ = *at;
        at += escaped ? sizeof ampersand - 1 : 1;
    }
    *to = '\0';
    return text;
}

/* libxml2 hands five pointers per attribute: name, prefix, URI, value, end of value. */
static void start_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                          const xmlChar **declared, int attributes, int defaulted, const xmlChar **given)
{
    (void)prefix, (void)namespaces, (void)declared, (void)defaulted;
    builder *b = context;
    if (b->refusal) return;
    if (b->depth == MAX_DEPTH) {
        refuse(b, "elements are nested deeper than 100", "this is no file of a study");
        return;
    }
    xml_node *node = lb_arena_alloc(b->arena, sizeof *node);
    node->name = lb_arena_text(b->arena, (const char *)name);
    node->space = keep_space(b, uri);
    node->text = "";
    node->line = xmlSAX2GetLineNumber(b->parser);
    node->attributes = (size_t)attributes;
    xml_attribute *attribute = lb_arena_array(b->arena, node->attributes + 1, sizeof *attribute);
    for (int i = 0; i < attributes; i++, given += 5) {
        attribute[i].name = lb_arena_text(b->arena, (const char *)given[0]);
        attribute[i].space = given[2] ? lb_arena_text(b->arena, (const char *)given[2]) : "";
        attribute[i].value = attribute_text(b->arena, (const char *)given[3], (size_t)(given[4] - given[3]));
    }
    node->attribute = attribute;
    node->parent = b->current;
    if (b->current) {
        if (b->current->last) b->current->last->next = node;
        else b->current->first = node;
        b->current->last = node;
    } else {
        b->root = node;
    }
    b->current = node;
    b->text[b->depth++].length = 0;
}

static void end_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    (void)name, (void)prefix, (void)uri;
    builder *b = context;
    if (b->refusal || !b->current) return;
    lb_buf *text = &b->text[--b->depth];
    if (text->overflow) refuse(b, "one element holds more than 10 MiB of text", "take files that are embedded out of the export");
    else if (text->length) b->current->text = lb_arena_textn(b->arena, text->data, text->length);
    b->current = b->current->parent;
}

static void characters(void *context, const xmlChar *text, int length)
{
    builder *b = context;
    if (b->refusal || b->depth == 0) return;
    b->text[b->depth - 1].max = MAX_TEXT;
    lb_buf_add(&b->text[b->depth - 1], (const char *)text, (size_t)length);
}

static void document_type(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name, (void)external, (void)system;
    refuse(context, "the file declares a document type (<!DOCTYPE …>)", "remove the declaration: entities are never followed, no other file is read");
}

static void reference(void *context, const xmlChar *name)
{
    (void)name;
    refuse(context, "the file refers to an entity that XML itself does not define", "write the character itself, or as &#…;");
}

static void ignore_message(void *context, const char *message, ...)
{
    (void)context, (void)message;
}

static int feed(builder *b, const lb_bytes *bytes)
{
    int code = 0;
    for (size_t at = 0; at < bytes->length && code == 0 && !b->refusal; at += PIECE) {
        size_t left = bytes->length - at;
        code = xmlParseChunk(b->parser, (const char *)bytes->data + at, (int)(left < PIECE ? left : PIECE), 0);
    }
    if (code == 0 && !b->refusal) code = xmlParseChunk(b->parser, NULL, 0, 1);
    return code;
}

/* What libxml2 says about a file that is not well-formed, in one line. */
static void not_well_formed(builder *b, const lb_bytes *bytes, lb_error *err)
{
    const xmlError *last = xmlCtxtGetLastError(b->parser);
    char message[200];
    snprintf(message, sizeof message, "%s", last && last->message ? last->message : "the document ends too early");
    message[strcspn(message, "\r\n")] = '\0';
    message[lb_utf8_bad(message, strlen(message))] = '\0';
    if (b->current && last && last->code == XML_ERR_DOCUMENT_END) lb_fail(err, LB_BAD_DATA, "the XML ends inside <%.100s>", b->current->name);
    else lb_fail(err, LB_BAD_DATA, "the XML is damaged: %s", message);
    if (last && last->line > 0) lb_error_where(err, "%s:%d", bytes->name, last->line);
    else lb_error_where(err, "%s", bytes->name);
    lb_error_hint(err, "export the file again; nothing of it was taken");
}

int xml_read(const lb_bytes *bytes, size_t max, lb_arena *arena, xml_node **root, lb_error *err)
{
    *root = NULL;
    if (max == 0) max = (size_t)512 << 20;
    if (bytes->length > max) {
        lb_fail(err, LB_TOO_LARGE, "the XML file is larger than %zu MiB", max >> 20);
        lb_error_where(err, "%s", bytes->name);
        return LB_TOO_LARGE;
    }
    builder b = {.arena = arena};
    xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC, .startElementNs = start_element, .endElementNs = end_element,
                             .characters = characters, .cdataBlock = characters, .internalSubset = document_type,
                             .reference = reference, .error = ignore_message, .warning = ignore_message};
    b.parser = xmlCreatePushParserCtxt(&handler, &b, NULL, 0, NULL);
    if (!b.parser) return lb_fail(err, LB_NO_MEMORY, "not enough memory to read XML");
    xmlCtxtUseOptions(b.parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    int damaged = feed(&b, bytes), code = LB_OK;
    if (b.refusal) {
        code = lb_fail(err, LB_BAD_DATA, "%s", b.refusal);
        lb_error_where(err, "%s:%d", bytes->name, xmlSAX2GetLineNumber(b.parser));
        lb_error_hint(err, "%s", b.hint);
    } else if (damaged || !b.parser->wellFormed || !b.root) {
        not_well_formed(&b, bytes, err);
        code = LB_BAD_DATA;
    } else {
        *root = b.root;
    }
    xmlFreeDoc(b.parser->myDoc);
    xmlFreeParserCtxt(b.parser);
    for (int i = 0; i < MAX_DEPTH; i++) lb_buf_free(&b.text[i]);
    return code;
}

const char *xml_get(const xml_node *node, const char *attribute)
{
    for (size_t i = 0; i < node->attributes; i++)
        if (!*node->attribute[i].space && strcmp(node->attribute[i].name, attribute) == 0) return node->attribute[i].value;
    return NULL;
}

const xml_node *xml_child(const xml_node *node, const char *name)
{
    for (const xml_node *child = node->first; child; child = child->next)
        if (strcmp(child->name, name) == 0 && strcmp(child->space, node->space) == 0) return child;
    return NULL;
}

const xml_node *xml_next(const xml_node *node, const xml_node *top)
{
    if (node->first) return node->first;
    while (node != top && !node->next) node = node->parent;
    return node == top ? NULL : node->next;
}
