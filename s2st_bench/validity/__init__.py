"""Validity of the metrics: what each says of a system whose behaviour is known.

The simulated interpreter has a known lag, drift, omission, error, revision and compute.  A study
turns one of these knobs and asks of every metric, ours and each peer's variant:

*bias*      mean over levels of measured - known, in the metric's unit
*slope*     sensitivity: least-squares slope of the metric on the knob, beside the known slope
*monotone*  whether the corpus value always moves one way as the knob does
*ordered*   share of (recording, step of the knob) that moves as the known value moves; from
            :data:`~s2st_bench.validity.rows.DISCRIMINATES` on the metric *discriminates*

``rows`` is pure; ``truth`` holds the closed forms, ``observe`` replays, ``studies`` is the grid,
``boundaries`` judges resegmenters on words whose sentence is known, ``report`` writes it down
(the JSON that the board reads is described there).
"""
