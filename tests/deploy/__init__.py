"""What deploy/ says, judged without a cluster and without a container engine."""
