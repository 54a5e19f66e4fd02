-- The ledger of before, a row a segment in a ring of buckets, moves into packed rows: whoever was under way in it is
-- settled by the same resolver as everybody else, and nobody's state changes by the move. In one transaction; what a
-- worker of before would still write fails from here on, and so its recipients are in doubt.
--
-- Ids are in canonical form there (small letters, hex and decimal made one), not as an SMSC told them; so a resolver must
-- know them: batches of what was sent are 0 and less, the numbers of what is parked less than 0.

LOCK TABLE ledger_ring, submission, receipt, open_submission, unmatched_receipt, in_doubt IN ACCESS EXCLUSIVE MODE;

SET LOCAL work_mem = '256MB';
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_nestloop = off;
SET LOCAL jit = off;

-- ---------------------------------------------------------------- numbers in little-endian octets

CREATE FUNCTION moving_u8(bigint) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN set_byte('\x00', 0, $1::integer);
CREATE FUNCTION moving_u16(bigint) RETURNS bytea LANGUAGE sql IMMUTABLE
    RETURN set_byte(set_byte('\x0000', 0, ($1 & 255)::integer), 1, ($1 >> 8)::integer);
CREATE FUNCTION moving_u32(bigint) RETURNS bytea LANGUAGE sql IMMUTABLE
    RETURN substr(int8send((($1 & 255) << 24) | (($1 & 65280) << 8) | (($1 >> 8) & 65280) | (($1 >> 24) & 255)), 5);
CREATE FUNCTION moving_i64(bigint) RETURNS bytea LANGUAGE sql IMMUTABLE
    RETURN int8send((($1 & 255) << 56) | ((($1 >> 8) & 255) << 48) | ((($1 >> 16) & 255) << 40)
                    | ((($1 >> 24) & 255) << 32) | ((($1 >> 32) & 255) << 24) | ((($1 >> 40) & 255) << 16)
                    | ((($1 >> 48) & 255) << 8) | (($1 >> 56) & 255));
