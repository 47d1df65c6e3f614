"""The supervisor of one container; standard library only, so that it can be copied to any machine."""
