-- name: replies_claim
-- One that reads replies at a time, for this transaction.
SELECT pg_try_advisory_xact_lock(:reading_lock);

-- name: replies_to_do
-- Whether there is anything to read.
SELECT EXISTS (SELECT FROM inbound WHERE state = 'new');

-- name: opt_outs_to_do
-- Whether there is anybody to opt out, to recall or to take out, where $1 is the newest opt-out at home; asked often, so
-- that it is one cheap query.
SELECT EXISTS (SELECT FROM reply WHERE effect IS NULL)
    OR EXISTS (SELECT FROM slice WHERE recalled AND state IN ('held', 'ready'))
    OR EXISTS (SELECT FROM campaign AS c LEFT JOIN opt_outs_applied AS a USING (campaign_id)
                WHERE c.state IN ('running', 'paused') AND c.finished_at IS NULL AND NOT c.hears_opted_out
                  AND coalesce(a.opt_out_no, 0) < $1::bigint);

-- name: effects_claim
-- One that opts out at a time in this ledger, for this transaction.
SELECT pg_try_advisory_xact_lock(:applying_lock);

-- name: opt_out_claim
-- Opt-outs get their numbers in the order in which they are committed.
SELECT pg_advisory_xact_lock(:opting_out_lock);

-- name: new_inbound
-- The oldest $1 messages that nobody read yet; $3: this one alone, or null. again: the very same came at most $2 seconds
-- before.
SELECT n.inbound_no, n.carrier_no, n.received_at, n.source, n.destination, n.esm_class, n.data_coding, n.payload, n.sar,
       coalesce((SELECT b.received_at > n.received_at - make_interval(secs => $2)
                   FROM inbound AS b
                  WHERE (b.carrier_no, b.source, md5(b.payload)) >= (n.carrier_no, n.source, md5(n.payload))
                    AND (b.carrier_no, b.source, md5(b.payload), b.inbound_no)
                        < (n.carrier_no, n.source, md5(n.payload), n.inbound_no)
                    AND b.destination = n.destination AND b.data_coding = n.data_coding AND b.esm_class = n.esm_class
                    AND b.sar IS NOT DISTINCT FROM n.sar
                  ORDER BY b.carrier_no DESC, b.source DESC, md5(b.payload) DESC, b.inbound_no DESC LIMIT 1), false) AS again
  FROM inbound AS n
 WHERE n.state = 'new' AND ($3::bigint IS NULL OR n.inbound_no = $3) ORDER BY n.inbound_no LIMIT $1;

-- name: new_inbound_nos
-- The oldest $1 of these by number alone, for when one of them cannot be read.
SELECT inbound_no FROM inbound WHERE state = 'new' ORDER BY inbound_no LIMIT $1;

-- name: set_inbound_aside
-- A message ($1) that cannot be read, and why ($2).
UPDATE inbound SET state = 'set_aside', why = $2 WHERE inbound_no = $1 AND state = 'new';

-- name: set_thread_aside
-- The waiting parts of a text that cannot be read. $1 to $4: its thread; $5: why.
UPDATE inbound SET state = 'set_aside', why = $5
 WHERE state = 'waiting' AND carrier_no = $1 AND source = $2 AND destination = $3 AND thread = $4;

-- name: mark_waiting
-- Parts of longer texts. Columns side by side.
UPDATE inbound SET state = 'waiting', thread = new.thread, part = new.part
  FROM unnest($1::bigint[], $2::text[], $3::smallint[]) AS new (inbound_no, thread, part)
 WHERE inbound.inbound_no = new.inbound_no;

-- name: overdue_threads
-- At most $2 texts whose newest part came more than $1 seconds ago.
SELECT carrier_no, source, destination, thread FROM inbound
 WHERE state = 'waiting'
 GROUP BY carrier_no, source, destination, thread
HAVING max(received_at) < clock_timestamp() - make_interval(secs => $1) LIMIT $2;

-- name: waiting_parts
-- The parts that wait in these threads, in the order in which they came. Columns side by side.
SELECT i.inbound_no, i.carrier_no, i.received_at, i.source, i.destination, i.thread, i.part, i.esm_class, i.data_coding,
       i.payload, i.sar
  FROM (SELECT DISTINCT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[])
            AS named (carrier_no, source, destination, thread)) AS wanted
  JOIN inbound AS i USING (carrier_no, source, destination, thread)
 WHERE i.state = 'waiting' ORDER BY i.inbound_no;

-- name: make_spans
-- The spans of slices that have none yet.
INSERT INTO slice_span (slice_id, span)
SELECT slice_id, (SELECT int8range(min(key_order(carrier_no, m)), max(key_order(carrier_no, m)), '[]')
                    FROM unnest(msisdns) AS m WHERE m > 0)
  FROM slice WHERE NOT EXISTS (SELECT FROM slice_span WHERE slice_span.slice_id = slice.slice_id)
