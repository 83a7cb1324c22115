"""Systems against each other on the same corpus.

``paired``   the difference of two systems, its interval and tests
``holm``     p values of a family of tests
``ranks``    what a list of systems says about order: ranges, with ties visible
``matched``  quality at the same latency, from curves
``points``   systems with one operating point: dominance, best quality within a latency
``latency``  two systems given as several run folders each: matched, dominated, within a budget
``runs``     all of it from run folders, refused where settings differ
"""
