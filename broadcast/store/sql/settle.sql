-- name: settler_claim
-- One settler at a time, for this transaction.
SELECT pg_try_advisory_xact_lock(7101);

-- name: rotator_claim
-- One that closes buckets at a time, for this transaction.
SELECT pg_try_advisory_xact_lock(7104);

-- name: ring
-- Which bucket is written, since when, and which is the oldest that is not settled.
SELECT bucket, oldest, extract(epoch FROM clock_timestamp() - opened_at)::float8 AS age_s FROM ledger_ring;

-- name: bucket_used
-- Whether a bucket holds anything.
SELECT EXISTS (SELECT FROM submission WHERE bucket = $1) OR EXISTS (SELECT FROM receipt WHERE bucket = $1);

-- name: rotate
-- Close the bucket that is written and open the next.
UPDATE ledger_ring SET bucket = $1, opened_at = clock_timestamp();

-- name: close_bucket
-- Wait for the groups in flight of a closed bucket.
SELECT pg_advisory_xact_lock(7102, $1::integer);

-- name: advance
-- The oldest bucket is settled and empty.
UPDATE ledger_ring SET oldest = $1;

-- name: unpark_receipts
-- Parked receipts whose submission came with this bucket join its receipts. How many, per carrier.
WITH back AS (
    DELETE FROM unmatched_receipt AS u
     USING (SELECT smsc_id, carrier_no FROM submission WHERE bucket = $1) AS s
     WHERE u.smsc_id = s.smsc_id AND u.carrier_no = s.carrier_no
    RETURNING u.received_at, u.msisdn, u.carrier_no, u.state, u.err, u.smsc_id
), joined AS (
    INSERT INTO receipt (bucket, received_at, msisdn, carrier_no, state, err, smsc_id)
    SELECT $1, received_at, msisdn, carrier_no, state, err, smsc_id FROM back
)
SELECT carrier_no, count(*) AS receipts FROM back GROUP BY carrier_no;

-- name: drop_repeated
-- Of several final receipts for one id only the most advanced stays. How many went, per carrier.
WITH repeated AS (
    SELECT carrier_no, smsc_id FROM receipt WHERE bucket = $1 AND state > 0
     GROUP BY carrier_no, smsc_id HAVING count(*) > 1
), ranked AS (
    SELECT r.ctid AS place, row_number() OVER (PARTITION BY carrier_no, smsc_id ORDER BY state DESC, received_at) AS rank
      FROM receipt AS r JOIN repeated USING (carrier_no, smsc_id)
     WHERE r.bucket = $1 AND r.state > 0
), gone AS (
    DELETE FROM receipt AS r USING ranked
     WHERE r.bucket = $1 AND r.ctid = ranked.place AND ranked.rank > 1
    RETURNING r.carrier_no
)
SELECT carrier_no, count(*) AS receipts FROM gone GROUP BY carrier_no;

