"""Run folders side by side, for boards and reports: who may be compared with whom, who is ahead.

``entries``  one run: its numbers, what failed, why it has no rank
``tables``   groups of one test set, tables of numbers made the same way, their rows in order
``columns``  which metrics a table shows, and how their numbers are written
``ranking``  which ranks the numbers leave open, and who is ahead beyond doubt
``text``     names and texts of others, made safe to show
"""
