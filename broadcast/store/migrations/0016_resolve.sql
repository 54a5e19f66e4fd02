-- The resolver's side of the packed ledger (broadcast/ledger/resolver says who it is).

-- Workers that ended a moment ago may have left something that nobody has looked at.
CREATE INDEX worker_ended ON worker (ended_at) WHERE ended_at IS NOT NULL;

-- Whom a parked receipt may name, of those who were sent a second copy or given up: the first copy's receipt.
CREATE INDEX in_doubt_copies ON in_doubt (carrier_no, msisdn) WHERE ended_as IN ('resent', 'closed');

-- What one look found, or nothing of it: by compare-and-set of the carrier's row. Returns the new `no`; null when the carrier
-- is not `who`'s (any more), or the look was kept before.
--   slices, results: side by side, a packed row each.
--   campaigns .. d_delivered: messages that ended, side by side. workers, batches: the cursors' new values.
--   parked_packed: receipts that fit nothing (null: none). left_nos, left_counts, left_taken: of parked rows that a receipt was
--   taken from, how many are left, and the whole new bitmap.
CREATE FUNCTION resolve(
    who uuid, of_carrier smallint, at_no bigint,
    slices integer[], results bytea[],
    campaigns integer[], d_expired bigint[], d_rejected bigint[], d_undeliverable bigint[], d_delivered bigint[],
    workers integer[], batches bigint[],
    n_matched bigint, n_duplicate bigint, n_dropped bigint,
    reasons text[], misfits bigint[],
    parked_at timestamptz, parked_receipts integer, parked_packed bytea,
    left_nos bigint[], left_counts integer[], left_taken bytea[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    new_no constant bigint := at_no + 1;
BEGIN
    UPDATE resolver SET no = new_no, expires_at = greatest(expires_at, clock_timestamp() + interval '5 seconds')
     WHERE carrier_no = of_carrier AND holder = who AND no = at_no;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF cardinality(slices) > 0 THEN
        INSERT INTO result (slice_id, no, packed) SELECT slice_id, new_no, packed FROM unnest(slices, results) AS new (slice_id, packed);
    END IF;
    IF cardinality(campaigns) > 0 THEN
        PERFORM resolve_tallies(of_carrier, campaigns, d_expired, d_rejected, d_undeliverable, d_delivered);
    END IF;
    IF n_matched > 0 OR n_duplicate > 0 OR n_dropped > 0 THEN
        INSERT INTO carrier_tally (carrier_no, shard, matched, duplicate, dropped)
        VALUES (of_carrier, -2, n_matched, n_duplicate, n_dropped)
        ON CONFLICT (carrier_no, shard) DO UPDATE
           SET matched = carrier_tally.matched + excluded.matched, duplicate = carrier_tally.duplicate + excluded.duplicate,
               dropped = carrier_tally.dropped + excluded.dropped;
    END IF;
    IF cardinality(reasons) > 0 THEN
        INSERT INTO misfit (carrier_no, reason, receipts)
        SELECT of_carrier, reason, receipts FROM unnest(reasons, misfits) AS new (reason, receipts)
        ON CONFLICT (carrier_no, reason) DO UPDATE
           SET receipts = misfit.receipts + excluded.receipts, last_at = clock_timestamp();
    END IF;
    IF cardinality(left_nos) > 0 THEN
        PERFORM resolve_parked(of_carrier, left_nos, left_counts, left_taken);
    END IF;
    IF parked_packed IS NOT NULL THEN
        INSERT INTO parked (carrier_no, no, received_at, receipts, packed)
        VALUES (of_carrier, new_no, parked_at, parked_receipts, parked_packed);
    END IF;
    IF cardinality(workers) > 0 THEN
        PERFORM resolve_cursors(of_carrier, workers, batches);
    END IF;
    RETURN new_no;
END $$;

-- Messages that ended leave `accepted`, or `unknown` where their campaign is closed; no campaign is closed meanwhile.
CREATE FUNCTION resolve_tallies(
    of_carrier smallint, campaigns integer[], d_expired bigint[], d_rejected bigint[], d_undeliverable bigint[],
    d_delivered bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7111);
    PERFORM add_to_tallies(
        -2, array_agg(new.campaign_id), array_agg(of_carrier), array_agg(0::bigint), array_agg(0::bigint),
        array_agg(CASE WHEN c.closed_at IS NULL THEN -ended ELSE 0 END),
        array_agg(CASE WHEN c.closed_at IS NULL THEN 0 ELSE -ended END),
        array_agg(expired), array_agg(rejected), array_agg(undeliverable), array_agg(delivered), array_agg(0::bigint),
        array_agg(0::bigint))
      FROM (SELECT *, expired + rejected + undeliverable + delivered AS ended
              FROM unnest(campaigns, d_expired, d_rejected, d_undeliverable, d_delivered)
                   AS each (campaign_id, expired, rejected, undeliverable, delivered)) AS new
      JOIN campaign AS c ON c.campaign_id = new.campaign_id;
END $$;

-- Parked receipts that are taken; a row of which none is left goes.
CREATE FUNCTION resolve_parked(of_carrier smallint, left_nos bigint[], left_counts integer[], left_taken bytea[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE parked SET receipts = new.receipts, taken = new.taken
      FROM unnest(left_nos, left_counts, left_taken) AS new (no, receipts, taken)
     WHERE parked.carrier_no = of_carrier AND parked.no = new.no AND new.receipts > 0;
    DELETE FROM parked USING unnest(left_nos, left_counts) AS new (no, receipts)
     WHERE parked.carrier_no = of_carrier AND parked.no = new.no AND new.receipts = 0;
END $$;

-- The cursors go on, and what lies behind them goes. Worker by worker, from where its cursor stood: the entries of rows that
-- went before are not read again.
CREATE FUNCTION resolve_cursors(of_carrier smallint, workers integer[], batches bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    each record;
BEGIN
    FOR each IN SELECT new.worker_no, new.batch, coalesce(c.batch, 0) AS old
                  FROM unnest(workers, batches) AS new (worker_no, batch)
                  LEFT JOIN resolver_cursor AS c ON c.carrier_no = of_carrier AND c.worker_no = new.worker_no LOOP
        DELETE FROM received
         WHERE carrier_no = of_carrier AND worker_no = each.worker_no AND batch > each.old AND batch <= each.batch;
    END LOOP;
    INSERT INTO resolver_cursor (carrier_no, worker_no, batch)
    SELECT of_carrier, worker_no, batch FROM unnest(workers, batches) AS new (worker_no, batch)
    ON CONFLICT (carrier_no, worker_no) DO UPDATE SET batch = excluded.batch;
END $$;
