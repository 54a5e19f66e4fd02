-- The place of a supervised worker: its supervisor starts a process in it only when it has seen the one before end.
ALTER TABLE worker ADD COLUMN place uuid;
