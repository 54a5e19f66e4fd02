-- name: identity
-- Which database this is.
SELECT home_id, ledger FROM identity;

-- name: purpose
-- What this database is for: live or training. Of a schema that is a version older, too.
SELECT coalesce(to_jsonb(identity) ->> 'purpose', 'live') FROM identity;

-- name: become_training
-- It is there to train from now on. False: it is that already, or in use.
SELECT access_begin_training();

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
-- This database is ledger $2 of home $1 from now on, for the same purpose ($3). No row: it is something else, or in use.
UPDATE identity SET home_id = $1, ledger = $2, purpose = $3
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

-- name: campaign_approvals
-- Those of campaign $1 that hold, for its copies.
SELECT coalesce(jsonb_agg(to_jsonb(approval) ORDER BY approval_no), '[]')::text
  FROM approval WHERE campaign_id = $1 AND void_at IS NULL;

-- name: copy_begin
-- Home's row ($1) as a copy that is not to be sent yet, with its approvals ($2), launched then ($3). False: it was launched.
SELECT copy_begin($1, $2, $3);

-- name: copy_end
-- Its part of the audience ($2), the segments of a message ($3), and up to which opt-out ($4) the audience knows them;
-- nothing stays of one that has nobody.
SELECT copy_end($1, $2, $3, $4);

-- name: obey
-- Home's order number $2: a copy ($1) is in this state ($3). False: it knows that, or is over.
SELECT tend_obey($1, $2, $3);

-- name: obey_rest
-- The same of an alert whose first share has ended. False also while home has yet to hear what was ordered here.
SELECT tend_obey_rest($1, $2, $3);

-- name: home_orders
-- What home says of the campaigns that have recipients in ledger $1 and are not over there. approved: the hash of it.
-- first_share: it goes ahead. judges: the workers of the ledgers look how it went, for home's own have nobody of it.
SELECT campaign_id, state, control_no, campaign_part.entries, coalesce(stage, 0) AS stage,
       coalesce(plan ? 'canary', false) AND coalesce(stage, 0) = 0 AS first_share,
       NOT EXISTS (SELECT FROM campaign_part AS p JOIN ledger ON ledger.name = p.ledger
                    WHERE p.campaign_id = campaign.campaign_id AND here) AS judges,
       coalesce((SELECT hash FROM approval AS a WHERE a.campaign_id = campaign.campaign_id AND void_at IS NULL
                  ORDER BY approval_no LIMIT 1), approved_hash) AS approved
  FROM campaign_part JOIN campaign USING (campaign_id)
 WHERE ledger = $1 AND campaign_part.finished_at IS NULL ORDER BY campaign_id;

-- name: copies_behind
-- Of these campaigns ($1) with their control numbers ($2): copies that have yet to obey.
SELECT campaign_id FROM campaign JOIN unnest($1::integer[], $2::integer[]) AS told (campaign_id, home_no) USING (campaign_id)
 WHERE control_no < home_no AND finished_at IS NULL;

-- name: copies_here
-- Of these campaigns ($1): those of which there is a copy here, since when it is over, how many people it has, and how often
-- some entered. One whose first share did not end is over when home can hear what that came to.
SELECT campaign_id, audience, coalesce(entries, 0) AS entries,
       CASE WHEN NOT coalesce(plan ? 'canary', false) OR coalesce(stage, 0) > 0
                 OR EXISTS (SELECT FROM first_share AS f
                             WHERE f.campaign_id = campaign.campaign_id AND f.ledger = '' AND f.at >= finished_at)
            THEN finished_at END AS finished_at
  FROM campaign WHERE campaign_id = ANY($1::integer[]);

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

-- name: parts_finished
-- Ledger $1 is through with campaigns ($2), since then ($3).
SELECT tend_parts_finished($1, $2, $3);

-- name: order_here
-- While home is away: campaign $1 is in state $2 in this ledger. False: it is over, or cancelled already.
SELECT desk_order_here($1, $2);

-- name: new_orders
-- What was ordered here and home has yet to take over.
SELECT order_no, campaign_id, at, actor, state FROM ledger_order WHERE taken_at IS NULL ORDER BY order_no;

-- name: take_order
-- Home has taken it over.
UPDATE ledger_order SET taken_at = clock_timestamp() WHERE order_no = $1;

-- name: take_over
-- At home, once: campaign $1 was ordered in ledger $2, as its order $3, then ($4), by $5, to be in state $6.
SELECT tend_take_over($1, $2, $3, $4, $5, $6);

-- name: prepared_transactions
-- Of this database: decided by nobody yet, or not carried out after a node was lost.
SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database();
