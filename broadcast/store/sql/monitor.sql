-- name: gauge_recipients
-- Recipients that are not at their end, of campaigns that are not finished, per carrier.
SELECT campaign_id, carrier_no, sum(waiting)::bigint AS waiting, sum(in_doubt)::bigint AS in_doubt,
       sum(accepted)::bigint AS accepted
  FROM tally JOIN campaign USING (campaign_id)
 WHERE launched_at IS NOT NULL AND finished_at IS NULL
 GROUP BY campaign_id, carrier_no;

-- name: gauge_unmatched
-- Final receipts whose submission is not known.
SELECT coalesce(sum(receipts), 0)::bigint FROM parked;

-- name: gauge_audits
-- What the last audit of each campaign found: of those audited in the last $1 seconds, and of any that does not balance.
SELECT campaign_id, differences
  FROM (SELECT DISTINCT ON (campaign_id) campaign_id, at, (details->>'differences')::integer AS differences
          FROM campaign_event WHERE event = 'audited' ORDER BY campaign_id, event_no DESC) AS last
 WHERE differences > 0 OR at > clock_timestamp() - make_interval(secs => $1);
