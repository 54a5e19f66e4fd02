-- name: lane_waiting
-- Who waits, by carrier: of campaigns that run, and that are paused; held: of the former, of those whose first share goes
-- ahead still.
SELECT carrier_no, coalesce(sum(waiting) FILTER (WHERE state = 'running'), 0)::bigint AS running,
       coalesce(sum(waiting) FILTER (WHERE state = 'paused'), 0)::bigint AS paused,
       coalesce(sum(waiting) FILTER (WHERE state = 'running' AND plan ? 'canary' AND coalesce(stage, 0) = 0), 0)::bigint AS held
  FROM campaign
 CROSS JOIN LATERAL (SELECT carrier_no, sum(waiting)::bigint AS waiting FROM tally
                      WHERE tally.campaign_id = campaign.campaign_id GROUP BY carrier_no) AS counted
 WHERE launched_at IS NOT NULL AND finished_at IS NULL AND expires_at > clock_timestamp()
 GROUP BY carrier_no;

-- name: exporter_claim
-- One exporter serves the national figures, for its session.
SELECT pg_try_advisory_lock(:exporting_lock);

-- name: metrics_target_keep
-- Process $1 serves its metrics at $2, for $3 s and as long as it says so; those that ended long ago are forgotten.
WITH gone AS (
    DELETE FROM metrics_target WHERE job = $1 AND address <> $2 AND expires_at < clock_timestamp() - interval '1 hour')
INSERT INTO metrics_target (job, address, expires_at) VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (job, address) DO UPDATE SET expires_at = excluded.expires_at;

-- name: metrics_target_end
-- Process $1 at $2 serves nothing any more.
DELETE FROM metrics_target WHERE job = $1 AND address = $2;

-- name: metrics_targets
-- Where metrics are served now.
SELECT job, address FROM metrics_target WHERE expires_at > clock_timestamp() ORDER BY job, address;
