"""The dashboard in a browser: the same app, served on loopback to whoever has the token."""
