/* Reading a protocol file: parse, hold against its shape, build the structs, then check references, schedule and rules.
 * All flaws are gathered; the structs are only handed out when none of them is an error. */
#include "trial/study.h"

#include <math.h>
#include <string.h>

const lb_value *trial_list(const lb_value *object, const char *key, lb_arena *arena)
{
    const lb_value *list = lb_get(object, key);
    return list && list->type == LB_ARRAY ? list : lb_value_array(arena);
}

words trial_ids(const lb_value *list, const char *key, lb_arena *arena)
{
    words w = {.word = lb_arena_array(arena, list->count + 1, sizeof *w.word)};
    for (size_t i = 0; i < list->count; i++) {
        const char *id = lb_get_text(list->item[i], key, NULL);
        if (id) w.word[w.count++] = id;
    }
    return w;
}

bool trial_known(const words *w, const char *word)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->word[i], word) == 0) return true;
    return false;
}

lb_label trial_label(const lb_value *value)
{
    if (value && value->type == LB_STRING) return (lb_label){.en = value->text};
    return (lb_label){lb_get_text(value, "en", ""), lb_get_text(value, "zh", NULL), lb_get_text(value, "da", NULL)};
}

static int index_in(const words *w, const char *word)
{
    for (size_t i = 0; word && i < w->count; i++)
        if (strcmp(w->word[i], word) == 0) return (int)i;
    return -1;
}

/* ---- sites, arms, instruments ---- */

static void build_places(study_reader *r)
{
    lb_study *s = r->study;
    lb_arena *arena = r->f.arena;
    const lb_value *sites = trial_list(r->root, "sites", arena), *arms = trial_list(r->root, "arms", arena);
    const lb_value *used = trial_list(r->root, "instruments", arena);
    s->site = lb_arena_array(arena, sites->count + 1, sizeof *s->site);
    s->arm = lb_arena_array(arena, arms->count + 1, sizeof *s->arm);
    s->instrument = lb_arena_array(arena, used->count + 1, sizeof *s->instrument);
    for (size_t i = 0; i < sites->count; i++) {
        const lb_value *v = sites->item[i];
        s->site[s->site_count++] = (lb_study_site){lb_get_text(v, "id", ""), lb_get_text(v, "city", NULL), lb_get_text(v, "country", NULL),
                                                   trial_label(lb_get(v, "label"))};
    }
    for (size_t i = 0; i < arms->count; i++) {
        const lb_value *v = arms->item[i];
        s->arm[s->arm_count++] = (lb_study_arm){lb_get_text(v, "id", ""), lb_get_text(v, "code", ""), lb_get_text(v, "kind", ""),
                                                trial_label(lb_get(v, "label")), trial_label(lb_get(v, "description"))};
    }
    for (size_t i = 0; i < used->count; i++) {
        const lb_value *v = used->item[i];
        const char *id = lb_get_text(v, "id", "");
        s->instrument[s->instrument_count++] = (lb_study_instrument){id, lb_get_text(v, "file", ""), lb_get_text(v, "score", id),
                                                                     trial_label(lb_get(v, "label")), lb_get(v, "settings")};
    }
}

/* ---- forms and items ---- */

static lb_item_type type_of(const char *word)
{
    for (int type = LB_ITEM_TEXT; type <= LB_ITEM_FILE; type++)
        if (strcmp(lb_item_type_name((lb_item_type)type), word) == 0) return (lb_item_type)type;
    return LB_ITEM_TEXT;
}

static void range_of(const lb_value *object, const char *key, double *low, double *high)
{
    const lb_value *range = lb_get(object, key);
    bool two = range && range->type == LB_ARRAY && range->count == 2;
    *low = two ? lb_number_of(range->item[0]) : NAN;
    *high = two ? lb_number_of(range->item[1]) : NAN;
}

