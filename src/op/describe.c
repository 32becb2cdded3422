/* Faces derived from the declarations: help, man pages, JSON for forms, shell completion. */
#include <ctype.h>
#include <string.h>

#include "op/call.h"

/* Words wrapped at 78 columns behind an indent; an empty line in the text begins a paragraph. */
static void wrap(lb_buf *out, const char *text, size_t indent, size_t column)
{
    while (*text) {
        size_t breaks = 0;
        for (; *text == ' ' || *text == '\n'; text++) breaks += *text == '\n';
        size_t length = strcspn(text, " \n"), width = 0;
        for (size_t i = 0; i < length; i++) width += (text[i] & 0xC0) != 0x80; /* code points */
        if (length == 0) break;
        if (breaks > 1 || (column + 1 + width > 78 && column > indent)) {
            lb_buf_puts(out, breaks > 1 ? "\n\n" : "\n");
            column = 0;
        }
        bool first = column <= indent;
        for (; column < indent; column++) lb_buf_putc(out, ' ');
        if (!first) lb_buf_putc(out, ' '), column++;
        lb_buf_add(out, text, length);
        column += width;
        text += length;
    }
    lb_buf_putc(out, '\n');
}

static const char *metavariable(const lb_param *param)
{
    switch (param->type) {
    case LB_P_FLAG: return "";
    case LB_P_INT: return " N";
    case LB_P_NUMBER: return " NUMBER";
    case LB_P_NUMBERS: return " N,N,…";
    case LB_P_TEXTS: return " A,B,…";
    case LB_P_COLUMN: return " COLUMN";
    case LB_P_COLUMNS: return " COLUMN,…";
    case LB_P_FORMULA: return " FORMULA";
    case LB_P_TABLE: return " FILE.csv";
    case LB_P_TABLES: return " [NAME=]FILE.csv …";
    case LB_P_VOLUME: return " IMAGE";
    case LB_P_DOCUMENT:
    case LB_P_SOURCE: return " FILE";
    case LB_P_CHOICE: return " WORD";
    case LB_P_CHOICES: return " WORD,…";
    case LB_P_TEXT: break;
    }
    return param->flags & LB_OUTPUT ? " FILE" : " TEXT";
}

static void upper(lb_buf *out, const char *name)
{
    for (; *name; name++) lb_buf_putc(out, *name == '-' ? '_' : (char)toupper((unsigned char)*name));
}

static void synopsis(const lb_op *op, lb_buf *out)
{
    lb_buf_printf(out, "lumbar %s %s", op->area, op->verb);
    for (size_t i = 0; i < op->param_count; i++) {
        const lb_param *param = &op->params[i];
        bool required = param->flags & LB_REQUIRED;
        if (param->flags & LB_POSITIONAL) {
            lb_buf_puts(out, required ? " " : " [");
            upper(out, param->name);
            if (!required) lb_buf_putc(out, ']');
        } else if (required) {
            lb_buf_printf(out, " --%s%s", param->name, metavariable(param));
        }
    }
    lb_buf_puts(out, " [OPTION …]");
}

static void details(const lb_param *param, lb_buf *text)
{
    lb_buf_puts(text, param->summary);
    for (const char *p = param->choices; p && *p; p++) { /* with spaces, so that long lists wrap */
        if (p == param->choices) lb_buf_puts(text, ": ");
        lb_buf_putc(text, *p);
        if (*p == ',') lb_buf_putc(text, ' ');
    }
    if (param->preset && *param->preset) lb_buf_printf(text, " (default %s)", param->preset);
    if (param->min != 0 || param->max != 0) lb_buf_printf(text, " [%g to %g]", param->min, param->max);
    if (param->flags & LB_REQUIRED) lb_buf_puts(text, " (required)");
}