ON CONFLICT (slice_id) DO NOTHING;

-- name: match_replies
-- The campaign that was last sent to each number ($2) through a carrier ($3), of those launched in the $5 days before
-- the reply ($4: when it came). $1: reply_no. Only slices that may hold the number are looked into, the newest first.
SELECT asked.reply_no, found.campaign_id
  FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::timestamptz[])
       AS asked (reply_no, msisdn, carrier_no, received_at)
 CROSS JOIN LATERAL (
    SELECT near.campaign_id
      FROM (SELECT s.campaign_id, s.mark, s.retry, s.msisdns
              FROM (SELECT slice_id FROM slice_span
                     WHERE span @> key_order(asked.carrier_no, asked.msisdn) OFFSET 0) AS maybe
              JOIN slice AS s USING (slice_id)
              JOIN campaign AS c USING (campaign_id)
             WHERE s.mark > 0
               AND c.launched_at BETWEEN asked.received_at - make_interval(days => $5) AND asked.received_at
             ORDER BY s.leased_at <= asked.received_at DESC NULLS LAST, s.leased_at DESC NULLS LAST, c.launched_at DESC
            OFFSET 0) AS near
     CROSS JOIN LATERAL (SELECT array_position(near.msisdns, asked.msisdn) AS place OFFSET 0) AS at
     WHERE at.place <= near.mark
       AND CASE WHEN length(near.retry) * 8 >= at.place THEN get_bit(near.retry, at.place - 1) = 0 ELSE true END
     LIMIT 1) AS found;

-- name: keep_replies
-- Whole texts. Columns side by side; an effect of null is still to come.
INSERT INTO reply (reply_no, campaign_id, carrier_no, msisdn, received_at, destination, kind, keyword, effect, parts,
                   missing, text)
SELECT * FROM unnest($1::bigint[], $2::integer[], $3::smallint[], $4::bigint[], $5::timestamptz[], $6::text[], $7::text[],
                     $8::text[], $9::text[], $10::smallint[], $11::smallint[], $12::text[]);

-- name: mark_read
-- What became of messages: a part of a reply, or (null) the same again.
UPDATE inbound SET state = CASE WHEN new.reply_no IS NULL THEN 'repeated' ELSE 'read' END, reply_no = new.reply_no
  FROM unnest($1::bigint[], $2::bigint[]) AS new (inbound_no, reply_no)
 WHERE inbound.inbound_no = new.inbound_no;

-- name: effects_to_do
-- The oldest $1 opt-outs and opt-ins that have no effect yet. $2: this one alone, or null.
SELECT reply_no, msisdn, kind, received_at, carrier_no FROM reply
 WHERE effect IS NULL AND ($2::bigint IS NULL OR reply_no = $2) ORDER BY reply_no LIMIT $1;

-- name: effects_known
-- At home: what these replies of ledger $1 brought about already. $2, $3: side by side, when they came, for a ledger that
-- was set back gives a number once more.
SELECT reply_no, effect
  FROM reply_effect JOIN unnest($2::bigint[], $3::timestamptz[]) AS asked (reply_no, received_at)
       USING (reply_no, received_at)
 WHERE ledger = $1;

-- name: keep_effects
-- At home: what replies of ledger $1 brought about. $2 to $4: side by side.
INSERT INTO reply_effect (ledger, reply_no, effect, received_at)
SELECT $1, reply_no, effect, received_at
  FROM unnest($2::bigint[], $3::text[], $4::timestamptz[]) AS new (reply_no, effect, received_at)
ON CONFLICT (ledger, reply_no) DO UPDATE SET effect = excluded.effect, received_at = excluded.received_at;

-- name: forget_effects
-- At home: those of a ledger ($1) up to this reply ($2), which knows them by now.
DELETE FROM reply_effect WHERE ledger = $1 AND reply_no <= $2;

-- name: subscribers_known
-- Of these numbers ($2) of bucket $1, those of subscribers.
SELECT msisdn FROM subscriber WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[]);

-- name: subscribers_held
-- The same, locked, and whether they opted out; without those that an import holds.
SELECT msisdn, opted_out_at IS NOT NULL AS opted_out FROM subscriber
 WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[]) FOR UPDATE SKIP LOCKED;

-- name: effects_by_number
-- The oldest $1 replies that have no effect yet.
SELECT reply_no FROM reply WHERE effect IS NULL ORDER BY reply_no LIMIT $1;

-- name: set_opt_outs
-- Subscribers ($2) of bucket $1 opt out at $3, or (null) in again; the first opt-out's time stays.
UPDATE subscriber SET opted_out_at = CASE WHEN $3::timestamptz IS NOT NULL THEN coalesce(opted_out_at, $3) END
 WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[]);

