-- name: capping_claim
-- Whether this session alone may let people go under caps; held until it is given back.
SELECT pg_try_advisory_lock(:capping_lock);

-- name: capping_end
-- The next may.
SELECT pg_advisory_unlock(:capping_lock);

-- name: capping_claim_briefly
-- The same for this transaction.
SELECT pg_try_advisory_xact_lock(:capping_lock);

-- name: keep_rules
-- The rules ($2) under which campaign $1 runs here.
SELECT desk_rules($1, $2);

-- name: spread_slices
-- When each of the held slices ($2) of campaign $1 is looked at ($3).
SELECT desk_spread($1, $2, $3);

-- name: held_slices
-- Those of campaign $1: who waits to be let go.
SELECT slice_id, total, extract(epoch FROM not_before)::float8 AS not_before
  FROM slice WHERE campaign_id = $1 AND state = 'held' ORDER BY stage, slice_id;

-- name: contact_count
-- How many people stand in slices that `contact_slices` reads, at most. $1, $2 as there.
SELECT coalesce(sum(s.total), 0)::bigint
  FROM campaign AS c
 CROSS JOIN LATERAL (SELECT total FROM slice WHERE slice.campaign_id = c.campaign_id OFFSET 0) AS s
 WHERE c.category = $1 AND c.launched_at IS NOT NULL AND coalesce(c.finished_at, 'infinity') > $2;

-- name: contact_slices
-- Slices that may have told somebody after $2, or may yet, of campaigns of category $1: all those of carrier $3 (null: of
-- any). Held ones count that were launched before $4 (null: all), but for who is held until the expiry: nobody will tell them.
-- alive: who waits in it may be told. For a cursor.
SELECT s.state, s.mark, s.retry, s.total, extract(epoch FROM s.sent_until)::float8 AS sent_until, c.alive, c.resends,
       extract(epoch FROM c.expires_at)::float8 AS expires_at, array_send(array_replace(s.msisdns, NULL, 0)) AS msisdns
  FROM (SELECT campaign_id, expires_at, launched_at, in_doubt_policy = 'resend' AS resends, state = 'running' AS runs,
               state IN ('running', 'paused') AND expires_at > clock_timestamp() AND finished_at IS NULL AS alive
          FROM campaign
         WHERE category = $1 AND launched_at IS NOT NULL AND coalesce(finished_at, 'infinity') > $2) AS c
 CROSS JOIN LATERAL (SELECT * FROM slice
                      WHERE slice.campaign_id = c.campaign_id AND ($3::smallint IS NULL OR carrier_no = $3) OFFSET 0) AS s
 WHERE CASE s.state WHEN 'held' THEN c.alive AND c.runs AND ($4::timestamptz IS NULL OR c.launched_at < $4)
                                    AND coalesce(s.not_before < c.expires_at, true)
                    WHEN 'ready' THEN c.alive OR s.sent_until > $2
                    WHEN 'leased' THEN true
                    ELSE s.sent_until > $2 END;

-- name: let_go_due
-- Held slices whose moment has come, of running campaigns without caps and paces: $1 of each at most.
WITH due AS (
    SELECT s.slice_id FROM campaign AS c
     CROSS JOIN LATERAL (SELECT slice_id FROM slice
                          WHERE slice.campaign_id = c.campaign_id AND slice.state = 'held'
                            AND slice.stage <= coalesce(c.stage, 0)
                            AND coalesce(slice.not_before, '-infinity') <= clock_timestamp()
                          ORDER BY slice.campaign_id, slice.stage, slice.not_before NULLS FIRST LIMIT $1
                            FOR UPDATE SKIP LOCKED) AS s
     WHERE c.state = 'running' AND c.finished_at IS NULL AND c.expires_at > clock_timestamp()
       AND NOT coalesce((c.rules->>'checked')::boolean, false)
)
UPDATE slice SET state = 'ready' FROM due WHERE slice.slice_id = due.slice_id;

