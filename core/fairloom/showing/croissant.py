"""Croissant 1.1 metadata of a run: files with digests, and the fields of a row.

The format is at http://mlcommons.org/croissant/1.1. What nobody has told us (a place on the web, authors, a date of
publication) is left out; whoever publishes the data adds it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from fairloom.showing import printable
from fairloom.showing.presented import data_files

Tree = Mapping[str, Any]

_FORMATS = {
    ".parquet": "application/x-parquet",
    ".jsonl": "application/jsonlines",
    ".csv": "text/csv",
    ".json": "application/json",
    ".html": "text/html",
    ".md": "text/markdown",
}
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_ROWS, _PARTS = "rows", "parts"
_SPDX = re.compile(r"[A-Za-z0-9.+-]+")


def describe(folder: Path) -> dict[str, Any]:
    """The metadata of the run in ``folder`` as JSON-LD data."""
    manifest: Tree = json.loads((folder / "manifest.json").read_text("utf-8"))
    about = manifest["recipe"].get("recipe", {})
    files = data_files(manifest)
    parts = [file["path"] for file in files if file["path"].endswith(".parquet") and file["path"].startswith("data/")]
    described: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": printable.line(about.get("name", "dataset")),
        "description": _description(manifest),
        "version": about.get("version", "0.1.0"),
        "citeAs": f"{about.get('name', 'dataset')} {about.get('version', '')}, {manifest['content_digest']}",
        "keywords": ["synthetic", "fairloom"],
        "isLiveDataset": False,
        **_licence(about.get("licence", "")),
        "rai:hasSyntheticData": True,
        "rai:dataBiases": "certificate.json holds every one- and two-way table of the declared factors.",
        "rai:dataLimitations": "Shares of labels and attributes follow a design, not any population.",
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": f"fairloom {manifest['fairloom']}, seed {manifest['seed']}, {manifest['content_digest']}",
        },
        "distribution": [_file(file) for file in files],
    }
    if parts:
        described["distribution"].append(_file_set(parts))
        described["recordSet"] = [_record_set(pq.read_schema(folder / parts[0]))]
    return described


def _description(manifest: Tree) -> str:
    about, task = manifest["recipe"].get("recipe", {}), manifest["recipe"].get("task", {})
    said = about.get("description") or f"Synthetic rows; one row is {task.get('unit') or 'one example'}."
    return printable.block(said)


def _licence(name: str) -> dict[str, str]:
    if not name:
        return {}
    return {"license": f"https://spdx.org/licenses/{name}.html" if _SPDX.fullmatch(name) else name}


def _file(file: Tree) -> dict[str, Any]:
    path = file["path"]
    return {
        "@type": "cr:FileObject",
        "@id": quote(path),
        "name": Path(path).name,
        "contentUrl": path,
        "contentSize": f"{file['bytes']} B",
        "encodingFormat": _FORMATS.get(Path(path).suffix, "application/octet-stream"),
        "sha256": file["sha256"].removeprefix("sha256:"),
    }


def _file_set(parts: list[str]) -> dict[str, Any]:
    folders = list(dict.fromkeys(str(Path(part).parent) for part in parts))
    patterns = [f"{folder}/*.parquet" for folder in folders]
    return {
        "@type": "cr:FileSet",
        "@id": _PARTS,
        "name": _PARTS,
        "encodingFormat": _FORMATS[".parquet"],
        "includes": patterns if len(patterns) > 1 else patterns[0],
    }


def _record_set(schema: pa.Schema) -> dict[str, Any]:
    keyed = {"key": {"@id": f"{_ROWS}/id"}} if "id" in schema.names else {}
    return {
        "@type": "cr:RecordSet",
        "@id": _ROWS,
        "name": _ROWS,
        "description": f"One record per row, in order of address within each split.{_left_out(schema)}",
        **keyed,
        "field": [_field(column) for column in schema if not _is_nested(column.type)],
    }


def _is_nested(kind: Any) -> bool:
    """Whether values are records or lists of them: readers of Croissant cannot take those out of Parquet."""
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return bool(pa.types.is_nested(kind.value_type) if listed else pa.types.is_nested(kind))


def _left_out(schema: Any) -> str:
    nested = [column for column in schema if _is_nested(column.type)]
    return "".join(f" The column {column.name} holds values of the Arrow type {column.type}." for column in nested)


def _field(column: Any) -> dict[str, Any]:
    identifier = f"{_ROWS}/{quote(column.name)}"
    kind = column.type
    source = {"fileSet": {"@id": _PARTS}, "extract": {"column": column.name}}
    field: dict[str, Any] = {"@type": "cr:Field", "@id": identifier, "name": column.name}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = kind.value_type
        return {**field, "repeated": True, "dataType": _data_type(inner), "source": source}
    return {**field, "dataType": _data_type(kind), "source": source}


def _data_type(kind: Any) -> str:
    if pa.types.is_dictionary(kind):
        return _data_type(kind.value_type)
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "sc:Float"
    return "sc:Date" if pa.types.is_temporal(kind) else "sc:Text"
