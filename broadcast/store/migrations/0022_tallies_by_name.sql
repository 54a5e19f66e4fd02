-- Tallies and states by name. Nothing changes but how it is said; a call by position goes on as before.

-- The one way into the tallies: changes of one shard, columns side by side, by the names of the states; what is left out is
-- unchanged. (The same arguments in the same order as before: whoever prepared a call goes on.)
DROP FUNCTION add_to_tallies(integer, integer[], smallint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[],
                             bigint[], bigint[], bigint[]);
CREATE FUNCTION add_to_tallies(
    shard integer, campaigns integer[], carriers smallint[],
    waiting bigint[] DEFAULT NULL, in_doubt bigint[] DEFAULT NULL, accepted bigint[] DEFAULT NULL,
    unknown bigint[] DEFAULT NULL, expired bigint[] DEFAULT NULL, rejected bigint[] DEFAULT NULL,
    undeliverable bigint[] DEFAULT NULL, delivered bigint[] DEFAULT NULL, excluded bigint[] DEFAULT NULL,
    segments bigint[] DEFAULT NULL
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO tally (campaign_id, carrier_no, shard, waiting, in_doubt, accepted, unknown, expired, rejected, undeliverable,
                       delivered, excluded, segments)
    SELECT new.campaign_id, new.carrier_no, add_to_tallies.shard, coalesce(sum(new.waiting), 0), coalesce(sum(new.in_doubt), 0),
           coalesce(sum(new.accepted), 0), coalesce(sum(new.unknown), 0), coalesce(sum(new.expired), 0),
           coalesce(sum(new.rejected), 0), coalesce(sum(new.undeliverable), 0), coalesce(sum(new.delivered), 0),
           coalesce(sum(new.excluded), 0), coalesce(sum(new.segments), 0)
      FROM unnest(campaigns, carriers, add_to_tallies.waiting, add_to_tallies.in_doubt, add_to_tallies.accepted,
                  add_to_tallies.unknown, add_to_tallies.expired, add_to_tallies.rejected, add_to_tallies.undeliverable,
                  add_to_tallies.delivered, add_to_tallies.excluded, add_to_tallies.segments)
           AS new (campaign_id, carrier_no, waiting, in_doubt, accepted, unknown, expired, rejected, undeliverable,
                   delivered, excluded, segments)
     GROUP BY new.campaign_id, new.carrier_no
     ORDER BY new.campaign_id, new.carrier_no -- two writers never lock the same rows crosswise
    ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
       SET waiting = tally.waiting + excluded.waiting, in_doubt = tally.in_doubt + excluded.in_doubt,
           accepted = tally.accepted + excluded.accepted, unknown = tally.unknown + excluded.unknown,
           expired = tally.expired + excluded.expired, rejected = tally.rejected + excluded.rejected,
           undeliverable = tally.undeliverable + excluded.undeliverable, delivered = tally.delivered + excluded.delivered,
           excluded = tally.excluded + excluded.excluded, segments = tally.segments + excluded.segments
$$;

-- As in 0015.
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

-- As in 0019.
CREATE OR REPLACE FUNCTION resolve_tallies(
    of_carrier smallint, campaigns integer[], d_expired bigint[], d_rejected bigint[], d_undeliverable bigint[],
    d_delivered bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_to_tallies(
        shard => -2, campaigns => array_agg(new.campaign_id), carriers => array_agg(of_carrier),
        accepted => array_agg(CASE WHEN c.closed_at IS NULL THEN -ended ELSE 0 END),
        unknown => array_agg(CASE WHEN c.closed_at IS NULL THEN 0 ELSE -ended END),
        expired => array_agg(expired), rejected => array_agg(rejected), undeliverable => array_agg(undeliverable),
        delivered => array_agg(delivered))
      FROM (SELECT *, expired + rejected + undeliverable + delivered AS ended
              FROM unnest(campaigns, d_expired, d_rejected, d_undeliverable, d_delivered)
                   AS each (campaign_id, expired, rejected, undeliverable, delivered)) AS new
      JOIN campaign AS c ON c.campaign_id = new.campaign_id
     WHERE (SELECT true FROM archive AS a WHERE a.campaign_id = new.campaign_id) IS NULL
    HAVING count(*) > 0;
END $$;

-- ---------------------------------------------------------------- the numbers of states

-- By number, from 1: ledger/states.py has the same.
CREATE FUNCTION recipient_states() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['waiting', 'in_doubt', 'accepted', 'unknown', 'expired', 'rejected', 'undeliverable', 'delivered', 'excluded'];

CREATE OR REPLACE FUNCTION state_word(state integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (recipient_states())[state];

CREATE FUNCTION state_number(word text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_position(recipient_states(), word);

COMMENT ON FUNCTION state_word(integer) IS 'The state of a recipient as a word; the numbers are those of recipient_states().';

-- As in 0017.
CREATE OR REPLACE FUNCTION recipient_history(campaign_name text, msisdn bigint) RETURNS TABLE (
    at timestamptz, carrier text, slice_id integer, what text, segment integer, smsc_id text, state text, err text
) LANGUAGE sql STABLE SET enable_seqscan = off SET jit = off AS $$
    WITH c AS MATERIALIZED (SELECT campaign_id, launched_at, closed_at FROM campaign
                           WHERE campaign_id = campaign_called(campaign_name)),
    here AS MATERIALIZED (
        SELECT p.slice_id, p.ordinal, s.carrier_no, s.state, s.mark, c.closed_at IS NOT NULL AS closed,
               CASE WHEN length(s.retry) * 8 > p.ordinal THEN get_bit(s.retry, p.ordinal) = 1 ELSE false END AS again
          FROM c CROSS JOIN LATERAL places_of(c.campaign_id, $2) AS p JOIN slice AS s USING (slice_id)
    ),
    said AS MATERIALIZED (
        SELECT here.slice_id, u.*
          FROM here
          JOIN sent AS r ON r.slice_id = here.slice_id AND here.ordinal BETWEEN r.first_ordinal AND r.last_ordinal
         CROSS JOIN LATERAL unpack_sent(r.packed, here.ordinal) AS u
    ),
    told AS MATERIALIZED (
        SELECT here.slice_id, r.no, u.*
          FROM here JOIN result AS r USING (slice_id) CROSS JOIN LATERAL unpack_result(r.packed, here.ordinal) AS u
    ),
    before AS MATERIALIZED ( -- of the ledger before this one
        SELECT o.* FROM here CROSS JOIN LATERAL (
            SELECT * FROM outcome AS f WHERE f.slice_id = here.slice_id AND f.ordinal = here.ordinal OFFSET 0) AS o
    ),
    doubt AS MATERIALIZED (SELECT d.* FROM here JOIN in_doubt AS d USING (slice_id, ordinal)),
    settled AS ( -- by its last segment, as its worst
        SELECT a.slice_id, max(t.received_at) AS at, min(t.state) AS state,
               (array_agg(t.err ORDER BY t.state, t.segment))[1] AS err
          FROM (SELECT DISTINCT slice_id, segment FROM said WHERE what = 'accepted') AS a
          LEFT JOIN (SELECT DISTINCT ON (slice_id, segment) * FROM told ORDER BY slice_id, segment, no) AS t
                 USING (slice_id, segment)
         GROUP BY a.slice_id HAVING count(*) = count(t.state)
    ),
    final AS (
        SELECT here.slice_id,
               coalesce(before.settled_at, ended.at, settled.at, given_up.ended_at) AS at,
               coalesce(before.state, ended.state, settled.state,
                        CASE WHEN taken.slice_id IS NOT NULL THEN CASE WHEN here.closed THEN state_number('unknown') ELSE state_number('accepted') END
                             WHEN given_up.slice_id IS NOT NULL THEN state_number('unknown')
                             WHEN doubt.slice_id IS NOT NULL OR here.ordinal < here.mark AND NOT here.again
                             THEN state_number('in_doubt')
                             WHEN here.state = 'expired' THEN state_number('expired')
                             WHEN here.state = 'cancelled' THEN state_number('excluded') ELSE state_number('waiting') END) AS state,
               coalesce(before.err, ended.err, settled.err,
                        CASE WHEN given_up.slice_id IS NOT NULL THEN 'in_doubt' END, '') AS err
          FROM here
          LEFT JOIN before USING (slice_id)
          LEFT JOIN (SELECT * FROM said WHERE what = 'ended') AS ended USING (slice_id)
          LEFT JOIN settled USING (slice_id)
          LEFT JOIN (SELECT DISTINCT slice_id FROM said WHERE what = 'accepted') AS taken USING (slice_id)
          LEFT JOIN doubt USING (slice_id)
          LEFT JOIN (SELECT slice_id, ended_at FROM doubt WHERE ended_as = 'closed') AS given_up
                 ON given_up.slice_id = here.slice_id AND taken.slice_id IS NULL -- unless a row says more
         WHERE doubt.ended_as IS DISTINCT FROM 'resent'
    ),
    event AS (
        SELECT left_at AS at, slice_id, 'sent' AS what, segment, smsc_id, NULL::integer AS state, '' AS err, 1 AS step
          FROM said WHERE what = 'accepted'
        UNION ALL
        SELECT s.at, slice_id, 'accepted', segment, smsc_id, state_number('accepted'), '', 2 FROM said AS s WHERE what = 'accepted'
        UNION ALL
        SELECT e.at, s.slice_id, 'accepted', s.segment, s.smsc_id, state_number('accepted'), '', 2
          FROM said AS s JOIN said AS e ON e.slice_id = s.slice_id AND e.what = 'ended' WHERE s.what = 'stray'
        UNION ALL
        SELECT submitted_at, slice_id, 'accepted', no::integer, id, state_number('accepted'), '', 2
          FROM before
         CROSS JOIN LATERAL unnest(string_to_array(nullif(before.smsc_ids, ''), ' ')) WITH ORDINALITY AS one (id, no)
         WHERE submitted_at IS NOT NULL
        UNION ALL
        SELECT s.at, slice_id, CASE WHEN s.state = state_number('rejected') THEN 'refused' ELSE 'ended' END, NULL, NULL, s.state, s.err, 3
          FROM said AS s WHERE what = 'ended'
        UNION ALL
        SELECT since, slice_id, 'in doubt', NULL, NULL, state_number('in_doubt'), reason, 3 FROM doubt
        UNION ALL
        SELECT ended_at, slice_id, 'doubt ended', NULL, first_copies(first_ids), first_state, ended_as, 4
          FROM doubt WHERE ended_at IS NOT NULL
        UNION ALL
        SELECT t.received_at, t.slice_id, 'receipt', t.segment, s.smsc_id, t.state, t.err, 5
          FROM told AS t LEFT JOIN said AS s ON s.slice_id = t.slice_id AND s.segment = t.segment
        UNION ALL
        SELECT settled_at, slice_id, CASE WHEN submitted_at IS NULL THEN 'ended' ELSE 'receipt' END, NULL, NULL,
               b.state, b.err, 5
          FROM before AS b
    )
    SELECT * FROM (
        SELECT e.at, carrier.name, e.slice_id, e.what, e.segment, e.smsc_id, state_word(e.state), e.err
          FROM event AS e JOIN here USING (slice_id) JOIN carrier USING (carrier_no)
         ORDER BY e.at, e.step, e.segment) AS in_order
    UNION ALL
    SELECT c.launched_at, carrier.name, NULL, 'excluded', NULL, NULL, 'excluded', x.reason
      FROM c JOIN exclusion AS x USING (campaign_id) JOIN carrier USING (carrier_no) WHERE $2 = ANY (x.msisdns)
    UNION ALL
    SELECT f.at, carrier.name, f.slice_id, 'final state', NULL, NULL, state_word(f.state), f.err
      FROM final AS f JOIN here USING (slice_id) JOIN carrier USING (carrier_no)
$$;
