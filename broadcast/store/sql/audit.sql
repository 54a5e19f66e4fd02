-- name: settling_stops
-- Wait for the settler, and keep it away until settling_goes_on: for a moment, or sending is held back.
SELECT pg_advisory_lock_shared(7101);

-- name: settling_goes_on
-- See settling_stops.
SELECT pg_advisory_unlock_shared(7101);

-- name: idle_in_transaction
-- For how long this session may be idle in a transaction; $2: in this one only.
SELECT set_config('idle_in_transaction_session_timeout', $1, $2);

-- name: audit_ring
-- What the ring holds, per carrier: a campaign's accepted recipients, and final receipts of all campaigns. A snapshot does
-- not show what is truncated after it was made, so this is read while nothing settles.
SELECT carrier_no, coalesce(accepted, 0)::bigint AS accepted, coalesce(receipts, 0)::bigint AS receipts
  FROM (SELECT carrier_no, count(*) AS accepted FROM submission
         WHERE campaign_id = $1 AND segment = 1 AND segments > 0 GROUP BY 1) AS s
  FULL JOIN (SELECT carrier_no, count(*) AS receipts FROM receipt WHERE state > 0 GROUP BY 1) AS r USING (carrier_no);

-- name: audit_counted
-- Every recipient of a campaign counted from the rows that speak for it, per carrier and state (law 1); without those
-- whose submission is in the ring.
SELECT carrier_no, state, sum(recipients)::bigint AS recipients
  FROM (
    SELECT carrier_no,
           CASE slice.state WHEN 'expired' THEN 5 WHEN 'cancelled' THEN 9 ELSE 1 END AS state,
           sum(total - mark + bit_count(retry)) AS recipients
      FROM slice WHERE campaign_id = $1 GROUP BY 1, 2
    UNION ALL
    SELECT carrier_no, 2, sum(mark - bit_count(answered) - bit_count(retry)) FROM slice WHERE campaign_id = $1 GROUP BY 1
    UNION ALL
    SELECT carrier_no, 2, count(*) FROM in_doubt WHERE campaign_id = $1 AND ended_at IS NULL GROUP BY 1
    UNION ALL
    SELECT carrier_no, CASE WHEN closed THEN 4 ELSE 3 END, count(*)
      FROM open_submission WHERE campaign_id = $1 AND segment = 1 AND segments > 0 GROUP BY 1, 2
    UNION ALL
    SELECT carrier_no, outcome.state, count(*) FROM outcome WHERE campaign_id = $1 GROUP BY 1, 2
    UNION ALL
    SELECT carrier_no, 9, sum(cardinality(msisdns)) FROM exclusion WHERE campaign_id = $1 GROUP BY 1
  ) AS counted
 GROUP BY carrier_no, state
HAVING sum(recipients) <> 0;

-- name: audit_tallied
-- What the tallies say of a campaign, per carrier.
SELECT carrier_no, sum(waiting)::bigint AS waiting, sum(in_doubt)::bigint AS in_doubt, sum(accepted)::bigint AS accepted,
       sum(unknown)::bigint AS unknown, sum(expired)::bigint AS expired, sum(rejected)::bigint AS rejected,
       sum(undeliverable)::bigint AS undeliverable, sum(delivered)::bigint AS delivered,
       sum(excluded)::bigint AS excluded, sum(segments)::bigint AS segments
  FROM tally WHERE campaign_id = $1 GROUP BY carrier_no;

-- name: audit_audience
-- The audience of a campaign as fixed at launch; null before.
SELECT audience FROM campaign WHERE campaign_id = $1;

-- name: audit_twice
-- Recipients of a campaign with more than one final or open row of the same place: must be none.
SELECT count(*) FROM (
    SELECT slice_id, ordinal FROM outcome WHERE campaign_id = $1
    UNION ALL
    SELECT slice_id, ordinal FROM open_submission WHERE campaign_id = $1 AND segment = 1 AND segments > 0
) AS rows GROUP BY slice_id, ordinal HAVING count(*) > 1 LIMIT 1;

