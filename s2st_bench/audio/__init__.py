"""Decoding, resampling and writing audio, always as streams of mono float32.

Samples are ``float32[n]``, full scale ±1; channels are averaged.  Positions are frames of the
file's own rate or seconds from the start of the slice that was opened.  Nothing here loads a whole
file except :func:`read_audio`, which says so.

========================  =======================================================================
:func:`info`              rate, channels, length and format from the header
:func:`open_audio`        a slice of a file at its own rate
:func:`source_stream`     a slice at the rate a system wants, in chunks, causally resampled
:func:`read_audio`        a whole short slice as one array
:func:`resampled`         a short signal at another rate
:func:`ready`             a signal as models take it: finite, mono, at their rate
:func:`windows`           a long one in windows that end where it is quiet
:class:`PieceWriter`      gapless speech of one recording, appended piece by piece
:func:`write_wav`         one array as a 16-bit WAV file
:func:`render_timeline`   pieces laid out at their start times, for listening
:func:`mixdown`           files laid over one another, for listening
:func:`peaks`             minimum and maximum per bucket, for drawing a waveform
========================  =======================================================================
"""

from s2st_bench.audio.decode import (
    AudioInfo,
    AudioReader,
    info,
    open_audio,
    open_frames,
)
from s2st_bench.audio.peaks import peaks
from s2st_bench.audio.ready import ready, windows
from s2st_bench.audio.render import TimelinePiece, Track, mixdown, render_timeline
from s2st_bench.audio.resample import resampled, resampler_delay_s
from s2st_bench.audio.source import SourceStream, read_audio, source_stream
from s2st_bench.audio.write import PieceWriter, StoredPiece, write_wav

__all__ = [
    "AudioInfo",
    "AudioReader",
    "PieceWriter",
    "SourceStream",
    "StoredPiece",
    "TimelinePiece",
    "Track",
    "info",
    "mixdown",
    "open_audio",
    "open_frames",
    "peaks",
    "read_audio",
    "ready",
    "render_timeline",
    "resampled",
    "resampler_delay_s",
    "source_stream",
    "write_wav",
    "windows",
]
