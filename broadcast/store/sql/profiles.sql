-- name: attributes
-- Every attribute and its type.
SELECT name, type FROM attribute ORDER BY name COLLATE "C";

-- name: insert_attributes
-- New ones ($1: names, $2: types).
INSERT INTO attribute (name, type) SELECT * FROM unnest($1::text[], $2::text[]);

-- name: delete_attribute
-- $1 is none any more.
DELETE FROM attribute WHERE name = $1;

-- name: attribute_users
-- What goes by attribute $1: an alert that is not at its end, the file of an unfinished import; null: none does.
SELECT (SELECT min(name) FROM campaign
         WHERE state NOT IN ('cancelled', 'finished') AND plan->>'where' ~ ('\m' || $1 || '\M')) AS campaign,
       (SELECT min(source) FROM unfinished_import JOIN subscriber_import USING (import_no) WHERE $1 = ANY(columns)) AS source;

-- name: one_profile
-- By its number.
SELECT profile_no, area, seen, language, attributes FROM profile WHERE profile_no = $1;

-- name: insert_profiles
-- New ones, under the lock of imports. $1: numbers, $2 to $4: area, seen, language, $5: attributes.
INSERT INTO profile (profile_no, area, seen, language, attributes)
SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::jsonb[]);

-- name: delete_profiles
-- Those that nobody has any more ($1: numbers).
DELETE FROM profile WHERE profile_no = ANY($1::integer[]);

-- name: profile_counts
-- How many subscribers have each profile that somebody has.
SELECT profile_no, count(*) AS subscribers FROM subscriber GROUP BY profile_no;

-- name: change_profiles
-- Whoever has one of profiles $2 has another one from now on: $1 is by the old number, from 0.
UPDATE subscriber SET profile_no = ($1::integer[])[profile_no + 1] WHERE profile_no = ANY($2::integer[]);
