-- An import brings areas, languages and attributes: the profile of each staged person, how many cells could not be read,
-- and for a resumable one the columns that it began to read.
ALTER TABLE import_staging ADD COLUMN profile_no integer NOT NULL DEFAULT 0;
ALTER TABLE subscriber_import ADD COLUMN unclear jsonb; -- column -> {lines, first}: cells that said nothing that is known
ALTER TABLE unfinished_import
    ADD COLUMN unclear jsonb  NOT NULL DEFAULT '{}',
    ADD COLUMN columns text[] NOT NULL DEFAULT '{}'; -- names of areas, languages and attributes; none: of an older home

CREATE OR REPLACE FUNCTION desk_say(what text, subject text, details jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF what NOT IN ('import begun', 'import ended', 'opted out', 'opted in', 'attribute added', 'attribute dropped')
       OR subject ~ '^campaign ' OR length(subject) > 200 OR octet_length(details::text) > 10000 THEN
        PERFORM desk_refuse('BC004', 'that is no act to be noted');
    END IF;
    PERFORM desk_note(NULL, what, subject, details);
END $$;
