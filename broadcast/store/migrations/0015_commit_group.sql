-- One round trip for all that a worker's group usually holds: marks and bitmaps, tallies, answers and receipts.

-- All of the group or nothing of it, and each batch once; fenced: SQLSTATE BC001, and the message says why. Slices: arrays
-- side by side, with their new state. Tallies: changes of shard `writer`. counted: receipts per carrier, the intermediate
-- ones too. sent_*, received_*: the rows of these tables. The plans are those of look-ups by key, whatever the tables'
-- sizes, so they may be kept.
CREATE FUNCTION commit_group(
    writer integer, this_batch bigint,
    slices integer[], tokens bigint[], marks integer[], answereds bytea[], retries bytea[], states text[],
    campaigns integer[], carriers smallint[], d_waiting bigint[], d_in_doubt bigint[], d_accepted bigint[],
    d_unknown bigint[], d_rejected bigint[], d_segments bigint[],
    counted smallint[], n_received bigint[], n_intermediate bigint[],
    sent_carriers smallint[], sent_slices integer[], sent_firsts integer[], sent_lasts integer[], sent_packed bytea[],
    received_carriers smallint[], received_receipts integer[], received_packed bytea[]
) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_nestloop = on SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    written integer;
BEGIN
    UPDATE worker SET last_batch = this_batch
     WHERE worker_no = writer AND ended_at IS NULL AND last_batch = this_batch - 1;
    IF NOT FOUND THEN
        RAISE 'this worker lost its lease: its group was not written' USING ERRCODE = 'BC001';
    END IF;
    IF cardinality(slices) > 0 THEN
        UPDATE slice
           SET mark = new.mark, answered = new.answered, retry = new.retry, state = new.state,
               worker_no = CASE WHEN new.state = 'leased' THEN writer END
          FROM unnest(slices, tokens, marks, answereds, retries, states)
               AS new (slice_id, token, mark, answered, retry, state)
         WHERE slice.slice_id = new.slice_id AND slice.token = new.token AND slice.worker_no = writer
           AND slice.state = 'leased';
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written <> cardinality(slices) THEN
            RAISE 'a slice of this group has another owner now: nothing was written' USING ERRCODE = 'BC001';
        END IF;
    END IF;
    IF cardinality(campaigns) > 0 THEN
        PERFORM add_to_tallies(writer, campaigns, carriers, d_waiting, d_in_doubt, d_accepted, d_unknown, '{}', d_rejected,
                               '{}', '{}', '{}', d_segments);
    END IF;
    IF cardinality(counted) > 0 THEN
        INSERT INTO carrier_tally (carrier_no, shard, received, intermediate)
        SELECT carrier_no, writer, received, intermediate
          FROM unnest(counted, n_received, n_intermediate) AS new (carrier_no, received, intermediate)
         ORDER BY carrier_no
        ON CONFLICT (carrier_no, shard) DO UPDATE
           SET received = carrier_tally.received + excluded.received,
               intermediate = carrier_tally.intermediate + excluded.intermediate;
    END IF;
    IF cardinality(sent_slices) > 0 THEN
        INSERT INTO sent (carrier_no, worker_no, batch, slice_id, first_ordinal, last_ordinal, packed)
        SELECT carrier_no, writer, this_batch, slice_id, first_ordinal, last_ordinal, packed
          FROM unnest(sent_carriers, sent_slices, sent_firsts, sent_lasts, sent_packed)
               AS new (carrier_no, slice_id, first_ordinal, last_ordinal, packed);
    END IF;
    IF cardinality(received_carriers) > 0 THEN
        INSERT INTO received (carrier_no, worker_no, batch, receipts, packed)
        SELECT carrier_no, writer, this_batch, receipts, packed
          FROM unnest(received_carriers, received_receipts, received_packed) AS new (carrier_no, receipts, packed);
    END IF;
END $$;

-- The ring that groups entered.
DROP FUNCTION ledger_enter(integer, bigint);

-- message_id: an id in a submit_sm_resp that is longer than any that is kept.
ALTER TABLE oddity DROP CONSTRAINT oddity_kind_check,
    ADD CONSTRAINT oddity_kind_check CHECK (kind IN ('status', 'receipt_state', 'message_id'));
