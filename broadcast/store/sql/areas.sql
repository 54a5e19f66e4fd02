-- name: all_areas
-- Every area but for its geometry, by code.
SELECT code, name, parent, kind, language, census FROM area ORDER BY code;
