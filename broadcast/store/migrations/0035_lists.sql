-- Numbers by name: who is on one is chosen, or left out, by a filter; of a location list of a carrier they hear an alert
-- that names it, subscribers or not.
CREATE TABLE list (
    list_no    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64 AND name !~ '^[0-9+.-]'),
    carrier    text,                                 -- whose SMSC reaches those of its numbers that are foreign
    source     text NOT NULL,                        -- the file that it was read from last
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by name NOT NULL DEFAULT session_user
);

-- Each number of a list stands in it once, in one chunk; a chunk is sorted.
CREATE TABLE list_member (
    list_no  integer NOT NULL REFERENCES list ON DELETE CASCADE,
    chunk_no integer NOT NULL,
    msisdns  bigint[] NOT NULL,
    PRIMARY KEY (list_no, chunk_no)
);
ALTER TABLE list_member ALTER COLUMN msisdns SET STATISTICS 0;

-- An act of a person on a list. details: how many; no number of anybody.
CREATE FUNCTION desk_note_list(what text, list text, details jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM desk_must('operator');
    IF what NOT IN ('list imported', 'list added to', 'list dropped') OR length(list) > 64
       OR octet_length(details::text) > 1000 THEN
        PERFORM desk_refuse('BC004', 'that is no act to be noted');
    END IF;
    PERFORM desk_note(NULL, what, 'list ' || list, details);
END $$;
