-- What an auditor asks in psql: what became of one person, and every segment of a campaign with its receipt. The packed rows
-- of the ledger are unpacked here; broadcast/ledger/packing says what the octets mean, and tests hold the two together.

-- ---------------------------------------------------------------- numbers, little-endian; offsets count from 0

CREATE FUNCTION packed_u16(octets bytea, place integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN get_byte(octets, place) + (get_byte(octets, place + 1) << 8);

CREATE FUNCTION packed_u32(octets bytea, place integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN get_byte(octets, place) + (get_byte(octets, place + 1) << 8) + (get_byte(octets, place + 2) << 16)
           + (get_byte(octets, place + 3) << 24);

CREATE FUNCTION packed_i64(octets bytea, place integer) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN packed_u16(octets, place)::bigint + (packed_u16(octets, place + 2)::bigint << 16)
           + (packed_u16(octets, place + 4)::bigint << 32) + (packed_u16(octets, place + 6)::bigint << 48);

CREATE FUNCTION packed_time(us bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_timestamp(us / 1000000.0::float8);

-- ---------------------------------------------------------------- ids and reasons: arrays, and where their block ends

CREATE FUNCTION packed_id(octets bytea) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN position('\x00'::bytea IN octets) > 0 THEN encode(octets, 'escape')
                ELSE convert_from(octets, 'LATIN1') END;

-- The ids from the `first` (from 0) on, as many as wanted, of a block of n.
CREATE FUNCTION packed_ids(octets bytea, place integer, n integer, first integer, wanted integer,
                           OUT ids text[], OUT block_end integer) LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    kind       integer := get_byte(octets, place);
    width      integer;
    bitmap_at  integer := place + 1;
    uuid_at    integer := place + 1;
    length_at  integer := place + 1;
    id         text;
BEGIN
    IF kind = 0 THEN
        block_end := place + 1 + 16 * n;
        ids := ARRAY(SELECT encode(substr(octets, place + 2 + 16 * i, 16), 'hex')::uuid::text
                       FROM generate_series(first, first + wanted - 1) AS i);
        RETURN;
    ELSIF kind = 1 THEN
        width := get_byte(octets, place + 1);
        block_end := place + 2 + width * n;
        ids := ARRAY(SELECT packed_id(substr(octets, place + 3 + width * i, width))
                       FROM generate_series(first, first + wanted - 1) AS i);
        RETURN;
    ELSIF kind = 3 THEN
        uuid_at := bitmap_at + (n + 7) / 8;
        width := bit_count(substr(octets, bitmap_at + 1, (n + 7) / 8));
        length_at := uuid_at + 16 * width;
        block_end := length_at + n - width;
    ELSIF kind = 2 THEN
        block_end := length_at + n;
    ELSE
        RAISE EXCEPTION 'ids of kind % are not known', kind;
    END IF;
    ids := '{}';
    FOR i IN 0 .. n - 1 LOOP
        IF kind = 3 AND get_byte(octets, bitmap_at + i / 8) >> (i % 8) & 1 = 1 THEN
            IF i BETWEEN first AND first + wanted - 1 THEN
                ids := ids || encode(substr(octets, uuid_at + 1, 16), 'hex')::uuid::text;
            END IF;
            uuid_at := uuid_at + 16;
        ELSE
            width := get_byte(octets, length_at);
            IF i BETWEEN first AND first + wanted - 1 THEN
                ids := ids || packed_id(substr(octets, block_end + 1, width));
            END IF;
            length_at := length_at + 1;
            block_end := block_end + width;
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION packed_errs(octets bytea, place integer, first integer, wanted integer,
                            OUT errs text[], OUT block_end integer) LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    count  integer := packed_u16(octets, place);
    texts  text[] := '{}';
    others integer;
    other  integer;
BEGIN
    block_end := place + 2;
    IF count = 0 THEN
        errs := array_fill(''::text, ARRAY[wanted]);
        RETURN;
    END IF;
    FOR i IN 1 .. count LOOP
        texts := texts || convert_from(substr(octets, block_end + 3, packed_u16(octets, block_end)), 'UTF8');
        block_end := block_end + 2 + packed_u16(octets, block_end);
    END LOOP;
    errs := array_fill(texts[packed_u16(octets, block_end) + 1], ARRAY[wanted]);
    others := packed_u32(octets, block_end + 2);
    block_end := block_end + 6;
    FOR i IN 0 .. others - 1 LOOP
        other := packed_u32(octets, block_end + 4 * i) - first;
        IF other BETWEEN 0 AND wanted - 1 THEN
            errs[other + 1] := texts[packed_u16(octets, block_end + 4 * others + 2 * i) + 1];
        END IF;
    END LOOP;
    block_end := block_end + 6 * others;
END $$;

-- ---------------------------------------------------------------- rows

CREATE FUNCTION unpack_sent(packed bytea, only_ordinal integer DEFAULT NULL) RETURNS TABLE (
    what text, ordinal integer, segment integer, smsc_id text, left_at timestamptz, at timestamptz, state integer, err text
) LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 200 AS $$
#variable_conflict use_column
DECLARE
    octets      bytea := packed || ''::bytea; -- once out of its toast
    segments    integer := get_byte(octets, 1);
    runs        integer := packed_u16(octets, 2);
    accepted    integer := packed_u32(octets, 4);
    ended       integer := packed_u32(octets, 8);
    strays      integer := packed_u32(octets, 12);
    ordinals_at integer := 16 + 20 * runs;
    ids_at      integer := ordinals_at + 2 * accepted;
    ended_at    integer;
    strays_at   integer;
    firsts      integer[] := '{0}';
    wanted      integer := accepted;
    first       integer;
    run_first   integer;
    run_end     integer;
    ids         text[];
    errs        text[];
BEGIN
    IF get_byte(octets, 0) <> 1 THEN
        RAISE EXCEPTION 'a row of version %, not 1', get_byte(octets, 0);
    END IF;
    IF only_ordinal IS NOT NULL THEN
        firsts := ARRAY(SELECT i FROM generate_series(0, accepted - 1) AS i
                         WHERE packed_u16(octets, ordinals_at + 2 * i) = only_ordinal);
        wanted := 1;
    END IF;
    FOREACH first IN ARRAY firsts LOOP
        SELECT i.ids INTO ids FROM packed_ids(octets, ids_at, accepted * segments, first * segments, wanted * segments) AS i;
        run_end := 0;
        FOR run_at IN 16 .. ordinals_at - 1 BY 20 LOOP
            run_first := run_end;
            run_end := run_end + packed_u32(octets, run_at);
            CONTINUE WHEN run_end <= first OR run_first >= first + wanted;
            RETURN QUERY
            SELECT 'accepted', packed_u16(octets, ordinals_at + 2 * (run.low + (one.no - 1)::integer / segments)),
                   (one.no - 1)::integer % segments + 1, one.id, times.left_at, times.answered_at, NULL::integer, NULL::text
              FROM (SELECT greatest(run_first, first) AS low, least(run_end, first + wanted) AS high) AS run
             CROSS JOIN (SELECT packed_time(packed_i64(octets, run_at + 4)) AS left_at,
                                packed_time(packed_i64(octets, run_at + 12)) AS answered_at OFFSET 0) AS times
             CROSS JOIN LATERAL unnest(ids[(run.low - first) * segments + 1:(run.high - first) * segments])
                        WITH ORDINALITY AS one (id, no);
        END LOOP;
    END LOOP;
    IF ended = 0 AND strays = 0 THEN
        RETURN;
    END IF;
    SELECT i.block_end INTO ended_at FROM packed_ids(octets, ids_at, accepted * segments, 0, 0) AS i;
    SELECT e.errs, e.block_end INTO errs, strays_at FROM packed_errs(octets, ended_at + 11 * ended, 0, ended) AS e;
    RETURN QUERY
    SELECT 'ended', packed_u16(octets, ended_at + 2 * i), NULL::integer, NULL::text, NULL::timestamptz,
           packed_time(packed_i64(octets, ended_at + 3 * ended + 8 * i)), get_byte(octets, ended_at + 2 * ended + i),
           errs[i + 1]
      FROM generate_series(0, ended - 1) AS i
     WHERE only_ordinal IS NULL OR packed_u16(octets, ended_at + 2 * i) = only_ordinal;
    SELECT i.ids INTO ids FROM packed_ids(octets, strays_at + 3 * strays, strays, 0, strays) AS i;
    RETURN QUERY
    SELECT 'stray', packed_u16(octets, strays_at + 2 * i), get_byte(octets, strays_at + 2 * strays + i), ids[i + 1],
           NULL::timestamptz, NULL::timestamptz, NULL::integer, NULL::text
      FROM generate_series(0, strays - 1) AS i
     WHERE only_ordinal IS NULL OR packed_u16(octets, strays_at + 2 * i) = only_ordinal;
END $$;

CREATE FUNCTION unpack_result(packed bytea, only_ordinal integer DEFAULT NULL) RETURNS TABLE (
    ordinal integer, segment integer, state integer, received_at timestamptz, err text
) LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 200 AS $$
#variable_conflict use_column
DECLARE
    octets      bytea := packed || ''::bytea; -- once out of its toast
    shared      boolean := get_byte(octets, 1) & 1 = 1;
    scale       integer := get_byte(octets, 1) >> 4;
    newest      bigint := packed_i64(octets, 2);
    n           integer := packed_u32(octets, 10);
    segments_at integer := 14 + 2 * n;
    ago_at      integer := segments_at + CASE WHEN shared THEN n ELSE 2 * n END;
    first       integer := 0;
    wanted      integer := n;
    middle      integer;
    errs        text[];
BEGIN
    IF get_byte(octets, 0) <> 1 THEN
        RAISE EXCEPTION 'a row of version %, not 1', get_byte(octets, 0);
    END IF;
    IF only_ordinal IS NOT NULL THEN -- they are in order
        WHILE first < wanted LOOP
            middle := (first + wanted) / 2;
            IF packed_u16(octets, 14 + 2 * middle) < only_ordinal THEN first := middle + 1; ELSE wanted := middle; END IF;
        END LOOP;
        wanted := 0;
        WHILE first + wanted < n AND packed_u16(octets, 14 + 2 * least(first + wanted, n - 1)) = only_ordinal LOOP
            wanted := wanted + 1;
        END LOOP;
        IF wanted = 0 THEN
            RETURN;
        END IF;
    END IF;
    SELECT e.errs INTO errs FROM packed_errs(octets, ago_at + 2 * n, first, wanted) AS e;
    RETURN QUERY
    SELECT packed_u16(octets, 14 + 2 * i),
           CASE WHEN shared THEN get_byte(octets, segments_at + i) >> 4 ELSE get_byte(octets, segments_at + i) END,
           CASE WHEN shared THEN get_byte(octets, segments_at + i) & 15 ELSE get_byte(octets, segments_at + n + i) END,
           packed_time(newest - (packed_u16(octets, ago_at + 2 * i)::bigint << scale) * 1000), one.err
      FROM unnest(errs) WITH ORDINALITY AS one (err, no)
     CROSS JOIN LATERAL (SELECT first + one.no::integer - 1 AS i) AS at;
END $$;

CREATE FUNCTION state_word(state integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (ARRAY['waiting', 'in_doubt', 'accepted', 'unknown', 'expired', 'rejected', 'undeliverable', 'delivered',
                  'excluded'])[state];

-- ---------------------------------------------------------------- what an auditor asks

CREATE FUNCTION campaign_called(campaign_name text) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
    found integer := (SELECT campaign_id FROM campaign WHERE name = campaign_name);
BEGIN
    IF found IS NULL THEN
        RAISE EXCEPTION 'no campaign is called %', campaign_name;
    END IF;
    RETURN found;
END $$;

-- Where a number stands in the slices of a campaign; more than once if it was sent again. By the slices' spans, and among
-- those that have none one by one.
CREATE FUNCTION places_of(of_campaign integer, number bigint) RETURNS TABLE (slice_id integer, ordinal integer)
LANGUAGE sql STABLE ROWS 2 SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
    WITH maybe AS MATERIALIZED (
        SELECT span.slice_id FROM carrier CROSS JOIN LATERAL (
            SELECT s.slice_id FROM slice_span AS s WHERE s.span @> key_order(carrier.carrier_no, number) OFFSET 0) AS span
        UNION
        SELECT s.slice_id FROM slice AS s
         WHERE s.campaign_id = of_campaign AND NOT EXISTS (SELECT FROM slice_span AS p WHERE p.slice_id = s.slice_id)
    )
    SELECT s.slice_id, at.place - 1
      FROM maybe
      JOIN slice AS s USING (slice_id)
     CROSS JOIN LATERAL (SELECT array_position(s.msisdns, number) AS place OFFSET 0) AS at
     WHERE s.campaign_id = of_campaign AND at.place IS NOT NULL
$$;

-- Ids that are joined by a blank; null: none.
CREATE FUNCTION first_copies(first_ids text) RETURNS text LANGUAGE sql IMMUTABLE RETURN nullif(first_ids, '');

CREATE FUNCTION recipient_history(campaign_name text, msisdn bigint) RETURNS TABLE (
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
                        CASE WHEN taken.slice_id IS NOT NULL THEN CASE WHEN here.closed THEN 4 ELSE 3 END
                             WHEN given_up.slice_id IS NOT NULL THEN 4
                             WHEN doubt.slice_id IS NOT NULL OR here.ordinal < here.mark AND NOT here.again THEN 2
                             WHEN here.state = 'expired' THEN 5 WHEN here.state = 'cancelled' THEN 9 ELSE 1 END) AS state,
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
        SELECT s.at, slice_id, 'accepted', segment, smsc_id, 3, '', 2 FROM said AS s WHERE what = 'accepted'
        UNION ALL
        SELECT e.at, s.slice_id, 'accepted', s.segment, s.smsc_id, 3, '', 2
          FROM said AS s JOIN said AS e ON e.slice_id = s.slice_id AND e.what = 'ended' WHERE s.what = 'stray'
        UNION ALL
        SELECT submitted_at, slice_id, 'accepted', no::integer, id, 3, '', 2
          FROM before
         CROSS JOIN LATERAL unnest(string_to_array(nullif(before.smsc_ids, ''), ' ')) WITH ORDINALITY AS one (id, no)
         WHERE submitted_at IS NOT NULL
        UNION ALL
        SELECT s.at, slice_id, CASE WHEN s.state = 6 THEN 'refused' ELSE 'ended' END, NULL, NULL, s.state, s.err, 3
          FROM said AS s WHERE what = 'ended'
        UNION ALL
        SELECT since, slice_id, 'in doubt', NULL, NULL, 2, reason, 3 FROM doubt
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

CREATE FUNCTION receipts_of(campaign_name text) RETURNS TABLE (
    msisdn bigint, segment integer, smsc_id text, answered_at timestamptz, received_at timestamptz, state text, err text
) LANGUAGE plpgsql STABLE ROWS 1000000 SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    wanted integer := campaign_called(campaign_name);
    one    record;
BEGIN
    FOR one IN SELECT s.slice_id, s.msisdns FROM slice AS s WHERE s.campaign_id = wanted ORDER BY s.slice_id LOOP
        RETURN QUERY
        WITH said AS MATERIALIZED (
            SELECT u.* FROM sent AS r CROSS JOIN LATERAL unpack_sent(r.packed) AS u WHERE r.slice_id = one.slice_id
        ),
        told AS MATERIALIZED (
            SELECT DISTINCT ON (u.ordinal, u.segment) u.*
              FROM result AS r CROSS JOIN LATERAL unpack_result(r.packed) AS u WHERE r.slice_id = one.slice_id
             ORDER BY u.ordinal, u.segment, r.no
        )
        SELECT who.msisdn, s.segment, s.smsc_id, coalesce(s.at, e.at), t.received_at,
               coalesce(state_word(t.state), 'accepted'), coalesce(t.err, '')
          FROM said AS s
          LEFT JOIN (SELECT ordinal, at FROM said WHERE what = 'ended') AS e ON s.what = 'stray' AND e.ordinal = s.ordinal
          LEFT JOIN told AS t ON t.ordinal = s.ordinal AND t.segment = s.segment
          LEFT JOIN unnest(one.msisdns) WITH ORDINALITY AS who (msisdn, place) ON who.place = s.ordinal + 1
         WHERE s.what <> 'ended';
    END LOOP;
    RETURN QUERY -- of the ledger before this one: a message has one state, and its time
    SELECT s.msisdns[o.ordinal + 1], id.no::integer, id.id, o.submitted_at, o.settled_at, state_word(o.state), o.err
      FROM outcome AS o
      JOIN slice AS s USING (slice_id)
     CROSS JOIN LATERAL unnest(string_to_array(nullif(o.smsc_ids, ''), ' ')) WITH ORDINALITY AS id (id, no)
     WHERE o.campaign_id = wanted;
END $$;

COMMENT ON FUNCTION unpack_sent(bytea, integer) IS
    'What a row of sent holds, for all or for one ordinal. what: accepted (a segment; left_at, at: when it left and was '
    'accepted), ended (a recipient without a receipt: state, err), stray (a segment accepted of a message that ended as '
    'rejected). An id with a NUL is written as by encode(..., ''escape'').';
COMMENT ON FUNCTION unpack_result(bytea, integer) IS
    'What a row of result holds, for all or for one ordinal: the final receipt of each segment.';
COMMENT ON FUNCTION recipient_history(text, bigint) IS
    'Everything known of one number in a campaign, in order of time; the last row of each slice is its state now. '
    'SELECT * FROM recipient_history(''flood-warning'', 84900000001). what: sent, accepted, receipt (for each segment), '
    'refused, ended (without a receipt), in doubt, doubt ended, excluded (before the launch or since; its time is that of '
    'the launch), final state. Of campaigns that began in the ledger before this one a message has one time and one state.';
COMMENT ON FUNCTION receipts_of(text) IS
    'Every accepted segment of a campaign with its final receipt, if it came: SELECT * FROM receipts_of(''flood-warning''). '
    'state: accepted where none came. About ten seconds a million.';
COMMENT ON FUNCTION campaign_called(text) IS 'The campaign_id of a name; an error where there is none.';
COMMENT ON FUNCTION places_of(integer, bigint) IS
    'The slices of a campaign that hold a number, and its ordinal in each; more than one where it was sent again.';
COMMENT ON FUNCTION state_word(integer) IS 'The state of a recipient as a word; the numbers are in migration 0001.';
