"""The programs that do the work in a container, each behind one small class."""
