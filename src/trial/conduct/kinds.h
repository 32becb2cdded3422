/* The kinds of record of a trial, how their keys are made, and what stands in them. One list, so that the store, the
 * server and the archive agree. Keys are parts joined by '|' (no part may hold one). Times are UTC, "2026-11-28T09:41:07Z". */
#ifndef LUMBAR_TRIAL_KINDS_H
#define LUMBAR_TRIAL_KINDS_H

#include <lumbar/base.h>

/* audited, never removed */
#define LB_KIND_PROTOCOL "protocol"     /* version → {text, sha256, date, activated, commitment, note}; state draft|active|superseded */
#define LB_KIND_SITE "site"             /* site → {protocol_version, ethics:[{version,approved,expires,reference}], target, open}; state closed|open|paused */
#define LB_KIND_RANGE "range"           /* site|item|from_date → {low, high, unit, sex}: laboratory ranges by site and date */
#define LB_KIND_USER "user"             /* sign-in name → {name, role, sites[], password, otp_sealed, languages}; state active|locked|left */
#define LB_KIND_DELEGATION "delegation" /* site|user|seq → {tasks[], from, to, signed_by} */
#define LB_KIND_SUBJECT "subject"       /* code → {site, number, protocol_version, stages, reason, stratum, allocated_at, …};
                                           state screening|screen_failed|eligible|consented|randomised|withdrawn|completed */
#define LB_KIND_IDENTITY "identity"     /* subject → where in the sealed file the identifiers stand; written by lb_tx_identity_put() alone */
#define LB_KIND_CONSENT "consent"       /* subject|seq → {form_version, language, date, taken_by, kind: first|renewed|withdrawn} */
#define LB_KIND_ALLOCATION "allocation" /* subject → {at, date, by, key, stratum, levels[], true_stratum, flags[], receipt}: that somebody was
                                           allocated, for everybody to see; state asked|allocated */
#define LB_KIND_ARM "arm"               /* subject → {sealed}: the arm, sealed, never in clear; reveals the arm */
#define LB_KIND_ENTRY "entry"           /* subject|visit[.n]|form → the record of truth: {values{}, missing{}, score, version, entered:[…],
                                           verified{}, signatures[]}; parent visit[.n]; state started|complete|verified|signed|frozen|locked */
#define LB_KIND_KEYED "keyed"           /* subject|visit[.n]|form|1 or 2 → one person's keying of a double entry form; state complete|settled */
#define LB_KIND_QUERY "query"           /* id → {item, text, by rule or user, thread:[{at,by,action,text}]}; parent = entry key; state open|answered|closed */
#define LB_KIND_DEVIATION "deviation"   /* subject|n → {kind, severity, visit, text, per_protocol} */
#define LB_KIND_WITHDRAWAL "withdrawal" /* subject|n → {kind: treatment|followup|consent, date, reason} */
#define LB_KIND_EVENT "event"           /* subject|n → {aware_at, due_at, reports:[{version, at, by, kind}], closed} : clock of a serious event; parent = entry key */
#define LB_KIND_REPORT "report"         /* id → DSMB report {kind: open|closed, snapshot, sha256, made, by}; closed ones reveal the arm */
#define LB_KIND_RECOMMENDATION "recommendation" /* id → {report, text, signed_by, at} */
#define LB_KIND_UNBLINDING "unblinding" /* subject|n → {reason, by, at, told} */
#define LB_KIND_SNAPSHOT "snapshot"     /* id → {label, made, by, tables:[{name, sha256, rows}], sha256, masked} */
#define LB_KIND_PLAN "plan"             /* "plan" → the analysis plan's ledger */
#define LB_KIND_FILE "file"             /* id → {name, type, size, sha256, item}; parent = entry key */
#define LB_KIND_SCAN "scan"             /* subject|n → {images:{image|fat|water: {file, …}}, files:[{name,sha256,size}], signature}; parent = visit;
                                           state receiving|ready|signed */
#define LB_KIND_READING "reading"       /* subject|n|1 or 2 → one reader's contours {reader, mask, labels[], levels[], rows[], features}; parent = the scan's
                                           key; state draft|done. Readers do not see each other's before both are done */
#define LB_KIND_EXPORT "export"         /* id → what left, to whom, how many rows, sha256 */
#define LB_KIND_IMPORT "import"         /* id → what came in from another system: file, sha256, system, people, values, users[]; reveals the arm */
#define LB_KIND_STUDY "study"           /* "study" → {locked, unblinded, closed, seed_revealed, retention_until}; state setup|running|locked|unblinded|closed */
#define LB_KIND_REVIEW "review"         /* id → {title, base: file of references and form, events}; id|n → {events}: what one act added; parent = id */
#define LB_KIND_TEXT "text"             /* site|instrument|language → {licence, sha256, version, texts}: a site's licensed wording */
#define LB_KIND_LINK "link"             /* SHA-256 of a participant's or calendar's token → {subject or user, made, ends}; state active|ended */

/* not audited, may be removed */
#define LB_KIND_DRAFT "draft"           /* user|entry or keyed key → {values, base_revision, saved_at} */
#define LB_KIND_SESSION "session"       /* SHA-256 of the token → {user, csrf, made, seen, ip} */
#define LB_KIND_ATTEMPT "attempt"       /* user or address → {count, since}: rate limits */
#define LB_KIND_JOB "job"               /* id → {what, progress, result} */
#define LB_KIND_RECEIPT "receipt"       /* client's id of an offline entry → what became of it: retries change nothing */

bool lb_kind_audited(const char *kind);

#endif