-- name: settle_bucket
-- One pass over a bucket's submissions and receipts. Messages of one segment with a receipt end here; those without
-- are carried on to bucket $2, at most $3 times, and open then. Segments of longer messages and receipts without
-- submission are laid out for the next steps. How many of the latter, per carrier.
WITH pair AS MATERIALIZED (
    SELECT s.submitted_at, s.slice_id, s.campaign_id, s.ordinal, s.segment, s.segments, s.carrier_no, s.carried, s.smsc_id,
           r.state, r.received_at, r.err, r.msisdn, r.carrier_no AS receipt_carrier_no, r.smsc_id AS receipt_smsc_id
      FROM (SELECT * FROM submission WHERE bucket = $1) AS s
      FULL JOIN (SELECT * FROM receipt WHERE bucket = $1 AND state > 0) AS r
        ON s.smsc_id = r.smsc_id AND s.carrier_no = r.carrier_no
), ended AS (
    INSERT INTO outcome (submitted_at, settled_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_ids)
    SELECT submitted_at, received_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_id
      FROM pair WHERE segments = 1 AND state IS NOT NULL
), tallied AS (
    INSERT INTO tally (campaign_id, carrier_no, shard, accepted, expired, rejected, undeliverable, delivered)
    SELECT campaign_id, carrier_no, 0, -count(*), count(*) FILTER (WHERE state = 5), count(*) FILTER (WHERE state = 6),
           count(*) FILTER (WHERE state = 7), count(*) FILTER (WHERE state = 8)
      FROM pair WHERE segments = 1 AND state IS NOT NULL GROUP BY campaign_id, carrier_no
    ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
       SET accepted = tally.accepted + excluded.accepted, unknown = tally.unknown + excluded.unknown,
           expired = tally.expired + excluded.expired, rejected = tally.rejected + excluded.rejected,
           undeliverable = tally.undeliverable + excluded.undeliverable,
           delivered = tally.delivered + excluded.delivered
), opened AS (
    INSERT INTO open_submission (submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, smsc_id)
    SELECT submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, smsc_id
      FROM pair WHERE segments <= 1 AND state IS NULL AND carried >= $3
), carried_on AS (
    INSERT INTO submission
           (bucket, submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, carried, smsc_id)
    SELECT $2, submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, carried + 1, smsc_id
      FROM pair WHERE segments <= 1 AND state IS NULL AND carried < $3
), parts AS (
    INSERT INTO settling_submission
           (submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, carried, state, closed,
            received_at, err, smsc_id)
    SELECT submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, carried, state, false,
           received_at, err, smsc_id
      FROM pair WHERE segments > 1
), unmatched AS (
    INSERT INTO settling_receipt (no, received_at, msisdn, carrier_no, state, err, smsc_id)
    SELECT row_number() OVER (), received_at, msisdn, receipt_carrier_no, state, err, receipt_smsc_id
      FROM pair WHERE slice_id IS NULL
    RETURNING carrier_no
)
SELECT carrier_no, count(*) AS receipts FROM unmatched GROUP BY carrier_no;

-- name: settle_open
-- Open messages of one segment that a laid-out receipt ends; of equal ids the newest takes it. How many, per carrier.
WITH hit AS MATERIALIZED (
    SELECT DISTINCT ON (r.no) r.no, o.ctid AS place, o.submitted_at, o.slice_id, o.campaign_id, o.ordinal, o.segments,
           o.carrier_no, o.closed, o.smsc_id, r.state, r.received_at, r.err
      FROM settling_receipt AS r
      JOIN open_submission AS o ON o.smsc_id = r.smsc_id AND o.carrier_no = r.carrier_no
     WHERE o.segments <= 1
     ORDER BY r.no, o.submitted_at DESC
), gone AS (
    DELETE FROM open_submission AS o USING hit WHERE o.ctid = hit.place
), used AS (
    DELETE FROM settling_receipt AS r USING hit WHERE r.no = hit.no RETURNING r.carrier_no
), ended AS (
    INSERT INTO outcome (submitted_at, settled_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_ids)
    SELECT submitted_at, received_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_id
      FROM hit WHERE segments = 1
), tallied AS (
    INSERT INTO tally (campaign_id, carrier_no, shard, accepted, unknown, expired, rejected, undeliverable, delivered)
    SELECT campaign_id, carrier_no, 0, -count(*) FILTER (WHERE NOT closed), -count(*) FILTER (WHERE closed),
           count(*) FILTER (WHERE state = 5), count(*) FILTER (WHERE state = 6),
           count(*) FILTER (WHERE state = 7), count(*) FILTER (WHERE state = 8)
      FROM hit WHERE segments = 1 GROUP BY campaign_id, carrier_no
    ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
       SET accepted = tally.accepted + excluded.accepted, unknown = tally.unknown + excluded.unknown,
           expired = tally.expired + excluded.expired, rejected = tally.rejected + excluded.rejected,
           undeliverable = tally.undeliverable + excluded.undeliverable,
           delivered = tally.delivered + excluded.delivered
)
SELECT carrier_no, count(*) AS receipts FROM used GROUP BY carrier_no;

