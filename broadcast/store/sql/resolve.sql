-- name: resolver_rows
-- A row for each carrier that has none yet.
INSERT INTO resolver (carrier_no) SELECT carrier_no FROM carrier AS c
 WHERE NOT EXISTS (SELECT FROM resolver AS r WHERE r.carrier_no = c.carrier_no)
ON CONFLICT (carrier_no) DO NOTHING;

-- name: resolver_hold
-- Renew holder $1's leases for $2 s, note until when its carriers ($4) are resolved ($5), and take over carriers ($3, by
-- name; null: all) whose lease nobody renewed. Not within a lease of the server's own start: nobody could renew meanwhile.
-- Returns those that it holds now.
WITH mine AS MATERIALIZED (
    SELECT r.carrier_no FROM resolver AS r
     WHERE ($3::text[] IS NULL OR r.carrier_no IN (SELECT carrier_no FROM carrier WHERE name = ANY($3::text[])))
       AND (r.holder = $1 OR r.holder IS NULL
            OR r.expires_at < clock_timestamp()
               AND pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => $2))
       FOR UPDATE SKIP LOCKED
), renewed AS (
    UPDATE resolver AS r
       SET holder = $1, expires_at = clock_timestamp() + make_interval(secs => $2),
           resolved_until = greatest(r.resolved_until, (
               SELECT until FROM unnest($4::smallint[], $5::timestamptz[]) AS new (carrier_no, until)
                WHERE new.carrier_no = r.carrier_no AND r.holder = $1))
      FROM mine WHERE r.carrier_no = mine.carrier_no
    RETURNING r.carrier_no
)
SELECT carrier_no, name
  FROM (SELECT carrier_no FROM renewed
         UNION SELECT carrier_no FROM resolver WHERE holder = $1 AND expires_at >= clock_timestamp()) AS held
  JOIN carrier USING (carrier_no);

-- name: resolver_no
-- How often carrier $1 was resolved, if holder $2 has it.
SELECT no FROM resolver WHERE carrier_no = $1 AND holder = $2;

-- name: resolver_end
-- Holder $1 gives its carriers back.
UPDATE resolver SET holder = NULL, expires_at = '-infinity' WHERE holder = $1;

-- name: resolver_cursors
-- How far the workers' logs are resolved at carrier $1.
SELECT worker_no, batch FROM resolver_cursor WHERE carrier_no = $1;

-- name: all_batches
-- The newest group of every worker; and, in a row of worker 0, the time: what was committed before it is among them.
SELECT worker_no, last_batch, statement_timestamp() AS at FROM worker WHERE last_batch > 0
 UNION ALL
SELECT 0, 0, statement_timestamp();

-- name: new_batches
-- The newest groups of the workers that live and of those that ended in the last $1 s; and, in a row of worker 0, the time.
SELECT worker_no, last_batch, statement_timestamp() AS at FROM worker WHERE ended_at IS NULL
 UNION ALL
SELECT worker_no, last_batch, statement_timestamp() FROM worker
 WHERE ended_at > statement_timestamp() - make_interval(secs => $1)
 UNION ALL
SELECT 0, 0, statement_timestamp();

-- name: read_received
-- Receipts of carrier $1: of each worker ($2), after the batch $3, up to $4: at most $5 rows, and no row after the first that
-- has $6 receipts before it. Side by side.
SELECT worker_no, batch, packed
  FROM unnest($2::integer[], $3::bigint[], $4::bigint[]) AS w (worker_no, after, until)
 CROSS JOIN LATERAL (
     SELECT r.batch, r.packed, r.receipts, sum(r.receipts) OVER (ORDER BY r.batch) - r.receipts AS before
       FROM (SELECT batch, packed, receipts FROM received
              WHERE carrier_no = $1 AND received.worker_no = w.worker_no AND batch > w.after AND batch <= w.until
              ORDER BY carrier_no, received.worker_no, batch LIMIT $5) AS r) AS page
 WHERE before < $6
 ORDER BY worker_no, batch;

-- name: read_sent
-- Answers of carrier $1: of each worker ($2) the $6 rows after batch $3 and slice $4, up to batch $5. Side by side.
SELECT w.worker_no, s.batch, s.slice_id, s.packed
  FROM unnest($2::integer[], $3::bigint[], $4::integer[], $5::bigint[]) AS w (worker_no, batch, slice_id, until)
 CROSS JOIN LATERAL (
     SELECT batch, slice_id, packed FROM sent
      WHERE carrier_no = $1 AND worker_no = w.worker_no AND (sent.batch, sent.slice_id) > (w.batch, w.slice_id)
        AND sent.batch <= w.until
      ORDER BY carrier_no, worker_no, sent.batch, sent.slice_id LIMIT $6) AS s
 ORDER BY w.worker_no, s.batch, s.slice_id;

-- name: slice_facts
-- What the resolver knows of slices: numbers as array_send writes them.
SELECT slice_id, campaign_id, mark, array_send(msisdns) AS msisdns FROM slice WHERE slice_id = ANY($1::integer[]);

