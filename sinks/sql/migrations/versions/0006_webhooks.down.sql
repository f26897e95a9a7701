drop function webhook_month;
drop table webhook_deliveries, webhook_events, webhook_secrets;
