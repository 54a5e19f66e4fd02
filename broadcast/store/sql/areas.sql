-- name: all_areas
-- Every area but for its geometry, by code.
SELECT code, name, parent, kind, language, census FROM area ORDER BY code;

-- name: areas_as_kept
-- Every area with all that is known of it, by code.
SELECT code, name, parent, kind, language, census, geometry, geocodes, source, as_of FROM area ORDER BY code;

-- name: area_as_kept
-- The same of one ($1: code).
SELECT code, name, parent, kind, language, census, geometry, geocodes, source, as_of FROM area WHERE code = $1;

-- name: area_shapes
-- Geometry (WKB) of the areas that have one, by code.
SELECT code, geometry FROM area WHERE geometry IS NOT NULL ORDER BY code;

-- name: area_geocodes
-- What others call areas: valueName and value of CAP's geocodes.
SELECT code, named.key AS name, named.value
  FROM area, jsonb_each_text(geocodes) AS named ORDER BY code, named.key;

-- name: lock_areas
-- One import of areas at a time; who reads waits for nothing.
LOCK TABLE area IN SHARE ROW EXCLUSIVE MODE;

-- name: keep_areas
-- Areas as they are from now on ($1: codes; then as the columns are, $8: texts of JSON, $10: the date). A parent may come later in
-- the same transaction.
INSERT INTO area (code, name, parent, kind, language, census, geometry, geocodes, source, as_of)
SELECT code, name, parent, kind, language, census, geometry, geocodes::jsonb, source, $10
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bytea[], $8::text[], $9::text[])
       AS said (code, name, parent, kind, language, census, geometry, geocodes, source)
ON CONFLICT (code) DO UPDATE
   SET name = EXCLUDED.name, parent = EXCLUDED.parent, kind = EXCLUDED.kind, language = EXCLUDED.language,
       census = EXCLUDED.census, geometry = EXCLUDED.geometry, geocodes = EXCLUDED.geocodes,
       source = EXCLUDED.source, as_of = EXCLUDED.as_of;

-- name: drop_areas
-- Areas ($1: codes) that nobody names any more.
DELETE FROM area WHERE code = ANY($1);

-- name: named_areas
-- Codes that people's profiles or alerts name which are not over.
SELECT area AS code FROM profile WHERE area IS NOT NULL
UNION SELECT seen FROM profile WHERE seen IS NOT NULL
UNION SELECT jsonb_array_elements_text(plan -> 'areas') FROM campaign
       WHERE plan ? 'areas' AND state NOT IN ('cancelled', 'finished');

-- name: approved_by_areas
-- Alerts that are approved and not launched, and choose their people by areas.
SELECT name FROM campaign WHERE state = 'approved' AND (plan ? 'areas' OR plan ? 'where') ORDER BY name;

-- name: note_areas
-- An import of areas goes into the audit chain ($1: where they are from, $2: counts).
SELECT desk_note_areas($1, $2::jsonb);

-- name: counted_profiles
-- How many subscribers have each profile, as whoever wrote them counted: where they are not spread over nodes.
SELECT profile_no, sum(people)::bigint AS subscribers FROM subscriber_count GROUP BY profile_no HAVING sum(people) <> 0;