-- name: rebuild_slices
-- The next $4 slices of carrier $1 and campaign $2 after slice $3.
SELECT slice_id FROM slice WHERE campaign_id = $2 AND carrier_no = $1 AND slice_id > $3 ORDER BY slice_id LIMIT $4;

-- name: rebuild_campaigns
-- Campaigns that may have open segments at carrier $1, in the order in which they came.
SELECT campaign_id FROM campaign AS c
 WHERE launched_at IS NOT NULL
   AND (finished_at IS NULL
        OR (SELECT sum(unknown) FROM tally AS t WHERE t.campaign_id = c.campaign_id AND t.carrier_no = $1) > 0)
 ORDER BY campaign_id;

-- name: sent_of_slices
-- Every answer of these slices ($1), in order.
SELECT slice_id, worker_no, batch, packed FROM sent WHERE slice_id = ANY($1::integer[]) ORDER BY slice_id, worker_no, batch;

-- name: results_of_slices
-- What receipts said of these slices ($1), in order.
SELECT slice_id, packed FROM result WHERE slice_id = ANY($1::integer[]) ORDER BY slice_id, no;

-- name: parked_of_carrier
-- The next $3 rows of receipts that are parked at carrier $1, after $2.
SELECT no, received_at, receipts, packed, taken FROM parked WHERE carrier_no = $1 AND no > $2 ORDER BY carrier_no, no LIMIT $3;

-- name: resolve
-- What a look found, by compare-and-set (migration 0016); null: nothing was written.
SELECT resolve($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23);

-- name: unresolved
-- Carriers of which receipts wait that came more than $1 s ago, or may have.
SELECT name FROM carrier AS c LEFT JOIN resolver AS r USING (carrier_no)
 WHERE (r.resolved_until IS NULL OR r.resolved_until < clock_timestamp() - make_interval(secs => $1))
   AND EXISTS (SELECT FROM received WHERE received.carrier_no = c.carrier_no)
 ORDER BY name;

-- name: archived_since
-- Campaigns that became files after $1: their rows are gone. And until when that is.
SELECT coalesce(array_agg(campaign_id), '{}') AS campaigns, coalesce(max(archived_at), $1) AS until
  FROM archive WHERE archived_at > $1;

-- name: carrier_misfits
-- Why receipts of carrier $1 fitted nothing when they were looked at, over all campaigns, the most frequent first.
SELECT carrier.name AS carrier, reason, receipts, first_at, last_at FROM misfit JOIN carrier USING (carrier_no)
 WHERE carrier.name = $1 ORDER BY receipts DESC, reason;

-- name: resolving_claim
-- For this transaction: no campaign is closed or becomes files, and whoever does so holds no row that is wanted then.
SELECT pg_advisory_xact_lock_shared(:closing_lock);

-- name: resolver_child
-- Whether this session's worker is the one that keeps a resolver, for as long as the session lives.
SELECT pg_try_advisory_lock(:resolving_lock);

-- name: vacuum_received
-- Space of what is resolved, for what comes.
VACUUM (SKIP_LOCKED) received, parked, resolver, resolver_cursor;

-- name: open_doubts
-- The next $3 recipients in doubt at carrier $1, by number after $2. sent_after: when their submit left at the earliest.
SELECT d.msisdn, d.slice_id, d.ordinal, d.campaign_id, d.segments, d.since, '{}'::bytea[] AS first_ids,
       coalesce(d.sent_after, c.launched_at) AS sent_after
  FROM (SELECT * FROM in_doubt WHERE carrier_no = $1 AND ended_at IS NULL AND msisdn > $2
         ORDER BY carrier_no, msisdn LIMIT $3) AS d
  JOIN campaign AS c ON c.campaign_id = d.campaign_id
 ORDER BY d.msisdn, d.since, d.slice_id;

-- name: closed_doubts
-- The same of recipients who were given up when their campaign closed, and of whom nobody is in doubt any more.
SELECT d.msisdn, d.slice_id, d.ordinal, d.campaign_id, d.segments, d.since, d.first_ids,
       coalesce(d.sent_after, c.launched_at) AS sent_after
  FROM (SELECT * FROM in_doubt WHERE carrier_no = $1 AND ended_as = 'closed' AND msisdn > $2
         ORDER BY carrier_no, msisdn LIMIT $3) AS d
  JOIN campaign AS c ON c.campaign_id = d.campaign_id
 WHERE (SELECT true FROM in_doubt AS o
         WHERE o.carrier_no = $1 AND o.msisdn = d.msisdn AND o.ended_at IS NULL LIMIT 1) IS NULL
 ORDER BY d.msisdn, d.since, d.slice_id;

-- name: copied_doubts
-- The same of those and of recipients who were sent a second copy.
SELECT d.msisdn, d.slice_id, d.ordinal, d.campaign_id, d.segments, d.since, d.first_ids,
       coalesce(d.sent_after, c.launched_at) AS sent_after
  FROM (SELECT * FROM in_doubt WHERE carrier_no = $1 AND ended_as IN ('resent', 'closed') AND msisdn > $2
         ORDER BY carrier_no, msisdn LIMIT $3) AS d
  JOIN campaign AS c ON c.campaign_id = d.campaign_id
 WHERE (SELECT true FROM in_doubt AS o
         WHERE o.carrier_no = $1 AND o.msisdn = d.msisdn AND o.ended_at IS NULL LIMIT 1) IS NULL
 ORDER BY d.msisdn, d.since, d.slice_id;

