-- name: corrected_here
-- What this database knows of campaign $1, which is to be corrected. No row: nothing.
SELECT state, EXISTS (SELECT FROM archive AS a WHERE a.campaign_id = c.campaign_id) AS archived
  FROM campaign AS c WHERE campaign_id = $1;

-- name: corrected_leased
-- Whether a worker that lives has some of campaign $1 in its hands.
SELECT EXISTS (SELECT FROM slice AS s JOIN worker AS w USING (worker_no)
                WHERE s.campaign_id = $1 AND s.state = 'leased' AND w.ended_at IS NULL AND w.expires_at > clock_timestamp());

-- name: corrected_slices
-- Slices of campaign $1 at carriers $2 from which somebody was sent to; in order. Not those of who was sent to again: they
-- are in doubt where they were before.
SELECT slice_id, variant, total FROM slice
 WHERE campaign_id = $1 AND carrier_no = ANY($2::smallint[]) AND mark > 0 AND NOT resends
 ORDER BY carrier_no, slice_id;

-- name: opted_out_since
-- Who has opted out since $1, as array_send gives them.
SELECT array_send(array_agg(msisdn)) AS msisdns FROM subscriber WHERE opted_out_at >= $1 GROUP BY hash_bucket;

-- name: strangers_out_since
-- The same of who is no subscriber.
SELECT array_send(array_agg(DISTINCT msisdn)) AS msisdns FROM opt_out WHERE stranger AND at >= $1 GROUP BY msisdn % 64;

-- name: corrections
-- The name of a launched correction of campaign $1 that is not cancelled, if there is one.
SELECT name FROM campaign
 WHERE corrects = $1 AND launched_at IS NOT NULL AND state <> 'cancelled' ORDER BY campaign_id LIMIT 1;
