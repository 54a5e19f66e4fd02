-- name: archive_counted_until
-- Until when a cap counts what campaign $1 told here, if that is not over: one under which an alert of its category was or is
-- sent, or another of so many seconds ($2). No row: none does.
SELECT told.at + make_interval(secs => greatest(longest.seconds, $2::float8)) AS until
  FROM (SELECT max(sent_until) AS at FROM slice WHERE campaign_id = $1) AS told
 CROSS JOIN (SELECT max((cap.value->>1)::float8) AS seconds
               FROM campaign AS own JOIN campaign AS c USING (category)
              CROSS JOIN LATERAL jsonb_array_elements(c.rules->'caps') AS cap
              WHERE own.campaign_id = $1 AND (c.campaign_id = $1 OR (c.state IN ('running', 'paused') AND c.finished_at IS NULL))
            ) AS longest
 WHERE told.at + make_interval(secs => greatest(longest.seconds, $2::float8)) > clock_timestamp();

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