-- name: note_opt_outs
-- Remember who opted out, for what runs already. $2: by which reply, or null; $3: when that came, or null: now.
INSERT INTO opt_out (msisdn, at, reply_no)
SELECT msisdn, coalesce(at, clock_timestamp()), reply_no
  FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) AS new (msisdn, reply_no, at);

-- name: note_strangers_out
-- The same of who is no subscriber.
INSERT INTO opt_out (msisdn, at, reply_no, stranger)
SELECT msisdn, at, reply_no, true FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) AS new (msisdn, reply_no, at);

-- name: strangers_known
-- Whether any stranger opted out.
SELECT EXISTS (SELECT FROM opt_out WHERE stranger);

-- name: strangers_all
-- At home: who opted out and is no subscriber.
SELECT DISTINCT msisdn FROM opt_out WHERE stranger AND msisdn > 0;

-- name: strangers_out
-- At home: which of these ($1) opted out and are no subscribers.
SELECT asked.msisdn
  FROM (SELECT DISTINCT msisdn FROM unnest($1::bigint[]) AS asked (msisdn)) AS asked
 CROSS JOIN LATERAL (SELECT FROM opt_out WHERE stranger AND msisdn = asked.msisdn LIMIT 1) AS once;

-- name: strangers_in
-- At home: these ($1) opted in again, or a subscriber's row says now that they are out.
UPDATE opt_out SET stranger = false WHERE stranger AND msisdn = ANY($1::bigint[]);

-- name: opted_out_when
-- At home: when these ($1) asked for it last, of those who ever did.
SELECT msisdn, max(at) AS at FROM opt_out WHERE msisdn = ANY($1::bigint[]) GROUP BY msisdn;

-- name: renew_opt_outs
-- At home: who opted out asked for it once more ($2: when), side by side.
UPDATE opt_out SET at = greatest(opt_out.at, new.at)
  FROM unnest($1::bigint[], $2::timestamptz[]) AS new (msisdn, at)
 WHERE opt_out.msisdn = new.msisdn;

-- name: opt_outs_after
-- At home: the next $2 opt-outs after number $1.
SELECT opt_out_no, msisdn FROM opt_out WHERE opt_out_no > $1 ORDER BY opt_out_no LIMIT $2;

-- name: set_effects
-- What replies brought about. Columns side by side.
UPDATE reply SET effect = new.effect FROM unnest($1::bigint[], $2::text[]) AS new (reply_no, effect)
 WHERE reply.reply_no = new.reply_no;

-- name: opt_outs_through
-- Waits until no opt-out is being committed any more.
WITH claimed AS MATERIALIZED (SELECT pg_advisory_lock(:opting_out_lock) AS held)
SELECT pg_advisory_unlock(:opting_out_lock) FROM claimed WHERE held IS NOT NULL;

-- name: newest_opt_out
-- The newest opt-out's number at home.
SELECT coalesce(max(opt_out_no), 0) FROM opt_out;

-- name: campaigns_behind
-- Campaigns under way that do not reach those who opted out, were not searched for the newest of these ($1), and up to
-- which they were.
SELECT c.campaign_id, coalesce(a.opt_out_no, 0) AS opt_out_no
  FROM campaign AS c LEFT JOIN opt_outs_applied AS a USING (campaign_id)
 WHERE c.state IN ('running', 'paused') AND c.finished_at IS NULL AND NOT c.hears_opted_out
   AND coalesce(a.opt_out_no, 0) < $1::bigint;

-- name: recall_slices
-- Slices of campaign $1 in which one of these numbers ($2) still waits are recalled: opt-outs up to number $3.
WITH following AS MATERIALIZED (
    SELECT msisdn FROM unnest($2::bigint[]) AS msisdn
), held AS MATERIALIZED (
    SELECT DISTINCT s.slice_id
      FROM following AS f
     CROSS JOIN (SELECT DISTINCT carrier_no FROM tally WHERE campaign_id = $1) AS through
     CROSS JOIN LATERAL (SELECT slice_id FROM slice_span
                          WHERE span @> key_order(through.carrier_no, f.msisdn) OFFSET 0) AS maybe
      JOIN slice AS s USING (slice_id)
     CROSS JOIN LATERAL (SELECT array_position(s.msisdns, f.msisdn) AS place OFFSET 0) AS at
     WHERE s.campaign_id = $1 AND s.state IN ('held', 'ready', 'leased') AND NOT s.recalled
       AND (at.place > s.mark OR (length(s.retry) * 8 >= at.place AND get_bit(s.retry, at.place - 1) = 1))
), applied AS (
    INSERT INTO opt_outs_applied (campaign_id, opt_out_no) VALUES ($1, $3)
    ON CONFLICT (campaign_id) DO UPDATE SET opt_out_no = excluded.opt_out_no
)
UPDATE slice SET recalled = true FROM held WHERE slice.slice_id = held.slice_id;

