-- name: doubts_to_look_at
-- Whether a parked receipt may settle a doubt that came after it: a new one, or one that is to be resent now.
SELECT EXISTS (SELECT FROM unmatched_receipt)
   AND EXISTS (SELECT FROM in_doubt AS d JOIN campaign AS c USING (campaign_id)
                WHERE d.ended_at IS NULL
                  AND (d.since > clock_timestamp() - interval '10 seconds'
                       OR (c.in_doubt_policy = 'resend' AND c.state = 'running'
                           AND d.since < clock_timestamp() - make_interval(secs => c.grace_s))));

-- name: resend_doubts
-- Campaigns that prefer a second copy to none: after the grace period their in-doubt recipients wait again, in slices
-- of $1 of their own; whoever was resent $2 times is not again, and nobody whose grace period is longer than the $3 s
-- for which settlement has kept up. A grace period is over when what came in it is settled: nothing closed may wait for
-- that. So do those who were refused and whose receipt, since it did not settle them meanwhile, was of another message.
-- Returns the campaigns.
WITH settled AS MATERIALIZED (
    SELECT CASE WHEN EXISTS (SELECT FROM receipt WHERE receipt.bucket = ledger_ring.bucket) THEN opened_at
                ELSE clock_timestamp() END AS until
      FROM ledger_ring
), overdue AS MATERIALIZED (
    SELECT d.slice_id, d.ordinal, d.campaign_id, d.carrier_no, d.msisdn
      FROM in_doubt AS d JOIN campaign AS c USING (campaign_id), settled
     WHERE d.ended_at IS NULL AND c.state = 'running' AND c.expires_at > clock_timestamp()
       AND (c.in_doubt_policy = 'resend' AND c.grace_s <= $3::float8
            AND d.since < settled.until - make_interval(secs => c.grace_s)
            OR d.reason = 'receipt_after_refusal' AND $3::float8 >= 30
               AND d.since < settled.until - interval '30 seconds')
       FOR UPDATE OF d
), often AS (
    SELECT campaign_id, carrier_no, msisdn FROM in_doubt JOIN overdue USING (campaign_id, carrier_no, msisdn)
     WHERE in_doubt.ended_as = 'resent'
     GROUP BY campaign_id, carrier_no, msisdn HAVING count(*) >= $2::integer
), due AS MATERIALIZED (
    SELECT * FROM overdue AS o
     WHERE NOT EXISTS (SELECT FROM often
                        WHERE often.campaign_id = o.campaign_id AND often.carrier_no = o.carrier_no
                          AND often.msisdn = o.msisdn)
), ended AS (
    UPDATE in_doubt SET ended_at = clock_timestamp(), ended_as = 'resent'
      FROM due WHERE in_doubt.slice_id = due.slice_id AND in_doubt.ordinal = due.ordinal
), made AS (
    INSERT INTO slice (campaign_id, carrier_no, total, resends, recalled, msisdns)
    SELECT campaign_id, carrier_no, count(*), true,
           (SELECT category <> 'emergency' FROM campaign AS c WHERE c.campaign_id = parted.campaign_id),
           array_agg(msisdn ORDER BY msisdn)
      FROM (SELECT *, (row_number() OVER (PARTITION BY campaign_id, carrier_no ORDER BY msisdn) - 1) / $1::integer AS part
              FROM due) AS parted
     GROUP BY campaign_id, carrier_no, part
), counted AS (
    INSERT INTO tally (campaign_id, carrier_no, shard, in_doubt, waiting)
    SELECT campaign_id, carrier_no, 0, -count(*), count(*) FROM due GROUP BY campaign_id, carrier_no
    ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
       SET in_doubt = tally.in_doubt + excluded.in_doubt, waiting = tally.waiting + excluded.waiting
)
SELECT campaign_id, count(*) AS recipients FROM due GROUP BY campaign_id;

-- name: end_waiting
-- Slices that nobody may send any more: what still waits in them is expired (law 5), or excluded by a cancel.
WITH over AS MATERIALIZED (
    SELECT s.slice_id, s.campaign_id, s.carrier_no, c.state = 'cancelled' AS cancelled,
           s.total - s.mark + bit_count(s.retry) AS recipients
      FROM campaign AS c
     CROSS JOIN LATERAL (SELECT * FROM slice WHERE campaign_id = c.campaign_id AND state = 'ready' FOR UPDATE SKIP LOCKED) AS s
     WHERE c.finished_at IS NULL
       AND (c.state = 'cancelled' OR (c.state IN ('running', 'paused') AND c.expires_at <= clock_timestamp()))
), ended AS (
    UPDATE slice SET state = CASE WHEN over.cancelled THEN 'cancelled' ELSE 'expired' END
      FROM over WHERE slice.slice_id = over.slice_id
)
INSERT INTO tally (campaign_id, carrier_no, shard, waiting, expired, excluded)
SELECT campaign_id, carrier_no, 0, -sum(recipients), coalesce(sum(recipients) FILTER (WHERE NOT cancelled), 0),
       coalesce(sum(recipients) FILTER (WHERE cancelled), 0)
  FROM over GROUP BY campaign_id, carrier_no
ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
   SET waiting = tally.waiting + excluded.waiting, expired = tally.expired + excluded.expired,
       excluded = tally.excluded + excluded.excluded;

-- name: overdue_campaigns
-- Campaigns that stop waiting for receipts: $1 seconds after their expiry.
SELECT campaign_id FROM campaign
 WHERE launched_at IS NOT NULL AND finished_at IS NULL
   AND expires_at < clock_timestamp() - make_interval(secs => $1);

