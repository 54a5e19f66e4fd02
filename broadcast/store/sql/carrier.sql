-- name: carrier_slots
-- Every bind slot with its carrier, and the living worker that holds it, if any.
SELECT carrier.name AS carrier, slot_no, worker.worker_no, host, pid,
       CASE WHEN worker.worker_no IS NULL THEN 0 ELSE granted_tps END AS granted_tps,
       bound AND worker.worker_no IS NOT NULL AS bound
  FROM bind_slot
  JOIN carrier USING (carrier_no)
  LEFT JOIN worker ON worker.worker_no = bind_slot.worker_no
                  AND worker.ended_at IS NULL AND worker.expires_at > clock_timestamp()
 ORDER BY carrier.name, slot_no;

-- name: carrier_oddities
-- What the SMSC of carrier $1 said that its profile does not know, the newest first.
SELECT carrier.name AS carrier, kind, value, times, first_at, last_at
  FROM oddity JOIN carrier USING (carrier_no)
 WHERE carrier.name = $1 ORDER BY last_at DESC, kind, value;

-- name: carrier_received
-- Where the receipts of carrier $1 are, over all campaigns, and what could not be read: contents and how often they came.
SELECT coalesce(sum(received), 0)::bigint AS received, coalesce(sum(intermediate), 0)::bigint AS intermediate,
       coalesce(sum(matched), 0)::bigint AS matched, coalesce(sum(duplicate), 0)::bigint AS duplicate,
       coalesce(sum(dropped), 0)::bigint AS dropped,
       (SELECT coalesce(sum(receipts), 0)::bigint FROM parked AS p WHERE p.carrier_no = carrier.carrier_no) AS unmatched,
       (SELECT count(*) FROM quarantine AS q WHERE q.carrier_no = carrier.carrier_no) AS unreadable,
       (SELECT coalesce(sum(times), 0)::bigint FROM quarantine AS q WHERE q.carrier_no = carrier.carrier_no) AS unreadable_times
  FROM carrier LEFT JOIN carrier_tally USING (carrier_no)
 WHERE carrier.name = $1 GROUP BY carrier.carrier_no;
