-- Lists of a tenant's subscriptions and invoices, the newest first; what has no time of creation comes last.
create index stripe_subscriptions_newest on stripe_subscriptions
    (tenant, (case when created_at_ms is null then -1 else created_at_ms end), id);
create index stripe_invoices_newest on stripe_invoices
    (tenant, (case when created_at_ms is null then -1 else created_at_ms end), id);
