"""What runs in containers: the watcher beside an agent, and the demo agent. There is nothing else of ours there, and
Python's own library from 3.9 on alone; so the parts import each other by relative names."""
