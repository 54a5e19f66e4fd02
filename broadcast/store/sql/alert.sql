-- name: desk_keep_message
-- A CAP message that was received, but no Cancel: its row as JSON, its octets. Returns its number.
SELECT desk_keep_message($1, $2);

-- name: desk_keep_cancel
-- A Cancel that was received, and obeyed.
SELECT desk_keep_cancel($1, $2);

-- name: desk_has
-- Whether who logged in has this role.
SELECT desk_has($1);

-- name: alert_message_by_key
-- The message with this sender, identifier and time, if it was received.
SELECT * FROM alert_message WHERE sender = $1 AND identifier = $2 AND sent = $3;

-- name: alert_messages_called
-- Messages of this sender with this identifier, whenever they were sent.
SELECT * FROM alert_message WHERE sender = $1 AND identifier = $2 ORDER BY sent;

-- name: alert_message_of_campaign
-- What a campaign came from, if it came as a message.
SELECT * FROM alert_message WHERE campaign_id = $1;

-- name: alert_messages_after
-- Updates that are about one of these messages.
SELECT * FROM alert_message WHERE about && $1 AND message_type = 'Update' ORDER BY message_no;

-- name: campaigns_ended_by
-- Campaigns that this one's launch ended, as an Update of theirs.
SELECT e.campaign_id FROM alert_message AS m JOIN campaign_event AS e ON e.campaign_id = ANY (m.ends)
 WHERE m.campaign_id = $1 AND e.event = 'cancelled' AND (e.details->>'superseded_by')::integer = m.campaign_id
 ORDER BY e.campaign_id;