-- name: campaigns_to_check
-- Running campaigns under caps or a pace of which held slices are due: whose moment came first, then the first launched.
SELECT c.campaign_id, c.category, c.rules::text AS rules, c.launched_at, extract(epoch FROM c.expires_at)::float8 AS expires_at,
       extract(epoch FROM clock_timestamp())::float8 AS now
  FROM campaign AS c
 CROSS JOIN LATERAL (SELECT not_before FROM slice
                      WHERE slice.campaign_id = c.campaign_id AND slice.state = 'held'
                        AND slice.stage <= coalesce(c.stage, 0) AND coalesce(slice.not_before, '-infinity') <= clock_timestamp()
                      ORDER BY slice.campaign_id, slice.stage, slice.not_before NULLS FIRST LIMIT 1) AS due
 WHERE c.state = 'running' AND c.finished_at IS NULL AND c.expires_at > clock_timestamp()
   AND coalesce((c.rules->>'checked')::boolean, false)
 ORDER BY coalesce(due.not_before, '-infinity'), c.launched_at, c.campaign_id;

-- name: slices_to_check
-- Up to $2 due held slices of campaign $1, of one carrier: that of the first.
WITH due AS MATERIALIZED (
    SELECT slice_id, carrier_no FROM slice
     WHERE campaign_id = $1 AND state = 'held' AND NOT recalled
       AND stage <= (SELECT coalesce(stage, 0) FROM campaign AS c WHERE c.campaign_id = $1)
       AND coalesce(not_before, '-infinity') <= clock_timestamp()
     ORDER BY campaign_id, stage, not_before NULLS FIRST LIMIT $2
)
SELECT s.slice_id, s.carrier_no, s.variant, s.stage, s.resends, s.total, array_send(s.msisdns) AS msisdns
  FROM due CROSS JOIN LATERAL (SELECT * FROM slice WHERE slice.slice_id = due.slice_id OFFSET 0 FOR UPDATE SKIP LOCKED) AS s
 WHERE s.carrier_no = (SELECT carrier_no FROM due LIMIT 1) AND s.state = 'held' AND NOT s.recalled;

-- name: let_go
-- These held slices ($1) may be leased.
UPDATE slice SET state = 'ready' WHERE slice_id = ANY ($1::integer[]) AND state = 'held';

-- name: look_later
-- These held slices ($1) are looked at again then ($2).
UPDATE slice SET not_before = to_timestamp($2) WHERE slice_id = ANY ($1::integer[]) AND state = 'held';

-- name: part_slice
-- Some of a held slice ($1) as one of their own ($2: as an array), held until then ($3), or (null) to be leased.
INSERT INTO slice (campaign_id, carrier_no, variant, stage, resends, total, state, not_before, msisdns)
SELECT campaign_id, carrier_no, variant, stage, resends, cardinality($2::bigint[]),
       CASE WHEN $3::float8 IS NULL THEN 'ready' ELSE 'held' END, to_timestamp($3), $2
  FROM slice WHERE slice_id = $1;

-- name: parted
-- A held slice ($1) whose people are in others now.
WITH span AS (DELETE FROM slice_span WHERE slice_id = $1)
DELETE FROM slice WHERE slice_id = $1;

-- name: told_lately
-- People of campaign $1 who are let go and untold, or may have been told in the last $2 seconds.
SELECT coalesce(sum(total), 0)::bigint FROM slice
 WHERE campaign_id = $1 AND (state IN ('ready', 'leased') OR (state <> 'held' AND sent_until > clock_timestamp() - make_interval(secs => $2)));

-- name: held_people
-- How many of campaign $1 wait to be let go here, and when the first and the last are looked at.
SELECT coalesce(sum(total), 0)::bigint AS people, min(not_before) AS first, max(not_before) AS last
  FROM slice WHERE campaign_id = $1 AND state = 'held' AND not_before IS NOT NULL;
