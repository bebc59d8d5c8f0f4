"""What two or more services stand on, and nothing else.

A child of this package is used by at least two services or moves into its only user; none of them knows a service.
"""
