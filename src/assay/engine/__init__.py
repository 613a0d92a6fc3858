"""Plan, passes, resume and the local executor: the only place that knows how work is run."""
