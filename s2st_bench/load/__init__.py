"""Load: several listeners at once against one loaded system, in real time.

``settings``       what is asked for
``asked``          from a run's configuration to its load test
``plan``           who hears what, and from when on
``level``          one level: worker processes, supervised
``worker``         the process in which sessions run side by side
``usage``          memory and processor time of those processes
``lags``           how late each write was, as pure functions of traces
``conversations``  two directions at once, paired
``curve``          levels as one curve: what holds, where the knee is; ``load.json``
``levels``         all levels of a run, one after another
``words``          a curve in cells and sentences
``messages``       what the processes say to each other
"""
