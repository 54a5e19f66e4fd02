-- name: first_shares
-- Running campaigns whose first share goes ahead, as long as others are held behind it. paced: a share is let go bit by bit.
SELECT c.campaign_id, c.name, c.plan->>'canary' AS canary, c.rules->>'people_per_hour' IS NOT NULL AS paced,
       extract(epoch FROM clock_timestamp())::float8 AS now
  FROM campaign AS c
 WHERE c.state = 'running' AND c.launched_at IS NOT NULL AND c.finished_at IS NULL AND c.expires_at > clock_timestamp()
   AND c.plan ? 'canary' AND coalesce(c.stage, 0) = 0
   AND EXISTS (SELECT FROM slice WHERE slice.campaign_id = c.campaign_id AND slice.state = 'held' AND slice.stage > 0)
 ORDER BY c.campaign_id;

-- name: first_share_figures
-- Campaign $1 by carrier, as its tallies are: all but those who are held, who are not of the share, or (unless it is $2)
-- are so by a cap. Until the rest is let go nobody else was sent to. last_sent: the same in every row.
WITH held AS (
    SELECT carrier_no, sum(total)::bigint AS recipients FROM slice
     WHERE campaign_id = $1 AND state = 'held' AND (stage > 0 OR NOT $2::boolean) GROUP BY carrier_no
)
SELECT carrier.name AS carrier, greatest(t.waiting - coalesce(held.recipients, 0), 0) AS waiting, t.in_doubt, t.accepted,
       t.unknown, t.rejected, t.undeliverable, t.delivered,
       (SELECT extract(epoch FROM max(sent_until))::float8 FROM slice WHERE campaign_id = $1 AND state <> 'held') AS last_sent
  FROM (SELECT carrier_no, sum(waiting)::bigint AS waiting, sum(in_doubt)::bigint AS in_doubt,
               sum(accepted)::bigint AS accepted, sum(unknown)::bigint AS unknown, sum(rejected)::bigint AS rejected,
               sum(undeliverable)::bigint AS undeliverable, sum(delivered)::bigint AS delivered
          FROM tally WHERE campaign_id = $1 GROUP BY carrier_no) AS t
  JOIN carrier USING (carrier_no) LEFT JOIN held USING (carrier_no)
 ORDER BY carrier.name;

-- name: first_share_ends
-- How the first share of campaign $1 went ($2: passed, held), by these figures ($3). False: somebody was faster.
SELECT tend_canary($1, $2, $3);
