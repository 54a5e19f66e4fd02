-- Whose worker has nothing left to send at a slot's carrier leaves its part of the TPS to the others while they have.
ALTER TABLE bind_slot ADD COLUMN idle boolean NOT NULL DEFAULT false;
