/* The rules of a review's conduct. Two people decide independently; whoever settles a difference is neither of them;
 * exclusions on full text have a reason; what both have decided or a third has settled is not decided again; a value that both
 * read the same way can still be corrected by a third, with a reason. An event that breaks a rule is refused and
 * leaves the document as it was. Rules: Cochrane Handbook, chapters 4.6 and 5.6; certainty overrides need a reason. */
#include "evidence/dossier/dossier.h"

#include <string.h>

const char *lb_decision_name(lb_decision decision)
{
    static const char *const names[] = {NULL, "include", "exclude", "unsure"};
    return names[decision];
}

static lb_decision decision_named(const char *name)
{
    for (int d = LB_DECISION_INCLUDE; d <= LB_DECISION_UNSURE; d++) {
        if (lb_text_equal(lb_decision_name((lb_decision)d), name)) return (lb_decision)d;
    }
    return LB_DECISION_NONE;
}

/* -- what a stage or a value came to ------------------------------------------------------------------------------ */

/* For the outcome, unsure keeps a reference in. */
static bool keeps(lb_decision decision) { return decision != LB_DECISION_EXCLUDE; }

bool lb_screening_conflict(const lb_screening *s)
{
    if (!s->decision[0] || !s->decision[1] || s->settled) return false;
    return keeps(s->decision[0]) != keeps(s->decision[1]);
}

lb_decision lb_screening_outcome(const lb_screening *s)
{
    if (s->settled) return s->settled;
    if (!s->decision[0] || !s->decision[1] || lb_screening_conflict(s)) return LB_DECISION_NONE;
    return keeps(s->decision[0]) ? LB_DECISION_INCLUDE : LB_DECISION_EXCLUDE;
}

const char *lb_screening_reason(const lb_screening *s)
{
    return s->settled ? s->settle_reason : s->reason[0] ? s->reason[0] : s->reason[1];
}

/* Numbers by value, texts by their letters: "4.50" and 4.5 are the same entry. */
static bool same_value(const lb_value *a, const lb_value *b)
{
    if (lb_is_number(a) && lb_is_number(b)) return lb_number_of(a) == lb_number_of(b);
    if (a->type != b->type) return false;
    return a->type == LB_STRING ? strcmp(a->text, b->text) == 0 : a->type == LB_BOOL ? a->boolean == b->boolean : true;
}

bool lb_extract_conflict(const lb_extract *e)
{
    return e->value[0] && e->value[1] && !e->settled && !same_value(e->value[0], e->value[1]);
}

const lb_value *lb_extract_value(const lb_extract *e)
{
    if (e->settled) return e->settled;
    return e->value[0] && e->value[1] && !lb_extract_conflict(e) ? e->value[0] : NULL;
}

/* -- screening ---------------------------------------------------------------------------------------------------- */

static int refuse(lb_error *err, const char *hint, const char *fmt, ...) LB_PRINTF(3, 4);
static int refuse(lb_error *err, const char *hint, const char *fmt, ...)
{
    lb_buf text = {0};
    va_list args;
    va_start(args, fmt);
    lb_buf_vprintf(&text, fmt, args);
    va_end(args);
    int code = lb_fail(err, LB_BAD_DATA, "%.500s", text.data);
    lb_buf_free(&text);
    if (hint) lb_error_hint(err, "%s", hint);
    return code;
}

static int find(const lb_dossier *dossier, const lb_value *event, lb_record **record, lb_stage *stage, lb_error *err)
{
    const char *id = lb_get_text(event, "record", ""), *name = lb_get_text(event, "stage", "title");
    *record = lb_dossier_record(dossier, id);
    if (!*record) return refuse(err, NULL, "there is no reference '%.80s'", id);
    if ((*record)->duplicate) return refuse(err, "decide about the first one", "reference '%.80s' is a duplicate", id);
    if (strcmp(name, "title") == 0) {
        *stage = LB_STAGE_TITLE;
        return 0;
    }
    if (strcmp(name, "full_text") != 0) return refuse(err, "stages are title and full_text", "there is no stage '%.40s'", name);
    *stage = LB_STAGE_FULL;
    if (lb_screening_outcome(&(*record)->stage[LB_STAGE_TITLE]) == LB_DECISION_INCLUDE) return 0;
    return refuse(err, "both screeners, or whoever settled it, must have kept its title and abstract",
                  "the full text of '%.80s' is not due", id);
}

