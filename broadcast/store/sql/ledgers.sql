-- name: identity
-- Which database this is.
SELECT home_id, ledger FROM identity;

-- name: spread_claim
-- One that says at a time which ledgers there are, while nobody launches; for this transaction.
SELECT pg_try_advisory_xact_lock(:spreading_lock);

-- name: hold_ledgers
-- They stay as they are, for this session.
SELECT pg_advisory_lock_shared(:spreading_lock);

-- name: let_ledgers_go
-- They may change again.
SELECT pg_advisory_unlock_shared(:spreading_lock);

-- name: become_ledger
-- This database is ledger $2 of home $1 from now on. No row: it is something else, or in use.
UPDATE identity SET home_id = $1, ledger = $2
 WHERE (home_id = $1 AND ledger = $2)
    OR (ledger IS NULL AND NOT EXISTS (SELECT FROM campaign) AND NOT EXISTS (SELECT FROM subscriber))
RETURNING home_id;

-- name: known_ledgers
-- Home's ledgers.
SELECT name, here, carriers::text AS carriers FROM ledger ORDER BY name;

-- name: keep_ledgers
-- Home's ledgers are these from now on. Columns side by side: names, whether it is home itself, carriers.
INSERT INTO ledger (name, here, carriers)
SELECT name, here, carriers::jsonb FROM unnest($1::text[], $2::boolean[], $3::text[]) AS new (name, here, carriers)
ON CONFLICT (name) DO UPDATE SET here = excluded.here, carriers = excluded.carriers;

-- name: campaign_parts
-- Where the recipients of campaign $1 are; no row: at home.
SELECT ledger, audience, finished_at FROM campaign_part WHERE campaign_id = $1 ORDER BY ledger;

-- name: keep_parts
-- The recipients of campaign $1 are in these ledgers ($2), so many each ($3).
INSERT INTO campaign_part (campaign_id, ledger, audience) SELECT $1, * FROM unnest($2::text[], $3::bigint[]);

-- name: open_here
-- Campaigns of which somebody waits, or waits for a receipt, in this database, at carriers $1 (names).
SELECT campaign.name, carrier.name AS carrier
  FROM campaign JOIN tally USING (campaign_id) JOIN carrier USING (carrier_no)
 WHERE launched_at IS NOT NULL AND finished_at IS NULL AND carrier.name = ANY($1::text[])
 GROUP BY campaign.campaign_id, carrier.carrier_no
HAVING sum(waiting) <> 0 OR sum(in_doubt) <> 0 OR sum(accepted) <> 0
 ORDER BY campaign.campaign_id, carrier.carrier_no;

-- name: campaign_row
-- A campaign's row at home ($1), for its copies.
SELECT to_jsonb(campaign)::text FROM campaign WHERE campaign_id = $1;

-- name: unlaunched_copy
-- Number of the copy ($1) that a launch before left behind, of which nothing can have been sent; locked.
SELECT campaign_id FROM campaign WHERE campaign_id = $1 AND control_no = 0 FOR UPDATE;

-- name: drop_copy
-- A copy and all that is of it.
WITH slices AS (DELETE FROM slice WHERE campaign_id = $1 RETURNING slice_id),
     spans AS (DELETE FROM slice_span WHERE slice_id IN (SELECT slice_id FROM slices)),
     excluded AS (DELETE FROM exclusion WHERE campaign_id = $1),
     tallies AS (DELETE FROM tally WHERE campaign_id = $1),
     known AS (DELETE FROM opt_outs_applied WHERE campaign_id = $1),
     ordered AS (DELETE FROM ledger_order WHERE campaign_id = $1),
     happened AS (DELETE FROM campaign_event WHERE campaign_id = $1)
SELECT count(*) FROM slices;

-- name: drop_copy_row
-- Its row, once nothing refers to it.
DELETE FROM campaign WHERE campaign_id = $1 AND control_no = 0;

-- name: insert_copy
-- Home's row ($1) as a copy that is not to be sent yet. $2: launched by; $3: when.
INSERT INTO campaign OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(null::campaign,
            $1::jsonb || jsonb_build_object('state', 'paused', 'control_no', 0, 'launched_by', $2::text,
                                            'launched_at', $3::timestamptz))).*;

-- name: fix_copy
-- Its part of the audience ($2), the segments of a message ($3), and up to which opt-out ($4) the audience knows them.
WITH known AS (INSERT INTO opt_outs_applied (campaign_id, opt_out_no) VALUES ($1, $4))
UPDATE campaign SET audience = $2, segments = $3 WHERE campaign_id = $1;

