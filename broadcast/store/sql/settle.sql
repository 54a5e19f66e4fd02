-- name: settler_claim
-- One settler at a time, for this transaction.
SELECT pg_try_advisory_xact_lock(7101);

-- name: rotator_claim
-- One that closes buckets at a time, for this transaction.
SELECT pg_try_advisory_xact_lock(7104);

-- name: ring
-- Which bucket is written, since when, which is the oldest that is not settled, and whether the last one held repeats.
SELECT bucket, oldest, repeats, extract(epoch FROM clock_timestamp() - opened_at)::float8 AS age_s FROM ledger_ring;

-- name: bucket_used
-- Whether a bucket holds anything.
SELECT EXISTS (SELECT FROM submission WHERE bucket = $1) OR EXISTS (SELECT FROM receipt WHERE bucket = $1);

-- name: ring_used
-- Whether the ring holds anything.
SELECT EXISTS (SELECT FROM receipt) OR EXISTS (SELECT FROM submission);

-- name: rotate
-- Close the bucket that is written and open the next.
UPDATE ledger_ring SET bucket = $1, opened_at = clock_timestamp();

-- name: close_bucket
-- Wait for the groups in flight of a closed bucket.
SELECT pg_advisory_xact_lock(7102, $1::integer);

-- name: advance
-- The oldest bucket is settled. $2: it held ids that were told twice.
UPDATE ledger_ring SET oldest = $1, repeats = $2;

-- name: parked_receipts
-- How many receipts are parked, counted up to $1.
SELECT count(*) FROM (SELECT FROM unmatched_receipt LIMIT $1) AS parked;

-- name: unpark_few
-- Parked receipts whose submission came with this bucket join its receipts: all that are parked are looked at. How many,
-- per carrier.
WITH found AS MATERIALIZED (
    SELECT u.ctid AS place FROM unmatched_receipt AS u
     WHERE (u.smsc_id, u.carrier_no) IN (SELECT smsc_id, carrier_no FROM submission WHERE bucket = $1)
), back AS (
    DELETE FROM unmatched_receipt WHERE ctid = ANY (ARRAY (SELECT place FROM found))
    RETURNING received_at, msisdn, carrier_no, state, err, smsc_id
), joined AS (
    INSERT INTO receipt (bucket, received_at, msisdn, carrier_no, state, err, smsc_id)
    SELECT $1, received_at, msisdn, carrier_no, state, err, smsc_id FROM back
)
SELECT carrier_no, count(*) AS receipts FROM back GROUP BY carrier_no;

