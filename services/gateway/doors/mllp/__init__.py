"""The MLLP door: connections, framing and acknowledgements. What a message means, or becomes, it does not know."""
