-- name: keep_lane_readings
-- What worker $1 sees of its carriers now. $2: carrier_no, $3: readings, side by side.
INSERT INTO lane_reading (worker_no, carrier_no, reading)
SELECT $1, carrier_no, reading::jsonb FROM unnest($2::smallint[], $3::text[]) AS new (carrier_no, reading)
ON CONFLICT (worker_no, carrier_no) DO UPDATE SET read_at = clock_timestamp(), reading = excluded.reading;

-- name: forget_lane_readings
-- Those of workers that have ended.
DELETE FROM lane_reading AS r WHERE NOT EXISTS (SELECT FROM worker AS w WHERE w.worker_no = r.worker_no AND w.ended_at IS NULL);

-- name: diagnosed_campaigns
-- Campaign $1, or (null) all that are running or paused, taken together. since: null when there is none.
SELECT min(launched_at) AS since, coalesce(max(finished_at), clock_timestamp()) AS until,
       extract(epoch FROM clock_timestamp() - max(launched_at))::float8 AS launched_for_s, min(expires_at) AS expires_at,
       coalesce(max(segments), 1)::integer AS segments, count(*) > 0 AND bool_and(finished_at IS NOT NULL) AS finished,
       coalesce(bool_or(state = 'running' AND finished_at IS NULL AND expires_at > clock_timestamp()), false) AS sending,
       coalesce(bool_and(state = 'paused'), false) AS paused,
       array_agg(rules::text) FILTER (WHERE state = 'running' AND finished_at IS NULL) AS rules, clock_timestamp() AS now,
       coalesce(array_agg(campaign_id), '{}') AS campaigns, min(name) AS name,
       (SELECT min(signer) FROM approval AS a WHERE a.campaign_id = $1 AND kind = 'override' AND void_at IS NULL) AS overridden_by
  FROM campaign
 WHERE launched_at IS NOT NULL AND CASE WHEN $1::integer IS NULL THEN finished_at IS NULL AND state IN ('running', 'paused')
                                       ELSE campaign_id = $1 END;

-- name: diagnosed_ranks
-- Which of these campaigns ($1) goes before which.
SELECT campaign_id, name, category, status, priority FROM campaign WHERE campaign_id = ANY ($1::integer[]);

-- name: diagnosed_first_share
-- At home, of campaign $1 that is not over: who is held behind its first share, in all ledgers, and what became of that last.
-- unheard: ledgers that have said nothing for $2 seconds; in one that never did all wait. No row: nobody is held.
SELECT coalesce(h.held, 0) + t.held AS held, t.unheard, e.event, e.details::text AS details, c.state = 'paused' AS paused
  FROM campaign AS c
 CROSS JOIN LATERAL (SELECT sum(total)::bigint AS held FROM slice
                      WHERE slice.campaign_id = c.campaign_id AND state = 'held' AND stage > coalesce(c.stage, 0)) AS h
 CROSS JOIN LATERAL (SELECT coalesce(sum(coalesce((f.figures->>'behind')::bigint, p.audience)), 0)::bigint AS held,
                            array_agg(p.ledger ORDER BY p.ledger)
                                FILTER (WHERE coalesce(f.heard_at, c.launched_at) < clock_timestamp() - make_interval(secs => $2))
                                AS unheard
                       FROM campaign_part AS p JOIN ledger ON ledger.name = p.ledger
                       LEFT JOIN first_share AS f USING (campaign_id, ledger)
                      WHERE p.campaign_id = c.campaign_id AND p.finished_at IS NULL AND NOT ledger.here
                        AND coalesce(c.plan ? 'canary', false) AND coalesce(c.stage, 0) = 0) AS t
  LEFT JOIN LATERAL (SELECT event, details FROM campaign_event
                      WHERE campaign_event.campaign_id = c.campaign_id AND event IN ('first share failed', 'first share asks')
                      ORDER BY event_no DESC LIMIT 1) AS e ON true
 WHERE c.campaign_id = $1 AND c.state IN ('running', 'paused') AND c.finished_at IS NULL AND coalesce(h.held, 0) + t.held > 0;

-- name: diagnosed_held
-- When the first of campaign $1 are looked at whom its rules hold here, where nobody else waits; due ones for $2 seconds
-- more. No row: somebody is let go, or nobody is held but behind a first share.
SELECT held.not_before
  FROM campaign AS c
 CROSS JOIN LATERAL (SELECT not_before FROM slice
                      WHERE slice.campaign_id = c.campaign_id AND slice.state = 'held' AND slice.stage <= coalesce(c.stage, 0)
                      ORDER BY slice.campaign_id, slice.stage, slice.not_before NULLS FIRST LIMIT 1) AS held
 WHERE c.campaign_id = $1 AND held.not_before > clock_timestamp() - make_interval(secs => $2)
   AND NOT EXISTS (SELECT FROM carrier CROSS JOIN LATERAL (
                       SELECT FROM slice WHERE slice.carrier_no = carrier.carrier_no AND slice.campaign_id = c.campaign_id
                                           AND slice.state = 'ready' LIMIT 1) AS ready)
   AND NOT EXISTS (SELECT FROM worker CROSS JOIN LATERAL (
                       SELECT FROM slice WHERE slice.worker_no = worker.worker_no AND slice.state = 'leased'
                                           AND slice.campaign_id = c.campaign_id LIMIT 1) AS leased
                    WHERE worker.ended_at IS NULL);

