drop index stripe_charges_newest;
drop table webhook_hours;
