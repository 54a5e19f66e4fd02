-- name: first_shares
-- At home: running campaigns whose first share goes ahead, as long as others are held behind it, in a ledger too. paced: a
-- share is let go bit by bit.
SELECT c.campaign_id, c.name, c.plan->>'canary' AS canary, c.rules->>'people_per_hour' IS NOT NULL AS paced,
       extract(epoch FROM clock_timestamp())::float8 AS now
  FROM campaign AS c
 WHERE c.state = 'running' AND c.launched_at IS NOT NULL AND c.finished_at IS NULL AND c.expires_at > clock_timestamp()
   AND c.plan ? 'canary' AND coalesce(c.stage, 0) = 0 AND NOT EXISTS (SELECT FROM identity WHERE ledger IS NOT NULL)
   AND (EXISTS (SELECT FROM slice WHERE slice.campaign_id = c.campaign_id AND slice.state = 'held' AND slice.stage > 0)
        OR EXISTS (SELECT FROM campaign_part AS p LEFT JOIN first_share AS f USING (campaign_id, ledger)
                    WHERE p.campaign_id = c.campaign_id AND p.finished_at IS NULL
                      AND coalesce((f.figures->>'behind')::bigint, 1) > 0))
 ORDER BY c.campaign_id;

-- name: first_shares_here
-- In a ledger that is not home: copies of which home is to hear how their first share goes, until it has ended; of one that
-- is over once more.
SELECT c.campaign_id, c.rules->>'people_per_hour' IS NOT NULL AS paced, clock_timestamp() AS now
  FROM campaign AS c
 WHERE c.plan ? 'canary' AND coalesce(c.stage, 0) = 0 AND c.control_no > 0
   AND EXISTS (SELECT FROM identity WHERE ledger IS NOT NULL)
   AND (c.finished_at IS NULL
        OR NOT EXISTS (SELECT FROM first_share AS f
                        WHERE f.campaign_id = c.campaign_id AND f.ledger = '' AND f.at >= c.finished_at))
 ORDER BY c.campaign_id;

-- name: first_share_figures
-- Campaign $1 by carrier, as its tallies are: all but those who are held, who are not of the share, or (unless it is $2)
-- are so by a cap. Until the rest is let go nobody else was sent to. last_sent, behind (who is held behind it): the same in
-- every row.
WITH held AS (
    SELECT carrier_no, coalesce(sum(total) FILTER (WHERE stage > 0 OR NOT $2::boolean), 0)::bigint AS recipients,
           coalesce(sum(total) FILTER (WHERE stage > 0), 0)::bigint AS behind
      FROM slice WHERE campaign_id = $1 AND state = 'held' GROUP BY carrier_no
)
SELECT carrier.name AS carrier, greatest(t.waiting - coalesce(held.recipients, 0), 0) AS waiting, t.in_doubt, t.accepted,
       t.unknown, t.rejected, t.undeliverable, t.delivered,
       (SELECT extract(epoch FROM max(sent_until))::float8 FROM slice WHERE campaign_id = $1 AND state <> 'held') AS last_sent,
       (SELECT coalesce(sum(behind), 0)::bigint FROM held) AS behind
  FROM (SELECT carrier_no, sum(waiting)::bigint AS waiting, sum(in_doubt)::bigint AS in_doubt,
               sum(accepted)::bigint AS accepted, sum(unknown)::bigint AS unknown, sum(rejected)::bigint AS rejected,
               sum(undeliverable)::bigint AS undeliverable, sum(delivered)::bigint AS delivered
          FROM tally WHERE campaign_id = $1 GROUP BY carrier_no) AS t
  JOIN carrier USING (carrier_no) LEFT JOIN held USING (carrier_no)
 ORDER BY carrier.name;

-- name: keep_first_share
-- Of campaign $1 in ledger $2 ('': this one), as that was at $3 by its clock ($4), unless what is known is newer.
INSERT INTO first_share AS f (campaign_id, ledger, at, heard_at, figures) VALUES ($1, $2, $3, clock_timestamp(), $4)
ON CONFLICT (campaign_id, ledger) DO UPDATE SET at = excluded.at, heard_at = excluded.heard_at, figures = excluded.figures
 WHERE f.at < excluded.at;

-- name: first_shares_seen
-- In a ledger: of these campaigns ($1) what home is to hear.
SELECT campaign_id, at, figures::text AS figures FROM first_share WHERE ledger = '' AND campaign_id = ANY ($1::integer[]);

-- name: first_share_parts
-- At home: what the other ledgers of campaign $1 said last. over: nothing can come any more. at: null: nothing was said yet.
SELECT ledger.name AS ledger, ledger.carriers::text AS carriers, p.finished_at IS NOT NULL AS over,
       extract(epoch FROM f.at)::float8 AS at, f.figures::text AS figures
  FROM campaign_part AS p JOIN ledger ON ledger.name = p.ledger LEFT JOIN first_share AS f USING (campaign_id, ledger)
 WHERE p.campaign_id = $1 AND NOT ledger.here
 ORDER BY ledger.name;

-- name: first_share_ends
-- How the first share of campaign $1 went ($2: passed, held), by these figures ($3). False: somebody was faster.
SELECT tend_canary($1, $2, $3);