static int slot_of(const char *const *who, const char *name)
{
    for (int i = 0; i < LB_DOSSIER_PEOPLE; i++) {
        if (!who[i] || strcmp(who[i], name) == 0) return i;
    }
    return -1;
}

/* Once both have decided each sees the other's decision, and neither is independent any more: kappa is of what they said first. */
static int both_decided(const char *what, bool again, lb_error *err)
{
    if (!again) return 0; /* the second of the two */
    return refuse(err, "a third person settles differences, with a reason", "both have decided about '%.80s': what they said stands", what);
}

static int screen(lb_dossier *dossier, const lb_value *event, const char *who, lb_error *err)
{
    lb_record *record;
    lb_stage stage;
    int code = find(dossier, event, &record, &stage, err);
    if (code) return code;
    lb_decision decision = decision_named(lb_get_text(event, "decision", ""));
    const char *reason = lb_get_text(event, "reason", NULL);
    if (!decision)
        return refuse(err, "include, exclude or unsure", "'%.40s' is no decision", lb_get_text(event, "decision", ""));
    if (stage == LB_STAGE_FULL && decision == LB_DECISION_UNSURE)
        return refuse(err, "read it again, or ask the authors", "a full text is included or excluded, not unsure");
    if (stage == LB_STAGE_FULL && decision == LB_DECISION_EXCLUDE && (!reason || !*reason))
        return refuse(err, "say which criterion it fails; PRISMA lists these reasons", "an excluded full text needs a reason");
    lb_screening *at = &record->stage[stage];
    if (at->settled) return refuse(err, NULL, "'%.80s' is settled by %.60s", record->id, at->settler);
    int slot = slot_of(at->who, who);
    if (slot < 0)
        return refuse(err, "a third person settles differences", "%.60s and %.60s have screened '%.80s' already", at->who[0],
                      at->who[1], record->id);
    if (at->decision[!slot])
        code = both_decided(record->id, at->decision[slot] != LB_DECISION_NONE, err);
    if (code) return code;
    if (stage == LB_STAGE_TITLE && (record->stage[LB_STAGE_FULL].who[0]))
        return refuse(err, NULL, "the full text of '%.80s' has been read: its title is no longer open", record->id);
    at->who[slot] = who;
    at->decision[slot] = decision;
    at->reason[slot] = reason && *reason ? reason : NULL;
    return 0;
}

static int settle(lb_dossier *dossier, const lb_value *event, const char *who, lb_error *err)
{
    lb_record *record;
    lb_stage stage;
    int code = find(dossier, event, &record, &stage, err);
    if (code) return code;
    lb_screening *at = &record->stage[stage];
    lb_decision decision = decision_named(lb_get_text(event, "decision", ""));
    const char *reason = lb_get_text(event, "reason", NULL);
    if (!lb_screening_conflict(at)) return refuse(err, NULL, "there is no difference about '%.80s' to settle", record->id);
    if (strcmp(at->who[0], who) == 0 || strcmp(at->who[1], who) == 0)
        return refuse(err, "a third person settles it", "%.60s is one of the two who differ about '%.80s'", who, record->id);
    if (decision != LB_DECISION_INCLUDE && decision != LB_DECISION_EXCLUDE)
        return refuse(err, "include or exclude", "'%.40s' settles nothing", lb_get_text(event, "decision", ""));
    if (!reason || !*reason) return refuse(err, "say why, for the record", "a settlement needs a reason");
    at->settled = decision;
    at->settler = who;
    at->settle_reason = reason;
    return 0;
}

/* -- extraction --------------------------------------------------------------------------------------------------- */

