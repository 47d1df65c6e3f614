"""What the demo agent remembers of its work, as lines of JSON in its home, so that another run can go on."""

from __future__ import annotations

import json
import os
import time
from typing import Any

PLACE = os.path.join(".parhelia-demo", "talk.jsonl")


class Memory:
    """The talk so far.

    Args:
        path: where it is kept.
        goes_on: take up what is there; else begin anew.
    """

    def __init__(self, path: str, goes_on: bool) -> None:
        self._path = path
        self.turns = 0
        self.folders: list[str] = []
        self.answer: str | None = None
        if goes_on:
            self._read()
        else:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with open(path, "w", encoding="utf-8"):
                pass

    def turn(self) -> None:
        """Note that one more answer of the model is behind us."""
        self.turns += 1
        self._note({"turn": self.turns})

    def folder(self, name: str) -> None:
        """Note a folder that was made."""
        self.folders.append(name)
        self._note({"folder": name})

    def answered(self, answer: str) -> None:
        """Note what a person said."""
        self.answer = answer
        self._note({"answer": answer})

    def said(self, who: str, text: str) -> None:
        """Note words of a `person` or of the `agent`, for whoever reads the talk."""
        self._note({"said": who, "text": text, "at": round(time.time(), 3)})

    def used(self, tool: str, given: dict[str, Any], result: str, *, failed: bool = False) -> None:
        """Note what a tool was asked and gave."""
        self._note(
            {"tool": tool, "input": given, "result": result, "failed": failed, "at": round(time.time(), 3)}
        )

    def _note(self, what: dict[str, Any]) -> None:
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(what) + "\n")

    def _read(self) -> None:
        try:
            with open(self._path, encoding="utf-8") as file:
                lines = file.read().splitlines()
        except OSError:
            lines = []
        for line in lines:
            try:
                said = json.loads(line)
            except ValueError:
                # The last line of a run that was killed.
                continue
            self.turns = said.get("turn", self.turns)
            self.answer = said.get("answer", self.answer)
            if "folder" in said:
                self.folders.append(said["folder"])
        os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
        # A last line without its end would swallow the next one.
        with open(self._path, "a", encoding="utf-8") as file:
            file.write("\n")
