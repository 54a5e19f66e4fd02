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