static lb_extract *find_extract(const lb_dossier *dossier, const char *study, const char *field)
{
    for (size_t i = dossier->extracts; i-- > 0;) { /* the last is the likeliest */
        lb_extract *e = &dossier->extract[i];
        if (strcmp(e->study, study) == 0 && strcmp(e->field, field) == 0) return e;
    }
    return NULL;
}

static lb_extract *add_extract(lb_dossier *dossier, const char *study, const char *field)
{
    dossier->extract = lb_arena_grow(dossier->arena, dossier->extract, dossier->extracts, &dossier->extract_capacity, 64, sizeof *dossier->extract);
    lb_extract *e = &dossier->extract[dossier->extracts++];
    *e = (lb_extract){.study = study, .field = field};
    return e;
}

/* A field of the form, and a value of its kind. */
static int check_field(const lb_dossier *dossier, const char *name, const lb_value *value, lb_error *err)
{
    const lb_value *fields = lb_get(dossier->root, "fields");
    for (size_t i = 0; fields && i < fields->count; i++) {
        const lb_value *field = fields->item[i];
        if (!lb_text_equal(lb_get_text(field, "name", NULL), name)) continue;
        const char *kind = lb_get_text(field, "kind", "text");
        const lb_value *choices = lb_get(field, "choices");
        if (value->type == LB_NULL) return 0; /* not reported */
        if (strcmp(kind, "number") == 0 && !lb_is_number(value))
            return refuse(err, "leave it empty when it is not reported", "the field '%.60s' takes a number", name);
        bool known = !choices;
        for (size_t c = 0; choices && c < choices->count; c++) known |= same_value(choices->item[c], value);
        return known ? 0 : refuse(err, NULL, "'%.60s' is none of the choices of the field '%.60s'",
                                  value->type == LB_STRING ? value->text : "that", name);
    }
    return fields && fields->count ? refuse(err, NULL, "the form has no field '%.60s'", name) : 0;
}

static int check_value(const lb_dossier *dossier, const lb_value *event, const char **study, const char **field,
                       const lb_value **value, lb_error *err)
{
    *study = lb_get_text(event, "study", NULL);
    *field = lb_get_text(event, "field", NULL);
    *value = lb_get(event, "value");
    if (!*study || !*field || !*value || (*value)->type == LB_ARRAY || (*value)->type == LB_OBJECT)
        return refuse(err, NULL, "an extraction names study, field and one value");
    const lb_record *record = lb_dossier_record(dossier, *study);
    if (!record) return refuse(err, NULL, "there is no reference '%.80s'", *study);
    if (lb_screening_outcome(&record->stage[LB_STAGE_FULL]) != LB_DECISION_INCLUDE)
        return refuse(err, "extract from included full texts only", "'%.80s' is not included", *study);
    return check_field(dossier, *field, *value, err);
}

static int extract(lb_dossier *dossier, const lb_value *event, const char *who, lb_error *err)
{
    const char *study, *field;
    const lb_value *value;
    int code = check_value(dossier, event, &study, &field, &value, err);
    if (code) return code;
    lb_extract *e = find_extract(dossier, study, field);
    if (e && e->settled) return refuse(err, NULL, "'%.60s' of '%.80s' is settled by %.60s", field, study, e->settler);
    int slot = e ? slot_of(e->who, who) : 0;
    if (slot < 0)
        return refuse(err, "a third person settles differences", "%.60s and %.60s have extracted '%.60s' of '%.80s' already",
                      e->who[0], e->who[1], field, study);
    if (e && e->value[!slot] && (code = both_decided(field, e->value[slot] != NULL, err))) return code;
    if (!e) e = add_extract(dossier, study, field);
    e->who[slot] = who;
    e->value[slot] = value;
    return 0;
}

