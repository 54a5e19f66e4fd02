-- name: gauge_recipients
-- Recipients that are not at their end, of campaigns that are not finished, per carrier.
SELECT campaign_id, carrier_no, sum(waiting)::bigint AS waiting, sum(in_doubt)::bigint AS in_doubt,
       sum(accepted)::bigint AS accepted
  FROM tally JOIN campaign USING (campaign_id)
 WHERE launched_at IS NOT NULL AND finished_at IS NULL
 GROUP BY campaign_id, carrier_no;

-- name: gauge_unmatched
-- Final receipts whose submission is not known.
SELECT count(*) FROM unmatched_receipt;
