"""Trust checks: does a system say what it heard, when it heard it, and nothing else?

A system is given the same sound again, and sounds that part from it at some point; what it says is
compared.  ``docs/trust.md`` says what each mark means and where its thresholds come from.

``marks``      the marks, their verdicts, and what a set of them comes to
``material``   sounds and token lists to give, and what can follow a cut
``said``       what a trace says up to a point, and how far two of them differ
``peeking``    is what was said before a cut moved by what follows it?
``sameness``   self-disagreement, state carried between sessions
``canned``     is what was said about what was heard?
``timing``     stamps that cannot be
``habits``     all at the end, talking without a speaker
``probe``      replays in fresh processes
``examine``    all of it, in order
``report``     ``trust.json``
"""
