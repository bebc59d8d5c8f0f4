"""The house rules of who may import whom, and that breaking each of them is seen."""
