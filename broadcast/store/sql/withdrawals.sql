-- name: withdrawals_due
-- Cancelled campaigns of which carriers ($1: numbers) may still hold something: receipts are awaited, or ended a moment ago.
SELECT c.campaign_id, c.sender, each.carrier_no
  FROM campaign AS c CROSS JOIN unnest($1::smallint[]) AS each (carrier_no)
 WHERE c.state = 'cancelled' AND c.launched_at IS NOT NULL AND c.closed_at IS NULL
   AND (c.finished_at IS NULL OR c.finished_at > clock_timestamp() - interval '10 minutes')
   AND NOT EXISTS (SELECT FROM archive AS a WHERE a.campaign_id = c.campaign_id)
   AND NOT EXISTS (SELECT FROM withdrawal AS w
                    WHERE w.campaign_id = c.campaign_id AND w.carrier_no = each.carrier_no AND w.gave_up IS NOT NULL)
 ORDER BY c.priority DESC, c.campaign_id;

-- name: withdrawals_begin
-- Carrier $2 is asked for what it holds of campaign $1.
INSERT INTO withdrawal (campaign_id, carrier_no) VALUES ($1, $2) ON CONFLICT (campaign_id, carrier_no) DO NOTHING;

-- name: withdrawals_slices
-- Slices of campaign $1 at carrier $2 that nobody sends from any more, and of whose people something may still be asked
-- back: nobody has, or not for all, or somebody was in doubt then.
SELECT s.slice_id
  FROM slice AS s
 WHERE s.campaign_id = $1 AND s.carrier_no = $2::smallint AND s.state <> 'leased' AND s.mark > 0
   AND NOT EXISTS (
       SELECT FROM withdrawn AS w
        WHERE w.slice_id = s.slice_id AND w.through
          AND NOT EXISTS (SELECT FROM in_doubt AS d WHERE d.slice_id = s.slice_id AND d.ended_at > w.seen_at));

-- name: withdrawals_claim
-- Whether this session is to ask for slice $1, and nobody else: not if somebody has, since it was looked for.
SELECT NOT EXISTS (
           SELECT FROM withdrawn AS w
            WHERE w.slice_id = $1::integer AND w.through
              AND NOT EXISTS (SELECT FROM in_doubt AS d WHERE d.slice_id = w.slice_id AND d.ended_at > w.seen_at))
       AND pg_try_advisory_lock(:withdrawing_lock, $1::integer);

-- name: withdrawals_release
-- Another may ask for slice $1.
SELECT pg_advisory_unlock(:withdrawing_lock, $1::integer);

-- name: withdrawals_keep
-- What asking for slice $1 brought, in place of what was known, and the sums. $2: campaign; $3: carrier; $4: when its rows
-- were read; $5 to $8: as in the table.
WITH before AS (
    SELECT withdrawn, not_withdrawn FROM withdrawn WHERE slice_id = $1
), kept AS (
    INSERT INTO withdrawn (slice_id, campaign_id, carrier_no, seen_at, through, withdrawn, not_withdrawn, packed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (slice_id) DO UPDATE
       SET seen_at = excluded.seen_at, through = excluded.through, withdrawn = excluded.withdrawn,
           not_withdrawn = excluded.not_withdrawn, packed = excluded.packed
)
INSERT INTO withdrawal (campaign_id, carrier_no, withdrawn, not_withdrawn)
VALUES ($2, $3, $6::integer - coalesce((SELECT withdrawn FROM before), 0),
        $7::integer - coalesce((SELECT not_withdrawn FROM before), 0))
ON CONFLICT (campaign_id, carrier_no) DO UPDATE
   SET withdrawn = withdrawal.withdrawn + excluded.withdrawn,
       not_withdrawn = withdrawal.not_withdrawn + excluded.not_withdrawn;

-- name: withdrawals_give_up
-- Nothing more is asked of carrier $2 for campaign $1, and why ($3). Returns whether nobody had said so.
INSERT INTO withdrawal (campaign_id, carrier_no, gave_up) VALUES ($1, $2, $3)
ON CONFLICT (campaign_id, carrier_no) DO UPDATE SET gave_up = excluded.gave_up WHERE withdrawal.gave_up IS NULL
RETURNING true;

-- name: withdrawals_told
-- Per carrier that is asked what that brought of a cancelled campaign, and how many people at most are not asked for: of
-- those whom their SMSC accepted and who wait for receipts, those in slices that are not through.
SELECT carrier.name AS carrier, w.withdrawn, w.not_withdrawn, w.gave_up,
       CASE WHEN w.gave_up IS NULL THEN least(
           (SELECT sum(accepted) FROM tally AS t WHERE t.campaign_id = w.campaign_id AND t.carrier_no = w.carrier_no),
           (SELECT coalesce(sum(bit_count(s.answered)), 0) FROM slice AS s
             WHERE s.campaign_id = w.campaign_id AND s.carrier_no = w.carrier_no
               AND NOT EXISTS (SELECT FROM withdrawn AS d WHERE d.slice_id = s.slice_id AND d.through))) END::bigint AS to_ask
  FROM withdrawal AS w JOIN carrier USING (carrier_no)
 WHERE w.campaign_id = $1
 ORDER BY carrier.carrier_no;

-- name: withdrawals_differ
-- By how many people the sums of campaign $1 differ from those of its rows, per carrier at which they do.
SELECT carrier_no, abs(w.withdrawn - c.withdrawn) + abs(w.not_withdrawn - c.not_withdrawn) AS recipients
  FROM withdrawal AS w CROSS JOIN LATERAL (
       SELECT coalesce(sum(d.withdrawn), 0)::bigint AS withdrawn, coalesce(sum(d.not_withdrawn), 0)::bigint AS not_withdrawn
         FROM withdrawn AS d WHERE d.campaign_id = w.campaign_id AND d.carrier_no = w.carrier_no) AS c
 WHERE w.campaign_id = $1 AND (w.withdrawn, w.not_withdrawn) <> (c.withdrawn, c.not_withdrawn)
 ORDER BY carrier_no;

-- name: withdrawals_drop
-- What was asked back of an archived campaign; its sums stay.
DELETE FROM withdrawn WHERE slice_id = ANY (ARRAY (SELECT slice_id FROM slice WHERE campaign_id = $1));
