-- name: learning_claim
-- One learns in a ledger, until this session gives it back.
SELECT pg_try_advisory_lock(:learning_lock);

-- name: learning_unclaim
-- It does not any more.
SELECT pg_advisory_unlock(:learning_lock);

-- name: importing_now
-- At home: whether an import, or a launch from a list over nodes, holds rows of subscribers.
SELECT EXISTS (SELECT FROM pg_locks
                WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND classid = 0 AND objid::bigint = $1 AND objsubid = 1 AND granted);

-- name: lesson_due
-- The oldest part of a campaign of which it is to be learnt: of carriers $1; it ended at most $2 and at least $3 seconds ago; $4: of
-- this campaign, whenever it ended (null: of any). taught: null before the first look.
SELECT c.campaign_id, t.carrier_no, c.launched_at, l.taught, coalesce(l.slice_id, 0) AS slice_id
  FROM campaign AS c
 CROSS JOIN LATERAL (SELECT DISTINCT carrier_no FROM tally WHERE tally.campaign_id = c.campaign_id) AS t
  LEFT JOIN lesson AS l ON l.campaign_id = c.campaign_id AND l.carrier_no = t.carrier_no
 WHERE t.carrier_no = ANY($1::smallint[]) AND l.done_at IS NULL AND c.launched_at IS NOT NULL
   AND CASE WHEN $4::integer IS NULL
            THEN c.finished_at BETWEEN clock_timestamp() - make_interval(secs => $2)
                                   AND clock_timestamp() - make_interval(secs => $3)
            ELSE c.finished_at IS NOT NULL AND c.campaign_id = $4 END
   AND NOT EXISTS (SELECT FROM archive AS a WHERE a.campaign_id = c.campaign_id)
 ORDER BY c.finished_at, c.campaign_id, t.carrier_no
 LIMIT 1;

-- name: lesson_figures
-- How many of carrier $2 campaign $1 reached, and how many surely not: who never left us is neither.
SELECT coalesce(sum(delivered), 0)::bigint AS delivered,
       (coalesce(sum(undeliverable + rejected + expired), 0)
        - (SELECT coalesce(sum(total - mark + bit_count(retry)), 0) FROM slice
            WHERE slice.campaign_id = $1 AND slice.carrier_no = $2 AND slice.state = 'expired'))::bigint AS failed
  FROM tally WHERE campaign_id = $1 AND carrier_no = $2;

-- name: lesson_begin
-- It begins to be learnt of campaign $1 and carrier $2. $3: whether they teach anything.
INSERT INTO lesson (campaign_id, carrier_no, taught) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: lesson_slices
-- The next $4 slices of campaign $1 and carrier $2 after number $3, and how many people each has.
SELECT slice_id, total FROM slice
 WHERE campaign_id = $1 AND carrier_no = $2 AND slice_id > $3 ORDER BY slice_id LIMIT $4;

-- name: lesson_reached
-- It was learnt of campaign $1 and carrier $2 up to slice $4; before, up to $3. What came of it since. Returns whether that is so.
UPDATE lesson
   SET slice_id = $4, people = people + $5, failed = failed + $6, ported = ported + $7, routed = routed + $8, aside = aside + $9,
       back = back + $10
 WHERE campaign_id = $1 AND carrier_no = $2 AND slice_id = $3 AND done_at IS NULL
RETURNING true;

-- name: lesson_done
-- Everything was learnt of campaign $1 and carrier $2. Returns what.
UPDATE lesson SET done_at = clock_timestamp() WHERE campaign_id = $1 AND carrier_no = $2 AND done_at IS NULL
RETURNING taught, people, failed, ported, routed, aside, back;

-- name: lessons_of
-- What campaign $1 taught, by carrier, as far as it was looked at.
SELECT carrier.name AS carrier, taught, people, failed, ported, routed, aside, back, done_at IS NOT NULL AS done
  FROM lesson JOIN carrier USING (carrier_no) WHERE campaign_id = $1 ORDER BY carrier.carrier_no;

