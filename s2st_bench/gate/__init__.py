"""Did a system get worse?  A run against a baseline, decided metric by metric.

``rules``     what is gated: margins and limits, from ``configs/gate/*.yaml`` or a user's file
``evidence``  what a run or a stored baseline says: values, delete-one-cluster values, where made
``decide``    the verdicts, pure functions of two pieces of evidence and the rules

Rendering (terminal, JUnit, Markdown, annotations) is in ``reports/gate``.
"""
