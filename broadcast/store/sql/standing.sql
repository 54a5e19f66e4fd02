-- name: do_not_call_numbers
-- The do-not-call list, in parts, as array_send gives them.
SELECT array_send(array_agg(msisdn)) AS msisdns FROM do_not_call GROUP BY msisdn % 64;

-- name: do_not_call_among
-- Which of these ($1) are on it.
SELECT asked.msisdn FROM unnest($1::bigint[]) AS asked (msisdn)
 CROSS JOIN LATERAL (SELECT FROM do_not_call WHERE msisdn = asked.msisdn OFFSET 0) AS on_it;

-- name: do_not_call_since
-- Since when number $1 is on it.
SELECT since FROM do_not_call WHERE msisdn = $1;

-- name: do_not_call_add
-- These ($1) are on it.
INSERT INTO do_not_call (msisdn) SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING;

-- name: do_not_call_drop
-- These ($1) are not.
DELETE FROM do_not_call WHERE msisdn = ANY($1::bigint[]);

-- name: consents_note
-- Words of people, side by side: $1: numbers, $2: when; whether they agree ($3); $4: by what. Of two of one moment the one
-- that takes back counts.
INSERT INTO consent AS known (msisdn, at, given, source)
SELECT msisdn, at, $3, source FROM unnest($1::bigint[], $2::timestamptz[], $4::text[]) AS new (msisdn, at, source)
ON CONFLICT (msisdn, at) DO UPDATE SET given = false, source = excluded.source WHERE known.given AND NOT excluded.given;

-- name: consents_among
-- Which of these ($1) ever said something, and whether they agree by their newest word.
SELECT asked.msisdn, newest.given FROM unnest($1::bigint[]) AS asked (msisdn)
 CROSS JOIN LATERAL (SELECT given FROM consent WHERE msisdn = asked.msisdn ORDER BY at DESC LIMIT 1) AS newest;

-- name: consents_of
-- What number $1 said, the newest first.
SELECT at, given, source FROM consent WHERE msisdn = $1 ORDER BY at DESC;

-- name: consented_numbers
-- Everybody who agrees, in parts, as array_send gives them.
SELECT array_send(array_agg(msisdn)) AS msisdns
  FROM (SELECT DISTINCT ON (msisdn) msisdn, given FROM consent ORDER BY msisdn DESC, at DESC) AS newest
 WHERE given GROUP BY msisdn % 64;

-- name: standing_known
-- Whether there is a do-not-call list, and whether anybody agreed to anything.
SELECT EXISTS (SELECT FROM do_not_call) AS do_not_call, EXISTS (SELECT FROM consent) AS consents;

-- name: standing_add
-- Of these numbers ($2) of bucket $1, subscribers have this standing ($3) too. Returns for whom that is new.
UPDATE subscriber SET standing = standing | $3::smallint
 WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[]) AND standing & $3::smallint = 0
RETURNING msisdn;

-- name: standing_drop
-- They have it no more.
UPDATE subscriber SET standing = standing & ~$3::smallint
 WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[]) AND standing & $3::smallint <> 0
RETURNING msisdn;
