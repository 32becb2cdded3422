/* The few words of printed documents that no protocol holds, in the languages of participants and sites. */
#ifndef LUMBAR_TRIAL_PRINT_WORDS_H
#define LUMBAR_TRIAL_PRINT_WORDS_H

#include <lumbar/trial.h>

typedef enum print_word {
    WORD_CONSENT, WORD_MANUAL, WORD_DIARY, WORD_BOOKLET, WORD_CRF, WORD_VERSION, WORD_CODE, WORD_NAME, WORD_PARTICIPANT, WORD_TAKEN_BY, WORD_DATE,
    WORD_STATEMENT, WORD_WEEK, WORD_DAY, WORD_YES, WORD_NO, WORD_VISIT, WORD_FORMS, WORD_PLAN, WORD_COMPONENT, WORD_WHAT, WORD_SITE, WORD_FILLED_BY,
    WORD_ITEM, WORD_REQUIRED, WORD_SHOWN_IF, WORD_DERIVED, WORD_RANGE, WORD_SCHEDULE, WORD_WINDOW, WORD_OPEN_REPORT, WORD_CLOSED_REPORT, WORD_RANDOMISED,
    WORD_COMPLETED, WORD_LEFT_TREATMENT, WORD_LEFT_FOLLOWUP, WORD_LEFT_CONSENT, WORD_EVENTS, WORD_PEOPLE, WORD_ANY_EVENT, WORD_SERIOUS, WORD_SEVERITY,
    WORD_RELATED, WORD_TERMS, WORD_WATCH, WORD_SNAPSHOT, WORD_GROUP, WORD_COUNT_NOTE, WORD_WORDS
} print_word;

const char *print_word_of(print_word word, const char *language);
/** A label in the language, English where it has none. */
const char *print_label(const lb_label *label, const char *language);

#endif
