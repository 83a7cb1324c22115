"""The scores of a run on disk: ``scores.json``, and the same as columns in ``scores.parquet``.

``table``      values per recording and left-out values as columns, read when they are asked for
``json_rows``  such a table from the rows of scores.json
``parquet``    the same written to, and read from, scores.parquet
``files``      writes both files, and reads whichever serves

``scores.json`` is what counts.  ``scores.parquet`` is written beside it where pyarrow is installed
(the extra ``parquet``) and holds the digest of the scores.json it was made of; where the two do
not match, it is passed over.
"""

from .files import JSON, PARQUET, Scores, read_scores, write_scores
from .table import FailedRecording, LeftOut, PerRecording, RecordingScores

__all__ = [
    "JSON",
    "PARQUET",
    "FailedRecording",
    "LeftOut",
    "PerRecording",
    "RecordingScores",
    "Scores",
    "read_scores",
    "write_scores",
]
