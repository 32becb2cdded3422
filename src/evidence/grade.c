/* Certainty of evidence (Guyatt et al. 2008, doi:10.1136/bmj.39489.470347.AD) by rules that numbers can follow: share of
 * participants in studies at high risk of bias, I², number of participants and what the interval includes, small-study
 * effects. GRADE leaves the limits to the reviewers: those that stand here to begin with are conventions, and the protocol sets
 * its own. Indirectness is for people to judge. */
#include "evidence/grade.h"

#include <math.h>
#include <string.h>

const char *const lb_grade_domain_names[LB_GRADE_DOMAINS] = {"risk_of_bias", "inconsistency", "indirectness", "imprecision",
                                                             "publication_bias"};
static const char *const concern_names[] = {"none", "serious", "very_serious"};
static const char *const level_names[] = {NULL, "very_low", "low", "moderate", "high"};

const char *lb_grade_level_name(int level) { return level_names[level < 1 ? 1 : level > 4 ? 4 : level]; }

const char *lb_grade_symbols(int level)
{
    static const char *const symbols[] = {"", "\xe2\x8a\x95\xe2\x8a\x9d\xe2\x8a\x9d\xe2\x8a\x9d", "\xe2\x8a\x95\xe2\x8a\x95\xe2\x8a\x9d\xe2\x8a\x9d",
                                          "\xe2\x8a\x95\xe2\x8a\x95\xe2\x8a\x95\xe2\x8a\x9d", "\xe2\x8a\x95\xe2\x8a\x95\xe2\x8a\x95\xe2\x8a\x95"};
    return symbols[level < 1 ? 1 : level > 4 ? 4 : level];
}

static int refuse(const lb_value *at, lb_error *err, const char *message, const char *hint)
{
    int code = lb_fail(err, LB_BAD_DATA, "%s", message);
    if (at && at->line) lb_error_where(err, "review:%d:%d", at->line, at->column);
    lb_error_hint(err, "%s", hint);
    return code;
}

static int read_limit(const lb_value *rules, const char *domain, const char *key, double least, double most, double *out, lb_error *err)
{
    const lb_value *value = lb_get(lb_get(rules, domain), key);
    if (!value) return 0;
    double x = lb_number_of(value);
    if (!(x >= least && x <= most)) return refuse(value, err, "the limit of a GRADE rule is no number in its range", "percentages are 0 to 100, p 0 to 1");
    *out = x;
    return 0;
}

int lb_grade_rules_read(const lb_value *certainty, lb_grade_rules *out, lb_error *err)
{
    *out = (lb_grade_rules){4, 25, 75, 50, 75, 400, 10, .1};
    const char *start = lb_get_text(certainty, "start", "high");
    int level = 4;
    while (level > 0 && strcmp(level_names[level], start) != 0) level--;
    if (level == 0) return refuse(lb_get(certainty, "start"), err, "GRADE starts at no such level", "high (randomised) or low (observational)");
    out->start = level;
    const lb_value *rules = lb_get(certainty, "rules");
    int code = read_limit(rules, "risk_of_bias", "serious", 0, 100, &out->risk_serious, err);
    if (!code) code = read_limit(rules, "risk_of_bias", "very_serious", 0, 100, &out->risk_very, err);
    if (!code) code = read_limit(rules, "inconsistency", "serious", 0, 100, &out->inconsistency_serious, err);
    if (!code) code = read_limit(rules, "inconsistency", "very_serious", 0, 100, &out->inconsistency_very, err);
    if (!code) code = read_limit(rules, "imprecision", "participants", 0, 1e9, &out->participants, err);
    if (!code) code = read_limit(rules, "publication_bias", "studies", 3, 1e6, &out->publication_studies, err);
    if (!code) code = read_limit(rules, "publication_bias", "p", 0, 1, &out->publication_p, err);
    return code;
}

