"""Labels of click pictures in the formats that detectors are trained on.

Each writer takes the records of `ClickGenerator` and gives files by path below the corpus.  The
class of a box is its character, or the name of its icon; YOLO has one class, "mark".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

Record = dict[str, Any]
Files = dict[str, bytes]


def _name(item: Mapping[str, Any]) -> str:
    return str(item["text"] or item["shape"])


def voc(records: Sequence[Record]) -> Files:
    """Pascal VOC: one XML a picture in ``annotations/``; its pixels count from 1, ends included."""
    files = {}
    for record in records:
        root = Element("annotation")
        SubElement(root, "filename").text = record["file"]
        size = SubElement(root, "size")
        for key, value in (("width", record["width"]), ("height", record["height"]), ("depth", 3)):
            SubElement(size, key).text = str(value)
        for item in record["objects"]:
            entry = SubElement(root, "object")
            SubElement(entry, "name").text = _name(item)
            for key in ("difficult", "truncated"):
                SubElement(entry, key).text = "0"
            x1, y1, x2, y2 = item["box"]
            corners = SubElement(entry, "bndbox")
            for key, value in (("xmin", x1 + 1), ("ymin", y1 + 1), ("xmax", x2), ("ymax", y2)):
                SubElement(corners, key).text = str(value)
        indent(root)
        stem = PurePosixPath(record["file"]).stem
        files[f"annotations/{stem}.xml"] = tostring(root, encoding="utf-8") + b"\n"
    return files


def coco(records: Sequence[Record]) -> Files:
    """COCO: ``coco.json``; boxes are x, y, width, height."""
    names = sorted({_name(item) for record in records for item in record["objects"]})
    number = {name: place for place, name in enumerate(names, 1)}
    images: list[Record] = []
    annotations: list[Record] = []
    for image, record in enumerate(records, 1):
        keys = {"file_name": "file", "width": "width", "height": "height"}
        images.append({"id": image} | {key: record[own] for key, own in keys.items()})
        for item in record["objects"]:
            x1, y1, x2, y2 = item["box"]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": number[_name(item)],
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": place, "name": name} for name, place in number.items()]
    body = {"images": images, "annotations": annotations, "categories": categories}
    return {"coco.json": (json.dumps(body, ensure_ascii=False) + "\n").encode()}


def yolo(records: Sequence[Record]) -> Files:
    """YOLO: one text file a picture in ``labels/``: class 0, centre and size as shares."""
    files = {"classes.txt": b"mark\n"}
    for record in records:
        width, height = record["width"], record["height"]
        lines = []
        for item in record["objects"]:
            x1, y1, x2, y2 = item["box"]
            centre = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height)
            shares = (*centre, (x2 - x1) / width, (y2 - y1) / height)
            lines.append("0 " + " ".join(f"{share:.6f}" for share in shares) + "\n")
        files[f"labels/{PurePosixPath(record['file']).stem}.txt"] = "".join(lines).encode()
    return files


WRITERS: Mapping[str, Callable[[Sequence[Record]], Files]] = {
    "coco": coco,
    "jsonl": lambda records: {},  # always written
    "voc": voc,
    "yolo": yolo,
}