-- name: unpark_many
-- As unpark_few, but each of the bucket's submissions is looked up among the parked receipts.
WITH found AS MATERIALIZED (
    SELECT u.place
      FROM (SELECT DISTINCT smsc_id, carrier_no FROM submission WHERE bucket = $1) AS s
     CROSS JOIN LATERAL (SELECT ctid AS place FROM unmatched_receipt
                          WHERE smsc_id = s.smsc_id AND carrier_no = s.carrier_no OFFSET 0) AS u
), back AS (
    DELETE FROM unmatched_receipt WHERE ctid = ANY (ARRAY (SELECT place FROM found))
    RETURNING received_at, msisdn, carrier_no, state, err, smsc_id
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
-- The receipts of bucket $1 meet the submissions of its own and of the four kept before it ($2 to $5). Messages of one
-- segment end here; segments of longer messages, and receipts without submission, are laid out for the next steps.
-- met: how often a receipt met a submission; taken: how many submissions that took (fewer: see drop_repeated). pairs: met,
-- and receipts without submission; at most $6 (null: all), for equal ids have as many as the square of their number.
WITH pair AS MATERIALIZED (
    SELECT s.bucket, s.place, s.submitted_at, s.slice_id, s.campaign_id, s.ordinal, s.segment, s.segments,
           r.carrier_no, r.state, r.received_at, r.err, r.msisdn, r.smsc_id
      FROM (SELECT * FROM receipt WHERE bucket = $1 AND state > 0) AS r
      LEFT JOIN (SELECT ctid AS place, * FROM submission WHERE bucket IN ($1, $2, $3, $4, $5)) AS s
        ON s.smsc_id = r.smsc_id AND s.carrier_no = r.carrier_no
     LIMIT $6
), rest AS MATERIALIZED (
    SELECT * FROM pair WHERE segments IS DISTINCT FROM 1
), ended AS (
    INSERT INTO outcome (submitted_at, settled_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_ids)
    SELECT submitted_at, received_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_id
      FROM pair WHERE segments = 1
), tallied AS (
    INSERT INTO tally (campaign_id, carrier_no, shard, accepted, expired, rejected, undeliverable, delivered)
    SELECT campaign_id, carrier_no, 0, -sum(recipients), coalesce(sum(recipients) FILTER (WHERE state = 5), 0),
           coalesce(sum(recipients) FILTER (WHERE state = 6), 0), coalesce(sum(recipients) FILTER (WHERE state = 7), 0),
           coalesce(sum(recipients) FILTER (WHERE state = 8), 0)
      FROM (SELECT campaign_id, carrier_no, state, count(*) AS recipients
              FROM pair WHERE segments = 1 GROUP BY campaign_id, carrier_no, state) AS counted
     GROUP BY campaign_id, carrier_no
    ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
       SET accepted = tally.accepted + excluded.accepted,
           expired = tally.expired + excluded.expired, rejected = tally.rejected + excluded.rejected,
           undeliverable = tally.undeliverable + excluded.undeliverable,
           delivered = tally.delivered + excluded.delivered
), parts AS (
    INSERT INTO settling_submission
           (submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, state, closed,
            received_at, err, smsc_id)
    SELECT submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, state, false,
           received_at, err, smsc_id
      FROM rest WHERE segments > 1
    RETURNING 1
), unmatched AS (
    INSERT INTO settling_receipt (no, received_at, msisdn, carrier_no, state, err, smsc_id)
    SELECT row_number() OVER (), received_at, msisdn, carrier_no, state, err, smsc_id
      FROM rest WHERE place IS NULL
    RETURNING carrier_no
), met AS MATERIALIZED (
    SELECT bucket, array_agg(place) AS places, count(*) AS times FROM pair WHERE place IS NOT NULL GROUP BY bucket
), taken_1 AS (
    DELETE FROM submission WHERE bucket = $1 AND ctid = ANY((SELECT places FROM met WHERE bucket = $1)::tid[]) RETURNING 1
), taken_2 AS (
    DELETE FROM submission WHERE bucket = $2 AND ctid = ANY((SELECT places FROM met WHERE bucket = $2)::tid[]) RETURNING 1
), taken_3 AS (
    DELETE FROM submission WHERE bucket = $3 AND ctid = ANY((SELECT places FROM met WHERE bucket = $3)::tid[]) RETURNING 1
), taken_4 AS (
    DELETE FROM submission WHERE bucket = $4 AND ctid = ANY((SELECT places FROM met WHERE bucket = $4)::tid[]) RETURNING 1
), taken_5 AS (
    DELETE FROM submission WHERE bucket = $5 AND ctid = ANY((SELECT places FROM met WHERE bucket = $5)::tid[]) RETURNING 1
)
SELECT (SELECT count(*) FROM pair) AS pairs, coalesce((SELECT sum(times) FROM met), 0)::bigint AS met,
       (SELECT count(*) FROM taken_1) + (SELECT count(*) FROM taken_2) + (SELECT count(*) FROM taken_3)
       + (SELECT count(*) FROM taken_4) + (SELECT count(*) FROM taken_5) AS taken,
       (SELECT count(*) FROM parts) AS parts,
       (SELECT jsonb_object_agg(carrier_no, receipts)
          FROM (SELECT carrier_no, count(*) AS receipts FROM unmatched GROUP BY carrier_no) AS by_carrier) AS laid_out;

-- name: gather_parts
-- The segments still without a receipt of messages that are laid out in part are laid out too.
WITH incomplete AS MATERIALIZED (
    SELECT slice_id, ordinal FROM settling_submission GROUP BY slice_id, ordinal HAVING count(*) < max(segments)
), taken AS (
    DELETE FROM submission AS s USING incomplete AS i
     WHERE s.slice_id = i.slice_id AND s.ordinal = i.ordinal AND s.segments > 1
    RETURNING s.*
)
INSERT INTO settling_submission
       (submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, closed, smsc_id)
SELECT submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, false, smsc_id FROM taken;

-- name: drop_laid_out_again
-- Of several laid-out receipts for one id only the most advanced stays.
WITH repeated AS (
    SELECT carrier_no, smsc_id FROM settling_receipt GROUP BY carrier_no, smsc_id HAVING count(*) > 1
), ranked AS (
    SELECT no, row_number() OVER (PARTITION BY carrier_no, smsc_id ORDER BY state DESC, received_at) AS rank
      FROM settling_receipt JOIN repeated USING (carrier_no, smsc_id)
)
DELETE FROM settling_receipt AS r USING ranked WHERE r.no = ranked.no AND ranked.rank > 1;

-- name: settle_open
-- Open messages of one segment that a laid-out receipt ends; of equal ids the newest takes it. How many, per carrier.
WITH hit AS MATERIALIZED (
    SELECT r.no, o.*, r.state, r.received_at, r.err
      FROM settling_receipt AS r
     CROSS JOIN LATERAL (SELECT ctid AS place, submitted_at, slice_id, campaign_id, ordinal, segments, carrier_no, closed, smsc_id
                           FROM open_submission
                          WHERE smsc_id = r.smsc_id AND carrier_no = r.carrier_no AND segments <= 1
                          ORDER BY submitted_at DESC LIMIT 1) AS o
), gone AS (
    DELETE FROM open_submission WHERE ctid = ANY (ARRAY (SELECT place FROM hit))
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
    SELECT r.no, o.*, r.state, r.received_at, r.err
      FROM settling_receipt AS r
     CROSS JOIN LATERAL (SELECT slice_id, ordinal, segment FROM open_submission
                          WHERE smsc_id = r.smsc_id AND carrier_no = r.carrier_no AND segments > 1 AND state IS NULL
                          ORDER BY submitted_at DESC LIMIT 1) AS o
), touched AS MATERIALIZED (
    SELECT o.place
      FROM (SELECT DISTINCT slice_id, ordinal FROM hit) AS message
     CROSS JOIN LATERAL (SELECT ctid AS place FROM open_submission
                          WHERE slice_id = message.slice_id AND ordinal = message.ordinal AND segments > 1 OFFSET 0) AS o
), moved AS (
    DELETE FROM open_submission WHERE ctid = ANY (ARRAY (SELECT place FROM touched)) RETURNING *
), used AS (
    DELETE FROM settling_receipt AS r USING hit WHERE r.no = hit.no RETURNING r.carrier_no
), laid_out AS (
    INSERT INTO settling_submission
           (submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, state, closed,
            received_at, err, smsc_id)
    SELECT m.submitted_at, m.slice_id, m.campaign_id, m.ordinal, m.segment, m.segments, m.carrier_no,
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
-- Messages of several segments that have some of their receipts wait for the others where receipts find them by index.
INSERT INTO open_submission
       (submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, state, closed, received_at, err, smsc_id)
SELECT submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, state, closed, received_at, err, smsc_id
  FROM (SELECT *, bool_and(state IS NOT NULL) OVER (PARTITION BY slice_id, ordinal) AS complete
          FROM settling_submission) AS part
 WHERE NOT complete;

-- name: open_kept
-- Submissions that were kept long enough (bucket $1) wait where receipts find them by index.
INSERT INTO open_submission (submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, smsc_id)
SELECT submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no, smsc_id
  FROM submission WHERE bucket = $1;

-- name: count_final_receipts
-- Final receipts that came in the bucket, per carrier.
SELECT carrier_no, count(*) AS receipts FROM receipt WHERE bucket = $1 AND state > 0 GROUP BY carrier_no;

-- name: park_receipts
-- Receipts still laid out have no submission yet, unless they repeat one that is open or parked. How many, per carrier.
WITH parked AS (
    INSERT INTO unmatched_receipt (received_at, msisdn, carrier_no, state, err, smsc_id)
    SELECT r.received_at, r.msisdn, r.carrier_no, r.state, r.err, r.smsc_id
      FROM settling_receipt AS r
     WHERE (SELECT true FROM open_submission AS o
             WHERE o.smsc_id = r.smsc_id AND o.carrier_no = r.carrier_no AND o.state IS NOT NULL LIMIT 1) IS NULL
       AND (SELECT true FROM unmatched_receipt AS u
             WHERE u.smsc_id = r.smsc_id AND u.carrier_no = r.carrier_no LIMIT 1) IS NULL
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
-- Parked receipts that name an in-doubt recipient settle it: its ids were never learnt, its number is known. Of two
-- campaigns in doubt about one person the receipt goes to the one in doubt for longer.
WITH meant AS (
    SELECT DISTINCT ON (r.carrier_no, r.smsc_id)
           d.campaign_id, d.carrier_no, d.slice_id, d.ordinal, d.segments, r.ctid AS place, r.received_at, r.state, r.err,
           r.smsc_id
      FROM in_doubt AS d
      JOIN campaign AS c ON c.campaign_id = d.campaign_id
      JOIN unmatched_receipt AS r
        ON r.carrier_no = d.carrier_no AND r.msisdn = d.msisdn AND r.received_at >= c.launched_at
     WHERE d.ended_at IS NULL
     ORDER BY r.carrier_no, r.smsc_id, d.since, d.slice_id
), found AS MATERIALIZED (
    SELECT *, count(*) OVER (PARTITION BY slice_id, ordinal) AS receipts FROM meant
), done AS MATERIALIZED (
    SELECT campaign_id, carrier_no, slice_id, ordinal, max(segments) AS segments, max(received_at) AS settled_at,
           min(state) AS state, (array_agg(err ORDER BY state))[1] AS err, string_agg(smsc_id, ' ' ORDER BY received_at, smsc_id) AS smsc_ids
      FROM found WHERE receipts >= segments
     GROUP BY campaign_id, carrier_no, slice_id, ordinal
), won AS ( -- not those that a late answer ends at this moment: a worker's commit may come between
    UPDATE in_doubt SET ended_at = clock_timestamp(), ended_as = 'receipt'
      FROM done WHERE in_doubt.slice_id = done.slice_id AND in_doubt.ordinal = done.ordinal AND in_doubt.ended_at IS NULL
    RETURNING done.*
), kept AS (
    INSERT INTO outcome (settled_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_ids)
    SELECT settled_at, campaign_id, slice_id, ordinal, carrier_no, state, segments, err, smsc_ids FROM won
), used AS (
    DELETE FROM unmatched_receipt
     WHERE ctid = ANY (ARRAY (SELECT place FROM found JOIN won USING (slice_id, ordinal)))
    RETURNING carrier_no
), counted AS (
    INSERT INTO carrier_tally (carrier_no, shard, matched)
    SELECT carrier_no, 0, count(*) FROM used GROUP BY carrier_no
    ON CONFLICT (carrier_no, shard) DO UPDATE SET matched = carrier_tally.matched + excluded.matched
)
INSERT INTO tally (campaign_id, carrier_no, shard, in_doubt, expired, rejected, undeliverable, delivered)
SELECT campaign_id, carrier_no, 0, -count(*), count(*) FILTER (WHERE state = 5), count(*) FILTER (WHERE state = 6),
       count(*) FILTER (WHERE state = 7), count(*) FILTER (WHERE state = 8)
  FROM won GROUP BY campaign_id, carrier_no
ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
   SET in_doubt = tally.in_doubt + excluded.in_doubt,
       expired = tally.expired + excluded.expired, rejected = tally.rejected + excluded.rejected,
       undeliverable = tally.undeliverable + excluded.undeliverable, delivered = tally.delivered + excluded.delivered;
