-- What became of the first copy of a recipient who was sent a second one: told by a late answer, or by receipts that name
-- the recipient and belong to no submission. state: of its receipts, null while there is none; ids: parted by a blank.
ALTER TABLE in_doubt ADD COLUMN first_state smallint, ADD COLUMN first_ids text COLLATE "C" NOT NULL DEFAULT '';
