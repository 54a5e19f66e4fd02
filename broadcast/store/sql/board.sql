-- name: board_who
-- Of the account that this session's login is: its roles; no row where it is none, or disabled.
SELECT name::text AS name, access_kinds(name) AS kinds FROM account WHERE name = session_user AND disabled_at IS NULL;

-- name: board_how
-- By what the server made sure who this session is (PostgreSQL 16 and newer): `scram-sha-256:an`; null where it asked for nothing.
SELECT system_user AS how;

-- name: board_acts
-- Who acts does so on the board ($1: its name and the address that they act from): the audit chain keeps that beside them.
SELECT set_config('application_name', $1, false);

-- name: board_drafts
-- Alerts that wait for approval or for their launch, the newest first; $1: how many at most.
SELECT campaign_id, name, state, status, category, drafted_by::text AS drafted_by, drafted_at, expires_at
  FROM campaign WHERE state IN ('draft', 'approved') ORDER BY campaign_id DESC LIMIT $1;

-- name: board_events
-- What stopped campaigns ($1) and let them go on, in order.
SELECT campaign_id, at, event FROM campaign_event
 WHERE campaign_id = ANY ($1::integer[])
   AND event IN ('paused', 'resumed', 'first share passed', 'first share asks', 'first share failed')
 ORDER BY campaign_id, at;

-- name: board_profiles
-- What is known of some people ($1: numbers), by index: place in $1 from 1, and their profile; without those that are no
-- subscribers any more.
SELECT asked.place::integer AS place, known.profile_no
  FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (msisdn, place)
  CROSS JOIN LATERAL (SELECT profile_no FROM subscriber
                       WHERE hash_bucket = asked.msisdn % 64 AND msisdn = asked.msisdn LIMIT 1) AS known;