static const lb_value *codes_of(study_reader *r, const lb_value *item)
{
    const lb_value *codes = lb_get(item, "codes");
    if (!codes || codes->type == LB_OBJECT) return codes;
    const lb_value *lists = lb_get(r->root, "code_lists"), *list = codes->type == LB_STRING ? lb_get(lists, codes->text) : NULL;
    if (list || codes->type != LB_STRING) return list;
    static const char *const none[] = {""};
    trial_flaw(&r->f, codes, "error", trial_nearest(&r->f, codes->text, lists ? lists->key : none, lists ? lists->count : 0),
               "there is no code list '%s'", codes->text);
    return NULL;
}

static void build_item(study_reader *r, const lb_value *v, lb_study_item *item)
{
    *item = (lb_study_item){.id = lb_get_text(v, "id", ""), .unit = lb_get_text(v, "unit", NULL), .label = trial_label(lb_get(v, "label"))};
    item->type = type_of(lb_get_text(v, "type", "text"));
    item->required = lb_get_bool(v, "required", false);
    item->identifier = lb_get_bool(v, "identifier", false);
    item->reveals_arm = lb_get_bool(v, "reveals_arm", false);
    item->partial = lb_get_bool(v, "partial", false);
    item->shown_if = lb_get_text(v, "shown_if", NULL);
    item->derived_by = lb_get_text(v, "derived_by", NULL);
    item->shown_rule = item->derived_rule = -1;
    range_of(v, "range", &item->low, &item->high);
    range_of(v, "expected", &item->soft_low, &item->soft_high);
    const lb_value *codes = codes_of(r, v);
    lb_study_code *code = lb_arena_array(r->f.arena, (codes ? codes->count : 0) + 1, sizeof *code);
    for (size_t i = 0; codes && i < codes->count; i++)
        code[item->code_count++] = (lb_study_code){codes->key[i], trial_label(codes->item[i])};
    item->code = code;
    bool choice = item->type == LB_ITEM_CHOICE || item->type == LB_ITEM_CHOICES;
    if (choice && !lb_get(v, "codes"))
        trial_flaw(&r->f, v, "error", "add codes: {1: …, 2: …} or the name of a code list", "the item '%s' is a choice without codes", item->id);
    if (item->type == LB_ITEM_DERIVED && !item->derived_by)
        trial_flaw(&r->f, v, "error", "add derived_by: …", "the item '%s' is derived, but no rule says how", item->id);
}

static void build_checks(study_reader *r, const lb_value *v, lb_study_form *form)
{
    const lb_value *checks = trial_list(v, "checks", r->f.arena);
    lb_study_check *check = lb_arena_array(r->f.arena, checks->count + 1, sizeof *check);
    for (size_t i = 0; i < checks->count; i++) {
        const lb_value *c = checks->item[i], *items = lb_get(c, "items");
        const lb_value *first = items && items->type == LB_ARRAY && items->count ? items->item[0] : NULL;
        check[form->check_count++] = (lb_study_check){lb_get_text(c, "id", ""), lb_get_text(c, "rule", "true"),
                                                      lb_text_equal(lb_get_text(c, "severity", NULL), "hard"), trial_label(lb_get(c, "message")),
                                                      first && first->type == LB_STRING ? first->text : NULL, -1};
    }
    form->check = check;
}

static void build_forms(study_reader *r)
{
    const lb_value *forms = trial_list(r->root, "forms", r->f.arena);
    lb_study *s = r->study;
    size_t total = 0;
    s->form = lb_arena_array(r->f.arena, forms->count + 1, sizeof *s->form);
    for (size_t i = 0; i < forms->count; i++) {
        const lb_value *v = forms->item[i], *items = trial_list(v, "items", r->f.arena);
        lb_study_form *form = &s->form[s->form_count++];
        *form = (lb_study_form){lb_get_text(v, "id", ""), lb_get_text(v, "instrument", NULL), lb_get_text(v, "filled_by", NULL),
                                trial_label(lb_get(v, "label")), lb_get_bool(v, "reveals_arm", false),
                                lb_text_equal(lb_get_text(v, "entry", ""), "double"), 0, NULL, 0, NULL};
        if ((total += items->count) > STUDY_ITEMS_MOST) {
            trial_flaw(&r->f, v, "error", NULL, "more than %d items", STUDY_ITEMS_MOST);
            return;
        }
        lb_study_item *item = lb_arena_array(r->f.arena, items->count + 1, sizeof *item);
        for (size_t k = 0; k < items->count; k++) build_item(r, items->item[k], &item[form->item_count++]);
        form->item = item;
        build_checks(r, v, form);
    }
}

