-- name: doubt_counts
-- Recipients that were ever in doubt, why, and how that ended.
SELECT carrier.name AS carrier, reason, ended_as, count(*) AS recipients
  FROM in_doubt JOIN carrier USING (carrier_no)
 WHERE campaign_id = $1
 GROUP BY carrier.carrier_no, carrier.name, reason, ended_as ORDER BY carrier.carrier_no, reason, ended_as;

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
       count(*) FILTER (WHERE first_ids <> '{}') AS told, count(*) FILTER (WHERE state_word(first_state) = 'delivered') AS delivered
  FROM in_doubt JOIN carrier USING (carrier_no)
 WHERE campaign_id = $1 AND ended_as = 'resent'
 GROUP BY carrier.carrier_no, carrier.name ORDER BY carrier.carrier_no;

-- name: doubt_history
-- Everyone who was ever in doubt, with how it ended.
SELECT carrier.name AS carrier, slice_id, ordinal::integer, msisdn, segments::integer, reason, since, ended_at, ended_as,
       first_state, ARRAY(SELECT packed_id(id) FROM unnest(first_ids) AS id) AS first_ids
  FROM in_doubt JOIN carrier USING (carrier_no) WHERE campaign_id = $1 ORDER BY carrier_no, slice_id, ordinal;

-- name: drop_doubts
-- The in-doubt history of an archived campaign.
DELETE FROM in_doubt WHERE campaign_id = $1;
