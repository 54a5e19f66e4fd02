-- name: access_here
-- This database, and who migrates it: whether a superuser, and whether the database is theirs to say who connects; whether
-- it may be the coordinator of a cluster, and whether memberships say apart what they are for (PostgreSQL 16).
SELECT current_setting('server_version_num')::integer >= 160000 AS apart,
       EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS cluster, current_database() AS database, session_user::text AS login, r.rolsuper AS superuser,
       pg_has_role(d.datdba, 'USAGE') AS owns, pg_get_userbyid(d.datdba) AS owner
  FROM pg_database AS d, pg_roles AS r
 WHERE d.datname = current_database() AND r.rolname = session_user;

-- name: access_names
-- What the roles of this database are called, by kind; of a copy, what those of its template are called.
SELECT kind, role_name::text AS role_name FROM access_role ORDER BY kind;

-- name: access_known
-- Whether there are roles at all: not before the migration that brings the table.
SELECT to_regclass('access_role') IS NOT NULL;

-- name: access_roles_there
-- Of these names ($1): the roles that the cluster has.
SELECT rolname::text AS rolname FROM pg_roles WHERE rolname = ANY($1::text[]);

-- name: access_members
-- Direct members of these roles ($1: names), and how: of what somebody made, they are a member to give it on, and no more.
SELECT g.rolname::text AS role_name, m.rolname::text AS member, bool_or(a.admin_option) AS gives,
       bool_or(coalesce((to_jsonb(a)->>'inherit_option')::boolean, true)) AS has
  FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
 WHERE g.rolname = ANY($1::text[])
 GROUP BY 1, 2 ORDER BY 1, 2;

-- name: access_relations
-- Our tables, views and sequences; of sequences those that no column owns.
SELECT quote_ident(c.relname) AS quoted, c.relname::text AS name, c.relkind = 'S' AS sequence, pg_get_userbyid(c.relowner)::text AS owner
  FROM pg_class AS c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
   AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i', 'a')
                                               AND (d.deptype = 'e' OR c.relkind = 'S'))
 ORDER BY c.relname;

-- name: access_routines
-- Our functions.
SELECT p.oid::regprocedure::text AS quoted, p.proname::text AS name, pg_get_userbyid(p.proowner)::text AS owner
  FROM pg_proc AS p
 WHERE p.pronamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
 ORDER BY 1;

-- name: access_grantees
-- Who has any right on those, or on their columns; '' is everybody.
SELECT DISTINCT coalesce(pg_get_userbyid(nullif(a.grantee, 0))::text, '') AS grantee
  FROM (SELECT relacl AS acl FROM pg_class WHERE relnamespace = 'public'::regnamespace
         UNION ALL SELECT attacl FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid WHERE c.relnamespace = 'public'::regnamespace
         UNION ALL SELECT proacl FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS held,
       LATERAL aclexplode(held.acl) AS a
 ORDER BY 1;

-- name: access_keep_names
-- The roles of this database: $1 kinds, $2 names.
INSERT INTO access_role (kind, role_name) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (kind) DO UPDATE SET role_name = excluded.role_name;

-- name: access_forget_moves
-- Which state of an alert may follow which is said anew.
DELETE FROM campaign_move;

-- name: access_keep_moves
-- From $1 to $2, side by side.
INSERT INTO campaign_move (origin, target) SELECT * FROM unnest($1::text[], $2::text[]);

-- name: access_open_to_all
-- What everybody may still do here who has no role at all.
SELECT array_remove(ARRAY[
           CASE WHEN EXISTS (SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) WHERE grantee = 0) THEN 'connect' END,
           CASE WHEN EXISTS (SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner)))
                              WHERE grantee = 0 AND privilege_type = 'CREATE') THEN 'create' END], NULL) AS open
  FROM pg_database AS d, pg_namespace AS n
 WHERE d.datname = current_database() AND n.nspname = 'public';

-- name: access_superusers
-- Who needs no role.
SELECT rolname::text AS rolname FROM pg_roles WHERE rolsuper;

-- name: accounts
-- Every account, and every login that has a role here without one; kinds in the order of their names.
SELECT name::text AS name, kinds, at, disabled_at, disabled_by::text AS disabled_by, known
  FROM (SELECT name, access_kinds(name) AS kinds, at, disabled_at, disabled_by, true AS known FROM account
         UNION ALL
        SELECT DISTINCT m.rolname, access_kinds(m.rolname), null::timestamptz, null::timestamptz, null::name, false
          FROM access_role JOIN pg_roles AS g ON g.rolname = role_name AND kind <> 'owner'
          JOIN pg_auth_members AS a ON a.roleid = g.oid JOIN pg_roles AS m ON m.oid = a.member
         WHERE NOT EXISTS (SELECT FROM account WHERE name = m.rolname) AND cardinality(access_kinds(m.rolname)) > 0
           AND NOT EXISTS (SELECT FROM access_role WHERE role_name = m.rolname)) AS each
 ORDER BY name;

-- name: may_do_everything
-- Who migrates: the direct members of the owner of all tables. They may do everything.
SELECT m.rolname::text AS name
  FROM access_role JOIN pg_roles AS g ON g.rolname = role_name AND kind = 'owner'
  JOIN pg_auth_members AS a ON a.roleid = g.oid JOIN pg_roles AS m ON m.oid = a.member
 WHERE coalesce((to_jsonb(a)->>'inherit_option')::boolean, true)
 GROUP BY 1 ORDER BY 1;

-- name: proposals
-- Those that wait; $1: or this one.
SELECT proposal_no, kind, subject, details::text AS details, proposed_by::text AS proposed_by, at, decided_by::text AS decided_by, confirmed
  FROM proposal WHERE CASE WHEN $1::integer IS NULL THEN decided_at IS NULL ELSE proposal_no = $1 END
 ORDER BY proposal_no;

-- name: same_proposal
-- The newest of this kind ($1), subject ($2) and details ($3), as home has it.
SELECT proposal_no, decided_at, confirmed FROM proposal WHERE kind = $1 AND subject = $2 AND details = $3::jsonb
 ORDER BY decided_at IS NULL DESC, proposal_no DESC LIMIT 1;

-- name: skeletons
-- What the accounts' names look like.
SELECT name::text AS name, skeleton FROM account;

-- name: begin_account
-- One of the first accounts: $1 login, $2 what it looks like, $3 kinds, $4 its password's verifier.
SELECT access_begin($1, $2, $3, $4);

-- name: propose
-- $1 account, role, password or rule; $2 of whom or what; $3 details; $4 a password's verifier. Gives its number.
SELECT access_propose($1, $2, $3::jsonb, $4);

-- name: decide
-- Proposal $1 is confirmed ($2), or declined.
SELECT access_decide($1, $2);

-- name: take_role
-- Login $1 is no $2 any more.
SELECT access_take_role($1, $2);

-- name: disable_account
-- Login $1 has no role any more.
SELECT access_disable($1);

-- name: rules
-- Those that were set.
SELECT key, value::text AS value FROM desk_rule ORDER BY key;

-- name: session_login
-- Who is logged in.
SELECT session_user::text;

-- name: accounts_known
-- Whether there are accounts at all.
SELECT to_regclass('proposal') IS NOT NULL;

-- name: logins
-- Who is logged in, and how many admins there are.
SELECT session_user::text AS login, (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) AS superuser,
       (SELECT count(*) FROM account WHERE disabled_at IS NULL AND 'admin' = ANY (access_kinds(name)))::integer AS admins;
