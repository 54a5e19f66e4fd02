-- name: register_worker
-- A new worker's row; its number is its name in every lease. $3: lease in seconds; $4: its place, null if it has none.
INSERT INTO worker (host, pid, expires_at, place)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3), $4)
RETURNING worker_no;

-- name: cut_off_predecessors
-- End the group of whoever lived in this place ($1) before: its process has ended, and the group keeps its row locked.
SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user AND application_name IN (
           SELECT format('broadcast writer %s', worker_no) FROM worker WHERE place = $1 AND ended_at IS NULL);

-- name: end_predecessors
-- Who lived in this place ($1) before and did not say goodbye: its process has ended, whatever its lease says.
UPDATE worker SET ended_at = clock_timestamp() WHERE place = $1 AND ended_at IS NULL;

-- name: renew_worker
-- Prolong a worker's lease, and the time here (Unix seconds); no row when it was reaped, and then it never comes back.
UPDATE worker SET expires_at = clock_timestamp() + make_interval(secs => $2)
 WHERE worker_no = $1 AND ended_at IS NULL
RETURNING extract(epoch FROM clock_timestamp())::float8;

-- name: end_worker
-- A worker says goodbye: everything that it still held is free at once.
UPDATE worker SET ended_at = clock_timestamp() WHERE worker_no = $1 AND ended_at IS NULL;

-- name: reap_workers
-- Workers whose lease ended. Not within a lease ($1 s) of the server's own start: nobody could renew meanwhile.
UPDATE worker SET ended_at = clock_timestamp()
 WHERE worker_no IN (
           SELECT worker_no FROM worker
            WHERE ended_at IS NULL AND expires_at < clock_timestamp()
              AND pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => $1)
              FOR UPDATE SKIP LOCKED)
RETURNING worker_no;

-- name: cut_off_workers
-- End the group of a worker whose lease ended $1 s ago: frozen amid a group it would keep the row locked, for ever.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user AND application_name IN (
           SELECT format('broadcast writer %s', worker_no) FROM worker
            WHERE ended_at IS NULL AND expires_at < clock_timestamp() - make_interval(secs => $1));

-- name: end_other_sessions
-- End whatever connections bear this one's name: what was begun on them is over then, for better or worse.
SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
   AND application_name = current_setting('application_name');

-- name: name_session
-- The name of this connection ($1) in pg_stat_activity.
SELECT set_config('application_name', $1, false);

-- name: ping
-- Whether anybody is there.
SELECT 1;

-- name: database_time
-- The time by which campaigns expire.
SELECT clock_timestamp();

-- name: free_slots
-- Slots whose worker has ended go back.
UPDATE bind_slot SET worker_no = NULL, granted_tps = 0, bound = false, remaining = NULL
  FROM worker
 WHERE worker.worker_no = bind_slot.worker_no AND worker.ended_at IS NOT NULL;

-- name: free_slices
-- Slices whose worker has ended go back; `doubt_orphans` must follow in the same transaction.
UPDATE slice SET state = 'ready', worker_no = NULL, token = token + 1, sent_until = clock_timestamp()
  FROM worker
 WHERE worker.worker_no = slice.worker_no AND slice.state = 'leased' AND worker.ended_at IS NOT NULL
RETURNING slice_id;

-- name: doubt_orphans
-- Recipients of freed slices ($1: slice_ids) that may have been sent without a recorded answer (law 2), since the lease.
INSERT INTO in_doubt (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason, sent_after)
SELECT campaign_id, carrier_no, slice_id, ordinal, segments, msisdns[ordinal + 1], 'worker_lost', leased_at
  FROM slice, generate_series(0, mark - 1) AS ordinal
 WHERE slice_id = ANY($1::integer[])
   AND get_bit(answered, ordinal) = 0 AND get_bit(retry, ordinal) = 0
ON CONFLICT (slice_id, ordinal) DO NOTHING;

-- name: orphan_bitmaps
-- The bitmaps of freed slices, to set the bits of those now in doubt.
SELECT slice_id, mark, answered, retry, total FROM slice WHERE slice_id = ANY($1::integer[]) FOR UPDATE;

-- name: set_answered
-- New bitmaps of freed slices; a slice with every bit set is done.
UPDATE slice SET answered = new.answered, state = CASE WHEN bit_count(new.answered) = total THEN 'done' ELSE state END
  FROM unnest($1::integer[], $2::bytea[]) AS new (slice_id, answered)
 WHERE slice.slice_id = new.slice_id;

-- name: living_workers
-- Numbers of the workers that live, by rank. Whoever follows a dead one in its place has its rank, and so its slots; the
-- rest keep theirs.
SELECT worker_no FROM worker WHERE ended_at IS NULL ORDER BY place, worker_no;

