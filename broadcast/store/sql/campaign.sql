-- name: insert_campaign
-- A new draft. Returns its number.
INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, in_doubt_policy, grace_s, expires_at,
                      hears_opted_out, texts, languages, status, hearers, corrects, areas, channels, drafted_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
RETURNING campaign_id;

-- name: update_content
-- New content: a draft again, by its editor ($19); an approval is void (law 6).
UPDATE campaign
   SET category = $2, priority = $3, sender = $4, text = $5, alphabet = $6, carriers = $7, in_doubt_policy = $8,
       grace_s = $9, expires_at = $10, hears_opted_out = $11, texts = $12, languages = $13, status = $14, hearers = $15,
       corrects = $16, areas = $17, channels = $18, drafted_by = $19, drafted_at = clock_timestamp(), state = 'draft',
       approved_by = NULL, approved_at = NULL, approved_hash = NULL
 WHERE campaign_id = $1;

-- name: approve_campaign
-- A second person ($2) approves the content with this hash ($3).
UPDATE campaign
   SET state = 'approved', approved_by = $2, approved_at = clock_timestamp(), approved_hash = $3
 WHERE campaign_id = $1;

-- name: launch_campaign
-- The audience ($3) and the segments of a message ($4) are fixed; the workers may begin. The audience's snapshot knows
-- every opt-out up to number $5.
WITH known AS (INSERT INTO opt_outs_applied (campaign_id, opt_out_no) VALUES ($1, $5))
UPDATE campaign
   SET state = 'running', launched_by = $2, launched_at = clock_timestamp(), audience = $3, segments = $4,
       control_no = control_no + 1
 WHERE campaign_id = $1;

-- name: move_campaign
-- Another state; what is cancelled before it was launched has its end now.
UPDATE campaign
   SET state = $2, control_no = control_no + 1,
       finished_at = CASE WHEN $2 = 'cancelled' AND launched_at IS NULL THEN clock_timestamp() ELSE finished_at END
 WHERE campaign_id = $1;

-- name: lock_campaign
-- A campaign's row, held until the transaction ends.
SELECT * FROM campaign WHERE campaign_id = $1 FOR UPDATE;

-- name: campaign_by_id
-- A campaign by number.
SELECT * FROM campaign WHERE campaign_id = $1;

-- name: campaign_by_name
-- A campaign by name.
SELECT * FROM campaign WHERE name = $1;

-- name: campaign_names
-- Every campaign's name, to say which one may have been meant.
SELECT name FROM campaign ORDER BY campaign_id DESC LIMIT 1000;

-- name: all_campaigns
-- Every campaign, the newest first.
SELECT * FROM campaign ORDER BY campaign_id DESC;

-- name: insert_campaign_event
-- What happened, by whom.
INSERT INTO campaign_event (campaign_id, at, actor, event, details) VALUES ($1, clock_timestamp(), $2, $3, $4);

-- name: campaign_events
-- What happened to a campaign, in order.
SELECT at, actor, event, details FROM campaign_event WHERE campaign_id = $1 ORDER BY event_no;

-- name: notify_control
-- Tell every worker to look at a campaign ($1: its number as text).
SELECT pg_notify('broadcast_control', $1);
