"""Reads the tables that the program prints by the position of their columns, and holds them against its JSON:
tables.py eval TEXT JSON; tables.py train TEXT LOG"""
import json
import sys


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def find(lines, title):
    return next(i for i, line in enumerate(lines) if title in line)


def cell(line, end):
    """The word that covers column `end`, where its title ends; None where there is a space."""
    if end >= len(line) or line[end] == " ":
        return None
    first = line.rfind(" ", 0, end) + 1
    return line[first:].split(" ")[0].strip("[]").replace(",", "")


def ends(line, titles):
    """Where each title ends; they may have spaces inside."""
    places, at = [], 0
    for title in titles:
        at = line.index(title, at) + len(title)
        places.append(at - 1)
    return places


def percent(value):
    if value is None:
        return "-"
    if 0 < value < 1:
        value = min(max(value, 1e-4), 1 - 1e-4)
    return "%.2f%%" % (100 * value)


def want(found, wanted, what):
    if found != wanted:
        sys.exit("%s: %r stands there, wanted %r" % (what, found, wanted))


def check_eval(lines, found):
    title = find(lines, "precision")
    places = ends(lines[title], ("digit", "precision", "recall", "F1", "images"))
    for line, figures in zip(lines[title + 1:], found["classes"]):
        wanted = [str(figures["digit"])] + [percent(figures[key]) for key in ("precision", "recall", "f1")]
        want([cell(line, at) for at in places], wanted + [str(figures["support"])], line)
    title = find(lines, "confusion matrix") + 1
    places = ends(lines[title], "0123456789")
    for truth, row in enumerate(found["confusion"]):
        line = lines[title + 1 + truth]
        want(line.split()[0], str(truth), "the name of row %d" % truth)
        want([cell(line, at) for at in places],
             [str(n) if n or truth == c else "." for c, n in enumerate(row)], line)


def check_train(lines, events):
    title = find(lines, "train loss")
    places = ends(lines[title], ("epoch", "train loss", "train acc", "val loss", "val acc"))
    speed, = ends(lines[title], ("images/s",))
    epochs = [event for event in events if event["event"] == "epoch"]
    for line, epoch in zip(lines[title + 1:], epochs):
        want([cell(line, at) for at in places],
             ["%d" % epoch["epoch"], "%.4f" % epoch["train_loss"], percent(epoch["train_acc"]),
              "%.4f" % epoch["val_loss"], percent(epoch["val_acc"])], line)
        if abs(int(cell(line, speed)) - epoch["images_per_s"]) > 0.501:
            sys.exit("%s: wanted %s images a second" % (line, epoch["images_per_s"]))
    want(len(lines[title + 1:]), len(epochs), "rows")


what, text, log = sys.argv[1:]
objects = [json.loads(line) for line in lines_of(log)]
if what == "eval":
    check_eval(lines_of(text), objects[0])
else:
    check_train(lines_of(text), objects)
print("as the JSON says")