-- name: parked_rows
-- These rows ($2) of carrier $1.
SELECT no, packed FROM parked WHERE carrier_no = $1 AND no = ANY($2::bigint[]);

-- name: make_some_spans
-- The spans of $1 slices that have none yet; how many got one.
WITH made AS (
    INSERT INTO slice_span (slice_id, span)
    SELECT slice_id, (SELECT int8range(min(key_order(carrier_no, m)), max(key_order(carrier_no, m)), '[]')
                        FROM unnest(msisdns) AS m)
      FROM (SELECT slice_id, carrier_no, msisdns FROM slice
             WHERE NOT EXISTS (SELECT FROM slice_span WHERE slice_span.slice_id = slice.slice_id)
             LIMIT $1) AS page
    ON CONFLICT (slice_id) DO NOTHING
    RETURNING 1)
SELECT count(*) FROM made;

-- name: places_of_people
-- Where these numbers ($2) stand in the slices of carrier $1. in_flight: sent there now, and its answer is not here yet.
SELECT asked.msisdn, s.slice_id, s.place - 1 AS ordinal,
       s.place <= s.mark
       AND NOT CASE WHEN s.place <= 8 * octet_length(s.answered) THEN get_bit(s.answered, s.place - 1) = 1 ELSE false END
       AND NOT CASE WHEN s.place <= 8 * octet_length(s.retry) THEN get_bit(s.retry, s.place - 1) = 1 ELSE false END
           AS in_flight
  FROM unnest($2::bigint[]) AS asked (msisdn)
 CROSS JOIN LATERAL (SELECT slice_id FROM slice_span
                      WHERE span @> key_order($1::smallint, asked.msisdn) OFFSET 0) AS maybe
 CROSS JOIN LATERAL (SELECT slice_id, array_position(msisdns, asked.msisdn) AS place, mark, answered, retry FROM slice
                      WHERE slice.slice_id = maybe.slice_id AND carrier_no = $1 OFFSET 0) AS s
 WHERE s.place IS NOT NULL;

-- name: end_doubts
-- Those of these recipients (slices $1, ordinals $2) who are still in doubt ($3: open), or given up ($3: closed), are not
-- any more. (coalesce: the index of all who are in doubt is not the way to some.)
UPDATE in_doubt SET ended_at = clock_timestamp(), ended_as = 'receipt'
 WHERE ctid = ANY (ARRAY (
           SELECT place FROM unnest($1::integer[], $2::integer[]) AS new (slice_id, ordinal)
            CROSS JOIN LATERAL (SELECT d.ctid AS place FROM in_doubt AS d
                                 WHERE d.slice_id = new.slice_id AND d.ordinal = new.ordinal OFFSET 0) AS found))
   AND coalesce(ended_as, 'open') = $3
RETURNING slice_id, ordinal;

-- name: keep_doubted
-- What receipts told of recipients in doubt, as answers: carrier $1, look $2, a row a slice, side by side.
INSERT INTO sent (carrier_no, worker_no, batch, slice_id, first_ordinal, last_ordinal, packed)
SELECT $1, 0, $2, slice_id, first_ordinal, last_ordinal, packed
  FROM unnest($3::integer[], $4::integer[], $5::integer[], $6::bytea[]) AS new (slice_id, first_ordinal, last_ordinal, packed);

-- name: tally_doubted
-- Recipients who were in doubt, or unknown since they were given up, have their end: columns side by side.
SELECT add_to_tallies(shard => -2, campaigns => $1, carriers => $2, in_doubt => $3, unknown => $4, expired => $5, rejected => $6,
                      undeliverable => $7, delivered => $8);

-- name: note_first_copies
-- What receipts told of copies whose recipients were sent another or given up: of each its state and id, side by side.
UPDATE in_doubt AS d
   SET first_state = least(d.first_state, new.state),
       first_ids = d.first_ids || ARRAY(SELECT id FROM unnest(new.ids) AS id WHERE id <> ALL (d.first_ids))
  FROM (SELECT slice_id, ordinal, min(state) AS state, array_agg(DISTINCT id ORDER BY id) AS ids
          FROM unnest($1::integer[], $2::integer[], $3::smallint[], $4::bytea[]) AS told (slice_id, ordinal, state, id)
         GROUP BY slice_id, ordinal) AS new
 CROSS JOIN LATERAL (SELECT f.ctid AS place FROM in_doubt AS f
                      WHERE f.slice_id = new.slice_id AND f.ordinal = new.ordinal OFFSET 0) AS found
 WHERE d.ctid = found.place;

-- name: sent_in_order
-- The next $5 answers of carrier $1, after worker $2, batch $3 and slice $4.
SELECT worker_no, batch, slice_id, packed FROM sent
 WHERE carrier_no = $1 AND (worker_no, batch, slice_id) > ($2, $3, $4)
 ORDER BY carrier_no, worker_no, batch, slice_id LIMIT $5;
