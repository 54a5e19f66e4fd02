-- name: archive_place
-- Where a campaign's recipients are, with the sum that they must have; no row: still in the database.
SELECT place, recipients, checksum FROM archive WHERE campaign_id = $1;

-- name: archive_claim
-- Wait until no resolver is amid a commit, and keep them away for this transaction.
SELECT pg_advisory_xact_lock(:closing_lock);

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
