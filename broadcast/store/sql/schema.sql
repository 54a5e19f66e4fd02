-- name: migrations_table
-- Where the applied migrations are recorded.
CREATE TABLE IF NOT EXISTS schema_migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   bytea NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: migrations_known
-- Whether the table of applied migrations exists.
SELECT to_regclass('schema_migration') IS NOT NULL;

-- name: migrations_applied
-- The applied migrations in order.
SELECT version, name, checksum, applied_at FROM schema_migration ORDER BY version;

-- name: migration_record
-- Note that a migration was applied.
INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3);

-- name: migration_lock
-- One migration at a time in this database, until the transaction ends.
SELECT pg_advisory_xact_lock(:migrating_lock);

-- name: server_version
-- The server's version as a number, 150004 say, and as text.
SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS text;

-- name: session_pid
-- The process that serves this session; behind a pooler another than the one that was named at its start.
SELECT pg_backend_pid();

-- name: workers_known
-- Whether there is a schema of ours.
SELECT to_regclass('schema_migration') IS NOT NULL AND to_regclass('worker') IS NOT NULL;

-- name: workers_of_before
-- Who lives and started before the newest migration ($1: or before now, for it is about to come); any schema has these.
SELECT host, pid, started_at FROM worker
 WHERE ended_at IS NULL AND expires_at > clock_timestamp()
   AND ($1 OR started_at < (SELECT max(applied_at) FROM schema_migration))
 ORDER BY host, pid;

-- name: old_ledger
-- How large the ledger of before is, in octets: what is packed anew, and what gets an index. Null: there is none (any more).
SELECT sum(pg_table_size(oid)) FILTER (WHERE relname <> 'outcome')::bigint AS moved,
       sum(pg_table_size(oid)) FILTER (WHERE relname = 'outcome')::bigint AS indexed
  FROM pg_class
 WHERE relkind = 'r' AND pg_table_is_visible(oid) AND to_regclass('open_submission') IS NOT NULL
   AND relname ~ '^(open_submission|unmatched_receipt|outcome|(submission|receipt)_[0-9]+)$';

-- name: alert_under_way
-- Whether a campaign is being sent; any schema has this.
SELECT EXISTS (SELECT FROM campaign WHERE state = 'running' AND finished_at IS NULL AND expires_at > clock_timestamp());
