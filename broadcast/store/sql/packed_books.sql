-- name: packed_left_out
-- How many recipients of a campaign were left out before the launch, per carrier.
SELECT carrier_no, sum(cardinality(msisdns))::bigint AS recipients
  FROM exclusion WHERE campaign_id = $1 GROUP BY carrier_no ORDER BY carrier_no;

-- name: packed_left_out_people
-- Who of carrier $2 was left out of campaign $1 before the launch, and why.
SELECT msisdn, reason FROM exclusion CROSS JOIN LATERAL unnest(msisdns) AS msisdn
 WHERE campaign_id = $1 AND carrier_no = $2::smallint ORDER BY msisdn, reason;

-- name: packed_exclusions
-- Why recipients were left out, per carrier; what a cancel left unsent is a reason too.
SELECT carrier.name AS carrier, reason, sum(recipients)::bigint AS recipients
  FROM (SELECT carrier_no, reason, cardinality(msisdns) AS recipients FROM exclusion WHERE campaign_id = $1
        UNION ALL
        SELECT carrier_no, 'cancelled', total - mark + bit_count(retry) FROM slice
         WHERE campaign_id = $1 AND state = 'cancelled') AS left_out
  JOIN carrier USING (carrier_no)
 GROUP BY carrier.carrier_no, carrier.name, reason HAVING sum(recipients) > 0
 ORDER BY carrier.carrier_no, reason;

-- name: packed_never_sent
-- Recipients of a campaign that expired and never left us, per carrier.
SELECT carrier.name AS carrier, sum(total - mark + bit_count(retry))::bigint AS recipients
  FROM slice JOIN carrier USING (carrier_no)
 WHERE campaign_id = $1 AND slice.state = 'expired'
 GROUP BY carrier.name;

-- name: packed_drop_sent
-- What was answered for an archived campaign; returns how many rows there were.
WITH gone AS (
    DELETE FROM sent WHERE slice_id = ANY (ARRAY (SELECT slice_id FROM slice WHERE campaign_id = $1)) RETURNING 1
) SELECT count(*) FROM gone;

-- name: packed_drop_results
-- What receipts said of an archived campaign; returns how many rows there were.
WITH gone AS (
    DELETE FROM result WHERE slice_id = ANY (ARRAY (SELECT slice_id FROM slice WHERE campaign_id = $1)) RETURNING 1
) SELECT count(*) FROM gone;

-- name: packed_drop_finals
-- The final rows that an archived campaign has of the ledger before this one; returns how many there were.
WITH gone AS (
    DELETE FROM outcome WHERE slice_id = ANY (ARRAY (SELECT slice_id FROM slice WHERE campaign_id = $1)) RETURNING 1
) SELECT count(*) FROM gone;

-- name: packed_drop_slices
-- The audience of an archived campaign.
WITH gone AS (DELETE FROM slice WHERE campaign_id = $1 RETURNING slice_id)
DELETE FROM slice_span USING gone WHERE slice_span.slice_id = gone.slice_id;

-- name: packed_drop_exclusions
-- Who was left out of an archived campaign.
DELETE FROM exclusion WHERE campaign_id = $1;
