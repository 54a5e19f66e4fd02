-- Ids of first copies as octets, each for itself: an id may hold blanks, and a NUL, which no text can.
ALTER TABLE in_doubt RENAME COLUMN first_ids TO joined_ids;
ALTER TABLE in_doubt ADD COLUMN first_ids bytea[] NOT NULL DEFAULT '{}';
UPDATE in_doubt
   SET first_ids = ARRAY(SELECT convert_to(id, 'LATIN1') FROM unnest(string_to_array(joined_ids, ' ')) AS id WHERE id <> '')
 WHERE joined_ids <> '';
ALTER TABLE in_doubt DROP COLUMN joined_ids;

DROP FUNCTION first_copies(text);
CREATE FUNCTION first_copies(first_ids bytea[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(packed_id(id), ' ') FROM unnest(first_ids) AS id
$$;

-- A campaign that became files while a look was under way has no rows any more, and its tallies are final: what the look
-- found of it is left out. The lock, which an archive takes for itself, says which of the two came first. (No seqscan: of
-- `slice` a few are looked up by key, whatever the planner holds of its size.)
CREATE OR REPLACE FUNCTION resolve(
    who uuid, of_carrier smallint, at_no bigint,
    slices integer[], results bytea[],
    campaigns integer[], d_expired bigint[], d_rejected bigint[], d_undeliverable bigint[], d_delivered bigint[],
    workers integer[], batches bigint[],
    n_matched bigint, n_duplicate bigint, n_dropped bigint,
    reasons text[], misfits bigint[],
    parked_at timestamptz, parked_receipts integer, parked_packed bytea,
    left_nos bigint[], left_counts integer[], left_taken bytea[]
) RETURNS bigint LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    new_no constant bigint := at_no + 1;
BEGIN
    -- Before any row: the lease is renewed while it waits here for an archive.
    IF cardinality(slices) > 0 OR cardinality(campaigns) > 0 THEN
        PERFORM pg_advisory_xact_lock_shared(7111);
    END IF;
    UPDATE resolver SET no = new_no, expires_at = greatest(expires_at, clock_timestamp() + interval '5 seconds')
     WHERE carrier_no = of_carrier AND holder = who AND no = at_no;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF cardinality(slices) > 0 THEN
        INSERT INTO result (slice_id, no, packed)
        SELECT slice_id, new_no, packed FROM unnest(slices, results) AS new (slice_id, packed)
         WHERE (SELECT true FROM slice AS s WHERE s.slice_id = new.slice_id);
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

-- Within that lock no campaign is closed either.
CREATE OR REPLACE FUNCTION resolve_tallies(
    of_carrier smallint, campaigns integer[], d_expired bigint[], d_rejected bigint[], d_undeliverable bigint[],
    d_delivered bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_to_tallies(
        -2, array_agg(new.campaign_id), array_agg(of_carrier), array_agg(0::bigint), array_agg(0::bigint),
        array_agg(CASE WHEN c.closed_at IS NULL THEN -ended ELSE 0 END),
        array_agg(CASE WHEN c.closed_at IS NULL THEN 0 ELSE -ended END),
        array_agg(expired), array_agg(rejected), array_agg(undeliverable), array_agg(delivered), array_agg(0::bigint),
        array_agg(0::bigint))
      FROM (SELECT *, expired + rejected + undeliverable + delivered AS ended
              FROM unnest(campaigns, d_expired, d_rejected, d_undeliverable, d_delivered)
                   AS each (campaign_id, expired, rejected, undeliverable, delivered)) AS new
      JOIN campaign AS c ON c.campaign_id = new.campaign_id
     WHERE (SELECT true FROM archive AS a WHERE a.campaign_id = new.campaign_id) IS NULL
    HAVING count(*) > 0;
END $$;
