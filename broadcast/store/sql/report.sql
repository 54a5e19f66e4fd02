-- name: progress_campaign
-- What a watcher wants to know of a campaign beside its tallies.
SELECT state, status, launched_at, finished_at, segments, clock_timestamp() AS at,
       (SELECT count(*) FROM worker WHERE ended_at IS NULL AND expires_at > clock_timestamp()) AS workers
  FROM campaign WHERE campaign_id = $1;

-- name: progress_tallies
-- The tallies of a campaign per carrier, with the carrier's TPS and its bound slots.
SELECT carrier.name AS carrier, carrier.tps,
       (SELECT count(*) FROM bind_slot WHERE bind_slot.carrier_no = carrier.carrier_no AND bound) AS links,
       counted.*
  FROM (SELECT carrier_no, sum(waiting)::bigint AS waiting, sum(in_doubt)::bigint AS in_doubt,
               sum(accepted)::bigint AS accepted, sum(unknown)::bigint AS unknown, sum(expired)::bigint AS expired,
               sum(rejected)::bigint AS rejected, sum(undeliverable)::bigint AS undeliverable,
               sum(delivered)::bigint AS delivered, sum(excluded)::bigint AS excluded, sum(segments)::bigint AS segments
          FROM tally WHERE campaign_id = $1 GROUP BY carrier_no) AS counted
  JOIN carrier USING (carrier_no)
 ORDER BY carrier.carrier_no;

-- name: report_oddities
-- What the SMSCs of a campaign's carriers said since its launch that their profiles do not know; times: since first_at.
SELECT carrier.name AS carrier, o.kind, o.value, o.times, o.first_at, o.last_at
  FROM oddity AS o
  JOIN carrier USING (carrier_no)
  JOIN campaign AS c ON carrier.name = ANY (c.carriers)
 WHERE c.campaign_id = $1 AND o.last_at >= c.launched_at AND o.first_at <= coalesce(c.finished_at, clock_timestamp())
 ORDER BY carrier.carrier_no, o.kind, o.times DESC, o.value;

-- name: report_misfits
-- Why receipts of a campaign's carriers fitted nothing when they were looked at since its launch; receipts: since first_at.
SELECT carrier.name AS carrier, m.reason, m.receipts, m.first_at, m.last_at
  FROM misfit AS m
  JOIN carrier USING (carrier_no)
  JOIN campaign AS c ON carrier.name = ANY (c.carriers)
 WHERE c.campaign_id = $1 AND m.last_at >= c.launched_at AND m.first_at <= coalesce(c.finished_at, clock_timestamp())
 ORDER BY carrier.carrier_no, m.receipts DESC, m.reason;
