/* Rules of a protocol: Lua 5.4 expressions in a sandbox. A rule is one expression over the names of items; it has no
 * statements, no functions of its own, no library but the few functions below, and limits on memory and instructions.
 * A rule that reads an item without a value has no answer ("not known"), whatever Lua would make of nil. */
#include <lumbar/trial.h>

#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

enum { RULE_LONGEST = 4096, RULES_MOST = 10000 };

struct lb_rules {
    lua_State *lua;
    pthread_mutex_t lock; /* a rule takes some microseconds: threads that share an opened protocol wait for one another */
    lb_rules_limits limits;
    size_t used;
    int count;
    lb_rule_lookup lookup;
    void *context;
    char missing[64];
};

/* Lua's allocator with a ceiling on the whole state. */
static void *limited(void *context, void *block, size_t old, size_t size)
{
    lb_rules *rules = context;
    if (!block) old = 0;
    if (size == 0) {
        free(block);
        rules->used -= old;
        return NULL;
    }
    if (size > old && rules->used + (size - old) > rules->limits.memory_bytes) return NULL;
    void *bigger = realloc(block, size);
    if (bigger) rules->used += size - old;
    return bigger;
}

static void stop(lua_State *lua, lua_Debug *unused)
{
    (void)unused;
    luaL_error(lua, "takes too many steps");
}

/* ---- the functions a rule may call ---- */

static int f_abs(lua_State *lua) { return lua_pushnumber(lua, fabs(luaL_checknumber(lua, 1))), 1; }
static int f_floor(lua_State *lua) { return lua_pushnumber(lua, floor(luaL_checknumber(lua, 1))), 1; }
static int f_ceil(lua_State *lua) { return lua_pushnumber(lua, ceil(luaL_checknumber(lua, 1))), 1; }
static int f_sqrt(lua_State *lua) { return lua_pushnumber(lua, sqrt(luaL_checknumber(lua, 1))), 1; }
static int f_exp(lua_State *lua) { return lua_pushnumber(lua, exp(luaL_checknumber(lua, 1))), 1; }
static int f_log(lua_State *lua) { return lua_pushnumber(lua, log(luaL_checknumber(lua, 1))), 1; }

/* round(x) or round(x, digits): half away from zero. */
static int f_round(lua_State *lua)
{
    double scale = pow(10, (double)luaL_optinteger(lua, 2, 0));
    lua_pushnumber(lua, round(luaL_checknumber(lua, 1) * scale) / scale);
    return 1;
}

static int extreme(lua_State *lua, bool largest)
{
    double best = luaL_checknumber(lua, 1);
    for (int i = 2; i <= lua_gettop(lua); i++) {
        double x = luaL_checknumber(lua, i);
        if (largest ? x > best : x < best) best = x;
    }
    lua_pushnumber(lua, best);
    return 1;
}
static int f_min(lua_State *lua) { return extreme(lua, false); }
static int f_max(lua_State *lua) { return extreme(lua, true); }

static int f_sum(lua_State *lua)
{
    double sum = 0;
    for (int i = 1; i <= lua_gettop(lua); i++) sum += luaL_checknumber(lua, i);
    lua_pushnumber(lua, sum);
    return 1;
}

/* one_of(x, a, b, …) */
static int f_one_of(lua_State *lua)
{
    bool found = false;
    for (int i = 2; i <= lua_gettop(lua); i++) found |= lua_compare(lua, 1, i, LUA_OPEQ);
    lua_pushboolean(lua, found);
    return 1;
}

static int f_length(lua_State *lua)
{
    size_t length;
    luaL_checklstring(lua, 1, &length);
    lua_pushinteger(lua, (lua_Integer)length);
    return 1;
}

/* contains(text, part): plain text, no patterns. */
static int f_contains(lua_State *lua)
{
    lua_pushboolean(lua, strstr(luaL_checkstring(lua, 1), luaL_checkstring(lua, 2)) != NULL);
    return 1;
}

/* days(from, to): whole days between two dates. */
static int f_days(lua_State *lua)
{
    size_t n1, n2;
    const char *from = luaL_checklstring(lua, 1, &n1), *to = luaL_checklstring(lua, 2, &n2);
    int64_t one, two;
    if (!lb_date_days(from, n1, &one)) return luaL_error(lua, "'%s' is no date", from);
    if (!lb_date_days(to, n2, &two)) return luaL_error(lua, "'%s' is no date", to);
    lua_pushinteger(lua, two - one);
    return 1;
}

