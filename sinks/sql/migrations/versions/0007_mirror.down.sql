drop table
    mirror_progress, customer_links, stripe_customers, stripe_tax_ids, stripe_discounts,
    stripe_subscriptions, stripe_subscription_items, stripe_invoices, stripe_invoice_lines,
    stripe_payment_intents, stripe_charges, stripe_refunds, stripe_disputes,
    stripe_early_fraud_warnings, stripe_credit_notes, stripe_payment_methods, stripe_history,
    stripe_doubts, webhook_failures;
