-- name: recount_slices
-- The slices of campaign $1 in their order, and how many recipients each has.
SELECT slice_id, total FROM slice WHERE campaign_id = $1 ORDER BY carrier_no, slice_id;

-- name: recount_slice_rows
-- Slices ($1) with all that stands in their own rows. people: their numbers as array_send gives them, 0 for who was taken
-- out.
SELECT slice_id, campaign_id, carrier_no, total, mark, state, segments, answered, retry,
       array_send(array_replace(msisdns, NULL, 0::bigint)) AS people,
       (SELECT closed_at IS NOT NULL FROM campaign AS c WHERE c.campaign_id = slice.campaign_id) AS closed
  FROM slice WHERE slice_id = ANY ($1::integer[]);

-- name: recount_nameless_slice_rows
-- The same for who may not read numbers: 1 stands for each.
SELECT slice_id, campaign_id, carrier_no, total, mark, state, segments, answered, retry,
       array_send(array_fill(1::bigint, ARRAY[total])) AS people,
       (SELECT closed_at IS NOT NULL FROM campaign AS c WHERE c.campaign_id = slice.campaign_id) AS closed
  FROM slice WHERE slice_id = ANY ($1::integer[]);

-- name: recount_sent
-- What was answered of slices ($1), in the order of their logs.
SELECT slice_id, packed FROM sent WHERE slice_id = ANY ($1::integer[]) ORDER BY slice_id, worker_no, batch;

-- name: recount_results
-- What receipts said of slices ($1), in the order of the looks.
SELECT slice_id, packed FROM result WHERE slice_id = ANY ($1::integer[]) ORDER BY slice_id, no;

-- name: recount_doubts
-- Who of slices ($1) was ever in doubt.
SELECT slice_id, ordinal::integer, segments::integer, (extract(epoch FROM ended_at) * 1000000)::bigint AS ended_at, ended_as
  FROM in_doubt WHERE slice_id = ANY ($1::integer[]) ORDER BY slice_id, ordinal;

-- name: recount_finals
-- Final rows of slices ($1) that the ledger before this one wrote.
SELECT slice_id, ordinal::integer, state::integer, segments::integer,
       (extract(epoch FROM submitted_at) * 1000000)::bigint AS submitted_at,
       (extract(epoch FROM settled_at) * 1000000)::bigint AS settled_at, err, smsc_ids
  FROM outcome WHERE slice_id = ANY ($1::integer[]) ORDER BY slice_id, ordinal;

-- name: recount_withdrawn
-- What asking for segments of slices ($1) back brought.
SELECT slice_id, packed FROM withdrawn WHERE slice_id = ANY ($1::integer[]);
