-- name: rows_counted
-- Every recipient of a campaign counted from the rows that speak for it, per carrier and state (law 1); without those
-- whose submission is in the ring.
SELECT carrier_no, state, sum(recipients)::bigint AS recipients
  FROM (
    SELECT carrier_no,
           CASE slice.state WHEN 'expired' THEN 5 WHEN 'cancelled' THEN 9 ELSE 1 END AS state,
           sum(total - mark + bit_count(retry)) AS recipients
      FROM slice WHERE campaign_id = $1 GROUP BY 1, 2
    UNION ALL
    SELECT carrier_no, 2, sum(mark - bit_count(answered) - bit_count(retry)) FROM slice WHERE campaign_id = $1 GROUP BY 1
    UNION ALL
    SELECT carrier_no, 2, count(*) FROM in_doubt WHERE campaign_id = $1 AND ended_at IS NULL GROUP BY 1
    UNION ALL
    SELECT carrier_no, CASE WHEN closed THEN 4 ELSE 3 END, count(*)
      FROM open_submission WHERE campaign_id = $1 AND segment = 1 AND segments > 0 GROUP BY 1, 2
    UNION ALL
    SELECT carrier_no, outcome.state, count(*) FROM outcome WHERE campaign_id = $1 GROUP BY 1, 2
    UNION ALL
    SELECT carrier_no, 9, sum(cardinality(msisdns)) FROM exclusion WHERE campaign_id = $1 GROUP BY 1
  ) AS counted
 GROUP BY carrier_no, state
HAVING sum(recipients) <> 0;

-- name: rows_twice
-- Recipients of a campaign with more than one final or open row of the same place: must be none.
SELECT count(*) FROM (
    SELECT slice_id, ordinal FROM outcome WHERE campaign_id = $1
    UNION ALL
    SELECT slice_id, ordinal FROM open_submission WHERE campaign_id = $1 AND segment = 1 AND segments > 0
) AS rows GROUP BY slice_id, ordinal HAVING count(*) > 1 LIMIT 1;

-- name: rows_outcomes
-- Final rows of a campaign by carrier, state, reason and time: the second since launch ($2) of the submission, in steps
-- of $3 s, and how long the receipt took, in whole seconds up to $4. One pass over the rows.
SELECT carrier.name AS carrier, o.state, o.err,
       (floor(extract(epoch FROM o.submitted_at - $2::timestamptz) / $3::float8))::integer AS step,
       least(floor(extract(epoch FROM o.settled_at - o.submitted_at)), $4::integer)::integer AS delay_s,
       count(*) AS recipients
  FROM outcome AS o
  JOIN carrier USING (carrier_no)
 WHERE o.campaign_id = $1
 GROUP BY 1, 2, 3, 4, 5;

-- name: rows_exclusions
-- Why recipients were left out, per carrier; what a cancel left unsent is a reason too.
SELECT carrier.name AS carrier, reason, sum(recipients)::bigint AS recipients
  FROM (SELECT carrier_no, reason, cardinality(msisdns) AS recipients FROM exclusion WHERE campaign_id = $1
        UNION ALL
        SELECT carrier_no, 'cancelled', total - mark + bit_count(retry) FROM slice
         WHERE campaign_id = $1 AND state = 'cancelled') AS left_out
  JOIN carrier USING (carrier_no)
 GROUP BY carrier.carrier_no, carrier.name, reason HAVING sum(recipients) > 0
 ORDER BY carrier.carrier_no, reason;

-- name: rows_never_sent
-- Recipients of a campaign that expired and never left us, per carrier.
SELECT carrier.name AS carrier, sum(total - mark + bit_count(retry))::bigint AS recipients
  FROM slice JOIN carrier USING (carrier_no)
 WHERE campaign_id = $1 AND slice.state = 'expired'
 GROUP BY carrier.name;

