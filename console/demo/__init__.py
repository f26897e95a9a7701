"""`weir demo`: a day of usage and months at Stripe in a minute, with kills on the way, and the proof."""
