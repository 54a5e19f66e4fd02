-- name: archive_place
-- Where a campaign's recipients are, with the sum that they must have; no row: still in the database.
SELECT place, recipients, checksum FROM archive WHERE campaign_id = $1;

-- name: archive_claim
-- Wait until no resolver is amid a commit, and keep them away for this transaction.
SELECT pg_advisory_xact_lock(:closing_lock);

-- name: archive_mark
-- Say where the recipients of a campaign are now.
SELECT tend_archived($1, $2, $3, $4);

-- name: archive_move
-- The files of an archived campaign are elsewhere now.
SELECT tend_archive_moved($1, $2);
