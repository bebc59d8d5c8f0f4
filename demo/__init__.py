"""What shows the system to somebody who has nothing installed: a local stack and a simulated hospital.

Never imported by a service. Synthetic data only.
"""
