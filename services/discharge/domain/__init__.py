"""What a discharge sets going: which pathway, which clocks, and what is said when any of it changes. Pure."""