/* year(date); the date may be partial. */
static int f_year(lua_State *lua)
{
    const char *date = luaL_checkstring(lua, 1);
    if (lb_date_precision(date) == 0) return luaL_error(lua, "'%s' is no date", date);
    lua_pushinteger(lua, strtol(date, NULL, 10));
    return 1;
}

/* not_before(later, earlier): by the parts that both dates have; 2026-03 is not before 2026-03-05. */
static int f_not_before(lua_State *lua)
{
    const char *later = luaL_checkstring(lua, 1), *earlier = luaL_checkstring(lua, 2);
    if (lb_date_precision(later) == 0) return luaL_error(lua, "'%s' is no date", later);
    if (lb_date_precision(earlier) == 0) return luaL_error(lua, "'%s' is no date", earlier);
    size_t n1 = strlen(later), n2 = strlen(earlier);
    lua_pushboolean(lua, strncmp(later, earlier, n1 < n2 ? n1 : n2) >= 0);
    return 1;
}

static const struct function {
    const char *name;
    lua_CFunction call;
} functions[] = {
    {"abs", f_abs},       {"floor", f_floor}, {"ceil", f_ceil},         {"sqrt", f_sqrt},     {"exp", f_exp},
    {"log", f_log},       {"round", f_round}, {"min", f_min},           {"max", f_max},       {"sum", f_sum},
    {"one_of", f_one_of}, {"length", f_length}, {"contains", f_contains}, {"days", f_days}, {"year", f_year},
    {"not_before", f_not_before},
    {"missing", NULL}, /* answered by the environment: it must not count as reading the item */
};

static bool is_function(const char *name)
{
    for (size_t i = 0; i < LB_COUNT(functions); i++)
        if (strcmp(functions[i].name, name) == 0) return true;
    return false;
}

/* ---- what a rule sees ---- */

static lb_rules *rules_of(lua_State *lua)
{
    return *(lb_rules **)lua_getextraspace(lua);
}

/* missing("item"): has it no value? */
static int f_missing(lua_State *lua)
{
    lb_rules *rules = rules_of(lua);
    lb_value value = {.type = LB_NULL};
    bool known = rules->lookup && rules->lookup(rules->context, luaL_checkstring(lua, 1), &value);
    lua_pushboolean(lua, !known || value.type == LB_NULL);
    return 1;
}

static int read_name(lua_State *lua)
{
    lb_rules *rules = rules_of(lua);
    const char *name = luaL_checkstring(lua, 2);
    lb_value value = {.type = LB_NULL};
    if (strcmp(name, "missing") == 0) {
        lua_pushcfunction(lua, f_missing);
        return 1;
    }
    for (size_t i = 0; i < LB_COUNT(functions); i++) {
        if (!functions[i].call || *functions[i].name != *name || strcmp(functions[i].name, name) != 0) continue;
        lua_pushcfunction(lua, functions[i].call);
        return 1;
    }
    if (!rules->lookup || !rules->lookup(rules->context, name, &value)) value.type = LB_NULL;
    switch (value.type) {
    case LB_BOOL: lua_pushboolean(lua, value.boolean); break;
    case LB_INT: lua_pushinteger(lua, value.integer); break;
    case LB_DOUBLE: lua_pushnumber(lua, value.number); break;
    case LB_STRING: lua_pushstring(lua, value.text); break;
    default:
        if (!rules->missing[0]) snprintf(rules->missing, sizeof rules->missing, "%.63s", name);
        lua_pushnil(lua);
    }
    return 1;
}

static int refuse_write(lua_State *lua)
{
    return luaL_error(lua, "a rule cannot set values");
}

/* ---- words of a rule ---- */

typedef struct word {
    const char *text;
    size_t length;
    bool name, quoted;
} word;

/* The next name or quoted text from *at on; skips numbers and signs. False at the end. */
static bool next_word(const char **at, word *out)
{
    const char *p = *at;
    while (*p) {
        if (*p == '"' || *p == '\'') {
            char quote = *p++;
            const char *start = p;
            while (*p && *p != quote) p += *p == '\\' && p[1] ? 2 : 1;
            *out = (word){start, (size_t)(p - start), false, true};
            *at = *p ? p + 1 : p;
            return true;
        }
        if (isdigit((unsigned char)*p) || (*p == '.' && isdigit((unsigned char)p[1]))) {
            while (isalnum((unsigned char)*p) || *p == '.') p++;
            continue;
        }
        if (isalpha((unsigned char)*p) || *p == '_') {
            const char *start = p;
            while (isalnum((unsigned char)*p) || *p == '_') p++;
            *out = (word){start, (size_t)(p - start), true, false};
            *at = p;
            return true;
        }
        p++;
    }
    *at = p;
    return false;
}

