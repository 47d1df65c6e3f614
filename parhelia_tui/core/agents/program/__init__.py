"""What runs beside an agent in its container. Only Python's own library, from 3.9 on; nothing of ours is there."""
