-- name: erasure_key
-- The key of the digests of numbers that were erased.
SELECT key FROM erasure_key;

-- name: erasure_digests
-- Of all who asked for it.
SELECT digest FROM erasure;

-- name: erasure_lock
-- Whether this session may erase: one at a time, and none while a campaign becomes files.
SELECT pg_try_advisory_lock(:erasing_lock);

-- name: erasure_unlock
-- It has ended.
SELECT pg_advisory_unlock(:erasing_lock);

-- name: erasure_hold_off
-- Whether nobody erases here, and nobody will while this session writes files.
SELECT pg_try_advisory_lock_shared(:erasing_lock);

-- name: erasure_let_go
-- The files are written.
SELECT pg_advisory_unlock_shared(:erasing_lock);

-- name: erasure_ask
-- Numbers ($1) are to be erased; $2: their digests. Returns how many were not asked for before.
SELECT desk_erase($1, $2);

-- name: erasure_subscribers
-- Those of bucket $1 are on the list no more. Returns how many that were.
SELECT tend_off_the_list($1);

-- name: erasure_named_lists
-- No list of numbers has any of them any more.
SELECT tend_off_named_lists();

-- name: erasure_unerase
-- An import brings numbers with these digests ($1) back.
SELECT desk_unerase($1);

-- name: erasures_open
-- Who is to be erased, oldest first; overdue: asked for more than $1 seconds ago.
SELECT erasure_no, msisdn, asked_at, asked_at < clock_timestamp() - make_interval(secs => $1) AS overdue
  FROM erasure WHERE msisdn IS NOT NULL ORDER BY erasure_no;

-- name: being_erased
-- Of these numbers ($1) those that are to be erased.
SELECT msisdn FROM erasure WHERE msisdn = ANY($1::bigint[]);

-- name: erasure_done
-- These ($1: erasure_no) stand nowhere any more.
SELECT tend_erased($1);

-- name: erasure_archived
-- An archive's files are others: $1 its campaign, $2 the sum of before, $3 the new one.
SELECT tend_archive_erased($1, $2, $3);

-- name: numbers_read
-- Numbers of people were read. $1: which; $2: of which campaign, 0: of none; $3: how many.
SELECT tend_read($1, $2, $3);

-- name: erasure_places
-- Where these numbers ($1) stand in slices. over: its campaign is finished. settled: answered and in no doubt.
-- waiting: it may still be sent to. ordinal: from 0.
SELECT asked.msisdn, s.slice_id, s.campaign_id, at.place - 1 AS ordinal, c.finished_at IS NOT NULL AS over,
       coalesce(get_bit(nullif(substr(s.answered, (at.place - 1) / 8 + 1, 1), ''), (at.place - 1) % 8), 0) = 1
       AND NOT EXISTS (SELECT FROM in_doubt AS d
                        WHERE d.slice_id = s.slice_id AND d.ordinal = at.place - 1 AND d.ended_at IS NULL) AS settled,
       s.state IN ('held', 'ready', 'leased')
       AND (at.place > s.mark
            OR coalesce(get_bit(nullif(substr(s.retry, (at.place - 1) / 8 + 1, 1), ''), (at.place - 1) % 8), 0) = 1) AS waiting
  FROM unnest($1::bigint[]) AS asked (msisdn)
 CROSS JOIN (SELECT carrier_no FROM carrier ORDER BY carrier_no) AS through
 CROSS JOIN LATERAL (SELECT slice_id FROM slice_span
                      WHERE span @> key_order(through.carrier_no, asked.msisdn) OFFSET 0) AS maybe
  JOIN slice AS s USING (slice_id)
  JOIN campaign AS c USING (campaign_id)
 CROSS JOIN LATERAL (SELECT array_position(s.msisdns, asked.msisdn) AS place OFFSET 0) AS at
 WHERE s.carrier_no = through.carrier_no AND at.place IS NOT NULL
 ORDER BY s.slice_id;

-- name: erase_place
-- Somebody ($3) at place $2 (from 1) of slice $1 is erased; $4 stands there.
UPDATE slice SET msisdns[$2] = $4 WHERE slice_id = $1 AND msisdns[$2] = $3;

-- name: erase_spans
-- The spans of these slices ($1) are made anew when they are asked for.
DELETE FROM slice_span WHERE slice_id = ANY($1::integer[]);

-- name: erasure_recall
-- Slices ($1) in which somebody who is erased still waits are given back to be searched.
UPDATE slice SET recalled = true WHERE slice_id = ANY($1::integer[]) AND state IN ('held', 'ready', 'leased') AND NOT recalled;

-- name: erasure_doubts
-- Who of these ($1) was ever in doubt. free: nothing needs the number any more.
SELECT d.slice_id, d.ordinal, d.campaign_id, d.msisdn, c.finished_at IS NOT NULL AS over, d.ended_at IS NOT NULL AS ended
  FROM in_doubt AS d JOIN campaign AS c USING (campaign_id) WHERE d.msisdn = ANY($1::bigint[]) FOR UPDATE OF d;

-- name: erase_doubts
-- Columns side by side: $4 stands for who is erased.
UPDATE in_doubt SET msisdn = new.other
  FROM unnest($1::integer[], $2::integer[], $3::bigint[]) AS new (slice_id, ordinal, other)
 WHERE in_doubt.slice_id = new.slice_id AND in_doubt.ordinal = new.ordinal;

-- name: erasure_exclusions
-- Rows of who was left out that hold one of these ($1).
SELECT ctid::text AS place, campaign_id, carrier_no, reason, msisdns FROM exclusion WHERE msisdns && $1::bigint[];

