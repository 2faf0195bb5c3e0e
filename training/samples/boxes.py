"""Labels of boxes: VOC XML, COCO JSON and YOLO text files.

Boxes become pixels, ``x1, y1, x2, y2`` from the top left. Their place is checked against the size
that the labels file states, else that of the picture itself.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from solver import images
from solver.errors import ImageError
from training.config import Source
from training.samples.faults import Fault, noted
from training.samples.sample import (
    Annotation,
    DatasetError,
    Sample,
    box,
    inside,
    is_file,
    need_folder,
    picture_files,
    read_text,
)
from training.samples.tables import locate

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def read_voc(path: Path, options: Source, faults: list[Fault]) -> list[Sample]:
    """Read the XML files below a folder; the picture lies beside its XML file, in the folder
    above, or in ``JPEGImages`` or ``images`` of that. A picture whose file or box cannot be used
    is noted in ``faults``.

    Raises:
        DatasetError: no such folder, or no XML files below it.
    """
    need_folder(path)
    files = sorted(path.rglob("*.xml"))
    if not files:
        raise DatasetError(f"{path}: no .xml files below it")
    found: list[Sample] = []
    for file in files:
        with noted(faults, file, options.name):
            tree = _parse_xml(file)
            picture = _voc_picture(file, path, (tree.findtext("filename") or "").strip())
            with noted(faults, picture, options.name):
                boxes = _voc_boxes(file, tree, picture)
                found.append(Sample(picture, "", options.name, boxes))
    return sorted(found, key=lambda sample: sample.path)


def _voc_boxes(file: Path, tree: ElementTree.Element, picture: Path) -> tuple[Annotation, ...]:
    width, height = (tree.findtext(f"size/{side}") or "" for side in ("width", "height"))
    size = _declared(width, height) or _size(picture)
    boxes = []
    for number, item in enumerate(tree.iter("object"), start=1):
        where = f"{file}: object {number}"
        corners = [item.findtext(f"bndbox/{corner}") for corner in _CORNERS]
        label = (item.findtext("name") or "").strip()
        boxes.append(box(corners, label, where=where, size=size))
    return tuple(boxes)


def _parse_xml(file: Path) -> ElementTree.Element:
    text = read_text(file)
    # Entities are declared in a DOCTYPE only: without one, nothing can expand.
    if re.search(r"<!\s*(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise DatasetError(f"{file}: expected plain XML, received one with a DOCTYPE; remove it")
    # The text is decoded already: what the declaration says of its encoding is void.
    try:
        return ElementTree.fromstring(re.sub(r"^\s*<\?xml.*?\?>", "", text, flags=re.DOTALL))
    except (ElementTree.ParseError, ValueError) as error:
        raise DatasetError(f"{file}: not XML: {error}") from error


def _voc_picture(file: Path, root: Path, name: str) -> Path:
    if not name:
        raise DatasetError(f"{file}: it names no picture; expected <filename>")
    above = file.parent.parent
    folders = [file.parent, above / "JPEGImages", above / "images", above]
    holders = [f for f in folders if f.is_relative_to(root) and is_file(f / name)]
    return inside(holders[0] if holders else file.parent, name, str(file))


def read_coco(path: Path, options: Source, faults: list[Fault]) -> list[Sample]:
    """Read a COCO JSON file; file names start from its folder, or from ``path`` if a folder.

    A picture that is not there, or that has a box which cannot be used, is noted in ``faults``.

    Raises:
        DatasetError: the file cannot be used.
    """
    file, folder = locate(path, options.labels, ["*.json", "annotations/*.json"])
    body = _parse_json(file)
    names: dict[object, str] = {}
    for where, item in _items(file, body, "categories", ("id", "name")):
        if not isinstance(item["name"], str):
            raise DatasetError(f"{where}: expected a name, received {item['name']!r}")
        names[_key(item["id"], where)] = item["name"].strip()
    pictures: dict[object, tuple[Path, tuple[int, int] | None]] = {}
    faulty: set[object] = set()
    for where, item in _items(file, body, "images", ("id", "file_name")):
        identity = _key(item["id"], where)
        if identity in pictures or identity in faulty:
            raise DatasetError(f"{where}: the id {identity!r} is that of another picture")
        faulty.add(identity)
        with noted(faults, file, options.name):
            picture = inside(folder, str(item["file_name"]), where)
            stated = _declared(item.get("width", ""), item.get("height", ""))
            pictures[identity] = (picture, stated or _size(picture))
            faulty.remove(identity)
    boxes: dict[object, list[Annotation]] = {identity: [] for identity in pictures}
    for where, item in _items(file, body, "annotations", ("image_id", "category_id", "bbox")):
        identity, category = (_key(item[k], where) for k in ("image_id", "category_id"))
        if identity in faulty:
            continue
        if identity not in pictures or category not in names:
            raise DatasetError(
                f"{where}: no image {identity!r} or no category {category!r} in the file"
            )
        picture, size = pictures[identity]
        faulty.add(identity)
        with noted(faults, picture, options.name):
            corners = _from_corner_and_size(item["bbox"], where)
            boxes[identity].append(box(corners, names[category], where=where, size=size))
            faulty.remove(identity)
    if not pictures and not faults:
        raise DatasetError(f"{file}: no images in it")
    found = [
        Sample(picture, "", options.name, tuple(boxes[identity]))
        for identity, (picture, _) in pictures.items()
        if identity not in faulty
    ]
    return sorted(found, key=lambda sample: sample.path)


def _parse_json(file: Path) -> dict[str, Any]:
    try:
        body = json.loads(read_text(file))
    except DatasetError:
        raise
    except json.JSONDecodeError as error:
        raise DatasetError(f"{file}: line {error.lineno}: not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{file}: not COCO JSON: {error}") from error
    if not isinstance(body, dict):
        raise DatasetError(f"{file}: expected COCO's object, received a {type(body).__name__}")
    return body


def _items(
    file: Path, body: dict[str, Any], name: str, keys: tuple[str, ...]
) -> list[tuple[str, dict[str, Any]]]:
    part = body.get(name)
    if not isinstance(part, list):
        raise DatasetError(f"{file}: expected a list {name!r}, received {type(part).__name__}")
    items = []
    for number, item in enumerate(part):
        where = f"{file}: {name}[{number}]"
        if not isinstance(item, dict) or any(key not in item for key in keys):
            raise DatasetError(f"{where}: expected an object with {', '.join(keys)}")
        items.append((where, item))
    return items


def _key(value: object, where: str) -> object:
    if not isinstance(value, (int, str)):
        raise DatasetError(f"{where}: expected a number or a string as id, received {value!r}")
    return value


def _from_corner_and_size(value: object, where: str) -> list[float]:
    try:
        x, y, width, height = (float(number) for number in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError, OverflowError):
        raise DatasetError(f"{where}: expected bbox [x, y, width, height]") from None
    return [x, y, x + width, y + height]


def read_yolo(path: Path, options: Source, faults: list[Fault]) -> list[Sample]:
    """Read ``class x y width height`` lines, shares of the picture, one text file a picture.

    The text file lies beside its picture, or at the same place below ``labels`` as the picture
    lies below ``images`` or below ``path``; a picture without one has no boxes.
    ``options.labels`` has the names of the classes, a line each (empty: ``classes.txt``,
    ``obj.names`` or ``names.txt`` in the folder). A picture that cannot be read has no boxes
    either: whoever reads its pixels meets the error. A picture whose text file has a line that
    cannot be used is noted in ``faults``.

    Raises:
        DatasetError: the folder or the file of classes cannot be used.
    """
    pictures = picture_files(path)
    listing, _ = locate(path, options.labels, ["classes.txt", "obj.names", "names.txt"])
    names = [line.strip() for line in read_text(listing).splitlines()]
    while names and not names[-1]:
        names.pop()
    samples, is_labelled = [], False
    for picture in pictures:
        file = _yolo_file(picture, path)
        if file is not None:
            is_labelled = True
        with noted(faults, picture, options.name):
            boxes = _yolo_boxes(file, picture, names, listing) if file else ()
            samples.append(Sample(picture, "", options.name, boxes))
    if not is_labelled:
        raise DatasetError(f"{path}: no .txt file for any of its {len(pictures)} pictures")
    return samples


def _yolo_file(picture: Path, root: Path) -> Path | None:
    parts = list(picture.relative_to(root).with_suffix(".txt").parts)
    places = [root.joinpath(*parts), root.joinpath("labels", *parts)]
    if "images" in parts:
        parts[parts.index("images")] = "labels"
        places.insert(1, root.joinpath(*parts))
    return next((place for place in places if place.is_file()), None)


def _yolo_boxes(
    file: Path, picture: Path, names: list[str], listing: Path
) -> tuple[Annotation, ...]:
    size = _size(picture)
    width, height = size or (1, 1)
    boxes = []
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{file}: line {number}"
        try:
            kind, *rest = line.split()
            index = int(kind)
            x, y, w, h = (float(value) for value in rest)
        except ValueError:
            raise DatasetError(
                f"{where}: expected 'class x y width height', received {line[:80]!r}"
            ) from None
        if not 0 <= index < len(names):
            raise DatasetError(f"{where}: no class {index} among the {len(names)} of {listing}")
        corners = [(x - w / 2) * width, (y - h / 2) * height]
        corners += [(x + w / 2) * width, (y + h / 2) * height]
        boxes.append(box(corners, names[index], where=where, size=size))
    return tuple(boxes) if size else ()


def _declared(width: object, height: object) -> tuple[int, int] | None:
    try:
        size = int(str(width)), int(str(height))
    except ValueError:
        return None
    return size if min(size) > 0 else None


def _size(picture: Path) -> tuple[int, int] | None:
    try:
        height, width = images.load(picture).shape[:2]
    except ImageError:
        return None
    return width, height
