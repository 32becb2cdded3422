/* The form engine: what a form shows, derives, finds wrong and scores, from the values typed so far. Pure: no store, no
 * clock. The page asks it while somebody types, the save asks it again, the diary's offline entries pass through it, too.
 *
 * Values by type of item: text "…"; integer, number, slider 12.5, or {"value":1.2,"unit":"mg/dL"} in another unit of the
 * protocol; date "2026-03-05", with `partial` also "2026-03" and "2026"; datetime "2026-03-05T09:41"; choice "2"; choices
 * ["1","3"]; yesno 1 or 0; file: the id of an upload. */
#ifndef LUMBAR_TRIAL_FORM_H
#define LUMBAR_TRIAL_FORM_H

#include <lumbar/op.h>
#include <lumbar/trial.h>

typedef struct lb_form_context {
    const lb_study *study;
    const lb_study_form *form;
    const lb_registry *registry; /**< scores through `instrument score`; NULL: none are computed */
    lb_rule_lookup elsewhere;    /**< what rules read beyond this form: other forms, baseline_…, centre, visit, day; or NULL */
    void *elsewhere_context;
    const lb_value *ranges;      /**< {item:{low,high}} in force at this site and date, or NULL: the protocol's `expected` */
    const char *today;           /**< "YYYY-MM-DD" at the site: later dates are refused; NULL = not checked */
    bool masked;                 /**< items that reveal the arm do not exist */
} lb_form_context;

typedef struct lb_form_computed {
    lb_value *values;   /**< as they would be kept: typed, in the protocol's unit, without what is not shown */
    lb_value *entered;  /**< {item:{value,unit}} of those given in another unit */
    lb_value *missing;  /**< {item: reason}, only of what is shown and unanswered */
    lb_value *shown;    /**< {item: true or false} of the items with a rule */
    lb_value *derived;  /**< {item: value or null} */
    lb_value *findings; /**< [{item, severity:"hard"|"soft", code, message}] */
    const char *score_name; /**< NULL: no instrument, or none configured */
    lb_value *score;    /**< all the instrument says: {score, reason, category, …}, or NULL */
    size_t answered, unanswered; /**< of the items shown; unanswered: without a reason given */
    size_t required_missing;
    bool complete;      /**< nothing required is missing, no hard finding */
    bool hard;
} lb_form_computed;

/** Reasons why an answer is missing. NULL after the last. */
const char *lb_missing_reason(size_t index);

/** `values` and `missing` may be NULL (nothing yet). Unknown items and bad reasons are hard findings, never errors. */
int lb_form_compute(const lb_form_context *context, const lb_value *values, const lb_value *missing, lb_arena *arena, lb_form_computed *out,
                    lb_error *err) LB_MUST_CHECK;
/** {shown, derived, score, reason, score_detail, answered, missing, required_missing, complete} for an answer. */
lb_value *lb_form_computed_json(const lb_form_computed *computed, lb_arena *arena);

const lb_study_item *lb_form_item(const lb_study_form *form, const char *id);
const lb_study_form *lb_form_named(const lb_study *study, const char *id);
/** The form as a page needs it: {id,label,items:[{id,label,type,unit,units,range,expected,codes,required,…}]}. */
lb_value *lb_form_describe(const lb_study *study, const lb_study_form *form, bool masked, lb_arena *arena);
/** One item's value as the form keeps it. False: `why` says what is wrong. *entered is set when a unit was converted. */
bool lb_item_read(const lb_study *study, const lb_study_item *item, const lb_value *sent, lb_arena *arena, lb_value **out, lb_value **entered,
                  const char **why);

#endif
