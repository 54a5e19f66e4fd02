-- What people answer (broadcast/engine/replies.py): messages joined and read, the campaign that they answer, and who
-- opts out by them.

-- A raw message is new until it is read. waiting: a part of a longer one, the others are not here. reply_no: what it
-- became a part of. repeated: the SMSC delivered it before. sar: reference, total, number of TLVs (SMPP 3.4 §5.3.2).
ALTER TABLE inbound
    ADD COLUMN source   text NOT NULL DEFAULT '',   -- the sender's address as it came; msisdn: if it is digits
    ADD COLUMN sar      integer[],
    ADD COLUMN state    text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'waiting', 'read', 'repeated')),
    ADD COLUMN thread   text,                       -- of a part: how it is joined, its reference, how many there are
    ADD COLUMN part     smallint,                   -- of a part: from 1
    ADD COLUMN reply_no bigint;
UPDATE inbound SET source = coalesce(msisdn::text, '');
CREATE INDEX inbound_new ON inbound (inbound_no) WHERE state = 'new';
CREATE INDEX inbound_waiting ON inbound (carrier_no, source, destination, thread) WHERE state = 'waiting';
CREATE INDEX inbound_by_content ON inbound (carrier_no, source, md5(payload), inbound_no);

-- A message from a subscriber, whole. reply_no: inbound_no of its first part to come.
CREATE TABLE reply (
    reply_no    bigint PRIMARY KEY,
    campaign_id integer NOT NULL,                   -- last sent to that number through that carrier; 0: none
    carrier_no  smallint NOT NULL,
    msisdn      bigint,                             -- null: the sender is no number
    received_at timestamptz NOT NULL,               -- its first part
    destination text NOT NULL,
    kind        text NOT NULL,                      -- of the country's keywords (opt_out, opt_in, ...); '': none
    keyword     text NOT NULL,
    effect      text CHECK (effect IN ('none', 'opted_out', 'opted_in', 'unchanged', 'no_subscriber')), -- null: to come
    parts       smallint NOT NULL,
    missing     smallint NOT NULL,                  -- of its parts
    text        text NOT NULL
);
CREATE INDEX reply_of_campaign ON reply (campaign_id, reply_no);
CREATE INDEX reply_to_do ON reply (reply_no) WHERE effect IS NULL;

-- Who opted out, in the order of commits (writers hold an advisory lock): what runs already is searched for them.
CREATE TABLE opt_out (
    opt_out_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    msisdn     bigint NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    reply_no   bigint                               -- null: an operator's doing
);

CREATE INDEX opt_out_by_msisdn ON opt_out (msisdn);

-- The slices of a campaign were searched for opt-outs up to this one; no row: for none.
CREATE TABLE opt_outs_applied (
    campaign_id integer PRIMARY KEY REFERENCES campaign,
    opt_out_no  bigint NOT NULL
);

-- Where a number stands in the order of the subscribers' key (hash_bucket, msisdn) among those of its carrier; a number
-- has at most 15 digits.
CREATE FUNCTION key_order(carrier_no smallint, msisdn bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((carrier_no % 128)::bigint << 56) + ((msisdn % 64) << 50) + msisdn;

-- What lies between the first and the last of a slice's numbers. A batch of an import is in that order, and the snapshot
-- keeps it: the slices that may hold a number are few, and found by a row and an index entry a slice. Made when somebody
-- answers or opts out; a span may be wider than its slice, never narrower.
CREATE TABLE slice_span (
    slice_id integer PRIMARY KEY,
    span     int8range NOT NULL
);
CREATE INDEX slice_by_span ON slice_span USING gist (span);

-- A null in msisdns: that recipient was taken out again, and is in `exclusion`.
-- recalled: holds people who opted out since the launch; nobody leases it until they are taken out.
ALTER TABLE slice
    ADD COLUMN leased_at timestamptz,
    ADD COLUMN recalled  boolean NOT NULL DEFAULT false;
CREATE INDEX slice_recalled ON slice (slice_id) WHERE recalled;

-- As in 0002, but for those who were taken out of their slice: they are in exclusion.
CREATE OR REPLACE FUNCTION archive_recipients(wanted integer) RETURNS TABLE (
    carrier_no smallint, slice_id integer, ordinal integer, msisdn bigint, state integer, segments integer,
    submitted bigint, settled bigint, err text, smsc_ids text, row_hash bigint
) LANGUAGE sql STABLE AS $$
    SELECT r.carrier_no, r.slice_id, r.ordinal, r.msisdn, r.state, r.segments, r.submitted, r.settled, r.err, r.smsc_ids,
           ('x' || encode(substr(sha256(convert_to(
               concat(r.slice_id, '|', r.ordinal, '|', r.msisdn, '|', r.state, '|', r.segments, '|', r.submitted, '|',
                      r.settled, '|', r.err, '|', r.smsc_ids), 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
      FROM (
        SELECT s.carrier_no, s.slice_id, (u.ordinal - 1)::integer AS ordinal, u.msisdn,
               coalesce(f.state::integer, o.state, CASE WHEN d.slice_id IS NOT NULL THEN 2 END,
                        CASE WHEN u.ordinal <= s.mark
                              AND get_bit(s.retry || decode(repeat('00', s.total / 8 + 1), 'hex'), u.ordinal::integer - 1) = 0
                             THEN 2
                             WHEN s.state = 'expired' THEN 5 WHEN s.state = 'cancelled' THEN 9 ELSE 1 END) AS state,
               coalesce(f.segments::integer, o.segments, 0) AS segments,
               (extract(epoch FROM coalesce(f.submitted_at, o.submitted_at)) * 1000000)::bigint AS submitted,
               (extract(epoch FROM f.settled_at) * 1000000)::bigint AS settled,
               coalesce(f.err, '') AS err, coalesce(f.smsc_ids, o.smsc_ids, '') AS smsc_ids
          FROM slice AS s
         CROSS JOIN LATERAL unnest(s.msisdns) WITH ORDINALITY AS u (msisdn, ordinal)
          LEFT JOIN outcome AS f ON f.campaign_id = wanted AND f.slice_id = s.slice_id AND f.ordinal = u.ordinal - 1
          LEFT JOIN (SELECT slice_id, ordinal, max(submitted_at) AS submitted_at, max(segments)::integer AS segments,
                            string_agg(smsc_id, ' ' ORDER BY segment) AS smsc_ids,
                            CASE WHEN bool_or(closed) THEN 4 ELSE 3 END AS state
                       FROM open_submission WHERE campaign_id = wanted AND segments > 0 GROUP BY slice_id, ordinal) AS o
                 ON o.slice_id = s.slice_id AND o.ordinal = u.ordinal - 1
          LEFT JOIN in_doubt AS d ON d.slice_id = s.slice_id AND d.ordinal = u.ordinal - 1
         WHERE s.campaign_id = wanted AND u.msisdn IS NOT NULL AND d.ended_as IS DISTINCT FROM 'resent'
        UNION ALL
        SELECT e.carrier_no, NULL, NULL, u.msisdn, 9, 0, NULL, NULL, e.reason, ''
          FROM exclusion AS e CROSS JOIN LATERAL unnest(e.msisdns) AS u (msisdn) WHERE e.campaign_id = wanted
      ) AS r
$$;
