-- name: archive_campaign
-- A campaign as it is archived.
SELECT * FROM campaign WHERE campaign_id = $1;

-- name: archive_place
-- Where a campaign's recipients are, with the sum that they must have; no row: still in the database.
SELECT place, recipients, checksum FROM archive WHERE campaign_id = $1;

-- name: archive_sums
-- A campaign's recipients counted and summed per carrier and state, and what form their SMSC ids have.
SELECT carrier_no, carrier.name AS carrier, r.state, count(*) AS recipients, sum(row_hash) AS checksum,
       count(settled) AS settled, max(coalesce(array_length(string_to_array(smsc_ids, ' '), 1), 0)) AS parts,
       bool_and(smsc_ids = '' OR smsc_ids ~ '^(0|[1-9][0-9]{0,17})( (0|[1-9][0-9]{0,17}))*$') AS decimals,
       bool_and(smsc_ids = '' OR smsc_ids ~
           '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}( [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})*$') AS uuids
  FROM archive_recipients($1) AS r JOIN carrier USING (carrier_no)
 GROUP BY carrier_no, carrier.name, r.state ORDER BY carrier_no, r.state;

-- name: archive_rows
-- A campaign's recipients in the order of the archive.
SELECT carrier_no, slice_id, ordinal, msisdn, state, segments, submitted, settled, err, smsc_ids
  FROM archive_recipients($1) ORDER BY carrier_no, slice_id NULLS LAST, ordinal, msisdn;

-- name: archive_doubts
-- Everyone who was ever in doubt, with how it ended.
SELECT carrier.name AS carrier, slice_id, ordinal::integer, msisdn, segments::integer, reason, since, ended_at, ended_as,
       first_state, first_ids
  FROM in_doubt JOIN carrier USING (carrier_no) WHERE campaign_id = $1 ORDER BY carrier_no, slice_id, ordinal;

-- name: archive_events
-- What was done to a campaign.
SELECT at, actor, event, details FROM campaign_event WHERE campaign_id = $1 ORDER BY event_no;

-- name: archive_claim
-- Wait until nothing settles, and keep it so for this transaction.
SELECT pg_advisory_xact_lock(7101);

-- name: archive_drop_outcomes
-- The final rows of an archived campaign; returns how many there were.
WITH gone AS (DELETE FROM outcome WHERE campaign_id = $1 RETURNING 1) SELECT count(*) FROM gone;

-- name: archive_drop_slices
-- The audience of an archived campaign.
WITH gone AS (DELETE FROM slice WHERE campaign_id = $1 RETURNING slice_id)
DELETE FROM slice_span USING gone WHERE slice_span.slice_id = gone.slice_id;

-- name: archive_drop_exclusions
-- Who was left out of an archived campaign.
DELETE FROM exclusion WHERE campaign_id = $1;

-- name: archive_drop_doubts
-- The in-doubt history of an archived campaign.
DELETE FROM in_doubt WHERE campaign_id = $1;

-- name: archive_drop_open
-- Submissions of an archived campaign that will see no receipt any more.
DELETE FROM open_submission WHERE campaign_id = $1;

-- name: archive_drop_journal
-- Submissions of an archived campaign that are not settled: copies that count no more.
DELETE FROM submission WHERE campaign_id = $1;

-- name: archive_mark
-- Say where the recipients of a campaign are now.
INSERT INTO archive (campaign_id, place, recipients, checksum, archived_by) VALUES ($1, $2, $3, $4, $5);

-- name: archive_move
-- The files of an archived campaign are elsewhere now.
UPDATE archive SET place = $2 WHERE campaign_id = $1;

-- name: archive_event
-- Remember who archived it, and where to.
INSERT INTO campaign_event (campaign_id, actor, event, details)
VALUES ($1, $2, 'archived', jsonb_build_object('place', $3::text));
