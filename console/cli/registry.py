"""Every command of `weir`: to add one, write console/cli/NAME.py with a `command`, and add its line here.

A module is imported only when its command is called, so `weir --help` stays quick; that is why the
line for the overview stands here.
"""

from typing import Final, NamedTuple


class Entry(NamedTuple):
    """One command, or group of commands."""

    name: str
    #: Has a click command named `command`.
    module: str
    about: str


COMMANDS: Final = (
    Entry("up", "console.cli.up", "Start the whole stack on this machine."),
    Entry("down", "console.cli.down", "Stop it."),
    Entry("status", "console.cli.status", "Show what runs, and how far behind it is."),
    Entry("demo", "console.cli.demo", "Play a day of events, kill processes, balance the books."),
    Entry("doctor", "console.cli.doctor", "What is wrong with this installation, and what to do."),
    Entry("tenant", "console.cli.tenant", "Tenants: create, limit, quota, list."),
    Entry("key", "console.cli.key", "API keys: create, limit, list, revoke."),
    Entry("catalog", "console.cli.catalog", "Meters and plans: check, apply, show."),
    Entry("customer", "console.cli.customer", "Customers: plan, list, show, link, unlink."),
    Entry("usage", "console.cli.usage", "A customer's usage."),
    Entry("trends", "console.cli.trends", "How a customer's usage changes, and where it is highest."),
    Entry("quota", "console.cli.quota", "A customer's quotas; debug: counter, store and limit."),
    Entry("late-events", "console.cli.late_events", "How many of the accepted events came in time."),
    Entry("subscription", "console.cli.subscription", "Stripe's subscriptions: list, show."),
    Entry("mirror", "console.cli.mirror", "The mirror of Stripe's objects: hash, doubts."),
    Entry("webhook", "console.cli.webhook", "Stripe's webhooks: secrets, list, show, test, gaps, backfill."),
    Entry("stripe-key", "console.cli.stripe_key", "Keys of Stripe's API: add, list, revoke."),
    Entry("replay", "console.cli.replay", "Make the mirror once more, and compare."),
    Entry("event", "console.cli.event", "The fate of one event."),
    Entry("reconcile", "console.cli.reconcile", "The balance sheet."),
    Entry("generate", "console.cli.generate", "Send made-up events, and write down the truth."),
    Entry("bench", "console.cli.bench", "Measure throughput, latency, cost, recovery, loss."),
    Entry("topics", "console.cli.topics", "Kafka topics: apply, adopt."),
    Entry("db", "console.cli.db", "PostgreSQL: migrate."),
    Entry("skip", "console.cli.skip", "Have one poisonous record refused."),
    Entry("audit", "console.cli.audit", "Who changed what: list, verify."),
    Entry("settings", "console.cli.settings", "Every setting, its value and where it comes from."),
)
