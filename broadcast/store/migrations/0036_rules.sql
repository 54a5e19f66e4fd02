-- When and how often people are told: what a campaign keeps of its category's rule, and who is let go later.

-- rules: those that it was launched under, as rules/limits.py has them, {}: none; null: of an older home. stage: of its
-- held slices, those up to this one may be let go.
ALTER TABLE campaign
    ADD COLUMN rules jsonb DEFAULT '{}',
    ADD COLUMN stage smallint DEFAULT 0;

-- sent_until: nothing of it left after that, while nobody holds it.
ALTER TABLE slice ADD COLUMN sent_until timestamptz;

-- As in 0022; and it says until when something of a slice may have left.
CREATE OR REPLACE FUNCTION commit_group(
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
               sent_until = clock_timestamp(),
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
        PERFORM add_to_tallies(shard => writer, campaigns => campaigns, carriers => carriers, waiting => d_waiting,
                               in_doubt => d_in_doubt, accepted => d_accepted, unknown => d_unknown, rejected => d_rejected,
                               segments => d_segments);
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

-- ---------------------------------------------------------------- a launch

-- The rules under which it runs; in a ledger with its part of the people an hour.
CREATE FUNCTION desk_rules(of_campaign integer, said jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM desk_check_launching(of_campaign);
    IF said IS NULL OR (said <> '{}' AND EXISTS (SELECT FROM campaign WHERE campaign_id = of_campaign AND category = 'emergency')) THEN
        PERFORM desk_refuse('BC004', 'an emergency is under no rules of hours and numbers');
    END IF;
    UPDATE campaign SET rules = said WHERE campaign_id = of_campaign;
END $$;

-- When each of its held slices is looked at to be let go.
CREATE FUNCTION desk_spread(of_campaign integer, slices integer[], moments timestamptz[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM desk_check_launching(of_campaign);
    UPDATE slice SET not_before = new.moment
      FROM unnest(slices, moments) AS new (slice_id, moment)
     WHERE slice.slice_id = new.slice_id AND slice.campaign_id = of_campaign AND state = 'held';
END $$;
