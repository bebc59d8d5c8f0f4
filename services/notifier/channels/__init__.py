"""How people are reached: the sender's loop, the relay of outcomes, and one module for each kind of channel."""
