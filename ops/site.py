"""A hook of mkdocs: the site's pages are Markdown files of the repository, under the paths that they have there."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PAGES = (
    "*.md",
    "docs/*.md",
    "ops/runbooks/*.md",
    "ops/decisions/*.md",
    "tests/quirks.md",
    "tests/fuzz/README.md",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Instead of what lies in docs/ alone; what the theme brings stays."""
    top = Path(config.config_file_path).parent
    for page in files.documentation_pages():
        files.remove(page)
    for path in sorted(found for pattern in PAGES for found in top.glob(pattern)):
        files.append(File.generated(config, path.relative_to(top).as_posix(), abs_src_path=str(path)))
    return files
