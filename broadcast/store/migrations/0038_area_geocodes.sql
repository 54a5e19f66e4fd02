-- By which codes others name an area: value by the valueName of CAP's geocodes, {"ISO3166-2": "VN-HN"} say.
ALTER TABLE area ADD COLUMN geocodes jsonb NOT NULL DEFAULT '{}';

-- An import of areas. details: how many.
CREATE FUNCTION desk_note_areas(source text, details jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM desk_must('operator');
    IF octet_length(details::text) > 1000 THEN
        PERFORM desk_refuse('BC004', 'that is no act to be noted');
    END IF;
    PERFORM desk_note(NULL, 'areas imported', 'areas ' || left(source, 150), details);
END $$;