-- name: lock_carriers
-- The carriers' rows, locked in order: whoever changes grants goes one at a time. A row of in_doubt that names its
-- carrier does not wait for this: its writer may hold slots that the next statement here wants.
SELECT carrier_no, name, tps FROM carrier WHERE tps IS NOT NULL ORDER BY carrier_no FOR NO KEY UPDATE;

-- name: slots
-- Every slot of every carrier.
SELECT carrier_no, slot_no, worker_no, granted_tps, bound, remaining FROM bind_slot ORDER BY carrier_no, slot_no;

-- name: take_slots
-- Free slots become mine. $2, $3: carrier_no and slot_no side by side.
UPDATE bind_slot SET worker_no = $1, granted_tps = 0, bound = false, remaining = NULL
  FROM unnest($2::smallint[], $3::smallint[]) AS wanted (carrier_no, slot_no)
 WHERE bind_slot.carrier_no = wanted.carrier_no AND bind_slot.slot_no = wanted.slot_no
   AND bind_slot.worker_no IS NULL
RETURNING bind_slot.carrier_no, bind_slot.slot_no;

-- name: release_slots
-- My slots go back, their links closed before. $2, $3 as in take_slots.
UPDATE bind_slot SET worker_no = NULL, granted_tps = 0, bound = false, remaining = NULL
  FROM unnest($2::smallint[], $3::smallint[]) AS mine (carrier_no, slot_no)
 WHERE bind_slot.carrier_no = mine.carrier_no AND bind_slot.slot_no = mine.slot_no
   AND bind_slot.worker_no = $1;

-- name: set_grants
-- The grants and link states of those of my slots where they changed. $2, $3 as in take_slots, $4: TPS, $5: bound; $6:
-- segments that I have left to send there.
UPDATE bind_slot SET granted_tps = new.tps, bound = new.bound, remaining = $6
  FROM unnest($2::smallint[], $3::smallint[], $4::integer[], $5::boolean[]) AS new (carrier_no, slot_no, tps, bound)
 WHERE bind_slot.carrier_no = new.carrier_no AND bind_slot.slot_no = new.slot_no
   AND bind_slot.worker_no = $1
   AND (bind_slot.granted_tps, bind_slot.bound, bind_slot.remaining) IS DISTINCT FROM (new.tps, new.bound, $6);

-- name: running_campaigns
-- What may be sent now, the oldest first, and the rules that each runs under.
SELECT campaign_id, category, status, priority, rules::text AS rules FROM campaign
 WHERE state = 'running' AND expires_at > clock_timestamp() AND finished_at IS NULL
 ORDER BY campaign_id;

-- name: lease_slices
-- Up to $4 ready slices of one campaign ($3) and carrier ($2) become worker $1's; $5: segments of its messages,
-- by `variant`.
WITH chosen AS (
    SELECT slice_id FROM slice -- in the order of slice_ready, which no other index has
     WHERE (carrier_no, campaign_id, slice_id) > ($2, $3, 0) AND (carrier_no, campaign_id) <= ($2, $3)
       AND state = 'ready' AND NOT recalled
     ORDER BY carrier_no, campaign_id, slice_id LIMIT $4
       FOR UPDATE SKIP LOCKED)
UPDATE slice SET state = 'leased', worker_no = $1, token = token + 1, segments = ($5::smallint[])[variant + 1], leased_at = clock_timestamp()
  FROM chosen
 WHERE slice.slice_id = chosen.slice_id
   AND EXISTS (SELECT FROM worker WHERE worker_no = $1 AND ended_at IS NULL)
   AND EXISTS (SELECT FROM campaign WHERE campaign_id = $3 AND state = 'running')
RETURNING slice.slice_id, variant, token, mark, answered, retry, msisdns;

-- name: ready_slices
-- Carriers, and the running campaigns of which slices are to be had there.
SELECT carrier.carrier_no, campaign_id
  FROM carrier, campaign, LATERAL (
       SELECT slice_id FROM slice -- in the order of slice_ready, which no other index has
        WHERE (slice.carrier_no, slice.campaign_id, slice_id) > (carrier.carrier_no, campaign.campaign_id, 0)
          AND (slice.carrier_no, slice.campaign_id) <= (carrier.carrier_no, campaign.campaign_id)
          AND slice.state = 'ready' AND NOT recalled
        ORDER BY slice.carrier_no, slice.campaign_id, slice_id LIMIT 1) AS first
 WHERE carrier.tps IS NOT NULL
   AND campaign.state = 'running' AND expires_at > clock_timestamp() AND finished_at IS NULL;

-- name: leased_slices
-- What worker $1 holds.
SELECT slice_id, token FROM slice WHERE worker_no = $1 AND state = 'leased';

-- name: give_back_slices
-- Slices of worker $1 ($2) of which it knows nothing: nothing of them was sent.
UPDATE slice SET state = 'ready', worker_no = NULL, token = token + 1
 WHERE worker_no = $1 AND state = 'leased' AND slice_id = ANY($2::integer[]);
