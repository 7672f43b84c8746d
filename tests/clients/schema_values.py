"""Values that fit a JSON Schema, and values that do not: for the subset of the keywords that our tools use."""

LETTERS = "abcXYZ019 .-_^/'\"\\<&%äßЖ中🎈"
# What no name may hold: a control, a change of direction, a space of no width, a tag.
FORBIDDEN = "\0\x1b\u202e\u200b\U000e0041"


def fitting(random, schema, known=()):
    """A value that fits; where texts are known that mean something, mostly one of them."""
    if "enum" in schema:
        return random.choice(schema["enum"])
    return KINDS[schema["type"]](random, schema, known)


def text(random, schema, known):
    if known and random.random() < 0.8:
        return random.choice(known)
    longest = schema.get("maxLength", 60)
    length = random.choice([schema.get("minLength", 0), longest, random.randint(schema.get("minLength", 0), longest)])
    letters = LETTERS + FORBIDDEN if random.random() < 0.1 else LETTERS
    return "".join(random.choices(letters, k=length))


def number(random, schema, _known):
    return random.choice([0.001, 0.5, 1, 24, 168.0, 169, random.uniform(0.1, 200), 1e9, 1e300])


def integer(random, schema, _known):
    low, high = schema["minimum"], schema["maximum"]
    value = random.choice([low, high, random.randint(low, high)])
    # To JSON Schema a number without a fraction is an integer, however it is written.
    return float(value) if random.random() < 0.1 else value


def items(random, schema, known):
    most = schema["maxItems"] if random.random() < 0.05 else schema["minItems"] + 3
    return [fitting(random, schema["items"], known) for _ in range(random.randint(schema["minItems"], most))]


def boolean(random, _schema, _known):
    return random.random() < 0.5


KINDS = {"string": text, "number": number, "integer": integer, "array": items, "boolean": boolean}


def arguments(random, schema, known):
    """Arguments that fit: all that are required and some of the others."""
    wanted = {name for name in schema["properties"] if name in schema.get("required", ()) or random.random() < 0.4}
    return {name: fitting(random, rule, known.get(name, ())) for name, rule in schema["properties"].items() if name in wanted}


def spoiled(random, schema, given):
    """The same with one thing wrong, mostly; what is wrong may happen to fit."""
    name = random.choice(list(schema["properties"]))
    way = random.choice(WAYS)
    return way(random, name, schema["properties"][name], dict(given))


def unknown(random, _name, _rule, given):
    return {**given, random.choice(["", "user_id", "SessionId", "x" * 500, "__proto__", FORBIDDEN]): 1}


def missing(_random, name, _rule, given):
    given.pop(name, None)
    return given


def stranger(random, name, _rule, given):
    """A value of some other kind."""
    values = [None, True, 0, -1, 1.5, 2**63, 10**300, "", [], {}, [None], [[1]], {"a": {"b": []}}, "NaN", FORBIDDEN]
    return {**given, name: random.choice(values)}


def beyond(random, name, rule, given):
    """A value beyond a bound."""
    if rule["type"] == "string":
        value = "x" * random.choice([rule.get("maxLength", 100) + 1, 5_000, 100_000])
    elif rule["type"] == "array":
        value = [fitting(random, rule["items"]) for _ in range(rule["maxItems"] + 1)]
    else:
        value = random.choice([rule.get("maximum", 1e300) * 10, 0, -5, -1e300, 0.5])
    return {**given, name: value}


def deep(random, name, _rule, given):
    value = 1
    for level in range(random.choice([30, 63, 64, 65, 120])):
        value = [value] if level % 2 else {"deeper": value}
    return {**given, name: value}


WAYS = (unknown, missing, stranger, beyond, deep)
