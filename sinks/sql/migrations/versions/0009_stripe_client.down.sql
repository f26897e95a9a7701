drop table stripe_silences, stripe_backfills, stripe_missing, stripe_spans, stripe_walks, stripe_keys;
drop schema jobs cascade;