void lb_grade_rules_say(const lb_grade_rules *r, lb_value *out)
{
    lb_set_textf(out, "start", "%s", lb_grade_level_name(r->start));
    lb_set_textf(out, "risk_of_bias", "serious when more than %g %% of the participants are in studies at high risk of bias, very serious above %g %%",
                 r->risk_serious, r->risk_very);
    lb_set_textf(out, "inconsistency", "serious when I2 is above %g %%, very serious above %g %%", r->inconsistency_serious, r->inconsistency_very);
    lb_set_text(out, "indirectness", "judged by people only");
    lb_set_textf(out, "imprecision", "serious with fewer than %g participants, or when the interval of the mean difference includes both no effect and an important "
                 "effect; very serious when both hold, or when it includes important effects both ways", r->participants);
    lb_set_textf(out, "publication_bias", "serious when Egger's test has p < %g among at least %g studies", r->publication_p, r->publication_studies);
}

void lb_grade_rules_limits(const lb_grade_rules *r, lb_value *out)
{
    lb_set_number(out, "risk_serious", r->risk_serious);
    lb_set_number(out, "risk_very", r->risk_very);
    lb_set_number(out, "inconsistency_serious", r->inconsistency_serious);
    lb_set_number(out, "inconsistency_very", r->inconsistency_very);
    lb_set_number(out, "participants", r->participants);
    lb_set_number(out, "publication_studies", r->publication_studies);
    lb_set_number(out, "publication_p", r->publication_p);
}

/** What the rule of a domain found: its id with the number it looked at, and the sentence. */
static void found(lb_grade_verdict *out, lb_grade_domain d, const char *id, double number, const char *sentence)
{
    out->rule[d] = id;
    out->number[d] = number;
    out->reason[d] = sentence;
}

static void judge_risk(const lb_grade_rules *r, const lb_grade_facts *f, lb_arena *arena, lb_grade_verdict *out)
{
    double percent = f->high_risk_percent;
    if (isnan(percent)) {
        found(out, LB_GRADE_RISK, "risk_not_judged", NAN, "no risk-of-bias table: not judged");
        return;
    }
    out->concern[LB_GRADE_RISK] = percent > r->risk_very ? 2 : percent > r->risk_serious ? 1 : 0;
    found(out, LB_GRADE_RISK, "risk_share", percent,
          lb_arena_printf(arena, "%.0f %% of the participants are in studies at high risk of bias", percent));
}

static void judge_inconsistency(const lb_grade_rules *r, const lb_grade_facts *f, lb_arena *arena, lb_grade_verdict *out)
{
    if (f->k < 2 || isnan(f->i2)) {
        found(out, LB_GRADE_INCONSISTENCY, "one_study", NAN, "one study: nothing to compare");
        return;
    }
    out->concern[LB_GRADE_INCONSISTENCY] = f->i2 > r->inconsistency_very ? 2 : f->i2 > r->inconsistency_serious ? 1 : 0;
    found(out, LB_GRADE_INCONSISTENCY, "i_squared", f->i2, lb_arena_printf(arena, "I2 = %.0f %%", f->i2));
}

static void judge_imprecision(const lb_grade_rules *r, const lb_grade_facts *f, lb_arena *arena, lb_grade_verdict *out)
{
    bool few = f->total < r->participants, both_ways = false, spans = false;
    double t = f->threshold;
    if (!isnan(t)) {
        both_ways = f->lower <= -t && f->upper >= t;
        spans = f->lower < 0 && f->upper > 0 && (f->lower <= -t || f->upper >= t);
    }
    out->concern[LB_GRADE_IMPRECISION] = both_ways || (few && spans) ? 2 : few || spans ? 1 : 0;
    found(out, LB_GRADE_IMPRECISION, both_ways ? "interval_both_ways" : spans ? "interval_spans" : "participants", f->total,
          lb_arena_printf(arena, "%.0f participants%s", f->total,
                          both_ways ? "; the interval includes important effects both ways"
                          : spans   ? "; the interval includes no effect and an important one"
                                    : ""));
}

