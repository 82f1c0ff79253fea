"""The scoreboard's suite: seeded worlds, one file a scenario, each with the one action that is right.

`scenarios()` gives them all; `Scenario.draw(seed)` gives the posts and outcomes of one run.
"""
