-- name: entering_claim
-- One enters people into campaign $1 at a time, for this session: two would both find the same number in none of its slices.
SELECT pg_advisory_lock(:entering_lock, $1::integer);

-- name: entering_release
-- Another may.
SELECT pg_advisory_unlock(:entering_lock, $1::integer);

-- name: entries_here
-- How often people entered campaign $1 in this database, and how many it has.
SELECT coalesce(entries, 0) AS entries, audience FROM campaign WHERE campaign_id = $1;

-- name: campaign_numbers
-- Everybody in campaign $1, some thousands a row, as array_send gives them; 0 for who was taken out.
SELECT array_send(array_replace(msisdns, NULL, 0::bigint)) AS msisdns FROM slice WHERE campaign_id = $1
 UNION ALL
SELECT array_send(array_replace(msisdns, NULL, 0::bigint)) FROM exclusion WHERE campaign_id = $1;

-- name: check_entering
-- Whether $3 people may enter list $2 of campaign $1.
SELECT desk_check_entering($1, $2, $3);

-- name: enter
-- People enter list $2 of campaign $1 here, slice by slice ($4 to $7, side by side; $8: their numbers). False: others entered
-- since, for there were so many entries ($3).
SELECT desk_enter($1, $2, $3, $4::smallint[], $5::smallint[], $6::text[], $7::integer[], $8::bigint[]);

-- name: part_entered
-- At home: ledger $2 has so many people ($3) of campaign $1, of so many entries ($4).
SELECT tend_part_entered($1, $2, $3, $4);

-- name: campaign_row_late
-- A campaign's row at home ($1), for a copy in a ledger that had none of its people so far.
SELECT (to_jsonb(campaign) || '{"state": "approved", "entries": 0, "entering": null}')::text FROM campaign
 WHERE campaign_id = $1;

-- name: subscribers_listed
-- Of these numbers ($2) of bucket $1, those of subscribers: by carrier, standing and what is known of them.
SELECT carrier_no, standing * 2 + (opted_out_at IS NOT NULL)::integer AS standing, profile_no, array_send(array_agg(msisdn)) AS msisdns
  FROM subscriber WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[])
 GROUP BY 1, 2, 3;

-- name: parts_known
-- At home: how many people campaign $1 has, and, by ledger, how many of them, of so many entries.
SELECT c.audience AS whole, p.ledger, p.audience, p.entries
  FROM campaign AS c LEFT JOIN campaign_part AS p USING (campaign_id) WHERE c.campaign_id = $1;
