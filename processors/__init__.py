"""What events mean: stream processors, one package a subject, on a small durable shell around Faust."""
