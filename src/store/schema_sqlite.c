/* Tables of the store in SQLite. STRICT: a column holds what it says. What lists people and visits (`record`) stands
 * apart from the bodies (`body`), so that an overview reads a few bytes a record, in the order of its key. */
#include "store/schema.h"

const char *const store_schema_sqlite[] = {
    "CREATE TABLE record ("
    " kind TEXT NOT NULL, key TEXT NOT NULL, site TEXT, subject TEXT, parent TEXT, state TEXT,"
    " reveals_arm INTEGER NOT NULL CHECK (reveals_arm IN (0, 1)), revision INTEGER NOT NULL CHECK (revision > 0),"
    " changed_us INTEGER NOT NULL, changed_by TEXT NOT NULL, body_id INTEGER NOT NULL UNIQUE,"
    " PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX record_subject ON record (subject, kind) WHERE subject IS NOT NULL;"
    "CREATE INDEX record_parent ON record (kind, parent) WHERE parent IS NOT NULL;"
    "CREATE INDEX record_state ON record (kind, state) WHERE state IS NOT NULL;"
    "CREATE TABLE body (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;"
    "CREATE TABLE audit ("
    " seq INTEGER PRIMARY KEY, open_seq INTEGER NOT NULL, at_us INTEGER NOT NULL, who TEXT NOT NULL, role TEXT NOT NULL,"
    " site TEXT, subject TEXT, kind TEXT NOT NULL, key TEXT NOT NULL, action TEXT NOT NULL, reason TEXT, version TEXT,"
    " reveals_arm INTEGER NOT NULL CHECK (reveals_arm IN (0, 1)), revision INTEGER NOT NULL,"
    " old_values TEXT, new_values TEXT, record_hash TEXT, hash TEXT NOT NULL) STRICT;"
    "CREATE INDEX audit_record ON audit (kind, key, seq);"
    "CREATE INDEX audit_subject ON audit (subject, seq) WHERE subject IS NOT NULL;"
    "CREATE INDEX audit_who ON audit (who, seq);"
    "CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is never shortened'); END;"
    "CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END;"
    "CREATE TABLE frozen ("
    " id TEXT NOT NULL, name TEXT NOT NULL, reveals_arm INTEGER NOT NULL, row_count INTEGER NOT NULL,"
    " sha256 TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (id, name, reveals_arm, part)) STRICT;",
    /* 2: entries brought over from another system say where they were first made */
    "ALTER TABLE audit ADD COLUMN origin TEXT;",
};
const size_t store_schema_sqlite_count = sizeof store_schema_sqlite / sizeof store_schema_sqlite[0];