-- name: audit_receipts
-- The receipts' own books per carrier: what was acked against where every receipt is now; without those in the ring.
SELECT carrier.carrier_no, carrier.name, sum(received)::bigint AS received,
       (sum(intermediate) + sum(matched) + sum(duplicate))::bigint
       + (SELECT count(*) FROM unmatched_receipt AS u WHERE u.carrier_no = carrier.carrier_no) AS placed
  FROM carrier_tally JOIN carrier USING (carrier_no)
 GROUP BY carrier.carrier_no, carrier.name ORDER BY carrier.name;

-- name: audit_names
-- Carriers by number.
SELECT carrier_no, name FROM carrier;

-- name: doubted_recipients
-- Everyone of campaign $1 who was ever in doubt, by name, why, and how it ended (null: still is). $2: only those that
-- ended so; null: all. Kept when the campaign is finished. first_state: what receipts told of a copy before a second one.
SELECT carrier.name AS carrier, msisdn, reason, since, ended_at, ended_as, first_state
  FROM in_doubt JOIN carrier USING (carrier_no)
 WHERE campaign_id = $1 AND ($2::text IS NULL OR ended_as = $2)
 ORDER BY carrier.carrier_no, msisdn, since;

-- name: resent_recipients
-- Recipients of campaign $1 that were given to be sent again, once each: resends + 1 copies are known to us, more are not.
SELECT carrier.name AS carrier, msisdn, count(*) AS resends, min(since) AS since, max(ended_at) AS resent_at
  FROM in_doubt JOIN carrier USING (carrier_no)
 WHERE campaign_id = $1 AND ended_as = 'resent'
 GROUP BY carrier.carrier_no, carrier.name, msisdn ORDER BY carrier.carrier_no, msisdn;

-- name: second_copies
-- Per carrier of campaign $1: who was resent and how often, and what was told of the copies before: by a late answer or a
-- receipt (told), that it was delivered (delivered).
SELECT carrier.name AS carrier, count(DISTINCT msisdn) AS recipients, count(*) AS resends,
       count(*) FILTER (WHERE first_ids <> '') AS told, count(*) FILTER (WHERE first_state = 8) AS delivered
  FROM in_doubt JOIN carrier USING (carrier_no)
 WHERE campaign_id = $1 AND ended_as = 'resent'
 GROUP BY carrier.carrier_no, carrier.name ORDER BY carrier.carrier_no;

-- name: books_receipts
-- Per carrier, whatever the campaign: what it sent us and we acked, as receipts or as what could not be read.
SELECT carrier.name AS carrier,
       (SELECT coalesce(sum(received), 0) FROM carrier_tally AS t WHERE t.carrier_no = carrier.carrier_no)::bigint AS received,
       (SELECT coalesce(sum(times), 0) FROM quarantine AS q WHERE q.carrier_no = carrier.carrier_no)::bigint AS unreadable
  FROM carrier;

-- name: auditor_claim
-- One worker audits, for as long as its connection lives.
SELECT pg_try_advisory_lock(7105);

-- name: audit_candidates
-- Campaigns whose rows are in the database and of which nothing comes just now: they ended in the last $1 seconds, but not
-- in the last $2, or they go on while the ring is empty.
SELECT campaign_id, finished_at FROM campaign AS c
 WHERE launched_at IS NOT NULL
   AND (finished_at BETWEEN clock_timestamp() - make_interval(secs => $1) AND clock_timestamp() - make_interval(secs => $2)
        OR finished_at IS NULL AND NOT EXISTS (SELECT FROM submission) AND NOT EXISTS (SELECT FROM receipt))
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
-- Remember an audit's result: how many differences, and a sentence for each.
INSERT INTO campaign_event (campaign_id, actor, event, details)
VALUES ($1, $2, 'audited', jsonb_build_object('differences', cardinality($3::text[]), 'problems', $3::text[]));
