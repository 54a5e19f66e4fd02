-- name: commit_group
-- What a group of worker $1 under batch number $2 usually holds: all of it, or SQLSTATE BC001 and nothing.
SELECT commit_group($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                    $24, $25, $26, $27);

-- name: hold_worker
-- Before a group's other rows: no row when worker $1 has ended or batch $2 is not its next. Nobody ends it meanwhile.
SELECT FROM worker WHERE worker_no = $1 AND ended_at IS NULL AND last_batch = $2::bigint - 1 FOR UPDATE;

-- name: last_batch
-- The newest group of worker $1 that was committed, and whether it still lives: after a lost connection. A write, so
-- that it comes after the group's own transaction, and after the group has reached a synchronous standby.
UPDATE worker SET last_batch = last_batch WHERE worker_no = $1 RETURNING last_batch, ended_at IS NULL AS lives;

-- name: add_doubts
-- Recipients whose answer will not come. Columns side by side. $8: microseconds of Unix time.
INSERT INTO in_doubt (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason, sent_after)
SELECT campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason, to_timestamp(sent_after_us / 1e6)
  FROM unnest($1::integer[], $2::smallint[], $3::integer[], $4::smallint[], $5::smallint[], $6::bigint[], $7::text[],
              $8::bigint[])
       AS new (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason, sent_after_us);

-- name: answer_doubts
-- In-doubt recipients that were answered late end so; returns those that still waited for it.
UPDATE in_doubt SET ended_at = clock_timestamp(), ended_as = 'answered'
 WHERE ctid = ANY (ARRAY (
           SELECT place
             FROM unnest($1::integer[], $2::smallint[]) AS late (slice_id, ordinal)
            CROSS JOIN LATERAL (SELECT ctid AS place FROM in_doubt
                                 WHERE slice_id = late.slice_id AND ordinal = late.ordinal OFFSET 0) AS d))
   AND coalesce(ended_at, 'infinity') = 'infinity' -- not IS NULL: by its place, not by the index of all that wait
RETURNING campaign_id, carrier_no, slice_id, ordinal, segments;

-- name: answer_first_copies
-- Late answers for recipients who were resent or given up meanwhile: the first copy's ids. Side by side, of each segment
-- one; a null where none is known of a recipient. Returns whose they are.
UPDATE in_doubt SET first_ids = late.ids
  FROM (SELECT slice_id, ordinal, coalesce(array_agg(id) FILTER (WHERE id IS NOT NULL), '{}') AS ids
          FROM unnest($1::integer[], $2::smallint[], $3::bytea[]) AS told (slice_id, ordinal, id)
         GROUP BY slice_id, ordinal) AS late
 WHERE in_doubt.slice_id = late.slice_id AND in_doubt.ordinal = late.ordinal AND in_doubt.first_ids = '{}'
   AND in_doubt.ended_as IN ('resent', 'closed')
RETURNING in_doubt.campaign_id, in_doubt.carrier_no, in_doubt.slice_id, in_doubt.ordinal;

-- name: keep_unreadable
-- Quarantine PDUs that could not be read; the same again is one row and a count. Its sequence number (4 octets from the
-- 13th on) is another with every redelivery.
INSERT INTO quarantine (carrier_no, digest, pdu, reason, times)
SELECT carrier_no, sha256(overlay(pdu PLACING ''::bytea FROM 13 FOR 4)), (array_agg(pdu))[1], min(reason), count(*)
  FROM unnest($1::smallint[], $2::bytea[], $3::text[]) AS new (carrier_no, pdu, reason)
 GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (carrier_no, digest) DO UPDATE
   SET last_at = clock_timestamp(), times = quarantine.times + excluded.times;

-- name: keep_oddities
-- Count what SMSCs said and their profiles do not know. Columns side by side; beyond $5 values of a carrier and kind it
-- is 'other'.
WITH named AS (
    SELECT carrier_no, kind, times,
           CASE WHEN EXISTS (SELECT FROM oddity AS o
                              WHERE o.carrier_no = new.carrier_no AND o.kind = new.kind AND o.value = new.value)
                  OR (SELECT count(*) FROM oddity AS o WHERE o.carrier_no = new.carrier_no AND o.kind = new.kind)
                     + row_number() OVER (PARTITION BY carrier_no, kind ORDER BY value) <= $5::integer
                THEN value ELSE 'other' END AS value
      FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[]) AS new (carrier_no, kind, value, times)
)
INSERT INTO oddity (carrier_no, kind, value, times)
SELECT carrier_no, kind, value, sum(times)::bigint FROM named GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (carrier_no, kind, value) DO UPDATE
   SET last_at = clock_timestamp(), times = oddity.times + excluded.times;

-- name: keep_inbound
-- Messages from subscribers, as they came. $8, $9, $10: reference, total and number of a part, or nulls.
INSERT INTO inbound (carrier_no, msisdn, destination, esm_class, data_coding, payload, source, sar)
SELECT carrier_no, msisdn, destination, esm_class, data_coding, payload, source,
       CASE WHEN reference IS NOT NULL THEN ARRAY[reference, total, number] END
  FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::smallint[], $5::smallint[], $6::bytea[], $7::text[],
              $8::integer[], $9::integer[], $10::integer[])
       AS new (carrier_no, msisdn, destination, esm_class, data_coding, payload, source, reference, total, number);
