/* GRADE by stated rules. What numbers can show is judged by rule; a person may override a domain with a reason. */
#ifndef LUMBAR_EVIDENCE_GRADE_H
#define LUMBAR_EVIDENCE_GRADE_H

#include <lumbar/data.h>

typedef enum lb_grade_domain {
    LB_GRADE_RISK, LB_GRADE_INCONSISTENCY, LB_GRADE_INDIRECTNESS, LB_GRADE_IMPRECISION, LB_GRADE_PUBLICATION, LB_GRADE_DOMAINS
} lb_grade_domain;
extern const char *const lb_grade_domain_names[LB_GRADE_DOMAINS]; /**< as in protocols: "risk_of_bias", … */

/** Limits of the rules; the protocol sets them, lb_grade_rules_read() knows what holds when it does not. */
typedef struct lb_grade_rules {
    int start;                           /**< 4 = high … 1 = very low */
    double risk_serious, risk_very;      /**< percent of participants in studies at high risk */
    double inconsistency_serious, inconsistency_very; /**< I² */
    double participants;                 /**< fewer is imprecise */
    double publication_studies, publication_p;
} lb_grade_rules;
int lb_grade_rules_read(const lb_value *certainty, lb_grade_rules *out, lb_error *err) LB_MUST_CHECK;
/** The rules as sentences. */
void lb_grade_rules_say(const lb_grade_rules *rules, lb_value *out);
/** The limits themselves, for a page that has the sentences in another language. */
void lb_grade_rules_limits(const lb_grade_rules *rules, lb_value *out);

/** What the rules look at; NaN = not known. */
typedef struct lb_grade_facts {
    double k, total, high_risk_percent, i2, lower, upper, threshold, egger_p;
} lb_grade_facts;

typedef struct lb_grade_verdict {
    int concern[LB_GRADE_DOMAINS]; /**< 0 none, 1 serious, 2 very serious */
    const char *reason[LB_GRADE_DOMAINS];
    /** Why the rule says so, as an id and a number for a page in another language: the same as `reason` before any override. */
    const char *rule[LB_GRADE_DOMAINS];
    double number[LB_GRADE_DOMAINS]; /**< NaN = the rule looked at none */
    int by_rule[LB_GRADE_DOMAINS];   /**< its concern */
    const lb_value *override[LB_GRADE_DOMAINS]; /**< by a person; NULL = the rule holds */
    int start, level; /**< 4 high, 3 moderate, 2 low, 1 very low */
} lb_grade_verdict;
void lb_grade_judge(const lb_grade_rules *rules, const lb_grade_facts *facts, lb_arena *arena, lb_grade_verdict *out);
/** {cell, domain, level, reason, who}: replaces the rule's verdict on that domain. */
int lb_grade_override(lb_grade_verdict *verdict, const lb_value *override, lb_arena *arena, lb_error *err) LB_MUST_CHECK;
const char *lb_grade_level_name(int level); /**< "high" … "very_low" */
const char *lb_grade_symbols(int level);    /**< ⊕⊕⊕⊝ */
/** certainty, symbols, domains[] into `row`. */
void lb_grade_report(const lb_grade_verdict *verdict, lb_value *row);
#endif