-- name: failing_row
-- Who of carrier $1 and bucket $2 was not reached lately.
SELECT packed FROM failing WHERE carrier_no = $1 AND bucket = $2;

-- name: failing_rows_of
-- Every carrier's of bucket $1.
SELECT carrier.name AS carrier, carrier_no, packed FROM failing JOIN carrier USING (carrier_no)
 WHERE bucket = $1 ORDER BY carrier_no;

-- name: failing_write
-- These ($4: packed, $3: how many) of carrier $1 and bucket $2.
INSERT INTO failing AS known (carrier_no, bucket, people, packed) VALUES ($1, $2, $3, $4)
ON CONFLICT (carrier_no, bucket) DO UPDATE SET people = excluded.people, packed = excluded.packed;

-- name: failing_drop
-- Nobody of carrier $1 and bucket $2.
DELETE FROM failing WHERE carrier_no = $1 AND bucket = $2;

-- name: heard_from
-- Who of carrier $1 wrote since it was last seen, $2 at most.
SELECT reply_no, msisdn FROM reply
 WHERE carrier_no = $1 AND reply_no > coalesce((SELECT h.reply_no FROM heard_from AS h WHERE h.carrier_no = $1), 0)
 ORDER BY reply_no LIMIT $2;

-- name: heard_until
-- Of carrier $1 all replies up to $2 were seen.
INSERT INTO heard_from AS known (carrier_no, reply_no) VALUES ($1, $2)
ON CONFLICT (carrier_no) DO UPDATE SET reply_no = greatest(known.reply_no, excluded.reply_no);

-- name: learning_held
-- Of these numbers ($2) of bucket $1 those of subscribers, locked, without those that somebody holds.
SELECT msisdn, carrier_no, standing FROM subscriber
 WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[]) FOR UPDATE SKIP LOCKED;

-- name: route_ported
-- Subscribers ($2) of bucket $1 and carrier $3 are of carrier $4 from now on.
UPDATE subscriber SET carrier_no = $4, ported = true
 WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[]) AND carrier_no = $3;

-- name: stand_aside
-- Subscribers ($2) of bucket $1 are set aside.
UPDATE subscriber SET standing = standing | 1::smallint
 WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[]) AND standing & 1::smallint = 0;

-- name: stand_back
-- Subscribers ($2) of bucket $1 are set aside no more.
UPDATE subscriber SET standing = standing & ~1::smallint
 WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[]) AND standing & 1::smallint <> 0;

-- name: note_ports
-- Columns side by side: number, whose it was, whose it is (null: nobody says), whether the list goes by it, what said so,
-- when (us); $7: in which campaign. Known already: the first that said it stays.
INSERT INTO port AS known (msisdn, from_no, to_no, heeded, campaign_id, said, at)
SELECT msisdn, from_no, to_no, heeded, $7::integer, said, timestamptz 'epoch' + at * interval '1 microsecond'
  FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::boolean[], $5::text[], $6::bigint[])
       AS new (msisdn, from_no, to_no, heeded, said, at)
ON CONFLICT (msisdn, from_no) DO UPDATE
   SET to_no = excluded.to_no, heeded = excluded.heeded, campaign_id = excluded.campaign_id, said = excluded.said, at = excluded.at
 WHERE (known.to_no, known.heeded) IS DISTINCT FROM (excluded.to_no, excluded.heeded);

-- name: ports_outdated
-- Of these numbers ($1) what was said of other carriers than $2 holds no more.
UPDATE port SET heeded = false WHERE msisdn = ANY($1::bigint[]) AND from_no <> $2 AND heeded;

-- name: note_set_aside
-- Columns side by side: number, first campaign, campaigns; $4: the last campaign.
INSERT INTO set_aside AS known (msisdn, since, campaigns, campaign_id, at)
SELECT msisdn, since, campaigns, $4::integer, clock_timestamp()
  FROM unnest($1::bigint[], $2::integer[], $3::smallint[]) AS new (msisdn, since, campaigns)
