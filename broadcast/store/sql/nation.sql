-- name: nation_campaigns
-- At home: the $3 newest campaigns that were launched and are not over, or ended within $1 seconds before $2. Each branch is
-- in the order of an index that has these alone, which no other index has.
SELECT campaign_id, name, state, status, category, priority, coalesce(audience, 0)::bigint AS audience, launched_at, expires_at,
       finished_at, $2::timestamptz AS now
  FROM ((SELECT * FROM campaign WHERE launched_at IS NOT NULL AND finished_at IS NULL ORDER BY launched_at DESC LIMIT $3)
        UNION ALL
        (SELECT * FROM campaign
          WHERE launched_at IS NOT NULL AND finished_at > $2::timestamptz - make_interval(secs => $1)
          ORDER BY finished_at DESC LIMIT $3)) AS shown
 ORDER BY launched_at DESC, campaign_id DESC LIMIT $3;

-- name: nation_parts
-- At home: the ledgers that have people of these campaigns ($1); none of one whose people are all at home.
SELECT campaign_id, ledger FROM campaign_part WHERE campaign_id = ANY ($1::integer[]);

-- name: nation_tallies
-- The tallies of these campaigns ($1) here, by carrier.
SELECT wanted.campaign_id, carrier.name AS carrier, counted.*
  FROM unnest($1::integer[]) AS wanted (campaign_id)
 CROSS JOIN LATERAL (
       SELECT carrier_no, sum(waiting)::bigint AS waiting, sum(in_doubt)::bigint AS in_doubt,
              sum(accepted)::bigint AS accepted, sum(unknown)::bigint AS unknown, sum(expired)::bigint AS expired,
              sum(rejected)::bigint AS rejected, sum(undeliverable)::bigint AS undeliverable,
              sum(delivered)::bigint AS delivered, sum(excluded)::bigint AS excluded, sum(segments)::bigint AS segments
         FROM tally WHERE tally.campaign_id = wanted.campaign_id GROUP BY carrier_no) AS counted
  JOIN carrier USING (carrier_no);

-- name: nation_audits
-- What the last recount of each of these campaigns ($1) found here.
SELECT wanted.campaign_id, last.at, last.differences
  FROM unnest($1::integer[]) AS wanted (campaign_id)
 CROSS JOIN LATERAL (
       SELECT at, (details->>'differences')::integer AS differences FROM campaign_event
        WHERE campaign_event.campaign_id = wanted.campaign_id AND event = 'audited' ORDER BY event_no DESC LIMIT 1) AS last;

-- name: nation_carriers
-- The connected carriers here: what was granted and sent, their links, and for how long receipts may lie unresolved.
-- Readings older than $1 s are of workers that cannot reach the database.
SELECT carrier.name, carrier.tps, slot.*, coalesce(reading.used_tps, 0)::float8 AS used_tps,
       (SELECT extract(epoch FROM clock_timestamp() - resolved_until) FROM resolver
         WHERE resolver.carrier_no = carrier.carrier_no AND isfinite(resolved_until))::float8 AS unresolved_s
  FROM carrier
 CROSS JOIN LATERAL (
       SELECT count(*) AS links_wanted, count(*) FILTER (WHERE bound AND worker.worker_no IS NOT NULL) AS links,
              coalesce(sum(granted_tps) FILTER (WHERE worker.worker_no IS NOT NULL), 0)::bigint AS granted_tps
         FROM bind_slot LEFT JOIN worker ON worker.worker_no = bind_slot.worker_no
                                        AND worker.ended_at IS NULL AND worker.expires_at > clock_timestamp()
        WHERE bind_slot.carrier_no = carrier.carrier_no) AS slot
 CROSS JOIN LATERAL (
       SELECT sum((lane_reading.reading->>'sent_tps')::float8) AS used_tps
         FROM worker JOIN lane_reading USING (worker_no)
        WHERE worker.ended_at IS NULL AND worker.expires_at > clock_timestamp()
          AND lane_reading.carrier_no = carrier.carrier_no
          AND read_at > clock_timestamp() - make_interval(secs => $1)) AS reading
 WHERE carrier.tps IS NOT NULL
 ORDER BY carrier.carrier_no;

