-- name: placements_of_customer
select plan, anchor_ms from placements where tenant = %(tenant)s and customer = %(customer)s;

