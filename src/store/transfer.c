/* A study from one database to another, row by row, with the same numbers and hashes: `study move`, and the backup of a study
 * in PostgreSQL (which becomes a file of SQLite). Everything in one transaction on either side. */
#include "store/room.h"

typedef struct carrying {
    const db_backend *to;
    db *target;
    const char *insert;
    int64_t rows;
} carrying;

static int carry_row(void *context, const db_value *column, size_t count, lb_error *err)
{
    carrying *c = context;
    c->rows++;
    return c->to->run(c->target, c->insert, column, count, NULL, NULL, NULL, err);
}

static const struct { const char *name, *select, *insert; } tables[] = {
    {"body", "SELECT id, json FROM body ORDER BY id", "INSERT INTO body (id, json) VALUES (?1, ?2)"},
    {"record",
     "SELECT kind, key, site, subject, parent, state, reveals_arm, revision, changed_us, changed_by, body_id FROM record ORDER BY kind, key",
     "INSERT INTO record (kind, key, site, subject, parent, state, reveals_arm, revision, changed_us, changed_by, body_id)"
     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"},
    {"audit",
     "SELECT seq, open_seq, at_us, who, role, site, subject, kind, key, action, reason, version, reveals_arm, revision, old_values, new_values,"
     " record_hash, hash, origin FROM audit ORDER BY seq",
     "INSERT INTO audit (seq, open_seq, at_us, who, role, site, subject, kind, key, action, reason, version, reveals_arm, revision, old_values,"
     " new_values, record_hash, hash, origin) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)"},
    {"frozen", "SELECT id, name, reveals_arm, row_count, sha256, part, bytes FROM frozen ORDER BY id, name, reveals_arm, part",
     "INSERT INTO frozen (id, name, reveals_arm, row_count, sha256, part, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
};

static int carry_all(const db_backend *from, db *source, const db_backend *to, db *target, lb_value *counts, lb_error *err)
{
    int code = LB_OK;
    for (size_t i = 0; i < LB_COUNT(tables) && !code; i++) {
        carrying c = {to, target, tables[i].insert, 0};
        code = from->each(source, tables[i].select, NULL, 0, carry_row, &c, err);
        if (counts) lb_set_int(counts, tables[i].name, c.rows);
    }
    /* The next body's number: SQLite takes the largest by itself. */
    if (!code && to == &store_postgres)
        code = to->run(target, "SELECT setval(pg_get_serial_sequence('body', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM body), false)", NULL, 0, NULL, NULL,
                       NULL, err);
    return code;
}

int store_transfer(const db_backend *from, const char *source_where, const db_backend *to, const char *target_where, lb_value *counts, lb_error *err)
{
    db *source = NULL, *target = NULL;
    int code = from->open(source_where, false, false, false, &source, err);
    if (!code) code = to->open(target_where, true, true, false, &target, err);
    if (!code) code = from->begin(source, false, err);
    if (!code) code = to->begin(target, true, err);
    if (!code) code = carry_all(from, source, to, target, counts, err);
    if (!code) code = to->commit(target, err);
    else if (target) to->rollback(target);
    if (source) from->rollback(source);
    to->close(target);
    from->close(source);
    return code;
}