-- name: nation_workers
-- How many workers live here, how many slices they hold, and what those that are on the server's machine say of its disk, in
-- readings of the last $1 s.
SELECT count(*) AS workers, coalesce(sum(held.slices), 0)::bigint AS leases,
       min(disk.free) AS disk_free, min(disk.size) AS disk_size
  FROM worker
 CROSS JOIN LATERAL (SELECT count(*) AS slices FROM slice WHERE slice.worker_no = worker.worker_no AND state = 'leased') AS held
 CROSS JOIN LATERAL (
       SELECT min((reading->>'disk_free')::bigint) AS free, min((reading->>'disk_size')::bigint) AS size FROM lane_reading
        WHERE lane_reading.worker_no = worker.worker_no AND read_at > clock_timestamp() - make_interval(secs => $1)) AS disk
 WHERE ended_at IS NULL AND expires_at > clock_timestamp();

-- name: nation_unmatched
-- Receipts that fit no message, by carrier; of the newest $1 looks that found any.
SELECT carrier.name, coalesce(sum(late.receipts), 0)::bigint AS receipts
  FROM carrier
 CROSS JOIN LATERAL (SELECT receipts FROM parked WHERE parked.carrier_no = carrier.carrier_no
                      ORDER BY carrier_no DESC, no DESC LIMIT $1) AS late
 GROUP BY carrier.carrier_no;

-- name: database_figures
-- This database's size; since when the oldest transaction of others is open, as far as this login may look; where its
-- server keeps it, if this login may know, and whether that may be this machine.
SELECT pg_database_size(current_database())::bigint AS size,
       greatest(0, extract(epoch FROM clock_timestamp() - least(
           (SELECT min(xact_start) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'),
           (SELECT min(prepared) FROM pg_prepared_xacts WHERE database = current_database()))))::float8 AS oldest_s,
       (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS directory,
       coalesce(inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1' OR inet_server_addr() = inet_client_addr(), true)
           AS here;

-- name: database_partitions
-- In how many pieces these tables ($1) lie.
SELECT name, greatest(1, (SELECT count(*) FROM pg_partition_tree(to_regclass(name)) WHERE isleaf)) AS partitions
  FROM unnest($1::text[]) AS wanted (name) WHERE to_regclass(name) IS NOT NULL;

-- name: handset_minutes_keep
-- How soon receipts came at these carriers ($1) since it was told last, side by side: JSON ($2). It is added to this minute's.
INSERT INTO handset_minute AS kept (carrier_no, minute, within)
SELECT carrier_no, date_trunc('minute', clock_timestamp()), within::jsonb
  FROM unnest($1::smallint[], $2::text[]) AS new (carrier_no, within)
ON CONFLICT (carrier_no, minute) DO UPDATE
   SET within = (SELECT jsonb_object_agg(edge, people)
                   FROM (SELECT edge, sum(people::bigint) AS people
                           FROM (SELECT * FROM jsonb_each_text(kept.within)
                                 UNION ALL SELECT * FROM jsonb_each_text(excluded.within)) AS told (edge, people)
                          GROUP BY edge) AS added);

-- name: handset_minutes_forget
-- Those that are older than $1 s.
DELETE FROM handset_minute
 WHERE carrier_no IN (SELECT carrier_no FROM carrier) AND minute < clock_timestamp() - make_interval(secs => $1);

-- name: handset_minutes
-- How soon receipts came in the last $1 s, by carrier and minute.
SELECT carrier.name AS carrier, within::text AS within
  FROM carrier JOIN handset_minute USING (carrier_no)
 WHERE minute > clock_timestamp() - make_interval(secs => $1);