-- name: obey
-- Home's order number $2: a copy ($1) is in this state ($3), with this priority ($4). No row: it knows that, or is over.
-- What was cancelled here while home was away stays so: home has yet to hear of it.
UPDATE campaign SET state = CASE WHEN state = 'cancelled' THEN state ELSE $3 END, priority = $4, control_no = $2
 WHERE campaign_id = $1 AND control_no < $2 AND finished_at IS NULL
RETURNING campaign_id;

-- name: home_orders
-- What home says of the campaigns that have recipients in ledger $1 and are not over there.
SELECT campaign_id, state, priority, control_no
  FROM campaign_part JOIN campaign USING (campaign_id)
 WHERE ledger = $1 AND campaign_part.finished_at IS NULL ORDER BY campaign_id;

-- name: copies_behind
-- Of these campaigns ($1) with their control numbers ($2): copies that have yet to obey.
SELECT campaign_id FROM campaign JOIN unnest($1::integer[], $2::integer[]) AS told (campaign_id, home_no) USING (campaign_id)
 WHERE control_no < home_no AND finished_at IS NULL;

-- name: copies_here
-- Of these campaigns ($1): those of which there is a copy here, and since when it is over.
SELECT campaign_id, finished_at FROM campaign WHERE campaign_id = ANY($1::integer[]);

-- name: audience_here
-- The people of campaign $1 that this database is to have: all of them, or, at home, those of its own part. Null: it was
-- never launched.
SELECT CASE WHEN EXISTS (SELECT FROM campaign_part WHERE campaign_id = $1)
            THEN coalesce((SELECT p.audience FROM campaign_part AS p JOIN ledger ON ledger.name = p.ledger
                            WHERE p.campaign_id = $1 AND here), 0)
            ELSE audience END
  FROM campaign WHERE campaign_id = $1;

-- name: has_copy
-- Whether there is a copy of campaign $1 here.
SELECT EXISTS (SELECT FROM campaign WHERE campaign_id = $1);

-- name: open_parts
-- At home: campaigns that are not over in ledger $1.
SELECT campaign_id, name FROM campaign_part JOIN campaign USING (campaign_id)
 WHERE ledger = $1 AND campaign_part.finished_at IS NULL ORDER BY campaign_id;

-- name: hold_campaigns
-- Their rows ($1), until the transaction ends.
SELECT campaign_id FROM campaign WHERE campaign_id = ANY($1::integer[]) ORDER BY campaign_id FOR UPDATE;

-- name: finish_parts
-- Ledger $1 is through with campaigns ($2), since then ($3). Gives their numbers.
UPDATE campaign_part SET finished_at = new.finished_at
  FROM unnest($2::integer[], $3::timestamptz[]) AS new (campaign_id, finished_at)
 WHERE campaign_part.campaign_id = new.campaign_id AND ledger = $1 AND campaign_part.finished_at IS NULL
RETURNING campaign_part.campaign_id;

-- name: finish_whole
-- Campaigns of these ($1) that are over in each of their ledgers; a cancelled one keeps its state.
WITH finished AS (
    UPDATE campaign SET finished_at = clock_timestamp(),
                        state = CASE WHEN state = 'cancelled' THEN state ELSE 'finished' END
     WHERE campaign_id = ANY($1::integer[]) AND finished_at IS NULL
       AND NOT EXISTS (SELECT FROM campaign_part AS p WHERE p.campaign_id = campaign.campaign_id AND p.finished_at IS NULL)
    RETURNING campaign_id)
INSERT INTO campaign_event (campaign_id, actor, event) SELECT campaign_id, 'broadcast', 'finished' FROM finished;

-- name: order_here
-- While home is away: campaign $1 is in state $2 in this ledger, by $3. No row: it is over, or cancelled already. One that
-- is paused already is paused once more: home may have resumed it, and this ledger not heard of that.
WITH ordered AS (
    UPDATE campaign SET state = $2
     WHERE campaign_id = $1 AND finished_at IS NULL AND state IN ('running', 'paused')
    RETURNING campaign_id)
INSERT INTO ledger_order (campaign_id, actor, state) SELECT campaign_id, $3, $2 FROM ordered RETURNING order_no;

-- name: new_orders
-- What was ordered here and home has yet to take over.
SELECT order_no, campaign_id, at, actor, state FROM ledger_order WHERE taken_at IS NULL ORDER BY order_no;

-- name: take_order
-- Home has taken it over.
UPDATE ledger_order SET taken_at = clock_timestamp() WHERE order_no = $1;

-- name: order_known
-- Whether home has an event of this order ($3) of ledger $2 for campaign $1.
SELECT EXISTS (SELECT FROM campaign_event
                WHERE campaign_id = $1 AND details->>'ledger' = $2 AND (details->>'order_no')::bigint = $3);

-- name: prepared_transactions
-- Of this database: decided by nobody yet, or not carried out after a node was lost.
SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database();
