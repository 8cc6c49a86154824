"""Down-sampling intervals, the same for every store."""


def width_ns(start_ns: int, end_ns: int, buckets: int) -> int:
    """Of each of `buckets` intervals from `start_ns`, in whole milliseconds; the last may reach past `end_ns`."""
    millisecond = 1_000_000
    return max(-(-(end_ns - start_ns) // (buckets * millisecond)), 1) * millisecond