-- name: recalled_mine
-- Slices that worker $1 holds and should give back.
SELECT slice_id FROM slice WHERE recalled AND state = 'leased' AND worker_no = $1;

-- name: recalled_slices
-- At most $1 slices that were given back to be searched; $2: this one alone, or null.
SELECT slice_id, campaign_id, carrier_no, total, mark, answered, retry, msisdns,
       (SELECT hears_opted_out FROM campaign AS c WHERE c.campaign_id = slice.campaign_id) AS hears_opted_out
  FROM slice WHERE recalled AND state IN ('held', 'ready') AND ($2::integer IS NULL OR slice_id = $2)
 ORDER BY slice_id LIMIT $1 FOR UPDATE SKIP LOCKED;

-- name: recalled_by_number
-- The first $1 of them.
SELECT slice_id FROM slice WHERE recalled AND state IN ('held', 'ready') ORDER BY slice_id LIMIT $1;

-- name: ever_opted_out
-- At home: which of these numbers ($1) opted out since there is a table of it.
SELECT asked.msisdn
  FROM (SELECT DISTINCT msisdn FROM unnest($1::bigint[]) AS asked (msisdn)) AS asked
 CROSS JOIN LATERAL (SELECT FROM opt_out WHERE msisdn = asked.msisdn LIMIT 1) AS once;

-- name: still_opted_out
-- Of these numbers ($2) of bucket $1, those that did not opt in again.
SELECT msisdn FROM subscriber WHERE hash_bucket = $1 AND msisdn = ANY($2::bigint[]) AND opted_out_at IS NOT NULL;

-- name: trim_slice
-- A recalled slice ($1) without those who opted out; done when nobody else is left to do.
UPDATE slice
   SET total = $2, answered = $3, retry = $4, msisdns = $5, recalled = false,
       state = CASE WHEN bit_count($3::bytea) = $2::integer THEN 'done' ELSE state END
 WHERE slice_id = $1;

-- name: release_slices
-- Recalled slices ($1) that may go on as they are.
UPDATE slice SET recalled = false WHERE slice_id = ANY($1::integer[]);

-- name: drop_slice
-- A slice of which nobody is left and nothing was sent.
WITH span AS (DELETE FROM slice_span WHERE slice_id = $1)
DELETE FROM slice WHERE slice_id = $1;

-- name: exclude_opted_out
-- They were waiting and are excluded, and why ($4). The shard -1 is that of replies, so that nobody waits for another.
WITH excluded_now AS (
    INSERT INTO exclusion (campaign_id, carrier_no, reason, msisdns) VALUES ($1, $2, $4, $3::bigint[])
)
SELECT add_to_tallies(shard => -1, campaigns => ARRAY[$1::integer], carriers => ARRAY[$2::smallint],
                      waiting => ARRAY[-cardinality($3::bigint[])::bigint],
                      excluded => ARRAY[cardinality($3::bigint[])::bigint]);

-- name: reply_counts
-- Replies to campaign $1 (0: those that match none) by carrier, keyword and effect; the most frequent first.
SELECT carrier.name AS carrier, kind, keyword, effect, count(*) AS replies, count(DISTINCT msisdn) AS senders,
       count(*) FILTER (WHERE missing > 0) AS incomplete
  FROM reply JOIN carrier USING (carrier_no)
 WHERE campaign_id = $1
 GROUP BY carrier.carrier_no, carrier.name, kind, keyword, effect
 ORDER BY carrier.carrier_no, kind, replies DESC, keyword, effect;

-- name: latest_replies
-- The newest $2 replies to campaign $1 (0: those that match none).
SELECT reply_no, received_at, carrier.name AS carrier, msisdn, destination, kind, keyword, effect, parts, missing, text
  FROM reply JOIN carrier USING (carrier_no)
 WHERE campaign_id = $1 ORDER BY reply_no DESC LIMIT $2;

-- name: replies_in_order
-- Every reply to campaign $1 (0: those that match none), the oldest first.
SELECT reply_no, received_at, carrier.name AS carrier, msisdn, destination, kind, keyword, effect, parts, missing, text
  FROM reply JOIN carrier USING (carrier_no)
 WHERE campaign_id = $1 ORDER BY reply_no;

-- name: replies_elsewhere
-- Replies that match no campaign, messages and parts that are not read yet, and what could not be read or done.
SELECT (SELECT count(*) FROM reply WHERE campaign_id = 0) AS unmatched,
       (SELECT count(*) FROM inbound WHERE state = 'new') AS unread,
       (SELECT count(*) FROM inbound WHERE state = 'waiting') AS waiting_parts,
       (SELECT count(*) FROM inbound WHERE state = 'set_aside')
       + (SELECT count(*) FROM reply WHERE effect = 'set_aside') AS set_aside;
