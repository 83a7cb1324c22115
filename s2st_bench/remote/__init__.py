"""Run folders in object stores and on other file systems, by fsspec.

``out=s3://bucket/runs`` writes a run here first and mirrors it there as it goes; a run folder given
as an address is copied here and read.  See :mod:`.mirror` for what stands where, and when.
"""

from .address import address_of, file_system, home_of, staging
from .fetch import fetched, here
from .mirror import Mirror, put_back

__all__ = ["Mirror", "address_of", "fetched", "file_system", "here", "home_of", "put_back",
           "staging"]
