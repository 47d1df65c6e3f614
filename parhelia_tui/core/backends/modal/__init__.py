"""The backend `modal`: containers in sandboxes of Modal."""
