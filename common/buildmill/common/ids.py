"""Ids are distinct types, so that a checker catches a swapped pair."""

from __future__ import annotations

from typing import NewType

MasterId = NewType("MasterId", int)
WorkerId = NewType("WorkerId", int)
ProjectId = NewType("ProjectId", int)
CodebaseId = NewType("CodebaseId", int)
BuilderId = NewType("BuilderId", int)
SchedulerId = NewType("SchedulerId", int)
ChangeSourceId = NewType("ChangeSourceId", int)
ChangeId = NewType("ChangeId", int)
SourceStampId = NewType("SourceStampId", int)
PatchId = NewType("PatchId", int)
BuildsetId = NewType("BuildsetId", int)
BuildRequestId = NewType("BuildRequestId", int)
BuildId = NewType("BuildId", int)
StepId = NewType("StepId", int)
LogId = NewType("LogId", int)