-- name: erase_exclusion
-- Row $1 of who was left out is written anew.
WITH gone AS (DELETE FROM exclusion WHERE ctid = $1::text::tid RETURNING campaign_id, carrier_no, reason)
INSERT INTO exclusion (campaign_id, carrier_no, reason, msisdns)
SELECT campaign_id, carrier_no, reason, $2::bigint[] FROM gone;

-- name: erasure_replies
-- What these ($1) wrote, and texts with so many digits that a number may be among them.
SELECT reply_no, campaign_id, msisdn, effect, text FROM reply
 WHERE msisdn = ANY($1::bigint[]) OR text ~ '[0-9]([^0-9]{0,2}[0-9]){6}';

-- name: erase_replies
-- Columns side by side: who wrote it, and what is left of it.
UPDATE reply SET msisdn = new.msisdn, text = new.text, effect = coalesce(effect, 'none')
  FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS new (reply_no, msisdn, text)
 WHERE reply.reply_no = new.reply_no;

-- name: erasure_inbound
-- Every message as it came.
SELECT inbound_no, msisdn, source, payload, state FROM inbound;

-- name: erase_inbound
-- Columns side by side: who wrote it, and what is left of it.
UPDATE inbound SET msisdn = new.msisdn, source = new.source, payload = new.payload,
                   state = CASE WHEN state IN ('new', 'waiting') AND new.payload = '' THEN 'repeated' ELSE state END
  FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[]) AS new (inbound_no, msisdn, source, payload)
 WHERE inbound.inbound_no = new.inbound_no;

-- name: erasure_quarantine
-- What could not be read.
SELECT carrier_no, digest, pdu FROM quarantine;

-- name: erase_quarantine
-- The same ($1, $2) without what it says of somebody ($3).
WITH gone AS (DELETE FROM quarantine WHERE carrier_no = $1 AND digest = $2
              RETURNING carrier_no, reason, first_at, last_at, times)
INSERT INTO quarantine (carrier_no, digest, pdu, reason, first_at, last_at, times)
SELECT carrier_no, sha256(overlay($3::bytea PLACING ''::bytea FROM 13 FOR 4)), $3, reason, first_at, last_at, times FROM gone
ON CONFLICT (carrier_no, digest) DO UPDATE SET times = quarantine.times + excluded.times;

-- name: erasure_oddities
-- What profiles did not know.
SELECT carrier_no, kind, value FROM oddity;

-- name: erase_oddity
-- Value $3 of carrier $1 and kind $2 becomes $4.
WITH gone AS (DELETE FROM oddity WHERE carrier_no = $1 AND kind = $2 AND value = $3
              RETURNING carrier_no, kind, first_at, last_at, times)
INSERT INTO oddity (carrier_no, kind, value, first_at, last_at, times)
SELECT carrier_no, kind, $4, first_at, last_at, times FROM gone
ON CONFLICT (carrier_no, kind, value) DO UPDATE SET times = oddity.times + excluded.times;

-- name: erasure_received
-- Receipts that are not resolved yet.
SELECT carrier_no, worker_no, batch, packed FROM received;

-- name: erase_received
-- Row $1, $2, $3 with nobody's number in place of some.
UPDATE received SET packed = $4 WHERE carrier_no = $1 AND worker_no = $2 AND batch = $3;

-- name: erasure_parked
-- Receipts that fit nothing.
SELECT carrier_no, no, packed FROM parked;

-- name: erase_parked
-- Row $1, $2 with nobody's number in place of some.
UPDATE parked SET packed = $3 WHERE carrier_no = $1 AND no = $2;

-- name: erase_opt_outs
-- At home: $2 stands for who opted out and is erased ($1), side by side.
UPDATE opt_out SET msisdn = new.other
  FROM unnest($1::bigint[], $2::bigint[]) AS new (msisdn, other) WHERE opt_out.msisdn = new.msisdn;

-- name: lists_of
-- The lists that number $1 is on.
SELECT name FROM list WHERE list_no IN (SELECT list_no FROM list_member WHERE msisdns && ARRAY[$1::bigint]) ORDER BY name;

-- name: opt_outs_of
-- At home: when this number ($1) opted out.
SELECT at, reply_no IS NOT NULL AS by_reply FROM opt_out WHERE msisdn = $1 ORDER BY opt_out_no;

-- name: archives_here
-- The campaigns of this database that are in files.
SELECT campaign_id FROM archive ORDER BY campaign_id;

-- name: replies_of
-- What number $1 wrote.
SELECT received_at, kind, keyword, effect, text FROM reply WHERE msisdn = $1 ORDER BY reply_no;

-- name: exclusions_of
-- Why number $1 was left out, and of which campaigns.
SELECT campaign.name AS campaign, reason FROM exclusion JOIN campaign USING (campaign_id)
 WHERE msisdns && ARRAY[$1::bigint] ORDER BY campaign_id;

-- name: history_of
-- All that is known of number $2 in the campaign named $1.
SELECT at, carrier, what, segment, smsc_id, state, err FROM recipient_history($1, $2);

-- name: campaigns_of
-- The campaigns in whose slices number $1 stands.
SELECT name FROM campaign WHERE EXISTS (SELECT FROM places_of(campaign.campaign_id, $1)) ORDER BY campaign_id;

-- name: subscriber_everything
-- What the list says of one number ($1).
SELECT carrier_no, ported, import_no, previous_import_no, opted_out_at, profile_no,
       standing & 1 <> 0 AS set_aside
  FROM subscriber WHERE hash_bucket = $1::bigint % 64 AND msisdn = $1;