void lb_op_usage(const lb_op *op, lb_buf *out)
{
    lb_buf_printf(out, "lumbar %s %s — %s\n\nUsage: ", op->area, op->verb, op->summary);
    synopsis(op, out);
    lb_buf_puts(out, "\n\n");
    if (op->description) {
        wrap(out, op->description, 0, 0);
        lb_buf_putc(out, '\n');
    }
    lb_buf_puts(out, "Options:\n");
    for (size_t i = 0; i < op->param_count; i++) {
        lb_buf name = {0}, text = {0};
        lb_buf_printf(&name, "  --%s%s", op->params[i].name, metavariable(&op->params[i]));
        details(&op->params[i], &text);
        lb_buf_puts(out, name.data);
        size_t width = 0;
        for (size_t k = 0; k < name.length; k++) width += (name.data[k] & 0xC0) != 0x80;
        if (width > 26) {
            lb_buf_putc(out, '\n');
            width = 0;
        }
        wrap(out, text.data, 28, width);
        lb_buf_free(&name);
        lb_buf_free(&text);
    }
    lb_buf_puts(out, "\nEverywhere: -o FILE (.json .csv .html .txt .svg .png .pdf), --json, --threads N, --quiet;\n"
                     "for tables: --codebook FILE, --decimal C, --separator C, --missing WORDS, --text-columns A,B.\n");
    if (op->example) lb_buf_printf(out, "\nExample:\n  %s\n", op->example);
}

/* roff: backslashes doubled, a leading dot or quote guarded, hyphens kept as hyphens-minus for copying. */
static void roff(lb_buf *out, const char *text)
{
    bool start = true;
    for (; *text; text++) {
        if (start && (*text == '.' || *text == '\'')) lb_buf_puts(out, "\\&");
        if (*text == '\\') lb_buf_puts(out, "\\e");
        else if (*text == '-') lb_buf_puts(out, "\\-");
        else lb_buf_putc(out, *text);
        start = *text == '\n';
    }
}

void lb_op_man(const lb_op *op, lb_buf *out)
{
    lb_buf line = {0};
    lb_buf_puts(out, ".TH LUMBAR\\-");
    upper(out, op->area);
    lb_buf_puts(out, "\\-");
    upper(out, op->verb);
    lb_buf_printf(out, " 1 \"\" \"Lumbar %s\" \"Lumbar manual\"\n.SH NAME\nlumbar\\-%s\\-%s \\- ", lb_version(), op->area, op->verb);
    roff(out, op->summary);
    lb_buf_puts(out, "\n.SH SYNOPSIS\n");
    synopsis(op, &line);
    roff(out, line.data);
    lb_buf_free(&line);
    if (op->description) {
        lb_buf_puts(out, "\n.SH DESCRIPTION\n");
        roff(out, op->description);
    }
    lb_buf_puts(out, "\n.SH OPTIONS\n");
    for (size_t i = 0; i < op->param_count; i++) {
        lb_buf text = {0};
        details(&op->params[i], &text);
        lb_buf_printf(out, ".TP\n\\fB\\-\\-%s\\fR", op->params[i].name);
        roff(out, metavariable(&op->params[i]));
        lb_buf_putc(out, '\n');
        roff(out, text.data);
        lb_buf_putc(out, '\n');
        lb_buf_free(&text);
    }
    if (op->example) {
        lb_buf_puts(out, ".SH EXAMPLE\n.nf\n");
        roff(out, op->example);
        lb_buf_puts(out, "\n.fi\n");
    }
    lb_buf_puts(out, ".SH EXIT STATUS\n0 done; 1 failed; 2 wrong usage; 3 bad input data; 4 not converged or on a boundary "
                     "(the document is still written).\n.SH SEE ALSO\nlumbar(1)\n");
}

