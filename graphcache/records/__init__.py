"""What sources hand on: typed records, and a report of all that was not read.

A source checks everything here, once; nothing behind it checks again.
"""

from graphcache.records.claims import Claim, Environment, HeldFile, Labels, SourceKind
from graphcache.records.pages import Page, PageRecord
from graphcache.records.report import FileReport, Reject, Report, one_line, short
from graphcache.records.specs import (
    Annotations,
    Arch,
    CompilerObject,
    Dependency,
    DependencyParameters,
    External,
    Form,
    NamedDependency,
    Parameters,
    SpecEntry,
    SpecList,
    SpecNode,
    TargetObject,
    compiler_of,
    dependencies_of,
    flags_of,
    form_of,
    is_external,
    modules_of,
    target_of,
    variants_of,
)
from graphcache.records.types import MAX_NAME, MAX_TEXT, DependencyType, Name, SpecHash, Text

__all__ = [
    "MAX_NAME",
    "MAX_TEXT",
    "Annotations",
    "Arch",
    "Claim",
    "CompilerObject",
    "Dependency",
    "DependencyParameters",
    "DependencyType",
    "Environment",
    "External",
    "FileReport",
    "Form",
    "HeldFile",
    "Labels",
    "Name",
    "NamedDependency",
    "Page",
    "PageRecord",
    "Parameters",
    "Reject",
    "Report",
    "SourceKind",
    "SpecEntry",
    "SpecHash",
    "SpecList",
    "SpecNode",
    "TargetObject",
    "Text",
    "compiler_of",
    "dependencies_of",
    "flags_of",
    "form_of",
    "is_external",
    "modules_of",
    "one_line",
    "short",
    "target_of",
    "variants_of",
]
