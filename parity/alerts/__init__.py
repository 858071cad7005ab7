"""Telling people: messages, who gets them, and sending them. What is wrong, others find out."""

from __future__ import annotations

from parity.alerts.message import Message, message_of
from parity.alerts.sending import deliver
from parity.alerts.targets import Block, Target, targets_of
from parity.alerts.words import short

__all__ = ["Block", "Message", "Target", "deliver", "message_of", "short", "targets_of"]
