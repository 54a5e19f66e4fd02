-- What cannot be read or written is set aside, so that what came after it goes on. why: the kind of the failure.
ALTER TABLE inbound
    ADD COLUMN why text,
    DROP CONSTRAINT inbound_state_check,
    ADD CONSTRAINT inbound_state_check CHECK (state IN ('new', 'waiting', 'read', 'repeated', 'set_aside'));
CREATE INDEX inbound_set_aside ON inbound (inbound_no) WHERE state = 'set_aside';

ALTER TABLE reply
    DROP CONSTRAINT reply_effect_check,
    ADD CONSTRAINT reply_effect_check
        CHECK (effect IN ('none', 'opted_out', 'opted_in', 'unchanged', 'no_subscriber', 'set_aside'));
CREATE INDEX reply_set_aside ON reply (reply_no) WHERE effect = 'set_aside';
