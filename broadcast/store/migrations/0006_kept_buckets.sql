-- Submissions are no longer copied from bucket to bucket until their receipt comes: settled buckets keep them for a while.
ALTER TABLE submission DROP COLUMN carried;
ALTER TABLE settling_submission DROP COLUMN carried;

-- Whether the last settled bucket held ids that were told twice: the next is likely to, and is looked through first.
ALTER TABLE ledger_ring ADD COLUMN repeats boolean NOT NULL DEFAULT false;