CREATE FUNCTION moving_us(timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN (extract(epoch FROM $1) * 1000000)::bigint;
CREATE FUNCTION moving_octets(text) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN convert_to($1, 'LATIN1');

-- A block of texts: the different ones, the most frequent first, and where another stands. errs: in order.
CREATE FUNCTION moving_errs(errs text[]) RETURNS bytea LANGUAGE sql AS $$
    WITH told AS (
        SELECT place - 1 AS place, err FROM unnest(errs) WITH ORDINALITY AS each (err, place)
    ), known AS (
        SELECT err, row_number() OVER (ORDER BY count(*) DESC, err) - 1 AS no FROM told GROUP BY err
    ), other AS (
        SELECT place, no FROM told JOIN known USING (err) WHERE no > 0
    )
    SELECT CASE WHEN (SELECT count(*) = 0 OR (count(*) = 1 AND min(err) = '') FROM known) THEN moving_u16(0)
                ELSE (SELECT moving_u16(count(*))
                             || string_agg(moving_u16(octet_length(err)) || convert_to(err, 'UTF8'), NULL ORDER BY no) FROM known)
                     || moving_u16(0)
                     || (SELECT moving_u32(count(*)) || coalesce(string_agg(moving_u32(place), NULL ORDER BY place), '')
                                || coalesce(string_agg(moving_u16(no), NULL ORDER BY place), '') FROM other)
           END
$$;

-- ---------------------------------------------------------------- submissions without all their receipts

-- segments: of a message that wait; 0: accepted, and its recipient was rejected over another segment all the same.
CREATE UNLOGGED TABLE moving AS
SELECT s.slice_id, s.ordinal, s.segment, s.carrier_no, s.submitted_at, s.state, s.received_at, coalesce(s.err, '') AS err,
       left(s.smsc_id, 255) AS smsc_id, s.closed,
       CASE WHEN s.segments > 0 THEN count(*) OVER (PARTITION BY s.slice_id, s.ordinal) ELSE 0 END AS segments
  FROM (SELECT slice_id, ordinal, segment, segments, carrier_no, submitted_at, state, received_at, err, smsc_id, closed
          FROM open_submission
        UNION ALL
        SELECT slice_id, ordinal, segment, segments, carrier_no, submitted_at, NULL, NULL, NULL, smsc_id, false
          FROM submission) AS s
  JOIN slice USING (slice_id);  -- those of archived campaigns count no more

-- A run per moment of answers; a row per number of segments that a slice's messages have, whose negative is its batch.
-- When they left is not known: a receipt came within two minutes of it, or later.
WITH message AS MATERIALIZED (
    SELECT slice_id, carrier_no, segments, ordinal, max(submitted_at) AS answered_at,
           string_agg(moving_u8(length(smsc_id)), NULL ORDER BY segment) AS lengths,
           string_agg(moving_octets(smsc_id), NULL ORDER BY segment) AS ids
      FROM moving WHERE segments > 0 GROUP BY slice_id, carrier_no, segments, ordinal
), run AS MATERIALIZED (
    SELECT slice_id, carrier_no, segments, answered_at, count(*) AS messages, min(ordinal) AS first, max(ordinal) AS last,
           string_agg(moving_u16(ordinal), NULL ORDER BY ordinal) AS ordinals,
           string_agg(lengths, NULL ORDER BY ordinal) AS lengths, string_agg(ids, NULL ORDER BY ordinal) AS ids
      FROM message GROUP BY slice_id, carrier_no, segments, answered_at
)
INSERT INTO sent (carrier_no, worker_no, batch, slice_id, first_ordinal, last_ordinal, packed)
SELECT carrier_no, 0, -segments, slice_id, min(first), max(last),
       '\x01' || moving_u8(segments) || moving_u16(count(*)) || moving_u32(sum(messages)::bigint) || moving_u32(0) || moving_u32(0)
       || string_agg(moving_u32(messages)
                     || moving_i64(moving_us(greatest(answered_at - interval '2 minutes', least(launched_at, answered_at))))
                     || moving_i64(moving_us(answered_at)), NULL ORDER BY answered_at)
       || string_agg(ordinals, NULL ORDER BY answered_at)
       || '\x02' || string_agg(lengths, NULL ORDER BY answered_at) || string_agg(ids, NULL ORDER BY answered_at)
       || moving_errs('{}') || '\x02'
  FROM run JOIN (SELECT slice_id, launched_at FROM slice JOIN campaign USING (campaign_id)) AS begun USING (slice_id)
 GROUP BY carrier_no, slice_id, segments;

INSERT INTO sent (carrier_no, worker_no, batch, slice_id, first_ordinal, last_ordinal, packed)
SELECT carrier_no, 0, 0, slice_id, min(ordinal), max(ordinal),
       '\x01' || moving_u8(1) || moving_u16(0) || moving_u32(0) || moving_u32(0) || moving_u32(count(*)) || '\x02' || moving_errs('{}')
       || string_agg(moving_u16(ordinal), NULL ORDER BY ordinal, segment)
       || string_agg(moving_u8(segment), NULL ORDER BY ordinal, segment)
       || '\x02' || string_agg(moving_u8(length(smsc_id)), NULL ORDER BY ordinal, segment)
       || string_agg(moving_octets(smsc_id), NULL ORDER BY ordinal, segment)
  FROM moving WHERE segments = 0 GROUP BY carrier_no, slice_id;

-- Segments whose receipt is there, while others of their message wait. scale: of the steps in which the time before the
-- newest is told, in powers of two of a millisecond.
WITH told AS (
    SELECT *, max(received_at) OVER same AS newest, max(segment) OVER same AS highest,
           least(15, greatest(0, ceil(log(2.0, (extract(epoch FROM max(received_at) OVER same - min(received_at) OVER same)
                                                * 1000 + 1) / 65535))))::integer AS scale
      FROM moving WHERE state IS NOT NULL AND segments > 0 WINDOW same AS (PARTITION BY slice_id)
)
INSERT INTO result (slice_id, no, packed)
SELECT slice_id, 0,
       '\x01' || moving_u8((scale << 4) + CASE WHEN highest <= 15 THEN 1 ELSE 0 END) || moving_i64(moving_us(newest))
       || moving_u32(count(*)) || string_agg(moving_u16(ordinal), NULL ORDER BY ordinal, segment)
       || CASE WHEN highest <= 15 THEN string_agg(moving_u8((segment << 4) + state), NULL ORDER BY ordinal, segment)
               ELSE string_agg(moving_u8(segment), NULL ORDER BY ordinal, segment)
                    || string_agg(moving_u8(state), NULL ORDER BY ordinal, segment) END
       || string_agg(moving_u16(least(65535, (moving_us(newest) - moving_us(received_at)) / (1000 << scale))), NULL
                     ORDER BY ordinal, segment)
       || moving_errs(array_agg(err ORDER BY ordinal, segment))
  FROM told GROUP BY slice_id, newest, highest, scale;

-- Who waited for no receipt any more is unknown. What was accepted at the last moment would be so a second later.
UPDATE campaign SET closed_at = coalesce(finished_at, clock_timestamp())
 WHERE campaign_id IN (SELECT campaign_id FROM moving JOIN slice USING (slice_id) WHERE closed);
SELECT add_to_tallies(0, array_agg(campaign_id), array_agg(carrier_no), NULL, NULL, array_agg(-recipients), array_agg(recipients),
                      NULL, NULL, NULL, NULL, NULL, NULL)
  FROM (SELECT campaign_id, carrier_no, count(*) AS recipients
          FROM (SELECT slice_id, ordinal FROM moving WHERE segments > 0
                 GROUP BY slice_id, ordinal HAVING NOT bool_or(closed)) AS waiting
          JOIN slice USING (slice_id) JOIN campaign USING (campaign_id)
         WHERE closed_at IS NOT NULL GROUP BY campaign_id, carrier_no) AS over
HAVING count(*) > 0;

-- ---------------------------------------------------------------- receipts that no submission had yet

-- Those of the ring and those that were parked are parked, the oldest first: a resolver tries them when it begins.
WITH numbered AS (
    SELECT *, row_number() OVER (PARTITION BY carrier_no ORDER BY received_at) - 1 AS place,
           count(*) OVER (PARTITION BY carrier_no) AS receipts
      FROM (SELECT carrier_no, received_at, msisdn, state, err, left(smsc_id, 255) AS smsc_id FROM unmatched_receipt
            UNION ALL
            SELECT carrier_no, received_at, msisdn, state, err, left(smsc_id, 255) FROM receipt WHERE state > 0) AS final
), run AS MATERIALIZED (
    SELECT carrier_no, place / 20000 - (receipts + 19999) / 20000 AS no, received_at, count(*) AS receipts,
           string_agg(moving_u8(state), NULL ORDER BY place) AS states,
           string_agg(moving_i64(coalesce(msisdn, 0)), NULL ORDER BY place) AS msisdns,
           string_agg(moving_u8(length(smsc_id)), NULL ORDER BY place) AS lengths,
           string_agg(moving_octets(smsc_id), NULL ORDER BY place) AS ids
      FROM numbered GROUP BY carrier_no, no, received_at
), said AS (
    SELECT carrier_no, place / 20000 - (receipts + 19999) / 20000 AS no, moving_errs(array_agg(err ORDER BY place)) AS errs
      FROM numbered GROUP BY carrier_no, no
)
INSERT INTO parked (carrier_no, no, received_at, receipts, packed)
SELECT carrier_no, no, max(received_at), sum(receipts)::integer,
       '\x01' || moving_u16(count(*)) || moving_u32(sum(receipts)::bigint)
       || string_agg(moving_u32(receipts) || moving_i64(moving_us(received_at)), NULL ORDER BY received_at)
       || string_agg(states, NULL ORDER BY received_at) || string_agg(msisdns, NULL ORDER BY received_at)
       || '\x02' || string_agg(lengths, NULL ORDER BY received_at) || string_agg(ids, NULL ORDER BY received_at) || errs
       || decode(repeat('00', sum(receipts)::integer), 'hex')  -- nobody's id, as far as is known
  FROM run JOIN said USING (carrier_no, no)
 GROUP BY carrier_no, no, errs;

-- ---------------------------------------------------------------- what nothing uses any more

-- outcome stays as it is, of campaigns that began before, and nothing is written to it any more.
CREATE INDEX outcome_of_slice ON outcome (slice_id);

DROP TABLE submission, receipt, settling_submission, settling_receipt, open_submission, unmatched_receipt, ledger_ring, moving;
DROP FUNCTION IF EXISTS ledger_enter(integer, bigint);
DROP FUNCTION IF EXISTS archive_recipients(integer);
DROP FUNCTION moving_errs(text[]);
DROP FUNCTION moving_us(timestamptz), moving_octets(text), moving_i64(bigint), moving_u32(bigint), moving_u16(bigint),
              moving_u8(bigint);
