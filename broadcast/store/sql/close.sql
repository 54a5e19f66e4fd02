-- name: tidier_claim
-- One that tidies at a time, for this transaction.
SELECT pg_try_advisory_xact_lock(:tidying_lock);

-- name: closing_claim
-- Wait until no resolver is amid a commit, and keep them away for this transaction: what they end is accepted or unknown by
-- whether its campaign is closed.
SELECT pg_advisory_xact_lock(:closing_lock);

-- name: resolver_lags
-- Per carrier for how many seconds receipts may lie here unresolved. A resolver that never was: longer than any grace.
SELECT carrier_no, extract(epoch FROM clock_timestamp() - greatest(resolved_until, 'epoch'))::float8 AS lag_s FROM resolver;

-- name: resend_doubts
-- Campaigns that prefer a second copy to none: after the grace period their in-doubt recipients wait again, in slices
-- of $1 of their own; whoever was resent $2 times is not again, and each hears the message that they were sent. A grace period is over when what came in it is resolved,
-- and it is no longer than its carrier ($3) has been steady ($4: seconds). So do those who were refused and whose receipt,
-- since it did not settle them within $5 seconds, was of another message.
WITH overdue AS MATERIALIZED (
    SELECT d.slice_id, d.ordinal, d.campaign_id, d.carrier_no, d.msisdn
      FROM in_doubt AS d
      JOIN campaign AS c USING (campaign_id)
      JOIN resolver AS r USING (carrier_no)
      JOIN unnest($3::smallint[], $4::float8[]) AS seen (carrier_no, steady_s) USING (carrier_no)
     WHERE d.ended_at IS NULL AND c.state = 'running' AND c.expires_at > clock_timestamp()
       AND (c.in_doubt_policy = 'resend' AND c.grace_s <= steady_s
            AND d.since < r.resolved_until - make_interval(secs => c.grace_s)
            OR d.reason = 'receipt_after_refusal' AND steady_s >= $5
               AND d.since < r.resolved_until - make_interval(secs => $5))
       FOR UPDATE OF d
), often AS (
    SELECT campaign_id, carrier_no, msisdn FROM in_doubt JOIN overdue USING (campaign_id, carrier_no, msisdn)
     WHERE in_doubt.ended_as = 'resent'
     GROUP BY campaign_id, carrier_no, msisdn HAVING count(*) >= $2::integer
), due AS MATERIALIZED (
    SELECT *, (SELECT variant FROM slice WHERE slice.slice_id = o.slice_id) AS variant FROM overdue AS o
     WHERE NOT EXISTS (SELECT FROM often
                        WHERE often.campaign_id = o.campaign_id AND often.carrier_no = o.carrier_no
                          AND often.msisdn = o.msisdn)
), ended AS (
    UPDATE in_doubt SET ended_at = clock_timestamp(), ended_as = 'resent'
      FROM due WHERE in_doubt.slice_id = due.slice_id AND in_doubt.ordinal = due.ordinal
), made AS (
    INSERT INTO slice (campaign_id, carrier_no, variant, total, resends, state, recalled, msisdns)
    SELECT campaign_id, carrier_no, variant, count(*), true, -- a second message counts as one: held, it is looked at first
           (SELECT CASE WHEN coalesce(rules, '{}') = '{}' THEN 'ready' ELSE 'held' END
              FROM campaign AS c WHERE c.campaign_id = parted.campaign_id),
           (SELECT NOT hears_opted_out FROM campaign AS c WHERE c.campaign_id = parted.campaign_id),
           array_agg(msisdn ORDER BY msisdn)
      FROM (SELECT *, (row_number() OVER (PARTITION BY campaign_id, carrier_no, variant ORDER BY msisdn) - 1) / $1::integer AS part
              FROM due) AS parted
     GROUP BY campaign_id, carrier_no, variant, part
)
SELECT add_to_tallies(shard => 0, campaigns => array_agg(campaign_id), carriers => array_agg(carrier_no),
                      in_doubt => array_agg(-recipients), waiting => array_agg(recipients))
  FROM (SELECT campaign_id, carrier_no, count(*) AS recipients FROM due GROUP BY campaign_id, carrier_no) AS counted
HAVING count(*) > 0;

-- name: end_waiting
-- Slices that nobody may send any more: what still waits in them is expired (law 5), or excluded by a cancel.
SELECT tend_end_waiting();

-- name: overdue_campaigns
-- Campaigns that stop waiting for receipts, $1 seconds after their expiry, or that waited no longer when somebody was
-- accepted, or in doubt, after all.
SELECT campaign_id FROM campaign AS c
 WHERE launched_at IS NOT NULL AND finished_at IS NULL
   AND expires_at < clock_timestamp() - make_interval(secs => $1)
   AND (closed_at IS NULL
        OR (SELECT sum(accepted) FROM tally AS t WHERE t.campaign_id = c.campaign_id) <> 0
        OR EXISTS (SELECT FROM in_doubt AS d WHERE d.campaign_id = c.campaign_id AND d.ended_at IS NULL));

-- name: mark_closed
-- A campaign waits for receipts no longer.
SELECT tend_close($1);

-- name: close_campaign
-- Accepted recipients of a campaign that waits no longer are unknown, and so are those in doubt, until a late receipt
-- after all.
WITH given_up AS (
    UPDATE in_doubt SET ended_at = clock_timestamp(), ended_as = 'closed'
     WHERE campaign_id = $1 AND ended_at IS NULL
    RETURNING carrier_no
), changed AS (
    SELECT carrier_no, sum(accepted)::bigint AS accepted, 0::bigint AS in_doubt FROM tally WHERE campaign_id = $1
     GROUP BY carrier_no
    UNION ALL
    SELECT carrier_no, 0, count(*) FROM given_up GROUP BY carrier_no
)
SELECT add_to_tallies(shard => 0, campaigns => array_agg($1::integer), carriers => array_agg(carrier_no),
                      in_doubt => array_agg(-in_doubt), accepted => array_agg(-accepted),
                      unknown => array_agg(accepted + in_doubt))
  FROM changed WHERE accepted <> 0 OR in_doubt <> 0
HAVING count(*) > 0;

-- name: finish_campaigns
-- Launched campaigns in which every recipient is at its end. Gives their numbers.
SELECT campaign_id FROM tend_finish() AS finished (campaign_id);

-- name: chain_acts
-- Entries of the audit chain that nobody chained yet.
SELECT tend_chain();
