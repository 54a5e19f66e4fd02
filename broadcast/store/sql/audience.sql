-- name: insert_carriers
-- Carriers of the numbering plan ($1: names) that have no row yet.
INSERT INTO carrier (name)
SELECT name FROM unnest($1::text[]) AS named (name)
 WHERE NOT EXISTS (SELECT FROM carrier WHERE carrier.name = named.name)
 ORDER BY name
ON CONFLICT (name) DO NOTHING;

-- name: lock_all_carriers
-- Every carrier's row, in the order in which workers lock them.
SELECT carrier_no FROM carrier ORDER BY carrier_no FOR UPDATE;

-- name: say_tps
-- What worker $1's file says of carriers ($2: names, $3: TPS).
INSERT INTO worker_tps (worker_no, carrier_no, tps)
SELECT $1, carrier_no, said.tps FROM unnest($2::text[], $3::integer[]) AS said (name, tps) JOIN carrier USING (name);

-- name: said_tps
-- The lowest TPS that a file of those workers says that have not ended, by carrier, and the one that holds (its row's).
-- sends: the lease of one goes on.
SELECT carrier.name, min(worker_tps.tps) AS lowest, carrier.tps AS holds, bool_or(expires_at > clock_timestamp()) AS sends
  FROM worker_tps JOIN worker USING (worker_no) JOIN carrier USING (carrier_no)
 WHERE ended_at IS NULL
 GROUP BY carrier.carrier_no ORDER BY carrier.carrier_no;

-- name: update_carriers
-- TPS ($2) by name ($1); null for all others. Returns those that change.
UPDATE carrier SET tps = wanted.tps
  FROM carrier AS known LEFT JOIN unnest($1::text[], $2::integer[]) AS wanted (name, tps) USING (name)
 WHERE carrier.carrier_no = known.carrier_no AND carrier.tps IS DISTINCT FROM wanted.tps
RETURNING carrier.name, known.tps AS before, carrier.tps AS after;

-- name: insert_slots
-- A row for each bind that a carrier ($1: names) allows ($2: how many).
INSERT INTO bind_slot (carrier_no, slot_no)
SELECT carrier.carrier_no, slot_no
  FROM unnest($1::text[], $2::integer[]) AS wanted (name, slots)
  JOIN carrier USING (name), generate_series(0, wanted.slots - 1) AS slot_no
ON CONFLICT (carrier_no, slot_no) DO NOTHING;

-- name: delete_surplus_slots
-- Slots that nobody holds, of carriers that are not connected, and beyond what is allowed. Columns as in insert_slots.
DELETE FROM bind_slot
 USING carrier LEFT JOIN unnest($1::text[], $2::integer[]) AS wanted (name, slots) USING (name)
 WHERE bind_slot.carrier_no = carrier.carrier_no AND bind_slot.worker_no IS NULL
   AND (carrier.tps IS NULL OR bind_slot.slot_no >= wanted.slots);

-- name: carrier_numbers
-- Every carrier's number.
SELECT name, carrier_no FROM carrier ORDER BY name;

-- name: import_lock
-- Whether this transaction may import: one import at a time.
SELECT pg_try_advisory_xact_lock(:importing_lock);

-- name: import_lock_session
-- The same for a resumable import, which has a transaction for each batch: held until it is given back.
SELECT pg_try_advisory_lock(:importing_lock);

-- name: import_unlock_session
-- A resumable import has ended or stopped.
SELECT pg_advisory_unlock(:importing_lock);

-- name: import_begin
-- A new import ($1: the file's name). Returns its number.
INSERT INTO subscriber_import (source, started_at) VALUES ($1, clock_timestamp()) RETURNING import_no;

-- name: import_empty_staging
-- Nothing of an earlier import may be left.
TRUNCATE import_staging;

-- name: any_subscriber
-- Whether there is anybody yet.
SELECT EXISTS (SELECT FROM subscriber);

-- name: known_among
-- Of these numbers ($2) of bucket $1 those who are subscribers, and the numbers of their profiles, both as array_send
-- gives them; null where there is none.
SELECT array_send(array_agg(msisdn)) AS msisdns, array_send(array_agg(profile_no::bigint)) AS profiles
  FROM subscriber WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[]);

-- name: import_merge
-- Distinct staged numbers, which were subscribers when they were looked up: of several lines for one number the last
-- counts, and an opt-out in any of them. An import never lifts an opt-out; whom it has at another carrier than before is set
-- aside no more. $1: import_no, which a number has that stood in an earlier batch of the same file. $2: now. Returns known and
-- repeated ones, and new ones: who is no subscriber any more.
WITH merged AS (
    INSERT INTO subscriber AS known (msisdn, hash_bucket, carrier_no, ported, import_no, opted_out_at)
    SELECT msisdn, msisdn % 64, carrier_no, ported, $1, CASE WHEN opted_out THEN $2::timestamptz END FROM import_staging
    ON CONFLICT (hash_bucket, msisdn) DO UPDATE
       SET carrier_no = excluded.carrier_no, ported = excluded.ported, import_no = excluded.import_no,
           opted_out_at = coalesce(known.opted_out_at, excluded.opted_out_at), previous_import_no = known.import_no,
           standing = CASE WHEN known.carrier_no = excluded.carrier_no THEN known.standing ELSE known.standing & ~1::smallint END
    RETURNING previous_import_no AS before)
SELECT count(*) FILTER (WHERE before IS NULL) AS imported, count(*) FILTER (WHERE before <> $1) AS updated,
       count(*) FILTER (WHERE before = $1) AS duplicate
  FROM merged;

-- name: import_merge_profiles
-- The same of a file that has columns of profiles: who was known before has the staged profile from now on, too.
WITH merged AS (
    INSERT INTO subscriber AS known (msisdn, hash_bucket, carrier_no, ported, import_no, opted_out_at, profile_no)
    SELECT msisdn, msisdn % 64, carrier_no, ported, $1, CASE WHEN opted_out THEN $2::timestamptz END, profile_no
      FROM import_staging
    ON CONFLICT (hash_bucket, msisdn) DO UPDATE
       SET carrier_no = excluded.carrier_no, ported = excluded.ported, import_no = excluded.import_no,
           opted_out_at = coalesce(known.opted_out_at, excluded.opted_out_at), previous_import_no = known.import_no,
           profile_no = excluded.profile_no,
           standing = CASE WHEN known.carrier_no = excluded.carrier_no THEN known.standing ELSE known.standing & ~1::smallint END
    RETURNING previous_import_no AS before)
SELECT count(*) FILTER (WHERE before IS NULL) AS imported, count(*) FILTER (WHERE before <> $1) AS updated,
       count(*) FILTER (WHERE before = $1) AS duplicate
  FROM merged;

-- name: import_end
-- The import's counts. $6: refused lines by reason, $7: lines with unclear cells by column.
UPDATE subscriber_import
   SET finished_at = clock_timestamp(), lines = $2, imported = $3, updated = $4, duplicate = $5, refused = $6, unclear = $7
 WHERE import_no = $1;

-- name: import_reached
-- With a batch of a resumable import: how far it came. See the table.
INSERT INTO unfinished_import
       (import_no, file_octets, file_digest, lines, place, imported, updated, duplicate, refused, refused_octets, refused_crc,
        unclear, columns)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (one) DO UPDATE
   SET lines = excluded.lines, place = excluded.place, imported = excluded.imported, updated = excluded.updated,
       duplicate = excluded.duplicate, refused = excluded.refused, refused_octets = excluded.refused_octets,
       refused_crc = excluded.refused_crc, unclear = excluded.unclear, committed_at = excluded.committed_at;

-- name: unfinished_import
-- The resumable import that has not ended.
SELECT import_no, source, started_at, committed_at, file_octets, file_digest, u.lines, place, u.imported, u.updated,
       u.duplicate, u.refused, refused_octets, refused_crc, u.unclear, columns
  FROM unfinished_import AS u JOIN subscriber_import USING (import_no);

-- name: import_whole
-- A resumable import has ended.
DELETE FROM unfinished_import;

-- name: import_give_up
-- The unfinished import ends with the lines that it has brought.
WITH gone AS (DELETE FROM unfinished_import RETURNING *)
UPDATE subscriber_import AS ended
   SET source = source || ' (given up)', finished_at = clock_timestamp(), lines = gone.lines, imported = gone.imported,
       updated = gone.updated, duplicate = gone.duplicate, refused = gone.refused, unclear = gone.unclear
  FROM gone WHERE ended.import_no = gone.import_no;

-- name: subscriber_counts
-- Subscribers by carrier, whether they are ported to it, standing as subscriber_count has it, and what is known of them ($1:
-- by number of the profile, from 0).
SELECT carrier_no, ported, standing * 2 + (opted_out_at IS NOT NULL)::integer AS standing,
       coalesce(($1::smallint[])[profile_no + 1], 0) AS known, count(*) AS subscribers
  FROM subscriber GROUP BY 1, 2, 3, 4;

-- name: counted_subscribers
-- The same, as it was counted by whoever wrote subscribers: where they are not spread over nodes.
SELECT carrier_no, ported, standing::integer, coalesce(($1::smallint[])[profile_no + 1], 0) AS known,
       sum(people)::bigint AS subscribers
  FROM subscriber_count GROUP BY 1, 2, 3, 4 HAVING sum(people) <> 0;

-- name: recent_imports
-- The newest $1 imports that had finished by $2, or (null) by now.
SELECT import_no, source, started_at, finished_at, lines, imported, updated, duplicate, refused, unclear
  FROM subscriber_import WHERE finished_at <= coalesce($2::timestamptz, 'infinity') ORDER BY import_no DESC LIMIT $1;

-- name: subscriber_by_msisdn
-- One subscriber.
SELECT msisdn, carrier_no, ported, import_no, opted_out_at, profile_no, standing
  FROM subscriber WHERE hash_bucket = $1::bigint % 64 AND msisdn = $1;

-- name: ported_among
-- Of these numbers ($1) those that their owners took to another carrier, and where they are.
SELECT subscriber.msisdn, carrier_no
  FROM unnest($1::bigint[]) AS phone (msisdn)
  JOIN subscriber ON hash_bucket = phone.msisdn % 64 AND subscriber.msisdn = phone.msisdn
 WHERE ported;

-- name: set_opt_out
-- Opt a subscriber out at $2, or (null) in again; the first opt-out's time stays.
UPDATE subscriber SET opted_out_at = CASE WHEN $2::timestamptz IS NOT NULL THEN coalesce(opted_out_at, $2) END
 WHERE hash_bucket = $1::bigint % 64 AND msisdn = $1
RETURNING msisdn;

-- name: all_profiles
-- What is known of people, each combination once.
SELECT profile_no, area, seen, language, attributes FROM profile ORDER BY profile_no;

-- name: audience_carriers
-- The carriers of an audience ($1: names).
SELECT carrier_no, name, tps FROM carrier WHERE name = ANY($1::text[]) ORDER BY carrier_no;

-- name: subscriber_pages
-- Pages of the table of subscribers.
SELECT pg_relation_size('subscriber') / current_setting('block_size')::integer;

-- name: audience_pages
-- Subscribers of carriers $3 on pages from $1 up to $2, by carrier, bucket and standing (as subscriber_count has that): their
-- numbers as array_send gives them. One pass, nothing is sorted; one key in place of three, and kept apart from the columns
-- that it is made of: it is hashed sooner.
SELECT key, array_send(array_agg(msisdn)) AS msisdns
  FROM (SELECT msisdn, (carrier_no * 64 + hash_bucket) * 16 + standing * 2 + (opted_out_at IS NOT NULL)::integer AS key
          FROM subscriber WHERE ctid >= $1::tid AND ctid < $2::tid AND carrier_no = ANY($3::smallint[])
        OFFSET 0) AS everybody
 GROUP BY key;

-- name: audience_bucket
-- The same of bucket $1, which is on one node.
SELECT key, array_send(array_agg(msisdn)) AS msisdns
  FROM (SELECT msisdn, (carrier_no * 64 + hash_bucket) * 16 + standing * 2 + (opted_out_at IS NOT NULL)::integer AS key
          FROM subscriber WHERE hash_bucket = $1 AND carrier_no = ANY($2::smallint[])
        OFFSET 0) AS everybody
 GROUP BY key;

-- name: chosen_pages
-- As audience_pages, of those whom $4 chooses, and by that: the class of each profile, from number 0 on; whoever is of class 0
-- is not chosen. No plan thinks that there are as many groups as profiles.
SELECT key, array_send(array_agg(msisdn)) AS msisdns
  FROM (SELECT msisdn, ((carrier_no * 32768::bigint + coalesce(($4::smallint[])[profile_no + 1], ($4::smallint[])[1])) * 64
                        + hash_bucket) * 16 + standing * 2 + (opted_out_at IS NOT NULL)::integer AS key
          FROM subscriber
         WHERE ctid >= $1::tid AND ctid < $2::tid AND carrier_no = ANY($3::smallint[])
           AND coalesce(($4::smallint[])[profile_no + 1], ($4::smallint[])[1]) <> 0
        OFFSET 0) AS chosen
 GROUP BY key;

-- name: chosen_bucket
-- The same of bucket $1, which is on one node. $3: classes.
SELECT key, array_send(array_agg(msisdn)) AS msisdns
  FROM (SELECT msisdn, ((carrier_no * 32768::bigint + coalesce(($3::smallint[])[profile_no + 1], ($3::smallint[])[1])) * 64
                        + hash_bucket) * 16 + standing * 2 + (opted_out_at IS NOT NULL)::integer AS key
          FROM subscriber
         WHERE hash_bucket = $1 AND carrier_no = ANY($2::smallint[])
           AND coalesce(($3::smallint[])[profile_no + 1], ($3::smallint[])[1]) <> 0
        OFFSET 0) AS chosen
 GROUP BY key;

-- name: chosen_counts
-- Subscribers by carrier, class ($1, as chosen_pages has it) and standing, as subscriber_count has that.
SELECT carrier_no, coalesce(($1::smallint[])[profile_no + 1], ($1::smallint[])[1]) AS class,
       standing * 2 + (opted_out_at IS NOT NULL)::integer AS standing, count(*) AS subscribers
  FROM subscriber WHERE coalesce(($1::smallint[])[profile_no + 1], ($1::smallint[])[1]) <> 0
 GROUP BY 1, 2, 3;

-- name: counted_classes
-- The same, as it was counted by whoever wrote subscribers: where they are not spread over nodes.
SELECT carrier_no, coalesce(($1::smallint[])[profile_no + 1], ($1::smallint[])[1]) AS class,
       standing::integer, sum(people)::bigint AS subscribers
  FROM subscriber_count WHERE coalesce(($1::smallint[])[profile_no + 1], ($1::smallint[])[1]) <> 0
 GROUP BY 1, 2, 3 HAVING sum(people) <> 0;

-- name: chosen_among
-- Those of these numbers ($2) of bucket $1 who are subscribers, by carrier, class ($3) and standing.
SELECT carrier_no, coalesce(($3::smallint[])[profile_no + 1], ($3::smallint[])[1]) AS class,
       standing * 2 + (opted_out_at IS NOT NULL)::integer AS standing, array_send(array_agg(msisdn)) AS msisdns
  FROM subscriber
 WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[])
   AND coalesce(($3::smallint[])[profile_no + 1], ($3::smallint[])[1]) <> 0
 GROUP BY 1, 2, 3;

-- name: snapshot_tallies
-- The first tallies, from slices and exclusions. Returns their sums.
SELECT waiting, excluded FROM desk_count($1);

-- name: excluded
-- Excluded recipients of a campaign by reason.
SELECT reason, sum(cardinality(msisdns))::bigint AS recipients FROM exclusion WHERE campaign_id = $1 GROUP BY reason;

-- name: analyze_subscriber
-- Fresh statistics after an import, so that a launch at once is planned well.
SELECT desk_analyze_subscribers();
