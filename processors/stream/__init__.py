"""A durable stream shell around Faust: ordered, stamped, and done only when durable."""