static bool word_in(const word *w, const char *const *list)
{
    for (size_t i = 0; list[i]; i++)
        if (strlen(list[i]) == w->length && memcmp(list[i], w->text, w->length) == 0) return true;
    return false;
}

static const char *const operators[] = {"and", "or", "not", "true", "false", "nil", NULL};
static const char *const statements[] = {"break", "do", "else", "elseif", "end", "for", "function", "goto", "if", "in",
                                         "local", "repeat", "return", "then", "until", "while", NULL};

const char **lb_rule_names(const char *text, lb_arena *arena, size_t *count)
{
    size_t room = 8;
    const char **names = lb_arena_array(arena, room, sizeof *names);
    bool after_missing = false;
    *count = 0;
    for (word w; next_word(&text, &w);) {
        bool counts = w.name ? !word_in(&w, operators) && !word_in(&w, statements) : after_missing;
        char *name = lb_arena_textn(arena, w.text, w.length);
        after_missing = w.name && strcmp(name, "missing") == 0;
        if (!counts || (w.name && is_function(name))) continue;
        bool seen = false;
        for (size_t i = 0; i < *count; i++) seen |= strcmp(names[i], name) == 0;
        if (seen) continue;
        if (*count == room) {
            const char **bigger = lb_arena_array(arena, room *= 2, sizeof *bigger);
            memcpy(bigger, names, *count * sizeof *names);
            names = bigger;
        }
        names[(*count)++] = name;
    }
    return names;
}

static int refuse(lb_error *err, const char *rule, const word *w, const char *why)
{
    int code = lb_fail(err, LB_BAD_DATA, "'%.*s' %s", (int)(w->length < 60 ? w->length : 60), w->text, why);
    lb_error_where(err, "column %zu", (size_t)(w->text - rule) + 1);
    return code;
}

/* No tables, no long texts, no comments, no second statement. */
static int check_signs(const char *rule, lb_error *err)
{
    char quote = 0;
    for (const char *p = rule; *p; p++) {
        if (quote) {
            if (*p == '\\' && p[1]) p++;
            else if (*p == quote) quote = 0;
            continue;
        }
        if (*p == '"' || *p == '\'') quote = *p;
        word w = {p, 1, false, false};
        if (strchr("{}[];#", *p) || (p[0] == '-' && p[1] == '-'))
            return refuse(err, rule, &w, "cannot stand in a rule: a rule is one expression without tables or comments");
    }
    return LB_OK;
}

/* Only expressions, and only known names. */
static int check_words(const char *rule, const char *const *known, size_t known_count, lb_error *err)
{
    const char *at = rule;
    bool after_missing = false;
    for (word w; next_word(&at, &w);) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(w.length < 63 ? w.length : 63), w.text);
        if (w.name && word_in(&w, statements)) return refuse(err, rule, &w, "cannot stand in a rule: a rule is one expression");
        bool counts = w.name ? !word_in(&w, operators) && !is_function(name) : after_missing;
        after_missing = w.name && strcmp(name, "missing") == 0;
        if (!counts || !known) continue;
        bool found = false;
        for (size_t i = 0; i < known_count && !found; i++) found = strcmp(known[i], name) == 0;
        if (found && w.length < sizeof name) continue;
        int code = refuse(err, rule, &w, "is no item of this study");
        const char *near = lb_text_nearest(name, known, known_count);
        if (near) lb_error_hint(err, "did you mean '%s'?", near);
        return code;
    }
    return check_signs(rule, err);
}

/* ---- compiling and running ---- */

lb_rules *lb_rules_new(const lb_rules_limits *limits)
{
    lb_rules *rules = lb_alloc(1, sizeof *rules);
    rules->limits = limits ? *limits : (lb_rules_limits){4u << 20, 100000};
    rules->lua = lua_newstate(limited, rules);
    if (!rules->lua) {
        free(rules);
        return NULL;
    }
    *(lb_rules **)lua_getextraspace(rules->lua) = rules;
    pthread_mutex_init(&rules->lock, NULL);
    return rules;
}

void lb_rules_free(lb_rules *rules)
{
    if (!rules) return;
    lua_close(rules->lua);
    pthread_mutex_destroy(&rules->lock);
    free(rules);
}