-- name: close_open
-- Accepted recipients of a campaign that waits no longer are unknown, until a late receipt after all.
WITH closing AS (
    UPDATE open_submission SET closed = true WHERE campaign_id = $1 AND NOT closed
    RETURNING campaign_id, carrier_no, segment, segments)
INSERT INTO tally (campaign_id, carrier_no, shard, accepted, unknown)
SELECT campaign_id, carrier_no, 0, -count(*), count(*)
  FROM closing WHERE segment = 1 AND segments > 0 GROUP BY campaign_id, carrier_no
ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
   SET accepted = tally.accepted + excluded.accepted, unknown = tally.unknown + excluded.unknown;

-- name: close_doubts
-- In-doubt recipients of a campaign that waits no longer are unknown for good.
WITH closing AS (
    UPDATE in_doubt SET ended_at = clock_timestamp(), ended_as = 'closed'
     WHERE campaign_id = $1 AND ended_at IS NULL
    RETURNING campaign_id, carrier_no, slice_id, ordinal, segments
), kept AS (
    INSERT INTO outcome (settled_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_ids)
    SELECT clock_timestamp(), campaign_id, slice_id, ordinal, carrier_no, 4, segments, 'in_doubt', '' FROM closing
)
INSERT INTO tally (campaign_id, carrier_no, shard, in_doubt, unknown)
SELECT campaign_id, carrier_no, 0, -count(*), count(*) FROM closing GROUP BY campaign_id, carrier_no
ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
   SET in_doubt = tally.in_doubt + excluded.in_doubt, unknown = tally.unknown + excluded.unknown;

-- name: first_copies_parked
-- Whether receipts were parked for $1 s a moment ago, while somebody was resent or given up: they may be of a first copy.
SELECT EXISTS (SELECT FROM unmatched_receipt
                WHERE received_at BETWEEN clock_timestamp() - make_interval(secs => $1 + 30)
                                      AND clock_timestamp() - make_interval(secs => $1))
   AND EXISTS (SELECT FROM in_doubt WHERE ended_as IN ('resent', 'closed'));

-- name: keep_first_copies
-- Receipts that name somebody who was resent or given up, and that no submission claimed for $1 s: they are of the copy
-- that the recipient's own row does not speak for. One whose id a late answer told belongs to that doubt. Those that may
-- be of a doubt that still waits, of another campaign or of the second copy, stay for it.
WITH ended AS MATERIALIZED (
    SELECT d.slice_id, d.ordinal, d.carrier_no, d.msisdn, d.since, d.first_ids, c.launched_at
      FROM in_doubt AS d JOIN campaign AS c USING (campaign_id) WHERE d.ended_as IN ('resent', 'closed')
), meant AS MATERIALIZED (
    SELECT DISTINCT ON (r.ctid) r.ctid AS place, e.slice_id, e.ordinal, r.carrier_no, r.state, r.smsc_id
      FROM unmatched_receipt AS r
      JOIN ended AS e ON e.carrier_no = r.carrier_no AND e.msisdn = r.msisdn AND r.received_at >= e.launched_at
     WHERE r.received_at < clock_timestamp() - make_interval(secs => $1)
       AND NOT EXISTS (SELECT FROM in_doubt AS o
                        WHERE o.ended_at IS NULL AND o.carrier_no = r.carrier_no AND o.msisdn = r.msisdn)
     ORDER BY r.ctid, r.smsc_id <> ALL (string_to_array(e.first_ids, ' ')), e.since
), summed AS (
    SELECT slice_id, ordinal, min(state) AS state, array_agg(smsc_id ORDER BY smsc_id) AS ids
      FROM meant GROUP BY slice_id, ordinal
), kept AS (
    UPDATE in_doubt AS d
       SET first_state = least(d.first_state, s.state),
           first_ids = concat_ws(' ', nullif(d.first_ids, ''),
                                 (SELECT string_agg(DISTINCT id, ' ') FROM unnest(s.ids) AS id
                                   WHERE id <> ALL (string_to_array(d.first_ids, ' '))))
      FROM summed AS s WHERE d.slice_id = s.slice_id AND d.ordinal = s.ordinal
), used AS (
    DELETE FROM unmatched_receipt WHERE ctid = ANY (ARRAY (SELECT place FROM meant)) RETURNING carrier_no
)
INSERT INTO carrier_tally (carrier_no, shard, matched)
SELECT carrier_no, 0, count(*) FROM used GROUP BY carrier_no
ON CONFLICT (carrier_no, shard) DO UPDATE SET matched = carrier_tally.matched + excluded.matched;

-- name: finish_campaigns
-- Launched campaigns in which every recipient is at its end; a cancelled one keeps its state.
WITH over AS (
    SELECT campaign_id FROM campaign JOIN tally USING (campaign_id)
     WHERE launched_at IS NOT NULL AND finished_at IS NULL
     GROUP BY campaign_id HAVING sum(waiting) = 0 AND sum(in_doubt) = 0 AND sum(accepted) = 0
), finished AS (
    UPDATE campaign SET finished_at = clock_timestamp(),
                        state = CASE WHEN state = 'cancelled' THEN state ELSE 'finished' END
      FROM over WHERE campaign.campaign_id = over.campaign_id
    RETURNING campaign.campaign_id)
INSERT INTO campaign_event (campaign_id, actor, event)
SELECT campaign_id, 'broadcast', 'finished' FROM finished
RETURNING campaign_id;
