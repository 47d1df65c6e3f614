"""A Messages API that plays scenarios, so that real agents run without an account and without a network.

A prompt names its scenario by a marker, `SCENARIO=write`; which step of it comes next is the number of the
assistant's messages after the marker. So the server keeps no conversation, and resumed, forked and parallel
ones work as they do with a real model.
"""

from tests.support.scripted_api.replies import Failure, Reply, Tool
from tests.support.scripted_api.server import Asked, ScriptedApi

__all__ = ["Asked", "Failure", "Reply", "ScriptedApi", "Tool"]
