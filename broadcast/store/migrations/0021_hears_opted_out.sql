-- Whether a campaign reaches those who opted out: decided when its content is written (campaign/content.py), and here only read.
-- What was written before was decided by its category.
ALTER TABLE campaign ADD COLUMN hears_opted_out boolean;
UPDATE campaign SET hears_opted_out = category = 'emergency';
ALTER TABLE campaign ALTER COLUMN hears_opted_out SET NOT NULL;
