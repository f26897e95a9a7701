drop index stripe_subscriptions_newest;
drop index stripe_invoices_newest;
