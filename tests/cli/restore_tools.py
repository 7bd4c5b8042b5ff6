"""What scenarios that restore or prune share."""

import cli_tools as tools
from cli_tools import lines, run


class RestoreScenario(tools.Scenario):
    def restored(self, name="out"):
        return tools.tree(self.path(name))

    def restore(self, *arguments, name="out", partition=1, expect=0):
        return run("restore", *self.url(f"main/{partition}", self.path(name)), *arguments, expect=expect)

    def prune(self, *arguments, expect=0):
        return run("prune", *self.url("main/1"), *arguments, expect=expect)

    def problems_of(self, partition):
        found = lines("verify", *self.url(f"main/{partition}"), expect=1)
        return [(one["problem"], one["key"]) for one in found if one["type"] == "problem"]
