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