static void describe_param(const lb_param *param, lb_value *out)
{
    lb_set_text(out, "name", param->name);
    lb_set_text(out, "type", lb_param_type_name(param->type));
    lb_set_text(out, "summary", param->summary);
    lb_set_bool(out, "required", param->flags & LB_REQUIRED);
    lb_set_bool(out, "positional", param->flags & LB_POSITIONAL);
    lb_set_bool(out, "advanced", param->flags & LB_ADVANCED);
    lb_set_bool(out, "output", param->flags & LB_OUTPUT);
    lb_set_text(out, "preset", param->preset);
    lb_value *choices = lb_set_array(out, "choices");
    size_t count;
    char **choice = lb_text_split(out->arena, param->choices, ',', &count);
    for (size_t k = 0; k < count; k++) lb_push_text(choices, choice[k]);
    bool bounded = param->min != 0 || param->max != 0;
    if (bounded) lb_set_number(out, "min", param->min);
    else lb_set_null(out, "min");
    if (bounded) lb_set_number(out, "max", param->max);
    else lb_set_null(out, "max");
    lb_set_text(out, "of", param->of);
}

lb_value *lb_registry_describe(const lb_registry *registry, lb_arena *arena)
{
    lb_value *root = lb_value_object(arena);
    lb_value *operations = lb_set_array(root, "operations");
    for (size_t i = 0; i < lb_registry_count(registry); i++) {
        const lb_op *op = lb_registry_at(registry, i);
        lb_value *entry = lb_push_object(operations);
        lb_set_textf(entry, "name", "%s.%s", op->area, op->verb);
        lb_set_text(entry, "area", op->area);
        lb_set_text(entry, "verb", op->verb);
        lb_set_text(entry, "summary", op->summary);
        lb_set_text(entry, "description", op->description);
        lb_set_text(entry, "example", op->example);
        lb_value *params = lb_set_array(entry, "params");
        for (size_t k = 0; k < op->param_count; k++) describe_param(&op->params[k], lb_push_object(params));
    }
    return root;
}

void lb_registry_completion(const lb_registry *registry, lb_buf *out)
{
    lb_buf_puts(out, "# bash completion for lumbar, made from its operation registry: lumbar completion > FILE\n_lumbar()\n{\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]}\n    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
    for (size_t i = 0; i < lb_registry_count(registry); i++) {
        const lb_op *op = lb_registry_at(registry, i);
        lb_buf_printf(out, "    '%s %s')\n        [[ $COMP_CWORD -gt 2 && $word == -* ]] && COMPREPLY=($(compgen -W '", op->area, op->verb);
        for (size_t k = 0; k < op->param_count; k++) lb_buf_printf(out, "--%s ", op->params[k].name);
        lb_buf_puts(out, "--json -o --threads --quiet' -- \"$word\")) && return;;\n");
    }
    lb_buf_puts(out, "    esac\n    if [[ $COMP_CWORD -eq 1 ]]; then COMPREPLY=($(compgen -W 'help serve validate completion man ");
    for (size_t i = 0; i < lb_registry_count(registry); i++)
        if (i == 0 || strcmp(lb_registry_at(registry, i)->area, lb_registry_at(registry, i - 1)->area) != 0)
            lb_buf_printf(out, "%s ", lb_registry_at(registry, i)->area);
    lb_buf_puts(out, "' -- \"$word\")); return; fi\n    if [[ $COMP_CWORD -eq 2 ]]; then\n        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < lb_registry_count(registry); i++) {
        const lb_op *op = lb_registry_at(registry, i);
        bool first = i == 0 || strcmp(op->area, lb_registry_at(registry, i - 1)->area) != 0;
        bool last = i + 1 == lb_registry_count(registry) || strcmp(op->area, lb_registry_at(registry, i + 1)->area) != 0;
        if (first) lb_buf_printf(out, "        %s) COMPREPLY=($(compgen -W '", op->area);
        lb_buf_printf(out, "%s ", op->verb);
        if (last) lb_buf_puts(out, "' -- \"$word\")); return;;\n");
    }
    lb_buf_puts(out, "        esac\n    fi\n    COMPREPLY=($(compgen -f -- \"$word\"))\n}\ncomplete -o filenames -F _lumbar lumbar\n");
}