-- name: rows_people
-- Every recipient of a campaign with its state, one row each; one that was sent again counts where it was sent last.
SELECT carrier_no, carrier.name AS carrier, r.slice_id, r.ordinal, r.msisdn, r.state, r.segments,
       (extract(epoch FROM r.submitted_at) * 1000000)::bigint AS submitted,
       (extract(epoch FROM r.settled_at) * 1000000)::bigint AS settled, r.err, r.smsc_ids
  FROM (
    SELECT s.carrier_no, s.slice_id, (u.ordinal - 1)::integer AS ordinal, u.msisdn,
           coalesce(f.state, o.state, j.state, CASE WHEN d.slice_id IS NOT NULL THEN 2 END,
                    CASE WHEN u.ordinal <= s.mark AND get_bit(s.retry || decode(repeat('00', s.total / 8 + 1), 'hex'), u.ordinal::integer - 1) = 0 THEN 2
                         WHEN s.state = 'expired' THEN 5 WHEN s.state = 'cancelled' THEN 9 ELSE 1 END) AS state,
           coalesce(f.segments, o.segments, j.segments, 0) AS segments,
           coalesce(f.submitted_at, o.submitted_at, j.submitted_at) AS submitted_at,
           f.settled_at, coalesce(f.err, '') AS err, coalesce(f.smsc_ids, o.smsc_ids, j.smsc_ids, '') AS smsc_ids
      FROM slice AS s
     CROSS JOIN LATERAL unnest(s.msisdns) WITH ORDINALITY AS u (msisdn, ordinal)
      LEFT JOIN outcome AS f ON f.campaign_id = $1 AND f.slice_id = s.slice_id AND f.ordinal = u.ordinal - 1
      LEFT JOIN (SELECT slice_id, ordinal, max(submitted_at) AS submitted_at, max(segments) AS segments,
                        string_agg(smsc_id, ' ' ORDER BY segment) AS smsc_ids,
                        CASE WHEN bool_or(closed) THEN 4 ELSE 3 END AS state
                   FROM open_submission WHERE campaign_id = $1 AND segments > 0 GROUP BY slice_id, ordinal) AS o
             ON o.slice_id = s.slice_id AND o.ordinal = u.ordinal - 1
      LEFT JOIN (SELECT slice_id, ordinal, max(submitted_at) AS submitted_at, max(segments) AS segments,
                        string_agg(smsc_id, ' ' ORDER BY segment) AS smsc_ids, 3 AS state
                   FROM submission WHERE campaign_id = $1 AND segments > 0 GROUP BY slice_id, ordinal) AS j
             ON j.slice_id = s.slice_id AND j.ordinal = u.ordinal - 1
      LEFT JOIN in_doubt AS d ON d.slice_id = s.slice_id AND d.ordinal = u.ordinal - 1
     WHERE s.campaign_id = $1 AND u.msisdn IS NOT NULL AND d.ended_as IS DISTINCT FROM 'resent'
    UNION ALL
    SELECT carrier_no, NULL, NULL, msisdn, 9, 0, NULL, NULL, reason, ''
      FROM exclusion CROSS JOIN LATERAL unnest(msisdns) AS msisdn WHERE campaign_id = $1
  ) AS r
  JOIN carrier USING (carrier_no);

-- name: rows_in_order
-- Every recipient of a finished campaign in the order of an archive, columns as of rows_people.
SELECT carrier_no, carrier.name AS carrier, slice_id, ordinal, msisdn, state, segments, submitted, settled, err, smsc_ids
  FROM archive_recipients($1) JOIN carrier USING (carrier_no)
 ORDER BY carrier_no, slice_id NULLS LAST, ordinal, msisdn;

-- name: rows_sums
-- A campaign's recipients counted and summed per carrier and state, and what form their SMSC ids have.
SELECT carrier_no, carrier.name AS carrier, r.state, count(*) AS recipients, sum(row_hash) AS checksum,
       count(settled) AS settled, max(coalesce(array_length(string_to_array(smsc_ids, ' '), 1), 0)) AS parts,
       bool_and(smsc_ids = '' OR smsc_ids ~ '^(0|[1-9][0-9]{0,17})( (0|[1-9][0-9]{0,17}))*$') AS decimals,
       bool_and(smsc_ids = '' OR smsc_ids ~
           '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}( [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})*$') AS uuids
  FROM archive_recipients($1) AS r JOIN carrier USING (carrier_no)
 GROUP BY carrier_no, carrier.name, r.state ORDER BY carrier_no, r.state;

-- name: rows_drop_slices
-- The audience of an archived campaign.
WITH gone AS (DELETE FROM slice WHERE campaign_id = $1 RETURNING slice_id)
DELETE FROM slice_span USING gone WHERE slice_span.slice_id = gone.slice_id;

-- name: rows_drop_exclusions
-- Who was left out of an archived campaign.
DELETE FROM exclusion WHERE campaign_id = $1;

-- name: rows_drop_open
-- Submissions of an archived campaign that will see no receipt any more.
DELETE FROM open_submission WHERE campaign_id = $1;

-- name: rows_drop_journal
-- Submissions of an archived campaign that are not settled: copies that count no more.
DELETE FROM submission WHERE campaign_id = $1;

-- name: rows_drop_outcomes
-- The final rows of an archived campaign; returns how many there were.
WITH gone AS (DELETE FROM outcome WHERE campaign_id = $1 RETURNING 1) SELECT count(*) FROM gone;