-- name: gather_open
-- Open messages of several segments that a laid-out receipt concerns are laid out whole, the receipt with its segment;
-- of equal ids the newest takes it. How many receipts, per carrier.
WITH hit AS MATERIALIZED (
    SELECT DISTINCT ON (r.no) r.no, o.slice_id, o.ordinal, o.segment, r.state, r.received_at, r.err
      FROM settling_receipt AS r
      JOIN open_submission AS o ON o.smsc_id = r.smsc_id AND o.carrier_no = r.carrier_no
     WHERE o.segments > 1 AND o.state IS NULL
     ORDER BY r.no, o.submitted_at DESC
), moved AS (
    DELETE FROM open_submission AS o
     USING (SELECT DISTINCT slice_id, ordinal FROM hit) AS touched
     WHERE o.slice_id = touched.slice_id AND o.ordinal = touched.ordinal AND o.segments > 1
    RETURNING o.*
), used AS (
    DELETE FROM settling_receipt AS r USING hit WHERE r.no = hit.no RETURNING r.carrier_no
), laid_out AS (
    INSERT INTO settling_submission
           (submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, carried, state, closed,
            received_at, err, smsc_id)
    SELECT m.submitted_at, m.slice_id, m.campaign_id, m.ordinal, m.segment, m.segments, m.carrier_no, 0,
           coalesce(m.state, h.state), m.closed, coalesce(m.received_at, h.received_at), coalesce(m.err, h.err), m.smsc_id
      FROM moved AS m
      LEFT JOIN hit AS h USING (slice_id, ordinal, segment)
)
SELECT carrier_no, count(*) AS receipts FROM used GROUP BY carrier_no;

-- name: finish_parts
-- Messages of several segments, all with a final receipt: delivered if all are, else the state that says why not.
WITH done AS MATERIALIZED (
    SELECT campaign_id, slice_id, ordinal, carrier_no, max(segments) AS segments, bool_or(closed) AS closed,
           max(submitted_at) AS submitted_at, max(received_at) AS received_at, min(state) AS state,
           (array_agg(err ORDER BY state, segment))[1] AS err, string_agg(smsc_id, ' ' ORDER BY segment) AS smsc_ids
      FROM settling_submission
     GROUP BY campaign_id, slice_id, ordinal, carrier_no
    HAVING bool_and(state IS NOT NULL) AND count(*) = max(segments)
), kept AS (
    INSERT INTO outcome (submitted_at, settled_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_ids)
    SELECT submitted_at, received_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_ids FROM done
)
INSERT INTO tally (campaign_id, carrier_no, shard, accepted, unknown, expired, rejected, undeliverable, delivered)
SELECT campaign_id, carrier_no, 0, -count(*) FILTER (WHERE NOT closed), -count(*) FILTER (WHERE closed),
       count(*) FILTER (WHERE state = 5), count(*) FILTER (WHERE state = 6),
       count(*) FILTER (WHERE state = 7), count(*) FILTER (WHERE state = 8)
  FROM done GROUP BY campaign_id, carrier_no
ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
   SET accepted = tally.accepted + excluded.accepted, unknown = tally.unknown + excluded.unknown,
       expired = tally.expired + excluded.expired, rejected = tally.rejected + excluded.rejected,
       undeliverable = tally.undeliverable + excluded.undeliverable, delivered = tally.delivered + excluded.delivered;

-- name: leave_open
-- Messages of several segments without any receipt are carried on to bucket $1, at most $2 times; those that have some
-- receipts, or have waited long, are open, with the segments that have theirs.
WITH incomplete AS MATERIALIZED (
    SELECT *, NOT had_any AND carried < $2 AS goes_on
      FROM (SELECT *, bool_and(state IS NOT NULL) OVER message AS complete, bool_or(state IS NOT NULL) OVER message AS had_any
              FROM settling_submission WINDOW message AS (PARTITION BY slice_id, ordinal)) AS parts
     WHERE NOT complete
), carried_on AS (
    INSERT INTO submission
           (bucket, submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, carried, smsc_id)
    SELECT $1, submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, carried + 1, smsc_id
      FROM incomplete WHERE goes_on
)
INSERT INTO open_submission
       (submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, state, closed, received_at, err, smsc_id)
SELECT submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, state, closed, received_at, err, smsc_id
  FROM incomplete WHERE NOT goes_on;

-- name: count_final_receipts
-- Final receipts that came in the bucket, per carrier.
SELECT carrier_no, count(*) AS receipts FROM receipt WHERE bucket = $1 AND state > 0 GROUP BY carrier_no;

