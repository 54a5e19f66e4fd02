-- name: handset_times
-- How soon receipts came, by carrier, of the newest campaigns first.
SELECT carrier.name AS carrier, known, within
  FROM handset_time JOIN carrier USING (carrier_no) ORDER BY launched_at DESC, campaign_id DESC;

-- name: handset_time_wanted
-- The newest of the last $1 launched campaigns of which it was not noted how soon its receipts came, or not to the end: it
-- is finished, or everybody was sent to and hardly a receipt is missing.
SELECT campaign_id, launched_at, final
  FROM (SELECT campaign_id, launched_at, finished_at IS NOT NULL AS final FROM campaign
         WHERE launched_at IS NOT NULL ORDER BY launched_at DESC LIMIT $1) AS c
 CROSS JOIN LATERAL (SELECT sum(waiting) AS waiting, sum(accepted) AS open, sum(delivered) AS delivered
                       FROM tally WHERE tally.campaign_id = c.campaign_id) AS counted
 WHERE campaign_id <> ALL ($2::integer[])
   AND NOT EXISTS (SELECT FROM handset_time AS h WHERE h.campaign_id = c.campaign_id AND (h.final OR NOT c.final))
   AND (c.final OR waiting = 0 AND delivered > 0 AND open <= delivered / 20)
 ORDER BY launched_at DESC LIMIT 1;

-- name: handset_time_unknown
-- Recipients of campaign $1, by carrier, of whom no receipt told.
SELECT carrier.name AS carrier, sum(unknown)::bigint AS recipients
  FROM tally JOIN carrier USING (carrier_no) WHERE campaign_id = $1 GROUP BY carrier.name;

-- name: handset_time_note
-- How soon the receipts of campaign $1 came: its launch ($2), whether that is final ($3); carriers by name ($4), with the
-- recipients known ($5) and by seconds ($6: JSON).
INSERT INTO handset_time (campaign_id, carrier_no, launched_at, final, known, within)
SELECT $1, carrier_no, $2, $3, known, within::jsonb
  FROM unnest($4::text[], $5::bigint[], $6::text[]) AS said (name, known, within) JOIN carrier USING (name)
ON CONFLICT (campaign_id, carrier_no)
DO UPDATE SET final = excluded.final, known = excluded.known, within = excluded.within;

-- name: handset_time_forget
-- Only the newest $1 of each carrier are kept.
DELETE FROM handset_time
 USING (SELECT campaign_id, carrier_no,
               row_number() OVER (PARTITION BY carrier_no ORDER BY launched_at DESC, campaign_id DESC) AS age
          FROM handset_time) AS aged
 WHERE handset_time.campaign_id = aged.campaign_id AND handset_time.carrier_no = aged.carrier_no AND age > $1;

-- name: forecast_running
-- What running campaigns but $1 have yet to send, by carrier.
SELECT campaign_id, carrier.name AS carrier, category, status, priority, plan, rules, expires_at,
       campaign.segments,
       sum(waiting)::bigint AS waiting
  FROM campaign JOIN tally USING (campaign_id) JOIN carrier USING (carrier_no)
 WHERE state = 'running' AND finished_at IS NULL AND expires_at > clock_timestamp() AND campaign_id <> $1
 GROUP BY campaign_id, carrier.name HAVING sum(waiting) > 0 ORDER BY campaign_id, carrier.name;

-- name: forecast_spent
-- Segments that SMSCs accepted of campaigns launched since $1, by carrier, and who of those that still run or stand is yet
-- to be sent to.
SELECT campaign_id, carrier.name AS carrier, alphabet, campaign.segments AS each, sum(tally.segments)::bigint AS segments,
       coalesce(sum(waiting) FILTER (WHERE state IN ('running', 'paused') AND expires_at > clock_timestamp()), 0)::bigint
           AS waiting
  FROM campaign JOIN tally USING (campaign_id) JOIN carrier USING (carrier_no)
 WHERE launched_at >= $1
 GROUP BY campaign_id, carrier.name ORDER BY campaign_id, carrier.name;

-- name: forecasts_kept
-- What was foreseen of campaigns ($1) when they were launched.
SELECT campaign_id, details->'foreseen' AS foreseen
  FROM campaign_event WHERE campaign_id = ANY ($1::integer[]) AND event = 'launched' AND details ? 'foreseen';

-- name: launch_counts
-- Who is to be sent to of campaign $1, by carrier and message, as its launch has them.
SELECT carrier.name AS carrier, variant, sum(total)::bigint AS recipients
  FROM slice JOIN carrier USING (carrier_no) WHERE campaign_id = $1
 GROUP BY carrier.name, variant ORDER BY carrier.name, variant;

-- name: launch_held
-- Who of them is held until a moment.
SELECT carrier.name AS carrier, variant, extract(epoch FROM not_before)::float8 AS at, sum(total)::bigint AS recipients
  FROM slice JOIN carrier USING (carrier_no) WHERE campaign_id = $1 AND state = 'held' AND isfinite(not_before)
 GROUP BY carrier.name, variant, not_before;

-- name: may_read_numbers
-- Whether who asks may read those that caps are read from.
SELECT has_column_privilege('slice', 'msisdns', 'SELECT') AND has_column_privilege('list_member', 'msisdns', 'SELECT')
   AND has_column_privilege('subscriber', 'msisdn', 'SELECT');

-- name: billed_campaigns
-- Campaigns that may have sent to carrier $1 from $2 until $3, in the order of their launches.
SELECT campaign_id, name, alphabet FROM campaign
 WHERE $1 = ANY (carriers) AND launched_at < $3 AND coalesce(finished_at, expires_at) >= $2
 ORDER BY launched_at;

-- name: billed_tally
-- Segments of campaign $1 that carrier $2 accepted, all copies.
SELECT coalesce(sum(tally.segments), 0)::bigint
  FROM tally JOIN carrier USING (carrier_no) WHERE campaign_id = $1 AND carrier.name = $2;
