"""A provider of containers that speaks Modal's protocol on loopback, with real local containers behind it."""
