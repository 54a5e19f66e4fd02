-- Campaigns whose recipients live in Parquet files instead of rows (broadcast/ledger/archive.py). Tallies, events
-- and the campaign itself stay.

CREATE TABLE archive (
    campaign_id integer PRIMARY KEY REFERENCES campaign,
    place       text NOT NULL,                  -- the folder of its files
    recipients  bigint NOT NULL,
    checksum    numeric NOT NULL,               -- the sum of archive_recipients' row_hash
    archived_at timestamptz NOT NULL DEFAULT now(),
    archived_by text NOT NULL
);

-- One row per recipient of a finished campaign; one that was sent again counts where it was sent last. slice_id
-- null: excluded before the launch. settled null: never left us, or closed without a receipt. Times in microseconds
-- of Unix time. row_hash: the first 8 octets of the SHA-256 of the other columns but carrier_no, joined by '|'.
CREATE FUNCTION archive_recipients(wanted integer) RETURNS TABLE (
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
         WHERE s.campaign_id = wanted AND d.ended_as IS DISTINCT FROM 'resent'
        UNION ALL
        SELECT e.carrier_no, NULL, NULL, u.msisdn, 9, 0, NULL, NULL, e.reason, ''
          FROM exclusion AS e CROSS JOIN LATERAL unnest(e.msisdns) AS u (msisdn) WHERE e.campaign_id = wanted
      ) AS r
$$;