ON CONFLICT (msisdn) DO UPDATE
   SET since = excluded.since, campaigns = excluded.campaigns, campaign_id = excluded.campaign_id, at = excluded.at;

-- name: set_aside_by
-- How many of these ($1) campaign $2 set aside.
SELECT count(*) FROM set_aside WHERE msisdn = ANY($1::bigint[]) AND campaign_id = $2;

-- name: set_aside_among
-- Of these ($1) those that are set aside.
SELECT msisdn FROM set_aside WHERE msisdn = ANY($1::bigint[]);

-- name: forget_set_aside
-- These ($1) are not any more.
DELETE FROM set_aside WHERE msisdn = ANY($1::bigint[]);

-- name: set_aside_long
-- The first $2 of those that were set aside more than $1 seconds ago; locked.
SELECT msisdn FROM set_aside WHERE at < clock_timestamp() - make_interval(secs => $1)
 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED;

-- name: set_aside_row
-- Since when number $1 is set aside, and for which campaigns.
SELECT at, campaigns, (SELECT name FROM campaign AS c WHERE c.campaign_id = s.since) AS since,
       (SELECT name FROM campaign AS c WHERE c.campaign_id = s.campaign_id) AS last
  FROM set_aside AS s WHERE msisdn = $1;

-- name: ports_of
-- What was said of number $1: that it is another carrier's, the newest first.
SELECT f.name AS was, t.name AS now, heeded, (SELECT name FROM campaign AS c WHERE c.campaign_id = p.campaign_id) AS campaign, said, at
  FROM port AS p JOIN carrier AS f ON f.carrier_no = p.from_no LEFT JOIN carrier AS t ON t.carrier_no = p.to_no
 WHERE msisdn = $1 ORDER BY at DESC, f.name;

-- name: port_counts
-- How many numbers are said to be another carrier's: from ($1, null: any), to (null: of nobody that is named), whether the list
-- goes by it.
SELECT f.name AS was, t.name AS now, heeded, count(*) AS numbers, min(at) AS first_at, max(at) AS last_at
  FROM port AS p JOIN carrier AS f ON f.carrier_no = p.from_no LEFT JOIN carrier AS t ON t.carrier_no = p.to_no
 WHERE $1::text IS NULL OR f.name = $1
 GROUP BY f.name, t.name, heeded ORDER BY f.name, t.name, heeded;

-- name: all_ports
-- Each of them, of carrier $1 (null: of all), the newest $2.
SELECT msisdn, f.name AS was, t.name AS now, heeded,
       (SELECT name FROM campaign AS c WHERE c.campaign_id = p.campaign_id) AS campaign, said, at
  FROM port AS p JOIN carrier AS f ON f.carrier_no = p.from_no LEFT JOIN carrier AS t ON t.carrier_no = p.to_no
 WHERE $1::text IS NULL OR f.name = $1
 ORDER BY at DESC, msisdn LIMIT $2;

-- name: heeded_ports
-- Numbers that are another carrier's, by what the list goes by, in their order, and whose they are: as array_send gives them,
-- null where there are none.
SELECT array_send(array_agg(msisdn ORDER BY msisdn)) AS msisdns, array_send(array_agg(to_no::bigint ORDER BY msisdn)) AS carriers
  FROM port WHERE heeded;

-- name: ports_overruled
-- Of these numbers ($1) a list says otherwise.
UPDATE port SET heeded = false WHERE msisdn = ANY($1::bigint[]) AND heeded;

-- name: learnt
-- In the audit chain: what campaign $1 taught about the list ($2).
SELECT tend_learnt($1, $2);

-- name: erasure_learnt
-- What was learnt of those who are to be erased is known no more.
SELECT tend_off_what_was_learnt();
