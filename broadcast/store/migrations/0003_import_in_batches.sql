-- An import stages one batch at a time, of numbers that are distinct and in order already: no line numbers to sort by.
ALTER TABLE import_staging DROP COLUMN line_no;

-- The import that a number stood in before its last one: tells an import, batch by batch and on every PostgreSQL from 15 on,
-- which of its numbers are new, known, or repeated within it.
ALTER TABLE subscriber ADD COLUMN previous_import_no integer;
