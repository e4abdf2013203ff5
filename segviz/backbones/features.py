"""What a trunk hands on to a decoder."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Features(NamedTuple, Generic[T]):
    """Three maps of one image, from near the pixels to far from them, or three facts about them.

    `low` has stride 4, `middle` is what enters the last part of the trunk, `high` leaves it. A trunk returns
    `Features` of tensors, and its attribute `channels` is `Features` of their channel counts.
    """

    low: T
    middle: T
    high: T