static int settle_value(lb_dossier *dossier, const lb_value *event, const char *who, lb_error *err)
{
    const char *study, *field, *reason = lb_get_text(event, "reason", NULL);
    const lb_value *value;
    int code = check_value(dossier, event, &study, &field, &value, err);
    if (code) return code;
    lb_extract *e = find_extract(dossier, study, field);
    if (!e || !e->value[0] || !e->value[1] || e->settled)
        return refuse(err, NULL, "there is no difference in '%.60s' of '%.80s' to settle", field, study);
    if (strcmp(e->who[0], who) == 0 || strcmp(e->who[1], who) == 0)
        return refuse(err, "a third person settles it", "%.60s is one of the two who extracted it", who);
    if (!reason || !*reason) return refuse(err, "say why, for the record", "a settlement needs a reason");
    e->settled = value;
    e->settler = who;
    e->reason = reason;
    return 0;
}

/* -- certainty and counts ----------------------------------------------------------------------------------------- */

static int certainty(const lb_value *event, lb_error *err)
{
    static const char *const domains[] = {"risk_of_bias", "inconsistency", "indirectness", "imprecision", "publication_bias"},
                             *const levels[] = {"none", "serious", "very_serious"};
    const char *domain = lb_get_text(event, "domain", ""), *level = lb_get_text(event, "level", ""),
               *reason = lb_get_text(event, "reason", NULL);
    bool known = false, graded = false;
    for (size_t i = 0; i < LB_COUNT(domains); i++) known |= strcmp(domains[i], domain) == 0;
    for (size_t i = 0; i < LB_COUNT(levels); i++) graded |= strcmp(levels[i], level) == 0;
    if (!known)
        return refuse(err, "risk_of_bias, inconsistency, indirectness, imprecision or publication_bias",
                      "'%.40s' is no domain of GRADE", domain);
    if (!graded) return refuse(err, "none, serious or very_serious", "'%.40s' is no level of concern", level);
    if (!lb_get_text(event, "cell", NULL)) return refuse(err, NULL, "the judgement names no cell");
    return reason && *reason ? 0 : refuse(err, "the reason is printed beside the table", "a judgement against the rules needs a reason");
}

/* What the log cannot know: how many records registers gave, how many reports were not retrieved. */
static int count(lb_dossier *dossier, const lb_value *event, lb_error *err)
{
    const char *name = lb_get_text(event, "name", "");
    int64_t value = lb_get_int(event, "value", -1);
    if (!*name || strlen(name) > 60) return refuse(err, NULL, "the count has no name");
    if (value < 0 || value > 100000000) return refuse(err, NULL, "'%.60s' is no count from 0", name);
    lb_value *counts = lb_get(dossier->root, "counts");
    if (!counts) counts = lb_set_object(dossier->root, "counts");
    lb_set_int(counts, name, value);
    return 0;
}

int lb_dossier_apply(lb_dossier *dossier, const lb_value *event, const char *at, lb_error *err)
{
    const char *who = lb_get_text(event, "who", NULL), *what = lb_get_text(event, "what", "");
    if (!who || !*who) return refuse(err, NULL, "the event does not say who");
    if (dossier->events >= LB_DOSSIER_MOST_EVENTS) return lb_fail(err, LB_TOO_LARGE, "the log is full");
    int code;
    if (strcmp(what, "screen") == 0)
        code = screen(dossier, event, who, err);
    else if (strcmp(what, "settle") == 0)
        code = settle(dossier, event, who, err);
    else if (strcmp(what, "extract") == 0)
        code = extract(dossier, event, who, err);
    else if (strcmp(what, "settle_value") == 0)
        code = settle_value(dossier, event, who, err);
    else if (strcmp(what, "certainty") == 0)
        code = certainty(event, err);
    else if (strcmp(what, "count") == 0)
        code = count(dossier, event, err);
    else
        code = refuse(err, "screen, settle, extract, settle_value, certainty or count", "'%.40s' is no event", what);
    if (code) return code;
    lb_value *kept = lb_push_object(lb_get(dossier->root, "events"));
    lb_set_int(kept, "n", (int64_t)++dossier->events);
    lb_set_text(kept, "at", at);
    for (size_t i = 0; i < event->count; i++) {
        if (strcmp(event->key[i], "n") != 0 && strcmp(event->key[i], "at") != 0) lb_set(kept, event->key[i], event->item[i]);
    }
    return 0;
}
