"""What a CMakeLists.txt names beside each python program, as far as our lists of tests go: set, list(APPEND), foreach and
functions that take ${ARGN}."""

import collections
import re

TOKEN = re.compile(r'#[^\n]*|"(?:[^"\\]|\\.)*"|[()]|[^\s()"#]+')
VARIABLE = re.compile(r"\$\{([\w()]+)\}")


def commands(text):
    """Each command with its words. ${ARGN} is called by the function that it is of: ${<function>()}."""
    name, words, depth, function = "", [], 0, ""
    for token in TOKEN.findall(text):
        if token == "(":
            depth += 1
        elif token == ")":
            depth -= 1
            if depth == 0:
                yield name, words
                function = {"function": words[0] if words else "", "endfunction": ""}.get(name, function)
                words = []
        elif depth > 0 and token[0] != "#":
            words.append(re.sub(r"\bARGN\b", f"{function}()", token.strip('"')))
        elif token[0] != "#":
            name = token.lower()


def words_beside(text):
    """For each python program, by its file's name: the words of the commands that name it and of the loops around
    them, without what stands before ".test_"."""
    values = collections.defaultdict(list)  # of each variable all that it ever has; of f() what f is called with
    for name, words in commands(text):
        if name == "set":
            values[words[0]] += words[1:]
        elif name == "list" and words[0] == "APPEND":
            values[words[1]] += words[2:]
        else:
            values[name + "()"] += words

    def expanded(words, inside=()):
        for word in words:
            variable = VARIABLE.fullmatch(word)
            if not variable:
                yield word
            elif variable[1] not in inside:
                yield from expanded(values[variable[1]], (*inside, variable[1]))

    beside, loops = collections.defaultdict(set), []
    for name, words in commands(text):
        if name == "foreach":
            lists = words[3:] if words[1:3] == ["IN", "LISTS"] else []
            loops.append([f"${{{one}}}" for one in lists] or words[1:])
        elif name == "endforeach":
            loops.pop()
        elif name not in ("set", "list"):
            found = set(expanded(sum(loops, words)))
            for program in (word.rsplit("/", 1)[-1] for word in words if word.endswith(".py")):
                beside[program].update(word.rsplit(".test_", 1)[-1] for word in found)
    return beside
