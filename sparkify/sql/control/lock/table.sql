-- What a transaction that writes holds from its first statement to its end, so that
-- there is one at a time. Nobody reads it, so no reader waits.
-- grain: one row per nothing: it stays empty
-- key: none; it stays empty
create table if not exists control.lock (
    held integer
);
comment on table control.lock is
'What a transaction that writes holds to its end, so that there is one at a time.';
comment on column control.lock.held is
'Nothing: the table stays empty.';