static void gather_items(study_reader *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->study->form_count; i++) count += r->study->form[i].item_count;
    r->items.word = lb_arena_array(r->f.arena, count + 1, sizeof *r->items.word);
    for (size_t i = 0; i < r->study->form_count; i++)
        for (size_t k = 0; k < r->study->form[i].item_count; k++) r->items.word[r->items.count++] = r->study->form[i].item[k].id;
    r->scores.word = lb_arena_array(r->f.arena, r->study->instrument_count + 1, sizeof *r->scores.word);
    for (size_t i = 0; i < r->study->instrument_count; i++) r->scores.word[r->scores.count++] = r->study->instrument[i].score;
}

/* ---- visits ---- */

/* A number of days; what is no whole number is a flaw, what is absurdly large is cut (and found by the schedule's check). */
static int days_of(study_reader *r, const lb_value *value)
{
    double days = value ? lb_number_of(value) : 0;
    if (!value || value->type == LB_STRING) return 0;
    if (floor(days) == days) return (int)fmin(fmax(days, -1e6), 1e6);
    trial_flaw(&r->f, value, "error", NULL, "days of a visit must be whole numbers");
    return 0;
}

static void build_visits(study_reader *r)
{
    const lb_value *visits = trial_list(r->root, "visits", r->f.arena);
    lb_study *s = r->study;
    s->visit = lb_arena_array(r->f.arena, visits->count + 1, sizeof *s->visit);
    for (size_t i = 0; i < visits->count; i++) {
        const lb_value *v = visits->item[i], *forms = trial_list(v, "forms", r->f.arena), *window = lb_get(v, "window");
        const lb_value *again = lb_get(v, "repeat");
        lb_study_visit *visit = &s->visit[s->visit_count++];
        *visit = (lb_study_visit){.id = lb_get_text(v, "id", ""), .label = trial_label(lb_get(v, "label"))};
        visit->day = days_of(r, lb_get(v, "day"));
        visit->unscheduled = lb_get_bool(v, "unscheduled", false);
        visit->optional = lb_get_bool(v, "optional", false);
        visit->reveals_arm = lb_get_bool(v, "reveals_arm", false);
        visit->repeat_from = days_of(r, lb_get(again, "from"));
        visit->repeat_to = days_of(r, lb_get(again, "to"));
        visit->repeat_every = days_of(r, lb_get(again, "every"));
        for (size_t k = 0; k < 2 && window && window->type == LB_ARRAY && window->count == 2; k++)
            visit->window[k] = days_of(r, window->item[k]);
        int *form = lb_arena_array(r->f.arena, forms->count + 1, sizeof *form);
        for (size_t k = 0; k < forms->count; k++) {
            int index = forms->item[k]->type == LB_STRING ? index_in(&r->forms, forms->item[k]->text) : -1;
            if (index >= 0) form[visit->form_count++] = index;
        }
        visit->form = form;
    }
}

/* ---- eligibility and randomisation ---- */

static void build_criteria(study_reader *r)
{
    const lb_value *stages = trial_list(lb_get(r->root, "eligibility"), "stages", r->f.arena);
    lb_study *s = r->study;
    size_t count = 0;
    for (size_t i = 0; i < stages->count; i++) count += trial_list(stages->item[i], "criteria", r->f.arena)->count;
    s->criterion = lb_arena_array(r->f.arena, count + 1, sizeof *s->criterion);
    for (size_t i = 0; i < stages->count; i++) {
        const lb_value *criteria = trial_list(stages->item[i], "criteria", r->f.arena);
        for (size_t k = 0; k < criteria->count; k++) {
            const lb_value *v = criteria->item[k];
            s->criterion[s->criterion_count++] = (lb_study_criterion){
                lb_get_text(v, "id", ""), lb_get_text(stages->item[i], "id", ""), lb_get_text(v, "rule", ""),
                lb_text_equal(lb_get_text(v, "kind", ""), "inclusion"), trial_label(lb_get(v, "text")), -1};
        }
    }
}

