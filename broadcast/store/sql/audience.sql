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

-- name: update_carriers
-- TPS ($2) by name ($1); null for those that the configuration leaves out.
UPDATE carrier SET tps = wanted.tps
  FROM carrier AS known LEFT JOIN unnest($1::text[], $2::integer[]) AS wanted (name, tps) USING (name)
 WHERE carrier.carrier_no = known.carrier_no AND carrier.tps IS DISTINCT FROM wanted.tps;

-- name: insert_slots
-- A row for each bind that a carrier ($1: names) allows ($2: how many).
INSERT INTO bind_slot (carrier_no, slot_no)
SELECT carrier.carrier_no, slot_no
  FROM unnest($1::text[], $2::integer[]) AS wanted (name, slots)
  JOIN carrier USING (name), generate_series(0, wanted.slots - 1) AS slot_no
ON CONFLICT (carrier_no, slot_no) DO NOTHING;

-- name: delete_surplus_slots
-- Slots beyond what the configuration allows that nobody holds. Columns as in insert_slots.
DELETE FROM bind_slot
 USING carrier LEFT JOIN unnest($1::text[], $2::integer[]) AS wanted (name, slots) USING (name)
 WHERE bind_slot.carrier_no = carrier.carrier_no AND bind_slot.worker_no IS NULL
   AND bind_slot.slot_no >= coalesce(wanted.slots, 0);

-- name: carrier_numbers
-- Every carrier's number.
SELECT name, carrier_no FROM carrier ORDER BY name;

-- name: import_lock
-- Whether this transaction may import: one import at a time.
SELECT pg_try_advisory_xact_lock(7103);

-- name: import_begin
-- A new import ($1: the file's name). Returns its number.
INSERT INTO subscriber_import (source, started_at) VALUES ($1, clock_timestamp()) RETURNING import_no;

-- name: import_empty_staging
-- Nothing of an earlier import may be left.
TRUNCATE import_staging;

-- name: import_merge
-- Staged lines become subscribers; of several for one number the last counts, and an opt-out in any of them. An
-- import never lifts an opt-out. In the primary key's order, so that its index grows page by page.
-- $1: import_no. Returns new and known subscribers.
WITH person AS (
    SELECT DISTINCT ON (msisdn % 64, msisdn) msisdn, carrier_no, ported,
           bool_or(opted_out) OVER (PARTITION BY msisdn % 64, msisdn) AS opted_out
      FROM import_staging ORDER BY msisdn % 64, msisdn, line_no DESC
), merged AS (
    INSERT INTO subscriber AS known (msisdn, hash_bucket, carrier_no, ported, import_no, opted_out_at)
    SELECT msisdn, msisdn % 64, carrier_no, ported, $1, CASE WHEN opted_out THEN now() END FROM person
    ON CONFLICT (hash_bucket, msisdn) DO UPDATE
       SET carrier_no = excluded.carrier_no, ported = excluded.ported, import_no = excluded.import_no,
           opted_out_at = coalesce(known.opted_out_at, excluded.opted_out_at)
    RETURNING xmax = 0 AS fresh)
SELECT count(*) FILTER (WHERE fresh) AS imported, count(*) FILTER (WHERE NOT fresh) AS updated FROM merged;

-- name: import_repeated
-- Staged lines beyond the first of each number.
SELECT count(*) - count(DISTINCT msisdn) FROM import_staging;

-- name: import_end
-- The import's counts. $6: refused lines by reason.
UPDATE subscriber_import
   SET finished_at = clock_timestamp(), lines = $2, imported = $3, updated = $4, duplicate = $5, refused = $6
 WHERE import_no = $1;

-- name: subscriber_counts
-- Subscribers per carrier: all, ported to it, opted out.
SELECT carrier.name AS carrier, count(msisdn) AS subscribers, count(*) FILTER (WHERE ported) AS ported,
       count(opted_out_at) AS opted_out
  FROM carrier LEFT JOIN subscriber USING (carrier_no)
 GROUP BY carrier.carrier_no, carrier.name ORDER BY carrier.name;

-- name: recent_imports
-- The newest finished imports.
SELECT import_no, source, started_at, finished_at, lines, imported, updated, duplicate, refused
  FROM subscriber_import WHERE finished_at IS NOT NULL ORDER BY import_no DESC LIMIT $1;

-- name: subscriber_by_msisdn
-- One subscriber.
SELECT msisdn, carrier.name AS carrier, ported, import_no, opted_out_at
  FROM subscriber JOIN carrier USING (carrier_no)
 WHERE hash_bucket = $1::bigint % 64 AND msisdn = $1;

-- name: set_opt_out
-- Opt a subscriber out ($2) or in again; the first opt-out's time stays.
UPDATE subscriber SET opted_out_at = CASE WHEN $2::boolean THEN coalesce(opted_out_at, now()) END
 WHERE hash_bucket = $1::bigint % 64 AND msisdn = $1
RETURNING msisdn;

-- name: audience_carriers
-- The carriers of an audience ($1: names).
SELECT carrier_no, name, tps FROM carrier WHERE name = ANY($1::text[]) ORDER BY carrier_no;

-- name: snapshot_slices
-- Subscribers of carrier $2 in slices of $3; $4: those who opted out too.
INSERT INTO slice (campaign_id, carrier_no, total, msisdns)
SELECT $1, $2, count(*), array_agg(msisdn)
  FROM (SELECT msisdn, (row_number() OVER () - 1) / $3::integer AS part
          FROM subscriber WHERE carrier_no = $2 AND ($4::boolean OR opted_out_at IS NULL)) AS person
 GROUP BY part;

-- name: snapshot_exclusions
-- Subscribers of carrier $2 that will not be sent to, for the reason $4, $3 a row: all ($5) or those who opted out.
INSERT INTO exclusion (campaign_id, carrier_no, reason, msisdns)
SELECT $1, $2, $4, array_agg(msisdn)
  FROM (SELECT msisdn, (row_number() OVER () - 1) / $3::integer AS part
          FROM subscriber WHERE carrier_no = $2 AND ($5::boolean OR opted_out_at IS NOT NULL)) AS person
 GROUP BY part;

-- name: snapshot_tallies
-- The first tallies, from slices and exclusions. Returns their sums.
WITH counted AS (
    INSERT INTO tally (campaign_id, carrier_no, shard, waiting, excluded)
    SELECT $1, carrier_no, 0, sum(waiting), sum(excluded)
      FROM (SELECT carrier_no, total AS waiting, 0 AS excluded FROM slice WHERE campaign_id = $1
            UNION ALL
            SELECT carrier_no, 0, cardinality(msisdns) FROM exclusion WHERE campaign_id = $1) AS part
     GROUP BY carrier_no
    RETURNING waiting, excluded)
SELECT coalesce(sum(waiting), 0)::bigint AS waiting, coalesce(sum(excluded), 0)::bigint AS excluded FROM counted;

-- name: excluded
-- Excluded recipients of a campaign by reason.
SELECT reason, sum(cardinality(msisdns))::bigint AS recipients FROM exclusion WHERE campaign_id = $1 GROUP BY reason;

-- name: analyze_subscriber
-- Fresh statistics after an import, so that a launch at once is planned well.
ANALYZE subscriber;
