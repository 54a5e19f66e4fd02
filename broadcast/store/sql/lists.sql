-- name: lists
-- Every list ($1: null), or that of this name, and how many are on it.
SELECT name, carrier, source, changed_at, changed_by,
       (SELECT coalesce(sum(m.members), 0)::bigint FROM list_member AS m WHERE m.list_no = list.list_no) AS members
  FROM list WHERE $1::text IS NULL OR name = $1 ORDER BY name;

-- name: list_names
-- Every list's name.
SELECT name FROM list ORDER BY name;

-- name: list_by_name
-- A list's number, and the carrier of its foreign numbers.
SELECT list_no, carrier FROM list WHERE name = $1;

-- name: list_chunks
-- The numbers of list $1, some thousands a row, as array_send gives them.
SELECT array_send(msisdns) AS msisdns FROM list_member WHERE list_no = $1 ORDER BY chunk_no;

-- name: list_write
-- List $1 is there, its foreign numbers go through carrier $2 (null: as before), its file was $3; nobody else writes it until
-- the transaction ends.
INSERT INTO list AS known (name, carrier, source) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE
   SET carrier = coalesce(excluded.carrier, known.carrier), source = excluded.source, changed_at = clock_timestamp(),
       changed_by = session_user
RETURNING list_no;

-- name: list_hold
-- The same without changing anything.
SELECT list_no FROM list WHERE name = $1 FOR UPDATE;

-- name: list_empty
-- Nobody is on list $1.
DELETE FROM list_member WHERE list_no = $1;

-- name: list_append
-- A chunk ($2) of list $1 behind those that it has.
INSERT INTO list_member (list_no, chunk_no, msisdns)
SELECT $1, coalesce(max(chunk_no), 0) + 1, $2::bigint[] FROM list_member WHERE list_no = $1;

-- name: list_drop
-- List $1 is gone.
DELETE FROM list WHERE list_no = $1;

-- name: list_note
-- In the audit chain: what ($1) was done to a list ($2), with what is worth remembering ($3).
SELECT desk_note_list($1, $2, $3);

-- name: campaigns_with_lists
-- Campaigns that may be sent to somebody yet, and say in their plan who hears them.
SELECT name, state, plan::text AS plan FROM campaign
 WHERE state IN ('approved', 'running', 'paused') AND finished_at IS NULL AND (plan ? 'lists' OR plan ? 'where')
 ORDER BY campaign_id;