static void judge_publication(const lb_grade_rules *r, const lb_grade_facts *f, lb_arena *arena, lb_grade_verdict *out)
{
    if (f->k < r->publication_studies || isnan(f->egger_p)) {
        found(out, LB_GRADE_PUBLICATION, "too_few_studies", f->k,
              f->k == 1 ? "one study: too few to test" : lb_arena_printf(arena, "%.0f studies: too few to test", f->k));
        return;
    }
    out->concern[LB_GRADE_PUBLICATION] = f->egger_p < r->publication_p;
    found(out, LB_GRADE_PUBLICATION, "egger", f->egger_p, lb_arena_printf(arena, "Egger's test p = %.3f", f->egger_p));
}

static void total_up(lb_grade_verdict *out)
{
    out->level = out->start;
    for (int d = 0; d < LB_GRADE_DOMAINS; d++) out->level -= out->concern[d];
    if (out->level < 1) out->level = 1;
}

void lb_grade_judge(const lb_grade_rules *rules, const lb_grade_facts *facts, lb_arena *arena, lb_grade_verdict *out)
{
    *out = (lb_grade_verdict){.start = rules->start};
    judge_risk(rules, facts, arena, out);
    judge_inconsistency(rules, facts, arena, out);
    found(out, LB_GRADE_INDIRECTNESS, "not_recorded", NAN, "no concern recorded");
    judge_imprecision(rules, facts, arena, out);
    judge_publication(rules, facts, arena, out);
    memcpy(out->by_rule, out->concern, sizeof out->by_rule);
    total_up(out);
}

int lb_grade_override(lb_grade_verdict *verdict, const lb_value *override, lb_arena *arena, lb_error *err)
{
    const char *domain = lb_get_text(override, "domain", ""), *level = lb_get_text(override, "level", ""),
               *reason = lb_get_text(override, "reason", NULL), *who = lb_get_text(override, "who", NULL);
    int d = 0, c = 0;
    while (d < LB_GRADE_DOMAINS && strcmp(lb_grade_domain_names[d], domain) != 0) d++;
    while (c < 3 && strcmp(concern_names[c], level) != 0) c++;
    if (d == LB_GRADE_DOMAINS)
        return refuse(override, err, "the override names no domain of GRADE", "risk_of_bias, inconsistency, indirectness, imprecision or publication_bias");
    if (c == 3) return refuse(override, err, "the override names no level of concern", "none, serious or very_serious");
    if (!reason || !*reason) return refuse(override, err, "an override of a GRADE rule needs a reason", "add reason: why the rule does not hold here");
    const char *by_rule = lb_arena_printf(arena, "%s by rule (%s)", concern_names[verdict->concern[d]], verdict->reason[d]);
    verdict->concern[d] = c;
    verdict->override[d] = override;
    verdict->reason[d] = lb_arena_printf(arena, "%s%s%s; %s", reason, who ? ", " : "", who ? who : "", by_rule);
    total_up(verdict);
    return 0;
}

void lb_grade_report(const lb_grade_verdict *v, lb_value *row)
{
    lb_set_text(row, "certainty", lb_grade_level_name(v->level));
    lb_set_text(row, "symbols", lb_grade_symbols(v->level));
    lb_value *domains = lb_set_array(row, "domains");
    for (int d = 0; d < LB_GRADE_DOMAINS; d++) {
        lb_value *out = lb_push_object(domains);
        lb_set_text(out, "domain", lb_grade_domain_names[d]);
        lb_set_text(out, "concern", concern_names[v->concern[d]]);
        lb_set_text(out, "reason", v->reason[d]);
        lb_set_bool(out, "overridden", v->override[d] != NULL);
        lb_value *rule = lb_set_object(out, "rule");
        lb_set_text(rule, "id", v->rule[d]);
        if (!isnan(v->number[d])) lb_set_number(rule, "number", v->number[d]);
        lb_set_text(rule, "concern", concern_names[v->by_rule[d]]);
        if (v->override[d]) {
            lb_set_text(out, "given", lb_get_text(v->override[d], "reason", ""));
            lb_set_text(out, "who", lb_get_text(v->override[d], "who", ""));
        }
    }
}
