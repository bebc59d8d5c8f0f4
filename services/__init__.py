"""The five stream processors. None imports another; each has the same rooms."""
