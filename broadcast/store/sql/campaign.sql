-- name: desk_draft
-- A new draft ($1: name, $2: its content, $3: for the event). Returns its number, as the steps below do.
SELECT desk_draft($1, $2, $3);

-- name: desk_edit
-- New content ($2) of campaign $1: a draft again, by its editor; approvals are void (law 6). $3: for the event.
SELECT $1::integer FROM desk_edit($1, $2, $3);

-- name: desk_approve
-- A second person approves what has this code ($2).
SELECT $1::integer FROM desk_approve($1, $2);

-- name: desk_override
-- Who approved it goes on alone, where a rule allows that.
SELECT $1::integer FROM desk_override($1);

-- name: desk_withdraw
-- Whose approval it is takes it back ($2: why).
SELECT $1::integer FROM desk_withdraw($1, $2);

-- name: desk_return
-- An approver says no ($2: why); it needs another edit.
SELECT $1::integer FROM desk_return($1, $2);

-- name: desk_pause
-- It stands still.
SELECT $1::integer FROM desk_pause($1);

-- name: desk_resume
-- It goes on.
SELECT $1::integer FROM desk_resume($1);

-- name: desk_cancel
-- Its end.
SELECT $1::integer FROM desk_cancel($1);

-- name: desk_end_stopped
-- What cancelled and expired campaigns left waiting has its end, unless a worker is at it.
SELECT desk_end_stopped();

-- name: begin_launch
-- From here to the end of the transaction whoever launches campaign $1 writes who hears it.
SELECT desk_begin_launch($1);

-- name: budget_claim
-- Whether this session alone launches what a budget may refuse, until budget_end.
SELECT pg_try_advisory_lock(:budgeting_lock);

-- name: budget_end
-- The next may.
SELECT pg_advisory_unlock(:budgeting_lock);

-- name: launch
-- It runs: its audience ($2), the segments of a message ($3), the last opt-out that the audience surely knows ($4), ledgers
-- ($5) with so many of its people each ($6), for the event ($7).
SELECT desk_launch($1, $2, $3, $4, $5, $6, $7);

-- name: desk_say
-- An act that is no campaign's: what ($1) was done to what ($2), with what is worth remembering ($3).
SELECT desk_say($1, $2, $3);

-- name: note_act
-- An act of who migrates: what ($1) was done to what ($2), with what is worth remembering ($3).
SELECT desk_note(NULL, $1, $2, $3);

-- name: unapproved
-- Campaigns whose approval was of before approvals had rows: it holds no longer.
SELECT name FROM campaign_event JOIN campaign USING (campaign_id)
 WHERE event = 'withdrawn' AND details->>'reason' = 'approved before an upgrade' ORDER BY campaign_id;

-- name: approvals
-- Those of campaign $1 that hold, in order.
SELECT signer, at, kind, hash FROM approval WHERE campaign_id = $1 AND void_at IS NULL ORDER BY approval_no;

-- name: approvals_wanted
-- How many people are to approve campaign $1, and how many of them are missing; the same if it is a large exercise, which
-- is one from so many hearers on.
SELECT approvals_needed(campaign) AS needed, approvals_missing(campaign) AS missing,
       approvals_needed(campaign, 9223372036854775807) AS needed_large, desk_rule_of('large_exercise', 100000) AS large
  FROM campaign WHERE campaign_id = $1;

-- name: version_before
-- What campaign $1 was when it was approved or returned last, if that is not what it is; who did that, and when.
SELECT event, actor, e.at, document
  FROM campaign_event AS e
  JOIN campaign_version AS v ON v.campaign_id = e.campaign_id AND v.hash = decode(e.details->>'hash', 'hex')
  JOIN campaign ON campaign.campaign_id = e.campaign_id
 WHERE e.campaign_id = $1 AND event IN ('approved', 'override', 'returned') AND v.hash <> content_hash(campaign)
 ORDER BY event_no DESC, version_no DESC LIMIT 1;

-- name: rule_value
-- A rule ($1), or, where nobody set it, what the code says ($2).
SELECT desk_rule_of($1, $2);

-- name: rehearsals_of
-- Campaigns with the very words of this one ($1) that were launched to one's own phones in the last $2 hours.
SELECT own.campaign_id, own.name
  FROM campaign AS own JOIN campaign AS one ON one.campaign_id = $1
 WHERE own.hearers = 'phones' AND own.launched_at > clock_timestamp() - make_interval(hours => $2)
   AND (own.text, own.alphabet, own.sender, own.status, own.texts, own.languages)
     = (one.text, one.alphabet, one.sender, one.status, one.texts, one.languages)
 ORDER BY own.campaign_id DESC;

-- name: delivered_of
-- Of campaign $1, how many have it, by a receipt.
SELECT coalesce(sum(delivered), 0)::bigint FROM tally WHERE campaign_id = $1;

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

-- name: campaign_events
-- What happened to a campaign, in order.
SELECT at, actor, event, details FROM campaign_event WHERE campaign_id = $1 ORDER BY event_no;
