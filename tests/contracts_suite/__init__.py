"""What twin and real thing must both do: one suite class each, run on the twins here and on the servers there."""
