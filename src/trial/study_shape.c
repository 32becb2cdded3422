/* The grammar of a protocol file: every key it may hold. The meaning of each is told in docs/protocol-file.md. */
#include "trial/shape.h"

#define REQ SHAPE_REQUIRED
#define K(key, kind) {key, SHAPE_##kind, 0, NULL, NULL}
#define R(key, kind) {key, SHAPE_##kind, REQ, NULL, NULL}
#define C(key, words) {key, SHAPE_CHOICE, 0, NULL, words}
#define RC(key, words) {key, SHAPE_CHOICE, REQ, NULL, words}
#define O(key, of) {key, SHAPE_OBJECT, 0, &of, NULL}
#define RO(key, of) {key, SHAPE_OBJECT, REQ, &of, NULL}
#define L(key, of) {key, SHAPE_LIST, 0, &of, NULL}
#define RL(key, of) {key, SHAPE_LIST, REQ, &of, NULL}
#define SHAPE(id, word, ...)                            \
    static const shape_key keys_##id[] = {__VA_ARGS__}; \
    static const shape id = {word, keys_##id, sizeof keys_##id / sizeof keys_##id[0]}

/* -- who, where, what -- */
SHAPE(dated, "date", R("event", TEXT), R("date", TEXT), C("kind", "actual,estimated"));
SHAPE(registration, "registry record", R("register", TEXT), K("number", TEXT), K("other_ids", TEXTS), K("status", LABEL), K("url", TEXT),
      L("dates", dated), K("responsible", LABEL), K("keywords", LABELS), K("fda_drug", BOOL), K("fda_device", BOOL), K("healthy_volunteers", BOOL),
      K("ages", LABELS), K("sexes", LABEL), K("phase", LABEL), K("type", LABEL));
SHAPE(contact, "contact", R("role", TEXT), R("name", TEXT), K("affiliation", LABEL));
SHAPE(design, "design", R("type", LABEL), K("model", LABEL), K("allocation", LABEL), K("masking", LABEL), K("purpose", LABEL), K("hypothesis", LABEL),
      K("centres", INT), K("setting", LABEL), K("conduct", LABELS), K("ethics", LABEL), R("enrolment", INT), K("objectives", LABEL_MAP));
SHAPE(site, "site", R("id", ID), R("label", LABEL), K("city", TEXT), K("country", TEXT), K("lead", BOOL), K("kind", LABEL), K("target", INT), K("utc_offset", TEXT));
SHAPE(arm, "arm", R("id", ID), R("code", ID), RC("kind", "experimental,active,control"), R("label", LABEL), K("description", LABEL), K("interventions", TEXTS));
SHAPE(component, "component", R("id", ID), R("label", LABEL), K("what", LABEL));
SHAPE(intervention, "intervention", R("id", ID), R("label", LABEL), R("arms", TEXTS), RC("kind", "exercise,rest,drug,education,advice,device"),
      K("weeks", INT), K("days_per_week", INT), K("minutes", RANGE), L("components", component), K("materials", LABEL_MAP), K("supervision", LABEL),
      K("sessions", LABEL_MAP), K("what", LABEL), K("reveals_arm", BOOL));
SHAPE(drug, "drug", R("id", ID), R("label", LABEL), K("class", LABEL), K("nsaid", BOOL), K("named_in", TEXTS));
SHAPE(regimen, "drug regimen", R("arms", TEXTS), R("weeks", INT), K("route", TEXT), K("dose", LABEL), K("form", ID), K("items", LABEL_MAP), RL("list", drug));

/* -- randomisation, masking, consent, eligibility -- */
SHAPE(minimised_by, "minimisation factor", R("item", ID), K("weight", NUMBER), K("cut", NUMBERS));
SHAPE(randomisation, "randomisation", RC("method", "permuted_blocks,minimisation"), K("generator", TEXT), K("blocks", NUMBERS), K("ratio", NUMBERS),
      K("strata", TEXTS), L("factors", minimised_by), K("p_best", NUMBER), C("imbalance", "range,variance"), K("concealed_from", TEXTS), K("trial", TEXT),
      K("after", TEXTS), K("mistakes", LABEL_MAP));
SHAPE(masking, "masking", R("masked", TEXTS), K("emergency", LABEL), K("until", LABEL));
SHAPE(consent_stage, "consent stage", R("id", ID), R("label", LABEL), K("form_version", TEXT), K("after", ID), K("opens", TEXTS));
SHAPE(consent, "consent", R("form_version", TEXT), R("item", ID), K("languages", TEXTS), K("before_consent", TEXTS), L("stages", consent_stage),
      K("gates", LABEL_MAP), K("rule", LABEL));
SHAPE(criterion, "criterion", R("id", ID), RC("kind", "inclusion,exclusion"), R("rule", RULE), R("text", LABEL));
SHAPE(stage, "eligibility stage", R("id", ID), R("label", LABEL), RL("criteria", criterion));
SHAPE(eligibility, "eligibility", R("form", ID), RL("stages", stage));

/* -- schedule and forms -- */
SHAPE(repeat, "repeat", R("from", INT), R("to", INT), R("every", INT));
SHAPE(visit, "visit", R("id", ID), R("label", LABEL), R("anchor", ID), K("day", INT), K("window", RANGE), R("forms", TEXTS), K("unscheduled", BOOL),
      K("optional", BOOL), K("reveals_arm", BOOL), K("arms", TEXTS), O("repeat", repeat), K("mode", LABEL));
SHAPE(item, "item", R("id", ID), R("label", LABEL),
      RC("type", "text,integer,number,date,datetime,choice,choices,yesno,slider,derived,file"), K("unit", TEXT), K("range", RANGE), K("expected", RANGE),
      K("units", NUMBER_MAP), K("codes", CODES), K("required", BOOL), K("identifier", BOOL), K("shown_if", RULE), K("derived_by", RULE), K("reveals_arm", BOOL), K("group", LABEL),
      K("partial", BOOL), K("accept", TEXTS), K("max_mb", NUMBER));
SHAPE(form_check, "check", R("id", ID), R("rule", RULE), RC("severity", "hard,soft"), R("message", LABEL), K("items", TEXTS));
SHAPE(form, "form", R("id", ID), R("label", LABEL), K("instrument", ID), K("reveals_arm", BOOL), C("entry", "single,double"),
      C("filled_by", "participant,assessor,site,therapist,laboratory,imaging"), RL("items", item), L("checks", form_check));
SHAPE(used_instrument, "instrument", R("id", ID), R("file", TEXT), R("label", LABEL), K("score", ID), K("settings", ANY), K("optional", BOOL), K("items", TEXTS));

/* -- outcomes, adherence, safety -- */
SHAPE(outcome, "outcome", R("id", ID), R("label", LABEL), R("measure", ID), R("visits", TEXTS), K("change", BOOL), C("better", "lower,higher"), K("mcid", NUMBER),
      K("definition", LABEL), K("analysis", LABEL), K("sensitivity", TEXTS), K("day", INT));
SHAPE(outcomes, "outcomes", RO("primary", outcome), L("secondary", outcome), K("definitions", LABEL_MAP));
SHAPE(supervised_by, "supervision", R("form", ID), R("item", ID), K("held", ID));
SHAPE(adherence, "adherence", R("version", TEXT), R("arms", TEXTS), R("form", ID), R("weeks", INT), R("sessions_per_week", INT), K("minutes", RANGE), K("components", TEXTS),
      K("items", LABEL_MAP), O("supervision", supervised_by), R("weights", NUMBER_MAP), R("threshold", NUMBER), K("rules", LABEL_MAP), K("per_protocol", LABEL));
SHAPE(watch, "watched value", R("id", ID), R("rule", RULE), R("label", LABEL));
SHAPE(board, "board", K("independent", BOOL), K("reports", LABEL_MAP), K("charter", LABEL));
SHAPE(escalation, "escalation", R("after_hours", NUMBER), R("to", TEXTS));
SHAPE(safety, "safety", R("form", ID), R("sae_hours", NUMBER), K("clock_from", LABEL), K("causality", LABELS), K("coding", LABEL), L("watch", watch), O("board", board),
      K("items", LABEL_MAP), K("causality_items", LABEL_MAP), K("serious_if", RULE), K("related_codes", SCALARS), K("followup_days", NUMBER),
      L("escalate", escalation), K("stopping", LABEL));
SHAPE(role, "role", R("id", ID), R("label", LABEL), R("masked", BOOL), K("sees_clinical", BOOL), K("may", TEXTS));
SHAPE(deviation, "deviations", K("kinds", LABEL_MAP), K("severity", LABEL_MAP));
SHAPE(keeping, "data handling", K("entry", LABEL), K("double_entry", LABEL), K("queries", LABEL), K("verification", LABEL), K("signature", LABEL), K("audit", LABEL),
      K("withdrawals", LABEL_MAP), O("deviations", deviation), K("exchange", TEXTS), K("reason_after_save", BOOL));
SHAPE(reminder, "reminder", R("id", ID), R("to", ID), R("visit", ID), K("days", NUMBERS), K("at", TEXT), R("text", LABEL));
SHAPE(phone, "participant's pages", R("forms", TEXTS), K("day_item", ID), K("back_days", INT), K("late_days", INT), K("ahead_minutes", INT), K("welcome", LABEL), K("thanks", LABEL),
      K("contact", LABEL));
SHAPE(paragraph, "paragraph", R("title", LABEL), R("text", LABEL));
SHAPE(printed, "documents", L("consent", paragraph), L("manual", paragraph), L("diary", paragraph), L("booklet", paragraph));
SHAPE(retention, "retention", R("years", NUMBER), R("from", LABEL), K("purge_people", INT));
SHAPE(sharing, "sharing statement", R("share", BOOL), K("statement", LABEL));

/* -- measuring, predicting, plan -- */
SHAPE(imaging, "imaging", K("modality", TEXT), K("field_tesla", NUMBER), K("plane", LABEL), K("levels", TEXTS), K("readers", INT), K("muscles", LABEL_MAP), K("segmentation", LABEL),
      K("measures", LABELS), K("radiomics", TEXTS), K("finding", LABEL), K("emg", LABEL), K("endurance", LABEL));
SHAPE(prediction, "prediction", K("outcomes", LABEL_MAP), K("split", LABEL), K("resampling", LABELS), K("selection", LABEL), K("models", LABELS), K("performance", LABELS),
      K("explanation", LABELS), K("product", LABEL));
SHAPE(power, "sample size", R("n", INT), K("per_arm", INT), K("difference", NUMBER), K("sd", NUMBER), K("alpha", NUMBER), K("sides", INT), K("power", NUMBER),
      K("attrition", NUMBER), K("margin", NUMBER), K("reading", LABEL_MAP));
SHAPE(plan, "plan", R("file", TEXT), K("summary", LABEL_MAP));
SHAPE(reading, "reading", R("says", TEXT), R("where", TEXT));
SHAPE(contradiction, "contradiction", R("id", ID), R("about", LABEL), RL("readings", reading), R("decision", LABEL));
SHAPE(omission, "gap", R("id", ID), R("about", LABEL), R("decision", LABEL));

/* -- simulation: the truth of an invented trial -- */
SHAPE(drawn, "draw", R("item", ID), RC("draw", "normal,uniform,chance,choice,lognormal"), K("mean", NUMBER), K("sd", NUMBER), K("low", NUMBER), K("high", NUMBER),
      K("step", NUMBER), K("chance", NUMBER), K("values", SCALARS), K("weights", NUMBERS), K("per", NUMBER_MAP));
SHAPE(modifier, "modifier", R("item", ID), R("above", NUMBER), R("per_unit", NUMBER));
SHAPE(simulated_score, "simulated score", R("score", ID), R("range", RANGE), R("step", NUMBER), K("baseline", ID), K("mean", NUMBER), K("carry", NUMBER),
      K("course", NUMBER_MAP), K("effect", NUMBER), K("fraction", NUMBER_MAP), L("modifiers", modifier), K("person_sd", NUMBER), K("slope_sd", NUMBER),
      K("residual_sd", NUMBER), K("follows", ID), K("per", NUMBER), R("columns", ANY), K("not_at", TEXTS));
SHAPE(simulated_dropout, "dropout", R("score", ID), R("intercept", NUMBER), R("per_unit", NUMBER), R("above", NUMBER), R("reasons", NUMBER_MAP), K("missed", NUMBER));
SHAPE(simulated_recurrence, "recurrence", R("rate_per_day", NUMBER), R("log_hazard_ratio", NUMBER), R("to_day", INT));
SHAPE(simulated_adherence, "simulated adherence", R("arm", ID), R("weeks", INT), R("mean", NUMBER), R("person_sd", NUMBER), R("week_sd", NUMBER));
SHAPE(simulated_event, "simulated event", R("term", TEXT), R("chance", NUMBER), K("arm", ID), K("severity", NUMBERS), K("serious", NUMBER), K("related", NUMBER));
SHAPE(simulated_response, "simulated response", R("from", ID), R("to", ID), R("improvement", NUMBER));
SHAPE(simulated_features, "group of features", R("item", ID), R("mean", NUMBER), R("sd", NUMBER), R("share", NUMBER), R("features", TEXTS));
SHAPE(simulated_radiomics, "simulated radiomics", K("scanner", NUMBER), K("read_twice", NUMBER), RL("groups", simulated_features));
SHAPE(simulation, "simulation", R("start", DATE), R("screened_per_day", NUMBER), R("consent", NUMBER), R("sites", NUMBER_MAP), R("treated", ID), RL("candidate", drawn),
      L("baseline", drawn), K("participants", TEXTS), RL("scores", simulated_score), O("dropout", simulated_dropout), O("recurrence", simulated_recurrence),
      O("response", simulated_response), O("adherence", simulated_adherence), O("radiomics", simulated_radiomics), L("events", simulated_event), K("jitter", NUMBER));

static const shape_key keys_study[] = {
    R("lumbar", TEXT), R("id", ID), R("version", TEXT), K("date", DATE), K("acronym", TEXT), R("title", LABEL), K("official_title", LABEL), K("summary", LABEL),
    K("background", LABEL), K("condition", LABELS), K("participant_languages", TEXTS), L("registry", registration), L("contacts", contact), K("sponsor", LABEL), RO("design", design),
    RL("sites", site), RL("arms", arm), L("interventions", intervention), O("drugs", regimen), RO("randomisation", randomisation), RO("masking", masking),
    RO("consent", consent), RO("eligibility", eligibility), RL("visits", visit), K("code_lists", LISTS), RL("forms", form), L("instruments", used_instrument),
    RO("outcomes", outcomes), O("adherence", adherence), RO("safety", safety), RL("roles", role), O("participant", phone), L("reminders", reminder), O("documents", printed), O("data", keeping), RO("retention", retention),
    RO("sharing", sharing), O("imaging", imaging), O("prediction", prediction), O("sample_size", power), RO("plan", plan), L("contradictions", contradiction),
    L("gaps", omission), O("simulation", simulation),
};
const shape trial_shape_study = {"study", keys_study, sizeof keys_study / sizeof keys_study[0]};

/* -- instruments: items as codes, scoring, missing rules, licence; no wording -- */
SHAPE(instrument_item, "item", R("id", ID), K("range", RANGE), K("codes", CODES));
SHAPE(scoring, "scoring", R("formula", TEXT), R("range", RANGE), C("better", "lower,higher"), K("missing", LABEL), K("min_answered", INT), K("mcid", NUMBER), K("mcid_percent", NUMBER),
      K("categories", LABEL_MAP), K("success", SCALARS), K("eligible", RULE));
static const shape_key keys_instrument[] = {
    R("lumbar", TEXT), R("id", ID), R("label", LABEL), K("variant", TEXT), K("filled_by", TEXT), RL("items", instrument_item), RO("scoring", scoring), R("licence", LABEL),
};
const shape trial_shape_instrument = {"instrument file", keys_instrument, sizeof keys_instrument / sizeof keys_instrument[0]};