static void build_minimisation(study_reader *r, const lb_value *v)
{
    const lb_value *factors = trial_list(v, "factors", r->f.arena);
    lb_study *s = r->study;
    s->minimised = true;
    s->factor = lb_arena_array(r->f.arena, factors->count + 1, sizeof *s->factor);
    s->factor_weight = lb_arena_array(r->f.arena, factors->count + 1, sizeof *s->factor_weight);
    for (size_t i = 0; i < factors->count; i++) {
        s->factor[s->factor_count] = lb_get_text(factors->item[i], "item", "");
        s->factor_weight[s->factor_count++] = lb_get_number(factors->item[i], "weight", 1);
    }
    s->p_best = lb_get_number(v, "p_best", 0.8);
    s->variance = lb_text_equal(lb_get_text(v, "imbalance", "range"), "variance");
    if (factors->count == 0) trial_flaw(&r->f, v, "error", "add factors: [{item: sex}, …]", "minimisation has no factors");
}

static void build_randomisation(study_reader *r)
{
    const lb_value *v = lb_get(r->root, "randomisation");
    if (!v || v->type != LB_OBJECT) return;
    lb_study *s = r->study;
    const lb_value *blocks = trial_list(v, "blocks", r->f.arena), *strata = trial_list(v, "strata", r->f.arena);
    s->rtsm.trial = lb_get_text(v, "trial", s->id);
    for (size_t i = 0; i < s->arm_count && i < LB_RTSM_ARMS; i++) s->rtsm.arm[s->rtsm.arm_count++] = s->arm[i].code;
    if (s->arm_count < 2 || s->arm_count > LB_RTSM_ARMS)
        trial_flaw(&r->f, lb_get(r->root, "arms"), "error", NULL, "%zu arms: a randomised trial has 2 to %d", s->arm_count, LB_RTSM_ARMS);
    for (size_t i = 0; i < blocks->count; i++) {
        double size = lb_number_of(blocks->item[i]);
        size_t arms = s->arm_count ? s->arm_count : 1;
        bool whole = size >= 2 && size <= LB_RTSM_BLOCK && floor(size) == size;
        if (!whole || (size_t)size % arms != 0)
            trial_flaw(&r->f, blocks->item[i], "error", lb_arena_printf(r->f.arena, "use multiples of %zu up to %d", arms, LB_RTSM_BLOCK),
                       "a block of %g cannot be shared equally by %zu arms", size, arms);
        else if (s->rtsm.size_count < LB_RTSM_SIZES) s->rtsm.size[s->rtsm.size_count++] = (unsigned)size;
    }
    s->stratum_item = lb_arena_array(r->f.arena, strata->count + 1, sizeof *s->stratum_item);
    for (size_t i = 0; i < strata->count; i++)
        if (strata->item[i]->type == LB_STRING) s->stratum_item[s->stratum_count++] = strata->item[i]->text;
    if (lb_text_equal(lb_get_text(v, "method", ""), "minimisation")) build_minimisation(r, v);
    else if (blocks->count == 0) trial_flaw(&r->f, v, "error", "add blocks: [4, 6]", "permuted blocks need their sizes");
}

void trial_build(study_reader *r)
{
    lb_study *s = r->study;
    s->id = lb_get_text(r->root, "id", "");
    s->version = lb_get_text(r->root, "version", "");
    s->title = trial_label(lb_get(r->root, "title"));
    r->arms = trial_ids(trial_list(r->root, "arms", r->f.arena), "id", r->f.arena);
    r->visits = trial_ids(trial_list(r->root, "visits", r->f.arena), "id", r->f.arena);
    r->forms = trial_ids(trial_list(r->root, "forms", r->f.arena), "id", r->f.arena);
    r->instruments = trial_ids(trial_list(r->root, "instruments", r->f.arena), "id", r->f.arena);
    r->roles = trial_ids(trial_list(r->root, "roles", r->f.arena), "id", r->f.arena);
    r->sites = trial_ids(trial_list(r->root, "sites", r->f.arena), "id", r->f.arena);
    build_places(r);
    build_forms(r);
    gather_items(r);
    build_visits(r);
    build_criteria(r);
    build_randomisation(r);
}

