-- Facts of weir.alerts. See sinks/alerts.py.

-- name: keep_alert
insert into alert_facts (tenant, key, fact, kept_at_ms) values (%(tenant)s, %(key)s, %(fact)s, %(now_ms)s)
on conflict do nothing

-- name: untold_alerts
select tenant, key, fact from alert_facts where told_at_ms is null order by kept_at_ms, tenant, key limit %(most)s

-- name: note_told
update alert_facts set told_at_ms = %(now_ms)s where tenant = %(tenant)s and key = %(key)s
