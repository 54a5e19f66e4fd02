-- name: audit_tallied
-- What the tallies say of a campaign, per carrier. An answer that comes after the campaign was closed is tallied as accepted
-- until the next round of tidying; by the rows, whoever is accepted then is unknown, and so it is here.
SELECT carrier_no, sum(waiting)::bigint AS waiting, sum(in_doubt)::bigint AS in_doubt,
       coalesce(sum(accepted) FILTER (WHERE closed_at IS NULL), 0)::bigint AS accepted,
       (sum(unknown) + coalesce(sum(accepted) FILTER (WHERE closed_at IS NOT NULL), 0))::bigint AS unknown,
       sum(expired)::bigint AS expired, sum(rejected)::bigint AS rejected, sum(undeliverable)::bigint AS undeliverable,
       sum(delivered)::bigint AS delivered, sum(excluded)::bigint AS excluded, sum(segments)::bigint AS segments
  FROM tally CROSS JOIN (SELECT closed_at FROM campaign WHERE campaign_id = $1) AS c
 WHERE campaign_id = $1 GROUP BY carrier_no;

-- name: audit_receipts
-- The receipts' own books per carrier: what was acked against where every receipt is now.
SELECT carrier.name, sum(received)::bigint AS received,
       (sum(intermediate) + sum(matched) + sum(duplicate) + sum(dropped)
        + (SELECT coalesce(sum(receipts), 0) FROM parked AS p WHERE p.carrier_no = carrier.carrier_no)
        + (SELECT coalesce(sum(receipts), 0) FROM received AS r WHERE r.carrier_no = carrier.carrier_no))::bigint AS placed
  FROM carrier_tally JOIN carrier USING (carrier_no)
 GROUP BY carrier.carrier_no, carrier.name ORDER BY carrier.name;

-- name: auditor_claim
-- One worker audits, for as long as its connection lives.
SELECT pg_try_advisory_lock(:auditing_lock);

-- name: audit_candidates
-- Campaigns whose rows are in the database and of which nothing comes just now: they ended in the last $1 seconds, but not
-- in the last $2, or they go on while every receipt is resolved.
SELECT campaign_id, finished_at FROM campaign AS c
 WHERE launched_at IS NOT NULL
   AND (finished_at BETWEEN clock_timestamp() - make_interval(secs => $1) AND clock_timestamp() - make_interval(secs => $2)
        OR finished_at IS NULL AND NOT EXISTS (SELECT FROM received))
   AND NOT EXISTS (SELECT FROM archive AS a WHERE a.campaign_id = c.campaign_id)
 ORDER BY campaign_id;

-- name: anybody_sent_to
-- Whether a running campaign has somebody to send to.
SELECT EXISTS (SELECT FROM campaign JOIN tally USING (campaign_id)
                WHERE state = 'running' AND expires_at > clock_timestamp()
                GROUP BY campaign_id HAVING sum(waiting) > 0);

-- name: audit_last
-- What the last recorded audit of campaign $1 found, and when.
SELECT at, (details->>'differences')::integer AS differences FROM campaign_event
 WHERE campaign_id = $1 AND event = 'audited' ORDER BY event_no DESC LIMIT 1;

-- name: audit_record
-- Remember an audit's result: a sentence for each difference.
SELECT tend_audited($1, $2);
