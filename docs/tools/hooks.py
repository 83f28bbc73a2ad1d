"""Generated parts of the site: formulas, and pages of schemas, datasets, figures and examples."""

from pathlib import Path

import dataset_pages
import example_pages
import figure_pages
import maths
import schema_pages
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]


def on_config(config):
    """Add mathematics to Markdown, and the pages of figures and examples to the navigation."""
    config.markdown_extensions.append(maths.Maths())
    config.mdx_configs["pymdownx.superfences"] = {
        "custom_fences": [{"name": "math", "class": "math", "format": maths.fence}]
    }
    (figures,) = [entry["Figures"] for entry in config.nav if "Figures" in entry]
    figures += figure_pages.navigation(ROOT)
    (examples,) = [entry["Examples"] for entry in config.nav if "Examples" in entry]
    examples += example_pages.navigation(ROOT)
    return config


def on_files(files, config):
    """Add the generated files."""
    made = (
        schema_pages.files(ROOT)
        | dataset_pages.files()
        | figure_pages.files(ROOT)
        | example_pages.files(ROOT)
    )
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown, page, config, files):
    """Insert the animations into the front page."""
    return (
        markdown.replace("{{ animations }}", figure_pages.animations(ROOT)) if page.is_homepage else markdown
    )