-- name: park_receipts
-- Receipts still laid out have no submission yet, unless they repeat one that is open or parked. How many, per carrier.
WITH parked AS (
    INSERT INTO unmatched_receipt (received_at, msisdn, carrier_no, state, err, smsc_id)
    SELECT r.received_at, r.msisdn, r.carrier_no, r.state, r.err, r.smsc_id
      FROM settling_receipt AS r
     WHERE NOT EXISTS (SELECT FROM open_submission AS o
                        WHERE o.smsc_id = r.smsc_id AND o.carrier_no = r.carrier_no AND o.state IS NOT NULL)
       AND NOT EXISTS (SELECT FROM unmatched_receipt AS u
                        WHERE u.smsc_id = r.smsc_id AND u.carrier_no = r.carrier_no)
    RETURNING carrier_no)
SELECT carrier_no, count(*) AS receipts FROM parked GROUP BY carrier_no;

-- name: add_settled_receipts
-- Add to the receipts' counts. Columns side by side.
INSERT INTO carrier_tally (carrier_no, shard, matched, duplicate)
SELECT carrier_no, 0, matched, duplicate FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS new (carrier_no, matched, duplicate)
ON CONFLICT (carrier_no, shard) DO UPDATE
   SET matched = carrier_tally.matched + excluded.matched, duplicate = carrier_tally.duplicate + excluded.duplicate;

-- name: doubts_waiting
-- Whether anyone is in doubt whom a parked receipt might settle.
SELECT EXISTS (SELECT FROM in_doubt WHERE ended_at IS NULL) AND EXISTS (SELECT FROM unmatched_receipt);

-- name: settle_doubts
-- Parked receipts that name an in-doubt recipient settle it: its ids were never learnt, its number is known.
WITH found AS MATERIALIZED (
    SELECT d.campaign_id, d.carrier_no, d.slice_id, d.ordinal, d.segments,
           r.received_at, r.state, r.err, r.smsc_id,
           count(*) OVER (PARTITION BY d.slice_id, d.ordinal) AS receipts
      FROM in_doubt AS d
      JOIN campaign AS c ON c.campaign_id = d.campaign_id
      JOIN unmatched_receipt AS r
        ON r.carrier_no = d.carrier_no AND r.msisdn = d.msisdn AND r.received_at >= c.launched_at
     WHERE d.ended_at IS NULL
), done AS MATERIALIZED (
    SELECT campaign_id, carrier_no, slice_id, ordinal, max(segments) AS segments, max(received_at) AS settled_at,
           min(state) AS state, (array_agg(err ORDER BY state))[1] AS err, string_agg(smsc_id, ' ') AS smsc_ids
      FROM found WHERE receipts >= segments
     GROUP BY campaign_id, carrier_no, slice_id, ordinal
), ended AS (
    UPDATE in_doubt SET ended_at = clock_timestamp(), ended_as = 'receipt'
      FROM done WHERE in_doubt.slice_id = done.slice_id AND in_doubt.ordinal = done.ordinal
), kept AS (
    INSERT INTO outcome (settled_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_ids)
    SELECT settled_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_ids FROM done
), used AS (
    DELETE FROM unmatched_receipt AS r
     USING found JOIN done USING (slice_id, ordinal)
     WHERE r.carrier_no = found.carrier_no AND r.smsc_id = found.smsc_id
    RETURNING r.carrier_no
), counted AS (
    INSERT INTO carrier_tally (carrier_no, shard, matched)
    SELECT carrier_no, 0, count(*) FROM used GROUP BY carrier_no
    ON CONFLICT (carrier_no, shard) DO UPDATE SET matched = carrier_tally.matched + excluded.matched
)
INSERT INTO tally (campaign_id, carrier_no, shard, in_doubt, expired, rejected, undeliverable, delivered)
SELECT campaign_id, carrier_no, 0, -count(*), count(*) FILTER (WHERE state = 5), count(*) FILTER (WHERE state = 6),
       count(*) FILTER (WHERE state = 7), count(*) FILTER (WHERE state = 8)
  FROM done GROUP BY campaign_id, carrier_no
ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
   SET in_doubt = tally.in_doubt + excluded.in_doubt,
       expired = tally.expired + excluded.expired, rejected = tally.rejected + excluded.rejected,
       undeliverable = tally.undeliverable + excluded.undeliverable, delivered = tally.delivered + excluded.delivered;
