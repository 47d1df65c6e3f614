"""What tasks made, as branches of the user's own repositories; what is in a workspace is hostile here."""