static bool too_many(study_reader *r)
{
    static const char *const lists[] = {"sites", "arms", "interventions", "visits", "forms", "instruments", "roles"};
    bool any = false;
    for (size_t i = 0; i < LB_COUNT(lists); i++) {
        const lb_value *list = trial_list(r->root, lists[i], r->f.arena);
        if (list->count <= STUDY_LIST_MOST) continue;
        trial_flaw(&r->f, list, "error", NULL, "%zu %s are more than %d", list->count, lists[i], STUDY_LIST_MOST);
        any = true;
    }
    return any;
}

static void read_parts(study_reader *r)
{
    const lb_value *format = lb_get(r->root, "lumbar");
    if (format && !lb_text_equal(lb_get_text(r->root, "lumbar", NULL), "study/1"))
        trial_flaw(&r->f, format, "error", "write lumbar: study/1", "this is no study file that this version can read");
    trial_shape_check(&r->f, r->root, &trial_shape_study);
    if (too_many(r)) return;
    trial_build(r);
    trial_check_references(r);
    trial_check_schedule(r);
    trial_check_rules(r);
    trial_build_conduct(r);
}

/* Findings in the order of the file, however the checks came upon them. */
static void sort_findings(lb_value *findings)
{
    for (size_t i = 1; findings && i < findings->count; i++) {
        lb_value *one = findings->item[i];
        size_t k = i;
        while (k > 0 && (findings->item[k - 1]->line > one->line ||
                         (findings->item[k - 1]->line == one->line && findings->item[k - 1]->column > one->column))) {
            findings->item[k] = findings->item[k - 1];
            k--;
        }
        findings->item[k] = one;
    }
}

/* A file that is no YAML at all: the parser's error becomes the one finding. */
static int unreadable(lb_value *findings, lb_error *from, lb_error *err, int code)
{
    if (err) *err = *from;
    if (!findings) return code;
    lb_value *one = lb_push_object(findings);
    lb_set_text(one, "where", from->where);
    lb_set_text(one, "severity", "error");
    lb_set_text(one, "message", from->message);
    lb_set_text(one, "hint", from->hint[0] ? from->hint : NULL);
    return code;
}

int lb_study_read(const lb_bytes *bytes, lb_arena *arena, lb_study **out, lb_value *findings, lb_error *err)
{
    lb_error first = LB_ERROR_INIT;
    study_reader r = {.f = {bytes, arena, findings, 0, &first}};
    *out = NULL;
    int code = lb_yaml_read(bytes, arena, &r.root, &first);
    if (code != LB_OK) return unreadable(findings, &first, err, code);
    if (r.root->type != LB_OBJECT) {
        lb_fail(&first, LB_BAD_DATA, "a study file is a group of keys, this is something else");
        lb_error_where(&first, "%s:1:1", bytes->name);
        return unreadable(findings, &first, err, LB_BAD_DATA);
    }
    r.study = lb_arena_alloc(arena, sizeof *r.study);
    r.study->arena = arena;
    r.study->root = r.root;
    r.study->file = bytes->name;
    r.study->rules = lb_rules_new(NULL);
    lb_sha256_hex(bytes->data, bytes->length, r.study->sha256);
    if (!r.study->rules) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the rules");
    read_parts(&r);
    sort_findings(findings);
    if (r.f.errors == 0) {
        *out = r.study;
        return LB_OK;
    }
    lb_study_close(r.study);
    if (err) *err = first;
    return LB_BAD_DATA;
}

void lb_study_close(lb_study *study)
{
    if (!study) return;
    lb_rules_free(study->rules);
    study->rules = NULL;
}
