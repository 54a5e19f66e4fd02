-- name: report_campaign
-- A campaign by its name, with how long it has run.
SELECT campaign_id, name, category, priority, sender, text, alphabet, in_doubt_policy, state, drafted_by, drafted_at,
       approved_by, approved_at, launched_by, launched_at, finished_at, expires_at, audience, segments,
       extract(epoch FROM coalesce(finished_at, clock_timestamp()) - launched_at)::float8 AS took_s
  FROM campaign WHERE name = $1;

-- name: campaign_names
-- Every campaign's name, to say which one may have been meant.
SELECT name FROM campaign ORDER BY campaign_id DESC LIMIT 1000;

-- name: progress_campaign
-- What a watcher wants to know of a campaign beside its tallies.
SELECT state, launched_at, finished_at, audience, segments, clock_timestamp() AS at,
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

-- name: report_exclusions
-- Why recipients were left out, per carrier; what a cancel left unsent is a reason too.
SELECT carrier.name AS carrier, reason, sum(recipients)::bigint AS recipients
  FROM (SELECT carrier_no, reason, cardinality(msisdns) AS recipients FROM exclusion WHERE campaign_id = $1
        UNION ALL
        SELECT carrier_no, 'cancelled', total - mark + bit_count(retry) FROM slice
         WHERE campaign_id = $1 AND state = 'cancelled') AS left_out
  JOIN carrier USING (carrier_no)
 GROUP BY carrier.carrier_no, carrier.name, reason HAVING sum(recipients) > 0
 ORDER BY carrier.carrier_no, reason;

-- name: report_outcomes
-- Final rows of a campaign by carrier, state, reason and time: the second since launch of the submission, in steps of
-- $2 s, and how long the receipt took, in whole seconds up to $3. One pass over the rows.
SELECT carrier.name AS carrier, o.state, o.err,
       (floor(extract(epoch FROM o.submitted_at - c.launched_at) / $2::float8))::integer AS step,
       least(floor(extract(epoch FROM o.settled_at - o.submitted_at)), $3::integer)::integer AS delay_s,
       count(*) AS recipients
  FROM outcome AS o
  JOIN campaign AS c USING (campaign_id)
  JOIN carrier USING (carrier_no)
 WHERE o.campaign_id = $1
 GROUP BY 1, 2, 3, 4, 5;

-- name: report_doubts
-- Recipients that were ever in doubt, why, and how that ended.
SELECT carrier.name AS carrier, reason, ended_as, count(*) AS recipients
  FROM in_doubt JOIN carrier USING (carrier_no)
 WHERE campaign_id = $1
 GROUP BY carrier.carrier_no, carrier.name, reason, ended_as ORDER BY carrier.carrier_no, reason, ended_as;

-- name: report_oddities
-- What the SMSCs of a campaign's carriers said since its launch that their profiles do not know; times: since first_at.
SELECT carrier.name AS carrier, o.kind, o.value, o.times, o.first_at, o.last_at
  FROM oddity AS o
  JOIN carrier USING (carrier_no)
  JOIN campaign AS c ON carrier.name = ANY (c.carriers)
 WHERE c.campaign_id = $1 AND o.last_at >= c.launched_at AND o.first_at <= coalesce(c.finished_at, clock_timestamp())
 ORDER BY carrier.carrier_no, o.kind, o.times DESC, o.value;

-- name: report_imports
-- The imports that made the subscribers of a campaign: what became of every line. The newest $2.
SELECT i.source, i.finished_at, i.lines, i.imported, i.updated, i.duplicate, i.refused
  FROM subscriber_import AS i, campaign AS c
 WHERE c.campaign_id = $1 AND i.finished_at <= coalesce(c.launched_at, clock_timestamp())
 ORDER BY i.import_no DESC LIMIT $2;

-- name: report_events
-- What was done to a campaign, by whom, in order.
SELECT at, actor, event FROM campaign_event WHERE campaign_id = $1 ORDER BY event_no;

-- name: report_recipients
-- Every recipient of a campaign with its state, one row each; one that was sent again counts where it was sent last.
SELECT carrier.name AS carrier, r.msisdn, r.state, r.submitted_at, r.settled_at, r.err, r.smsc_ids
  FROM (
    SELECT s.carrier_no, u.msisdn,
           coalesce(f.state, o.state, j.state, CASE WHEN d.slice_id IS NOT NULL THEN 2 END,
                    CASE WHEN u.ordinal <= s.mark AND get_bit(s.retry || decode(repeat('00', s.total / 8 + 1), 'hex'), u.ordinal::integer - 1) = 0 THEN 2
                         WHEN s.state = 'expired' THEN 5 WHEN s.state = 'cancelled' THEN 9 ELSE 1 END) AS state,
           coalesce(f.submitted_at, o.submitted_at, j.submitted_at) AS submitted_at,
           f.settled_at, coalesce(f.err, '') AS err, coalesce(f.smsc_ids, o.smsc_ids, j.smsc_ids, '') AS smsc_ids
      FROM slice AS s
     CROSS JOIN LATERAL unnest(s.msisdns) WITH ORDINALITY AS u (msisdn, ordinal)
      LEFT JOIN outcome AS f ON f.campaign_id = $1 AND f.slice_id = s.slice_id AND f.ordinal = u.ordinal - 1
      LEFT JOIN (SELECT slice_id, ordinal, max(submitted_at) AS submitted_at,
                        string_agg(smsc_id, ' ' ORDER BY segment) AS smsc_ids,
                        CASE WHEN bool_or(closed) THEN 4 ELSE 3 END AS state
                   FROM open_submission WHERE campaign_id = $1 AND segments > 0 GROUP BY slice_id, ordinal) AS o
             ON o.slice_id = s.slice_id AND o.ordinal = u.ordinal - 1
      LEFT JOIN (SELECT slice_id, ordinal, max(submitted_at) AS submitted_at,
                        string_agg(smsc_id, ' ' ORDER BY segment) AS smsc_ids, 3 AS state
                   FROM submission WHERE campaign_id = $1 AND segments > 0 GROUP BY slice_id, ordinal) AS j
             ON j.slice_id = s.slice_id AND j.ordinal = u.ordinal - 1
      LEFT JOIN in_doubt AS d ON d.slice_id = s.slice_id AND d.ordinal = u.ordinal - 1
     WHERE s.campaign_id = $1 AND u.msisdn IS NOT NULL AND d.ended_as IS DISTINCT FROM 'resent'
    UNION ALL
    SELECT carrier_no, msisdn, 9, NULL, NULL, reason, ''
      FROM exclusion CROSS JOIN LATERAL unnest(msisdns) AS msisdn WHERE campaign_id = $1
  ) AS r
  JOIN carrier USING (carrier_no);

-- name: books_ours
-- Per carrier of a campaign: recipients that expired unsent, that were ever in doubt, and of these the resent ones.
SELECT carrier.name AS carrier,
       (SELECT coalesce(sum(total - mark + bit_count(retry)), 0)::bigint FROM slice
         WHERE slice.campaign_id = $1 AND slice.carrier_no = carrier.carrier_no AND slice.state = 'expired') AS never_sent,
       (SELECT count(*) FROM in_doubt
         WHERE in_doubt.campaign_id = $1 AND in_doubt.carrier_no = carrier.carrier_no) AS doubts,
       (SELECT count(*) FROM in_doubt
         WHERE in_doubt.campaign_id = $1 AND in_doubt.carrier_no = carrier.carrier_no AND ended_as = 'resent') AS resent
  FROM carrier
 ORDER BY carrier.carrier_no;
