"""The second opinion: an independent re-compare of sampled rows with datacompy.

Independent means that nothing here is shared with `parity.diff`: the rows are fetched separately,
the equality of the design is written a second time, and datacompy does the joining and comparing.
"""

from __future__ import annotations

from parity.opinion.cells import key_of
from parity.opinion.second import Claim, second_opinion

__all__ = ["Claim", "key_of", "second_opinion"]