/* Protected: the whole of compiling, so that running out of memory is an error and not a panic. Leaves the reference. */
static int build(lua_State *lua)
{
    const char *text = lua_touserdata(lua, 1);
    size_t length = strlen(text);
    luaL_Buffer chunk;
    luaL_buffinit(lua, &chunk);
    luaL_addstring(&chunk, "return (");
    luaL_addlstring(&chunk, text, length);
    luaL_addstring(&chunk, "\n)");
    luaL_pushresult(&chunk);
    size_t size;
    const char *source = lua_tolstring(lua, -1, &size);
    if (luaL_loadbufferx(lua, source, size, "=rule", "t") != LUA_OK) return lua_error(lua);
    lua_newtable(lua); /* the rule's whole world: reading goes through read_name, writing is refused */
    lua_newtable(lua);
    lua_pushcfunction(lua, read_name);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, refuse_write);
    lua_setfield(lua, -2, "__newindex");
    lua_setmetatable(lua, -2);
    lua_setupvalue(lua, -2, 1); /* _ENV */
    lua_pushinteger(lua, luaL_ref(lua, LUA_REGISTRYINDEX));
    return 1;
}

/* Lua says "rule:1: message near 'x'": keep what follows the place. */
static const char *lua_message(lua_State *lua)
{
    const char *text = lua_tostring(lua, -1);
    if (!text) return "cannot be run";
    if (strncmp(text, "rule:", 5) == 0) {
        const char *colon = strchr(text + 5, ':');
        if (colon) return colon + 2;
    }
    return text;
}

int lb_rules_compile(lb_rules *rules, const char *text, const char *const *known, size_t known_count, int *id, lb_error *err)
{
    if (strlen(text) > RULE_LONGEST)
        return lb_fail(err, LB_BAD_DATA, "a rule of %zu characters is longer than %d", strlen(text), RULE_LONGEST);
    if (text[strspn(text, " \t\n")] == 0) return lb_fail(err, LB_BAD_DATA, "the rule is empty");
    if (rules->count >= RULES_MOST) return lb_fail(err, LB_TOO_LARGE, "more than %d rules", RULES_MOST);
    int code = check_words(text, known, known_count, err);
    if (code != LB_OK) return code;
    lua_State *lua = rules->lua;
    lua_pushcfunction(lua, build);
    lua_pushlightuserdata(lua, (void *)text);
    if (lua_pcall(lua, 1, 1, 0) != LUA_OK) {
        const char *why = lua_message(lua);
        lb_fail(err, LB_BAD_DATA, "the rule is no Lua expression: %.300s", why);
        if (strchr(text, '=') && strstr(why, "'='"))
            lb_error_hint(err, "compare with '==', not '='; differ is '~='; join with 'and', 'or', 'not'");
        else lb_error_hint(err, "write one expression, such as age >= 60 and odi >= 20");
        lua_pop(lua, 1);
        return LB_BAD_DATA;
    }
    *id = (int)lua_tointeger(lua, -1);
    lua_pop(lua, 1);
    rules->count++;
    return LB_OK;
}

static void take_answer(lua_State *lua, lb_rule_answer *out)
{
    switch (lua_type(lua, -1)) {
    case LUA_TBOOLEAN:
        out->value.type = LB_BOOL;
        out->value.boolean = lua_toboolean(lua, -1);
        break;
    case LUA_TNUMBER:
        out->value.type = LB_DOUBLE;
        out->value.number = lua_tonumber(lua, -1);
        break;
    case LUA_TSTRING:
        out->value.type = LB_STRING;
        snprintf(out->text, sizeof out->text, "%s", lua_tostring(lua, -1));
        out->value.text = out->text;
        break;
    default: out->known = false;
    }
}

int lb_rules_run(lb_rules *rules, int id, lb_rule_lookup lookup, void *context, lb_rule_answer *out, lb_error *err)
{
    lua_State *lua = rules->lua;
    *out = (lb_rule_answer){.known = true, .value = {.type = LB_NULL}};
    pthread_mutex_lock(&rules->lock);
    rules->lookup = lookup;
    rules->context = context;
    rules->missing[0] = 0;
    lua_sethook(lua, stop, LUA_MASKCOUNT, rules->limits.instructions);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, id);
    int status = lua_pcall(lua, 0, 1, 0);
    lua_sethook(lua, NULL, 0, 0);
    rules->lookup = NULL;
    snprintf(out->missing, sizeof out->missing, "%s", rules->missing);
    int code = LB_OK;
    if (rules->missing[0]) out->known = false;
    else if (status == LUA_OK) take_answer(lua, out);
    else code = lb_fail(err, LB_BAD_DATA, "the rule cannot be answered: %.300s", lua_message(lua));
    lua_pop(lua, 1);
    pthread_mutex_unlock(&rules->lock);
    return code;
}
