-- name: act_entries
-- The whole audit chain, in its order.
SELECT act_no, at, who, origin, what, subject, details::text AS details, before, hash FROM act ORDER BY act_no;

-- name: act_waiting
-- Entries that nobody chained yet, in the order in which they were made.
SELECT at, who, origin, what, subject, details::text AS details FROM act_new ORDER BY note_no;

-- name: chain_now
-- What lies unchained is chained, unless somebody else is at it.
SELECT tend_chain();

-- name: unchained
-- Whether an entry is in no chain yet.
SELECT EXISTS (SELECT FROM act_new);

-- name: act_head
-- Where the chain ends. No row: nothing was done yet.
SELECT act_no, at, hash FROM act ORDER BY act_no DESC LIMIT 1;

-- name: act_log
-- Entries since $1 (null: all), of this subject ($2; null: of any), the newest $3, in their order.
SELECT * FROM (
    SELECT act_no, at, who, origin, what, subject, details::text AS details, before, hash FROM act
     WHERE ($1::timestamptz IS NULL OR at >= $1) AND ($2::text IS NULL OR subject = $2)
     ORDER BY act_no DESC LIMIT $3) AS newest
 ORDER BY act_no;

-- name: act_chain_since
-- Since when there is an audit chain in this database.
SELECT applied_at FROM schema_migration WHERE version = 27;

-- name: act_approvals
-- Approvals that hold.
SELECT approval_no, campaign_id, signer, kind, encode(hash, 'hex') AS hash FROM approval WHERE void_at IS NULL;

-- name: act_events
-- How often each event stands since $1, by campaign.
SELECT campaign_id, event, count(*) AS times FROM campaign_event WHERE at >= $1 GROUP BY campaign_id, event;

-- name: act_archives
-- Campaigns that are in files.
SELECT campaign_id FROM archive;

-- name: act_accounts
-- Accounts, and whether each may act.
SELECT name::text AS name, disabled_at IS NULL AS enabled FROM account;

-- name: act_roles
-- Who is a direct member of which of this database's groups, by PostgreSQL's own word; the owner is one of none.
SELECT one.rolname::text AS name, a.kind
  FROM access_role AS a
  JOIN pg_roles AS held ON held.rolname = a.role_name
  JOIN pg_auth_members AS m ON m.roleid = held.oid
  JOIN pg_roles AS one ON one.oid = m.member
 WHERE one.rolname NOT IN (SELECT role_name FROM access_role WHERE kind = 'owner')
   AND coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true);

-- name: act_rules
-- Rules that somebody set.
SELECT key, value::text AS value FROM desk_rule;

-- name: act_moves
-- Which state of a campaign may follow which, as the functions have it.
SELECT origin, target FROM campaign_move;

-- name: act_functions
-- Functions of ours, but those of extensions; whether each runs with its owner's rights, and finds names where it is to.
SELECT proname::text AS name, prosrc AS body, prosecdef AS privileged,
       coalesce((SELECT substr(said, 13) FROM unnest(proconfig) AS said WHERE said LIKE 'search_path=%'),
                CASE WHEN prosecdef THEN '' ELSE 'pg_catalog, public, pg_temp' END) = 'pg_catalog, public, pg_temp' AS pinned
  FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
 ORDER BY proname, pg_proc.oid;

-- name: act_triggers
-- Triggers of tables, and whether each fires; of rules none is ours.
SELECT tgname::text AS name, relname::text AS "table", tgenabled IN ('O', 'A') AS "on"
  FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
 WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace
 UNION ALL
SELECT rulename, relname, true FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class
 WHERE rulename <> '_RETURN' AND relnamespace = 'public'::regnamespace;

-- name: act_grants
-- Who may do what to which table or function of ours but to read it; '': everybody. The owner may do it all.
SELECT coalesce(pg_get_userbyid(nullif(grantee, 0))::text, '') AS who, name, privilege_type AS what
  FROM (SELECT relname::text AS name, relowner AS owner, relacl AS acl FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
         UNION ALL
        SELECT relname, relowner, attacl FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
         WHERE relnamespace = 'public'::regnamespace AND attacl IS NOT NULL
         UNION ALL
        SELECT proname, proowner, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace
           AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
       ) AS ours, LATERAL aclexplode(acl) AS held
 WHERE grantee <> owner AND privilege_type <> 'SELECT'
 ORDER BY 1, 2, 3;

-- name: act_role_names
-- What the roles of this database are called.
SELECT role_name::text AS role_name, kind FROM access_role;

-- name: act_waits
-- For how many seconds the oldest entry that nobody chained has waited.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)::integer FROM act_new;