-- name: diagnosed_workers
-- How many live, and for how long the oldest; and how many ended in the last $1 s without a word, so that others found them
-- when their lease was over, and began none in their place since.
SELECT living.workers, living.for_s, greatest(0, lost.workers - (
           SELECT count(*) FROM worker
            WHERE ended_at IS NULL AND expires_at > clock_timestamp() AND started_at >= lost.since)) AS lost
  FROM (SELECT count(*) AS workers, coalesce(extract(epoch FROM clock_timestamp() - min(started_at)), 0)::float8 AS for_s
          FROM worker WHERE ended_at IS NULL AND expires_at > clock_timestamp()) AS living
 CROSS JOIN (SELECT count(*) AS workers, min(expires_at) - interval '5 s' AS since
               FROM worker WHERE ended_at > clock_timestamp() - make_interval(secs => $1) AND ended_at > expires_at) AS lost;

-- name: diagnosed_carriers
-- The connected carriers: their slots, and their tallies in these campaigns ($1).
SELECT carrier.carrier_no, carrier.name, carrier.tps, slot.*, counted.*,
       extract(epoch FROM clock_timestamp() - greatest(resolver.resolved_until, 'epoch'))::float8 AS unresolved_s,
       coalesce(resolver.holder IS NOT NULL AND resolver.expires_at > clock_timestamp(), false) AS resolver,
       EXISTS (SELECT FROM received WHERE received.carrier_no = carrier.carrier_no) AS receipts_wait
  FROM carrier LEFT JOIN resolver USING (carrier_no)
 CROSS JOIN LATERAL (
       SELECT count(*) AS slots, count(worker.worker_no) AS held, count(*) FILTER (WHERE bound AND worker.worker_no IS NOT NULL) AS bound,
              coalesce(sum(granted_tps) FILTER (WHERE worker.worker_no IS NOT NULL), 0)::bigint AS granted_tps
         FROM bind_slot LEFT JOIN worker ON worker.worker_no = bind_slot.worker_no
                                        AND worker.ended_at IS NULL AND worker.expires_at > clock_timestamp()
        WHERE bind_slot.carrier_no = carrier.carrier_no) AS slot
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(waiting), 0)::bigint AS waiting, coalesce(sum(in_doubt), 0)::bigint AS in_doubt,
              coalesce(sum(accepted), 0)::bigint AS accepted, coalesce(sum(unknown), 0)::bigint AS unknown,
              coalesce(sum(rejected), 0)::bigint AS rejected, coalesce(sum(undeliverable), 0)::bigint AS undeliverable,
              coalesce(sum(delivered), 0)::bigint AS delivered
         FROM tally WHERE campaign_id = ANY ($1::integer[]) AND tally.carrier_no = carrier.carrier_no) AS counted
 WHERE carrier.tps IS NOT NULL
 ORDER BY carrier.carrier_no;

-- name: diagnosed_misfits
-- Final receipts of carrier $1 that came from $2 on and $4 s before $3, and fit no submission: how many, counted up to
-- $5, and how long ago the newest came. A row is one look's; the newest 1,000 are looked at.
SELECT least($5::bigint, coalesce(sum(receipts) FILTER (WHERE received_at < $3::timestamptz - make_interval(secs => $4)), 0))
           AS receipts,
       extract(epoch FROM clock_timestamp() - max(received_at))::float8 AS ago_s
  FROM (SELECT receipts, received_at FROM parked WHERE carrier_no = $1 ORDER BY carrier_no DESC, no DESC LIMIT 1000) AS late
 WHERE received_at >= $2;

-- name: diagnosed_reasons
-- Why receipts of carrier $1 that came from $2 on fit nothing: of the newest 20 looks, an octet each.
SELECT reasons FROM diagnosed_reasons($1, $2);

-- name: diagnosed_readings
-- What the living workers wrote in the last $1 s, and how old it is.
SELECT carrier_no, reading::text AS reading, extract(epoch FROM clock_timestamp() - read_at)::float8 AS age_s
  FROM lane_reading
 WHERE read_at > clock_timestamp() - make_interval(secs => $1)
   AND worker_no IN (SELECT worker_no FROM worker WHERE ended_at IS NULL AND expires_at > clock_timestamp())
 ORDER BY worker_no;

-- name: diagnosed_states
-- Words for a receipt's state that no profile knows and that may have come between $1 and $2.
SELECT carrier_no, value FROM oddity WHERE kind = 'receipt_state' AND last_at >= $1 AND first_at < $2;

-- name: usual_slices
-- A sample of what was sent: $2 slices of each connected carrier in the $1 newest campaigns that are in the database, $3 at
-- most. Slices are sent in about the order in which they were made: the first 100 are looked at.
SELECT slice_id
  FROM (SELECT campaign_id FROM campaign AS c
         WHERE launched_at IS NOT NULL AND NOT EXISTS (SELECT FROM archive AS a WHERE a.campaign_id = c.campaign_id)
         ORDER BY campaign_id DESC LIMIT $1) AS newest
 CROSS JOIN carrier
 CROSS JOIN LATERAL (
       SELECT slice_id
         FROM (SELECT slice_id, mark FROM slice
                WHERE slice.campaign_id = newest.campaign_id AND slice.carrier_no = carrier.carrier_no LIMIT 100) AS first
        WHERE mark > 0 LIMIT $2) AS sent
 WHERE carrier.tps IS NOT NULL
 LIMIT $3;
